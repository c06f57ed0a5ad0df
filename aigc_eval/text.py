"""Text, the same for English and Chinese: normal forms, tokens, n-grams, sentences, language. Pure functions.

A Chinese "word" here is a character: segmentation differs by dictionary and version, characters do not.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache
from importlib import resources

__all__ = [
    "HANZI",
    "CharacterMap",
    "blank",
    "fold",
    "has_hanzi",
    "language",
    "ngrams",
    "normalize",
    "sentences",
    "simplify",
    "token_estimate",
    "tokens",
    "visible",
]

HANZI = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
"""Han characters as the inside of a regular expression's character class."""

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]"
)
_TOKEN = re.compile(rf"[{HANZI}]|[^\W{HANZI}_]+(?:['’][^\W{HANZI}_]+)*|[^\w\s]|_")
_HANZI = re.compile(f"[{HANZI}]")
_CLOSERS = "\"'”’」』）)]】》"
_SENTENCE = re.compile(rf"(?:[。！？!?；;…]+|\.(?=[\s{re.escape(_CLOSERS)}]|$))[{re.escape(_CLOSERS)}]*\s*|\n+")


def normalize(text: str) -> str:
    """NFKC (so full width becomes half width) without invisible characters; case and script are kept.

    >>> normalize("ＡＢ\\u200bＣ　１３８")
    'ABC 138'
    """
    return unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))


class CharacterMap(dict[int, str]):
    """A `str.translate` table that asks `change` once for each character and remembers the answer.

    A plain dict makes `translate` fail a look-up for every character that stays as it is, which is slow.

    >>> "a-b".translate(CharacterMap(lambda c: "" if c == "-" else c))
    'ab'
    """

    def __init__(self, change: Callable[[str], str]) -> None:
        self._change = change

    def __missing__(self, code: int) -> str:
        self[code] = self._change(chr(code))
        return self[code]


@cache
def _simplified() -> CharacterMap:
    pairs = resources.files("aigc_eval").joinpath("data/simplified.txt").read_text("utf-8").strip()
    known = dict(zip(pairs[::2], pairs[1::2], strict=True))
    return CharacterMap(lambda c: known.get(c, c))


def simplify(text: str) -> str:
    """Traditional characters to simplified, one for one, so that offsets stay (table: OpenCC, Apache-2.0).

    >>> simplify("繁體漢字")
    '繁体汉字'
    """
    return text.translate(_simplified())


def fold(text: str) -> str:
    """The form in which texts are matched: normalised, simplified, lower case.

    >>> fold("ＨＥＬＬＯ 繁體")
    'hello 繁体'
    """
    return simplify(normalize(text)).lower()


def visible(text: str) -> str:
    """Text without invisible characters, nothing else changed.

    >>> visible("a\\u200bb")
    'ab'
    """
    return _INVISIBLE.sub("", text)


def has_hanzi(text: str) -> bool:
    """Whether any Han character occurs.

    >>> has_hanzi("GPT 模型"), has_hanzi("model")
    (True, False)
    """
    return _HANZI.search(text) is not None


def tokens(text: str) -> list[str]:
    """Words of alphabetic scripts (numbers and contractions whole), each Han character alone, each punctuation mark.

    >>> tokens("It's 3 天, ok?")
    ["It's", '3', '天', ',', 'ok', '?']
    """
    return _TOKEN.findall(text)


def token_estimate(text: str) -> int:
    """About how many tokens a model reads in a text: 0.6 for a Chinese character, 0.3 for any other.

    Source: DeepSeek API documentation, "Token & Token Usage"; tokenisers differ by a third either way.

    >>> token_estimate("Hello, world"), token_estimate("你好，世界")
    (4, 3)
    """
    hanzi = len(_HANZI.findall(text))
    return math.ceil(0.6 * hanzi + 0.3 * (len(text) - hanzi))


def ngrams(items: Sequence[str], n: int) -> list[tuple[str, ...]]:
    """All runs of n items, in order; none if there are fewer than n.

    >>> ngrams("abca", 2)
    [('a', 'b'), ('b', 'c'), ('c', 'a')]
    """
    return list(zip(*(items[i:] for i in range(n)), strict=False))


def sentences(text: str) -> list[tuple[int, int]]:
    """Start and end of each sentence (half-open, without surrounding white space), by `。！？；` and their kin.

    A full stop ends a sentence only before white space, a closing quote or the end: 3.14 and e.g. stay whole.

    >>> text = "今天好。It cost 3.5 yuan. 走吧！"
    >>> [text[a:b] for a, b in sentences(text)]
    ['今天好。', 'It cost 3.5 yuan.', '走吧！']
    """
    found, start = [], 0
    for end in [m.end() for m in _SENTENCE.finditer(text)] + [len(text)]:
        piece = text[start:end]
        left, right = len(piece) - len(piece.lstrip()), len(piece.rstrip())
        if right > left:
            found.append((start + left, start + right))
        start = end
    return found


def blank(text: str) -> bool:
    """Whether a reader sees nothing: white space and invisible characters only.

    >>> blank(" \\u200b\\n"), blank("\\u200b."), blank("")
    (True, False, True)
    """
    # The beginning nearly always says it, and texts may be long.
    return not (visible(text[:64]).strip() or visible(text).strip())


def language(text: str) -> str:
    """The script most of the letters are in: "zh" (Han), "en" (Latin), "other", or "" where there are no letters.

    Japanese kana and Korean make a text "other". This tells scripts apart, not languages: French reads as "en".

    >>> language("用 Python 写"), language("hello"), language("привет"), language("42 %")
    ('zh', 'en', 'other', '')
    """
    han = len(_HANZI.findall(text))
    words = re.findall(r"[A-Za-z\u00c0-\u024f]+", text)
    letters = sum(1 for c in text if c.isalpha())
    latin = sum(map(len, words))
    other = letters - han - latin
    if letters == 0:
        return ""
    if other > max(han, latin):
        return "other"
    return "zh" if han >= len(words) else "en"
