"""One answer against protected texts: which runs count, how long they are, where they come from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from aigc_eval.intervals import Ints
from aigc_eval.records import Prompt, Span
from aigc_eval.scorers.memorisation.index import Ids, Index, Level, Matches
from aigc_eval.scorers.memorisation.near import Near, Search
from aigc_eval.scorers.memorisation.words import Words, words

__all__ = ["Copied", "Protected", "Rules", "compare", "given_lengths", "texts_index"]

Mask = npt.NDArray[np.bool_]
_MOST_SPANS = 100
"""Runs of one answer, the longest first, that are shown."""


@dataclass(frozen=True)
class Rules:
    """From how many words, or Han characters, a run counts; `ngram`, `near` and `common` as the scorer's options."""

    finding: tuple[int, int]
    review: tuple[int, int]
    ngram: int
    near: float
    common: int

    def reaches(self, limit: tuple[int, int], tokens: Ints, hanzi: Ints) -> Mask:
        """Whether words / limit for words + Han characters / limit for those is at least 1."""
        in_words, in_hanzi = limit
        return (tokens - hanzi) * in_hanzi + hanzi * in_words >= in_words * in_hanzi

    def search(self, found: Words) -> Search:
        """Windows as long as a finding, or the whole of a shorter answer."""
        window = self.finding[1 if 2 * int(found.hanzi.sum()) > len(found.words) else 0]
        return Search(max(1, min(window, len(found.words))), self.near)


@dataclass(frozen=True)
class Protected:
    """Indexed texts and what each of them is called."""

    index: Index
    labels: Sequence[str]

    def name(self, positions: Ids) -> str:
        """The first of the documents in which positions lie."""
        return self.labels[int(self.index.documents(positions)[0])]


@dataclass
class Copied:
    """What an answer shares with protected texts; lengths in words and characters that count."""

    finding: bool = False
    review: bool = False
    tokens: int = 0
    characters: int = 0
    ngrams: Mask = field(default_factory=lambda: np.zeros(0, dtype=bool))
    similarity: float = 0.0
    near: bool = False
    spans: list[Span] = field(default_factory=list)

    def add(self, other: Copied) -> None:
        """The worse of both."""
        self.finding, self.review = self.finding or other.finding, self.review or other.review
        self.tokens, self.characters = max(self.tokens, other.tokens), max(self.characters, other.characters)
        self.ngrams = self.ngrams | other.ngrams if len(self.ngrams) else other.ngrams
        self.similarity, self.near = max(self.similarity, other.similarity), self.near or other.near
        places = {(span.start, span.end) for span in self.spans}
        self.spans += [span for span in other.spans if (span.start, span.end) not in places]


@lru_cache(maxsize=256)
def texts_index(texts: tuple[str, ...]) -> Index:
    """The index of a few texts, such as a prompt's."""
    return Index.of([words(text)] for text in texts)


def given_lengths(found: Words, prompt: Prompt) -> Ints:
    """From each word of an answer on, the words that stand in the prompt, its earlier turns or its evidence."""
    given = texts_index((prompt.text, *(m.content for m in prompt.messages), *prompt.evidence))
    return given.matches(given.ids(found.words)).lengths


def compare(found: Words, protected: Protected, given: Ints, rules: Rules) -> Copied:
    """Runs, n-grams and near copies of one answer; `given`: see `given_lengths`."""
    comparison = _Comparison(found, protected, given, rules)
    copied = comparison.runs()
    copied.ngrams = comparison.ngrams()
    comparison.add_near_copies(copied)
    return copied


