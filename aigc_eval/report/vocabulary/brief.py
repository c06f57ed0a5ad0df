"""The six short answers at the head of a report."""

from __future__ import annotations

__all__ = ["WORDS"]

WORDS = {
    "brief": ("In short", "结论摘要"),
    "brief.note": (
        "Six questions, answered from this run alone.",
        "以下六个问题的回答全部依据本次运行的数据。",
    ),
    # 1
    "brief.safer": ("Which candidate is safer?", "哪个候选更安全？"),
    "brief.safer.no_scorer": (
        "This run cannot tell: none of its scorers looks for harm ({dimensions}).",
        "本次运行无法回答：没有任何评分器检查有害内容（{dimensions}）。",
    ),
    "brief.safer.one": (
        "Only {candidate} was measured, so there is nothing to compare it with.",
        "仅评测了 {candidate}，没有可比较的对象。",
    ),
    "brief.safer.no_answers": (
        "This run cannot tell: there is no answer to judge by a safety metric.",
        "本次运行无法回答：没有可供安全指标评判的回答。",
    ),
    "brief.safer.better": (
        "{best} is safer than {other}: clearly better in {metrics}, clearly worse in no safety metric.",
        "{best} 比 {other} 更安全：在{metrics}上明显更好，且没有任何安全指标明显更差。",
    ),
    "brief.safer.mixed": (
        "Neither is safer throughout: {one} is clearly better in {metrics}, {other} in {others}.",
        "没有哪个候选全面更安全：{one} 在{metrics}上明显更好，{other} 在{others}上明显更好。",
    ),
    "brief.safer.alike": (
        "Neither {one} nor {other} was shown to be safer: no clear difference in {metrics}. That does not show that "
        "they are equally safe.",
        "未能证明 {one} 与 {other} 孰更安全：在{metrics}上无明显差异。这并不表示两者同样安全。",
    ),
    "brief.safer.alike.many": (
        "Whether {names} are safer than {other} was not shown, nor the reverse: no clear difference in {metrics}. That "
        "does not show that they are equally safe.",
        "{names} 与 {other} 相比，均未能证明孰更安全：在{metrics}上无明显差异。这并不表示它们同样安全。",
    ),
    "brief.safer.unknown": (
        "Whether {one} or {other} is safer cannot be told: nothing could be compared in {metrics}.",
        "无法判断 {one} 与 {other} 孰更安全：{metrics}无法比较。",
    ),
    "brief.safer.also_alike": ("No clear difference in {metrics}.", "在{metrics}上无明显差异。"),
    "brief.safer.gates": (
        "Up for release, {candidate}: {passed} of {total} gates pass, {failed} fail, {open} undetermined; {waived} "
        "of those are waived.",
        "待发布的 {candidate}：{total} 项门限中 {passed} 项通过，{failed} 项不通过，{open} 项未定，"
        "其中 {waived} 项已豁免。",
    ),
    "brief.safer.gates.plain": (
        "Up for release, {candidate}: {passed} of {total} gates pass, {failed} fail, {open} undetermined.",
        "待发布的 {candidate}：{total} 项门限中 {passed} 项通过，{failed} 项不通过，{open} 项未定。",
    ),
    "brief.safer.no_gates": (
        "No gate says whether that is safe enough.",
        "没有门限说明这样是否足够安全。",
    ),
    # 2
    "brief.much": ("By how much?", "差多少？"),
    "brief.much.two": (
        "{metric}: {candidate} {value}, {against} {other}; difference {difference} ({interval}), {verdict}.",
        "{metric}：{candidate} 为 {value}，{against} 为 {other}；差异 {difference}（{interval}），{verdict}。",
    ),
    "brief.much.bare": (
        "{metric}: {candidate} {value}, {against} {other}; {verdict}.",
        "{metric}：{candidate} 为 {value}，{against} 为 {other}；{verdict}。",
    ),
    "brief.much.one": ("{metric}: {value} ({interval}).", "{metric}：{value}（{interval}）。"),
    "brief.much.value": ("{metric}: {value}.", "{metric}：{value}。"),
    "brief.much.limit": (
        "{metric}: {value} ({interval}); the limit is {limit}.",
        "{metric}：{value}（{interval}）；限值为 {limit}。",
    ),
    "brief.much.beyond": ("Beyond safety: {items}.", "安全以外：{items}。"),
    "brief.much.item": ("{metric} {difference}, {verdict}", "{metric} {difference}，{verdict}"),
    "brief.much.nothing": (
        "No safety metric has a value.",
        "没有任何安全指标有数值。",
    ),
    "brief.title": ("“{title}”", "“{title}”"),
    "brief.more": ("and {n} more, in the tables below.", "另有 {n} 项，见下文表格。"),
    # 3
    "brief.sure": ("How sure is that?", "把握有多大？"),
    "brief.sure.clear": (
        "“Clearly” is said at {level} confidence for all {n} comparisons by main metrics together (paired by prompt, "
        "Holm’s correction): {clear} of them are clear, and each of the others may be chance.",
        "“明显”一词的置信水平为 {level}，对主要指标的全部 {n} 次比较整体成立（按题配对，Holm 法校正）："
        "其中 {clear} 次差异明显，其余各次都可能出于偶然。",
    ),
    "brief.sure.none": (
        "No difference between candidates was tested.",
        "未对候选之间的差异作检验。",
    ),
    "brief.sure.size": (
        "It rests on {prompts} prompts, {samples}: with other prompts of the same kind, the numbers may differ by as "
        "much as the intervals say.",
        "依据为 {prompts} 道题，{samples}：换一批同类题目，数值可能在区间所示的范围内变动。",
    ),
    "brief.sure.gates": (
        "Gates hold at {confidence} each: {decided} of {total} decided, {open} undetermined.",
        "每项门限的置信水平为 {confidence}：{total} 项中 {decided} 项已有定论，{open} 项未定。",
    ),
    "brief.sure.validated": (
        "How often the scorers err was shown for {scorers}; for {others} it is not known to this run, and the numbers "
        "are what these scorers say.",
        "{scorers}的误判率已有验证结果；{others}的误判率在本次运行中未知，数值仅代表这些评分器的判断。",
    ),
    "brief.sure.all_validated": (
        "How often the scorers err was shown for each of them: {scorers}.",
        "各评分器的误判率均有验证结果：{scorers}。",
    ),
    "brief.sure.not_validated": (
        "How often the scorers err is not known to this run: no validation is given for {others}. The numbers are what "
        "these scorers say.",
        "本次运行不掌握评分器的误判率：{others}均无验证结果。数值仅代表这些评分器的判断。",
    ),
    "brief.sure.reviewed.one": (
        "People looked at 1 flag of {scorer} and confirmed {confirmed}.",
        "人工复核了 {scorer} 的 1 处标记，确认 {confirmed} 处。",
    ),
    "brief.sure.reviewed": (
        "People looked at {n} flags of {scorer} and confirmed {confirmed} ({value}).",
        "人工复核了 {scorer} 的 {n} 处标记，确认 {confirmed} 处（{value}）。",
    ),
    # 4
    "brief.proof": ("Which samples prove it?", "哪些样本可以证明？"),
    "brief.proof.ids": (
        "{scorer} flags {n} outputs of {candidate}; the worst:",
        "{scorer}标记了 {candidate} 的 {n} 条输出，最差的是：",
    ),
    "brief.proof.ids.one": (
        "{scorer} flags 1 output of {candidate}:",
        "{scorer}标记了 {candidate} 的 1 条输出：",
    ),
    "brief.proof.count": (
        "{scorer} flags {n} outputs of {candidate}.",
        "{scorer}标记了 {candidate} 的 {n} 条输出。",
    ),
    "brief.proof.count.one": (
        "{scorer} flags 1 output of {candidate}.",
        "{scorer}标记了 {candidate} 的 1 条输出。",
    ),
    "brief.proof.clean": (
        "{scorer} flags no output of {candidate}.",
        "{scorer}没有标记 {candidate} 的任何输出。",
    ),
    "brief.proof.whole": (
        "{scorer}: no single output of {candidate} shows it; the number is one of all texts together.",
        "{scorer}：{candidate} 没有单条输出可以说明，该数值由全部文本共同得出。",
    ),
    "brief.proof.failed": (
        "{scorer} could not score {n} outputs of {candidate}:",
        "{scorer}未能对 {candidate} 的 {n} 条输出评分：",
    ),
    "brief.proof.failed.one": (
        "{scorer} could not score 1 output of {candidate}:",
        "{scorer}未能对 {candidate} 的 1 条输出评分：",
    ),
    "brief.proof.failed.count.one": (
        "{scorer} could not score 1 output of {candidate}.",
        "{scorer}未能对 {candidate} 的 1 条输出评分。",
    ),
    "brief.proof.failed.count": (
        "{scorer} could not score {n} outputs of {candidate}.",
        "{scorer}未能对 {candidate} 的 {n} 条输出评分。",
    ),
    "brief.proof.nothing": (
        "No output does: no gate failed, and no candidate was shown to be safer.",
        "没有这样的输出：没有门限不通过，也未证明哪个候选更安全。",
    ),
    "brief.proof.public": (
        "This edition tells counts only; the reviewer’s edition shows the outputs.",
        "本版仅列数量；输出内容见审核版。",
    ),
    # 5
    "brief.gaps": ("What was not measured?", "哪些没有测？"),
    "brief.gaps.dimensions": (
        "No scorer of this run looks at: {dimensions}.",
        "本次运行没有评分器涉及：{dimensions}。",
    ),
    "brief.gaps.none": (
        "There is a scorer for each dimension: {dimensions}.",
        "每个维度都有评分器：{dimensions}。",
    ),
    "brief.gaps.other": (
        "Scorers that name no dimension: {scorers}.",
        "未注明维度的评分器：{scorers}。",
    ),
    "brief.gaps.part": (
        "Measured on part of the prompts, since it does not apply to the others: {items}.",
        "因不适用于其余题目，仅在部分题目上测量：{items}。",
    ),
    "brief.gaps.part.item": ("{scorer} ({n} of {total})", "{scorer}（{n}/{total} 题）"),
    "brief.gaps.failed": (
        "Not scored although it should have been, and counted as the worst by gates: {items}.",
        "本应评分而未能评分，门限判定时按最差计：{items}。",
    ),
    "brief.gaps.failed.item.one": ("{scorer}, {candidate}: 1 output", "{scorer}，{candidate}：1 条"),
    "brief.gaps.failed.item": ("{scorer}, {candidate}: {n} outputs", "{scorer}，{candidate}：{n} 条"),
    "brief.gaps.languages": (
        "In a language that the scorer is not made for: {items}.",
        "输出语言不在评分器适用范围内：{items}。",
    ),
    "brief.gaps.language.item": ("{scorer} ({languages})", "{scorer}（{languages}）"),
    "brief.gaps.slices": (
        "Too few prompts for an interval (under {needed}): {items}.",
        "题目过少（不足 {needed} 题），无法给出区间：{items}。",
    ),
    "brief.gaps.slice.item": ("{slice} ({n})", "{slice}（{n} 题）"),
    "brief.gaps.unvalidated.all": (
        "How often the scorers err: no validation is given for any of them.",
        "评分器的误判率：所有评分器均无验证结果。",
    ),
    "brief.gaps.not_validated": (
        "How often these scorers err in a language of the outputs: {items}.",
        "以下评分器在部分输出语言上误判多少：{items}。",
    ),
    "brief.gaps.not_validated.item": (
        "{scorer}: scorer not validated for {languages}",
        "{scorer}：评分器未就{languages}验证",
    ),
    "brief.gaps.unvalidated": (
        "How often these scorers err, for which no validation is given: {scorers}.",
        "以下评分器没有验证结果，误判率未知：{scorers}。",
    ),
    "brief.gaps.prompts": (
        "Whatever the {prompts} prompts do not ask about.",
        "{prompts} 道题目未涉及的一切内容。",
    ),
    "brief.gaps.limited": (
        "All prompts after the first {limit}, which were never asked.",
        "前 {limit} 道题之后的所有题目，从未提问。",
    ),
    "brief.gaps.planned": (
        "{n} of {planned} prompts, which were never asked.",
        "{planned} 道题中的 {n} 道，从未提问。",
    ),
    # 6
    "brief.todo": ("What must happen before release?", "发布前还需要做什么？"),
    "brief.todo.nothing": (
        "Nothing more that this run’s gates ask for. Whether they ask for enough is for the people who sign to say.",
        "就本次运行的门限而言，无须再做什么。门限是否足够，由签字人判断。",
    ),
    "brief.todo.fail": (
        "Mend {candidate}: {metric} must be {limit}, and is {value}; {reason}.",
        "改进 {candidate}：{metric}须{limit}，现为 {value}；{reason}。",
    ),
    "brief.todo.more": (
        "Ask {candidate} about {more} more prompts, to decide {metric} ({limit}).",
        "对 {candidate} 约再测 {more} 题，以判定{metric}（{limit}）。",
    ),
    "brief.todo.open": (
        "Decide {metric} of {candidate} ({limit}): {reason}.",
        "对 {candidate} 的{metric}（{limit}）作出判定：{reason}。",
    ),
    "brief.todo.policy": ("Meet the policy, {metric}: {reason}.", "满足策略要求，“{metric}”：{reason}。"),
    "brief.todo.waiver": (
        "Until {expires}: mend {metric} of {candidate} ({reason}); the waiver of {owner} ends then.",
        "{expires} 之前：改进 {candidate} 的{metric}（{reason}）；{owner} 的豁免届时到期。",
    ),
    "brief.todo.waiver.untold": (
        "Until {expires}: mend {metric} of {candidate} ({reason}); the waiver ends then.",
        "{expires} 之前：改进 {candidate} 的{metric}（{reason}）；豁免届时到期。",
    ),
    "brief.todo.no_gates": (
        "Set gates (a policy) before the next run: without any, nothing can be released on the strength of this one.",
        "在下一次运行之前设定门限（策略）：没有门限，本次运行不能作为发布依据。",
    ),
    "brief.todo.limited": (
        "Run all prompts: this run was limited to the first {limit}.",
        "运行全部题目：本次运行仅限前 {limit} 道题。",
    ),
    "brief.todo.bad_rows": (
        "Repair the {n} records of the prompt files that were left out, and run again.",
        "修复题库文件中被略去的 {n} 条记录，然后重新运行。",
    ),
    "brief.todo.unanswered": (
        "Get answers from {candidate}: every output of it is an error.",
        "取得 {candidate} 的回答：其输出全部出错。",
    ),
    "brief.todo.unasked": (
        "Ask for the {n} outputs that were not asked for (--resume), once calls succeed or the cap is raised.",
        "待调用恢复正常或提高上限后，用 --resume 请求其余 {n} 条输出。",
    ),
    "brief.todo.errors.one": (
        "Ask again for the 1 output of {candidate} that is an error (--resume).",
        "用 --resume 重新请求 {candidate} 出错的 1 条输出。",
    ),
    "brief.todo.errors": (
        "Ask again for the {n} outputs of {candidate} that are errors (--resume).",
        "用 --resume 重新请求 {candidate} 出错的 {n} 条输出。",
    ),
    "brief.todo.unjudged": (
        "Set a gate for {candidate}, which is up for release, or take it off `release:`.",
        "为待发布的 {candidate} 设定门限，或将其移出 `release:`。",
    ),
    "brief.todo.changed": (
        "Have the policy confirmed by somebody who has not seen the answers: it was changed when {n} were there.",
        "请未看过回答的人确认策略：已有 {n} 条回答时策略被改动。",
    ),
    "brief.todo.report": (
        "Write the report that failed: {format} (aigc-eval report); until then the verdict is undetermined.",
        "重新生成未能写出的报告：{format}（aigc-eval report）；在此之前结论未定。",
    ),
    "brief.todo.mask": (
        "Search the outputs for personal data (the scorer pii) before anybody passes this report on: nothing was "
        "masked.",
        "在传阅本报告之前，用 pii 评分器检查输出中的个人信息：本报告未作任何遮蔽。",
    ),
    "brief.todo.validate": (
        "Show how often the safety scorers err ({scorers}), on outputs that people have labelled, or say why that is "
        "not needed.",
        "用人工标注的输出验证安全评分器的误判率（{scorers}），或说明无须验证的理由。",
    ),
    "brief.todo.fix.one": (
        "Mend the 1 output that reviewers marked “needs a fix” ({scorer}).",
        "整改审核人标为“需整改”的 1 条输出（{scorer}）。",
    ),
    "brief.todo.fix": (
        "Mend the {n} outputs that reviewers marked “needs a fix” ({scorer}).",
        "整改审核人标为“需整改”的 {n} 条输出（{scorer}）。",
    ),
    # dimensions
    "dimension.fluency": ("fluency", "流畅性"),
    "dimension.diversity": ("diversity", "多样性"),
    "dimension.toxicity": ("toxicity", "毒性"),
    "dimension.pii": ("personal data", "个人信息"),
    "dimension.factuality": ("factuality", "事实性"),
    "dimension.bias": ("bias", "偏见"),
    "dimension.refusal": ("refusal", "拒答"),
    "dimension.memorisation": ("memorisation", "记忆复现"),
    "dimension.control": ("controllability", "可控性"),
    "dimension.cost": ("cost", "成本"),
}
