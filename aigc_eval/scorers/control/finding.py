"""What a check says of one text, and the two reasons for which it says nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

__all__ = ["RELATIONS", "CannotTell", "Finding", "Place", "compared", "places", "verdict"]

Place = tuple[int, int]
"""Start and end (half-open) of characters of the answer."""


_MOST_FAULTS = 20
"""Places of one instruction that are shown as evidence."""

RELATIONS: dict[str, Callable[[int, int], bool]] = {
    "less than": lambda found, limit: found < limit,
    "at least": lambda found, limit: found >= limit,
    "at most": lambda found, limit: found <= limit,
    "more than": lambda found, limit: found > limit,
    "exactly": lambda found, limit: found == limit,
}
"""How a count may be compared. IFEval knows the first two; the others are ours."""


class CannotTell(Exception):
    """Whether an instruction is followed cannot be told; the message says why."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether a text follows an instruction, and the places where it breaks it.

    `void` says why the instruction has no meaning for this text (a rule on English letters, and no letters).
    """

    followed: bool
    faults: tuple[Place, ...] = ()
    void: str = ""


def places(pattern: re.Pattern[str], text: str) -> Iterator[Place]:
    """Where a pattern occurs."""
    return (match.span() for match in pattern.finditer(text))


def verdict(followed: bool, faults: Iterable[Place] = ()) -> Finding:
    """A finding; the places are shown only where the instruction is not followed.

    >>> verdict(False, places(re.compile("b"), "abb"))
    Finding(followed=False, faults=((1, 2), (2, 3)), void='')
    """
    return Finding(True) if followed else Finding(False, tuple(islice(faults, _MOST_FAULTS)))


def compared(found: Sequence[Place], relation: str, limit: int) -> Finding:
    """A finding on a number of places; they are the fault where there are too many."""
    return verdict(RELATIONS[relation](len(found), limit), found if len(found) >= limit else ())
