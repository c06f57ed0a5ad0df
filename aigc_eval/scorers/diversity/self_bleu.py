"""Self-BLEU in linear time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aigc_eval.intervals import Floats, Ints
from aigc_eval.scorers.diversity.base import LexicalMetric, divide, totals
from aigc_eval.scorers.diversity.corpus import Corpus, Shared

__all__ = ["SelfBleu"]


@dataclass(frozen=True)
class SelfBleu(LexicalMetric):
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
        return divide(totals(texts.groups, scores, size), np.where(texts.sizes > 1, texts.sizes, 0))

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
    return totals(text, np.minimum(counts, limit), len(kept))


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
