"""Judge every gate, and put the run together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from aigc_eval import standards
from aigc_eval.conclusion.accuracy import Accuracies, labelled_in, used
from aigc_eval.conclusion.judging import prompts_in
from aigc_eval.conclusion.measuring import Measured
from aigc_eval.conclusion.terms import Terms, adopted, slices
from aigc_eval.differences import corrected
from aigc_eval.gates import BASELINE, EXIT_CODES, Against, Policy, overall, requirements, slice_name, waive
from aigc_eval.records import UNASKED, Coverage, PluginFacts, Reason, Run, Verdict, digest
from aigc_eval.reviews import standing

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["as_concluded", "conclude"]


def conclude(  # noqa: PLR0917
    terms: Terms,
    head: Mapping[str, Any],
    rows: pd.DataFrame,
    measured: Sequence[Measured],
    reused: Mapping[str, str],
    reviews: Iterable[Mapping[str, Any]] = (),
    labelling: Sequence[Mapping[str, Any]] = (),
) -> Run:
    """Judge every gate, and put the run together. `head` is the journal's first record.

    `reused` names the runs whose answers or scores were taken over, by the checksums of their journals. `reviews` are
    the journal's records of decisions, which nothing else depends on, and `labelling` those of sheets and labels.
    """
    estimates = tuple(e for m in measured for e in m.estimates)
    policy = Policy.from_json(terms["policy"])
    verdicts = _verdicts(terms, policy, rows, measured)
    lost = _lost(rows)
    partial = _partial(terms) + lost + _unjudged(terms, policy, verdicts)
    status, exit_code, reasons = _settled(verdicts, partial=bool(partial), lost=bool(lost))
    reasons += partial + _changed(terms, policy) + ([] if lost else _looked(terms, rows))
    decided_on, reviewed = standing(reviews, rows, [*terms["scorers"]])
    return Run(
        name=terms["name"],
        created=head["created"],
        bench=terms["bench"],
        versions=terms["versions"],
        candidates=tuple(map(PluginFacts.from_json, terms["candidates"])),
        scorers=tuple(m.facts for m in measured),
        slices=tuple(slice_name(s) for s in slices(terms, rows)),
        rows=rows,
        estimates=estimates,
        verdicts=tuple(verdicts),
        status=status,
        exit_code=exit_code,
        reasons=tuple(reasons),
        release=not partial and status != "not_gated",
        prompts=int(rows["prompt"].nunique()),
        samples=terms["samples"],
        digests={**terms["digests"], **reused},
        key=bytes.fromhex(head["mask_key"]),
        policy=_told(terms, policy),
        places=terms["places"],
        id=digest(head),
        differences=corrected((d for m in measured for d in m.differences), _main(measured, policy)),
        standards=_covered(terms, rows, measured, verdicts, _partial(terms) + lost),
        reviews=decided_on,
        reviewed=reviewed,
        cards=used(terms),
        labelled=labelled_in(labelling, rows),
        corrections=tuple(c for m in measured for c in m.corrections),
    )


def _settled(
    verdicts: Sequence[Verdict], *, partial: bool, lost: bool
) -> tuple[Literal["pass", "fail", "undetermined", "not_gated"], int, list[Reason]]:
    """Status, exit code and reasons of a run that asked for part of its outputs only, or was not given all of them."""
    status, exit_code, reasons = overall(verdicts)
    # Part of the outputs cannot open a gate (a failure on them is one all the same), and no answers are no success.
    if (partial and status == "pass") or (lost and status == "not_gated"):
        return "undetermined", EXIT_CODES["undetermined"], reasons
    return status, exit_code, reasons


def as_concluded(run: Run) -> Run:
    """The run without what befell its reports: as it was concluded, whether all of them could be written or not."""
    reasons = tuple(r for r in run.reasons if r.code != "report_failed")
    if len(reasons) == len(run.reasons):
        return run
    lost = any(r.code in (*UNASKED, "unanswered") for r in reasons)
    # A run that is no release though it has gates is partial: see `conclude`.
    status, exit_code, _ = _settled(run.verdicts, partial=not run.release, lost=lost)
    return replace(run, status=status, exit_code=exit_code, reasons=reasons)


def _covered(
    terms: Terms,
    rows: pd.DataFrame,
    measured: Sequence[Measured],
    verdicts: Sequence[Verdict],
    partial: Sequence[Reason],
) -> tuple[Coverage, ...]:
    """What the run shows about each standard; nothing else depends on it."""
    if not (known := adopted(terms)):
        return ()
    release = terms["release"] or [c["name"] for c in terms["candidates"]]
    asked, found = list(standards.tags_of_rows(rows).values()), [m.covered for m in measured]
    estimates = [e for m in measured for e in m.estimates]
    names = standards.names_of(terms["bench"])
    return standards.cover(known, asked, found, estimates, verdicts, release, names, partial)


def _main(measured: Sequence[Measured], policy: Policy) -> set[tuple[str, str]]:
    """The main metrics: the first of each scorer that has a good direction, and those that gates name."""
    ranked = ([(m.facts.name, f.name) for f in m.facts.metrics if f.better is not None] for m in measured)
    return {own[0] for own in ranked if own} | {(gate.scorer, gate.metric) for gate in policy.gates}


def _told(terms: Terms, policy: Policy) -> dict[str, Any]:
    """What readers are told of the policy; nothing where nothing was to be judged."""
    if not (policy.gates or policy.digest):
        return {}
    told: dict[str, Any] = {"name": policy.name, "sha256": policy.digest, "confidence": policy.confidence}
    return {**told, "since": terms["policy_since"], "source": policy.source}


def _changed(terms: Terms, policy: Policy) -> list[Reason]:
    """That the policy, or the cards that it leans on, were not there before the first answer, or were other ones."""
    since, cards = terms["policy_since"], terms.get("cards_since", 0)
    leans = policy.needed or any(g.require_validated or g.rate == "corrected" for g in policy.gates)
    reasons = [Reason("policy_changed", {"n": since})] if since and policy.gates else []
    return reasons + ([Reason("cards_changed", {"n": cards})] if cards and leans else [])


def _looked(terms: Terms, rows: pd.DataFrame) -> list[Reason]:
    """That the run stopped before its last prompt, or why it could not."""
    looks, asked = terms["looks"], int(rows["prompt"].nunique())
    if "hindered_by" in looks:
        by = looks["hindered_by"]
        return [Reason("no_early_stop", {"gate": by}) if by else Reason("no_early_order")]
    if not looks or asked == looks["planned"]:
        return []
    saved = 1 - asked / looks["planned"]
    return [Reason("stopped_early", {"prompts": asked, "planned": looks["planned"], "saved": saved})]


def _partial(terms: Terms) -> list[Reason]:
    """Why fewer outputs were asked for than the bench describes."""
    reasons = [Reason("limited", {"limit": terms["limit"]})] if terms["limit"] is not None else []
    reasons += [Reason("bad_rows", {"n": terms["left_out"]})] if terms["left_out"] else []
    return reasons


def _lost(rows: pd.DataFrame) -> list[Reason]:
    """Which outputs were never asked for, and which candidates gave none at all."""
    reasons = []
    for kind in UNASKED:
        if lost := int((rows["error"] == kind).sum()):
            reasons.append(Reason(kind, {"n": lost, "planned": len(rows)}))
    for name, outcomes in rows.groupby("candidate", sort=False)["outcome"]:
        if (outcomes == "error").all():
            reasons.append(Reason("unanswered", {"candidate": str(name)}))
    return reasons


def _unjudged(terms: Terms, policy: Policy, verdicts: Sequence[Verdict]) -> list[Reason]:
    """Which candidates the bench puts up for release, and no gate looks at.

    One that another of them is compared with needs none.
    """
    release = terms["release"] if policy.gates else []
    seen = {verdict.candidate for verdict in verdicts}
    others = {gate.claim.other for gate in policy.gates if isinstance(gate.claim, Against)}
    if BASELINE in others and policy.baseline is not None and not policy.baseline.run:
        others.add(policy.baseline.candidate)
    open_ = [name for name in release if name not in seen and not (name in others and seen & {*release})]
    return [Reason("unjudged", {"candidate": name}) for name in open_]


def _verdicts(terms: Terms, policy: Policy, rows: pd.DataFrame, measured: Sequence[Measured]) -> list[Verdict]:
    """In the policy's order: its gates, what else it needs, its waivers."""
    by_place = {place: found for m in measured for place, found in m.verdicts.items()}
    gates = [verdict for place in sorted(by_place) for verdict in by_place[place]]
    signatures = {name: own["signature"] for name, own in terms["scorers"].items()}
    shown = replace(policy, validations=(*policy.validations, *Accuracies(terms, rows).validations()))
    needed = requirements(shown, lambda tags: prompts_in(rows, tags), signatures)
    return waive([*gates, *needed], policy.waivers, terms["today"])
