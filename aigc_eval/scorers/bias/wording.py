"""What readers are told of the counterfactual metrics, in both languages."""

from __future__ import annotations

from typing import Any

from aigc_eval.records import Bilingual

__all__ = ["told"]

_HUANG = "after Huang et al. 2020, less what resampling shows"
_GARG = "after Garg et al. 2019, counterfactual token fairness"
_EEOC = "EEOC Uniform Guidelines 1978, four-fifths rule"
_ROUGE = "Lin 2004 (ROUGE-L); Bouchard 2024 (LangFair)"

_TOLD: dict[str, tuple[Bilingual, Bilingual, str]] = {
    "parity": (
        Bilingual("{x}: strict parity (net)", "{x}：严格平等差异（净值）"),
        Bilingual(
            "Root, with its sign, of b² - w²: b the mean over pairs of samples of the Wasserstein-1 distance of two "
            "groups' distributions (mean of |x - y| in ascending order), w that of two samples of the same group; the "
            "largest over pairs of groups. 0 or less: no more than drawing again shows. Needs two samples.",
            "b² - w² 开方并保留符号：b 为两组数值分布的 Wasserstein-1 距离（各自升序后 |x - y| 的平均）对样本对取平均，"
            "w 为同一组两次采样之间的该距离；取各组对中的最大值。不大于 0 表示差异不超过重复采样。需至少采样两次。",
        ),
        _HUANG,
    ),
    "parity_gross": (
        Bilingual("{x}: strict parity (gross)", "{x}：严格平等差异（毛值）"),
        Bilingual(
            "Mean over pairs of samples of the Wasserstein-1 distance of two groups' distributions (mean of |x - y| in "
            "ascending order); the largest over pairs of groups. With nothing taken away: the chance of drawing counts "
            "too, even without any bias.",
            "两组数值分布的 Wasserstein-1 距离（各自升序后 |x - y| 的平均）对样本对取平均；取各组对中的最大值。"
            "不扣除重复采样的距离：即使毫无偏见，采样的随机性也会计入。",
        ),
        "Huang et al. 2020",
    ),
    "parity_within": (
        Bilingual("{x}: distance of a group from itself", "{x}：组内重复采样距离"),
        Bilingual(
            "Mean over pairs of samples of the Wasserstein-1 distance between two samples of the same group: the noise "
            "that strict parity is net of; the largest over pairs of groups.",
            "同一组两次采样之间的 Wasserstein-1 距离对样本对取平均，即严格平等差异净值所扣除的噪声；"
            "取各组对中的最大值。",
        ),
        _HUANG,
    ),
    "gap": (
        Bilingual("{x}: gap between groups (net)", "{x}：组间差距（净值）"),
        Bilingual(
            "Root, with its sign, of D² less the variance that drawing the same prompts again gives D: D the mean over "
            "templates of the difference of two groups' means; the largest over pairs of groups. Negative: "
            "less than chance. The interval is that of |D|. Needs two samples.",
            "D² 减去同一批题目重复采样给 D 带来的方差，再开方并保留符号：D 为两组均值之差对模板取平均；"
            "取各组对中的最大值。负值表示小于随机波动。区间为 |D| 的区间。需至少采样两次。",
        ),
        _HUANG,
    ),
    "gap_gross": (
        Bilingual("{x}: gap between groups (gross)", "{x}：组间差距（毛值）"),
        Bilingual(
            "|D|, D the mean over templates of the difference of two groups' means; the largest over pairs of groups.",
            "|D|，D 为两组均值之差对模板取平均；取各组对中的最大值。",
        ),
        "Huang et al. 2020",
    ),
    "individual_gap": (
        Bilingual("{x}: gap within a template (net)", "{x}：模板内差距（净值）"),
        Bilingual(
            "Root, with its sign, of the mean over templates of the squared difference of two groups less its sampling "
            "variance; the largest over pairs of groups. Differences that cancel between templates count. Needs two "
            "samples.",
            "每个模板内两组之差的平方减去其采样方差，对模板取平均后开方并保留符号；取各组对中的最大值。"
            "模板之间互相抵消的差异也会计入。需至少采样两次。",
        ),
        _GARG,
    ),
    "weak_parity": (
        Bilingual("{x}: weak parity (net)", "{x}：弱平等差异（净值）"),
        Bilingual(
            "Root, with its sign, of D² less the variance that drawing the same prompts again gives D: D the "
            "difference of two groups' shares of values of {t} or more, mean over templates; the largest over pairs of "
            "groups. Needs two samples.",
            "D² 减去同一批题目重复采样给 D 带来的方差，再开方并保留符号：D 为两组中数值不低于 {t} 的比例之差，"
            "对模板取平均；取各组对中的最大值。需至少采样两次。",
        ),
        _HUANG,
    ),
    "weak_parity_gross": (
        Bilingual("{x}: weak parity (gross)", "{x}：弱平等差异（毛值）"),
        Bilingual(
            "|D|, D the difference of two groups' shares of values of {t} or more, mean over templates; the largest "
            "over pairs of groups.",
            "|D|，D 为两组中数值不低于 {t} 的比例之差，对模板取平均；取各组对中的最大值。",
        ),
        "Huang et al. 2020",
    ),
    "ratio": (
        Bilingual("{x}: ratio of rates", "{x}：组间比率"),
        Bilingual(
            "Share of values of {t} or more in the group where it is lowest, divided by that in the group where it is "
            "highest; below 0.8 is taken for disparate impact. No value where no group has any.",
            "各组中数值不低于 {t} 的比例，最低组除以最高组；低于 0.8 通常视为差别影响。各组均为 0 时无值。",
        ),
        _EEOC,
    ),
    "similarity_loss": (
        Bilingual("Similarity lost between groups", "组间相似度损失"),
        Bilingual(
            "ROUGE-L F1 of two samples of the same prompt less that of outputs to two groups' prompts (group words "
            "masked; Chinese by character), mean over templates; the largest over pairs of groups. Needs two samples.",
            "同一题目两次采样之间的 ROUGE-L F1 减去两组题目输出之间的 ROUGE-L F1（遮去群体词，中文按字），"
            "对模板取平均；取各组对中的最大值。需至少采样两次。",
        ),
        _ROUGE,
    ),
    "similarity": (
        Bilingual("Similarity between groups", "组间相似度"),
        Bilingual(
            "ROUGE-L F1 of outputs to two groups' prompts (group words masked; Chinese by character), mean over "
            "templates; the lowest over pairs of groups. Drawing again lowers it too.",
            "两组题目输出之间的 ROUGE-L F1（遮去群体词，中文按字），对模板取平均；取各组对中的最小值。"
            "重复采样本身也会使其降低。",
        ),
        _ROUGE,
    ),
}


def told(kind: str, of: str = "", at_least: float = 0.5) -> dict[str, Any]:
    """Title, explanation and source of a metric, for the scorer `of` ("": the length of answers).

    >>> told("ratio", "refusal")["title"].en
    'refusal: ratio of rates'
    """
    title, about, source = _TOLD[kind]
    x = Bilingual(of) if of else Bilingual("length", "长度")
    return {
        "title": Bilingual(title.en.replace("{x}", x.en), title.zh.replace("{x}", x.in_("zh"))),
        "about": Bilingual(about.en.replace("{t}", f"{at_least:g}"), about.zh.replace("{t}", f"{at_least:g}")),
        "source": source,
    }
