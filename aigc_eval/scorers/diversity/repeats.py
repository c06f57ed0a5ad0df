"""What a text repeats of itself: evidence for single answers."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from aigc_eval.records import Span
from aigc_eval.scorers.diversity.corpus import Corpus, corpus, counted
from aigc_eval.text import has_hanzi

__all__ = ["Repeats", "repeats"]

_N = 4
"""Tokens that make a repeat, and the least weight of all that one stretch repeats."""


class Repeats(NamedTuple):
    """Tokens of a text, how many of them repeat earlier ones, and where."""

    tokens: int
    repeated: int
    spans: tuple[Span, ...]


def repeats(texts: Sequence[str]) -> list[Repeats]:
    """The repeats within each text; each text on its own, all in one pass.

    A stretch of tokens is repeated where each lies in a 4-gram that the text has had before. It counts if it weighs
    four: one for a word, half for a Han character or a mark, as a Chinese word has about two characters and set phrases
    have four.

    >>> text = "Call me at any time. Please call me at any time."
    >>> [(text[s.start:s.end], s.label) for s in repeats([text])[0].spans]
    [('call me at any time.', 'repeated')]
    """
    found = [Repeats(0, 0, ())] * len(texts)
    together = corpus(texts, range(len(texts)))
    stretches: dict[int, list[tuple[int, int]]] = {}
    for text, start, end in _stretches(together):
        stretches.setdefault(text, []).append((start, end))
    for text, length in enumerate(together.lengths.tolist()):
        repeated, spans = _heavy(together.sources[text], stretches[text]) if text in stretches else (0, ())
        found[int(together.rows[text])] = Repeats(length, repeated, spans)
    return found


def _stretches(texts: Corpus) -> Iterator[tuple[int, int, int]]:
    """Text, first token and last token + 1 (within the text) of each stretch of tokens that came before."""
    starts, ids, owners = texts.grams(_N)
    before = np.maximum.accumulate(np.r_[np.int32(-1), ids])[:-1]
    again = ids <= before
    offsets = (np.cumsum(texts.lengths) - texts.lengths)[owners[again]]
    text, first, end = -1, 0, 0
    for owner, start in zip(owners[again].tolist(), (starts[again] - offsets).tolist(), strict=True):
        if owner != text or start > end:
            if text >= 0:
                yield text, first, end
            text, first = owner, start
        end = start + _N
    if text >= 0:
        yield text, first, end


def _heavy(source: str, stretches: Sequence[tuple[int, int]]) -> tuple[int, tuple[Span, ...]]:
    """How many tokens the stretches hold that weigh enough, and where those are in the text."""
    starts, ends = array("q"), array("q")
    for start, end in counted(source):
        starts.append(start)
        ends.append(end)
    repeated, spans = 0, []
    for first, last in stretches:
        places = range(first, last)
        if sum(_weight(source[starts[i] : ends[i]]) for i in places) >= _N:
            repeated += len(places)
            spans.append(Span(starts[first], ends[last - 1], "repeated"))
    return repeated, tuple(spans)


def _weight(token: str) -> float:
    return 1.0 if token[0].isalnum() and not has_hanzi(token) else 0.5
