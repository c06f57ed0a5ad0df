"""Sums from which every readability measure follows, for one text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from aigc_eval.scorers.readability.prose import Sentence
from aigc_eval.scorers.readability.syllables import syllables
from aigc_eval.text import HANZI

__all__ = ["characters", "chinese", "english"]

_PART = rf"[^\W{HANZI}_]+"
_WORD = re.compile(rf"{_PART}(?:(?:['’\-\u2010\u2011]|(?<=[0-9])[.,:](?=[0-9])){_PART})*")
_HYPHEN = re.compile(r"[\-\u2010\u2011]")
_HAN = re.compile(f"[{HANZI}]")
_MARK = re.compile(r"[，、；：;…—（）()！？。]+|(?<![0-9])[,:]|[,:](?![0-9])")
_POLY = 3  # syllables of a polysyllabic word (McLaughlin 1969)


def characters(sentences: Sequence[Sentence]) -> dict[str, float]:
    """Letters and digits of all sentences, whatever their script."""
    return {
        "characters": float(sum(c.isalnum() for s in sentences for c in s.text)),
        "all_sentences": float(len(sentences)),
    }


def english(sentences: Sequence[str]) -> dict[str, float]:
    """Sentences, words (hyphenated words and contractions are one), syllables, polysyllabic words, letters and digits.

    >>> english(["The well-known cat didn't sit."])
    {'sentences': 1.0, 'words': 5.0, 'syllables': 7.0, 'polysyllables': 0.0, 'letters': 23.0}
    """
    words = [word for sentence in sentences for word in _WORD.findall(_HAN.sub(" ", sentence))]
    spoken = [sum(map(syllables, _HYPHEN.split(word))) for word in words]
    return {
        "sentences": float(len(sentences)),
        "words": float(len(words)),
        "syllables": float(sum(spoken)),
        "polysyllables": float(sum(n >= _POLY for n in spoken)),
        "letters": float(sum(c.isalnum() for word in words for c in word)),
    }


def chinese(sentences: Sequence[str]) -> Mapping[str, float]:
    """Sentences, clauses (runs between marks), characters (a Latin word or a number is one), Hanzi, longest clause.

    >>> chinese(["他用 Python 写了3.5万行代码，很快。"])["zh_characters"]
    12.0
    """
    clauses = [length for sentence in sentences for piece in _MARK.split(sentence) if (length := _length(piece))]
    return {
        "zh_sentences": float(len(sentences)),
        "zh_clauses": float(len(clauses)),
        "zh_characters": float(sum(clauses)),
        "hanzi": float(sum(len(_HAN.findall(sentence)) for sentence in sentences)),
        "longest_clause": float(max(clauses, default=0)),
    }


def _length(piece: str) -> int:
    return len(_HAN.findall(piece)) + len(_WORD.findall(_HAN.sub(" ", piece)))
