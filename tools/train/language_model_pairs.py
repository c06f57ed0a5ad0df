"""Minimal pairs from held-out sentences: each as it stands, and with one rule of grammar broken at one place."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from aigc_eval.text import language

MOST = 250
"""Pairs of one rule."""
_ODD_MEASURES = ("匹", "盏", "艘", "顿", "棵", "幢", "滴", "尾", "朵", "枚")
_HAN = "\u4e00-\u9fff"
_NUMERALS = "一两三四五六七八九十几每"
_MEASURES = "个位本张条只辆件座台头把支家间部种项名场次"


Broken = Callable[[re.Match[str], random.Random], str]


class Pair(NamedTuple):
    """A sentence and its broken copy; the better one comes first."""

    rule: str
    good: str
    bad: str


class Rule(NamedTuple):
    """Where a rule applies in a sentence, and what stands there once it is broken."""

    name: str
    language: str
    where: re.Pattern[str]
    broken: Broken


_NUMBER = {
    "is": "are",
    "was": "were",
    "has": "have",
    "does": "do",
    "are": "is",
    "were": "was",
    "have": "has",
    "do": "does",
}
_PRONOUN = {
    **{"he": "him", "she": "her", "they": "them", "we": "us", "I": "me"},
    **{"him": "he", "them": "they", "us": "we", "me": "I"},
}


def _verb(m: re.Match[str], _: random.Random) -> str:
    return f"{m[1]} {_NUMBER[m[2]]}"


def _article(m: re.Match[str], _: random.Random) -> str:
    return ("an" if m[1] == "a" else "a") + m[0][len(m[1]) :]


def _singular(m: re.Match[str], _: random.Random) -> str:
    return m[1][:2] + {"these": "is", "those": "at"}[m[1].lower()]


def _case(m: re.Match[str], _: random.Random) -> str:
    return _PRONOUN[m[1]]


def _finite(m: re.Match[str], _: random.Random) -> str:
    return {"be": "is", "have": "has", "do": "does"}[m[1]]


def _swap(m: re.Match[str], _: random.Random) -> str:
    """The two groups in the other order, with what stands between them left in place."""
    between = m.string[m.end(1) : m.start(2)]
    return m[2] + between + m[1]


def _measure(_: re.Match[str], rng: random.Random) -> str:
    return rng.choice(_ODD_MEASURES)


_EN: tuple[tuple[str, str, Broken], ...] = (
    ("agreement, pronoun subject", r"\b([Hh]e|[Ss]he|[Ii]t) (is|was|has|does)\b", _verb),
    ("agreement, pronoun subject", r"\b([Tt]hey|[Ww]e|[Tt]hese|[Tt]hose) (are|were|have|do)\b", _verb),
    (
        "agreement, noun subject",
        r"(?:^|(?<=, ))((?:[Tt]he|[Mm]any|[Ss]ome|[Mm]ost|[Oo]ur|[Tt]heir) [a-z]+[a-rt-z]s) (are|were|have)\b",
        _verb,
    ),
    ("a and an", r"\b(an?) (?!uni|use|usu|eu|one|hour|honest|honou?r|heir)[a-z]", _article),
    ("this and these", r"\b([Tt]hese|[Tt]hose)(?= [a-z]+[a-rt-z]s\b)", _singular),
    ("pronoun case", r"\b(he|she|they|we|I)(?= (?:is|was|were|are|am|has|have|had|will|can)\b)", _case),
    ("pronoun case", r"(?<=\b(?:to|of) )(him|them|us|me)(?=[ .,!?])", _case),
    ("verb form after a modal", r"(?<=\b(?:will|must) )(be|have|do)\b", _finite),
    ("verb form after a modal", r"(?<=\b(?:could|would|might) )(be|have|do)\b", _finite),
    ("article after its noun", r"\b(the) ([a-z]{3,})(?=[ .,])", _swap),
    ("article before its preposition", r"\b(in|of|on|at|from|with|by|for) (the)\b", _swap),
    ("negation before the auxiliary", r"\b(is|are|was|were|do|does|did|can|will|has|have) (not)\b", _swap),
)
_ZH: tuple[tuple[str, str, Broken], ...] = (
    ("measure word", rf"(?<=[{_NUMERALS}])[{_MEASURES}](?=[{_HAN}])", _measure),
    ("measure word before its numeral", rf"(?<![第{_NUMERALS}])([{_NUMERALS}])([{_MEASURES}])(?=[{_HAN}])", _swap),
    (
        "aspect marker before the verb",
        rf"(?![通经超不越透为除罢胜难度接看随沿本执附])([{_HAN}])([了着过])(?=[{_HAN}])(?!程|渡|滤|期|去)",
        _swap,
    ),
    ("aspect adverb after the verb", rf"(正在|已经|曾经)([{_HAN}]{{2}})", _swap),
    ("adverb after the verb", "([也都就才只])(是|有|会|能|要|可以)", _swap),
    ("degree adverb after the adjective", rf"(?<!变)([很太更最])(?!新|改|换|正)([{_HAN}])(?=[的，。！？了])", _swap),
    ("negation after the verb", "(没有|不)(是|会|能|要|可以|知道|喜欢|需要)(?![不没])", _swap),
    ("的 before the possessor", rf"((?:[我你他她它]们?)|自己)(的)(?=[{_HAN}])", _swap),
    ("preposition after its object", "([在从对向把被给])([我你他她它]们?|这里|那里|这个|那个)", _swap),
)
RULES = tuple(
    Rule(name, spoken, re.compile(where), broken)
    for spoken, known in (("en", _EN), ("zh", _ZH))
    for name, where, broken in known
)


def sentences(paragraphs: Iterable[str]) -> list[str]:
    """Whole sentences of a handy length, in order, each once."""
    found = {}
    for paragraph in paragraphs:
        for part in re.findall(r"[^.!?。！？\n]+(?:[.!?](?=\s|$)|[。！？])", paragraph):
            text = part.strip()
            chinese = language(text) == "zh"
            if (8 <= len(text) <= 60) if chinese else (4 <= len(text.split()) <= 30 and text[0].isupper()):
                found[text] = None
    return list(found)


def pairs(paragraphs: Iterable[str], seed: int) -> list[Pair]:
    """At most MOST pairs a rule name; one place a sentence and rule, drawn at random."""
    rng = random.Random(seed)
    known = sentences(paragraphs)
    rng.shuffle(known)
    found: dict[str, list[Pair]] = {rule.name: [] for rule in RULES}
    for text in known:
        spoken = language(text)
        for rule in RULES:
            if rule.language != spoken or len(found[rule.name]) >= MOST:
                continue
            places = list(rule.where.finditer(text))
            if not places:
                continue
            m = rng.choice(places)
            bad = text[: m.start()] + rule.broken(m, rng) + text[m.end() :]
            if bad != text:
                found[rule.name].append(Pair(rule.name, text, bad))
    return [pair for some in found.values() for pair in some]


def language_of(name: str) -> str:
    """The language of a rule."""
    return next(rule.language for rule in RULES if rule.name == name)
