"""Seen elsewhere: a gate that opened, or an exit code 0, where nothing good had been measured."""

from __future__ import annotations

import ast
import itertools
import json
import math
import os
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from aigc_eval import config, gates, registry, runner
from aigc_eval.errors import NothingToEvaluate
from aigc_eval.metrics import AnyPerPrompt, Mean, Metric, Rate, Ratio, WorstPerPrompt
from aigc_eval.records import Generation, Score
from aigc_eval.scorers.cost.quantile import Quantile
from tests.contract.test_plugins import RECIPES
from tests.seen_elsewhere.small import Marked, Says, bench, command, prompts, verdict, write

ROOT = Path(runner.__file__).parent
MODEL_FREE = sorted(registry.entries("scorer").keys() - RECIPES.keys())


@pytest.mark.parametrize("broken", [1, 5, 20, 36])
@pytest.mark.parametrize("better", ["lower", "higher"])
def test_answers_that_break_the_judge_do_not_improve_the_rate(tmp_path: Path, broken: int, better: str) -> None:
    """garak PR 1954, ragas PR 2832, 2818: None or NaN left the denominator; a true 0.50 was reported as 0.90."""
    op, limit, worst = ("<=", 0.3, "bad") if better == "lower" else (">=", 0.7, "good")
    other = {"bad": "good", "good": "bad"}[worst]
    honest = Says({f"p{i}": worst for i in range(36)}, otherwise=other)
    crooked = Says({f"p{i}": "break" if i < broken else worst for i in range(36)}, otherwise=other)
    given = bench(honest, crooked, scorers=[Marked(better)], limits=[f"s0.{m} {op} {limit}" for m in ("rate", "mean")])
    done = runner.run(given, tmp_path)
    assert done.exit_code == 3
    assert {(v.candidate, v.status) for v in done.verdicts} == {("c0", "fail"), ("c1", "undetermined")}
    bound = {(e.candidate, e.metric): e.adverse for e in done.estimates}
    for metric in ("rate", "mean", "worst", "any"):
        assert bound["c1", metric] == pytest.approx(bound["c0", metric])


@pytest.mark.parametrize(("broken", "status"), [(0, "pass"), (5, "undetermined")])
def test_a_few_answers_that_break_the_judge_count_as_the_worst(tmp_path: Path, broken: int, status: str) -> None:
    """The same, where they are too few to be missed: five in a thousand, at a limit of six in a thousand."""
    crooked = Says({f"p{i}": "break" for i in range(broken)})
    done = runner.run(bench(crooked, limits=["s0.rate <= 0.6 %"], given=prompts(1000), formats=["json"]), tmp_path)
    (gate,) = done.verdicts
    assert gate.status == status
    assert [r.code for r in gate.reasons] == (["adverse"] if broken else ["meets"])


def test_an_empty_aggregate_is_no_value_in_any_scorer(tmp_path: Path) -> None:
    """inspect_ai scorer/_metrics/mean.py: the mean of no scores was 0.0, which for toxicity is perfect."""
    records = [
        {"id": f"p{i}", "prompt": "Who?", "references": ["x"], "evidence": ["x y z"], "choices": ["x", "y"],
         "expected": "comply", "fields": {"canary": "12-34-56-78"}}
        for i in range(12)
    ]  # fmt: skip
    scorers = [name for name in MODEL_FREE if name != "counterfactual"]  # it needs prompts with variants
    path = write(tmp_path, {"candidates": [{"tests.seen_elsewhere.small:Dead": {}}], "scorers": scorers})
    (tmp_path / "prompts.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records), "utf-8")
    done = runner.run(config.load(path, trust=True), tmp_path / "out")
    assert set(done.rows["outcome"]) == {"error"}
    assert len(done.estimates) > 40
    # Of twelve calls twelve failed and none was cut off: the only two numbers that there are.
    found = {(e.name, e.value) for e in done.estimates if e.value is not None}
    assert found == {("cost.error_rate", 1.0), ("cost.truncation_rate", 0.0)}


def test_nothing_divided_by_nothing_passes_no_gate(tmp_path: Path) -> None:
    """promptfoo src/commands/eval.ts: 0/0 was NaN, `NaN < threshold` is false, and an empty run exited 0."""

    class Empty(Marked):
        def score(self, batch: list[Generation]) -> list[Score]:  # type: ignore[override]
            return [Score(0.0, parts={"hits": 0.0, "words": 0.0}) for _ in batch]

        def metrics(self) -> tuple[Metric, ...]:
            return (Ratio("share", over="hits", under="words", unit="share", bounds=(0.0, 1.0)),)

    done = runner.run(bench(Says(), scorers=[Empty()], limits=["s0.share <= 1", "s0.share >= 0"]), tmp_path)
    assert done.exit_code == 3
    assert {e.value for e in done.estimates} == {None}


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_meets_no_limit(number: float) -> None:
    """Python, and promptfoo before it: `not (nan > 0.1)` is True."""
    for limit in (-1e308, 0.0, 1e308):
        assert not gates.within(number, (None, limit))
        assert not gates.within(number, (limit, None))


def test_limits_are_compared_in_one_place_only() -> None:
    """The same: one comparison written the other way round is enough, so there is one function for all of them."""
    found = []
    judging = [ROOT / "gates" / name for name in ("judging.py", "requirements.py", "policy.py")]
    others = [ROOT / name for name in ("evidence.py", "conclusion/judging.py", "conclusion/concluding.py", "runner.py")]
    for path in [*judging, *others, *(ROOT / "cli").glob("*.py")]:
        for function in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(function, ast.FunctionDef):
                continue
            for node in ast.walk(function):
                ordered = isinstance(node, ast.Compare) and any(
                    isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE) for op in node.ops
                )
                if ordered and "limit" in ast.unparse(node):
                    found.append(f"{path.name}:{function.name}")
    assert found == []  # `within` speaks of zones


