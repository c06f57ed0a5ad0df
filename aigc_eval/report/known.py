"""Where any of many known values occur in a long text, in time that grows with the text and not with its repetitions.

A value is looked for by its first characters (a table of their hashes), then by the hash of all of it, which is the
difference of two sums (Rabin-Karp), then compared. A value of one repeated character occurs everywhere in a long run of
it: as many places are told as cover the same characters, and no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Known"]

_MULTIPLIER = np.uint32(0x01000193)
_SHIFT = np.uint32(12)
_BASE = 0x9E3779B97F4A7C15
_INVERSE = pow(_BASE, -1, 1 << 64)
_NOTHING = np.zeros(1, dtype=np.uint64)
_STEP = 1 << 20
"""Characters looked at at once."""
_STARTS = (8, 4, 2)
"""How many characters a value is looked for by: the first of these that it has."""

_Codes = npt.NDArray[np.uint32]
_Hashes = npt.NDArray[np.uint64]
_Places = npt.NDArray[np.int64]


class Known(NamedTuple):
    """Values of two characters and more; those of at least `whole` may stand for others that they cover."""

    values: frozenset[str] = frozenset()
    groups: tuple[_Group, ...] = ()
    whole: int = 1

    @classmethod
    def of(cls, values: Iterable[str], whole: int) -> Known:
        """These values."""
        known = frozenset(values)
        groups: dict[int, list[str]] = {}
        for value in known:
            groups.setdefault(next(n for n in _STARTS if len(value) >= n), []).append(value)
        return cls(known, tuple(_Group.of(own, n) for n, own in groups.items()), whole)

    def found(self, text: str) -> Iterator[tuple[int, str]]:
        """Places and the values there: all of the short ones, of the others enough to cover what all of them cover."""
        if not self.groups:
            return
        longest = max(max(group.hashes) for group in self.groups)
        step = max(_STEP, longest)
        for start in range(0, len(text), step):
            part = text[start : start + step + longest - 1]
            codes = _codes(part)
            sums = _Sums.of(codes)
            for group in self.groups:
                for place, length in self._in(part, sums, group, group.begin(codes[: step + group.n - 1])):
                    yield start + place, part[place : place + length]

    def _in(self, part: str, sums: _Sums, group: _Group, begin: _Places) -> Iterator[tuple[int, int]]:
        """Places and lengths, the longest first; what longer values cover is looked at no more."""
        covered = np.zeros(len(begin), dtype=np.int64)  # up to where, from each place
        for length, hashes in group.hashes.items():
            due = begin + length > covered
            begin, covered = begin[due], covered[due]
            places = self._told(part, sums.places(begin, length, hashes), length)
            yield from ((place, length) for place in places)
            if places and length >= self.whole:
                covered = np.maximum(covered, _reach(np.array(places), length, begin))

    def _told(self, part: str, places: _Places, length: int) -> list[int]:
        """The places to tell, of those with the hash of a value."""
        few = places
        if length >= self.whole and len(places):  # any two in a block overlap: its first and its last cover the others
            turns = np.flatnonzero(np.diff(places // max(1, length // 2)))
            few = places[np.unique(np.concatenate([[0, len(places) - 1], turns, turns + 1]))]
        sure = [p for p in few.tolist() if part[p : p + length] in self.values]
        if len(sure) < len(few):  # other texts with the same hash must not stand for values
            return [p for p in places.tolist() if part[p : p + length] in self.values]
        return sure


def _reach(places: _Places, length: int, begin: _Places) -> _Places:
    """Up to where the values at some places, each so long, cover a text without a gap, from each of other places on."""
    lasts = np.append(np.flatnonzero(np.diff(places) >= length), len(places) - 1)
    before = np.searchsorted(places, begin, side="right") - 1
    ends = places[lasts[np.searchsorted(lasts, before)]] + length
    return np.where((before >= 0) & (begin < ends), ends, 0)


class _Group(NamedTuple):
    """Values that are looked for by their first `n` characters.

    `starts` are hashes of those, `hashes` are of all characters, by length, the longest first.
    """

    n: int
    starts: _Codes
    hashes: Mapping[int, _Hashes]

    @classmethod
    def of(cls, values: Iterable[str], n: int) -> _Group:
        """Of values with at least n characters."""
        lengths: dict[int, list[str]] = {}
        for value in sorted(values, key=len, reverse=True):
            lengths.setdefault(len(value), []).append(value)
        codes = {length: _codes("".join(own)).reshape(-1, length) for length, own in lengths.items()}
        starts = np.concatenate([_grams(own[:, :n].ravel(), n)[::n] for own in codes.values()])
        hashes = {length: (own * _powers(_BASE, length)).sum(axis=1, dtype=np.uint64) for length, own in codes.items()}
        return cls(n, np.unique(starts), hashes)

    def begin(self, codes: _Codes) -> _Places:
        """Places whose n characters may start a value: no misses, few false ones."""
        if len(codes) < self.n:
            return np.zeros(0, dtype=np.int64)
        table = np.zeros(1 << 20, dtype=bool)
        table[self.starts] = True
        return np.flatnonzero(table[_grams(codes, self.n)])


def _codes(text: str) -> _Codes:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def _grams(codes: _Codes, n: int) -> _Codes:
    """Hash of the n characters from each place, shape (len - n + 1,), below 2**20."""
    hashed = codes[: len(codes) - n + 1].copy()
    for i in range(1, n):
        hashed *= _MULTIPLIER
        hashed ^= codes[i : len(codes) - n + 1 + i]
    hashed *= np.uint32(0x9E3779B1)
    return hashed >> _SHIFT


def _powers(base: int, count: int) -> _Hashes:
    """1, base, base**2 ... modulo 2**64."""
    powers = np.full(count, base, dtype=np.uint64)
    powers[:1] = 1
    return np.cumprod(powers, dtype=np.uint64)


class _Sums(NamedTuple):
    """Sums of code * base**place over the first 0, 1, 2 ... characters, modulo 2**64, and what undoes a place."""

    sums: _Hashes
    undo: _Hashes

    @classmethod
    def of(cls, codes: _Codes) -> _Sums:
        """Of these characters."""
        sums = np.cumsum(codes * _powers(_BASE, len(codes)), dtype=np.uint64)
        return cls(np.concatenate([_NOTHING, sums]), _powers(_INVERSE, len(codes)))

    def places(self, begin: _Places, length: int, hashes: _Hashes) -> _Places:
        """The places from which so many characters have one of these hashes: all equal texts, hardly any other."""
        begin = begin[begin + length < len(self.sums)]
        own = (self.sums[begin + length] - self.sums[begin]) * self.undo[begin]
        return begin[np.isin(own, hashes)]
