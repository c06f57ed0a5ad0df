"""How much of a text says again what it said before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from aigc_eval.text import ngrams

__all__ = ["Repeat", "judged", "longest_repeat", "rep_n"]


class Repeat(NamedTuple):
    """The longest passage that a text holds twice: characters `first` and `second` (start), and its length."""

    first: int
    second: int
    length: int


def judged(items: Sequence[str], text: str) -> bool:
    """Whether a text is long enough for its repetition to be a fault: "ha ha ha" is none."""
    return len(items) >= 24 or len(text) >= 200


def rep_n(items: Sequence[str], n: int = 4) -> float | None:
    """Share of n-grams that occurred before: 1 - distinct n-grams / n-grams; 0..1, lower is better.

    None where there are fewer than n items. Welleck et al. 2020, "Neural Text Generation with Unlikelihood Training"
    (seq-rep-n).

    >>> rep_n("a b c d a b c d a b c d".split())
    0.5555555555555556
    """
    grams = ngrams(items, n)
    return 1.0 - len(set(grams)) / len(grams) if grams else None


def longest_repeat(text: str) -> Repeat | None:
    """The longest passage that starts at two places (they may overlap, so a loop counts in full); None without any.

    Exact, by doubling: the rank of every passage of 1, 2, 4, ... characters among its kind, then the longest length
    is put together from these powers of two. Time O(n log n log length): 1 s for a megabyte,
    2 ms for a page.

    >>> longest_repeat("blah blah blah!")
    Repeat(first=0, second=5, length=9)
    """
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    ranks = [_ranked(points.astype(np.int64))]
    while len(ranks[-1]) and ranks[-1].max() + 1 < len(ranks[-1]):
        width = 1 << (len(ranks) - 1)
        if len(ranks[-1]) <= width:
            break
        ranks.append(_pairs(ranks[-1][:-width], ranks[-1][width:]))
    if ranks[0].max(initial=-1) + 1 == len(points):
        return None
    length, current = 0, np.zeros(len(points) + 1, dtype=np.int64)
    for level in range(len(ranks) - 1, -1, -1):
        after = ranks[level][length:]
        if len(after) == 0:
            continue
        longer = _pairs(current[: len(after)], after)
        if longer.max() + 1 < len(longer):
            length, current = length + (1 << level), longer
    order = np.argsort(current, kind="stable")
    again = np.flatnonzero(current[order][1:] == current[order][:-1])
    at = int(again[np.argmin(order[again])])
    return Repeat(int(order[at]), int(order[at + 1]), length)


def _ranked(keys: np.ndarray[tuple[int], np.dtype[np.int64]]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.unique(keys, return_inverse=True)[1].astype(np.int64)


def _pairs(
    left: np.ndarray[tuple[int], np.dtype[np.int64]], right: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Rank of each pair among the pairs."""
    return _ranked(left * (int(right.max()) + 1) + right)
