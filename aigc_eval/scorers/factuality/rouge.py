"""ROUGE-1, -2 and -L for English and Chinese: `rouge_score`'s words, and characters where it sees none."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aigc_eval.scorers.factuality.overlap import token_f1
from aigc_eval.sequences import lcs
from aigc_eval.text import HANZI, CharacterMap, has_hanzi, ngrams, normalize, simplify

__all__ = ["rouge_l", "rouge_n", "rouge_words"]

_ROUGE = re.compile(rf"[a-z0-9]+|[{HANZI}\u3040-\u30ff]|[^\W\d_a-zA-Z\u00aa-\u024f{HANZI}\u3040-\u30ff]+")
_SIMPLE = CharacterMap(simplify)


def rouge_words(text: str) -> list[str]:
    """Words of `rouge_score` (runs of a-z and 0-9), and beyond it: Han and kana one by one, runs of other alphabets.

    Accented Latin letters part words, as they do there. Text with Han characters is folded first.

    >>> rouge_words("Röntgen's 3 papers"), rouge_words("繁體 GPT-４")
    (['r', 'ntgen', 's', '3', 'papers'], ['繁', '体', 'gpt', '4'])
    """
    return _ROUGE.findall(normalize(text).lower().translate(_SIMPLE) if has_hanzi(text) else text.lower())


def rouge_n(answer: Sequence[str], reference: Sequence[str], n: int) -> float:
    """ROUGE-n F1, 0..1: token F1 of the n-grams, each counted as often as both have it; 0 where there are none.

    >>> rouge_n("the cat sat".split(), "the cat ran".split(), 2)
    0.5
    """
    return token_f1(ngrams(answer, n), ngrams(reference, n))


def rouge_l(answer: Sequence[str], reference: Sequence[str]) -> float:
    """ROUGE-L F1, 0..1: 2PR / (P + R) with P = LCS / n and R = LCS / m (Lin 2004)."""
    common = lcs(answer, reference)
    return 2.0 * common / (len(answer) + len(reference)) if common else 0.0
