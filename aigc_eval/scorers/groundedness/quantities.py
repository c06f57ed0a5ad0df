"""Numbers with their units in English and Chinese: 二十三万元 is 230,000 yuan.

Two readings of one text: a claim's numbers are those that assert something (两国, 三年, 5 km; not 一些, "one of");
evidence's numbers are everything that could support them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from aigc_eval.scorers.groundedness.dates import Date
from aigc_eval.scorers.groundedness.numerals import HAN_DIGITS, Place, han_number

__all__ = ["Quantity", "quantities"]

_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()  # noqa: E501, SIM905
_TENS = {
    word: 20 + 10 * i
    for i, word in enumerate(("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"))
}
_WORDS = {word: i for i, word in enumerate(_ONES)} | _TENS
_ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10, "eleventh": 11, "twelfth": 12, "once": 1, "twice": 2,
    "pair": 2, "pairs": 2, "both": 2, "couple": 2, "double": 2, "dual": 2, "twin": 2, "dozen": 12, "decade": 10,
}  # fmt: skip
_SCALES = {
    "hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "bn": 1e9, "万亿": 1e12,
    "千亿": 1e11, "百亿": 1e10, "十亿": 1e9, "亿": 1e8, "千万": 1e7, "百万": 1e6, "十万": 1e5, "万": 1e4, "千": 1e3,
    "百": 1e2,
}  # fmt: skip
_UNITS = {
    "percent": "% percent per_cent percentage_points 个百分点",
    "km2": "square_kilometers square_kilometres km2 km² 平方公里 平方千米",
    "mi2": "square_miles 平方英里",
    "m2": "square_meters square_metres m2 m² 平方米",
    "km": "km kilometers kilometres kilometer kilometre 公里 千米",
    "cm": "cm centimeters centimetres 厘米",
    "mm": "mm millimeters millimetres 毫米",
    "m": "m meters metres meter metre 米",
    "mi": "miles mile 英里",
    "ft": "feet foot ft 英尺",
    "kg": "kg kilograms kilogram kilos 公斤 千克",
    "g": "g grams gram 克",
    "t": "tons tonnes ton tonne 吨",
    "lb": "lbs lb",
    "l": "liters litres liter litre 升",
    "age": "years_old year-old years-old 岁",
    "century": "centuries century 世纪",
    "year": "years year yrs 周年 年",
    "month": "months month 个月",
    "week": "weeks week 周 星期",
    "day": "days day 天",
    "hour": "hours hour hrs 小时 个小时",
    "minute": "minutes minute mins 分钟",
    "second": "seconds second 秒",
    "usd": "us_dollars dollars dollar usd 美元 美金",
    "cny": "yuan rmb cny 元 人民币 块钱",
    "eur": "euros euro eur 欧元",
    "jpy": "yen jpy 日元",
    "gbp": "英镑 gbp",
    "C": "°c ℃ degrees_celsius 摄氏度",
    "F": "°f ℉ degrees_fahrenheit 华氏度",
    "person": "people persons 人 名",
}
_UNIT_OF = {name.replace("_", " "): unit for unit, names in _UNITS.items() for name in names.split()}
_MONEY = {"$": "usd", "€": "eur", "£": "gbp", "¥": "cny"}
_MEASURES = "个位名人次倍所座家部本首条款项种届期场支只件张国省市州岛层枚"
_unit = "|".join(
    re.escape(name) + (r"(?![A-Za-z])" if name[-1].isascii() and name[-1].isalpha() else "")
    for name in sorted(_UNIT_OF, key=len, reverse=True)
)
_scale = "|".join(sorted(_SCALES, key=len, reverse=True))
_AFTER = rf"(?:\s*(?P<scale>{_scale})(?![a-z]))?(?:\s*(?P<more>多|余|几))?(?:[\s-]*(?P<unit>{_unit}))?"
_ARABIC = re.compile(
    rf"(?P<sign>(?<![\w)\].])[-−](?=[$€£¥\d])|零下)?(?P<money>[$€£¥])?\s?(?<![\d.,A-Za-z])(?<![A-Za-z][-–])(?P<number>(?>\d{{1,3}}(?:,\d{{3}})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?))"
    rf"(?:st|nd|rd|th)?{_AFTER}(?P<tail>[A-Za-z]*)",
    re.IGNORECASE,
)
_han_unit = "|".join(sorted((name for name in _UNIT_OF if not name.isascii()), key=len, reverse=True))
_HAN_NUMBER = re.compile(
    rf"(?P<before>百分之|第)?(?P<number>[{HAN_DIGITS}]+(?:点[〇零一二三四五六七八九]+)?)(?:多|余|几)?"
    rf"(?P<unit>{_han_unit})?(?P<measure>[{_MEASURES}])?"
)
_word = "|".join([*_WORDS, "hundred", "thousand", "million", "billion", "trillion"])
_WORD_NUMBER = re.compile(
    rf"\b(?P<number>(?:{_word})(?:(?:[\s-]+|\s+and\s+)(?:{_word}))*)\b(?:[\s-]*(?P<unit>{_unit}))?", re.IGNORECASE
)
_ORDINAL = re.compile(rf"\b(?P<number>{'|'.join(_ORDINALS)})\b", re.IGNORECASE)
_DIGIT, _HAN_DIGIT, _WHOLE_WORD = re.compile(r"\d"), re.compile(f"[{HAN_DIGITS}]"), re.compile(r"\w+")
_NUMBER_WORDS = frozenset(_word.split("|"))
_HEDGE = re.compile(
    r"(?:about|around|approximately|roughly|nearly|almost|over|more than|some|约|大约|近|超过|超|逾|将近)\s*$"
)


@dataclass(frozen=True)
class Quantity:
    """A number and its unit ("" where none is known); `step` is half the width of what it may stand for, rounded."""

    value: float
    unit: str
    step: float
    place: Place

    def supported_by(self, other: Quantity) -> bool:
        """Whether `other` states the same amount: equal or rounding to this one, in the same unit where both have one.

        >>> [claim], [fact] = quantities("about 3.9 million people"), quantities("3,898,747 people")
        >>> claim.supported_by(fact), fact.supported_by(claim)
        (True, False)
        """
        if self.unit and other.unit and self.unit != other.unit:
            return False
        return abs(self.value - other.value) <= max(self.step, 1e-9 * abs(self.value))


_Reader = Callable[[re.Match[str], bool], Quantity | None]


def quantities(text: str, *, claims: bool = True, skip: Sequence[Date] = ()) -> list[Quantity]:
    """All numbers of a flat text outside the dates in `skip`, in order; `claims` leaves out those that assert nothing.

    >>> [(q.value, q.unit) for q in quantities("$5 million, 30%, 百分之二十, 二十三万元, 3 km, 一些")]
    [(5000000.0, 'usd'), (30.0, 'percent'), (20.0, 'percent'), (230000.0, 'cny'), (3.0, 'km')]
    """
    taken = {i for date in skip for i in range(*date.place)}
    found: list[Quantity] = []
    for pattern, read in _readers(text, claims):
        for m in pattern.finditer(text):
            if taken.isdisjoint(range(*m.span("number"))) and (quantity := read(m, claims)) is not None:
                found.append(quantity)
                taken.update(range(*quantity.place))
    return _joined(sorted(found, key=lambda quantity: quantity.place))


def _readers(text: str, claims: bool) -> Iterator[tuple[re.Pattern[str], _Reader]]:
    """The patterns that may occur in the text, in the order in which they take their places."""
    if _DIGIT.search(text):
        yield _ARABIC, _arabic
    if _HAN_DIGIT.search(text):
        yield _HAN_NUMBER, _han
    words = set(map(str.lower, _WHOLE_WORD.findall(text)))
    if not words.isdisjoint(_NUMBER_WORDS):
        yield _WORD_NUMBER, _words
    if not claims and not words.isdisjoint(_ORDINALS):
        yield _ORDINAL, _ordinal


def _joined(row: list[Quantity]) -> list[Quantity]:
    """`3亿5千万元` is one number in two pieces."""
    found: list[Quantity] = []
    for quantity in row:
        last = found[-1] if found else None
        if last and last.place.end == quantity.place.start and not last.unit and last.value > quantity.value >= 1000:
            place = Place(last.place.start, quantity.place.end)
            found[-1] = Quantity(last.value + quantity.value, quantity.unit, quantity.step, place)
        else:
            found.append(quantity)
    return found


def _step(text: str, m: re.Match[str], digits: str, scale: float) -> float:
    """Half a unit of the last digit that counts; trailing zeros count unless a word such as "about" stands before."""
    hedged = _HEDGE.search(text[max(0, m.start() - 16) : m.start()]) is not None
    plain = digits.replace(",", "")
    if "." in plain:
        return 0.5 * 10.0 ** -len(plain.partition(".")[2]) * scale
    zeros = len(plain) - len(plain.rstrip("0"))
    return 0.5 * scale * (10.0**zeros if hedged and zeros < len(plain) else 1.0)


def _arabic(m: re.Match[str], claims: bool) -> Quantity | None:
    digits = m.group("number")
    if len(digits) > 40 or (claims and m.group("tail") and not m.group("unit") and not m.group("scale")):
        return None
    scale = _SCALES.get((m.group("scale") or "").lower(), 1.0)
    unit = _MONEY.get(m.group("money") or "") or _UNIT_OF.get((m.group("unit") or "").lower(), "")
    end = max(m.end(name) for name in ("number", "scale", "unit"))
    value = float(digits.replace(",", "")) * scale * (-1.0 if m.group("sign") else 1.0)
    step = _step(m.string, m, digits, scale) if scale > 1 or "." in digits or abs(value) >= 100 else 0.0
    return (
        Quantity(value, unit, step, Place(m.start("sign") if m.group("sign") else m.start("number"), end))
        if math.isfinite(value)
        else None
    )


def _han(m: re.Match[str], claims: bool) -> Quantity | None:
    digits, before, measure = m.group("number"), m.group("before"), m.group("measure")
    unit = "percent" if before == "百分之" else _UNIT_OF.get(m.group("unit") or "", "")
    value = han_number(digits)
    if claims and not before and (not (unit or measure) or digits in ("一", "千万", "万")):
        return None
    if before == "第" and claims and digits == "一":
        return None
    end = max(m.end("number"), m.end("unit"))
    return Quantity(value, unit, 0.0, Place(m.start(), end))


def _words(m: re.Match[str], claims: bool) -> Quantity | None:
    row = [w for w in re.split(r"[\s-]+", m.group("number").lower()) if w != "and"]
    if (claims and row in (["one"], ["zero"])) or not _NUMBER_WORDS.issuperset(row):  # ſix equals six without case
        return None
    total = part = 0.0
    for word in row:
        if word in _WORDS:
            part += _WORDS[word]
        elif word == "hundred":
            part = (part or 1) * 100
        else:
            total, part = total + (part or 1) * _SCALES[word], 0.0
    unit = _UNIT_OF.get((m.group("unit") or "").lower(), "")
    return Quantity(total + part, unit, 0.0, Place(m.start(), max(m.end("number"), m.end("unit"))))


def _ordinal(m: re.Match[str], claims: bool) -> Quantity | None:
    value = _ORDINALS.get(m.group().lower())
    return None if value is None else Quantity(float(value), "", 0.0, Place(*m.span()))
