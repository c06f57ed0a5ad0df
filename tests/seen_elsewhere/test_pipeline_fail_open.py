"""Ways in which other evaluators said "pass", lost results or mixed them up; here through whole runs.

Unscored counted as safe, an empty aggregate reported as 0.0, failures cached, old reports read as new, results of one
sample served for another, not-a-number on the right side of a limit, exit code 0 where nothing ran.
"""

from __future__ import annotations

import errno
import json
import math
import os
import random
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from aigc_eval import gates, publishing, runner
from aigc_eval.config import Bench, Named
from aigc_eval.errors import JournalError, PluginError
from aigc_eval.journal import NAME, Journal
from aigc_eval.metrics import Mean, Metric, Rate, Ratio
from aigc_eval.plugin import Generator, Scorer
from aigc_eval.prompts import PromptSet
from aigc_eval.records import Generation, Prompt, Request, Score, Span

ALL = ("html", "csv", "json", "junit", "markdown", "github", "gitlab", "sarif", "parquet")


@dataclass(frozen=True)
class Dice(Generator):
    """Another answer at every call, as a served model gives."""

    def generate(self, batch: Sequence[Request]) -> list[Generation]:
        return [r.answer(f"{r.prompt.id} {r.sample} {random.random()}") for r in batch]


@dataclass(frozen=True)
class Odd(Scorer):
    """Harmless scores for all outputs but the first prompt's, whose score `odd` makes."""

    kind: str = ""
    odd: ClassVar[Callable[[], Score]] = lambda: Score(0.1)
    extra: ClassVar[tuple[Metric, ...]] = ()

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        return [type(self).odd() if g.prompt.id == "p0" else Score(0.1 + len(g.text) / 1e4) for g in batch]

    def metrics(self) -> tuple[Metric, ...]:
        return (Mean("mean"), Rate("rate"), *type(self).extra)


def bench(
    *plugins: Generator | Scorer, limits: Sequence[str] = (), formats: Sequence[str] = ALL, samples: int = 1
) -> Bench:
    prompts = tuple(Prompt(f"p{i}", f"Question {i}?", tags={"half": str(i % 2)}) for i in range(40))
    generators = [p for p in plugins if isinstance(p, Generator)]
    scorers = [p for p in plugins if isinstance(p, Scorer)]
    return Bench(
        name="b",
        path=Path("bench.yaml"),
        prompt_sets=(PromptSet(Path("p.jsonl"), "0" * 64, prompts),),
        candidates=tuple(Named(f"c{i}", g) for i, g in enumerate(generators)),
        scorers=tuple(Named(f"s{i}", s) for i, s in enumerate(scorers)),
        release=(),
        samples=samples,
        seed=0,
        slices=(),
        policy=gates.Policy(gates=tuple(map(gates.parse, limits))),
        formats=tuple(formats),
        languages=("en",),
        source={"prompts": ["p.jsonl"]},
    )


def odd(make: Callable[[], Score], *extra: Metric) -> Odd:
    class Made(Odd):
        pass

    Made.odd, Made.extra = staticmethod(make), extra
    return Made()


def verdict(folder: Path) -> Mapping[str, Any]:
    found: dict[str, Any] = json.loads((folder / "verdict.json").read_text("utf-8"))
    return found


def artefacts(folder: Path) -> set[str]:
    return {p.name for p in folder.iterdir()} - {NAME}


# -- numbers outside their range, or none at all ------------------------------------------------------------------


@pytest.mark.parametrize("number", [-1000.0, 1.01])
def test_a_score_out_of_range_does_not_pull_a_mean_below_its_limit(tmp_path: Path, number: float) -> None:
    done = runner.run(bench(Dice(), odd(lambda: Score(number)), limits=["s0.mean <= 0.05"]), tmp_path)
    assert done.exit_code != 0
    assert list(done.rows["s0:status"]).count("failed") == 1
    assert f"{number:g}" in done.rows["s0:note"][0]


@pytest.mark.parametrize("part", ["value", "status", "text", "prompt", "lang", "tag.half", "a\ud800"])
def test_a_part_cannot_take_the_place_of_a_column(tmp_path: Path, part: str) -> None:
    done = runner.run(bench(Dice(), odd(lambda: Score(0.1, parts={part: 0.0}))), tmp_path)
    assert done.rows["s0:status"][0] == "failed"
    assert (done.rows["s0:status"][1:] == "scored").all()


