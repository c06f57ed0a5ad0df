"""Seen elsewhere: finished work that was lost, overwritten or done again; and calls that were not tried again."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from aigc_eval import runner
from aigc_eval.calls import Limits, call_all
from aigc_eval.config import Named
from aigc_eval.errors import CallError, JournalError
from aigc_eval.journal import NAME, Journal
from aigc_eval.records import Generation, Request
from tests.seen_elsewhere.small import Marked, Says, bench, command, write

DYING = """
import os, signal
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from aigc_eval.plugin import Generator
@dataclass(frozen=True)
class Dying(Generator):
    batch_size: ClassVar[int] = 1
    def generate(self, batch):
        left = Path("left")
        if int(left.read_text()) == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left.write_text(str(int(left.read_text()) - 1))
        with open("asked", "a") as asked:
            asked.write(batch[0].prompt.id + "\\n")
        return [batch[0].answer("answer " + batch[0].prompt.id)]
"""


@pytest.mark.slow
def test_a_retry_that_is_killed_early_takes_nothing_away(tmp_path: Path) -> None:
    """inspect_ai PR 4933: a retry killed early left an empty newest log, all samples ran again and the first ones were
    deleted; 913: runs that were killed for their memory were not retried."""
    write(tmp_path, {"candidates": [{"dying:Dying": {}}], "scorers": ["fluency"]}, 12, dying__py=DYING)
    words = ("run", "bench.yaml", "--out", "out", "--trust-bench")
    for left, more, code in [(7, (), -9), (0, ("--resume",), -9), (99, (), 2), (99, ("--resume",), 0)]:
        (tmp_path / "left").write_text(str(left))
        done = command(tmp_path, *words, *more)
        assert done.returncode == code, done.stderr
        if code == 2:
            assert "unfinished" in done.stderr
    assert Counter((tmp_path / "asked").read_text().split()) == dict.fromkeys((f"p{i}" for i in range(12)), 1)
    rows = runner.load(tmp_path / "out").rows
    assert rows["text"].tolist() == [f"answer p{i}" for i in range(12)]


class Counting(Says):
    """Counts its calls; stops the run at one of them."""

    calls: ClassVar[int] = 0
    stop_at: ClassVar[int] = 10**9
    batch_size: ClassVar[int] = 1

    def generate(self, batch: Sequence[Request]) -> list[Generation]:
        type(self).calls += 1
        if type(self).calls >= type(self).stop_at:
            raise KeyboardInterrupt
        if batch[0].prompt.id in self.outcomes:
            raise ConnectionError("not now")
        return [batch[0].answer(f"call {type(self).calls}")]


def test_another_run_in_the_same_second_overwrites_nothing(tmp_path: Path) -> None:
    """inspect_ai PR 3837: of two runs in the same second, the second overwrote the log of the first, which failed."""

    class Own(Counting):
        calls, stop_at = 0, 20

    with pytest.raises(KeyboardInterrupt):
        runner.run(bench(Own()), tmp_path)
    before = (tmp_path / NAME).read_bytes()
    Own.stop_at = 10**9
    with pytest.raises(JournalError, match="unfinished"):
        runner.run(bench(Own()), tmp_path)
    with pytest.raises(JournalError, match="other"):
        runner.run(bench(Own(otherwise="x")), tmp_path, resume=True)
    assert (tmp_path / NAME).read_bytes() == before
    assert bench(Own()).identity() != bench(Own(otherwise="x")).identity()


def test_a_folder_has_one_writer(tmp_path: Path) -> None:
    """pytest 10607: two runs wrote one file at once, and it could not be read."""
    runner.run(bench(Says()), tmp_path)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    with Journal(tmp_path), pytest.raises(JournalError, match="writing here"):
        runner.run(bench(Says()), tmp_path, resume=True)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_what_counts_as_done_is_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """inspect_ai's sample buffer has synchronous=OFF; SQLite's WAL with NORMAL may roll back after a power cut."""
    synced = {"lines": 0}
    real = os.fsync

    def counted(file: int) -> None:
        real(file)
        if os.path.samestat(os.fstat(file), (tmp_path / NAME).stat()):
            synced["lines"] = (tmp_path / NAME).read_bytes().count(b'"kind":"generation"')

    monkeypatch.setattr(os, "fsync", counted)
    told = []

    class Own(Counting):
        calls = 0

    def progress(stage: str, done: int, total: int, errors: int) -> None:
        if stage == "generate c0":
            told.append((done, synced["lines"]))

    runner.run(bench(Own()), tmp_path, progress=progress)
    assert len(told) > 40
    assert all(done <= lines for done, lines in told), told


def test_errors_are_replaced_by_results_and_by_nothing_else(tmp_path: Path) -> None:
    """promptfoo --retry-errors: old errors are removed only after the retry has succeeded."""

    class Own(Counting):
        calls = 0

    failing = {f"p{i}": "error" for i in (3, 30)}
    given = bench(Own(outcomes=failing), limits=["s0.rate <= 0.5"])  # type: ignore[arg-type]
    first = runner.run(given, tmp_path)
    assert first.rows["outcome"].tolist().count("error") == 2
    Own.stop_at = Own.calls + 2  # the second of the two retries is interrupted
    with pytest.raises(KeyboardInterrupt):
        runner.run(given, tmp_path, resume=True)
    assert not (tmp_path / "verdict.json").exists()
    with Journal(tmp_path, write=False) as journal:
        assert len(journal) == 80, "forty answers, two of them errors, and forty scores"
    Own.stop_at = 10**9
    last = runner.run(given, tmp_path, resume=True)
    kept = [i for i in range(40) if i not in (3, 30)]
    assert last.rows["text"][kept].tolist() == first.rows["text"][kept].tolist()


@pytest.mark.parametrize("attempts", [1, 2, 3])
def test_as_many_attempts_are_made_as_were_asked_for(attempts: int) -> None:
    """inspect_ai: with max_retries=1 nothing was ever tried again."""
    asked: list[str] = []

    def call(item: str) -> str:
        asked.append(item)
        if asked.count(item) < 3:
            raise CallError("server", "status 503", again=True)
        return item

    limits = Limits(attempts=attempts, backoff=0.001, longest_wait=0.01, concurrency=1)
    ended = [e for group in call_all(call, ["a", "b"], limits) for e in group]
    assert Counter(asked) == {"a": attempts, "b": attempts}
    assert [isinstance(e.result, CallError) for e in ended] == [attempts < 3] * 2


def test_finished_work_is_reported_again_without_a_call(tmp_path: Path) -> None:
    """inspect_ai: a retried set re-ran what was finished; a completed run asks nobody and gives the same bytes."""

    class Own(Counting):
        calls = 0

    runner.run(bench(Own()), tmp_path)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    for resume in (False, True):
        runner.run(bench(Own()), tmp_path, resume=resume)
    assert Own.calls == 40
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_another_runs_results_are_taken_over_only_where_they_are_the_same(tmp_path: Path) -> None:
    """lm-evaluation-harness 4063 and promptfoo 8070 again, where one run takes answers over from another."""

    class Own(Counting):
        calls = 0

    first = bench(Own(outcomes={"p1": "error"}), Own(otherwise="other"), formats=["json"])
    runner.run(first, tmp_path / "a")
    asked = Own.calls
    again = bench(Own(outcomes={"p1": "error"}), Own(otherwise="third"), scorers=[Marked(mark="x")], formats=["json"])
    done = runner.run(again, tmp_path / "b", reuse=[tmp_path / "a"])
    assert Own.calls == asked + 1 + 40, "the error is asked again, and everything of the model that is new"
    (old, new) = (runner.load(tmp_path / name).rows for name in "ab")
    own = old["candidate"] == "c0"
    assert new["text"][own].tolist() == old["text"][own].tolist()
    assert not set(new["text"][~own]) & set(old["text"])
    assert done.rows["outcome"].tolist().count("error") == 1
    changed = replace(first.prompt_sets[0], sha256="1" * 64, prompts=tuple(
        replace(p, text=f"{p.text}!") for p in first.prompt_sets[0].prompts))  # fmt: skip
    asked = Own.calls
    runner.run(replace(first, prompt_sets=(changed,)), tmp_path / "c", reuse=[tmp_path / "a"])
    assert Own.calls == asked + 80


def test_a_journal_line_says_what_it_is_about(tmp_path: Path) -> None:
    """promptfoo 7606: an index of a test and a prompt was all that a result was known by."""
    given = replace(bench(Says({"p1": "bad"})), candidates=(Named("m", Says({"p1": "bad"})),))
    runner.run(given, tmp_path)
    lines = [json.loads(line[33:]) for line in (tmp_path / NAME).read_bytes().splitlines()]
    answers = [line for line in lines if line["kind"] == "generation"]
    assert len({line["key"] for line in answers}) == 40
    assert {line["data"]["prompt"]: line["data"]["text"] for line in answers}["p1"] == "bad"
    assert {line["data"]["candidate"] for line in answers} == {"m"}
