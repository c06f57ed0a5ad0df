"""One rate over the rows of a run: which rows it counts, which of them are hits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from aigc_eval.estimates import view
from aigc_eval.intervals import Floats
from aigc_eval.metrics import Rate

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Rated"]


@dataclass(frozen=True)
class Rated:
    """One rate over the rows of a run, shape (rows,): the number it looks at, NaN where there is none.

    `due` are the rows that the rate counts, and those that could not be scored and would count.
    """

    numbers: Floats
    due: npt.NDArray[np.bool_]
    threshold: float

    @property
    def hits(self) -> npt.NDArray[np.bool_]:
        """The rows that count as hits; a row without a number is none."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.due & (self.numbers >= self.threshold))

    @property
    def scored(self) -> npt.NDArray[np.bool_]:
        """The due rows that have a number."""
        return np.asarray(self.due & ~np.isnan(self.numbers))

    @classmethod
    def of(cls, rows: pd.DataFrame, scorer: str, rate: Rate) -> Rated:
        """The rate of a scorer over a run's rows."""
        seen = view(rows, scorer, rate.reads).reset_index(drop=True)
        scored = np.asarray(seen["status"] == "scored")
        filled = rate.filled(seen)
        counted = rate.present(seen[scored] if filled is None else filled)
        due = np.zeros(len(seen), np.bool_)
        due[np.asarray(counted.index, np.int64)] = True
        return cls(np.where(scored & due, rate.column(seen), np.nan), due, rate.at_least)
