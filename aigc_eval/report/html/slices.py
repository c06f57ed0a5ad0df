"""Small tables of the main metrics by tag: languages side by side, categories one below the other."""

from __future__ import annotations

from dataclasses import dataclass

from aigc_eval.records import Bilingual, Estimate, MetricFacts, Run
from aigc_eval.report.mask import Masker
from aigc_eval.report.numbers import NONE, count
from aigc_eval.report.view import Cell, cell
from aigc_eval.report.words import ARROWS, both, metric_title, say, tag_name, tag_value

__all__ = ["SliceTable", "slice_tables"]

MOST = 40
"""Values of one tag that a table lists."""
SIDE_BY_SIDE = 3
"""Up to this many values stand side by side as columns; more become rows."""


@dataclass(frozen=True)
class SliceTable:
    """One metric by one tag: heads of the columns, then a head and cells for each row."""

    title: Bilingual
    arrow: str
    heads: tuple[Bilingual, ...]
    rows: tuple[tuple[Bilingual, tuple[Cell, ...]], ...]


@dataclass(frozen=True)
class SliceGroup:
    """All tables of one tag; `capped` says where values are left out."""

    title: Bilingual
    tables: tuple[SliceTable, ...]
    capped: Bilingual | None


def slice_tables(run: Run, masker: Masker) -> list[SliceGroup]:
    """The groups of tables, in the order of the run's slices; slices without a single value are left out."""
    found = {(e.candidate, e.scorer, e.metric, e.slice): e for e in run.estimates if e.slice}
    groups: dict[str, list[str]] = {}
    for name in dict.fromkeys(e.slice for e in run.estimates if e.slice):
        groups.setdefault("combined" if ", " in name else name.partition("=")[0], []).append(name)
    return [_group(run, tag, names, found, masker.long()) for tag, names in groups.items()]


def _group(
    run: Run, tag: str, names: list[str], found: dict[tuple[str, str, str, str], Estimate], masker: Masker
) -> SliceGroup:
    shown = names[:MOST]
    plain = [Bilingual(n) if tag == "combined" else tag_value(tag, n.partition("=")[2]) for n in shown]
    heads = [both(lambda lang, v=v: masker.shown([v.in_(lang)])[0]) for v in plain]  # type: ignore[misc]
    tables = []
    for scorer in run.scorers:
        for metric in scorer.metrics[:1]:
            grid = {
                (c.name, n): cell(found.get((c.name, scorer.name, metric.name, n)), metric.unit)
                for c in run.candidates
                for n in shown
            }
            tables.append(_table(run, metric, heads, shown, grid))
    tables = [t for t in tables if any(c.value != NONE for _, cells in t.rows for c in cells)]
    capped = say("slices.capped", shown=count(len(shown)), total=count(len(names))) if len(names) > MOST else None
    return SliceGroup(tag_name(tag), tuple(tables), capped)


def _table(
    run: Run, metric: MetricFacts, heads: list[Bilingual], names: list[str], grid: dict[tuple[str, str], Cell]
) -> SliceTable:
    candidates = [c.name for c in run.candidates]
    if len(names) <= SIDE_BY_SIDE:
        rows = tuple((Bilingual(c), tuple(grid[c, n] for n in names)) for c in candidates)
        return SliceTable(metric_title(metric), ARROWS[metric.better], tuple(heads), rows)
    listed = zip(heads, names, strict=True)
    rows = tuple((v, tuple(grid[c, n] for c in candidates)) for v, n in listed)
    return SliceTable(metric_title(metric), ARROWS[metric.better], tuple(map(Bilingual, candidates)), rows)
