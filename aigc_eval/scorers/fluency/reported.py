"""The numbers that fluency reports: shares of faulty answers, repetition, and what a language model says."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aigc_eval.intervals import Floats, Ints
from aigc_eval.metrics import Mean, Metric, Rate, Ratio
from aigc_eval.records import Bilingual
from aigc_eval.scorers.fluency.faults import FAULTS, Fault

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MeanOfTexts", "fault_metrics", "likelihood_metrics", "typicality_metrics"]

_OWN = "own definition"
HIGHEST = 300.0
"""Exponent from which on a single text's perplexity counts as e to this, so that squares of sums stay finite."""


@dataclass(frozen=True)
class MeanOfTexts(Ratio):
    """Mean over texts of each text's own ratio a_i / b_i (a macro mean); with `exp`, of e to that power.

    With `exp` this is the mean of perplexities that `evaluate`'s module of that name reports: one short odd text can
    outweigh all the others. Texts with b_i = 0 have no ratio and do not count.

    >>> import pandas as pd
    >>> rows = pd.DataFrame({"prompt": ["a", "b"], "nll": [0.0, 5 * math.log(9)], "tokens": [1.0, 5.0]})
    >>> MeanOfTexts("macro", over="nll", under="tokens", exp=True)(rows).__round__(6)
    5.0
    """

    def __call__(self, rows: pd.DataFrame) -> float | None:
        """The mean; None without texts."""
        values = self._texts(rows)
        values = values[~np.isnan(values)]
        return float(values.mean()) if len(values) else None

    def without(self, rows: pd.DataFrame, blocks: Ints) -> Floats:
        """Leave-one-block-out means from block sums, in one pass."""
        values = self._texts(rows)
        has = ~np.isnan(values)
        most = int(blocks.max()) + 1
        sums = np.bincount(blocks[has], weights=values[has], minlength=most)
        counts = np.bincount(blocks[has], minlength=most)
        with np.errstate(invalid="ignore", divide="ignore"):
            left: Floats = (sums.sum() - sums) / (counts.sum() - counts)
        return left

    def _texts(self, rows: pd.DataFrame) -> Floats:
        """Each text's number, NaN where it has none; shape (n,)."""
        a, b = self._columns(rows)
        ratios: Floats = np.full(len(a), math.nan)
        np.divide(self.scale * a, b, out=ratios, where=b > 0)
        return np.exp(np.minimum(ratios, HIGHEST)) if self.exp else ratios


def fault_metrics() -> tuple[Metric, ...]:
    """`degenerate_rate`, a rate for each fault, and the measures of repetition behind them."""
    return (
        Rate(
            "degenerate_rate",
            title=Bilingual("Degenerate outputs", "劣化输出率"),
            about=Bilingual(
                "Share of outputs with any of six faults: repetition, cut off, rambling, wrong language, garbled "
                "characters, empty.",
                "存在以下任一缺陷的输出所占比例：内容重复、内容截断、答后续写、语言不符、乱码、空输出。",
            ),
            source=_OWN,
        ),
        *map(_rate, FAULTS),
        *map(_repeated, (2, 3, 4)),
        Mean(
            "longest_repeat",
            of="longest_repeat",
            unit="share",
            title=Bilingual("Longest repeated passage", "最长重复片段占比"),
            about=Bilingual(
                "Characters of the longest passage that stands at two places (which may overlap), divided by those of "
                "the output; mean over outputs.",
                "在两处出现（可重叠）的最长片段的字符数除以该输出的字符数，再对输出取平均。",
            ),
            source=_OWN,
        ),
    )


def _rate(fault: Fault) -> Rate:
    source = "Welleck et al. 2020 (rep-n); limits of our own" if fault.part == "repetition" else _OWN
    return Rate(f"{fault.part}_rate", of=fault.part, title=fault.title, about=fault.about, source=source)


