"""Verdicts of gates over the rows of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from aigc_eval import standards
from aigc_eval.conclusion.accuracy import Accuracies
from aigc_eval.conclusion.terms import Terms, adopted
from aigc_eval.estimates import ROUNDING, where
from aigc_eval.evidence import Reference, expanded, findings
from aigc_eval.gates import BASELINE, Against, Finding, Gate, Grade, Limit, Policy, budget_reasons, judge
from aigc_eval.metrics import Metric, Rate
from aigc_eval.plugin import Scorer
from aigc_eval.records import Reason, Verdict, Zone
from aigc_eval.stopping import Drawn, looks_early, zone_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Judging", "decided", "prompts_in"]


def decided(terms: Terms, rows: pd.DataFrame, scorers: Mapping[str, Scorer]) -> bool:
    """Whether every gate has passed or failed, and every slice is as large as it must be."""
    judging = Judging(terms, rows, None)
    for gate in judging.policy.gates:
        metric = next(m for m in scorers[gate.scorer].metrics() if m.name == gate.metric)
        if any(verdict.status == "undetermined" for verdict in judging.verdicts(gate, metric)):
            return False
    return all(prompts_in(rows, needed.where) >= needed.min_prompts for needed in judging.policy.slices)


def prompts_in(rows: pd.DataFrame, tags: Mapping[str, str]) -> int:
    """How many prompts have these tags."""
    return int(where(rows, tags)["prompt"].nunique())


class Judging:
    """Verdicts of gates over a run's rows."""

    def __init__(
        self,
        terms: Terms,
        rows: pd.DataFrame,
        reference: Reference | None,
        labelling: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        self.terms, self.policy = terms, Policy.from_json(terms["policy"])
        self.rows, self.reference = rows, reference
        self.accuracies = Accuracies(terms, rows, labelling)
        self.groups = {str(name): group for name, group in rows.groupby("candidate", sort=False)}
        self.release = tuple(terms["release"] or [c["name"] for c in terms["candidates"]])
        self.planned: Mapping[str, Sequence[str]] = terms.get("each", {})
        looks, order = terms["looks"], tuple(dict.fromkeys(map(str, rows["prompt"])))
        self.drawn = Drawn(order, terms["samples"], looks["every"]) if "every" in looks else None
        self.stopped = self.drawn is not None and len(order) < looks["planned"]

    def verdicts(self, gate: Gate, metric: Metric) -> tuple[Verdict, ...]:
        """One a candidate and, for `for each`, a value of the tag."""
        every = expanded(gate, self.rows, self.planned.get(gate.name, ()))
        names = gate.candidates or self._others(gate)
        if not every:  # no prompt has the tag
            return tuple(judge(gate, name, (), self.policy) for name in names)
        return tuple(self._one(each, metric, name) for each in every for name in names)

    def covered(self, name: str, metrics: Sequence[Metric]) -> standards.Found:
        """What a scorer's numbers say about the rules of standards."""
        names = standards.names_of(self.terms["bench"])
        judged = (adopted(self.terms), self.rows, name, names, metrics, self.release, self.policy)
        return standards.measured(*judged, self._within)

    def _within(self, gate: Gate, metric: Metric, name: str, rows: pd.DataFrame) -> tuple[Verdict, ...]:
        """Over some of the rows; values of the tag that none of them has are not asked for."""
        found = tuple(self._one(each, metric, name, rows) for each in expanded(gate, rows))
        return found or (judge(gate, name, (), self.policy),)

    def _others(self, gate: Gate) -> tuple[str, ...]:
        """Those up for release; without the one that a gate compares with, unless there is no other."""
        other = gate.claim.other if isinstance(gate.claim, Against) else ""
        baseline = self.policy.baseline
        if other == BASELINE and baseline is not None:
            other = "" if baseline.run else baseline.candidate
        return tuple(name for name in self.release if name != other) or self.release

    def _one(self, gate: Gate, metric: Metric, name: str, rows: pd.DataFrame | None = None) -> Verdict:
        rows = self.rows if rows is None else rows
        early = looks_early(gate, metric, self.policy)
        # What a small slice loses must not drown in the rest.
        budget = self._budget(self.groups[name]) or self._budget(where(rows[rows["candidate"] == name], gate.where))
        # A sample that ended when others were decided says nothing certain about a gate that could not look.
        chosen = [Reason("stopped_for_others")] if self.stopped and not early else []
        open_ = [*budget, *chosen, *self._baseline(gate, metric), *self.accuracies.lacking(gate, metric, name, rows)]
        if gate.rate != "raw" and isinstance(metric, Rate):
            return self._corrected(gate, metric, name, rows, open_)
        drawn = self.drawn if early else None
        found = findings(gate, metric, name, rows, self.policy, reference=self.reference, drawn=drawn)
        noted = self._floor(gate, metric, name, rows)
        return judge(gate, name, [replace(f, notes=(*f.notes, *noted)) for f in found], self.policy, open_)

    def _corrected(self, gate: Gate, metric: Rate, name: str, rows: pd.DataFrame, open_: Sequence[Reason]) -> Verdict:
        """A corrected rate against its limit; undetermined where there is none, and why."""
        estimate, found = self.accuracies.of(gate.scorer, metric, rows).estimate(gate, name)
        zone = self._zone(gate, metric)
        if found.value is None and estimate.scored:
            told = {reason.code: reason for reason in (found.why, *open_)}
            return Verdict(gate.name, name, "undetermined", tuple(told.values()), zone, estimate)
        return judge(gate, name, [Finding(estimate, zone, rate=gate.rate)], self.policy, open_)

    def _zone(self, gate: Gate, metric: Metric) -> Zone:
        return zone_of(gate.claim, metric, self.policy) if isinstance(gate.claim, Limit | Grade) else (None, None)

    def _floor(self, gate: Gate, metric: Metric, name: str, rows: pd.DataFrame) -> list[Reason]:
        """That a limit on what the scorer flags is no higher than what it would flag of flawless outputs."""
        end = next((end for end in self._zone(gate, metric) if end is not None), None)
        if end is None or not isinstance(metric, Rate):
            return []
        floor = self.accuracies.of(gate.scorer, metric, rows).floor(name, gate.where)
        return (
            [Reason("raw_floor", {"floor": floor, "limit": end})]
            if floor is not None and end <= floor + ROUNDING
            else []
        )

    def _budget(self, rows: pd.DataFrame) -> list[Reason]:
        outcomes = {str(k): int(n) for k, n in rows["outcome"].value_counts().items()}
        return budget_reasons(outcomes, self.policy.budgets)

    def _baseline(self, gate: Gate, metric: Metric) -> list[Reason]:
        """Why a gate cannot be compared with the baseline that it names."""
        if not isinstance(gate.claim, Against) or gate.claim.other != BASELINE:
            return []
        baseline = self.policy.baseline
        if baseline is None or (baseline.run and self.reference is None):
            return [Reason("no_baseline")]
        apart = self.reference.apart(gate.scorer, metric.reads) if baseline.run and self.reference is not None else []
        return [Reason("incomparable", {"differences": "; ".join(apart)})] if apart else []
