"""What reviewers decided in the report's page, taken into the run: checked in full, then recorded in its journal.

A decisions file is what the page exports (UTF-8 JSON):

    {"format": "aigc-eval decisions", "version": 1, "run": "<run id>", "name": "...", "edition": "reviewer",
     "reviewer": "Li Na", "exported": "2026-11-23T04:00:00Z",
     "decisions": [{"sample": "<16 hex>", "seen": "<sha256>", "scorer": "toxicity", "decision": "false_positive",
                    "note": "...", "at": "2026-11-23T03:59:00Z"}]}

Whoever writes one is not trusted: nothing is recorded unless everything in all files fits the run as it is now. No
decision alters a number, a verdict or an exit code.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from aigc_eval.errors import DataError, JournalError, Problem
from aigc_eval.journal import Journal
from aigc_eval.loading import facts_of, load
from aigc_eval.publishing import edition_of, reports_of
from aigc_eval.records import DECISIONS, Edition, Review, Run
from aigc_eval.report.editions import edited
from aigc_eval.report.samples import Sample, samples
from aigc_eval.reviews import EDITIONS, KIND, NAME, NOTE, basis_of, moment, person, record, well_formed
from aigc_eval.runner import report_again
from aigc_eval.tables.strict_json import whole

__all__ = ["Imported", "import_decisions", "labels"]

FORMAT = "aigc-eval decisions"
MOST_BYTES = 32 << 20
MOST_DECISIONS = 100_000
_SKEW = 86_400.0
"""Seconds by which a browser's clock may be ahead of ours."""
_AGAIN = "export it again from the report's page"
_HEAD = {"format", "version", "run", "name", "edition", "reviewer", "exported", "decisions"}
_DECISION = {"sample", "seen", "scorer", "decision", "note", "at"}


class _Wrong(Protocol):
    """Takes what is wrong with a part of a file, and the remedy."""

    def __call__(self, key: str, what: str, remedy: str = ..., /) -> None: ...


@dataclass(frozen=True)
class Imported:
    """What became of a file: how many decisions were `recorded`, and how many were `known` before."""

    file: str
    sha256: str
    recorded: int
    known: int


class _Given(NamedTuple):
    """A decisions file that can be read: its head's facts and its decisions, in order."""

    name: str
    sha256: str
    edition: Edition
    reviewer: str
    decisions: Sequence[Mapping[str, Any]]


def import_decisions(folder: Path, files: Sequence[Path]) -> list[Imported]:
    """Record the decisions in files in the journal of the completed run in a folder, and write its reports again.

    What is known already is not recorded twice. Raises `DataError` with all that is wrong with any file, and
    `JournalError` where the folder holds no such run; nothing is recorded then.
    """
    run = load(folder)
    problems: list[Problem] = []
    given = [found for path in files if (found := _read(path, run, problems)) is not None]
    shown = {edition: _shown(run, edition, given) for edition in dict.fromkeys(g.edition for g in given)}
    stamp = _now()
    reviews = {g.name: [*_checked(g, run, shown[g.edition], stamp, problems)] for g in given}
    if problems:
        raise DataError(problems)
    return _record(folder, run, given, reviews)


def _record(folder: Path, run: Run, given: Sequence[_Given], reviews: Mapping[str, Sequence[Review]]) -> list[Imported]:
    told, new = [], []
    places = {key: place for place, key in zip(run.rows.index, _keys(run), strict=True)}
    with Journal(folder) as journal:
        known = {_same(Review.from_json(r["data"])) for r in journal.each(KIND)}
        for file in given:
            fresh = [r for r in reviews[file.name] if _same(r) not in known]
            known |= {_same(r) for r in fresh}
            new += fresh
            told.append(Imported(file.name, file.sha256, len(fresh), len(reviews[file.name]) - len(fresh)))
        if new:
            journal.append(
                [*(record(r, basis_of(run.rows, places[r.flag[:3]], r.scorer)) for r in new), {"kind": "end"}]
            )
        current = _judged(folder) == journal.head
        terms = [*journal.each("terms")][-1]
        formats, languages = reports_of(folder, terms)
        edition = edition_of(folder, terms["bench"])
    if not current:  # also where a crash came between a journal and its reports
        report_again(folder, formats, languages, edition)
    return told


