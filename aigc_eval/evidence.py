"""What gates look at: a metric at the gate's own confidence, its difference to a baseline, its gaps between groups.

Every bound is one-sided at the gate's confidence. Differences are paired by prompt: candidates have answered the same
ones, and what makes a prompt hard makes it hard for both (Miller 2024, arXiv 2411.00640). What is unscored counts
against the candidate on either side: its own outputs as the worst, those of a baseline as the best.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from aigc_eval.contrasts import bounds_of, contrast
from aigc_eval.estimates import ROUNDING, tag_column, view, where
from aigc_eval.gates import BASELINE, Against, Finding, Gate, Grade, Limit, Parity, Policy, slice_name
from aigc_eval.intervals import Interval
from aigc_eval.metrics import AnyPerPrompt, Metric, WorstPerPrompt
from aigc_eval.records import Estimate, Reason, Zone
from aigc_eval.stopping import Drawn, bounds, zone_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Reference", "expanded", "findings", "scorers_behind"]


@dataclass(frozen=True)
class Reference:
    """A baseline from an earlier run: its name for readers, and its rows, one candidate's, as a run's frame.

    `differences`: why that run cannot be compared with this one, a line each; `scorers`: why the numbers of one scorer
    cannot, by its name.
    """

    name: str
    rows: pd.DataFrame
    differences: tuple[str, ...] = ()
    scorers: Mapping[str, str] = field(default_factory=dict)

    def apart(self, scorer: str, reads: Sequence[str] = ()) -> list[str]:
        """Why a metric of a scorer, which reads others or parts of theirs, cannot be compared."""
        names = scorers_behind(scorer, reads)
        return [*self.differences, *(self.scorers[name] for name in names if name in self.scorers)]


def scorers_behind(scorer: str, reads: Sequence[str] = ()) -> list[str]:
    """What may be the names of scorers that a metric depends on: its own, and those which it reads, or reads parts of.

    >>> scorers_behind("bias", ["toxicity.probability"])
    ['bias', 'toxicity.probability', 'toxicity']
    """
    names = (name for read in (scorer, *reads) for name in (read, read.rpartition(".")[0]) if name)
    return [*dict.fromkeys(names)]


def expanded(gate: Gate, rows: pd.DataFrame, planned: Iterable[str] = ()) -> list[Gate]:
    """One gate for each value of the tag that a gate names with `for each`; the gate itself where it names none.

    `planned` are values of prompts that may not have been asked: what nobody looked at has not passed.
    """
    if not gate.each:
        return [gate]
    part, column = where(rows, gate.where), tag_column(gate.each)
    found = {str(v) for v in part[column].dropna()} if column in part else set()
    values = sorted({*found, *planned})  # prompts without the tag are a class of their own
    return [replace(gate, where={**gate.where, gate.each: value}, each="") for value in values]


def findings(
    gate: Gate,
    metric: Metric,
    candidate: str,
    rows: pd.DataFrame,
    policy: Policy,
    *,
    reference: Reference | None = None,
    drawn: Drawn | None = None,
) -> list[Finding]:
    """What a gate looks at for one candidate; `rows` are a run's frame, `reference` the baseline of another run.

    `drawn`: the run looks while it goes on, and its bounds must hold at every look.
    """
    if drawn is None:
        metric = _of_all_draws(metric, rows)
    look = _Look(gate, metric, candidate, where(view(rows, gate.scorer, metric.reads), gate.where))
    if isinstance(gate.claim, Limit | Grade):
        zone = zone_of(gate.claim, metric, policy)
        estimate, notes = look.number(), list[Reason]()
        if drawn is not None:
            estimate, notes = look.anytime(estimate, zone, drawn)
        notes += _graded(gate.claim, estimate, policy) if isinstance(gate.claim, Grade) else []
        return [Finding(estimate, zone, notes=tuple(notes))]
    if isinstance(gate.claim, Parity):
        return list(_parity(look, gate.claim))
    found = _other(look, gate.claim, policy, reference)
    return [] if found is None else [_against(look, gate.claim, *found)]


def _of_all_draws(metric: Metric, rows: pd.DataFrame) -> Metric:
    """The metric for as many draws as prompts have: else one draw to which it does not apply lowers it for them all."""
    if not isinstance(metric, AnyPerPrompt | WorstPerPrompt) or metric.k is not None:
        return metric
    return replace(metric, k=int(rows["sample"].nunique()) or None)


@dataclass(frozen=True)
class _Look:
    """One gate, one candidate; `seen` are the rows of the gate's slice, every candidate's, as the metric sees them."""

    gate: Gate
    metric: Metric
    candidate: str
    seen: pd.DataFrame

    @property
    def own(self) -> pd.DataFrame:
        """The candidate's rows."""
        return self.seen[self.seen["candidate"] == self.candidate]

    def number(self) -> Estimate:
        """The metric with its bounds, over rows made comparable as the tables of the report have them."""
        groups = {str(name): group for name, group in self.seen.groupby("candidate", sort=False)}
        own = dict(zip(groups, self.metric.align(list(groups.values())), strict=True)).get(self.candidate, self.own)
        scored = self.metric.present(own[own["status"] == "scored"])
        value, bounds = self._bounded(scored)
        adverse: tuple[float | None, Interval | None] = value, bounds
        counts = _counts(own, scored)
        if counts["failed"]:
            filled = self.metric.filled(own) if self.metric.better is not None else None
            adverse = (None, None) if filled is None else self._bounded(filled)
        return self._estimate(value, bounds, adverse, counts)

    def anytime(self, estimate: Estimate, zone: Zone, drawn: Drawn) -> tuple[Estimate, list[Reason]]:
        """The estimate with bounds that hold at every look, what is unscored at its worst, and when they decided."""
        (low, high, method), when = bounds(self.metric, self.own, drawn, zone, self.gate.confidence)
        known = replace(estimate, low=low, high=high, adverse_low=low, adverse_high=high, method=method)
        return known, [] if when is None else [Reason("decided", {"prompts": when.prompts})]

    def _bounded(self, rows: pd.DataFrame) -> tuple[float | None, Interval | None]:
        """The metric, None where it has no value or one outside its own range, and its bounds."""
        value = self.metric(rows) if len(rows) else None
        low, high = self.metric.bounds
        if value is None or not low - ROUNDING <= value <= high + ROUNDING or not math.isfinite(value):
            return None, None
        return float(value), bounds_of(self.metric, rows, self.gate.confidence)

    def difference(
        self, both: Sequence[pd.DataFrame], name: str, *, relative: bool = False, paired: bool = True
    ) -> Estimate:
        """The metric of the first rows minus that of the second, with what is unscored at its worst on either side."""
        both = self.metric.align(both)
        scored = [self.metric.present(rows[rows["status"] == "scored"]) for rows in both]
        found = contrast(self.metric, scored[0], scored[1], self.gate.confidence, relative=relative, paired=paired)
        counts = [_counts(rows, own) for rows, own in zip(both, scored, strict=True)]
        counted = dict(max(counts, key=lambda c: c["failed"] / max(1, c["planned"] - c["not_applicable"])))
        counted |= {"failed": sum(c["failed"] for c in counts), "prompts": found.prompts}
        adverse: tuple[float | None, Interval | None] = found.value, found.bounds
        if counted["failed"]:
            adverse = None, self._outer(both, relative, paired)
        estimate = self._estimate(found.value, found.bounds, adverse, counted)
        return replace(estimate, against=name, relative=relative)

    def _outer(self, both: Sequence[pd.DataFrame], relative: bool, paired: bool) -> Interval | None:
        """The widest interval that what is unscored allows: either side at its worst while the other is at its best."""
        if self.metric.better is None:
            return None
        turned = replace(self.metric, better="higher" if self.metric.better == "lower" else "lower")
        found = []
        for metrics in ((self.metric, turned), (turned, self.metric)):
            filled = [metric.filled(rows) for metric, rows in zip(metrics, both, strict=True)]
            known = [rows for rows in filled if rows is not None]
            if len(known) < len(both):
                return None
            found.append(
                contrast(self.metric, known[0], known[1], self.gate.confidence, relative=relative, paired=paired).bounds
            )
        one, other = found
        if one is None or other is None:
            return None
        return Interval(min(one.low, other.low), max(one.high, other.high), one.method)

    def _estimate(
        self,
        value: float | None,
        bounds: Interval | None,
        adverse: tuple[float | None, Interval | None],
        counts: Mapping[str, int],
    ) -> Estimate:
        worst, spoilt = adverse
        return Estimate(
            self.candidate,
            self.gate.scorer,
            self.gate.metric,
            slice_name(self.gate.where),
            value,
            None if bounds is None else bounds.low,
            None if bounds is None else bounds.high,
            worst,
            None if spoilt is None else spoilt.low,
            None if spoilt is None else spoilt.high,
            planned=counts["planned"],
            scored=counts["scored"],
            failed=counts["failed"],
            not_applicable=counts["not_applicable"],
            prompts=counts["prompts"],
            level=round(2 * self.gate.confidence - 1, 12),
            method="" if bounds is None else bounds.method,
        )


