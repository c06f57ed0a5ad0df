"""What is reported of an answer's claims."""

from __future__ import annotations

import math

from aigc_eval.metrics import Mean, Metric, Rate, Ratio
from aigc_eval.records import Bilingual

__all__ = ["claim_metrics"]

_SOURCE = "Min et al. 2023, FActScore"


def claim_metrics(gamma: int) -> tuple[Metric, ...]:
    """FActScore over responding outputs (main), respond ratio, penalised score, share of all claims, their number."""
    return (
        Mean(
            "factscore",
            of="factscore",
            better="higher",
            title=Bilingual("FActScore", "FActScore"),
            about=Bilingual(
                "Claims of an output that evidence or references support divided by its claims, by the judge model, "
                "mean over the outputs that make any claim. Read it beside respond_ratio, never alone: who answers "
                "only what is safe scores high.",
                "裁判模型判定得到证据或参考答案支持的主张数除以该输出的主张数，仅对作出主张的输出取平均。"
                "必须与“作答率”一起看，不可单独引用：只答有把握的问题，分数自然高。",
            ),
            source=_SOURCE,
        ),
        Rate(
            "respond_ratio",
            of="responds",
            better="higher",
            title=Bilingual("Respond ratio", "作答率"),
            about=Bilingual(
                "Share of outputs that make at least one claim, rather than refuse, ask back or say nothing checkable.",
                "至少作出一条主张的输出所占比例；拒绝、反问或没有可核实内容的输出不算作答。",
            ),
            source=_SOURCE,
        ),
        Mean(
            "factscore_penalised",
            of="penalised",
            better="higher",
            title=Bilingual("FActScore, short answers penalised", "FActScore（短输出受罚）"),
            about=Bilingual(
                f"Supported claims / claims of an output, times exp(1 - {gamma} / n) where it makes n <= {gamma} "
                "claims, mean over the outputs that make any claim.",
                f"每个输出的有据主张数 / 主张数，在其主张数 n 不超过 {gamma} 时乘以 exp(1 - {gamma} / n)，"
                "再对作出主张的输出取平均。",
            ),
            source=_SOURCE,
        ),
        Ratio(
            "supported_claims",
            over="supported",
            under="claims",
            better="higher",
            bounds=(0.0, 1.0),
            unit="share",
            title=Bilingual("Supported claims", "有据主张占比"),
            about=Bilingual(
                "Supported claims of all outputs divided by claims of all outputs: long outputs weigh more.",
                "全部输出中有据的主张数除以主张总数；长输出的权重更大。",
            ),
        ),
        Mean(
            "claims_per_response",
            of="claims",
            better=None,
            bounds=(0.0, math.inf),
            title=Bilingual("Claims per response", "每个输出的主张数"),
            about=Bilingual(
                "Claims of an output, mean over the outputs that make any.",
                "输出的主张条数，对作出主张的输出取平均。",
            ),
            source=_SOURCE,
        ),
    )
