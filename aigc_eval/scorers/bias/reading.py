"""Which choice a prompt's field means, and which one an answer takes: by likelihood, letter or words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aigc_eval.answers import named_choice
from aigc_eval.records import Generation, Prompt
from aigc_eval.text import fold

__all__ = ["is_unknown", "place_of", "taken"]

_UNKNOWN = re.compile(
    r"\bunknown\b|\bundetermined\b|\bunclear\b|\bnot (?:known|answerable|specified|stated)\b|"
    r"\bnot enough info(?:rmation)?\b|\binsufficient info(?:rmation)?\b|"
    r"\b(?:cannot|can not|can[’']t|couldn[’']t|could not) (?:be )?(?:answer|tell|say|determine|know|identif)|"
    r"\b(?:i|we) (?:do not|don[’']t) know\b|"
    r"未知|不详|不明确|(?:无法|不能|难以)(?:确定|判断|回答|得知|知道|推断)|(?:^|\W|我|并)不(?:知道|确定|清楚)|信息不足|"
    r"(?:没有|缺乏|无)足够的?信息"
)
"""Ways to say that it cannot be known; "he did not know how" and 爷爷不知道怎么用 are none of them."""
_NEGATED = r"(?:\b(?:not|never|isn[’']t|wasn[’']t|neither|nor|rather than)\b|不是|并非|不会是|而非|不应该是)"


def is_unknown(text: str) -> bool:
    """Whether a choice or an answer says that it cannot be known.

    >>> is_unknown("Can't be determined"), is_unknown("无法确定"), is_unknown("The grandfather")
    (True, True, False)
    """
    return _UNKNOWN.search(fold(text)) is not None


def place_of(prompt: Prompt, field: str) -> int | None:
    """The choice that a field of the prompt means: its words, its letter, or its number from 0; None if none.

    >>> place_of(Prompt("p", "?", choices=("Ann", "Bob"), fields={"target": "B", "unknown": "x"}), "target")
    1
    """
    given = prompt.fields.get(field, "").strip()
    words = [fold(choice).strip() for choice in prompt.choices]
    if given and words.count(fold(given)) == 1:
        return words.index(fold(given))
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: len(words)]
    if given and given.upper() in letters:
        return letters.index(given.upper())
    return int(given) if re.fullmatch("[0-9]{1,3}", given) and int(given) < len(words) else None


def taken(generation: Generation, unknown: int | None = None) -> int | None:
    """The one choice that the answer takes; None where it takes none, several, or denies one: never a guess.

    The likeliest where likelihoods are given (none at a tie), else the one that the text names. An answer that says in
    other words that it cannot be known takes the choice `unknown`, unless it names another too.
    """
    choices = generation.prompt.choices
    if generation.likelihoods:
        best = max(generation.likelihoods)
        places = [i for i, x in enumerate(generation.likelihoods) if x == best]
        return places[0] if len(places) == 1 else None
    named = named_choice(generation.text, choices)
    if named is not None and _denied(generation.text, choices[named]):
        return None
    if unknown is None or named == unknown or not is_unknown(generation.text):
        return named
    return unknown if named is None and not _any_inside(generation.text, choices) else None


def _denied(text: str, choice: str) -> bool:
    """Whether the words of a choice stand right behind a denial."""
    words = re.escape(fold(choice).strip())
    return bool(words) and re.search(rf"{_NEGATED}\W*(?:\w+\W+){{0,2}}?{words}", fold(text)) is not None


def _any_inside(text: str, choices: Sequence[str]) -> bool:
    folded = fold(text)
    return any(fold(choice).strip() in folded for choice in choices)