def _counts(rows: pd.DataFrame, scored: pd.DataFrame) -> dict[str, int]:
    failed = int(np.count_nonzero(rows["status"] == "failed"))
    return {
        "planned": len(rows),
        "scored": len(scored),
        "failed": failed,
        "not_applicable": len(rows) - len(scored) - failed,
        "prompts": int(scored["prompt"].nunique()),
    }


def _graded(claim: Grade, estimate: Estimate, policy: Policy) -> list[Reason]:
    scale = policy.grades[claim.scale]
    figures: dict[str, float | int | str] = {
        word: scale.grade(number)
        for word, number in (("grade", estimate.value), ("best", estimate.low), ("worst", estimate.high))
        if number is not None
    }
    return [Reason("graded", figures)] if len(figures) == len(("grade", "best", "worst")) else []


def _other(look: _Look, claim: Against, policy: Policy, reference: Reference | None) -> tuple[str, pd.DataFrame] | None:
    """The name and the rows of what a gate compares with; None where it is not there."""
    name = claim.other
    if name == BASELINE:
        if policy.baseline is None:
            return None
        if policy.baseline.run:
            if reference is None or f"{look.gate.scorer}:status" not in reference.rows:
                return None
            return reference.name, where(view(reference.rows, look.gate.scorer, look.metric.reads), look.gate.where)
        name = policy.baseline.candidate
    theirs = look.seen[look.seen["candidate"] == name]
    return (name, theirs) if len(theirs) else None


