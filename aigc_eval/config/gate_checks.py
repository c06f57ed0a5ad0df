"""What a gate says against what is there: its metric's direction, range and unit, its tags, candidates and scales."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import chain

from aigc_eval.gates import BASELINE, Against, Baseline, Gate, Grade, Limit, Parity, Scale
from aigc_eval.metrics import Metric, Rate
from aigc_eval.registry import suggest

__all__ = ["Known", "gate_fault"]

Wrong = tuple[str, str]


@dataclass(frozen=True)
class Known:
    """The names that gates may use; `tags` is None where the prompts could not be read."""

    candidates: Collection[str]
    tags: Collection[str] | None
    grades: Mapping[str, Scale] = field(default_factory=dict)
    baseline: Baseline | None = None


def gate_fault(gate: Gate, metric: Metric, known: Known) -> Wrong | None:
    """What is wrong with a gate on this metric, and the remedy."""
    name = f"{gate.scorer}.{metric.name}"
    tags = [tag for tag in (gate.each, *_tags(gate)) if tag]
    found = chain(
        (_tag(tag, known.tags) for tag in tags),
        (_twice(gate),),
        (_itself(gate, known.baseline),),
        (_direction(name, gate, metric),),
        (_rate(name, gate, metric),),
        (_unit(name, gate, metric),),
        (_claim(name, gate, metric, known),),
    )
    return next((wrong for wrong in found if wrong), None)


def _tags(gate: Gate) -> tuple[str, ...]:
    return (gate.claim.tag, gate.claim.matched) if isinstance(gate.claim, Parity) else ()


def _tag(tag: str, tags: Collection[str] | None) -> Wrong | None:
    return None if tags is None or tag in tags else (f"no prompt has a tag {tag!r:.80}", suggest(tag, tags))


def _twice(gate: Gate) -> Wrong | None:
    """A tag whose values are all looked at, where the gate is for one of them only."""
    if gate.each and gate.each in gate.where:
        return f"the gate is for each {gate.each}, and for one {gate.each} only", "remove one of the two"
    if isinstance(gate.claim, Parity) and gate.claim.tag in {gate.each, *gate.where}:
        tag = gate.claim.tag
        return f"the gate compares every {tag}, and is for one {tag} only", "remove one of the two"
    return None


def _itself(gate: Gate, baseline: Baseline | None) -> Wrong | None:
    """A candidate is never better than itself, and never worse."""
    if not isinstance(gate.claim, Against):
        return None
    other = gate.claim.other
    if other == BASELINE and baseline is not None:
        other = "" if baseline.run else baseline.candidate
    return (
        (f"the gate compares {other!r:.80} with itself", "name other candidates") if other in gate.candidates else None
    )


def _direction(name: str, gate: Gate, metric: Metric) -> Wrong | None:
    if metric.better is None and not isinstance(gate.claim, Parity):
        return f"{name} has no better direction, so it cannot be gated", "report it, and gate another metric"
    return None


def _rate(name: str, gate: Gate, metric: Metric) -> Wrong | None:
    """What can be corrected is the share of outputs that a scorer flags, held against a limit."""
    if gate.rate == "raw":
        return None
    if not isinstance(metric, Rate):
        what = f"{name} is no rate of outputs, so there is no {gate.rate} one"
        return what, f"remove `{gate.rate}`, or gate a rate"
    if not isinstance(gate.claim, Limit | Grade):
        what = f"a {gate.rate} rate is held against a limit or a grade, not against another rate"
        return what, f"remove `{gate.rate}`, or write `{gate.rate} {name} <= number`"
    return None


def _unit(name: str, gate: Gate, metric: Metric) -> Wrong | None:
    """30 % of what goes up to 100 would be 0.3, which nearly everything reaches."""
    if isinstance(gate.claim, Grade) or not gate.claim.share or metric.unit == "share" or metric.bounds[1] <= 1:
        return None
    return f"{name} is no share, so % and points say nothing of it", "write a plain number"


def _claim(name: str, gate: Gate, metric: Metric, known: Known) -> Wrong | None:
    claim = gate.claim
    if isinstance(claim, Limit):
        return _limit(name, claim, metric)
    if isinstance(claim, Against):
        return _against(name, claim, metric, known)
    if isinstance(claim, Parity):
        return _size(name, claim.margin, metric)
    return _grade(name, claim, metric, known.grades)


def _limit(name: str, claim: Limit, metric: Metric) -> Wrong | None:
    op = "<=" if metric.better == "lower" else ">="
    if claim.op != op:
        return f"for {name}, {metric.better} is better", f"write {op}"
    low, high = metric.bounds
    if not low <= claim.limit <= high:
        return f"{name} lies in {low:g}..{high:g}; the limit {claim.limit:g} is outside", "correct the limit"
    if claim.limit == (high if op == "<=" else low):
        remedy = "write 1 % if that is meant" if claim.limit == 1 and metric.unit == "share" else "correct the limit"
        return f"{name} lies in {low:g}..{high:g}, so everything meets the limit {claim.limit:g}", remedy
    return None


def _against(name: str, claim: Against, metric: Metric, known: Known) -> Wrong | None:
    if claim.other == BASELINE and known.baseline is None:
        return "there is no baseline", "name one in the policy (`baseline:`), or give --baseline RUN"
    if claim.other != BASELINE and claim.other not in known.candidates:
        return f"unknown candidate {claim.other!r:.80}", suggest(claim.other, [*known.candidates, BASELINE])
    if claim.relative and metric.unit == "share":
        return f"{name} is a share, so {claim.margin:.4g} could be of it or points of it", "write `by 2 points`"
    if claim.relative and metric.bounds[0] < 0:
        return f"{name} may lie below 0, where a percentage of it says nothing", "write the margin as a number"
    return None if claim.relative else _size(name, claim.margin, metric)


def _size(name: str, margin: float, metric: Metric) -> Wrong | None:
    """A margin as wide as the metric's range would let everything pass."""
    low, high = metric.bounds
    if not margin < high - low:
        return f"{name} lies in {low:g}..{high:g}, so a margin of {margin:g} allows anything", "correct the margin"
    return None


def _grade(name: str, claim: Grade, metric: Metric, grades: Mapping[str, Scale]) -> Wrong | None:
    if metric.better != "lower":
        return f"grades are for metrics of which less is better, and {name} is none", "gate another metric"
    if claim.scale not in grades:
        return f"there is no scale {claim.scale!r:.80}", suggest(claim.scale, grades) or "add it under `grades`"
    scale = grades[claim.scale]
    if claim.needed not in scale.names():
        return f"the scale {claim.scale} has no grade {claim.needed!r:.80}", suggest(claim.needed, scale.names())
    most = scale.limit(claim.needed)
    if most is None:
        return f"{claim.needed!r} is the worst grade, which everything has", "ask for a better grade"
    if most >= metric.bounds[1]:
        low, high = metric.bounds
        what = f"{name} lies in {low:g}..{high:g}, so everything has the grade {claim.needed!r} or a better one"
        return what, "ask for a better grade, or correct its limit"
    return None
