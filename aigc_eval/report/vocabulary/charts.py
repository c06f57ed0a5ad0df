"""What stands beside the pictures: the overview, the frontier of quality and cost."""

from __future__ import annotations

__all__ = ["WORDS"]

WORDS = {
    "overview": ("Dimension by dimension", "各维度概览"),
    "overview.note": (
        "The main metric of each scorer. Bars start at zero; the line is the {level} interval. Shares stand on one "
        "axis from 0 to 100 %, other units each on their own.",
        "各评分器的主指标。柱形自零起，横线为 {level} 置信区间。占比共用 0 至 100 % 的坐标轴，其他单位各用各的坐标轴。",
    ),
    "frontier": ("Quality against cost", "质量与成本"),
    "frontier.note": (
        "Up: the metric. Across: {cost}, lower is better. Lines through a point are its {level} intervals. A candidate "
        "is on the frontier (dashed) if no other is at least as good in both and better in one, by the measured "
        "values; intervals that overlap leave that open.",
        "纵轴为各指标，横轴为{cost}，越低越好。穿过各点的线为 {level} 置信区间。若没有其他候选在两方面都不差于它"
        "且至少一方面更好，则该候选位于前沿（虚线）。此处按测得值判断，区间重叠时尚无定论。",
    ),
    "frontier.on": ("on the frontier", "位于前沿"),
    "frontier.off": ("behind {name}", "落后于 {name}"),
    "frontier.seconds": ("Time per output", "每条输出耗时"),
    "frontier.tokens": ("Length of an output", "每条输出的长度"),
}
