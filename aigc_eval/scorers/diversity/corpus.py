"""Texts as arrays of n-gram ids, made once for all the metrics that read the same rows.

A token is what `text.tokens` says: a word, a Han character or a punctuation mark, in its folded form (NFKC, simplified,
lower case); a token that folds to nothing (a zero-width character) does not count. n-grams never cross the border of
a text. Cost: linear in the tokens, in hash look-ups and one sort of the n-grams that occur in several texts.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from aigc_eval.intervals import Ints
from aigc_eval.text import fold, tokens

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Corpus", "Grams", "Ids", "Shared", "corpus", "corpus_of", "counted", "cut", "token_counts"]

Ids = npt.NDArray[np.int32]


class Grams(NamedTuple):
    """The n-grams of a corpus, in order: position of the first token, id (numbered by first appearance), text."""

    starts: Ids
    ids: Ids
    texts: Ids

    @property
    def kinds(self) -> int:
        """How many different n-grams there are."""
        return int(self.ids.max()) + 1 if len(self.ids) else 0


class Shared(NamedTuple):
    """One entry for each text that holds an n-gram which other texts hold too, by n-gram, highest count first."""

    ids: Ids
    texts: Ids
    counts: Ids


def _dense(keys: Ints) -> Ids:
    """Equal keys as equal numbers, counted from 0 by first appearance."""
    import pandas as pd

    return np.asarray(pd.factorize(keys)[0], dtype=np.int32)


@dataclass(frozen=True, eq=False)
class Corpus:
    """Texts with at least one token, as arrays.

    `words`: token ids, shape (tokens,); `texts`: the text of each token; `lengths`, `groups`, `rows`: tokens, group
    and row of the frame of each text, shape (texts,). Texts of different groups share no ids.
    """

    sources: tuple[str, ...] = field(repr=False)
    words: Ids
    lengths: Ints
    groups: Ints
    rows: Ints
    limited: bool

    @cached_property
    def texts(self) -> Ids:
        """Which text each token is in."""
        return np.repeat(np.arange(len(self.lengths), dtype=np.int32), self.lengths)

    @cached_property
    def sizes(self) -> Ints:
        """Texts in each group."""
        return np.bincount(self.groups).astype(np.int64)

    @cached_property
    def contents(self) -> tuple[str, ...]:
        """The texts themselves, up to the last token that counts."""
        if not self.limited:
            return self.sources
        return tuple(cut(text, n) for text, n in zip(self.sources, self.lengths.tolist(), strict=True))

    @cached_property
    def _grams(self) -> dict[int, Grams]:
        return {1: Grams(np.arange(len(self.words), dtype=np.int32), self.words, self.texts)}

    def grams(self, n: int) -> Grams:
        """The n-grams: ids of order n are pairs of an id of order n - 1 and the word behind it."""
        if n not in self._grams:
            shorter = self.grams(n - 1)
            ends = shorter.starts + (n - 1)
            inside = np.flatnonzero(ends < len(self.words))
            inside = inside[self.texts[ends[inside]] == shorter.texts[inside]]
            words = self.words[ends[inside]].astype(np.int64)
            keys = shorter.ids[inside] * np.int64(len(self.words) + 1) + words
            self._grams[n] = Grams(shorter.starts[inside], _dense(keys), shorter.texts[inside])
        return self._grams[n]

    @cached_property
    def _shared(self) -> dict[int, Shared]:
        return {}

    def shared(self, n: int) -> Shared:
        """Who holds the n-grams that more than one text holds, and how often."""
        if n not in self._shared:
            _, ids, texts = self.grams(n)
            one = np.zeros(self.grams(n).kinds, dtype=np.int32)
            one[ids] = texts
            several = np.zeros(len(one), dtype=bool)
            several[ids[one[ids] != texts]] = True
            keep = several[ids]
            keys = ids[keep] * np.int64(len(self.lengths)) + texts[keep]
            pairs, counts = np.unique(keys, return_counts=True)
            owner, text = np.divmod(pairs, max(len(self.lengths), 1))
            order = np.lexsort((-counts, owner))
            self._shared[n] = Shared(*(x[order].astype(np.int32) for x in (owner, text, counts)))
        return self._shared[n]


@lru_cache(maxsize=32)
def _tokenized(texts: tuple[str, ...]) -> tuple[Ids, Ints]:
    """Id of each token that counts, text by text, and how many each text has."""
    import pandas as pd

    seen: dict[str, int] = {}
    flat, lengths = array("i"), []
    for text in texts:
        words = [seen.setdefault(word, len(seen)) for word in tokens(text)]
        flat.extend(words)
        lengths.append(len(words))
    folded = [fold(word) for word in seen]
    table, names = pd.factorize(np.array(folded, dtype=object))
    counts = np.array([bool(name) for name in names], dtype=bool)[table]
    raw = np.frombuffer(flat, dtype=np.int32) if len(flat) else np.zeros(0, dtype=np.int32)
    kept = counts[raw] if len(raw) else np.zeros(0, dtype=bool)
    owners = np.repeat(np.arange(len(texts)), lengths)
    return table.astype(np.int32)[raw[kept]], np.bincount(owners[kept], minlength=len(texts)).astype(np.int64)


@lru_cache(maxsize=4)
def _corpus(texts: tuple[str, ...], budgets: tuple[float, ...] | None, groups: tuple[int, ...] | None) -> Corpus:
    words, lengths = _tokenized(texts)
    if budgets is not None:
        allowed = np.minimum(lengths, np.nan_to_num(np.asarray(budgets)).astype(np.int64))
        place = np.arange(len(words)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        words, lengths = words[place < np.repeat(allowed, lengths)], allowed
    rows = np.flatnonzero(lengths)
    lengths = lengths[rows]
    group = np.zeros(len(rows), dtype=np.int64)
    if groups is not None:
        group = _dense(np.asarray(groups, dtype=np.int64)[rows]).astype(np.int64)
        words = _dense(np.repeat(group, lengths) * np.int64(int(words.max(initial=0)) + 1) + words)
    else:
        words = _dense(words.astype(np.int64))
    return Corpus(tuple(texts[i] for i in rows), words, lengths, group, rows, budgets is not None)


def corpus(texts: Sequence[str], groups: Sequence[int] | None = None) -> Corpus:
    """The corpus of some texts; texts of different `groups` (default: one group) have nothing in common.

    >>> found = corpus(["a b a b", "", "A B"])
    >>> found.grams(2).ids.tolist(), found.rows.tolist(), found.shared(2)
    ([0, 1, 0, 0], [0, 2], Shared(ids=array([0, 0], dtype=int32), texts=array([0, 1], dtype=int32), ...
    """
    return _corpus(tuple(texts), None, None if groups is None else tuple(groups))


def corpus_of(rows: pd.DataFrame, by_prompt: bool) -> Corpus:
    """The corpus of a frame's `text`, cut to its `budget` where it has one; one group, or one for each prompt."""
    import pandas as pd

    budgets = tuple(rows["budget"].tolist()) if "budget" in rows else None
    groups = tuple(pd.factorize(rows["prompt"])[0].tolist()) if by_prompt else None
    return _corpus(tuple(rows["text"]), budgets, groups)


def token_counts(rows: pd.DataFrame) -> Ints:
    """How many tokens each row's text has."""
    return _tokenized(tuple(rows["text"]))[1]


def counted(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each token that counts.

    >>> list(counted("a \\u200bb"))
    [(0, 1), (3, 4)]
    """
    at = 0
    for word in tokens(text):
        start = text.index(word, at)
        at = start + len(word)
        if _counts(word):
            yield start, at


@lru_cache(maxsize=1 << 16)
def _counts(word: str) -> bool:
    return fold(word) != ""


def cut(text: str, most: int) -> str:
    """The text up to its token number `most`.

    >>> cut("one two, three", 3)
    'one two,'
    """
    ends = [end for _, end in islice(counted(text), most)]
    return text[: ends[-1]] if ends else ""
