"""Placeholders, a postscript, and how an answer starts and ends.

Every search takes time in proportion to the text, also where the reference's patterns do not.
"""

from __future__ import annotations

import re

from aigc_eval.scorers.control.finding import Finding
from aigc_eval.scorers.control.keywords import plain

__all__ = [
    "end_checker",
    "end_checker_zh",
    "number_placeholders",
    "number_placeholders_zh",
    "postscript",
    "postscript_zh",
    "quotation",
    "quotation_zh",
    "repeat_prompt",
    "two_responses",
]

_SQUARE = re.compile(r"\[[^\]]*\]")
_LENTICULAR = re.compile(r"【[^】]*】")
_PS = {"P.S.": re.compile(r"p\.\s?s\."), "P.P.S": re.compile(r"p\.\s?p\.\s?s")}
_PS_ZH = {"ps": re.compile(r"p\s?\.?\s?s(?![a-z])"), "pps": re.compile(r"p\s?\.?\s?p\s?\.?\s?s(?![a-z])")}
_POSTSCRIPTS = ("附言", "又及", "附记", "附注", "后记", "另及")
_QUOTES = {'"': '"', "“": "”", "「": "」", "『": "』", "＂": "＂"}


def _closed(text: str, pattern: re.Pattern[str], close: str) -> int:
    """Matches in each line up to its last closing mark, so that no opening mark is followed in vain."""
    lines = text.split("\n") if close in text else []
    return sum(len(pattern.findall(line, 0, line.rfind(close) + 1)) for line in lines)


def number_placeholders(text: str, num_placeholders: int) -> Finding:
    """At least so many placeholders in square brackets, each within a line."""
    return Finding(_closed(text, _SQUARE, "]") >= num_placeholders)


def number_placeholders_zh(text: str, num_placeholders: int) -> Finding:
    """The same; `［］` and `【】` count too."""
    found = _closed(plain(text), _SQUARE, "]") + _closed(text, _LENTICULAR, "】")
    return Finding(found >= num_placeholders)


def postscript(text: str, postscript_marker: str) -> Finding:
    """The marker occurs, in any case; in `P.S.` and `P.P.S` a space may follow a full stop."""
    marker = postscript_marker.strip()
    pattern = _PS.get(marker) or re.compile(re.escape(marker.lower()))
    return Finding(bool(pattern.search(text.lower())))


def postscript_zh(text: str, postscript_marker: str = "") -> Finding:
    """A line starts with the marker; without one, with P.S. or 附言, 又及, 附记, 附注, 后记, 另及."""
    marker = plain(postscript_marker).strip().lower()
    latin = _PS_ZH.get("".join(filter(str.isalpha, marker)) or "ps")
    starts = (marker,) if marker and not latin else () if marker else _POSTSCRIPTS
    lines = (line.lstrip(" \t*_#>【([").lower() for line in plain(text).split("\n"))
    return Finding(any(line.startswith(starts) or (latin and latin.match(line)) for line in lines))


def end_checker(text: str, end_phrase: str) -> Finding:
    """The text ends with the phrase, in any case, within or without straight double quotation marks."""
    return Finding(text.strip().strip('"').lower().endswith(end_phrase.strip().lower()))


def end_checker_zh(text: str, end_phrase: str) -> Finding:
    """The same, whatever the width and the script; Chinese quotation marks may close it."""
    return Finding(plain(text).strip().strip('"“”「」『』').lower().endswith(plain(end_phrase).strip().lower()))


def quotation(text: str) -> Finding:
    """The whole text stands in straight double quotation marks."""
    text = text.strip()
    return Finding(len(text) > 1 and text[0] == '"' and text[-1] == '"')


def quotation_zh(text: str) -> Finding:
    """The whole text stands in `“”`, `「」`, `『』` or straight quotation marks; `《》` mark titles, not speech."""
    text = text.strip()
    return Finding(len(text) > 1 and _QUOTES.get(text[0]) == text[-1])


def repeat_prompt(text: str, prompt_to_repeat: str) -> Finding:
    """The text starts with the request, in any case."""
    return Finding(text.strip().lower().startswith(prompt_to_repeat.strip().lower()))


def two_responses(text: str) -> Finding:
    """Two different texts with `******` between them."""
    pieces = [piece.strip() for piece in text.split("******")]
    filled = [piece for piece in pieces if piece]
    return Finding(all(pieces[1:-1]) and len(filled) == 2 and filled[0] != filled[1])
