"""Replay: recorded outputs find their prompts, or the run does not start."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aigc_eval.errors import DataError, UsageError
from aigc_eval.generators.replay import Replay
from aigc_eval.prompts import load
from aigc_eval.records import Prompt, Request

DATA = Path(__file__).parents[2] / "../shared/data/outputs"
A, B = Prompt("1", "one?"), Prompt("b", "two?")


def write(folder: Path, *items: object, name: str = "out.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(item) + "\n" for item in items), "utf-8")
    return path


def answers(replay: Replay, *prompts: Prompt, samples: int = 1) -> list[tuple[str, str]]:
    replay.load()
    replay.check(prompts, samples)
    found = replay.generate([Request(p, s) for p in prompts for s in range(samples)])
    return [(g.text, g.outcome) for g in found]


def refused(replay: Replay, *prompts: Prompt, samples: int = 1) -> str:
    with pytest.raises(DataError) as caught:
        answers(replay, *prompts, samples=samples)
    return str(caught.value).replace(f"{replay.path.parent}/", "")


def test_matched_by_id_whatever_its_type(tmp_path):
    path = write(tmp_path, {"id": "b", "text": "two"}, {"id": 1, "text": "one"})
    assert answers(Replay(path), A, B) == [("one", "ok"), ("two", "ok")]
    assert Replay(path).generate([]) == []


def test_matched_by_prompt_text(tmp_path):
    path = write(tmp_path, {"q": "two?", "r": {"a": ["two"]}}, {"q": "one?", "r": {"a": ["one"]}})
    replay = Replay(path, {"prompt": "q", "text": "r.a.0"})
    assert answers(replay, A, B) == [("one", "ok"), ("two", "ok")]
    assert "prompts with the same text: 'b', 'c'" in refused(replay, A, B, Prompt("c", "two?"))


def test_several_samples(tmp_path):
    ordered = write(tmp_path, *({"id": i, "text": f"{i}{n}"} for n in range(3) for i in (1, "b")))
    expected = [(f"{i}{n}", "ok") for i in "1b" for n in range(3)]
    assert answers(Replay(ordered), A, B, samples=3) == expected
    lists = write(tmp_path, *({"id": i, "text": [f"{i}{n}" for n in range(3)]} for i in (1, "b")))
    assert answers(Replay(lists), A, B, samples=3) == expected
    for first in (0, 1):
        mixed = [{"id": i, "text": f"{i}{n}", "sample": n + first} for n in (2, 0, 1) for i in ("b", 1)]
        assert answers(Replay(write(tmp_path, *mixed)), A, B, samples=3) == expected


def test_outcomes_reasons_and_seconds(tmp_path):
    path = write(
        tmp_path,
        {"id": 0, "text": "cut", "finish_reason": "length", "seconds": 1.5},
        {"id": 1, "text": "", "finish_reason": "stop"},
        {"id": 2, "text": None},
        {"id": 3, "text": "no", "outcome": "refused", "finish_reason": "length"},
        {"id": 4, "text": None, "outcome": "filtered"},
        {"id": 5, "text": "x", "outcome": None, "finish_reason": "content_filter", "seconds": "0.25"},
    )
    replay = Replay(path)
    found = replay.generate([Request(Prompt(str(i), "p")) for i in range(6)])
    assert [g.outcome for g in found] == ["truncated", "empty", "error", "refused", "filtered", "filtered"]
    assert [g.seconds for g in found] == [1.5, None, None, None, None, 0.25]
    assert found[2].text == ""
    assert found[2].detail.endswith("out.jsonl:3)")


def test_missing_and_extra_outputs_stop_the_run(tmp_path):
    path = write(tmp_path, {"id": 1, "text": "one"}, {"id": "z", "text": "?"}, {"id": "y", "text": "?"})
    message = refused(Replay(path), A, B)
    assert "out.jsonl: 1 of 2 prompts have no output: 'b'; correct `fields`, or set `partial: true`" in message
    assert "out.jsonl:2: 2 outputs have no prompt with their id: 'z', 'y'; set `ignore_extra: true`" in message
    assert answers(Replay(path, partial=True, ignore_extra=True), A, B) == [("one", "ok"), ("", "error")]


def test_too_few_and_too_many_samples(tmp_path):
    path = write(tmp_path, {"id": 1, "text": "a"}, {"id": 1, "text": "b"}, {"id": "b", "text": "c"})
    assert "1 of 2 prompts have fewer than 2 outputs: 'b'" in refused(Replay(path), A, B, samples=2)
    assert "1 prompts have more than 1 outputs: '1'" in refused(Replay(path), A, B)
    assert answers(Replay(path, ignore_extra=True), A, B) == [("a", "ok"), ("c", "ok")]
    assert answers(Replay(path, partial=True), B, A, samples=2)[:2] == [("c", "ok"), ("", "error")]


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"text": "x"}, "out.jsonl:2: id: None is not an id"),
        ({"id": "", "text": "x"}, "id: '' is not an id"),
        ({"id": 2.0, "text": "x"}, "id: 2.0 is not an id"),
        ({"id": 2}, "out.jsonl:2: text: has no output; write null"),
        ({"id": 2, "text": 5}, "text: 5 is not a text"),
        ({"id": 2, "text": ["a", 5]}, "text: 5 is not a text"),
        ({"id": 2, "text": "x", "outcome": "fine"}, "outcome: 'fine' is not one of ok"),
        ({"id": 2, "text": "x", "sample": -1}, "sample: -1 is not a whole number"),
        ({"id": 2, "text": "x", "sample": True}, "sample: True is not a whole number"),
        ({"id": 2, "text": ["x", "y"], "sample": 0}, "a sample number and several outputs"),
        ({"id": 1, "text": "x", "sample": 0}, "sample 0 of '1' is also at out.jsonl:1"),
        ({"id": 2, "text": "x", "seconds": -1}, "seconds: -1 is not a number of seconds"),
        ({"id": 2, "text": "x", "seconds": "soon"}, "seconds: 'soon' is not"),
    ],
)
def test_bad_records(tmp_path, item, expected):
    path = write(tmp_path, {"id": 1, "text": "one", "sample": 0, "outcome": "ok", "seconds": 1}, item)
    assert expected in refused(Replay(path), A)


def test_slips_in_the_field_map(tmp_path):
    path = write(tmp_path, {"id": 1, "response": "x"})
    assert "no record has 'text'; the first record has 'id', 'response'" in refused(Replay(path), A)
    with pytest.raises(UsageError, match=r"fields\.answer: no such field; it must be one of id, prompt, text"):
        Replay(path, {"answer": "response"}).load()
    with pytest.raises(UsageError, match=r"fields\.text: is 3"):
        Replay(path, {"text": 3}).load()


def test_identity_follows_the_files_bytes(tmp_path):
    one = Replay(write(tmp_path, {"id": 1, "text": "x"}))
    two = Replay(write(tmp_path, {"id": 1, "text": "y"}, name="other.jsonl"))
    assert one.facts() != two.facts()
    assert one.identity() == Replay(one.path).identity() != Replay(one.path, partial=True).identity()


def test_ten_thousand_outputs(tmp_path):
    prompts = [Prompt(str(i), "p") for i in range(10_000)]
    replay = Replay(write(tmp_path, *({"id": i, "text": f"word {i}"} for i in range(10_000))))
    assert [text for text, _ in answers(replay, *prompts)] == [f"word {i}" for i in range(10_000)]


@pytest.mark.parametrize(
    ("prompts", "fields", "outputs", "recorded", "outcomes"),
    [
        ("xstest/gpt4.csv", {}, "xstest/llama2new.csv", {"text": "completion"}, {"ok": 450}),
        ("evouna/NQ.json", {"id": "#", "prompt": "question"}, "evouna/NQ.json", {"id": "#", "text": "answer_newbing"},
         {"ok": 3104, "error": 499, "empty": 7}),
        ("halluqa/prompts.json", {"id": "question_id", "prompt": "Question"}, "halluqa/ernie_bot.json",
         {"id": "question_id", "text": "response"}, {"ok": 446, "empty": 4}),
        ("llmzoo/questions/multi-lingual-question.jsonl", {"id": "question_id", "prompt": "text"},
         "llmzoo/answers/answer_Phoenix-chat-7b.jsonl", {"id": "question_id", "text": "text"}, {"ok": 140}),
        ("arena-hard/question.jsonl", {"id": "uid"}, "arena-hard/gpt-4-0613.jsonl",
         {"id": "uid", "text": "messages.1.content.answer"}, {"ok": 500}),
        ("self-instruct/davinci_predictions.jsonl", {"id": "#"}, "self-instruct/text-davinci-003_predictions.jsonl",
         {"prompt": "prompt", "text": "response"}, {"ok": 252}),
        ("fast-detect/xsum_gpt2-xl.json", {"id": "#", "prompt": {"value": "Go on."}}, "fast-detect/xsum_gpt2-xl.json",
         {"id": "#", "text": "sampled"}, {"ok": 500}),
    ],
)  # fmt: skip
def test_real_files(prompts, fields, outputs, recorded, outcomes):
    if not DATA.exists():
        pytest.skip("shared/data/outputs is not here")
    asked = load(DATA / prompts, fields).prompts
    found = [outcome for _, outcome in answers(Replay(DATA / outputs, recorded), *asked)]
    assert {o: found.count(o) for o in set(found)} == outcomes
