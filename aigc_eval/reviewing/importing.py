"""Files of decisions and labels, read in full before anything is recorded."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from aigc_eval.errors import DataError, Problem
from aigc_eval.journal import Journal
from aigc_eval.labelling.filled import from_table
from aigc_eval.labelling.growing import grow, now
from aigc_eval.labelling.reading import FORMAT as LABELS
from aigc_eval.labelling.reading import Filled, Known, Source, Wrong, from_file, teller
from aigc_eval.labels import LABEL, SHEET, label_record, sheets
from aigc_eval.loading import facts_of, load_from
from aigc_eval.records import Label, Review
from aigc_eval.reviewing.decisions import FORMAT, Given, checked, given_in, keys_of, same, shown_by
from aigc_eval.reviews import KIND, basis_of, moment, person, record
from aigc_eval.tables.strict_json import whole

__all__ = ["Imported", "import_files"]

MOST_BYTES = 32 << 20
_AGAIN = "export it again from the page"


@dataclass(frozen=True)
class Imported:
    """What became of a file of a `kind`: how many records were new (`recorded`), and how many `known` before."""

    file: str
    sha256: str
    recorded: int
    known: int
    kind: Literal["decisions", "labels"] = "decisions"


def import_files(folder: Path, files: Sequence[Path], *, rater: str = "", trust: bool = False) -> list[Imported]:
    """Record the decisions and labels in files in the journal of the completed run in a folder, and tell it again.

    `rater` is who filled in tables. `trust` lets the bench's own Python classes be imported: their rates may rest on
    labels. What is known already is not recorded twice. Raises `DataError` with all that is wrong with any file, and
    `JournalError` where the folder holds no such run; nothing is recorded then.
    """
    facts = facts_of(folder)
    with Journal(folder, write=False) as journal:
        run = load_from(journal, facts)
        drawn = [sheet for sheet in sheets(journal.each(SHEET)) if f"{sheet.scorer}:status" in run.rows]
        known = Known(run, drawn, now())
    problems: list[Problem] = []
    given = [found for path in files if (found := _read(path, known, rater, problems)) is not None]
    asked = [g for g in given if isinstance(g, Given)]
    shown = {edition: shown_by(run, edition, asked) for edition in dict.fromkeys(g.edition for g in asked)}
    reviews = {g.source: [*checked(g, run, shown[g.edition], known.stamp, problems)] for g in asked}
    if problems:
        raise DataError(problems)
    told: list[Imported] = []
    grow(folder, lambda journal: _new(journal, known, given, reviews, told), trust=trust)
    return told


def _new(
    journal: Journal,
    known: Known,
    given: Sequence[Given | Filled],
    reviews: Mapping[Source, Sequence[Review]],
    told: list[Imported],
) -> list[dict[str, Any]]:
    """The records of what the journal does not hold yet; `told` takes what became of each file."""
    rows = known.run.rows
    places = {key: place for place, key in zip(rows.index, keys_of(known.run), strict=True)}
    scorers = {sheet.id: sheet.scorer for sheet in known.sheets}
    decided = {same(Review.from_json(r["data"])) for r in journal.each(KIND)}
    labelled = _Labelled([Label.from_json(r["data"]) for r in journal.each(LABEL)])
    records = []
    for file in given:
        if isinstance(file, Filled):
            made = labelled.new(file)
            of = [places[one.candidate, one.prompt, one.sample] for one in made]
            records += [
                label_record(one, basis_of(rows, place, scorers[one.sheet]))
                for one, place in zip(made, of, strict=True)
            ]
            told.append(Imported(*file.source, len(made), len(file.labels) - len(made), "labels"))
        else:
            fresh = [r for r in reviews[file.source] if same(r) not in decided]
            decided.update(map(same, fresh))
            records += [record(r, basis_of(rows, places[r.flag[:3]], r.scorer)) for r in fresh]
            told.append(Imported(*file.source, len(fresh), len(reviews[file.source]) - len(fresh)))
    return records


class _Labelled:
    """The labels that a journal holds."""

    def __init__(self, known: Sequence[Label]) -> None:
        self.all = {self._same(label) for label in known}
        self.files = {(label.file, self._about(label)) for label in known}
        self.latest: dict[tuple[object, ...], tuple[bool | None, str]] = {}
        for label in sorted(known, key=lambda label: moment(label.at) or 0.0):
            self.latest[self._about(label)] = label.label, label.note

    def new(self, file: Filled) -> list[Label]:
        """Those of a file that nobody has recorded.

        A table does not say when its labels were given: one that the rater's label says already is no new one, nor is
        any of a table that was imported before.
        """
        found = []
        for label in file.labels:
            about = self._about(label)
            if file.undated:
                known = (label.file, about) in self.files or self.latest.get(about) == (label.label, label.note)
            else:
                known = self._same(label) in self.all
            if not known:
                found.append(label)
                self.all.add(self._same(label))
                self.files.add((label.file, about))
        return found

    @staticmethod
    def _same(label: Label) -> Label:
        """A label without the file that it came in: whoever goes on exports earlier labels again."""
        return replace(label, file="", imported="")

    @staticmethod
    def _about(label: Label) -> tuple[object, ...]:
        return label.sheet, label.candidate, label.prompt, label.sample, person(label.rater)


def _read(path: Path, known: Known, rater: str, problems: list[Problem]) -> Given | Filled | None:
    """A file of decisions or of labels, or None and what is wrong with it."""
    wrong, before = teller(str(path), problems, _AGAIN), len(problems)
    data = _bytes(path, wrong)
    source = Source(str(path), hashlib.sha256(data).hexdigest())
    if path.suffix.lower() in (".csv", ".tsv"):
        text = _text(data, wrong)
        return None if len(problems) > before else from_table(source, text, rater, known, problems)
    head = _head(data, wrong)
    if head is None:
        return None
    if head["format"] == LABELS:
        return from_file(source, head, known, problems)
    return given_in(source, head, known.run, problems)


def _text(data: bytes, wrong: Wrong) -> str:
    """A table's text, without the mark that spreadsheets put before it."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        wrong("", f"is no text in UTF-8 (byte {error.start:,})", "save it as CSV UTF-8")
        return ""


def _bytes(path: Path, wrong: Wrong) -> bytes:
    """The file, or nothing where it cannot be one."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        wrong("", f"cannot be read: {error.strerror}", "name a file that the report's or the sheet's page exported")
        return b""
    if len(data) > MOST_BYTES:
        wrong("", f"is larger than {MOST_BYTES >> 20} MiB", "export fewer decisions at a time")
        return b""
    if not data:
        wrong("", "is empty")
    return data


def _head(data: bytes, wrong: Wrong) -> dict[str, Any] | None:
    """The file's content, where it is a decisions file of any run."""
    if not data:
        return None
    try:
        found = whole(data.decode("utf-8"))
    except ValueError as error:
        wrong("", f"is no JSON in UTF-8: {error!s:.200}")
        return None
    if isinstance(found, dict) and found.get("format") in (FORMAT, LABELS) and found.get("version") == 1:
        return found
    wrong("", f"is no decisions file and no labels file of version 1 (`format` {FORMAT!r} or {LABELS!r})")
    return None
