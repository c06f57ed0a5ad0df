"""The reliability curve as a picture of its own, which stands on a page or in a document without any other file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise

from aigc_eval.intervals import wilson
from aigc_eval.records import ReliabilityBin
from aigc_eval.report.escape import terminal
from aigc_eval.report.html.charts.colours import INK, LINE, SOFT, look
from aigc_eval.report.html.charts.planes import Plane
from aigc_eval.report.html.charts.scales import Scale
from aigc_eval.report.html.charts.vega import Mark, elements
from aigc_eval.report.numbers import count
from aigc_eval.validation.telling import slice_name
from aigc_eval.validation.words import say

__all__ = ["reliability_svg"]

WIDTH, HEIGHT = 480, 440
_FEWEST = 50
"""Examples of a language that has a curve of its own."""
_MOST = 4


class _Above(Plane):
    left, right, top, bottom = 58.0, 462.0, 44.0, 344.0


class _Below(Plane):
    """Examples by bin, under the curves."""

    left, right, top, bottom = 58.0, 462.0, 388.0, 424.0


def reliability_svg(rate: str, curves: Mapping[str, Sequence[ReliabilityBin]], lang: str, level: float = 0.95) -> str:
    """The share of positives (up) against the mean score (across), bin by bin, each with its Wilson interval.

    `curves` are by slice, all examples under ""; languages have a curve each where there are two of them or more. The
    broken line is where a calibrated score lies; below, how many examples each bin holds.
    """
    shown = _shown(curves)
    above, below = _Above(Scale(0.0, 1.0), Scale(0.0, 1.0)), _Below(Scale(0.0, 1.0), Scale(0.0, 1.0))
    marks = [*above.columns(""), *above.rows("")]
    marks.append(Mark("front", above.x(0.0), above.y(0.0), above.x(1.0), above.y(1.0), SOFT))
    for i, bins in enumerate(shown.values()):
        marks += _curve(above, bins, i, level)
    bins = curves.get("", ())
    most = max((b.n for b in bins), default=1)
    for b in bins:
        marks.append(Mark("bar", below.x(b.low) + 1, below.y(0.0), below.x(b.high) - 1, below.y(b.n / most), SOFT))
    marks.append(Mark("grid", below.left, below.bottom, below.right, below.bottom, LINE))
    legend = [slice_name(name, lang) for name in shown] if len(shown) > 1 else []
    keys = [Mark("point", 66.0 + 110 * i, 30.0, 0, 0, *look(i + 1)) for i in range(len(legend))]
    words = [
        _text(_Above.left, 18, say("curve", lang, rate=rate), 13, INK),
        _text((_Above.left + _Above.right) / 2, 376, say("score", lang), 11, SOFT, "middle"),
        _text(16, (_Above.top + _Above.bottom) / 2, say("share", lang), 11, SOFT, "middle", turned=True),
        _text(_Below.left - 6, 405, say("counts", lang), 10, SOFT, "end"),
        _text(_Below.left - 6, 419, f"≤ {count(most)}", 10, SOFT, "end"),
        *(_text(74.0 + 110 * i, 34, name, 11, INK) for i, name in enumerate(legend)),
    ]
    drawn = [_element(e.tag, dict(e.attributes), e.text) for e in elements([*marks, *keys])]
    return _whole(say("curve", lang, rate=rate), lang, [*drawn, *words])


def _shown(curves: Mapping[str, Sequence[ReliabilityBin]]) -> dict[str, Sequence[ReliabilityBin]]:
    """The languages that have enough examples, or all examples together."""
    sizes = {n: sum(b.n for b in bins) for n, bins in curves.items() if n.startswith("lang=")}
    enough = [name for name, size in sizes.items() if size >= _FEWEST]
    largest = sorted(sorted(enough, key=lambda n: -sizes[n])[:_MOST])
    return {name: curves[name] for name in (largest if len(largest) > 1 else [""])}


def _curve(plane: Plane, bins: Sequence[ReliabilityBin], i: int, level: float) -> list[Mark]:
    colour, shape = look(i + 1)
    at = [(plane.x(b.mean), plane.y(b.share)) for b in bins]
    marks = [Mark("thin", *one, *other, colour) for one, other in pairwise(at)]
    for b, (x, _) in zip(bins, at, strict=True):
        low, high, _ = wilson(b.share * b.n, b.n, level)
        marks.append(Mark("grid", x, plane.y(low), x, plane.y(high), colour))
    return [*marks, *(Mark("point", x, y, 0, 0, colour, shape) for x, y in at)]


def _text(  # noqa: PLR0917
    x: float, y: float, said: str, size: int, colour: str, side: str = "start", *, turned: bool = False
) -> str:
    given = {"x": x, "y": y, "font-size": size, "fill": colour, "text-anchor": side}
    turn = {"transform": f"rotate(-90 {x} {y})"} if turned else {}
    return _element("text", given | turn, said)


def _plain(text: str) -> str:
    """Characters that XML can hold."""
    return escape(terminal(text).encode("utf-8", "replace").decode())


def _element(tag: str, attributes: Mapping[str, object], text: str = "") -> str:
    told = "".join(f' {name}="{_plain(str(value))}"' for name, value in attributes.items())
    return f"<{tag}{told}>{_plain(text)}</{tag}>" if text else f"<{tag}{told}/>"


def _whole(title: str, lang: str, inside: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'fill="none" font-family="sans-serif" role="img" lang="{lang}">'
    )
    ground = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>'
    return "\n".join([head, f"<title>{_plain(title)}</title>", ground, *inside, "</svg>", ""])
