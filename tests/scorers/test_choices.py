from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from aigc_eval import config, runner
from aigc_eval.records import Prompt, Request, Score
from aigc_eval.scorers.choices import Choices


def judged(likelihoods: tuple[float, ...], right: int, text: str = "") -> Score:
    choices = tuple("abcd"[: len(likelihoods)])
    prompt = Prompt("p", "", references=choices[:right], choices=choices)
    return Choices().score([Request(prompt).answer(text, likelihoods=likelihoods)])[0]


def test_truthfulqa_by_hand() -> None:
    """MC1 and MC2 as lm-evaluation-harness defines them (tasks/truthfulqa/utils.py): 1 and .648362."""
    score = judged((-1.0, -2.0, -1.5, -3.0), right=2)
    assert score.value == 1.0
    assert score.parts["mc2"] == pytest.approx(0.648362, abs=5e-7)
    assert score.parts["margin"] == pytest.approx(0.5)
    assert judged((-2.0, -1.0), right=1).value == 0.0


def test_a_tie_is_no_preference() -> None:
    assert judged((-2.0, -2.0), right=1).value == 0.0


def test_hopeless_likelihoods_stay_finite() -> None:
    score = judged((-1e6, -2e6), right=1)
    assert score.parts["mc2"] == 1.0
    assert all(map(math.isfinite, score.parts.values()))


def test_per_character_corrects_for_length() -> None:
    """A longer right sentence: less likely as a whole, likelier by character."""
    prompt = Prompt("p", "", references=("四个汉字",), choices=("四个汉字", "两个"))
    [score] = Choices().score([Request(prompt).answer("", likelihoods=(-8.0, -6.0))])
    assert (score.value, score.parts["per_character"]) == (0.0, 1.0)


def test_without_likelihoods_the_text_decides() -> None:
    prompt = Prompt("p", "?", references=("罗马",), choices=("巴黎", "罗马"))
    scores = Choices().score([Request(prompt).answer(t) for t in ("答案是B", "巴黎", "不好说")])
    assert [(s.value, s.parts["unread"]) for s in scores] == [(1.0, 0.0), (0.0, 0.0), (0.0, 1.0)]


def test_prompts_without_a_right_and_a_wrong_choice_do_not_apply() -> None:
    for prompt in (Prompt("p", "?"), Prompt("p", "?", choices=("a", "b")), Prompt("p", "?", ("a",), choices=("a",))):
        assert Choices().not_applicable(prompt)
        assert Choices().score([Request(prompt).answer("a")])[0].note


def test_a_blimp_shaped_file_of_recorded_likelihoods(tmp_path: Path) -> None:
    pairs = [
        {"sentence_good": f"Cats sleep {i}.", "sentence_bad": f"Cats sleeps {i}.", "UID": "agr"} for i in range(20)
    ]
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(p) + "\n" for p in pairs), "utf-8")
    answers = [{"id": i + 1, "text": "-", "likelihoods": [-5, -6] if i < 15 else [-6, -5]} for i in range(20)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(a) + "\n" for a in answers), "utf-8")
    (tmp_path / "bench.yaml").write_text(
        """
name: pairs
prompts:
  - path: p.jsonl
    fields: {id: "#", choices: [sentence_good, sentence_bad], references: sentence_good, UID: UID}
candidates: [{replay: {path: a.jsonl}}]
scorers: [choices]
slices: [UID]
""",
        "utf-8",
    )
    done = runner.run(config.load(tmp_path / "bench.yaml"), tmp_path / "out")
    found = {(e.metric, e.slice): e.value for e in done.estimates}
    assert found["accuracy", "UID=agr"] == 0.75
    assert found["unread_rate", ""] is None
