"""Comparing: the tests that it makes, and how often they cry wolf."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from aigc_eval.comparing.judging import ALPHA, Compared, Comparison, Wanted, _compared, _family
from aigc_eval.contrasts import contrast
from aigc_eval.metrics import AnyPerPrompt, Mean, Metric, Rate, Ratio, WorstPerPrompt
from aigc_eval.paired import holm
from aigc_eval.records import Bilingual
from aigc_eval.significance import Pair, exact, matched, prompt_values

MEAN = Mean("mean", better="lower", bounds=(0.0, 1.0))
OPEN = Mean("open", better="lower", bounds=(-math.inf, math.inf))
RATE = Rate("rate", better="lower")
SUCCESS = Rate("success", better="higher")
WORST = WorstPerPrompt("worst", better="lower", k=2)
ANY = AnyPerPrompt("any", better="lower", k=2)
RATIO = Ratio("perplexity", over="nll", under="tokens", exp=True)


def rows(values: Any, samples: int = 1, **columns: Any) -> pd.DataFrame:
    """Scored rows of one candidate: `values` of shape (prompts,) or (prompts, samples); NaN has failed."""
    flat = np.asarray(values, np.float64).ravel()
    n = len(flat) // samples
    return pd.DataFrame(
        {
            "prompt": [f"p{i:04d}" for i in range(n) for _ in range(samples)],
            "sample": [*range(samples)] * n,
            "value": flat,
            "status": ["failed" if math.isnan(v) else "scored" for v in flat],
            **columns,
        }
    )


def pair(metric: Metric, a: pd.DataFrame, b: pd.DataFrame) -> Pair:
    return Pair(metric, *matched(metric, *(side[side["status"] == "scored"] for side in (a, b))))


def as_run(frame: pd.DataFrame) -> pd.DataFrame:
    """A run's frame with one scorer `s`."""
    renamed = frame.rename(columns={"value": "s", "status": "s:status"})
    return renamed.assign(candidate="c", text="", outcome="ok", seconds=0.0, lang="en", variant_of="")


def compared(metric: Metric, a: pd.DataFrame, b: pd.DataFrame, **wanted: Any) -> Compared:
    found = _compared("s", metric, [as_run(a), as_run(b)], Wanted(**wanted))
    return next(_family([found]))


@given(st.lists(st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0]), min_size=1, max_size=9))
def test_exact_is_the_share_of_all_signs(apart: list[float]) -> None:
    d = np.array(apart)
    sums = [float(np.dot(signs, np.abs(d))) for signs in product((-1, 1), repeat=len(d))]
    assert exact(d, "greater") == pytest.approx(np.mean([s >= d.sum() - 1e-9 for s in sums]) if d.any() else 1.0)
    assert exact(d, "two-sided") == pytest.approx(np.mean([abs(s) >= abs(d.sum()) - 1e-9 for s in sums]))


def test_of_one_size_it_is_the_binomial_test() -> None:
    d = np.array([0.25] * 19 + [-0.25] * 6 + [0.0] * 175)
    assert exact(d, "greater") == pytest.approx(stats.binomtest(19, 25, alternative="greater").pvalue)
    assert exact(d, "two-sided") == pytest.approx(stats.binomtest(19, 25).pvalue)


def test_of_very_many_it_is_the_normal_limit_of_the_same_test() -> None:
    d = np.random.default_rng(1).normal(0.02, 1.0, 6_000)
    few = exact(d[:1_000], "greater")
    whole = exact(d, "greater")
    assert few == pytest.approx(stats.norm.sf(d[:1_000].sum() / np.sqrt((d[:1_000] ** 2).sum())), abs=0.02)
    assert whole == pytest.approx(stats.ttest_1samp(d, 0, alternative="greater").pvalue, abs=0.002)
    assert exact(-d, "greater") == pytest.approx(1 - whole)


