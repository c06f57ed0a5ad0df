"""For whom a report is."""

from __future__ import annotations

__all__ = ["POOLED", "WORDS"]

POOLED = "(fewer than 10 prompts)"
"""Stands for the values of a tag that fewer prompts have."""

WORDS = {
    "edition.public": ("Public edition", "公开版"),
    "edition.reviewer": ("Reviewer edition", "审核版"),
    "edition.internal": ("INTERNAL EDITION", "内部版"),
    "edition.public.note": (
        "Counts only: no prompt, no output, nothing that quotes one, and no group of fewer than 10 prompts.",
        "仅含统计数字：不含任何题目、输出及其摘录，也不含不足 10 题的分组。",
    ),
    "edition.reviewer.note": (
        "Texts are shown; personal data and secrets that were found in them are masked. For those who review the run, "
        "not for publication.",
        "展示文本；其中已识别的个人信息和密钥均已遮蔽。仅供审核人员使用，不得公开。",
    ),
    "edition.internal.note": (
        "personal data and secrets are not masked",
        "个人信息和密钥未经遮蔽",
    ),
    "edition.no_texts": ("without any text", "不含文本"),
    "edition.unmasked": ("personal data NOT masked", "个人信息未遮蔽"),
    "edition.no_samples": (
        "The public edition shows no prompt and no output. Those who may see them find them in the reviewer edition of "
        "this report.",
        "公开版不展示任何题目和输出。有权查看者请参阅本报告的审核版。",
    ),
    "edition.marked": ("{edition}: {note}", "{edition}：{note}"),
    "edition.few": ("fewer than 10 prompts", "不足 10 题"),
    "few_in_group": (
        "not told in the public edition: it is about a group of prompts that could be too small",
        "公开版不予说明：所涉题目分组可能过小",
    ),
    "waived.untold": (
        "WAIVED until {expires} (the measured result stands)",
        "已豁免，至 {expires}（测量结果不变）",
    ),
}
