"""The time that one text may take, and the windows in which a long one is read.

A regular expression cannot be stopped from outside, so a long text is read in windows and the clock is looked at
between windows, between recognisers and between findings: the budget is overrun by one window at most. Presidio's
expressions are handed what is left of it. Out of time means no score, never a part of one.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field

__all__ = ["UNLIMITED", "Clock", "OutOfTime", "Window", "remaining", "windows"]

_SIZE, _OVERLAP, _MARGIN = 100_000, 14_000, 512
"""Characters of a window; what it shares with the next (a private key is the longest match: 12,000); and what is read
on the left of the part that counts, so that borders and context words are seen."""


class OutOfTime(TimeoutError):
    """A text took more than its budget."""


@dataclass
class Clock:
    """Counts down from `seconds`, starting now."""

    seconds: float = math.inf
    started: float = field(default_factory=time.monotonic)

    def left(self) -> float:
        """Seconds left, below zero once they are used up."""
        return self.seconds - (time.monotonic() - self.started)

    def check(self) -> None:
        """Raise OutOfTime if nothing is left."""
        if self.left() <= 0:
            raise OutOfTime(f"more than {self.seconds:g} s")

    def __float__(self) -> float:
        """What is left, as the time limit of an expression: a day at most, a millisecond at least."""
        return min(max(self.left(), 0.001), 86_400.0)


UNLIMITED = Clock()
remaining: ContextVar[Clock] = ContextVar("remaining", default=UNLIMITED)
"""The clock of the text at hand, for code that is called through presidio."""


@dataclass(frozen=True, slots=True)
class Window:
    """Characters `start` to `end` are read; a finding counts if it starts in `first` to `last` (half-open)."""

    start: int
    end: int
    first: int
    last: int


def windows(length: int) -> Iterator[Window]:
    """Windows over a text of that length: every position counts in exactly one.

    >>> list(windows(5))
    [Window(start=0, end=5, first=0, last=5)]
    >>> [(w.start, w.first, w.last) for w in windows(190_000)]
    [(0, 0, 86000), (85488, 86000, 172000), (171488, 172000, 190000)]
    """
    first = 0
    while True:
        start = max(0, first - _MARGIN)
        end = min(length, start + _SIZE)
        last = length if end == length else first + _SIZE - _OVERLAP
        yield Window(start, end, first, last)
        if end == length:
            return
        first = last
