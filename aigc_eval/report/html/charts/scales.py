"""Linear scales: from the numbers to show to a share of the picture's width, and the round numbers of its axis.

They are computed here and not by the drawing library, because any number may come (1e308, equal ends, none at all),
because the axis must print numbers as the tables do, and because coordinates must have the same bytes everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from aigc_eval.records import Zone

__all__ = ["Scale", "pixel"]

_HUGE = 1e300
"""Beyond this, differences of numbers could overflow: such numbers are shown by sign and size only."""
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def pixel(value: float) -> float:
    """A coordinate in eighths of a pixel: sums and differences of such numbers are exact in binary.

    >>> pixel(1 / 3)
    0.375
    """
    return round(value * 8) / 8


@dataclass(frozen=True)
class Scale:
    """The numbers at both ends of a picture; `low < high`, both finite."""

    low: float
    high: float

    @classmethod
    def of(cls, numbers: Iterable[float | None], bounds: Zone = (None, None)) -> Scale:
        """A scale over all finite numbers, with some air, kept inside the metric's range.

        >>> Scale.of([0.0, 0.5], (0.0, 1.0)), Scale.of([None])
        (Scale(low=0.0, high=0.6), Scale(low=-1.0, high=1.0))
        """
        known = [_tamed(n) for n in numbers if n is not None and math.isfinite(n)] or [0.0]
        low, high = min(known), max(known)
        air = (high - low) * 0.2 or abs(high) * 0.2 or 1.0
        ends = [low - air, high + air]
        if bounds[0] is not None:
            ends[0] = max(ends[0], _tamed(bounds[0]))
        if bounds[1] is not None:
            ends[1] = min(ends[1], _tamed(bounds[1]))
        if not ends[0] < ends[1]:
            ends = [low - air, high + air]
        if not ends[0] < ends[1] or ends[1] - ends[0] < 1e-300:  # numbers too small, or too close, to tell apart
            ends = [low - max(1e-290, abs(low) * 1e-9), high + max(1e-290, abs(high) * 1e-9)]
        return cls(*ends)

    def share(self, number: float) -> float:
        """Where a number stands, from 0 at the low end to 1 at the high one; numbers beyond stand at the end.

        >>> Scale(0.0, 4.0).share(1.0), Scale(0.0, 4.0).share(9.0)
        (0.25, 1.0)
        """
        return min(1.0, max(0.0, (_tamed(number) - self.low) / (self.high - self.low)))

    def ticks(self, most: int = 4) -> list[float]:
        """Round numbers on the scale, at most `most`.

        >>> Scale(0.0, 1.0).ticks(), Scale(0.0, 0.37).ticks(), Scale(-3.0, 12.0).ticks()
        ([0.0, 0.5, 1.0], [0.0, 0.1, 0.2, 0.3], [0.0, 5.0, 10.0])
        """
        width = self.high - self.low
        power = 10.0 ** math.floor(math.log10(width / most))
        for factor in _STEPS:
            step = power * factor
            first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
            if last - first < most:
                return list(dict.fromkeys(float(f"{k * step:.12g}") for k in range(first, last + 1)))
        return []


def _tamed(number: float) -> float:
    return math.copysign(_HUGE, number) if abs(number) > _HUGE else number
