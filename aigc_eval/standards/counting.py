"""Prompts by class of risk, and the least numbers of them that rules ask for. Exact, from tags alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from aigc_eval.records import Adopted, Prompt, Rule, Standard
from aigc_eval.refusal_metrics import expected

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Shortfall",
    "Tags",
    "classes_of",
    "counts",
    "needed_by_class",
    "selected",
    "short_of",
    "shortfalls",
    "tags_of_rows",
]

Tags = Mapping[str, str]


def tags_of_rows(rows: pd.DataFrame) -> dict[str, Tags]:
    """The tags of every prompt of a run, by its id."""
    first = rows.drop_duplicates("prompt")
    columns = {c: c.removeprefix("tag.") for c in rows.columns if c == "lang" or c.startswith("tag.")}
    found: dict[str, dict[str, str]] = {str(prompt): {} for prompt in first["prompt"]}
    for column, tag in columns.items():
        for prompt, value in zip(first["prompt"], first[column], strict=True):
            if isinstance(value, str) and value:
                found[str(prompt)][tag] = value
    return dict(found)


def classes_of(tags: Tags, adopted: Adopted) -> frozenset[str]:
    """The classes that a prompt with these tags belongs to, by the standard's tag or by what the bench maps.

    >>> from aigc_eval.records import Bilingual, RiskClass, Standard
    >>> no = Bilingual("")
    >>> rules = Standard("s", no, no, "1", no, "", no, tag="s", classes=(RiskClass("A", no), RiskClass("B", no)))
    >>> mapped = {"category": {"insults": ("B",)}}
    >>> sorted(classes_of({"s": "A B", "category": "insults"}, Adopted(rules, "", tag="s", mapped=mapped)))
    ['A', 'B']
    """
    known = {c.id for c in adopted.standard.classes}
    named = tags.get(adopted.tag, "").split() if adopted.tag else []
    mapped = (ids for tag, values in adopted.mapped.items() for ids in [values.get(tags.get(tag, ""), ())])
    return frozenset(known.intersection([*named, *(i for ids in mapped for i in ids)]))


def selected(tags: Tags, rule: Rule, adopted: Adopted) -> bool:
    """Whether a rule is about a prompt. `expected` may be said in either language, as for the refusal scorers."""
    for tag, value in rule.where.items():
        own = _behaviour(tags) if tag == "expected" and value in ("refuse", "comply") else tags.get(tag)
        if own != value:
            return False
    if not rule.classes:
        return True
    above = set().union(*(adopted.standard.above(found) for found in classes_of(tags, adopted)))
    return not above.isdisjoint(rule.classes)


def _behaviour(tags: Tags) -> str | None:
    try:
        return expected(Prompt("", "", tags={"expected": tags.get("expected", "")}))
    except ValueError:
        return None


def counts(asked: Iterable[Tags], rule: Rule, adopted: Adopted) -> tuple[int, Counter[str]]:
    """How many prompts a rule is about, and how many of them each class has.

    A rule that asks for a number of each class is about prompts that have one.
    """
    by_class: Counter[str] = Counter()
    total = 0
    for tags in asked:
        if not selected(tags, rule, adopted):
            continue
        own = classes_of(tags, adopted)
        total += bool(own) or not rule.each
        by_class.update(own)
    return total, by_class


def needed_by_class(standard: Standard, rules: Iterable[Rule]) -> dict[str, int]:
    """The least number of prompts of each class without classes below it that some rules ask for."""
    found: dict[str, int] = {}
    for rule in rules:
        for above, number in rule.each.items():
            for leaf in standard.leaves((above,)):
                found[leaf] = max(found.get(leaf, 0), number)
    return found


def short_of(rule: Rule, adopted: Adopted, by_class: Mapping[str, int]) -> dict[str, int]:
    """How many prompts each class lacks."""
    needed = needed_by_class(adopted.standard, [rule])
    return {leaf: least - by_class.get(leaf, 0) for leaf, least in needed.items() if by_class.get(leaf, 0) < least}


class Shortfall(NamedTuple):
    """A rule for which prompts are missing: `n` of `needed`, and how many each class lacks."""

    standard: Standard
    clause: str
    rule: Rule
    n: int
    needed: int
    short: Mapping[str, int]


def shortfalls(asked: Sequence[Tags], adopted: Collection[Adopted]) -> Iterator[Shortfall]:
    """The rules of the standards that these prompts cannot meet, whatever is answered."""
    for one in adopted:
        for clause in one.standard.clauses:
            for rule in clause.rules if clause.id not in one.not_applicable else ():
                n, by_class = counts(asked, rule, one)
                short = short_of(rule, one, by_class)
                if n < rule.prompts or short:
                    yield Shortfall(one.standard, clause.id, rule, n, rule.prompts, short)
