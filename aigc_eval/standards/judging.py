"""Numbers that a standard limits, judged as this run's gates are, and rates of harm by class of risk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING, Any

from aigc_eval.estimates import estimate, view
from aigc_eval.gates import Gate, Limit, Policy
from aigc_eval.metrics import Metric
from aigc_eval.records import (
    CLAUSE_STATUSES,
    Adopted,
    Clause,
    ClauseCheck,
    ClauseStatus,
    Coverage,
    Estimate,
    Reason,
    Rule,
    Status,
    Verdict,
)
from aigc_eval.standards.counting import Tags, classes_of, selected, tags_of_rows

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["STATUS_OF", "Found", "Judge", "harm_of", "matches", "measured", "names_of", "recorded"]

Judge = Callable[[Gate, Metric, str, "pd.DataFrame"], Sequence[Verdict]]
"""The verdicts of a gate on a candidate, over some of the run's rows: one, or one for each value of its tag."""
STATUS_OF: Mapping[Status, ClauseStatus] = {
    "pass": "conforms",
    "fail": "does_not_conform",
    "undetermined": "undetermined",
}
_BOUNDS = ("bound", "limit", "adverse")


@dataclass(frozen=True)
class Found:
    """What one scorer says: checks by (standard, clause), and rates of harm by (standard, class)."""

    checks: tuple[tuple[tuple[str, str], ClauseCheck], ...] = ()
    harm: tuple[tuple[tuple[str, str], tuple[Estimate, ...]], ...] = ()


