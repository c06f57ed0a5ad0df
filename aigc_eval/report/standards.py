"""What a run shows about standards, as values that templates and tables only have to print."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aigc_eval.records import (
    CLAUSE_STATUSES,
    Bilingual,
    ClassFound,
    Clause,
    ClauseCheck,
    ClauseFound,
    ClauseStatus,
    Coverage,
    Estimate,
    Reason,
    Rule,
    Run,
)
from aigc_eval.report.numbers import NONE, count, figure, interval, limit
from aigc_eval.report.page import Page
from aigc_eval.report.words import both, metric_facts, metric_title, say, sentence

__all__ = ["ClauseLine", "StandardView", "section", "standard_lines", "status_word", "views"]

SIGN: Mapping[ClauseStatus, str] = {
    "conforms": "✓",
    "does_not_conform": "✕",
    "undetermined": "?",
    "not_evaluated": "–",
    "not_applicable": "○",
}
"""A sign for each status, so that colour is never alone."""
LOOK: Mapping[ClauseStatus, str] = {
    "conforms": "pass",
    "does_not_conform": "fail",
    "undetermined": "undetermined",
    "not_evaluated": "not_gated",
    "not_applicable": "not_gated",
}
_EXAMPLE = "tc260-003"


@dataclass(frozen=True)
class StatusWord:
    """A status with its sign, its colour's name and its word."""

    look: str
    sign: str
    word: Bilingual


@dataclass(frozen=True)
class CheckLine:
    """One check of a clause: a rule, or the run's gates, for one candidate."""

    label: Bilingual
    candidate: str
    metric: str
    n: str
    value: str
    interval: str
    limit: str
    status: StatusWord
    why: tuple[Bilingual, ...]
    check: ClauseCheck
    gates: tuple[str, ...]


@dataclass(frozen=True)
class ClauseLine:
    """A clause: what it asks for, what was found, and what is missing."""

    clause: Clause
    status: StatusWord
    checks: tuple[CheckLine, ...]
    missing: tuple[Bilingual, ...]
    reason: Bilingual
    note: int
    """Number of the note on where the wording comes from."""

    @property
    def alone(self) -> CheckLine | None:
        """The only check, which then stands in the clause's own line."""
        return self.checks[0] if len(self.checks) == 1 else None


@dataclass(frozen=True)
class ClassBox:
    """One class: how many prompts it has, how many it needs, and its rate of harm by candidate."""

    id: str
    title: Bilingual
    n: str
    needed: str
    look: str
    sign: str
    rates: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ClassGroup:
    """The classes below one class."""

    title: Bilingual
    boxes: tuple[ClassBox, ...]


@dataclass(frozen=True)
class StandardView:
    """One standard as the page shows it."""

    id: str
    title: Bilingual
    about: tuple[Bilingual, ...]
    counts: tuple[tuple[StatusWord, int], ...]
    lines: tuple[ClauseLine, ...]
    notes: tuple[Bilingual, ...]
    no_classes: Bilingual
    groups: tuple[ClassGroup, ...]
    by_class: Bilingual
    candidates: tuple[str, ...]


def section(page: Page) -> dict[str, object]:
    """What the section's template prints."""
    return {"standards": views(page.run), "no_standards": say("standards.none", example=_EXAMPLE)}


def views(run: Run) -> list[StandardView]:
    """The standards of a run, in the bench's order."""
    return [_View(run, covered).view() for covered in run.standards]


def standard_lines(run: Run) -> list[Bilingual]:
    """One line a standard: how many clauses have each status."""
    comma = say("list_comma")

    def told(view: StandardView, lang: str) -> str:
        return comma.in_(lang).join(
            say("standard.count", status=word.word, n=count(n)).in_(lang) for word, n in view.counts
        )

    return [
        both(lambda lang, v=view: say("standard.line", title=v.title, counts=told(v, lang)).in_(lang))  # type: ignore[misc]
        for view in views(run)
    ]


