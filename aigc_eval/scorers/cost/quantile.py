"""A quantile of a column, with an interval that assumes nothing about the distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from aigc_eval.intervals import MIN_CLUSTERS, Floats, Interval, design_effect, wilson
from aigc_eval.metrics import Mean, clusters

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Quantile"]


@dataclass(frozen=True)
class Quantile(Mean):
    """The q-quantile of a column: linear interpolation between order statistics (Hyndman & Fan 1996, type 7).

    Interval: the quantiles at both ends of Wilson's interval for q at the effective sample size n / design effect
    (Woodruff 1952). None where even the largest value need not lie above the quantile: q^n > (1 - level) / 2, so that
    p99 has an interval from 368 calls on. Rows with the outcome "error" lie above all others: no time was enough for
    them, so a quantile (or an end of its interval) among them is none.

    >>> import pandas as pd
    >>> rows = pd.DataFrame({"prompt": list("abcde"), "value": [1.0, 2.0, 3.0, 4.0, 10.0]})
    >>> Quantile("p50", q=0.5)(rows), Quantile("p95", q=0.95)(rows).__round__(6)
    (3.0, 8.8)
    """

    smooth: ClassVar[bool] = False
    q: float = 0.5
    bounds: tuple[float, float] = (0.0, math.inf)

    def __call__(self, rows: pd.DataFrame) -> float | None:
        """The quantile; None without rows."""
        values = self.column(self.present(rows))
        return _quantiles(values, [self.q])[0] if np.isfinite(values).any() else None

    def interval(self, rows: pd.DataFrame, level: float = 0.95) -> Interval | None:
        """Woodruff's; None under 10 prompts and where the sample cannot bound the quantile."""
        rows = self.present(rows)
        values, codes = self.column(rows), clusters(rows)
        if len(codes) == 0 or codes.max() + 1 < MIN_CLUSTERS:
            return None
        below = np.bincount(codes, weights=(values <= _quantiles(values, [self.q])[0]).astype(np.float64))
        sizes = np.bincount(codes).astype(np.float64)
        effective = len(values) / design_effect(below.astype(np.float64), sizes)
        tail = (1 - level) / 2
        if self.q**effective > tail or (1 - self.q) ** effective > tail:
            return None
        shares = wilson(self.q * effective, effective, level)
        low, high = _quantiles(values, [shares.low, shares.high])
        return Interval(low, high, f"woodruff(n={effective:.0f})")

    def column(self, rows: pd.DataFrame) -> Floats:
        """The numbers, infinity for calls that failed."""
        values = super().column(rows)
        return np.where(rows["outcome"] == "error", math.inf, values) if "outcome" in rows else values


def _quantiles(values: Floats, shares: Sequence[float]) -> list[float]:
    """Type 7; infinity where an order statistic that counts is, for which numpy has not-a-number."""
    ordered = np.sort(values)
    found = []
    for place in (share * (len(ordered) - 1) for share in shares):
        below = math.floor(place)
        low, high = float(ordered[below]), float(ordered[min(below + 1, len(ordered) - 1)])
        found.append(low if place == below or low == high else low + (high - low) * (place - below))
    return found
