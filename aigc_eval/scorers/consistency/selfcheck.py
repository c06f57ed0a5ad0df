"""SelfCheckGPT: sentences that the other samples of the same prompt do not bear out."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from aigc_eval import huggingface as hf
from aigc_eval.errors import UsageError
from aigc_eval.metrics import Mean, Metric, Rate
from aigc_eval.models.nli import Nli
from aigc_eval.plugin import ModelRef, Scorer
from aigc_eval.records import Bilingual, Dimension, Generation, Score, Sees, Span
from aigc_eval.text import fold, sentences, tokens

__all__ = ["SelfCheckNgram", "SelfCheckNli"]

_ALONE = Score(note="one sample: there is nothing to compare with")
_LEFT_ALONE = Score(error="no other sample came to an answer that it can be compared with")
_EMPTY = Score(note="no sentence")
SOURCE = "Manakul et al. 2023, SelfCheckGPT"


def _others(generation: Generation) -> list[str]:
    """The texts of the other samples that came to an answer."""
    return [s.text for s in generation.siblings if s.outcome in ("ok", "truncated") and s.text.strip()]


def _alone(generation: Generation) -> Score:
    """There never was another sample, or all of them were lost."""
    return _LEFT_ALONE if generation.siblings else _ALONE


@dataclass(frozen=True)
class SelfCheckNli(Scorer):
    """How far the other samples contradict each sentence of an answer, by a natural-language-inference model.

    A sentence r has the score mean over samples S of P(contradiction | S, r) / (P(entailment) + P(contradiction)),
    0..1, higher where it is likelier made up; the value is the mean over sentences. Sentences at or above `threshold`
    are spans "inconsistent". The premise is the sample, as the paper says (its code passes them the other way round).
    It needs `samples` of 2 or more in the bench; the paper draws 20. Answers longer than `max_characters` are errors,
    and such samples are not compared with: the cost of a pair is the product of their lengths.
    """

    model: ModelRef
    threshold: float = 0.5
    max_characters: int = 4000

    version: ClassVar[str] = "2"
    sees: ClassVar[Sees] = "siblings"
    batch_size: ClassVar[int] = 64
    dimensions: ClassVar[tuple[Dimension, ...]] = ("factuality",)
    title: ClassVar[Bilingual] = Bilingual("Self-consistency (SelfCheckGPT, NLI)", "自我一致性（SelfCheckGPT，NLI）")
    needs: ClassVar[str] = "several samples a prompt; an NLI model with a contradiction class"
    source: ClassVar[str] = SOURCE

    def __post_init__(self) -> None:
        """Refuse a threshold that means nothing."""
        if not 0 < self.threshold <= 1:
            raise UsageError(f"selfcheck_nli: threshold must be above 0 and at most 1, not {self.threshold}")

    def load(self) -> None:
        """Load the model; UsageError where it has no contradiction class."""
        if not self._nli.three_way:
            raise UsageError(f"selfcheck_nli: model {hf.label(self.model)!r} has no contradiction class")

    @cached_property
    def _nli(self) -> Nli:
        return Nli(self.model)

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        """One score an answer; all (sample, sentence) pairs of the batch go through the model together, each once."""
        pairs = dict.fromkeys(
            (other, g.text[a:b])
            for g in batch
            if len(g.text) <= self.max_characters
            for other in self._comparable(g)
            for a, b in sentences(g.text)
        )
        judged = dict(zip(pairs, self._nli.judge(list(pairs)), strict=True))
        doubts = {
            pair: j.contradiction / (j.entailment + j.contradiction) if j.entailment + j.contradiction > 0 else 0.5
            for pair, j in judged.items()
        }
        return [self._score(g, doubts) for g in batch]

    def _comparable(self, generation: Generation) -> list[str]:
        return [text for text in _others(generation) if len(text) <= self.max_characters]

    def _score(self, generation: Generation, doubts: Mapping[tuple[str, str], float]) -> Score:
        text = generation.text
        if len(text) > self.max_characters:
            return Score(error=f"{len(text):,} characters: more than max_characters ({self.max_characters:,})")
        others, places = self._comparable(generation), sentences(text)
        if not others or not places:
            return _EMPTY if others else _alone(generation)
        each = [math.fsum(doubts[other, text[a:b]] for other in others) / len(others) for a, b in places]
        spans = [Span(*place, "inconsistent") for place, x in zip(places, each, strict=True) if x >= self.threshold]
        return Score(math.fsum(each) / len(each), {"worst_sentence": max(each)}, tuple(spans))

    def metrics(self) -> tuple[Metric, ...]:
        """The mean first."""
        return (
            Mean(
                "inconsistency",
                title=Bilingual("Contradicted by other samples", "与其他样本相矛盾的程度"),
                about=Bilingual(
                    "P(contradiction) / (P(entailment) + P(contradiction)) of premise S and hypothesis r by the model, "
                    "mean over the output's sentences r and the other samples S of its prompt, then over outputs.",
                    "以同题其他样本 S 为前提、以输出中的句子 r 为假设，模型给出的 P(矛盾) / (P(蕴含) + P(矛盾))，"
                    "先对句子和样本、再对输出取平均。",
                ),
            ),
            Rate(
                "inconsistent_rate",
                of="worst_sentence",
                at_least=self.threshold,
                title=Bilingual("Outputs with a contradicted sentence", "含矛盾句的输出占比"),
                about=Bilingual(
                    "Share of outputs with a sentence whose P(contradiction) / (P(entailment) + P(contradiction)), "
                    f"mean over the other samples of its prompt, is {self.threshold:g} or more.",
                    "含有这样一句的输出所占比例：其 P(矛盾) / (P(蕴含) + P(矛盾)) 对同题其他样本的平均值"
                    f"不低于 {self.threshold:g}。",
                ),
            ),
        )

    @classmethod
    def all_metrics(cls) -> tuple[Metric, ...]:
        """Those at the default threshold."""
        return cls(ModelRef("")).metrics()


@dataclass(frozen=True)
class SelfCheckNgram(Scorer):
    """How unexpected an answer's words are under a unigram model of all samples of the prompt. No model is needed.

    p(t) is the share of token t among the tokens of the other samples and the answer itself, which smooths it. The
    value is the mean of -ln p(t) over the answer's tokens, in nats, 0 and more; higher where words occur in this answer
    only, which is likelier made up. Part `max_nll`: the mean over sentences of their most surprising token. A token is
    a word or a Han character, folded. It compares only between candidates on the same prompts.
    """

    version: ClassVar[str] = "2"
    sees: ClassVar[Sees] = "siblings"
    dimensions: ClassVar[tuple[Dimension, ...]] = ("factuality",)
    title: ClassVar[Bilingual] = Bilingual(
        "Self-consistency (SelfCheckGPT, unigram)", "自我一致性（SelfCheckGPT，一元）"
    )
    needs: ClassVar[str] = "several samples a prompt"
    source: ClassVar[str] = SOURCE

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        """One score an answer."""
        return [_unigram(g) for g in batch]

    def metrics(self) -> tuple[Metric, ...]:
        """The mean first: SelfCheckGPT's avg_neg_logprob and max_neg_logprob of a document."""
        return (
            Mean(
                "surprise",
                bounds=(0.0, math.inf),
                unit="nats",
                title=Bilingual("Surprise among samples", "相对其他样本的意外程度"),
                about=Bilingual(
                    "-ln p, p a token's share of all tokens in all samples of the prompt, mean over the output's "
                    "tokens, then over outputs.",
                    "-ln p，p 为词元在同题全部样本的全部词元中所占比例，先对输出中的词元、再对输出取平均。",
                ),
            ),
            Mean(
                "max_surprise",
                of="max_nll",
                bounds=(0.0, math.inf),
                unit="nats",
                title=Bilingual("Most surprising word", "最意外的词"),
                about=Bilingual(
                    "Largest -ln p of a sentence's tokens, p a token's share of all tokens in all samples of the "
                    "prompt, mean over the output's sentences, then over outputs.",
                    "每句各词元中最大的 -ln p，p 为词元在同题全部样本的全部词元中所占比例，先对句子、再对输出取平均。",
                ),
            ),
        )


def _unigram(generation: Generation) -> Score:
    others = _others(generation)
    words = [[w for w in map(fold, tokens(generation.text[a:b])) if w] for a, b in sentences(generation.text)]
    words = [sentence for sentence in words if sentence]
    if not others or not words:
        return _EMPTY if others else _alone(generation)
    counts = Counter(word for sentence in words for word in sentence)
    counts.update(w for other in others for w in map(fold, tokens(other)) if w)
    total = math.log(counts.total())
    nll = [[total - math.log(counts[word]) for word in sentence] for sentence in words]
    mean = math.fsum(x for sentence in nll for x in sentence) / sum(map(len, nll))
    return Score(mean, {"max_nll": math.fsum(map(max, nll)) / len(nll)})
