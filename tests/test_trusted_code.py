"""What a line of an allow-list lets a bench run, and what it does not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from aigc_eval import config
from aigc_eval.config import Trust
from aigc_eval.plugin import ModelRef
from aigc_eval.scorers.evaluate import Evaluate

BENCH = """\
name: trusted
prompts: [p.jsonl]
candidates:
  - {name: c, generator: GENERATOR}
scorers: [diversity]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "p.jsonl").write_text('{"id": "a", "prompt": "x"}\n', "utf-8")
    (tmp_path / "trusted_bot.py").write_text("def answer(request): return 'x'\n", "utf-8")
    return tmp_path


def load(folder: Path, generator: str, code: str) -> config.Bench:
    path = folder / "bench.yaml"
    path.write_text(BENCH.replace("GENERATOR", generator), "utf-8")
    return config.load(path, trust=Trust(code=frozenset({code})))


def test_a_trusted_command_does_not_let_modules_beside_the_bench_be_imported(folder: Path) -> None:
    """HTTP and other libraries import what happens to be there (brotli, h2), which would be the bench's code."""
    load(folder, "{command: {run: [/bin/cat]}}", "runs the command /bin/cat")
    assert str(folder) not in sys.path


def test_a_trusted_function_does(folder: Path) -> None:
    load(folder, "{python: 'trusted_bot:answer'}", "runs Python code: trusted_bot:answer")
    assert sys.path[-1] == str(folder)


def test_trust_in_one_module_of_evaluate_is_not_trust_in_another() -> None:
    one, other = (Evaluate(module=ModelRef(name), field="f") for name in ("accuracy", "org/evil"))
    told = Evaluate(module=ModelRef("accuracy"), field="f", kwargs={"command": "x"})
    assert len({one.needs_trust(), other.needs_trust(), told.needs_trust()}) == 3
    assert "'org/evil'" in other.needs_trust()
