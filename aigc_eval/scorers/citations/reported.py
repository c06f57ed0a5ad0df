"""What is reported of quotations and citations."""

from __future__ import annotations

from aigc_eval.metrics import Mean, Metric, Rate, Ratio
from aigc_eval.records import Bilingual

__all__ = ["citation_metrics"]

_ALCE = "Gao et al. 2023, ALCE"
_OWN = "own definition"


def citation_metrics(*, inferred: bool) -> tuple[Metric, ...]:
    """What is borne out (main), quotations, citations; with a model citation recall and precision as well."""
    return (*_COMMON, *(_INFERRED if inferred else ()))


def _share(
    name: str, over: str, under: str, title: Bilingual, about: Bilingual, *, lower: bool = False, source: str = _OWN
) -> Ratio:
    return Ratio(
        name, over=over, under=under, better="lower" if lower else "higher", bounds=(0.0, 1.0), unit="share",
        title=title, about=about, source=source,
    )  # fmt: skip


_COMMON: tuple[Metric, ...] = (
    _share(
        "verified",
        "right",
        "checked",
        Bilingual("Quotations and cited sentences borne out", "引文与标注句属实占比"),
        Bilingual(
            "Quotations that stand in the evidence word for word, plus cited sentences that the passages they cite "
            "support, divided by all quotations and cited sentences, summed over outputs.",
            "全部输出中逐字见于证据的引文数，加上得到所标注段落支持的句子数，除以引文总数与带标注句子总数之和。",
        ),
    ),
    _share(
        "quote_accuracy",
        "quotes_found",
        "quotes",
        Bilingual("Quotations found in the evidence", "引文见于证据的占比"),
        Bilingual(
            "Quotations that stand in one passage word for word, punctuation, width, script and case aside, divided by "
            "all quotations of at least three words or six Han characters.",
            "忽略标点、全半角、繁简和大小写后逐字见于某一段证据的引文数，除以引文总数（至少三个词或六个汉字才算引文）"
            "。",
        ),
    ),
    Rate(
        "fabricated_quote_rate",
        of="fabricated",
        source=_OWN,
        title=Bilingual("Outputs with a made-up quotation", "含捏造引文的输出占比"),
        about=Bilingual(
            "Share of outputs with a quotation that does not stand in the evidence word for word, among those that "
            "quote.",
            "在带有引文的输出中，至少一处引文并非逐字见于证据的输出所占比例。",
        ),
    ),
    _share(
        "citation_validity",
        "citations_valid",
        "citations",
        Bilingual("Citations of an existing passage", "标注指向存在段落的占比"),
        Bilingual(
            "Citations whose number is that of a passage (1 is the first) divided by all citations.",
            "编号对应某一段证据（从 1 起）的标注数除以标注总数。",
        ),
    ),
    _share(
        "supported_cited_share",
        "cited_supported",
        "cited_sentences",
        Bilingual("Cited sentences with support", "标注句得到支持的占比"),
        Bilingual(
            "Cited sentences that the passages they cite support divided by cited sentences. Support: entailment by "
            "the model; without one, all numbers and at least half of the content words.",
            "得到所标注段落支持的句子数除以带标注的句子数。支持指模型判为蕴含；"
            "没有模型时指数字全部出现且实词至少出现一半。",
        ),
        source="after " + _ALCE,
    ),
    _share(
        "uncited_sentence_share",
        "uncited",
        "sentences",
        Bilingual("Statements without a citation", "无标注陈述句占比"),
        Bilingual(
            "Sentences that state something and cite nothing divided by all such and all citing sentences, over the "
            "outputs that cite (with the option required: over all outputs).",
            "有所陈述却没有任何标注的句子数，除以陈述句与带标注句的总数；"
            "只统计带标注的输出（选项 required 下统计全部输出）。",
        ),
        lower=True,
    ),
)
_INFERRED: tuple[Metric, ...] = (
    Mean(
        "citation_recall",
        of="citation_recall",
        better="higher",
        title=Bilingual("Citation recall", "标注召回率"),
        about=Bilingual(
            "Share of an output's sentences that cite existing passages which together entail them, mean over outputs.",
            "输出中标注了存在的段落、且这些段落合起来蕴含该句的句子所占比例，再对输出取平均。",
        ),
        source=_ALCE,
    ),
    Mean(
        "citation_precision",
        of="citation_precision",
        better="higher",
        title=Bilingual("Citation precision", "标注精确率"),
        about=Bilingual(
            "Share of an output's citations that a supported sentence needs: the passage alone entails it, or the "
            "others that it cites do not. Mean over outputs.",
            "输出中确有必要的标注所占比例：所在句得到支持，且该段落单独即蕴含该句，"
            "或去掉它后其余段落不再蕴含该句；再对输出取平均。",
        ),
        source=_ALCE,
    ),
)
