"""Tokens of a text for tagging: Hanzi one by one, words whole, lines and sentences as sequences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from aigc_eval.text import HANZI

__all__ = ["Token", "sequences", "tokenize"]

LONGEST = 100
_LETTER = rf"[^\W\d_{HANZI}]"
_TOKEN = re.compile(
    r"(?:https?://|www\.)[!-~]{1,300}|[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9\-.]{2,80}|[@#][A-Za-z0-9_]{1,40}"
    rf"|[{HANZI}]|[A-Z]\.(?:[A-Z]\.)+|{_LETTER}+?(?=['’]s\b)|['’]s\b"
    rf"|{_LETTER}{{1,64}}(?:['’\-]{_LETTER}{{1,32}}){{0,4}}|[0-9]{{1,64}}(?:[.,][0-9]{{1,32}}){{0,4}}|[^\s]"
)
_END = frozenset("。！？!?；;…")


class Token(NamedTuple):
    """A token and where it stands (half-open)."""

    text: str
    start: int
    end: int


def tokenize(text: str, start: int = 0, end: int | None = None) -> list[Token]:
    """The tokens of a stretch of text.

    >>> [t.text for t in tokenize("张伟's e-mail, U.S.")]
    ['张', '伟', "'s", 'e-mail', ',', 'U.S.']
    """
    return [Token(m[0], *m.span()) for m in _TOKEN.finditer(text, start, len(text) if end is None else end)]


def _cut(tokens: list[Token]) -> Iterator[list[Token]]:
    """At most LONGEST tokens each, cut behind the last end of a sentence, else the last mark, else anywhere."""
    while len(tokens) > LONGEST:
        ends = [i for i in range(LONGEST // 2, LONGEST) if tokens[i].text in _END]
        marks = [i for i in range(LONGEST // 2, LONGEST) if not tokens[i].text[0].isalnum()]
        at = 1 + (ends or marks or [LONGEST - 1])[-1]
        yield tokens[:at]
        tokens = tokens[at:]
    if tokens:
        yield tokens


def sequences(text: str) -> Iterator[list[Token]]:
    """What is tagged as one: a line, or a part of a long one."""
    start = 0
    for line in text.splitlines(keepends=True):
        yield from _cut(tokenize(text, start, start + len(line)))
        start += len(line)
