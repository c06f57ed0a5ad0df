"""How long the current attempt may still take, told to whatever waits inside it.

The engine opens a deadline around each attempt; whoever waits on a network or a program asks what is left. Time is
monotonic: a clock that is set, a time zone and a leap second change nothing.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["deadline", "remaining"]

_UNTIL: ContextVar[float] = ContextVar("until", default=math.inf)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Within it, no wait takes longer than `seconds`; an outer deadline that ends earlier stays in force.

    >>> with deadline(10), deadline(60):
    ...     9 < remaining() <= 10
    True
    """
    token = _UNTIL.set(min(_UNTIL.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _UNTIL.reset(token)


def remaining() -> float:
    """Seconds left, 0.0 where none are; infinite outside every deadline.

    >>> remaining()
    inf
    """
    return max(0.0, _UNTIL.get() - time.monotonic())
