"""The numbers that groundedness reports."""

from __future__ import annotations

from aigc_eval.metrics import Mean, Metric, Rate, Ratio
from aigc_eval.records import Bilingual

__all__ = ["CALIBRATED", "COMMON", "FINDINGS", "INFERRED"]

_SUPPORT = "own definition; with a model: Laban et al. 2022, SummaC"
COMMON: tuple[Metric, ...] = (
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
    "overall": (
        Bilingual("a sentence too little supported overall", "综合依据不足的句子"),
        Bilingual(
            "a sentence that the bundled model finds too little supported though no single check found anything",
            "各项检查均未发现问题、但内置模型判定依据不足的句子",
        ),
    ),
}
FINDINGS: tuple[Metric, ...] = tuple(
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
CALIBRATED: tuple[Metric, ...] = (
    Mean(
        "support",
        of="support",
        better="higher",
        bounds=(0.0, 1.0),
        title=Bilingual("Probability of support", "有据概率"),
        about=Bilingual(
            "Probability that the evidence supports a sentence, by the bundled model, mean over the output's sentences "
            "that assert something, then over outputs.",
            "内置模型给出的句子得到证据支持的概率，先对输出中的陈述句、再对输出取平均。",
        ),
        source="own definition",
    ),
)
INFERRED: tuple[Metric, ...] = (
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
