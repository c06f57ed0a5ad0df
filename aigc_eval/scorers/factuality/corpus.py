"""Corpus BLEU and chrF as metrics: sacrebleu's statistics per text, added up over rows, then sacrebleu's formula.

This is the way sacrebleu's own significance tests go, so any set of rows has exactly the score that `corpus_score`
gives for it, and a jackknife costs block sums.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from aigc_eval.intervals import Floats, Ints
from aigc_eval.metrics import Metric

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CorpusBleu", "CorpusChrf", "bleu_signature", "bleu_statistics", "chrf_signature", "chrf_statistics"]

_BLEU = ("bleu_sys_len", "bleu_ref_len", *(f"bleu_{kind}{n}" for kind in ("match", "total") for n in range(1, 5)))
_CHRF = tuple(f"chrf_{kind}{n}" for n in range(1, 7) for kind in ("hyp", "ref", "match"))


@cache
def _bleu(tokenize: str) -> Any:
    from sacrebleu.metrics import BLEU

    return BLEU(tokenize=tokenize, effective_order=True)


@cache
def _chrf() -> Any:
    from sacrebleu.metrics import CHRF

    return CHRF()


def bleu_statistics(text: str, references: Sequence[str], chinese: bool) -> dict[str, float]:
    """Lengths, matches and totals of orders 1 to 4, tokenised by sacrebleu's `zh` or `13a`."""
    found = _bleu("zh" if chinese else "13a").sentence_score(text, list(references))
    numbers = [found.sys_len, found.ref_len, *found.counts, *found.totals]
    return dict(zip(_BLEU, map(float, numbers), strict=True))


def chrf_statistics(text: str, references: Sequence[str]) -> dict[str, float]:
    """Counts of character 1- to 6-grams in text, reference and both, for the reference with the best chrF."""
    rows = _chrf()._extract_corpus_statistics([text], [[reference] for reference in references])
    return dict(zip(_CHRF, map(float, rows[0]), strict=True))


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
