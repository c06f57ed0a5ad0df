"""What a sentence and its evidence have in common, in numbers: what the calibrated model reads."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

from aigc_eval.scorers.groundedness.check import CheckedSentence, dated
from aigc_eval.scorers.groundedness.claims import name_words, units
from aigc_eval.scorers.groundedness.dates import Date, dates
from aigc_eval.scorers.groundedness.evidence import Evidence, squeeze, words
from aigc_eval.scorers.groundedness.polarity import negations, opposites
from aigc_eval.scorers.groundedness.quantities import Quantity, quantities
from aigc_eval.text import has_hanzi, ngrams

__all__ = ["MEASURES", "measure", "subsequence"]

MEASURES: tuple[tuple[str, int], ...] = (
    ("found", 1),
    ("missing", -1),
    ("missing_run", -1),
    ("nearest", 1),
    ("nearest_pair", 1),
    ("nearest_jaccard", 1),
    ("nearest_recall", 0),
    ("bigrams", 1),
    ("trigrams", 1),
    ("rouge_l_precision", 1),
    ("rouge_l_recall", 0),
    ("order", 1),
    ("figures", 0),
    ("figures_missing", -1),
    ("figures_away", -1),
    ("names", 0),
    ("names_missing", -1),
    ("names_away", -1),
    ("reversed", -1),
    ("parity", -1),
    ("negations", 0),
    ("new", 0),
    ("new_found", 1),
    ("echo", 0),
    ("passage_recall", 1),
    ("units", 0),
    ("evidence_units", 0),
    ("evidence_sentences", 0),
    ("hanzi", 0),
)
"""Name of each measure, and whether more of it may only speak for support (1), only against it (-1), or either (0).