def _repeated(n: int) -> Mean:
    return Mean(
        f"rep_{n}",
        of=f"rep_{n}",
        unit="share",
        title=Bilingual(f"Repeated {n}-grams", f"{n} 元组重复率"),
        about=Bilingual(
            f"1 - different {n}-grams / all {n}-grams of an output, mean over outputs. Tokens are words, single Han "
            "characters and punctuation marks.",
            f"每个输出的 1 - 不同 {n} 元组数 / {n} 元组总数，再对输出取平均。词元为单词、单个汉字或标点。",
        ),
        source="Welleck et al. 2020 (seq-rep-n)",
    )


class _Unit(NamedTuple):
    """What likelihood is divided by: the part that counts it, the metrics' names, and what to say of it."""

    part: str
    name: str
    title: Bilingual
    unit: Bilingual
    note: Bilingual


_UNITS = (
    _Unit(
        "tokens",
        "perplexity",
        Bilingual("Perplexity", "困惑度"),
        Bilingual("tokens", "词元"),
        Bilingual("Compares only under one tokenizer.", "仅在使用同一分词器时可比。"),
    ),
    _Unit(
        "words",
        "word_perplexity",
        Bilingual("Perplexity per word", "每词困惑度"),
        Bilingual("words", "词"),
        Bilingual(
            "Words are runs between white space, and each Han character is one. Compares across tokenizers, not "
            "languages.",
            "以空白分隔的片段为词，每个汉字单独成词。可跨分词器比较，不可跨语言比较。",
        ),
    ),
    _Unit(
        "characters",
        "character_perplexity",
        Bilingual("Perplexity per character", "每字符困惑度"),
        Bilingual("characters", "字符"),
        Bilingual(
            "Characters are Unicode code points, white space included. Compares across tokenizers, not languages.",
            "字符指 Unicode 码点，含空白。可跨分词器比较，不可跨语言比较。",
        ),
    ),
)
_MACRO = Bilingual(
    "A few short or odd outputs dominate it, so the weighted one is the main number.",
    "易受少数过短或异常的输出左右，应以加权值为主。",
)
_PERPLEXITY_SOURCE = "Jelinek et al. 1977"


_ACROSS = Bilingual("Compares across tokenizers, not languages.", "可跨分词器比较，不可跨语言比较。")
_BITS = (
    Ratio(
        "bits_per_byte",
        over="nll",
        under="bytes",
        scale=1 / math.log(2),
        unit="bits",
        title=Bilingual("Bits per byte", "每字节比特数"),
        about=Bilingual(
            f"Negative log-likelihood of all outputs in bits, divided by their UTF-8 bytes. {_ACROSS.en}",
            f"全部输出的负对数似然之和（比特）除以其 UTF-8 字节数。{_ACROSS.zh}",
        ),
        source="Gao et al. 2020 (The Pile)",
    ),
    MeanOfTexts(
        "macro_bits_per_byte",
        over="nll",
        under="bytes",
        scale=1 / math.log(2),
        unit="bits",
        title=Bilingual("Bits per byte, mean over outputs", "每字节比特数（按输出平均）"),
        about=Bilingual(
            f"Negative log-likelihood in bits divided by UTF-8 bytes of each output, mean over outputs. {_ACROSS.en}",
            f"每个输出的负对数似然（比特）除以其 UTF-8 字节数，再对输出取平均。{_ACROSS.zh}",
        ),
        source="Gao et al. 2020 (The Pile)",
    ),
)


def likelihood_metrics(*, own_unigrams: bool = False) -> tuple[Metric, ...]:
    """Perplexity by token first, then by word and character, bits per byte, SLOR, and the means over answers.

    `own_unigrams`: SLOR is by token, from the user's counts, and not by word from the packaged table.
    """
    weighted, mean = _BITS
    return (*map(_micro, _UNITS), weighted, _slor(own_unigrams=own_unigrams), *map(_macro, _UNITS), mean)


