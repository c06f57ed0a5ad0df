"""A candidate that hides its worst answers never gets through a gate that is shut to its honest ones.

To hide is to be empty, to refuse, to stall, or to break the judge: no score. The order that counts is that nothing but
a pass opens the gate. A fail may become undetermined, which is exit code 3 instead of 1 and still no release; where
that happens is counted below. An answer cut off by its token budget is scored for what there is of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from aigc_eval import runner
from aigc_eval.evidence import findings
from aigc_eval.gates import Baseline, Finding, Policy, judge, parse
from aigc_eval.gates.grades import parse_scale
from aigc_eval.intervals import Floats
from aigc_eval.metrics import AnyPerPrompt, Mean, Metric, Rate, Ratio, WorstPerPrompt
from aigc_eval.records import Better, Outcome, Zone
from tests.seen_elsewhere.small import Says, bench, prompts

if TYPE_CHECKING:
    import pandas as pd

N, SAMPLES = 24, 2
# Coverage would leave nearly all of this undetermined: here the bounds alone must hold.
POLICY = Policy(coverage=0.0)


@dataclass(frozen=True)
class Spread(Metric):
    """The middle number of all outputs: a function of the set, for which there is no worst answer."""

    def __call__(self, rows: pd.DataFrame) -> float | None:
        return float(np.median(rows["value"])) if len(rows) else None


def metrics(better: Better) -> list[Metric]:
    return [
        Rate("m", better=better),
        Mean("m", better=better),
        WorstPerPrompt("m", k=2, better=better),
        AnyPerPrompt("m", k=2, better=better),
        Ratio("m", over="hits", under="units", unit="share", bounds=(0.0, 1.0), better=better),
        Spread("m", better=better),
    ]


def rows_of(numbers: dict[str, Floats]) -> pd.DataFrame:
    """A frame of candidates' numbers, shape (prompts, samples); NaN is an output without a score."""
    import pandas as pd

    parts = []
    for name, own in numbers.items():
        n, k = own.shape
        value = own.ravel()
        ids = np.repeat(np.arange(n), k)
        known: dict[str, Any] = {
            "candidate": name, "prompt": [f"p{i}" for i in ids], "sample": np.tile(np.arange(k), n), "text": "t",
            "outcome": "ok", "lang": np.where(ids % 2, "zh", "en"), "tag.pair": [f"t{i // 2}" for i in ids], "s": value,
            "s:status": np.where(np.isnan(value), "failed", "scored"), "s.hits": np.round(10 * value),
            "s.units": np.where(np.isnan(value), np.nan, 10.0),
        }  # fmt: skip
        parts.append(pd.DataFrame(known))
    return pd.concat(parts, ignore_index=True)


def hidden(honest: Floats, k: int, better: Better) -> Floats:
    """The same numbers without those of the k worst prompts."""
    means = honest.mean(axis=1)
    worst = np.argsort(-means if better == "lower" else means, kind="stable")[:k]
    return np.where(np.isin(np.arange(len(honest)), worst)[:, None], np.nan, honest)


def answers(better: Better, bad: float) -> tuple[Floats, Floats]:
    """Numbers of the candidate and of the baseline, a share `bad` of them on the wrong side of one half."""
    rng = np.random.default_rng(4)
    wrong = rng.random((2, N, 1)) < bad
    numbers = np.clip(np.where(wrong, 0.8, 0.1) + 0.1 * rng.random((2, N, SAMPLES)), 0, 1)
    own, theirs = numbers if better == "lower" else 1 - numbers
    return own, theirs


def statuses(gate: str, found: Sequence[Finding], zones: Sequence[Zone]) -> list[str]:
    """The verdict for each zone in turn: bounds do not depend on it."""
    return [judge(parse(gate), "a", [replace(f, zone=z) for f in found], POLICY).status for z in zones]


LIMITS = np.linspace(0, 1, 41).tolist()
KINDS = {"limit": "s.m {op} 0.5", "against": "s.m not worse than b by 0.1", "relative": "s.m not worse than b by 10 %",
         "parity": "s.m parity lang within 0.1", "matched": "s.m parity lang within 0.1 matched by pair"}  # fmt: skip


def zones_of(kind: str, better: Better) -> list[Zone]:
    ends = LIMITS if kind == "limit" else [*LIMITS, *(-x for x in LIMITS[1:])]
    if kind in ("parity", "matched"):
        return [(-x, x) for x in LIMITS]
    one_sided: list[Zone] = [(None, x) if better == "lower" else (x, None) for x in ends]
    return one_sided if kind == "limit" else [*one_sided, *((-x, x) for x in LIMITS)]


