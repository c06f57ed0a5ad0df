"""Exact comparison of two sequences, a column of the dynamic programme at a time in the bits of Python's integers."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence

__all__ = ["edit_distances", "lcs"]


def lcs(a: Sequence[Hashable], b: Sequence[Hashable]) -> int:
    """Length of the longest common subsequence: min(n, m) steps on integers of max(n, m) bits, memory O(n + m).

    Hyyrö 2004, "Bit-parallel LCS-length computation revisited".

    >>> lcs("abcbdab", "bdcaba"), lcs("the cat sat".split(), "the dog sat".split())
    (4, 2)
    """
    if len(a) < len(b):
        a, b = b, a
    places: dict[Hashable, int] = {}
    wanted = set(b)
    for at, item in enumerate(a):
        if item in wanted:
            places[item] = places.get(item, 0) | 1 << at
    everything = (1 << len(a)) - 1
    zeros = everything
    for item in b:
        hit = zeros & places.get(item, 0)
        zeros = ((zeros + hit) | (zeros - hit)) & everything
    return len(a) - zeros.bit_count()


def edit_distances(pattern: Sequence[Hashable], items: Iterable[Hashable], *, anchored: bool) -> Iterator[int]:
    """After each item, the fewest insertions, deletions and substitutions that turn the pattern into what ends there.

    Anchored, that is all items so far; else whatever stretch of them that ends with this one fits best. The pattern is
    not empty. Myers 1999; Hyyrö 2003.

    >>> list(edit_distances("abc", "xabd", anchored=False)), list(edit_distances("abc", "abc", anchored=True))
    ([3, 2, 1, 1], [2, 1, 0])
    """
    places: dict[Hashable, int] = {}
    for i, item in enumerate(pattern):
        places[item] = places.get(item, 0) | 1 << i
    full, top = (1 << len(pattern)) - 1, 1 << (len(pattern) - 1)
    plus, minus, distance = full, 0, len(pattern)
    for item in items:
        equal = places.get(item, 0)
        vertical = equal | minus
        horizontal = (((equal & plus) + plus) ^ plus) | equal
        up, down = minus | ~(horizontal | plus) & full, plus & horizontal
        distance += 1 if up & top else -1 if down & top else 0
        up = (up << 1 | anchored) & full
        plus, minus = down << 1 & full | ~(vertical | up) & full, up & vertical
        yield distance