@dataclass(frozen=True)
class _Comparison:
    """One answer beside one set of protected texts."""

    found: Words
    protected: Protected
    given: Ints
    rules: Rules

    @cached_property
    def query(self) -> Ids:
        return self.protected.index.ids(self.found.words)

    @cached_property
    def search(self) -> Search:
        return self.rules.search(self.found)

    @cached_property
    def matches(self) -> Matches:
        return self.protected.index.matches(self.query, {self.search.seed, self.rules.review[0]})

    @cached_property
    def free(self) -> Mask:
        """The words that count: neither given nor boilerplate."""
        ngram, window = self.rules.ngram, self.rules.review[0]
        free = ~_covered(np.flatnonzero(self.given >= ngram), ngram, len(self.query))
        if self.rules.common and window in self.matches.levels:
            frequent = _frequent(self.protected.index, self.matches.levels[window], self.rules.common)
            free &= ~_covered(frequent, window, len(self.query))
        return free

    def ngrams(self) -> Mask:
        """For each n-gram of the answer, whether it stands in the texts and was not given."""
        n = self.rules.ngram
        grams = max(0, len(self.query) + 1 - n)
        return (self.matches.lengths[:grams] >= n) & (self.given[:grams] < n)

    def runs(self) -> Copied:
        """The maximal runs by the words in them that count, and a span for each that is to be reviewed."""
        runs = np.array(self.matches.runs(), dtype=np.int64).reshape(-1, 2)
        if not len(runs):
            return Copied()
        tokens, hanzi, letters = (self._in_runs(runs, of) for of in (None, self.found.hanzi, self.found.letters))
        findings, reviewed = (self.rules.reaches(x, tokens, hanzi) for x in (self.rules.finding, self.rules.review))
        longest = np.argsort(-tokens, kind="stable")[:_MOST_SPANS]
        spans = [self._span(*runs[i].tolist()) for i in np.sort(longest) if findings[i] or reviewed[i]]
        found, seen = bool(findings.any()), bool(reviewed.any())
        return Copied(found, seen, int(tokens.max()), int(letters.max()), spans=list(dict.fromkeys(spans)))

    def add_near_copies(self, copied: Copied) -> None:
        """The nearest passage, and a span for each near copy that no verbatim run shows already."""
        verbatim = [(span.start, span.end) for span in copied.spans]
        for window in self._windows():
            copied.similarity = max(copied.similarity, window.similarity)
            if self._is_near(window):
                copied.near = True
                span = self._near_span(window)
                if not any(a < span.end and span.start < b for a, b in verbatim):
                    copied.spans.append(span)

    def _in_runs(self, runs: Ints, of: Ints | None) -> Ints:
        """Sum over the words of each run that count; `of`: a number for each word, 1 by default."""
        amounts = self.free.astype(np.int64) if of is None else np.where(self.free, of, 0)
        sums = np.concatenate(([0], np.cumsum(amounts)))
        return np.asarray(sums[runs[:, 1]] - sums[runs[:, 0]], dtype=np.int64)

    def _span(self, start: int, end: int) -> Span:
        """The run without what does not count at its ends, named after its source."""
        counts = np.flatnonzero(self.free[start:end]) + start
        first, last = int(counts[0]), int(counts[-1])
        name = self.protected.name(self.protected.index.occurrences(self.query[first : last + 1]))
        return Span(int(self.found.starts[first]), int(self.found.ends[last]), f"verbatim:{name}")

    def _windows(self) -> Iterator[Near]:
        """The best passages; runs that were given or are boilerplate seed none."""
        if self.search.seed not in self.matches.levels:
            return
        places, low, high = self.matches.levels[self.search.seed]
        new = self.free[places] & (self.given[places] < self.search.seed)
        seeds = Level(places[new], low[new], high[new])
        yield from self.search.windows(self.query, self.protected.index, seeds)

    def _is_near(self, window: Near) -> bool:
        tokens = np.array([window.end - window.start])
        hanzi = np.array([self.found.hanzi[window.start : window.end].sum()])
        long = bool(self.rules.reaches(self.rules.review, tokens, hanzi)[0])
        return long and window.similarity >= self.rules.near - 1e-9

    def _near_span(self, window: Near) -> Span:
        name = self.protected.name(np.array([window.position], dtype=np.int32))
        start, end = self.found.starts[window.start], self.found.ends[window.end - 1]
        return Span(int(start), int(end), f"near-copy:{name}")


def _covered(places: Ints, length: int, size: int) -> Mask:
    """Words that lie in a run of `length` words from one of the places."""
    edges = np.zeros(size + 1, dtype=np.int64)
    edges[places] += 1
    edges[places + length] -= 1
    return np.cumsum(edges)[:size] > 0


def _frequent(index: Index, level: Level, common: int) -> Ints:
    """The places of a level whose run stands in `common` or more documents."""
    known: dict[tuple[int, int], bool] = {}
    found = []
    for place, low, high in zip(*(part.tolist() for part in level), strict=True):
        if (low, high) not in known:
            known[low, high] = high - low >= common and len(index.documents(index.order[low:high])) >= common
        if known[low, high]:
            found.append(place)
    return np.array(found, dtype=np.int64)
