"""What a policy asks for beside gates: slices, validated scorers, and waivers that are in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from aigc_eval.gates.claims import slice_name
from aigc_eval.gates.policy import Policy, SliceNeeded, Validation, ValidationNeeded
from aigc_eval.intervals import clopper_pearson
from aigc_eval.records import POLICY, Reason, Verdict, Waiver

__all__ = ["requirements", "waive"]


def requirements(
    policy: Policy, prompts_in: Callable[[Mapping[str, str]], int], signatures: Mapping[str, str]
) -> list[Verdict]:
    """Verdicts on the slices and validations that a policy needs: pass, or undetermined.

    `prompts_in` counts the prompts of a slice, `signatures` are those of the run's scorers, by name.
    """
    slices = [_slice(needed, prompts_in(needed.where)) for needed in policy.slices]
    return [*slices, *(_validated(needed, policy.validations, signatures) for needed in policy.needed)]


def _slice(needed: SliceNeeded, prompts: int) -> Verdict:
    enough = prompts >= needed.min_prompts
    figures = {"prompts": prompts, "needed": needed.min_prompts}
    reason = Reason("slice_large_enough" if enough else "slice_too_small", figures)
    text = f"at least {needed.min_prompts} prompts [{slice_name(needed.where)}]"
    return Verdict(text, POLICY, "pass" if enough else "undetermined", (reason,), (float(needed.min_prompts), None))


def _validated(needed: ValidationNeeded, validations: Sequence[Validation], signatures: Mapping[str, str]) -> Verdict:
    text = f"validated: {needed.scorer}{f' [lang={needed.lang}]' if needed.lang else ''}"
    of_scorer = [v for v in validations if v.scorer == needed.scorer and v.lang == needed.lang]
    own = [v for v in of_scorer if v.signature == signatures.get(needed.scorer)]
    if not own:
        return Verdict(text, POLICY, "undetermined", (Reason("validated_other" if of_scorer else "not_validated"),))
    judged = [(_shortfall(needed, v), v) for v in own]
    short, best = min(judged, key=lambda found: len(found[0]))
    if short:
        return Verdict(text, POLICY, "undetermined", tuple(short))
    return Verdict(
        text, POLICY, "pass", (Reason("validated", {"data": best.data, "n": best.positives + best.negatives}),)
    )


def _shortfall(needed: ValidationNeeded, shown: Validation) -> list[Reason]:
    items = shown.positives + shown.negatives
    reasons = [] if items >= needed.min_items else [Reason("few_items", {"n": items, "needed": needed.min_items})]
    rates = {
        "sensitivity": (shown.found, shown.positives, needed.sensitivity),
        "specificity": (shown.negatives - shown.false_alarms, shown.negatives, needed.specificity),
    }
    for name, (hits, n, least) in rates.items():
        bound = clopper_pearson(hits, n, 0.9).low if n > 0 else 0.0
        if not bound >= least:
            reasons.append(Reason(f"low_{name}", {"bound": bound, "limit": least}))
    return reasons


def waive(verdicts: Sequence[Verdict], waivers: Sequence[Waiver], today: str) -> list[Verdict]:
    """The verdicts, those covered by a waiver marked with it; then a failing one for each waiver expired or unused.

    Dates are ISO 8601, so that they sort as text. What was measured is never changed.
    """
    marked, used = list(verdicts), set()
    for number, waiver in enumerate(waivers):
        for index, verdict in enumerate(marked):
            if waiver.expires >= today and verdict.waiver is None and _covers(waiver, verdict):
                marked[index] = replace(verdict, waiver=waiver)
                used.add(number)
    idle = [w for number, w in enumerate(waivers) if number not in used]
    return [*marked, *(_out_of_order(waiver, today) for waiver in idle)]


def _covers(waiver: Waiver, verdict: Verdict) -> bool:
    names = {verdict.gate, *([verdict.estimate.name] if verdict.estimate else [])}
    return waiver.gate in names and waiver.candidate in ("", verdict.candidate) and verdict.status in waiver.covers


def _out_of_order(waiver: Waiver, today: str) -> Verdict:
    what = "waiver_expired" if waiver.expires < today else "waiver_unused"
    scope = f" ({waiver.candidate})" if waiver.candidate else ""
    reason = Reason(what, {"owner": waiver.owner, "expires": waiver.expires})
    return Verdict(f"waiver: {waiver.gate}{scope}", POLICY, "fail", (reason,))
