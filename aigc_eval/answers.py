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
_FIRST = re.compile(r"[\s(（\[【*]*([A-Z])\s*(?:[)）\].:：。,，*]|、(?!\s*[A-Z](?![A-Za-z])))")
"""A letter at the start, marked as one by what follows ("B." or "(B)", not "A man", nor the first of a list)."""
_NOT_BEFORE = re.compile(
    r"(?:\b(?:not|never|cannot|\w+n['’ ]t|nor|neither|except|rather than|instead of|(?:rule|ruled|ruling) out|"
    r"exclud(?:e|ed|ing)|eliminat(?:e|ed|ing))\W+(?:(?:the|an?|in|at|to|be)\W+)?"
    r"|(?:不(?:能|会|會|应|應|应该|應該|该|該|要|可|可能|可能是|会是|會是|是)?|别|別|勿|并非|並非|而非|绝非|絕非|排除了?|排除掉))\Z",
    re.IGNORECASE,
)
_NOT_AFTER = re.compile(
    r"[)）\]】*\s]*(?:(?:is|was|are|would be|can be)\s+(?:not\b|wrong|incorrect|false|ruled out|out\b)|"
    r"(?:isn|wasn|can|won)['’]t\b|cannot\b|(?:项|項)?(?:是|都|均)?(?:不对|不對|不正确|不正確|不是|不成立|不可能|错|錯|有误|有誤))"
)
"""Words right before or behind a choice that take it back: "not B", "B is wrong", 不选B, B不对."""


def named_choice(text: str, choices: Sequence[str]) -> int | None:
    """Index of the one choice that an answer names; None where it names none, or several.

    Tried in this order, the first that says anything decides: the whole answer is a letter or a choice; a letter said
    to be the answer ("the answer is B", "答案：B"), the same one each time; a marked letter at the start ("B.", "(B)");
    the words of exactly one choice in the answer, where a choice inside a longer one counts only by itself. A letter
    or choice that is denied ("not B", "B is wrong", 不选B, 不是罗马) is not named by it.

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
    found_said = [match for match in _SAID.finditer(shown) if match[1] in letters]
    if said := {match[1] for match in found_said if not _denied(shown, match.start(), match.end())}:
        return _index(letters, said)
    if (first := _FIRST.match(shown)) and first[1] in letters:
        return None if _denied(shown, 0, first.end(1)) else letters.index(first[1])
    if found_said:
        return None
    inside = _inside(f" {plain} ", folded)
    return inside.pop() if len(inside) == 1 else None


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    """Folded words and Hanzi with single spaces, no punctuation."""
    return " ".join(re.findall(r"[^\W_]+", fold(text)))


def _index(letters: str, said: set[str]) -> int | None:
    return letters.find(said.pop()) if len(said) == 1 and said <= set(letters) else None


def _denied(text: str, start: int, end: int) -> bool:
    return bool(_NOT_BEFORE.search(text[max(0, start - 40) : start]) or _NOT_AFTER.match(text, end))


def _inside(plain: str, choices: Sequence[str]) -> set[int]:
    """The choices whose words stand in the answer, the longest first, each passage counted once."""
    found = set()
    for i in sorted(range(len(choices)), key=lambda i: -len(choices[i])):
        spaced = f" {choices[i]} " if choices[i].isascii() else choices[i]
        if choices[i] and spaced in plain:
            ends = (m.start() + (spaced[0] == " ") for m in re.finditer(re.escape(spaced), plain))
            if not all(_NOT_BEFORE.search(plain[max(0, end - 40) : end]) for end in ends):
                found.add(i)
            plain = plain.replace(spaced, "  ")
    return found