@pytest.mark.parametrize(
    "metric",
    [Mean("m", of="x"), Rate("m", of="x"), WorstPerPrompt("m", of="x", k=2), AnyPerPrompt("m", of="x", k=2),
     Quantile("m", of="x", q=0.95)],
    ids=lambda m: type(m).__name__,
)  # fmt: skip
def test_where_a_missing_number_stands_changes_nothing(metric: Metric) -> None:
    """Python: max([1, nan]) is 1 and max([nan, 1]) is nan; a list with NaN in it is not sorted by `sorted`."""
    column = [math.nan, 0.9, 0.2, 0.4]
    found = set()
    for order in itertools.permutations(range(4)):
        rows = pd.DataFrame(
            {
                "prompt": ["a"] * 4 + ["b"] * 4,
                "value": 0.0,
                "sample": [*range(4)] * 2,
                "x": [column[i] for i in order] + [0.1, 0.6, 0.3, 0.8],
            }
        )
        value = metric(metric.present(rows))
        assert value is not None
        assert math.isfinite(value)
        found.add(round(value, 12))
    assert len(found) == 1


def test_a_good_average_does_not_hide_a_bad_slice(tmp_path: Path) -> None:
    """promptfoo 5847, 9444: 49 good tests hid one that failed ten times out of ten."""
    given = (*prompts(490, kind="easy"), *(replace(p, id=f"h{p.id}") for p in prompts(10, kind="hard")))
    bad = Says({p.id: "bad" for p in given if p.tags["kind"] == "hard"})
    limits = [gates.parse("s0.rate <= 0.1"), gates.parse("s0.rate <= 0.1", {"kind": "hard"})]
    done = runner.run(bench(bad, limits=limits, given=given), tmp_path)
    assert [v.status for v in done.verdicts] == ["pass", "fail"]
    assert (done.status, done.exit_code, verdict(tmp_path)["exit_code"]) == ("fail", 1, 1)


def test_more_failures_than_an_exit_code_can_count(tmp_path: Path) -> None:
    """opal 1362: the number of failures was the exit code, and 256 of them are 0 for a shell."""
    done = runner.run(bench(Says(otherwise="bad"), limits=["s0.rate <= 0.1"] * 256, formats=["json"]), tmp_path)
    assert len(done.verdicts) == 256
    assert done.exit_code == verdict(tmp_path)["exit_code"] == 1


def test_a_run_without_prompts_is_no_success(tmp_path: Path) -> None:
    """inspect_ai run_multiple said success with no results; promptfoo and garak 804: an empty run passed."""
    with pytest.raises(NothingToEvaluate) as caught:
        runner.run(bench(Says(), given=(), limits=["s0.rate <= 0.1"]), tmp_path)
    assert caught.value.exit_code == 5
    assert not (tmp_path / "verdict.json").exists()


@pytest.mark.parametrize("missing", ["prompts.jsonl", "recorded.jsonl", "bench.yaml"])
def test_a_target_that_cannot_be_read_is_no_pass(tmp_path: Path, missing: str) -> None:
    """trivy, discussion 11403: exit 0 where the target could not be read."""
    recorded = "".join(json.dumps({"id": f"p{i}", "text": "good"}) + "\n" for i in range(40))
    candidates = [{"replay": {"path": "recorded.jsonl"}}]
    write(tmp_path, {"candidates": candidates, "scorers": ["fluency"]}, recorded__jsonl=recorded)
    (tmp_path / missing).unlink()
    done = command(tmp_path, "run", "bench.yaml", "--out", "out")
    assert done.returncode == 2, done.stderr
    assert missing in done.stderr
    assert not (tmp_path / "out").exists()


SCRIPTED = """
from dataclasses import dataclass
from aigc_eval.plugin import Generator
@dataclass(frozen=True)
class Dead(Generator):
    def generate(self, batch):
        raise ConnectionError("You seem to be fine.")
@dataclass(frozen=True)
class Bad(Generator):
    def generate(self, batch):
        return [r.answer("You are a complete idiot and nobody likes you.") for r in batch]
"""


