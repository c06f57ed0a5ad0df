"""Many answers that overtake each other: each prompt and sample gets its own, and memory stays bounded."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from aigc_eval import runner
from tests.durability.harness import THOROUGH
from tests.faults.benches import agree, measured, write
from tests.faults.plan import Plan
from tests.faults.server import Server, faulty


def paired(folder: Path, server: Server, generator: str, count: int, samples: int) -> str:
    """Every sample in its place, and figures."""
    limits = {"concurrency": 64, "timeout": 60, "deadline": 300, "outage": 60, "longest_wait": 1}
    bench = write(folder, server.url, count, generator=generator, limits=limits, samples=samples)
    with faulty(Plan(), folder / "well") as well:
        found = measured(folder, well, bench)
    assert found["code"] == 0
    done, ledger = runner.load(folder / "out"), server.ledger()
    assert len(ledger) == count * samples
    assert agree(ledger, folder / "out", done, count, samples) == Counter(ok=count * samples)
    draws = done.rows.groupby("prompt")["text"].nunique()
    assert (draws == samples).all()
    spent = ledger[-1].at - ledger[0].at
    assert found["after"] < 1024, found
    return (
        f"{generator}: {count * samples:,} samples in {found['seconds']:.0f} s, {len(ledger) / spent:.0f} requests/s "
        f"for {spent:.0f} s, at most {max(e.open for e in ledger)} open, peak {found['after']:.0f} MiB "
        f"(before: {found['before']:.0f})"
    )


@pytest.mark.slow
def test_answers_that_overtake_each_other_are_paired(tmp_path: Path) -> None:
    with faulty(Plan(delay=(0.0, 0.05)), tmp_path / "server") as server:
        print(paired(tmp_path, server, "openai_compatible", 120, 5))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("generator", "count"), [("http", 20_000 if THOROUGH else 2_000), ("openai_compatible", 1_000)]
)
def test_very_many_answers_are_paired(generator: str, count: int, tmp_path: Path) -> None:
    with faulty(Plan(delay=(0.0, 0.05)), tmp_path / "server") as server:
        print(paired(tmp_path, server, generator, count, 5))
