"""How likely the words of a text are whatever their order: what SLOR takes off a language model's likelihood."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import numpy as np

from aigc_eval.errors import UsageError
from aigc_eval.text import HANZI, tokens

__all__ = ["TABLE", "TokenUnigrams", "WordUnigrams", "packaged", "slor", "units", "words"]

TABLE = "unigrams.npz"
LONGEST_UNIT = 24
"""Characters of a word from which on it is cut into several units."""
CODE_POINTS = 0x110000
_HANZI = re.compile(f"[{HANZI}]")


def slor(log_model: float, log_unigram: float, length: int) -> float:
    """Syntactic log-odds ratio: (ln p_M(S) - ln p_u(S)) / |S|. Any number; higher is better.

    How much likelier a model finds a text than its words alone would make it, for each unit: rare words and length do
    not count against it. Pauls & Klein 2012; Lau et al. 2017; Kann et al. 2018.

    >>> log_model = math.log(0.5 * 0.25 * 0.125)
    >>> round(slor(log_model, math.log(0.1 * 0.05 * 0.01), 3), 6)
    1.914868
    """
    return (log_model - log_unigram) / length


def words(text: str) -> int:
    """Number of words, as word perplexity counts them: runs between white space, but each Hanzi a word of its own.

    Punctuation belongs to the word it stands at. Without Hanzi this is `len(text.split())`, as in
    lm-evaluation-harness; a run with Hanzi counts these and whatever holds a letter or digit between them.

    >>> words("It's fine - really."), words("今天很好。"), words("用 Python3 写，GPT模型")
    (4, 4, 6)
    """
    found = 0
    for run in text.split():
        between = _HANZI.split(run)
        held = sum(any(c.isalnum() for c in piece) for piece in between)
        found += len(between) - 1 + held if len(between) > 1 else 1
    return found


def units(text: str) -> list[str]:
    """What the packaged table counts: words, Hanzi and punctuation marks (`text.tokens`), case kept, space left out.

    A word of more than 24 characters is several units, so that one endless word cannot outweigh a text.

    >>> units("It's 很好!")
    ["It's", '很', '好', '!']
    """
    found = tokens(text)
    if any(len(unit) > LONGEST_UNIT for unit in found):
        return [unit[i : i + LONGEST_UNIT] for unit in found for i in range(0, len(unit), LONGEST_UNIT)]
    return found


class WordUnigrams(NamedTuple):
    """Probabilities of units (`units`), English and Chinese in one table; over all strings they sum to at most 1.

    A unit that occurred at least k times in the corpus has (1 - unseen) * count / sum of such counts. Any other has
    unseen * q(unit). `unseen` is the Good-Turing estimate for all units that occur fewer than k times, or never:
    sum_{r=1..k} r N_r / N (N_r units occur r times, N running units). q spells the unit: the product of its characters'
    probabilities and that of an end, in the units that occurred fewer than k times; the characters never seen there
    share the Witten-Bell mass D / (n + D) evenly (D distinct ones, n running ones).
    """

    known: Mapping[str, float]
    spelling: Mapping[str, float]
    unseen: float
    strange: float
    end: float

    @classmethod
    def of(
        cls,
        kept: Sequence[str],
        counts: Sequence[int],
        characters: Sequence[str],
        character_counts: Sequence[int],
        unseen: float,
    ) -> WordUnigrams:
        """From counts; the character "" counts the ends of units. Holds natural logarithms."""
        whole, spelled, distinct = sum(counts), sum(character_counts), len(characters)
        rest = math.log(1.0 - unseen) - math.log(whole)
        spelling = {
            c: math.log(n) - math.log(spelled + distinct) for c, n in zip(characters, character_counts, strict=True)
        }
        return cls(
            known={unit: rest + math.log(n) for unit, n in zip(kept, counts, strict=True)},
            spelling=spelling,
            unseen=math.log(unseen),
            strange=math.log(distinct) - math.log(spelled + distinct) - math.log(CODE_POINTS + 1 - distinct),
            end=spelling[""],
        )

    def log_probability(self, text: str) -> tuple[float, int]:
        """Log-probability p_u of a text, the sum over its units, and their number; (0.0, 0) where it has none."""
        found = units(text)
        return math.fsum(map(self._of, found)), len(found)

    def _of(self, unit: str) -> float:
        known = self.known.get(unit)
        if known is not None:
            return known
        return self.unseen + math.fsum(self.spelling.get(c, self.strange) for c in unit) + self.end


@cache
def packaged() -> WordUnigrams:
    """The table that comes with the package: made once by tools/train/unigram.py, never learned from what is scored."""
    with resources.files(__package__).joinpath(TABLE).open("rb") as file, np.load(file, allow_pickle=False) as held:
        return WordUnigrams.of(
            held["units"].tobytes().decode().split("\n"),
            held["counts"].tolist(),
            ["", *held["characters"].tobytes().decode()],
            held["character_counts"].tolist(),
            float(held["unseen"]),
        )


class TokenUnigrams(NamedTuple):
    """Unigram probabilities of a model's own tokens, add-one: (count + 1) / (sum of counts + vocabulary)."""

    counts: Mapping[int, int]
    total: int
    vocabulary: int

    @classmethod
    def read(cls, path: Path, vocabulary: int) -> TokenUnigrams:
        """From a JSON object of counts by token id: {"464": 1203, ...}; ids left out have count 0.

        Raises UsageError for anything else, and for ids outside 0..vocabulary-1.
        """
        try:
            held = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise UsageError(f"fluency: unigrams {path.name}: cannot be read as JSON: {error}") from error
        wanted = f'fluency: unigrams {path.name}: must be an object of counts by token id, {{"464": 1203, ...}}'
        if not isinstance(held, dict) or not held:
            raise UsageError(wanted)
        counts = {}
        for key, count in held.items():
            if not re.fullmatch(r"[0-9]{1,9}", key) or type(count) is not int or count < 0:
                raise UsageError(f"{wanted}; {key!r}: {count!r} is no such pair")
            if int(key) >= vocabulary:
                raise UsageError(
                    f"fluency: unigrams {path.name}: token id {key} is outside the model's vocabulary of "
                    f"{vocabulary}; count with the tokenizer of the same model"
                )
            counts[int(key)] = count
        return cls(counts, sum(counts.values()), vocabulary)

    def log_probability(self, ids: Sequence[int]) -> float:
        """Log-probability p_u of a text's tokens, summed.

        >>> round(TokenUnigrams({0: 9, 1: 4, 3: 83}, 96, 4).log_probability([0, 1, 2]), 6)   # .1 * .05 * .01
        -9.903488
        """
        scale = math.log(self.total + self.vocabulary)
        return math.fsum(math.log(self.counts.get(i, 0) + 1) - scale for i in ids)
