"""The metrics of readability: ratios and formulas of counts summed over answers."""

from __future__ import annotations

import math

from aigc_eval.metrics import Mean, Metric, Ratio
from aigc_eval.records import Bilingual
from aigc_eval.scorers.readability.formulas import (
    OfSums,
    coleman_liau,
    flesch_kincaid_grade,
    flesch_reading_ease,
    smog,
)

__all__ = ["EASE", "METRICS"]

EASE = frozenset({"flesch_reading_ease", "mean_reading_ease"})
"""Metrics where more is easier; of all others less is."""

_THREE = ("words", "sentences", "syllables")
METRICS: tuple[Metric, ...] = (
    Ratio(
        "characters_per_sentence",
        over="characters",
        under="all_sentences",
        better=None,
        unit="characters",
        title=Bilingual("Characters per sentence", "平均句长（字符）"),
        about=Bilingual(
            "Letters (a Han character is one) and digits divided by sentences, both summed over outputs; any script. "
            "Compare within a language only.",
            "全部输出的字母、汉字与数字总数除以句子总数，适用于任何文字。只能在同一语言内比较，"
            "中英文之间不可直接相比。",
        ),
        source="own definition",
    ),
    OfSums(
        "flesch_reading_ease",
        formula=flesch_reading_ease,
        parts=_THREE,
        better=None,
        bounds=(-math.inf, 121.22),
        title=Bilingual("Flesch reading ease (English)", "Flesch 易读度（英文）"),
        about=Bilingual(
            "206.835 - 1.015 words/sentences - 84.6 syllables/words, from counts summed over the English sentences "
            "of all outputs; higher is easier, 60 to 70 is plain English, at most 121.22.",
            "206.835 - 1.015×词数/句数 - 84.6×音节数/词数，计数先在全部输出的英文句子上累加；"
            "越高越易读，60 至 70 为平易英文，最大 121.22。",
        ),
        source="Flesch 1948",
    ),
    OfSums(
        "flesch_kincaid_grade",
        formula=flesch_kincaid_grade,
        parts=_THREE,
        better=None,
        bounds=(-3.4, math.inf),
        unit="grade",
        title=Bilingual("Flesch-Kincaid grade (English)", "Flesch-Kincaid 年级（英文）"),
        about=Bilingual(
            "0.39 words/sentences + 11.8 syllables/words - 15.59, from counts summed over the English sentences of all "
            "outputs: the US school grade that can read it; lower is easier.",
            "0.39×词数/句数 + 11.8×音节数/词数 - 15.59，计数先在全部输出的英文句子上累加：大致能读懂的美国学校年级；"
            "越低越易读。",
        ),
        source="Kincaid et al. 1975",
    ),
    OfSums(
        "smog",
        formula=smog,
        parts=("polysyllables", "sentences"),
        better=None,
        bounds=(3.1291, math.inf),
        unit="grade",
        title=Bilingual("SMOG grade (English)", "SMOG 年级（英文）"),
        about=Bilingual(
            "1.043 sqrt(30 P/S) + 3.1291 with P words of three or more syllables in S English sentences, both summed "
            "over all outputs: a US school grade; lower is easier. Not given under 30 sentences.",
            "1.043×√(30×P/S) + 3.1291，P 为三个及以上音节的词数，S 为英文句数，均先在全部输出上累加：美国学校年级；"
            "越低越易读。少于 30 句时不计算。",
        ),
        source="McLaughlin 1969",
    ),
    OfSums(
        "coleman_liau",
        formula=coleman_liau,
        parts=("letters", "words", "sentences"),
        better=None,
        unit="grade",
        title=Bilingual("Coleman-Liau grade (English)", "Coleman-Liau 年级（英文）"),
        about=Bilingual(
            "5.88 letters/words - 29.6 sentences/words - 15.8, from counts summed over the English sentences of all "
            "outputs: a US school grade that needs no syllables; lower is easier.",
            "5.88×字母数/词数 - 29.6×句数/词数 - 15.8，计数先在全部输出的英文句子上累加：不依赖音节的美国学校年级；"
            "越低越易读。",
        ),
        source="Coleman & Liau 1975",
    ),
    Mean(
        "mean_reading_ease",
        of="flesch_reading_ease",
        better=None,
        bounds=(-math.inf, 121.22),
        title=Bilingual("Mean reading ease (English)", "逐篇平均 Flesch 易读度（英文）"),
        about=Bilingual(
            "Flesch reading ease (206.835 - 1.015 words/sentences - 84.6 syllables/words) of each output with English "
            "sentences, mean over outputs: each weighs the same, and very short outputs make it jump.",
            "每个含英文句子的输出的 Flesch 易读度（206.835 - 1.015×词数/句数 - 84.6×音节数/词数），再对输出取平均："
            "每篇权重相同，很短的输出会使其波动较大。",
        ),
        source="Flesch 1948",
    ),
    Ratio(
        "zh_characters_per_sentence",
        over="zh_characters",
        under="zh_sentences",
        better=None,
        unit="characters",
        title=Bilingual("Characters per Chinese sentence", "中文平均句长（字）"),
        about=Bilingual(
            "Han characters of the Chinese sentences, each Latin word or number counted as one more, divided by these "
            "sentences (ended by 。！？ or a line break), both summed over outputs.",
            "全部输出的中文句子的字数除以句数；外文单词和数字各计一字，以句号、问号、叹号或换行断句。",
        ),
        source="own definition",
    ),
    Ratio(
        "zh_characters_per_clause",
        over="zh_characters",
        under="zh_clauses",
        better=None,
        unit="characters",
        title=Bilingual("Characters per Chinese clause", "中文平均分句长（字）"),
        about=Bilingual(
            "Han characters of the Chinese sentences, each Latin word or number counted as one more, divided by their "
            "clauses (runs between any marks, ，、；： included), both summed over outputs.",
            "全部输出的中文句子的字数除以分句数；外文单词和数字各计一字，"
            "分句为任意标点（包括逗号、顿号、分号、冒号）之间的一段文字。",
        ),
        source="own definition; compare 徐巍、姚振晔、陈冬华 2021 (会计研究), who use mean clause length",
    ),
    Mean(
        "zh_longest_clause",
        of="longest_clause",
        better=None,
        bounds=(0.0, math.inf),
        unit="characters",
        title=Bilingual("Longest Chinese clause", "中文最长分句（字）"),
        about=Bilingual(
            "Han characters of the longest run without any mark in an output, each Latin word or number counted as one "
            "more, mean over outputs with Chinese sentences.",
            "输出中不含任何标点的最长一段文字的字数（外文单词和数字各计一字），再对含中文句子的输出取平均。",
        ),
        source="own definition",
    ),
)
