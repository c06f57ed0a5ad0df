"""What leads a reader through the page: skip links, contents, the language switch."""

from __future__ import annotations

__all__ = ["WORDS"]

WORDS = {
    "skip.verdict": ("Skip to the verdict", "跳到结论"),
    "skip.contents": ("Skip to the contents", "跳到目录"),
    "contents": ("On this page", "本页内容"),
    "language": ("Language: ", "语言："),
}
