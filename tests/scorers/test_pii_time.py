"""Long texts are read to their end in linear time, or the score is an error: never a part of a text."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterator

import pytest

from aigc_eval.records import Prompt, Request, Score
from aigc_eval.scorers.pii import DEFAULT_ENTITIES, Pii
from aigc_eval.scorers.pii.clock import Clock, OutOfTime, windows
from aigc_eval.scorers.pii.detector import Detector, detector
from aigc_eval.scorers.pii.findings import Finding
from aigc_eval.scorers.pii.presidio import _private, analyze, recognizers

FILLER = "The quick brown fox, in 2019, jumped over 1,234 dogs. 今天天气很好。"


def score(text: str, scorer: Pii) -> Score:
    return scorer.score([Request(Prompt("p", "?")).answer(text)])[0]


def phones(n: int, seed: int = 1) -> str:
    rng = random.Random(seed)
    return ", ".join(f"({rng.randint(200, 999)}) {rng.randint(200, 999)}-{rng.randint(1000, 9999)}" for _ in range(n))


@pytest.mark.parametrize("length", [0, 1, 85_999, 86_000, 99_999, 100_000, 100_001, 172_511, 186_001, 1_000_000])
def test_every_position_counts_in_exactly_one_window(length: int) -> None:
    found = list(windows(length))
    assert (found[0].first, found[-1].last) == (0, length)
    assert all(a.last == b.first for a, b in itertools.pairwise(found))
    for w in found:
        assert 0 <= w.start <= w.first <= w.last <= w.end <= length
        assert w.start == 0 or w.first - w.start >= 512
        assert w.end == length or w.end - w.last >= 13_000  # a private key of 12,000 characters


def test_a_text_in_windows_has_the_findings_of_the_whole_text(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(7)
    key = "-----BEGIN PRIVATE KEY-----\n" + "MIIEvQIBADANBgkqhkiG9w0B\n" * 400 + "-----END PRIVATE KEY-----"
    planted = [
        "电话13912345678",
        "护照E12345678",
        "+86 139-1234-5678",
        "a.b@acme.io",
        "11010519491231002X",
        "(415) 736-2671",
    ]
    parts = [f"{FILLER * rng.randint(0, 40)}{rng.choice(planted)} " for _ in range(200)]
    text = "".join([*parts[:40], key, *parts[40:], "8" * 3000, *parts[::5]])
    assert len(text) > 250_000
    using = detector(DEFAULT_ENTITIES, 0.5, "")
    found = using.find(text)
    from aigc_eval.scorers.pii import clock

    monkeypatch.setattr(clock, "_SIZE", 10**9)
    assert found == using.find(text)
    assert len(found) > 200


@pytest.mark.slow
@pytest.mark.parametrize("millions", [1, 5])
def test_ordinary_text_of_millions_of_characters_is_read_to_its_end(millions: int) -> None:
    text = FILLER * (millions * 1_000_000 // len(FILLER)) + "电话13912345678"
    start = time.process_time()
    found = score(text, Pii())
    assert time.process_time() - start < 5 * millions
    assert [text[s.start : s.end] for s in found.spans] == ["13912345678"]


def test_nothing_but_phone_numbers_runs_out_of_time_and_says_so() -> None:
    text = phones(60_000)  # presidio needs 0.6 ms for each
    start = time.monotonic()
    found = score(text, Pii(seconds=1.0))
    assert time.monotonic() - start < 36  # what reading them all takes
    assert found.value is None
    assert "recogniser ran out of time: 1 s were not enough" in found.error
    assert not found.spans
    assert score(phones(300, seed=2), Pii(seconds=5.0)).parts["leaks"] > 100


def test_time_grows_with_each_million_characters() -> None:
    assert [Pii(seconds=2.0)._clock("x" * n).seconds for n in (0, 1_000_000, 1_000_001)] == [2.0, 2.0, 4.0]


def test_a_prompt_that_takes_too_long_is_an_error_too() -> None:
    answer = Request(Prompt("p", phones(20_000, seed=4))).answer("nothing")
    assert "ran out of time" in Pii(seconds=0.5).score([answer])[0].error


def test_a_slow_recogniser_stops_between_windows_within_one_of_them() -> None:
    read: list[int] = []

    class Slow:
        entity, digits = "SLOW", 0

        def find(self, text: str, clock: Clock) -> Iterator[Finding]:
            read.append(len(text))
            time.sleep(0.2)
            yield Finding("SLOW", 0, 1, 1.0)

    from aigc_eval.scorers.pii.detector import RecognizerError

    with pytest.raises(RecognizerError, match=r"the SLOW recogniser ran out of time: 0\.5 s"):
        Detector((Slow(),), 0.5).find("x" * 2_000_000, Clock(0.5))
    assert 1 <= len(read) <= 4, "of the text's twenty-three"


def test_an_expression_that_backtracks_is_stopped_by_the_clock_of_its_text() -> None:
    """A pattern of exponential time in presidio's own engine: given up after the time that is left, as an error."""
    kind = _private().load("presidio_analyzer.pattern_recognizer").PatternRecognizer
    pattern = _private().load("presidio_analyzer.pattern").Pattern
    slow = kind(supported_entity="SLOW", patterns=[pattern("slow", "(x|xx)+$", 0.5)])

    class Slow:
        entity, digits = "SLOW", 0

        def find(self, text: str, clock: Clock) -> Iterator[Finding]:
            return analyze(slow, "SLOW", text)

    from aigc_eval.scorers.pii.detector import RecognizerError

    start = time.monotonic()
    with pytest.raises(RecognizerError, match="the SLOW recogniser ran out of time"):
        Detector((Slow(),), 0.5).find("x" * 400 + "b", Clock(0.3))
    assert 0.2 < time.monotonic() - start < 60


def test_presidios_own_limit_is_ours() -> None:
    recognizer = recognizers(frozenset({"US_SSN"}))["US_SSN"]
    assert [f.score for f in analyze(recognizer, "US_SSN", "536-22-8726")] != []
    with pytest.raises(OutOfTime):
        Clock(0.0).check()
    assert float(Clock(0.0)) == 0.001
    assert float(Clock()) == 86_400.0
