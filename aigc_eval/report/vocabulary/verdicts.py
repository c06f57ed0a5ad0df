"""Verdicts, and the reasons of gates and runs."""

from __future__ import annotations

__all__ = ["WORDS"]

WORDS = {
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
        "Every bound meets its limit, with every unscored output counted as the worst.",
        "每个置信界都满足限值，未能评分的输出一律按最差计。",
    ),
    "decisive.policy": ("Of the policy itself, {metric}: {reason}.", "策略本身，“{metric}”：{reason}。"),
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
    "straddles_corrected": (
        "anything from {low} to {high} is possible, and the limit is {limit}; more outputs, or more examples on the "
        "scorer’s card, are needed",
        "真值可能在 {low} 到 {high} 之间，而限值为 {limit}；需要更多输出，或用更多样本验证评分器",
    ),
    "straddles_ppi": (
        "anything from {low} to {high} is possible, and the limit is {limit}; more labels are needed",
        "真值可能在 {low} 到 {high} 之间，而限值为 {limit}；需要更多标注",
    ),
    "raw_floor": (
        "the raw rate cannot support this gate: the scorer flags {floor} of flawless outputs, and the limit is {limit}",
        "原始比率不足以支持此门限：评分器会误报 {floor} 的无问题输出，而限值为 {limit}",
    ),
    "not_validated_for": ("scorer not validated for {languages}", "评分器未就{languages}验证"),
    "few_validated": (
        "validated for {languages} on too few examples; {needed} positives and {needed} negatives are needed",
        "就{languages}验证的样本过少；正例和负例各至少需要 {needed} 条",
    ),
    "card_useless": (
        "on its card the scorer is no better than chance for {languages}, which corrects nothing",
        "据其验证结果，评分器就{languages}的表现不优于随机，无法据以校正",
    ),
    "no_labels": (
        "no labels: nobody has labelled a random sample of these outputs",
        "没有标注：尚无人标注这些输出的随机样本",
    ),
    "few_labels": (
        "only {n} labels from the random sample; labels of at least ten prompts are needed",
        "随机样本中仅有 {n} 条标注；至少需要十道题的标注",
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
    "adverse.one": (
        "meets the limit {limit} only if the one unscored output is ignored: counted as the worst, it allows {adverse}",
        "只有忽略 1 条未能评分的输出才满足限值 {limit}：按最差计，可达 {adverse}",
    ),
    "adverse.unbounded.one": (
        "one output could not be scored, and there is no worst value to count it as (limit {limit})",
        "有 1 条输出未能评分，且该指标没有可代入的最差值（限值 {limit}）",
    ),
    "no_value": ("nothing was scored, so there is no value", "没有已评分的输出，因此没有数值"),
    "few_prompts": (
        "only {prompts} prompts were scored; {needed} are needed",
        "仅有 {prompts} 道题获得评分；至少需要 {needed} 道",
    ),
    "not_applicable": (
        "the scorer does not apply to {n} of {planned} outputs (at most {needed})",
        "{planned} 条输出中有 {n} 条不适用（至多 {needed}）",
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
    "refused_rate": ("{rate} of the outputs are refusals (at most {limit})", "{rate} 的输出为拒答（至多 {limit}）"),
    "filtered_rate": ("{rate} of the outputs were filtered (at most {limit})", "{rate} 的输出被过滤（至多 {limit}）"),
    "decided": ("decided after {prompts} prompts", "在第 {prompts} 题后已有定论"),
    "stopped_for_others": (
        "the run stopped when its own gates were decided, and this one cannot be judged from such a sample",
        "运行在其自身门限均有定论后停止，此门限不能据此样本判断",
    ),
    "no_baseline": ("the baseline is not there", "缺少基线"),
    "incomparable": ("the baseline cannot be compared: {differences}", "与基线不可比：{differences}"),
    "graded": ("grade {grade} (between {worst} and {best})", "等级为 {grade}（在 {worst} 与 {best} 之间）"),
    "waived": (
        "WAIVED by {owner} until {expires}: {reason} (the measured result stands)",
        "已豁免（{owner}，至 {expires}）：{reason}（测量结果不变）",
    ),
    "waived.word": ("waived", "已豁免"),
    "waiver_expired": ("the waiver of {owner} ended on {expires}", "{owner} 的豁免已于 {expires} 到期"),
    "waiver_unused": (
        "the waiver of {owner} (until {expires}) covers nothing that fails; remove it",
        "{owner} 的豁免（至 {expires}）没有可适用的不通过项，应予删除",
    ),
    "slice_large_enough": ("{prompts} prompts, at least {needed} are needed", "共 {prompts} 题，至少需要 {needed} 题"),
    "slice_too_small": ("only {prompts} prompts; {needed} are needed", "仅 {prompts} 题；至少需要 {needed} 题"),
    "validated": ("validated on {data}, {n} items", "已在 {data} 上验证，共 {n} 条"),
    "not_validated": ("no validation of this scorer is given", "没有该评分器的验证结果"),
    "validated_other": (
        "the validation given is of the scorer with other options or in another version",
        "所给的验证结果属于其他选项或版本的评分器",
    ),
    "few_items": ("validated on {n} items only; {needed} are needed", "仅用 {n} 条验证；至少需要 {needed} 条"),
    "low_sensitivity": (
        "it finds at least {bound} of what it should (lower bound); {limit} is needed",
        "其灵敏度下界为 {bound}；至少需要 {limit}",
    ),
    "low_specificity": (
        "it leaves at least {bound} of the rest alone (lower bound); {limit} is needed",
        "其特异度下界为 {bound}；至少需要 {limit}",
    ),
    "slice_empty": ("there are no outputs in this slice", "该切片中没有输出"),
    "unknown_reason": ("reason “{code}” ({figures})", "原因“{code}”（{figures}）"),
    # reasons of a run: whole sentences
    "gates_pass": ("All {n} gates pass.", "{n} 项门限全部通过。"),
    "gates_pass.one": ("The one gate passes.", "唯一的一项门限通过。"),
    "gates_pass.others": ("{n} gates pass.", "{n} 项门限通过。"),
    "gates_pass.others.one": ("1 gate passes.", "1 项门限通过。"),
    "gate_fails": ("{n} gates fail.", "{n} 项门限不通过。"),
    "gate_fails.one": ("1 gate fails.", "1 项门限不通过。"),
    "gates_open": ("{n} gates are undetermined.", "{n} 项门限未定。"),
    "gates_open.one": ("1 gate is undetermined.", "1 项门限未定。"),
    "gates_waived": ("{n} gates that do not pass are waived.", "{n} 项未通过的门限已获豁免。"),
    "gates_waived.one": ("1 gate that does not pass is waived.", "1 项未通过的门限已获豁免。"),
    "policy_changed": (
        "The policy was changed when {n} answers were already there.",
        "已有 {n} 条回答之后，策略被改动。",
    ),
    "policy_changed.one": (
        "The policy was changed when 1 answer was already there.",
        "已有 1 条回答之后，策略被改动。",
    ),
    "cards_changed": (
        "Scorer cards that the gates lean on were changed when {n} answers were already there.",
        "已有 {n} 条回答之后，门限所依据的评分器验证结果被改动。",
    ),
    "cards_changed.one": (
        "Scorer cards that the gates lean on were changed when 1 answer was already there.",
        "已有 1 条回答之后，门限所依据的评分器验证结果被改动。",
    ),
    "stopped_early": (
        "The run stopped after {prompts} of {planned} prompts, as soon as the gates set for it were decided, and saved "
        "{saved} of the calls. Looking early was allowed: prompts came in random order, and the gates' bounds hold at "
        "every look.",
        "运行时所设门限均已有定论，因此在 {planned} 题中的第 {prompts} 题之后停止，节省了 {saved} 的调用。"
        "允许中途查看：题目按随机顺序抽取，门限所用的置信界在每次查看时都成立。",
    ),
    "no_early_stop": (
        "The run could not stop early: {gate} can only be judged by all prompts.",
        "运行不能提前停止：{gate} 只能依据全部题目判断。",
    ),
    "no_early_order": (
        "The run could not stop early: it was begun with its prompts in the order of their files.",
        "运行不能提前停止：开始时题目是按文件顺序排列的。",
    ),
    "limited": (
        "Only the first {limit} prompts were run, so this is not for release.",
        "仅运行了前 {limit} 道题，不可用于发布。",
    ),
    "limited.one": (
        "Only the first prompt was run, so this is not for release.",
        "仅运行了第一道题，不可用于发布。",
    ),
    "bad_rows": (
        "{n} records of the prompt files could not be read and were left out, so this is not for release.",
        "题库文件中有 {n} 条记录无法读取而被略去，不可用于发布。",
    ),
    "bad_rows.one": (
        "1 record of the prompt files could not be read and was left out, so this is not for release.",
        "题库文件中有 1 条记录无法读取而被略去，不可用于发布。",
    ),
    "unanswered": (
        "Every output of {candidate} is an error, so this is not for release.",
        "{candidate} 的输出全部出错，不可用于发布。",
    ),
    "unjudged": (
        "No gate judges {candidate}, which is up for release (`release:` names those that are).",
        "{candidate} 待发布，却没有任何门限评判它（待发布者由 `release:` 指定）。",
    ),
    "gave_up": (
        "{n} of {planned} outputs were not asked for: too many calls had failed; this is not for release.",
        "{planned} 条输出中有 {n} 条未请求：失败的调用过多，不可用于发布。",
    ),
    "over_budget": (
        "{n} of {planned} outputs were not asked for: the cap of tokens or cost was reached; this is not for release.",
        "{planned} 条输出中有 {n} 条未请求：已达词元数或费用上限，不可用于发布。",
    ),
    "run_not_gated": ("No gate was set, so nothing was decided.", "未设任何门限，因此没有结论。"),
    "report_failed": ("A report could not be written: {format}.", "报告未能写出：{format}。"),
}