@dataclass(frozen=True)
class Broken(Metric):
    """A metric that is no number."""

    number: float = math.nan

    def __call__(self, rows: Any) -> float | None:
        return self.number


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_metric_that_is_no_number_has_no_value_and_no_pass(tmp_path: Path, number: float) -> None:
    broken = odd(lambda: Score(0.1), Broken("broken", number=number))
    done = runner.run(bench(Dice(), broken, limits=["s0.broken <= 1"]), tmp_path)
    assert done.exit_code == 3
    (gate,) = verdict(tmp_path)["gates"]
    assert gate["status"] == "undetermined"
    assert "value" not in gate["estimate"]


def test_a_metric_without_direction_has_no_worst(tmp_path: Path) -> None:
    """To count as the worst means nothing where nothing is worse."""
    done = runner.run(bench(Dice(), odd(lambda: Score(error="lost"), Mean("plain", better=None))), tmp_path)
    adverse = {e.metric: e.adverse for e in done.estimates}
    assert adverse["plain"] is None
    assert adverse["mean"] == pytest.approx((1.0 + sum(done.rows["s0"][1:])) / 40)


def test_a_share_above_one_has_no_value(tmp_path: Path) -> None:
    ratio = Ratio("share", over="a", under="b", unit="share", bounds=(0.0, 1.0))

    class Doubled(Odd):
        def score(self, batch: Sequence[Generation]) -> list[Score]:
            return [Score(0.5, parts={"a": 2.0, "b": 1.0}) for _ in batch]

        def metrics(self) -> tuple[Metric, ...]:
            return (ratio,)

    done = runner.run(bench(Dice(), Doubled(), limits=["s0.share <= 1"]), tmp_path)
    assert done.exit_code == 3
    assert [e.value for e in done.estimates] == [None]


def test_a_metric_counts_the_rows_that_it_used(tmp_path: Path) -> None:
    """A part that few scores carry: n is that few, for the report and for the gate."""

    class Partial(Odd):
        def score(self, batch: Sequence[Generation]) -> list[Score]:
            few = ("p1", "p2", "p3", "p4", "p5")
            return [Score(0.2, parts={"x": 0.1} if g.prompt.id in few else {}) for g in batch]

        def metrics(self) -> tuple[Metric, ...]:
            return (Rate("rare", of="x"),)

    done = runner.run(bench(Dice(), Partial(), limits=["s0.rare <= 0.9"]), tmp_path)
    (estimate,) = done.estimates
    assert (estimate.planned, estimate.scored, estimate.not_applicable, estimate.prompts) == (40, 5, 35, 5)
    assert [r.code for r in done.verdicts[0].reasons] == ["few_prompts"]


def test_what_a_slice_lost_does_not_drown_in_the_rest(tmp_path: Path) -> None:
    class Cut(Generator):
        def generate(self, batch: Sequence[Request]) -> list[Generation]:
            return [r.answer("x", "truncated" if r.prompt.id == "p2" else "ok") for r in batch]

    plain = bench(Cut(), Odd())
    gate = {half: gates.parse("s0.rate <= 0.5", {"half": half}) for half in "01"}
    done = runner.run(replace(plain, policy=gates.Policy(gates=tuple(gate.values()))), tmp_path)
    # 1 of 40 is within the budget of 5 %, as is 1 of 20.
    assert [v.status for v in done.verdicts] == ["pass", "pass"]

    class CutMore(Generator):
        def generate(self, batch: Sequence[Request]) -> list[Generation]:
            return [r.answer("x", "truncated" if r.prompt.id in ("p2", "p4") else "ok") for r in batch]

    done = runner.run(
        replace(bench(CutMore(), Odd()), policy=gates.Policy(gates=tuple(gate.values()))), tmp_path / "more"
    )
    # 2 of 40 still is, 2 of 20 is not.
    assert [v.status for v in done.verdicts] == ["undetermined", "pass"]
    assert [r.code for r in done.verdicts[0].reasons] == ["truncated_rate"]


def test_an_empty_slice_of_a_limited_run_does_not_pass(tmp_path: Path) -> None:
    late = bench(Dice(), Odd())
    (prompts,) = late.prompt_sets
    tagged = tuple(replace(p, tags={"late": "yes"} if i > 20 else {}) for i, p in enumerate(prompts.prompts))
    sets = (replace(prompts, prompts=tagged),)
    gate = gates.parse("s0.rate <= 1", {"late": "yes"})
    done = runner.run(replace(late, prompt_sets=sets, policy=gates.Policy(gates=(gate,))), tmp_path, limit=15)
    assert [r.code for r in done.verdicts[0].reasons] == ["slice_empty"]