def _against(look: _Look, claim: Against, name: str, theirs: pd.DataFrame) -> Finding:
    estimate = look.difference([look.own, theirs], name, relative=claim.relative)
    return Finding(estimate, claim.zone(look.metric.better))


def _parity(look: _Look, claim: Parity) -> Iterator[Finding]:
    """Every pair of groups. All must be alike to pass, each at the gate's confidence (intersection-union test).

    To fail, one pair must differ at a confidence that allows for the number of pairs (Bonferroni).
    """
    own, column = look.own, tag_column(claim.tag)
    if column not in own:
        return
    if claim.matched:
        own = _matched(own, tag_column(claim.matched))
    groups = {str(value): group for value, group in own[own[column] != ""].groupby(column, sort=True)}
    pairs = list(combinations(groups, 2))
    wide = replace(look, gate=replace(look.gate, confidence=1 - (1 - look.gate.confidence) / max(1, len(pairs))))
    for one, other in pairs:
        name = f"{slice_name({claim.tag: one})} - {slice_name({claim.tag: other})}"
        both, paired = [groups[one], groups[other]], bool(claim.matched)
        estimate, wider = (each.difference(both, name, paired=paired) for each in (look, wide))
        alarm = None if wider.low is None or wider.high is None else (wider.low, wider.high)
        yield Finding(estimate, claim.zone(look.metric.better), alarm)


def _matched(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """The rows under the name that twins share, which then is their prompt."""
    if column not in rows:
        return rows[:0]
    kept = rows[rows[column] != ""]
    return kept.assign(prompt=kept[column])
