"""The words that are compared, and where they stand in the text: everything that editions write differently is gone."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

import numpy as np

from aigc_eval.intervals import Ints
from aigc_eval.text import HANZI, CharacterMap, fold, has_hanzi, tokens

__all__ = ["Words", "placed", "words"]

_PIECE = re.compile(rf"[{HANZI}]|\s+|[^\s{HANZI}]+")
# A final sigma is a sigma, and a typographic apostrophe an apostrophe: neither is a difference of wording.
_FOLDED = CharacterMap(lambda c: {"ς": "σ", "’": "'"}.get(c, fold(c)))


class Words(NamedTuple):
    """Words of a text in order; word i is the half-open `starts[i]`..`ends[i]` of it, `hanzi[i]` if a Han character.

    `letters[i]`: characters of the word in its folded form.
    """

    words: list[str]
    starts: Ints
    ends: Ints
    hanzi: Ints
    letters: Ints


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text.translate(_FOLDED))


def words(text: str) -> list[str]:
    """Tokens in folded form (NFKC, simplified, lower case, nothing invisible), without punctuation and white space.

    >>> words("“Ｄon’t  panic!” 說：好。") == words("don't panic 说好")
    True
    """
    return [token for token in tokens(_plain(text)) if token[0].isalnum()]


def placed(text: str) -> Words:
    """The same words, and where they stand.

    >>> found = placed("Hi, ＢＯＢ：你好")
    >>> found.words, [("Hi, ＢＯＢ：你好")[a:b] for a, b in zip(found.starts, found.ends)]
    (['hi', 'bob', '你', '好'], ['Hi', 'ＢＯＢ', '你', '好'])
    """
    units = _units(text)
    folded = [_plain(unit) for unit in units]
    until = np.cumsum([len(unit) for unit in units], dtype=np.int64)
    first = until - np.array([len(unit) for unit in units], dtype=np.int64)
    made = np.array([len(unit) for unit in folded], dtype=np.int64)
    found, begins = _tokens("".join(folded))
    letters = np.array([len(word) for word in found], dtype=np.int64)
    starts = np.repeat(first, made)[begins]
    ends = np.repeat(until, made)[begins + letters - 1]
    return Words(found, starts, ends, np.array([has_hanzi(w) for w in found], dtype=np.int64), letters)


def _units(text: str) -> list[str]:
    """The text in characters; a piece whose accents stand apart from their letters stays whole."""
    if _composed(text):
        return list(text)
    return [unit for piece in _PIECE.findall(text) for unit in (piece if _composed(piece) else [piece])]


def _composed(text: str) -> bool:
    return unicodedata.is_normalized("NFC", text.translate(_FOLDED))


def _tokens(folded: str) -> tuple[list[str], Ints]:
    """Tokens that are no punctuation, and where each begins."""
    found, begins, at = [], [], 0
    for token in tokens(folded):
        at = folded.index(token, at)
        if token[0].isalnum():
            found.append(token)
            begins.append(at)
        at += len(token)
    return found, np.array(begins, dtype=np.int64)
