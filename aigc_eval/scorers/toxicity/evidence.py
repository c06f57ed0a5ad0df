"""Which characters of a window speak for its score."""

from __future__ import annotations

import re

import numpy as np

from aigc_eval.scorers.toxicity.features import substrings
from aigc_eval.scorers.toxicity.model import Model
from aigc_eval.text import HANZI

__all__ = ["evidence"]

_UNIT = re.compile(rf"[{HANZI}]|[^\W{HANZI}_]+(?:['’*][^\W{HANZI}_]+)*")
_SHARE = 0.4
"""A word counts as evidence from this share of the strongest word's contribution on; what exceeds twice the second
strongest is left out of account, so that one word does not put all others in its shade."""


def evidence(model: Model, window: str) -> list[tuple[int, int]]:
    """Ranges of the words (Latin) or characters (Han) that raise the window's sum most, in order, joined if adjacent.

    A feature's weight is shared out equally over its occurrences and their characters, so that the shares add up to
    the sum that was scored; a word's contribution is the mean over its characters.
    """
    found = substrings([window])
    _, feature, times = np.unique(found.bucket, return_inverse=True, return_counts=True)
    share = model.weights[found.bucket].astype(np.float64) / times[feature] / (found.end - found.start)
    change = np.zeros(len(window) + 3)
    np.add.at(change, found.start + 1, share)
    np.add.at(change, found.end + 1, -share)
    total = np.concatenate([[0.0], np.cumsum(np.cumsum(change)[1:-1])])
    units = [match.span() for match in _UNIT.finditer(window)] or [(0, len(window))]
    means = [(total[end] - total[start]) / (end - start) for start, end in units]
    first, second = [*sorted(means, reverse=True), max(means)][:2]
    least = _SHARE * (min(first, 2 * second) if second > 0 else first)
    marked = [unit for unit, mean in zip(units, means, strict=True) if mean >= max(least, 1e-9)]
    return _joined(marked, window) or [(units[0][0], units[-1][1])]


def _joined(ranges: list[tuple[int, int]], window: str) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start, end in ranges:
        if found and not window[found[-1][1] : start].strip():
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found
