"""Metrics in which every output counts for itself: means, shares, ratios of sums."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from aigc_eval.intervals import MIN_CLUSTERS, Floats, Interval, Ints
from aigc_eval.metrics.base import ColumnMetric, Metric, block_sums, clustered_rate, clusters

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Mean", "Rate", "Ratio"]


@dataclass(frozen=True)
class Mean(ColumnMetric):
    """Arithmetic mean of a column: sum(x_i) / n.

    Range and direction as declared; unit that of the column.

    >>> import pandas as pd
    >>> Mean("mean")(pd.DataFrame({"prompt": ["a", "b"], "value": [0.2, 0.4]})).__round__(6)
    0.3
    """

    def ranges(self) -> Iterator[tuple[str, float, float]]:
        """The column, in the mean's own bounds."""
        yield self.of, *self.bounds

    def __call__(self, rows: pd.DataFrame) -> float | None:
        """The mean; None without rows."""
        values = self.column(rows)
        values = values[~np.isnan(values)]
        return float(values.mean()) if len(values) else None

    def without(self, rows: pd.DataFrame, blocks: Ints) -> Floats:
        """Leave-one-block-out means from block sums, in one pass."""
        values = self.column(rows)
        has = ~np.isnan(values)
        sums = block_sums(np.where(has, values, 0.0), blocks)
        counts = block_sums(has.astype(np.float64), blocks)
        with np.errstate(invalid="ignore", divide="ignore"):
            left: Floats = (sums.sum() - sums) / (counts.sum() - counts)
        return left


@dataclass(frozen=True)
class Rate(ColumnMetric):
    """Share of rows whose number is at least `at_least`: #(x_i >= t) / n, 0..1.

    Interval: Wilson (with `exact`, Clopper-Pearson) at the effective sample size n / design effect, so that samples of
    one prompt do not count as independent, and 0 hits still leave an upper bound.

    >>> import pandas as pd
    >>> Rate("toxic_fraction")(pd.DataFrame({"prompt": ["a", "b"], "value": [0.5, 0.4]}))
    0.5
    """

    at_least: float = 0.5
    exact: bool = False
    unit: str = "share"

    def hits(self, rows: pd.DataFrame) -> Floats:
        """1.0 for each row at or above the threshold, else 0.0; rows without the number are dropped."""
        values = self.column(rows)
        return (values[~np.isnan(values)] >= self.at_least).astype(np.float64)

    def __call__(self, rows: pd.DataFrame) -> float | None:
        """The share; None without rows."""
        hits = self.hits(rows)
        return float(hits.mean()) if len(hits) else None

    def interval(self, rows: pd.DataFrame, level: float = 0.95) -> Interval | None:
        """At n / design effect; None under 10 prompts."""
        hits, sizes = self.shares(rows)
        return clustered_rate(hits, sizes, level, self.exact) if len(sizes) >= MIN_CLUSTERS else None

    def shares(self, rows: pd.DataFrame) -> tuple[Floats, Floats]:
        """Rows at or above the threshold, and rows, by prompt."""
        rows = self.present(rows)
        codes = clusters(rows)
        if len(codes) == 0:
            return np.zeros(0), np.zeros(0)
        return block_sums(self.hits(rows), codes), np.bincount(codes).astype(np.float64)

    def filled(self, rows: pd.DataFrame) -> pd.DataFrame | None:
        """Failed rows count as hits where hits are bad, as misses where hits are good."""
        due = rows[rows["status"] != "na"]
        worst = math.inf if self.better == "lower" else -math.inf
        return due.assign(**{self.of: np.where(due["status"] == "failed", worst, self.column(due))})


@dataclass(frozen=True)
class Ratio(Metric):
    """Ratio of two sums, sum(a_i) / sum(b_i): a token-weighted mean. With `exp`, e to that power (perplexity).

    Interval: the jackknife over prompts; for a share (a_i counts some of the b_i) Wilson at the effective number of
    units, which still bounds a share of 0 or 1.

    >>> import pandas as pd
    >>> rows = pd.DataFrame({"prompt": ["a"], "nll": [4.1588830833596715], "tokens": [3.0]})   # p = .5, .25, .125
    >>> Ratio("perplexity", over="nll", under="tokens", exp=True)(rows).__round__(6)
    4.0
    """

    over: str = ""
    under: str = ""
    exp: bool = False
    scale: float = 1.0
    bounds: tuple[float, float] = (0.0, math.inf)

    def __call__(self, rows: pd.DataFrame) -> float | None:
        """The ratio of the sums; None where the lower sum is zero."""
        a, b = self._columns(rows)
        return self._value(float(a.sum()), float(b.sum())) if b.sum() > 0 else None

    def without(self, rows: pd.DataFrame, blocks: Ints) -> Floats:
        """Leave-one-block-out ratios from block sums, in one pass."""
        a, b = (block_sums(x, blocks) for x in self._columns(rows))
        left_a, left_b = a.sum() - a, b.sum() - b
        return np.array([self._value(x, y) if y > 0 else math.nan for x, y in zip(left_a, left_b, strict=True)])

    def filled(self, rows: pd.DataFrame) -> pd.DataFrame | None:
        """For a share, failed rows as large as the largest scored one and wholly bad; else there is no worst."""
        due = rows[rows["status"] != "na"]
        _, sizes = self._columns(due)
        if self.unit != "share" or self.exp or self.scale != 1.0 or not sizes.any():
            return None
        failed = (due["status"] == "failed").to_numpy()
        worst = sizes.max() * (self.better == "lower")
        return due.assign(
            **{
                self.over: np.where(failed, worst, due[self.over]),
                self.under: np.where(failed, sizes.max(), due[self.under]),
            }
        )

    def interval(self, rows: pd.DataFrame, level: float = 0.95) -> Interval | None:
        """Wilson at sum(b) / design effect for a share, else the jackknife (of an exponential: on its logarithm).

        None under 10 prompts.
        """
        counted = self.shares(rows)
        if counted is not None:
            return clustered_rate(*counted, level) if len(counted[1]) >= MIN_CLUSTERS else None
        if not self.exp:
            return super().interval(rows, level)
        found = replace(self, exp=False, bounds=(-math.inf, math.inf), unit="").interval(rows, level)
        if found is None:
            return None
        low, high = (math.exp(min(end, 700.0)) for end in found[:2])
        return Interval(max(low, self.bounds[0]), min(high, self.bounds[1]), found.method)

    def shares(self, rows: pd.DataFrame) -> tuple[Floats, Floats] | None:
        """Both sums by prompt, of prompts that have any units; None where the ratio is no share."""
        if self.unit != "share" or self.exp:
            return None
        codes = clusters(rows)
        hits, sizes = (block_sums(x, codes) if len(codes) else np.zeros(0) for x in self._columns(rows))
        return hits[sizes > 0], sizes[sizes > 0]

    def _columns(self, rows: pd.DataFrame) -> tuple[Floats, Floats]:
        if self.over not in rows or self.under not in rows:
            return np.zeros(0), np.zeros(0)
        a, b = np.asarray(rows[self.over], np.float64), np.asarray(rows[self.under], np.float64)
        has = ~(np.isnan(a) | np.isnan(b))
        return np.where(has, a, 0.0), np.where(has, b, 0.0)

    def _value(self, over: float, under: float) -> float:
        ratio = self.scale * over / under
        return math.exp(min(ratio, 700.0)) if self.exp else ratio
