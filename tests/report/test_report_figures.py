"""The sections made of pictures: bars by dimension, small multiples by slice, quality against cost."""

from __future__ import annotations

from dataclasses import replace
from xml.etree.ElementTree import Element

import html5lib
import pytest
from sample_run import build_run, sample_rows, sample_run

from aigc_eval.records import Bilingual, Estimate, MetricFacts, PluginFacts, Run
from aigc_eval.report import html
from aigc_eval.report.html.charts import Album
from aigc_eval.report.html.figures import overview
from aigc_eval.report.html.frontier import beaten, frontier
from aigc_eval.report.html.slices import slices
from aigc_eval.report.mask import Masker
from aigc_eval.report.page import Page

SVG = "{http://www.w3.org/2000/svg}"


def page_of(run: Run) -> Page:
    return Page(run, Masker.of_run(run.rows, run.key), ("en", "zh"))


def section(run: Run, name: str) -> Element | None:
    root = html5lib.parse(html.render(page_of(run)), namespaceHTMLElements=False)
    return next((s for s in root.iter("section") if s.get("id") == name), None)


def sweep(count: int = 3, **columns: object) -> Run:
    names = [f"m[temperature={i / 10}]" for i in range(count)]
    rows = sample_rows(tuple(names), 24)
    rows["seconds"] = [1.0 + names.index(c) for c in rows["candidate"]]
    return build_run(rows.assign(**columns), ())


def costed(values: dict[str, tuple[float | None, float | None]]) -> Run:
    """A run of these candidates: (cost, quality) each."""
    money = MetricFacts(
        "cost_per_accepted", "lower", (0.0, None), "USD", Bilingual("Price", "价格"), Bilingual("-"), "-"
    )
    supported = MetricFacts("supported", "higher", (0.0, 1.0), "share", Bilingual("right", "正确"), Bilingual("-"), "-")
    scorers = (
        PluginFacts("money", "Cost", "c", Bilingual("Cost"), (money,)),
        PluginFacts("truth", "Truth", "t", Bilingual("Truth"), (supported,)),
    )
    estimates = []
    for name, (cost, quality) in values.items():
        estimates.append(Estimate(name, "money", money.name, value=cost))
        ends = (None, None) if quality is None else (quality - 0.05, quality + 0.05)
        estimates.append(Estimate(name, "truth", supported.name, value=quality, low=ends[0], high=ends[1]))
    candidates = tuple(PluginFacts(n, "g", n) for n in values)
    return replace(sample_run(()), candidates=candidates, scorers=scorers, estimates=tuple(estimates), slices=("",))


def test_bars_show_every_scorer_with_shares_first_on_one_axis() -> None:
    lines = overview(page_of(sample_run()))["overview"]
    assert [b.scorer.en for b in lines] == ["Toxicity", "Privacy", "Factuality", "Fluency", "Diversity"]
    assert [b.axis is not None for b in lines] == [False, False, True, True, True]
    assert [e.text for e in lines[2].axis.elements] == ["0\u00a0%", "25\u00a0%", "50\u00a0%", "75\u00a0%", "100\u00a0%"]
    assert lines[3].axis.elements[0].text == "0"
    assert "baseline-v1 6.11 % (2.81–12.8 %)" in lines[0].label


def test_every_slice_stands_beside_its_picture_on_a_common_scale() -> None:
    run = sample_run()
    groups = slices(page_of(run))["slices"]
    assert [g.title.en for g in groups] == ["language", "category"]
    table = groups[0].tables[0]
    assert [r.head.zh for r in table.rows] == ["英文", "中文"]
    found = {(e.candidate, e.slice): e for e in run.estimates if e.metric == "perplexity"}
    points = {}
    for row, name in zip(table.rows, ("lang=en", "lang=zh"), strict=True):
        marks = [m for m in row.picture.sketch.marks if m.kind == "point"]
        for candidate, mark in zip(run.candidates, marks, strict=True):
            points[mark.x] = found[candidate.name, name].value
    assert [points[x] for x in sorted(points)] == sorted(points.values())
    shown = section(run, "slices")
    assert shown is not None
    rows = [r for r in shown.iter("tr") if r.find("th[@scope='row']") is not None]
    assert all(len([*r.iter(f"{SVG}svg")]) == 1 for r in rows)


def test_many_slices_are_capped() -> None:
    run = sample_run()
    many = tuple(replace(e, slice=f"topic={i}") for i in range(50) for e in run.estimates if e.slice == "lang=en")
    (group,) = slices(page_of(replace(run, estimates=many)))["slices"]
    assert len(group.tables[0].rows) == 40
    assert group.capped.en == "The first 40 of 50 values are shown."


def test_the_frontier_holds_who_is_beaten_by_nobody() -> None:
    run = costed({"cheap": (1.0, 0.5), "good": (3.0, 0.9), "dear": (4.0, 0.8), "lost": (None, 0.9), "same": (3.0, 0.9)})
    (found,) = frontier(page_of(run))["frontiers"]
    assert [p.on for p in found.places] == [True, True, False, False, True]
    assert [p.words.en for p in found.places] == [
        "on the frontier", "on the frontier", "behind good", "", "on the frontier"
    ]  # fmt: skip
    marks = found.picture.sketch.marks
    assert sum(m.kind == "point" for m in marks) == 4
    cheap, good = [m for m in marks if m.kind == "point"][:2]
    assert cheap.x < good.x
    assert cheap.y > good.y
    assert Album.of(page_of(run)).add(found.picture.sketch).elements
    text = " ".join(section(run, "frontier").itertext())  # type: ignore[union-attr]
    assert "behind good" in text
    assert "落后于 good" in text


def test_equals_do_not_beat_each_other() -> None:
    assert beaten([1.0, 1.0, 2.0], [0.1, 0.1, 0.2], "lower") == [None, None, 0]
    assert beaten([1.0, 2.0], [0.1, 0.1], "higher") == [None, 0]
    assert beaten([1.0, 2.0], [0.1, 0.2], "higher") == [None, None]


@pytest.mark.parametrize(
    "values",
    [
        {"a": (1e308, 0.5), "b": (5e-324, 0.5)},
        {"a": (0.0, 1.0), "b": (0.0, 1.0)},
        {f"c{i}": (float(i), i / 20) for i in range(20)},
    ],
)
def test_odd_frontiers_draw(values: dict[str, tuple[float | None, float | None]]) -> None:
    (found,) = frontier(page_of(costed(values)))["frontiers"]
    assert len(found.picture.elements) == len(found.picture.sketch.marks)
    inside = found.picture.sketch
    assert all(0 <= m.x <= inside.width and 0 <= m.y <= inside.height for m in inside.marks)


def test_no_frontier_without_two_costs() -> None:
    assert frontier(page_of(costed({"a": (1.0, 0.5), "b": (None, 0.5)})))["frontiers"] == ()
    assert section(sample_run(), "frontier") is None


def test_a_sweep_is_drawn_against_its_time() -> None:
    found = frontier(page_of(sweep()))
    assert found["frontier_cost"].en == "Time per output (s)"
    assert [c.value for c in found["frontier_costs"]] == ["1.00", "2.00", "3.00"]
    assert len(found["frontiers"]) == 5
    tokens = frontier(page_of(sweep(seconds=float("nan"), **{"usage.output_tokens": 30.0})))
    assert tokens["frontier_cost"].zh == "每条输出的长度（词元）"
