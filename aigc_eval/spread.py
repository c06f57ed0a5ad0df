"""How much a gate's number varies from prompt to prompt: as an earlier run has shown, or as may be assumed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aigc_eval.baselines import open_side
from aigc_eval.config import Bench
from aigc_eval.contrasts import in_common
from aigc_eval.estimates import tag_column, view, where
from aigc_eval.gates import BASELINE, Against, Gate, Limit, Parity
from aigc_eval.intervals import MIN_CLUSTERS, blocks_of
from aigc_eval.loading import load
from aigc_eval.metrics import AnyPerPrompt, Mean, Metric, WorstPerPrompt, clusters
from aigc_eval.records import Run

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CORRELATION", "Spread", "Spreads", "counts_unseen", "is_share"]

CORRELATION = 0.5
"""Assumed of two numbers on one prompt (two candidates', or twins'), where no run has shown it."""


class Spread(NamedTuple):
    """The variance of one prompt's number, the figures that it rests on, and the number itself where it is measured."""

    variance: float
    assumed: Mapping[str, float]
    value: float | None = None

    @property
    def measured(self) -> bool:
        """Whether a run has shown it."""
        return self.value is not None


def is_share(metric: Metric) -> bool:
    """Whether gates judge exact bounds of a share."""
    return metric.unit == "share" and type(metric).shares is not Metric.shares


def counts_unseen(metric: Metric) -> bool:
    """Whether gates judge bounds of a mean in a known range, which n prompts alike leave open by 1 - .05^(1/n)."""
    means = type(metric) in (Mean, WorstPerPrompt, AnyPerPrompt) and all(map(math.isfinite, metric.bounds))
    return means or is_share(metric)


@dataclass(frozen=True)
class Spreads:
    """What is known of a bench's numbers; `earlier` is the folder of a completed run of all or some of its prompts."""

    bench: Bench
    earlier: Path | None = None

    def of_number(self, gate: Gate, metric: Metric, further: Mapping[str, str] | None = None) -> Spread | None:
        """Of the number itself, in the gate's slice and `further` down.

        Where no run has shown it, a share is taken to lie at the limit that another gate sets it, else at one half;
        any other number to have a standard deviation of a quarter of its range. None where the range has no end, and
        for numbers of sets, to which no prompt contributes by itself.
        """
        own = (where(rows, further or {}) for rows in self._own(gate, metric))
        if (seen := _largest(_shown(metric, [rows]) for rows in own)) is not None:
            return seen
        if is_share(metric):
            same = (g for g in self.bench.gates if (g.scorer, g.metric) == (gate.scorer, gate.metric))
            limits = (g.claim.limit for g in same if isinstance(g.claim, Limit))
            rate = next((at for at in limits if 0 < at < 1), 0.5)
            return Spread(rate * (1 - rate), {"rate": rate})
        width = metric.bounds[1] - metric.bounds[0]
        return Spread((width / 4) ** 2, {}) if math.isfinite(width) and not metric.set_level else None

    def of_difference(self, gate: Gate, metric: Metric) -> Spread | None:
        """Of the difference on the same prompts that the gate looks at: to a baseline, or between twins."""
        relative = isinstance(gate.claim, Against) and gate.claim.relative
        if (seen := _largest(_shown(metric, pair, relative) for pair in self._pairs(gate, metric))) is not None:
            return seen
        one = None if relative else self.of_number(gate, metric)
        if one is None:
            return None
        return Spread(2 * one.variance * (1 - CORRELATION), {**one.assumed, "correlation": CORRELATION})

    def _own(self, gate: Gate, metric: Metric) -> Iterator[pd.DataFrame]:
        """The rows of each candidate up for release, in the gate's slice, as the metric sees them."""
        for name in gate.candidates or self.bench.release:
            if (rows := self._rows(gate, metric, name)) is not None:
                yield rows

    def _rows(self, gate: Gate, metric: Metric, candidate: str, run: Run | None = None) -> pd.DataFrame | None:
        run = run or self._run
        if run is None or f"{gate.scorer}:status" not in run.rows:
            return None
        own = run.rows[run.rows["candidate"] == candidate]
        return where(view(own, gate.scorer, metric.reads), gate.where)

    def _pairs(self, gate: Gate, metric: Metric) -> Iterator[list[pd.DataFrame]]:
        for own in self._own(gate, metric):
            if isinstance(gate.claim, Against):
                other = self._baseline(gate, gate.claim, metric)
                yield from [] if other is None else [[own, other]]
            elif isinstance(gate.claim, Parity):
                columns = [tag_column(tag) for tag in (gate.claim.tag, gate.claim.matched)]
                if set(columns) <= set(own.columns):
                    twins = own.assign(prompt=own[columns[1]])
                    yield from map(list, combinations([group for _, group in twins.groupby(columns[0])], 2))

    def _baseline(self, gate: Gate, claim: Against, metric: Metric) -> pd.DataFrame | None:
        named = self.bench.policy.baseline
        if claim.other != BASELINE or named is None:
            return self._rows(gate, metric, claim.other)
        return self._rows(gate, metric, *self._other) if named.run else self._rows(gate, metric, named.candidate)

    @cached_property
    def _run(self) -> Run | None:
        return None if self.earlier is None else load(self.earlier)

    @cached_property
    def _other(self) -> tuple[str, Run]:
        """The baseline of another run."""
        named = self.bench.policy.baseline
        if named is None:
            raise LookupError("the policy names no baseline")
        side = open_side(Path(named.run), named.candidate)
        return side.candidate, side.run


def _largest(found: Iterator[Spread | None]) -> Spread | None:
    return max((spread for spread in found if spread is not None), key=lambda spread: spread.variance, default=None)


def _shown(metric: Metric, sides: Sequence[pd.DataFrame], relative: bool = False) -> Spread | None:
    """The number of the only side, or the difference of two on the prompts that both have; n times its variance.

    By the jackknife over prompts. None where it did not vary, or over too few prompts.
    """
    import pandas as pd

    scored = [metric.present(rows[rows["status"] == "scored"]) for rows in metric.align(sides)]
    scored = list(in_common(*scored)) if len(scored) == 2 else scored
    prompts = min(int(rows["prompt"].nunique()) for rows in scored)
    if prompts < MIN_CLUSTERS:
        return None
    blocks = blocks_of(clusters(pd.concat([rows[["prompt"]] for rows in scored])))
    parts = np.split(blocks, [len(scored[0])])[: len(scored)]
    values = [metric(rows) for rows in scored]
    left = [metric.without(rows, part) for rows, part in zip(scored, parts, strict=True)]
    known = [v for v in values if v is not None]
    if len(known) < len(values) or len({len(x) for x in left}) > 1 or (relative and known[1] == 0):
        return None
    value, apart = known[0], left[0]
    if len(known) == 2:
        with np.errstate(invalid="ignore", divide="ignore"):
            apart = left[0] / left[1] if relative else left[0] - left[1]
        value = known[0] / known[1] - 1 if relative else known[0] - known[1]
    variance = prompts * (len(apart) - 1) / len(apart) * float(np.sum((apart - apart.mean()) ** 2))
    return Spread(variance, {}, value) if math.isfinite(variance) and variance > 1e-18 else None
