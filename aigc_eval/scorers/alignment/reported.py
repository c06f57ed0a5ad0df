"""What is reported of a verifier's probabilities."""

from __future__ import annotations

from aigc_eval.metrics import Mean, Metric, Rate, Ratio
from aigc_eval.records import Bilingual

__all__ = ["alignment_metrics"]


def alignment_metrics(threshold: float) -> tuple[Metric, ...]:
    """The mean probability (main), the share of outputs without an unsupported sentence, the share of sentences."""
    t = f"{threshold:g}"
    return (
        Mean(
            "alignment",
            better="higher",
            title=Bilingual("Alignment with the evidence", "与证据的一致程度"),
            about=Bilingual(
                "Probability that a sentence is supported, by the verifier, the largest over evidence chunks; mean "
                "over the output's sentences, then over outputs.",
                "核查模型给出的句子“得到支持”的概率（取各证据片段中的最高值），先对输出中的句子、再对输出取平均。",
            ),
            source="Zha et al. 2023, AlignScore",
        ),
        Rate(
            "fully_supported_rate",
            of="fully_supported",
            better="higher",
            title=Bilingual("Fully supported outputs", "完全有据的输出占比"),
            about=Bilingual(
                f"Share of outputs whose every sentence has a probability of support, by the verifier, of {t} or more.",
                f"核查模型给出的每个句子得到支持的概率都不低于 {t} 的输出所占比例。",
            ),
            source="Tang et al. 2024, MiniCheck",
        ),
        Ratio(
            "supported_sentences",
            over="supported",
            under="sentences",
            better="higher",
            bounds=(0.0, 1.0),
            unit="share",
            title=Bilingual("Supported sentences", "有据句子占比"),
            about=Bilingual(
                f"Sentences with a probability of support, by the verifier, of {t} or more divided by all sentences, "
                "summed over outputs.",
                f"全部输出中，核查模型给出的得到支持的概率不低于 {t} 的句子数除以句子总数。",
            ),
            source="Tang et al. 2024, MiniCheck",
        ),
    )