def _keys(run: Run) -> list[tuple[str, str, int]]:
    columns = (run.rows[name].tolist() for name in ("candidate", "prompt", "sample"))
    return list(zip(*columns, strict=True))


def _same(review: Review) -> Review:
    """A decision without the file that it came in: whoever goes on exports earlier decisions again."""
    return replace(review, file="", imported="")


def _judged(folder: Path) -> str:
    """The checksum of the journal that the verdict is about."""
    try:
        return str(json.loads((folder / "verdict.json").read_bytes())["journal"])
    except (OSError, ValueError, LookupError, TypeError):
        return ""


def _now() -> str:
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(epoch) if epoch.isdecimal() else None))


# Reading: what is no decisions file of this run


def _read(path: Path, run: Run, problems: list[Problem]) -> _Given | None:
    """A decisions file, or None and what is wrong with it."""

    def wrong(key: str, what: str, remedy: str = _AGAIN) -> None:
        problems.append(Problem(str(path), None, key, what, remedy))

    before = len(problems)
    data = _bytes(path, wrong)
    head = _head(data, wrong)
    if head is not None:
        _check_head(head, run, wrong)
    if head is None or len(problems) > before:
        return None
    digest = hashlib.sha256(data).hexdigest()
    return _Given(str(path), digest, head["edition"], head["reviewer"].strip(), head["decisions"])


def _bytes(path: Path, wrong: _Wrong) -> bytes:
    """The file, or nothing where it cannot be one."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        wrong("", f"cannot be read: {error.strerror}", "name a file that the report's page exported")
        return b""
    if len(data) > MOST_BYTES:
        wrong("", f"is larger than {MOST_BYTES >> 20} MiB", "export fewer decisions at a time")
        return b""
    if not data:
        wrong("", "is empty")
    return data


def _head(data: bytes, wrong: _Wrong) -> dict[str, Any] | None:
    """The file's content, where it is a decisions file of any run."""
    if not data:
        return None
    try:
        found = whole(data.decode("utf-8"))
    except ValueError as error:
        wrong("", f"is no JSON in UTF-8: {error!s:.200}")
        return None
    if isinstance(found, dict) and (found.get("format"), found.get("version")) == (FORMAT, 1):
        return found
    wrong("", f"is no decisions file of version 1 (`format` {FORMAT!r})")
    return None


def _check_head(head: Mapping[str, Any], run: Run, wrong: _Wrong) -> None:
    for key in sorted({*map(str, head)} ^ _HEAD):
        wrong(key[:80], "is missing" if key in _HEAD else "is nothing that a decisions file holds")
    if head.get("run") != run.id:
        wrong("run", f"is about the run {head.get('run')!r:.80}, and this is {run.id}", "name the run that it is about")
    if head.get("edition") not in EDITIONS:
        wrong("edition", f"{head.get('edition')!r:.80} shows nothing to decide on", "decide in a reviewer's report")
    name = head.get("reviewer")
    if not isinstance(name, str) or not person(name):
        wrong("reviewer", "is missing: a decision is somebody's", "enter your name in the page and export again")
    elif len(name) > NAME:
        wrong("reviewer", f"has {len(name):,} characters, more than {NAME}", "enter a shorter name and export again")
    if not isinstance(head.get("exported"), str) or moment(head["exported"]) is None:
        wrong("exported", f"{head.get('exported')!r:.80} is no time such as 2026-11-23T04:00:00Z")
    decisions = head.get("decisions")
    if not isinstance(decisions, list) or not decisions:
        wrong("decisions", "there are none", "decide on a sample, then export")
    elif len(decisions) > MOST_DECISIONS:
        wrong("decisions", f"there are {len(decisions):,}, more than {MOST_DECISIONS:,}", "export fewer at a time")


# Checking: what does not fit the run


