"""Differences between the candidates of one run: golden values from scipy, and how often alike candidates differ."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from aigc_eval.differences import corrected, differences, reference_of
from aigc_eval.estimates import estimate
from aigc_eval.metrics import AnyPerPrompt, Mean, Metric, Rate, Ratio, WorstPerPrompt
from aigc_eval.paired import holm
from aigc_eval.records import SURE, Difference
from aigc_eval.scorers.cost.quantile import Quantile

RATE = Rate("rate")
MEAN = Mean("mean", bounds=(0.0, 1.0))
OPEN = Mean("open", bounds=(-math.inf, math.inf))
WORST, ANY = WorstPerPrompt("worst", k=2), AnyPerPrompt("any", k=2)
RATIO = Ratio("ratio", over="over", under="under")
PAIRED = (RATE, MEAN, OPEN, WORST, ANY, RATIO)


def frame(values: Mapping[str, Any], samples: int = 1, **parts: Mapping[str, Any]) -> pd.DataFrame:
    """A run's frame with the scorer `s`: numbers of each candidate, shape (prompts * samples,); NaN has failed."""
    sides = []
    for name, own in values.items():
        flat = np.asarray(own, np.float64).ravel()
        n = len(flat) // samples
        sides.append(
            pd.DataFrame(
                {
                    "candidate": name,
                    "prompt": [f"p{i:04d}" for i in range(n) for _ in range(samples)],
                    "sample": [*range(samples)] * n,
                    "text": "x",
                    "outcome": "ok",
                    "lang": "en",
                    "s": flat,
                    "s:status": ["failed" if math.isnan(v) else "scored" for v in flat],
                    **{f"s.{part}": np.asarray(of[name], np.float64).ravel() for part, of in parts.items()},
                }
            )
        )
    return pd.concat(sides, ignore_index=True)


def found(rows: pd.DataFrame, *metrics: Metric, against: str = "a") -> dict[tuple[str, str], Difference]:
    untested = [m for m in metrics if not m.smooth]
    own = differences(rows, "s", metrics, against, estimate(rows, "s", untested, [{}]) if untested else [])
    return {(d.candidate, d.metric): d for d in corrected(own, {("s", m.name) for m in metrics})}


def test_the_reference_is_the_baseline_else_what_is_not_released_else_the_first() -> None:
    assert reference_of(["a"]) == reference_of([]) == ""
    assert reference_of(["a", "b"], ["a"], "b") == "a"
    assert reference_of(["a", "b", "c"], ["a"], "c") == "c"
    assert reference_of(["a", "b", "c"], ["a"], "elsewhere") == "b"
    assert reference_of(["a", "b", "c"], ["a", "b", "c"]) == reference_of(["a", "b", "c"]) == "a"


def test_a_share_has_the_p_value_of_the_exact_mcnemar_test() -> None:
    """scipy.stats.binomtest over the prompts that changed: 15 for the worse, 3 for the better."""
    a = np.array([0.0] * 50 + [1.0] * 50)
    b = a.copy()
    b[:15], b[50:53] = 1, 0
    d = found(frame({"a": a, "b": b}), RATE)["b", "rate"]
    assert d.p == pytest.approx(stats.binomtest(15, 18).pvalue)
    assert d.value == pytest.approx(0.12)
    assert (d.prompts, d.failed, d.against, d.family) == (100, 0, "a", 1)
    assert d.low is not None and d.high is not None and d.low < 0.12 < d.high  # noqa: PT018


def test_a_mean_has_the_p_value_of_the_permutation_test() -> None:
    """scipy.stats.permutation_test, all 2^12 ways to swap the sides of 12 prompts."""
    rng = np.random.default_rng(5)
    a, b = rng.random(12), rng.random(12) + 0.15
    golden = stats.permutation_test((b, a), lambda x, y: np.mean(x - y), permutation_type="samples", n_resamples=1e5)
    d = found(frame({"a": a, "b": b}), OPEN)["b", "open"]
    assert d.p == pytest.approx(golden.pvalue)
    assert d.value == pytest.approx(float(golden.statistic))


