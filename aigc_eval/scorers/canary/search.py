"""Where a canary stands in a text: whole, nearly, or in part. All of it in time linear in the text.

Nearly: some stretch of the text can be made the canary with at most k = floor((1 - similarity) * m) insertions,
deletions and substitutions, m being the canary's length. Of k + 1 pieces of the canary one must then stand there
unchanged (Wu & Manber 1992), so that only what surrounds such a piece is looked at (`sequences.edit_distances`).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator

from aigc_eval.sequences import edit_distances

__all__ = ["edits_allowed", "longest_run", "near"]

_SLACK = 1e-9


def edits_allowed(length: int, similarity: float) -> int:
    """How many edits leave that similarity, 1 - edits / length.

    >>> edits_allowed(18, 0.9), edits_allowed(30, 0.9), edits_allowed(8, 0.9)
    (1, 3, 0)
    """
    return math.floor((1 - similarity) * length + _SLACK)


def near(canary: str, text: str, edits: int) -> tuple[int, int] | None:
    """The first of the stretches of `text` with the fewest edits, at most `edits`; None if there is none.

    >>> near("13812345678", "call 13812345578 now", 1)
    (5, 16)
    """
    if not canary:
        return None
    best: tuple[int, int] | None = None
    for start, end in _merged(_around(canary, text, edits)):
        distance, at = _closest(canary, text[start:end])
        if distance <= edits and (best is None or distance < best[0]):
            best = (distance, start + at)
    if best is None:
        return None
    stop = best[1]
    before = text[max(0, stop - len(canary) - edits) : stop]
    length = _closest(canary[::-1], before[::-1], anchored=True)[1]
    return (stop - length, stop) if length else None


def _around(canary: str, text: str, edits: int) -> Iterator[tuple[int, int]]:
    """Stretches that could hold the canary, for each place where one of its pieces stands."""
    size = len(canary)
    cuts = [i * size // (edits + 1) for i in range(edits + 2)]
    for left, right in itertools.pairwise(cuts):
        piece = canary[left:right]
        at = text.find(piece) if piece else -1
        while at >= 0:
            yield max(0, at - left - edits), min(len(text), at - left + size + edits)
            at = text.find(piece, at + 1)


def _merged(stretches: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    held: tuple[int, int] | None = None
    for start, end in sorted(stretches):
        if held and start <= held[1]:
            held = (held[0], max(held[1], end))
            continue
        if held:
            yield held
        held = (start, end)
    if held:
        yield held


def _closest(pattern: str, text: str, *, anchored: bool = False) -> tuple[int, int]:
    """Fewest edits between the pattern and a stretch of the text, and where the first such stretch ends.

    Anchored, the stretch begins where the text begins.
    """
    best = (len(pattern), 0)
    for end, distance in enumerate(edit_distances(pattern, text, anchored=anchored), 1):
        if distance < best[0]:
            best = (distance, end)
    return best


def longest_run(canary: str, text: str) -> int:
    """Length of the longest run of the canary that stands in the text: at most 2m searches.

    >>> longest_run("13812345678", "ends with 345678")
    6
    """
    best = start = 0
    while start + best < len(canary):
        if canary[start : start + best + 1] in text:
            best += 1
        else:
            start += 1
    return best
