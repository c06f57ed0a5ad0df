from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc_eval import config, runner
from aigc_eval.contrasts import contrast
from aigc_eval.errors import UsageError
from aigc_eval.records import Prompt, Request
from aigc_eval.scorers.cost import Cost
from aigc_eval.scorers.cost.price import Price, PricePerAccepted, TotalPrice
from aigc_eval.scorers.cost.quantile import Quantile
from aigc_eval.significance import Pair, matched


def test_parts_are_what_the_generator_said() -> None:
    request = Request(Prompt("p", "?"))
    full = request.answer("ok", seconds=0.25, usage={"input_tokens": 3, "output_tokens": 5, "cached": 1})
    [a, b, c] = Cost().score([full, request.answer("中", "truncated"), request.answer("", "error")])
    assert (a.value, dict(a.parts)) == (
        1.0,
        {"error": 0.0, "truncated": 0.0, "call_seconds": 0.25, "input_tokens": 3.0, "output_tokens": 5.0},
    )
    assert (b.value, dict(b.parts)) == (0.0, {"error": 0.0, "truncated": 1.0})
    assert (c.value, dict(c.parts)) == (0.0, {"error": 1.0, "truncated": 0.0})


@given(st.lists(st.floats(0, 1e3), min_size=1, max_size=60), st.sampled_from([0.5, 0.95, 0.99]))
def test_quantiles_are_pandas_quantiles(values: list[float], q: float) -> None:
    rows = pd.DataFrame({"prompt": [str(i) for i in range(len(values))], "value": values})
    assert Quantile("q", q=q)(rows) == pytest.approx(pd.Series(values).quantile(q))


def test_the_interval_of_a_quantile_covers_the_truth() -> None:
    """Exponential latencies: nominal 95 %, simulated with a fixed seed."""
    random = np.random.default_rng(7)
    truth, hits, runs = -math.log(0.05), 0, 400
    for _ in range(runs):
        values = random.exponential(size=300)
        found = Quantile("p95", q=0.95).interval(pd.DataFrame({"prompt": np.arange(300).astype(str), "value": values}))
        assert found is not None
        hits += found.low <= truth <= found.high
    assert hits / runs >= 0.93


def test_a_quantile_that_the_sample_cannot_bound_has_no_interval() -> None:
    def rows(n: int) -> pd.DataFrame:
        return pd.DataFrame({"prompt": [str(i) for i in range(n)], "value": np.arange(n, dtype=float)})

    # 0.99^367 = 0.0250002 > 0.025 >= 0.99^368
    assert Quantile("p99", q=0.99).interval(rows(367)) is None
    assert Quantile("p99", q=0.99).interval(rows(368)) is not None
    assert Quantile("p50", q=0.5).interval(rows(9)) is None


def test_a_call_that_failed_was_not_answered_in_any_time() -> None:
    """Time-outs, which bring no seconds, and quick refusals to connect must not make a service look faster."""
    rows = pd.DataFrame(
        {
            "prompt": [str(i) for i in range(400)],
            "value": [1.0] * 380 + [math.nan] * 10 + [0.01] * 10,
            "outcome": ["ok"] * 380 + ["error"] * 20,
        }
    )
    half, late = Quantile("p50", q=0.5), Quantile("p95", q=0.95)
    assert len(half.present(rows)) == 400
    assert half(rows) == 1.0
    assert late(rows) == math.inf  # which a run reports as no value
    found = Quantile("p93", q=0.93).interval(rows)
    assert found is not None
    assert (found.low, found.high) == (1.0, math.inf)  # which a run reports as no interval
    assert late(rows.assign(value=math.nan)) is None


def paid_rows() -> pd.DataFrame:
    """Worked by hand, prices 2 and 10 a million: 0.012, 0.012, 0.0 (failed before it was counted), 0.022."""
    return pd.DataFrame(
        {
            "prompt": list("abcd"),
            "candidate": "m",
            "outcome": ["ok", "ok", "error", "ok"],
            "status": "scored",
            "usage.input_tokens": [1000.0, 1000, math.nan, 1000],
            "usage.output_tokens": [1000.0, 1000, math.nan, 2000],
            "read:toxicity": [0.1, 0.9, 0.0, 0.2],
        }
    )


