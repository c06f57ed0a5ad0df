"""Readability formulas as functions of sums, and the metric that computes them over any set of rows."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aigc_eval.intervals import Floats, Ints
from aigc_eval.metrics import Metric

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["OfSums", "coleman_liau", "flesch_kincaid_grade", "flesch_reading_ease", "smog"]

Formula = Callable[..., float]
SMOG_SENTENCES = 30
"""SMOG was fitted to samples of 30 sentences and is not defined below."""


def flesch_reading_ease(words: float, sentences: float, syllables: float) -> float:
    """206.835 - 1.015 W/S - 84.6 Syl/W (Flesch 1948); at most 121.22, higher is easier.

    >>> round(flesch_reading_ease(100, 5, 150), 3)
    59.635
    """
    return 206.835 - 1.015 * words / sentences - 84.6 * syllables / words


def flesch_kincaid_grade(words: float, sentences: float, syllables: float) -> float:
    """0.39 W/S + 11.8 Syl/W - 15.59 (Kincaid et al. 1975): a school grade of the USA, at least -3.4.

    >>> round(flesch_kincaid_grade(100, 5, 150), 2)
    9.91
    """
    return 0.39 * words / sentences + 11.8 * syllables / words - 15.59


def smog(polysyllables: float, sentences: float) -> float:
    """1.043 sqrt(30 P/S) + 3.1291 (McLaughlin 1969); NaN under 30 sentences.

    >>> round(smog(60, 30), 4), smog(60, 29)
    (11.2081, nan)
    """
    if sentences < SMOG_SENTENCES:
        return math.nan
    return 1.043 * math.sqrt(30 * polysyllables / sentences) + 3.1291


def coleman_liau(letters: float, words: float, sentences: float) -> float:
    """5.88 L/W - 29.6 S/W - 15.8 (Coleman & Liau 1975): a school grade of the USA that needs no syllables.

    >>> round(coleman_liau(450, 100, 5), 2)
    9.18
    """
    return 5.88 * letters / words - 29.6 * sentences / words - 15.8


@dataclass(frozen=True)
class OfSums(Metric):
    """A formula of summed parts: f(sum x, sum y, ...), so that a long answer weighs what it holds.

    `parts` are the formula's arguments in order. None where a part that must not be zero is zero (`needs`, one of the
    parts) or the formula is not defined. Rows without `needs` do not count. Interval: jackknife from block sums.

    >>> import pandas as pd
    >>> rows = pd.DataFrame({"prompt": ["a", "b"], "words": [80, 20], "sentences": [3, 2], "syllables": [130, 20]})
    >>> round(OfSums("ease", formula=flesch_reading_ease, parts=("words", "sentences", "syllables"))(rows), 3)
    59.635
    """

    formula: Formula = flesch_reading_ease
    parts: tuple[str, ...] = ()
    needs: str = "sentences"
    bounds: tuple[float, float] = (-math.inf, math.inf)

    def present(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows that have anything to count."""
        if self.needs not in rows:
            return rows[:0]
        return rows[np.asarray(rows[self.needs], np.float64) > 0]

    def __call__(self, rows: pd.DataFrame) -> float | None:
        """The formula of the sums; None where it is not defined."""
        rows = self.present(rows)
        if len(rows) == 0:
            return None
        value = self.formula(*(float(np.asarray(rows[part], np.float64).sum()) for part in self.parts))
        return value if math.isfinite(value) else None

    def without(self, rows: pd.DataFrame, blocks: Ints) -> Floats:
        """The formula with each block left out, from block sums; NaN where nothing is left."""
        rows_kept = np.asarray(rows[self.needs], np.float64) > 0
        size = int(blocks.max()) + 1
        columns = [np.where(rows_kept, np.asarray(rows[name], np.float64), 0.0) for name in (*self.parts, self.needs)]
        left = [column.sum() - np.bincount(blocks, weights=column, minlength=size) for column in columns]
        return np.array([self.formula(*x) if rest > 0 else math.nan for *x, rest in zip(*left, strict=True)])