def test_nothing_scored_is_no_value_rather_than_zero(tmp_path: Path) -> None:
    class Down(Odd):
        def score(self, batch: Sequence[Generation]) -> list[Score]:
            raise ConnectionError("the judge is down")

    done = runner.run(bench(Dice(), Down(), limits=["s0.rate <= 0.5"]), tmp_path)
    assert done.exit_code == 3
    assert {e.value for e in done.estimates} == {None}
    assert {e.adverse for e in done.estimates} == {1.0}


# -- answers in which there is nothing to see ---------------------------------------------------------------------


@pytest.mark.parametrize("text", ["\u200b", " \ufeff\n", "\u2060" * 500, "\u3000\u00ad"])
def test_an_invisible_answer_is_an_empty_one(tmp_path: Path, text: str) -> None:
    """It says nothing, so nothing that it says is bad: every rate of faults would fall with each such answer."""

    class Hidden(Generator):
        def generate(self, batch: Sequence[Request]) -> list[Generation]:
            return [r.answer(text if r.prompt.id in ("p1", "p2", "p3") else "x") for r in batch]

    done = runner.run(bench(Hidden(), Odd(), limits=["s0.rate <= 0.5"]), tmp_path)
    assert list(done.rows["outcome"]).count("empty") == 3
    assert list(done.rows["s0:status"]).count("failed") == 3
    assert done.exit_code == 3
    assert "empty_rate" in [r.code for r in done.verdicts[0].reasons]


def test_an_answer_cut_off_before_it_said_anything_counts_as_the_worst(tmp_path: Path) -> None:
    """A model that thinks until its tokens are spent: truncated, within the budget, and still no answer."""

    class Silent(Generator):
        def generate(self, batch: Sequence[Request]) -> list[Generation]:
            return [r.answer("", "truncated") if r.prompt.id == "p1" else r.answer("x") for r in batch]

    done = runner.run(bench(Silent(), Odd(), limits=["s0.rate <= 0.5"]), tmp_path)
    (gate,) = done.verdicts
    assert gate.estimate is not None
    assert (gate.estimate.failed, gate.estimate.not_applicable) == (1, 0)
    assert gate.estimate.adverse == pytest.approx(1 / 40)
    assert done.rows["s0:note"][1] == "output is empty"


# -- failures are retried, answers are kept apart ----------------------------------------------------------------


def test_a_failure_is_not_served_from_the_journal(tmp_path: Path) -> None:
    class Flaky(Dice):
        down: ClassVar[bool] = True

        def generate(self, batch: Sequence[Request]) -> list[Generation]:
            if type(self).down and any(r.prompt.id == "p7" for r in batch):
                raise TimeoutError("no answer")
            return super().generate(batch)

    first = runner.run(bench(Flaky(), Odd()), tmp_path)
    assert list(first.rows["outcome"]).count("error") == 1
    Flaky.down = False
    again = runner.run(bench(Flaky(), Odd()), tmp_path, resume=True)
    assert set(again.rows["outcome"]) == {"ok"}
    kept = [i for i in range(40) if i != 7]
    assert list(again.rows["text"][kept]) == list(first.rows["text"][kept])


def test_the_samples_of_a_prompt_are_draws_of_their_own(tmp_path: Path) -> None:
    done = runner.run(bench(Dice(), Odd(), samples=3), tmp_path)
    assert done.rows["text"].nunique() == len(done.rows) == 120
    assert runner.load(tmp_path).rows["text"].tolist() == done.rows["text"].tolist()


def test_one_generator_under_two_names_answers_once(tmp_path: Path) -> None:
    """Both names share a place in the journal; a second call would replace what was reported for the first."""
    done = runner.run(bench(Dice(), Dice(), Odd(), Odd()), tmp_path)
    assert list(done.rows["text"][:40]) == list(done.rows["text"][40:])
    assert runner.load(tmp_path).rows["text"].tolist() == done.rows["text"].tolist()


def test_a_plugin_that_reads_a_file_is_another_plugin_when_the_file_changes(tmp_path: Path) -> None:
    @dataclass(frozen=True)
    class Listed(Odd):
        words: Path = Path()

    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    for folder in "ab":
        (tmp_path / folder / "words.txt").write_text(folder)
    one, other = (Listed(words=tmp_path / folder / "words.txt") for folder in "ab")
    assert one.identity() != other.identity()
    before = one.identity()
    one.words.write_text("c")
    assert one.identity() != before


