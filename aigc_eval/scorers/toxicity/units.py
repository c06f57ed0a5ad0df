"""From a text to a row of units with hashed features, in order: what the encoder reads.

    canonical text -> units (a Han character, a word, a sign) -> features of each unit -> buckets

Features: of a Han character, itself and the pair that it begins; of a word, itself and its 3- and 4-grams with a blank
at either end, so that a misspelt word still has most of its features; of a sign, itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from aigc_eval.scorers.toxicity.features import hashes

__all__ = ["ROWS", "Units", "units"]

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint32]

_BITS = 17
ROWS = 1 << _BITS
"""Rows of the table of embeddings."""
MOST = 128
"""Units of a window that are read; a window of whole sentences seldom has more."""
_ONE, _TWO, _WORD, _PART = (np.uint64(salt) for salt in (1, 2, 0x243F6A8885A308D3, 0x452821E638D01377))
_BLANK = np.uint32(32)


class Units(NamedTuple):
    """Units of a batch of windows. `window`: shape (u,), the window each unit is in, ascending; `feature`: shape (f,),
    rows of the table, those of one unit side by side; `start`: shape (u,), where a unit's features begin (each has one
    at least).
    """

    window: Ints
    feature: Ints
    start: Ints


def units(windows: Sequence[str]) -> Units:
    """The first `MOST` units of each window.

    >>> found = units(["你好 ab", ""])
    >>> found.window.tolist(), np.diff([*found.start, len(found.feature)]).tolist()
    ([0, 0, 0], [2, 1, 4])
    """
    sizes = np.array([len(w) + 2 for w in windows], dtype=np.int64)
    text = "".join(f" {w} " for w in windows)
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    window_of = np.repeat(np.arange(len(windows)), sizes)
    kinds = _kinds(codes)
    word = kinds == 2
    first = (kinds == 1) | (kinds == 3) | (word & ~np.concatenate([[False], word[:-1]]))
    start = np.flatnonzero(first)
    rank = np.arange(len(start)) - np.searchsorted(window_of[start], window_of[start])
    start = start[rank < MOST]
    return Units(window_of[start], *_features(codes, kinds, start))


def _kinds(codes: Codes) -> npt.NDArray[np.int8]:
    """0 blank, 1 Han character, 2 part of a word, 3 sign."""
    table = _table()
    return np.asarray(table[np.minimum(codes, len(table) - 1)])


@cache
def _table() -> npt.NDArray[np.int8]:
    plain = [0 if chr(c).isspace() else 2 if chr(c).isalnum() or chr(c) in "'’" else 3 for c in range(0x3000)]
    table = np.full(0x10001, 2, dtype=np.int8)
    table[:0x3000] = plain
    for start, end, kind in _BLOCKS:
        table[start:end] = kind
    return table


_BLOCKS = (
    (0x3000, 0x3040, 3),
    (0x3400, 0xA000, 1),
    (0xD800, 0xF900, 3),
    (0xF900, 0xFB00, 1),
    (0xFE00, 0xFFFF, 3),
    (0x10000, 0x10001, 3),
)
"""Punctuation, Han characters, surrogates and private use, compatibility Han, forms; all beyond the first plane."""


def _features(codes: Codes, kinds: npt.NDArray[np.int8], start: Ints) -> tuple[Ints, Ints]:
    kind = kinds[start]
    edges = np.flatnonzero(np.diff((kinds == 2).astype(np.int8), append=0) == -1)
    word, han = np.flatnonzero(kind == 2), np.flatnonzero(kind == 1)
    begin = start[word]
    end = edges[np.searchsorted(edges, begin)] + 1
    pair = han[kinds[start[han] + 1] == 1]
    single = np.flatnonzero(kind != 2)
    plain = np.where(kinds == 2, codes, _BLANK)
    parts = [_grams(word, begin, end, order) for order in (3, 4)]
    found = [
        (single, hashes(codes, start[single], start[single] + 1, _ONE)),
        (pair, hashes(codes, start[pair], start[pair] + 2, _TWO)),
        (word, hashes(codes, begin, end, _WORD)),
        *((unit, hashes(plain, a, b, _PART)) for unit, a, b in parts),
    ]
    unit = np.concatenate([u for u, _ in found])
    order = np.argsort(unit, kind="stable")
    bucket = np.concatenate([h for _, h in found])[order] >> np.uint64(64 - _BITS)
    return bucket.astype(np.int64), np.searchsorted(unit[order], np.arange(len(start)))


def _grams(unit: Ints, begin: Ints, end: Ints, order: int) -> tuple[Ints, Ints, Ints]:
    """Unit, start and end of each n-gram of the words, a blank at either end counted in; at most 16 a word."""
    count = np.clip(end - begin + 3 - order, 0, 16)
    place = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    at = np.repeat(begin - 1, count) + place
    return np.repeat(unit, count), at, at + order
