"""Geometry of the inline pictures: numbers in, coordinates out. The template draws them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from aigc_eval.records import Estimate, Zone

__all__ = ["Bar", "Picture", "comparison", "gate_picture"]

WIDTH = 300
MARGIN = 8


@dataclass(frozen=True)
class Bar:
    """One candidate's interval: x of both ends (None without an interval) and of the value, y of its lane.

    `adverse` are the ends with every unscored output counted as the worst, where that differs.
    """

    low: float | None
    high: float | None
    value: float | None
    y: float
    adverse: tuple[float, float] | None = None


@dataclass(frozen=True)
class Picture:
    """A picture's height, its bars, the zone (x and width) where a gate passes, and the lines of its limits."""

    height: int
    bars: tuple[Bar, ...]
    zone: tuple[float, float] | None = None
    limits: tuple[float, ...] = ()
    width: int = WIDTH


class _Scale:
    """A linear scale over all numbers to show, with some air, kept inside the metric's range.

    >>> scale = _Scale([0.0, 0.5], (0.0, 1.0))
    >>> scale(0.0), scale(0.6), scale(99)
    (8.0, 292.0, 292.0)
    """

    def __init__(self, numbers: Iterable[float | None], bounds: tuple[float | None, float | None]) -> None:
        known = [n for n in numbers if n is not None and math.isfinite(n)] or [0.0]
        low, high = min(known), max(known)
        air = (high - low) * 0.2 or abs(high) * 0.2 or 1.0
        self.low = low - air if bounds[0] is None else max(low - air, bounds[0])
        self.high = high + air if bounds[1] is None else min(high + air, bounds[1])
        if self.high <= self.low:
            self.low, self.high = low - air, high + air

    def __call__(self, number: float) -> float:
        share = (number - self.low) / (self.high - self.low)
        return round(MARGIN + min(1.0, max(0.0, share)) * (WIDTH - 2 * MARGIN), 1)


def _bar(estimate: Estimate | None, scale: _Scale, y: float) -> Bar:
    if estimate is None or estimate.value is None:
        return Bar(None, None, None, y)
    if estimate.low is None or estimate.high is None:
        return Bar(None, None, scale(estimate.value), y)
    return Bar(scale(estimate.low), scale(estimate.high), scale(estimate.value), y)


def gate_picture(estimate: Estimate | None, zone: Zone, bounds: tuple[float | None, float | None]) -> Picture:
    """An interval against its zone: where the gate passes, and the lines of its limits."""
    numbers: list[float | None] = [*zone]
    if estimate:
        numbers += [estimate.low, estimate.high, estimate.value, estimate.adverse_low, estimate.adverse_high]
    floor, ceiling = zone
    zero = bounds[0] if floor is None and bounds[0] == 0 else None
    scale = _Scale([*numbers, zero], bounds)
    left = float(MARGIN) if floor is None else scale(floor)
    right = float(WIDTH - MARGIN) if ceiling is None else scale(ceiling)
    lines = tuple(scale(end) for end in zone if end is not None)
    bar = _bar(estimate, scale, 12)
    if estimate and estimate.failed and estimate.adverse_low is not None and estimate.adverse_high is not None:
        bar = replace(bar, adverse=(scale(estimate.adverse_low), scale(estimate.adverse_high)))
    return Picture(24, (bar,), (left, round(right - left, 1)) if lines else None, lines)


def comparison(estimates: Sequence[Estimate | None], bounds: tuple[float | None, float | None]) -> Picture:
    """The candidates' intervals on one scale, a lane each."""
    scale = _Scale([n for e in estimates if e for n in (e.low, e.high, e.value)], bounds)
    bars = tuple(_bar(e, scale, 9 + 12 * i) for i, e in enumerate(estimates))
    return Picture(12 * len(bars) + 6, bars)
