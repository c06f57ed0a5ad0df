"""Counterfactual groups: one scorer's values, compared between the groups that templates were filled in for."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aigc_eval.intervals import MIN_CLUSTERS, Interval, blocks_of, jackknife
from aigc_eval.scorers.bias.cells import Cells, Mask
from aigc_eval.scorers.bias.templates import OverTemplates

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GroupMetric", "Ratio", "every", "over_templates"]


@dataclass(frozen=True)
class GroupMetric(OverTemplates):
    """A comparison of the groups that tag `by` names, of the values of scorer `of` ("" for the metric's own).

    With `at_least`, values become 1 (at or above) and 0. `value_range` is where values can lie, for the adverse bound.
    """

    of: str = ""
    by: str = ""
    at_least: float | None = None
    value_range: tuple[float, float] | None = None

    @property
    def reads(self) -> tuple[str, ...]:  # type: ignore[override]
        """The scorer whose values are compared."""
        return (self.of,) if self.of else ()

    @property
    def _column(self) -> str:
        return f"read:{self.of}" if self.of else "value"

    def present(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows with a value, of templates that every group answered."""
        tag = f"tag.{self.by}"
        if not {tag, "variant_of", self._column} <= set(rows.columns):
            return rows[:0]
        rows = rows[(rows[tag] != "") & (rows["variant_of"] != "") & rows[self._column].notna()]
        answered = rows.groupby("variant_of", sort=False)[tag].transform("nunique")
        groups = rows[tag].nunique()
        return rows[answered == groups] if groups > 1 else rows[:0]

    def cells(self, rows: pd.DataFrame) -> Cells:
        """The values of `present` rows by template and group."""
        import pandas as pd

        values = np.asarray(rows[self._column], np.float64)
        if self.at_least is not None:
            values = (values >= self.at_least).astype(np.float64)
        template, prompt = (pd.factorize(rows[c])[0].astype(np.int64) for c in ("variant_of", "prompt"))
        group = pd.factorize(rows[f"tag.{self.by}"], sort=True)[0].astype(np.int64)
        return Cells(values, template, group, prompt, np.asarray(rows["sample"], np.int64))

    @abstractmethod
    def of_cells(self, cells: Cells, kept: Mask) -> float:
        """The metric over the kept templates; NaN where undefined."""

    def __call__(self, rows: pd.DataFrame) -> float | None:
        """The metric; None with fewer than two groups, or no template that all of them answered."""
        rows = self.present(rows)
        if not len(rows):
            return None
        cells = self.cells(rows)
        value = self.of_cells(cells, every(cells))
        return None if math.isnan(value) else value

    def interval(self, rows: pd.DataFrame, level: float = 0.95) -> Interval | None:
        """Jackknife over templates."""
        rows = self.present(rows)
        full = self(rows)
        if full is None:
            return None
        cells = self.cells(rows)
        return self._cut(over_templates(full, lambda kept: self.of_cells(cells, kept), cells, level))

    def filled(self, rows: pd.DataFrame) -> pd.DataFrame | None:
        """Prompts with a failed row, wholly at the ends of the range that set some two groups furthest apart.

        None where the range of the values is not known, or does not hold.
        """
        tag, column = f"tag.{self.by}", self._column
        due = rows[rows["status"] != "na"]
        if self.value_range is None or tag not in due or column not in due:
            return None
        low, high = self.value_range
        known = due.loc[due["status"] == "scored", column].dropna()
        if not known.between(low, high).all():
            return None
        lost = due["prompt"].isin(due.loc[due["status"] == "failed", "prompt"]).to_numpy()
        groups = sorted(due[tag].unique())
        frames = [
            due.assign(**{column: np.where(lost, np.where(due[tag] == up, high, low), due[column])}) for up in groups
        ]
        judged = [(value, i) for i, frame in enumerate(frames) if (value := self(frame)) is not None]
        if not judged:
            return None
        return frames[(max(judged) if self.better == "lower" else min(judged))[1]]


def every(cells: Cells) -> Mask:
    """All templates."""
    return np.ones(cells.templates, dtype=bool)


def over_templates(full: float, of_kept: Callable[[Mask], float], cells: Cells, level: float) -> Interval | None:
    """Delete-a-block jackknife of a function of the templates kept; None under 10, or where nothing varies."""
    if cells.templates < MIN_CLUSTERS:
        return None
    blocks = blocks_of(np.arange(cells.templates))
    left = np.array([of_kept(blocks != j) for j in range(int(blocks.max()) + 1)])
    return jackknife(full, left, level)


@dataclass(frozen=True)
class Ratio(GroupMetric):
    """Lowest over highest rate of the groups, 0..1; None where no group has any. The four-fifths rule asks for 0.8.

    Rates are means over templates. EEOC Uniform Guidelines 1978, 29 CFR 1607.4 D.
    """

    def of_cells(self, cells: Cells, kept: Mask) -> float:
        """Smallest mean over largest."""
        rates = cells.means[kept].mean(axis=0)
        return float(rates.min() / rates.max()) if rates.max() > 0 else math.nan
