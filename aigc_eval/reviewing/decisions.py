"""Decisions files, checked against the run before anything is recorded.

A decisions file is what the page exports (UTF-8 JSON):

    {"format": "aigc-eval decisions", "version": 1, "run": "<run id>", "name": "...", "edition": "reviewer",
     "reviewer": "Li Na", "exported": "2026-11-23T04:00:00Z",
     "decisions": [{"sample": "<16 hex>", "seen": "<sha256>", "scorer": "toxicity", "decision": "false_positive",
                    "note": "...", "at": "2026-11-23T03:59:00Z"}]}
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from aigc_eval.errors import JournalError, Problem
from aigc_eval.labelling.reading import Source, Wrong, teller
from aigc_eval.records import DECISIONS, Edition, Review, Run
from aigc_eval.report.editions import edited
from aigc_eval.report.samples import Sample, samples
from aigc_eval.reviews import EDITIONS, NAME, NOTE, moment, person, well_formed

__all__ = ["FORMAT", "Given", "checked", "given_in", "keys_of", "same", "shown_by"]

FORMAT = "aigc-eval decisions"
MOST_DECISIONS = 100_000
_SKEW = 86_400.0
"""Seconds by which a browser's clock may be ahead of ours."""
_AGAIN = "export it again from the report's page"
_HEAD = {"format", "version", "run", "name", "edition", "reviewer", "exported", "decisions"}
_DECISION = {"sample", "seen", "scorer", "decision", "note", "at"}


class Given(NamedTuple):
    """A decisions file that can be read: its head's facts and its decisions, in order."""

    source: Source
    edition: Edition
    reviewer: str
    decisions: Sequence[Mapping[str, Any]]


def given_in(source: Source, head: Mapping[str, Any], run: Run, problems: list[Problem]) -> Given | None:
    """A decisions file whose head fits the run, or None and what is wrong with it."""
    before = len(problems)
    _check_head(head, run, teller(source.name, problems, _AGAIN))
    if len(problems) > before:
        return None
    return Given(source, head["edition"], head["reviewer"].strip(), head["decisions"])


def _check_head(head: Mapping[str, Any], run: Run, wrong: Wrong) -> None:
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


def keys_of(run: Run) -> list[tuple[str, str, int]]:
    """Candidate, prompt and sample of each row."""
    columns = (run.rows[name].tolist() for name in ("candidate", "prompt", "sample"))
    return list(zip(*columns, strict=True))


def same(review: Review) -> Review:
    """A decision without the file that it came in: whoever goes on exports earlier decisions again."""
    return replace(review, file="", imported="")


# Checking: what does not fit the run


def shown_by(run: Run, edition: Edition, given: Sequence[Given]) -> Mapping[str, Sample]:
    """What a report of an edition shows of the samples that its readers decided on, by key."""
    asked = [d.get("sample") for g in given if g.edition == edition for d in g.decisions if isinstance(d, dict)]
    told, masker = edited(run, edition)
    return {s.key: s for s in samples(told, masker, [key for key in asked if isinstance(key, str)])}


def checked(
    given: Given, run: Run, shown: Mapping[str, Sample], stamp: str, problems: list[Problem]
) -> Iterator[Review]:
    """The decisions that fit; what is wrong with the others goes to `problems`."""
    seen: dict[tuple[str, str], int] = {}
    keys = keys_of(run)
    for number, decision in enumerate(given.decisions):
        key = f"decisions[{number}]"
        wrong = [*_misfits(decision, shown)]
        if not wrong:
            flag = decision["sample"], decision["scorer"]
            if flag in seen:
                wrong = [("", f"is about the same flag as decisions[{seen[flag]}]", "keep one of the two")]
            seen.setdefault(flag, number)
        problems += [
            Problem(given.source.name, None, f"{key}{f'.{p}' if p else ''}", what, how) for p, what, how in wrong
        ]
        if not wrong:
            candidate, prompt, sample = keys[shown[decision["sample"]].place]
            review = Review(
                key=decision["sample"],
                candidate=candidate,
                prompt=prompt,
                sample=int(sample),
                reviewer=given.reviewer,
                edition=given.edition,
                file=given.source.sha256,
                imported=stamp,
                **{name: decision[name] for name in ("scorer", "decision", "at", "seen", "note")},
            )
            if not well_formed(review):
                raise JournalError(f"{given.source.name}: {key} cannot be recorded")
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
