"""Features of tokens as hashes: words, characters, shapes, affixes, clusters and lists of names.

A token's attributes are 32-bit hashes; a template joins attributes of tokens at given distances into one more. They are
made of CRC-32 and integer products, so they are the same in every process.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from aigc_eval.text import HANZI, simplify

__all__ = ["ATTRIBUTES", "WIDTH", "Attributes", "features", "gazetteer", "is_han", "key"]

Hashes = NDArray[np.uint32]

ATTRIBUTES = (
    "word", "exact", "shape", "prefix2", "prefix3", "prefix4", "suffix1", "suffix2", "suffix3", "suffix4",
    "coarse", "fine", "lists", "place", "name",
)  # fmt: skip
_AT = {name: i for i, name in enumerate(ATTRIBUTES)}
_PAD = 3
_HAN = re.compile(f"[{HANZI}]")
_LAST_MARK = "\u2fff"
_RUNS = re.compile(r"(.)\1{2,}")
_LONGEST_PLACE, _LONGEST_HAN = 4, 8


def is_han(token: str) -> bool:
    """Whether the token is a Hanzi.

    >>> is_han("张"), is_han("a"), is_han("。")
    (True, False, False)
    """
    return len(token) == 1 and token > _LAST_MARK and _HAN.match(token) is not None


def key(kind: str, text: str) -> int:
    """The hash of an attribute's value; 0 is kept for "none"."""
    return zlib.crc32(f"{kind}\x00{text}".encode("utf-8", "surrogatepass")) or 1


@cache
def gazetteer() -> dict[str, tuple[str, ...]]:
    """Names of each kind: given, family, place, title, organisation's last word ... in both languages."""
    text = resources.files("aigc_eval").joinpath("scorers/pii/names/gazetteer.txt").read_text("utf-8")
    parts = re.split(r"^\[(.+)\]\n", text, flags=re.M)[1:]
    return {kind: tuple(dict.fromkeys(words.split())) for kind, words in zip(parts[::2], parts[1::2], strict=True)}


@cache
def _chinese_places() -> frozenset[str]:
    text = resources.files("aigc_eval").joinpath("scorers/pii/places.txt").read_text("utf-8")
    return frozenset(simplify(text).split()) | frozenset(gazetteer()["zh-place"])


@cache
def _lists() -> dict[str, str]:
    """The lists that a word stands in, as one string."""
    found: dict[str, list[str]] = {}
    for kind, words in gazetteer().items():
        if not kind.startswith("zh-"):
            for word in words:
                found.setdefault(word.lower(), []).append(kind)
    for word in gazetteer()["zh-family"]:
        if len(word) == 1:
            found.setdefault(word, []).append("zh-family")
    for word in (c for name in gazetteer()["zh-given"] for c in name):
        found.setdefault(word, []).append("zh-given")
    foreign = gazetteer()["zh-transliterated"] + gazetteer()["zh-transliterated-family"]
    for word in (c for name in foreign for c in name):
        found.setdefault(word, []).append("zh-foreign")
    return {word: "|".join(dict.fromkeys(kinds)) for word, kinds in found.items()}


@cache
def _chinese_phrases() -> dict[str, str]:
    """Phrases of Hanzi, longest match wins: places, words that end organisations and places, titles, whole names."""
    lists = gazetteer()
    found = dict.fromkeys(_chinese_places(), "place")
    for kind in ("zh-organisation-end", "zh-place-end", "zh-title", "zh-transliterated", "zh-transliterated-family"):
        found.update({word: kind for word in lists[kind] if len(word) > 1})
    found.update({word: "zh-compound" for word in lists["zh-family"] if len(word) > 1})
    return found


@cache
def _heads() -> frozenset[str]:
    return frozenset(phrase[:2] for phrase in _chinese_phrases())


def shape(token: str) -> str:
    """Upper case as X, lower as x, digits as 9; runs longer than two cut to two.

    >>> shape("McDonald"), shape("U.S."), shape("2024")
    ('XxXxx', 'X.X.', '99')
    """
    plain = "".join("X" if c.isupper() else "x" if c.isalpha() else "9" if c.isdigit() else c for c in token[:40])
    return _RUNS.sub(r"\1\1", plain)


