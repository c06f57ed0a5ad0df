"""The picture of a scorer's calibration."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from aigc_eval.records import ReliabilityBin
from aigc_eval.report.html.charts.album import Sketch
from aigc_eval.report.html.charts.colours import SOFT, look
from aigc_eval.report.html.charts.planes import Plane
from aigc_eval.report.html.charts.scales import Scale
from aigc_eval.report.html.charts.vega import Mark

__all__ = ["reliability"]


class _Square(Plane):
    width, height = 240, 200
    left, right, top, bottom = 48.0, 226.0, 8.0, 176.0


def reliability(bins: Sequence[ReliabilityBin]) -> Sketch:
    """The share of positives (up) against the mean score (across), both 0..1, bin by bin; the diagonal is broken."""
    plane, (colour, shape) = _Square(Scale(0.0, 1.0), Scale(0.0, 1.0)), look(1)
    marks = [*plane.columns(""), *plane.rows("")]
    marks.append(Mark("front", plane.x(0.0), plane.y(0.0), plane.x(1.0), plane.y(1.0), SOFT))
    at = [(plane.x(b.mean), plane.y(b.share)) for b in bins if b.n]
    marks += [Mark("thin", *one, *other, colour) for one, other in pairwise(at)]
    marks += [Mark("point", x, y, 0, 0, colour, shape) for x, y in at]
    return Sketch(_Square.width, _Square.height, tuple(marks))
