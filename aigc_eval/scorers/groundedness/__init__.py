"""Groundedness: whether each sentence of an answer is supported by the prompt's evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import ClassVar

from aigc_eval.errors import UsageError
from aigc_eval.metrics import Mean, Metric, Rate, Ratio
from aigc_eval.models.nli import Nli
from aigc_eval.plugin import ModelRef, Scorer
from aigc_eval.records import Bilingual, Dimension, Generation, Prompt, Score, Span
from aigc_eval.scorers.groundedness.check import KINDS, check
from aigc_eval.scorers.groundedness.claims import is_claim, stripped
from aigc_eval.scorers.groundedness.evidence import Evidence
from aigc_eval.scorers.groundedness.nli import Best, best, verdict
from aigc_eval.scorers.groundedness.numerals import flat
from aigc_eval.text import sentences

__all__ = ["Groundedness"]

_NO_EVIDENCE = Score(note="no evidence")
_NO_CLAIM = Score(note="no sentence that asserts anything")


@dataclass(frozen=True)
class Groundedness(Scorer):
    """Share of an answer's sentences that the prompt's `evidence` supports, 0..1, higher is better.

    Without `model`, a deterministic check: numbers with their units, dates, names, polarity, and the share of content
    words found. What has no support is a span "unsupported:number", ":date", ":name", ":negation" or ":content". It
    does not understand language: rewordings are missed, and so are false relations between words that all occur.

    With `model` (a natural-language-inference classifier), each sentence j scores
    s_j = max_i P(entailment | chunk i) - max_i P(contradiction | chunk i), -1..1, as SummaC-ZS does (Laban et al.
    2022), and is supported where s_j >= `threshold`. `chunk` is the most tokens of evidence read at once; 1 reads
    sentence by sentence. Part `nli` is the mean of s_j. An answer that would take more than `max_pairs` readings
    (sentences times chunks) is an error.

    Questions, greetings, refusals and headings assert nothing and do not count. Prompts without evidence, and answers
    that assert nothing, do not apply.
    """

    model: ModelRef | None = None
    threshold: float = 0.5
    chunk: int = 256
    max_pairs: int = 10_000

    batch_size: ClassVar[int] = 32
    dimensions: ClassVar[tuple[Dimension, ...]] = ("factuality",)
    title: ClassVar[Bilingual] = Bilingual("Groundedness (given evidence)", "有据性（给定证据）")
    languages: ClassVar[tuple[str, ...]] = ("en", "zh")
    needs: ClassVar[str] = "prompts with evidence; optionally an NLI model"
    source: ClassVar[str] = "with a model: Laban et al. 2022, SummaC"

    def __post_init__(self) -> None:
        if not -1 <= self.threshold <= 1:
            raise UsageError(f"groundedness: threshold must lie between -1 and 1, not {self.threshold}")
        if self.chunk < 1 or self.max_pairs < 1:
            raise UsageError(
                f"groundedness: chunk and max_pairs must be at least 1, not {self.chunk}, {self.max_pairs}"
            )

    def load(self) -> None:
        """Open the model, if there is one."""
        if self.model is not None:
            self._nli  # noqa: B018

    def signature(self) -> str:
        """Name, options and version; `check:deterministic` where there is no model."""
        return super().signature() + ("|check:deterministic" if self.model is None else "|check:nli")

    @cached_property
    def _nli(self) -> Nli:
        return Nli(str(self.model))

    def not_applicable(self, prompt: Prompt) -> str:
        """Prompts without evidence."""
        return "" if _evidence(prompt) else _NO_EVIDENCE.note

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        """One score a generation."""
        if self.model is None:
            return [_checked(generation) for generation in batch]
        return self._inferred(batch)

    def metrics(self) -> tuple[Metric, ...]:
        """The share of supported sentences first."""
        return _COMMON + (_KINDS if self.model is None else _INFERRED)

    @classmethod
    def all_metrics(cls) -> tuple[Metric, ...]:
        """Those without a model and those with one."""
        return (*_COMMON, *_KINDS, *_INFERRED)

    def _inferred(self, batch: Sequence[Generation]) -> list[Score]:
        claims = [_claims(generation) for generation in batch]
        items = [
            (_evidence(generation.prompt), [generation.text[a:b] for a, b in places])
            for generation, places in zip(batch, claims, strict=True)
        ]
        judged = best(self._nli, items, self.chunk, self.max_pairs)
        rows = zip(batch, claims, judged, strict=True)
        return [self._summed(generation, places, found) for generation, places, found in rows]

    def _summed(self, generation: Generation, places: Sequence[tuple[int, int]], found: Sequence[Best] | None) -> Score:
        if not _evidence(generation.prompt):
            return _NO_EVIDENCE
        if found is None:
            return Score(error=f"{len(places):,} sentences and this much evidence are more than max_pairs readings")
        if not places:
            return _NO_CLAIM
        margins = [judged.entailment - judged.contradiction for judged in found]
        labels = [None if m >= self.threshold else verdict(j) for m, j in zip(margins, found, strict=True)]
        spans = [Span(a, b, label) for (a, b), label in zip(places, labels, strict=True) if label]
        supported = labels.count(None)
        return Score(
            supported / len(places),
            {
                "sentences": float(len(places)),
                "supported": float(supported),
                "fully_supported": float(supported == len(places)),
                "contradicted": float(labels.count("unsupported:contradiction")),
                "nli": sum(margins) / len(margins),
            },
            tuple(spans),
        )


def _evidence(prompt: Prompt) -> list[str]:
    return [passage for passage in prompt.evidence if passage.strip()]


def _claims(generation: Generation) -> list[tuple[int, int]]:
    """Places of the asserting sentences, without list markers; none where there is no evidence to judge them by."""
    whole = flat(generation.text)
    if not _evidence(generation.prompt):
        return []
    return [(a + stripped(whole[a:b]), b) for a, b in sentences(whole) if is_claim(whole[a:b])]


@lru_cache(maxsize=16)  # the samples of a prompt follow one another
def _read(passages: tuple[str, ...], question: str) -> Evidence:
    return Evidence(passages, question)


def _checked(generation: Generation) -> Score:
    passages = _evidence(generation.prompt)
    if not passages:
        return _NO_EVIDENCE
    found = check(generation.text, _read(tuple(passages), generation.prompt.text))
    if not found:
        return _NO_CLAIM
    counts = Counter(finding.kind for sentence in found for finding in sentence.findings)
    supported = sum(not sentence.findings for sentence in found)
    spans = (Span(*f.place, f"unsupported:{f.kind}") for sentence in found for f in sentence.findings)
    return Score(
        supported / len(found),
        {
            "sentences": float(len(found)),
            "supported": float(supported),
            "fully_supported": float(supported == len(found)),
            "content": sum(sentence.found for sentence in found) / len(found),
            **{f"unsupported_{kind}": float(counts[kind]) for kind in KINDS},
        },
        tuple(spans),
    )


_SUPPORT = "own definition; with a model: Laban et al. 2022, SummaC"
_COMMON: tuple[Metric, ...] = (
    Ratio(
        "supported_sentences",
        over="supported",
        under="sentences",
        better="higher",
        bounds=(0.0, 1.0),
        unit="share",
        title=Bilingual("Supported sentences", "有据句子占比"),
        about=Bilingual(
            "Sentences that the evidence supports divided by sentences that assert something, summed over the outputs "
            "to prompts with evidence.",
            "有证据题目的全部输出中，得到证据支持的陈述句数除以陈述句总数。",
        ),
        source=_SUPPORT,
    ),
    Rate(
        "fully_supported_rate",
        of="fully_supported",
        better="higher",
        title=Bilingual("Fully supported outputs", "完全有据的输出占比"),
        about=Bilingual(
            "Share of outputs of which the evidence supports every sentence that asserts something.",
            "每个陈述句都得到证据支持的输出所占比例。",
        ),
        source=_SUPPORT,
    ),
)
_KIND_WORDS = {
    "number": (
        Bilingual("an unsupported number", "无据数字"),
        Bilingual("a number that the evidence does not have", "证据中没有的数字"),
    ),
    "date": (
        Bilingual("an unsupported date", "无据日期"),
        Bilingual("a date that the evidence does not have", "证据中没有的日期"),
    ),
    "name": (
        Bilingual("an unsupported name", "无据名称"),
        Bilingual("a name that neither evidence nor prompt has", "证据和提示词中都没有的名称"),
    ),
    "negation": (
        Bilingual("a reversed statement", "与证据相反的陈述"),
        Bilingual(
            "a sentence that denies what the evidence's nearest sentence affirms, or affirms what it denies",
            "与证据中最接近的句子一肯定一否定的句子",
        ),
    ),
    "content": (
        Bilingual("unsupported content", "无据内容"),
        Bilingual(
            "a sentence of whose content words (Chinese: character pairs) the evidence has less than half",
            "所含实词（中文为相邻字对）见于证据者不足一半的句子",
        ),
    ),
}
_KINDS: tuple[Metric, ...] = tuple(
    Rate(
        f"unsupported_{kind}_rate",
        of=f"unsupported_{kind}",
        at_least=1.0,
        title=Bilingual(f"Outputs with {title.en}", f"含{title.zh}的输出占比"),
        about=Bilingual(f"Share of outputs with {what.en}.", f"含有{what.zh}的输出所占比例。"),
        source="own definition",
    )
    for kind, (title, what) in _KIND_WORDS.items()
)
_INFERRED: tuple[Metric, ...] = (
    Mean(
        "nli",
        of="nli",
        better="higher",
        bounds=(-1.0, 1.0),
        title=Bilingual("Entailment less contradiction", "蕴含与矛盾概率之差"),
        about=Bilingual(
            "Highest P(entailment) less highest P(contradiction) of a sentence over evidence chunks, by the model, "
            "mean over the output's sentences that assert something, then over outputs.",
            "对每个陈述句取模型在各证据片段上给出的最高蕴含概率减最高矛盾概率，先对句子、再对输出取平均。",
        ),
        source="Laban et al. 2022, SummaC-ZS",
    ),
    Rate(
        "contradicted_rate",
        of="contradicted",
        at_least=1.0,
        title=Bilingual("Outputs that contradict the evidence", "与证据矛盾的输出占比"),
        about=Bilingual(
            "Share of outputs with an unsupported sentence whose P(contradiction) exceeds its P(entailment) by the "
            "model.",
            "含有未获支持、且模型给出的矛盾概率高于蕴含概率的句子的输出所占比例。",
        ),
        source="after Laban et al. 2022, SummaC",
    ),
)
