"""What an edition tells of standards: the bench's words masked; in the public one, no number of a small group."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aigc_eval.records import Adopted, Bilingual, ClassFound, ClauseCheck, ClauseFound, Coverage, Reason, Standard
from aigc_eval.report.rewriting import Text, rewritten_estimate, rewritten_reason

__all__ = ["counted", "rewritten"]

UNTOLD = "…"


def rewritten(standards: tuple[Coverage, ...], text: Text) -> tuple[Coverage, ...]:
    """Standards with every text that the bench or a file of its own wrote put through a function."""
    return tuple(
        replace(c, adopted=_adopted(c.adopted, text), clauses=tuple(_clause(f, text) for f in c.clauses))
        for c in standards
    )


def _adopted(adopted: Adopted, text: Text) -> Adopted:
    return replace(
        adopted,
        standard=adopted.standard if adopted.shipped else _standard(adopted.standard, text),
        mapped={text(tag): {text(v): ids for v, ids in values.items()} for tag, values in adopted.mapped.items()},
        not_applicable={clause: text(reason) for clause, reason in adopted.not_applicable.items()},
    )


def _standard(standard: Standard, text: Text) -> Standard:
    """The same standard in other words; names by which its parts are found stay what they are."""
    plain = standard.to_json()
    return Standard.from_json(_deep(plain, text))


def _deep(value: Any, text: Text, key: str = "") -> Any:
    if isinstance(value, str):
        return value if key in _NAMES else text(value)
    if isinstance(value, dict):
        return {k: _deep(v, text, k) for k, v in value.items()}
    return [_deep(v, text, key) for v in value] if isinstance(value, list) else value


_NAMES = frozenset({"id", "parent", "tag", "harm", "measures", "op", "classes"})


def _clause(found: ClauseFound, text: Text) -> ClauseFound:
    return replace(found, checks=tuple(_check(c, text) for c in found.checks))


def _check(check: ClauseCheck, text: Text) -> ClauseCheck:
    seen = check.estimate
    return replace(
        check,
        gates=tuple(map(text, check.gates)),
        estimate=seen and rewritten_estimate(seen, text),
        reasons=tuple(rewritten_reason(r, text) for r in check.reasons),
    )


def counted(standards: tuple[Coverage, ...], shown: set[str], gate: Text, fewest: int) -> tuple[Coverage, ...]:
    """For the public: no number of a group of fewer than so many prompts, or not `shown`; no words of the bench.

    `gate` is how a gate is told.
    """
    return tuple(
        replace(
            c,
            adopted=replace(
                c.adopted,
                standard=c.adopted.standard if c.adopted.shipped else _untold(c.adopted.standard),
                mapped={},
                not_applicable=dict.fromkeys(c.adopted.not_applicable, UNTOLD),
            ),
            clauses=tuple(
                replace(f, checks=tuple(_counted(check, shown, gate, fewest) for check in f.checks)) for f in c.clauses
            ),
            classes=tuple(_class(found, fewest) for found in c.classes),
        )
        for c in standards
    )


def _untold(standard: Standard) -> Standard:
    """A standard of the bench's own without remarks: who compared its clauses with the text, and how."""
    clauses = tuple(replace(clause, basis=Bilingual(UNTOLD)) for clause in standard.clauses)
    return replace(standard, note=Bilingual(""), clauses=clauses)


def _counted(check: ClauseCheck, shown: set[str], gate: Text, fewest: int) -> ClauseCheck:
    seen, gates = check.estimate, tuple(map(gate, check.gates))
    if seen is None:
        return replace(check, gates=gates)
    if seen.prompts >= fewest and (not seen.slice or seen.slice in shown):
        return replace(check, gates=gates)
    return replace(check, gates=gates, estimate=None, reasons=(Reason("few_in_group"),))


def _class(found: ClassFound, fewest: int) -> ClassFound:
    return found if found.n >= fewest else replace(found, harm=())
