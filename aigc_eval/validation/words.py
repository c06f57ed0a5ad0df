"""What `aigc-eval validate` says, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping

from aigc_eval.records import Bilingual

__all__ = ["FIGURES", "LEFT_OUT", "SHARES", "WORDS", "figure_name", "say"]

FIGURES: Mapping[str, Bilingual] = {
    "accuracy": Bilingual("accuracy", "准确率"),
    "precision": Bilingual("precision", "精确率"),
    "recall": Bilingual("recall (sensitivity)", "召回率（灵敏度）"),
    "specificity": Bilingual("specificity", "特异度"),
    "f1": Bilingual("F1", "F1"),
    "macro_f1": Bilingual("macro-F1", "宏平均 F1"),
    "balanced_accuracy": Bilingual("balanced accuracy", "平衡准确率"),
    "mcc": Bilingual("MCC", "马修斯相关系数"),
    "auc": Bilingual("AUC", "AUC"),
    "average_precision": Bilingual("average precision", "平均精确率"),
    "ece": Bilingual("ECE, 15 equal widths", "期望校准误差（15 个等宽区间）"),
    "ece_adaptive": Bilingual("ECE, 15 equal masses", "期望校准误差（15 个等频区间）"),
    "brier": Bilingual("Brier score", "Brier 分数"),
}
"""Figures in the order in which they are shown."""
SHARES = frozenset({"accuracy", "precision", "recall", "specificity", "balanced_accuracy"})
"""Those that are printed in percent."""
LEFT_OUT: Mapping[str, Bilingual] = {
    "unlabelled": Bilingual("{n} without a label", "{n} 条无标注"),
    "train": Bilingual("{n} of the train split", "{n} 条属训练集"),
    "other": Bilingual("{n} about another scorer or rate", "{n} 条针对其他评分器或比率"),
}

WORDS: Mapping[str, Bilingual] = {
    "title": Bilingual("{rate} on {data}", "{rate}，标注集 {data}"),
    "hit": Bilingual(
        "{title}: a hit is {of} of {threshold} or more; a label of 1 says that a hit is right",
        "{title}：{of}不低于 {threshold} 即判为命中；标注 1 表示命中正确",
    ),
    "value": Bilingual("a score", "得分"),
    "part": Bilingual('a part "{name}"', "分项“{name}”"),
    "sizes": Bilingual(
        "{n} examples in {groups} independent groups; intervals at {level}",
        "{n} 条样本，{groups} 个独立组；{level} 区间",
    ),
    "left_out": Bilingual("left out: {what}", "未计入：{what}"),
    "all": Bilingual("all", "全部"),
    "adverse": Bilingual("all, unscored wrong", "全部（未得分计为错）"),
    "examples": Bilingual("scored", "已评分"),
    "positives": Bilingual("of them positive", "其中正例"),
    "unscored": Bilingual("unscored", "未得分"),
    "not_applicable": Bilingual("not applicable", "不适用"),
    "best": Bilingual(
        "best threshold {threshold}: {by} {reached} on {n} examples {parted}; on the other examples:",
        "最佳阈值 {threshold}：在 {n} 条样本{parted}上{by}为 {reached}；在其余样本上：",
    ),
    "given": Bilingual("of the dev split", "（开发集）"),
    "hashed": Bilingual(
        "(half of the groups, drawn with seed {seed}, since the file names no split)",
        "（文件未划分开发集，按种子 {seed} 抽取半数的组）",
    ),
    "own_threshold": Bilingual("at {threshold}, the scorer's own", "阈值 {threshold}（评分器自带）"),
    "best_threshold": Bilingual("at {threshold}, the best", "阈值 {threshold}（最佳）"),
    "same": Bilingual(
        "best threshold: the scorer's own, {threshold} ({by} {reached} on {n} examples {parted})",
        "最佳阈值即评分器自带的 {threshold}（在 {n} 条样本{parted}上{by}为 {reached}）",
    ),
    "no_dev": Bilingual(
        "no best threshold: there is no example to choose it on; give some the split dev",
        "未给出最佳阈值：没有可用于选取的样本；请将部分样本划为 dev",
    ),
    "one_kind": Bilingual(
        "no best threshold: the examples to choose it on are all positive or all negative",
        "未给出最佳阈值：用于选取的样本全为正例或全为负例",
    ),
    "precision": Bilingual(
        "no best threshold: none reaches the precision that --best asks for",
        "未给出最佳阈值：没有阈值达到 --best 所要求的精确率",
    ),
    "youden": Bilingual("Youden's index", "约登指数"),
    "recall_at": Bilingual("recall at a precision of {least} or more", "精确率不低于 {least} 时的召回率"),
    "few": Bilingual("no intervals: fewer than {least} independent groups", "独立组不足 {least} 个，不给出区间"),
    "across": Bilingual(
        "{n} groups stand in the dev split and among the judged examples: what was learned from one is seen again",
        "{n} 个组同时出现在开发集与被评样本中，二者并不独立",
    ),
    "no_probability": Bilingual(
        "no calibration: the scorer does not declare that this number lies in 0 to 1",
        "未计算校准：评分器未声明该数值在 0 至 1 之间",
    ),
    "one_label": Bilingual(
        "all examples are {kind}: what needs both kinds of examples is missing",
        "全部样本均为{kind}：缺少需要两类样本的数值",
    ),
    "positive": Bilingual("positive", "正例"),
    "negative": Bilingual("negative", "负例"),
    "nothing": Bilingual(
        "no example has a score: {failed} failed, {na} are not applicable; first reason: {why}",
        "没有样本得分：{failed} 条出错，{na} 条不适用；首个原因：{why}",
    ),
    "card": Bilingual("card: {file} (sha256 {digest})", "评分器卡片：{file}（sha256 {digest}）"),
    "no_svg": Bilingual(
        "{file} is not drawn: there is no calibration without probabilities", "未绘制 {file}：没有概率便没有校准可言"
    ),
    "svg": Bilingual("reliability curve: {file}", "可靠性曲线：{file}"),
    "curve": Bilingual("Reliability of {rate}", "{rate} 的可靠性曲线"),
    "score": Bilingual("score", "得分"),
    "share": Bilingual("share of positives, with intervals", "正例占比及其区间"),
    "counts": Bilingual("examples", "样本数"),
}


def say(key: str, lang: str, /, **figures: object) -> str:
    """A phrase with its figures, which may be Bilingual themselves."""
    known = {k: v.in_(lang) if isinstance(v, Bilingual) else v for k, v in figures.items()}
    return WORDS[key].in_(lang).format_map(known)


def figure_name(name: str, lang: str) -> str:
    """A figure's name for readers.

    >>> figure_name("macro_f1", "zh")
    '宏平均 F1'
    """
    return FIGURES[name].in_(lang)
