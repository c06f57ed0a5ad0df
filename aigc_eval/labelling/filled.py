"""A sheet's table, filled in, checked against the run before anything is recorded.

It is sheet.csv with its column `label` filled in: 1, yes or 是; 0, no or 否; u where the rater cannot say. Rows without
a label are left out. Prompt and answer must be those of the item, or somebody has sorted some columns only. UTF-8, with
or without a byte order mark; commas, semicolons or tabs, as spreadsheets write them.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

from aigc_eval.errors import Problem
from aigc_eval.labelling.reading import MOST_LABELS, Filled, Known, Source, Wrong, check_rater, label_of, teller
from aigc_eval.labelling.shown import Item, names
from aigc_eval.labelling.writing import cells
from aigc_eval.records import Label, Sheet
from aigc_eval.reviews import NOTE

__all__ = ["from_table"]

_YES = frozenset({"1", "1.0", "yes", "y", "true", "是", "对", "真"})
_NO = frozenset({"0", "0.0", "no", "n", "false", "否", "不是", "假"})
_UNSURE = frozenset({"u", "?", "unsure", "cannot say", "无法判断", "不确定"})
_COLUMNS = ("item", "prompt", "answer", "references", "evidence", "label", "note")
_TABLE = "fill in a copy of sheet.csv and save it as CSV UTF-8"


def from_table(source: Source, text: str, rater: str, known: Known, problems: list[Problem]) -> Filled | None:
    """The labels of a filled-in table, or None and what is wrong with it."""
    wrong, before = teller(source.name, problems), len(problems)
    check_rater(rater, wrong, "name who filled it in: --rater NAME")
    rows = [*_rows(text, wrong)]
    if len(problems) > before:
        return None
    found = [*_filled(rows, {"rater": rater.strip(), "file": source.sha256, "at": known.stamp}, known, wrong)]
    if len(problems) == before and not found:
        wrong("label", "no row has a label", "write 1, 0 or u into the column label")
    return None if len(problems) > before else Filled(source, tuple(found), undated=True)


Row = tuple[int, dict[str, str]]


def _rows(text: str, wrong: Wrong) -> Iterator[Row]:
    """The table's rows with the line that each starts on."""
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)  # spreadsheets write that of the country
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    start, columns = 1, list[str]()
    try:
        for cells_ in reader:
            line, start = start, reader.line_num + 1
            if not columns:
                columns = [cell.strip().lower() for cell in cells_]
                _check_columns(columns, wrong)
            elif len(cells_) > len(columns):
                wrong("", f"has {len(cells_)} cells, and the table {len(columns)} columns", _TABLE, line=line)
            elif any(cells_):
                yield line, dict(zip(columns, [*cells_, *[""] * len(columns)], strict=False))
            if reader.line_num > 100 * MOST_LABELS:
                wrong("", "is too long", _TABLE, line=line)
                return
    except csv.Error as error:
        wrong("", f"is no table: {error!s:.200}", _TABLE, line=start)


def _check_columns(columns: Sequence[str], wrong: Wrong) -> None:
    for name in ("item", "label"):
        if name not in columns:
            wrong(name, "the table has no such column", _TABLE, line=1)
    for name in columns:
        if name and name not in _COLUMNS:
            wrong(name[:80], "is no column of a sheet", _TABLE, line=1)
        elif name and columns.count(name) > 1:
            wrong(name, "stands there twice", _TABLE, line=1)


def _filled(rows: Sequence[Row], given: Mapping[str, str], known: Known, wrong: Wrong) -> Iterator[Label]:
    """The labels of the rows that have one; `given` are what all have in common."""
    where: dict[str, Sheet] = {name: sheet for sheet in known.sheets for name in names(known.run, sheet)}
    shown: dict[str, dict[str, Item]] = {}
    seen: dict[str, int] = {}
    for line, row in rows:
        name, word = row["item"].strip(), unicodedata.normalize("NFKC", row["label"]).strip().lower()
        note = row.get("note", "").strip()
        if not word:
            if note:
                wrong("label", "there is a note and no label", "write u where you cannot say", line=line)
            continue
        sheet = where.get(name)
        if sheet is None:
            wrong("item", f"no sheet of the run has an output {name!r:.80}", _TABLE, line=line)
            continue
        if sheet.id not in shown:
            shown[sheet.id] = known.shown(sheet)
        item = shown[sheet.id].get(name)
        label = True if word in _YES else False if word in _NO else None
        misfits = [*_row_misfits(item, row, word, note)]
        if (earlier := seen.setdefault(name, line)) != line:
            misfits.append(("item", f"is the output of line {earlier}", "keep one of the two"))
        for key, what, remedy in misfits:
            wrong(key, what, remedy, line=line)
        if item is not None and not misfits:
            yield label_of(known, sheet, item, label=label, note=note, **given)


def _row_misfits(item: Item | None, row: Mapping[str, str], word: str, note: str) -> Iterator[tuple[str, str, str]]:
    if word not in _YES | _NO | _UNSURE:
        yield "label", f"{word!r:.80} is no label", "write 1, 0 or u"
    if len(note) > NOTE:
        yield "note", f"has {len(note):,} characters, more than {NOTE:,}", "shorten it"
    if item is None:
        yield "item", "the run no longer holds this output", "draw a new sheet"
        return
    told = cells(item)
    for column in ("prompt", "answer"):
        if column in row and _squeezed(row[column]) != _squeezed(told[column]):
            yield (
                column,
                "is not that of this item",
                "sort whole rows only, leave the texts alone, or write the sheet again",
            )


def _squeezed(text: str) -> str:
    """Letters and digits only: spreadsheets change spaces, line ends, quotes and leading apostrophes."""
    return "".join(filter(str.isalnum, text))
