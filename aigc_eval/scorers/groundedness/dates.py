"""Dates in English and Chinese: 2024年3月5日 is March 5, 2024."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aigc_eval.scorers.groundedness.numerals import HAN_DIGITS, Place, han_number

__all__ = ["Date", "dates"]


_MONTHS = {
    name: i // 3 + 1
    for i, name in enumerate(
        [
            "january",
            "jan",
            "jan.",
            "february",
            "feb",
            "feb.",
            "march",
            "mar",
            "mar.",
            "april",
            "apr",
            "apr.",
            "may",
            "may",
            "may.",
            "june",
            "jun",
            "jun.",
            "july",
            "jul",
            "jul.",
            "august",
            "aug",
            "aug.",
            "september",
            "sep",
            "sept",
            "october",
            "oct",
            "oct.",
            "november",
            "nov",
            "nov.",
            "december",
            "dec",
            "dec.",
        ]
    )
}
_month = "|".join(sorted({re.escape(m) for m in _MONTHS}, key=len, reverse=True))
_year = r"(?:1\d{3}|20\d{2}|21\d{2})"
_h = rf"(?:\d{{1,2}}|[{HAN_DIGITS[:-4]}]{{1,3}})"
_CHINESE = [
    re.compile(
        rf"(?<!\d)(?P<y>\d{{4}}|[〇零一二三四五六七八九]{{4}})\s*年(?!代)(?:\s*(?P<m>{_h})\s*月(?:\s*(?P<d>{_h})\s*[日号])?)?"
    ),
    re.compile(rf"(?<![\d{HAN_DIGITS}])(?P<m>{_h})\s*月(?!球|亮)(?:\s*(?P<d>{_h})\s*[日号])?"),
]
_NUMERIC = [
    re.compile(r"(?<![\d.])(?P<y>\d{4})(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})(?!\d)"),
    re.compile(r"(?<![\d.])(?P<m>\d{1,2})(?P<s>[-/.])(?P<d>\d{1,2})(?P=s)(?P<y>\d{4})(?!\d)"),
]
_NAMED = [
    re.compile(
        rf"\b(?P<m>{_month})\.?\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?![\d:])(?:\s*,?\s*(?P<y>{_year})(?!\d))?", re.I
    ),
    re.compile(
        rf"(?<!\d)(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<m>{_month})\b(?:\s*,?\s*(?P<y>{_year})(?!\d))?", re.I
    ),
    re.compile(rf"\b(?P<m>{_month})\s*,?\s*(?P<y>{_year})(?!\d)", re.I),
]
_YEARS = [
    re.compile(rf"(?<![\d.,$€£¥A-Za-z-])(?P<y>{_year})(?:'?(?P<decade>s)|(?![\d,.]*\d)(?![A-Za-z%°]))"),
    re.compile(r"(?<!\d)(?:(?P<c>\d{2})世纪)?(?P<y>\d0)(?P<decade>年代)"),
]
_DIGIT, _LETTERS = re.compile(r"\d"), re.compile("[a-z]+")
_MONTH_WORDS = frozenset(name.rstrip(".") for name in _MONTHS)


@dataclass(frozen=True)
class Date:
    """A day, a month, a year or a decade; None for what is left open."""

    year: int | None
    month: int | None
    day: int | None
    decade: bool
    place: Place

    def supported_by(self, other: Date) -> bool:
        """Whether `other` says all that this says: May 2024 is supported by 5 May 2024, not the other way round."""
        if self.decade and self.year is not None and other.year is not None:
            span = self.year - self.year % 10
            return other.year % 100 == self.year if self.year < 100 and other.decade else span <= other.year < span + 10
        wanted = ((self.year, other.year), (self.month, other.month), (self.day, other.day))
        return not other.decade and all(mine is None or mine == theirs for mine, theirs in wanted)


def _int(text: str | None) -> int | None:
    if not text:
        return None
    return int(text) if text.isdecimal() else int(han_number(text))


def dates(text: str) -> list[Date]:
    """All dates of a flat text, in order, none inside another.

    >>> [(d.year, d.month, d.day) for d in dates("2024年3月5日, March 5, 2024, 5 Mar 2024, 1998")]
    [(2024, 3, 5), (2024, 3, 5), (2024, 3, 5), (1998, None, None)]
    """
    found: list[Date] = []
    taken: set[int] = set()
    for pattern in _patterns(text):
        for m in pattern.finditer(text):
            if taken.isdisjoint(range(*m.span())) and (date := _date(m)) is not None:
                found.append(date)
                taken.update(range(*m.span()))
    return sorted(found, key=lambda date: date.place)


def _patterns(text: str) -> list[re.Pattern[str]]:
    """The patterns that may occur in the text, in the order in which they take their places."""
    found = _CHINESE if "年" in text or "月" in text else []
    if not _DIGIT.search(text):
        return found
    named = not _MONTH_WORDS.isdisjoint(_LETTERS.findall(text.lower()))
    return [*found, *_NUMERIC, *(_NAMED if named else ()), *_YEARS]


def _date(m: re.Match[str]) -> Date | None:
    part = m.groupdict()
    month_name = (part.get("m") or "").lower()
    if re.search("[ıſ\u0307]", month_name):  # ſep equals sep without case
        return None
    month = _MONTHS.get(month_name) or _int(part.get("m"))
    day, year = _int(part.get("d")), _int(part.get("y"))
    if part.get("s") in ("-", "/", ".") and month and day and month > 12 >= day:
        month, day = day, month
    if (month is not None and not 1 <= month <= 12) or (day is not None and not 1 <= day <= 31):
        return None
    if month_name in _MONTHS and month_name in ("may", "march", "mar") and m.group()[0].islower():
        return None
    if part.get("c") and year is not None:
        year += 100 * (int(part["c"]) - 1)
    return Date(year, month, day, bool(part.get("decade")), Place(*m.span()))
