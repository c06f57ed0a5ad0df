"""What must happen before release: what stands in the way of a pass, in the order in which it counts."""

from __future__ import annotations

from collections.abc import Iterator

from aigc_eval.records import POLICY, UNASKED, Bilingual, Reason, Run, Verdict
from aigc_eval.report.brief.lines import Line, capped, listed, reasons, safety, say_n, unvalidated
from aigc_eval.report.numbers import about, count, figure
from aigc_eval.report.view import border_of
from aigc_eval.report.words import both, gate_sentence, gate_title, gate_unit, say, scorer_title, sentence

__all__ = ["todo"]

_TOLD = frozenset({"gates_pass", "gate_fails", "gates_open", "gates_waived", "stopped_early", "no_early_stop",
                   "no_early_order", "not_gated"})  # fmt: skip
"""Reasons of a run that ask for nothing by themselves: the gates do, or the policy chose it."""


def todo(run: Run) -> tuple[Line, ...]:
    """What must happen, one line each; that nothing must where the run passes and is for release."""
    gates = [*_gates(run, "fail"), *_gates(run, "undetermined")]
    lines = [*capped(gates), *_run(run), *_waived(run), *_beside(run)]
    if not (gates or list(_run(run))) and run.verdicts:
        lines = [Line(say("brief.todo.nothing")), *lines]
    return tuple(lines)


def _gates(run: Run, status: str) -> Iterator[Line]:
    for verdict in run.verdicts:
        if verdict.counts_as == status:
            yield Line(_gate(run, verdict))


def _gate(run: Run, verdict: Verdict) -> Bilingual:
    title = gate_title(run, verdict)
    reason = both(lambda lang: gate_sentence(run, verdict, lang))
    if verdict.candidate == POLICY:
        return say("brief.todo.policy", metric=title, reason=reason)
    unit = gate_unit(run, verdict)
    known = {"candidate": verdict.candidate, "metric": title, "limit": border_of(verdict.zone, unit)}
    if verdict.status == "fail" and verdict.estimate and known["limit"]:
        return say("brief.todo.fail", value=figure(verdict.estimate.value, unit), reason=reason, **known)
    more = [r.figures["more"] for r in verdict.reasons if "more" in r.figures]
    if more and len(verdict.reasons) == 1:
        return say("brief.todo.more", more=about(float(more[0])), **known)
    return say("brief.todo.open" if known["limit"] else "brief.todo.policy", reason=reason, **known)


def _run(run: Run) -> Iterator[Line]:
    """What the run itself lacks."""
    if not run.verdicts:
        yield Line(say("brief.todo.no_gates"))
    for reason in run.reasons:
        if reason.code not in _TOLD:
            yield Line(_reason(reason))
    lost = run.rows[(run.rows["outcome"] == "error") & ~run.rows["error"].isin(UNASKED)]
    silent = {r.figures.get("candidate") for r in reasons(run, "unanswered")}
    for name, n in lost.groupby("candidate", sort=False).size().items():
        if name not in silent:
            yield Line(say_n("brief.todo.errors", int(n), candidate=name))


def _reason(reason: Reason) -> Bilingual:
    figures = reason.figures
    n = count(float(figures["n"])) if isinstance(figures.get("n"), int | float) else ""
    if reason.code in UNASKED:
        return say("brief.todo.unasked", n=n)
    if reason.code == "limited":
        return say("brief.todo.limited", limit=count(float(figures["limit"])))
    if reason.code in ("bad_rows", "policy_changed"):
        return say("brief.todo.bad_rows" if reason.code == "bad_rows" else "brief.todo.changed", n=n)
    if reason.code in ("unanswered", "unjudged"):
        return say(f"brief.todo.{reason.code}", candidate=figures["candidate"])
    if reason.code == "report_failed":
        return say("brief.todo.report", format=figures["format"])
    return both(lambda lang: sentence(reason, lang))


def _waived(run: Run) -> Iterator[Line]:
    """Leave that ends, the first one first."""
    for verdict in sorted((v for v in run.verdicts if v.waiver), key=lambda v: v.waiver.expires if v.waiver else ""):
        leave = verdict.waiver
        if leave is None:
            continue
        told = {"metric": gate_title(run, verdict), "candidate": verdict.candidate, "expires": leave.expires}
        if verdict.candidate == POLICY:
            told["candidate"] = say("policy_itself")
        reason = both(lambda lang, v=verdict: gate_sentence(run, v, lang))  # type: ignore[misc]
        key = "brief.todo.waiver" if leave.owner else "brief.todo.waiver.untold"
        yield Line(say(key, owner=leave.owner, reason=reason, **told))


def _beside(run: Run) -> Iterator[Line]:
    """What no gate asks for, and a release needs all the same."""
    if not any(s.masks for s in run.scorers):
        yield Line(say("brief.todo.mask"))
    titles = {s.name: scorer_title(s) for s in run.scorers}
    for found in run.reviewed.precision:
        if found.to_fix:
            told = titles.get(found.scorer, Bilingual(found.scorer))
            yield Line(say_n("brief.todo.fix", found.to_fix, scorer=told))
    if lost := [scorer_title(s) for s in unvalidated(run) if safety(s)]:
        yield Line(say("brief.todo.validate", scorers=listed(lost)))
