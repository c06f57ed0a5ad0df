"""Ways in which a run could pass although it must not, each of them once open."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from aigc_eval import config, runner, verify
from aigc_eval.errors import ConfigError, UsageError
from aigc_eval.evidence import expanded, findings
from aigc_eval.gates import Baseline, Gate, Policy, judge, parse
from aigc_eval.metrics import AnyPerPrompt, Metric, WorstPerPrompt
from aigc_eval.records import Run, Waiver
from aigc_eval.rejudging import rejudge
from aigc_eval.verify.replay import replay
from tests.seen_elsewhere.small import Marked, Says, bench, write

NOT_WORSE = parse("s0.rate not worse than baseline by 0.2")
BAD = Says(otherwise="bad")
HALF = Says({f"p{i}": "bad" for i in range(20)})


def codes(run: Run) -> list[str]:
    return [reason.code for reason in run.reasons]


def against(folder: Path, gates: Sequence[Gate] = (NOT_WORSE,)) -> Policy:
    return Policy(gates=tuple(gates), baseline=Baseline("", str(folder)))


def early(folder: Path, gate: str, seed: int, more: str = "") -> Run:
    """A run over two large groups and a small one, which may stop before it asks the small one anything."""
    rare = {f"p{i}": "bad" for i in range(3)}
    document = {
        "candidates": [{"name": "c", "generator": {"tests.seen_elsewhere.small:Says": {"texts": rare}}}],
        "scorers": [{"name": "s0", "scorer": "tests.seen_elsewhere.small:Marked"}],
        "policy": "policy.yaml",
        "seed": seed,
        "report": {"formats": ["json"]},
    }
    path = write(folder, document, policy__yaml=f"gates: ['{gate}']\nstop: when_decided\n{more}\n")
    lines = [
        json.dumps({"id": f"p{i}", "prompt": f"Question {i}?", "kind": "rare" if i < 3 else "ab"[i % 2]})
        for i in range(403)
    ]
    (folder / "prompts.jsonl").write_text("\n".join(lines), "utf-8")
    return runner.run(config.load(path, trust=True), folder / "out")


def by_kind(run: Run) -> dict[str, str]:
    return {v.gate.rpartition("=")[2].rstrip("]"): v.status for v in run.verdicts}


@pytest.mark.parametrize("seed", range(4))
def test_a_group_that_nobody_has_asked_does_not_pass(tmp_path: Path, seed: int) -> None:
    """A run that stops early may have met no prompt of a rare group, for which there was then no verdict at all."""
    run = early(tmp_path, "s0.rate <= 30 % for each kind", seed)
    assert (run.exit_code, by_kind(run)) == (3, {"a": "pass", "b": "pass", "rare": "undetermined"})
    assert verify.verify(tmp_path / "out", trust=True).unfit is None


def test_nor_does_it_when_the_run_is_judged_again(tmp_path: Path) -> None:
    run = early(tmp_path, "s0.rate <= 30 %", 0)
    assert set(run.rows["tag.kind"]) == {"a", "b"}, "with this seed a rare prompt is asked early: take another"
    other = tmp_path / "other.yaml"
    other.write_text("gates: ['s0.rate <= 40 % for each kind']\n", "utf-8")
    again = rejudge(tmp_path / "out", other, trust=True)
    assert (again.exit_code, by_kind(again)) == (3, {"a": "pass", "b": "pass", "rare": "undetermined"})
    assert verify.verify(tmp_path / "out", trust=True).unfit is None


def test_a_candidate_up_for_release_that_no_gate_looks_at(tmp_path: Path) -> None:
    gate = parse("s0.rate <= 30 %", candidates=["c0"])
    run = runner.run(bench(Says(), BAD, release=("c1",), limits=[gate], formats=["json"]), tmp_path)
    assert (run.exit_code, run.release) == (3, False)
    assert run.reasons[-1].to_json() == {"code": "unjudged", "figures": {"candidate": "c1"}}


def test_one_that_the_others_are_compared_with_needs_no_gate(tmp_path: Path) -> None:
    policy = Policy(gates=(NOT_WORSE,), baseline=Baseline("c0"))
    run = runner.run(bench(Says(), Says(), release=("c0", "c1"), policy=policy, formats=["json"]), tmp_path)
    assert run.exit_code == 0
    alone = replace(policy, gates=(parse(NOT_WORSE.text, candidates=["c1"]),))
    run = runner.run(bench(Says(), Says(), release=("c0",), policy=alone, formats=["json"]), tmp_path / "other")
    assert codes(run)[-1] == "unjudged"


def test_a_baseline_that_lacks_the_scorer(tmp_path: Path) -> None:
    """It was a KeyError."""
    runner.run(bench(Says(), scorers=[], formats=["json"]), tmp_path / "old")
    run = runner.run(bench(Says(), policy=against(tmp_path / "old"), formats=["json"]), tmp_path / "new")
    assert run.exit_code == 3
    assert "s0: not in old" in str(run.verdicts[0].reasons[0].figures["differences"])


def test_another_scorer_that_has_changed_is_nothing_to_a_gate(tmp_path: Path) -> None:
    gates = (NOT_WORSE, parse("s1.rate not worse than baseline by 0.2"))
    runner.run(bench(Says(), scorers=[Marked(), Marked()], formats=["json"]), tmp_path / "old")
    now = bench(Says(), scorers=[Marked(), Marked(mark="evil")], policy=against(tmp_path / "old", gates))
    run = runner.run(now, tmp_path / "new")
    assert [v.status for v in run.verdicts] == ["pass", "undetermined"]
    assert run.verdicts[1].reasons[0].code == "incomparable"


def test_a_run_is_not_its_own_baseline(tmp_path: Path) -> None:
    runner.run(bench(BAD, formats=["json"]), tmp_path)
    with pytest.raises(UsageError, match="is the run itself"):
        runner.run(bench(BAD, policy=against(tmp_path)), tmp_path)
    assert (tmp_path / "verdict.json").exists()


def test_a_baseline_that_is_not_there_costs_no_report(tmp_path: Path) -> None:
    runner.run(bench(BAD, formats=["json"]), tmp_path / "run")
    with pytest.raises(Exception, match="run"):
        runner.run(bench(BAD, policy=against(tmp_path / "none")), tmp_path / "run")
    assert (tmp_path / "run" / "verdict.json").exists()


def test_a_baseline_that_is_replaced_after_the_answers_is_told(tmp_path: Path) -> None:
    """With a worse one in its place the same run passes."""
    runner.run(bench(Says(), formats=["json"]), tmp_path / "good")
    runner.run(bench(HALF, formats=["json"]), tmp_path / "worse")
    link = tmp_path / "baseline"
    link.symlink_to(tmp_path / "good")
    now = bench(HALF, policy=against(link), formats=["json"])
    assert runner.run(now, tmp_path / "run").exit_code == 1
    link.unlink()
    link.symlink_to(tmp_path / "worse")
    run = runner.run(now, tmp_path / "run")
    assert (run.exit_code, codes(run)) == (0, ["gates_pass", "policy_changed"])
    assert replay(tmp_path / "run").terms["policy_since"] == 40
    assert codes(runner.run(now, tmp_path / "run"))[-1] == "policy_changed"


def test_no_environment_revives_a_waiver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Builds that want to be reproducible set SOURCE_DATE_EPOCH, often to a day long past."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "315532800")
    past = str(date.today() - timedelta(days=7))
    policy = Policy(gates=(parse("s0.rate <= 10 %"),), waivers=(Waiver("s0.rate <= 10 %", "Li Na", "soon", past),))
    run = runner.run(bench(BAD, policy=policy, formats=["json"]), tmp_path)
    assert run.exit_code == 1
    assert run.verdicts[-1].reasons[0].code == "waiver_expired"
    assert json.loads((tmp_path / "run.json").read_text("utf-8"))["created"].startswith("1980")


@pytest.mark.parametrize("name", ["worst", "any"])
def test_one_draw_that_does_not_apply_lowers_no_maximum(name: str) -> None:
    """The expected maximum of as many draws as the prompt with the fewest has: one prompt with one draw made it a mean.

    0.86 of five uniform numbers became 0.54.
    """
    rng = np.random.default_rng(0)
    values = rng.random((60, 5))
    values[0, 1:] = math.nan
    flat = values.ravel()
    rows = pd.DataFrame({
        "candidate": "c", "prompt": [f"p{i}" for i in np.repeat(np.arange(60), 5)], "sample": list(range(5)) * 60,
        "outcome": "ok", "s": flat, "s:status": np.where(np.isnan(flat), "na", "scored"),
    })  # fmt: skip
    metric: Metric = WorstPerPrompt("worst") if name == "worst" else AnyPerPrompt("any", at_least=0.7)
    (found,) = findings(parse(f"s.{name} <= 0.7"), metric, "c", rows, Policy())
    complete = values[1:].max(axis=1)
    expected = complete.mean() if name == "worst" else (complete >= 0.7).mean()
    assert found.estimate.value == pytest.approx(expected)
    assert judge(parse(f"s.{name} <= 0.7"), "c", [found], Policy()).status != "pass"


@pytest.mark.parametrize(
    ("gate", "scale", "what"),
    [
        ("s0.rate <= 1", "", "everything meets the limit 1 (write 1 % if that is meant)"),
        ("s0.rate <= 100 %", "", "everything meets the limit 1"),
        ("s0.rate grade >= Fair on g", "grades: {g: {reference: 0.4, steps: [Good <= 1 x, Fair <= 3 x, Poor]}}",
         "everything has the grade 'Fair' or a better one"),
        ("s0.rate grade >= Good on g", "grades: {g: {steps: [Good < 100 %, Poor]}}", "everything has the grade 'Good'"),
    ],
)  # fmt: skip
def test_a_limit_that_nothing_can_miss_is_a_mistake(tmp_path: Path, gate: str, scale: str, what: str) -> None:
    with pytest.raises(ConfigError) as found:
        early(tmp_path, gate, 0, scale)
    assert what.partition(" (")[0] in str(found.value)
    assert what.partition(" (")[2].rstrip(")") in str(found.value)


@pytest.mark.parametrize("gate", ["s0.rate <= 20 %", "s0.rate <= 30 % for each kind"])
def test_a_waiver_without_its_slice_is_told_at_once(tmp_path: Path, gate: str) -> None:
    """It was taken, never used, and failed the run for that."""
    first = "s0.rate <= 30 % for each kind', {gate: s0.rate <= 20 %, where: {kind: a}}, 's0.rate <= 50 %"
    waiver = "waivers: [{gate: '%s', owner: Li Na, reason: known, expires: '2999-01-01'}]"
    with pytest.raises(ConfigError, match=r"name the slice: .* \[kind="):
        early(tmp_path, first, 0, waiver % gate)
    named = f"{gate} [kind={'rare' if 'each' in gate else 'a'}]"
    assert early(tmp_path, first, 0, waiver % named).verdicts[-1].gate == f"waiver: {named}"  # nothing fails here


def test_prompts_without_the_tag_are_a_class_of_their_own() -> None:
    """`for each category` says that every class passes: what nobody has filed must not pass unseen."""
    rows = pd.DataFrame({"prompt": ["a", "b", "c"], "lang": "en", "tag.kind": ["x", "", "x"]})
    assert [g.where for g in expanded(parse("s.rate <= 5 % for each kind"), rows)] == [{"kind": ""}, {"kind": "x"}]
