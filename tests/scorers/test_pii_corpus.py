"""Recall and precision of each Chinese type on generated texts in many styles, with numbers that are nobody's.

The numbers follow the standards (`pii_numbers`), the texts were written for the test (`pii_corpus`): neither knows the
rules under test. A finding is right where its type and its characters are exactly what was planted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from random import Random

import pii_numbers as make
import pytest
from pii_corpus import ENTITIES, FIELDS, Text, corpus

from aigc_eval.scorers.pii.checksums import (
    credit_code,
    hong_kong_identity,
    luhn,
    organization_code,
    resident_id,
    taiwan_identity,
)
from aigc_eval.scorers.pii.detector import DEFAULT_ENTITIES, detector


def measure(texts: Iterable[Text]) -> tuple[dict[str, tuple[float, float, int]], dict[str, list[tuple[str, str]]]]:
    """Recall, precision and number of each planted type, and what went wrong; the other types are "others"."""
    finder = detector(DEFAULT_ENTITIES, 0.5, "")
    there, right, found = Counter[str](), Counter[str](), Counter[str]()
    wrong: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for text in texts:
        got = Counter((f.entity, text.text[f.start : f.end]) for f in finder.find(text.text))
        want = Counter(text.planted)
        there.update(entity for entity, _ in want.elements())
        found.update(entity if entity in ENTITIES else "others" for entity, _ in got.elements())
        right.update(entity for entity, _ in (got & want).elements())
        for entity, value in ((got - want) + (want - got)).elements():
            wrong[entity if entity in ENTITIES else "others"].append((text.text, value))
    figures = {e: (right[e] / there[e], right[e] / max(found[e], 1), there[e]) for e in ENTITIES}
    return figures | {"others": (1.0, 1.0, found["others"])}, wrong


def check(n: int, seed: int, least: int) -> None:
    figures, wrong = measure(corpus(n, seed))
    for entity in ENTITIES:
        recall, precision, there = figures[entity]
        assert there >= least
        assert recall >= 0.99, (entity, recall, wrong[entity][:4])
        assert precision >= 0.98, (entity, precision, wrong[entity][:4])
    assert figures["others"][2] <= n / 500, wrong["others"][:4]


def test_every_type_is_found_in_two_thousand_texts() -> None:
    figures, wrong = measure(corpus(2000, seed=11))
    errors = {e: wrong[e][:2] for e, (r, p, _) in figures.items() if min(r, p) < 0.97}
    assert not errors
    together = [sum(f[i] * f[2] for f in figures.values()) / sum(f[2] for f in figures.values()) for i in (0, 1)]
    assert together[0] >= 0.995
    assert together[1] >= 0.99


@pytest.mark.slow
def test_every_type_is_found_in_twenty_thousand_texts() -> None:
    check(20_000, seed=2026, least=900)


def test_the_corpus_is_seeded_and_knows_what_it_planted() -> None:
    first, again = list(corpus(600, 5)), list(corpus(600, 5))
    assert first == again
    assert first != list(corpus(600, 6))
    assert all(value in text.text.replace("\\\\", "\\") for text in first for _, value in text.planted)
    assert {e for text in first for e, _ in text.planted} == set(ENTITIES)
    assert sum(not text.planted for text in first) == 200


def test_numbers_of_the_standards_pass_the_checks_and_wrong_ones_do_not() -> None:
    r = Random(1)
    for _ in range(300):
        assert resident_id(make.identity(r))
        assert not resident_id(make.wrong_identity(r))
        assert luhn(make.bank_card(r))
        assert luhn(make.credit_card(r))
        assert not luhn(make.wrong_card(r))
        assert credit_code(make.credit_code(r))
        assert not credit_code(make.wrong_credit_code(r))
        assert organization_code(make.organization(r))
        assert hong_kong_identity("".join(make.hong_kong(r)))
        assert taiwan_identity(make.taiwan(r))
    assert make.identity_check("11010519491231002") == "X"  # GB 11643-1999, appendix
    assert make.organization_check("D2143569") == "X"  # GB 11714-1997, example


@pytest.mark.parametrize("field", FIELDS, ids=lambda f: f"{f.entity}-{f.labels[0]}")
def test_each_label_names_its_number(field: object) -> None:
    """Every label, in both languages, beside a plain number of its kind."""
    assert isinstance(field, type(FIELDS[0]))
    r, finder, missed = Random(3), detector(DEFAULT_ENTITIES, 0.5, ""), []
    for label in (*field.labels, *field.english, *field.traditional, *field.keys):
        value = field.write(r)
        text = f"{label}: {value}"
        if (field.entity, value) not in [(f.entity, text[f.start : f.end]) for f in finder.find(text)]:
            missed.append(text)
    assert not missed