def typicality_metrics() -> tuple[Metric, ...]:
    """What the bundled model's norms of human text say: the share of atypical outputs, and how far they are from it."""
    measures = Bilingual(
        "bits per byte above and SLOR below those of human texts of the language and length, repetition, garbled "
        "characters. Outputs that are neither English nor Chinese do not count.",
        "每字节比特数高于、SLOR 低于同语言同长度的人类文本的幅度，重复程度，乱码。非中英文输出不计。",
    )
    return (
        Rate(
            "atypical_rate",
            of="atypical",
            title=Bilingual("Unlike human text", "异于人类文本"),
            about=Bilingual(
                f"Share of outputs of which any of four measures by the bundled model reaches its limit: {measures.en}",
                f"按内置模型的四项度量，任一项达到限值的输出所占比例：{measures.zh}",
            ),
            source=_OWN,
        ),
        Mean(
            "atypicality",
            of="atypicality",
            bounds=(0.0, math.inf),
            unit="share",
            title=Bilingual("Distance from human text", "与人类文本的距离"),
            about=Bilingual(
                f"Largest of four measures by the bundled model, each divided by its limit, mean over outputs: "
                f"{measures.en}",
                f"内置模型四项度量各除以其限值，取最大者，再对输出取平均：{measures.zh}",
            ),
            source=_OWN,
        ),
    )


def _slor(*, own_unigrams: bool) -> Metric:
    packaged = Bilingual(
        "n counts words, single Han characters and punctuation marks, p_u is their probability by the packaged English "
        "and Chinese table. Compares across tokenizers; not given for other scripts.",
        "n 为单词、单个汉字与标点的个数，p_u 为按内置中英文频率表得出的概率。可跨分词器比较；不适用于其他文字。",
    )
    own = Bilingual(
        "n counts tokens, p_u is their probability by the given counts, add-one. Compares only under one tokenizer.",
        "n 为词元数，p_u 为按所给词元计数（加一平滑）得出的概率。仅在使用同一分词器时可比。",
    )
    units = own if own_unigrams else packaged
    return Mean(
        "slor",
        of="slor",
        better="higher",
        bounds=(-math.inf, math.inf),
        unit="nats",
        title=Bilingual("SLOR (log-odds over unigrams)", "SLOR（相对一元词频的对数优势）"),
        about=Bilingual(
            "(ln p_M - ln p_u) / n, mean over outputs: likelihood p_M of the output under the model beyond that of its "
            f"words in any order, so that rare words and length do not count. {units.en}",
            "(ln p_M - ln p_u) / n，对输出取平均：模型对该输出的似然 p_M 超出各词单独似然的部分，"
            f"不受罕见词与长度影响。{units.zh}",
        ),
        source="Pauls & Klein 2012; Lau et al. 2017; Kann et al. 2018",
    )


def _micro(unit: _Unit) -> Metric:
    return Ratio(
        unit.name,
        over="nll",
        under=unit.part,
        exp=True,
        bounds=(1.0, math.inf),
        title=unit.title,
        about=Bilingual(
            f"Exponential of (negative log-likelihood of all outputs / {unit.unit.en} of all outputs): weighted by "
            f"length. {unit.note.en}",
            f"e 的（全部输出的负对数似然之和 / 全部输出的{unit.unit.zh}数）次方，即按长度加权。{unit.note.zh}",
        ),
        source=_PERPLEXITY_SOURCE,
    )


def _macro(unit: _Unit) -> Metric:
    return MeanOfTexts(
        f"macro_{unit.name}",
        over="nll",
        under=unit.part,
        exp=True,
        bounds=(1.0, math.inf),
        title=Bilingual(f"{unit.title.en}, mean over outputs", f"{unit.title.zh}（按输出平均）"),
        about=Bilingual(
            f"Mean over outputs of e to the power of (negative log-likelihood / {unit.unit.en}) of each. {_MACRO.en} "
            f"{unit.note.en}",
            f"每个输出 e 的（负对数似然 / {unit.unit.zh}数）次方，再对输出取平均。{_MACRO.zh}{unit.note.zh}",
        ),
        source=f"{_PERPLEXITY_SOURCE}; mean as in Hugging Face evaluate, perplexity",
    )
