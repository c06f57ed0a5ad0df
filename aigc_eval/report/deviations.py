"""Everything in which a run departed from its plan; each kind is named, and said to be none where there was none."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aigc_eval.records import POLICY, UNASKED, Bilingual, Reason, Run, Verdict
from aigc_eval.report.numbers import count
from aigc_eval.report.words import both, gate_sentence, gate_title, say, sentence

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Deviation", "deviations"]

_REUSED = re.compile(r"reused from (\w+): ([\d,]+) answers, ([\d,]+) scores")


@dataclass(frozen=True)
class Deviation:
    """One kind of departure, and what there was of it; nothing where there was none."""

    title: Bilingual
    lines: tuple[Bilingual, ...]


def deviations(run: Run) -> list[Deviation]:
    """All kinds, in the order in which a run meets them."""
    found = {
        "limit": _reasons(run, "limited"),
        "rows": _reasons(run, "bad_rows"),
        "policy": _reasons(run, "policy_changed"),
        "retries": _retries(run),
        "errors": _errors(run),
        "unasked": _unasked(run),
        "early": _reasons(run, "stopped_early", "no_early_stop", "no_early_order"),
        "reused": _reused(run),
        "waivers": _waivers(run),
        "unjudged": _reasons(run, "unjudged"),
        "reports": _reasons(run, "report_failed"),
        "masking": iter(() if any(s.masks for s in run.scorers) else (say("not_masked"),)),
    }
    return [Deviation(say(f"deviation.{name}"), tuple(lines)) for name, lines in found.items()]


def _reasons(run: Run, *codes: str) -> Iterator[Bilingual]:
    for reason in run.reasons:
        if reason.code in codes:
            yield _sentence(reason)


def _sentence(reason: Reason) -> Bilingual:
    return both(lambda lang: sentence(reason, lang))


def _of_each(run: Run, rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """The candidates that some rows are of, and theirs."""
    for candidate in run.candidates:
        own = rows[rows["candidate"] == candidate.name]
        if len(own):
            yield candidate.name, own


def _retries(run: Run) -> Iterator[Bilingual]:
    for name, own in _of_each(run, run.rows[run.rows["attempts"] > 1]):
        failed = own[own["outcome"] == "error"]
        kinds = say("deviation.kinds", kinds=_kinds(failed)) if len(failed) else Bilingual("")
        sizes = {"n": len(own), "calls": int((own["attempts"] - 1).sum()), "failed": len(failed)}
        told = {key: count(n) for key, n in sizes.items()}
        yield say("deviation.retries.of", candidate=name, kinds=kinds, **told)


def _errors(run: Run) -> Iterator[Bilingual]:
    failed = run.rows[(run.rows["outcome"] == "error") & ~run.rows["error"].isin(UNASKED)]
    for name, own in _of_each(run, failed):
        total = int((run.rows["candidate"] == name).sum())
        yield say("deviation.errors.of", candidate=name, n=count(len(own)), total=count(total), kinds=_kinds(own))


def _unasked(run: Run) -> Iterator[Bilingual]:
    for name, own in _of_each(run, run.rows[run.rows["error"].isin(UNASKED)]):
        yield say("deviation.unasked.of", candidate=name, n=count(len(own)), kinds=_kinds(own))


def _kinds(rows: pd.DataFrame) -> Bilingual:
    """The kinds of error of some outputs, the most frequent first."""
    counted = sorted(
        Counter(str(kind or "raised") for kind in rows["error"]).items(), key=lambda pair: (-pair[1], pair[0])
    )
    named = [(count(n), say(f"kind.{kind}")) for kind, n in counted]
    return both(lambda lang: say("list_comma").in_(lang).join(f"{n} × {words.in_(lang)}" for n, words in named))


def _reused(run: Run) -> Iterator[Bilingual]:
    for name, checksum in run.digests.items():
        if found := _REUSED.fullmatch(name):
            yield say("deviation.reused.of", answers=found[2], scores=found[3], run=checksum)


def _waivers(run: Run) -> Iterator[Bilingual]:
    for verdict in run.verdicts:
        if verdict.waiver is not None:
            yield _waiver(run, verdict)
        elif verdict.candidate == POLICY and verdict.gate.startswith("waiver: "):
            reason = both(lambda lang, v=verdict: gate_sentence(run, v, lang))  # type: ignore[misc]
            yield say("deviation.waiver.void", gate=gate_title(run, verdict), reason=reason)


def _waiver(run: Run, verdict: Verdict) -> Bilingual:
    leave = verdict.waiver
    if leave is None:
        return Bilingual("")
    who = say("policy_itself") if verdict.candidate == POLICY else verdict.candidate
    told = {"gate": gate_title(run, verdict), "candidate": who, "status": say(verdict.status), "expires": leave.expires}
    key = "deviation.waiver" if leave.owner else "deviation.waiver.untold"
    return say(key, owner=leave.owner, reason=leave.reason, **told)
