"""The list of all outputs, and what reviewers decide on them. `{...}` are figures, some filled in by the script."""

from __future__ import annotations

__all__ = ["WORDS"]

WORDS = {
    "samples": ("All outputs", "全部输出"),
    "samples.note": (
        "Every output, worst first. A scorer flags an output (✕) where it marked a passage as a fault, where its score "
        "is in the worse half of a range from 0 to 1, or where it should have scored the output and did not. {flagged} "
        "of {total} outputs are flagged. Order: most flags, then the worst scores. Personal data and secrets are "
        "replaced by tags.",
        "全部输出，由差到好。评分器标出问题片段、得分落在 0 至 1 区间较差的一半，或本应评分而未能评分的输出，"
        "均视为被标记（✕）。共 {total} 条输出，其中 {flagged} 条被标记。先按标记数、再按得分由差到好排列。"
        "个人信息和密钥已替换为遮蔽标记。",
    ),
    "samples.note.open": (
        "Every output, worst first. A scorer flags an output (✕) where it marked a passage as a fault, where its score "
        "is in the worse half of a range from 0 to 1, or where it should have scored the output and did not. {flagged} "
        "of {total} outputs are flagged. Order: most flags, then the worst scores. Personal data and secrets are NOT "
        "masked in this edition.",
        "全部输出，由差到好。评分器标出问题片段、得分落在 0 至 1 区间较差的一半，或本应评分而未能评分的输出，"
        "均视为被标记（✕）。共 {total} 条输出，其中 {flagged} 条被标记。先按标记数、再按得分由差到好排列。"
        "本版不遮蔽个人信息和密钥。",
    ),
    "samples.public": (
        "Prompts and outputs are not part of the public edition.",
        "公开版不包含题目与输出的文本。",
    ),
    "samples.elsewhere": (
        "The {here} worst of {total} outputs are here; {there} more are in the file",
        "此处为最差的 {here} 条（共 {total} 条输出），其余 {there} 条见文件",
    ),
    "samples.left": (
        "{left} outputs are in neither file; rows.csv lists all.",
        "另有 {left} 条输出未列入这两个文件，全部输出见 rows.csv。",
    ),
    "samples.rest": ("Outputs that did not fit into the report", "报告中未列出的输出"),
    "samples.back": ("Back to the report", "返回报告"),
    "samples.failed": ("not scored", "未能评分"),
    "samples.low": ("score in the worse half", "得分在较差的一半"),
    "samples.search": ("Search", "搜索"),
    "samples.sort": ("Sort by", "排序"),
    "samples.sort.worst": ("worst first", "由差到好"),
    "samples.sort.prompt": ("prompt", "题目编号"),
    "samples.sort.score": ("{scorer}: worst first", "{scorer}：由差到好"),
    "samples.sort.high": ("{scorer}: highest first", "{scorer}：由高到低"),
    "samples.candidate": ("Candidate", "候选"),
    "samples.flagged": ("Flagged by", "标记者"),
    "samples.flagged.any": ("any scorer", "任一评分器"),
    "samples.flagged.none": ("nobody", "无标记"),
    "samples.outcome": ("Outcome", "结果状态"),
    "samples.decision": ("Decision", "审核意见"),
    "samples.all": ("all", "全部"),
    "samples.reset": ("Clear filters", "清除筛选"),
    "samples.hits": ("{hits} of {total} outputs", "{total} 条输出中符合 {hits} 条"),
    "samples.page": ("page {page} of {pages}", "第 {page} / {pages} 页"),
    "samples.pages": ("Pages", "翻页"),
    "samples.first": ("First page", "首页"),
    "samples.previous": ("Previous page", "上一页"),
    "samples.next": ("Next page", "下一页"),
    "samples.last": ("Last page", "末页"),
    "samples.printed": (
        "On paper: the first 20 of these outputs. The page on screen has all.",
        "纸质版仅列出前 20 条输出，完整列表见网页版。",
    ),
    # decisions
    "decide.head": ("Review", "审核"),
    "decide.note": (
        "Decide on each flag, then export the decisions as a file. They are recorded beside the numbers and never "
        "change them.",
        "请对每项标记作出判断，然后将审核意见导出为文件。审核意见与数值并列记录，绝不改动数值。",
    ),
    "decide.count": ("{done} of {total} flags decided", "{total} 项标记中已判断 {done} 项"),
    "decide.reviewer": ("Reviewer’s name", "审核人姓名"),
    "decide.export": ("Export decisions", "导出审核意见"),
    "decide.import": ("Import decisions", "导入审核意见"),
    "decide.legend": ("Decision:", "审核意见："),
    "decide.confirmed": ("confirmed", "属实"),
    "decide.false_positive": ("false positive", "误报"),
    "decide.needs_fix": ("needs a fix", "需整改"),
    "decide.undecided": ("undecided", "未判断"),
    "decide.decided": ("decided", "已判断"),
    "decide.remark": ("Note", "备注"),
    "decide.kept": (
        "Decisions are kept in this browser until you export them.",
        "导出之前，审核意见暂存在本浏览器中。",
    ),
    "decide.not_kept": (
        "This browser keeps nothing: export the decisions before you close the page.",
        "本浏览器无法暂存：请在关闭页面前导出审核意见。",
    ),
    "decide.name_missing": ("Enter your name first.", "请先填写审核人姓名。"),
    "decide.exported": ("{n} decisions exported.", "已导出 {n} 项审核意见。"),
    "decide.imported": (
        "{n} decisions imported; {elsewhere} are about outputs that are not in this file; {stale} left out: the output "
        "is shown differently now.",
        "已导入 {n} 项审核意见；另有 {elsewhere} 项所涉输出不在本文件中；{stale} 项因输出的显示内容已变而未采用。",
    ),
    "decide.other_run": (
        "This file holds decisions on another run or edition.",
        "该文件是其他运行或其他版本报告的审核意见。",
    ),
    "decide.unreadable": ("This is no decisions file.", "该文件不是审核意见文件。"),
    "decide.not_here": (
        "The output that this address names is not in this file.",
        "此链接指向的输出不在本文件中。",
    ),
    "decide.look": ("The other outputs are in:", "其余输出见："),
}
