"""Longest common subsequences of one text with many, all at once in Python's integers.

A column of the dynamic programme is a bit vector V, a zero where the length grows; a token with the mask M of its
places turns V into (V + (V & M)) | (V & ~M), and the zeros are the length (Crochemore et al. 2001; Hyyrö 2004). Vectors
of many texts lie side by side in one integer, each with a spare bit that takes the carry, so that one addition moves
all of them on. Exact, and without a compiled extension.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aigc_eval.intervals import Ints

__all__ = ["Patterns", "lcs_lengths"]

FULL = 20_000
"""Bits of one integer: longer ones leave the processor's cache."""
_ONES = np.array([byte.bit_count() for byte in range(256)], dtype=np.int64)


class Patterns:
    """Texts to compare with; they grow one by one."""

    def __init__(self) -> None:
        self._masks: dict[int, int] = {}
        self._starts: list[int] = []
        self._bits = 0
        self._every = 0

    @property
    def full(self) -> bool:
        """Whether another text should go into new patterns."""
        return self._bits >= FULL

    def add(self, words: Sequence[int]) -> None:
        """Put one more text beside the others: whole bytes, one bit at least to spare."""
        masks, place = self._masks, 1 << self._bits
        for word in words:
            masks[word] = masks.get(word, 0) | place
            place <<= 1
        self._every |= place - (1 << self._bits)
        self._starts.append(self._bits // 8)
        self._bits += 8 * (len(words) // 8 + 1)

    def lengths(self, words: Sequence[int]) -> Ints:
        """Length of the longest common subsequence of a text with each of the patterns, shape (patterns,).

        >>> patterns = Patterns()
        >>> patterns.add([1, 2, 3]), patterns.add([9, 3, 9])
        (None, None)
        >>> patterns.lengths([1, 3, 2, 9]).tolist()
        [2, 2]
        """
        column, every, masks = self._every, self._every, self._masks
        for word in words:
            if word in masks:
                hit = column & masks[word]
                column = (column + hit | column ^ hit) & every
        grown = np.frombuffer((column ^ every).to_bytes(self._bits // 8, "little"), dtype=np.uint8)
        return np.add.reduceat(_ONES[grown], self._starts)


def lcs_lengths(texts: Sequence[Sequence[int]]) -> list[Ints]:
    """For each text the length of its longest common subsequence with every text before it.

    >>> [found.tolist() for found in lcs_lengths([[1, 2, 3], [1, 3], [3, 2]])]
    [[], [2], [1, 1]]
    """
    chunks: list[Patterns] = []
    found = []
    for words in texts:
        found.append(np.concatenate([np.zeros(0, np.int64), *(chunk.lengths(words) for chunk in chunks)]))
        if not chunks or chunks[-1].full:
            chunks.append(Patterns())
        chunks[-1].add(words)
    return found
