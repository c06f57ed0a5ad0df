"""Homogenisation: how alike the texts of a set are, pair by pair, by ROUGE-L."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from aigc_eval.intervals import Floats, Ints
from aigc_eval.scorers.diversity.base import LexicalMetric, divide, totals
from aigc_eval.scorers.diversity.corpus import Corpus, Ids
from aigc_eval.scorers.diversity.lcs import lcs_lengths

__all__ = ["LONGEST", "SEED", "TOKENS", "Homogenization", "Pairs", "pairs"]

TOKENS = 100_000
"""Most tokens of a set all of whose pairs are compared (1,000 texts of 100 tokens)."""
LONGEST = 2000
"""Tokens of a text that count: the cost of a pair is the product of its lengths."""
SEED = 20_220_101


class Pairs(NamedTuple):
    """Pairs of texts (numbers in the corpus) and their ROUGE-L F."""

    first: Ids
    second: Ids
    f: Floats


def _teams(texts: Corpus) -> Iterator[Ints]:
    """Sets of texts of one group whose pairs are all compared: the group, or seeded random parts of equal size."""
    order = np.argsort(texts.groups, kind="stable")
    for members in np.split(order, np.cumsum(texts.sizes)[:-1]):
        tokens = int(np.minimum(texts.lengths[members], LONGEST).sum())
        parts = max(1, min(len(members) // 2, -(-(tokens**2) // TOKENS**2)))
        if parts > 1:
            members = np.random.default_rng(SEED).permutation(members)  # noqa: PLW2901
        yield from np.array_split(members, parts)


@lru_cache(maxsize=1)
def pairs(texts: Corpus) -> Pairs:
    """All pairs within each group, or the sample of them."""
    ends = np.cumsum(texts.lengths)
    starts, lengths = (ends - texts.lengths).tolist(), np.minimum(texts.lengths, LONGEST)
    words, sizes = texts.words.tolist(), lengths.tolist()
    first, second, common = [], [], []
    for team in _teams(texts):
        found = lcs_lengths([words[starts[i] : starts[i] + sizes[i]] for i in team.tolist()])
        common += found
        second.append(np.repeat(team, np.arange(len(team))))
        first += [team[:i] for i in range(len(team))]
    one, two = (np.concatenate(x).astype(np.int32) if x else np.zeros(0, np.int32) for x in (first, second))
    shared = np.concatenate(common).astype(np.float64) if common else np.zeros(0)
    return Pairs(one, two, 2 * shared / (lengths[one] + lengths[two]))


@dataclass(frozen=True)
class Homogenization(LexicalMetric):
    """Mean over pairs of texts of ROUGE-L F = 2 LCS / (m + n), 0 (no word in common) to 1 (all the same), lower.

    LCS is the number of tokens in the longest common subsequence, m and n the tokens of the two texts (the first 2,000
    of each). All pairs of a set of up to 100,000 tokens; a larger one is dealt at random, with a fixed seed, into parts
    of equal size and all pairs within the parts are taken, so that each text stands in equally many. That is unbiased,
    and the draws compared are the same for every candidate. Shaib et al. 2024; Lin 2004 for ROUGE-L.

    >>> import pandas as pd
    >>> rows = pd.DataFrame({"prompt": list("pqr"), "text": ["a b c d", "a x c y", "u v"]})
    >>> round(Homogenization("homogenization")(rows), 6)   # pairs .5, 0 and 0
    0.166667
    """

    def of_groups(self, texts: Corpus) -> Floats:
        """The mean over the pairs of each group."""
        found, size = pairs(texts), len(texts.sizes)
        group = texts.groups[found.first]
        return divide(totals(group, found.f, size), np.bincount(group, minlength=size))

    def left_out(self, texts: Corpus, blocks: Ints, count: int) -> Floats:
        """Without the pairs that have one text or both in the block; each pair was compared once."""
        found = pairs(texts)
        one, two = blocks[found.first], blocks[found.second]
        both = one == two

        def rest(values: Floats) -> Floats:
            touching = totals(one, values, count) + totals(two, values, count)
            return np.asarray(values.sum() - touching + totals(one[both], values[both], count))

        sums, counts = rest(found.f), rest(np.ones(len(found.f)))
        return divide(np.where(counts > 0, np.maximum(sums, 0.0), 0.0), counts)
