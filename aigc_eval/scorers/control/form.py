"""The format of an answer: lists, highlights, sections, titles, options, JSON, regular expressions."""

from __future__ import annotations

import json
import re

from aigc_eval.plugin import require
from aigc_eval.scorers.control.finding import CannotTell, Finding, verdict
from aigc_eval.scorers.control.keywords import plain
from aigc_eval.scorers.control.options import SECONDS
from aigc_eval.tables.strict_json import whole

__all__ = [
    "constrained_response",
    "constrained_response_zh",
    "json_format",
    "json_schema",
    "multiple_sections",
    "multiple_sections_zh",
    "number_bullet_lists",
    "number_bullet_lists_zh",
    "number_highlighted_sections",
    "regex",
    "title",
    "title_zh",
]

_STAR = re.compile(r"^[^\S\n]*+\*[^*].*$", re.MULTILINE)
_DASH = re.compile(r"^[^\S\n]*+-", re.MULTILINE)
_BULLET_ZH = re.compile(
    r"^[^\S\n]*+(?:\*(?!\*)(?![*\t ]*$)|[-－](?![-－])(?![-－\t ]*$)|[•·●・○◦▪■◆◇‣⁃])", re.MULTILINE
)
_HIGHLIGHT = re.compile(r"\*[^\n*]*\*")
_STRONG = re.compile(r"\*\*[^\n*]*\*\*")
_TITLE = re.compile(r"<<[^\n]+>>")
_TITLE_ZH = re.compile(r"[\s#*_]*+(?:标题|题目)?[\s:：*_]*+《([^《》]*)》[\s*_]*+\Z")
_OPTIONS = ("My answer is yes.", "My answer is no.", "My answer is maybe.")
_FENCES = ("```json", "```Json", "```JSON", "```")
_NUMBER_ZH = "[0-9〇零一二三四五六七八九十百]+"


def number_bullet_lists(text: str, num_bullets: int) -> Finding:
    """Exactly so many lines that start with `*` (not `**`) or `-`."""
    return Finding(len(_STAR.findall(text)) + len(_DASH.findall(text)) == num_bullets)


def number_bullet_lists_zh(text: str, num_bullets: int) -> Finding:
    """The same with `•`, `·`, `●`, `－` and their kin; lines of dashes or stars alone are rules, not bullets."""
    return Finding(len(_BULLET_ZH.findall(text)) == num_bullets)


def number_highlighted_sections(text: str, num_highlights: int) -> Finding:
    """At least so many passages in `*stars*`; a `**passage**` counts as the reference counts it."""
    single = [match for match in _HIGHLIGHT.findall(text) if match.strip("*").strip()]
    double = [match for match in _STRONG.findall(text) if match[2:-2].strip()]
    return Finding(len(single) + len(double) >= num_highlights)


def multiple_sections(text: str, section_spliter: str, num_sections: int) -> Finding:
    """At least so many headings: the word, in this very case, and a number."""
    return Finding(len(re.findall(re.escape(section_spliter.strip()) + r"\s?\d+", text)) >= num_sections)


def multiple_sections_zh(text: str, section_spliter: str, num_sections: int) -> Finding:
    """At least so many headings at the start of a line: `第一节`, `第1节`, `节1` or `节一` for the word 节."""
    word = re.escape(plain(section_spliter).strip().removeprefix("第"))
    start = r"^[^\S\n]*+[#*【]*+[^\S\n]?"
    pattern = rf"{start}(?:第\s?{_NUMBER_ZH}\s?{word}|{word}\s?{_NUMBER_ZH})"
    return Finding(len(re.findall(pattern, plain(text), re.MULTILINE)) >= num_sections)


def title(text: str) -> Finding:
    """A title in double angular brackets, such as `<<poem of joy>>`, somewhere."""
    for line in text.split("\n") if ">>" in text else []:
        for match in _TITLE.finditer(line, 0, line.rfind(">>") + 2):
            if match.group().lstrip("<").rstrip(">").strip():
                return Finding(True)
    return Finding(False)


def title_zh(text: str) -> Finding:
    """The same, or a line that holds nothing but 《a title》 (a book that is mentioned in passing is none)."""
    alone = (_TITLE_ZH.match(line) for line in text.split("\n") if "《" in line)
    return Finding(title(text).followed or any(found and found.group(1).strip() for found in alone))


def constrained_response(text: str, options: tuple[str, ...] = _OPTIONS) -> Finding:
    """One of the options occurs; without any, IFEval's three."""
    return Finding(any(option in text.strip() for option in options))


def constrained_response_zh(text: str, options: tuple[str, ...]) -> Finding:
    """One of the options occurs, whatever the width and the script; there are none by default in Chinese."""
    return constrained_response(plain(text), tuple(map(plain, options)))


def _unfenced(text: str) -> str:
    text = text.strip()
    for fence in _FENCES:
        text = text.removeprefix(fence)
    return text.removesuffix("```").strip()


def json_format(text: str) -> Finding:
    """JSON as Python reads it, within or without a Markdown fence; nesting too deep to be read is none."""
    try:
        json.loads(_unfenced(text))
    except (ValueError, RecursionError):
        return Finding(False)
    return Finding(True)


def json_schema(text: str, schema: object) -> Finding:
    """JSON (no NaN, no key twice), within or without a Markdown fence, that is valid against the schema."""
    try:
        value = whole(_unfenced(text))
    except ValueError:
        return Finding(False)
    try:
        return Finding(bool(schema.is_valid(value)))  # type: ignore[attr-defined]
    except RecursionError:
        raise CannotTell("the answer or the schema is nested too deeply") from None
    except TimeoutError:
        raise CannotTell(f"a pattern of the schema took longer than {SECONDS:g} s") from None
    except require("referencing", extra="control").exceptions.Unresolvable as error:
        raise CannotTell(f"the schema refers to what is not in it: {error!s:.80}") from None


def regex(text: str, pattern: object, whole: bool = False, forbidden: bool = False) -> Finding:
    """The pattern is found (`whole`: matches all of the stripped text; `forbidden`: is not found). Bounded in time."""
    try:
        find, within = (pattern.fullmatch, text.strip()) if whole else (pattern.search, text)  # type: ignore[attr-defined]
        found = find(within, timeout=SECONDS)
    except TimeoutError:
        raise CannotTell(f"the regular expression took longer than {SECONDS:g} s") from None
    if not forbidden:
        return Finding(bool(found))
    return verdict(not found, [found.span()] if found and not whole and found.group() else [])
