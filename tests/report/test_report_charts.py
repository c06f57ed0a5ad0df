"""Pictures: where their numbers say, the same bytes everywhere, nothing in them that the page forbids."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest
import vl_convert
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_run import sample_run

from aigc_eval import report
from aigc_eval.records import Estimate
from aigc_eval.report.html import charts
from aigc_eval.report.html.charts import Album, Scale, Sketch, colours, vega

STYLE = Path(report.__file__).parent / "html" / "style"
GEOMETRY = ("d", "transform", "x2", "y2")
ODD = (1e308, -1e308, 5e-324, 0.0, -0.0, 1.0, 1.0000000000000002, 1e-300, -7.5, 3e15)


def estimate(value: float | None, low: float | None = None, high: float | None = None, **more: float) -> Estimate:
    return Estimate("c", "s", "m", value=value, low=low, high=high, **more)  # type: ignore[arg-type]


def one(sketch: Sketch, kind: str) -> vega.Mark:
    (mark,) = (m for m in sketch.marks if m.kind == kind)
    return mark


def inside(sketch: Sketch) -> bool:
    places = [(x, y) for m in sketch.marks for x, y in ((m.x, m.y), (m.x2, m.y2))]
    return all(0 <= x <= sketch.width and -1 <= y <= sketch.height for x, y in places)


def test_the_interval_lies_where_its_numbers_say() -> None:
    within = charts.gate_picture(estimate(0.1, 0.05, 0.15), (None, 0.2), (0.0, 1.0), "pass")
    bar, zone, limit = one(within, "interval"), one(within, "zone"), one(within, "limit")
    assert zone.x == 8 < bar.x < one(within, "point").x < bar.x2 < limit.x == zone.x2
    beyond = charts.gate_picture(estimate(0.6, 0.5, 0.7), (0.9, None), (0.0, 1.0), "fail")
    assert one(beyond, "interval").x2 < one(beyond, "limit").x == one(beyond, "zone").x
    unscored = estimate(0.1, 0.05, 0.15, failed=3, adverse_low=0.1, adverse_high=0.3)
    worst = charts.gate_picture(unscored, (None, 0.2), (0.0, 1.0), "fail")
    assert one(worst, "adverse").x2 > one(worst, "limit").x > one(worst, "interval").x2


def test_a_verdict_has_its_colour_and_a_candidate_its_shape() -> None:
    drawn = [charts.gate_picture(estimate(0.1, 0.0, 0.2), (None, 0.3), (0.0, 1.0), s) for s in colours.STATUS]
    assert [one(d, "point").colour for d in drawn] == list(colours.STATUS.values())
    row = [estimate(float(i), i - 0.5, i + 0.5) for i in range(20)]
    points = [m for m in charts.comparison(row, Scale(0.0, 20.0)).marks if m.kind == "point"]
    assert len({(m.colour, m.shape) for m in points}) == 20
    assert [m.y for m in points] == sorted({m.y for m in points})


def test_bars_start_at_zero() -> None:
    sketch = charts.bars([estimate(0.25, 0.2, 0.3), estimate(None)], Scale(0.0, 1.0), 100)
    bar = one(sketch, "bar")
    assert (bar.x, bar.x2) == (8.0, 29.0)
    below = one(charts.bars([estimate(-1.0)], Scale(-2.0, 2.0), 100), "bar")
    assert (below.x, below.x2) == (50.0, 29.0)


def test_an_axis_prints_numbers_as_the_tables_do() -> None:
    scale = Scale(0.0, 0.0072)
    sketch = charts.axis(scale, scale.ticks(), "share")
    assert [m.text for m in sketch.marks] == ["0\u00a0%", "0.2\u00a0%", "0.4\u00a0%", "0.6\u00a0%"]
    assert [m.kind for m in sketch.marks] == ["start", "middle", "middle", "middle"]
    assert inside(sketch)


@given(st.lists(st.floats(allow_nan=False), min_size=0, max_size=6), st.booleans())
@settings(max_examples=300, deadline=None)
def test_a_scale_holds_any_numbers(numbers: list[float], share: bool) -> None:
    scale = Scale.of(numbers, (0.0, 1.0) if share else (None, None))
    assert scale.low < scale.high
    shares = [scale.share(n) for n in sorted(numbers)]
    assert shares == sorted(shares)
    assert all(0 <= s <= 1 for s in shares)
    ticks = scale.ticks()
    assert len(ticks) <= 4
    assert ticks == sorted(set(ticks))
    slack = (scale.high - scale.low) * 1e-6 + abs(scale.high) * 1e-11
    assert all(scale.low - slack <= t <= scale.high + slack for t in ticks)


def test_odd_numbers_all_draw() -> None:
    album = Album()
    found = []
    for a in (*ODD, None):
        for b in ODD:
            low, high = sorted((b, b if a is None else a))
            odd = estimate(a, low, high, failed=1, adverse_low=low, adverse_high=high)
            for zone in ((None, b), (b, None), (low, high), (None, None)):
                found.append(charts.gate_picture(odd, zone, (None, None), "pass"))
            row = [odd, None, estimate(a), estimate(None, low, high)]
            scale = Scale.of(charts.numbers_of(row))
            found += [
                charts.comparison(row, scale),
                charts.bars(row, scale),
                charts.axis(scale, scale.ticks(), "share"),
            ]
    found += [
        charts.gate_picture(None, (None, None), (None, None), "undetermined"),
        charts.comparison([None], Scale.of([])),
        charts.comparison([], Scale.of([])),
        charts.comparison([estimate(0.5, 0.4, 0.6)] * 20, Scale.of([0.5])),
    ]
    assert all(map(inside, found))
    pictures = [album.add(sketch) for sketch in found]
    for picture in pictures:
        assert len(picture.elements) == len(picture.sketch.marks)
    told = " ".join(value for p in pictures for e in p.elements for name, value in e.attributes if name in GEOMETRY)
    assert not re.search(r"nan|inf|undefined|null|\de[+-]?\d", told, re.IGNORECASE)


def test_elements_hold_nothing_that_the_page_forbids() -> None:
    allowed = {"path", "line", "text"}
    names = {"d", "x2", "y2", "transform", "fill", "fill-opacity", "stroke", "stroke-width", "stroke-linecap",
             "stroke-dasharray", "text-anchor", "font-size"}  # fmt: skip
    row = [estimate(0.5, 0.4, 0.6)] * 4
    sketches = [charts.bars(row, Scale(0, 1), 300, [0.5]), charts.axis(Scale(0, 1), [0, 0.5, 1], ""), charts.key(2)]
    sketches.append(charts.gate_picture(row[0], (None, 0.3), (0, 1), "fail"))
    drawn = [e for s in sketches for e in Album().add(s).elements]
    assert {e.tag for e in drawn} == allowed
    assert {name for e in drawn for name, _ in e.attributes} <= names
    assert [e.text for e in drawn if e.text] == ["0", "0.5", "1"]


def test_every_colour_follows_the_page() -> None:
    base = (STYLE / "base.css").read_text("utf-8")
    light = dict(re.findall(r"--([\w-]+): (#\w+);", base.partition("@media")[0]))
    light |= {name: "#ffffff" for name, value in light.items() if value == "#fff"}
    css = (STYLE / "charts.css").read_text("utf-8")
    names = {"CARD": "card", "INK": "ink", "LANE": "lane", "LINE": "line", "SOFT": "soft", "ZONE": "zone"}
    used = {light[css_name]: getattr(colours, name) for name, css_name in names.items()}
    used |= {light[f"c{i}"]: colour for i, colour in enumerate(colours.CANDIDATES)}
    used |= {light[{"undetermined": "open"}.get(s, s)]: colour for s, colour in colours.STATUS.items()}
    assert all(page == picture for page, picture in used.items())
    for css_name, colour in light.items():
        if colour in used:
            rules = re.findall(rf'\[(fill|stroke)="{colour}"\] {{ (\w+): var\(--([\w-]+)\)', css)
            assert {(a, b, c) for a, b, c in rules} & {("fill", "fill", css_name), ("stroke", "stroke", css_name)}
    filled = {*colours.CANDIDATES, *colours.STATUS.values(), colours.INK, colours.SOFT, colours.ZONE, colours.CARD}
    drawn = {*colours.CANDIDATES, *colours.STATUS.values(), colours.INK, colours.LINE, colours.LANE}
    assert all(f'[fill="{colour}"]' in css for colour in filled)
    assert all(f'[stroke="{colour}"]' in css for colour in drawn)


def test_the_same_picture_is_the_same_bytes_on_any_machine(tmp_path: Path) -> None:
    code = (
        "from aigc_eval.records import Estimate; from aigc_eval.report.html.charts import *;"
        "row = [Estimate('c', 's', 'm', value=i / 7, low=i / 9, high=i / 3) for i in range(5)]; scale = Scale(0, 2.2);"
        "found = [comparison(row, scale), bars(row, scale), axis(scale, scale.ticks(), 'share'), key(3)];"
        "album = Album(); print([album.add(f).elements for f in found])"
    )
    nothing = tmp_path / "fonts.conf"
    nothing.write_text("<fontconfig></fontconfig>")
    found = set()
    for seed, more in (
        ("1", {}),
        ("2", {"LANG": "zh_CN.UTF-8", "FONTCONFIG_FILE": str(nothing), "HOME": str(tmp_path)}),
    ):
        env = {"PYTHONHASHSEED": seed, "TZ": f"Etc/GMT+{seed}", "PATH": os.environ["PATH"], **more}
        done = subprocess.run([sys.executable, "-c", code], check=True, env=env, capture_output=True)
        found.add(done.stdout)
    assert len(found) == 1
    assert b"Element" in found.pop()


def test_a_page_of_pictures_is_drawn_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library takes most of its time to begin."""
    draw = Mock(wraps=vl_convert.vegalite_to_svg)
    monkeypatch.setattr(vl_convert, "vegalite_to_svg", draw)
    album = Album()
    row = [estimate(0.5, 0.4, 0.6), estimate(0.3, 0.1, 0.4)]
    pictures = [album.add(charts.comparison(row, Scale(0.0, 1.0 + i))) for i in range(300)]
    assert {len(p.elements) for p in pictures} == {6}
    assert len({p.elements for p in pictures}) > 100
    assert draw.call_count == 1


def test_a_picture_that_was_drawn_otherwise_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = vl_convert.vegalite_to_svg
    marks = charts.key(0).marks
    monkeypatch.setattr(vl_convert, "vegalite_to_svg", lambda *a, **k: re.sub(r"<path t[^>]*/>", "", real(*a, **k)))
    with pytest.raises(ValueError, match="drew nothing for a point"):
        vega.elements(marks)
    with pytest.raises(report.ReportError) as caught:
        report.write(sample_run(), tmp_path, formats=("html", "json"), languages=("en",))
    assert set(caught.value.failed) == {"html"}
    assert not (tmp_path / "report.html").exists()
    monkeypatch.setattr(
        vl_convert, "vegalite_to_svg", lambda *a, **k: re.sub(r"(<path t[^>]*/>)", r"\1\1", real(*a, **k))
    )
    with pytest.raises(ValueError, match="more than"):
        vega.elements(marks)
