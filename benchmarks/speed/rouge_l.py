"""Times the homogenisation's ROUGE-L against rouge-score, in pairs a second, tokenising left out of both.

    .venv/bin/python benchmarks/speed/rouge_l.py 1000 60

The first number is how many texts of 50 to 150 words we compare with each other, all pairs; the second how many of
them rouge-score does, whose F of each pair must be ours.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from rouge_score.rouge_scorer import RougeScorer  # type: ignore[import-untyped]

from aigc_eval.scorers.diversity.corpus import corpus
from aigc_eval.scorers.diversity.homogenization import pairs

WORDS, LENGTHS, SEED = 20_000, (50, 150), 1


class Split:
    """Words between spaces, split once."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._words = {text: text.split() for text in texts}

    def tokenize(self, text: str) -> list[str]:
        """The words of one of the texts."""
        return self._words[text]


def texts_of(n: int) -> list[str]:
    """n texts of 50 to 150 words, drawn with a Zipf-like weight from 20,000."""
    draw = random.Random(SEED)
    words = [f"w{i}" for i in range(WORDS)]
    weights = [1 / (i + 1) for i in range(WORDS)]
    return [" ".join(draw.choices(words, weights, k=draw.randint(*LENGTHS))) for _ in range(n)]


def by_us(texts: Sequence[str]) -> tuple[float, npt.NDArray[np.float64]]:
    """Seconds, and F of all pairs in the order (1, 0), (2, 0), (2, 1) ..."""
    found = corpus(texts)
    start = time.perf_counter()
    values = pairs(found).f
    return time.perf_counter() - start, values


def by_rouge_score(texts: Sequence[str]) -> tuple[float, npt.NDArray[np.float64]]:
    """The same by rouge-score."""
    scorer = RougeScorer(["rougeL"], tokenizer=Split(texts))
    start = time.perf_counter()
    values = [scorer.score(texts[j], texts[i])["rougeL"].fmeasure for i in range(len(texts)) for j in range(i)]
    return time.perf_counter() - start, np.array(values)


def main() -> None:
    """Print pairs a second of both, their ratio, and the largest difference of a pair."""
    many, few = (int(sys.argv[i]) if len(sys.argv) > i else n for i, n in ((1, 1000), (2, 60)))
    by_us(["warm", "up"])
    texts = texts_of(many)
    us, ours = by_us(texts)
    them, theirs = by_rouge_score(texts[:few])
    _, same = by_us(texts[:few])
    fast, slow = len(ours) / us, len(theirs) / them
    print(f"ours {len(ours)} pairs in {us:.2f} s: {fast:.0f} a second")
    print(f"rouge-score {len(theirs)} pairs in {them:.2f} s: {slow:.0f} a second; ratio {fast / slow:.0f}")
    print(f"largest difference of a pair {np.abs(same - theirs).max():.1e}")


if __name__ == "__main__":
    main()