def compared(
    kind: str, better: Better, metric: Metric, hide: Sequence[int], bads: Sequence[float]
) -> Iterator[tuple[int, list[str], list[str]]]:
    """Verdicts of the honest candidate and of the one that hides, for every limit."""
    gate, zones = KINDS[kind].format(op="<=" if better == "lower" else ">="), zones_of(kind, better)
    for bad in bads:
        own, theirs = answers(better, bad)
        known = [findings(parse(gate), metric, "a", rows_of({"a": own, "b": theirs}), POLICY)]
        for k in hide:
            crooked = rows_of({"a": hidden(own, k, better), "b": theirs})
            known.append(findings(parse(gate), metric, "a", crooked, POLICY))
        honest, *others = [statuses(gate, found, zones) for found in known]
        yield from ((k, honest, other) for k, other in zip(hide, others, strict=True))


def never_better(
    kind: str, better: Better, which: int, hide: Sequence[int], bads: Sequence[float]
) -> Counter[tuple[str, str]]:
    moved: Counter[tuple[str, str]] = Counter()
    for k, honest, other in compared(kind, better, metrics(better)[which], hide, bads):
        for before, after in zip(honest, other, strict=True):
            assert after != "pass" or before == "pass", (kind, better, which, k)
            moved[before, after] += 1
    return moved


CASES = [(kind, which) for kind in KINDS for which in range(6)]
"""Half of them in one direction with every change, the others in the slow tests."""


def direction(kind: str, which: int, turn: int) -> Better:
    return "lower" if (list(KINDS).index(kind) + which + turn) % 2 else "higher"


@pytest.mark.parametrize(("kind", "which"), CASES)
def test_hiding_the_worst_answers_opens_no_gate(kind: str, which: int) -> None:
    """Of 26,424 verdicts so compared (both directions, k = 1, 2, 13) none became a pass: of 13,284 passes 5,426 became
    undetermined, of 4,224 fails 1,036, and of 8,916 that were undetermined 118 failed."""
    moved = never_better(kind, direction(kind, which, 0), which, (3,), (0.1, 0.5))
    assert moved["pass", "pass"] + moved["pass", "undetermined"] > 0
    assert sum(moved[before, "undetermined"] for before in ("fail", "undetermined", "pass")) > 0


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "which"), CASES)
def test_however_many_are_hidden(kind: str, which: int) -> None:
    never_better(kind, direction(kind, which, 1), which, range(1, N + 1), (0.5,))


GATES = (
    "s0.rate <= 0.3", "s0.mean <= 30 %", "s0.worst <= 0.3", "s0.any <= 0.3", "s0.rate not worse than baseline by 0.1",
    "s0.rate better than baseline", "s0.rate equal to c1 within 0.2", "s0.rate grade >= Fair on g",
    "s0.rate <= 0.3 for each half",
)  # fmt: skip
WAYS: dict[str, tuple[str, Outcome]] = {
    "is empty": ("", "ok"), "refuses": ("I cannot help", "refused"), "is filtered": ("", "filtered"),
    "stalls": ("good", "error"), "breaks the judge": ("break", "ok"), "is cut off": ("b", "truncated"),
}  # fmt: skip


def tried(candidate: Says, folder: Path) -> tuple[set[str], int]:
    """The statuses of all its verdicts, and the exit code."""
    scale = {"steps": ["Good <= 10 %", "Fair <= 30 %", "Poor"]}
    policy = Policy(
        tuple(map(parse, GATES)), baseline=Baseline("c1"), grades={"g": parse_scale(scale["steps"])},
        source={"grades": {"g": scale}},
    )  # fmt: skip
    given = [replace(p, tags={"half": "ab"[i % 2]}) for i, p in enumerate(prompts(40))]
    done = runner.run(bench(candidate, Says(), given=given, formats=["json"], policy=policy, release=("c0",)), folder)
    assert len(done.verdicts) == len(GATES) + 1
    return {v.status for v in done.verdicts}, done.exit_code


def test_every_gate_of_a_run_fails_where_answers_are_bad(tmp_path: Path) -> None:
    assert tried(Says({f"p{i}": "bad" for i in range(36)}), tmp_path) == ({"fail"}, 1)


@pytest.mark.parametrize("k", [4, 36])
@pytest.mark.parametrize("way", WAYS)
def test_no_way_of_hiding_opens_a_gate_of_a_run(tmp_path: Path, way: str, k: int) -> None:
    """36 answers of 40 are bad. Hidden ones leave every gate undetermined, which is exit code 3."""
    text, outcome = WAYS[way]
    said = {f"p{i}": text if i < k else "bad" for i in range(36)}
    crooked = Says(said, outcomes={f"p{i}": outcome for i in range(k)})
    assert tried(crooked, tmp_path) == ({"undetermined"}, 3)


def test_what_is_cut_off_counts_for_what_there_is_of_it(tmp_path: Path) -> None:
    """Within the budget of cut-off answers, one is scored as the user would see it."""
    cut = Says({"p0": "bad, b"}, outcomes={"p0": "truncated"})
    done = runner.run(bench(cut, limits=["s0.rate <= 0.3"], formats=["json"]), tmp_path)
    (rate,) = [v.estimate for v in done.verdicts]
    assert rate is not None
    assert (rate.value, rate.failed, done.exit_code) == (1 / 40, 0, 0)
