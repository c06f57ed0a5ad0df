"""From a text to hashed features: the same arithmetic in training and at run time.

    canonical text -> windows -> substrings (character 1- to 5-grams, words, word pairs) -> buckets

A substring's hash is a polynomial over its code points modulo 2**64, read off prefix sums in constant time, so that a
whole batch is hashed by a few array operations. It depends on the characters alone: no seed, no locale, no process.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from aigc_eval.text import has_hanzi
from aigc_eval.windows import sentence_windows

__all__ = ["BUCKETS", "Substrings", "cut", "hashes", "substrings"]

Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]

_BITS = 20
BUCKETS = 1 << _BITS
"""Number of hashed features."""
WINDOW_LATIN, WINDOW_HANZI = 200, 100
"""Most characters of a window; a Han character says about as much as two or three Latin letters."""

_ORDERS = (1, 2, 3, 4, 5)
_MULTIPLIER = 0x9E3779B97F4A7C15
_INVERSE = pow(_MULTIPLIER, -1, 1 << 64)
_FINISH = np.uint64(0xD6E8FEB86659FD93)
_CHARS, _WORD, _PAIR = (np.uint64(salt) for salt in (0, 0x243F6A8885A308D3, 0x13198A2E03707345))
_LATIN_WORD = np.array([chr(c).isalnum() or chr(c) in "'’" for c in range(0x250)] + [False])


class Substrings(NamedTuple):
    """The features of a batch of windows: one row a substring.

    `bucket`, `window`: shape (n,), the feature and the window it is in. `start`, `end`: shape (n,), its characters in
    that window (half-open); each window is padded with one space at either side, so start may be -1 and end one past
    the window. `total`: shape (windows,), substrings of each window.
    """

    bucket: Ints
    window: Ints
    start: Ints
    end: Ints

    def distinct(self) -> tuple[Ints, Ints]:
        """Window and bucket of each feature, once a window however often it occurs there, ordered by both."""
        keys = np.sort(self.window * BUCKETS + self.bucket)
        first = np.ones(len(keys), dtype=np.bool_)
        np.not_equal(keys[1:], keys[:-1], out=first[1:])
        return np.divmod(keys[first], BUCKETS)


def cut(text: str) -> list[tuple[int, int]]:
    """Windows of a canonical text: whole sentences, up to 200 characters, or 100 where Han characters occur."""
    return sentence_windows(text, WINDOW_HANZI if has_hanzi(text) else WINDOW_LATIN)


def substrings(windows: Sequence[str]) -> Substrings:
    """Every substring that is a feature, ordered by kind and then by place.

    >>> found = substrings(["a b"])
    >>> len(found.bucket) == 5 + 4 + 3 + 2 + 1 + 2 + 1  # " a b " in 1- to 5-grams, two words, one pair
    True
    """
    padded = [f" {window} " for window in windows]
    sizes = np.array([len(p) for p in padded], dtype=np.int64)
    codes = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    window_of = np.repeat(np.arange(len(padded)), sizes)
    spans = [*_grams(window_of), *_words(codes, window_of)]
    starts, ends = (np.concatenate([span[i] for span in spans]) for i in (0, 1))
    salts = np.concatenate([np.full(len(start), salt) for start, _, salt in spans])
    window = window_of[starts]
    base = (np.cumsum(sizes) - sizes)[window] + 1
    return Substrings(_buckets(codes, starts, ends, salts), window, starts - base, ends - base)


def _grams(window_of: Ints) -> list[tuple[Ints, Ints, np.uint64]]:
    found = []
    for order in _ORDERS:
        inside = window_of[: max(0, len(window_of) - order + 1)] == window_of[order - 1 :]
        starts = np.flatnonzero(inside)
        found.append((starts, starts + order, _CHARS))
    return found


def _words(codes: npt.NDArray[np.uint32], window_of: Ints) -> list[tuple[Ints, Ints, np.uint64]]:
    """Words of Latin letters and digits, and pairs of neighbouring words at most two characters apart."""
    inside = _LATIN_WORD[np.minimum(codes, len(_LATIN_WORD) - 1)]
    edges = np.diff(inside.astype(np.int8), prepend=0, append=0)
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    near = (starts[1:] - ends[:-1] <= 2) & (window_of[starts[1:]] == window_of[starts[:-1]])
    return [(starts, ends, _WORD), (starts[:-1][near], ends[1:][near], _PAIR)]


def _powers(base: int, n: int) -> Hashes:
    factors = np.full(n, base, dtype=np.uint64)
    factors[:1] = 1
    return np.cumprod(factors, dtype=np.uint64)


def hashes(codes: npt.NDArray[np.uint32], starts: Ints, ends: Ints, salts: Hashes | np.uint64) -> Hashes:
    """Hash of each substring: sum over t of (code[start + t] + 1) * INVERSE**t modulo 2**64, mixed."""
    terms = (codes.astype(np.uint64) + np.uint64(1)) * _powers(_INVERSE, len(codes))
    prefix = np.concatenate([np.zeros(1, np.uint64), np.cumsum(terms, dtype=np.uint64)])
    mixed = (prefix[ends] - prefix[starts]) * _powers(_MULTIPLIER, len(codes))[starts] ^ salts
    return np.asarray((mixed ^ (mixed >> np.uint64(32))) * _FINISH)


def _buckets(codes: npt.NDArray[np.uint32], starts: Ints, ends: Ints, salts: Hashes) -> Ints:
    """Bucket of each substring: the top bits of its hash."""
    return np.asarray(hashes(codes, starts, ends, salts) >> np.uint64(64 - _BITS), dtype=np.int64)
