"""Bounds that gates judge: of a metric, and of its difference between two sets of rows, in pairs or independent."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aigc_eval.intervals import MIN_CLUSTERS, Floats, Interval, Ints, blocks_of, bounded_mean, jackknife, mover
from aigc_eval.metrics import AnyPerPrompt, Mean, Metric, WorstPerPrompt, clusters
from aigc_eval.paired import bounded_difference

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Contrast", "bounds_of", "contrast", "in_common"]

_MOST = 1e3
"""Largest relative difference that a bound can have."""


class Contrast(NamedTuple):
    """A difference, its bounds (None where there are too few prompts), and the prompts that it rests on."""

    value: float | None
    bounds: Interval | None
    prompts: int


def bounds_of(metric: Metric, rows: pd.DataFrame, confidence: float = 0.95) -> Interval | None:
    """One-sided bounds of a metric, at `confidence` each; None where there are too few prompts.

    A share's are exact (Clopper-Pearson at the effective sample size). Those of another mean of numbers in a known
    range are `bounded_mean`'s, which count large values too rare to have been seen: where one output in a hundred has
    them, a jackknife over 50 prompts passes 64 % of candidates that lie on the limit. Anything else has the jackknife.
    """
    if metric.shares(rows) is not None:
        return metric.bounds_at(rows, confidence)
    mean = _mean_of(metric, rows)
    if mean is None:
        return metric.bounds_at(rows, confidence)
    if len(mean.sizes) < MIN_CLUSTERS:
        return None
    return bounded_mean(mean.totals, mean.sizes, *metric.bounds, 2 * confidence - 1)


def contrast(
    metric: Metric,
    ours: pd.DataFrame,
    theirs: pd.DataFrame,
    confidence: float = 0.95,
    *,
    relative: bool = False,
    paired: bool = True,
) -> Contrast:
    """`metric(ours) - metric(theirs)`, over the prompts that both have where they are `paired`.

    `relative` divides it by `metric(theirs)`, which must be above 0, and the metric never below. Bounds are one-sided
    at `confidence` each. Shares, and means of numbers in a known range, have those of `bounded_difference`: n prompts
    that all came out alike leave open what a share of 1 - (1 - confidence)^(1/n) of them may do. Independent groups
    have theirs joined (MOVER; Donner & Zou 2012). Anything else has the jackknife over prompts, which deletes a prompt
    from both sides at once.
    """
    if paired:
        ours, theirs = in_common(ours, theirs)
    prompts = int(min(ours["prompt"].nunique(), theirs["prompt"].nunique()))
    a, b = metric(ours) if prompts else None, metric(theirs) if prompts else None
    if a is None or b is None or (relative and (b <= 0 or metric.bounds[0] < 0)):
        return Contrast(None, None, prompts)
    value = a / b - 1 if relative else a - b
    if not math.isfinite(value):
        return Contrast(None, None, prompts)
    if prompts < MIN_CLUSTERS:
        return Contrast(value, None, prompts)
    sides = _Sides(metric, ours, theirs, a, b, confidence)
    return Contrast(value, sides.paired(relative) if paired else sides.independent(relative), prompts)


def in_common(ours: pd.DataFrame, theirs: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of the prompts that both have, each in the order of prompt and sample."""
    shared = set(ours["prompt"]) & set(theirs["prompt"])
    one, other = (rows[rows["prompt"].isin(shared)].sort_values(["prompt", "sample"]) for rows in (ours, theirs))
    return one, other


class _Mean(NamedTuple):
    """A metric that is sum(totals) / sum(sizes) of numbers in its bounds, by prompt; both of shape (prompts,)."""

    totals: Floats
    sizes: Floats


def _mean_of(metric: Metric, rows: pd.DataFrame) -> _Mean | None:
    """The sums of a mean over a known range, prompts by appearance; None where the metric is none."""
    if (counted := metric.shares(rows)) is not None:
        return _Mean(*counted)
    if not all(map(math.isfinite, metric.bounds)) or type(metric) not in (Mean, WorstPerPrompt, AnyPerPrompt):
        return None
    if isinstance(metric, WorstPerPrompt | AnyPerPrompt):
        values = metric.per_prompt(rows)
        values = values[~np.isnan(values)]
        return _Mean(values, np.ones(len(values)))
    rows = metric.present(rows)
    codes, values = clusters(rows), np.asarray(rows[metric.of] if isinstance(metric, Mean) else [], np.float64)
    return _Mean(np.bincount(codes, values).astype(np.float64), np.bincount(codes).astype(np.float64))


