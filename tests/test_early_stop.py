"""Whole runs that look while they go on: where they stop, what they then say, resumed, verified, judged again."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aigc_eval import config, runner, verify
from aigc_eval.conclusion import judged_by, measure
from aigc_eval.frames import build
from aigc_eval.gates import Policy, parse
from aigc_eval.journal import NAME
from aigc_eval.metrics import Mean, Metric, Rate
from aigc_eval.plugin import Generator, Scorer
from aigc_eval.records import Generation, Request, Run, Score, Verdict, digest
from aigc_eval.verify import Unfit
from aigc_eval.verify.replay import replay
from tests.test_verify import rechain, records

PROMPTS = 400
GATE = "bad.bad_rate <= 5 %"
BENCH = """
name: early
prompts: [prompts.jsonl]
candidates: [{name: one, generator: {"tests.test_early_stop:Sometimes": {rate: RATE}}}]
scorers: [{name: bad, scorer: "tests.test_early_stop:Bad"}]
slices: [kind]
policy: policy.yaml
report: {formats: [json, markdown]}
"""


class KilledError(BaseException):
    """As a kill would: not to be caught."""


@dataclass(frozen=True)
class Sometimes(Generator):
    """Bad answers to a share of the prompts, which their ids decide; none at all where the file `lost` is there."""

    rate: float = 0.0

    def generate(self, batch: Sequence[Request]) -> list[Generation]:
        with Path("calls").open("a") as calls:
            calls.writelines(f"{request.prompt.id}\n" for request in batch)
        if Path("kill").exists() and len(asked()) > 60:
            raise KilledError
        return [self._one(request) for request in batch]

    def _one(self, request: Request) -> Generation:
        bad = int(digest("bad", request.prompt.id)[:6], 16) / 16**6 < self.rate
        if bad and Path("lost").exists():
            return request.answer("", "error", error="server", detail="status 500")
        return request.answer("a bad answer" if bad else "a good answer")


@dataclass(frozen=True)
class Bad(Scorer):
    """Whether an answer says of itself that it is bad."""

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        return [Score(float("bad" in g.text)) for g in batch]

    def metrics(self) -> tuple[Metric, ...]:
        return Rate("bad_rate", better="lower"), Mean("badness", better="lower"), Mean("open", bounds=(0.0, 1e999))


def asked() -> list[str]:
    return Path("calls").read_text().split()


@pytest.fixture(autouse=True)
def _home(tmp_path: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(tmp_path)
    yield
    os.chdir(before)


def carry_out(rate: float, policy: str = f"stop: when_decided\ngates: ['{GATE}']", **options: Any) -> Run:
    """`kind` has two values in equal numbers, so that blocks are of two prompts."""
    lines = [{"id": f"p{i}", "prompt": f"Question {i}?", "kind": "ab"[i % 2]} for i in range(PROMPTS)]
    Path("prompts.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    Path("policy.yaml").write_text(policy + "\n", "utf-8")
    Path("bench.yaml").write_text(BENCH.replace("RATE", str(rate)), "utf-8")
    return runner.run(config.load(Path("bench.yaml"), trust=True), Path("out"), **options)


def only(run: Run) -> Verdict:
    (verdict,) = run.verdicts
    return verdict


def figures(run: Run, code: str) -> dict[str, Any]:
    found = [r for r in (*run.reasons, *(r for v in run.verdicts for r in v.reasons)) if r.code == code]
    return dict(found[0].figures) if found else {}


def test_a_clean_candidate_passes_after_a_quarter_of_the_prompts() -> None:
    run = carry_out(0.0)
    assert (run.status, run.exit_code, run.release) == ("pass", 0, True)
    assert figures(run, "decided") == {"prompts": 100}
    assert run.prompts == len(asked()) == 114
    assert figures(run, "stopped_early") == {"prompts": 114, "planned": PROMPTS, "saved": 1 - 114 / PROMPTS}
    estimate = only(run).estimate
    assert estimate is not None
    assert estimate.method == "anytime"
    assert estimate.high is not None
    assert estimate.high <= 0.05
    assert run.rows["tag.kind"].value_counts().to_dict() == {"a": 57, "b": 57}


def test_a_bad_candidate_fails_at_once() -> None:
    run = carry_out(0.5)
    assert (run.status, run.exit_code, run.prompts) == ("fail", 1, 50)
    assert figures(run, "decided")["prompts"] < 20


def test_one_near_the_limit_is_asked_everything_and_stays_undetermined() -> None:
    run = carry_out(0.045)
    assert (run.status, run.exit_code, run.prompts) == ("undetermined", 3, PROMPTS)
    assert not figures(run, "stopped_early")
    estimate = only(run).estimate
    assert estimate is not None
    assert estimate.method == "anytime"


def test_the_report_says_in_both_languages_that_looking_early_was_allowed() -> None:
    carry_out(0.0)
    said = Path("out/summary.md").read_text("utf-8")
    assert "stopped after 114 of 400 prompts" in said
    assert "saved 71.5" in said
    assert "Looking early was allowed" in said
    assert "允许中途查看" in said
    assert "decided after 100 prompts" in said


def test_a_run_fits_its_journal_and_is_read_back_and_reported_again() -> None:
    run = carry_out(0.0)
    told = verify.verify(Path("out"), trust=True)
    assert told.unfit is None
    again = runner.load(Path("out"))
    assert again.facts() == run.facts()
    assert len(again.rows) == 114
    done = len(asked())
    assert carry_out(0.0).facts() == run.facts()
    assert len(asked()) == done


def test_a_run_that_was_killed_goes_on_in_the_same_order_to_the_same_verdict() -> None:
    whole = carry_out(0.0)
    before = asked()
    Path("calls").unlink()
    Path("out").rename("whole")
    Path("kill").touch()
    with pytest.raises(KilledError):
        carry_out(0.0)
    Path("kill").unlink()
    Path("calls").unlink()
    run = carry_out(0.0, resume=True)
    assert set(asked()) <= set(before)
    assert (run.prompts, run.status) == (whole.prompts, "pass")
    assert run.verdicts == whole.verdicts
    assert verify.verify(Path("out"), trust=True).unfit is None


@pytest.mark.parametrize("rate", [0.02, 0.2])
def test_answers_that_get_lost_never_make_the_verdict_better(rate: float) -> None:
    """All bad answers become errors: within the error budget or not, the gate must not pass for that."""
    policy = f"stop: when_decided\ngates: ['{GATE}']\nbudgets: {{error: 1}}\ncoverage: 0.5"
    honest = carry_out(rate, policy)
    Path("lost").touch()
    Path("out").rename("honest")
    run = carry_out(rate, policy)
    assert run.status != "fail"
    order = ("fail", "undetermined", "pass")
    if honest.status != "pass":
        assert order.index(run.status) <= order.index("undetermined")
    assert figures(run, "decided").get("prompts", PROMPTS) >= figures(honest, "decided").get("prompts", 0)


@pytest.mark.parametrize(
    ("gates", "by"),
    [
        ("bad.open <= 0.5", "bad.open <= 0.5"),
        ("bad.bad_rate parity kind within 0.2", "bad.bad_rate parity kind within 0.2"),
    ],
)
def test_a_gate_that_needs_all_prompts_keeps_the_run_going_and_is_named(gates: str, by: str) -> None:
    run = carry_out(0.0, f"stop: when_decided\ngates: ['{GATE}', '{gates}']")
    assert run.prompts == PROMPTS
    assert figures(run, "no_early_stop") == {"gate": by}
    assert run.verdicts[0].estimate is not None
    assert run.verdicts[0].estimate.method.startswith("clopper-pearson")
    assert list(run.rows["prompt"][:3]) == ["p0", "p1", "p2"]


def test_slices_are_decided_each_and_needed_prompts_are_waited_for() -> None:
    run = carry_out(0.0, f"stop: when_decided\ngates: ['{GATE} for each kind']")
    assert (run.status, run.prompts) == ("pass", 258)
    assert [r.figures["prompts"] for v in run.verdicts for r in v.reasons if r.code == "decided"] == [198, 198]


def test_a_slice_that_must_be_large_is_waited_for() -> None:
    needed = "required_slices: [{where: {kind: a}, min_prompts: 150}]"
    run = carry_out(0.0, f"stop: when_decided\ngates: ['{GATE}']\n{needed}")
    assert run.status == "pass"
    assert run.prompts == 388


def test_a_run_that_has_looked_stays_one_that_has_looked() -> None:
    """Without `stop` it goes on to the end, and is still judged by bounds that hold at every look."""
    carry_out(0.0)
    run = carry_out(0.0, f"gates: ['{GATE}']")
    assert run.prompts == PROMPTS
    assert len(asked()) == PROMPTS
    assert run.verdicts[0].estimate is not None
    assert run.verdicts[0].estimate.method == "anytime"
    assert figures(run, "policy_changed") == {"n": 114}
    assert verify.verify(Path("out"), trust=True).unfit is None


def test_a_stopped_sample_says_nothing_certain_about_a_gate_that_could_not_look() -> None:
    carry_out(0.0)
    found = replay(Path("out"))
    other = Policy(gates=(parse("bad.open <= 0.5"), parse(GATE)))
    terms = {**found.terms, **judged_by(other, found.terms, found.planned)}
    verdicts = measure(terms, build(found.answers, found.scores), "bad", Bad()).verdicts
    assert [v.status for place in (0, 1) for v in verdicts[place]] == ["undetermined", "pass"]
    assert verdicts[0][0].reasons[0].code == "stopped_for_others"


def test_a_run_that_was_asked_all_at_once_is_not_cut_into_rounds_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its order is random, since it was begun to stop early, but it was killed before its first round."""

    def killed(*_: object) -> list[int]:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(runner, "rounds", killed)
        with pytest.raises(KilledError):
            carry_out(0.0)
    assert carry_out(0.0, f"gates: ['{GATE}']").prompts == PROMPTS
    assert carry_out(0.0).prompts == PROMPTS
    assert verify.verify(Path("out"), trust=True).unfit is None


