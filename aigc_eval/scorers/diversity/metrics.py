"""Diversity of a set of texts: distinct-n, self-BLEU, compression ratio and self-repetition.

Each is a number of the whole set, or with `by_prompt` the mean over prompts of the number of one prompt's samples
(prompts with fewer than two answers do not count). Tokens are those of `corpus`: case, width and script variants do
not make words different, punctuation marks are tokens, a Han character is a token. So Chinese is measured by
character n-grams: distinct-1 saturates there, read distinct-2 to distinct-4.

All lexical measures fall with length, so candidates are compared at an equal token budget: for each prompt and sample
the smallest count of tokens that any candidate has there (see `SetMetric.align`).
"""

from __future__ import annotations

import gzip
import math
import os
from abc import abstractmethod
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from aigc_eval.intervals import BLOCKS, MIN_CLUSTERS, Floats, Interval, Ints, blocks_of, jackknife
from aigc_eval.metrics import Metric, clusters
from aigc_eval.scorers.diversity.corpus import Corpus, Ids, Shared, corpus_of, token_counts

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CompressionRatio", "Distinct", "SelfBleu", "SelfRepetition", "SetMetric"]


def _divide(over: Floats | Ints, under: Floats | Ints) -> Floats:
    """Element-wise ratio, NaN where there is nothing to divide by."""
    under = np.asarray(under, np.float64)
    found = np.full(len(under), math.nan)
    np.divide(over, under, out=found, where=under > 0)
    return found


def _sum(index: Ints | Ids, values: Floats | Ints | Ids, size: int) -> Floats:
    return np.bincount(index, weights=values, minlength=size).astype(np.float64)


@dataclass(frozen=True)
class SetMetric(Metric):
    """A number of a set of texts, or with `by_prompt` its mean over the prompts' sets of samples."""

    set_level: ClassVar[bool] = True
    most_blocks: ClassVar[int] = BLOCKS
    """Most blocks of the jackknife: fewer where each costs a whole evaluation."""

    by_prompt: bool = False

    @abstractmethod
    def of_groups(self, texts: Corpus) -> Floats:
        """The number of each group of texts, shape (groups,); NaN where undefined."""

    @abstractmethod
    def left_out(self, texts: Corpus, blocks: Ints, count: int) -> Floats:
        """The number of a corpus of one group without each of `count` blocks; `blocks` are those of the texts."""

    def __call__(self, rows: pd.DataFrame) -> float | None:
        """The number; None where no set is large enough."""
        values = self._values(corpus_of(rows, self.by_prompt))
        values = values[~np.isnan(values)]
        return float(values.mean()) if len(values) else None

    def _values(self, texts: Corpus) -> Floats:
        values = self.of_groups(texts)
        return np.where(texts.sizes < 2, math.nan, values) if self.by_prompt else values

    def without(self, rows: pd.DataFrame, blocks: Ints) -> Floats:
        """The number with each block left out; n-gram ids are made once."""
        texts, count = corpus_of(rows, self.by_prompt), int(blocks.max()) + 1
        mine = blocks[texts.rows]
        if not self.by_prompt:
            return self.left_out(texts, mine, count)
        values = self._values(texts)
        block = np.zeros(len(values), dtype=np.int64)
        block[texts.groups] = mine
        has = ~np.isnan(values)
        sums, counts = _sum(block[has], values[has], count), np.bincount(block[has], minlength=count)
        return _divide(sums.sum() - sums, counts.sum() - counts)

    def interval(self, rows: pd.DataFrame, level: float = 0.95) -> Interval | None:
        """Delete-a-block jackknife over prompts with at most `most_blocks` blocks; None under 10 prompts."""
        codes, full = clusters(rows), self(rows)
        if full is None or codes.max() + 1 < MIN_CLUSTERS:
            return None
        found = jackknife(full, self.without(rows, blocks_of(codes, self.most_blocks)), level)
        if found is None:
            return None
        return Interval(max(found.low, self.bounds[0]), min(found.high, self.bounds[1]), found.method)

    def align(self, groups: Sequence[pd.DataFrame]) -> Sequence[pd.DataFrame]:
        """Adds `budget`, the tokens of each row that count: the fewest that any candidate has at its prompt and sample.

        A row that another candidate lacks or left empty counts with none, so that all candidates are measured on the
        same draws. A candidate that answered half of the draws or fewer (of those that the most complete one answered)
        takes no part and has no number here; a slice in which it is complete still has one.
        """
        import pandas as pd

        counts = [
            pd.Series(token_counts(rows), index=pd.MultiIndex.from_frame(rows[["prompt", "sample"]])) for rows in groups
        ]
        answered = [int((count > 0).sum()) for count in counts]
        present = [count for count, n in zip(counts, answered, strict=True) if 2 * n > max(answered)]
        if not present:
            return [rows.assign(budget=0) for rows in groups]
        every = pd.concat([count[~count.index.duplicated()] for count in present], axis=1)
        fewest = every.fillna(0).min(axis=1).astype(np.int64)
        return [
            rows.assign(budget=fewest.reindex(count.index, fill_value=0).to_numpy() if 2 * n > max(answered) else 0)
            for rows, count, n in zip(groups, counts, answered, strict=True)
        ]


