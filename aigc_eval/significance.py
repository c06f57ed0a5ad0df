"""P-values of one metric's difference between B and A, in the bad direction, with the prompt as the unit.

Draws are matched by prompt and sample number, so both sides count the same ones. Two ways, whichever holds:

exact   without a margin, where every prompt adds one number on either side (a mean, a share, the worst of a prompt's
        samples). If B is as good as A, which of a prompt's two numbers is whose is a coin's toss, so that the sign of
        each difference is: the sign-flip test, and McNemar's (binomial) where all differences are of one size, such as
        0/1 outcomes of one sample each. Nothing is assumed about the numbers.
bounds  with a margin, and for ratios and metrics of sets: the smallest alpha at which the one-sided bound of the
        difference (`contrasts.contrast`) leaves the margin. So these agree with the bounds that gates look at.

An exact test asks whether these prompts show that something has changed, a bound how much of it all prompts may have;
so an interval may reach across 0 where the test is sure.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from aigc_eval.contrasts import contrast
from aigc_eval.intervals import MIN_CLUSTERS, Floats, blocks_of, jackknife
from aigc_eval.metrics import AnyPerPrompt, Mean, Metric, Rate, Ratio, WorstPerPrompt, clusters
from aigc_eval.paired import mcnemar, sign_flip

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Pair", "matched", "prompt_values"]

_LEAST, _STEPS = 1e-9, 40
_MANY = 1_000


def matched(metric: Metric, a: pd.DataFrame, b: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of both that the metric counts, of draws (prompt and sample number) that both have, in one order."""
    keys = ["prompt", "sample"]
    one, other = (metric.present(rows).set_index(keys, drop=False) for rows in (a, b))
    shared = one.index.intersection(other.index).sort_values()
    sides = (rows.loc[shared].reset_index(drop=True) for rows in (one, other))
    # A prompt may have too few draws left on both sides alike.
    first, second = (metric.present(rows) for rows in sides)
    return first, second


def prompt_values(metric: Metric, rows: pd.DataFrame) -> Floats | None:
    """One number a prompt, in the order of their appearance; NaN where one has none, None where the metric has none.

    A mean's or share's is that of the prompt's samples, a ratio's that of its own sums (before `exp`).
    """
    codes, kind = clusters(rows), type(metric)
    if not len(codes):
        return None
    if isinstance(metric, Mean | Rate) and kind in (Mean, Rate):
        numbers = metric.hits(rows) if isinstance(metric, Rate) else metric.column(rows)
        return np.asarray(np.bincount(codes, numbers) / np.bincount(codes), np.float64)
    if isinstance(metric, WorstPerPrompt | AnyPerPrompt) and kind in (WorstPerPrompt, AnyPerPrompt):
        return metric.per_prompt(rows)
    if isinstance(metric, Ratio) and kind is Ratio and {metric.over, metric.under} <= {*rows.columns}:
        over, under = (np.bincount(codes, np.asarray(rows[c], np.float64)) for c in (metric.over, metric.under))
        with np.errstate(invalid="ignore", divide="ignore"):
            ratios: Floats = metric.scale * over / under
        return np.where(np.isfinite(ratios), ratios, math.nan)
    return None


