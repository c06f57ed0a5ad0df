"""kill -9 at any moment of a run or of its resumption: what was acknowledged stays, and the end is the same."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

from aigc_eval.journal import NAME
from tests.durability.harness import THOROUGH, Bench, answers, artefacts, phase, records, start, temporary_bench

PACED = {"PACE": "0.0005"}


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with temporary_bench(prompts=12) as made:
        yield made


def killed(bench: Bench, rng: random.Random, *more: str) -> str:
    """Kill a run a random moment after it has come to a random place; returns in which phase it was."""
    journal = bench.home / "out" / NAME
    begun, whole = journal.stat().st_size if journal.exists() else 0, len(bench.expected[NAME])
    place = rng.choice((begun, rng.randint(begun, whole), rng.randint(begun, whole), whole))
    own = rng.random() < 0.1  # the process that scorers are forked from is started anew, and may be starting
    process = start(replace(bench.job("out", *more, **PACED), own_nursery=own))
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if (size := journal.stat().st_size if journal.exists() else -1) >= place:
            break
        time.sleep(0.001)
    time.sleep(rng.uniform(0, 0.1 if size == begun else 0.05 if size == whole else 0.01))
    process.signal(signal.SIGKILL)
    assert process.wait().code in (-signal.SIGKILL, bench.whole.code)
    return phase(bench.home / "out")


def kill_and_resume(bench: Bench, times: int, seed: int) -> Counter[str]:
    """Kill and resume that often; how often the kill hit each phase."""
    rng = random.Random(seed)
    phases: Counter[str] = Counter()
    for _ in range(times):
        bench.clear()
        phases[killed(bench, rng)] += 1
        calls = len(bench.calls())
        bench.check(bench.resume())
        assert calls + len(bench.calls()) <= len(answers(bench.expected[NAME])) + 1, "more than the call in flight"
    return phases


def test_killed_at_some_random_moments(bench: Bench) -> None:
    phases = kill_and_resume(bench, 15, seed=1)
    assert len(phases) > 2, phases


@pytest.mark.slow
def test_killed_at_many_random_moments(bench: Bench) -> None:
    times = 1000 if THOROUGH else 120
    phases = kill_and_resume(bench, times, seed=2)
    assert min(phases[name] for name in ("generating", "scoring", "reporting")) > times / 40, phases


@pytest.mark.parametrize(
    "seed", [pytest.param(seed, marks=pytest.mark.slow if seed else ()) for seed in range(20 if THOROUGH else 8)]
)
def test_killed_five_times_in_a_row(bench: Bench, seed: int) -> None:
    rng = random.Random(100 + seed)
    bench.clear()
    lost, calls = b"", 0
    for _ in range(6):
        killed(bench, rng, "--resume")
        calls += len(bench.calls())
        journal = artefacts(bench.home / "out").get(NAME, b"")
        if any(r["kind"] == "ready" for r in records(lost)):
            assert journal.startswith(lost)
        lost = journal[: journal.rfind(b"\n") + 1]
    bench.check(bench.resume())
    assert calls + len(bench.calls()) <= len(answers(bench.expected[NAME])) + 6


def test_a_killed_run_leaves_no_verdict_of_an_earlier_one(bench: Bench) -> None:
    bench.clear()
    bench.check(bench.run())
    (bench.home / "out" / "verdict.json").write_text("{}", "utf-8")
    ended = bench.troubled("out", "--resume", mode="die", at=12)  # among the reports
    assert ended.code == -signal.SIGKILL
    assert phase(bench.home / "out") == "reporting"
    assert not (bench.home / "out" / "verdict.json").exists()
    bench.check(bench.resume())
