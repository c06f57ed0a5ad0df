"""Every word that the reports say, in English and Chinese. `{...}` are figures, formatted before they get here."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["VOCABULARY"]

VOCABULARY: Mapping[str, tuple[str, str]] = {
    # verdicts
    "pass": ("pass", "通过"),
    "fail": ("fail", "不通过"),
    "undetermined": ("undetermined", "未定"),
    "not_gated": ("not gated", "未设门限"),
    "headline.pass": ("Pass", "通过"),
    "headline.fail": ("Fail", "不通过"),
    "headline.undetermined": ("Undetermined", "未定"),
    "headline.not_gated": ("NOT GATED", "未设门限（NOT GATED）"),
    "no_release": ("Not for release", "不可用于发布"),
    "no_release.why": ("This run must not be used to release anything.", "本次运行不得作为发布依据。"),
    "open": ("open", "未定"),
    "gates.all_met": (
        "Every {level} interval lies within its limit, with every unscored output counted as the worst.",
        "每个 {level} 置信区间都在限值之内，未能评分的输出一律按最差计。",
    ),
    "decisive": ("{candidate}, {metric}: {reason}.", "{candidate} 的“{metric}”：{reason}。"),
    # reasons of a gate; .lower and .higher name the good direction
    "meets.lower": ("upper bound {bound} is within the limit {limit}", "上界 {bound} 未超过限值 {limit}"),
    "meets.higher": ("lower bound {bound} meets the limit {limit}", "下界 {bound} 不低于限值 {limit}"),
    "beyond.lower": ("even the lower bound {bound} is over the limit {limit}", "连下界 {bound} 也超过限值 {limit}"),
    "beyond.higher": ("even the upper bound {bound} is under the limit {limit}", "连上界 {bound} 也低于限值 {limit}"),
    "straddles": (
        "anything from {low} to {high} is possible, and the limit is {limit}; more prompts are needed",
        "真值可能在 {low} 到 {high} 之间，而限值为 {limit}；需要更多题目",
    ),
    "straddles.more": (
        "anything from {low} to {high} is possible, and the limit is {limit}; about {more} more prompts would decide",
        "真值可能在 {low} 到 {high} 之间，而限值为 {limit}；约需再测 {more} 题方可判定",
    ),
    "adverse": (
        "meets the limit {limit} only if the {failed} unscored outputs are ignored: counted as the worst, "
        "they allow {adverse}",
        "只有忽略 {failed} 条未能评分的输出才满足限值 {limit}：按最差计，可达 {adverse}",
    ),
    "adverse.unbounded": (
        "{failed} outputs could not be scored, and there is no worst value to count them as (limit {limit})",
        "{failed} 条输出未能评分，且该指标没有可代入的最差值（限值 {limit}）",
    ),
    "no_value": ("nothing was scored, so there is no value", "没有已评分的输出，因此没有数值"),
    "few_prompts": (
        "only {prompts} prompts were scored; an interval needs {needed}",
        "仅有 {prompts} 道题获得评分；计算区间至少需要 {needed} 道",
    ),
    "no_interval": ("no confidence interval could be computed", "无法计算置信区间"),
    "coverage": (
        "only {scored} of {planned} outputs were scored; {needed} are needed",
        "{planned} 条输出中只有 {scored} 条获得评分；至少需要 {needed}",
    ),
    "error_rate": ("{rate} of the outputs are errors (at most {limit})", "{rate} 的输出出错（至多 {limit}）"),
    "empty_rate": ("{rate} of the outputs are empty (at most {limit})", "{rate} 的输出为空（至多 {limit}）"),
    "truncated_rate": (
        "{rate} of the outputs were cut off (at most {limit})",
        "{rate} 的输出被截断（至多 {limit}）",
    ),
    "slice_empty": ("there are no outputs in this slice", "该切片中没有输出"),
    "unknown_reason": ("reason “{code}” ({figures})", "原因“{code}”（{figures}）"),
    # reasons of a run: whole sentences
    "gates_pass": ("All {n} gates pass.", "{n} 项门限全部通过。"),
    "gates_pass.one": ("The one gate passes.", "唯一的一项门限通过。"),
    "gate_fails": ("{n} gates fail.", "{n} 项门限不通过。"),
    "gate_fails.one": ("1 gate fails.", "1 项门限不通过。"),
    "gates_open": ("{n} gates are undetermined.", "{n} 项门限未定。"),
    "gates_open.one": ("1 gate is undetermined.", "1 项门限未定。"),
    "limited": (
        "Only the first {limit} prompts were run, so this is not for release.",
        "仅运行了前 {limit} 道题，不可用于发布。",
    ),
    "limited.one": (
        "Only the first prompt was run, so this is not for release.",
        "仅运行了第一道题，不可用于发布。",
    ),
    "run_not_gated": ("No gate was set, so nothing was decided.", "未设任何门限，因此没有结论。"),
    "report_failed": ("A report could not be written: {format}.", "报告未能写出：{format}。"),
    # sections
    "gates": ("Gates", "门限"),
    "gates.note": (
        "A gate passes only when the whole {level} interval lies in the shaded zone, with every unscored output "
        "counted as the worst (dotted). The broken line is the limit.",
        "只有整个 {level} 置信区间落在阴影区内才算通过；未能评分的输出一律按最差计（点线）。竖虚线为限值。",
    ),
    "gates.none": ("No gate was set.", "未设门限。"),
    "compare": ("Side by side", "并列比较"),
    "compare.note": (
        "↑ higher is better, ↓ lower is better. Bars are {level} intervals; “clearly better” is said only where the "
        "intervals do not overlap.",
        "↑ 越高越好，↓ 越低越好。横条为 {level} 置信区间；只有区间互不重叠才说“明显更好”。",
    ),
    "compare.many": (
        "↑ higher is better, ↓ lower is better. Bars are {level} intervals. Bold: the best. ▼ clearly behind the best "
        "(the intervals do not overlap).",
        "↑ 越高越好，↓ 越低越好。横条为 {level} 置信区间。粗体为最好；▼ 表示明显落后于最好者（区间互不重叠）。",
    ),
    "behind": ("clearly behind the best", "明显落后于最好者"),
    "glance": ("At a glance", "要点"),
    "glance.line": ("{scorer}: {items}", "{scorer}：{items}"),
    "glance.metric": ("{metric} {value} (best {best})", "{metric} {value}（最好 {best}）"),
    "glance.alone": ("{metric} {value}", "{metric} {value}"),
    "glance.leaks": ("Found in {n} outputs: {items}", "{n} 条输出中发现：{items}"),
    "glance.leak": ("Found in {n} output: {items}", "{n} 条输出中发现：{items}"),
    "glance.nothing": ("Nothing stands out.", "无突出问题。"),
    "glance.note": (
        "Where a candidate is clearly behind the best one, and what its outputs leaked.",
        "各候选明显落后于最好者之处，以及输出中泄露的内容。",
    ),
    "compare.one": (
        "↑ higher is better, ↓ lower is better. Bars are {level} intervals.",
        "↑ 越高越好，↓ 越低越好。横条为 {level} 置信区间。",
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
        "由差到好，每个评分器、每个候选至多 {most} 条，每题一条。个人信息与机密已替换为标签；"
        "相同的标签在全文中代表同一个被遮蔽的值。",
    ),
    "examples.of": (
        "The worst {shown} of {total} outputs short of the best score.",
        "未达最好分的输出共 {total} 条，列出最差的 {shown} 条。",
    ),
    "examples.none": ("Nothing was found in any output.", "所有输出均无发现。"),
    "harmful": (
        "This output was scored as harmful. Show it.",
        "该输出被评为有害内容。点击查看。",
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
    "method.wilson": ("Wilson score interval, effective n {n}", "Wilson 区间，有效样本量 {n}"),
    "method.clopper-pearson": ("Clopper–Pearson exact interval, n {n}", "Clopper–Pearson 精确区间，n = {n}"),
    "method.jackknife": ("jackknife over prompts, {n} blocks", "按题分块刀切法，{n} 块"),
    "method.none": ("none", "无"),
    "run": ("Run facts", "运行信息"),
    "created": ("created (UTC)", "创建时间（UTC）"),
    "samples": ("{n} samples each", "每题采样 {n} 次"),
    "samples.one": ("1 sample each", "每题采样 1 次"),
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
    "sign.assessed": ("Assessed by, date", "评估人，日期"),
    "sign.reviewed": ("Reviewed by, date", "审核人，日期"),
    "sign.released": ("Released by, date", "发布人，日期"),
    # table heads
    "gate": ("gate", "门限"),
    "verdict": ("verdict", "结论"),
    "observed": ("observed", "观测值"),
    "limit": ("limit", "限值"),
    "why": ("why", "理由"),
    "picture": ("interval against the limit", "区间与限值"),
    "chart": ("intervals", "区间图"),
    "better": ("which is better", "优劣"),
    "counts": ("{scored} of {planned} outputs, {prompts} prompts", "{scored} / {planned} 条输出，{prompts} 题"),
    # comparisons
    "clearly_better.two": ("{best} clearly better", "{best} 明显更好"),
    "no_clear_difference": ("no clear difference", "无明显差异"),
    "not_comparable": ("no interval, no comparison", "无区间，不作比较"),
    "no_direction": ("neither is better", "不分优劣"),
    "list_comma": (", ", "、"),
    # outcomes
    "outcome.ok": ("ok", "正常"),
    "outcome.truncated": ("truncated", "被截断"),
    "outcome.empty": ("empty", "空"),
    "outcome.refused": ("refused", "拒答"),
    "outcome.filtered": ("filtered", "被过滤"),
    "outcome.error": ("error", "出错"),
    # tags and languages
    "tag.lang": ("language", "语言"),
    "tag.category": ("category", "类别"),
    "tag.combined": ("combinations", "组合"),
    "lang.en": ("English", "英文"),
    "lang.zh": ("Chinese", "中文"),
    "lang.other": ("other", "其他"),
    "lang.any": ("any", "不限"),
    "lang.es": ("Spanish", "西班牙文"),
    "lang.fr": ("French", "法文"),
    "lang.it": ("Italian", "意大利文"),
    "lang.pt": ("Portuguese", "葡萄牙文"),
    "lang.ru": ("Russian", "俄文"),
    "lang.tr": ("Turkish", "土耳其文"),
    "languages": ("languages", "适用语言"),
    "needs": ("needs", "所需条件"),
    # Markdown
    "truncated_note": ("Truncated: the full tables are in report.html.", "已截断：完整表格见 report.html。"),
    "main_metrics": ("Main metrics", "主要指标"),
}