All are shares, flags, or logarithms of counts (log(1 + n)):
`found` share of content units in the evidence, `missing` how many are not, `missing_run` most of them in a row;
`nearest` share in the nearest evidence sentence, `nearest_pair` in it and a neighbour, `nearest_jaccard`,
`nearest_recall` share of that sentence's units; `bigrams`, `trigrams` share of runs of words (characters in Chinese)
found; `rouge_l_*` longest common subsequence with the nearest sentence; `order` share of the shared units that stand in
the same order; `figures` numbers and dates, `figures_missing` those nowhere, `figures_away` those only outside the
nearest sentence and its neighbours, and so for `names`; `reversed` the polarity check's finding, `parity` whether the
polarities of it and of the nearest sentence differ, `negations` whether it has any; `new` units that the question
lacks, `new_found` share of them found, `echo` share of units that the question has; `passage_recall` the most of a
passage's units that the sentence has; `units`, `evidence_*` sizes; `hanzi` whether Chinese. The place in the answer is
no measure: it says which data a sentence is from.
"""
_TOKENS = 1000
"""Most tokens of a sentence that are compared in order."""


def measure(checked: CheckedSentence, sentence: str, evidence: Evidence) -> list[float]:
    """One number for each of MEASURES; `sentence` is the flat text of `checked`."""
    row = units(sentence)
    mine = frozenset(row)
    size = max(len(mine), 1)
    best, around = evidence.nearest(mine)
    near, theirs = evidence.sentences[best] if evidence.sentences else ("", frozenset())
    both = len(mine & theirs)
    beside = max((len(mine & (theirs | evidence.sentences[i][1])) for i in around), default=both)
    absent = mine - evidence.units
    close = [near, *(evidence.sentences[i][0] for i in around)]
    spoken, heard = words(sentence)[:_TOKENS], words(near)[:_TOKENS]
    common = subsequence(spoken, heard)
    new = mine - evidence.asked
    return [
        1 - len(absent) / size,
        math.log1p(len(absent)),
        math.log1p(_run(row, absent)),
        both / size,
        beside / size,
        both / max(len(mine | theirs), 1),
        both / max(len(theirs), 1),
        _share(ngrams(spoken, 2), evidence.bigrams),
        _share(ngrams(spoken, 3), evidence.trigrams),
        common / max(len(spoken), 1),
        common / max(len(heard), 1),
        _ordered(row, near, mine & theirs),
        *_figures(checked, close),
        *_names(checked, sentence, close),
        float(any(f.kind == "negation" for f in checked.findings)),
        float((negations(sentence) + negations(near) + opposites(sentence, near)) % 2),
        float(negations(sentence) > 0),
        math.log1p(len(new)),
        len(new & evidence.units) / len(new) if new else 1.0,
        1 - len(new) / size,
        max((len(mine & passage) / len(passage) for passage in evidence.answers if passage), default=1.0),
        math.log1p(len(mine)),
        math.log1p(len(evidence.units)),
        math.log1p(len(evidence.sentences)),
        float(has_hanzi(sentence)),
    ]


def _share(items: Sequence[tuple[str, ...]], known: frozenset[tuple[str, ...]]) -> float:
    return sum(item in known for item in items) / len(items) if items else 1.0


def _run(row: Iterable[str], absent: frozenset[str]) -> int:
    longest = run = 0
    for unit in row:
        run = run + 1 if unit in absent else 0
        longest = max(longest, run)
    return longest


def _ordered(row: Sequence[str], near: str, shared: frozenset[str]) -> float:
    """Share of the shared units that stand in the same order in both sentences."""
    mine = [unit for unit in row if unit in shared][:_TOKENS]
    theirs = [unit for unit in units(near) if unit in shared][:_TOKENS]
    return subsequence(mine, theirs) / len(mine) if mine else 1.0


def subsequence(one: Sequence[str], other: Sequence[str]) -> int:
    """Length of the longest common subsequence, bit-parallel (Hyyrö 2004).

    >>> subsequence("the cat sat".split(), "the black cat then sat".split())
    3
    """
    places: dict[str, int] = {}
    for i, item in enumerate(one):
        places[item] = places.get(item, 0) | 1 << i
    whole = (1 << len(one)) - 1
    rows = whole
    for item in other:
        if matched := rows & places.get(item, 0):
            rows = (rows + matched | rows - matched) & whole
    return len(one) - rows.bit_count()


@lru_cache(maxsize=4096)
def _numbers(sentence: str) -> tuple[tuple[Date, ...], tuple[Quantity, ...]]:
    found = dates(sentence)
    return tuple(found), (*quantities(sentence, claims=False, skip=found), *quantities(sentence, claims=False))


def _figures(checked: CheckedSentence, close: Sequence[str]) -> tuple[float, float, float]:
    """Numbers and dates: how many, how many nowhere, how many only away from the nearest sentences."""
    total = len(checked.dates) + len(checked.quantities)
    missing = sum(f.kind in ("number", "date") for f in checked.findings)
    if not total:
        return 0.0, 0.0, 0.0
    pieces = [_numbers(sentence) for sentence in close]
    days = [day for found, _ in pieces for day in found]
    numbers = [number for _, found in pieces for number in found]
    here = sum(dated(day, days, numbers) for day in checked.dates)
    here += sum(any(map(number.supported_by, numbers)) for number in checked.quantities)
    return math.log1p(total), float(missing), float(max(total - missing - here, 0))


def _names(checked: CheckedSentence, sentence: str, close: Sequence[str]) -> tuple[float, float, float]:
    """Names: how many, how many nowhere, how many only away from the nearest sentences."""
    if not checked.names:
        return 0.0, 0.0, 0.0
    missing = {f.place for f in checked.findings if f.kind == "name"}
    text = squeeze("".join(close))
    away = 0
    for place in checked.names:
        start, end = place[0] - checked.place[0], place[1] - checked.place[0]
        name = sentence[start:end]
        away += place not in missing and not any(squeeze(w) in text for w in [name, *name_words(name)])
    return math.log1p(len(checked.names)), float(len(missing)), float(away)
