"""sheet.csv and sheet.html: the outputs of a sheet for raters, in a spreadsheet or in a page that works offline."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from aigc_eval.labelling.shown import Item, items
from aigc_eval.labelling.words import WORDS, question, say, words
from aigc_eval.metrics import Rate
from aigc_eval.records import Bilingual, Run, Sheet
from aigc_eval.report.escape import Shown, csv_cell
from aigc_eval.report.files import write_atomically
from aigc_eval.report.html import EXACT_LANGUAGES, LANGUAGE_NAMES
from aigc_eval.report.html.environment import allowed_by, environment, fixed_words
from aigc_eval.report.words import edition_words
from aigc_eval.report.words import say as told

if TYPE_CHECKING:
    import jinja2

__all__ = ["CSV", "HTML", "cells", "write"]

CSV, HTML = "sheet.csv", "sheet.html"
STYLES = ("base.css", "editions.css", "sheet.css")
SCRIPTS = ("sheet.js",)
_LIVE = ("item", "progress", "exported", "imported")
"""Phrases with figures that the page's script fills in."""


def write(
    folder: Path, run: Run, sheet: Sheet, rate: Rate, languages: Sequence[str], *, bom: bool = True
) -> list[Path]:
    """Write both files; those of an internal sheet can be read by their owner only."""
    shown = items(run, sheet)
    mode = 0o600 if sheet.edition == "internal" else 0o644
    folder.mkdir(parents=True, exist_ok=True)
    files = {CSV: ("\ufeff" if bom else "") + _table(shown), HTML: _page(run, sheet, rate, shown, languages)}
    for name, text in files.items():
        write_atomically(folder / name, text, mode)
    return [folder / name for name in files]


def cells(item: Item) -> dict[str, str]:
    """What the table says of an item, by column."""
    return {
        "item": item.id,
        "prompt": csv_cell(item.question),
        "answer": csv_cell(Shown(f"{_ended(item)}{item.answer}")),
        "references": csv_cell(Shown("\n".join(item.references))),
        "evidence": csv_cell(Shown("\n".join(item.evidence))),
        "label": "",
        "note": "",
    }


def _ended(item: Item) -> str:
    """How an output ended that did not end as usual, before its text."""
    if not item.outcome:
        return ""
    known = told(f"outcome.{item.outcome}")
    return f"[{known.en} / {known.in_('zh')}] "


def _table(shown: Sequence[Item]) -> str:
    lines = [cells(item) for item in shown]
    columns = [c for c in lines[0] if c not in ("references", "evidence") or any(line[c] for line in lines)]
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([line[c] for c in columns] for line in lines)
    return buffer.getvalue()


@cache
def _templates() -> jinja2.Environment:
    """Those of reports, and the page's own."""
    import jinja2

    shared = environment()
    assert shared.loader is not None  # noqa: S101 (for mypy)
    own = jinja2.PackageLoader("aigc_eval.labelling", "page")
    return shared.overlay(loader=jinja2.ChoiceLoader([own, shared.loader]))


def _page(run: Run, sheet: Sheet, rate: Rate, shown: Sequence[Item], languages: Sequence[str]) -> str:
    templates = _templates()
    style = "".join(templates.get_template(f"style/{name}").render(running="") for name in STYLES)
    script = "".join(templates.get_template(f"script/{name}").render() for name in SCRIPTS)
    scorer = next(s for s in run.scorers if s.name == sheet.scorer)
    title = rate.title if rate.title.en else Bilingual(f"{sheet.scorer}.{rate.name}")
    return templates.get_template("sheet.html").render(
        run=run,
        sheet=sheet,
        items=shown,
        languages=tuple(languages),
        language_names=LANGUAGE_NAMES,
        exact_languages=EXACT_LANGUAGES,
        w=fixed_words(),
        s=words(),
        live={key: Bilingual(*WORDS[key]) for key in _LIVE},
        subtitle=say("subtitle", n=f"{len(shown):,}", sheet=sheet.id),
        question=question(rate),
        asked=Bilingual(
            *(say("guideline.asked", title=title.in_(x), about=rate.about.in_(x)).in_(x) for x in ("en", "zh"))
        ),
        revealing=scorer.masks and sheet.edition != "internal",
        edition=sheet.edition,
        edition_words=edition_words(sheet.edition),
        styles=STYLES,
        style_hash=allowed_by(style),
        scripts=SCRIPTS,
        script_hash=allowed_by(script),
    )
