"""`aigc-eval compare`: real runs of recorded answers, side by side."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aigc_eval import config, runner
from aigc_eval.cli import main
from aigc_eval.journal import NAME
from aigc_eval.plugin import Generator
from aigc_eval.records import Generation, Request

PROMPTS = 40
BENCH = """
name: small
prompts: [prompts.jsonl]
candidates: [{name: bot, generator: {replay: answers.jsonl}}]
scorers: [fluency, pii]
report: {formats: [json]}
"""
GOOD, LEAK = "The answer to %s is easy.", "The answer to %s: call 13812345678 now."


def carry_out(
    home: Path,
    answers: Callable[[int, int], str | None] = lambda i, _: GOOD % i,
    *,
    bench: str = BENCH,
    samples: int = 1,
    prompts: int = PROMPTS,
    **options: Any,
) -> Path:
    """Carry out a bench in a folder of its own; `answers(prompt, sample)` is what was recorded."""
    home.mkdir()
    asked = [
        {"id": f"p{i}", "prompt": f"Question {i}?", "lang": "zh" if i % 2 else "en", "topic": "abcd"[i % 4]}
        for i in range(prompts)
    ]
    given = [{"id": f"p{i}", "text": [answers(i, s) for s in range(samples)]} for i in range(prompts)]
    for name, records in (("prompts", asked), ("answers", given)):
        lines = "\n".join(json.dumps(record, ensure_ascii=False) for record in records)
        (home / f"{name}.jsonl").write_text(lines + "\n", "utf-8")
    (home / "bench.yaml").write_text(f"{bench}\nsamples: {samples}\n", "utf-8")
    runner.run(config.load(home / "bench.yaml"), home / "out", **options)
    return home / "out"


def leaky(n: int) -> Callable[[int, int], str]:
    """Answers of which those to the first n prompts leak."""
    return lambda i, _: (LEAK if i < n else GOOD) % i


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("compared")
    carry_out(home / "good")
    carry_out(home / "same")
    carry_out(home / "bad", leaky(15))
    return home


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def of(found: dict[str, Any], name: str) -> dict[str, Any]:
    return next(m for m in found["metrics"] if m["name"] == name)


def test_identical_runs(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(home / "good/out"), str(home / "same/out"), "--json"]) == 0
    found = told(capsys)
    assert found["status"] == "no_regression"
    due = [m for m in found["metrics"] if m["status"] != "not_applicable"]
    assert due
    assert {(m["difference"], m["p"], m["worse"], m["adjusted"], m["status"]) for m in due} == {(0, 1, 1, 1, "ok")}
    assert found["examples"] == []


def test_a_worse_one_and_the_other_way_round(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = str(home / "good/out"), str(home / "bad/out")
    assert main(["compare", good, bad, "--json"]) == 1
    leaks = of(told(capsys), "pii.leak_rate")
    assert (leaks["a"], leaks["b"], leaks["prompts"], leaks["status"]) == (0, 0.375, PROMPTS, "regression")
    assert leaks["worse"] == pytest.approx(0.5**15)
    assert leaks["p"] == pytest.approx(0.5**14)
    assert leaks["low"] < 0.375 < leaks["high"]
    assert (leaks["effect"]["wins"], leaks["effect"]["ties"], leaks["effect"]["losses"]) == (0, 25, 15)
    assert main(["compare", bad, good, "--metric", "pii.leak_rate"]) == 0


def test_a_loss_that_chance_explains_is_no_regression(tmp_path: Path, home: Path) -> None:
    few = carry_out(tmp_path / "few", leaky(2))
    assert main(["compare", str(home / "good/out"), str(few)]) == 0


def test_only_some_metrics_and_a_margin(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["compare", str(home / "good/out"), str(home / "bad/out")]
    assert main([*command, "--metric", "pii.secret_rate", "--json"]) == 0
    assert [m["name"] for m in told(capsys)["metrics"]] == ["pii.secret_rate"]
    leak_rate = [*command, "--metric", "pii.leak_rate"]
    assert main([*leak_rate, "--margin", "pii.leak_rate=0.6"]) == 0
    assert main([*leak_rate, "--margin", "pii.leak_rate=0.05"]) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--metric", "pii.leek_rate"], "did you mean 'pii.leak_rate'"),
        (["--metric", "pi"], "there is no scorer 'pi' to compare; did you mean 'pii'?"),
        (["--margin", "pii.leak_rate"], "write scorer.metric=0.02"),
        (["--margin", "pii.leak_rate=1"], "less than 1"),
        (["--margin", "pii.leak_rate=-0.1"], "from 0"),
        (["--margin", "pii.leak_rate=nan"], "from 0"),
        (["--by", "country"], "no prompt has a tag 'country'"),
    ],
)
def test_what_is_not_there(home: Path, options: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(home / "good/out"), str(home / "bad/out"), *options]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"prompts": 39}, "prompts prompts.jsonl: sha256"),
        ({"bench": BENCH.replace("pii]", "{pii: {threshold: 0.9}}]")}, "scorers.pii"),
        ({"samples": 2}, "samples: 1 -> 2"),
        ({"limit": 30}, "limit: none -> 30"),
    ],
)
def test_other_prompts_scorers_or_draws_are_not_compared(
    tmp_path: Path, home: Path, change: dict[str, Any], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    other = carry_out(tmp_path / "other", **change)
    assert main(["compare", str(home / "good/out"), str(other), "--json"]) == 2
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert (found["status"], found["exit_code"]) == ("not_comparable", 2)
    assert any(said in line for line in found["differences"]), found["differences"]
    assert said in captured.err


def test_other_scorers_are_told_and_left_out(tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = carry_out(tmp_path / "other", bench=BENCH.replace("pii", "toxicity"))
    assert main(["compare", str(home / "good/out"), str(other)]) == 0
    out = capsys.readouterr().out
    assert "one run only has them: pii, toxicity" in out
    assert "may NOT be masked" in out


@dataclass(frozen=True)
class Warm(Generator):
    """Says something, whatever its temperature."""

    temperature: float = 0.0

    def generate(self, batch: Sequence[Request]) -> list[Generation]:
        return [request.answer(f"The answer to {request.prompt.id} is easy.") for request in batch]


SAMPLED = """
name: small
prompts: [prompts.jsonl]
candidates:
  - {name: cold, generator: {"tests.test_compare_command:Warm": {temperature: 0.0}}}
  - {name: warm, generator: {"tests.test_compare_command:Warm": {temperature: 1.0}}}
