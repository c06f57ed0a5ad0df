"""Degenerate text, made from human text by seeded rules: what a broken generator writes."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Mapping, Sequence

from aigc_eval.text import has_hanzi, tokens

Maker = Callable[[str, random.Random], str]


def _units(text: str) -> list[str]:
    """Words with the space before them, or single Han characters and marks."""
    return tokens(text) if has_hanzi(text) else text.split()


def _joined(units: Sequence[str], like: str) -> str:
    return ("" if has_hanzi(like) else " ").join(units)


def loop(text: str, rng: random.Random) -> str:
    """A beginning, and a phrase of 2 to 12 words from it, over and over to the text's length."""
    units = _units(text)
    n = min(len(units), rng.randint(2, 12))
    start = rng.randrange(max(1, len(units) // 2 - n + 1))
    kept = units[: start + n]
    while len(kept) < max(len(units), 40):
        kept += units[start : start + n]
    return _joined(kept, text)


def stuck(text: str, rng: random.Random) -> str:
    """The first half, and one word for the rest of it."""
    units = _units(text)
    half = units[: max(1, len(units) // 2)]
    return _joined([*half, *[rng.choice(half)] * max(len(half), 20)], text)


def shuffled_words(text: str, rng: random.Random) -> str:
    """All words (Chinese: characters and marks) in random order."""
    units = _units(text)
    rng.shuffle(units)
    return _joined(units, text)


def shuffled_characters(text: str, rng: random.Random) -> str:
    """All characters in random order."""
    found = list(text)
    rng.shuffle(found)
    return "".join(found)


def mash(text: str, rng: random.Random) -> str:
    """Keys of neighbouring places, as by a hand laid on the keyboard, to the text's length."""
    rows = ("qwertyuiop", "asdfghjkl;", "zxcvbnm,./")
    found = ""
    while len(found) < len(text):
        row = rng.choice(rows)
        start = rng.randrange(len(row) - 4)
        found += "".join(rng.choice(row[start : start + 5]) for _ in range(rng.randint(3, 12)))
        found += rng.choice(("", "", " "))
    return found


def mojibake(text: str, rng: random.Random) -> str:
    """UTF-8 read with the wrong table: GBK or Latin-1 for Chinese, Windows-1252 for English with typographic marks."""
    if has_hanzi(text):
        table = rng.choice(("gb18030", "latin-1"))
        return text.encode().decode(table, "replace")
    marked = text.replace("'", "\u2019").replace(" - ", " \u2013 ").replace('"', "\u201d")
    return marked.encode().decode("cp1252", "replace")


def random_characters(text: str, rng: random.Random) -> str:
    """Characters of the script drawn evenly, to the text's length."""
    if has_hanzi(text):
        return "".join(chr(rng.randrange(0x4E00, 0x9FA5)) for _ in text)
    return "".join(rng.choice(string.ascii_lowercase + "    ") for _ in text)


def salad(counts: Mapping[str, Mapping[str, float]]) -> Maker:
    """Words (Chinese: characters) drawn by their frequency in the language, to the text's length."""
    drawn = {spoken: (list(known), list(known.values())) for spoken, known in counts.items()}

    def make(text: str, rng: random.Random) -> str:
        words, weights = drawn["zh" if has_hanzi(text) else "en"]
        return _joined(rng.choices(words, weights, k=len(_units(text))), text)

    return make


def kinds(counts: Mapping[str, Mapping[str, float]]) -> dict[str, Maker]:
    """Every kind of corruption by name; `counts`: frequency of words by language."""
    return {
        "loop": loop,
        "one word stuck": stuck,
        "shuffled words": shuffled_words,
        "shuffled characters": shuffled_characters,
        "keyboard mash": mash,
        "mojibake": mojibake,
        "random characters": random_characters,
        "word salad": salad(counts),
    }


def by_language(known: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """The units of the packaged unigram table that are Chinese, and those that are not."""
    found: dict[str, dict[str, float]] = {"en": {}, "zh": {}}
    for unit, weight in known.items():
        if any(c.isalpha() for c in unit):
            found["zh" if has_hanzi(unit) else "en"][unit] = weight
    return found
