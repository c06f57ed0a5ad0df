"""A suffix array of words: for every word of an answer, the longest run from there that stands in the texts.

Exact: nothing is hashed. Memory: 8 bytes a word and the vocabulary. Building sorts, so it takes O(n log n) for n words,
times the logarithm of the longest passage that the texts repeat; a look-up takes O(m log n) for m words of answer.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from aigc_eval.intervals import Ints

__all__ = ["Index", "Level", "Matches"]

Ids = npt.NDArray[np.int32]
_DEPTH = 32


class Level(NamedTuple):
    """Places of an answer from which a run of a certain length stands in the texts, and its part of the order."""

    places: Ints
    low: Ints
    high: Ints


class Matches(NamedTuple):
    """`lengths[i]`: words of the longest run from word i on that stands in the texts; the levels asked for."""

    lengths: Ints
    levels: Mapping[int, Level]

    def runs(self) -> list[tuple[int, int]]:
        """The maximal runs, half-open: none can be longer at either end, none lies in another."""
        ends = np.arange(len(self.lengths)) + self.lengths
        reached = np.concatenate(([0], ends[:-1]))
        starts = np.flatnonzero((ends > reached) & (self.lengths > 0))
        return list(zip(starts.tolist(), ends[starts].tolist(), strict=True))


def _suffix_order(text: Ids) -> Ids:
    """Start of each suffix, in ascending order; every 0 is a border, different from all others and below all words.

    Prefix doubling (Manber & Myers 1993) that sorts only what is still tied (Larsson & Sadakane 2007).
    """
    size = len(text)
    keys, reach = _first_keys(text)
    order = np.argsort(keys).astype(np.int32)
    keys, slots, rank = keys[order], np.arange(size, dtype=np.int32), np.empty(size, dtype=np.int32)
    while True:
        new = np.concatenate(([True], keys[1:] != keys[:-1]))
        heads = np.flatnonzero(new)
        rank[order[slots]] = np.repeat(slots[heads], np.diff(np.append(heads, len(slots))))
        slots = slots[~(new & np.append(new[1:], True))]
        if not len(slots):
            return order
        tied = order[slots]  # tied suffixes share `reach` words and no border, so none of them ends within reach
        keys = rank[tied].astype(np.int64) * size + rank[tied + reach]
        by_key = np.argsort(keys)
        order[slots], keys, reach = tied[by_key], keys[by_key], reach * 2


def _first_keys(text: Ids) -> tuple[Ints, int]:
    """The first few words of each suffix in one number, and how many words those are."""
    borders = np.cumsum(text == 0, dtype=np.int32)
    own = np.where(text == 0, borders - 1, text + (borders[-1] - 1))
    bits = int(own.max()).bit_length() or 1
    keys, many = own.astype(np.int64), 62 // bits
    for i in range(1, many):
        keys <<= bits
        keys[:-i] |= own[i:]
    return keys, many


@dataclass(frozen=True, eq=False)
class Index:
    """Texts as word numbers, each text ended by 0, and their suffixes in order.

    >>> index = Index.of([["a b c d".split()], ["b c x".split()]])
    >>> index.matches(index.ids("y b c d b".split())).lengths.tolist()
    [0, 3, 2, 1, 1]
    """

    vocabulary: Mapping[str, int]
    text: Ids
    order: Ids
    buckets: Ints
    borders: Ints

    @classmethod
    def of(cls, documents: Iterable[Iterable[Sequence[str]]]) -> Index:
        """Built from documents, each of them words in one or several pieces."""
        vocabulary: dict[str, int] = defaultdict(count(1).__next__)
        numbers = array("i")
        for document in documents:
            for piece in document:
                numbers.extend(map(vocabulary.__getitem__, piece))
            numbers.append(0)
        text = np.frombuffer(numbers or array("i", [0]), dtype=np.int32)
        buckets = np.concatenate(([0], np.cumsum(np.bincount(text, minlength=len(vocabulary) + 1))))
        return cls(dict(vocabulary), text, _suffix_order(text), buckets, np.flatnonzero(text == 0))

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays; the vocabulary is not counted."""
        return self.text.nbytes + self.order.nbytes + self.buckets.nbytes + self.borders.nbytes

    def ids(self, words: Sequence[str]) -> Ids:
        """Numbers of words; -1 for those that stand nowhere."""
        return np.array([self.vocabulary.get(word, -1) for word in words], dtype=np.int32)

    def matches(self, query: Ids, keep: Collection[int] = ()) -> Matches:
        """The longest run from each word of the query on; `keep`: lengths whose levels are wanted."""
        lengths, levels = np.zeros(len(query), dtype=np.int64), {}
        most = max(_DEPTH, *keep, 0)
        for depth, level in self._levels(query, most):
            lengths[level.places] = depth
            if depth in keep:
                levels[depth] = level
        for start, end in _stretches(lengths == most):
            self._lengthen(query, lengths, start, end, end - 1 + most)
        return Matches(lengths, levels)

    def occurrences(self, run: Ids) -> Ids:
        """Where a run begins in the text, in no order."""
        above = np.append(run, len(self.vocabulary) + 1)
        return self.order[self._below(run) : self._below(above)]

    def documents(self, positions: Ids) -> Ints:
        """The numbers of the documents in which positions lie, ascending, each once."""
        return np.unique(np.searchsorted(self.borders, positions))

    def _levels(self, query: Ids, most: int) -> Iterator[tuple[int, Level]]:
        """For each length up to `most`, the places where a run of it begins."""
        places = np.flatnonzero(query > 0)
        low, high = self.buckets[query[places]], self.buckets[query[places] + 1]
        for depth in range(1, most + 1):
            if not len(places):
                return
            yield depth, Level(places, low, high)
            inside = places + depth < len(query)
            places, low, high = places[inside], low[inside], high[inside]
            wanted = query[places + depth]
            low, high = self._narrow(low, high, depth, wanted), self._narrow(low, high, depth, wanted + 1)
            found = (low < high) & (wanted > 0)
            places, low, high = places[found], low[found], high[found]

    def _narrow(self, low: Ints, high: Ints, depth: int, wanted: Ids) -> Ints:
        """In each part of the order, the first suffix whose word at `depth` is not below the wanted one."""
        low, high = low.copy(), high.copy()
        open_ = np.flatnonzero(low < high)
        while len(open_):
            middle = (low[open_] + high[open_]) >> 1
            below = self.text[self.order[middle] + depth] < wanted[open_]
            low[open_[below]] = middle[below] + 1
            high[open_[~below]] = middle[~below]
            open_ = open_[low[open_] < high[open_]]
        return low

    def _below(self, wanted: Ids) -> int:
        """How many suffixes come before the wanted words."""
        size = len(wanted)

        def key(slot: int) -> bytes:
            start = int(self.order[slot])
            return _sortable(self.text[start : start + size])

        return bisect_left(range(len(self.order)), _sortable(wanted), key=key)

    def _longest(self, wanted: Ids) -> int:
        """Length of the longest run from the start of the wanted words: one neighbour in the order has it."""
        slot, best = self._below(wanted), 0
        for near in self.order[max(0, slot - 1) : slot + 1].tolist():
            there = self.text[near : near + len(wanted)]
            differs = np.flatnonzero(there != wanted[: len(there)])
            best = max(best, int(differs[0]) if len(differs) else len(there))
        return best

    def _lengthen(self, query: Ids, lengths: Ints, start: int, stop: int, limit: int) -> None:
        """True lengths from `start` to `stop`, all of which reached the greatest depth; no run goes past `limit`.

        The next maximal run has the first start that sees the word behind this one's end: monotone in the start.
        """
        depth = limit - stop + 1
        while start < stop:
            end = start + self._longest(query[start:limit])
            ahead = stop
            if end < limit:  # the next start first: in repetitive texts it is the one
                ahead = start + 1
                if not self._stands(query[ahead : end + 1]):
                    span = range(ahead + 1, end + 1 - depth)
                    ahead += 1 + bisect_left(span, True, key=lambda i: self._stands(query[i : end + 1]))
            lengths[start:ahead] = end - np.arange(start, ahead)
            start = ahead

    def _stands(self, wanted: Ids) -> bool:
        return self._longest(wanted) == len(wanted)


def _sortable(ids: Ids) -> bytes:
    return ids.astype(">u4").tobytes()


def _stretches(marked: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Half-open stretches of marked places.

    >>> _stretches(np.array([True, True, False, True]))
    [(0, 2), (3, 4)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate(([0], marked.astype(np.int8), [0]))))
    return list(pairwise(edges.tolist()))[::2]
