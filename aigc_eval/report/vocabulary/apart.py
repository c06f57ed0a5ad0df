"""Differences between the candidates of a run."""

from __future__ import annotations

__all__ = ["WORDS"]

WORDS = {
    "apart.clear": ("{best} clearly better", "{best} 明显更好"),
    "apart.clear.than": ("{best} clearly better than {other}", "{best} 明显优于 {other}"),
    "apart.alike": ("no clear difference", "无明显差异"),
    "apart.untested": ("{best} ahead, not tested", "{best} 占优，未经检验"),
    "apart.unknown": ("no interval, no comparison", "无区间，不作比较"),
    "apart.better": ("clearly better", "明显更好"),
    "apart.worse": ("clearly worse", "明显更差"),
    "compare.one": (
        "↑ higher is better, ↓ lower is better. Bars are {level} intervals, each row on a scale of its own.",
        "↑ 越高越好，↓ 越低越好。横条为 {level} 置信区间，每行刻度各自独立。",
    ),
    "compare.note": (
        "↑ higher is better, ↓ lower is better. Bars are {level} intervals of each candidate, each row on a "
        "scale of its own. The difference is {candidate} minus {against} on the same prompts, "
        "with its {level} interval. “Clearly better” is said only "
        "where a paired test finds it after correction for all comparisons (Holm, 5 %: over the {main} main metrics "
        "together, which are the first of each scorer and those with a gate, and over the other {rest} together). "
        "“Ahead, not tested”: the number is one of the whole set of texts, or a quantile, and only its interval, as of "
        "two separate samples, leaves out 0.",
        "↑ 越高越好，↓ 越低越好。横条为各候选的 {level} 置信区间，每行刻度各自独立。"
        "差异为同一批题目上 {candidate} 减 {against}，附 {level} 置信区间。"
        "只有配对检验在多重比较校正后仍成立才说“明显更好”（Holm 法，5 %："
        "主要指标即各评分器的首项指标与设有门限的指标，共 {main} 项，合并校正；其余 {rest} 项另行合并校正）。"
        "“占优，未经检验”：该数值属于整组文本或为分位数，仅其区间（按两个独立样本计算）不含 0。",
    ),
    "compare.many": (
        "↑ higher is better, ↓ lower is better. Bars are {level} intervals of each candidate, each row on a "
        "scale of its own. Below each number: the difference from {against} on the same prompts, "
        "with its {level} interval. ▲ clearly better than {against}, "
        "▼ clearly worse: said only where a paired test finds it after correction for all comparisons (Holm, 5 %: over "
        "the {main} by main metrics together, which are the first of each scorer and those with a gate, and over the "
        "other {rest} together).",
        "↑ 越高越好，↓ 越低越好。横条为各候选的 {level} 置信区间，每行刻度各自独立。"
        "各数值下方为同一批题目上与 {against} 的差异及其 {level} 置信区间。"
        "▲ 明显优于 {against}，▼ 明显差于 {against}："
        "只有配对检验在多重比较校正后仍成立才标出"
        "（Holm 法，5 %：主要指标即各评分器的首项指标与设有门限的指标，共 {main} 次比较，合并校正；"
        "其余 {rest} 次另行合并校正）。",
    ),
}