def test_draws_are_matched_by_prompt_and_sample() -> None:
    a, b = rows([[0.0, 1.0], [0.5, math.nan], [0.0, 0.0]], 2), rows([[1.0, math.nan], [0.25, 0.75], [1.0, 1.0]], 2)
    found = pair(MEAN, a, b)
    assert list(zip(found.a["prompt"], found.a["sample"], strict=True)) == [
        ("p0000", 0), ("p0001", 0), ("p0002", 0), ("p0002", 1)
    ]  # fmt: skip
    assert found.b["value"].tolist() == [1.0, 0.25, 1.0, 1.0]
    shuffled = Pair(
        MEAN, *matched(MEAN, found.a.sample(frac=1, random_state=1), found.b.sample(frac=1, random_state=2))
    )
    assert shuffled.b["value"].tolist() == found.b["value"].tolist()


def test_a_prompt_with_too_few_draws_left_is_left_out_on_both_sides() -> None:
    found = pair(WORST, rows([[0.1, 0.2], [0.3, 0.4]], 2), rows([[0.5, math.nan], [0.6, 0.7]], 2))
    assert found.prompts == 1
    assert (WORST(found.a), WORST(found.b)) == (0.4, 0.7)


@pytest.mark.parametrize("metric", [MEAN, OPEN, RATE, SUCCESS, WORST, ANY])
def test_differences_of_prompts_add_up_to_that_of_the_metric(metric: Metric) -> None:
    rng = np.random.default_rng(3)
    a, b = rng.random((30, 3)), rng.random((30, 3))
    a[rng.random((30, 3)) < 0.2] = np.nan
    found = pair(metric, rows(a, 3), rows(b, 3))
    assert found._differences is not None
    assert found._differences.mean() == pytest.approx(metric(found.b) - metric(found.a))  # type: ignore[operator]


def test_mcnemar_where_prompts_are_0_or_1() -> None:
    a = np.array([0] * 50 + [1] * 50, float)
    b = a.copy()
    b[:12], b[50:53] = 1, 0  # 12 got worse, 3 better
    found = pair(RATE, rows(a), rows(b))
    assert found.worse() == pytest.approx(stats.binomtest(12, 15, alternative="greater").pvalue)
    assert found.apart() == pytest.approx(stats.binomtest(12, 15).pvalue)
    good = pair(SUCCESS, rows(a), rows(b))
    assert good.worse() == pytest.approx(stats.binomtest(3, 15, alternative="greater").pvalue)


@pytest.mark.parametrize("margin", [0.0, 0.01, 0.05])
@pytest.mark.parametrize("metric", [MEAN, RATE, RATIO])
def test_with_a_margin_it_is_the_bound_that_leaves_it(metric: Metric, margin: float) -> None:
    if margin == 0 and metric is not RATIO:
        return
    rng = np.random.default_rng(5)
    a, b = rng.random(120), np.clip(rng.random(120) + 0.25, 0, 1)
    one, other = (rows(x, nll=10 * x + 10, tokens=rng.integers(8, 20, 120).astype(float)) for x in (a, b))
    found = pair(metric, one, other)
    p = found.worse(margin)
    assert p is not None
    assert 0 < p < 0.2
    for confidence, leaves in ((1 - p * 1.01, True), (1 - p * 0.99, False)):
        bounds = contrast(metric, found.b, found.a, confidence).bounds
        assert bounds is not None
        assert (bounds.low > margin) == leaves


def test_nothing_moved_and_everything_moved_alike() -> None:
    same = rows(np.linspace(0, 1, 40))
    for metric in (MEAN, OPEN, RATE):
        assert pair(metric, same, same).worse() == 1.0
        assert pair(metric, same, same).apart() == 1.0
    shifted = rows(np.linspace(0, 1, 40) + 0.5)
    assert pair(OPEN, same, shifted).worse() == pytest.approx(0.5**40)
    assert pair(OPEN, same, shifted).apart() == pytest.approx(0.5**39)
    ratio = rows(np.zeros(40), nll=np.full(40, 3.0), tokens=np.full(40, 2.0))
    assert pair(RATIO, ratio, ratio).worse() == 1.0
    assert pair(RATIO, ratio, ratio).apart() == 1.0
    assert pair(RATIO, ratio, ratio.assign(nll=4.0)).worse() == pytest.approx(0.5**40)
    assert pair(RATIO, ratio.assign(nll=0.0), ratio).worse() == pytest.approx(0.5**40)


