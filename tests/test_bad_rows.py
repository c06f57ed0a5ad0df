"""`--allow-bad-rows`: bad records may be left out, are told, and never end in a release."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aigc_eval.cli import main

BENCH = """\
name: rows
prompts: [p.jsonl]
candidates: [echo]
scorers: [diversity]
gates: [diversity.distinct_2 >= 0.01]
"""


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    good = [json.dumps({"id": n, "prompt": f"question number {n}"}) for n in range(30)]
    lines = [*good[:10], '{"id": 40, "prompt"', *good[10:], '{"id": 41}']
    (tmp_path / "p.jsonl").write_text("\n".join(lines), "utf-8")
    (tmp_path / "bench.yaml").write_text(BENCH, "utf-8")
    return tmp_path


def run(bench: Path, *words: str) -> int:
    return main(["run", str(bench / "bench.yaml"), "--out", str(bench / "out"), "--in-process", *words])


@pytest.mark.parametrize("words", [(), ("--allow-bad-rows", "1")])
def test_more_bad_rows_than_are_allowed_stop_everything(
    bench: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert run(bench, *words) == 2
    said = capsys.readouterr().err
    assert "p.jsonl:11" in said
    assert not (bench / "out").exists()


def test_left_out_rows_are_told_and_open_no_gate(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(bench, "--allow-bad-rows", "2") == 3
    said = capsys.readouterr().err
    assert "left out: " in said
    assert "p.jsonl:11" in said
    verdict = json.loads((bench / "out" / "verdict.json").read_text("utf-8"))
    assert (verdict["status"], verdict["release"]) == ("undetermined", False)
    assert {"code": "bad_rows", "figures": {"n": 2}} in verdict["reasons"]
    assert "2 records of the prompt files could not be read" in (bench / "out" / "summary.md").read_text("utf-8")


def test_other_rows_are_other_prompts(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(bench, "--allow-bad-rows", "2") == 3
    text = (bench / "p.jsonl").read_text("utf-8").replace('{"id": 41}', '{"id": 41, "prompt": "now good"}')
    (bench / "p.jsonl").write_text(text, "utf-8")
    assert run(bench, "--allow-bad-rows", "2", "--resume") == 2
    assert "prompts p.jsonl" in capsys.readouterr().err
