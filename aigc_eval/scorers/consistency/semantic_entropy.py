"""Semantic entropy: how many different things a model says when it answers the same prompt again."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from aigc_eval.metrics import Mean, Metric
from aigc_eval.models.nli import Nli
from aigc_eval.plugin import ModelRef, Scorer
from aigc_eval.records import Bilingual, Dimension, Generation, Score, Sees
from aigc_eval.text import fold

__all__ = ["SemanticEntropy", "clusters", "entropy"]


def clusters(count: int, same: Mapping[tuple[int, int], bool]) -> list[int]:
    """Cluster number of each of `count` answers, by first appearance: the connected components of `same` (i < j).

    Entailment is not transitive. Components do not depend on the order of the answers; comparing with a cluster's first
    member only, as published code does, does.

    >>> clusters(4, {(0, 2): True, (2, 3): True})
    [0, 1, 0, 0]
    """
    root = list(range(count))

    def find(i: int) -> int:
        while root[i] != i:
            root[i] = root[root[i]]
            i = root[i]
        return i

    for (i, j), equal in same.items():
        if equal:
            low, high = sorted((find(i), find(j)))
            root[high] = low
    numbers: dict[int, int] = {}
    return [numbers.setdefault(find(i), len(numbers)) for i in range(count)]


def entropy(ids: Sequence[int], weights: Sequence[float]) -> float:
    """-sum p_c ln p_c over clusters, p_c the cluster's share of the weights, in nats.

    >>> round(entropy([0, 1, 2, 1], [1, 1, 1, 1]), 6)
    1.039721
    """
    total = math.fsum(weights)
    shares = [math.fsum(w for i, w in zip(ids, weights, strict=True) if i == c) / total for c in set(ids)]
    return max(0.0, -math.fsum(p * math.log(p) for p in shares if p > 0))


@dataclass(frozen=True)
class SemanticEntropy(Scorer):
    """Entropy over the meanings of all samples of a prompt, in nats: 0 where all say the same, ln k where k differ.

    Two answers mean the same where each entails the other by the model (its most probable class), read after the
    question; answers that differ in case, width, script and white space only are the same anyway. Meanings are
    connected components. The value is the discrete form, p_c = share of samples; where the generator gives `logprob`
    for all, part `likelihood` weighs each sample with its probability (p to the power 1 / its tokens). Every sample of
    a prompt has the same value. It needs `samples` of 2 or more in the bench. A prompt with an answer longer than
    `max_characters` is an error: the cost of a pair is the product of their lengths.
    """

    model: ModelRef
    max_characters: int = 4000

    version: ClassVar[str] = "2"
    sees: ClassVar[Sees] = "siblings"
    batch_size: ClassVar[int] = 64
    dimensions: ClassVar[tuple[Dimension, ...]] = ("factuality",)
    title: ClassVar[Bilingual] = Bilingual("Semantic entropy", "语义熵")
    needs: ClassVar[str] = "several samples a prompt; an NLI model"
    source: ClassVar[str] = "Kuhn et al. 2023; Farquhar et al. 2024"

    def load(self) -> None:
        """Load the model."""
        self._nli  # noqa: B018

    @cached_property
    def _nli(self) -> Nli:
        return Nli(self.model)

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        """One score an answer; the samples of one prompt are judged once, all pairs of the batch together."""
        groups = [_answers(g) for g in batch]
        groups = [group if all(len(a.text) <= self.max_characters for a in group) else [] for group in groups]
        pairs = dict.fromkeys(
            (f"{g.prompt.text} {a.text}", f"{g.prompt.text} {b.text}")
            for g, group in zip(batch, groups, strict=True)
            for a in group
            for b in group
            if _plain(a.text) != _plain(b.text)
        )
        entails = {
            pair: judged.entailment > max(judged.neutral, judged.contradiction)
            for pair, judged in zip(pairs, self._nli.judge(list(pairs)), strict=True)
        }
        too_long = Score(error=f"an answer to this prompt is longer than max_characters ({self.max_characters:,})")
        return [_score(g, group, entails) if group else too_long for g, group in zip(batch, groups, strict=True)]

    def metrics(self) -> tuple[Metric, ...]:
        """The discrete form first."""
        return (
            Mean(
                "entropy",
                bounds=(0.0, math.inf),
                unit="nats",
                title=Bilingual("Semantic entropy (discrete)", "语义熵（离散）"),
                about=Bilingual(
                    "-Σ p_c ln p_c over the meanings c of a prompt's samples, p_c the share of samples with that "
                    "meaning (samples that entail each other by the model), mean over outputs.",
                    "对同一题目样本的各含义 c 求 -Σ p_c ln p_c（由模型判定相互蕴含的样本为同一含义，"
                    "p_c 为该含义的样本所占比例），再对输出取平均。",
                ),
            ),
            Mean(
                "likelihood_entropy",
                of="likelihood",
                bounds=(0.0, math.inf),
                unit="nats",
                title=Bilingual("Semantic entropy (likelihood)", "语义熵（似然）"),
                about=Bilingual(
                    "-Σ p_c ln p_c over the meanings c of a prompt's samples (samples that entail each other by the "
                    "model), p_c that meaning's share of the weights, a sample's weight e to its mean token "
                    "log-probability; mean over outputs. Only where the generator gives log-probabilities.",
                    "对同一题目样本的各含义 c 求 -Σ p_c ln p_c（由模型判定相互蕴含的样本为同一含义），"
                    "p_c 为该含义所占权重的比例，样本的权重为 e 的（平均词元对数概率）次方；再对输出取平均。"
                    "需生成器给出对数概率。",
                ),
            ),
            Mean(
                "meanings",
                of="meanings",
                bounds=(1.0, math.inf),
                title=Bilingual("Different meanings", "不同含义的数量"),
                about=Bilingual(
                    "Number of meanings among a prompt's samples (samples that entail each other by the model are "
                    "one), mean over outputs.",
                    "同一题目样本中不同含义的数量（由模型判定相互蕴含的样本为同一含义），再对输出取平均。",
                ),
            ),
        )

    @classmethod
    def all_metrics(cls) -> tuple[Metric, ...]:
        """They do not depend on the model."""
        return cls(ModelRef("")).metrics()


def _plain(text: str) -> str:
    return " ".join(fold(text).split())


def _answers(generation: Generation) -> list[Generation]:
    """The answer and its siblings, those that came to one, in order of their samples."""
    found = [g for g in (generation, *generation.siblings) if g.outcome in ("ok", "truncated") and g.text.strip()]
    return sorted(found, key=lambda g: g.request.sample)


def _score(generation: Generation, answers: Sequence[Generation], entails: Mapping[tuple[str, str], bool]) -> Score:
    if len(answers) < 2 and generation.siblings:
        return Score(error="no other sample came to an answer that it can be compared with")
    if len(answers) < 2:
        return Score(note="one sample: there is nothing to compare with")
    shown = [f"{generation.prompt.text} {a.text}" for a in answers]
    same = {
        (i, j): _plain(answers[i].text) == _plain(answers[j].text)
        or (entails[shown[i], shown[j]] and entails[shown[j], shown[i]])
        for i in range(len(answers))
        for j in range(i + 1, len(answers))
    }
    ids = clusters(len(answers), same)
    parts = {"meanings": float(max(ids) + 1)}
    means = [_mean_logprob(a) for a in answers]
    known = [m for m in means if m is not None]
    if len(known) == len(means):
        top = max(known)
        parts["likelihood"] = entropy(ids, [math.exp(m - top) for m in known])
    return Score(entropy(ids, [1.0] * len(ids)), parts)


def _mean_logprob(answer: Generation) -> float | None:
    tokens = answer.usage.get("output_tokens", 0)
    return None if answer.logprob is None or tokens <= 0 else answer.logprob / tokens
