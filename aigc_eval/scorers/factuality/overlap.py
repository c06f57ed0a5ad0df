"""Overlap of two short texts: words with their places, token F1, whole-word containment, n-gram similarity."""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from aigc_eval.text import HANZI, CharacterMap, fold, has_hanzi, ngrams, normalize, simplify

__all__ = [
    "Word",
    "coverage",
    "find",
    "is_mark",
    "normal_words",
    "similarity",
    "token_f1",
    "words",
]

_PIECE = re.compile(rf"[{HANZI}]|[^\s{HANZI}]+")
_ARTICLES = frozenset({"a", "an", "the"})
_SHORT = 64
_MEDIUM = 4096
_BORDER = "\n"  # no word holds white space
_STOP = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be been by for from her his in into is it its of on or that the their this to was were with"
        " 的 了 是 在 和 与 而 也 都 就 这 那 着",
    )
)
_COUNTING = (
    "zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|"
    "eighteen|nineteen|twenty"
)
_NUMBERS = {word: str(number) for number, word in enumerate(_COUNTING.split("|"))}


def is_mark(character: str) -> bool:
    """Whether normal forms leave the character out: Unicode punctuation, or an ASCII sign.

    >>> [c for c in "a$，é" if is_mark(c)]
    ['$', '，']
    """
    return unicodedata.category(character)[0] == "P" or character in string.punctuation


_GLUED = CharacterMap(lambda c: "" if is_mark(c) else simplify(c))
_SPACED = CharacterMap(lambda c: " " if is_mark(c) else c)
_BARE = CharacterMap(lambda c: "" if unicodedata.combining(c) else c)


class Word(NamedTuple):
    """One normalised word or Han character, and the half-open place it comes from."""

    text: str
    start: int
    end: int


def _pieces(text: str) -> list[str]:
    """Normal forms of all pieces of a text. Simplifying last is `fold`'s result, as Han characters have no case."""
    return _PIECE.findall(normalize(text).lower().translate(_GLUED))


@lru_cache(maxsize=1 << 15)
def _short_normal(piece: str) -> tuple[str, ...]:
    return tuple(_pieces(piece))


def _normal(piece: str) -> Sequence[str]:
    return _short_normal(piece) if len(piece) <= _SHORT else _pieces(piece)


def words(text: str, spaced: bool = False) -> list[Word]:
    """SQuAD's normal form for English and Chinese, with places.

    Folded (NFKC, simplified, lower case), without punctuation, Han characters one by one. English articles go, except
    in a text with Han characters (维生素 A) and where nothing else is left. `spaced` puts a border where punctuation
    stood instead of nothing: "1914-1918" is then two words. A text of punctuation only keeps it.

    >>> [w.text for w in words("The U.S. 繁體，ＡＢ-1!")], [w.text for w in words("The Beatles!")]
    (['the', 'us', '繁', '体', 'ab1'], ['beatles'])
    """
    source = text.translate(_SPACED) if spaced else text  # one character for one: places stay
    found = [Word(t, m.start(), m.end()) for m in _PIECE.finditer(source) for t in _normal(m.group())]
    if not found:
        return [Word(fold(m.group()), m.start(), m.end()) for m in _PIECE.finditer(text) if fold(m.group())]
    if has_hanzi(text):
        return found
    return [w for w in found if w.text not in _ARTICLES] or found


def normal_words(text: str, spaced: bool = False) -> tuple[str, ...]:
    """The words of `words` without their places, in one pass over the text.

    >>> normal_words("The U.S. 繁體，ＡＢ-1!")
    ('the', 'us', '繁', '体', 'ab1')
    """
    return _medium_words(text, spaced) if len(text) <= _MEDIUM else _normal_words(text, spaced)