def test_a_mean_over_very_many_prompts_has_that_of_the_t_test() -> None:
    rng = np.random.default_rng(6)
    a = rng.normal(0.5, 0.1, 4_000)
    b = a + rng.normal(0.005, 0.1, 4_000)
    d = found(frame({"a": a, "b": b}), OPEN)["b", "open"]
    assert d.p == pytest.approx(stats.ttest_rel(b, a).pvalue, rel=0.05)


def test_samples_of_a_prompt_are_one_observation() -> None:
    rng = np.random.default_rng(7)
    a, b = rng.random((12, 1)), rng.random((12, 1))
    one = found(frame({"a": a, "b": b}), OPEN)["b", "open"]
    five = found(frame({"a": np.repeat(a, 5, 1), "b": np.repeat(b, 5, 1)}, 5), OPEN)["b", "open"]
    assert five.p == pytest.approx(one.p)
    assert five.prompts == 12


@pytest.mark.parametrize("metric", PAIRED, ids=lambda m: m.name)
def test_the_difference_is_that_of_the_numbers(metric: Metric) -> None:
    rng = np.random.default_rng(8)
    sides = {name: rng.random(60) for name in "abc"}
    rows = frame(sides, 2, over={n: v * 3 for n, v in sides.items()}, under={n: np.full(60, 4.0) for n in sides})
    numbers = {e.candidate: e.value for e in estimate(rows, "s", [metric], [{}])}
    told = found(rows, metric)
    assert [*told] == [("b", metric.name), ("c", metric.name)]
    for name in "bc":
        assert told[name, metric.name].value == pytest.approx(numbers[name] - numbers["a"])  # type: ignore[operator]


@pytest.mark.parametrize("metric", PAIRED, ids=lambda m: m.name)
def test_an_unchanged_candidate_never_differs(metric: Metric) -> None:
    own = np.random.default_rng(9).random(60)
    sides = {"a": own, "b": own}
    rows = frame(sides, 2, over=sides, under={n: np.full(60, 2.0) for n in sides})
    d = found(rows, metric)["b", metric.name]
    assert d.value == 0
    assert not d.clear
    assert d.p in (1.0, None)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=10, max_size=40))
@settings(max_examples=40, deadline=None)
def test_swapped_sides_have_the_opposite_difference(pairs: list[tuple[bool, bool]]) -> None:
    a, b = np.array(pairs, np.float64).T
    one = found(frame({"a": a, "b": b}), RATE)["b", "rate"]
    other = found(frame({"a": b, "b": a}), RATE)["b", "rate"]
    assert one.value == pytest.approx(-other.value)  # type: ignore[operator]
    assert one.p == pytest.approx(other.p)
    assert (one.low, one.high) == (pytest.approx(-other.high), pytest.approx(-other.low))  # type: ignore[operator]
    assert one.clear == other.clear


def test_what_failed_counts_against_the_leader() -> None:
    a, b = np.zeros(100), np.array([1.0] * 12 + [0.0] * 88)
    clean = found(frame({"a": a, "b": b}), RATE)["b", "rate"]
    assert clean.clear
    a[20:35] = math.nan  # a leads; its fifteen failures may all be hits
    spoilt = found(frame({"a": a, "b": b}), RATE)["b", "rate"]
    assert (spoilt.failed, spoilt.p) == (15, 1.0)
    assert not spoilt.clear
    a, b = np.zeros(100), np.array([1.0] * 12 + [0.0] * 73 + [math.nan] * 15)  # those of the other side change nothing
    assert found(frame({"a": a, "b": b}), RATE)["b", "rate"].p == pytest.approx(clean.p)


def test_without_a_worst_few_failures_are_left_out_and_many_leave_it_open() -> None:
    rng = np.random.default_rng(10)
    a = rng.normal(0, 0.1, 200)
    b = a + 1
    few, many = a.copy(), a.copy()
    few[:2], many[:3] = math.nan, math.nan
    assert found(frame({"a": few, "b": b}), OPEN)["b", "open"].clear
    assert found(frame({"a": many, "b": b}), OPEN)["b", "open"].p == 1.0


def test_too_few_prompts_are_not_compared() -> None:
    d = found(frame({"a": np.zeros(9), "b": np.ones(9)}), RATE)["b", "rate"]
    assert (d.value, d.low, d.p, d.clear) == (1.0, None, None, False)