@dataclass(frozen=True, eq=False)
class Attributes:
    """Attributes of tokens, with what was learned from plain text: clusters of words, names of places (hashes)."""

    words: Hashes
    """Hashes of the words that have a cluster, sorted."""
    clusters: NDArray[np.uint16]
    """Coarse and fine cluster of each."""
    places: frozenset[int]
    """Hashes of place names in lower case, words joined by a space."""
    _cache: dict[str, tuple[int, ...]] = field(default_factory=dict, repr=False)

    def of(self, tokens: Sequence[str]) -> Hashes:
        """One row a token, one column an attribute."""
        if len(self._cache) > 200_000:
            self._cache.clear()
        rows = np.array([self._alone(token) for token in tokens], np.uint32).reshape(len(tokens), len(ATTRIBUTES))
        self._mark_places(tokens, rows[:, _AT["place"]])
        return rows

    def _alone(self, token: str) -> tuple[int, ...]:
        row = self._cache.get(token)
        if row is None:
            row = self._cache[token] = self._made(token)
        return row

    def _made(self, token: str) -> tuple[int, ...]:
        han = is_han(token)
        word = simplify(token) if han else token.lower()
        coarse, fine = self._clusters(word)
        lists = _lists().get(word, "")
        found = {
            "word": key("w", word),
            "shape": key("s", "汉" if han else shape(token)),
            "coarse": key("c", str(coarse)) if coarse else 0,
            "fine": key("f", str(fine)) if fine else 0,
            "lists": key("l", lists) if lists else 0,
            "name": key("n", lists + ("" if han else shape(token))) if lists else 0,
        }
        if not han:
            found["exact"] = key("e", token)
            found |= {f"prefix{n}": key(f"p{n}", word[:n]) for n in (2, 3, 4) if len(word) > n}
            found |= {f"suffix{n}": key(f"q{n}", word[-n:]) for n in (1, 2, 3, 4) if len(word) > n}
        return tuple(found.get(name, 0) for name in ATTRIBUTES)

    def _clusters(self, word: str) -> tuple[int, int]:
        wanted = key("w", word)
        at = int(np.searchsorted(self.words, wanted))
        if at < len(self.words) and int(self.words[at]) == wanted:
            return int(self.clusters[at, 0]) + 1, int(self.clusters[at, 1]) + 1
        return 0, 0

    def _mark_places(self, tokens: Sequence[str], column: Hashes) -> None:
        at = 0
        while at < len(tokens):
            kind, size = self._match(tokens, at)
            for i in range(size):
                part = "S" if size == 1 else "B" if i == 0 else "E" if i == size - 1 else "I"
                column[at + i] = key("g", kind + part)
            at += max(size, 1)

    def _match(self, tokens: Sequence[str], at: int) -> tuple[str, int]:
        if is_han(tokens[at]):
            run = simplify("".join(t if is_han(t) else " " for t in tokens[at : at + _LONGEST_HAN]))
            if run[:2] in _heads():
                for size in range(len(run), 1, -1):
                    kind = _chinese_phrases().get(run[:size])
                    if kind:
                        return kind, size
            return "", 0
        if not tokens[at][0].isupper():
            return "", 0
        for size in range(min(_LONGEST_PLACE, len(tokens) - at), 0, -1):
            if key("g", " ".join(tokens[at : at + size]).lower()) in self.places:
                return "geo", size
        return "", 0


