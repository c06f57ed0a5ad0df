"""The random core of every labelling sheet is the sample that its seed gives, from all outputs that its rate counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aigc_eval.errors import AigcEvalError
from aigc_eval.journal import NAME
from aigc_eval.labels import core, in_random_order, sheets
from aigc_eval.metrics import Rate
from aigc_eval.plugin import Scorer
from aigc_eval.rated import Rated
from aigc_eval.records import Run, Sheet
from aigc_eval.verify.finding import Unfit

__all__ = ["check_cores"]


def check_cores(labelling: Iterable[Mapping[str, Any]], run: Run, scorers: Mapping[str, Scorer]) -> list[str]:
    """Raise `Unfit` for a core that was chosen and not drawn.

    Returns what there is to say of sheets that could not be looked at: their rate cannot be computed here, or counts
    other outputs now than when they were drawn.
    """
    keys = [*zip(*(run.rows[name].tolist() for name in ("candidate", "prompt", "sample")), strict=True)]
    notes = []
    for sheet in sheets(labelling):
        names = dict.fromkeys(item.candidate for item in sheet.items)
        due = {name: [keys[i] for i in _due(sheet, run, scorers) if keys[i][0] == name] for name in names}
        population = sum(map(len, due.values()))
        if population != sheet.population:
            now = f"{sheet.population:,} outputs, and {population:,} can be found here"
            notes.append(f"sheet {sheet.id}: drawn from {now}; its random core was not drawn again")
            continue
        for name in names:
            drawn = core(sheet, name)
            if drawn != in_random_order(due[name], run.id, sheet.seed)[: len(drawn)]:
                raise Unfit(NAME, None, f"the random core of sheet {sheet.id} was chosen, not drawn by its seed")
    return notes


def _due(sheet: Sheet, run: Run, scorers: Mapping[str, Scorer]) -> list[int]:
    """The rows that the rate of a sheet counts; none where it cannot be computed."""
    scorer = scorers.get(sheet.scorer)
    if scorer is None or f"{sheet.scorer}:status" not in run.rows:
        return []
    try:
        rate = next((m for m in scorer.metrics() if m.name == sheet.metric and isinstance(m, Rate)), None)
        return [] if rate is None else [int(i) for i in Rated.of(run.rows, sheet.scorer, rate).due.nonzero()[0]]
    except (AigcEvalError, LookupError, ValueError, TypeError):  # what a plug-in's metric needs that is not here
        return []
