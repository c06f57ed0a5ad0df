"""What each picture shows: numbers in, marks out. A picture holds no word; the page has them beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aigc_eval.records import Estimate, Zone
from aigc_eval.report.html.charts.album import Sketch
from aigc_eval.report.html.charts.colours import INK, LANE, LINE, SOFT, STATUS, ZONE, look
from aigc_eval.report.html.charts.scales import Scale, pixel
from aigc_eval.report.html.charts.vega import Kind, Mark
from aigc_eval.report.numbers import limit

__all__ = ["axis", "bars", "comparison", "gate_picture", "key", "numbers_of"]

WIDTH = 300
MARGIN = 8
STEP = 12
"""Height of a candidate's lane."""
_FOOT = 14
"""Height of an axis' numbers."""


def numbers_of(row: Iterable[Estimate | None]) -> list[float | None]:
    """All numbers that a picture of these estimates shows."""
    return [n for e in row if e for n in (e.low, e.high, e.value)]


class _Across:
    """From numbers to horizontal pixels."""

    def __init__(self, scale: Scale, width: int = WIDTH) -> None:
        self.scale, self.width = scale, width

    def __call__(self, number: float) -> float:
        return pixel(MARGIN + self.scale.share(number) * (self.width - 2 * MARGIN))


def _span(kind: Kind, across: _Across, ends: tuple[float, float], y: float, colour: str) -> Mark:
    return Mark(kind, across(ends[0]), y, across(ends[1]), y, colour)


def _whole(kind: Kind, across: _Across, estimate: Estimate, y: float, colour: str) -> list[Mark]:
    """An estimate's interval, where it has one."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return []
    return [_span(kind, across, (estimate.low, estimate.high), y, colour)]


def _point(across: _Across, estimate: Estimate, y: float, colour: str, shape: str) -> list[Mark]:
    return [] if estimate.value is None else [Mark("point", across(estimate.value), y, 0, 0, colour, shape)]


def gate_picture(estimate: Estimate | None, zone: Zone, bounds: Zone, status: str) -> Sketch:
    """An interval against its zone: where the gate passes, the lines of its limits, and the adverse bounds (dotted)."""
    numbers: list[float | None] = [*zone, *numbers_of([estimate])]
    if estimate:
        numbers += [estimate.adverse_low, estimate.adverse_high]
    floor, ceiling = zone
    zero = bounds[0] if floor is None and bounds[0] == 0 else None
    across = _Across(Scale.of([*numbers, zero], bounds))
    left = float(MARGIN) if floor is None else across(floor)
    right = float(WIDTH - MARGIN) if ceiling is None else across(ceiling)
    lines = [across(end) for end in zone if end is not None]
    marks = [Mark("lane", MARGIN, 3, WIDTH - MARGIN, 21, LINE)]
    marks += [Mark("zone", left, 3, right, 21, ZONE)] if lines and left < right else []
    marks += [Mark("limit", x, 0, x, 24, INK) for x in lines]
    if estimate:
        colour = STATUS.get(status, INK)
        adverse = (estimate.adverse_low, estimate.adverse_high)
        if estimate.failed and adverse[0] is not None and adverse[1] is not None:
            marks.append(_span("adverse", across, (adverse[0], adverse[1]), 12, colour))
        marks += _whole("interval", across, estimate, 12, colour)
        marks += _point(across, estimate, 12, colour, look(0)[1])
    return Sketch(WIDTH, 24, tuple(marks))


def comparison(row: Sequence[Estimate | None], scale: Scale, width: int = WIDTH, ticks: Sequence[float] = ()) -> Sketch:
    """The candidates' intervals on one scale, a lane each; `ticks` are the numbers of an axis that stands below."""
    across, height = _Across(scale, width), STEP * len(row) + 6
    marks = [Mark("grid", across(tick), 0, across(tick), height, LINE) for tick in ticks]
    for i, estimate in enumerate(row):
        (colour, shape), y = look(i), 9 + STEP * i
        if not ticks:
            marks.append(Mark("grid", MARGIN, y, width - MARGIN, y, LINE))
        if estimate:
            marks += _whole("interval", across, estimate, y, colour)
            marks += _point(across, estimate, y, colour, shape)
    return Sketch(width, height, tuple(marks))


def bars(row: Sequence[Estimate | None], scale: Scale, width: int = WIDTH, ticks: Sequence[float] = ()) -> Sketch:
    """The candidates as pale bars from zero, each with its interval and its point."""
    across, height = _Across(scale, width), STEP * len(row) + 6
    zero = across(0.0)
    marks = [Mark("grid", across(tick), 0, across(tick), height, LINE) for tick in ticks]
    marks.append(Mark("grid", zero, 0, zero, height, LANE))
    for i, estimate in enumerate(row):
        (colour, shape), y = look(i), 9 + STEP * i
        if estimate and estimate.value is not None:
            marks.append(Mark("bar", zero, y - 5, across(estimate.value), y + 5, colour))
            marks += _whole("thin", across, estimate, y, colour)
            marks += _point(across, estimate, y, colour, shape)
    return Sketch(width, height, tuple(marks))


def axis(scale: Scale, ticks: Sequence[float], unit: str, width: int = WIDTH) -> Sketch:
    """The numbers of the pictures above it, as the tables print them."""
    across = _Across(scale, width)
    marks = []
    for tick in ticks:
        x = across(tick)
        side: Kind = "start" if x < 24 else "end" if x > width - 24 else "middle"
        at = max(0.0, x - 4) if side == "start" else min(float(width), x + 4) if side == "end" else x
        marks.append(Mark(side, at, 7, 0, 0, SOFT, "", limit(tick, unit).replace(" ", "\u00a0")))
    return Sketch(width, _FOOT, tuple(marks))


def key(i: int) -> Sketch:
    """The i-th candidate's point, as it stands beside its name."""
    return Sketch(12, 12, (Mark("point", 6, 6, 0, 0, *look(i)),))