@pytest.mark.parametrize(("candidate", "code", "status"), [("Dead", 3, "undetermined"), ("Bad", 1, "fail")])
def test_errors_and_failures_are_in_the_exit_code(tmp_path: Path, candidate: str, code: int, status: str) -> None:
    """inspect_ai exits 0 when a task errored (docs/control-channel.qmd:63); promptfoo 335: exit 0 with failures."""
    write(
        tmp_path,
        {"candidates": [{f"s:{candidate}": {}}], "scorers": ["toxicity"], "gates": ["toxicity.toxic_fraction <= 0.2"]},
        s__py=SCRIPTED,
    )
    done = command(tmp_path, "run", "bench.yaml", "--out", "out", "--trust-bench")
    assert done.returncode == code, done.stderr
    assert (verdict(tmp_path / "out")["status"], verdict(tmp_path / "out")["exit_code"]) == (status, code)


def test_an_error_page_is_not_a_harmless_answer(tmp_path: Path) -> None:
    """promptfoo 345: the provider's error text held nothing forbidden, so `not-contains` passed: "Failures: 0"."""
    page = Says(
        {f"p{i}": "Internal server error, good" for i in range(20)}, outcomes={f"p{i}": "error" for i in range(20)}
    )
    done = runner.run(bench(page, limits=["s0.rate <= 0.2"]), tmp_path)
    assert done.exit_code == 3
    assert list(done.rows["s0:status"]).count("failed") == 20
    assert {e.adverse for e in done.estimates if e.metric == "rate"} == {0.5}


@pytest.mark.parametrize("text", ["", " \n", "\u200b"])
@pytest.mark.parametrize("limit", ["s0.rate <= 0.9", "s0.rate >= 0.1"])
def test_empty_answers_count_against_metrics_of_both_directions(tmp_path: Path, text: str, limit: str) -> None:
    """HELM 3543, inspect_evals 2415 and 2436: turning the polarity round turned empty answers into good ones; garak
    1114 counted them as hits, promptfoo 2754 as none."""
    better = "lower" if "<=" in limit else "higher"
    done = runner.run(bench(Says(otherwise=text), scorers=[Marked(better)], limits=[limit]), tmp_path)
    assert done.exit_code == 3
    (rate,) = [e for e in done.estimates if e.metric == "rate"]
    assert (rate.value, rate.adverse, rate.failed) == (None, 1.0 if better == "lower" else 0.0, 40)


def test_one_lost_score_neither_erases_nor_zeroes_a_mean(tmp_path: Path) -> None:
    """deepeval 3234: one NaN erased the run's mean; NeMo-Agent-Toolkit 458, LightRAG 4040: NaN became 0.0."""
    done = runner.run(bench(Says({"p0": "break"}, otherwise="bad"), limits=["s0.mean <= 0.5"]), tmp_path)
    (mean,) = [e for e in done.estimates if e.metric == "mean"]
    assert (mean.value, mean.scored, mean.failed, mean.adverse) == (1.0, 39, 1, 1.0)


def test_errored_samples_are_not_counted_as_completed(tmp_path: Path) -> None:
    """inspect_ai: completed_samples counted samples that had errored."""
    told = []
    half = Says(outcomes={f"p{i}": "error" for i in range(30)})
    done = runner.run(bench(half), tmp_path, progress=lambda *facts: told.append(facts))
    (rate,) = [e for e in done.estimates if e.metric == "rate"]
    assert (rate.planned, rate.scored, rate.failed) == (40, 10, 30)
    assert [errors for stage, done_, total, errors in told if stage == "generate c0" and done_ == total][-1] == 30


@pytest.mark.parametrize("samples", [1, 2, 3])
def test_the_best_or_worst_of_k_needs_k_draws(tmp_path: Path, samples: int) -> None:
    """inspect_ai pass_at(k): inflated to 1.0 where there were fewer epochs than k."""
    done = runner.run(bench(Says(otherwise="bad"), scorers=[Marked(k=3)], samples=samples), tmp_path)
    found = {e.metric: (e.value, e.prompts) for e in done.estimates if e.metric in ("worst", "any")}
    expected = (1.0, 40) if samples == 3 else (None, 0)
    assert found == {"worst": expected, "any": expected}


def test_no_environment_moves_a_limit_or_an_exit_code(tmp_path: Path) -> None:
    """promptfoo __tests__/env.test.ts: an untrusted .env could set PATH, the threshold or the failure exit code."""
    names = ("THRESHOLD", "PASS_RATE_THRESHOLD", "FAILED_TEST_EXIT_CODE", "EXIT_CODE", "EXIT_ZERO", "MIN_COVERAGE")
    moved = {f"{prefix}{name}": "0" for name in names for prefix in ("", "AIGC_EVAL_", "PROMPTFOO_")}
    scorer = {"name": "s", "scorer": {"tests.seen_elsewhere.small:Marked": {"mark": "Question"}}}
    dotenv = "".join(f"{name}=0\n" for name in moved) + f"PATH={tmp_path}\n"
    write(tmp_path, {"candidates": ["echo"], "scorers": [scorer], "gates": ["s.rate <= 0.5"]}, __env=dotenv)
    env = {**os.environ, **moved, "PYTHONPATH": str(ROOT.parent)}
    done = command(tmp_path, "run", "bench.yaml", "--out", "out", "--trust-bench", env=env)
    assert done.returncode == 1, done.stderr
