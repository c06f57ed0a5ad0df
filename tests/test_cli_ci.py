"""The command line in CI: annotations on stdout, benches that are checked, nothing that a log would act on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from aigc_eval.cli import OFFLINE, main
from tests.recorded import a_quarter_leaks

BENCH = """\
name: tiny
prompts: [prompts.jsonl]
candidates: [{{name: bot, generator: {{replay: {{path: bot.jsonl}}}}}}]
scorers: [pii]
gates:
  - pii.leak_rate <= {limit}
report: {{formats: [{formats}], languages: [{languages}]}}
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Forty prompts, and answers of which a quarter leak a number."""
    a_quarter_leaks(tmp_path)
    write(tmp_path)
    monkeypatch.chdir(tmp_path)
    for name in ("LC_ALL", "LC_MESSAGES", "CI", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**OFFLINE, "LANG": "C.UTF-8"}.items():
        monkeypatch.setenv(name, value)
    return tmp_path


def write(home: Path, limit: str = "5 %", formats: str = "github, json", languages: str = "zh, en") -> None:
    (home / "bench.yaml").write_text(BENCH.format(limit=limit, formats=formats, languages=languages), "utf-8")


def annotations(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("::")]


RUN = ("run", "bench.yaml", "--out", "out")


def test_annotations_are_printed_where_github_runs_the_job(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(RUN) == 1
    assert not annotations(capsys.readouterr().out)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert main(RUN) == 1
    told = annotations(capsys.readouterr().out)
    assert told == (home / "out" / "annotations.txt").read_text("utf-8").splitlines()
    assert [line.partition(" ")[0] for line in told] == ["::error", "::error"]
    assert "不通过" in told[1]
    assert main((*RUN, "--json")) == 1
    assert json.loads(capsys.readouterr().out)["status"] == "fail"


def test_the_reports_that_a_bench_asks_for_do_not_matter(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(home, limit="90 %", formats="json", languages="en")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert main(RUN) == 0
    (line,) = annotations(capsys.readouterr().out)
    assert line.startswith("::notice ")
    assert not (home / "out" / "annotations.txt").exists()


def test_mistakes_are_annotated_at_their_lines(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(home, limit="500 %", formats="pdf")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert main(RUN) == 2
    told = annotations(capsys.readouterr().out)
    assert told[0].startswith("::error file=bench.yaml,line=6::gates.0: ")
    assert told[1].startswith("::error file=bench.yaml,line=7::report.formats.0: ")
    assert "500 %25" not in told[0]
    assert main((*RUN, "--json")) == 2
    assert len(json.loads(capsys.readouterr().out)["problems"]) == 2
    assert main(("report", "nowhere")) == 2
    (line,) = annotations(capsys.readouterr().out)
    assert line.startswith("::error::nowhere/run.json is missing")


def test_sound_benches_are_checked_without_a_trace(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "other.yaml").write_bytes((home / "bench.yaml").read_bytes())
    before = sorted(home.rglob("*"))
    assert main(("check", "bench.yaml", "other.yaml")) == 0
    assert capsys.readouterr().out.splitlines() == [
        "bench.yaml: ok (prompts 40, candidates 1, scorers 1)",
        "other.yaml: ok (prompts 40, candidates 1, scorers 1)",
    ]
    assert main(("check", "--json", "bench.yaml")) == 0
    assert json.loads(capsys.readouterr().out)["benches"]["bench.yaml"]["prompts"] == 40
    assert sorted(home.rglob("*")) == before


def test_the_mistakes_of_all_benches_are_told_together(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "good.yaml").write_bytes((home / "bench.yaml").read_bytes())
    write(home, limit="500 %")
    (home / "other.yaml").write_text("name: other\nprompts: [gone.jsonl]\n", "utf-8")
    assert main(("check", "good.yaml", "bench.yaml", "other.yaml", "nowhere.yaml")) == 2
    told = capsys.readouterr().err
    assert "bench.yaml:6: gates.0: " in told
    assert "other.yaml:2: prompts.0: " in told
    assert "nowhere.yaml: cannot be read" in told
    assert main(("check", "--json", "bench.yaml", "other.yaml")) == 2
    assert {p["file"] for p in json.loads(capsys.readouterr().out)["problems"]} == {"bench.yaml", "other.yaml"}


def test_a_bench_without_prompts_is_nothing_to_evaluate(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "prompts.jsonl").write_text("", "utf-8")
    codes = {command: main((command, "bench.yaml")) for command in ("check", "run")}
    assert codes["check"] == codes["run"] != 0


@pytest.mark.parametrize("command", [["check"], ["check", "--limit", "3", "bench.yaml"]])
def test_check_needs_benches_and_nothing_else(
    home: Path, command: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command) == 2


def test_code_is_checked_as_far_as_it_is_trusted(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (home / "bench.yaml").read_text("utf-8").replace("{replay: {path: bot.jsonl}}", "{command: [cat]}")
    (home / "bench.yaml").write_text(text, "utf-8")
    assert main(("check", "bench.yaml")) == 2
    assert "--trust-bench" in capsys.readouterr().err
    assert main(("check", "bench.yaml", "--trust-bench")) == 0


def test_commands_in_texts_are_taken_apart() -> None:
    from aigc_eval.report.escape import terminal

    for text in ("::error::x", "  ::add-mask::x", "a ##[error]b", "##vso[task.complete]", "###[x]"):
        line = terminal(text)
        assert not line.lstrip().startswith("::")
        assert "##[" not in line
        assert "##vso[" not in line
    for text in ("a::b", "std::vector", "## heading", "C# [x]"):
        assert terminal(text) == text
