"""`--reuse RUN`: what another run holds is taken over by its digest, and the new run stands on its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from aigc_eval import config, runner, verify
from aigc_eval.errors import CallError, JournalError
from aigc_eval.journal import NAME, Journal
from aigc_eval.metrics import Mean, Metric
from aigc_eval.plugin import Generator, Scorer
from aigc_eval.records import Generation, Request, Score

BENCH: dict[str, Any] = {
    "name": "first",
    "prompts": ["a.jsonl"],
    "candidates": [{"name": "told", "generator": {"tests.test_reuse:Told": {"says": "one"}}}],
    "scorers": [{"name": "length", "scorer": "tests.test_reuse:Length"}],
    "report": {"formats": ["html"]},
}


@dataclass(frozen=True)
class Told(Generator):
    """Says what it is told, and counts how often it is asked; `p3` gets no answer while it is down."""

    says: str = ""
    asked: ClassVar[list[str]] = []
    down: ClassVar[bool] = False

    def generate(self, batch: Sequence[Request]) -> list[Generation]:
        type(self).asked += [request.prompt.id for request in batch]
        return [self._one(request) for request in batch]

    def _one(self, request: Request) -> Generation:
        if type(self).down and request.prompt.id == "p3":
            return request.answer("", "error", error=CallError("server", "").kind)
        return request.answer(f"{self.says} {request.prompt.id}", seconds=0.5, usage={"output_tokens": 3})


@dataclass(frozen=True)
class Length(Scorer):
    """Characters; no score for `p4` while it is down."""

    scored: ClassVar[list[str]] = []
    down: ClassVar[bool] = False

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        type(self).scored += [g.prompt.id for g in batch]
        lost = "p4" if type(self).down else ""
        return [Score(error="lost") if g.prompt.id == lost else Score(float(len(g.text))) for g in batch]

    def metrics(self) -> tuple[Metric, ...]:
        return (Mean("mean_length", better="lower", bounds=(0.0, 1e6)),)


@pytest.fixture(autouse=True)
def forgotten() -> None:
    Told.asked.clear()
    Length.scored.clear()
    Told.down = Length.down = False


def load(home: Path, **change: Any) -> config.Bench:
    for name, ids in (("a", range(12)), ("b", range(12, 16))):
        lines = [json.dumps({"id": f"p{i}", "prompt": f"Question {i}?"}) for i in ids]
        (home / f"{name}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    (home / "bench.yaml").write_text(json.dumps({**BENCH, **change}), "utf-8")
    return config.load(home / "bench.yaml", trust=True)


def kept(folder: Path, kind: str) -> list[str]:
    with Journal(folder, write=False) as journal:
        return journal.keys(kind)


def notes(folder: Path) -> list[dict[str, Any]]:
    with Journal(folder, write=False) as journal:
        return list(journal.each("reuse"))


@pytest.fixture
def first(tmp_path: Path) -> Path:
    """A completed run; what was asked and scored for it is forgotten."""
    runner.run(load(tmp_path), tmp_path / "first")
    Told.asked.clear()
    Length.scored.clear()
    return tmp_path / "first"


GATE = "length.mean_length <= 10"
MORE = [*BENCH["candidates"], {"name": "two", "generator": {"tests.test_reuse:Told": {"says": "two"}}}]
RENAMED = [{"name": "renamed", "generator": {"tests.test_reuse:Told": {"says": "one"}}}]


@pytest.mark.parametrize(("change", "asked", "scored"), [
    ({"name": "second", "gates": [GATE], "slices": [], "report": {"formats": ["csv"]}}, 0, 0),
    ({"candidates": RENAMED}, 0, 0),
    ({"scorers": ["refusal", *BENCH["scorers"]]}, 0, 0),
    ({"prompts": ["b.jsonl", "a.jsonl"]}, 4, 4),
    ({"candidates": MORE}, 12, 12),
    ({"samples": 2}, 12, 12),
    ({"seed": 1}, 12, 12),
    ({"candidates": MORE[1:]}, 12, 12),
])  # fmt: skip
def test_what_is_the_same_is_not_asked_again(
    first: Path, tmp_path: Path, change: dict[str, Any], asked: int, scored: int
) -> None:
    before = (first / NAME).read_bytes()
    done = runner.run(load(tmp_path, **change), tmp_path / "second", reuse=[first])
    assert (len(Told.asked), len(Length.scored)) == (asked, scored)
    assert (first / NAME).read_bytes() == before
    fresh = runner.run(load(tmp_path, **change), tmp_path / "fresh")
    assert done.rows.drop(columns="seconds").equals(fresh.rows.drop(columns="seconds"))
    assert done.estimates == fresh.estimates
    assert set(kept(tmp_path / "second", "generation")) == set(kept(tmp_path / "fresh", "generation"))


def test_the_run_says_what_was_taken_over_and_from_where(first: Path, tmp_path: Path) -> None:
    bench = load(tmp_path, name="second", prompts=["a.jsonl", "b.jsonl"])
    done = runner.run(bench, tmp_path / "second", reuse=[first])
    origin = json.loads((first / "verdict.json").read_text())["journal"]
    assert notes(tmp_path / "second") == [
        {"kind": "reuse", "from": origin, "of": "generation", "results": 12},
        {"kind": "reuse", "from": origin, "of": "score", "results": 12},
    ]
    line = f"reused from {origin[:8]}: 12 answers, 12 scores"
    assert done.digests[line] == origin
    assert line in (tmp_path / "second" / "report.html").read_text("utf-8")
    assert verify.verify(tmp_path / "second", trust=True).status == "ok"


def test_the_new_run_needs_the_old_one_no_more(first: Path, tmp_path: Path) -> None:
    bench = load(tmp_path, gates=[GATE])
    done = runner.run(bench, tmp_path / "second", reuse=[first])
    shutil.rmtree(first)
    again = runner.run(bench, tmp_path / "second")
    assert again.facts() == done.facts()
    assert not Told.asked
    assert runner.load(tmp_path / "second").rows.equals(done.rows)


def test_errors_are_never_taken_over(tmp_path: Path) -> None:
    Told.down = Length.down = True
    runner.run(load(tmp_path), tmp_path / "first")
    Told.down = Length.down = False
    Told.asked.clear()
    Length.scored.clear()
    done = runner.run(load(tmp_path, name="second"), tmp_path / "second", reuse=[tmp_path / "first"])
    assert Told.asked == ["p3"]
    assert sorted(Length.scored) == ["p3", "p4"]
    assert (done.rows["length:status"] == "scored").all()
    assert [n["results"] for n in notes(tmp_path / "second")] == [11, 10]


def test_an_error_of_this_run_is_mended_by_another(tmp_path: Path, first: Path) -> None:
    Told.down = True
    runner.run(load(tmp_path), tmp_path / "second")
    Told.asked.clear()
    runner.run(load(tmp_path), tmp_path / "second", resume=True, reuse=[first])
    assert Told.asked == []
    assert [n["results"] for n in notes(tmp_path / "second")] == [1, 1]
    assert verify.verify(tmp_path / "second", trust=True).status == "ok"


def test_several_runs_and_the_first_that_has_it_counts(first: Path, tmp_path: Path) -> None:
    runner.run(load(tmp_path, prompts=["b.jsonl"]), tmp_path / "other")
    Told.asked.clear()
    bench = load(tmp_path, prompts=["a.jsonl", "b.jsonl"])
    runner.run(bench, tmp_path / "both", reuse=[first, tmp_path / "other", first])
    assert not Told.asked
    assert [(n["of"], n["results"]) for n in notes(tmp_path / "both")] == [
        ("generation", 12), ("generation", 4), ("score", 12), ("score", 4),
    ]  # fmt: skip


def test_a_run_may_name_itself_and_an_unfinished_one(first: Path, tmp_path: Path) -> None:
    runner.run(load(tmp_path), first, reuse=[first])
    lines = (first / NAME).read_bytes().splitlines(keepends=True)
    (first / NAME).write_bytes(b"".join(lines[:24]) + b"0123")
    known = len(kept(first, "generation"))
    runner.run(load(tmp_path), tmp_path / "second", reuse=[first])
    assert len(Told.asked) == 12 - known
    assert 0 < known < 12


def cut(folder: Path) -> None:
    data = bytearray((folder / NAME).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / NAME).write_bytes(data)


@pytest.mark.parametrize(("spoil", "words"), [
    (cut, "damaged at byte"),
    (shutil.rmtree, "No such file or directory"),
    (lambda folder: (folder / NAME).write_bytes(b""), "does not hold a run"),
])  # fmt: skip
def test_a_run_that_is_none_stops_it_all_before_it_begins(
    first: Path, tmp_path: Path, spoil: Callable[[Path], Any], words: str
) -> None:
    spoil(first)
    with pytest.raises(JournalError, match=words):
        runner.run(load(tmp_path), tmp_path / "second", reuse=[first])
    assert not Told.asked
    assert not (tmp_path / "second").exists()


@pytest.mark.slow
def test_the_command_line(first: Path, tmp_path: Path) -> None:
    load(tmp_path, name="second", prompts=["a.jsonl", "b.jsonl"])
    words = [sys.executable, "-m", "aigc_eval", "run", tmp_path / "bench.yaml", "--trust-bench", "--in-process"]
    root = Path(__file__).parents[1]

    def command(*more: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*words, *more], cwd=root, capture_output=True, text=True, check=False)

    done = command("--out", tmp_path / "second", "--reuse", first)
    assert done.returncode == 0, done.stderr
    assert ": 12 answers, 12 scores\n" in done.stderr
    missing = command("--out", tmp_path / "third", "--reuse", tmp_path / "nothing")
    assert missing.returncode == 2
    assert "nothing" in missing.stderr
    cut(first)
    damaged = command("--out", tmp_path / "third", "--reuse", first)
    assert damaged.returncode == 2
    assert "damaged at byte" in damaged.stderr
