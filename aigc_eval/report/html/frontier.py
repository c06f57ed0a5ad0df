"""Quality against cost: which candidates no other one beats in both, where runs know what their outputs cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aigc_eval.records import Bilingual, Estimate, MetricFacts, PluginFacts, Run
from aigc_eval.report.html.charts import Album, Picture, scatter
from aigc_eval.report.page import Page
from aigc_eval.report.view import Cell, cell
from aigc_eval.report.words import ARROWS, level, metric_title, say, unit_name

__all__ = ["beaten", "frontier"]

_COSTS = ("cost_per_accepted", "cost", "latency_p50", "output_tokens")
"""What an output costs, by the metrics of a scorer of cost: the first that at least two candidates have."""
_COUNTED = (("seconds", "s", "frontier.seconds"), ("usage.output_tokens", "tokens", "frontier.tokens"))
"""What a sweep without such a scorer is drawn against: a column of the rows, its unit and its name."""
_Row = list[Estimate | None]


@dataclass(frozen=True)
class Place:
    """Where a candidate stands in one metric: its number as printed, and whether any other beats it."""

    quality: Cell
    on: bool
    words: Bilingual


@dataclass(frozen=True)
class Frontier:
    """One metric of quality against the cost, a place a candidate."""

    title: Bilingual
    arrow: str
    unit: Bilingual
    picture: Picture
    label: str
    places: tuple[Place, ...]


@dataclass(frozen=True)
class _Cost:
    title: Bilingual
    unit: str
    row: _Row


def frontier(page: Page) -> dict[str, Any]:
    """A picture and a table for each main metric of quality, where at least two candidates have both numbers."""
    found = page.run.overall()
    payers = [s for s in page.run.scorers if "cost" in s.dimensions or any(m.name in _COSTS for m in s.metrics)]
    cost = _scored(page.run, payers, found) or _counted(page.run)
    drawn = []
    for scorer in page.run.scorers if cost else ():
        metric = scorer.metrics[0] if scorer.metrics and scorer not in payers else None
        if cost and metric is not None and metric.better is not None:
            row = [found.get((c.name, scorer.name, metric.name)) for c in page.run.candidates]
            if sum(_both(c, q) for c, q in zip(cost.row, row, strict=True)) >= 2:
                drawn.append(_frontier(page, cost, metric, row))
    if cost is None or not drawn:
        return {"frontiers": (), "frontier_note": None, "frontier_cost": None, "frontier_costs": ()}
    title = _named(cost.title, cost.unit)
    return {
        "frontiers": tuple(drawn),
        "frontier_note": say("frontier.note", cost=title, level=level(page.run)),
        "frontier_cost": title,
        "frontier_costs": tuple(cell(e, cost.unit) for e in cost.row),
    }


def _both(cost: Estimate | None, quality: Estimate | None) -> bool:
    return cost is not None and cost.value is not None and quality is not None and quality.value is not None


def _scored(run: Run, payers: Sequence[PluginFacts], found: dict[tuple[str, str, str], Estimate]) -> _Cost | None:
    """The first cost that a scorer measured of at least two candidates."""
    known = {(s.name, m.name): m for s in payers for m in s.metrics}
    for name in _COSTS:
        for (scorer, metric), facts in known.items():
            row = [found.get((c.name, scorer, metric)) for c in run.candidates]
            if metric == name and sum(e is not None and e.value is not None for e in row) >= 2:
                return _Cost(metric_title(facts), facts.unit, row)
    return None


def _counted(run: Run) -> _Cost | None:
    """What the calls of a sweep took on average, without an interval."""
    bases = [c.name.partition("[")[0] for c in run.candidates if c.name.endswith("]")]
    if len(bases) == len(set(bases)):  # no two candidates come from one matrix
        return None
    for column, unit, title in _COUNTED:
        if column in run.rows:
            means = run.rows.groupby("candidate", sort=False)[column].mean().to_dict()
            row: _Row = [
                Estimate(c.name, "", column, value=float(means[c.name])) if means.get(c.name, 0) > 0 else None
                for c in run.candidates
            ]
            if sum(e is not None for e in row) >= 2:
                return _Cost(say(title), unit, row)
    return None


def beaten(costs: Sequence[float | None], qualities: Sequence[float | None], better: str) -> list[int | None]:
    """For each candidate, the cheapest that is no worse in both and better in one; None where there is none.

    >>> beaten([1.0, 2.0, 3.0], [0.5, 0.9, 0.8], "higher")
    [None, None, 1]
    >>> beaten([1.0, 1.0, None], [0.5, 0.5, 0.1], "lower")
    [None, None, None]
    """
    sign = 1.0 if better == "lower" else -1.0
    points = [None if c is None or q is None else (c, sign * q) for c, q in zip(costs, qualities, strict=True)]
    found: list[int | None] = []
    for own in points:
        over = [
            (other, i)
            for i, other in enumerate(points)
            if own and other and other != own and other[0] <= own[0] and other[1] <= own[1]
        ]
        found.append(min(over)[1] if over else None)
    return found


def _frontier(page: Page, cost: _Cost, metric: MetricFacts, row: _Row) -> Frontier:
    costs = [e.value if e else None for e in cost.row]
    over = beaten(costs, [e.value if e else None for e in row], metric.better or "lower")
    names = [c.name for c in page.run.candidates]
    places = []
    for price, quality, other in zip(cost.row, row, over, strict=True):
        on = _both(price, quality) and other is None
        words = say("frontier.on") if on else say("frontier.off", name=names[other]) if other is not None else None
        places.append(Place(cell(quality, metric.unit), on, words or Bilingual("")))
    picture = scatter(cost.row, row, (cost.unit, metric.unit), metric.bounds, [p.on for p in places])
    told = (
        f"{n} {cell(c, cost.unit).value}, {p.quality.value}" for n, c, p in zip(names, cost.row, places, strict=True)
    )
    return Frontier(
        metric_title(metric),
        ARROWS[metric.better],
        unit_name(metric.unit),
        Album.of(page).add(picture),
        "; ".join(told),
        tuple(places),
    )


def _named(title: Bilingual, unit: str) -> Bilingual:
    """The name of what an axis counts, with its unit where readers are told it."""
    name = unit_name(unit)
    if not name.en:
        return title
    return Bilingual(f"{title.en} ({name.en})", f"{title.in_('zh')}（{name.in_('zh')}）")
