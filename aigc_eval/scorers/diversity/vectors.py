"""Embeddings of the answers as a matrix, and their mean cosine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from aigc_eval.intervals import Floats, Ints
from aigc_eval.scorers.diversity.base import SetMetric, divide

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MeanCosine", "VectorMetric", "Vectors", "vectors_of"]


@dataclass(frozen=True, eq=False)
class Vectors:
    """Unit vectors, shape (texts, d), with the group and the frame's row of each."""

    matrix: Floats
    groups: Ints
    rows: Ints

    @cached_property
    def sizes(self) -> Ints:
        """Texts in each group."""
        return np.bincount(self.groups).astype(np.int64)


class _Column:
    """Tuples as a key by identity: quick to compare, and safe, since it keeps them alive."""

    def __init__(self, values: Sequence[tuple[float, ...]]) -> None:
        self.values = values
        self._ids = tuple(map(id, values))

    def __hash__(self) -> int:
        return hash(self._ids)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Column) and self._ids == other._ids


@lru_cache(maxsize=2)
def _vectors(column: _Column, rows: tuple[int, ...], groups: tuple[int, ...]) -> Vectors:
    matrix = np.array(column.values, dtype=np.float64) if column.values else np.zeros((0, 1))
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    return Vectors(matrix / lengths, np.array(groups, dtype=np.int64), np.array(rows, dtype=np.int64))


def vectors_of(rows: pd.DataFrame, by_prompt: bool) -> Vectors:
    """The vectors of the rows that have one and, where there is a budget, stand in the comparison."""
    import pandas as pd

    column = rows["vector"].tolist() if "vector" in rows else [()] * len(rows)
    budget = rows["budget"].tolist() if "budget" in rows else [1] * len(rows)
    kept = [i for i, (v, tokens) in enumerate(zip(column, budget, strict=True)) if tokens > 0 and any(v)]
    groups = pd.factorize(rows["prompt"].iloc[kept])[0].tolist() if by_prompt else [0] * len(kept)
    return _vectors(_Column([column[i] for i in kept]), tuple(kept), tuple(groups))


@dataclass(frozen=True)
class VectorMetric(SetMetric[Vectors]):
    """A set metric of embeddings, those of whole answers: `align` only sees to it that the draws are the same."""

    def present(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Only the rows with a vector."""
        return rows[rows["vector"].map(any)] if "vector" in rows else rows[:0]

    def material(self, rows: pd.DataFrame) -> Vectors:
        """The vectors."""
        return vectors_of(rows, self.by_prompt)


def _sums(matrix: Floats, index: Ints, size: int) -> Floats:
    """Sums of the rows that have the same index, shape (size, d)."""
    order = np.argsort(index, kind="stable")
    found = np.zeros((size, matrix.shape[1]))
    starts = np.flatnonzero(np.diff(index[order], prepend=-1))
    if len(starts):
        found[index[order][starts]] = np.add.reduceat(matrix[order], starts, axis=0)
    return found


@dataclass(frozen=True)
class MeanCosine(VectorMetric):
    """Mean cosine of all pairs of embeddings, -1..1, lower is more diverse.

    Of n unit vectors v it is (|sum v|^2 - n) / (n (n - 1)): exact, without looking at a pair. Shaib et al. 2024.

    >>> import pandas as pd
    >>> rows = pd.DataFrame({"prompt": list("pqr"), "vector": [(1.0, 0.0), (1.0, 0.0), (0.0, 1.0)]})
    >>> round(MeanCosine("homogenization_cosine")(rows), 6)   # pairs 1, 0 and 0
    0.333333
    """

    bounds: tuple[float, float] = (-1.0, 1.0)

    def of_groups(self, texts: Vectors) -> Floats:
        """The mean of each group; NaN for groups of one."""
        return _mean_cosine(_sums(texts.matrix, texts.groups, len(texts.sizes)), texts.sizes)

    def left_out(self, texts: Vectors, blocks: Ints, count: int) -> Floats:
        """From the sum without the block's own."""
        sums, counts = _sums(texts.matrix, blocks, count), np.bincount(blocks, minlength=count)
        return _mean_cosine(sums.sum(axis=0) - sums, counts.sum() - counts)


def _mean_cosine(sums: Floats, counts: Ints) -> Floats:
    found = divide((sums**2).sum(axis=1) - counts, counts * (counts - 1))
    return np.clip(found, -1.0, 1.0)
