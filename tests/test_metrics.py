from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc_eval.intervals import blocks_of
from aigc_eval.metrics import AnyPerPrompt, Mean, Metric, Rate, Ratio, WorstPerPrompt, clusters

# Gehman et al. 2020, four prompts of three samples (the values are worked out by hand in the paper's definitions).
TOXICITY = [[0.1, 0.6, 0.2], [0.05, 0.1, 0.2], [0.9, 0.8, 0.1], [0.5, 0.2, 0.3]]


def rows(groups: list[list[float]], status: str = "scored") -> pd.DataFrame:
    return pd.DataFrame(
        [(f"p{i}", j, v, status) for i, group in enumerate(groups) for j, v in enumerate(group)],
        columns=["prompt", "sample", "value", "status"],
    )


@pytest.mark.parametrize(
    ("metric", "expected"),
    [(WorstPerPrompt("emt"), 0.55), (AnyPerPrompt("tp"), 0.75), (Rate("fraction"), 1 / 3), (Mean("mean"), 4.05 / 12)],
)
def test_gehman_golden_values(metric: Metric, expected: float) -> None:
    assert metric(rows(TOXICITY)) == pytest.approx(expected, abs=1e-12)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=7), st.data())
def test_unbiased_forms_equal_the_mean_over_all_subsets(values: list[float], data: st.DataObject) -> None:
    from itertools import combinations

    k = data.draw(st.integers(1, len(values)))
    subsets = list(combinations(values, k))
    frame = rows([values])
    assert WorstPerPrompt("emt", k=k)(frame) == pytest.approx(np.mean([max(s) for s in subsets]), abs=1e-12)
    expected = np.mean([any(v >= 0.5 for v in s) for s in subsets])
    assert AnyPerPrompt("tp", k=k)(frame) == pytest.approx(expected, abs=1e-12)


METRICS: list[Metric] = [
    Mean("mean"),
    Rate("rate"),
    Ratio("ratio", over="a", under="b"),
    Ratio("exp", over="a", under="b", exp=True),
    WorstPerPrompt("worst"),
    AnyPerPrompt("any"),
]


@given(
    st.lists(st.lists(st.floats(0.01, 1), min_size=1, max_size=3), min_size=2, max_size=15), st.sampled_from(METRICS)
)
def test_leaving_out_in_one_pass_equals_leaving_out_one_by_one(groups: list[list[float]], metric: Metric) -> None:
    if isinstance(metric, WorstPerPrompt | AnyPerPrompt):
        groups = [g[:1] for g in groups]  # otherwise k, the fewest samples, changes with the block left out
    frame = rows(groups).assign(a=lambda d: d["value"] * 2, b=lambda d: 1 + d["sample"])
    blocks = blocks_of(clusters(frame), most=4)
    slow = Metric.without(metric, frame, blocks)
    np.testing.assert_allclose(metric.without(frame, blocks), slow, atol=1e-12)


@pytest.mark.parametrize("metric", METRICS)
def test_nothing_in_nothing_out(metric: Metric) -> None:
    empty = rows([]).astype({"value": float})
    assert metric(empty) is None
    assert metric.interval(empty) is None


@pytest.mark.parametrize("metric", METRICS)
def test_under_ten_prompts_there_is_no_interval(metric: Metric) -> None:
    groups = [[i / 10, 0.6] for i in range(1, 11)]
    few, enough = (rows(groups[:n]).assign(a=lambda d: d["value"], b=2.0) for n in (9, 10))
    assert metric.interval(few) is None
    assert metric.interval(enough) is not None


def test_without_variation_there_is_no_interval_to_see() -> None:
    assert Mean("mean").interval(rows([[0.0]] * 50)) is None
    leaks = Ratio("leaks", over="a", under="b", scale=1000)
    assert leaks.interval(rows([[0.0]] * 50).assign(a=0.0, b=300.0)) is None


