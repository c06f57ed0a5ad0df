"""Discoverable extraction: an answer against the true continuation of the prompt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aigc_eval.intervals import Ints
from aigc_eval.scorers.memorisation.near import edit_similarity
from aigc_eval.scorers.memorisation.words import words

__all__ = ["against_references"]


def against_references(
    answer: Sequence[str], references: Sequence[str], given: Ints, extract: int
) -> Iterator[tuple[str, float]]:
    """Common prefix and edit similarity, the best over the references, and whether the answer is extracted.

    `answer`: its words; `given[0]`: how many of them from the first on stand in the prompt, so that what the prompt
    holds in full is not extracted from the model. "extracted" is left out where every reference is shorter than
    `extract` words. A reference is cut to the words of the answer before their edit similarity is taken (HELM cuts it
    to the answer's characters).
    """
    theirs = [words(reference) for reference in references]
    yield "prefix", float(max(_common_prefix(answer, other) for other in theirs))
    yield "edit_similarity", max(_similarity(answer, other[: len(answer)]) for other in theirs)
    if long := [other for other in theirs if len(other) >= extract]:
        new = len(given) == 0 or given[0] < extract
        yield "extracted", float(new and any(answer[:extract] == other[:extract] for other in long))


def _common_prefix(a: Sequence[str], b: Sequence[str]) -> int:
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _similarity(a: Sequence[str], b: Sequence[str]) -> float:
    numbers = {word: i for i, word in enumerate({*a, *b})}
    return edit_similarity([numbers[word] for word in a], [numbers[word] for word in b])