@dataclass(frozen=True)
class Distinct(SetMetric):
    """Different n-grams over all n-grams, 0..1, higher is more diverse.

    Li et al. 2016, with n-grams (not tokens) below the line and none across the border of two texts.

    >>> import pandas as pd
    >>> rows = pd.DataFrame({"prompt": ["p"], "text": ["a b a c a b"]})
    >>> Distinct("distinct_1", n=1)(rows), Distinct("distinct_2", n=2)(rows)
    (0.5, 0.8)
    """

    n: int = 2

    def of_groups(self, texts: Corpus) -> Floats:
        """Different n-grams over n-grams in each group."""
        grams = texts.grams(self.n)
        group = texts.groups[grams.texts]
        owner = np.zeros(grams.kinds, dtype=np.int64)
        owner[grams.ids] = group
        size = len(texts.sizes)
        return _divide(np.bincount(owner, minlength=size), np.bincount(group, minlength=size))

    def left_out(self, texts: Corpus, blocks: Ints, count: int) -> Floats:
        """One pass: an n-gram goes with a block when it stands in no other."""
        grams = texts.grams(self.n)
        block = blocks[grams.texts]
        holder = np.zeros(grams.kinds, dtype=np.int64)
        holder[grams.ids] = block
        elsewhere = np.zeros(grams.kinds, dtype=bool)
        elsewhere[grams.ids[holder[grams.ids] != block]] = True
        gone = np.bincount(holder[~elsewhere], minlength=count)
        return _divide(grams.kinds - gone, len(block) - np.bincount(block, minlength=count))


