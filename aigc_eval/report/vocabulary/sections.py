"""Headings, notes and table heads of the page."""

from __future__ import annotations

__all__ = ["WORDS"]

WORDS = {
    # sections
    "gates": ("Gates", "门限"),
    "gates.note": (
        "A gate passes only when the interval ends inside the shaded zone, with every unscored output counted as the "
        "worst (dotted), and fails when it lies beyond. Each end is a one-sided {confidence} bound; the broken line is "
        "the limit. pp: percentage points.",
        "未能评分的输出一律按最差计（点线）后，区间端点仍在阴影区内才算通过；整个区间在阴影区外则不通过。"
        "区间两端各为 {confidence} 单侧置信界，竖虚线为限值。pp 为百分点。",
    ),
    "against": ("{title}, minus that of {other}", "{title}，与 {other} 之差"),
    "against.relative": ("{title}, change against {other}", "{title}，相对 {other} 的变化"),
    "against.groups": ("{title}, {other}", "{title}，{other}"),
    "policy_itself": ("the policy itself", "策略本身"),
    "required.slice": ("at least {n} prompts [{slice}]", "至少 {n} 题［{slice}］"),
    "required.validation": ("validated: {scorer}", "已验证：{scorer}"),
    "required.waiver": ("waiver: {gate}", "豁免：{gate}"),
    "policy_head": ("policy", "策略"),
    "policy.bench": ("the gates of the bench", "评测文件自带的门限"),
    "policy.before": ("fixed before the first answer", "在第一条回答之前确定"),
    "policy.since": ("changed when {n} answers were already there", "已有 {n} 条回答之后改动"),
    "policy.since.one": ("changed when 1 answer was already there", "已有 1 条回答之后改动"),
    "gates.none": ("No gate was set.", "未设门限。"),
    "compare": ("Side by side", "并列比较"),
    "glance": ("At a glance", "要点"),
    "glance.line": ("{scorer}: {items}", "{scorer}：{items}"),
    "glance.metric": ("{metric} {value} ({other}: {best})", "{metric} {value}（{other} 为 {best}）"),
    "glance.alone": ("{metric} {value}", "{metric} {value}"),
    "glance.leaks": ("Found in {n} outputs: {items}", "{n} 条输出中发现：{items}"),
    "glance.leak": ("Found in {n} output: {items}", "{n} 条输出中发现：{items}"),
    "glance.nothing": ("Nothing stands out.", "无突出问题。"),
    "glance.unscored": ("Nothing was scored.", "没有任何评分。"),
    "glance.note": (
        "Where a candidate is clearly behind another one, and what its outputs leaked.",
        "各候选明显落后于另一候选之处，以及输出中泄露的内容。",
    ),
    "glance.note.one": (
        "Shares of faults that stand out, and what the outputs leaked. These are no verdicts.",
        "较为突出的问题占比，以及输出中泄露的内容。此处不作判定。",
    ),
    "slices": ("Slices", "切片"),
    "slices.note": (
        "The main metric of each scorer, by tag. In small print: the {level} interval.",
        "各评分器的主指标，按标签划分。小字为 {level} 置信区间。",
    ),
    "slices.capped": ("The first {shown} of {total} values are shown.", "共 {total} 个取值，此处列出前 {shown} 个。"),
    "examples": ("Worst examples", "最差示例"),
    "examples.note": (
        "Worst first, at most {most} per scorer and candidate, one a prompt. Personal data and secrets are replaced by "
        "tags; the same tag is the same hidden value everywhere in this report.",
        "由差到好，每个评分器、每个候选至多 {most} 条，每题一条。个人信息和密钥已替换为遮蔽标记；"
        "相同的遮蔽标记在全文中代表同一个被遮蔽的值。",
    ),
    "examples.kinds": ("Kinds of tags: {items}.", "遮蔽标记类型：{items}。"),
    "examples.kind": ("{tag}: {words}", "{tag}：{words}"),
    "examples.of": (
        "The worst {shown} of {total} outputs short of the best score.",
        "未达最好分的输出共 {total} 条，列出最差的 {shown} 条。",
    ),
    "examples.none": ("Nothing was found in any output.", "所有输出均无发现。"),
    "harmful": (
        "This output was scored as harmful, or could not be scored for harm. Show it.",
        "该输出被评为有害内容，或未能完成有害内容评分。点击查看。",
    ),
    "prompt": ("Prompt", "题目"),
    "answer": ("Answer", "回答"),
    "references": ("References", "参考答案"),
    "evidence": ("Evidence", "证据"),
    "remark": ("Remark", "备注"),
    "score": ("score", "得分"),
    "sample": ("sample", "样本"),
    "unscored": ("What was not scored, and why", "未评分的内容及原因"),
    "unscored.note": (
        "“Failed” should have been scored and counts as the worst in every gate; “not applicable” has nothing to "
        "score.",
        "“失败”指本应评分而未能评分，在所有门限中按最差计；“不适用”指没有可评分的内容。",
    ),
    "unscored.none": ("Every output was scored by every scorer.", "每条输出都获得了每个评分器的评分。"),
    "outcomes": ("How the outputs ended", "输出的结果状态"),
    "outputs": ("outputs", "输出数"),
    "candidate": ("candidate", "候选"),
    "scorer": ("scorer", "评分器"),
    "scored": ("scored", "已评分"),
    "failed": ("failed", "失败"),
    "na": ("not applicable", "不适用"),
    "reasons": ("most frequent reasons", "最常见的原因"),
    "methods": ("How each number was computed", "各项数值的计算方法"),
    "metric": ("metric", "指标"),
    "what": ("what it is", "含义"),
    "range": ("range", "范围"),
    "source": ("source", "来源"),
    "lower": ("lower is better", "越低越好"),
    "higher": ("higher is better", "越高越好"),
    "neither": ("no direction", "无方向"),
    "from_to": ("{low} to {high}", "{low} 至 {high}"),
    "unbounded": ("no limit", "无限"),
    "interval": ("interval", "区间"),
    "method.rogan-gladen": (
        "Lang–Reiczigel interval of the rate corrected by Rogan and Gladen, effective n {n}",
        "按 Rogan–Gladen 校正的比率的 Lang–Reiczigel 区间，有效样本量 {n}",
    ),
    "method.ppi": (
        "prediction-powered inference, {n} labels",
        "预测增强推断，标注 {n} 条",
    ),
    "method.wilson": ("Wilson score interval, effective n {n}", "Wilson 区间，有效样本量 {n}"),
    "method.clopper-pearson": ("Clopper–Pearson exact interval, n {n}", "Clopper–Pearson 精确区间，n = {n}"),
    "method.jackknife": ("jackknife over prompts, {n} blocks", "按题分块刀切法，{n} 块"),
    "method.none": ("none", "无"),
    "run": ("Run facts", "运行信息"),
    "created": ("created (UTC)", "创建时间（UTC）"),
    "samples.each": ("{n} samples each", "每题采样 {n} 次"),
    "samples.each.one": ("1 sample each", "每题采样 1 次"),
    "size": ("size", "规模"),
    "size.of": (
        "{prompts} prompts × {candidates} candidates, {samples}",
        "{prompts} 题 × {candidates} 个候选，{samples}",
    ),
    "seed": ("seed", "随机种子"),
    "versions": ("versions", "版本"),
    "digests": ("digests", "摘要"),
    "signature": ("signature", "签名"),
    "candidates": ("candidates", "候选"),
    "scorers": ("scorers", "评分器"),
    "subtitle": (
        "{prompts} prompts, {samples} · {created} · {masking}",
        "{prompts} 题，{samples} · {created} · {masking}",
    ),
    "masked": ("personal data masked", "个人信息已遮蔽"),
    "not_masked": (
        "personal data NOT masked: no scorer of this run looks for it",
        "个人信息未遮蔽：本次运行没有检查个人信息的评分器",
    ),
    # table heads
    "gate": ("gate", "门限"),
    "verdict": ("verdict", "结论"),
    "observed": ("observed", "观测值"),
    "limit": ("limit", "限值"),
    "why": ("why", "理由"),
    "picture": ("interval against the limit", "区间与限值"),
    "chart": ("intervals", "区间图"),
    "better": ("which is better", "优劣"),
    "detectable": (
        "smallest visible distance from the limit: {difference} (power {power})",
        "本次运行可检出的与限值的最小差异：{difference}（检验功效 {power}）",
    ),
    "counts": ("{scored} of {planned} outputs, {prompts} prompts", "{scored} / {planned} 条输出，{prompts} 题"),
    # comparisons
    "no_direction": ("neither is better", "不分优劣"),
    "list_comma": (", ", "、"),
}
