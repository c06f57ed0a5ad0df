"""What `compare` says."""

from __future__ import annotations

__all__ = ["WORDS"]

WORDS = {
    # compare
    "comparison": ("Comparison", "版本比较"),
    "comparison.sides": ("A (baseline): {a}; B (new): {b}", "A（基线）：{a}；B（新版）：{b}"),
    "comparison.a": ("A", "A 值"),
    "comparison.b": ("B", "B 值"),
    "comparison.difference": ("B − A", "B 减 A"),
    "comparison.p": ("p", "p 值"),
    "comparison.adjusted": ("p worse (Holm)", "变差的 p 值（Holm）"),
    "comparison.adjusted_slice": ("p (Benjamini–Hochberg)", "p 值（Benjamini–Hochberg）"),
    "comparison.effect": ("effect", "效应量"),
    "comparison.counts": ("won/tied/lost", "胜/平/负"),
    "comparison.slice": ("slice", "切片"),
    "comparison.regression": ("regression", "退步"),
    "comparison.ok": ("no regression shown", "未见退步"),
    "comparison.not_applicable": ("not applicable", "不适用"),
    "comparison.few": (
        "undetermined: {n} shared prompts, {needed} are needed",
        "未定：共有题目 {n} 道，至少需要 {needed} 道",
    ),
    "comparison.no_p": ("undetermined: it cannot be computed", "未定：无法计算"),
    "comparison.unscored": (
        "undetermined: {n} unscored outputs could hide a regression",
        "未定：{n} 条未能评分的输出可能掩盖退步",
    ),
    "comparison.unscored.one": (
        "undetermined: 1 unscored output could hide a regression",
        "未定：1 条未能评分的输出可能掩盖退步",
    ),
    "comparison.margin": (" (margin {margin})", "（允许差 {margin}）"),
    "comparison.paired": (
        "Paired by prompt and sample number; the seeds differ, so a sample of A and one of B are separate draws.",
        "按题目与样本序号配对；两者随机种子不同，因此同序号的样本是各自独立的抽样。",
    ),
    "comparison.paired.seed": (
        "Paired by prompt and sample number, each drawn with the same seed.",
        "按题目与样本序号配对，同序号的样本使用相同的随机种子。",
    ),
    "comparison.sampling": ("Allowed to differ: {differences}.", "已允许的不同：{differences}。"),
    "comparison.effect.h": (
        "Effect h: Cohen’s h, the difference of two shares by arcsine; 0.2 is small, 0.5 medium, 0.8 large.",
        "效应量 h：Cohen 的 h，即两个占比经反正弦变换后之差；0.2 为小，0.5 为中，0.8 为大。",
    ),
    "comparison.effect.d_z": (
        "Effect d_z: the mean of the differences by prompt over their standard deviation.",
        "效应量 d_z：逐题差值的均值除以其标准差。",
    ),
    "comparison.not_shared": (
        "Not compared, since one run only has them: {scorers}.",
        "以下评分器只存在于其中一次运行，未作比较：{scorers}。",
    ),
    "comparison.inapplicable": ("Metrics that apply to neither: {n}.", "{n} 项指标对两者均不适用。"),
    "comparison.slices": (
        "{shown} of {total} comparisons within slices have p up to 0.05 and are shown; they decide nothing.",
        "切片内共比较 {total} 项，列出 p 值不超过 0.05 的 {shown} 项，仅供探索，不影响结论。",
    ),
    "not_masked.either": (
        "Personal data may NOT be masked: one of the runs was not searched for it",
        "个人信息可能未遮蔽：其中一次运行没有检查个人信息的评分器",
    ),
    "comparison.nothing": ("nothing could be compared", "没有可比较的内容"),
    "comparison.is.regression": ("Regression: B is worse than A in {metrics}.", "退步：B 在 {metrics} 上差于 A。"),
    "comparison.is.undetermined": ("Undetermined: {metrics}.", "未定：{metrics}。"),
    "comparison.is.no_regression": (
        "No regression shown in {n} compared. To show that there is none, gate with “not worse than baseline by”.",
        "{n} 项指标均未见退步。若要证明没有退步，请使用“not worse than baseline by”门限。",
    ),
    "comparison.most": ("Changed most", "变化最大的输出"),
    "comparison.changed": ("Changed most, by {scorer}", "{scorer} 得分变化最大的输出"),
    "comparison.worse": ("worse", "变差"),
    "comparison.better": ("better", "变好"),
    "comparison.exit": ("exit code {code}: {meaning}", "退出码 {code}：{meaning}"),
    "comparison.exit.0": ("no regression shown", "未见退步"),
    "comparison.exit.1": ("a regression", "有退步"),
    "comparison.exit.2": ("not comparable", "不可比较"),
    "comparison.exit.3": ("too little to tell", "数据不足，无法判定"),
}