scorers: [fluency]
"""


def test_other_sampling_is_compared_where_it_is_allowed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = carry_out_sampled(tmp_path)
    assert main(["compare", f"{run}:cold", ":warm"]) == 2
    assert "sampling temperature: 0.0 -> 1.0" in capsys.readouterr().err
    assert main(["compare", f"{run}:cold", ":warm", "--allow-difference", "sampling"]) == 0
    assert "sampling temperature: 0.0 -> 1.0" in capsys.readouterr().out


def carry_out_sampled(home: Path) -> Path:
    prompts = [json.dumps({"id": f"p{i}", "prompt": f"Question {i}?"}) for i in range(20)]
    (home / "prompts.jsonl").write_text("\n".join(prompts) + "\n", "utf-8")
    (home / "bench.yaml").write_text(SAMPLED, "utf-8")
    runner.run(config.load(home / "bench.yaml", trust=True), home / "out")
    return home / "out"


def test_candidates_of_one_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bench = BENCH.replace(
        "candidates: [{", "candidates: [{name: echo, generator: echo}, {name: two, generator: echo}, {"
    )
    run = carry_out(tmp_path / "three", leaky(20), bench=bench)
    assert main(["compare", f"{run}:echo", ":bot", "--metric", "pii"]) == 1
    assert main(["compare", f"{run}:echo", f"{run}:bot", "--metric", "pii"]) == 1
    assert main(["compare", f"{run}:echo", ":two"]) == 0
    capsys.readouterr()
    for a, b, said in (
        (str(run), ":bot", "name one: echo, two, bot"),
        (f"{run}:echo", ":nobody", "no candidate 'nobody'"),
        (f"{run}:echo", f"{run}:echo", "are both"),
        (f"{run}:echo", str(run), "name one"),
        (":echo", ":bot", "write RUN:echo"),
        (str(tmp_path / "nothing"), str(run), "nothing"),
    ):
        assert main(["compare", a, b]) == 2
        assert said in capsys.readouterr().err, (a, b)


def test_samples_are_matched_and_prompts_are_the_unit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = carry_out(tmp_path / "good", samples=3)
    bad = carry_out(tmp_path / "bad", lambda i, s: (LEAK if i < 16 and s == 2 else GOOD) % i, samples=3)
    assert main(["compare", str(good), str(bad), "--json"]) == 1
    found = told(capsys)
    leaks = of(found, "pii.leak_rate")
    assert found["same_seed"]
    assert leaks["difference"] == pytest.approx(16 / 120)
    assert leaks["worse"] == pytest.approx(0.5**16)
    assert {tuple(e["sample"]) for e in found["examples"] if e["scorer"] == "pii"} == {(3, 3)}


def test_other_seeds_are_no_difference_and_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = carry_out(tmp_path / "good", samples=2)
    bad = carry_out(
        tmp_path / "bad", lambda i, s: (LEAK if i < 16 and s else GOOD) % i, samples=2, bench=f"{BENCH}seed: 7\n"
    )
    assert main(["compare", str(good), str(bad)]) == 1
    assert "the seeds differ" in capsys.readouterr().out
    assert main(["compare", str(good), str(bad), "--json"]) == 1
    assert not told(capsys)["same_seed"]


@pytest.mark.parametrize(("failing", "code"), [(1, 0), (20, 3), (40, 3)])
def test_what_failed_is_the_worst_for_b(tmp_path: Path, home: Path, failing: int, code: int) -> None:
    other = carry_out(tmp_path / "other", lambda i, _: None if i < failing else GOOD % i)
    assert main(["compare", str(home / "good/out"), str(other), "--metric", "pii.leak_rate"]) == code
    assert main(["compare", str(other), str(home / "good/out"), "--metric", "pii.leak_rate"]) == (
        3 if failing == 40 else 0
    )


def test_few_prompts_are_too_few(tmp_path: Path) -> None:
    good, bad = (carry_out(tmp_path / name, leaky(n), prompts=9) for name, n in (("good", 0), ("bad", 9)))
    assert main(["compare", str(good), str(bad)]) == 3


def test_slices_are_explored_and_decide_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = carry_out(tmp_path / "good", prompts=80)
    bad = carry_out(tmp_path / "bad", lambda i, _: (LEAK if i % 4 == 0 else GOOD) % i, prompts=80)
    command = ["compare", str(good), str(bad), "--metric", "pii.leak_rate", "--margin", "pii.leak_rate=0.5"]
    assert main([*command, "--by", "topic", "--by", "lang", "--json"]) == 0
    slices = told(capsys)["slices"]
    assert [s["slice"] for s in slices][:2] == ["lang=en", "topic=a"] or slices[0]["slice"] in ("topic=a", "lang=en")
    by = {s["slice"]: s for s in slices}
    assert by.keys() == {"topic=a", "topic=b", "topic=c", "topic=d", "lang=en", "lang=zh"}
    assert by["topic=a"]["p"] == pytest.approx(0.5**19)
    assert by["topic=a"]["adjusted"] == pytest.approx(0.5**19 * 6 / 2)
    assert by["topic=b"]["adjusted"] == 1
    assert main([*command, "--by", "topic"]) == 0
    assert "topic=a" in capsys.readouterr().out


def test_examples_are_masked_and_harmless(tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nasty = "call 13812345678 \x1b[31mred\u202e\n::error::no ![x](http://evil.example) | @all ⟦"
    other = carry_out(tmp_path / "other", lambda i, _: nasty if i < 12 else GOOD % i)
    summary = tmp_path / "comparison.md"
    command = ["compare", str(home / "good/out"), str(other), "--examples", "2", "--markdown", str(summary)]
    assert main(command) == 1
    out, written = capsys.readouterr().out, summary.read_text("utf-8")
    assert out.count("⟦CN_MOBILE·") == 2 + out.split("Changed most, by pii")[0].count("⟦CN_MOBILE·")
    for text in (out, written):
        assert "13812345678" not in text
        assert "CN_MOBILE" in text
        assert not {"\x1b", "\u202e"} & {*text}
    assert not any(line.lstrip().startswith("::") for line in out.splitlines())
    assert "![x](" not in written
    assert "@all" not in written
    assert main([*command, "--json"]) == 1
    assert "13812345678" not in capsys.readouterr().out


def test_markdown_and_chinese(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    summary = tmp_path / "comparison.md"
    assert main(["compare", str(home / "good/out"), str(home / "bad/out"), "--markdown", str(summary)]) == 1
    out, written = capsys.readouterr().out, summary.read_text("utf-8")
    assert "退步：B 在 pii.leak_rate" in out
    assert "退出码 1：有退步" in out
    assert written.startswith("## 版本比较")
    heads = next(line for line in written.splitlines() if line.startswith("| 指标"))
    assert all(line.count(" | ") == heads.count(" | ") for line in written.splitlines() if line.startswith("| "))


def test_nothing_in_the_runs_is_touched(home: Path) -> None:
    runs = [home / name / "out" for name in ("good", "bad")]
    before = [{p.name: p.read_bytes() for p in run.iterdir()} for run in runs]
    main(["compare", *map(str, runs), "--by", "lang"])
    assert [{p.name: p.read_bytes() for p in run.iterdir()} for run in runs] == before


@pytest.mark.parametrize("damage", ["no verdict on it", "older", "no journal"])
def test_a_run_that_cannot_be_read_is_refused(tmp_path: Path, home: Path, damage: str) -> None:
    run = Path(shutil.copytree(home / "bad/out", tmp_path / "out"))
    if damage == "no verdict on it":
        facts = json.loads((run / "run.json").read_text())
        (run / "run.json").write_text(json.dumps(facts))
    elif damage == "older":
        (run / "verdict.json").unlink()
        (run / "run.json").write_text('{"name": "old"}')
    else:
        (run / NAME).unlink()
    assert main(["compare", str(home / "good/out"), str(run)]) == 2
