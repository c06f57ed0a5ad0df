"""MTLD's factors, counted in many stretches of the tokens at once.

As the definition reads, a factor cannot be known before the one in front of it. But two counts that begin at different
tokens soon end a factor at the same token, and are one from there on. So each sequence is cut into stretches that are
counted side by side, each from its own first token; then the true count starts at the front, and wherever it meets that
of a stretch it takes over the rest of it. The result is that of counting token by token.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from aigc_eval.intervals import Floats, Ints
from aigc_eval.scorers.diversity.corpus import Ids

__all__ = ["FACTOR_SIZE", "Sequences", "backwards", "earlier", "factors_without"]

FACTOR_SIZE = 0.72
STRETCH = 4096
"""Tokens of a stretch: many more than two counts need to meet, which changes the time only."""
WIDTH = 128
"""Tokens that are looked at first for the end of a factor."""
MOST = 1 << 22
"""Most tokens that are looked at together."""


def earlier(words: Ids, lengths: Ints) -> Ids:
    """Where each token occurred before in its own sequence, -1 for the first time; sequences stand one after the other.

    >>> earlier(np.array([5, 7, 5, 5, 7]), np.array([3, 2])).tolist()
    [-1, -1, 0, -1, -1]
    """
    # Small integers are sorted in linear time.
    small = words.astype(np.uint16) if words.max(initial=0) < 1 << 16 else words
    order = np.argsort(small, kind="stable").astype(np.int32)
    ordered = words[order]
    again = np.flatnonzero(ordered[1:] == ordered[:-1])
    found = np.full(len(words), -1, dtype=np.int32)
    found[order[again + 1]] = order[again]
    if len(lengths) > 1:
        begin = np.repeat(np.cumsum(lengths) - lengths, lengths)
        found[found < begin] = -1
    return found


def backwards(before: Ids) -> Ids:
    """`earlier` of the tokens read from the back.

    >>> backwards(np.array([-1, -1, 0, 2, 1])).tolist()   # of 5, 7, 5, 5, 7
    [-1, -1, 1, 0, 2]
    """
    found, again = np.full(len(before), -1, dtype=np.int32), np.flatnonzero(before >= 0)
    found[len(before) - 1 - before[again]] = len(before) - 1 - again
    return found


def factors_without(before: Ids, blocks: Ints, left_out: Ints) -> Floats:
    """The factors of one sequence without each of some blocks of its tokens; something must be left."""
    if not len(left_out):
        return np.zeros(0)
    blocks = blocks.astype(np.int16)
    owners = np.where(before >= 0, blocks[before], np.int16(-1))
    found, together = [], max(1, MOST // len(before))
    for some in np.split(left_out, range(together, len(left_out), together)):
        rests = [_rest(before, blocks, owners, block) for block in some.tolist()]
        lengths = np.array([len(places) for _, places in rests])
        last, places = (np.concatenate(parts) for parts in zip(*rests, strict=True))
        found.append(Sequences(last, places, lengths).factors())
    return np.concatenate(found)


def _rest(before: Ids, blocks: Ints, owners: Ints, block: int) -> tuple[Ids, Ids]:
    """The last occurrences of the tokens outside a block, which may not be those inside; and their places."""
    kept = blocks != block
    last, wrong = before[kept], np.flatnonzero(owners[kept] == block)
    while len(wrong):
        last[wrong] = before[last[wrong]]
        wrong = wrong[last[wrong] >= 0]
        wrong = wrong[blocks[last[wrong]] == block]
    return last, np.flatnonzero(kept).astype(np.int32)


@dataclass(frozen=True, eq=False)
class Sequences:
    """Sequences of tokens, one after the other.

    `places`: a number for each token, ascending within its sequence; `before`: that of the same token's last occurrence
    in its sequence, -1 for the first one; both of shape (tokens,). `lengths`: tokens of each sequence, one at least.
    """

    before: Ids
    places: Ids
    lengths: Ints

    def factors(self) -> Floats:
        """How many factors each sequence has, the last in part; 1 if no token comes twice."""
        if not len(self.lengths):
            return np.zeros(0)
        full, last = self._full()
        size, lengths = len(last), self._ends - last
        lane = np.repeat(np.arange(size), lengths)
        tokens = np.arange(len(lane)) + np.repeat(last - (np.cumsum(lengths) - lengths), lengths)
        again = self.before[tokens] >= self.places[np.minimum(last, len(self.places) - 1)][lane]
        kinds = lengths - np.bincount(lane[again], minlength=size)
        ratio = np.divide(kinds, lengths, out=np.ones(size), where=lengths > 0)
        found = full + (1 - ratio) / (1 - FACTOR_SIZE)
        return np.where(found == 0, 1.0, found)

    @cached_property
    def _ends(self) -> Ints:
        """The token behind each sequence."""
        return np.cumsum(self.lengths)

    @cached_property
    def _owners(self) -> Ints:
        """The sequence that each stretch is in."""
        return np.repeat(np.arange(len(self.lengths)), -(-self.lengths // STRETCH))

    @cached_property
    def _starts(self) -> Ints:
        """The first token of each stretch."""
        number = np.arange(len(self._owners)) - np.searchsorted(self._owners, self._owners)
        return np.asarray((self._ends - self.lengths)[self._owners] + STRETCH * number, np.int64)

    @cached_property
    def _stops(self) -> Ints:
        """The token behind each stretch."""
        return np.append(self._starts[1:], len(self.places))

    def _full(self) -> tuple[Ints, Ints]:
        """Each sequence's complete factors, and the token behind the last one."""
        begun = np.zeros(len(self.places), dtype=bool)
        of_start, end = self._counted(np.arange(len(self._starts)), self._starts, begun, mark=True)
        known = np.cumsum(begun, dtype=np.int32)
        first = np.append(True, self._owners[1:] != self._owners[:-1])
        entries, full, reached = self._starts, of_start.copy(), end.copy()
        # A count enters a stretch where the one before has left its own: right at once, unless one met no other.
        while len(wrong := np.flatnonzero((right := np.where(first, self._starts, np.roll(reached, 1))) != entries)):
            entries = right
            walked, at = self._counted(wrong, right[wrong], begun)
            place = np.minimum(at, len(begun) - 1)
            met = (at >= self._starts[wrong]) & (at < self._stops[wrong]) & begun[place]
            rest = of_start[wrong] - known[place] + known[self._starts[wrong]]
            full[wrong] = walked + np.where(met, rest, 0)
            reached[wrong] = np.where(met, end[wrong], at)
        last = np.append(first[1:], True)
        return np.bincount(self._owners, weights=full).astype(np.int64), reached[last]

    def _counted(
        self, stretches: Ints, begin: Ints, begun: npt.NDArray[np.bool_], mark: bool = False
    ) -> tuple[Ints, Ints]:
        """Complete factors from a token of each stretch on, and the token behind the last one.

        Up to the first that ends beyond the stretch, or where one of those in `begun` begins; what begins outside the
        stretch has none. With `mark`, `begun` gets the tokens at which they begin.
        """
        at, full = begin.copy(), np.zeros(len(begin), dtype=np.int64)
        counting = np.flatnonzero((at >= self._starts[stretches]) & (at < self._stops[stretches]))
        while len(counting := counting[~begun[at[counting]]]):
            if mark:
                begun[at[counting]] = True
            ends = self._ends_of_factors(at[counting], self._ends[self._owners[stretches[counting]]])
            counting, ends = counting[ends >= 0], ends[ends >= 0]
            at[counting] = ends
            full[counting] += 1
            counting = counting[ends < self._stops[stretches[counting]]]
        return full, at

    def _ends_of_factors(self, starts: Ints, limits: Ints) -> Ints:
        """The token behind the factor that begins at each of these; -1 where the sequence ends (`limits`) before."""
        found = np.full(len(starts), -1)
        waiting, width = np.arange(len(starts)), WIDTH
        while len(waiting):
            for some in np.array_split(waiting, len(waiting) * width // MOST + 1):
                found[some] = self._within(starts[some], width)
            found[found > limits] = -1
            waiting = waiting[(found[waiting] < 0) & (starts[waiting] + width < limits[waiting])]
            width *= 4
        return found

    def _within(self, starts: Ints, width: int) -> Ints:
        """The token behind the factor that begins at each of these, if it has that many tokens at most; else -1."""
        again = np.cumsum(self._windows(width)[starts] >= self.places[starts][:, None], axis=1, dtype=np.int32)
        complete = again >= _needed(width)
        first = complete.argmax(axis=1)
        return np.where(complete[np.arange(len(starts)), first], starts + first + 1, -1)

    @cached_property
    def _views(self) -> dict[int, Ids]:
        return {}

    def _windows(self, width: int) -> Ids:
        """The tokens from each token on, shape (tokens, width), with first occurrences behind the last one."""
        if width not in self._views:
            padded = np.concatenate([self.before, np.full(width, -1, dtype=np.int32)])
            self._views[width] = np.lib.stride_tricks.sliding_window_view(padded, width)
        return self._views[width]


@lru_cache(maxsize=32)
def _needed(width: int) -> Ints:
    """How many of the first 1, 2, ... tokens must be repeats for a factor to be complete."""
    lengths = np.arange(1, width + 1)
    return np.asarray(lengths - np.floor(FACTOR_SIZE * lengths), np.int64)
