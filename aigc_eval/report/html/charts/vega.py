"""Vega-Lite draws: marks in, elements of SVG out, all pictures of a page in one call.

A call costs some 5 ms whatever it draws, so the marks of many pictures go into one chart and are dealt out again: a
layer of Vega-Lite keeps the order of its data, and every mark becomes one element. What comes back is taken apart as
XML, and only listed attributes are kept: no style, no id, no link, no role of Vega's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

__all__ = ["Element", "Kind", "Mark", "elements"]

Kind = Literal[
    "lane", "zone", "bar", "grid", "limit", "adverse", "front", "interval", "thin", "point", "start", "middle", "end"
]
_VERSION = "6.4"
"""Of Vega-Lite, so that a newer vl-convert draws the same."""
_SVG = "{http://www.w3.org/2000/svg}"
_TAGS = frozenset({"path", "line", "text"})
_KEPT = frozenset({"d", "x1", "x2", "y1", "y2", "transform", "fill", "fill-opacity", "stroke", "stroke-width",
                   "stroke-linecap", "stroke-dasharray", "text-anchor", "font-size"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing to draw: from (x, y) to (x2, y2), or at (x, y), in pixels; `text` is a number of an axis.

    `shape` is that of a point; a hollow one is filled with the colour of the page.
    """

    kind: Kind
    x: float
    y: float
    x2: float = 0.0
    y2: float = 0.0
    colour: str = ""
    shape: str = ""
    text: str = ""
    hollow: bool = False


@dataclass(frozen=True, slots=True)
class Element:
    """An element of SVG without children: its name, its attributes in order, its text."""

    tag: str
    attributes: tuple[tuple[str, str], ...]
    text: str = ""


_RULES: Mapping[str, Mapping[str, Any]] = {
    "grid": {"strokeWidth": 1},
    "limit": {"strokeWidth": 1.6, "strokeDash": [4, 2]},
    "adverse": {"strokeWidth": 1, "strokeDash": [2, 2]},
    "front": {"strokeWidth": 1, "strokeDash": [5, 3]},
    "interval": {"strokeWidth": 3, "strokeCap": "round"},
    "thin": {"strokeWidth": 1.4},
}
_TEXTS: Mapping[str, str] = {"start": "left", "middle": "center", "end": "right"}


def _place(name: str) -> dict[str, Any]:
    """A coordinate as it is: scales are ours."""
    return {"field": name, "type": "quantitative", "scale": None, "axis": None}


def _as_is(name: str) -> dict[str, Any]:
    return {"field": name, "type": "nominal", "scale": None, "legend": None}


def _layer(kind: str, mark: Mapping[str, Any], **encoding: Any) -> dict[str, Any]:
    chosen = {"filter": {"field": "kind", "equal": kind}}
    return {
        "name": kind,
        "transform": [chosen],
        "mark": dict(mark),
        "encoding": {"x": _place("x"), "y": _place("y"), **encoding},
    }


def _layers() -> list[dict[str, Any]]:
    """From the back to the front."""
    to: dict[str, Any] = {"x2": {"field": "x2"}, "y2": {"field": "y2"}}
    fill, stroke = {"fill": _as_is("colour")}, {"stroke": _as_is("colour")}
    rules = [_layer(name, {"type": "rule", **look}, **to, **stroke) for name, look in _RULES.items()]
    point = {"type": "point", "size": 60, "opacity": 1, "strokeWidth": 1.5}
    inside = {"fill": {"condition": {"test": "datum.hollow", "value": "#ffffff"}, **_as_is("colour")}}
    texts = [
        _layer(name, {"type": "text", "align": align, "fontSize": 10}, text=_as_is("text"), **fill)
        for name, align in _TEXTS.items()
    ]
    return [
        _layer("zone", {"type": "rect"}, **to, **fill),
        _layer("lane", {"type": "rect", "filled": False, "strokeWidth": 1}, **to, **stroke),
        _layer("bar", {"type": "rect", "fillOpacity": 0.35}, **to, **fill),
        *rules,
        _layer("point", point, shape=_as_is("shape"), **inside, **stroke),
        *texts,
    ]


def elements(marks: Sequence[Mark]) -> list[Element]:
    """One element a mark, in their order. Errors: ValueError where Vega-Lite drew other things than were asked for."""
    from xml.etree import ElementTree

    import vl_convert

    kinds = {mark.kind for mark in marks}
    if not kinds:
        return []
    layers = [layer for layer in _layers() if layer["name"] in kinds]
    spec = {
        "data": {"values": [asdict(mark) for mark in marks]},
        "layer": layers,
        "width": 1,
        "height": 1,
        "padding": 0,
        "autosize": "none",  # nothing depends on the width of a text, which differs with the fonts of a machine
        "config": {"aria": False, "background": None, "view": {"stroke": None}},
    }
    # Our own numbers and colours went in, and nothing that anybody wrote.
    root = ElementTree.fromstring(vl_convert.vegalite_to_svg(spec, vl_version=_VERSION, allowed_base_urls=[]))  # noqa: S314
    groups = {name: group for group in root.iter(f"{_SVG}g") for name in (group.get("class") or "").split()}
    drawn = {layer["name"]: iter(groups[f"{layer['name']}_marks"]) for layer in layers}
    dealt = [_element(mark, next(drawn[mark.kind], None)) for mark in marks]
    if any(next(rest, None) is not None for rest in drawn.values()):
        raise ValueError("Vega-Lite drew more than it was asked for")
    return dealt


def _element(mark: Mark, drawn: Any) -> Element:
    tag = "" if drawn is None else drawn.tag.removeprefix(_SVG)
    if tag not in _TAGS or (drawn.text or "") != mark.text:
        raise ValueError(f"Vega-Lite drew {tag or 'nothing'} for a {mark.kind}")
    kept = tuple((name, value) for name, value in drawn.attrib.items() if name in _KEPT)
    return Element(tag, kept, drawn.text or "")
