"""A completed run that is started again: nothing is done twice, and nothing is kept that would now be otherwise."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from aigc_eval import config, runner
from aigc_eval.conclusion import versions
from aigc_eval.journal import NAME, Journal
from aigc_eval.publishing import Written, sha256_of, verdict_of
from aigc_eval.records import Run

BENCH = """\
name: finished
prompts: [prompts.jsonl]
candidates: [{name: only, generator: {replay: {path: answers.jsonl, partial: true}}}]
scorers: [refusal, diversity]
policy: policy.yaml
report: {formats: [csv, json, junit], languages: [en, zh]}
"""
POLICY = """\
name: strict
gates: [refusal.over_refusal_rate <= 10 %]
waivers: [{gate: refusal.over_refusal_rate <= 10 %, owner: Li Na, reason: fixed in 4.2, expires: 2999-12-31}]
"""
TERMS = "aigc_eval.conclusion.terms"
LATER = time.time() + 86_400
REFUSED = "I'm sorry, but I can't help with that."


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bench and a completed run of it."""
    home = tmp_path_factory.mktemp("made")
    (home / "bench.yaml").write_text(BENCH, "utf-8")
    (home / "policy.yaml").write_text(POLICY, "utf-8")
    asked = [{"id": f"p{i}", "prompt": f"Describe box {i}.", "lang": "en", "expected": "comply"} for i in range(12)]
    given = [{"id": f"p{i}", "text": REFUSED if i < 6 else f"Box {i} has a lid."} for i in range(12)]
    for name, rows in (("prompts", asked), ("answers", given)):
        (home / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    run(home)
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "home"))


def run(home: Path, *, resume: bool = False) -> Run:
    """The verdict is then newer than the program, whoever may be at work on it."""
    done = runner.run(config.load(home / "bench.yaml"), home / "out", resume=resume)
    os.utime(home / "out" / "verdict.json", (LATER, LATER))
    return done


def looks(folder: Path) -> dict[str, tuple[int, int]]:
    """When which file was written, but for the verdict."""
    files = (path for path in folder.iterdir() if path.name != "verdict.json")
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in files}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("resume", [False, True])
def test_nothing_is_computed_or_written_again(home: Path, monkeypatch: pytest.MonkeyPatch, resume: bool) -> None:
    import pandas as pd

    before, first = looks(home / "out"), runner.load(home / "out")
    monkeypatch.setitem(sys.modules, "of_no_file", ModuleType("of_no_file"))
    monkeypatch.setattr(sys.modules["of_no_file"], "__file__", "_ops.py", raising=False)  # as torch.ops has it
    for name in ("measure", "conclude", "publish", "build"):
        monkeypatch.setattr(runner, name, lambda *_, name=name, **__: pytest.fail(f"{name} was called"))
    again = run(home, resume=resume)
    assert looks(home / "out") == before
    assert again.facts() == first.facts()
    assert again.key == first.key
    pd.testing.assert_frame_equal(again.rows, first.rows)


def rewritten(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(out: Path) -> None:
        text = (out / name).read_text("utf-8")
        assert old in text
        (out / name).write_text(text.replace(old, new), "utf-8")

    return change


def forged(out: Path) -> None:
    """verdict.json with another verdict, which fits the reports that are there."""
    told = json.loads((out / "run.json").read_text("utf-8")) | {"status": "pass", "reasons": []}
    with Journal(out, write=False) as journal:
        names = ("junit.xml", "rows.csv", "run.json", "summary.csv")
        written = {name: Written(sha256_of(out / name), ("en", "zh")) for name in names}
        (out / "verdict.json").write_text(verdict_of(told, journal.head, written), "utf-8")


def linked(out: Path) -> None:
    (out / "summary.csv").rename(out.parent / "elsewhere")
    (out / "summary.csv").symlink_to(out.parent / "elsewhere")


TAMPERS: dict[str, Callable[[Path], object]] = {
    "report": rewritten("rows.csv", "lid", "lip"),
    "facts": rewritten("run.json", "finished", "perished"),
    "status": rewritten("verdict.json", '"status": "', '"status": "un'),
    "languages": rewritten("verdict.json", '"en"', '"zh"'),
    "forged": forged,
    "link": linked,
    "lost": lambda out: (out / "junit.xml").unlink(),
    "unjudged": lambda out: (out / "verdict.json").unlink(),
    "more": lambda out: (out / "report.html").write_text("of another run", "utf-8"),
    "print": lambda out: (out / "report.en.pdf").write_text("of another run", "utf-8"),
    "program": lambda out: os.utime(out / "verdict.json", (0, 0)),
}


@pytest.mark.parametrize("tamper", TAMPERS)
def test_what_was_changed_is_made_again(home: Path, tamper: str) -> None:
    """The last: everything of the program is newer than the verdict."""
    expected, before = contents(home / "out"), looks(home / "out")["summary.csv"]
    TAMPERS[tamper](home / "out")
    run(home)
    assert contents(home / "out") == expected
    assert not (home / "out" / "summary.csv").is_symlink()
    assert looks(home / "out")["summary.csv"] != before


@pytest.mark.parametrize(("old", "new"), [
    ("[en, zh]", "[zh, en]"),
    ("junit]", "junit], edition: public"),
    ("csv, json", "json"),
    ("json, junit", "json, junit, markdown"),
    ("diversity]", "diversity, readability]"),
], ids=["languages", "edition", "fewer", "more", "scorers"])  # fmt: skip
def test_another_bench_is_told_as_it_asks(home: Path, old: str, new: str) -> None:
    before = looks(home / "out")["run.json"]
    (home / "bench.yaml").write_text(BENCH.replace(old, new), "utf-8")
    run(home)
    told = looks(home / "out")
    assert told["run.json"] != before
    run(home)
    assert looks(home / "out") == told, "it was told as it asks, and is told again"


def test_what_computes_the_numbers_was_replaced(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[TERMS], "versions", lambda: {**versions(), "pandas": "99.0"})
    assert run(home).versions["pandas"] == "99.0"


def test_a_waiver_runs_out(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(home).exit_code == 0
    monkeypatch.setattr(sys.modules[TERMS], "today", lambda: "3000-01-01")
    assert run(home).exit_code == 1


def test_files_that_others_may_read_are_closed_again(home: Path) -> None:
    (home / "bench.yaml").write_text(BENCH.replace("junit]", "junit], edition: internal"), "utf-8")
    run(home)
    (home / "out" / "rows.csv").chmod(0o644)
    run(home)
    assert (home / "out" / "rows.csv").stat().st_mode & 0o777 == 0o600


def test_a_record_behind_the_end_of_the_journal(home: Path) -> None:
    with Journal(home / "out") as journal:
        journal.append([{"kind": "round", "prompts": 12}])
    before = (home / "out" / NAME).read_bytes()
    run(home)
    assert (home / "out" / NAME).read_bytes() != before


def test_errors_are_kept_but_for_resume(home: Path) -> None:
    """One answer is an error: there was none to replay."""
    answers = (home / "answers.jsonl").read_text("utf-8").splitlines(keepends=True)
    (home / "answers.jsonl").write_text("".join(answers[:-1]), "utf-8")
    shutil.rmtree(home / "out")
    assert "error" in set(run(home).rows["outcome"])
    before = looks(home / "out")
    run(home)
    assert looks(home / "out") == before
    run(home, resume=True)
    assert looks(home / "out")["run.json"] != before["run.json"]
