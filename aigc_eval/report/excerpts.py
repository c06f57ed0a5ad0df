"""Texts as pieces: masked values, highlighted evidence and the plain text around them, cut to a readable length."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from aigc_eval.records import Span
from aigc_eval.report.escape import Shown, spelled
from aigc_eval.report.mask import Hit, merged
from aigc_eval.report.remarks import Remark, labels_words

__all__ = ["Piece", "excerpt", "pieces"]

CONTEXT = 120
"""Characters shown before and after a marked piece."""
MOST_MARKED = 240
"""Characters shown of one marked piece."""
BUDGET = 700
"""Characters shown of one text, roughly: a marked piece that is begun is finished."""
MOST_SPANS = 200
"""Spans highlighted in one text."""


@dataclass(frozen=True)
class Piece:
    """A run of characters: plain, highlighted with labels, or a mask's tag."""

    text: Shown
    labels: str = ""
    masked: bool = False
    supports: bool = False

    @property
    def marked(self) -> bool:
        """Whether the piece is highlighted or masked."""
        return self.masked or bool(self.labels)

    @property
    def words(self) -> Remark:
        """Its labels in words."""
        return labels_words(self.labels.split(", "))


def pieces(text: str, hits: Iterable[Hit], spans: Iterable[Span] = ()) -> list[Piece]:
    """Cut a text at its masked values and its highlighted spans; masks win where they overlap.

    >>> [p.text for p in pieces("a b c", [Hit(2, 3, "⟦X⟧")], [Span(0, 5, "all")])]
    ['a ', '⟦X⟧', ' c']
    """
    found, at = [], 0
    spans = sorted(spans, key=lambda s: (s.start, s.end, s.label))[:MOST_SPANS]
    for hit in merged(hits):
        found += _highlighted(text, at, hit.start, spans)
        found.append(Piece(Shown(hit.tag), masked=True))
        at = hit.end
    return found + _highlighted(text, at, len(text), spans)


def _highlighted(text: str, start: int, end: int, spans: Sequence[Span]) -> list[Piece]:
    """The characters from start to end, cut wherever a span begins or ends."""
    inside = [s for s in spans if s.start < end and s.end > start]
    edges = sorted({start, end, *(e for s in inside for e in (s.start, s.end) if start < e < end)})
    found: list[tuple[int, int, str, bool]] = []
    for a, b in pairwise(edges):
        here = [s for s in inside if s.start <= a and s.end >= b]
        kind = ", ".join(dict.fromkeys(s.label for s in here)), all(s.supports for s in here)
        if found and found[-1][2:] == kind:
            found[-1] = (found[-1][0], b, *kind)
        else:
            found.append((a, b, *kind))
    return [Piece(spelled(text[a:b]), str(spelled(labels)), supports=good) for a, b, labels, good in found]


def excerpt(whole: Sequence[Piece], budget: int = BUDGET) -> list[Piece]:
    """What of a text to show: all of it if short, else the marked pieces with their surroundings.

    Masks are never cut, so that no part of a hidden value shows.

    >>> [p.text for p in excerpt([Piece(Shown("x" * 900)), Piece(Shown("bad"), "toxic")], 300)][1]
    'bad'
    """
    if sum(len(p.text) for p in whole) <= budget:
        return list(whole)
    if not any(p.marked for p in whole):
        return [Piece(Shown("".join(p.text for p in whole)[:budget] + " …"))]
    shown: list[Piece] = []
    used = 0
    for i, piece in enumerate(whole):
        text = _shortened(piece, first=i == 0, last=i == len(whole) - 1)
        shown.append(replace(piece, text=text))
        used += len(text)
        if used > budget and i < len(whole) - 1:
            return [*shown, Piece(Shown(" …"))]
    return shown


def _shortened(piece: Piece, *, first: bool, last: bool) -> Shown:
    text = piece.text
    if piece.masked:
        return text
    if piece.labels:
        return text if len(text) <= MOST_MARKED else Shown(text[:MOST_MARKED] + "…")
    before, after = "" if first else text[:CONTEXT], "" if last else text[-CONTEXT:]
    return text if len(text) <= len(before) + len(after) + 20 else Shown(f"{before} … {after}")