def _shown(run: Run, edition: Edition, given: Sequence[_Given]) -> Mapping[str, Sample]:
    """What a report of an edition shows of the samples that its readers decided on, by key."""
    asked = [d.get("sample") for g in given if g.edition == edition for d in g.decisions if isinstance(d, dict)]
    told, masker = edited(run, edition)
    return {s.key: s for s in samples(told, masker, [key for key in asked if isinstance(key, str)])}


def _checked(
    given: _Given, run: Run, shown: Mapping[str, Sample], stamp: str, problems: list[Problem]
) -> Iterator[Review]:
    """The decisions that fit; what is wrong with the others goes to `problems`."""
    seen: dict[tuple[str, str], int] = {}
    keys = _keys(run)
    for number, decision in enumerate(given.decisions):
        key = f"decisions[{number}]"
        wrong = [*_misfits(decision, shown)]
        if not wrong:
            flag = decision["sample"], decision["scorer"]
            if flag in seen:
                wrong = [("", f"is about the same flag as decisions[{seen[flag]}]", "keep one of the two")]
            seen.setdefault(flag, number)
        problems += [Problem(given.name, None, f"{key}{f'.{p}' if p else ''}", what, how) for p, what, how in wrong]
        if not wrong:
            candidate, prompt, sample = keys[shown[decision["sample"]].place]
            review = Review(
                key=decision["sample"],
                candidate=candidate,
                prompt=prompt,
                sample=int(sample),
                reviewer=given.reviewer,
                edition=given.edition,
                file=given.sha256,
                imported=stamp,
                **{name: decision[name] for name in ("scorer", "decision", "at", "seen", "note")},
            )
            if not well_formed(review):
                raise JournalError(f"{given.name}: {key} cannot be recorded")
            yield review


def _misfits(decision: Any, shown: Mapping[str, Sample]) -> Iterator[tuple[str, str, str]]:
    """Part, fault and remedy of all that is wrong with a decision."""
    if not isinstance(decision, dict):
        yield "", "is no object", _AGAIN
        return
    for key in sorted({*map(str, decision)} ^ _DECISION):
        yield key[:80], "is missing" if key in _DECISION else "is nothing that a decision holds", _AGAIN
    if not all(isinstance(decision.get(key, ""), str) for key in _DECISION):
        yield "", "has a value that is no text", _AGAIN
        return
    if decision.get("decision") not in DECISIONS:
        yield "decision", f"{decision.get('decision')!r:.80} is none", f"write one of {', '.join(DECISIONS)}"
    if len(decision.get("note", "")) > NOTE:
        yield "note", f"has {len(decision['note']):,} characters, more than {NOTE:,}", "shorten it in the page"
    at = moment(decision.get("at", ""))
    if at is None:
        yield "at", f"{decision.get('at')!r:.80} is no time such as 2026-11-23T04:00:00Z", _AGAIN
    elif at > time.time() + _SKEW:
        yield "at", f"{decision['at']} has not come yet", "set the clock of the computer, decide and export again"
    yield from _unknown(decision, shown)


def _unknown(decision: Mapping[str, str], shown: Mapping[str, Sample]) -> Iterator[tuple[str, str, str]]:
    """What a decision is about that this run does not show."""
    renew = "open the run's newest report, decide there and export again"
    sample = shown.get(decision.get("sample", ""))
    if sample is None:
        yield "sample", f"the run has no sample {decision.get('sample')!r:.80}", renew
        return
    if decision.get("seen") != sample.seen:
        yield "seen", "the report showed something else than this run holds now", renew
    flagging = [flag.scorer for flag in sample.flags]
    if decision.get("scorer") not in flagging:
        known = ", ".join(flagging) or "none does"
        yield "scorer", f"{decision.get('scorer')!r:.80} does not flag this sample", f"those that do: {known}"


# Labels for validating scorers


def labels(folder: Path) -> list[dict[str, Any]]:
    """The decisions that stand as labels, one a flag and reviewer: whether the scorer was right to flag the output."""
    facts_of(folder)
    return [
        {
            "prompt": r.prompt,
            "candidate": r.candidate,
            "sample": r.sample,
            "scorer": r.scorer,
            "label": "true_positive" if r.right else "false_positive",
            "reviewer": r.reviewer,
            "at": r.at,
        }
        for r in load(folder).reviews
    ]
