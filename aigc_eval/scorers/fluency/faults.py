"""The faults of one answer, with their evidence: what needs no model."""

from __future__ import annotations

from typing import NamedTuple

from aigc_eval.records import Bilingual, Generation, Span
from aigc_eval.scorers.fluency.ending import cut_ending
from aigc_eval.scorers.fluency.rambling import ramble
from aigc_eval.scorers.fluency.repetition import judged, longest_repeat, rep_n
from aigc_eval.scorers.fluency.script import expected_language, foreign, mojibake
from aigc_eval.text import blank, tokens

__all__ = ["FAULTS", "Fault", "Limits", "examine"]

MOST_SPANS = 50
"""Spans of one kind that are kept as evidence."""


class Fault(NamedTuple):
    """A kind of fault: its part of the score, and what to call it."""

    part: str
    title: Bilingual
    about: Bilingual


FAULTS = (
    Fault(
        "repetition",
        Bilingual("Repetition", "内容重复"),
        Bilingual(
            "Share of outputs of which one passage that stands at two places makes up 30 % of the characters, or of "
            "which 70 % of the 4-grams occurred before (unless set otherwise); not of outputs under 24 tokens and 200 "
            "characters.",
            "在两处出现的同一片段占全文字符 30% 以上，或 70% 以上的 4 元组此前已出现（默认值）的输出所占比例；"
            "不足 24 个词元且不足 200 个字符的输出不判。",
        ),
    ),
    Fault(
        "truncation",
        Bilingual("Cut off", "内容截断"),
        Bilingual(
            "Share of outputs that ran into the length limit or stop in mid-sentence.",
            "达到长度上限或在句子中途停止的输出所占比例。",
        ),
    ),
    Fault(
        "rambling",
        Bilingual("Rambling", "答后续写"),
        Bilingual(
            "Share of outputs that go on with a new prompt, the instruction again or somebody else's turn.",
            "作答之后又续写新的提问、重复指令或替他人发言的输出所占比例。",
        ),
    ),
    Fault(
        "wrong_language",
        Bilingual("Wrong language", "语言不符"),
        Bilingual(
            "Share of outputs of which 30 % or more (unless set otherwise) is in another script than the language "
            "asked for, among those where that language is known.",
            "在应答语言可以确定的输出中，30% 以上（默认值）的内容使用了其他文字的输出所占比例。",
        ),
    ),
    Fault(
        "mojibake",
        Bilingual("Garbled characters", "乱码"),
        Bilingual(
            "Share of outputs with wrongly decoded, private-use or control characters.",
            "含有解码错误字符、私用区字符或控制字符的输出所占比例。",
        ),
    ),
    Fault(
        "empty",
        Bilingual("Empty", "空输出"),
        Bilingual("Share of outputs without a visible character.", "没有任何可见字符的输出所占比例。"),
    ),
)


class Limits(NamedTuple):
    """From where on a measure counts as a fault."""

    repeat: float
    rep_4: float
    foreign: float


class _Finding(NamedTuple):
    parts: dict[str, float]
    spans: list[tuple[int, int]]


def examine(generation: Generation, limits: Limits) -> tuple[dict[str, float], tuple[Span, ...]]:
    """Measures and 0/1 faults of one answer by name, and spans labelled with the fault they are evidence of.

    Left out are `rep_n` (2, 3, 4) of texts under n tokens and `wrong_language` where no language is asked for.
    """
    text, prompt = generation.text, generation.prompt
    if blank(text):
        cut = float(generation.outcome == "truncated")
        return {"empty": 1.0, "repetition": 0.0, "truncation": cut, "rambling": 0.0, "mojibake": 0.0}, ()
    rambling = ramble(text, prompt.text)
    found = {
        "repetition": _repetition(text, limits),
        "truncation": _truncation(text, truncated=generation.outcome == "truncated"),
        "rambling": _finding("rambling", [] if rambling is None else [(rambling, len(text))]),
        "mojibake": _finding("mojibake", mojibake(text, prompt.text)),
    }
    if expected := expected_language(prompt.text, prompt.tags):
        found["wrong_language"] = _language(text, expected, prompt.text, limits)
    parts = {"empty": 0.0}
    for finding in found.values():
        parts |= finding.parts
    spans = (Span(a, b, name) for name, finding in found.items() for a, b in finding.spans[:MOST_SPANS])
    return parts, tuple(spans)


def _finding(part: str, spans: list[tuple[int, int]]) -> _Finding:
    return _Finding({part: float(bool(spans))}, spans)


def _repetition(text: str, limits: Limits) -> _Finding:
    items, again = tokens(text), longest_repeat(text)
    share = again.length / len(text) if again else 0.0
    repeats = {f"rep_{n}": found for n in (2, 3, 4) if (found := rep_n(items, n)) is not None}
    fault = judged(items, text) and (share >= limits.repeat or repeats.get("rep_4", 0.0) >= limits.rep_4)
    parts = {"repetition": float(fault), "longest_repeat": share, **repeats}
    return _Finding(parts, [(again.second, again.second + again.length)] if fault and again else [])


def _truncation(text: str, *, truncated: bool) -> _Finding:
    start = cut_ending(text)
    if start is None and truncated:
        start = max(0, len(text.rstrip()) - 40)
    return _finding("truncation", [] if start is None else [(start, len(text))])


def _language(text: str, expected: str, prompt: str, limits: Limits) -> _Finding:
    share, passage = foreign(text, expected, prompt)
    fault = passage is not None and share >= limits.foreign
    parts = {"wrong_language": float(fault), "foreign": share}
    return _Finding(parts, [passage] if fault and passage else [])
