"""Factuality against reference answers: exact match, token F1, containment, ROUGE-L, BLEU, chrF, and wrong answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from aigc_eval.metrics import Mean, Metric, Rate
from aigc_eval.plugin import Scorer, require
from aigc_eval.records import Bilingual, Generation, Prompt, Score, Span
from aigc_eval.scorers.factuality.corpus import (
    CorpusBleu,
    CorpusChrf,
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
    rouge_l,
    rouge_words,
    similarity,
    token_f1,
    words,
)
from aigc_eval.text import has_hanzi

__all__ = ["Factuality"]


@dataclass(frozen=True)
class Factuality(Scorer):
    """How far an answer agrees with the prompt's `references`; value: token F1, 0..1, higher is better.

    Every number is the best over the references. Parts: `exact_match`, `contains`, `coverage` and `rouge_l` (0..1), and
    the sums from which corpus BLEU and chrF are computed. Where the prompt's fields give wrong answers (keys that start
    with "wrong", such as `wrong_answer1`), `margin` is the similarity to the nearest reference less that to the nearest
    wrong answer (-1..1), and `closer_to_wrong` is 1 where it is negative. A reference that stands in the answer is a
    span "reference". Prompts without references do not apply.

    Chinese is compared by character, in simplified script. These are measures of wording: a right answer in other
    words scores low, a denial of the reference scores high.
    """

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
        return _METRICS


def _references(prompt: Prompt) -> list[str]:
    return [reference for reference in prompt.references if reference.strip()]


def _score(text: str, prompt: Prompt) -> Score:
    references = _references(prompt)
    if not references:
        return Score(note="no reference")
    plain, right_plain = normal_words(text), [normal_words(reference) for reference in references]
    rouge = rouge_words(text)
    span = _contained(text, references)
    f1 = max(token_f1(plain, reference) for reference in right_plain)
    parts = {
        "exact_match": float(plain in right_plain),
        "contains": float(span is not None),
        "coverage": coverage(text, references),
        "rouge_l": max(rouge_l(rouge, rouge_words(reference)) for reference in references),
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


_METRICS: tuple[Metric, ...] = (
    Mean(
        "f1",
        better="higher",
        title=Bilingual("Token F1", "词元 F1"),
        about=Bilingual(
            "Overlap of the answer's words with the nearest reference: harmonic mean of precision and recall, mean "
            "over outputs. Chinese is counted by character. Long answers to short references score low: see contains.",
            "回答与最接近的参考答案在词上的重合度（精确率与召回率的调和平均），再对所有输出取平均；中文按字计算。"
            "参考答案短而回答长时分数偏低，请结合“包含参考答案”一起看。",
        ),
        source="Rajpurkar et al. 2016, SQuAD",
    ),
    Rate(
        "exact_match",
        of="exact_match",
        better="higher",
        title=Bilingual("Exact match", "完全匹配率"),
        about=Bilingual(
            "Share of outputs that equal a reference after normalising width, case, script, punctuation and articles.",
            "统一全半角、大小写、繁简并去掉标点和冠词后，与某个参考答案完全相同的输出所占比例。",
        ),
        source="Rajpurkar et al. 2016, SQuAD",
    ),
    Rate(
        "contains",
        of="contains",
        better="higher",
        title=Bilingual("Contains a reference", "包含参考答案"),
        about=Bilingual(
            "Share of outputs in which a reference stands as whole words: the measure for short right answers in long "
            "outputs.",
            "输出中以完整词语形式出现某个参考答案的比例，适合“标准答案短、回答长”的情形。",
        ),
        source="Wang et al. 2023, EVOUNA (lexical match)",
    ),
    Rate(
        "covers",
        of="coverage",
        better="higher",
        title=Bilingual("Covers a reference", "覆盖参考答案"),
        about=Bilingual(
            "Share of outputs that have at least half of a reference's content words (Chinese: character pairs): more "
            "lenient than contains, and nearer to people's judgement.",
            "至少含有某个参考答案一半实词（中文为相邻字对）的输出所占比例；比“包含参考答案”宽松，更接近人工判断。",
        ),
        source="threshold compared with the human judgements of EVOUNA (Wang et al. 2023)",
    ),
    CorpusChrf(
        "chrf",
        better="higher",
        bounds=(0.0, 100.0),
        title=Bilingual("chrF (corpus)", "chrF（语料级）"),
        about=Bilingual(
            "F2 of character 1- to 6-gram precision and recall, from counts summed over all outputs, 0 to 100.",
            "按所有输出累加的 1 至 6 元字符片段计数，计算精确率与召回率的 F2 值，范围 0 至 100。",
        ),
        source=f"Popović 2015; sacrebleu {chrf_signature()}",
    ),
    CorpusBleu(
        "bleu",
        better="higher",
        bounds=(0.0, 100.0),
        title=Bilingual("BLEU (corpus)", "BLEU（语料级）"),
        about=Bilingual(
            "Brevity penalty times geometric mean of 1- to 4-gram precision, from counts summed over all outputs, 0 to "
            "100. Chinese rows are split into characters (zh), other rows by 13a.",
            "按所有输出累加的 1 至 4 元片段计数，取精确率的几何平均再乘以过短惩罚，范围 0 至 100；"
            "中文行按字切分（zh），其他行用 13a 切分。",
        ),
        source=f"Papineni et al. 2002; sacrebleu {bleu_signature()}",
    ),
    Mean(
        "rouge_l",
        of="rouge_l",
        better="higher",
        title=Bilingual("ROUGE-L", "ROUGE-L"),
        about=Bilingual(
            "F1 of the longest common subsequence of words (Chinese: characters) with the nearest reference.",
            "回答与最接近的参考答案的最长公共子序列（中文按字）的 F1 值。",
        ),
        source="Lin 2004",
    ),
    Rate(
        "closer_to_wrong",
        of="closer_to_wrong",
        title=Bilingual("Closer to a wrong answer", "更接近错误答案"),
        about=Bilingual(
            "Share of outputs nearer to a known wrong answer than to any reference, among prompts that give wrong "
            "answers. Nearness: F1 of words and word pairs that do not stand in the question.",
            "在给出错误答案的题目中，与某个已知错误答案比与任何参考答案都更接近的输出所占比例；"
            "接近程度为去掉题目中已有的字词后，单个词与相邻词对的 F1。",
        ),
        source="after Lin et al. 2022, TruthfulQA; Cheng et al. 2023, HalluQA",
    ),
    Mean(
        "margin",
        of="margin",
        better="higher",
        bounds=(-1.0, 1.0),
        title=Bilingual("Margin over wrong answers", "相对错误答案的优势"),
        about=Bilingual(
            "Similarity to the nearest reference less similarity to the nearest wrong answer, mean over outputs, "
            "-1 to 1.",
            "与最接近的参考答案的相似度减去与最接近的错误答案的相似度，对输出取平均，范围 -1 至 1。",
        ),
        source="after Lin et al. 2022, TruthfulQA",
    ),
)
