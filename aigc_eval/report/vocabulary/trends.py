"""What the page about several runs says."""

from __future__ import annotations

__all__ = ["WORDS"]

WORDS = {
    "trend": ("Trend over releases", "各次发布的趋势"),
    "trend.subtitle": ("Trend over {n} runs, no text of any output", "{n} 次运行的趋势，不含任何输出文本"),
    "trend.runs": ("Runs", "运行"),
    "trend.release": ("no.", "序号"),
    "trend.run": ("run", "运行"),
    "trend.prompts": ("prompts", "题数"),
    "trend.note": (
        "Numbers below a picture are those of the runs in the list above. Dots are measured values; lines are their "
        "intervals, as the gates used them, or where no gate judged, at the run's own level. Broken lines are limits; "
        "shaded is where the gates pass.",
        "图下数字对应上表中的序号。圆点等标记为测得值；竖线为置信区间，有门限的与门限判定所用者相同，未设门限的按该次运行的置信水平。"
        "虚线为限值，阴影为通过区域。",
    ),
    "trend.hollow": (
        "Hollow dots cannot be compared with those of the newest run: the reason stands in the table.",
        "空心标记不能与最近一次运行直接比较，原因见表。",
    ),
    "trend.gated": ("Gated metrics", "设有门限的指标"),
    "trend.main": ("Main metrics without a gate", "未设门限的主要指标"),
    "trend.remark": ("comparable with the newest run", "能否与最近一次运行比较"),
    "trend.comparable": ("yes", "可以"),
    "trend.apart.prompts": ("no: other prompts, or drawn otherwise", "不可：题目或抽样方式不同"),
    "trend.apart.scorer": ("no: the scorer was another version, or had other options", "不可：评分器版本或选项不同"),
}
