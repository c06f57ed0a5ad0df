"""The noise floor: one candidate twice, and what the margins promise."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from aigc_eval import config
from aigc_eval.cli import main
from aigc_eval.config import Bench, Named
from aigc_eval.errors import UsageError
from aigc_eval.metrics import Mean, Metric, Rate
from aigc_eval.noise import Margin, margins, same_answers, twice
from aigc_eval.plugin import Generator, Scorer
from aigc_eval.records import Generation, Request, Score

ASKED: list[tuple[str, int]] = []


@dataclass(frozen=True)
class Moody(Generator):
    """An answer of a length that its seed decides; it fails where the prompt says so."""

    by_call = True

    def generate(self, batch: Sequence[Request]) -> list[Generation]:
        [request] = batch
        ASKED.append((request.prompt.id, request.seed))
        if "fail" in request.prompt.text:
            return [request.answer("", "error", error="rejected", detail="no")]
        return [request.answer("word " * random.Random(request.seed).randint(1, 9))]


@dataclass(frozen=True)
class Length(Scorer):
    """Words of an answer, in tenths, and another thing that changes from call to call."""

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        return [Score(len(g.text.split()) / 10) for g in batch]

    def metrics(self) -> tuple[Metric, ...]:
        return (Rate("long"), Mean("words"), Mean("neutral", better=None))


def bench(folder: Path, n: int = 30, text: str = "question", extra: str = "") -> Path:
    prompts = [{"id": str(i), "prompt": f"{text} {i}"} for i in range(n)]
    (folder / "p.jsonl").write_text("\n".join(map(json.dumps, prompts)), "utf-8")
    path = folder / "bench.yaml"
    path.write_text(
        f"name: noisy\nprompts: [p.jsonl]\nseed: 4\n"
        f"candidates: [{{name: moody, generator: {{'{__name__}:Moody': {{}}}}}}, echo]\n"
        f"scorers: [{{name: length, scorer: {{'{__name__}:Length': {{}}}}}}]\ngates: [length.long <= 0.9]\n{extra}",
        "utf-8",
    )
    return path


def loaded(folder: Path) -> Bench:
    return config.load(bench(folder), trust=True)


def noise(folder: Path, *more: str, candidate: str = "moody", path: Path | None = None) -> int:
    out = str(folder / "out")
    return main(
        ["run", str(path or bench(folder)), "--noise", candidate, "--trust-bench", "--in-process", "--out", out, *more]
    )


def test_nothing_but_the_seed_differs(tmp_path: Path) -> None:
    first, second = twice(loaded(tmp_path), "moody")
    assert (first.seed, second.seed) == (4, 5)
    assert first.source["seed"] == 4
    assert second.source["seed"] == 5
    for one in (first, second):
        assert [c.name for c in one.candidates] == list(one.release) == ["moody"]
        assert not one.gates
    assert {**first.made_of, "seed": 0} == {**second.made_of, "seed": 0}
    with pytest.raises(UsageError, match="unknown candidate 'mody'"):
        twice(loaded(tmp_path), "mody")


def test_both_runs_are_journaled_and_not_repeated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ASKED.clear()
    assert noise(tmp_path, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert len(ASKED) == len(set(ASKED)) == 60
    assert [m["metric"] for m in told["margins"]] == ["long", "words"]  # what has a direction
    assert told["same_answers"] is False
    for name in ("first", "second"):
        assert (tmp_path / "out" / name / "report.html").is_file()
        assert main(["verify", str(tmp_path / "out" / name), "--trust-bench"]) == 0
    capsys.readouterr()
    assert noise(tmp_path, "--json") == 0
    assert json.loads(capsys.readouterr().out) == told
    assert len(ASKED) == 60


def test_an_interrupted_pair_is_resumed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ASKED.clear()
    assert noise(tmp_path) == 0
    journal = tmp_path / "out" / "second" / "journal.jsonl"
    lines = journal.read_text("utf-8").splitlines(keepends=True)
    journal.write_text("".join(lines[:45]), "utf-8")
    assert noise(tmp_path) == 2
    assert "--resume" in capsys.readouterr().err
    assert noise(tmp_path, "--resume") == 0
    assert 60 < len(ASKED) < 90


def test_margins_are_printed_as_gates_that_a_policy_takes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert noise(tmp_path) == 0
    table, _, lines = capsys.readouterr().out.partition("\ngates:\n")
    assert "length.long" in table
    policy = tmp_path / "policy.yaml"
    policy.write_text(f"baseline: echo\ngates:\n{lines}", "utf-8")
    gates = config.load(bench(tmp_path), trust=True, policy=policy).gates
    assert [g.metric for g in gates] == ["long", "words"]


def test_a_candidate_without_noise_is_told_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert noise(tmp_path, candidate="echo") == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "echo gave the same answers in both runs: there is no decoding noise." in said.err
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert noise(tmp_path, candidate="echo") == 0
    assert "没有解码噪声" in capsys.readouterr().err


def test_lost_answers_and_odd_wishes_end_otherwise(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert noise(tmp_path, path=bench(tmp_path, text="please fail")) == 3
    assert "Every output of moody is an error" in capsys.readouterr().err
    assert noise(tmp_path, candidate="nobody") == 2
    assert noise(tmp_path, "--dry-run") == 2


def test_too_few_prompts_have_no_margin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert noise(tmp_path, path=bench(tmp_path, 9)) == 0
    said = capsys.readouterr()
    assert "gates:" not in said.out
    assert "fewer than ten prompts" in said.err


SCORERS = [Named[Scorer]("length", Length())]


def frame(values: np.ndarray, texts: Sequence[str]) -> pd.DataFrame:
    """Rows of one candidate; values of shape (prompts, samples)."""
    prompts, samples = values.shape
    return pd.DataFrame({
        "candidate": "a",
        "prompt": np.repeat([f"p{i:03}" for i in range(prompts)], samples),
        "sample": np.tile(np.arange(samples), prompts),
        "text": list(texts),
        "outcome": "ok",
        "length": values.ravel(),
        "length:status": "scored",
    })  # fmt: skip


def test_noise_of_a_scorer_is_not_taken_for_that_of_the_candidate() -> None:
    rng = np.random.default_rng(1)
    one, other = rng.random((40, 1)), rng.random((40, 1))
    texts = [f"answer {i}" for i in range(40)]
    assert same_answers(frame(one, texts), frame(other, texts))
    assert margins(SCORERS, frame(one, texts), frame(one, texts)) == []
    assert [m.metric for m in margins(SCORERS, frame(one, texts), frame(other, texts))] == ["long", "words"]


@pytest.mark.slow
@pytest.mark.parametrize("spread", [0.05, 0.3])
def test_two_runs_stay_within_the_margin_of_two_others(spread: float) -> None:
    """At least 95 % of the time, prompts being the same; and twice the margin lets an unchanged candidate pass."""
    rng, trials = np.random.default_rng(7), 90
    prompts = rng.random((40, 1))  # how long answers to each prompt are

    def draw() -> np.ndarray:
        return np.clip(prompts + rng.normal(0, spread, (40, 2)), 0, 1)

    inside = {"long": 0, "words": 0}
    for trial in range(trials):
        one, other, third, fourth = (frame(draw(), [f"{trial} {k} {i}" for i in range(80)]) for k in range(4))
        found = margins(SCORERS, one, other)
        for margin, metric in zip(found, Length().metrics(), strict=False):
            apart = [metric(rows.assign(value=rows["length"])) for rows in (third, fourth)]
            assert margin.margin is not None
            inside[margin.metric] += abs((apart[0] or 0.0) - (apart[1] or 0.0)) <= margin.margin
    assert min(inside.values()) >= 0.95 * trials


def test_a_margin_is_rounded_up_and_one_as_wide_as_the_range_is_no_gate() -> None:
    def of(low: float, high: float, unit: str = "") -> Margin:
        return Margin("s", "m", unit, "lower", 1.0, 50, 0.0, low, high)

    assert of(-0.1234, 0.05).gate == "s.m not worse than baseline by 0.13"
    assert of(-0.1, 0.2001, "share").gate == "s.m not worse than baseline by 21 points"
    assert of(-1.0, 0.2).gate == ""
    assert Margin("s", "m", "", "lower", 1.0, 5, None, None, None).margin is None
