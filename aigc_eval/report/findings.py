"""What is wrong with a run, one by one, for sinks that list faults beside source code: annotations, GitLab, SARIF."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from aigc_eval.records import POLICY, Edition, Run, Verdict
from aigc_eval.report.escape import terminal
from aigc_eval.report.view import cell, waived
from aigc_eval.report.words import both, gate_sentence, gate_title, gate_unit, headline, say, state, why

__all__ = ["RUN", "Finding", "findings", "overall", "place", "rule_of"]

RUN = "verdict"
"""The rule of a finding that is about no gate: the run is no pass although none says so."""
Level = Literal["error", "warning", "notice"]
_LEVELS: Mapping[str, Level] = {"pass": "notice", "not_gated": "warning"}
_LONGEST = 2_000


@dataclass(frozen=True)
class Finding:
    """A gate that does not pass on a candidate, in words of one line; the rule `RUN` is about the run as a whole.

    `level` is "error" for what fails and for what is undetermined alike, "warning" where leave was given: `waiver` says
    by whom. `fingerprint` is the same in every run of the bench, whatever was measured and wherever its file stands,
    and no other finding of a run has it.
    """

    rule: str
    candidate: str
    status: str
    level: Level
    title: str
    message: str
    file: str
    line: int
    fingerprint: str
    waiver: str = ""


def findings(run: Run, lang: str, edition: Edition = "reviewer") -> list[Finding]:
    """One finding for every gate and candidate without a pass; one about the run where only other reasons deny it.

    A gate that is waived is still found.
    """
    seen: Counter[tuple[str, str]] = Counter()
    found = []
    for verdict in run.verdicts:
        pair = (verdict.gate, verdict.candidate)
        seen[pair] += 1
        if verdict.status != "pass":
            told = _of_gate(run, verdict, lang, seen[pair])
            mark = f" [{say('edition.internal').in_(lang)}]" if edition == "internal" else ""
            found.append(replace(told, title=f"{told.title}{mark}"))
    if state(run) != "pass" and all(v.counts_as == "pass" for v in run.verdicts):
        found.append(overall(run, lang, edition))
    return found


def rule_of(gate: str) -> str:
    """The name of a gate in these sinks: as written, on one line."""
    return _short(gate, 500)


def place(run: Run, gate: str = "") -> tuple[str, int]:
    """The file and the line in which a gate stands, whatever its slice; else those of the bench."""
    known = (run.places.get(name) for name in (gate, gate.partition(" [")[0], ""))
    file, _, line = next(filter(None, known), "bench.yaml:1").rpartition(":")
    return file, int(line)


def _of_gate(run: Run, verdict: Verdict, lang: str, number: int) -> Finding:
    known = {"candidate": verdict.candidate, "metric": gate_title(run, verdict)}
    decisive = "decisive.policy" if verdict.candidate == POLICY else "decisive"
    told = [say(decisive, **known, reason=both(lambda other: gate_sentence(run, verdict, other))).in_(lang)]
    printed = cell(verdict.estimate, gate_unit(run, verdict))
    if printed.interval:
        told.append(f"{say('observed').in_(lang)} {printed.value} ({printed.interval})")
    leave = " ".join(words.in_(lang) for words in waived(verdict))
    file, line = place(run, verdict.gate)
    return Finding(
        rule=rule_of(verdict.gate),
        candidate=verdict.candidate,
        status=verdict.status,
        level="warning" if leave else "error",
        title=_short(say("colon", what=say(verdict.status), said=verdict.gate).in_(lang), 200),
        message=_short(" ".join([*told, leave]).rstrip(), _LONGEST),
        file=file,
        line=line,
        fingerprint=_fingerprint(run.name, verdict.gate, verdict.candidate, number),
        waiver=_short(leave, _LONGEST),
    )


def overall(run: Run, lang: str, edition: Edition = "reviewer") -> Finding:
    """The verdict on the run as a whole, whatever it is."""
    file, line = place(run)
    mark = "" if run.release else f" [{say('no_release').in_(lang)}]"
    mark += f" [{say('edition.internal').in_(lang)}]" if edition == "internal" else ""
    return Finding(
        rule=RUN,
        candidate="",
        status=state(run),
        level=_LEVELS.get(state(run), "error"),
        title=_short(say("colon", what=run.name, said=headline(run)).in_(lang) + mark, 200),
        message=_short(why(run, lang), _LONGEST),
        file=file,
        line=line,
        fingerprint=_fingerprint(run.name, RUN, "", 1),
    )


def _fingerprint(*parts: str | int) -> str:
    return hashlib.sha256(json.dumps(parts).encode("ascii")).hexdigest()


def _short(text: str, most: int) -> str:
    """One line of at most so many characters, without any that nobody sees."""
    line = terminal(text)
    return line if len(line) <= most else f"{line[: most - 1]}…"
