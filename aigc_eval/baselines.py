"""The baseline of another run, and whether two runs can be compared at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aigc_eval.config.origin import differences
from aigc_eval.errors import JournalError, UsageError
from aigc_eval.evidence import Reference
from aigc_eval.gates import Baseline, Policy
from aigc_eval.journal import Journal
from aigc_eval.loading import load, run_in
from aigc_eval.plugin import MadeOf, identity_of
from aigc_eval.records import Run

__all__ = ["Side", "asked_apart", "incomparable", "not_itself", "open_side", "records_of", "reference", "scorers_apart"]

_SAMPLING = (
    *("temperature", "top_p", "top_k", "min_p", "max_tokens", "max_new_tokens", "stop", "seed"),
    *("repetition_penalty", "frequency_penalty", "presence_penalty", "do_sample"),
)
"""Options of generators that say how answers are drawn."""


@dataclass(frozen=True)
class Side:
    """One candidate of a completed run; `head` is the first record of its journal, `terms` the last of that kind."""

    folder: Path
    candidate: str
    run: Run
    head: Mapping[str, Any]
    terms: Mapping[str, Any]
    journal: str

    @property
    def name(self) -> str:
        """What readers know it by."""
        return f"{self.folder.name}:{self.candidate}"


def open_side(folder: Path, candidate: str = "") -> Side:
    """A candidate of the completed run in a folder; the only one where none is named."""
    try:
        run = load(folder)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise JournalError(f"{folder} holds a run that this version cannot read: {error!r:.200}") from error
    names = [c.name for c in run.candidates]
    if not candidate and len(names) > 1:
        raise UsageError(f"{folder} has {len(names)} candidates; name one: {', '.join(names)}")
    if candidate and candidate not in names:
        raise UsageError(f"{folder} has no candidate {candidate!r:.80}; there are {', '.join(names)}")
    return Side(folder, candidate or names[0], run, *records_of(folder))


def records_of(folder: Path) -> tuple[dict[str, Any], dict[str, Any], str]:
    """The first record of a run's journal, its last terms, and the checksum of it all."""
    with Journal(folder, write=False) as journal:
        head, every = run_in(journal).heads[0], [*journal.each("terms")]
        if not every or "made_of" not in head:
            raise JournalError(f"{folder} holds a run of another version; carry it out again")
        return head, every[-1], journal.head


def reference(
    terms: dict[str, Any], head: Mapping[str, Any], before: Mapping[str, Any] | None = None, answers: int = 0
) -> Reference | None:
    """The baseline that the terms of a run name in another run; `terms` learn the checksum of that run's journal.

    If it was another run's in the terms `before`, the policy is one that came when there were `answers`.
    """
    baseline = Policy.from_json(terms["policy"]).baseline
    if baseline is None or not baseline.run:
        return None
    side = open_side(Path(baseline.run), baseline.candidate)
    terms["baseline"] = {"journal": side.journal, "candidate": side.candidate}
    if before is not None and before.get("baseline") != terms["baseline"]:
        terms["policy_since"] = answers
    rows = side.run.rows[side.run.rows["candidate"] == side.candidate]
    missing = [name for name in terms["scorers"] if name not in side.terms["scorers"]]
    apart = {name: f"scorers.{name}: not in {side.name}" for name in missing} | scorers_apart(side.terms, terms)
    return Reference(side.name, rows, tuple(asked_apart(side.head, head)), apart)


def not_itself(baseline: Baseline | None, folder: Path) -> None:
    """Raise UsageError where a run is its own baseline, from which it never differs."""
    if baseline is not None and baseline.run and Path(baseline.run).resolve() == folder.resolve():
        raise UsageError(f"the baseline {baseline.run} is the run itself; write this run to another folder with --out")


def incomparable(
    head_a: Mapping[str, Any],
    terms_a: Mapping[str, Any],
    head_b: Mapping[str, Any],
    terms_b: Mapping[str, Any],
    candidates: tuple[str, str] | None = None,
) -> list[str]:
    """Why numbers of two runs must not be compared, a line each: other prompts, draws, scorers or ways of sampling.

    `candidates`, one of each run, have their sampling options compared too.
    """
    lines = [*asked_apart(head_a, head_b), *scorers_apart(terms_a, terms_b).values()]
    if candidates is not None:
        one, other = head_a["made_of"]["candidates"][candidates[0]], head_b["made_of"]["candidates"][candidates[1]]
        lines += _sampling(one, other)
    return lines


def asked_apart(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Why two runs, by the first records of their journals, did not ask the same in the same way, a line each."""
    before, now = ({**head["made_of"], "candidates": {}, "seed": 0} for head in (one, other))
    limits = [head["identity"]["limit"] for head in (one, other)]
    lines = differences(before, now)  # type: ignore[arg-type]
    return lines if limits[0] == limits[1] else [*lines, f"limit: {limits[0] or 'none'} -> {limits[1] or 'none'}"]


def scorers_apart(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, str]:
    """Why numbers of a scorer that both have differ, by its name."""
    found = {}
    for name in (n for n in one["scorers"] if n in other["scorers"]):
        before, now = one["scorers"][name], other["scorers"][name]
        if identity_of(before["made_of"]) != identity_of(now["made_of"]):
            same = before["signature"] == now["signature"]
            what = "another version" if same else f"{before['signature']} -> {now['signature']}"
            found[name] = f"scorers.{name}: {what}"
    return found


def _sampling(one: MadeOf, other: MadeOf) -> Iterator[str]:
    options = [{**made["defaults"], **made["options"]} for made in (one, other)]
    for name in _SAMPLING:
        if all(name in own for own in options) and options[0][name] != options[1][name]:
            yield f"sampling {name}: {options[0][name]} -> {options[1][name]}"
