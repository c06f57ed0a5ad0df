"""Words that must, or must not, stand in an answer. Words are taken as they stand, never as regular expressions.

The reference puts them into one unescaped, so that `U.S.A` finds "UxSxA" and `C++` raises. For words of letters and
digits both are the same.
"""

from __future__ import annotations

import re

from aigc_eval.scorers.control.finding import RELATIONS, Finding, compared, places, verdict
from aigc_eval.text import CharacterMap, simplify

__all__ = [
    "existence",
    "existence_zh",
    "forbidden",
    "forbidden_words",
    "forbidden_words_zh",
    "keyword_frequency",
    "keyword_frequency_zh",
    "letter_frequency",
    "letter_frequency_zh",
    "plain",
    "required",
]


def _one(character: str) -> str:
    code = ord(character)
    if 0xFF01 <= code <= 0xFF5E:
        return chr(code - 0xFEE0)
    return " " if character == "\u3000" else simplify(character)


_LATIN = "[A-Za-z0-9_]"
_PLAIN = CharacterMap(_one)


def plain(text: str) -> str:
    """Half-width, simplified, one character for each, so that places stay.

    >>> plain("ＡＩ　漢字！")
    'AI 汉字!'
    """
    return text.translate(_PLAIN)


def _literal(word: str) -> re.Pattern[str]:
    return re.compile(re.escape(word), re.IGNORECASE)


def _bounded(word: str, letter: str) -> re.Pattern[str]:
    """The word with no `letter` beside it, where its own first or last character is one."""
    before = f"(?<!{letter})" if re.match(letter, word) else ""
    after = f"(?!{letter})" if re.match(letter, word[-1]) else ""
    return re.compile(before + re.escape(word) + after, re.IGNORECASE)


def existence(text: str, keywords: tuple[str, ...]) -> Finding:
    """Every keyword occurs, in any case, inside another word too."""
    return Finding(all(_literal(word).search(text) for word in keywords))


def existence_zh(text: str, keywords: tuple[str, ...]) -> Finding:
    """The same, whatever the width and the script (simplified or traditional)."""
    return existence(plain(text), tuple(map(plain, keywords)))


def keyword_frequency(text: str, keyword: str, frequency: int, relation: str) -> Finding:
    """The keyword occurs so often, in any case, inside other words too."""
    return compared(list(places(_literal(keyword.strip()), text)), relation, frequency)


def keyword_frequency_zh(text: str, keyword: str, frequency: int, relation: str) -> Finding:
    """The same, whatever the width and the script."""
    return keyword_frequency(plain(text), plain(keyword), frequency, relation)


def forbidden_words(text: str, forbidden_words: tuple[str, ...]) -> Finding:
    r"""None of the words occurs as a whole word (`\b`, in which Han characters count as letters)."""
    found = [place for word in forbidden_words for place in places(_bounded(word, r"\w"), text)]
    return verdict(not found, found)


def forbidden(text: str, words: tuple[str, ...]) -> Finding:
    """None of the words occurs: whole words in Latin letters, anywhere in Chinese, whatever the width and script."""
    same = plain(text)
    found = [place for word in words for place in places(_bounded(plain(word), _LATIN), same)]
    return verdict(not found, found)


def forbidden_words_zh(text: str, forbidden_words: tuple[str, ...]) -> Finding:
    """The same, under IFEval's name of the option."""
    return forbidden(text, forbidden_words)


def required(text: str, words: tuple[str, ...]) -> Finding:
    """All of the words occur, found as `forbidden` finds them."""
    same = plain(text)
    return Finding(all(_bounded(plain(word), _LATIN).search(same) for word in words))


def letter_frequency(text: str, letter: str, let_frequency: int, let_relation: str) -> Finding:
    """The letter occurs so often, in either case. The reference replaces anything but a-z by a random letter."""
    found = text.lower().count(letter.lower())
    faults = places(_literal(letter), text) if found >= let_frequency else ()
    return verdict(RELATIONS[let_relation](found, let_frequency), faults)


def letter_frequency_zh(text: str, letter: str, let_frequency: int, let_relation: str) -> Finding:
    """The character occurs so often, whatever the case, width and script."""
    return letter_frequency(plain(text), plain(letter), let_frequency, let_relation)
