"""The sections whose lines have a picture beside their numbers: gates, the overview, candidates side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aigc_eval.records import Bilingual, Estimate, MetricFacts, PluginFacts
from aigc_eval.report import view
from aigc_eval.report.html.charts import Album, Picture, Scale, axis, bars, comparison, gate_picture, numbers_of
from aigc_eval.report.page import Page
from aigc_eval.report.words import ARROWS, level, metric_title, say, scorer_title, unit_name

__all__ = ["compare", "gates", "overview"]

_WIDTH = 460


def gates(page: Page) -> dict[str, Any]:
    """Every gate, and its interval against its limit."""
    groups, album = view.gate_groups(page.run), Album.of(page)
    lines = (line for _, group in groups for line in group)
    pictures = {g: album.add(gate_picture(g.estimate, g.zone, g.bounds, g.status)) for g in lines}
    return {"gates": groups, "gate_pictures": pictures}


def compare(page: Page) -> dict[str, Any]:
    """Every metric, and its candidates on one scale."""
    groups, album = view.comparisons(page.run), Album.of(page)
    lines = (line for _, group in groups for line in group)
    pictures = {m: album.add(comparison(m.row, Scale.of(numbers_of(m.row), m.bounds))) for m in lines}
    return {"comparisons": groups, "comparison_pictures": pictures}


@dataclass(frozen=True)
class Bars:
    """The main metric of a scorer as bars; `axis` stands below the picture where it is not that of the next one."""

    scorer: Bilingual
    title: Bilingual
    arrow: str
    unit: Bilingual
    label: str
    picture: Picture
    axis: Picture | None


def overview(page: Page) -> dict[str, Any]:
    """The main metric of each scorer that has a value, shares first: they stand on one axis from 0 to 100 %."""
    found = page.run.overall()
    lines = []
    for scorer in page.run.scorers:
        for metric in scorer.metrics[:1]:
            row = [found.get((c.name, scorer.name, metric.name)) for c in page.run.candidates]
            if any(e and e.value is not None for e in row):
                lines.append((scorer, metric, row))
    lines.sort(key=lambda line: not _share(line[1]))
    last = sum(_share(metric) for _, metric, _ in lines) - 1
    drawn = [_bars(page, *line, below=not _share(line[1]) or i == last) for i, line in enumerate(lines)]
    return {"overview": drawn, "overview_note": say("overview.note", level=level(page.run))}


def _least(metric: MetricFacts) -> float | None:
    """The lowest number that an axis of bars needs, which always holds zero."""
    low = metric.bounds[0]
    return None if low is None else min(0.0, low)


def _share(metric: MetricFacts) -> bool:
    return metric.unit == "share" and metric.bounds == (0.0, 1.0)


def _bars(page: Page, scorer: PluginFacts, metric: MetricFacts, row: Sequence[Estimate | None], *, below: bool) -> Bars:
    scale = Scale(0.0, 1.0) if _share(metric) else Scale.of([0.0, *numbers_of(row)], (_least(metric), metric.bounds[1]))
    album, ticks = Album.of(page), scale.ticks(5)
    cells = [view.cell(e, metric.unit) for e in row]
    return Bars(
        scorer_title(scorer),
        metric_title(metric),
        ARROWS[metric.better],
        unit_name(metric.unit),
        view.aloud([c.name for c in page.run.candidates], cells),
        album.add(bars(row, scale, _WIDTH, ticks)),
        album.add(axis(scale, ticks, metric.unit, _WIDTH)) if below else None,
    )