def test_an_old_run_in_the_order_of_its_files_does_not_look() -> None:
    carry_out(0.0, f"gates: ['{GATE}']")
    run = carry_out(0.0)
    assert run.prompts == PROMPTS
    assert any(r.code == "no_early_order" for r in run.reasons)


def forged(change: str) -> None:
    changed = records(Path("out"))
    at = [i for i, r in enumerate(changed) if r["kind"] == "round"]
    if change == "dropped":
        del changed[at[0]]
    elif change == "larger":
        changed[at[-1]]["prompts"] = PROMPTS
    elif change == "inside a block":
        changed[at[0]]["prompts"] = 51
    elif change == "twice":
        changed.insert(at[0], changed[at[0]])
    elif change == "order":
        prompts = [i for i, r in enumerate(changed) if r["kind"] == "prompt"]
        changed[prompts[0]], changed[prompts[1]] = changed[prompts[1]], changed[prompts[0]]
    elif change == "drawn":
        changed[0]["drawn"]["every"] = 1
    elif change == "undrawn":
        del changed[0]["drawn"]
    rechain(Path("out"), changed)


@pytest.mark.parametrize("change", ["dropped", "larger", "inside a block", "twice", "order", "drawn", "undrawn"])
def test_forged_rounds_and_orders_are_found(change: str) -> None:
    carry_out(0.0)
    forged(change)
    with pytest.raises(Unfit):
        replay(Path("out"))
    assert (Path("out") / NAME).exists()
