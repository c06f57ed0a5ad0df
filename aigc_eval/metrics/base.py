"""What every metric is, and what those of one column of numbers have in common."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from aigc_eval.intervals import (
    BLOCKS,
    MIN_CLUSTERS,
    Floats,
    Interval,
    Ints,
    clopper_pearson,
    design_effect,
    jackknife,
    wilson,
)
from aigc_eval.records import Better, Bilingual

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ColumnMetric", "Metric", "block_sums", "clustered_rate", "clusters"]


def clusters(rows: pd.DataFrame) -> Ints:
    """Integer code of each row's prompt, shape (n,), numbered by first appearance."""
    import pandas as pd

    return np.asarray(pd.factorize(rows["prompt"].to_numpy())[0], dtype=np.int64)


def block_sums(values: Floats, blocks: Ints) -> Floats:
    """Sums of the values of each block, shape (blocks,)."""
    return np.asarray(np.bincount(blocks, weights=values, minlength=int(blocks.max()) + 1), np.float64)


def clustered_rate(hits: Floats, sizes: Floats, level: float, exact: bool = False) -> Interval:
    """Interval at the effective sample size; `hits` of `sizes` units in each prompt, shape (prompts,)."""
    effective = float(sizes.sum()) / design_effect(hits, sizes)
    found = (clopper_pearson if exact else wilson)(float(hits.sum() / sizes.sum()) * effective, effective, level)
    return Interval(found.low, found.high, f"{found.method}(n={effective:.0f})")


@dataclass(frozen=True)
class Metric(ABC):
    """A named function of rows.

    `name` is what gates write after the scorer's name. `better` is the good direction (None: no direction, cannot be
    gated), `bounds` the range of the result, `unit` what to print behind it ("share" is printed in percent). `title`
    and `about` (formula in words) are for readers; `source` is the paper or standard.
    """

    name: str
    _: KW_ONLY
    better: Better | None = "lower"
    bounds: tuple[float, float] = (0.0, 1.0)
    unit: str = ""
    title: Bilingual = Bilingual("")
    about: Bilingual = Bilingual("")
    source: str = ""
    reads: ClassVar[tuple[str, ...]] = ()
    """Other scorers (`toxicity`), or parts of theirs (`toxicity.insult`), that the metric needs; a property may say."""
    set_level: ClassVar[bool] = False
    """True where a text's contribution depends on the other texts, so that rows must never be duplicated."""
    smooth: ClassVar[bool] = True
    """False where leaving a prompt out says little of the error: of a quantile, or where prompts are variants of one
    template. Differences then join both intervals."""

    @abstractmethod
    def __call__(self, rows: pd.DataFrame) -> float | None:
        """The metric over scored rows; None where it is undefined (no rows, nothing to divide by)."""

    def without(self, rows: pd.DataFrame, blocks: Ints) -> Floats:
        """The metric with each block left out, shape (J,); NaN where undefined. Override where sums make it cheap."""
        values = [self(rows[blocks != j]) for j in range(int(blocks.max()) + 1)]
        return np.array([math.nan if v is None else v for v in values])

    def interval(self, rows: pd.DataFrame, level: float = 0.95) -> Interval | None:
        """Delete-a-block jackknife over prompts; None under 10 prompts or where a replicate is undefined."""
        codes = clusters(rows)
        full = self(rows)
        if full is None or len(codes) == 0 or codes.max() + 1 < MIN_CLUSTERS:
            return None
        found = jackknife(full, self.without(rows, codes % BLOCKS), level)
        if found is None:
            return None
        return Interval(max(found.low, self.bounds[0]), min(found.high, self.bounds[1]), found.method)

    def shares(self, rows: pd.DataFrame) -> tuple[Floats, Floats] | None:
        """Where the metric is a share: its hits and its units by prompt, shape (prompts,) each, prompts by appearance.

        Their sums give the metric, and bounds at its effective sample size hold where a jackknife sees no variation.
        """
        return None

    def bounds_at(self, rows: pd.DataFrame, confidence: float = 0.95) -> Interval | None:
        """What gates judge: each end is a one-sided bound at that confidence, exact (Clopper-Pearson) for a share."""
        counted = self.shares(rows)
        if counted is None:
            return self.interval(rows, 2 * confidence - 1)
        return clustered_rate(*counted, 2 * confidence - 1, exact=True) if len(counted[1]) >= MIN_CLUSTERS else None

    def present(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The scored rows that the metric counts; the others do not apply to it. All of them by default."""
        return rows

    @property
    def ranks(self) -> bool:
        """Whether a row's value says how good that row is, in the metric's own direction: reports show the worst."""
        return True

    def ranges(self) -> Iterator[tuple[str, float, float]]:
        """Columns whose single numbers must lie in a range, for a score outside it to be an error: none by default."""
        yield from ()

    @property
    def worst(self) -> float:
        """The bad end of the range: what an unscored row counts as."""
        return self.bounds[1] if self.better == "lower" else self.bounds[0]

    def filled(self, rows: pd.DataFrame) -> pd.DataFrame | None:
        """All rows that should have been scored, the failed ones at their worst; None where there is no worst."""
        return None

    def align(self, groups: Sequence[pd.DataFrame]) -> Sequence[pd.DataFrame]:
        """The candidates' rows made comparable with each other (an equal token budget, say); unchanged by default."""
        return groups


@dataclass(frozen=True)
class ColumnMetric(Metric):
    """A metric of one column of numbers."""

    of: str = "value"

    @property
    def ranks(self) -> bool:
        """Where it is a metric of the value."""
        return self.of == "value"

    def column(self, rows: pd.DataFrame) -> Floats:
        """The numbers, shape (n,); NaN where a row has none."""
        if self.of not in rows:
            return np.full(len(rows), math.nan)
        return np.asarray(rows[self.of], dtype=np.float64)

    def present(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Only the rows that have the number."""
        keep = ~np.isnan(self.column(rows))
        return rows if keep.all() else rows[keep]

    def filled(self, rows: pd.DataFrame) -> pd.DataFrame | None:
        """Failed rows at the bad end of the bounds."""
        if not math.isfinite(self.worst):
            return None
        due = rows[rows["status"] != "na"]
        values = np.where(due["status"] == "failed", self.worst, self.column(due))
        return due.assign(**{self.of: values})