def names_of(bench: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The names that a standard may call each scorer by: its own in the bench, and its plug-in's.

    >>> names_of({"scorers": ["pii", {"refusal": {}}, {"name": "nli", "scorer": {"groundedness": {}}}]})
    {'pii': ('pii',), 'refusal': ('refusal',), 'nli': ('nli', 'groundedness')}
    """
    found: dict[str, tuple[str, ...]] = {}
    for item in bench.get("scorers", ()):
        own = item.get("scorer") if isinstance(item, Mapping) and "scorer" in item else item
        word = str(next(iter(own), "")) if isinstance(own, Mapping) else str(own)
        name = (item.get("name") if isinstance(item, Mapping) and own is not item else None) or word
        found[name] = tuple(dict.fromkeys([name, word]))
    return found


def matches(patterns: Iterable[str], names: Iterable[str], metric: str) -> bool:
    """Whether a metric of a scorer with these names is one of those meant."""
    return any(fnmatchcase(f"{name}.{metric}", pattern) for pattern in patterns for name in names)


def harm_of(adopted: Adopted, names: Mapping[str, Sequence[str]]) -> tuple[str, str] | None:
    """The scorer and the metric that are shown by class: the first of the standard's that the run has."""
    for wanted in adopted.standard.harm:
        word, _, metric = wanted.partition(".")
        for name, own in names.items():
            if word in own:
                return name, metric
    return None


def measured(  # noqa: PLR0917
    adopted: Sequence[Adopted],
    rows: pd.DataFrame,
    name: str,
    names: Mapping[str, Sequence[str]],
    metrics: Sequence[Metric],
    release: Sequence[str],
    policy: Policy,
    judge: Judge,
) -> Found:
    """What a scorer's numbers say about the standards, for the candidates up for release.

    Rules with a limit are judged at the policy's confidence. A clause of some classes is judged by the policy's own
    gates on these metrics, over the prompts of its classes.
    """
    if not adopted:
        return Found()
    scorer = _Scorer(rows, name, names.get(name, (name,)), {m.name: m for m in metrics}, release, policy, judge)
    checks, harm = [], []
    for one in adopted:
        for clause in (c for c in one.standard.clauses if c.id not in one.not_applicable):
            place = (one.standard.id, clause.id)
            checks += [(place, check) for check in scorer.by_rules(one, clause)]
            if clause.classes and not clause.rules:
                checks += [(place, check) for check in scorer.by_gates(one, clause)]
        chosen = harm_of(one, names)
        if chosen is not None and chosen[0] == name and chosen[1] in scorer.metrics:
            harm += list(scorer.by_class(one, scorer.metrics[chosen[1]]))
    return Found(tuple(checks), tuple(harm))


@dataclass(frozen=True)
class _Scorer:
    """One scorer of a run, as standards look at it."""

    rows: pd.DataFrame
    name: str
    names: Sequence[str]
    metrics: Mapping[str, Metric]
    release: Sequence[str]
    policy: Policy
    judge: Judge

    @cached_property
    def asked(self) -> dict[str, Tags]:
        """The tags of every prompt."""
        return tags_of_rows(self.rows)

    def of(self, rule: Rule, adopted: Adopted) -> pd.DataFrame:
        """The rows that a rule is about."""
        inside = {prompt for prompt, tags in self.asked.items() if selected(tags, rule, adopted)}
        return self.rows[self.rows["prompt"].isin(inside)]

    def by_rules(self, adopted: Adopted, clause: Clause) -> Iterator[ClauseCheck]:
        """What the rules with a limit come to."""
        for index, rule in enumerate(clause.rules):
            for metric in (m for m in self.metrics.values() if matches(rule.measures, self.names, m.name)):
                rows = self.of(rule, adopted)
                looking = _Looking(rule, index, metric, self.name, self.policy.confidence)
                yield from (looking.check(rows, candidate, self.judge) for candidate in self.release)

    def by_gates(self, adopted: Adopted, clause: Clause) -> Iterator[ClauseCheck]:
        """What the gates on limits of this scorer's metrics come to, over the prompts of the clause's classes."""
        rule = Rule(clause.title, classes=clause.classes)
        for gate in (g for g in self.policy.gates if g.scorer == self.name and isinstance(g.claim, Limit)):
            if matches(clause.measures, self.names, gate.metric):
                rows = self.of(rule, adopted)
                for candidate in (c for c in self.release if c in (gate.candidates or self.release)):
                    yield check_of_gates(candidate, self.judge(gate, self.metrics[gate.metric], candidate, rows))

    def by_class(self, adopted: Adopted, metric: Metric) -> Iterator[tuple[tuple[str, str], tuple[Estimate, ...]]]:
        """The metric over the prompts of each class that has any."""
        members: dict[str, set[str]] = {}
        for prompt, tags in self.asked.items():
            for found in classes_of(tags, adopted):
                members.setdefault(found, set()).add(prompt)
        mine = self.rows[self.rows["candidate"].isin(self.release)]
        for leaf in adopted.standard.leaves():
            if leaf in members:
                part = mine[mine["prompt"].isin(members[leaf])]
                yield (adopted.standard.id, leaf), tuple(estimate(part, self.name, [metric], [{}]))


def check_of_gates(candidate: str, gates: Sequence[Verdict]) -> ClauseCheck:
    """The worst of some gates on one candidate; what a waiver lets pass did not pass."""
    status = max((STATUS_OF[v.status] for v in gates), key=CLAUSE_STATUSES.index)
    decisive = [v for v in gates if STATUS_OF[v.status] == status]
    seen = next((v.estimate for v in decisive if v.estimate is not None), None)
    named = tuple(v.gate for v in decisive)
    n = None if seen is None else seen.prompts
    reasons = (Reason("by_gates", {"n": len(named)}),)
    return ClauseCheck(-1, status, candidate, n, estimate=seen, reasons=reasons, gates=named)


@dataclass(frozen=True)
class _Looking:
    """One rule and a metric that can show it."""

    rule: Rule
    index: int
    metric: Metric
    scorer: str
    confidence: float

    def check(self, rows: pd.DataFrame, candidate: str, judge: Judge) -> ClauseCheck:
        """The rule for one candidate; fewer prompts than it asks for decide nothing, whatever they show."""
        rule, limit = self.rule, self.rule.limit
        if limit is None:
            raise ValueError("a rule without a limit measures nothing")
        op = rule.op
        if rule.complement:
            op, limit = ("<=" if op == ">=" else ">="), complement(limit)
        claim = Limit("<=" if op == "<=" else ">=", limit)
        text = f"{self.scorer}.{self.metric.name} {op} {limit:.12g}"
        gate = Gate(text, self.scorer, self.metric.name, claim, confidence=self.confidence)
        (verdict,) = judge(gate, self.metric, candidate, rows)
        n = self._prompts(rows[rows["candidate"] == candidate])
        status, reasons = STATUS_OF[verdict.status], verdict.reasons
        if n < rule.prompts or n == 0:
            status, reasons = "not_evaluated", (Reason("few", {"n": n, "needed": rule.prompts}),)
        seen = verdict.estimate
        if rule.complement:
            seen, reasons = seen and _turned(seen), tuple(map(_turned_reason, reasons))
        return ClauseCheck(self.index, status, candidate, n, rule.prompts, rule.op, rule.limit, seen, reasons)

    def _prompts(self, rows: pd.DataFrame) -> int:
        """How many prompts the metric applies to; those whose outputs could not be scored count."""
        seen = view(rows, self.scorer, self.metric.reads)
        scored = self.metric.present(seen[seen["status"] == "scored"])
        return len({*scored["prompt"], *seen.loc[seen["status"] == "failed", "prompt"]})


def complement(limit: float) -> float:
    """One minus a number, the float of the decimal that somebody would write.

    >>> complement(0.95), 1 - 0.95
    (0.05, 0.050000000000000044)
    """
    return float(1 - Decimal(repr(limit)))


def _one_minus(number: float | None) -> float | None:
    return None if number is None else 1 - number


def _turned(seen: Estimate) -> Estimate:
    """The estimate of one minus the metric."""
    return replace(
        seen,
        value=_one_minus(seen.value),
        low=_one_minus(seen.high),
        high=_one_minus(seen.low),
        adverse=_one_minus(seen.adverse),
        adverse_low=_one_minus(seen.adverse_high),
        adverse_high=_one_minus(seen.adverse_low),
    )


def _turned_reason(reason: Reason) -> Reason:
    """A reason in terms of one minus the metric."""
    if reason.code not in ("meets", "beyond", "straddles", "adverse"):
        return reason
    figures = dict(reason.figures)
    for name in _BOUNDS:
        if name in figures:
            figures[name] = complement(float(figures[name]))
    if "low" in figures and "high" in figures:
        figures["low"], figures["high"] = complement(float(figures["high"])), complement(float(figures["low"]))
    return replace(reason, figures=figures)


def recorded(covered: Iterable[Coverage], scorer: str) -> Found:
    """What run.json says that a scorer found, where its metrics cannot be computed again."""
    checks, harm = [], []
    for one in covered:
        for clause in one.clauses:
            place = (one.adopted.standard.id, clause.clause)
            checks += [
                (place, c)
                for c in clause.checks
                if c.estimate and c.estimate.scorer == scorer
                if c.rule >= 0 or c.gates
            ]
        for found in one.classes:
            if found.harm and found.harm[0].scorer == scorer:
                harm.append(((one.adopted.standard.id, found.id), found.harm))
    return Found(tuple(checks), tuple(harm))
