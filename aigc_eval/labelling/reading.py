"""Labels files, checked against the run before anything is recorded.

A labels file is what the page of a sheet exports (UTF-8 JSON):

    {"format": "aigc-eval labels", "version": 1, "run": "<run id>", "sheet": "<16 hex>", "rater": "Li Na",
     "exported": "2026-11-23T04:00:00Z",
     "labels": [{"item": "<16 characters>", "seen": "<sha256>", "label": true, "note": "...",
                 "at": "2026-11-23T03:59:00Z"}]}
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from aigc_eval.errors import JournalError, Problem
from aigc_eval.labelling.shown import Item, items
from aigc_eval.labels import well_formed_label
from aigc_eval.records import Label, Run, Sheet
from aigc_eval.reviews import NAME, NOTE, moment, person

__all__ = [
    "FORMAT",
    "MOST_LABELS",
    "Filled",
    "Known",
    "Source",
    "Wrong",
    "check_rater",
    "from_file",
    "label_of",
    "teller",
]

FORMAT = "aigc-eval labels"
MOST_LABELS = 100_000
_SKEW = 86_400.0
"""Seconds by which a browser's clock may be ahead of ours."""
_AGAIN = "export it again from the sheet's page"
_HEAD = {"format", "version", "run", "sheet", "rater", "exported", "labels"}
_LABEL = {"item", "seen", "label", "note", "at"}


class Wrong(Protocol):
    """Takes what is wrong with a part of a file, the remedy, and the line."""

    def __call__(self, key: str, what: str, remedy: str = ..., /, line: int | None = ...) -> None:
        """Take it down."""


class Source(NamedTuple):
    """A file: its name and its SHA-256."""

    name: str
    sha256: str


class Filled(NamedTuple):
    """The labels of a file that can be recorded; those of a table are `undated`: it does not say when it was."""

    source: Source
    labels: tuple[Label, ...]
    undated: bool = False


@dataclass(frozen=True)
class Known:
    """The run, its sheets and what is known of this import: `stamp` is its time."""

    run: Run
    sheets: Sequence[Sheet]
    stamp: str

    def shown(self, sheet: Sheet) -> dict[str, Item]:
        """The items of a sheet as it shows them now, by name."""
        return {item.id: item for item in items(self.run, sheet)}


def teller(name: str, problems: list[Problem], again: str = _AGAIN) -> Wrong:
    """Takes down what is wrong with a file; `again` is the remedy where nobody names another."""

    def wrong(key: str, what: str, remedy: str = again, /, line: int | None = None) -> None:
        problems.append(Problem(name, line, key, what, remedy))

    return wrong


# JSON: what the page exports


def from_file(source: Source, head: Mapping[str, Any], known: Known, problems: list[Problem]) -> Filled | None:
    """The labels of a labels file, or None and what is wrong with it."""
    wrong, before = teller(source.name, problems), len(problems)
    _check_head(head, known, wrong)
    if len(problems) > before:
        return None
    sheet = next(s for s in known.sheets if s.id == head["sheet"])
    shown, seen, found = known.shown(sheet), dict[str, int](), []
    for number, each in enumerate(head["labels"]):
        place = f"labels[{number}]"
        misfits = [*_misfits(each, shown)]
        if not misfits and (earlier := seen.setdefault(each["item"], number)) != number:
            misfits = [("", f"is about the same output as labels[{earlier}]", "keep one of the two")]
        for part, what, remedy in misfits:
            wrong(f"{place}{f'.{part}' if part else ''}", what, remedy)
        if not misfits:
            told = {"rater": head["rater"].strip(), "at": each["at"], "note": each["note"]}
            found.append(label_of(known, sheet, shown[each["item"]], label=each["label"], file=source.sha256, **told))
    return None if len(problems) > before else Filled(source, tuple(found))


def label_of(known: Known, sheet: Sheet, item: Item, **told: Any) -> Label:
    """A label of an item of a sheet; raises where somebody finds one that cannot be recorded."""
    candidate, prompt, sample = item.key
    made = Label(sheet.id, candidate, prompt, sample, seen=item.seen, imported=known.stamp, **told)
    if not well_formed_label(made):
        raise JournalError(f"a label of {item.id} cannot be recorded")
    return made


def _check_head(head: Mapping[str, Any], known: Known, wrong: Wrong) -> None:
    for key in sorted({*map(str, head)} ^ _HEAD):
        wrong(key[:80], "is missing" if key in _HEAD else "is nothing that a labels file holds")
    if head.get("run") != known.run.id:
        remedy = "name the run that it is about"
        wrong("run", f"is about the run {head.get('run')!r:.80}, and this is {known.run.id}", remedy)
    elif head.get("sheet") not in [sheet.id for sheet in known.sheets]:
        remedy = "label one that was drawn from this run, for a scorer that it has"
        wrong("sheet", f"the run has no sheet {head.get('sheet')!r:.80}", remedy)
    check_rater(head.get("rater"), wrong)
    if not isinstance(head.get("exported"), str) or moment(head["exported"]) is None:
        wrong("exported", f"{head.get('exported')!r:.80} is no time such as 2026-11-23T04:00:00Z")
    labels = head.get("labels")
    if not isinstance(labels, list) or not labels:
        wrong("labels", "there are none", "label an output, then export")
    elif len(labels) > MOST_LABELS:
        wrong("labels", f"there are {len(labels):,}, more than {MOST_LABELS:,}", "export fewer at a time")


def check_rater(name: object, wrong: Wrong, remedy: str = "enter your name in the page and export again") -> None:
    """Somebody must have given a label."""
    if not isinstance(name, str) or not person(name):
        wrong("rater", "is missing: a label is somebody's", remedy)
    elif len(name) > NAME:
        wrong("rater", f"has {len(name):,} characters, more than {NAME}", remedy)


def _misfits(each: Any, shown: Mapping[str, Item]) -> Iterator[tuple[str, str, str]]:
    """Part, fault and remedy of all that is wrong with a label of a labels file."""
    if not isinstance(each, dict):
        yield "", "is no object", _AGAIN
        return
    for key in sorted({*map(str, each)} ^ _LABEL):
        yield key[:80], "is missing" if key in _LABEL else "is nothing that a label holds", _AGAIN
    if not all(isinstance(each.get(key, ""), str) for key in _LABEL - {"label"}):
        yield "", "has a value that is no text", _AGAIN
        return
    if each.get("label") is not None and type(each["label"]) is not bool:
        yield "label", f"{each['label']!r:.80} is none", "write true, false, or null for cannot say"
    if len(each.get("note", "")) > NOTE:
        yield "note", f"has {len(each['note']):,} characters, more than {NOTE:,}", "shorten it in the page"
    at = moment(each.get("at", ""))
    if at is None:
        yield "at", f"{each.get('at')!r:.80} is no time such as 2026-11-23T04:00:00Z", _AGAIN
    elif at > time.time() + _SKEW:
        yield "at", f"{each['at']} has not come yet", "set the clock of the computer, label and export again"
    item = shown.get(each.get("item", ""))
    if item is None:
        yield (
            "item",
            f"the sheet has no output {each.get('item')!r:.80}",
            "label the sheet that was drawn from this run",
        )
    elif each.get("seen") != item.seen:
        yield "seen", "the sheet showed something else than the run holds now", "write the sheet again and label that"