def _normal_words(text: str, spaced: bool) -> tuple[str, ...]:
    # No Han character folds to another alphabet, nor white space to anything else: pieces stay apart in the whole.
    found = _pieces(text.translate(_SPACED) if spaced else text)
    if not found:
        return tuple(w.text for w in words(text, spaced))
    if has_hanzi(text):
        return tuple(found)
    return tuple(w for w in found if w not in _ARTICLES) or tuple(found)


_medium_words = lru_cache(maxsize=256)(_normal_words)


def token_f1(answer: Sequence[Hashable], reference: Sequence[Hashable]) -> float:
    """Harmonic mean of precision and recall over the two bags of words, 0..1 (SQuAD, Rajpurkar et al. 2016).

    >>> token_f1(["cat", "sat"], ["cat", "sat", "down", "here"]).__round__(6)
    0.666667
    """
    theirs = Counter(reference)
    mine = Counter(filter(theirs.__contains__, answer))
    same = sum(min(n, theirs[word]) for word, n in mine.items())
    return 2.0 * same / (len(answer) + len(reference)) if same else 0.0


def find(answer: Sequence[str], reference: Sequence[str]) -> int | None:
    """Index of the reference's first occurrence in the answer, word by word; None where it does not occur.

    >>> find("it is in new york city".split(), "new york".split()), find(["newly"], ["new"])
    (3, None)
    """
    if not reference:
        return None
    haystack = _bordered(answer)
    at = haystack.find(_bordered(reference))
    return None if at < 0 else haystack.count(_BORDER, 0, at)


def _bordered(row: Sequence[str]) -> str:
    return _BORDER + _BORDER.join(row) + _BORDER


def _units(text: str) -> Counter[str]:
    """Content words without accents, number words as digits, and pairs of neighbouring Han characters."""
    bare = text if text.isascii() else unicodedata.normalize("NFD", text).translate(_BARE)
    row = [_NUMBERS.get(word, word) for word in normal_words(bare, spaced=True)]
    han = [has_hanzi(word) for word in row] if has_hanzi(bare) else [False] * len(row)
    found = []
    for i, item in enumerate(row):
        if not han[i]:
            if item not in _STOP:
                found.append(item)
        elif i + 1 < len(row) and han[i + 1]:
            found.append(item + row[i + 1])
        elif i == 0 or not han[i - 1]:
            found.append(item)
    return Counter(found or row)


def coverage(text: str, references: Sequence[str]) -> float:
    """Largest share of a reference's content that the text has, 0..1: words in English, pairs of characters in Chinese.

    Accents do not count, and number words up to twenty equal their digits.

    >>> coverage("Wilhelm Rontgen got it.", ["Wilhelm Conrad Röntgen"]).__round__(6)
    0.666667
    """
    mine = set(_units(text)) | {_NUMBERS.get(word, word) for word in normal_words(text)}
    shares = []
    for reference in references:
        wanted = _units(reference)
        shares.append(sum(n for unit, n in wanted.items() if unit in mine) / (wanted.total() or 1))
    return max(shares, default=0.0)


def similarity(answer: Iterable[str], other: Iterable[str], question: Iterable[str] = ()) -> float:
    """F1 over single words and pairs that do not stand in the question, 0..1.

    What answer and question share says nothing about which answer was meant. Where nothing is left of `other`, the
    question is not taken away.

    >>> similarity("it is blue".split(), "it is red".split(), "is it red".split())
    0.4
    """
    known, mine, theirs = _pairs(question), _pairs(answer), _pairs(other)
    new = {gram for gram in theirs if gram not in known}
    if new:
        mine, theirs = ({g: n for g, n in grams.items() if g not in known} for grams in (mine, theirs))
    same = sum(min(n, theirs.get(gram, 0)) for gram, n in mine.items())
    return 2.0 * same / (sum(mine.values()) + sum(theirs.values())) if same else 0.0


def _pairs(items: Iterable[str]) -> dict[tuple[str, ...], int]:
    row = list(items)
    return Counter(ngrams(row, 1) + ngrams(row, 2))
