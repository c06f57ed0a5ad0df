"""One metric over the runs: a slot a run, dot and interval a candidate, the limits of its gates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aigc_eval.report.html.charts import Plane, Scale, Sketch, numbers_of
from aigc_eval.report.html.charts.colours import INK, SOFT, ZONE, look
from aigc_eval.report.html.charts.vega import Kind, Mark

if TYPE_CHECKING:
    from aigc_eval.records import Zone
    from aigc_eval.trends.collecting import Point, Series

__all__ = ["picture"]


class _Slots(Plane):
    """A plane as wide as the page, whose width is shared by the runs."""

    width, height = 700, 190
    left, right, top, bottom = 60.0, 690.0, 10.0, 168.0


def picture(series: Series, runs: int, looks: Sequence[str]) -> Sketch:
    """`looks` are the candidates by their colour and shape; hollow points cannot be compared with the newest run's."""
    numbers = numbers_of(p.estimate for p in series.points)
    ends = [end for p in series.points for v in p.verdicts for end in v.zone]
    plane = _Slots(Scale(0.0, float(runs)), Scale.of([*numbers, *ends], series.bounds))
    marks = plane.rows(series.unit)
    for i in range(runs):
        own = [p for p in series.points if p.release == i]
        marks += _limits(plane, i, own)
        marks += _dots(plane, i, own, looks)
    marks += [Mark("middle", plane.x(i + 0.5), plane.bottom + 14, 0, 0, SOFT, "", str(i + 1)) for i in range(runs)]
    return Sketch(plane.width, plane.height, tuple(marks))


def _limits(plane: Plane, i: int, points: Sequence[Point]) -> list[Mark]:
    """The limits of a run's gates across its slot, and the zone where they all pass."""
    left, right = plane.x(i + 0.04), plane.x(i + 0.96)
    zones: dict[Zone, None] = dict.fromkeys(p.zone for p in points if p.verdicts)
    marks = []
    if len(zones) == 1:
        ((low, high),) = zones
        top = plane.top if high is None else plane.y(high)
        bottom = plane.bottom if low is None else plane.y(low)
        if (low, high) != (None, None) and top < bottom:
            marks.append(Mark("zone", left, top, right, bottom, ZONE))
    ends = dict.fromkeys(end for p in points for v in p.verdicts for end in v.zone if end is not None)
    return marks + [Mark("limit", left, plane.y(end), right, plane.y(end), INK) for end in ends]


def _dots(plane: Plane, i: int, points: Sequence[Point], looks: Sequence[str]) -> list[Mark]:
    marks = []
    step = min(0.1, 0.7 / max(1, len(points)))
    for k, point in enumerate(points):
        estimate = point.estimate
        if estimate is None or estimate.value is None:
            continue
        x = plane.x(i + 0.5 + (k - (len(points) - 1) / 2) * step)
        colour, shape = look(looks.index(point.candidate)) if looks else look(0)
        if estimate.low is not None and estimate.high is not None:
            kind: Kind = "thin" if point.apart else "interval"
            marks.append(Mark(kind, x, plane.y(estimate.low), x, plane.y(estimate.high), colour))
        marks.append(Mark("point", x, plane.y(estimate.value), 0, 0, colour, shape, hollow=bool(point.apart)))
    return marks
