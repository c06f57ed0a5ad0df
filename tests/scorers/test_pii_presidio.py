"""Presidio's recognisers, loaded file by file, find what presidio finds; and what that saves."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aigc_eval.scorers.pii.findings import Finding
from aigc_eval.scorers.pii.phone import _judged
from aigc_eval.scorers.pii.presidio import analyze, recognizers
from aigc_eval.scorers.pii.western import WESTERN_ENTITIES, Western, western

ARENA = Path(__file__).parents[2] / "../shared/data/outputs/arena-hard"

PLANTED = (
    "Call (212) 736-5000 or +44 20 7946 0018 x12",
    "SSN 536-22-8726, ITIN 912-70-1234",
    "IBAN GB29 NWBK 6016 1331 9268 19 and DE44500105175407324931",
    "pay 1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",
    "NHS number 943 476 5919; NINO AB123456C; passport 536228726",
    "tel. +1-541-754-3010, 415.736.2671, phone 030 901820, contact 06 12 34 56 78",
)


def arena_texts() -> list[str]:
    if not ARENA.is_dir():
        pytest.skip("no shared/data/outputs/arena-hard beside the repository")
    lines = [line for f in sorted(ARENA.glob("gpt*.jsonl")) for line in f.read_text("utf-8").split("\n") if line]
    texts = [json.loads(line)["messages"][-1]["content"]["answer"] for line in lines]
    return texts[::5]


def planted_texts() -> list[str]:
    rng = random.Random(5)
    filler = [
        "On",
        "2019-04-03",
        "we",
        "saw",
        "1,234",
        "cases",
        "(v1.2.3),",
        "55%",
        "of",
        "10",
        "000;",
        "see",
        "section",
        "3.21.",
        "",
    ]
    return [
        " ".join(rng.choices(filler, k=30)) + " " + rng.choice(PLANTED) + " " + rng.choice(PLANTED) for _ in range(150)
    ]


def both(texts: list[str], entity: str) -> Iterator[tuple[set[tuple[int, int]], set[tuple[int, int]]]]:
    ours, theirs = western(frozenset({entity}))[entity], recognizers(frozenset({entity}))[entity]
    for text in texts:
        full = {(f.start, f.end) for f in analyze(theirs, entity, text)}
        yield {(f.start, f.end) for f in ours.find(text) if f.score > 0}, full


@pytest.mark.parametrize("entity", [e for e in WESTERN_ENTITIES if e != "PHONE_NUMBER"])
def test_findings_are_those_of_the_recogniser_on_the_whole_text(entity: str) -> None:
    found = 0
    for ours, full in both(planted_texts(), entity):
        assert ours == full
        found += len(full)
    assert found > 10


def believed(text: str, full: set[tuple[int, int]]) -> set[tuple[int, int]]:

    # The same belief as ours, applied to presidio's own findings.
    judged = [_judged(text, Finding("PHONE_NUMBER", a, b, 0.4)) for a, b in full]
    return {(f.start, f.end) for f in judged if f.score >= 0.5}


def test_believed_phone_numbers_are_those_of_the_recogniser_on_the_whole_text() -> None:
    texts, found = planted_texts(), 0
    for text, (ours, full) in zip(texts, both(texts, "PHONE_NUMBER"), strict=True):
        assert ours == believed(text, full), text
        found += len(ours)
    assert found > 100


def test_findings_on_real_outputs_are_presidios() -> None:
    texts = arena_texts()
    for entity in ("US_SSN", "US_ITIN", "IBAN_CODE", "CRYPTO", "UK_NINO"):
        for text, (ours, full) in zip(texts, both(texts, entity), strict=True):
            assert ours == full or "." in text  # a finding inside a longer dotted number is dropped
    for text, (ours, full) in zip(texts[::3], both(texts[::3], "PHONE_NUMBER"), strict=True):
        assert ours == believed(text, full)


@pytest.mark.slow
def test_recognisers_loaded_alone_are_those_of_the_package() -> None:
    code = """
import json, sys, warnings
warnings.simplefilter("ignore")
from presidio_analyzer import predefined_recognizers as p
names = dict(PHONE_NUMBER="PhoneRecognizer", IBAN_CODE="IbanRecognizer", CRYPTO="CryptoRecognizer",
             US_SSN="UsSsnRecognizer", US_ITIN="UsItinRecognizer", US_PASSPORT="UsPassportRecognizer",
             UK_NHS="NhsRecognizer", UK_NINO="UkNinoRecognizer")
texts = json.load(sys.stdin)
def ask(e, n, t):
    return [(r.start, r.end, r.score) for r in getattr(p, n)().analyze(t, [e], None)]
found = {e: [ask(e, n, t) for t in texts] for e, n in names.items()}
print(json.dumps(found))
"""
    texts = planted_texts()
    done = subprocess.run(
        [sys.executable, "-c", code], input=json.dumps(texts), capture_output=True, text=True, timeout=300, check=True
    )
    theirs = json.loads(done.stdout)
    for entity, recognizer in recognizers(frozenset(WESTERN_ENTITIES)).items():
        for text, expected in zip(texts, theirs[entity], strict=True):
            assert sorted([f.start, f.end, f.score] for f in analyze(recognizer, entity, text)) == sorted(expected)


def test_every_pattern_recogniser_of_presidio_can_be_named() -> None:
    others = recognizers(frozenset({"URL", "DATE_TIME", "US_DRIVER_LICENSE", "IN_AADHAAR", "KR_RRN", "IT_FISCAL_CODE"}))
    assert len(others) == 6
    found = list(Western("DATE_TIME", others["DATE_TIME"]).find("on 2023-01-15."))
    assert [(f.start, f.end) for f in found] == [(3, 13)]


def test_a_pattern_that_presidio_gives_up_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    from aigc_eval.scorers.pii import presidio

    recognizer = recognizers(frozenset({"US_SSN"}))["US_SSN"]
    module = presidio._private().load("presidio_analyzer.pattern_recognizer")
    monkeypatch.setattr(module, "REGEX_TIMEOUT_SECONDS", 0)
    with pytest.raises(TimeoutError):
        list(analyze(recognizer, "US_SSN", "536-22-8726"))