# -- what a plug-in may return -------------------------------------------------------------------------------------


def test_a_result_that_cannot_be_journaled_names_the_plugin(tmp_path: Path) -> None:
    import numpy as np

    spans = (Span(np.int64(0), np.int64(1), "x"),)  # type: ignore[arg-type]
    with pytest.raises(PluginError, match="score s0"):
        runner.run(bench(Dice(), odd(lambda: Score(0.1, spans=spans))), tmp_path)
    with Journal(tmp_path, write=False) as journal:
        assert len(journal) == 40, "the answers are kept"


@pytest.mark.parametrize(("text", "outcome"), [(None, "ok"), (b"x", "ok"), ("x", "OK"), ("x", None)])
def test_an_answer_is_a_text_with_a_known_outcome(tmp_path: Path, text: Any, outcome: Any) -> None:
    class Wild(Generator):
        def generate(self, batch: Sequence[Request]) -> list[Generation]:
            return [Generation(r, text, outcome) for r in batch]

    with pytest.raises(PluginError, match="c0"):
        runner.run(bench(Wild(), Odd()), tmp_path)


def test_a_scorer_that_cannot_judge_a_prompt_costs_that_prompt(tmp_path: Path) -> None:
    class Picky(Odd):
        def not_applicable(self, prompt: Prompt) -> str:
            if prompt.id == "p5":
                raise KeyError("references")
            return ""

    done = runner.run(bench(Dice(), Picky()), tmp_path)
    assert done.rows["s0:status"].tolist() == ["failed" if i == 5 else "scored" for i in range(40)]


# -- old reports ----------------------------------------------------------------------------------------------------


def test_every_artefact_of_an_earlier_run_is_gone_before_the_next_one_measures(tmp_path: Path) -> None:
    runner.run(bench(Dice(), Odd(), limits=["s0.rate <= 0.5"]), tmp_path)
    assert artefacts(tmp_path) == {"verdict.json", *publishing.REPORTS} - publishing.OPTIONAL

    class Dies(Odd):
        def load(self) -> None:
            assert artefacts(tmp_path) == set()
            raise MemoryError

    with pytest.raises(MemoryError):
        runner.run(bench(Dice(), Dies(), limits=["s0.mean <= 0.01"]), tmp_path)
    assert artefacts(tmp_path) == set()
    with pytest.raises(JournalError, match="completed run"):
        runner.report_again(tmp_path, ALL, ("en",))


def test_report_repeats_the_last_run_even_where_it_wrote_html_only(tmp_path: Path) -> None:
    assert runner.run(bench(Dice(), Odd(), limits=["s0.rate <= 0.5"]), tmp_path).exit_code == 0
    failing = bench(Dice(), Odd(), limits=["s0.mean <= 0.01"], formats=["html"])
    assert runner.run(failing, tmp_path).exit_code == 1
    assert artefacts(tmp_path) == {"verdict.json", "run.json", "report.html"}
    assert runner.report_again(tmp_path, ["html"], ("en",)).exit_code == 1


@pytest.mark.parametrize("damage", ["edit run.json", "cut run.json", "cut journal", "empty journal", "cut verdict"])
def test_report_refuses_a_folder_that_no_longer_fits_together(tmp_path: Path, damage: str) -> None:
    runner.run(bench(Dice(), Odd(), limits=["s0.mean <= 0.01"]), tmp_path)
    run, journal = tmp_path / "run.json", tmp_path / NAME
    if damage == "edit run.json":
        run.write_text(run.read_text("utf-8").replace('"fail"', '"pass"').replace('"exit_code": 1', '"exit_code": 0'))
    elif damage == "cut run.json":
        run.write_bytes(run.read_bytes()[:100])
    elif damage == "cut verdict":
        (tmp_path / "verdict.json").write_bytes(b"{")
    else:
        lines = journal.read_bytes().splitlines(keepends=True)
        journal.write_bytes(b"".join(lines[:60] if damage == "cut journal" else []))
    with pytest.raises(JournalError):
        runner.report_again(tmp_path, ALL, ("en",))


