"""Vendi score: how many different texts a set amounts to, by embeddings or by the n-grams they share."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from aigc_eval.intervals import Floats, Ints
from aigc_eval.scorers.diversity.base import LexicalMetric, Sets, totals
from aigc_eval.scorers.diversity.corpus import Corpus
from aigc_eval.scorers.diversity.vectors import VectorMetric, Vectors

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["LARGEST", "SEED", "Vendi", "VendiNgrams", "effective_number", "similarities"]

LARGEST = 1000
"""Most rows of a matrix whose eigenvalues are computed: the cost is their cube, once a block."""
SEED = 20_230_101
DIGITS = 12
"""Significant digits that are kept: eigenvalues differ after the 15th with the number of threads and the library, and a
run that is computed again must give the same bytes."""


def effective_number(eigenvalues: Floats, order: float = 1.0) -> float:
    """Hill number of eigenvalues of a similarity matrix over n: exp(-sum p ln p), or (sum p^q)^(1/(1-q)) of order q.

    Values below rounding error (negative ones, too) are zero; the rest is made to sum to one.

    >>> round(effective_number(np.array([0.75, 0.25])), 6), round(effective_number(np.array([0.75, 0.25]), 2), 6)
    (1.754765, 1.6)
    >>> effective_number(np.array([0.5, 0.5, -1e-18])), effective_number(np.array([0.5, 0.25, 0.25]), math.inf)
    (2.0, 2.0)
    """
    noise = eigenvalues.max(initial=0.0) * len(eigenvalues) * np.finfo(np.float64).eps
    p = eigenvalues[eigenvalues > noise]
    p = p / p.sum()
    if math.isinf(order):
        found = 1 / p.max()
    elif order == 1:
        found = np.exp(-(p * np.log(p)).sum())
    else:
        found = (p**order).sum() ** (1 / (1 - order))
    return float(f"{found:.{DIGITS}g}")


def _of(square: Floats, count: int, order: float) -> float:
    return effective_number(np.linalg.eigvalsh(square) / count, order) if count else math.nan


def _without(square: Floats, blocks: Ints, count: int, order: float) -> Floats:
    """Vendi of the similarities (n x n) that remain without each block."""
    rests = (np.flatnonzero(blocks != j) for j in range(count))
    return np.array([_of(square[np.ix_(rest, rest)], len(rest), order) for rest in rests])


def _sample(texts: Sets) -> Ints:
    """The texts that count: all of a group, or `LARGEST` of them drawn with a fixed seed."""
    if texts.sizes.max(initial=0) <= LARGEST:
        return np.arange(len(texts.groups))
    shuffled = np.random.default_rng(SEED).permutation(len(texts.groups))
    shuffled = shuffled[np.argsort(texts.groups[shuffled], kind="stable")]
    place = np.arange(len(shuffled)) - np.repeat(np.cumsum(texts.sizes) - texts.sizes, texts.sizes)
    return np.sort(shuffled[place < LARGEST])


@dataclass(frozen=True)
class Vendi(VectorMetric):
    """Vendi score of the embeddings: from 1 (all the same) to the number of texts (all orthogonal), higher.

    exp(-sum l ln l) over the eigenvalues l of K / n, K the cosines of n texts; of another `order` q
    (sum l^q)^(1/(1-q)), where a high q counts frequent kinds more and infinity only the most frequent one. K / n has
    the same non-zero eigenvalues as X^T X / n of the n x d embeddings X, and the smaller of the two is used; where both
    are above 1,000, that of 1,000 texts drawn with a fixed seed. It grows with n: compare sets of one size.
    Friedman & Dieng 2023; Pasarkar & Dieng 2024 for q.

    >>> import pandas as pd
    >>> rows = pd.DataFrame({"prompt": list("pq"), "vector": [(1.0, 0.0), (0.5, 0.75**0.5)]})   # K = [[1, .5], [.5, 1]]
    >>> round(Vendi("vendi")(rows), 6), round(Vendi("vendi", order=2)(rows), 6)
    (1.754765, 1.6)
    """

    order: float = 1.0
    bounds: tuple[float, float] = (1.0, math.inf)

    def of_groups(self, texts: Vectors) -> Floats:
        """The score of each group."""
        kept = self._kept(texts)
        matrix, groups = texts.matrix[kept], texts.groups[kept]
        members = np.split(np.argsort(groups, kind="stable"), np.cumsum(np.bincount(groups))[:-1])
        return np.array([_of(_smaller(matrix[own]), len(own), self.order) for own in members if len(own)])

    def left_out(self, texts: Vectors, blocks: Ints, count: int) -> Floats:
        """From K without the block's rows, or from X^T X less the block's own."""
        kept = self._kept(texts)
        matrix, blocks = texts.matrix[kept], blocks[kept]
        if len(matrix) <= matrix.shape[1]:
            return _without(matrix @ matrix.T, blocks, count, self.order)
        full = matrix.T @ matrix
        own = (matrix[blocks == j] for j in range(count))
        return np.array([_of(full - x.T @ x, len(matrix) - len(x), self.order) for x in own])

    def _kept(self, texts: Vectors) -> Ints:
        return np.arange(len(texts.groups)) if texts.matrix.shape[1] <= LARGEST else _sample(texts)


def _smaller(matrix: Floats) -> Floats:
    return matrix @ matrix.T if len(matrix) <= matrix.shape[1] else matrix.T @ matrix


@dataclass(frozen=True)
class VendiNgrams(LexicalMetric):
    """Vendi score of the n-grams that texts share, without a model: 1 (all the same) to the number of texts, higher.

    The similarity of two texts is the mean of the cosines of their counts of words and of pairs of words; a text of one
    word has no pairs, and its words stand for both. Of more than 1,000 texts, 1,000 drawn with a fixed seed: it grows
    with their number. The interval is a jackknife over 20 blocks, as each costs the eigenvalues of the rest.
    Friedman & Dieng 2023, whose package has the same kernel; `order` as in `Vendi`.

    >>> import pandas as pd
    >>> rows = pd.DataFrame({"prompt": list("pqrs"), "text": ["a b c", "a b c", "x y z", "x y z"]})
    >>> round(VendiNgrams("vendi_ngrams")(rows), 6)
    2.0
    """

    most_blocks: ClassVar[int] = 20

    order: float = 1.0
    bounds: tuple[float, float] = (1.0, math.inf)

    def of_groups(self, texts: Corpus) -> Floats:
        """The score of each group."""
        kept, square = _kernel(texts)
        squares = _diagonal_blocks(square, np.bincount(texts.groups[kept]))
        return np.array([_of(own, len(own), self.order) for own in squares])

    def left_out(self, texts: Corpus, blocks: Ints, count: int) -> Floats:
        """From the similarities without the block's rows."""
        kept, square = _kernel(texts)
        return _without(square.toarray(), blocks[kept], count, self.order)


