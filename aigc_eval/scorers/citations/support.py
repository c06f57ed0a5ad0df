"""Whether passages have a quotation word for word, and whether they have the words of a sentence."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from aigc_eval.text import HANZI, fold, has_hanzi, tokens

__all__ = ["has_words", "is_quoted"]

SHARE = 0.5
"""Least share of a sentence's content that the cited passages must have."""
_OMITTED = re.compile(r"\[[^\]\n]{0,80}\]|…+|\.{3,}")
_CAPITAL = re.compile(r"\[(\w)\](?=\w)")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_RUN = re.compile(rf"[{HANZI}]+|[^\W\d_{HANZI}]{{3,}}")
_STOP = frozenset(
    re.findall(
        r"\w+",
        "a about according after all also an and any are as at be because been before being both but by can could did "
        "do does for from had has have he her his how however in into is it its may more most no not of on one only or "
        "other over said says she should so some such than that the their them then there these they this those "
        "through to under up was we were what when where which while who will with would you your",
    )
)


@lru_cache(maxsize=64)  # the samples of a prompt follow one another
def _line(text: str) -> str:
    """The words of a text, folded, without punctuation, each between two line ends."""
    words = (t for t in tokens(fold(text).replace("’", "'")) if t[0].isalnum())
    return "\n" + "".join(f"{word}\n" for word in words)


def is_quoted(quote: str, passages: Iterable[str]) -> bool:
    """Whether one passage has the quotation, word for word and in order.

    Case, width, script, punctuation and space do not count; "…", "..." and [insertions] stand for anything left out.

    >>> is_quoted("[T]he tower … was  TALL,", ["It says: the tower (in Paris) was tall."]), is_quoted("art", ["party"])
    (True, False)
    """
    pieces = [_line(piece) for piece in _OMITTED.split(_CAPITAL.sub(r"\1", quote))]
    return any(_in_order([piece for piece in pieces if piece != "\n"], _line(passage)) for passage in passages)


def _in_order(pieces: Sequence[str], line: str) -> bool:
    at = 0
    for piece in pieces:
        found = line.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece) - 1
    return bool(pieces)


@lru_cache(maxsize=64)
def _content(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """Numbers; and word stems (six letters) with pairs of neighbouring Han characters."""
    plain = _THOUSANDS.sub("", fold(text))
    units: set[str] = set()
    for run in _RUN.findall(plain):
        if len(run) > 1 and has_hanzi(run):
            units.update(map("".join, itertools.pairwise(run)))
        elif run not in _STOP:
            units.add(run[:6])
    return frozenset(_NUMBER.findall(plain)), frozenset(units)


def has_words(sentence: str, passages: Sequence[str]) -> bool:
    """Whether the passages together have every number and at least half of the content words of the sentence.

    >>> passages = ["The tower was completed in 1889.", "塔高330米。"]
    >>> [has_words(s, passages) for s in ("It was completed in 1889.", "It was completed in 1890.", "塔高330米")]
    [True, False, True]
    """
    numbers, units = _content(sentence)
    read = [_content(passage) for passage in passages]
    known = frozenset().union(*(u for _, u in read))
    if not passages or not numbers <= frozenset().union(*(n for n, _ in read)):
        return False
    return len(units & known) >= SHARE * len(units)
