"""Pictures with two axes: quality against cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from aigc_eval.records import Estimate, Zone
from aigc_eval.report.html.charts.album import Sketch
from aigc_eval.report.html.charts.colours import LINE, SOFT, look
from aigc_eval.report.html.charts.pictures import numbers_of
from aigc_eval.report.html.charts.scales import Scale, pixel
from aigc_eval.report.html.charts.vega import Kind, Mark
from aigc_eval.report.numbers import limit

__all__ = ["Plane", "number", "scatter"]


def number(x: float, y: float, side: Kind, value: float, unit: str) -> Mark:
    """A number of an axis, as the tables print it."""
    return Mark(side, x, y, 0, 0, SOFT, "", limit(value, unit).replace(" ", "\u00a0"))


class Plane:
    """Where numbers lie in a picture, whose margins hold the numbers of its axes."""

    width, height = 340, 210
    left, right, top, bottom = 54.0, 330.0, 10.0, 188.0

    def __init__(self, across: Scale, up: Scale) -> None:
        self.across, self.up = across, up

    def x(self, value: float) -> float:
        """Pixels from the left."""
        return pixel(self.left + self.across.share(value) * (self.right - self.left))

    def y(self, value: float) -> float:
        """Pixels from the top."""
        return pixel(self.bottom - self.up.share(value) * (self.bottom - self.top))

    def columns(self, unit: str) -> list[Mark]:
        """Upright lines at round numbers, and the numbers below them."""
        marks = []
        for tick in self.across.ticks(5):
            marks.append(Mark("grid", self.x(tick), self.top, self.x(tick), self.bottom, LINE))
            marks.append(number(self.x(tick), self.bottom + 14, "middle", tick, unit))
        return marks

    def rows(self, unit: str) -> list[Mark]:
        """Level lines at round numbers, and the numbers to their left."""
        marks = []
        for tick in self.up.ticks(6):
            marks.append(Mark("grid", self.left, self.y(tick), self.right, self.y(tick), LINE))
            marks.append(number(self.left - 6, self.y(tick), "end", tick, unit))
        return marks


def scatter(
    costs: Sequence[Estimate | None],
    qualities: Sequence[Estimate | None],
    units: tuple[str, str],
    bounds: Zone,
    on: Sequence[bool],
) -> Sketch:
    """Quality (up) against cost (across) with both intervals; a staircase joins the candidates `on` the frontier."""
    known = [
        (i, c, q)
        for i, (c, q) in enumerate(zip(costs, qualities, strict=True))
        if c and q and c.value is not None and q.value is not None
    ]
    across = Scale.of(numbers_of(c for _, c, _ in known), (0.0, None))
    plane = Plane(across, Scale.of(numbers_of(q for _, _, q in known), bounds))
    at = {i: (plane.x(c.value or 0.0), plane.y(q.value or 0.0)) for i, c, q in known}
    marks = [*plane.columns(units[0]), *plane.rows(units[1])]
    marks += _stairs(sorted(at[i] for i in at if on[i]))
    for i, c, q in known:
        (x, y), colour = at[i], look(i)[0]
        marks += _thin(c, lambda value, y=y: (plane.x(value), y), colour)  # type: ignore[misc]
        marks += _thin(q, lambda value, x=x: (x, plane.y(value)), colour)  # type: ignore[misc]
    marks += [Mark("point", *at[i], 0, 0, *look(i)) for i in at]
    return Sketch(Plane.width, Plane.height, tuple(marks))


def _thin(estimate: Estimate, place: Callable[[float], tuple[float, float]], colour: str) -> list[Mark]:
    if estimate.low is None or estimate.high is None:
        return []
    return [Mark("thin", *place(estimate.low), *place(estimate.high), colour)]


def _stairs(points: Sequence[tuple[float, float]]) -> list[Mark]:
    """From the cheapest to the best: along the cost first, then up or down."""
    marks = []
    for (x, y), (x2, y2) in pairwise(points):
        marks += [Mark("front", x, y, x2, y, SOFT), Mark("front", x2, y, x2, y2, SOFT)]
    return marks
