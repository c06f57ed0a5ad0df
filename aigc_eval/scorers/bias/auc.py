"""Area under the ROC curve with ties, and with each block of rows left out, exactly and in one pass."""

from __future__ import annotations

import math

import numpy as np

from aigc_eval.intervals import Floats, Ints

__all__ = ["auc", "power_mean"]

Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]


def auc(scores: Floats, positive: Mask, blocks: Ints | None = None) -> Floats:
    """P(score of a positive > score of a negative) + half P(equal), then the same without each block.

    Shape (1 + J,), J the blocks (none without `blocks`); NaN where a class is missing. The pairs lost with a block are
    those of its positives, and of its negatives, less those of both (Mann & Whitney 1947).

    >>> auc(np.array([0.1, 0.4, 0.4, 0.8]), np.array([False, False, True, True])).tolist()
    [0.875]
    """
    codes = np.zeros(len(scores), dtype=np.int64) if blocks is None else blocks
    count = 0 if blocks is None else int(blocks.max(initial=-1)) + 1
    up, down = scores[positive], scores[~positive]
    up_codes, down_codes = codes[positive], codes[~positive]
    won, lost = _beaten(up, np.sort(down)), len(up) - _beaten(down, np.sort(up))
    pairs = np.empty(1 + count)
    wins = np.empty(1 + count)
    wins[0], pairs[0] = won.sum(), len(up) * len(down)
    for j in range(count):
        mine, theirs = up_codes == j, down_codes == j
        both = _beaten(up[mine], np.sort(down[theirs])).sum()
        wins[1 + j] = wins[0] - won[mine].sum() - lost[theirs].sum() + both
        pairs[1 + j] = (len(up) - mine.sum()) * (len(down) - theirs.sum())
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(pairs > 0, wins / pairs, math.nan)


def _beaten(scores: Floats, others: Floats) -> Floats:
    """For each score how many of the others (ascending) are smaller, equal ones counting half."""
    below, upto = (np.searchsorted(others, scores, side=side) for side in ("left", "right"))
    return np.asarray((below + upto) / 2, dtype=np.float64)


def power_mean(values: Floats, power: float = -5.0) -> Floats:
    """(mean of x^p)^(1/p) down the first axis, 0 where any is 0: at p = -5 the lowest values weigh most.

    >>> round(float(power_mean(np.array([0.9, 0.9, 0.6]))), 6)
    0.713295
    """
    with np.errstate(divide="ignore"):
        return np.asarray(np.mean(values**power, axis=0) ** (1 / power))
