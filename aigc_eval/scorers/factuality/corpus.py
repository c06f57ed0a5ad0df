"""Corpus BLEU and chrF as metrics: sacrebleu's statistics per text, added up over rows, then sacrebleu's formula.

This is the way sacrebleu's own significance tests go, so any set of rows has exactly the score that `corpus_score`
gives for it, and a jackknife costs block sums.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from aigc_eval.intervals import Floats, Ints
from aigc_eval.metrics import Metric
from aigc_eval.scorers.factuality.tokenize import bleu_tokens
from aigc_eval.text import ngrams

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CorpusBleu", "CorpusChrf", "bleu_signature", "bleu_statistics", "chrf_signature", "chrf_statistics"]

_BLEU = ("bleu_sys_len", "bleu_ref_len", *(f"bleu_{kind}{n}" for kind in ("match", "total") for n in range(1, 5)))
_CHRF = tuple(f"chrf_{kind}{n}" for n in range(1, 7) for kind in ("hyp", "ref", "match"))


@cache
def _chrf() -> Any:
    from sacrebleu.metrics import CHRF

    return CHRF()


def bleu_statistics(text: str, references: Sequence[str], chinese: bool) -> dict[str, float]:
    """Lengths, matches and totals of orders 1 to 4, tokenised by sacrebleu's `zh` or `13a`.

    The numbers of `BLEU.sentence_score`, counted for the n-grams of the references only.
    """
    mine, *theirs = (bleu_tokens(t, chinese) for t in (text, *references))
    length = len(mine)
    nearest = min((abs(length - len(words)), len(words)) for words in theirs)[1]
    matches = [_clipped(mine, theirs, n) for n in range(1, 5)]
    totals = [max(length - n + 1, 0) for n in range(1, 5)]
    return dict(zip(_BLEU, map(float, (length, nearest, *matches, *totals)), strict=True))


def _clipped(mine: Sequence[str], theirs: Sequence[Sequence[str]], n: int) -> int:
    """N-grams of `mine` that a reference has too, each at most as often as it stands in one reference."""
    limits = Counter(ngrams(theirs[0], n))
    for words in theirs[1:]:
        for gram, count in Counter(ngrams(words, n)).items():
            limits[gram] = max(limits[gram], count)
    same = Counter(filter(limits.__contains__, ngrams(mine, n)))
    return sum(min(count, limits[gram]) for gram, count in same.items())


def chrf_statistics(text: str, references: Sequence[str]) -> dict[str, float]:
    """Counts of character 1- to 6-grams in text, reference and both, for the reference with the best chrF.

    The numbers of `CHRF.sentence_score`.
    """
    mine = "".join(text.split())
    found = [_character_counts(mine, "".join(reference.split())) for reference in references]
    best = max(found, key=_chrf()._compute_f_score) if len(found) > 1 else found[0]
    return dict(zip(_CHRF, map(float, best), strict=True))


def _character_counts(mine: str, other: str) -> list[int]:
    """For each order: n-grams of `mine` (0 where `other` has none, as sacrebleu counts), of `other`, and of both."""
    found: list[int] = []
    for n, same in enumerate(_common_counts(mine, other), start=1):
        theirs = max(len(other) - n + 1, 0)
        found += (max(len(mine) - n + 1, 0) if theirs else 0, theirs, same)
    return found


def _common_counts(one: str, other: str) -> list[int]:
    """Common n-grams of orders 1 to 6. An n-gram can be common only where its first n - 1 characters are."""
    short, long = sorted((one, other), key=len)
    places: Sequence[int] = range(len(long))
    found = []
    for n in range(1, 7):
        known = Counter([short[i : i + n] for i in range(len(short) - n + 1)])
        places = [i for i in places if long[i : i + n] in known] if known else []
        same = Counter([long[i : i + n] for i in places])
        found.append(sum(min(count, known[gram]) for gram, count in same.items()))
    return found


def bleu_signature() -> str:
    """Sacrebleu's signature, with both tokenisers."""
    return f"nrefs:var|case:mixed|eff:no|tok:zh for Chinese rows, 13a otherwise|smooth:exp|version:{_version()}"


def chrf_signature() -> str:
    """Sacrebleu's signature."""
    return f"nrefs:var|case:mixed|eff:yes|nc:6|nw:0|space:no|version:{_version()}"


def _version() -> str:
    return version("sacrebleu")


@dataclass(frozen=True)
class _Corpus(Metric):
    """A score of summed statistics, 0..100."""

    columns: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def of_sums(self, sums: Floats) -> float:
        """The score of one set of summed statistics, shape (columns,)."""

    def _statistics(self, rows: pd.DataFrame) -> Floats:
        if not set(self.columns) <= set(rows.columns):
            return np.full((len(rows), len(self.columns)), math.nan)
        return np.asarray(rows[list(self.columns)], dtype=np.float64)

    def __call__(self, rows: pd.DataFrame) -> float | None:
        """The corpus score; None where no row has statistics."""
        statistics = self._statistics(rows)
        has = ~np.isnan(statistics).any(axis=1)
        return self.of_sums(statistics[has].sum(axis=0)) if has.any() else None

    def without(self, rows: pd.DataFrame, blocks: Ints) -> Floats:
        """Leave-one-block-out scores from block sums, in one pass."""
        statistics = self._statistics(rows)
        has = ~np.isnan(statistics).any(axis=1)
        sums = np.zeros((int(blocks.max()) + 1, len(self.columns)))
        np.add.at(sums, blocks[has], statistics[has])
        counts = np.bincount(blocks[has], minlength=len(sums))
        left = sums.sum(axis=0) - sums
        rest = counts.sum() - counts
        return np.array([self.of_sums(row) if n > 0 else math.nan for row, n in zip(left, rest, strict=True)])


@dataclass(frozen=True)
class CorpusBleu(_Corpus):
    """Corpus BLEU-4: brevity penalty x geometric mean of summed n-gram precisions, exponential smoothing, 0..100.

    Papineni et al. 2002; Post 2018 (sacrebleu).

    >>> import pandas as pd
    >>> row = bleu_statistics("the cat sat on the mat", ["the cat sat on the mat"], chinese=False)
    >>> round(CorpusBleu("bleu")(pd.DataFrame([row])), 6)
    100.0
    """

    columns: ClassVar[tuple[str, ...]] = _BLEU

    def of_sums(self, sums: Floats) -> float:
        """Sacrebleu's formula on the sums."""
        from sacrebleu.metrics import BLEU

        whole = [round(x) for x in sums.tolist()]
        found = BLEU.compute_bleu(whole[2:6], whole[6:], whole[0], whole[1], smooth_method="exp")
        return float(found.score)


@dataclass(frozen=True)
class CorpusChrf(_Corpus):
    """Corpus chrF2: F2 of mean character 1- to 6-gram precision and recall, white space removed, 0..100.

    Popović 2015. Needs no tokeniser, so it is the safer choice for Chinese.

    >>> import pandas as pd
    >>> round(CorpusChrf("chrf")(pd.DataFrame([chrf_statistics("今天很好", ["今天很好"])])), 6)
    100.0
    """

    columns: ClassVar[tuple[str, ...]] = _CHRF

    def of_sums(self, sums: Floats) -> float:
        """Sacrebleu's formula on the sums."""
        return float(_chrf()._compute_f_score([round(x) for x in sums.tolist()]))
