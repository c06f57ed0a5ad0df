"""Citation recall and precision by a natural-language-inference model, as ALCE counts them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from aigc_eval.models.nli import Nli

__all__ = ["Attributed", "Question", "attribute", "entailed", "questions", "readings"]

_PREMISE, _SENTENCE = 1000, 500
"""Characters that about fill a window of a premise, of a hypothesis."""

Question = tuple[tuple[int, ...], str]
"""Numbers of the passages that are read together, and the sentence."""


class Attributed(NamedTuple):
    """Whether the passages that a sentence cites entail it together, and how many of its citations are needed."""

    supported: bool
    precise: int


def attribute(cited: Sequence[int], existing: int, entails: Callable[[tuple[int, ...]], bool]) -> Attributed:
    """Judge one sentence. `entails` tells whether passages, read together, entail it.

    Supported: it cites, every passage cited exists, and together they entail it. A citation of a supported sentence is
    precise if it is the only one, if its passage alone entails the sentence, or if the others without it do not.
    """
    numbers = tuple(cited)
    if not numbers or not all(1 <= n <= existing for n in numbers) or not entails(numbers):
        return Attributed(False, 0)
    if len(numbers) == 1:
        return Attributed(True, 1)
    needed = [n for n in numbers if entails((n,)) or not entails(tuple(m for m in numbers if m != n))]
    return Attributed(True, len(needed))


def questions(cited: Sequence[int], existing: int, sentence: str) -> list[Question]:
    """All that `attribute` may ask: the cited passages together, each alone, and together without each."""
    numbers = tuple(cited)
    if not numbers or not sentence or not all(1 <= n <= existing for n in numbers):
        return []
    parts = [(n,) for n in numbers] + [tuple(m for m in numbers if m != n) for n in numbers]
    return [(read, sentence) for read in dict.fromkeys([numbers, *parts]) if read]


def readings(asked: Sequence[Question], passages: Sequence[str]) -> int:
    """About how many inputs of a model it takes to read them: long texts are read in windows."""
    lengths = [(sum(len(passages[n - 1]) for n in read), len(sentence)) for read, sentence in asked]
    return sum((1 + premise // _PREMISE) * (1 + sentence // _SENTENCE) for premise, sentence in lengths)


def entailed(
    nli: Nli, items: Sequence[tuple[Sequence[str], Sequence[Question]]], threshold: float
) -> list[dict[Question, bool]]:
    """For each (passages, questions): whether P(entailment) of passages joined by line ends reaches the threshold."""
    pairs = [
        ("\n".join(passages[n - 1] for n in read), sentence) for passages, asked in items for read, sentence in asked
    ]
    judged = iter(nli.judge(pairs))
    return [{question: next(judged).entailment >= threshold for question in asked} for _, asked in items]
