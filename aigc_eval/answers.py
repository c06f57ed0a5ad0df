"""Which of a prompt's choices an answer names: by its letter, its number or its words. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from aigc_eval.text import fold, normalize

__all__ = ["named_choice"]

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SAID = re.compile(
    r"(?i:\banswers?\b|\bchoice\b|\boption\b|\bchoose\b|\bpick\b|答案|选项|選項|应选|應選|选择|選擇|正确的是|正確的是|我选|我選|选|選)"
    r"\W{0,4}(?i:is|would be|:|是|为|為|：)?\W{0,6}([A-Z])(?![A-Za-z'’])"
)
"""A letter that is said to be the answer; only capitals, as "answer is a ..." has an article in its place."""
_ALONE = re.compile(r"\W*([A-Za-z])\W*")
_FIRST = re.compile(r"[\s(（\[【*]*([A-Z])\s*[)）\].:：、。,，*]")
"""A letter at the start, marked as one by what follows ("B." or "(B)", not "A man")."""


def named_choice(text: str, choices: Sequence[str]) -> int | None:
    """Index of the one choice that an answer names; None where it names none, or several.

    Tried in this order, the first that says anything decides: the whole answer is a letter or a choice; a letter said
    to be the answer ("the answer is B", "答案：B"), the same one each time; a marked letter at the start ("B.", "(B)");
    the words of exactly one choice in the answer, where a choice inside a longer one counts only by itself.

    >>> named_choice("The answer is (B).", ["Paris", "Rome"]), named_choice("罗马是正确的。", ["巴黎", "罗马"])
    (1, 1)
    >>> named_choice("A man and a woman", ["x", "y"]), named_choice("Paris or Rome", ["Paris", "Rome"])
    (None, None)
    """
    shown = normalize(text).strip()
    plain, folded = _plain(shown), tuple(map(_plain, choices))
    if plain and folded.count(plain) == 1:
        return folded.index(plain)
    letters = _LETTERS[: len(choices)]
    if found := _ALONE.fullmatch(shown):
        return _index(letters, {found[1].upper()})
    if said := {letter for letter in _SAID.findall(shown) if letter in letters}:
        return _index(letters, said)
    if (first := _FIRST.match(shown)) and first[1] in letters:
        return letters.index(first[1])
    inside = _inside(f" {plain} ", folded)
    return inside.pop() if len(inside) == 1 else None


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    """Folded words and Hanzi with single spaces, no punctuation."""
    return " ".join(re.findall(r"[^\W_]+", fold(text)))


def _index(letters: str, said: set[str]) -> int | None:
    return letters.find(said.pop()) if len(said) == 1 and said <= set(letters) else None


def _inside(plain: str, choices: Sequence[str]) -> set[int]:
    """The choices whose words stand in the answer, the longest first, each passage counted once."""
    found = set()
    for i in sorted(range(len(choices)), key=lambda i: -len(choices[i])):
        spaced = f" {choices[i]} " if choices[i].isascii() else choices[i]
        if choices[i] and spaced in plain:
            found.add(i)
            plain = plain.replace(spaced, "  ")
    return found