@dataclass(frozen=True)
class SelfBleu(SetMetric):
    """Mean over texts of sentence BLEU with all other texts as references, 0..1, lower is more diverse.

    BLEU-`n`, uniform weights, closest reference length (the shorter of two), smoothing method 1 of Chen & Cherry 2014
    (0.1 for a count of zero; no common word gives 0): exactly nltk's `sentence_bleu(..., SmoothingFunction().method1)`.
    The clipped count of an n-gram is limited by its two highest counts in the set: the highest, or for the text that
    holds it the second. So it is exact in linear time. Zhu et al. 2018 (Texygen).

    >>> import pandas as pd
    >>> rows = pd.DataFrame({"prompt": ["p", "q"], "text": ["the cat sat on the mat"] * 2})
    >>> SelfBleu("self_bleu")(rows), SelfBleu("self_bleu")(rows[:1])
    (1.0, None)
    """

    n: int = 4

    def of_groups(self, texts: Corpus) -> Floats:
        """Mean BLEU of the texts of each group; NaN for groups of one text."""
        scores = self.scores(texts, np.ones(len(texts.lengths), dtype=bool))
        size = len(texts.sizes)
        return _divide(_sum(texts.groups, scores, size), np.where(texts.sizes > 1, texts.sizes, 0))

    def left_out(self, texts: Corpus, blocks: Ints, count: int) -> Floats:
        """The mean over the texts that remain, each against the others that remain."""
        clipped = [_clipped_without(texts, n, blocks, count) for n in range(1, self.n + 1)]
        found = []
        for j in range(count):
            kept = blocks != j
            scores = self._scores(texts, kept, [of_order[j] for of_order in clipped])
            found.append(scores[kept].mean() if kept.sum() > 1 else math.nan)
        return np.array(found)

    def scores(self, texts: Corpus, kept: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Floats:
        """BLEU of each kept text against the other kept texts of its group, shape (texts,); 0 for the rest."""
        return self._scores(texts, kept, [_clipped(texts, n, kept) for n in range(1, self.n + 1)])

    def _scores(
        self, texts: Corpus, kept: np.ndarray[tuple[int], np.dtype[np.bool_]], matches: Sequence[Floats]
    ) -> Floats:
        lengths = texts.lengths.astype(np.float64)
        logs, hits = np.zeros(len(lengths)), np.zeros(len(lengths))
        for n, clipped in enumerate(matches, start=1):
            logs += np.log(np.where(clipped > 0, clipped, 0.1) / np.maximum(lengths - n + 1, 1.0)) / self.n
            hits = clipped if n == 1 else hits
        closest = _closest(texts, kept)
        brevity = np.where(lengths > closest, 0.0, 1.0 - closest / np.maximum(lengths, 1.0))
        return np.where(kept & (hits > 0), np.exp(logs + brevity), 0.0)


def _clipped(texts: Corpus, n: int, kept: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Floats:
    """For each text, the n-grams that the other kept texts of its group hold too, each at most as often as there."""
    return _clipped_among(texts.shared(n), kept)


def _clipped_without(texts: Corpus, n: int, blocks: Ints, count: int) -> list[Floats]:
    """`_clipped` without each block in turn: limits change only for n-grams with one of their two highest counts there.

    The counts are whole numbers, so that taking away and adding is exact.
    """
    shared = texts.shared(n)
    every = np.ones(len(texts.lengths), dtype=bool)
    full = _clipped_among(shared, every)
    if len(shared.ids) == 0:
        return [full] * count
    starts = np.flatnonzero(np.r_[True, shared.ids[1:] != shared.ids[:-1]])  # an n-gram here has two holders or more
    sizes = np.diff(np.r_[starts, len(shared.ids)])
    highest, second = blocks[shared.texts[starts]], blocks[shared.texts[starts + 1]]
    found = []
    for j in range(count):
        touched = (highest == j) | (second == j)
        first, size = starts[touched], sizes[touched]
        places = np.repeat(first - (np.cumsum(size) - size), size) + np.arange(size.sum())
        part = Shared(*(column[places] for column in shared))
        found.append(full - _clipped_among(part, every) + _clipped_among(part, blocks != j))
    return found


def _clipped_among(shared: Shared, kept: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Floats:
    here = kept[shared.texts]
    ids, text, counts = shared.ids[here], shared.texts[here], shared.counts[here]
    if len(ids) == 0:
        return np.zeros(len(kept))
    first = np.r_[True, ids[1:] != ids[:-1]]
    starts = np.flatnonzero(first)
    limit = counts[starts][np.cumsum(first) - 1]
    after = np.minimum(starts + 1, len(ids) - 1)
    limit[starts] = np.where((after > starts) & ~first[after], counts[after], 0)
    return _sum(text, np.minimum(counts, limit), len(kept))


def _closest(texts: Corpus, kept: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Floats:
    """Length of the other kept text of the group whose length is nearest, the shorter of two; own length if none."""
    who = np.flatnonzero(kept)
    who = who[np.lexsort((texts.lengths[who], texts.groups[who]))]
    lengths, groups = texts.lengths[who].astype(np.float64), texts.groups[who]
    same = groups[1:] == groups[:-1]
    shorter = np.r_[math.inf, np.where(same, lengths[:-1], math.inf)] if len(who) else lengths
    longer = np.r_[np.where(same, lengths[1:], math.inf), math.inf] if len(who) else lengths
    nearest = np.where(np.abs(shorter - lengths) <= np.abs(longer - lengths), shorter, longer)
    found = texts.lengths.astype(np.float64)
    found[who] = np.where(np.isfinite(nearest), nearest, lengths)
    return found


@dataclass(frozen=True)
class CompressionRatio(SetMetric):
    """Bytes over gzipped bytes of the texts joined by line feeds, lower is more diverse.

    UTF-8, gzip level 9, no time stamp; the texts as they stand (cut at the budget). A repeat further back than gzip's
    window of 32 kB is not seen, and a Han character has three bytes: compare like with like. Shaib et al. 2024.
    The interval is a jackknife over 10 blocks (t with 9 degrees of freedom), as each block compresses the rest again.

    >>> import pandas as pd
    >>> rows = pd.DataFrame({"prompt": ["p"] * 2, "text": ["abcdefgh " * 100] * 2})
    >>> round(CompressionRatio("compression_ratio")(rows), 1)
    38.3
    """

    most_blocks: ClassVar[int] = 10

    bounds: tuple[float, float] = (0.0, math.inf)

    def of_groups(self, texts: Corpus) -> Floats:
        """The ratio of each group."""
        members: list[list[str]] = [[] for _ in texts.sizes]
        for group, text in zip(texts.groups.tolist(), texts.contents, strict=True):
            members[group].append(text)
        return np.array([_ratio(group) for group in members], dtype=np.float64)

    def left_out(self, texts: Corpus, blocks: Ints, count: int) -> Floats:
        """The rest compressed again for each block, on all processors: zlib lets other threads run."""
        pairs = list(zip(blocks.tolist(), texts.contents, strict=True))

        def without(j: int) -> float:
            return _ratio([text for block, text in pairs if block != j])

        with ThreadPoolExecutor(min(count, os.cpu_count() or 1, 4)) as pool:
            return np.array(list(pool.map(without, range(count))))


def _ratio(texts: Sequence[str]) -> float:
    data = "\n".join(texts).encode("utf-8", "surrogatepass")
    return len(data) / len(gzip.compress(data, 9, mtime=0)) if data else math.nan


@dataclass(frozen=True)
class SelfRepetition(SetMetric):
    """Mean over texts of ln(1 + sum over the text's different n-grams of the other texts holding it), from 0, lower.

    n = 4. Salkar et al. 2022.

    >>> import pandas as pd
    >>> rows = pd.DataFrame({"prompt": list("pqr"), "text": ["a b c d e", "a b c d f", "x y z w v"]})
    >>> round(SelfRepetition("self_repetition")(rows), 6)
    0.462098
    """

    n: int = 4
    bounds: tuple[float, float] = (0.0, math.inf)

    def of_groups(self, texts: Corpus) -> Floats:
        """The mean of each group."""
        shared = texts.shared(self.n)
        others = np.bincount(shared.ids, minlength=1)[shared.ids] - 1
        each = np.log1p(_sum(shared.texts, others.astype(np.int64), len(texts.lengths)))
        return _divide(_sum(texts.groups, each, len(texts.sizes)), texts.sizes)

    def left_out(self, texts: Corpus, blocks: Ints, count: int) -> Floats:
        """The holders in the block are taken away from the holders of each n-gram."""
        ids, text, _ = texts.shared(self.n)
        block, kinds = blocks[text], int(ids.max(initial=-1)) + 1
        holders = np.bincount(ids, minlength=kinds)
        found = []
        for j in range(count):
            left = holders - np.bincount(ids[block == j], minlength=kinds)
            each = np.log1p(_sum(text, np.maximum(left[ids] - 1, 0), len(texts.lengths)))
            kept = blocks != j
            found.append(each[kept].mean() if kept.any() else math.nan)
        return np.array(found)