@dataclass(frozen=True)
class _Sides:
    """Two sets of rows, what the metric is of either, and how sure a bound must be."""

    metric: Metric
    ours: pd.DataFrame
    theirs: pd.DataFrame
    a: float
    b: float
    confidence: float

    @property
    def level(self) -> float:
        """Of a two-sided interval."""
        return 2 * self.confidence - 1

    def paired(self, relative: bool) -> Interval | None:
        """Bounds from the prompts' differences; wider ones, as of independent groups, where those say little."""
        if not self.metric.smooth:
            return self.independent(relative)
        one, other = _mean_of(self.metric, self.ours), _mean_of(self.metric, self.theirs)
        prompts = int(self.ours["prompt"].nunique())
        # A ratio may have prompts without units on one side, whose partners must not be taken for others'.
        if one is None or other is None or not len(one.sizes) == len(other.sizes) == prompts:
            return self.jackknifed(relative)
        low, high = self.metric.bounds

        def apart(times: float) -> Interval:
            return bounded_difference(one, other, low, high, times=times, level=self.level)

        return _divided(apart, self.a / self.b) if relative else apart(1.0)

    def independent(self, relative: bool) -> Interval | None:
        """From both sides' own bounds."""
        one, other = (bounds_of(self.metric, rows, self.confidence) for rows in (self.ours, self.theirs))
        if one is None or other is None:
            return None

        def apart(times: float) -> Interval:
            return Interval(*mover(self.a, one[:2], self.b, other[:2], times), f"mover({one.method}, {other.method})")

        return _divided(apart, self.a / self.b) if relative else apart(1.0)

    def jackknifed(self, relative: bool) -> Interval | None:
        """By the jackknife, a relative difference by that of the logarithm, which is less skewed."""
        blocks = blocks_of(_codes(self.ours, self.theirs))
        left_a = self.metric.without(self.ours, blocks[: len(self.ours)])
        left_b = self.metric.without(self.theirs, blocks[len(self.ours) :])
        if len(left_a) != len(left_b):
            return None
        if not relative:
            return self._seen_or_not(self.a - self.b, left_a - left_b, left_b - self.b)
        if not (self.a > 0 and (left_a > 0).all() and (left_b > 0).all()):
            return None
        left = np.log(left_a) - np.log(left_b)
        found = self._seen_or_not(math.log(self.a / self.b), left, np.log(left_b) - math.log(self.b))
        if found is None:
            return None
        low, high = (min(math.expm1(min(end, 700.0)), _MOST) for end in found[:2])
        return Interval(low, high, found.method)

    def _seen_or_not(self, full: float, left: Floats, influence: Floats) -> Interval | None:
        """The jackknife's bounds, or wider ones where few prompts made all the difference.

        With n prompts alike, up to -ln(1 - confidence) prompts in n may still differ (the rule of three), each by as
        much as the most telling block does to the other side alone.
        """
        if not (np.isfinite(left).all() and np.isfinite(influence).all()):
            return None
        half = -math.log(1 - self.confidence) * float(np.max(np.abs(influence)))
        found = jackknife(full, left, self.level)
        if found is None:
            return Interval(full - half, full + half, f"rule of three({len(left)})") if half > 0 else None
        return Interval(min(found.low, full - half), max(found.high, full + half), found.method)


def _divided(apart: Callable[[float], Interval], ratio: float) -> Interval:
    """Bounds of a / b - 1 where `apart(t)` has those of a - t b, neither below 0: every t for which 0 is between them.

    Both ends of `apart` fall as t grows (Fieller 1954); no share of b need be normal, or b far from 0.
    """
    from scipy.optimize import brentq

    low, high = 0.0, ratio
    if apart(0.0).low > 0:
        low = brentq(lambda times: apart(times).low, 0.0, ratio, xtol=1e-9)
    while high < _MOST and apart(high).high > 0:
        before, high = high, min(_MOST, 2 * high + 0.1)
        if apart(high).high <= 0:
            high = brentq(lambda times: apart(times).high, before, high, xtol=1e-9)
            break
    return Interval(float(low) - 1, float(high) - 1, apart(1.0).method)


def _codes(ours: pd.DataFrame, theirs: pd.DataFrame) -> Ints:
    import pandas as pd

    return np.asarray(pd.factorize(np.concatenate([ours["prompt"], theirs["prompt"]]))[0], dtype=np.int64)