def test_under_ten_prompts_there_is_no_p_value() -> None:
    found = pair(MEAN, rows(np.zeros(9)), rows(np.ones(9)))
    assert (found.worse(), found.apart()) == (None, None)
    assert compared(MEAN, rows(np.zeros(9)), rows(np.ones(9))).status == "undetermined"


@pytest.mark.parametrize("better", ["lower", "higher"])
def test_the_bad_direction_is_the_metrics(better: Any) -> None:
    metric = Mean("m", better=better)
    low, high = rows(np.full(20, 0.2)), rows(np.full(20, 0.6))
    worse, fine = (low, high) if better == "lower" else (high, low), (high, low) if better == "lower" else (low, high)
    assert compared(metric, *worse).status == "regression"
    assert compared(metric, *fine).status == "ok"
    found = compared(metric, *worse).effect
    assert found is not None
    assert (found.wins, found.ties, found.losses) == (0, 0, 20)


def test_what_failed_is_the_worst_for_b_and_the_best_for_a() -> None:
    a = np.full(60, 0.3)
    few, many = a.copy(), a.copy()
    few[:1], many[:12] = np.nan, np.nan
    assert compared(MEAN, rows(a), rows(few)).status == "ok"
    assert compared(MEAN, rows(a), rows(many)).status == "undetermined"  # B's at 1
    assert compared(MEAN, rows(many), rows(a)).status == "undetermined"  # A's at 0
    found = compared(MEAN, rows(a), rows(many))
    assert (found.failed, found.prompts, found.worse) == ((0, 12), 48, 1.0)


def test_what_failed_has_no_worst_in_an_open_range() -> None:
    a = np.full(60, 0.3)
    one = a.copy()
    one[0] = np.nan
    assert compared(OPEN, rows(a), rows(one)).status == "undetermined"


def test_everything_failed() -> None:
    found = compared(MEAN, rows(np.full(60, 0.3)), rows(np.full(60, np.nan)))
    assert (found.status, found.prompts, found.difference) == ("undetermined", 0, None)
    both = compared(OPEN, rows(np.full(60, np.nan)), rows(np.full(60, np.nan)))
    assert both.status == "undetermined"


def test_a_metric_that_applies_to_neither_decides_nothing_unless_it_is_asked_for() -> None:
    nothing = rows(np.full(60, 0.5)).assign(status="na")
    assert compared(MEAN, nothing, nothing).status == "not_applicable"
    assert compared(MEAN, nothing, nothing, metrics=("s.mean",)).status == "undetermined"
    assert compared(MEAN, rows(np.full(60, 0.5)), nothing).status == "undetermined"  # no way out for B
    assert compared(WORST, rows(np.full(60, 0.5)), rows(np.full(60, 0.5))).status == "not_applicable"  # one sample each


def test_a_margin_forgives_a_small_loss_and_no_large_one() -> None:
    a = np.array([0.0] * 400)
    b = a.copy()
    b[:40] = 1.0
    assert compared(RATE, rows(a), rows(b)).status == "regression"
    assert compared(RATE, rows(a), rows(b), margins={"s.rate": 0.15}).status == "ok"
    assert compared(RATE, rows(a), rows(b), margins={"s.rate": 0.02}).status == "regression"


def finding(status: Any) -> Compared:
    return Compared("s", "m", Bilingual("m"), "", "lower", "", 20, (0, 0), 0.0, status=status)


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        (["ok"], 0),
        (["ok", "not_applicable"], 0),
        (["ok", "regression", "undetermined"], 1),
        (["ok", "undetermined"], 3),
        (["not_applicable"], 3),
        ([], 3),
    ],
)
def test_exit_codes(statuses: Sequence[str], code: int) -> None:
    assert Comparison("a", "b", tuple(map(finding, statuses)), (), True).exit_code == code


def test_numbers_of_prompts() -> None:
    frame = rows([[0.2, 0.6], [1.0, 0.0]], 2, nll=[1.0, 3.0, 0.0, 0.0], tokens=[2.0, 2.0, 0.0, 0.0])
    assert prompt_values(MEAN, frame).tolist() == [0.4, 0.5]  # type: ignore[union-attr]
    assert prompt_values(RATE, frame).tolist() == [0.5, 0.5]  # type: ignore[union-attr]
    assert prompt_values(WORST, frame).tolist() == [0.6, 1.0]  # type: ignore[union-attr]
    np.testing.assert_equal(prompt_values(RATIO, frame), [1.0, math.nan])
    assert prompt_values(_Own("own"), frame) is None


