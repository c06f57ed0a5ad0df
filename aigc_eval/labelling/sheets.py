"""A sheet is drawn, recorded in the run's journal, and only then written for raters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from aigc_eval.errors import UsageError
from aigc_eval.journal import Journal
from aigc_eval.labelling.asked import Asked, Opened, opened
from aigc_eval.labelling.drawing import Drawn, Sizes, draw
from aigc_eval.labelling.growing import grow, now
from aigc_eval.labelling.writing import write
from aigc_eval.labels import SHEET, sheet_record, sheets
from aigc_eval.publishing import reports_of
from aigc_eval.records import Edition, Sheet, Stratum

__all__ = ["Made", "Wanted", "make_sheet"]


@dataclass(frozen=True)
class Wanted:
    """What a sheet is to be: of which rate, how large, for whom. `metric` "" is the scorer's first rate."""

    scorer: str
    metric: str = ""
    sizes: Sizes = field(default_factory=Sizes)
    seed: int = 0
    candidates: Sequence[str] = ()
    edition: Edition = "reviewer"


@dataclass(frozen=True)
class Made:
    """A sheet, its files, strata left out and why, and whether the scorer's findings show where values are masked.

    It is not `new` where the same one was drawn before.
    """

    sheet: Sheet
    files: tuple[Path, ...]
    skipped: Mapping[Stratum, str]
    revealing: bool
    new: bool


def make_sheet(
    folder: Path, wanted: Wanted, out: Path | None = None, *, bom: bool | None = None, trust: bool = False
) -> Made:
    """Draw a sheet from the completed run in a folder, record it, and write it into the folder `out`.

    `out` is beside the run where none is named; `bom` as the bench has it for tables. The same sheet drawn again is
    written again, not recorded twice. Raises `UsageError` where there is nothing to draw, or for a folder in the run's.
    """
    found = opened(folder, trust=trust)
    drawn = _drawn(found, wanted)
    own = folder.resolve()
    place = out if out is not None else own.with_name(f"{own.name}.sheet-{drawn.sheet.id[:8]}")
    if place.resolve().is_relative_to(own):
        raise UsageError(f"{place} is in the run's folder, which holds nothing but the run; name another with --out")
    known = {sheet.id: sheet for sheet in sheets(found.labelling)}
    sheet = known.get(drawn.sheet.id, drawn.sheet)
    grow(folder, lambda journal: _new(journal, sheet), trust=trust)
    rate = found.rate(wanted.scorer, wanted.metric)
    asked = found.run.bench.get("report") or {}
    mark = bool((asked.get("csv") or {}).get("bom", True)) if bom is None else bom
    files = write(place, found.run, sheet, rate, _languages(folder, found), bom=mark)
    scorer = next(s for s in found.run.scorers if s.name == wanted.scorer)
    return Made(
        sheet, tuple(files), drawn.skipped, scorer.masks and wanted.edition != "internal", sheet.id not in known
    )


def _drawn(found: Opened, wanted: Wanted) -> Drawn:
    rate = found.rate(wanted.scorer, wanted.metric)
    asked = Asked(found, wanted.scorer, rate)
    return draw(asked, wanted.sizes, wanted.seed, now(), candidates=wanted.candidates, edition=wanted.edition)


def _new(journal: Journal, sheet: Sheet) -> list[dict[str, object]]:
    known = {known.id for known in sheets(journal.each(SHEET))}
    return [] if sheet.id in known else [sheet_record(sheet)]


def _languages(folder: Path, found: Opened) -> tuple[str, ...]:
    """Both, that of the run's reports first."""
    first = reports_of(folder, found.terms)[1][0]
    return (first, *({"en", "zh"} - {first}))
