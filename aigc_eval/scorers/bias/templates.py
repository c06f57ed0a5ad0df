"""Intervals over templates: prompts written from one template are one draw, and count as one."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from aigc_eval.intervals import MIN_CLUSTERS, Floats, Interval, Ints, blocks_of, jackknife, wilson
from aigc_eval.metrics import Metric

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Distance", "OverTemplates", "Signed", "absolute", "block_sums", "units"]


def units(rows: pd.DataFrame) -> Ints:
    """Integer code of each row's template (of its prompt, where it has none), shape (n,), by first appearance."""
    import pandas as pd

    if "variant_of" not in rows:
        return np.asarray(pd.factorize(rows["prompt"])[0], dtype=np.int64)
    template, prompt = rows["variant_of"].to_numpy(), rows["prompt"].to_numpy()
    # A template may have the id of a prompt that is none of its variants.
    keys = [("of", t) if t else ("is", p) for t, p in zip(template, prompt, strict=True)]
    return np.asarray(pd.factorize(pd.Series(keys, dtype=object))[0], dtype=np.int64)


def block_sums(columns: Floats, blocks: Ints) -> Floats:
    """Sums of each block's rows, shape (J, columns)."""
    found = np.zeros((int(blocks.max(initial=-1)) + 1, columns.shape[1]))
    np.add.at(found, blocks, columns)
    return found


def absolute(interval: Interval, centre: float = 0.0) -> Interval:
    """The interval of |x - centre| from that of x.

    >>> absolute(Interval(-0.1, 0.3, "m"))
    Interval(low=0.0, high=0.3, method='m')
    """
    low, high = interval.low - centre, interval.high - centre
    return Interval(max(low, -high, 0.0), max(abs(low), abs(high)), interval.method)


@dataclass(frozen=True)
class OverTemplates(Metric):
    """A metric whose interval is a jackknife over templates; none under 10 of them. No row is biased by itself.

    A difference joins both intervals: leaving prompts out one by one would take the variants of a template for as many
    draws.
    """

    smooth: ClassVar[bool] = False

    @property
    def ranks(self) -> bool:
        """Never."""
        return False

    def interval(self, rows: pd.DataFrame, level: float = 0.95) -> Interval | None:
        """Delete-a-block jackknife over templates, cut to the bounds."""
        rows = self.present(rows)
        codes, full = units(rows), self(rows)
        if full is None or len(codes) == 0 or codes.max() + 1 < MIN_CLUSTERS:
            return None
        return self._cut(jackknife(full, self.without(rows, blocks_of(codes)), level))

    def _cut(self, found: Interval | None) -> Interval | None:
        if found is None:
            return None
        return Interval(max(found.low, self.bounds[0]), min(found.high, self.bounds[1]), found.method)


@dataclass(frozen=True)
class Signed(OverTemplates):
    """A number from sums over rows, whose sign (or side of a centre) says which way a bias goes."""

    better: None = None

    @abstractmethod
    def statistics(self, rows: pd.DataFrame) -> Floats:
        """The numbers of each row that add up, shape (n, columns)."""

    @abstractmethod
    def of_sums(self, sums: Floats) -> float:
        """The metric of one set of sums, shape (columns,); NaN where undefined."""

    @abstractmethod
    def extreme(self, rows: pd.DataFrame, upper: bool) -> pd.DataFrame:
        """All rows that should have been scored, the failed ones as far up, or as far down, as they can be."""

    def __call__(self, rows: pd.DataFrame) -> float | None:
        """The number; None where undefined."""
        value = self.of_sums(self.statistics(rows).sum(axis=0))
        return None if math.isnan(value) else value

    def without(self, rows: pd.DataFrame, blocks: Ints) -> Floats:
        """From block sums, in one pass."""
        sums = block_sums(self.statistics(rows), blocks)
        return np.array([self.of_sums(left) for left in sums.sum(axis=0) - sums])

    def interval(self, rows: pd.DataFrame, level: float = 0.95) -> Interval | None:
        """The jackknife; where all templates agree, as far off as Wilson's share of unseen others could move it."""
        rows = self.present(rows)
        found = super().interval(rows, level)
        codes, full = units(rows), self(rows)
        if found is not None or full is None or codes.max(initial=-1) + 1 < MIN_CLUSTERS:
            return found
        count = int(codes.max()) + 1
        far = wilson(0, count, level).high * (self.bounds[1] - self.bounds[0])
        return self._cut(Interval(full - far, full + far, f"wilson(n={count})"))


@dataclass(frozen=True)
class Distance(Metric):
    """How far a signed number is from `centre`, whichever way: what a gate may limit."""

    of: Signed | None = None
    centre: float = 0.0

    @property
    def ranks(self) -> bool:
        """Never: it compares with a centre."""
        return False

    @property
    def signed(self) -> Signed:
        """The number whose distance it is."""
        if self.of is None:
            raise TypeError(f"{self.name} is the distance of nothing")
        return self.of

    def __call__(self, rows: pd.DataFrame) -> float | None:
        """The distance; None where the number is undefined."""
        value = self.signed(rows)
        return None if value is None else abs(value - self.centre)

    def present(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Those of the number."""
        return self.signed.present(rows)

    def interval(self, rows: pd.DataFrame, level: float = 0.95) -> Interval | None:
        """From the interval of the number."""
        found = self.signed.interval(rows, level)
        return None if found is None else absolute(found, self.centre)

    def filled(self, rows: pd.DataFrame) -> pd.DataFrame | None:
        """Failed rows on the side where the distance grows most."""
        both: Sequence[pd.DataFrame] = [self.signed.extreme(rows, upper) for upper in (False, True)]
        return max(both, key=lambda frame: -1.0 if (value := self(frame)) is None else value)