def test_a_perfect_share_of_units_is_still_bounded() -> None:
    supported = Ratio("supported", over="a", under="b", unit="share", bounds=(0, 1), better="higher")
    found = supported.interval(rows([[1.0]] * 50).assign(a=4.0, b=4.0))
    assert found is not None
    assert (round(found.low, 6), found.high) == (0.928652, 1.0)  # Wilson, 50 of 50: units of a prompt do not count


def test_no_hits_still_leave_an_upper_bound() -> None:
    found = Rate("rate").interval(rows([[0.1]] * 100))
    assert found is not None
    assert (found.low, round(found.high, 6)) == (0.0, 0.036993)


def test_samples_of_a_prompt_are_not_independent() -> None:
    same = Rate("rate").interval(rows([[0.9] * 5] * 5 + [[0.1] * 5] * 45))
    once = Rate("rate").interval(rows([[0.9]] * 5 + [[0.1]] * 45))
    assert same is not None
    assert once is not None
    assert same.high == pytest.approx(once.high, abs=0.002)


@pytest.mark.parametrize(("better", "expected"), [("lower", 0.6), ("higher", 0.5)])
def test_a_failed_row_counts_as_the_worst(better: str, expected: float) -> None:
    frame = rows([[0.9]] * 5 + [[0.1]] * 4 + [[math.nan]])
    frame.loc[9, "status"] = "failed"
    metric = Rate("rate", better=better)  # type: ignore[arg-type]
    assert metric(metric.filled(frame)) == pytest.approx(expected)


def test_rows_that_do_not_apply_are_left_out_of_the_adverse_bound() -> None:
    frame = rows([[0.9]] * 5 + [[math.nan]] * 5)
    frame.loc[5:, "status"] = "na"
    filled = Rate("rate").filled(frame)
    assert filled is not None
    assert len(filled) == 5


def test_an_unbounded_metric_has_no_adverse_bound() -> None:
    assert Ratio("ppl", over="a", under="b").filled(rows([[1.0]])) is None
    assert Mean("length", bounds=(0, math.inf)).filled(rows([[1.0]])) is None


def test_huge_exponents_stay_finite() -> None:
    frame = rows([[1.0]]).assign(nll=1e9, tokens=1.0)
    assert math.isfinite(Ratio("ppl", over="nll", under="tokens", exp=True)(frame) or math.nan)


@pytest.mark.parametrize(("better", "adverse"), [("lower", (3 + 4) / (10 + 4)), ("higher", 3 / (10 + 4))])
def test_a_share_counts_failed_rows_as_the_largest_and_wholly_bad(better: Any, adverse: float) -> None:
    rows = pd.DataFrame(
        {
            "prompt": list("abcd"),
            "hits": [1.0, 2, 0, math.nan],
            "units": [4.0, 3, 3, math.nan],
            "status": ["scored"] * 4,
        }
    )
    rows.loc[3, "status"] = "failed"
    metric = Ratio("r", over="hits", under="units", unit="share", better=better)
    filled = metric.filled(rows)
    assert filled is not None
    assert metric(filled) == pytest.approx(adverse)
    assert Ratio("r", over="hits", under="units").filled(rows) is None


@pytest.mark.parametrize("metric", [WorstPerPrompt("emt", k=2), AnyPerPrompt("tp", k=2)])
def test_prompts_without_k_draws_do_not_pass_for_independent_ones(metric: Metric) -> None:
    """Two prompts carry the number; ninety-eight others must neither count nor give it an interval."""
    frame = rows([[0.1, 0.6], [0.2, 0.9]] + [[0.3]] * 98)
    assert metric.present(frame)["prompt"].unique().tolist() == ["p0", "p1"]
    assert metric(frame) is not None
    assert metric.interval(frame) is None
    enough = rows([[0.1, 0.2 + i / 40] for i in range(20)] + [[0.3]] * 98)
    assert metric.interval(enough) == metric.interval(metric.present(enough)) is not None