def test_nothing_scored_on_either_side_is_no_difference() -> None:
    d = found(frame({"a": np.full(20, math.nan), "b": np.zeros(20)}), RATE)["b", "rate"]
    assert (d.value, d.p, d.prompts, d.clear) == (None, None, 0, False)


def test_a_quantile_is_told_with_its_interval_and_never_called_clear() -> None:
    rng = np.random.default_rng(11)
    a = rng.random(200)
    d = found(frame({"a": a, "b": a + 5}), Quantile("p50", q=0.5, bounds=(0.0, math.inf)))["b", "p50"]
    assert d.value == pytest.approx(5)
    assert d.low is not None and d.low > 0  # noqa: PT018
    assert d.method.startswith("mover(")
    assert (d.p, d.adjusted, d.clear) == (None, None, False)


def test_correction_is_holms_over_the_main_metrics_and_over_the_others() -> None:
    ps = {"m1": 0.01, "m2": 0.04, "m3": 0.03, "r1": 0.005, "r2": 0.5}
    plain = [Difference("b", "a", "s", name, 1.0, 0.5, 1.5, p=p) for name, p in ps.items()]
    untested = Difference("b", "a", "s", "r3", 1.0, 0.5, 1.5)
    told = {d.metric: d for d in corrected([*plain, untested], {("s", "m1"), ("s", "m2"), ("s", "m3")})}
    assert [told[n].adjusted for n in ("m1", "m2", "m3")] == pytest.approx([0.03, 0.06, 0.06])
    assert [told[n].adjusted for n in ("r1", "r2")] == pytest.approx(holm([0.005, 0.5]))
    assert [told[n].family for n in ("m1", "r1", "r3")] == [3, 2, 0]
    assert [d.metric for d in told.values() if d.clear] == ["m1", "r1"]
    assert told["r3"].adjusted is None


@pytest.mark.slow
def test_alike_candidates_are_called_different_in_at_most_one_run_of_twenty() -> None:
    """100 runs of 8 metrics on 40 prompts whose candidates come from one distribution: 5 % and its sampling error."""
    rng, alarms, runs = np.random.default_rng(12), 0, 100
    metrics = [Rate(f"m{i}", of=f"m{i}") for i in range(8)]
    for _ in range(runs):
        parts = {m.name: {n: rng.random(40) < 0.4 for n in "ab"} for m in metrics}
        own = found(frame({n: np.zeros(40) for n in "ab"}, 1, **parts), *metrics)
        alarms += any(d.adjusted is not None and d.adjusted <= SURE for d in own.values())
    assert alarms <= stats.binom.ppf(0.999, runs, SURE)


def test_real_differences_are_found() -> None:
    rng = np.random.default_rng(13)
    metrics = [Rate(f"m{i}", of=f"m{i}") for i in range(6)]
    parts = {m.name: {"a": rng.random(200) < 0.05, "b": rng.random(200) < 0.25} for m in metrics}
    own = found(frame({n: np.zeros(200) for n in "ab"}, 1, **parts), *metrics)
    assert all(d.clear for d in own.values())


def test_json_keeps_them() -> None:
    d = found(frame({"a": np.zeros(20), "b": np.ones(20)}), RATE)["b", "rate"]
    assert Difference(**json.loads(json.dumps(d.to_json()))) == d
    assert d.clear
    assert not replace(d, low=0.0).clear


def test_numbers_are_the_ones_that_compare_finds() -> None:
    from aigc_eval.comparing.judging import Wanted, _compared

    rng = np.random.default_rng(14)
    sides: dict[str, Sequence[float]] = {n: list(rng.random(90)) for n in "ab"}
    rows = frame(sides, 3)
    rows = rows.assign(seconds=0.0, variant_of="")
    halves = [rows[rows["candidate"] == n] for n in "ab"]
    for metric in (RATE, MEAN, OPEN, WORST, ANY):
        other = _compared("s", metric, halves, Wanted())
        d = found(rows, metric)["b", metric.name]
        assert (d.p, d.low, d.high) == (other.p, other.low, other.high)
