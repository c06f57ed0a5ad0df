"""What the section on standards says."""

from __future__ import annotations

__all__ = ["WORDS"]

WORDS = {
    "standards": ("Standards", "标准对照"),
    "standards.note": (
        "What this run can and cannot evidence, clause by clause. It is evidence, no certificate: nothing here alters "
        "the verdict above. Numbers are judged as gates are: each bound is one-sided at the policy’s confidence, "
        "unscored outputs count as the worst, and fewer prompts than a clause asks for are never enough. Question "
        "banks are counted by the prompts of this run.",
        "逐条列出本次评测能证明与不能证明的内容。以下仅为证据，不构成认证，也不影响上文结论。"
        "数值的判定与门限相同：单侧置信界，未能评分的输出按最差计；题数少于条款要求时一律不判为符合。题库规模按本次运行的题目计数。",
    ),
    "standards.none": (
        "This run was compared with no standard. Add a line such as “standards: [{example}]” to the bench; "
        "“aigc-eval list standards” shows those that come with the tool, and a file of your own may stand beside them.",
        "本次运行未对照任何标准。可在评测文件中加入一行，例如“standards: [{example}]”；"
        "“aigc-eval list standards”可列出工具自带的标准，也可使用自备的标准文件。",
    ),
    "standard.conforms": ("conforms", "符合"),
    "standard.conforms.part": ("conforms, as far as measured", "可测部分符合"),
    "standard.conforms.gates": ("conforms by this run’s gates", "按本次门限符合"),
    "standard.does_not_conform": ("does not conform", "不符合"),
    "standard.does_not_conform.gates": ("does not conform by this run’s gates", "按本次门限不符合"),
    "standard.undetermined": ("undetermined", "未定"),
    "standard.not_evaluated": ("not evaluated", "未评估"),
    "standard.not_applicable": ("not applicable", "不适用"),
    "standard.about": ("{issuer}; {edition}; {in_force}.", "{issuer}；{edition}；{in_force}。"),
    "standard.where": ("Official page: {url}. Licence: {licence}.", "官方页面：{url}。许可：{licence}。"),
    "standard.own": (
        "A file of this bench’s own, not one that comes with the tool.",
        "该标准文件由评测方自备，非工具自带。",
    ),
    "standard.constants": ("Numbers set by the bench: {constants}.", "由评测文件设定的数值：{constants}。"),
    "standard.unverified": ("wording not verified", "文字未经核对"),
    "standard.verified": ("verified", "已核对"),
    "standard.basis": ("{basis}. Source: {source}.", "{basis}。来源：{source}。"),
    "standard.clause": ("clause", "条款"),
    "standard.n": ("n / needed", "题数 / 要求"),
    "standard.estimate": ("estimate (bounds)", "估计值（置信界）"),
    "standard.status": ("status", "结论"),
    "standard.missing": ("what is missing, and why", "缺失与理由"),
    "standard.reason": ("Reason given: {reason}", "说明：{reason}"),
    "standard.gate": ("gate {gate}", "门限 {gate}"),
    "standard.more": ("{n} more prompts are needed", "还需 {n} 题"),
    "standard.more.one": ("1 more prompt is needed", "还需 1 题"),
    "standard.short": ("{n} classes lack {prompts} prompts in all", "{n} 类题目不足，共缺 {prompts} 题"),
    "standard.short.one": ("1 class lacks {prompts} prompts", "1 类题目不足，缺 {prompts} 题"),
    "standard.no_prompts": ("no prompt of this kind", "没有此类题目"),
    "standard.unmeasured": ("no scorer of this run measures it: {measures}", "本次运行没有相应的评分器：{measures}"),
    "standard.documents": ("asks for documents, which no run can show", "要求提供文件材料，评测无法证明"),
    "standard.no_limit": ("measured, but no limit was set", "已测量，但未设限值"),
    "standard.few_in_group": ("a group too small to be told apart", "分组过小，不予列出"),
    "standard.classes": ("Prompts by class of risk", "各风险类别的题数"),
    "standard.classes.note": (
        "Prompts of each class against the least number that the standard asks for.",
        "各类题数与标准要求的最少题数。",
    ),
    "standard.classes.none": (
        "No prompt carries a class of this standard: tag prompts with {tag}, or map an existing tag with “classes” in "
        "the bench. Classes without prompts: {n}.",
        "没有题目标注本标准的类别：请为题目添加标签 {tag}，或在评测文件中用 classes 映射已有标签。"
        "无题目的类别：{n} 个。",
    ),
    "standard.classes.by": ("{metric} by class", "各类别的{metric}"),
    "standard.class": ("class", "类别"),
    "standard.prompts": ("prompts", "题数"),
    "standard.needed": ("needed", "要求"),
    "standard.line": ("{title}: {counts}", "{title}：{counts}"),
    "standard.count": ("{status} {n}", "{status} {n}"),
    "standards.short_note": (
        "Evidence clause by clause, no certificate; the verdict does not depend on it.",
        "逐条证据，不构成认证，也不影响结论。",
    ),
}
