"""Distinct-n, expectation-adjusted distinct and self-repetition: how many n-grams differ, and who shares them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from aigc_eval.intervals import Floats, Ints
from aigc_eval.scorers.diversity.base import LexicalMetric, divide, totals
from aigc_eval.scorers.diversity.corpus import Corpus

__all__ = ["Distinct", "ExpectationAdjustedDistinct", "SelfRepetition"]


def _kinds(texts: Corpus, n: int) -> tuple[Ints, Ints]:
    """Different n-grams, and n-grams, of each group."""
    grams = texts.grams(n)
    group = texts.groups[grams.texts]
    owner = np.zeros(grams.kinds, dtype=np.int64)
    owner[grams.ids] = group
    size = len(texts.sizes)
    return np.bincount(owner, minlength=size), np.bincount(group, minlength=size)


def _kinds_without(texts: Corpus, n: int, blocks: Ints, count: int) -> tuple[Ints, Ints]:
    """The same of a single group without each block, in one pass: an n-gram goes with the only block that holds it."""
    grams = texts.grams(n)
    block = blocks[grams.texts]
    holder = np.zeros(grams.kinds, dtype=np.int64)
    holder[grams.ids] = block
    elsewhere = np.zeros(grams.kinds, dtype=bool)
    elsewhere[grams.ids[holder[grams.ids] != block]] = True
    gone = np.bincount(holder[~elsewhere], minlength=count)
    return grams.kinds - gone, len(block) - np.bincount(block, minlength=count)


@dataclass(frozen=True)
class Distinct(LexicalMetric):
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
        return divide(*_kinds(texts, self.n))

    def left_out(self, texts: Corpus, blocks: Ints, count: int) -> Floats:
        """From the counts that each block alone accounts for."""
        return divide(*_kinds_without(texts, self.n, blocks, count))


@dataclass(frozen=True)
class ExpectationAdjustedDistinct(LexicalMetric):
    """Different tokens over those to expect of as many uniform draws from the vocabulary; higher is more diverse.

    EAD = N / (V (1 - ((V - 1) / V)^C)) with N different tokens, C tokens and a vocabulary of V. Uniform draws have 1 at
    any length, where distinct-1 falls; natural text, whose words are not uniform, still falls, but less. From 0; about
    1 at most where V holds all the tokens. V must be the same for all that is compared; with several models the largest
    of theirs (Liu et al. 2022).

    >>> import pandas as pd
    >>> rows = pd.DataFrame({"prompt": ["p"], "text": ["a b a c a b"]})
    >>> round(ExpectationAdjustedDistinct("ead", vocabulary=10)(rows), 6)
    0.640261
    """

    vocabulary: int = 50_257
    bounds: tuple[float, float] = (0.0, math.inf)

    def of_groups(self, texts: Corpus) -> Floats:
        """EAD of each group."""
        return self._adjusted(*_kinds(texts, 1))

    def left_out(self, texts: Corpus, blocks: Ints, count: int) -> Floats:
        """From the counts that each block alone accounts for."""
        return self._adjusted(*_kinds_without(texts, 1, blocks, count))

    def _adjusted(self, kinds: Ints, tokens: Ints) -> Floats:
        return divide(kinds, -self.vocabulary * np.expm1(tokens * math.log1p(-1 / self.vocabulary)))


@dataclass(frozen=True)
class SelfRepetition(LexicalMetric):
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
        each = np.log1p(totals(shared.texts, others.astype(np.int64), len(texts.lengths)))
        return divide(totals(texts.groups, each, len(texts.sizes)), texts.sizes)

    def left_out(self, texts: Corpus, blocks: Ints, count: int) -> Floats:
        """The holders in the block are taken away from the holders of each n-gram."""
        ids, text, _ = texts.shared(self.n)
        block, kinds = blocks[text], int(ids.max(initial=-1)) + 1
        holders = np.bincount(ids, minlength=kinds)
        found = []
        for j in range(count):
            left = holders - np.bincount(ids[block == j], minlength=kinds)
            each = np.log1p(totals(text, np.maximum(left[ids] - 1, 0), len(texts.lengths)))
            kept = blocks != j
            found.append(each[kept].mean() if kept.any() else math.nan)
        return np.array(found)
