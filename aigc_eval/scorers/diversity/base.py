"""What all set metrics share: groups of texts, leaving blocks out, the interval, the equal token budget."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

import numpy as np

from aigc_eval.intervals import BLOCKS, MIN_CLUSTERS, Floats, Interval, Ints, blocks_of, jackknife
from aigc_eval.metrics import Metric, clusters
from aigc_eval.scorers.diversity.corpus import Corpus, Ids, corpus_of, token_counts

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LexicalMetric", "SetMetric", "Sets", "divide", "totals", "values_of"]


def divide(over: Floats | Ints, under: Floats | Ints) -> Floats:
    """Element-wise ratio, NaN where there is nothing to divide by."""
    under = np.asarray(under, np.float64)
    found = np.full(len(under), math.nan)
    np.divide(over, under, out=found, where=under > 0)
    return found


def totals(index: Ints | Ids, values: Floats | Ints | Ids, size: int) -> Floats:
    """Sums of the values that have the same index, shape (size,)."""
    return np.bincount(index, weights=values, minlength=size).astype(np.float64)


class Sets(Protocol):
    """Texts, or their vectors, in groups: the group and the frame's row of each, and how many each group has."""

    def __hash__(self) -> int: ...  # by identity

    @property
    def groups(self) -> Ints:
        """Group of each text, shape (texts,), numbered from 0."""

    @property
    def rows(self) -> Ints:
        """Row of the frame that each text stands in."""

    @property
    def sizes(self) -> Ints:
        """Texts in each group."""


S = TypeVar("S", bound=Sets)


@lru_cache(maxsize=2)
def values_of(metric: SetMetric[Any], sets: Any) -> Floats:
    """`of_groups`, remembered: a number and its interval ask for it one after the other."""
    values = metric.of_groups(sets)
    return np.where(sets.sizes < 2, math.nan, values) if metric.by_prompt else values


@dataclass(frozen=True)
class SetMetric(Metric, Generic[S]):
    """A number of a set of texts, or with `by_prompt` its mean over the prompts' sets of samples.

    Prompts with fewer than two answers have no such number.
    """

    set_level: ClassVar[bool] = True
    most_blocks: ClassVar[int] = BLOCKS
    """Most blocks of the jackknife: fewer where each costs a whole evaluation."""

    by_prompt: bool = False

    @abstractmethod
    def material(self, rows: pd.DataFrame) -> S:
        """What the metric reads of the rows, in one group or in one group a prompt."""

    @abstractmethod
    def of_groups(self, texts: S) -> Floats:
        """The number of each group of texts, shape (groups,); NaN where undefined."""

    @abstractmethod
    def left_out(self, texts: S, blocks: Ints, count: int) -> Floats:
        """The number of one group of texts without each of `count` blocks; `blocks` are those of the texts."""

    def __call__(self, rows: pd.DataFrame) -> float | None:
        """The number; None where no set is large enough."""
        values = values_of(self, self.material(rows))
        values = values[~np.isnan(values)]
        return float(values.mean()) if len(values) else None

    def without(self, rows: pd.DataFrame, blocks: Ints) -> Floats:
        """The number with each block left out; what the texts have in common is computed once."""
        texts, count = self.material(rows), int(blocks.max()) + 1
        mine = blocks[texts.rows]
        if not self.by_prompt:
            return self.left_out(texts, mine, count)
        values = values_of(self, texts)
        block = np.zeros(len(values), dtype=np.int64)
        block[texts.groups] = mine
        has = ~np.isnan(values)
        sums, counts = totals(block[has], values[has], count), np.bincount(block[has], minlength=count)
        return divide(sums.sum() - sums, counts.sum() - counts)

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
class LexicalMetric(SetMetric[Corpus]):
    """A set metric of the texts' tokens, each text cut to its budget."""

    def material(self, rows: pd.DataFrame) -> Corpus:
        """The texts as arrays of n-gram ids."""
        return corpus_of(rows, self.by_prompt)
