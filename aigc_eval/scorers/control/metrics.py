"""The rates over instructions and prompts, and how steady a candidate is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aigc_eval.intervals import Floats
from aigc_eval.metrics import AnyPerPrompt, Metric, Rate, Ratio
from aigc_eval.records import Bilingual

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["METRICS", "Steadiness"]

_SOURCE = "Zhou et al. 2023 (IFEval)"
_FAMILIES = {
    "keywords": Bilingual("keywords", "关键词"),
    "language": Bilingual("language", "语言"),
    "length": Bilingual("length", "篇幅"),
    "content": Bilingual("content", "内容要件"),
    "format": Bilingual("format", "格式"),
    "combination": Bilingual("combined instructions", "组合指令"),
    "startend": Bilingual("start and end", "开头与结尾"),
    "case": Bilingual("letter case", "大小写"),
    "punctuation": Bilingual("punctuation", "标点"),
}


@dataclass(frozen=True)
class Steadiness(AnyPerPrompt):
    """Probability that two draws of a prompt agree: both follow all of its instructions, or neither does; 0..1.

    (C(c, 2) + C(n - c, 2)) / C(n, 2) with c of n samples that do, averaged over prompts with at least two; unbiased. It
    has no worst for an unscored answer, which may agree or not.

    >>> import pandas as pd
    >>> rows = pd.DataFrame({"prompt": ["a"] * 4, "value": [1.0, 1.0, 1.0, 0.0]})
    >>> Steadiness("steadiness")(rows)
    0.5
    """

    k: int | None = 2

    def of_prompts(self, ordered: Floats, k: int) -> Floats:
        """P(two draws without replacement are both hits or both misses)."""
        n, hits = ordered.shape[1], self.hit_counts(ordered)
        agreeing = hits * (hits - 1) + (n - hits) * (n - hits - 1)
        return np.asarray(agreeing / (n * (n - 1)), np.float64)

    def filled(self, rows: pd.DataFrame) -> pd.DataFrame | None:
        """None: an unscored answer has no worst."""
        return None


def _prompts(name: str, of: str, title: Bilingual, about: Bilingual) -> Rate:
    return Rate(name, better="higher", of=of, title=title, about=about, source=_SOURCE)


def _share(name: str, over: str, under: str, title: Bilingual, about: Bilingual) -> Ratio:
    return Ratio(
        name, better="higher", bounds=(0.0, 1.0), unit="share", over=over, under=under, title=title, about=about,
        source=_SOURCE,
    )  # fmt: skip


def _of_family(name: str, words: Bilingual) -> Ratio:
    return _share(
        f"{name}_strict",
        f"{name}_followed",
        f"{name}_instructions",
        Bilingual(f"Instructions followed: {words.en}", f"指令遵循率：{words.zh}"),
        Bilingual(
            f"Instructions of the family “{words.en}” that are followed, divided by all of the family that apply, "
            "summed over outputs; the text as it stands.",
            f"全部输出中，“{words.zh}”类指令被遵循的条数除以该类适用指令总条数；按输出原文判定。",
        ),
    )


METRICS: tuple[Metric, ...] = (
    _prompts(
        "prompt_strict",
        "value",
        Bilingual("Prompts with all instructions followed (strict)", "指令全部遵循率（严格）"),
        Bilingual(
            "Outputs that follow every instruction of their prompt, divided by all outputs; the text as it stands.",
            "遵循题目中每一条适用指令的输出数除以输出总数；按输出原文判定。",
        ),
    ),
    _prompts(
        "prompt_loose",
        "prompt_loose",
        Bilingual("Prompts with all instructions followed (loose)", "指令全部遵循率（宽松）"),
        Bilingual(
            "Outputs of which each instruction is followed by at least one of eight variants, divided by all outputs; "
            "a variant is the text with or without its first line, its last line and its asterisks.",
            "每条指令都至少被八种变体之一遵循的输出数除以输出总数；变体即保留或去掉首行、末行与星号后的文本。",
        ),
    ),
    _share(
        "instruction_strict",
        "followed_strict",
        "instructions",
        Bilingual("Instructions followed (strict)", "指令遵循率（严格）"),
        Bilingual(
            "Instructions that are followed, summed over outputs, divided by all that apply; the text as it stands.",
            "各输出遵循的指令条数之和除以适用指令总条数；按输出原文判定。",
        ),
    ),
    _share(
        "instruction_loose",
        "followed_loose",
        "instructions",
        Bilingual("Instructions followed (loose)", "指令遵循率（宽松）"),
        Bilingual(
            "Instructions that at least one of eight variants follows, summed over outputs, divided by all that apply; "
            "a variant is the text with or without its first line, its last line and its asterisks.",
            "各输出中至少被八种变体之一遵循的指令条数之和除以适用指令总条数；变体即保留或去掉首行、"
            "末行与星号后的文本。",
        ),
    ),
    *(_of_family(name, words) for name, words in _FAMILIES.items()),
    Steadiness(
        "steadiness",
        better="higher",
        title=Bilingual("Steadiness over samples", "多次采样的一致性"),
        about=Bilingual(
            "Probability that two samples of the same prompt agree in following all of its instructions or not, "
            "(C(c,2) + C(n-c,2)) / C(n,2) where c of n samples follow; mean over prompts with two samples or more.",
            "同一题目的两个样本在“是否遵循全部指令”上一致的概率，即 (C(c,2) + C(n-c,2)) / C(n,2)，"
            "n 个样本中有 c 个遵循；对至少采样两次的题目取平均。",
        ),
        source="own definition",
    ),
)
"""Prompt-level strict first."""