def status_word(status: ClauseStatus, *, part: bool = False, gates: bool = False) -> StatusWord:
    """A status in words: by whose limits, and whether there is more to the clause than what was measured."""
    key = f"standard.{status}"
    if gates and status in ("conforms", "does_not_conform"):
        key += ".gates"
    elif part and status == "conforms":
        key += ".part"
    return StatusWord(LOOK[status], SIGN[status], say(key))


class _View:
    """One standard of a run."""

    def __init__(self, run: Run, covered: Coverage) -> None:
        self.run, self.covered = run, covered
        self.adopted, self.standard = covered.adopted, covered.adopted.standard
        self.facts = metric_facts(run)
        self.notes: dict[tuple[bool, Bilingual, Bilingual], int] = {}

    def view(self) -> StandardView:
        clauses = {c.id: c for c in self.standard.clauses}
        lines = tuple(self._line(clauses[found.clause], found) for found in self.covered.clauses)
        counts = Counter(line.status for line in lines)
        groups, candidates, by_class = self._groups()
        return StandardView(
            self.standard.id,
            self.standard.title,
            self._about(),
            tuple((word, n) for s in CLAUSE_STATUSES for word, n in counts.items() if word.sign == SIGN[s]),
            lines,
            tuple(
                both(lambda lang, b=basis, s=source: say("standard.basis", basis=b, source=s).in_(lang))  # type: ignore[misc]
                for _, basis, source in self.notes
            ),
            self._no_classes(),
            groups,
            by_class,
            candidates,
        )

    def _about(self) -> tuple[Bilingual, ...]:
        own, standard = self.adopted, self.standard
        told = [
            say("standard.about", issuer=standard.issuer, edition=standard.edition, in_force=standard.in_force),
            say("standard.where", url=standard.url, licence=standard.licence),
        ]
        told += [standard.note] if standard.note.en else []
        told += [] if own.shipped else [say("standard.own")]
        if own.constants:
            listed = ", ".join(f"{name} = {limit(value)}" for name, value in sorted(own.constants.items()))
            told.append(say("standard.constants", constants=listed))
        return tuple(told)

    def _line(self, clause: Clause, found: ClauseFound) -> ClauseLine:
        key = (clause.verified, clause.basis, clause.source)
        note = self.notes.setdefault(key, len(self.notes) + 1)
        applies = found.status != "not_applicable"
        missing = clause.evidence if applies else ()
        by_gates = any(c.gates for c in found.checks)
        given = self.adopted.not_applicable.get(clause.id, "")
        return ClauseLine(
            clause,
            status_word(found.status, part=bool(missing), gates=by_gates),
            tuple(self._check(clause, check) for check in found.checks),
            missing,
            say("standard.reason", reason=given) if given else Bilingual(""),
            note,
        )

    def _check(self, clause: Clause, check: ClauseCheck) -> CheckLine:
        rule = clause.rules[check.rule] if check.rule >= 0 else None
        seen = check.estimate
        unit = self._unit(rule, seen)
        shown = seen if seen is not None and not seen.against else None
        border = ""
        if check.limit is not None:
            border = f"{'≥' if check.op == '>=' else '≤'} {limit(check.limit, unit)}"
        return CheckLine(
            rule.title if rule else Bilingual(""),
            check.candidate if len({c.candidate for f in self.covered.clauses for c in f.checks} - {""}) > 1 else "",
            f"{'1 − ' if rule and rule.complement else ''}{seen.name}" if seen else "",
            _sample(check),
            figure(shown.value, unit) if shown else NONE * bool(border),
            interval(shown.low, shown.high, unit) if shown else "",
            border,
            status_word(check.status, gates=bool(check.gates)),
            tuple(both(lambda lang, r=r: self._why(r, check, unit, lang)) for r in check.reasons),  # type: ignore[misc]
            check,
            check.gates,
        )

    def _unit(self, rule: Rule | None, seen: Estimate | None) -> str:
        """The unit of the number; that of a limit nobody measured is a share where it can be one."""
        found = self.facts.get((seen.scorer, seen.metric)) if seen else None
        if found is not None:
            return found[1].unit
        return "share" if rule is not None and rule.limit is not None and 0 <= rule.limit <= 1 else ""

    def _why(self, reason: Reason, check: ClauseCheck, unit: str, lang: str) -> str:
        figures = reason.figures
        if reason.code == "few":
            more = int(figures["needed"]) - int(figures["n"])
            return say("standard.more.one" if more == 1 else "standard.more", n=count(more)).in_(lang)
        if reason.code == "short":
            key = "standard.short.one" if figures["n"] == 1 else "standard.short"
            return say(key, n=count(int(figures["n"])), prompts=count(int(figures["prompts"]))).in_(lang)
        if reason.code == "unmeasured":
            return say("standard.unmeasured", measures=figures["measures"]).in_(lang)
        if reason.code == "by_gates":
            gates = (say("standard.gate", gate=gate).in_(lang) for gate in check.gates)
            return say("list_comma").in_(lang).join(gates)
        if reason.code in ("no_prompts", "documents", "no_limit", "few_in_group"):
            return say(f"standard.{reason.code}").in_(lang)
        better = {">=": "higher", "<=": "lower"}.get(check.op)
        return sentence(reason, lang, unit, better)

    def _no_classes(self) -> Bilingual:
        """Where the standard has classes and no prompt has one."""
        if not self.covered.classes or any(found.n for found in self.covered.classes):
            return Bilingual("")
        return say("standard.classes.none", tag=self.adopted.tag, n=count(len(self.covered.classes)))

    def _groups(self) -> tuple[tuple[ClassGroup, ...], tuple[str, ...], Bilingual]:
        found = self.covered.classes
        if not any(c.n for c in found):
            return (), (), Bilingual("")
        titles = {c.id: c.title for c in self.standard.classes}
        parents = {c.id: c.parent for c in self.standard.classes}
        seen = next((c.harm for c in found if c.harm), ())
        names = tuple(dict.fromkeys(e.candidate for c in found for e in c.harm))
        facts = self.facts.get((seen[0].scorer, seen[0].metric)) if seen else None
        unit = facts[1].unit if facts else ""
        by_class = say("standard.classes.by", metric=metric_title(facts[1])) if facts else Bilingual("")
        groups = []
        for parent in dict.fromkeys(parents[c.id] for c in found):
            own = [c for c in found if parents[c.id] == parent]
            head = titles.get(parent, Bilingual(""))
            title = both(lambda lang, p=parent, h=head: f"{p} {h.in_(lang)}".strip())  # type: ignore[misc]
            groups.append(ClassGroup(title, tuple(_box(c, titles[c.id], names, unit) for c in own)))
        return tuple(groups), names, by_class


def _sample(check: ClauseCheck) -> str:
    """How many prompts bear on a check, and how many it needs."""
    if check.n is None:
        return f"{NONE} / {count(check.needed)}" if check.needed else ""
    return f"{count(check.n)} / {count(check.needed)}" if check.needed else count(check.n)


def _box(found: ClassFound, title: Bilingual, names: Sequence[str], unit: str) -> ClassBox:
    by_name = {e.candidate: e for e in found.harm}
    seen = [by_name.get(name) for name in names]
    rates = tuple((figure(e.value, unit), interval(e.low, e.high, unit)) if e else (NONE, "") for e in seen)
    status: ClauseStatus = "conforms" if found.n >= found.needed else "does_not_conform"
    if not found.needed:
        status = "not_evaluated"
    needed = count(found.needed) if found.needed else ""
    return ClassBox(found.id, title, count(found.n), needed, LOOK[status], SIGN[status], rates)
