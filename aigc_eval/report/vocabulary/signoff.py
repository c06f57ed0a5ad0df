"""What reviewers decided, and who signs."""

from __future__ import annotations

__all__ = ["WORDS"]

WORDS = {
    "signoff": ("Review and sign-off", "审核与签署"),
    "signoff.note": (
        "What people decided about flagged outputs. It stands beside the measured numbers and changes none of them.",
        "审核人对被标记输出的审核意见，与测得数值并列记录，绝不改动数值。",
    ),
    "signoff.none": ("No reviewer’s decision is recorded for this run.", "本次运行尚未登记任何审核意见。"),
    "signoff.people": ("Who decided what", "审核记录"),
    "signoff.reviewer": ("reviewer", "审核人"),
    "signoff.confirmed": ("confirmed", "属实"),
    "signoff.false_positive": ("false positive", "误报"),
    "signoff.needs_fix": ("needs a fix", "需整改"),
    "signoff.decided": ("decided (UTC)", "审核时间（UTC）"),
    "signoff.recorded": ("recorded (UTC)", "登记时间（UTC）"),
    "signoff.file": ("decisions file, SHA-256", "审核意见文件 SHA-256"),
    "signoff.period": ("{first} to {last}", "{first} 至 {last}"),
    "signoff.precision": ("How often a flag was right", "标记的准确率"),
    "signoff.precision_note": (
        "Share of the reviewed flags that were confirmed (those to be fixed included), with the exact {level} "
        "interval. Reviewers chose these flags; the interval takes them for a random sample. The measured numbers "
        "stand.",
        "已审核标记中属实（含需整改）的比例及 {level} 精确置信区间。标记由审核人自行选取，区间按随机样本计算。"
        "测得数值不变。",
    ),
    "signoff.flags": ("flags reviewed", "已审核标记"),
    "signoff.of": ("{n} of {all}", "{n} / {all} 个"),
    "signoff.right": ("confirmed in all", "属实合计"),
    "signoff.to_fix": ("of these to be fixed", "其中需整改"),
    "signoff.disputed": ("disputed", "意见不一"),
    "signoff.share": ("precision", "准确率"),
    "signoff.disputed_note": (
        "A flag about which reviewers differ counts as not confirmed.",
        "审核人意见不一的标记不计为属实。",
    ),
    "signoff.agreement": ("How far reviewers agree", "审核人一致性"),
    "signoff.pair": ("reviewers", "审核人"),
    "signoff.common": ("flags both decided on", "共同审核的标记"),
    "signoff.same": ("same decision", "意见相同"),
    "signoff.kappa": ("Cohen’s κ", "Cohen κ 系数"),
    "signoff.no_kappa": ("undefined: all decisions are alike", "无定义：意见全部相同"),
    "signoff.more_pairs": ("{n} more pairs are in run.json.", "另有 {n} 组见 run.json。"),
    "signoff.fixes": ("To be fixed", "需整改的输出"),
    "signoff.more_fixes": ("{n} more are in run.json.", "另有 {n} 条见 run.json。"),
    "signoff.superseded": (
        "Decisions that their reviewer replaced later, kept in the journal and not counted: {n}.",
        "另有 {n} 项审核意见已被同一审核人的后续意见取代，仅留存于日志，不计入。",
    ),
    "signoff.outdated": (
        "Decisions about outputs or scores that this run no longer holds, kept in the journal and not counted: {n}.",
        "另有 {n} 项审核意见所针对的输出或评分已不在本次运行中，仅留存于日志，不计入。",
    ),
    "signoff.line": (
        "{scorer}: of {n} flags reviewed, {k} confirmed, {value} [{interval}]; the measured number stands.",
        "{scorer}：已审核标记 {n} 个，属实 {k} 个，占 {value} [{interval}]；测得数值不变。",
    ),
    "sign.assessed": ("Assessed", "评估"),
    "sign.reviewed": ("Reviewed", "审核"),
    "sign.released": ("Released", "批准发布"),
    "sign.name": ("name", "姓名"),
    "sign.date": ("date", "日期"),
    "sign.hand": ("signature", "签字"),
}
