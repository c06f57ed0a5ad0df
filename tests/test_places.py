"""Where gates stand: the file as a checkout names it, and the line, as far as the reports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aigc_eval import config, runner, verify
from aigc_eval.config.paths import in_checkout
from aigc_eval.report.findings import place

BENCH = """\
name: placed
prompts: [prompts.jsonl]
candidates: [echo]
scorers: [pii]
gates:
  - pii.leak_rate <= 90 %
  - gate: pii.leak_rate <= 80 %
    where: {lang: en}
  - {gate: pii.secret_rate <= 5 %}
report: {formats: [json, github, gitlab, sarif], languages: [en]}
"""


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    folder = tmp_path / "repo" / "eval suite"
    folder.mkdir(parents=True)
    rows = [{"id": f"p{i}", "prompt": f"Call 1381234567{i % 10}.", "lang": "en"} for i in range(12)]
    (folder / "prompts.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), "utf-8")
    path = folder / "bench.yaml"
    path.write_text(BENCH, "utf-8")
    return path


def test_a_file_is_named_from_the_root_of_its_checkout(bench: Path) -> None:
    assert in_checkout(bench) == "bench.yaml"
    (bench.parents[1] / ".git").mkdir()
    assert in_checkout(bench) == "eval suite/bench.yaml"
    (bench.parent / ".git").write_text("gitdir: elsewhere", "utf-8")  # a worktree or a submodule
    assert in_checkout(bench) == "bench.yaml"


def test_reports_point_to_the_lines_of_the_gates(bench: Path, tmp_path: Path) -> None:
    (bench.parents[1] / ".git").mkdir()
    done = runner.run(config.load(bench), tmp_path / "out")
    assert {v.gate: place(done, v.gate) for v in done.verdicts} == {
        "pii.leak_rate <= 90 %": ("eval suite/bench.yaml", 6),
        "pii.leak_rate <= 80 % [lang=en]": ("eval suite/bench.yaml", 7),
        "pii.secret_rate <= 5 %": ("eval suite/bench.yaml", 9),
    }
    assert place(done) == ("eval suite/bench.yaml", 1)
    assert place(done, "pii.leak_rate <= 90 % [lang=zh]") == ("eval suite/bench.yaml", 6)
    entries = json.loads((tmp_path / "out" / "gl-code-quality.json").read_text("utf-8"))
    assert {e["location"]["path"] for e in entries} == {"eval suite/bench.yaml"}
    assert [e["location"]["lines"]["begin"] for e in entries] == [9]  # twelve prompts are too few for that limit
    assert runner.load(tmp_path / "out").places == done.places
    assert verify.verify(tmp_path / "out").exit_code == 0


def test_a_gate_of_a_policy_stands_in_the_policy(bench: Path, tmp_path: Path) -> None:
    text = BENCH.partition("gates:")[0] + "policy: policy.yaml\nreport: {formats: [json, github], languages: [en]}\n"
    bench.write_text(text, "utf-8")
    bench.with_name("policy.yaml").write_text("# fixed\ngates:\n  - pii.leak_rate <= 90 %\n", "utf-8")
    done = runner.run(config.load(bench), tmp_path / "out")
    assert place(done, "pii.leak_rate <= 90 %") == ("policy.yaml", 3)
    assert place(done) == ("bench.yaml", 1)
