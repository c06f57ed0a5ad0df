"""Small multiples of the main metrics by tag: a table a metric, a row a value, numbers and picture side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aigc_eval.records import Bilingual, Estimate, MetricFacts, PluginFacts, Run
from aigc_eval.report.html.charts import Album, Picture, Scale, axis, comparison, numbers_of
from aigc_eval.report.numbers import count
from aigc_eval.report.page import Page
from aigc_eval.report.view import Cell, aloud, cell
from aigc_eval.report.words import ARROWS, metric_title, say, tag_name, tag_value, unit_name

__all__ = ["SliceGroup", "SliceTable", "slices"]

MOST = 40
"""Values of one tag that a table lists."""
_WIDTH = 170
_TICKS = 3
_Found = Mapping[tuple[str, str, str, str], Estimate]


@dataclass(frozen=True)
class SliceRow:
    """One value of a tag: a cell a candidate, their picture, and what it says in words."""

    head: Bilingual
    cells: tuple[Cell, ...]
    picture: Picture
    label: str


@dataclass(frozen=True)
class SliceTable:
    """One metric by one tag; all its pictures share one scale, whose axis stands below them."""

    title: Bilingual
    arrow: str
    unit: Bilingual
    rows: tuple[SliceRow, ...]
    axis: Picture


@dataclass(frozen=True)
class SliceGroup:
    """All tables of one tag; `capped` says where values are left out."""

    title: Bilingual
    tables: tuple[SliceTable, ...]
    capped: Bilingual | None


def slices(page: Page) -> dict[str, Any]:
    """The groups of tables, in the order of the run's slices; metrics without a single value are left out."""
    run, album = page.run, Album.of(page)
    found = {(e.candidate, e.scorer, e.metric, e.slice): e for e in run.estimates if e.slice}
    groups: dict[str, list[str]] = {}
    for name in dict.fromkeys(e.slice for e in run.estimates if e.slice):
        groups.setdefault("combined" if ", " in name else name.partition("=")[0], []).append(name)
    return {"slices": [_group(run, album, tag, names, found) for tag, names in groups.items()]}


def _group(run: Run, album: Album, tag: str, names: list[str], found: _Found) -> SliceGroup:
    shown = names[:MOST]
    heads = {n: Bilingual(n) if tag == "combined" else tag_value(tag, n.partition("=")[2]) for n in shown}
    tables = []
    for scorer in run.scorers:
        for metric in scorer.metrics[:1]:
            rows = [(heads[n], _row(run, scorer, metric, n, found)) for n in shown]
            if any(e and e.value is not None for _, row in rows for e in row):
                tables.append(_table(run, album, metric, rows))
    capped = say("slices.capped", shown=count(len(shown)), total=count(len(names))) if len(names) > MOST else None
    return SliceGroup(tag_name(tag), tuple(tables), capped)


def _row(run: Run, scorer: PluginFacts, metric: MetricFacts, name: str, found: _Found) -> list[Estimate | None]:
    return [found.get((c.name, scorer.name, metric.name, name)) for c in run.candidates]


def _table(
    run: Run, album: Album, metric: MetricFacts, rows: Sequence[tuple[Bilingual, list[Estimate | None]]]
) -> SliceTable:
    scale = Scale.of([n for _, row in rows for n in numbers_of(row)], metric.bounds)
    ticks = scale.ticks(_TICKS)
    lines = []
    for head, row in rows:
        cells = tuple(cell(e, metric.unit) for e in row)
        picture = album.add(comparison(row, scale, _WIDTH, ticks))
        lines.append(SliceRow(head, cells, picture, aloud([c.name for c in run.candidates], cells)))
    below = album.add(axis(scale, ticks, metric.unit, _WIDTH))
    return SliceTable(metric_title(metric), ARROWS[metric.better], unit_name(metric.unit), tuple(lines), below)
