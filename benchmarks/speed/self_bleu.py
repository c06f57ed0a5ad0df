"""Times Self-BLEU-4 of n random texts against nltk's loop, tokenising included, and compares the scores of all texts.

    .venv/bin/python benchmarks/speed/self_bleu.py 200

nltk's loop takes time in n squared; ours takes time in the number of tokens.
"""

from __future__ import annotations

import random
import sys
import time

import numpy as np
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu  # type: ignore[import-untyped]

from aigc_eval.scorers.diversity import SelfBleu
from aigc_eval.scorers.diversity.corpus import corpus
from aigc_eval.text import fold, tokens

WORDS, LENGTHS, SEED = 2000, (20, 120), 1


def texts_of(n: int) -> list[str]:
    """n texts of 20 to 120 words, drawn with a Zipf-like weight from 2,000."""
    draw = random.Random(SEED)
    words = [f"w{i}" for i in range(WORDS)]
    weights = [1 / (i + 1) for i in range(WORDS)]
    return [" ".join(draw.choices(words, weights, k=draw.randint(*LENGTHS))) for _ in range(n)]


def by_nltk(texts: list[str]) -> list[float]:
    """`sentence_bleu` of each text with all other texts as references."""
    rows = [[fold(word) for word in tokens(text)] for text in texts]
    smooth = SmoothingFunction().method1
    return [
        float(sentence_bleu(rows[:i] + rows[i + 1 :], row, smoothing_function=smooth)) for i, row in enumerate(rows)
    ]


def by_us(texts: list[str]) -> list[float]:
    """The scores whose mean is the metric."""
    scores = SelfBleu("self_bleu").scores(corpus(texts), np.ones(len(texts), dtype=bool))
    return [float(score) for score in scores]


def main() -> None:
    """Print seconds of both, their ratio, and the largest difference of a text's score."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    by_us(["warm", "up"])
    texts = texts_of(n)
    start = time.perf_counter()
    ours = by_us(texts)
    middle = time.perf_counter()
    theirs = by_nltk(texts)
    end = time.perf_counter()
    us, nltk = middle - start, end - middle
    print(f"n = {n}: ours {us:.4f} s, nltk {nltk:.2f} s, ratio {nltk / us:.0f}")
    largest = max(abs(mine - other) for mine, other in zip(ours, theirs, strict=True))
    print(f"Self-BLEU-4 {sum(ours) / n:.6f}, largest difference of a text {largest:.1e}")


if __name__ == "__main__":
    main()