@lru_cache(maxsize=1)
def _kernel(texts: Corpus) -> tuple[Ints, csr_array]:
    """The texts that count, group by group, and their similarities."""
    kept = _sample(texts)
    kept = kept[np.argsort(texts.groups[kept], kind="stable")]
    return kept, similarities(texts, kept)


def similarities(texts: Corpus, kept: Ints) -> csr_array:
    """Mean cosine of words and of pairs of words of the kept texts, sparse: groups have nothing in common.

    >>> from aigc_eval.scorers.diversity.corpus import corpus
    >>> similarities(corpus(["a b", "a c", "a"]), np.arange(3)).toarray().round(3).tolist()
    [[1.0, 0.25, 0.5], [0.25, 1.0, 0.5], [0.5, 0.5, 1.0]]
    """
    from scipy.sparse import csr_array, hstack

    has_pairs = texts.lengths > 1
    features = hstack([_rows(texts, 1, np.where(has_pairs, 0.5, 1.0)), _rows(texts, 2, np.where(has_pairs, 0.5, 0.0))])
    own = csr_array(features)[kept]
    return csr_array(own @ own.T)


def _rows(texts: Corpus, n: int, weights: Floats) -> csr_array:
    """Counts of each text's n-grams, scaled to a squared length of its weight."""
    from scipy.sparse import csr_array

    grams = texts.grams(n)
    kinds = max(grams.kinds, 1)
    keys, counts = np.unique(grams.texts * np.int64(kinds) + grams.ids, return_counts=True)
    text, gram = np.divmod(keys, kinds)
    lengths = np.sqrt(totals(text, counts**2, len(texts.lengths)))
    return csr_array(
        (counts * (np.sqrt(weights) / np.maximum(lengths, 1.0))[text], (text, gram)), (len(lengths), kinds)
    )


def _diagonal_blocks(square: csr_array, sizes: Ints) -> Iterator[Floats]:
    """The dense blocks of a block-diagonal matrix."""
    owner = np.repeat(np.arange(len(sizes)), sizes)
    begin, offset = np.cumsum(sizes) - sizes, np.cumsum(sizes**2) - sizes**2
    flat, found = np.zeros(int((sizes**2).sum())), square.tocoo()
    row, column = found.coords
    group = owner[row]
    flat[offset[group] + (row - begin[group]) * sizes[group] + column - begin[group]] = found.data
    for size, start in zip(sizes.tolist(), offset.tolist(), strict=True):
        yield flat[start : start + size * size].reshape(size, size)
