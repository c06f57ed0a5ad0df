"""ROUGE-1, -2 and -L for English and Chinese: `rouge_score`'s words, and characters where it sees none."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aigc_eval.scorers.factuality.overlap import token_f1
from aigc_eval.text import HANZI, CharacterMap, has_hanzi, ngrams, normalize, simplify

__all__ = ["lcs", "rouge_l", "rouge_n", "rouge_words"]

_ROUGE = re.compile(rf"[a-z0-9]+|[{HANZI}\u3040-\u30ff]|[^\W\d_a-zA-Z\u00aa-\u024f{HANZI}\u3040-\u30ff]+")
_SIMPLE = CharacterMap(simplify)


def lcs(a: Sequence[str], b: Sequence[str]) -> int:
    """Length of the longest common subsequence, bit-parallel: min(n, m) steps on integers of max(n, m) bits.

    Memory O(n + m). Hyyrö 2004, "Bit-parallel LCS-length computation revisited".

    >>> lcs("abcbdab", "bdcaba")
    4
    """
    if len(a) < len(b):
        a, b = b, a
    places: dict[str, int] = {}
    wanted = set(b)
    for at, item in enumerate(a):
        if item in wanted:
            places[item] = places.get(item, 0) | 1 << at
    everything = (1 << len(a)) - 1
    zeros = everything
    for item in b:
        hit = zeros & places.get(item, 0)
        zeros = ((zeros + hit) | (zeros - hit)) & everything
    return len(a) - zeros.bit_count()


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