class _Own(Mean):
    """A metric that may do anything with the column."""


@settings(deadline=None, max_examples=30)
@given(
    hnp.arrays(np.float64, (12, 2), elements=st.floats(0, 1)), hnp.arrays(np.float64, (12, 2), elements=st.floats(0, 1))
)
def test_p_values_are_p_values(a: Any, b: Any) -> None:
    for metric in (MEAN, RATE, WORST):
        found = pair(metric, rows(a, 2), rows(b, 2))
        there, back = found.worse(), pair(metric, rows(b, 2), rows(a, 2)).worse()
        assert there is not None
        assert back is not None
        assert 0 < there <= 1 <= there + back + 1e-9


Family = Callable[[np.random.Generator, int], tuple[pd.DataFrame, pd.DataFrame]]


def alike(rng: np.random.Generator, prompts: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two candidates that answer equally well: hard prompts are hard for both, two samples each."""
    hard = rng.beta(0.5, 1.5, prompts)
    sides = []
    for _ in range(2):
        each = rng.binomial(1, np.repeat(hard, 2)).astype(float)
        tokens = rng.integers(20, 200, 2 * prompts).astype(float)
        sides.append(rows(each, 2, nll=tokens * rng.gamma(4.0, 0.5, 2 * prompts), tokens=tokens))
    return sides[0], sides[1]


@pytest.mark.slow
@pytest.mark.parametrize(("prompts", "runs"), [(12, 200), (80, 150)])
def test_seldom_an_alarm_where_nothing_has_changed(prompts: int, runs: int) -> None:
    """At most 5 % in a family of six metrics, most of them of the same outputs; 4 standard errors allowed."""
    rng, alarms = np.random.default_rng(20), 0
    for _ in range(runs):
        a, b = alike(rng, prompts)
        ps = [pair(m, a, b).worse() for m in (MEAN, RATE, SUCCESS, WORST, ANY, RATIO)]
        alarms += min(holm([p for p in ps if p is not None])) <= ALPHA
    assert alarms / runs <= ALPHA + 4 * math.sqrt(ALPHA * (1 - ALPHA) / runs)


def test_seldom_an_alarm_among_a_hundred_metrics() -> None:
    """Metrics of 0 and 1 on 60 prompts, each of its own outputs, so that no alarm hides behind another."""
    rng, runs, alarms = np.random.default_rng(23), 300, 0
    for _ in range(runs):
        hard = rng.beta(0.5, 1.5, (100, 60))
        apart = rng.binomial(1, hard).astype(float) - rng.binomial(1, hard)
        alarms += min(holm([exact(d, "greater") for d in apart])) <= ALPHA
    assert alarms / runs <= ALPHA + 4 * math.sqrt(ALPHA * (1 - ALPHA) / runs)


@pytest.mark.slow
def test_seldom_an_alarm_at_the_margin() -> None:
    """B is worse by exactly its margin: an alarm in at most 5 %, 4 standard errors allowed."""
    rng, runs, alarms, margin = np.random.default_rng(21), 150, 0, 0.1
    for _ in range(runs):
        hard = rng.beta(1, 4, 100) * (1 - margin)
        a, b = rng.binomial(1, hard).astype(float), rng.binomial(1, hard + margin).astype(float)
        p = pair(RATE, rows(a), rows(b)).worse(margin)
        alarms += p is not None and p <= ALPHA
    assert alarms / runs <= ALPHA + 4 * math.sqrt(ALPHA * (1 - ALPHA) / runs)


def test_a_real_loss_is_found() -> None:
    rng, runs, found = np.random.default_rng(22), 40, 0
    for _ in range(runs):
        a, b = rng.binomial(1, 0.1, 200).astype(float), rng.binomial(1, 0.25, 200).astype(float)
        found += compared(RATE, rows(a), rows(b)).status == "regression"
    assert found > 0.9 * runs
