"""The same question put to a natural-language-inference model: whether evidence entails each sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aigc_eval.models.nli import Nli

__all__ = ["Best", "best", "verdict"]


class Best(NamedTuple):
    """The best entailment and the best contradiction of one sentence over all chunks of evidence, 0..1 each."""

    entailment: float
    contradiction: float


def best(nli: Nli, items: Sequence[tuple[Sequence[str], Sequence[str]]], chunk: int) -> list[list[Best]]:
    """For each (evidence, sentences): every sentence against every chunk of evidence of at most `chunk` tokens."""
    pairs: list[tuple[str, str]] = []
    counts: list[tuple[int, int]] = []
    for evidence, hypotheses in items:
        premises = [part for passage in evidence for part in nli.chunks(passage, chunk)]
        pairs += [(premise, hypothesis) for hypothesis in hypotheses for premise in premises]
        counts.append((len(hypotheses), len(premises)))
    judged = iter(nli.judge(pairs))
    found = []
    for sentences, chunks in counts:
        rows = [[next(judged) for _ in range(chunks)] for _ in range(sentences)]
        found.append(
            [
                Best(
                    max((j.entailment for j in row), default=0.0),
                    max((j.contradiction for j in row), default=0.0),
                )
                for row in rows
            ]
        )
    return found


def verdict(judged: Best) -> str:
    """What to call a sentence that is not entailed."""
    return "unsupported:contradiction" if judged.contradiction > judged.entailment else "unsupported:content"
