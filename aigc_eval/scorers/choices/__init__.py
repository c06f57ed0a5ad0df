"""Choices: multiple choice and minimal pairs, by log-likelihood or by what the answer says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from aigc_eval.answers import named_choice
from aigc_eval.metrics import Mean, Metric, Rate
from aigc_eval.plugin import Scorer
from aigc_eval.records import Bilingual, Dimension, Generation, Prompt, Score

__all__ = ["Choices"]


@dataclass(frozen=True)
class Choices(Scorer):
    """Whether the right one of a prompt's `choices` is preferred; the right ones are those among its `references`.

    Where the generator gives `likelihoods` (ln p of each choice: the generator `likelihood`, or recorded ones), the
    preferred choice is the most likely one: value 1.0 if it is right, else 0.0; a tie with a wrong one is wrong. Parts:
    `per_character` (the same after division by the choice's characters, since choices differ in length), `mc2`
    (probability of the right choices among all) and `margin` (best right less best wrong ln p). TruthfulQA's MC1 and
    MC2 are `accuracy` and `mc2` of its two lists; BLiMP, SLING and CLiMP are prompts without text and two choices.

    Where it does not, the answer's text decides (`answers.named_choice`: letter or words, English and Chinese); one
    that names no choice, or several, is wrong, and the part `unread` is 1.
    """

    version: ClassVar[str] = "2"
    dimensions: ClassVar[tuple[Dimension, ...]] = ("factuality",)
    title: ClassVar[Bilingual] = Bilingual("Multiple choice and minimal pairs", "选择题与最小对立体")
    needs: ClassVar[str] = "prompts with choices and references among them"
    source: ClassVar[str] = "Lin et al. 2022, TruthfulQA; Warstadt et al. 2020, BLiMP"

    def not_applicable(self, prompt: Prompt) -> str:
        """Prompts whose choices hold no right or no wrong one."""
        if not prompt.choices:
            return "no choices"
        right = set(prompt.choices) & set(prompt.references)
        return "" if right and set(prompt.choices) - right else "no right or no wrong choice"

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        """One score a generation."""
        return [_score(generation) for generation in batch]

    def metrics(self) -> tuple[Metric, ...]:
        """Accuracy first."""
        return _METRICS


def _score(generation: Generation) -> Score:
    prompt = generation.prompt
    right = [choice in prompt.references for choice in prompt.choices]
    if not any(right) or all(right):
        return Score(note="no right or no wrong choice")
    if not generation.likelihoods:
        named = named_choice(generation.text, prompt.choices)
        return Score(float(named is not None and right[named]), {"unread": float(named is None)})
    lengths = [max(1, len(choice)) for choice in prompt.choices]
    each = [x / n for x, n in zip(generation.likelihoods, lengths, strict=True)]
    margin = _margin(generation.likelihoods, right)
    parts = {"per_character": float(_margin(each, right) > 0), "mc2": _mc2(generation.likelihoods, right)}
    return Score(float(margin > 0), {**parts, "margin": margin})


def _margin(likelihoods: Sequence[float], right: Sequence[bool]) -> float:
    """Ln p of the best right choice less that of the best wrong one."""
    pairs = list(zip(likelihoods, right, strict=True))
    return max(x for x, ok in pairs if ok) - max(x for x, ok in pairs if not ok)


def _mc2(likelihoods: Sequence[float], right: Sequence[bool]) -> float:
    """Sum of p over right choices / sum of p over all.

    >>> round(_mc2([-1, -2, -1.5, -3], [True, True, False, False]), 6)
    0.648362
    """
    top = max(likelihoods)
    p = [math.exp(x - top) for x in likelihoods]
    return math.fsum(x for x, ok in zip(p, right, strict=True) if ok) / math.fsum(p)


_METRICS: tuple[Metric, ...] = (
    Rate(
        "accuracy",
        better="higher",
        title=Bilingual("Accuracy", "准确率"),
        about=Bilingual(
            "Share of outputs whose most likely choice (by the sum of ln p of its tokens), or else the choice that the "
            "text names, is right: TruthfulQA's MC1, accuracy on minimal pairs.",
            "最可能的选项（各词元 ln p 之和最大）或文本所指选项为正确选项的输出所占比例；"
            "即 TruthfulQA 的 MC1、最小对立体准确率。",
        ),
    ),
    Rate(
        "accuracy_per_character",
        of="per_character",
        better="higher",
        title=Bilingual("Accuracy per character", "按字符归一的准确率"),
        about=Bilingual(
            "Share of outputs whose most likely choice is right, ln p divided by the choice's characters, so that "
            "longer choices are not at a disadvantage.",
            "最可能的选项为正确选项的输出所占比例，ln p 先除以选项的字符数，以免较长的选项吃亏。",
        ),
        source="Gao et al. 2021, lm-evaluation-harness (acc_norm)",
    ),
    Mean(
        "mc2",
        of="mc2",
        better="higher",
        title=Bilingual("Probability of right choices (MC2)", "正确选项的概率（MC2）"),
        about=Bilingual(
            "Sum of p over the right choices divided by the sum of p over all choices, mean over outputs.",
            "正确选项的概率 p 之和除以全部选项的概率之和，再对输出取平均。",
        ),
        source="Lin et al. 2022, TruthfulQA",
    ),
    Mean(
        "margin",
        of="margin",
        better="higher",
        bounds=(-math.inf, math.inf),
        unit="nats",
        title=Bilingual("Margin of right choices", "正确选项的对数概率优势"),
        about=Bilingual(
            "Ln p of the likeliest right choice less that of the likeliest wrong one, mean over outputs.",
            "最可能的正确选项与最可能的错误选项的 ln p 之差，再对输出取平均。",
        ),
        source="own definition",
    ),
    Rate(
        "unread_rate",
        of="unread",
        title=Bilingual("Outputs that name no choice", "未指明选项的输出占比"),
        about=Bilingual(
            "Share of outputs, among those judged by their text, that name no choice or several; they count as wrong.",
            "按文本判定的输出中，未指明选项或指明多个选项的输出所占比例；此类输出计为错误。",
        ),
        source="own definition",
    ),
)
