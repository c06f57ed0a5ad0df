"""Findings -> pass, fail or undetermined. Only pass opens the gate.

A gate passes when the confidence bound lies in its zone, *and* the bound with every unscored output counted as the
worst. It fails when the other bound lies beyond the zone. Everything else is undetermined, and says what is missing.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from aigc_eval.detectable import effective_units
from aigc_eval.gates.claims import CONFIDENCE, Gate, Limit
from aigc_eval.gates.policy import Policy
from aigc_eval.power import size_at_rate
from aigc_eval.records import Estimate, RateKind, Reason, Status, Verdict, Zone

__all__ = ["EXIT_CODES", "Finding", "budget_reasons", "decide", "judge", "more_prompts", "overall", "within"]

EXIT_CODES: Mapping[Status, int] = {"pass": 0, "fail": 1, "undetermined": 3}

_BAD: tuple[Status, ...] = ("fail", "undetermined")


@dataclass(frozen=True)
class Finding:
    """A number that a gate looks at, with bounds at the gate's confidence, and the zone in which it must lie.

    Where a gate looks at several numbers, one of which lies beyond its zone by chance more often, `alarm` is the wider
    interval that must lie beyond for the gate to fail. `rate`: a corrected one is known better by more examples on
    the scorer's card, or more labels, rather than by more prompts.
    """

    estimate: Estimate
    zone: Zone
    alarm: tuple[float, float] | None = None
    notes: tuple[Reason, ...] = ()
    rate: RateKind = "raw"


def within(value: float | None, zone: Zone) -> bool:
    """The only comparison with a limit: inclusive, and false for anything that is not a finite number.

    >>> within(0.01, (None, 0.01)), within(float("nan"), (None, 0.01)), within(0.9, (0.95, None))
    (True, False, False)
    """
    if value is None or not math.isfinite(value):
        return False
    low, high = zone
    return (low is None or value >= low) and (high is None or value <= high)


def judge(
    gate: Gate, candidate: str, findings: Sequence[Finding], policy: Policy, budget: Sequence[Reason] = ()
) -> Verdict:
    """The verdict of one gate on one candidate. `budget`: reasons why this candidate's run cannot be judged.

    All findings must pass; one that fails decides, then one that is undetermined, then the one nearest to its limit.
    """
    if not findings:
        zone = gate.claim.zone(None) if isinstance(gate.claim, Limit) else (None, None)
        return Verdict(gate.name, candidate, "undetermined", (*budget, Reason("slice_empty")), zone)
    judged = [(finding, *decide(finding, policy, budget)) for finding in findings]
    worst = max(("pass", "undetermined", "fail").index(status) for _, status, _ in judged)
    finding, status, reasons = min((j for j in judged if _RANK[j[1]] == worst), key=lambda j: _room(j[0]))
    return Verdict(gate.name, candidate, status, (*reasons, *finding.notes), finding.zone, finding.estimate)


_RANK: Mapping[Status, int] = {"pass": 0, "undetermined": 1, "fail": 2}


def _room(finding: Finding) -> float:
    """How far the bounds stay inside the zone; negative beyond."""
    estimate, (low, high) = finding.estimate, finding.zone
    if estimate.low is None or estimate.high is None:
        return -math.inf
    return min(math.inf if low is None else estimate.low - low, math.inf if high is None else high - estimate.high)


def decide(finding: Finding, policy: Policy, budget: Sequence[Reason] = ()) -> tuple[Status, tuple[Reason, ...]]:
    """Status and reasons of one finding."""
    estimate = finding.estimate
    low, high = _finite(estimate.low), _finite(estimate.high)
    reasons = (*budget, *_missing(estimate, policy))
    if reasons or not low <= high or finding.zone == (None, None):
        return "undetermined", reasons or (Reason("no_interval"),)
    if beyond := _beyond(finding.alarm or (low, high), finding.zone):
        return "fail", (beyond,)
    outside = [side for side in _sides(low, high, finding.zone) if not side.met]
    if outside:
        return "undetermined", (_straddles(finding, low, high, outside[0]),)
    if any(not within(end, finding.zone) for end in _adverse(estimate, finding.zone)):
        return "undetermined", (_spoilt(estimate, finding.zone),)
    if not within(estimate.value, finding.zone):  # bounds that do not bound their own number
        return "undetermined", (Reason("no_interval"),)
    nearest = min(_sides(*_adverse_ends(estimate), finding.zone), key=lambda side: side.room)
    return "pass", (Reason("meets", {"bound": nearest.bound, "limit": nearest.limit}),)


@dataclass(frozen=True)
class _Side:
    """One end of a zone and the bound that must not cross it."""

    bound: float
    limit: float
    met: bool
    room: float


def _sides(low: float, high: float, zone: Zone) -> list[_Side]:
    floor, ceiling = zone
    found = [] if floor is None else [_Side(low, floor, within(low, (floor, None)), low - floor)]
    return found if ceiling is None else [*found, _Side(high, ceiling, within(high, (None, ceiling)), ceiling - high)]


def _beyond(ends: tuple[float, float], zone: Zone) -> Reason | None:
    """Why the whole interval lies outside the zone, if it does; what is no interval lies nowhere."""
    floor, ceiling = zone
    low, high = map(_finite, ends)
    if not low <= high:
        return None
    if ceiling is not None and not within(low, (None, ceiling)):
        return Reason("beyond", {"bound": low, "limit": ceiling})
    if floor is not None and not within(high, (floor, None)):
        return Reason("beyond", {"bound": high, "limit": floor})
    return None


def _straddles(finding: Finding, low: float, high: float, side: _Side) -> Reason:
    estimate = finding.estimate
    if finding.rate != "raw":
        return Reason(f"straddles_{finding.rate}", {"low": low, "high": high, "limit": side.limit})
    value = math.nan if estimate.value is None else estimate.value
    other = low if side.bound == high else high
    lies_well = within(value, (None, side.limit) if side.bound == high else (side.limit, None))
    figures: dict[str, float | int | str] = {"low": low, "high": high, "limit": side.limit}
    units, confidence = effective_units(estimate.method), (1 + estimate.level) / 2
    bound = side.bound if lies_well else other
    more = more_prompts(estimate.prompts, value, bound, side.limit, units=units, confidence=confidence)
    return Reason("straddles", figures if more is None else {**figures, "more": more})


def _finite(bound: float | None) -> float:
    """A finite number, or NaN, which no comparison lets pass."""
    return math.nan if bound is None or not math.isfinite(bound) else bound


def _adverse_ends(estimate: Estimate) -> tuple[float, float]:
    return _finite(estimate.adverse_low), _finite(estimate.adverse_high)


def _adverse(estimate: Estimate, zone: Zone) -> list[float]:
    """The adverse bounds that the zone limits."""
    low, high = _adverse_ends(estimate)
    return [end for end, limit in ((low, zone[0]), (high, zone[1])) if limit is not None]


def _spoilt(estimate: Estimate, zone: Zone) -> Reason:
    """Why a gate that would pass does not: what the unscored outputs allow."""
    low, high = _adverse_ends(estimate)
    ends = [(end, limit) for end, limit in ((low, zone[0]), (high, zone[1])) if limit is not None]
    end, limit = next((e, at) for e, at in ends if not within(e, zone))
    known = {"failed": estimate.failed, "limit": limit}
    return Reason("adverse", {**known, "adverse": end} if math.isfinite(end) else known)


def _missing(estimate: Estimate, policy: Policy) -> list[Reason]:
    """What keeps an estimate from being judged at all."""
    if estimate.planned <= 0:
        return [Reason("slice_empty")]
    due = estimate.planned - estimate.not_applicable
    if estimate.value is None or not math.isfinite(estimate.value) or due <= 0:
        return [Reason("no_value")]
    reasons = []
    if not estimate.scored / due >= policy.coverage:
        reasons.append(Reason("coverage", {"scored": estimate.scored, "planned": due, "needed": policy.coverage}))
    if not estimate.prompts >= policy.min_prompts:
        reasons.append(Reason("few_prompts", {"prompts": estimate.prompts, "needed": policy.min_prompts}))
    if not estimate.not_applicable / estimate.planned <= policy.not_applicable:
        figures = {"n": estimate.not_applicable, "planned": estimate.planned, "needed": policy.not_applicable}
        reasons.append(Reason("not_applicable", figures))
    return reasons


def more_prompts(
    prompts: int, value: float, bound: float, limit: float, *, units: int | None = None, confidence: float = CONFIDENCE
) -> int | None:
    """About how many more prompts would take the bound off the limit, if the value stays what it is.

    For a share with exact bounds, which stand for that many independent `units`, the smallest number for which they
    do; else widths shrink as 1/sqrt(n). None where the value lies on the limit, or so near that the answer would be
    meaningless.

    >>> more_prompts(100, value=0.02, bound=0.06, limit=0.04)
    300
    >>> more_prompts(100, value=0.0, bound=0.0295, limit=0.001, units=100)
    2895
    """
    if units:
        needed = size_at_rate(value, limit, confidence)
        return None if needed is None else max(1, math.ceil(needed * prompts / units) - prompts)
    distance, half = abs(value - limit), abs(bound - value)
    if distance == 0 or half / distance > 100:
        return None
    return max(1, math.ceil(prompts * ((half / distance) ** 2 - 1)))


def budget_reasons(outcomes: Mapping[str, int], budgets: Mapping[str, float]) -> list[Reason]:
    """Which outcome budgets a candidate exceeds; `outcomes` counts its outputs by outcome.

    >>> [r.code for r in budget_reasons({"ok": 90, "error": 10}, {"error": 0.01})]
    ['error_rate']
    """
    total = sum(outcomes.values())
    rates = {outcome: outcomes.get(outcome, 0) / total for outcome in budgets} if total else {}
    return [
        Reason(f"{outcome}_rate", {"rate": rate, "limit": budgets[outcome]})
        for outcome, rate in rates.items()
        if not rate <= budgets[outcome]
    ]


def overall(verdicts: Sequence[Verdict]) -> tuple[Status | Literal["not_gated"], int, list[Reason]]:
    """Status, exit code and reasons of a run: undetermined outranks fail, fail outranks pass; no gates, no verdict.

    >>> overall([])
    ('not_gated', 0, [Reason(code='not_gated', figures={})])
    """
    counts = Counter(v.counts_as for v in verdicts)
    if not verdicts:
        return "not_gated", 0, [Reason("not_gated")]
    codes = {"fail": "gate_fails", "undetermined": "gates_open", "pass": "gates_pass"}
    worst: Status = "undetermined" if counts["undetermined"] else "fail" if counts["fail"] else "pass"
    # A reader must learn of a failure even where something else is open.
    told: list[Status] = [s for s in _BAD if counts[s]] or ["pass"]
    waived = sum(v.waiver is not None for v in verdicts)
    reasons = [Reason(codes[s], {"n": counts[s] - (waived if s == "pass" else 0)}) for s in told]
    return worst, EXIT_CODES[worst], [*reasons, *([Reason("gates_waived", {"n": waived})] if waived else [])]