def test_cost_per_accepted_output() -> None:
    from aigc_eval.scorers.cost.price import Rule

    prices = {"*": Price(2, 10)}
    rules = (Rule.of_text("toxicity < 0.5"),)
    metric = PricePerAccepted("c", prices=prices, rules=rules)
    assert metric.reads == ("toxicity",)
    assert metric(paid_rows()) == pytest.approx((0.012 + 0.012 + 0.022) / 2)
    assert TotalPrice("t", prices=prices)(paid_rows()) == pytest.approx(0.046)
    assert PricePerAccepted("c", prices={"other": Price(2, 10)})(paid_rows()) is None
    lost = paid_rows().assign(**{"usage.output_tokens": [math.nan, 1, 1, 1]})
    assert TotalPrice("t", prices=prices)(lost) is None  # an answer whose tokens nobody counted
    none = paid_rows().assign(**{"read:toxicity": 1.0})
    assert metric(none) is None


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"prices": {"m": {"input": 1}}}, "is not the day of the prices"),
        ({"prices": {"m": {"in": 1}}, "as_of": "2026-11-01"}, "are no prices; write {input: 0.15"),
        ({"prices": {"m": {"input": -1}}, "as_of": "2026-11-01"}, "are no prices"),
        ({"accept": ("toxicity 0.5",)}, "is no rule; write one like 'toxicity < 0.5'"),
        ({"accept": ("toxicity < 0.5.1",)}, "is no rule"),
    ],
)
def test_options_that_mean_nothing_are_refused(options: dict[str, object], what: str) -> None:
    with pytest.raises(UsageError, match=what):
        Cost(**options)  # type: ignore[arg-type]


def test_a_run_with_prices(tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text("".join(f'{{"id": {i}, "prompt": "你好 {i}"}}\n' for i in range(40)), "utf-8")
    answers = [
        {"id": i, "text": "Fine. 很好。", "seconds": 1 + i, "input_tokens": 100, "output_tokens": 50, "outcome": "ok"}
        for i in range(40)
    ]
    answers[0]["outcome"] = "truncated"
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(a) + "\n" for a in answers), "utf-8")
    (tmp_path / "bench.yaml").write_text(
        """
name: cost
prompts: [p.jsonl]
candidates: [{name: m, generator: {replay: {path: a.jsonl}}}]
scorers:
  - toxicity
  - cost: {prices: {m: {input: 1, output: 2}}, as_of: "2026-11-01", currency: CNY, accept: ["toxicity < 0.5"]}
gates: ["cost.latency_p50 <= 30", "cost.cost_per_accepted <= 0.001", "cost.cost <= 0.01"]
""",
        "utf-8",
    )
    done = runner.run(config.load(tmp_path / "bench.yaml"), tmp_path / "out")
    found = {e.metric: e for e in done.estimates if e.scorer == "cost" and e.slice == ""}
    assert found["cost_per_accepted"].value == pytest.approx(40 * 0.0002 / 39)
    assert found["cost"].value == pytest.approx(40 * 0.0002)
    assert found["latency_p50"].value == 20.5
    assert found["latency_p99"].low is None
    assert found["tokens_per_second"].value == pytest.approx(2000 / 820)
    assert [v.status for v in done.verdicts] == ["pass", "pass", "pass"]


def _calls(values: np.ndarray[tuple[int], np.dtype[np.float64]], column: str = "value") -> pd.DataFrame:
    known = {"prompt": [f"p{i}" for i in range(len(values))], "sample": 0, "candidate": "m", "outcome": "ok"}
    return pd.DataFrame({**known, "status": "scored", column: values})


@pytest.mark.slow
@pytest.mark.parametrize(("q", "n"), [(0.5, 60), (0.95, 200)])
def test_bounds_of_a_difference_of_quantiles(q: float, n: int) -> None:
    """They came from the mean's replicates: 6 to 10 times too wide, so that no gate on latency was ever decided."""
    random, metric = np.random.default_rng(5), Quantile("q", q=q)
    found, differences = [], []
    for _ in range(200):
        one, other = (_calls(random.lognormal(size=n)) for _ in "ab")
        found.append(contrast(metric, one, other).bounds)
        differences.append(contrast(metric, one, other).value or 0.0)
    known = [bounds for bounds in found if bounds is not None]
    assert len(known) == 200
    assert np.mean([bounds.high >= 0 for bounds in known]) > 0.92
    widths = np.median([bounds.high - bounds.low for bounds in known])
    assert widths < 2 * 3.29 * np.std(differences)


def test_a_quantile_that_too_few_calls_can_bound_is_no_regression() -> None:
    random, metric = np.random.default_rng(5), Quantile("p95", q=0.95)
    few = Pair(metric, *matched(metric, *(_calls(random.lognormal(size=40) * times) for times in (1, 3)))).worse()
    many = Pair(metric, *matched(metric, *(_calls(random.lognormal(size=300) * times) for times in (1, 3)))).worse()
    assert few is not None
    assert many is not None
    assert many < 0.001 < 0.05 < few


def test_sums_of_prices_differ_by_more_than_chance_or_not() -> None:
    """It was a ValueError: the sum had the replicates of a ratio that it does not have."""
    random, column = np.random.default_rng(5), "usage.output_tokens"
    metric = TotalPrice("total", prices={"*": Price(0.0, 1.0)}, bounds=(0.0, math.inf))
    tokens = random.lognormal(5, 0.3, size=80)
    one, same, twice = (_calls(tokens * times * random.lognormal(0, 0.1, 80), column) for times in (1, 1, 2))
    alike, apart = (contrast(metric, other, one, relative=True) for other in (same, twice))
    assert alike.bounds is not None
    assert apart.bounds is not None
    assert alike.bounds.low < 0 < alike.bounds.high < 0.2
    assert 0.5 < apart.bounds.low < 1 < apart.bounds.high
