"""The threshold that would have been best on some examples."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from aigc_eval.errors import UsageError
from aigc_eval.intervals import Floats
from aigc_eval.validation.measures import Bools, Confusion, cuts, tally

__all__ = ["CRITERIA", "Best", "best_threshold", "check_criterion"]

CRITERIA = ("macro_f1", "youden", "recall@P")
_AT = re.compile(r"recall@(0?\.\d+|0|1|1\.0+)")


class Best(NamedTuple):
    """A threshold and what it reached where it was chosen."""

    threshold: float
    reached: float


def check_criterion(by: str) -> str:
    """`by`, if it is a criterion: macro_f1, youden, or recall@P with a precision P; else UsageError."""
    if by not in CRITERIA[:2] and not _AT.fullmatch(by):
        raise UsageError(
            f"--best {by!r:.40} is none; write macro_f1, youden, or recall@0.9 for the most recall at 90 %"
        )
    return by


def best_threshold(labels: Bools, scores: Floats, by: str, near: float) -> Best | None:
    """The threshold with the largest macro-F1, Youden index, or recall at a precision of P or more (`recall@P`).

    Every distinct score is tried. Of several that are as good, the one nearest to `near` is taken, so that nothing
    moves without need; it is the roundest number that parts the same examples. None without both kinds of labels, and
    where no threshold has the precision.
    """
    if labels.all() or not labels.any():
        return None
    whole, _ = tally(labels, scores)
    reached = np.asarray(_criterion(by)(cuts(whole)), np.float64)
    reached = np.where(np.isfinite(reached), reached, -math.inf)
    most = float(reached.max())
    if most == -math.inf:
        return None
    below = np.concatenate([[-math.inf], whole.scores[:-1]])
    good = np.flatnonzero(reached >= most - 1e-12)
    # A threshold parts the same examples anywhere above the score below it, up to its own.
    away = np.maximum(0.0, np.maximum(below[good] - near, near - whole.scores[good]))
    at = int(good[np.argmin(away)])
    low, high = float(below[at]), float(whole.scores[at])
    return Best(near if low < near <= high else _roundest(low, high), most)


def _criterion(by: str) -> Callable[[Confusion], Floats]:
    if by == "macro_f1":
        return lambda c: c.macro_f1
    if by == "youden":
        return lambda c: c.youden
    least = float(by.partition("@")[2])
    return lambda c: np.where(c.precision >= least, c.recall, math.nan)


def _roundest(low: float, high: float) -> float:
    """The number with the fewest decimals above `low`, up to `high`, as near to their middle as those allow.

    >>> _roundest(0.4131, 0.4279), _roundest(-math.inf, 0.25)
    (0.42, 0.25)
    """
    if low == -math.inf:
        return high
    for digits in range(1, 16):
        found = round((low + high) / 2, digits)
        if low < found <= high:
            return found
    return high
