"""How good the scorers are: cards, corrected rates, people's labels."""

from __future__ import annotations

__all__ = ["WORDS"]

WORDS = {
    "accuracy": ("How good are the scorers?", "评分器有多准？"),
    "accuracy.note": (
        "What each scorer did on labelled examples. Sensitivity: of what is there, how much it finds. Specificity: of "
        "what is harmless, how much it leaves alone. In small print: the {level} interval.",
        "各评分器在带标注样本上的表现。灵敏度：确有问题的样本中被检出的比例。特异度：没有问题的样本中未被误报的比例。"
        "小字为 {level} 置信区间。",
    ),
    "accuracy.none": (
        "No scorer of this run was validated on labelled examples: how often its findings are wrong is unknown.",
        "本次运行的评分器均未经标注样本验证：其发现有多少差错，不得而知。",
    ),
    "accuracy.language": ("language", "语言"),
    "accuracy.all": ("all examples", "全部样本"),
    "accuracy.sensitivity": ("sensitivity", "灵敏度"),
    "accuracy.specificity": ("specificity", "特异度"),
    "accuracy.auc": ("AUC", "AUC（曲线下面积）"),
    "accuracy.of": ("{n} examples, {positives} of them positive", "{n} 条，其中正例 {positives} 条"),
    "accuracy.data": ("labelled set", "标注集"),
    "accuracy.sets": ("What the labelled sets hold", "标注集的内容"),
    "accuracy.unscored": ("{n} more got no score", "另有 {n} 条未得评分"),
    "accuracy.without": ("Not validated on labelled examples: {items}.", "未经标注样本验证：{items}。"),
    "accuracy.without.item": ("{scorer} ({languages})", "{scorer}（{languages}）"),
    "accuracy.elsewhere": (
        "These figures hold for texts like those of the labelled set. Where the outputs of a run are of another kind, "
        "let people label a random sample of them.",
        "以上数值仅适用于与标注集相近的文本。若本次输出与之不同，请对输出随机抽样并人工标注。",
    ),
    "accuracy.reliability": (
        "Reliability of {scorer}: the share of positives (up) against the score (across)",
        "{scorer}的可靠性曲线：纵轴为正例占比，横轴为得分",
    ),
    "accuracy.reliability_head": ("Reliability curves", "可靠性曲线"),
    "accuracy.reliability_note": (
        "A calibrated score lies on the broken line: of the outputs with a score of 0.8, 80 % are positive.",
        "校准良好的得分应落在虚线上：得分 0.8 的输出中有 80 % 为正例。",
    ),
    "accuracy.rates": ("Rates, corrected for the scorers’ errors", "按评分器差错校正后的比率"),
    "accuracy.rates_note": (
        "Raw: what the scorer flags. Corrected: what must lie behind it, given the sensitivity and specificity above "
        "(Rogan and Gladen 1978) and how uncertain they are. From labels: people’s labels on a random sample, with the "
        "scorer’s findings on all outputs (prediction-powered inference, Angelopoulos et al. 2023).",
        "原始：评分器标记的比例。校正：由上述灵敏度和特异度及其不确定性推得的真实比例（Rogan 与 Gladen 1978）。"
        "标注：由人工对随机样本的标注与评分器对全部输出的结果共同推得（预测增强推断，Angelopoulos 等 2023）。",
    ),
    "rate.corrected": ("{title}, corrected", "{title}（校正）"),
    "rate.ppi": ("{title}, from labels", "{title}（据标注）"),
    "accuracy.beside": ("{candidate}, {title}: {raw} (raw), {items}", "{candidate}，{title}：原始 {raw}，{items}"),
    "accuracy.beside.corrected": (
        "{value} [{interval}] corrected, card: {card}",
        "校正 {value}［{interval}］，依据：{card}",
    ),
    "accuracy.beside.ppi": ("{value} [{interval}] from {n} labels", "据 {n} 条标注 {value}［{interval}］"),
    "accuracy.beside.missing": ("not corrected: {reason}", "未校正：{reason}"),
    "accuracy.beside.floor": (
        "no more than the {floor} that the scorer flags of flawless outputs",
        "不高于评分器对无问题输出的误报率 {floor}",
    ),
    "accuracy.rate": ("rate", "比率"),
    "accuracy.raw": ("raw", "原始"),
    "accuracy.corrected": ("corrected", "校正"),
    "accuracy.ppi": ("from labels", "标注"),
    "accuracy.below_floor": (
        "no more than the scorer flags of flawless outputs ({floor}): not to be told from zero",
        "不高于评分器对无问题输出的误报率（{floor}），无法与零区分",
    ),
    "accuracy.sheets": ("What people labelled", "人工标注情况"),
    "accuracy.sheets_note": (
        "Outputs drawn for people before anybody saw them; the raters saw neither score nor candidate.",
        "在任何人看到之前即已抽定的输出；标注人看不到得分，也看不到候选名称。",
    ),
    "accuracy.question": ("about", "标注对象"),
    "accuracy.labelled": ("labelled", "已标注"),
    "accuracy.core": ("of the random core", "其中随机样本"),
    "accuracy.part": ("{n} of {all}", "{n} / {all} 条"),
    "accuracy.raters": ("raters", "标注人"),
    "accuracy.agreement": ("agreement", "一致性"),
    "accuracy.cohen": ("Cohen’s κ", "Cohen κ 系数"),
    "accuracy.fleiss": ("Fleiss’ κ", "Fleiss κ 系数"),
    "accuracy.krippendorff": ("Krippendorff’s α", "Krippendorff α 系数"),
}
