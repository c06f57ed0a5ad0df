"""The forms of a text that recognisers read, with the way back to the text itself.

Full-width digits, digits of other scripts, typographic dashes and numbers split by invisible characters are written
plainly in the normal form, so one set of ASCII rules finds them all.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from aigc_eval.text import HANZI, visible

__all__ = ["View", "plain", "views", "without_han"]

_DASHES = dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d", "-")
_BLANKS = dict.fromkeys(
    "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " "
)
_MATTERS = re.compile(r"[0-9A-Za-z@.+_/()=\- ]+")  # not "，" or "：": as ASCII they would join what they part
_CJK = re.compile(f"[{HANZI}\u3001-\u303f\u3040-\u30ff\uac00-\ud7af\uff00-\uffef]")


@dataclass(frozen=True)
class View:
    """A form of a text; `starts[i]` is where the view's character i stands in the text (None: the same place)."""

    text: str
    starts: Sequence[int] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where characters start..end of the view stand in the original text."""
        if self.starts is None:
            return start, end
        return self.starts[start], self.starts[end - 1] + 1


@lru_cache(maxsize=65536)
def _plain_character(c: str) -> str:
    if c in _DASHES or c in _BLANKS:
        return _DASHES.get(c) or _BLANKS[c]
    if not visible(c):
        return ""
    digit = unicodedata.decimal(c, None)
    if digit is not None:
        return str(digit)
    form = unicodedata.normalize("NFKC", c)
    return form if _MATTERS.fullmatch(form) else c


def _replacements(text: str) -> dict[int, str]:
    odd = (c for c in set(text) if c > "\x7f")
    return {ord(c): new for c in odd if (new := _plain_character(c)) != c}


def plain(text: str) -> str:
    """The normal form alone.

    >>> plain("１３８\\u200b１２３４\\u20115678")
    '1381234-5678'
    """
    return text.translate(_replacements(text))


def views(text: str) -> list[View]:
    """The text itself and, where it differs, its normal form.

    >>> [v.text for v in views("電話１３８")]
    ['電話１３８', '電話138']
    >>> views("1\\u200b3８")[1].span(1, 3)
    (2, 4)
    """
    table = {} if text.isascii() else _replacements(text)
    if not table:
        return [View(text)]
    starts = None
    if any(len(new) != 1 for new in table.values()):
        starts = [i for i, c in enumerate(text) for _ in table.get(ord(c), c)]
    return [View(text), View(text.translate(table), starts)]


def without_han(text: str) -> str:
    r"""Han, kana, Hangul and full-width characters as "|", so that `\b` and `\w` see a border beside them.

    >>> without_han("护照536-22-8726号")
    '||536-22-8726|'
    """
    return text if text.isascii() else _CJK.sub("|", text)
