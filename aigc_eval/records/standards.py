"""Standards: what one asks for, as a bench adopts it, and what a run can say about each of its clauses.

Standard -> Clause -> Rule         as read from a data file: paraphrases, numbers, sources
Adopted                            a standard with what a bench says about it
Coverage -> ClauseFound -> ClauseCheck   what a run shows; it never changes the run's verdict
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from aigc_eval.records.base import Bilingual, Record
from aigc_eval.records.verdicts import Estimate, Reason

__all__ = [
    "CLAUSE_STATUSES",
    "Adopted",
    "ClassFound",
    "Clause",
    "ClauseCheck",
    "ClauseFound",
    "ClauseStatus",
    "Coverage",
    "RiskClass",
    "Rule",
    "Standard",
]

ClauseStatus = Literal["conforms", "undetermined", "not_evaluated", "does_not_conform", "not_applicable"]
CLAUSE_STATUSES: tuple[ClauseStatus, ...] = (
    "conforms",
    "undetermined",
    "not_evaluated",
    "does_not_conform",
    "not_applicable",
)
"""From good to bad; a clause has the worst of its checks. The last one only a bench can say, with its reason."""


def _words(data: Any) -> Bilingual:
    return Bilingual(**data)


@dataclass(frozen=True, slots=True)
class RiskClass(Record):
    """One class of a taxonomy; `parent` is another one's id, "" at the top."""

    id: str
    title: Bilingual
    parent: str = ""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RiskClass:
        """Rebuild from `to_json`."""
        return cls(**{**data, "title": _words(data["title"])})


@dataclass(frozen=True, slots=True)
class Rule(Record):
    """A number that a clause asks for. Without a limit it counts prompts; with one it judges a metric.

    `prompts` is how many prompts it needs: those in `classes` (an id stands for all below it; none named: any prompt)
    with the tags in `where`. `each` is the least number for every class without classes of its own at or below an id.
    `measures` are metrics (`scorer.metric`) that can show the rule; its number must be `op` the `limit`. `complement`:
    the clause speaks of one minus the metric (a refusal rate, where the metric is of missed refusals).
    """

    title: Bilingual
    prompts: int = 0
    each: Mapping[str, int] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    where: Mapping[str, str] = field(default_factory=dict)
    measures: tuple[str, ...] = ()
    op: Literal["", "<=", ">="] = ""
    limit: float | None = None
    complement: bool = False

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Rule:
        """Rebuild from `to_json`."""
        known = {**data, "title": _words(data["title"])}
        for name in ("classes", "measures"):
            known[name] = tuple(known.get(name, ()))
        return cls(**known)


@dataclass(frozen=True, slots=True)
class Clause(Record):
    """One requirement, in our words. `verified`: somebody compared them with the text; `basis` says how, or why not.

    `source` is where the wording comes from. `measures` are patterns of metrics that bear on it, over prompts of its
    `classes` only where it names any; `rules` are its numbers, `evidence` is what it asks for beside them that no run
    can produce.
    """

    id: str
    title: Bilingual
    requirement: Bilingual
    source: Bilingual
    verified: bool
    basis: Bilingual
    measures: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    evidence: tuple[Bilingual, ...] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Clause:
        """Rebuild from `to_json`."""
        known = {**data, **{name: _words(data[name]) for name in ("title", "requirement", "source", "basis")}}
        known["measures"], known["classes"] = (tuple(known.get(name, ())) for name in ("measures", "classes"))
        known["rules"] = tuple(map(Rule.from_json, known.get("rules", ())))
        known["evidence"] = tuple(map(_words, known.get("evidence", ())))
        return cls(**known)


