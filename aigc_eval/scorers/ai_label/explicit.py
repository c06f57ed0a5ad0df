"""Explicit labels: where a text itself tells its reader that AI made it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from aigc_eval.scorers.ai_label.view import View, view
from aigc_eval.scorers.ai_label.wording import BARE, LEAD, MENTION, OTHER_MEDIUM, SELF
from aigc_eval.text import fold

__all__ = ["Label", "Place", "labels"]

Place = Literal["start", "end", "middle"]

_LONGEST = 300  # characters of a unit that is read as a label; a longer sentence does more than to label
_LINE = re.compile(r"[^\n]+")
_STOP = re.compile(r"[。!?]+|(?<![.\s][a-z])\.(?=\s|$)|\|")
_BRACKETED = re.compile(r"[(\[{【〔〈《]([^()\[\]{}【】〔〕〈〉《》\n]{2,300})[)\]}】〕〉》]")
_HEADING_OR_ITEM = re.compile(r"\s*(?:#{1,6}\s|[-+•·]\s|\d{1,3}[.)、]\s?)")
_MARK = 6  # characters that the mark of a heading or item takes at most
_LIST_STAR = re.compile(r"[ \t]*\*\s")
_OPEN, _CLOSE = "\"'“‘「『", "\"'”’“」』"
_WORDS = re.compile(r"\w(?:.*\w)?")


@dataclass(frozen=True)
class Label:
    """An explicit label: characters start..end (half-open) of the answer, and where in it they stand."""

    start: int
    end: int
    place: Place


def labels(text: str, edge: int, hidden: Sequence[tuple[int, int]] = ()) -> list[Label]:
    """All explicit labels of a text, in order.

    One is at the start (or end) where at most `edge` characters, white space not counted, stand before (or after) it;
    near both, the nearer counts. `hidden` are places that are no prose.

    >>> [(x.start, x.end, x.place) for x in labels("今天好。（内容由AI生成，仅供参考）", 100)]
    [(5, 12, 'end')]
    >>> labels("AI生成内容的治理是个难题。本文不是AI生成的。", 100)
    []
    """
    if not MENTION.search(fold(text)):
        return []
    seen = view(text, hidden)
    found = {(start, end): unit for start, end, unit in _found(seen, text)}
    return [Label(*seen.span(*at), _place(*seen.around(at[0], unit), edge)) for at, unit in sorted(found.items())]


def _place(before: int, after: int, edge: int) -> Place:
    if min(before, after) > edge:
        return "middle"
    return "start" if before <= after else "end"


def _found(seen: View, text: str) -> Iterator[tuple[int, int, int]]:
    """Start and end, in the view, of every label, and the end of its unit."""
    for line in _LINE.finditer(seen.text):
        if not MENTION.search(line[0]):
            continue
        starred = _LIST_STAR.match(text, text.rfind("\n", 0, seen.starts[line.start()]) + 1)
        item = starred or _HEADING_OR_ITEM.match(line[0])
        for start, end in [*_brackets(line), *_sentences(line)]:
            place = _label(seen.text, start, end, bare=not item or start > line.start() + _MARK)
            if place:
                yield *place, end


def _brackets(line: re.Match[str]) -> Iterator[tuple[int, int]]:
    """The inside of brackets that open or close the line, unless they explain a picture."""
    words = _WORDS.search(line[0])
    first, last = words.span() if words else (0, 0)
    for found in _BRACKETED.finditer(line[0]):
        before = line[0][max(0, found.start() - 20) : found.start()]
        if (found.start() <= first or found.end() >= last) and not OTHER_MEDIUM.search(before):
            yield line.start() + found.start(1), line.start() + found.end(1)


def _sentences(line: re.Match[str]) -> Iterator[tuple[int, int]]:
    """The sentences of a line, questions left out."""
    start = 0
    for stop in _STOP.finditer(line[0]):
        if "?" not in stop[0]:
            yield line.start() + start, line.start() + stop.start()
        start = stop.end()
    yield line.start() + start, line.end()


def _label(text: str, start: int, end: int, *, bare: bool) -> tuple[int, int] | None:
    """The label that a unit is, if it is one; `bare`: it may be a mark without a subject."""
    if end - start > _LONGEST:
        return None
    unit = text[start:end].rstrip()
    lead = LEAD.match(unit)
    at = lead.end() if lead else 0
    if unit[at : at + 1] and unit[at] in _OPEN:
        # Quoted words are a label only where the quotation is the whole unit.
        if unit[-1] not in _CLOSE:
            return None
        at, unit = at + 1, unit[:-1]
    found = SELF.match(unit, at) or (BARE.match(unit, at) if bare else None)
    return (start + found.start(), start + found.end()) if found else None
