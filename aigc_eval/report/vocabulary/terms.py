"""Units, tags, languages, and what is common to all."""

from __future__ import annotations

__all__ = ["WORDS"]

WORDS = {
    # units
    "unit.bits": ("bits", "比特"),
    "unit.characters": ("characters", "字符"),
    "unit.grade": ("grade", "年级"),
    "unit.nats": ("nats", "奈特"),
    "unit.per 1,000 characters": ("per 1,000 characters", "每千字符"),
    "unit.s": ("s", "秒"),
    "unit.tokens": ("tokens", "词元"),
    "unit.tokens/s": ("tokens/s", "词元/秒"),
    # tags and languages
    "colon": ("{what}: {said}", "{what}：{said}"),
    "sentences": ("{one} {other}", "{one}{other}"),
    "in_slice": ("{title} [{slice}]", "{title}［{slice}］"),
    "slice_of": ("{tag}={value}", "{tag}：{value}"),
    "tag.lang": ("language", "语言"),
    "tag.category": ("category", "类别"),
    "tag.combined": ("combinations", "组合"),
    "lang.en": ("English", "英文"),
    "lang.zh": ("Chinese", "中文"),
    "lang.und": ("no language", "未知语言"),
    "lang.other": ("other", "其他"),
    "lang.any": ("any", "不限"),
    "lang.es": ("Spanish", "西班牙文"),
    "lang.fr": ("French", "法文"),
    "lang.it": ("Italian", "意大利文"),
    "lang.pt": ("Portuguese", "葡萄牙文"),
    "lang.ru": ("Russian", "俄文"),
    "lang.tr": ("Turkish", "土耳其文"),
    "languages": ("languages", "适用语言"),
    "languages.of": ("Languages: {languages}.", "适用语言：{languages}。"),
    "policy": (
        "Scores outputs that are {outcomes}; any other is unscored, and gates count it as the worst.",
        "对状态为{outcomes}的输出评分；其他输出不评分，门限判定时按最差计。",
    ),
    "scores": ("scores", "评分对象"),
    "needs": ("needs", "所需条件"),
    "depends": ("depends on the scorer's options", "取决于评分器的选项"),
    # Markdown
    "truncated_note": ("Truncated: the full tables are in report.html.", "已截断：完整表格见 report.html。"),
    "main_metrics": ("Main metrics", "主要指标"),
}
