"""Greedy matching of token embeddings by cosine similarity."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Array", "Embedded", "Matched", "match"]

Array = npt.NDArray[np.float32]
_ROWS = 1024


class Embedded(NamedTuple):
    """A text's token embeddings, shape (tokens, dimension), each of length 1, and the weight of each token, 0 or more.

    Special tokens are among them with the weight 0: they may be matched, but no score is taken of them.
    """

    vectors: Array
    weights: Array


class Matched(NamedTuple):
    """BERTScore's three numbers, -1..1 each, in practice 0..1."""

    precision: float
    recall: float
    f1: float


def match(answer: Embedded, reference: Embedded) -> Matched:
    """P = sum w(x) max_y cos(x, y) / sum w(x) over the answer's tokens x and the reference's y; R the other way round.

    F = 2PR / (P + R), 0 where P or R is not above 0. Without weighty tokens on either side all three are 0, as in the
    reference implementation.

    >>> x = Embedded(np.eye(2, dtype=np.float32), np.ones(2, np.float32))
    >>> match(x, Embedded(x.vectors[:1], x.weights[:1]))
    Matched(precision=0.5, recall=1.0, f1=0.6666666666666666)
    """
    if not answer.weights.sum() > 0 or not reference.weights.sum() > 0:
        return Matched(0.0, 0.0, 0.0)
    columns = np.full(len(reference.vectors), -1.0, dtype=np.float32)
    rows = []
    for start in range(0, len(answer.vectors), _ROWS):  # so that two long texts never need one large table
        table = np.clip(answer.vectors[start : start + _ROWS] @ reference.vectors.T, -1.0, 1.0)
        rows.append(table.max(axis=1))
        columns = np.maximum(columns, table.max(axis=0))
    precision, recall = _mean(np.concatenate(rows), answer.weights), _mean(columns, reference.weights)
    f1 = 2 * precision * recall / (precision + recall) if precision > 0 and recall > 0 else 0.0
    return Matched(precision, recall, f1)


def _mean(values: Array, weights: Array) -> float:
    return float(np.average(values.astype(np.float64), weights=weights.astype(np.float64)))