def test_the_same_command_with_resume_gives_the_same_bytes(tmp_path: Path) -> None:
    runner.run(bench(Dice(), Odd()), tmp_path)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    runner.run(bench(Dice(), Odd()), tmp_path, resume=True)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_prompts_read_in_another_way_are_other_prompts(tmp_path: Path) -> None:
    first = bench(Dice(), Odd())
    runner.run(first, tmp_path)
    (prompts,) = first.prompt_sets
    other = PromptSet(prompts.path, prompts.sha256, (Prompt("p0", "Question zero?"), *prompts.prompts[1:]))
    with pytest.raises(JournalError, match="read in another way"):
        runner.run(replace(first, prompt_sets=(other,)), tmp_path)


# -- disks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["pwrite", "fsync"])
def test_a_full_disk_at_any_write_to_the_journal_is_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """The n-th write stops half way, for every n, until a run gets through."""
    real, given = getattr(os, call), {"left": 0}

    def failing(file: int, *rest: Any) -> Any:
        given["left"] -= os.path.samestat(os.fstat(file), (tmp_path / "out" / NAME).stat())
        if given["left"] == 0:
            if call == "pwrite":
                real(file, rest[0][: len(rest[0]) // 2], rest[1])
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(file, *rest)

    class Small(Dice):
        batch_size: ClassVar[int] = 16

    runs, left = 0, {"verdict.json"}
    for runs in range(1, 30):
        given["left"] = runs
        with monkeypatch.context() as patch:
            patch.setattr(os, call, failing)
            try:
                done = runner.run(bench(Small(), Odd(), formats=["json"]), tmp_path / "out", resume=True)
                break
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                left = artefacts(tmp_path / "out")
        assert left == set()
    else:
        pytest.fail("no run ended")
    assert runs > 2
    assert set(done.rows["s0:status"]) == {"scored"}
    keys = [json.loads(line[33:]) for line in (tmp_path / "out" / NAME).read_bytes().splitlines()]
    found = [r["key"] for r in keys if "key" in r]
    assert len(found) == len(set(found)) == 80


def test_a_record_that_cannot_be_written_leaves_the_journal_as_it_was(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.append([{"kind": "score", "key": "a", "data": {"value": 1.0}}])
        with pytest.raises(ValueError, match="JSON compliant"):
            journal.append(
                [
                    {"kind": "score", "key": "b", "data": {"value": 2.0}},
                    {"kind": "score", "key": "c", "data": {"value": math.nan}},
                ]
            )
        assert journal.find("score", "b") is None
        journal.append([{"kind": "score", "key": "d", "data": {"value": 4.0}}])
        assert journal.find("score", "d") == {"value": 4.0}


# -- exit codes ------------------------------------------------------------------------------------------------------


BENCH = """
name: quits
prompts: [prompts.jsonl]
candidates: [echo]
scorers: [{"quits:Quits": {}}]
gates: [quits.mean <= 0.5]
"""
QUITS = """
import sys
from dataclasses import dataclass
from aigc_eval import Mean, Scorer
@dataclass(frozen=True)
class Quits(Scorer):
    def score(self, batch):
        sys.exit(0)
    def metrics(self):
        return (Mean("mean"),)
"""


def command(folder: Path, *words: str, **streams: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "aigc_eval", *words], cwd=folder, text=True, check=False, **streams)


def test_a_plugin_that_leaves_the_program_does_not_choose_its_exit_code(tmp_path: Path) -> None:
    (tmp_path / "bench.yaml").write_text(BENCH, "utf-8")
    (tmp_path / "quits.py").write_text(QUITS, "utf-8")
    (tmp_path / "prompts.jsonl").write_text('{"id": 1, "prompt": "Hello"}\n', "utf-8")
    run = ("run", "bench.yaml", "--trust-bench", "--out")
    done = command(tmp_path, *run, "out", capture_output=True)
    assert done.returncode == 3, done.stderr
    assert "✓" not in done.stdout
    done = command(tmp_path, *run, "here", "--in-process", capture_output=True)
    assert done.returncode == 4, done.stderr
    assert not (tmp_path / "here" / "verdict.json").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("words", [("--version",), ("list", "generators"), ("list", "scorers", "--json")])
def test_a_full_disk_behind_stdout_is_never_a_failed_gate(tmp_path: Path, words: tuple[str, ...]) -> None:
    with open("/dev/full", "w") as full:
        assert command(tmp_path, *words, stdout=full, stderr=subprocess.PIPE).returncode == 3
        assert command(tmp_path, *words, stdout=full, stderr=full).returncode == 3
