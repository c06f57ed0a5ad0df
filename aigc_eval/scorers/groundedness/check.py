"""The deterministic check: each sentence of an answer against evidence, and what in it has no support.

A sentence is unsupported where a number, a date or a name of it does not stand in the evidence, where the evidence's
nearest sentence says the opposite, or where too little of its content is found. Nothing here understands language:
a rewording in other words is unsupported, and a false relation between supported words is supported.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from aigc_eval.scorers.groundedness.claims import is_claim, name_words, names, stripped, units
from aigc_eval.scorers.groundedness.dates import Date, dates
from aigc_eval.scorers.groundedness.evidence import Evidence, squeeze
from aigc_eval.scorers.groundedness.numerals import Place, flat
from aigc_eval.scorers.groundedness.quantities import Quantity, quantities
from aigc_eval.text import has_hanzi, sentences

__all__ = ["KINDS", "CheckedSentence", "Finding", "check", "dated"]

Kind = Literal["number", "date", "name", "negation", "content"]
KINDS: tuple[Kind, ...] = ("number", "date", "name", "negation", "content")
CONTENT = 0.5
"""Least share of a sentence's content that the evidence must have."""
ALIKE = 0.7
"""Least share of a sentence's content in one evidence sentence for the two to be compared for polarity."""
NAME = 0.5
"""Least share of a name's words that the evidence must have."""


@dataclass(frozen=True)
class Finding:
    """Something unsupported and its place in the answer."""

    kind: Kind
    place: Place


@dataclass(frozen=True)
class CheckedSentence:
    """One asserting sentence: its place, the share of its content found (0..1), and what is unsupported.

    `dates`, `quantities` and `names` are what it has of them, names as places in the answer.
    """

    place: Place
    found: float
    findings: tuple[Finding, ...]
    dates: tuple[Date, ...] = ()
    quantities: tuple[Quantity, ...] = ()
    names: tuple[Place, ...] = ()


def check(text: str, evidence: Evidence) -> list[CheckedSentence]:
    """Each sentence of `text` that asserts something, against the evidence."""
    whole = flat(text)
    return [_sentence(whole, a, b, evidence) for a, b in sentences(whole) if is_claim(whole[a:b])]


def _sentence(whole: str, start: int, end: int, evidence: Evidence) -> CheckedSentence:
    start += stripped(whole[start:end])
    sentence = whole[start:end]
    days = dates(sentence)
    amounts = quantities(sentence, skip=days)
    named = names(sentence)
    inside = [
        *(Finding("date", day.place) for day in days if not _dated(day, evidence)),
        *(Finding("number", n.place) for n in amounts if not any(map(n.supported_by, evidence.quantities))),
        *(Finding("name", place) for place in named if not _known(sentence[slice(*place)], evidence)),
    ]
    # Each has its own verdict, so that none of them counts again as content.
    content = units(_blanked(sentence, [x.place for group in (days, amounts, inside) for x in group]))
    found = sum(unit in evidence.units for unit in content) / len(content) if content else 1.0
    findings = [Finding(f.kind, Place(start + f.place.start, start + f.place.end)) for f in inside]
    if evidence.negates(sentence, ALIKE):
        findings.append(Finding("negation", Place(start, end)))
    if found < CONTENT:
        findings.append(Finding("content", Place(start, end)))
    inner = tuple(Place(start + place.start, start + place.end) for place in named)
    return CheckedSentence(Place(start, end), found, tuple(findings), tuple(days), tuple(amounts), inner)


def _blanked(sentence: str, places: Sequence[Place]) -> str:
    kept = list(sentence)
    for start, end in places:
        kept[start:end] = " " * (end - start)
    return "".join(kept)


def _dated(day: Date, evidence: Evidence) -> bool:
    return dated(day, evidence.dates, evidence.quantities)


def dated(day: Date, known: Iterable[Date], numbers: Iterable[Quantity]) -> bool:
    """Whether the date is among those known, or at least its year among the bare numbers."""
    if any(map(day.supported_by, known)):
        return True
    return day.month is None and any(n.value == day.year and not n.unit for n in numbers)


def _known(name: str, evidence: Evidence) -> bool:
    """Whether evidence or question has the name: enough of its words, its initials, or for Chinese its characters."""
    if squeeze(name) in evidence.squeezed:
        return True
    if has_hanzi(name):
        return False
    whole = name_words(name)
    wanted = [word for word in whole if word not in evidence.common] or whole
    has = [word in evidence.words or _derived(word, evidence.words) for word in wanted]
    if wanted and sum(has) >= NAME * len(has):
        return True
    initials = "".join(re.findall(r"\b[A-Z]", name)).lower()
    return squeeze(name) in evidence.initials or (len(initials) > 1 and initials in evidence.words)


def _derived(word: str, words: frozenset[str]) -> bool:
    """Whether a word differs from one of the evidence only in its ending: Australian, Australia."""
    return len(word) >= 5 and any(other.startswith(word[: max(5, len(word) - 3)]) for other in words)