@dataclass(frozen=True, eq=False)
class Pair:
    """Rows of A and B, matched, under one metric."""

    metric: Metric
    a: pd.DataFrame
    b: pd.DataFrame

    @property
    def prompts(self) -> int:
        """How many prompts both have."""
        return int(self.b["prompt"].nunique())

    @property
    def _sign(self) -> int:
        return 1 if self.metric.better == "lower" else -1

    def worse(self, margin: float = 0.0) -> float | None:
        """One-sided p-value of "B is not worse than A by more than the margin"; None under 10 prompts."""
        return self._beyond(margin, self._sign)

    def apart(self) -> float | None:
        """Two-sided p-value of "B is as A"."""
        if self.prompts < MIN_CLUSTERS:
            return None
        if self._differences is not None:
            return exact(self._differences, "two-sided")
        found = self._beyond(0.0, 1), self._beyond(0.0, -1)
        return None if None in found else min(1.0, 2 * min(p for p in found if p is not None))

    def _beyond(self, margin: float, sign: int) -> float | None:
        """P-value of "sign * (B - A) is not above the margin"."""
        if self.prompts < MIN_CLUSTERS:
            return None
        if self._differences is not None and margin == 0:
            return exact(sign * self._differences, "greater")
        return self._by_bounds(margin, sign)

    def _by_bounds(self, margin: float, sign: int) -> float | None:
        """The smallest alpha at which the one-sided bound of the difference leaves the margin."""
        found = contrast(self.metric, self.b, self.a)
        if found.value is None:
            return None
        if sign * found.value <= margin:
            return 1.0
        if found.bounds is None and self.metric.smooth:
            return self._all_alike(margin, sign)
        if found.bounds is not None and self.metric.smooth and not found.bounds.method.startswith("bounded"):
            return self._jackknifed(margin, sign)

        def leaves(alpha: float) -> bool:
            bounds = contrast(self.metric, self.b, self.a, 1 - alpha).bounds
            return bounds is not None and (bounds.low if sign > 0 else -bounds.high) > margin

        return _smallest(leaves)

    def _all_alike(self, margin: float, sign: int) -> float | None:
        """Where every prompt is as every other on its side, so that no bound can be had: how often chance does that."""
        a, b = prompt_values(self.metric, self.a), prompt_values(self.metric, self.b)
        apart = np.zeros(0) if a is None or b is None else sign * (b - a)
        return exact(apart - margin, "greater") if len(apart) and np.isfinite(apart).all() else None

    @cached_property
    def _differences(self) -> Floats | None:
        """B - A of each prompt, where the metric's own difference is their mean."""
        if isinstance(self.metric, Ratio):
            return None
        a, b = prompt_values(self.metric, self.a), prompt_values(self.metric, self.b)
        if a is None or b is None or not (np.isfinite(a).all() and np.isfinite(b).all()):
            return None
        sizes = np.bincount(clusters(self.b))
        # A mean weighs prompts by their samples; where they have as many, by nothing.
        weighed = isinstance(self.metric, Mean | Rate)
        return (b - a) * (sizes / sizes.mean() if weighed else 1.0)

    @cached_property
    def _replicates(self) -> tuple[Floats, Floats]:
        """A and B with each block of prompts left out."""
        codes = clusters(self.b)
        blocks = blocks_of(codes)
        return self.metric.without(self.a, blocks), self.metric.without(self.b, blocks)

    def _jackknifed(self, margin: float, sign: int) -> float | None:
        """As the bounds of `contrast`: by the jackknife, and no surer than the rule of three allows."""
        a, b = self.metric(self.a), self.metric(self.b)
        left_a, left_b = self._replicates
        if a is None or b is None or not (np.isfinite(left_a).all() and np.isfinite(left_b).all()):
            return None
        full, left = sign * (b - a), sign * (left_b - left_a)
        influence = float(np.max(np.abs(left_a - a)))
        rare = math.exp(-min(700.0, (full - margin) / influence)) if influence > 0 else 0.0

        def leaves(alpha: float) -> bool:
            found = jackknife(full, left, 1 - 2 * alpha)
            return found is not None and found.low > margin

        if jackknife(full, left) is None:  # no prompt made a difference
            return rare if influence > 0 else None
        return max(rare, _smallest(leaves))


def _smallest(leaves: Callable[[float], bool]) -> float:
    """The smallest alpha up to 1/2 at which a bound leaves the margin, by halving its logarithm; 1 where none does."""
    if not leaves(0.5 - _LEAST):
        return 1.0
    low, high = math.log(_LEAST), math.log(0.5)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if leaves(math.exp(middle)) else (middle, high)
        if high - low < 1e-4:
            break
    return math.exp(high)


def exact(apart: Floats, alternative: Literal["two-sided", "greater"]) -> float:
    """P-value of the sign-flip test of differences, shape (prompts,), in closed form where all are of one size.

    Of more than 1,000 that are not 0, its normal limit: their sum over the root of the sum of their squares.

    >>> exact(np.array([1.0] * 8 + [-1.0] * 2 + [0.0] * 90), "two-sided").__round__(6)
    0.109375
    >>> exact(np.array([1.0] * 5 + [0.0] * 15), "greater")
    0.03125
    """
    from scipy.special import bdtrc

    size = np.abs(apart)
    largest = float(size.max(initial=0.0))
    moved = apart[size > 1e-9 * max(1.0, largest)]
    if not len(moved):
        return 1.0
    if float(np.ptp(np.abs(moved))) > 1e-9 * largest:
        return sign_flip(moved, alternative) if len(moved) <= _MANY else _limit(moved, alternative)
    up = int((moved > 0).sum())
    if alternative == "two-sided":
        return mcnemar(up, len(moved) - up)
    return float(bdtrc(up - 1, len(moved), 0.5)) if up else 1.0


def _limit(moved: Floats, alternative: Literal["two-sided", "greater"]) -> float:
    from scipy.special import ndtr

    z = float(moved.sum()) / math.sqrt(float(np.sum(moved**2)))
    return float(2 * ndtr(-abs(z)) if alternative == "two-sided" else ndtr(-z))
