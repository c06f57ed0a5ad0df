"""Near copies: passages of the texts that an answer has with a few words changed, and the edit distance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from aigc_eval.intervals import Ints
from aigc_eval.scorers.memorisation.index import Ids, Index, Level
from aigc_eval.sequences import edit_distances
from aigc_eval.windows import strides

__all__ = ["Near", "Search", "edit_distance", "edit_similarity"]

_MOST_PLACES = 1_000
"""A seed that stands in more places than this says nothing of where the passage is, and is left out."""
_MOST_CANDIDATES = 4
"""Places that are compared word by word for one window: those that share most seeds."""


def edit_distance(a: Sequence[int], b: Sequence[int], *, anywhere: bool = False) -> int:
    """Fewest insertions, deletions and substitutions that turn `a` into `b`; `anywhere`: into some passage of b.

    O(len(b)) steps (`sequences.edit_distances`).

    >>> edit_distance([1, 2, 3, 4], [1, 9, 3]), edit_distance([2, 3], [9, 1, 2, 3, 8], anywhere=True)
    (2, 0)
    """
    if not len(a):
        return 0 if anywhere else len(b)
    distances = [len(a), *edit_distances(a, b, anchored=not anywhere)]
    return min(distances) if anywhere else distances[-1]


def edit_similarity(a: Sequence[int], b: Sequence[int]) -> float:
    """1 - edit distance / max(len(a), len(b)), 0..1; 0 where one is empty (Lee et al. 2021; HELM).

    >>> edit_similarity([1, 2, 3, 4], [1, 9, 3])
    0.5
    """
    return 1 - edit_distance(a, b) / max(len(a), len(b)) if len(a) and len(b) else 0.0


class Near(NamedTuple):
    """A window of the answer, how similar a passage of the texts is, and a position within that passage."""

    start: int
    end: int
    similarity: float
    position: int


@dataclass(frozen=True)
class Search:
    """Windows of `size` words, neighbours half overlapping, against the texts; `least` similarity counts as near.

    Similarity of a window: 1 - fewest edits that turn it into a passage / its words. At most e edits leave a run of
    q = ceil((size - e) / (e + 1)) words whole, and at least size + 1 - q (e + 1) runs of q words (Jokinen & Ukkonen
    1991): only places that share so many are compared, and no near copy is missed but for `_MOST_PLACES`.
    """

    size: int
    least: float

    @property
    def edits(self) -> int:
        """Most edits of a near copy."""
        return int((1 - self.least) * self.size + 1e-9)

    @property
    def seed(self) -> int:
        """Words of a run that every near copy shares."""
        return max(1, -(-(self.size - self.edits) // (self.edits + 1)))

    def windows(self, query: Ids, index: Index, seeds: Level) -> Iterator[Near]:
        """The best passage of each window that shares enough seeds with one."""
        places, positions = _hits(index, seeds)
        needed = max(1, self.size + 1 - self.seed * (self.edits + 1))
        for start, end in strides(len(query), self.size, self.size // 2):
            hits = slice(*np.searchsorted(places, (start, end - self.seed + 1)))
            diagonals = positions[hits] - places[hits] + start
            near = [(self._edits(query[start:end], index, at), at) for at in self._candidates(diagonals, needed)]
            if near:
                edits, at = min(near)
                inside = positions[hits][(diagonals >= at) & (diagonals < at + 2 * (self.edits + 1))]
                yield Near(start, end, 1 - edits / (end - start), int(inside[len(inside) // 2]))

    def _candidates(self, diagonals: Ints, needed: int) -> list[int]:
        """Where a passage may begin, best first: buckets twice as wide as the edits may shift it, overlapping."""
        width = self.edits + 1
        bucket = diagonals // width
        buckets, counts = np.unique(np.concatenate((bucket, bucket - 1)), return_counts=True)
        order = np.lexsort((buckets, -counts))[:_MOST_CANDIDATES]
        return [int(buckets[i]) * width for i in order if counts[i] >= needed]

    def _edits(self, window: Ids, index: Index, at: int) -> int:
        passage = index.text[max(0, at - self.edits) : at + 3 * self.edits + 2 + len(window)]
        return edit_distance(window.tolist(), passage.tolist(), anywhere=True)


def _hits(index: Index, seeds: Level) -> tuple[Ints, Ints]:
    """Each place of the answer at which a seed begins, with each position of that seed in the texts."""
    many = seeds.high - seeds.low
    few = many <= _MOST_PLACES
    many, low = many[few], seeds.low[few]
    offsets = np.arange(int(many.sum())) - np.repeat(np.cumsum(many) - many, many)
    positions: npt.NDArray[np.int64] = index.order[np.repeat(low, many) + offsets].astype(np.int64)
    return np.repeat(seeds.places[few], many), positions
