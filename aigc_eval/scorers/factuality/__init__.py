"""Factuality against reference answers: exact match, token F1, containment, ROUGE, BLEU, chrF, and wrong answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from aigc_eval.metrics import Metric
from aigc_eval.plugin import Scorer, require
from aigc_eval.records import Bilingual, Dimension, Generation, Prompt, Score, Span
from aigc_eval.scorers.factuality.corpus import (
    bleu_signature,
    bleu_statistics,
    chrf_signature,
    chrf_statistics,
)
from aigc_eval.scorers.factuality.overlap import (
    coverage,
    find,
    is_mark,
    normal_words,
    similarity,
    token_f1,
    words,
)
from aigc_eval.scorers.factuality.reported import METRICS
from aigc_eval.scorers.factuality.rouge import rouge_l, rouge_n, rouge_words
from aigc_eval.text import has_hanzi

__all__ = ["Factuality"]


@dataclass(frozen=True)
class Factuality(Scorer):
    """How far an answer agrees with the prompt's `references`; value: token F1, 0..1, higher is better.

    Every number is the best over the references. Parts: `exact_match`, `contains`, `coverage`, `rouge_1`, `rouge_2` and
    `rouge_l` (0..1), and the sums from which corpus BLEU and chrF are computed. Where the prompt's fields give wrong
    answers (keys that start with "wrong", such as `wrong_answer1`), `margin` is the similarity to the nearest reference
    less that to the nearest wrong answer (-1..1), and `closer_to_wrong` is 1 where it is negative. A reference that
    stands in the answer is a span "reference". Prompts without references do not apply.

    Chinese is compared by character, in simplified script. These are measures of wording: a right answer in other
    words scores low, a denial of the reference scores high.
    """

    version: ClassVar[str] = "2"
    dimensions: ClassVar[tuple[Dimension, ...]] = ("factuality",)
    title: ClassVar[Bilingual] = Bilingual("Factuality (reference answers)", "事实性（参考答案）")
    needs: ClassVar[str] = "prompts with references"
    source: ClassVar[str] = "Rajpurkar et al. 2016 (SQuAD); Post 2018 (sacrebleu); Lin 2004 (ROUGE)"

    def load(self) -> None:
        """Import sacrebleu."""
        require("sacrebleu")

    def facts(self) -> Mapping[str, str]:
        """Sacrebleu's signatures: its version and tokenisers decide the statistics."""
        return {"bleu": bleu_signature(), "chrf": chrf_signature()}

    def signature(self) -> str:
        """Name and version, then what sacrebleu did."""
        return f"{Scorer.signature(self)}|bleu:({bleu_signature()})|chrf:({chrf_signature()})"

    def not_applicable(self, prompt: Prompt) -> str:
        """Prompts without references."""
        return "" if _references(prompt) else "no reference"

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        """One score a generation."""
        return [_score(generation.text, generation.prompt) for generation in batch]

    def metrics(self) -> tuple[Metric, ...]:
        """Token F1 first."""
        return METRICS


def _references(prompt: Prompt) -> list[str]:
    return [reference for reference in prompt.references if reference.strip()]


def _score(text: str, prompt: Prompt) -> Score:
    references = _references(prompt)
    if not references:
        return Score(note="no reference")
    plain, right_plain = normal_words(text), [normal_words(reference) for reference in references]
    rouge, right_rouge = rouge_words(text), [rouge_words(reference) for reference in references]
    span = _contained(text, references)
    f1 = max(token_f1(plain, reference) for reference in right_plain)
    parts = {
        "exact_match": float(plain in right_plain),
        "contains": float(span is not None),
        "coverage": coverage(text, references),
        "rouge_1": max(rouge_n(rouge, reference, 1) for reference in right_rouge),
        "rouge_2": max(rouge_n(rouge, reference, 2) for reference in right_rouge),
        "rouge_l": max(rouge_l(rouge, reference) for reference in right_rouge),
        **_against_wrong(plain, right_plain, prompt),
        **bleu_statistics(text, references, _chinese(prompt, references)),
        **chrf_statistics(text, references),
    }
    return Score(f1, parts, () if span is None else (span,))


def _contained(text: str, references: Sequence[str]) -> Span | None:
    """The first reference that stands in the text as whole words, whether punctuation glues or parts them."""
    for spaced in (False, True):
        answer = normal_words(text, spaced)
        for reference in references:
            wanted = normal_words(reference, spaced)
            first = find(answer, wanted)
            if first is not None:
                placed = words(text, spaced)
                place = placed[first].start, placed[first + len(wanted) - 1].end
                return Span(*_trimmed(text, *place), "reference", supports=True)
    return None


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The place without punctuation at its ends, unless there is nothing else."""
    kept = [i for i in range(start, end) if not is_mark(text[i])]
    return (kept[0], kept[-1] + 1) if kept else (start, end)


def _against_wrong(answer: Sequence[str], right: Sequence[Sequence[str]], prompt: Prompt) -> dict[str, float]:
    wrong = [v for k, v in prompt.fields.items() if k.lower().startswith("wrong") and v.strip()]
    if not wrong:
        return {}
    question = normal_words(prompt.text)
    to_wrong = max(similarity(answer, normal_words(w), question) for w in wrong)
    margin = max(similarity(answer, reference, question) for reference in right) - to_wrong
    return {"margin": margin, "closer_to_wrong": float(margin < 0)}


def _chinese(prompt: Prompt, references: Sequence[str]) -> bool:
    """Whether BLEU splits Han characters: the prompt says it is Chinese, or a reference has some."""
    return prompt.tags.get("lang", "").lower().startswith("zh") or any(map(has_hanzi, references))
