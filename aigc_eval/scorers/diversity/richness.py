"""How varied the vocabulary of running text is, whatever its length: MATTR and MTLD."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from aigc_eval.intervals import BLOCKS, Floats, Ints
from aigc_eval.scorers.diversity.base import LexicalMetric, divide, totals
from aigc_eval.scorers.diversity.corpus import Corpus, Ids, token_counts
from aigc_eval.scorers.diversity.factors import Sequences, backwards, earlier, factors_without

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Mattr", "Mtld"]


@dataclass(frozen=True)
class _Richness(LexicalMetric):
    """A measure of a sequence of tokens: the mean over long enough texts, or with `joined` that of the whole set.

    Joined, the texts follow each other as the rows do (prompt by prompt, sample by sample), and their order matters:
    copies count where they stand within one window, or within one factor.
    """

    joined: bool = False

    @property
    def most_blocks(self) -> int:  # type: ignore[override]
        """Joined over the whole set, each block costs a whole evaluation."""
        return 10 if self.joined and not self.by_prompt else BLOCKS

    @property
    @abstractmethod
    def least(self) -> int:
        """Fewer tokens than this have no value."""

    def present(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Only the rows with enough tokens; all of them where the texts are joined."""
        if self.joined:
            return rows
        counts = token_counts(rows)
        enough = (np.minimum(counts, rows["budget"]) if "budget" in rows else counts) >= self.least
        return rows if enough.all() else rows[np.asarray(enough)]

    @abstractmethod
    def measured(self, words: Ids, lengths: Ints) -> Floats:
        """The measure of each of several sequences, one after the other in `words`; NaN for short ones."""

    def of_groups(self, texts: Corpus) -> Floats:
        """The measure of each group's texts joined, or its mean over the group's texts."""
        size = len(texts.sizes)
        if self.joined:
            order = np.argsort(texts.groups[texts.texts], kind="stable")
            return self.measured(texts.words[order], totals(texts.groups, texts.lengths, size).astype(np.int64))
        each = _each(self, texts)
        has = ~np.isnan(each)
        return divide(totals(texts.groups[has], each[has], size), np.bincount(texts.groups[has], minlength=size))

    def left_out(self, texts: Corpus, blocks: Ints, count: int) -> Floats:
        """Block sums of the texts' values; joined, the rest is measured again for each block."""
        if self.joined:
            block = blocks[texts.texts]
            rests = (texts.words[block != j] for j in range(count))
            return np.array([self.measured(rest, np.array([len(rest)]))[0] for rest in rests])
        each = _each(self, texts)
        has = ~np.isnan(each)
        sums, counts = totals(blocks[has], each[has], count), np.bincount(blocks[has], minlength=count)
        return divide(sums.sum() - sums, counts.sum() - counts)


@lru_cache(maxsize=2)
def _each(metric: _Richness, texts: Corpus) -> Floats:
    return metric.measured(texts.words, texts.lengths)


@dataclass(frozen=True)
class Mattr(_Richness):
    """Moving-average type-token ratio, 0..1, higher is more varied: mean over windows of 50 tokens of types / 50.

    Covington & McFall 2010. A text of fewer than 50 tokens has none.

    >>> import pandas as pd
    >>> rows = pd.DataFrame({"prompt": ["p"], "text": ["the cat sat on the mat " * 10]})
    >>> Mattr("mattr")(rows), Mattr("mattr")(rows.assign(text="the cat"))
    (0.1, None)
    """

    window: int = 50

    @property
    def least(self) -> int:
        """One window."""
        return self.window

    def measured(self, words: Ids, lengths: Ints) -> Floats:
        """Each token counts in the windows that it is the first of its kind in: no window is looked at."""
        owner = np.repeat(np.arange(len(lengths)), lengths)
        begin = (np.cumsum(lengths) - lengths)[owner]
        place = np.arange(len(words))
        before = earlier(words, lengths)
        first = np.maximum(np.maximum(before + 1, place - self.window + 1), begin)
        last = np.minimum(place, begin + lengths[owner] - self.window)
        types = totals(owner, np.maximum(last - first + 1, 0), len(lengths))
        return divide(types, np.maximum(lengths - self.window + 1, 0) * self.window)


@dataclass(frozen=True)
class Mtld(_Richness):
    """Measure of textual lexical diversity, in tokens, higher is more varied: tokens over factors, both ways, averaged.

    A factor is a stretch whose type-token ratio has just fallen to .72 or below; what is left at the end counts for
    (1 - TTR) / (1 - .72) of one. Without any repeat there is one factor, of all the tokens. McCarthy & Jarvis 2010.
    Below 100 tokens it is unstable, so that shorter texts have none.

    >>> import pandas as pd
    >>> rows = pd.DataFrame({"prompt": ["p"], "text": ["the cat sat on the mat and the dog sat on the log"]})
    >>> Mtld("mtld")(rows), Mtld("mtld", shortest=13)(rows).__round__(6)
    (None, 13.0)
    """

    shortest: int = 100
    bounds: tuple[float, float] = (0.0, math.inf)

    @property
    def least(self) -> int:
        """McCarthy & Jarvis's own lower end."""
        return self.shortest

    def measured(self, words: Ids, lengths: Ints) -> Floats:
        """Tokens over factors from the front and from the back, averaged."""
        long = lengths >= max(1, self.shortest)
        words, own = words[np.repeat(long, lengths)], lengths[long]
        before, places = earlier(words, own), np.arange(len(words), dtype=np.int32)
        forward = Sequences(before, places, own).factors()
        backward = Sequences(backwards(before), places, own[::-1]).factors()[::-1]
        found = np.full(len(lengths), math.nan)
        found[long] = (own / forward + own / backward) / 2
        return found

    def left_out(self, texts: Corpus, blocks: Ints, count: int) -> Floats:
        """Joined, without looking for each token's last occurrence again for each block."""
        if not self.joined:
            return super().left_out(texts, blocks, count)
        block = blocks[texts.texts]
        lengths = len(block) - np.bincount(block, minlength=count)
        long = np.flatnonzero(lengths >= max(1, self.shortest))
        before = earlier(texts.words, np.array([len(block)]))
        forward = factors_without(before, block, long)
        backward = factors_without(backwards(before), block[::-1], long)
        found = np.full(count, math.nan)
        found[long] = (lengths[long] / forward + lengths[long] / backward) / 2
        return found
