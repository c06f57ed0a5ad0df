from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc_eval.records import (
    Estimate,
    Generation,
    Message,
    Prompt,
    Reason,
    Request,
    Score,
    Span,
    Status,
    Verdict,
    Waiver,
    canonical,
    digest,
)

texts = st.text(st.characters(), max_size=30)
numbers = st.floats(allow_nan=False, allow_infinity=False)
prompts = st.builds(
    Prompt,
    id=texts,
    text=texts,
    references=st.lists(texts, max_size=3).map(tuple),
    evidence=st.lists(texts, max_size=2).map(tuple),
    messages=st.lists(st.builds(Message, texts, texts), max_size=2).map(tuple),
    tags=st.dictionaries(texts, texts, max_size=3),
    fields=st.dictionaries(texts, texts, max_size=3),
)
spans = st.tuples(st.integers(0, 99), st.integers(1, 9), texts).map(lambda t: Span(t[0], t[0] + t[1], t[2]))
scores = st.one_of(
    st.builds(Score, numbers, st.dictionaries(texts, numbers, max_size=3), st.lists(spans, max_size=3).map(tuple)),
    st.builds(Score, error=texts.filter(bool)),
)


def through_json(record: object) -> object:
    return type(record).from_json(json.loads(json.dumps(record.to_json(), allow_nan=False)))  # type: ignore[attr-defined]


@given(prompts)
def test_prompts_survive_json(prompt: Prompt) -> None:
    assert through_json(prompt) == prompt


@given(scores)
def test_scores_survive_json(score: Score) -> None:
    assert through_json(score) == score


def test_verdicts_survive_json() -> None:
    verdict = Verdict(
        "a.b <= 1", "c", "fail", (Reason("beyond", {"bound": 2.0}),), (None, 1.0), Estimate("c", "a", "b", value=2.0)
    )
    assert through_json(verdict) == verdict


@pytest.mark.parametrize("covers", [("fail",), ("undetermined",), ("fail", "undetermined")])
def test_a_waived_verdict_survives_json(covers: tuple[Status, ...]) -> None:
    waiver = Waiver("toxicity.toxic_fraction", "Li Na", "fixed in 4.2", "2027-02-28", covers=covers)
    verdict = Verdict("toxicity.toxic_fraction <= 1 %", "v2", "fail", (Reason("beyond"),), waiver=waiver)
    assert Verdict.from_json(json.loads(json.dumps(verdict.to_json()))) == verdict


def test_lone_surrogates_have_a_digest() -> None:
    assert digest("\ud800") != digest("\udfff")


def test_facts_about_the_call_are_not_identity() -> None:
    request = Request(Prompt("a", "x"))
    slow, fast = request.answer("y", seconds=9.0, usage={"output_tokens": 3}), request.answer("y", seconds=0.1)
    assert slow == fast
    assert canonical(slow) == canonical(fast)
    assert slow.to_json()["seconds"] == 9.0


@pytest.mark.parametrize("field", ["text", "id"])
def test_every_part_of_a_request_changes_its_digest(field: str) -> None:
    base = Request(Prompt("a", "x"), 0, 1)
    others = [
        Request(Prompt("a", "x"), 1, 1),
        Request(Prompt("a", "x"), 0, 2),
        Request(Prompt("a", "x", tags={"lang": "zh"}), 0, 1),
        Request(Prompt("a", "x", messages=(Message("system", "s"),)), 0, 1),
        Request(Prompt(**{"id": "a", "text": "x", field: "other"}), 0, 1),
    ]
    assert len({digest(r) for r in [base, *others]}) == 6


def test_an_answer_without_text_is_empty() -> None:
    assert Request(Prompt("a", "x")).answer(" \n").outcome == "empty"
    assert Request(Prompt("a", "x")).answer("", "error").outcome == "error"


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_scores_are_finite(bad: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        Score(bad)
    with pytest.raises(ValueError, match="finite"):
        Score(1.0, {"part": bad})


def test_a_score_without_value_says_why() -> None:
    with pytest.raises(ValueError, match="say why"):
        Score()
    with pytest.raises(ValueError, match="not both"):
        Score(1.0, error="x")


@pytest.mark.parametrize(("start", "end"), [(0, 0), (3, 2), (-1, 2)])
def test_spans_hold_characters(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="no characters"):
        Span(start, end, "x")


def test_generations_know_their_prompt() -> None:
    prompt = Prompt("a", "x")
    assert Generation(Request(prompt), "y").prompt is prompt


def test_a_vector_survives_json_in_single_precision() -> None:
    score = Score(0.5, vector=(0.1, -2.5, 1e-8))
    again = Score.from_json(json.loads(json.dumps(score.to_json())))
    assert again.vector == pytest.approx(score.vector, rel=1e-7)
    assert Score.from_json(again.to_json()) == again
    with pytest.raises(ValueError, match="finite"):
        Score(0.5, vector=(float("inf"),))
