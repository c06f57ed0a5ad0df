"""Diversity: how different a candidate's answers are, from each other and within themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from aigc_eval.metrics import Metric
from aigc_eval.plugin import Scorer
from aigc_eval.records import Bilingual, Generation, Score
from aigc_eval.scorers.diversity.metrics import CompressionRatio, Distinct, SelfBleu, SelfRepetition, SetMetric
from aigc_eval.scorers.diversity.repeats import repeats

__all__ = ["CompressionRatio", "Distinct", "Diversity", "SelfBleu", "SelfRepetition", "SetMetric"]


@dataclass(frozen=True)
class Diversity(Scorer):
    """Lexical diversity of a candidate's answers, in any language; Chinese by character n-grams.

    The metrics are functions of the set of answers (`prompt_...`: of the answers to one prompt, for benches that draw
    several samples). Candidates are compared at an equal token budget.

    The value of a single answer, for the drill-down, is the share of its tokens that do not repeat four or more tokens
    it has said before: 1 repeats nothing. Repeats are marked by spans "repeated"; a repeat weighs one for a word and
    half for a Han character or a mark, and counts from a weight of four. Parts: `tokens`, `repeated`.
    """

    version: ClassVar[str] = "1"
    title: ClassVar[Bilingual] = Bilingual("Diversity", "回答的多样性")
    languages: ClassVar[tuple[str, ...]] = ("any",)
    source: ClassVar[str] = "Li et al. 2016; Zhu et al. 2018; Salkar et al. 2022; Shaib et al. 2024"

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        """The share of each answer that does not repeat itself; not applicable without a word."""
        return [
            Score(note="no words")
            if tokens == 0
            else Score(1 - repeated / tokens, {"tokens": float(tokens), "repeated": float(repeated)}, spans)
            for tokens, repeated, spans in repeats([g.text for g in batch])
        ]

    def metrics(self) -> tuple[Metric, ...]:
        """Distinct-2 first."""
        return (
            *(_distinct(n) for n in (2, 1, 3, 4)),
            SelfBleu(
                "self_bleu",
                title=Bilingual("Self-BLEU-4", "自BLEU-4"),
                about=Bilingual(
                    "Mean BLEU-4 of each answer with all others as references (nltk's smoothing 1); 1: all alike",
                    "以其余全部回答为参考，逐条计算 BLEU-4（nltk 平滑方法 1）后取平均；1 表示完全雷同",
                ),
                source="Zhu et al. 2018 (Texygen)",
            ),
            CompressionRatio(
                "compression_ratio",
                title=Bilingual("Compression ratio", "压缩比"),
                about=Bilingual(
                    "Bytes over gzipped bytes (level 9) of all answers together; the more repetitive, the higher",
                    "全部回答合并后的字节数与 gzip（9 级）压缩后字节数之比；重复越多，比值越高",
                ),
                source="Shaib et al. 2024",
            ),
            SelfRepetition(
                "self_repetition",
                title=Bilingual("Self-repetition", "自我重复度"),
                about=Bilingual(
                    "Mean of ln(1 + how often other answers hold each 4-gram of an answer); 0: no 4-gram twice",
                    "对每条回答，统计其四元组在其他回答中出现的次数之和 s，取 ln(1 + s) 的平均；0 表示无任何重复",
                ),
                source="Salkar et al. 2022",
            ),
            Distinct(
                "prompt_distinct_2",
                n=2,
                by_prompt=True,
                better="higher",
                title=Bilingual("Distinct-2 per prompt", "单题 distinct-2"),
                about=Bilingual(
                    "Distinct-2 among the answers to one prompt, averaged over prompts with several answers",
                    "同一提示词的多次回答之间的 distinct-2，对有多次回答的提示词取平均",
                ),
                source="Li et al. 2016",
            ),
            SelfBleu(
                "prompt_self_bleu",
                by_prompt=True,
                title=Bilingual("Self-BLEU-4 per prompt", "单题自BLEU-4"),
                about=Bilingual(
                    "Self-BLEU-4 among the answers to one prompt, averaged over prompts with several answers",
                    "同一提示词的多次回答之间的自BLEU-4，对有多次回答的提示词取平均",
                ),
                source="Zhu et al. 2018 (Texygen)",
            ),
        )


def _distinct(n: int) -> Distinct:
    return Distinct(
        f"distinct_{n}",
        n=n,
        better="higher",
        title=Bilingual(f"Distinct-{n}", f"distinct-{n}（不重复 {n} 元组占比）"),
        about=Bilingual(
            f"Different {n}-grams over all {n}-grams of all answers (words; characters in Chinese)",
            f"全部回答中不同的 {n} 元组数与 {n} 元组总数之比（英文按词，中文按字）",
        ),
        source="Li et al. 2016",
    )
