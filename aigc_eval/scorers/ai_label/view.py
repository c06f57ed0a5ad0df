"""What a reader of the answer sees, in the form that rules match, with the way back to the answer itself."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from aigc_eval.text import CharacterMap, fold

__all__ = ["View", "view"]

# Fenced code and HTML comments are not read as the answer's own words; block tags end a line, other tags are nothing.
_UNSEEN = re.compile(
    r"^[ \t]*(`{3,}+|~{3,}+)[^\n]*+\n.*?(?:^[ \t]*\1[^\n]*$|\Z)|<!--.*?(?:-->|\Z)", re.DOTALL | re.MULTILINE
)
_TAG = re.compile(r"<(/?[a-zA-Z][a-zA-Z0-9]{0,15})\b[^<>\n]{0,300}>")
_BLOCK = re.compile("/?(?:p|div|br|li|[uo]l|h[1-6r]|t[rdh]|table|footer|header|section|article|small)", re.IGNORECASE)
_FORM = {"*": "", "~": "", "_": " ", "`": "“"}
_FOLDED = CharacterMap(lambda c: _FORM[c] if c in _FORM else fold(c))


@dataclass(frozen=True)
class View:
    """The folded text; `starts[i]` is where its character i stands in the answer."""

    text: str
    starts: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where characters start..end (half-open, not empty) of the view stand in the answer."""
        return self.starts[start], self.starts[end - 1] + 1

    @cached_property
    def _inked(self) -> list[int]:
        return [i for i, c in enumerate(self.text) if not c.isspace()]

    def around(self, start: int, end: int) -> tuple[int, int]:
        """How many characters other than white space stand before and after a place."""
        return bisect_left(self._inked, start), len(self._inked) - bisect_left(self._inked, end)


def view(text: str, hidden: Iterable[tuple[int, int]] = ()) -> View:
    """Fold a text: plain width, simplified script, lower case, no invisible characters, no mark-up.

    `hidden` are places (half-open) that no reader takes for prose, such as metadata.

    >>> seen = view("<p>本文由\\u200bＡＩ**生成**</p>")
    >>> seen.text.strip(), seen.span(seen.text.index("ai"), seen.text.index("ai") + 2)
    ('本文由ai生成', (7, 9))
    """
    blanks = {start: (end, "\n") for start, end in [*hidden, *(m.span() for m in _UNSEEN.finditer(text))]}
    blanks |= {m.start(): (m.end(), _in_place(m[1])) for m in _TAG.finditer(text) if m.start() not in blanks}
    pieces: list[str] = []
    starts: list[int] = []
    at = 0
    for start in [*sorted(blanks), len(text)]:
        if start < at:
            continue
        for i in range(at, start):
            form = _FOLDED[ord(text[i])]
            pieces.append(form)
            starts += [i] * len(form)
        if start < len(text):
            at, form = blanks[start]
            pieces.append(form)
            starts += [start] * len(form)
    return View("".join(pieces), starts)


def _in_place(tag: str) -> str:
    return "\n" if _BLOCK.fullmatch(tag) else ""
