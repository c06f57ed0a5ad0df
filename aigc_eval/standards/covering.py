"""Every clause of every standard that a bench adopts, with its status, its checks, or what is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from aigc_eval.records import (
    CLAUSE_STATUSES,
    Adopted,
    ClassFound,
    Clause,
    ClauseCheck,
    ClauseFound,
    ClauseStatus,
    Coverage,
    Estimate,
    Reason,
    Rule,
    Verdict,
)
from aigc_eval.standards.counting import Tags, counts, needed_by_class, short_of
from aigc_eval.standards.judging import Found, check_of_gates, matches

__all__ = ["cover"]

_METRIC = re.compile(r"\s*([\w-]+)\.([\w.-]+)")


def cover(  # noqa: PLR0917
    adopted: Sequence[Adopted],
    asked: Sequence[Tags],
    found: Sequence[Found],
    estimates: Sequence[Estimate],
    verdicts: Sequence[Verdict],
    release: Sequence[str],
    names: Mapping[str, Sequence[str]],
    partial: Sequence[Reason] = (),
) -> tuple[Coverage, ...]:
    """What a run shows about each standard.

    `asked` are the tags of its prompts, `found` what its scorers say, `release` the candidates that its gates judge,
    `names` what standards may call its scorers. `partial` is why fewer outputs were asked for than the bench
    describes: they may not conform, as such a run may not pass.
    """
    known = (asked, found, estimates, verdicts, release, names, partial)
    return tuple(_Covering(one, *known).coverage() for one in adopted)


@dataclass(frozen=True)
class _Covering:
    adopted: Adopted
    asked: Sequence[Tags]
    found: Sequence[Found]
    estimates: Sequence[Estimate]
    verdicts: Sequence[Verdict]
    release: Sequence[str]
    names: Mapping[str, Sequence[str]]
    partial: Sequence[Reason]

    def coverage(self) -> Coverage:
        return Coverage(self.adopted, tuple(map(self._clause, self.adopted.standard.clauses)), tuple(self._classes()))

    def _clause(self, clause: Clause) -> ClauseFound:
        if clause.id in self.adopted.not_applicable:
            return ClauseFound(clause.id, "not_applicable")
        checks = [check for i, rule in enumerate(clause.rules) for check in self._rule(clause, i, rule)]
        checks = [self._whole(check) for check in checks or self._without_rules(clause)]
        return ClauseFound(clause.id, _worst(check.status for check in checks), tuple(checks))

    def _whole(self, check: ClauseCheck) -> ClauseCheck:
        """What part of the outputs shows is open; prompts are counted as they are."""
        if not (self.partial and check.candidate and check.status == "conforms"):
            return check
        return replace(check, status="undetermined", reasons=(*check.reasons, *self.partial))

    def _rule(self, clause: Clause, index: int, rule: Rule) -> list[ClauseCheck]:
        if rule.limit is None:
            return [self._counted(index, rule)]
        place = (self.adopted.standard.id, clause.id)
        own = [c for f in self.found for at, c in f.checks if at == place and c.rule == index]
        if own:  # where several scorers can show it, all of them must
            by_candidate = [[c for c in own if c.candidate == name] for name in self.release]
            return [max(those, key=lambda c: CLAUSE_STATUSES.index(c.status)) for those in by_candidate if those]
        n, _ = counts(self.asked, rule, self.adopted)
        reasons = (Reason("unmeasured", {"measures": " | ".join(rule.measures)}),)
        return [ClauseCheck(index, "not_evaluated", "", n, rule.prompts, rule.op, rule.limit, reasons=reasons)]

    def _counted(self, index: int, rule: Rule) -> ClauseCheck:
        """Exact; without a single prompt that the rule is about, nothing was looked at."""
        n, by_class = counts(self.asked, rule, self.adopted)
        short = short_of(rule, self.adopted, by_class)
        status: ClauseStatus = "conforms" if n >= rule.prompts and not short else "does_not_conform"
        reasons = [Reason("few", {"n": n, "needed": rule.prompts})] if n < rule.prompts else []
        reasons += [Reason("short", {"n": len(short), "prompts": sum(short.values())})] if short else []
        if n == 0:
            status, reasons, short = "not_evaluated", [Reason("no_prompts")], {}
        return ClauseCheck(index, status, "", n, rule.prompts, ">=", reasons=tuple(reasons), short=short)

    def _without_rules(self, clause: Clause) -> Iterator[ClauseCheck]:
        """By this run's gates on what bears on the clause; without gates nobody said what would be enough."""
        if not clause.measures:
            yield ClauseCheck(-1, "not_evaluated", reasons=(Reason("documents"),))
            return
        n = counts(self.asked, Rule(clause.title, classes=clause.classes), self.adopted)[0] if clause.classes else None
        if n == 0:
            yield ClauseCheck(-1, "not_evaluated", n=0, reasons=(Reason("no_prompts"),))
            return
        if not any(self._first(clause, name) for name in self.release):
            reason = Reason("unmeasured", {"measures": " | ".join(clause.measures)})
            yield ClauseCheck(-1, "not_evaluated", n=n, reasons=(reason,))
            return
        for name in self.release:
            judged = self._within(clause, name) if clause.classes else self._by_gates(clause, name)
            seen = None if clause.classes else self._first(clause, name)
            size = n if seen is None else seen.prompts
            yield judged or ClauseCheck(-1, "not_evaluated", name, size, estimate=seen, reasons=(Reason("no_limit"),))

    def _by_gates(self, clause: Clause, candidate: str) -> ClauseCheck | None:
        """The run's gates on what bears on a clause, over all prompts that they are about."""
        gates = [v for v in self.verdicts if v.candidate == candidate and self._bears(clause, v)]
        return check_of_gates(candidate, gates) if gates else None

    def _within(self, clause: Clause, candidate: str) -> ClauseCheck | None:
        """The worst of the same gates over the prompts of the clause's classes."""
        place = (self.adopted.standard.id, clause.id)
        own = [c for f in self.found for at, c in f.checks if at == place and c.candidate == candidate]
        if not own:
            return None
        status = _worst(check.status for check in own)
        decisive = [check for check in own if check.status == status]
        return replace(decisive[0], gates=tuple(gate for check in decisive for gate in check.gates))

    def _bears(self, clause: Clause, verdict: Verdict) -> bool:
        written = _METRIC.match(verdict.gate)
        return written is not None and self._matches(clause, written[1], written[2])

    def _matches(self, clause: Clause, scorer: str, metric: str) -> bool:
        return matches(clause.measures, self.names.get(scorer, (scorer,)), metric)

    def _first(self, clause: Clause, candidate: str) -> Estimate | None:
        """The run's first number that bears on a clause, over all prompts."""
        return next(
            (
                e
                for e in self.estimates
                if not e.slice and e.candidate == candidate and e.value is not None
                if self._matches(clause, e.scorer, e.metric)
            ),
            None,
        )

    def _classes(self) -> Iterator[ClassFound]:
        standard = self.adopted.standard
        every = Rule(standard.title)
        _, by_class = counts(self.asked, every, self.adopted)
        needed = needed_by_class(standard, (r for c in standard.clauses for r in c.rules if not r.where))
        harm = {id: seen for f in self.found for (name, id), seen in f.harm if name == standard.id}
        for leaf in standard.leaves():
            yield ClassFound(leaf, by_class[leaf], needed.get(leaf, 0), harm.get(leaf, ()))


def _worst(statuses: Iterator[ClauseStatus]) -> ClauseStatus:
    return max(statuses, key=CLAUSE_STATUSES.index)
