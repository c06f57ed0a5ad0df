"""Measure hidden Chinese insults: python tools/train/toxicity_hiding.py [--before]

Held-out sentences of the grammar (whole frames and whole words, never trained on), their insult words hidden as people
hide them from filters; beside them harmless held-out sentences whose words of praise are hidden alike. Needs pypinyin.
`--before` measures without the table of spellings and without signs and emoji taken out, on the same weights.
"""

from __future__ import annotations

import argparse
import importlib
import random
import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from pypinyin import lazy_pinyin

sys.path.insert(0, str(Path(__file__).parent))
from toxicity import score, share
from toxicity_grammar import Sentence, read, sentences

from aigc_eval.scorers.toxicity import spellings
from aigc_eval.scorers.toxicity.model import bundled
from aigc_eval.text import has_hanzi

SEED = 20250103
COMMON = [bytes([a, b]).decode("gb2312") for a in range(0xB0, 0xD7) for b in range(0xA1, 0xFF)]
"""The 3,755 commonest characters (GB 2312, level 1), from which sound-alikes are drawn."""
ALIKE: dict[str, list[str]] = {}
for _character in COMMON:
    ALIKE.setdefault(lazy_pinyin(_character)[0], []).append(_character)
HALVES = {line[0]: line[3] for line in map(str.split, spellings._parts(Path(spellings.__file__).with_name(
    "spellings.txt").read_text("utf-8"))["characters"]) if len(line) > 3}  # fmt: skip
Hide = Callable[[str, random.Random], str]


def between(signs: str) -> Hide:
    def hide(word: str, rng: random.Random) -> str:
        return rng.choice(signs).join(word)

    return hide


def one(change: Callable[[str, random.Random], str]) -> Hide:
    """One character of the word changed."""

    def hide(word: str, rng: random.Random) -> str:
        places = [i for i, c in enumerate(word) if has_hanzi(c)]
        if not places:
            return word
        i = rng.choice(places)
        return word[:i] + change(word[i], rng) + word[i + 1 :]

    return hide


def reading(character: str, rng: random.Random) -> str:
    return lazy_pinyin(character)[0]


def sound_alike(character: str, rng: random.Random) -> str:
    others = [c for c in ALIKE.get(reading(character, rng), []) if c != character]
    return rng.choice(others) if others else character


def halves(word: str, rng: random.Random) -> str:
    return "".join(HALVES.get(c, c) for c in word)


def pinyin(word: str, rng: random.Random) -> str:
    return rng.choice(["", " "]).join(lazy_pinyin(word))


KINDS: dict[str, Hide] = {
    "as it is": lambda word, rng: word,
    "signs in between": between("*-_·|/.~+"),
    "emoji in between": between("😀🔥💩❤🙃✨"),
    "the same stop in between": between("，。、…"),
    "halves of characters": halves,
    "one character in pinyin": one(reading),
    "whole word in pinyin": pinyin,
    "one character by a random sound-alike": one(sound_alike),
}


def known(slots: str) -> list[str]:
    words = read("zh").words
    return sorted({w for slot in slots.split() for part in words[slot] for w in part}, key=lambda w: (-len(w), w))


def hidden(given: list[Sentence], words: list[str], hide: Hide) -> list[str]:
    """Sentences with each listed word hidden; those that stay as they are do not count."""
    rng, found = random.Random(SEED), []
    for sentence in given:
        word = next((w for w in words if len(w) > 1 and w in sentence.text), None)
        changed = sentence.text.replace(word, hide(word, rng)) if word else sentence.text
        if changed != sentence.text or hide is KINDS["as it is"]:
            found.append(changed)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", action="store_true")
    if parser.parse_args().before:
        form = importlib.import_module("aigc_eval.scorers.toxicity.canonical")
        form.edits = lambda text: []
        hidden_by = form._HIDDEN.pattern.replace(form.EMOJI, "").replace(form._LISTED, "(?P<stop>(?!))")
        form._HIDDEN = re.compile(hidden_by)
    held = [s for s in sentences() if s.lang == "zh" and s.part != "train"]
    insults, praise = [s for s in held if s.label], [s for s in held if s.kind == "praise"]
    table = set(spellings._table().spellings)
    print("| hidden by | insults | found | of words in the table | of other words | praise hidden alike: flagged |")
    print("|---|---|---|---|---|---|")
    for name, hide in KINDS.items():
        in_table = [s for s in insults if any(w in table for w in known("n a imp p") if w in s.text)]
        others = [s for s in insults if s not in in_table]
        rows = [hidden(part, known("n a imp p"), hide) for part in (insults, in_table, others)]
        rows.append(hidden(praise, known("good nice"), hide))
        shares = [share(np.array([score(bundled(), text) >= 0.5 for text in texts])) for texts in rows]
        print("|", " | ".join([name, f"{len(rows[0]):,}", *shares]), "|")


if __name__ == "__main__":
    main()
