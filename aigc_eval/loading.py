"""A completed run read back: facts from run.json, or facts.json; rows from the journal."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from aigc_eval.answering import answering_keys, draws, recorded
from aigc_eval.errors import JournalError
from aigc_eval.frames import build
from aigc_eval.journal import Journal
from aigc_eval.labels import LABEL, SHEET, labelled, sheets
from aigc_eval.records import Generation, Prompt, Request, Run, Score
from aigc_eval.reviews import standing
from aigc_eval.scoring import scoring_keys, seen

__all__ = ["asked_in", "facts_of", "load", "load_from", "run_in"]


def run_in(journal: Journal) -> Journal:
    """The journal, if it holds a run."""
    if not any(journal.each("ready")):
        raise JournalError(f"{journal.path} does not hold a run")
    return journal


def asked_in(journal: Journal) -> int | None:
    """How many of its prompts a run has asked so far, where it looks while it goes on; None: it asks all at once."""
    return next((int(r["prompts"]) for r in reversed([*journal.each("round")])), None)


def load(folder: Path) -> Run:
    """Read a completed run back, all of it, whatever its reports tell."""
    facts = facts_of(folder)
    with Journal(folder, write=False) as journal:
        return load_from(journal, facts)


def load_from(journal: Journal, facts: Mapping[str, Any]) -> Run:
    """The run that an open journal holds, with the facts about it (`facts_of`)."""
    head = run_in(journal).heads[0]
    prompts = [Prompt.from_json(r["data"]) for r in journal.each("prompt")][: asked_in(journal)]
    requests, digests = draws(prompts, facts["samples"], head["identity"]["seed"])
    answers = {c["name"]: _recorded_answers(journal, c["identity"], requests, digests) for c in facts["candidates"]}
    every = digests * len(answers)
    scores = {s["name"]: _recorded_scores(journal, s, answers.values(), every) for s in facts["scorers"]}
    rows = build(answers, scores)
    # What run.json says of decisions may be masked, or left out.
    reviews, reviewed = standing(journal.each("review"), rows, [*scores])
    labelling = [*journal.each(SHEET), *journal.each(LABEL)]
    told = tuple(labelled(sheet, labelling, rows) for sheet in sheets(labelling))
    known = {**facts, "reviews": (), "reviewed": {}, "labelled": ()}
    done = Run.from_facts(known, rows, bytes.fromhex(head["mask_key"]))
    return replace(done, reviews=reviews, reviewed=reviewed, labelled=told)


def facts_of(folder: Path) -> dict[str, Any]:
    """All facts of a run, from files which must be what the verdict was about."""
    path, verdict = folder / "run.json", folder / "verdict.json"
    try:
        found = {path.name: path.read_bytes()}
        reports = json.loads(verdict.read_bytes())["reports"] if verdict.exists() else {}
        if "facts.json" in reports:
            found["facts.json"] = (folder / "facts.json").read_bytes()
        facts: dict[str, Any] = json.loads([*found.values()][-1])
        facts.pop("edition", None)
    except FileNotFoundError as error:
        what = f"{error.filename} is missing; {folder} does not hold a completed run"
        remedy = f"`aigc-eval run BENCH --out {folder} --resume` completes one"
        raise JournalError(f"{what}; {remedy}") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise JournalError(f"{folder}: run.json or verdict.json is damaged; carry out the run again") from error
    for name, data in found.items():
        if reports.get(name) not in (None, hashlib.sha256(data).hexdigest()):
            raise JournalError(f"{folder / name} was changed after the verdict; carry out the run again")
    return facts


def _recorded_answers(
    journal: Journal, identity: str, requests: Sequence[Request], digests: Sequence[str]
) -> list[Generation]:
    found = (_recorded(journal, "generation", key) for key in answering_keys(identity, digests))
    return [recorded(request, data) for request, data in zip(requests, found, strict=True)]


def _recorded_scores(
    journal: Journal, scorer: Mapping[str, Any], answers: Iterable[Sequence[Generation]], digests: Sequence[str]
) -> list[Score]:
    sees = scorer.get("sees", "answer")
    keys = scoring_keys(scorer["identity"], sees, seen(sees, answers), digests)
    return [Score.from_json(_recorded(journal, "score", key)) for key in keys]


def _recorded(journal: Journal, kind: str, key: str) -> dict[str, Any]:
    data = journal.find(kind, key)
    if data is None:
        raise JournalError(f"{journal.path} lacks a {kind} that the run counted; carry out the run again")
    return data
