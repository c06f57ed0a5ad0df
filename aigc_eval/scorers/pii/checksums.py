"""Check digits and other arithmetic that tells a real number from a run of digits. Pure functions of ASCII text."""

from __future__ import annotations

import math
from collections import Counter
from datetime import date

__all__ = [
    "card_brand",
    "credit_code",
    "entropy",
    "hong_kong_identity",
    "luhn",
    "mainland_province",
    "organization_code",
    "resident_id",
    "taiwan_identity",
    "valid_date",
]

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CODE_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ORGANIZATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
# Where a letter stands for the number 10 + its place here: the order in which Taiwan gave them to its counties.
_TAIWAN_LETTERS = "ABCDEFGHJKLMNPQRSTUVXYWZIO"
_PROVINCES = frozenset(
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83".split()  # noqa: SIM905
)


def luhn(digits: str) -> bool:
    """Whether the last digit is the Luhn check digit of the others (ISO/IEC 7812-1 annex B).

    >>> luhn("79927398713"), luhn("4111111111111111"), luhn("4111111111111112")
    (True, True, False)
    """
    total = 0
    for i, c in enumerate(reversed(digits)):
        d = int(c) * (1 + i % 2)
        total += d - 9 * (d > 9)
    return total % 10 == 0


def mainland_province(code: str) -> bool:
    """Whether the first two digits are a province code of GB/T 2260 (71, 81 to 83: Taiwan, Hong Kong, Macao)."""
    return code[:2] in _PROVINCES


def valid_date(year: int, month: int, day: int) -> bool:
    """Whether such a day exists.

    >>> valid_date(1949, 12, 31), valid_date(2023, 2, 29)
    (True, False)
    """
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def resident_id(number: str) -> bool:
    """Whether an 18-character resident identity number has a region, a birthday and the right check character.

    GB 11643-1999: sum of weighted digits mod 11, mapped to 1 0 X 9 8 7 6 5 4 3 2. A foreigner's permanent residence
    card (2023) has 9, the province and the country's three digits in place of the six of the region.

    >>> resident_id("11010519491231002X"), resident_id("440524188001010014"), resident_id("110105194912310021")
    (True, True, False)
    """
    body = number[:17]
    region = body[1:] if body[0] == "9" else body
    if not mainland_province(region) or not valid_date(int(body[6:10]), int(body[10:12]), int(body[12:14])):
        return False
    rest = sum(w * int(d) for w, d in zip(_ID_WEIGHTS, body, strict=True)) % 11
    return "10X98765432"[rest] == number[17].upper()


def credit_code(code: str) -> bool:
    """Whether an 18-character unified social credit code has the right check character.

    GB 32100-2015: weights 3^i mod 31 over the alphabet without I, O, S, V, Z; check = (31 - sum mod 31) mod 31.

    >>> credit_code("91350100M000100Y43"), credit_code("91350100M000100Y44")
    (True, False)
    """
    total = sum(_CODE_ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(code[:17]))
    return _CODE_ALPHABET[-total % 31] == code[17]


def organization_code(code: str) -> bool:
    """Whether the ninth character of an organisation code is the check character of the other eight.

    GB 11714-1997: weights 3 7 9 10 5 8 4 2 over 0-9 A-Z, check = 11 - sum mod 11, 10 written X and 11 written 0.

    >>> organization_code("D2143569X"), organization_code("D21435691")
    (True, False)
    """
    total = sum(w * int(c, 36) for w, c in zip(_ORGANIZATION_WEIGHTS, code, strict=False))
    return "0X987654321"[total % 11] == code[8]


def hong_kong_identity(number: str) -> bool:
    """Whether the last character of a Hong Kong identity card number (one or two letters, six digits) is right.

    Letters count 10 to 35 and a missing first letter 36; with weights 9 to 1 the sum, check digit (A is 10) included,
    is a multiple of 11.

    >>> hong_kong_identity("A1234563"), hong_kong_identity("A1234564")
    (True, False)
    """
    values = [int(c, 36) for c in number]
    padded = [36] * (9 - len(values)) + values
    return sum(v * w for v, w in zip(padded, range(9, 0, -1), strict=True)) % 11 == 0


def taiwan_identity(number: str) -> bool:
    """Whether a Taiwan identity or resident certificate number has the right check digit.

    A letter and nine digits, or (certificates until 2020) two letters and eight digits. The first letter is a number of
    10 to 35; its digits weigh 1 and 9, the others 8 to 1 and 1. A second letter counts by the last digit of its number.

    >>> taiwan_identity("A123456789"), taiwan_identity("A800000014"), taiwan_identity("A123456788")
    (True, True, False)
    """
    place = 10 + _TAIWAN_LETTERS.index(number[0])
    rest = [int(c) if c.isdigit() else _TAIWAN_LETTERS.index(c) % 10 for c in number[1:]]
    digits = [place // 10, place % 10, *rest]
    return sum(d * w for d, w in zip(digits, (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1), strict=True)) % 10 == 0


# Issuer prefix -> lengths in use (ISO/IEC 7812 ranges as the networks publish them). The longest prefix decides.
_SIXTEEN, _MAESTRO, _UNIONPAY = (16,), (12, 13, 14, 15, 16, 17, 18, 19), (16, 17, 18, 19)
_BRANDS: dict[str, tuple[str, tuple[int, ...]]] = {
    "4": ("visa", (13, 16, 19)),
    "62": ("unionpay", _UNIONPAY),
    "9558": ("unionpay", (19,)),
    **{str(p): ("mastercard", _SIXTEEN) for p in [*range(51, 56), *range(2221, 2721)]},
    **dict.fromkeys(("34", "37"), ("amex", (15,))),
    **dict.fromkeys(("300", "301", "302", "303", "304", "305", "309", "36", "38", "39"), ("diners", (14, 16))),
    **dict.fromkeys(("6011", "65", "644", "645", "646", "647", "648", "649"), ("discover", _UNIONPAY)),
    **{str(p): ("jcb", _UNIONPAY) for p in range(3528, 3590)},
    **dict.fromkeys(("1800", "2131"), ("jcb", (15,))),
    **{str(p): ("mir", _UNIONPAY) for p in range(2200, 2205)},
    **dict.fromkeys(("5018", "5020", "5038", "5893", "6304", "6759", "676"), ("maestro", _MAESTRO)),
}


def card_brand(digits: str) -> str:
    """The network that issues cards with this prefix and length, or "".

    >>> card_brand("6222021234567890128"), card_brand("4111111111111111"), card_brand("1234567812345670")
    ('unionpay', 'visa', '')
    """
    for size in (4, 3, 2, 1):
        brand, lengths = _BRANDS.get(digits[:size], ("", ()))
        if brand:
            return brand if len(digits) in lengths else ""
    return ""


def entropy(text: str) -> float:
    """Shannon entropy of the characters, in bits a character.

    >>> entropy("aabb"), entropy("xxxx")
    (1.0, 0.0)
    """
    if not text:
        return 0.0
    shares = [n / len(text) for n in Counter(text).values()]
    return abs(sum(p * math.log2(p) for p in shares))