_BOTH = (
    *(((("word", d),)) for d in (-2, -1, 0, 1, 2)),
    *(((("lists", d),)) for d in (-1, 0, 1)),
    *(((("place", d),)) for d in (-1, 0, 1)),
    *(((("fine", d),)) for d in (-1, 0, 1)),
    *(((("coarse", d),)) for d in (-2, -1, 0, 1, 2)),
    (("word", -1), ("word", 0)),
    (("word", 0), ("word", 1)),
    (("lists", -1), ("lists", 0)),
    (("lists", 0), ("lists", 1)),
    (("name", 0), ("word", -1)),
    (("name", 0), ("word", 1)),
    (("place", 0), ("word", -1)),
    (("place", 0), ("word", 1)),
    (("coarse", -1), ("coarse", 0)),
    (("coarse", 0), ("coarse", 1)),
)
_WORDS = (
    *(((("shape", d),)) for d in (-2, -1, 0, 1, 2)),
    (("exact", 0),),
    (("exact", -1),),
    (("exact", 1),),
    *(((f"prefix{n}", 0),) for n in (2, 3, 4)),
    *(((f"suffix{n}", 0),) for n in (1, 2, 3, 4)),
    (("suffix3", -1),),
    (("suffix3", 1),),
    (("shape", -1), ("shape", 0)),
    (("shape", 0), ("shape", 1)),
    (("shape", -1), ("shape", 0), ("shape", 1)),
    (("shape", 0), ("word", -1)),
    (("shape", 0), ("word", 1)),
    (("shape", 0), ("word", -2), ("word", -1)),
    (("shape", 0), ("coarse", 0)),
    (("shape", 0), ("lists", -1)),
    (("shape", 0), ("lists", 1)),
    (("shape", 0), ("coarse", -1)),
    (("shape", 0), ("coarse", 1)),
)
_HANZI = (
    (("word", -3),),
    (("word", 3),),
    (("word", -2), ("word", -1)),
    (("word", 1), ("word", 2)),
    (("word", -1), ("word", 1)),
    (("word", -2), ("word", -1), ("word", 0)),
    (("word", -1), ("word", 0), ("word", 1)),
    (("word", 0), ("word", 1), ("word", 2)),
    (("word", -3), ("word", -2), ("word", -1)),
    (("word", 1), ("word", 2), ("word", 3)),
    (("lists", -2), ("lists", -1), ("lists", 0)),
    (("lists", -1), ("lists", 0), ("lists", 1)),
    (("lists", 0), ("lists", 1), ("lists", 2)),
    (("lists", 0), ("word", -2), ("word", -1)),
    (("place", -2),),
    (("place", 2),),
    (("place", -1), ("place", 0), ("place", 1)),
)
_TEMPLATES = ((_BOTH, None), (_WORDS, False), (_HANZI, True))
WIDTH = len(_BOTH) + max(len(_WORDS), len(_HANZI))


def features(rows: Hashes, han: NDArray[np.bool_]) -> Hashes:
    """The features of each token, WIDTH a token; 0 stands for none.

    `rows` are the attributes of one sequence, `han` tells which of its tokens are Hanzi.
    """
    n = len(rows)
    edge = np.zeros((_PAD, rows.shape[1]), np.uint32)
    edge[:, _AT["word"]], edge[:, _AT["shape"]] = key("w", "\n"), key("s", "\n")
    padded = np.concatenate([edge, rows, edge])
    found = np.zeros((n, WIDTH), np.uint32)
    for templates, script in _TEMPLATES:
        chosen = slice(None) if script is None else han == script
        first = 0 if script is None else len(_BOTH)
        for i, template in enumerate(templates):
            number = first + i + (1000 if script else 0)
            found[chosen, first + i] = _joined(padded, n, template, number)[chosen]
    return found


def _joined(padded: Hashes, n: int, template: Sequence[tuple[str, int]], number: int) -> Hashes:
    value = np.full(n, (number * 0x85EBCA6B + 0x9E3779B9) & 0xFFFFFFFF, np.uint32)
    there = np.ones(n, bool)
    for name, distance in template:
        part = padded[_PAD + distance : _PAD + distance + n, _AT[name]]
        there &= part != 0
        value = (value ^ part) * np.uint32(0x9E3779B1)
        value ^= value >> np.uint32(15)
    value *= np.uint32(0x85EBCA77)
    value ^= value >> np.uint32(13)
    return np.where(there, np.maximum(value, np.uint32(1)), np.uint32(0))
