"""How far two runs of one candidate lie apart: a difference between candidates that is no larger may be noise alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from aigc_eval.config import Bench, Named
from aigc_eval.errors import UsageError
from aigc_eval.evidence import Reference, findings
from aigc_eval.gates import BASELINE, Against, Baseline, Gate, Policy
from aigc_eval.metrics import Metric
from aigc_eval.plugin import Scorer
from aigc_eval.records import Better
from aigc_eval.registry import suggest

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CONFIDENCE", "Margin", "margins", "same_answers", "twice"]

CONFIDENCE = 0.975
"""Of each end of a difference: both hold in 95 % of pairs of runs."""


@dataclass(frozen=True)
class Margin:
    """The difference of one metric between two runs of one candidate, paired by prompt, and its 95 % interval.

    `margin` is the end further from 0: two runs of this candidate on these prompts lie no further apart 19 times out
    of 20, or more often. None under ten prompts.
    """

    scorer: str
    metric: str
    unit: str
    better: Better
    width: float
    prompts: int
    difference: float | None
    low: float | None
    high: float | None

    @property
    def margin(self) -> float | None:
        """The size below which a difference may be noise; None where it is not known."""
        return None if self.low is None or self.high is None else max(abs(self.low), abs(self.high))

    @property
    def gate(self) -> str:
        """A gate for a policy that allows so much, rounded up; "" where no gate can be written.

        >>> Margin("pii", "leak_rate", "share", "lower", 1.0, 90, 0.01, -0.0031, 0.0231).gate
        'pii.leak_rate not worse than baseline by 2.4 points'
        """
        if not self.margin or self.margin >= self.width:
            return ""
        share = self.unit == "share"
        by = _rounded_up(self.margin * (100 if share else 1))
        return f"{self.scorer}.{self.metric} not worse than {BASELINE} by {by}{' points' if share else ''}"

    def to_json(self) -> dict[str, Any]:
        """Plain dict."""
        plain = {**asdict(self), "margin": self.margin, "gate": self.gate}
        del plain["width"]
        return plain


def _rounded_up(number: float) -> str:
    """Two significant digits, never less than the number.

    >>> _rounded_up(2.31), _rounded_up(0.0101), _rounded_up(1234.0), _rounded_up(0.5)
    ('2.4', '0.011', '1300', '0.50')
    """
    places = 1 - math.floor(math.log10(number))
    up = math.ceil(number * 10**places * (1 - 1e-12)) / 10**places
    return f"{up:.{max(0, places)}f}"


def twice(bench: Bench, candidate: str) -> tuple[Bench, Bench]:
    """Two benches with that candidate alone and no gates; the second has the next seed, and nothing else differs."""
    alone = tuple(c for c in bench.candidates if c.name == candidate)
    if not alone:
        remedy = suggest(candidate, [c.name for c in bench.candidates])
        raise UsageError(f"--noise: unknown candidate {candidate!r:.80}; {remedy}")
    source = {k: v for k, v in bench.source.items() if k not in ("gates", "policy")}
    first, second = (
        replace(
            bench, candidates=alone, release=(candidate,), policy=Policy(), seed=seed, source={**source, "seed": seed}
        )
        for seed in (bench.seed, bench.seed + 1)
    )
    return first, second


def same_answers(first: pd.DataFrame, second: pd.DataFrame) -> bool:
    """Whether both runs, rows of one candidate each, hold the same answers draw by draw."""
    columns = ["prompt", "sample", "text", "outcome"]
    one, other = (rows[columns].sort_values(columns[:2], ignore_index=True) for rows in (first, second))
    return bool(one.equals(other))


def margins(scorers: Sequence[Named[Scorer]], first: pd.DataFrame, second: pd.DataFrame) -> list[Margin]:
    """Every metric with a direction, of two runs' rows of one candidate.

    Where the answers are the same, only what scorers scored differently: that is noise of the scorer.
    """
    same = same_answers(first, second)
    noisy = [s for s in scorers if not same or _scored_differently(s.name, first, second)]
    return [
        _margin(scorer.name, metric, metric.better, first, second)
        for scorer in noisy
        for metric in scorer.plugin.metrics()
        if metric.better is not None
    ]


def _scored_differently(scorer: str, first: pd.DataFrame, second: pd.DataFrame) -> bool:
    columns = [c for c in first.columns if c in (scorer, f"{scorer}:status") or c.startswith(f"{scorer}.")]
    order = ["prompt", "sample"]
    one, other = (rows.sort_values(order, ignore_index=True).reindex(columns=columns) for rows in (first, second))
    return not one.equals(other)


def _margin(scorer: str, metric: Metric, better: Better, first: pd.DataFrame, second: pd.DataFrame) -> Margin:
    """The paired difference as a gate against a baseline takes it, unscored outputs left out."""
    claim = Against("not worse than", BASELINE, 0.0)
    gate = Gate(f"{scorer}.{metric.name}", scorer, metric.name, claim, confidence=CONFIDENCE)
    policy, other = Policy(baseline=Baseline(run="second")), Reference("second", second)
    [found] = findings(gate, metric, str(first["candidate"].iloc[0]), first, policy, reference=other)
    one = found.estimate
    width = metric.bounds[1] - metric.bounds[0]
    return Margin(scorer, metric.name, metric.unit, better, width, one.prompts, one.value, one.low, one.high)
