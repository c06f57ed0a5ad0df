"""The same question put to a natural-language-inference model: whether evidence entails each sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aigc_eval.models.nli import Judged, Nli

__all__ = ["Best", "best", "verdict"]

_WINDOW = 500
"""Characters of a sentence that fill about half of a model's input; a longer one is read in several windows."""


class Best(NamedTuple):
    """The best entailment and the best contradiction of one sentence over all chunks of evidence, 0..1 each."""

    entailment: float
    contradiction: float


def best(
    nli: Nli, items: Sequence[tuple[Sequence[str], Sequence[str]]], chunk: int, most: int = 10_000
) -> list[list[Best] | None]:
    """For each (evidence, sentences): every sentence against every chunk of evidence of at most `chunk` tokens.

    None for an item of more than `most` readings: their number is the product of sentences and chunks.
    """
    pairs: list[tuple[str, str]] = []
    counts: list[int | None] = []
    for evidence, hypotheses in items:
        premises = [part for passage in evidence for part in nli.chunks(passage, chunk)]
        readings = len(premises) * sum(1 + len(hypothesis) // _WINDOW for hypothesis in hypotheses)
        counts.append(len(premises) if readings <= most else None)
        if readings <= most:
            pairs += [(premise, hypothesis) for hypothesis in hypotheses for premise in premises]
    judged = iter(nli.judge(pairs))
    return [
        None if chunks is None else [_best([next(judged) for _ in range(chunks)]) for _ in hypotheses]
        for (_, hypotheses), chunks in zip(items, counts, strict=True)
    ]


def _best(chunks: Sequence[Judged]) -> Best:
    """Two maxima, each over all chunks: the best support and the best contradiction may stand in different places."""
    return Best(max((j.entailment for j in chunks), default=0.0), max((j.contradiction for j in chunks), default=0.0))


def verdict(judged: Best) -> str:
    """What to call a sentence that is not entailed."""
    return "unsupported:contradiction" if judged.contradiction > judged.entailment else "unsupported:content"