@dataclass(frozen=True, slots=True)
class Standard(Record):
    """A standard: what it is called, where it is published, its classes of risk and its clauses.

    `tag` is the tag under which prompts carry ids of its classes, `harm` the metrics whose value is shown by class (the
    first that a run has). `constants` are numbers that rules were read with and a bench may set.
    """

    id: str
    title: Bilingual
    issuer: Bilingual
    edition: str
    in_force: Bilingual
    url: str
    licence: Bilingual
    note: Bilingual = Bilingual("")
    tag: str = ""
    harm: tuple[str, ...] = ()
    classes: tuple[RiskClass, ...] = ()
    clauses: tuple[Clause, ...] = ()
    constants: Mapping[str, float] = field(default_factory=dict)

    def leaves(self, ids: tuple[str, ...] = ()) -> tuple[str, ...]:
        """The classes that have none below them, at or below some ids; all of them without ids."""
        parents = {c.parent for c in self.classes}
        return tuple(c.id for c in self.classes if c.id not in parents and (not ids or self.above(c.id) & {*ids}))

    def above(self, id: str) -> set[str]:
        """A class and all that it belongs to."""
        parent = {c.id: c.parent for c in self.classes}
        found: set[str] = set()
        while id and id not in found:
            found.add(id)
            id = parent.get(id, "")
        return found

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Standard:
        """Rebuild from `to_json`."""
        known = dict(data)
        for name in ("title", "issuer", "in_force", "licence", "note"):
            known[name] = _words(known.get(name, {"en": ""}))
        known["harm"] = tuple(known.get("harm", ()))
        known["classes"] = tuple(map(RiskClass.from_json, known.get("classes", ())))
        known["clauses"] = tuple(map(Clause.from_json, known.get("clauses", ())))
        return cls(**known)


@dataclass(frozen=True, slots=True)
class Adopted(Record):
    """A standard as a bench adopts it. `sha256` is that of its file, `shipped` whether it came with the tool.

    `tag` names the tag of class ids, `mapped` the classes that values of other tags mean (tag -> value -> ids).
    `not_applicable` are clauses that the bench says do not apply, with its reasons; `constants` those that it sets.
    """

    standard: Standard
    sha256: str
    shipped: bool = False
    tag: str = ""
    mapped: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    not_applicable: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Adopted:
        """Rebuild from `to_json`."""
        known = {**data, "standard": Standard.from_json(data["standard"])}
        mapped = known.get("mapped", {})
        known["mapped"] = {tag: {v: tuple(ids) for v, ids in values.items()} for tag, values in mapped.items()}
        return cls(**known)


@dataclass(frozen=True, slots=True)
class ClauseCheck(Record):
    """What a run says about one rule of a clause (`rule` is its index), or about a clause without rules (-1).

    `n` prompts of `needed` bear on it; `short` are classes with too few prompts, and how many each lacks. `estimate`,
    `op` and `limit` are in the clause's terms (a complement is one minus the metric). `gates` are those of the run that
    judge a clause without a limit of its own. `candidate` is "" where nothing depends on who answered.
    """

    rule: int
    status: ClauseStatus
    candidate: str = ""
    n: int | None = None
    needed: int = 0
    op: str = ""
    limit: float | None = None
    estimate: Estimate | None = None
    reasons: tuple[Reason, ...] = ()
    gates: tuple[str, ...] = ()
    short: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ClauseCheck:
        """Rebuild from `to_json`."""
        known = dict(data)
        known["estimate"] = Estimate(**known["estimate"]) if known.get("estimate") else None
        known["reasons"] = tuple(Reason(**r) for r in known.get("reasons", ()))
        known["gates"] = tuple(known.get("gates", ()))
        return cls(**known)


@dataclass(frozen=True, slots=True)
class ClauseFound(Record):
    """A clause's status, the worst of its checks."""

    clause: str
    status: ClauseStatus
    checks: tuple[ClauseCheck, ...] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ClauseFound:
        """Rebuild from `to_json`."""
        return cls(**{**data, "checks": tuple(map(ClauseCheck.from_json, data.get("checks", ())))})


@dataclass(frozen=True, slots=True)
class ClassFound(Record):
    """The prompts of one class without classes below it, how many are needed, and its rate of harm by candidate."""

    id: str
    n: int
    needed: int = 0
    harm: tuple[Estimate, ...] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ClassFound:
        """Rebuild from `to_json`."""
        return cls(**{**data, "harm": tuple(Estimate(**e) for e in data.get("harm", ()))})


@dataclass(frozen=True, slots=True)
class Coverage(Record):
    """What a run shows about one standard: evidence, no certificate."""

    adopted: Adopted
    clauses: tuple[ClauseFound, ...] = ()
    classes: tuple[ClassFound, ...] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Coverage:
        """Rebuild from `to_json`."""
        return cls(
            Adopted.from_json(data["adopted"]),
            tuple(map(ClauseFound.from_json, data.get("clauses", ()))),
            tuple(map(ClassFound.from_json, data.get("classes", ()))),
        )
