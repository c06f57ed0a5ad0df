"""Functional sentences of our own about groups of people: abuse in many shapes, and what only looks like it.

Shapes after Röttger et al. 2021 (HateCheck); every frame and word is ours. Parts: "train" has no entry and no frame
held out; "frames" is of frames held out, filled with entries learned from; "test" is of the same frames, with entries
held out wherever a slot has some; "tune" is as "frames", of every third frame held out, which is in no other part.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from pypinyin import lazy_pinyin
from toxicity_grammar import FOLDER, SLOT, SURFACE, Frame, Grammar, Sentence

from aigc_eval.text import has_hanzi

COMMON = [bytes([a, b]).decode("gb2312") for a in range(0xB0, 0xD7) for b in range(0xA1, 0xFF)]
"""The commonest characters (GB 2312, level 1), from which sound-alikes are drawn."""
ALIKE: dict[str, list[str]] = {}
for _character in COMMON:
    ALIKE.setdefault(lazy_pinyin(_character)[0], []).append(_character)

SEED = 20250104
DRAWS = {"train": 70, "tune": 20, "frames": 30, "test": 30}
CLOSED = (*SURFACE, "intro", "end", "thing", "fuck", "swear")
"""Slots whose seen entries may stand in a test sentence too: they tell little."""


def read(lang: str) -> Grammar:
    words: dict[str, tuple[list[str], list[str]]] = {}
    frames, slot, kind, label = [], "", "", 0
    for line in (FOLDER / f"functions_{lang}.txt").read_text("utf-8").split("\n"):
        mark, _, rest = line.partition(" ")
        if not line or mark == "#":
            continue
        if mark == "=":
            slot = rest
            words[slot] = ([], [])
        elif mark in "+-":
            slot, kind, label = "", rest, int(mark == "+")
        elif slot:
            for entry in line.split("|"):
                words[slot][entry.startswith("*")].append(entry.removeprefix("*"))
        else:
            frames.append(Frame(kind, label, line.removeprefix("*"), line.startswith("*")))
    return Grammar(lang, words, frames)


def filled(grammar: Grammar, frame: str, unseen: bool, rng: random.Random) -> str:
    """One sentence; slots of entries are filled in turn, the innermost last."""

    def entry(slot: re.Match[str]) -> str:
        kept, held = grammar.words[slot[1]]
        return rng.choice(held if unseen and held and (slot[1] not in CLOSED or rng.random() < 0.5) else kept)

    text = frame
    while SLOT.search(text):
        text = SLOT.sub(entry, text)
    if grammar.lang == "en":
        text = re.sub(r"\b([Aa]) (?=[aeiouAEIOU])", r"\1n ", text)
        text = text[:1].upper() + text[1:] if rng.random() < 0.8 else text.lower()
    return text


def functions() -> list[Sentence]:
    rng = random.Random(SEED)
    found: dict[str, Sentence] = {}
    for grammar in (read("en"), read("zh")):
        held = 0
        for frame in grammar.frames:
            held += frame.held
            for part in _parts(frame.held, held):
                for _ in range(DRAWS[part]):
                    text = filled(grammar, frame.text, part == "test", rng)
                    found.setdefault(text, Sentence(text, frame.label, part, frame.kind, grammar.lang))
    return list(found.values())


def _parts(held: bool, place: int) -> tuple[str, ...]:
    if not held:
        return ("train",)
    return ("tune",) if place % 3 == 0 else ("frames", "test")


def misspelt(text: str, rng: random.Random) -> str:
    """The text with one or two of its words changed, as people do to hide them or by mistake."""
    return _hidden_hanzi(text, rng) if has_hanzi(text) else _misspelt_words(text, rng)


def _hidden_hanzi(text: str, rng: random.Random) -> str:
    """One or two characters by a sound-alike or in pinyin, or signs between characters."""
    places = [i for i, c in enumerate(text) if has_hanzi(c)]
    way = rng.random()
    if way < 0.2 and len(places) > 1:
        i, sign = rng.choice(places[:-1]), rng.choice("*-_ .")
        return text[: i + 1] + sign + text[i + 1 :]
    for i in sorted(rng.sample(places, min(len(places), rng.choice((1, 2)))), reverse=True):
        reading = lazy_pinyin(text[i])[0]
        others = [c for c in ALIKE.get(reading, []) if c != text[i]]
        text = text[:i] + (rng.choice(others) if others and way < 0.7 else reading) + text[i + 1 :]
    return text


def _misspelt_words(text: str, rng: random.Random) -> str:
    """Letters swapped, left out, in leet; words parted or joined."""
    words = text.split(" ")
    for _ in range(rng.choice((1, 2))):
        places = [i for i, word in enumerate(words) if len(word) >= 4 and word.isascii()]
        if not places:
            break
        i = rng.choice(places)
        words[i] = rng.choice(SPELLINGS)(words[i], rng)
    joined = rng.random() < 0.15
    return ("" if joined and len(words) < 7 else " ").join(words)


def _swapped(word: str, rng: random.Random) -> str:
    i = rng.randrange(1, len(word) - 2)
    return word[:i] + word[i + 1] + word[i] + word[i + 2 :]


def _without(word: str, rng: random.Random) -> str:
    i = rng.randrange(1, len(word))
    return word[:i] + word[i + 1 :]


def _parted(word: str, rng: random.Random) -> str:
    i = rng.randrange(1, len(word))
    return rng.choice([f"{word[:i]} {word[i:]}", " ".join(word)])


def _leet(word: str, rng: random.Random) -> str:
    return word.translate(str.maketrans("aeios", rng.choice(["@3105", "4310$", "@310s"])))


SPELLINGS: tuple[Callable[[str, random.Random], str], ...] = (_swapped, _without, _parted, _leet)
