"""Characters and numerals under both readings: half width, simplified, with every place kept."""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

from aigc_eval.text import CharacterMap, simplify

__all__ = ["HAN_DIGITS", "Place", "flat", "han_number"]


class Place(NamedTuple):
    """Half-open place in the text."""

    start: int
    end: int


def _same_width(character: str) -> str:
    """NFKC where that is one character for one, then simplified, so that places stay."""
    new = unicodedata.normalize("NFKC", character)
    return simplify(new if len(new) == 1 else character)


_FLAT = CharacterMap(_same_width)


def flat(text: str) -> str:
    """Half width and simplified script, case kept, every character in its place.

    >>> flat("２０２４年，５００萬")
    '2024年,500万'
    """
    return text.translate(_FLAT)


_DIGITS = dict(zip("〇零一二两三四五六七八九", (0, 0, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9), strict=True))
_SMALL = {"十": 10, "百": 100, "千": 1000}
_LARGE = {"万": 10_000, "亿": 100_000_000}
HAN_DIGITS = "〇零一二两三四五六七八九十百千万亿"
"""Characters of Chinese numerals, as the inside of a regular expression's character class."""


def han_number(text: str) -> float:
    """The value of a Chinese numeral, positional (二十三万) or digit by digit (二〇二四), with 点 as the decimal point.

    >>> han_number("二十三万五千"), han_number("二〇二四"), han_number("十二点五"), han_number("一亿两千万")
    (235000.0, 2024.0, 12.5, 120000000.0)
    """
    whole, _, rest = text.partition("点")
    decimals = "".join(str(_DIGITS[c]) for c in rest if c in _DIGITS)
    if all(c in _DIGITS for c in whole):
        value = float("".join(str(_DIGITS[c]) for c in whole[:15]) or 0)
    else:
        value = _positional(whole)
    return value + (float(f"0.{decimals}") if decimals else 0.0)


def _positional(text: str) -> float:
    total = section = digit = 0.0
    for c in text:
        if c in _DIGITS:
            digit = _DIGITS[c]
        elif c in _SMALL:
            section += (digit or 1) * _SMALL[c]
            digit = 0
        else:
            below = section + digit or (0 if total else 1)
            total = (total + below) * _LARGE[c] if c == "亿" else total + below * _LARGE[c]
            section = digit = 0
    return total + section + digit
