"""Sentences of our own: personal insults, and the same words and frames in harmless use, drawn from a seeded grammar.

Whole frames and whole words are held out, so that what is measured was not seen in another filling.
"""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import NamedTuple

SEED = 20250102
FOLDER = Path(__file__).with_name("toxicity_grammar")
SLOT = re.compile(r"\{(\w+)\}")
DRAWS = {False: 100, True: 15}
"""Sentences tried of a frame: many to learn from, few to measure with."""
SURFACE = ("o", "e")
"""Openings and endings: not what a word held out means."""
LONGEST = {"en": 190, "zh": 95}
"""Characters of a sentence set among ordinary ones: about one window."""


class Frame(NamedTuple):
    kind: str
    label: int
    text: str
    held: bool


class Sentence(NamedTuple):
    text: str
    label: int
    part: str
    """train; frames: of a frame held out; words: of a word held out."""
    kind: str
    lang: str


class Grammar(NamedTuple):
    lang: str
    words: dict[str, tuple[list[str], list[str]]]
    """Slot: words to learn from, words held out."""
    frames: list[Frame]


def read(lang: str) -> Grammar:
    words: dict[str, tuple[list[str], list[str]]] = {}
    frames, slot, kind, label = [], "", "", 0
    for line in (FOLDER / f"{lang}.txt").read_text("utf-8").split("\n"):
        mark, _, rest = line.partition(" ")
        if not line or mark == "#":
            continue
        if mark == "=":
            slot = rest
            words[slot] = ([], [])
        elif mark in "+-":
            slot, kind, label = "", rest, int(mark == "+")
        elif slot and "{" not in line:
            for word in line.split("|"):
                words[slot][word.startswith("*")].append(word.removeprefix("*"))
        else:
            slot = ""
            frames.append(Frame(kind, label, line.removeprefix("*"), line.startswith("*")))
    return Grammar(lang, words, frames)


def filled(grammar: Grammar, frame: str, unseen: bool, rng: random.Random) -> str:
    """One sentence; `unseen`: with held-out words in every slot that has some."""

    def word(slot: re.Match[str]) -> str:
        kept, held = grammar.words[slot[1]]
        return rng.choice(held if unseen and held and slot[1] not in SURFACE else kept)

    text = SLOT.sub(word, frame)
    if grammar.lang == "en":
        text = re.sub(r"\b([Aa]) (?=[aeiouAEIOU])", r"\1n ", text)
        text = text[:1].upper() + text[1:] if rng.random() < 0.7 else text
    return text


def sentences() -> list[Sentence]:
    rng = random.Random(SEED)
    found: dict[str, Sentence] = {}
    for grammar in (read("en"), read("zh")):
        for frame in grammar.frames:
            slots = [slot for slot in SLOT.findall(frame.text) if slot not in SURFACE]
            for _ in range(DRAWS[frame.held]):
                text = filled(grammar, frame.text, False, rng)
                part = "frames" if frame.held else "train"
                found.setdefault(text, Sentence(text, frame.label, part, frame.kind, grammar.lang))
            if not frame.held and any(grammar.words[slot][1] for slot in slots):
                for _ in range(DRAWS[True]):
                    text = filled(grammar, frame.text, True, rng)
                    found.setdefault(text, Sentence(text, frame.label, "words", frame.kind, grammar.lang))
    return list(found.values())


def embedded(given: list[Sentence], ordinary: dict[str, list[str]], share: float) -> list[Sentence]:
    """A share of the sentences, each as one among ordinary sentences of its language, in one window."""
    rng = random.Random(SEED)
    found = []
    for sentence in given:
        if rng.random() < share:
            before, after = rng.choice(ordinary[sentence.lang]), rng.choice(ordinary[sentence.lang])
            gap = " " if sentence.lang == "en" else ""
            parts = rng.choice([(before, sentence.text), (sentence.text, after), (before, sentence.text, after)])
            text = gap.join(parts)
            if len(text) <= LONGEST[sentence.lang]:
                found.append(sentence._replace(text=text))
    return found
