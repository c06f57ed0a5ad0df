"""Sizes by brute force over the exact rule itself, power by simulation and scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from aigc_eval.intervals import clopper_pearson
from aigc_eval.power import (
    chance_to_pass,
    fewest_hits,
    inflation,
    most_hits,
    paired_prompts,
    prompts_needed,
    smallest_difference,
    smallest_n_without_hits,
    two_share_prompts,
)


@pytest.mark.parametrize("n", [1, 2, 17, 58, 59, 100])
@pytest.mark.parametrize("limit", [0.01, 0.05, 0.3, 0.5, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_hits_allowed_are_those_whose_exact_bound_meets_the_limit(n: int, limit: float, confidence: float) -> None:
    level = 2 * confidence - 1
    low = [x for x in range(n + 1) if clopper_pearson(x, n, level).high <= limit]
    high = [x for x in range(n + 1) if clopper_pearson(x, n, level).low >= limit]
    assert most_hits(n, limit, confidence) == (max(low) if low else None)
    assert fewest_hits(n, limit, confidence) == (min(high) if high else None)


def test_limits_at_the_ends_of_the_range() -> None:
    assert (most_hits(10, 1), most_hits(10, 0)) == (10, None)
    assert (fewest_hits(10, 0), fewest_hits(10, 1)) == (0, None)


@settings(deadline=None)
@given(st.floats(0.001, 0.6), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_no_smaller_sample_without_hits_passes(limit: float, confidence: float) -> None:
    n = smallest_n_without_hits(limit, confidence)
    assert most_hits(n, limit, confidence) is not None
    assert n == 1 or most_hits(n - 1, limit, confidence) is None


@pytest.mark.parametrize("limit", [0.0, 1.0])
def test_a_limit_at_an_end_needs_no_plan(limit: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        smallest_n_without_hits(limit)


@pytest.mark.parametrize(("rate", "limit"), [(0.02, 0.1), (0.0, 0.05), (0.3, 0.5), (0.97, 0.9), (0.6, 0.4)])
@pytest.mark.parametrize("power", [0.5, 0.8, 0.9])
def test_no_smaller_sample_passes_as_often(rate: float, limit: float, power: float) -> None:
    op = "<=" if rate < limit else ">="
    found = prompts_needed(rate, limit, power)
    chances = [chance_to_pass(rate, n, limit, op) for n in range(1, 400)]
    assert found == next(n for n, chance in enumerate(chances, 1) if chance >= power)


def test_plans_of_many_prompts() -> None:
    """Half the distance, four times the prompts; on the limit, none are enough."""
    near, nearer = prompts_needed(0.0098, 0.01), prompts_needed(0.0099, 0.01)
    assert near is not None
    assert nearer is not None
    assert nearer / near == pytest.approx(4, rel=0.03)
    assert chance_to_pass(0.0098, near, 0.01, "<=") >= 0.8
    assert prompts_needed(0.01, 0.01) is None
    assert prompts_needed(1e-10, 2e-10) is None
    assert prompts_needed(0.5, 1.0) == prompts_needed(0.5, 0.0) == 1
    # A confidence that one prompt cannot give, at a power that two can.
    assert prompts_needed(0.0, 0.5, 0.9, 0.75) == 2


@pytest.mark.parametrize(("limit", "op"), [(0.01, "<="), (0.05, "<="), (0.5, "<="), (0.9, ">="), (0.95, ">=")])
def test_at_the_limit_a_pass_is_as_rare_as_promised(limit: float, op: str) -> None:
    for n in (10, 59, 100, 300, 999, 5000):
        for confidence in (0.9, 0.95, 0.99):
            assert chance_to_pass(limit, n, limit, op, confidence) <= 1 - confidence  # type: ignore[arg-type]


def test_chances_are_those_of_the_binomial() -> None:
    assert chance_to_pass(0.93, 1000, 0.9, ">=") == pytest.approx(stats.binom.sf(915, 1000, 0.93))
    assert chance_to_pass(0.02, 300, 0.05, "<=") == pytest.approx(stats.binom.cdf(8, 300, 0.02))
    assert chance_to_pass(0.0, 298, 0.01, "<=") == 0.0


def test_a_paired_plan_finds_what_it_was_made_for() -> None:
    """Simulated at the planned size: 80 % of runs see the difference, 90 % on one side with that power."""
    rng = np.random.default_rng(4)
    for power, sides in ((0.8, 2), (0.9, 1)):
        n = paired_prompts(0.1, 0.2, (0.3, 0.1), (3, 2), power=power, sides=sides)  # type: ignore[arg-type]
        apart = rng.normal(0.1, math.sqrt(0.2 + 0.3 / 3 + 0.1 / 2), size=(4000, n))
        z = apart.mean(axis=1) / apart.std(axis=1, ddof=1) * math.sqrt(n)
        assert (z > stats.norm.ppf(1 - 0.05 / sides)).mean() == pytest.approx(power, abs=0.03)
    assert paired_prompts(10.0, 0.2) == 2
    assert paired_prompts(-0.1, 0.2) == paired_prompts(0.1, 0.2)


def test_the_smallest_difference_is_the_margin_planned_for() -> None:
    n = paired_prompts(0.05, 0.3, power=0.9, confidence=0.99, sides=1)
    seen = smallest_difference(math.sqrt(0.3 / n), power=0.9, confidence=0.99, sides=1)
    assert seen == pytest.approx(0.05, rel=1e-3)
    assert smallest_difference(1.0, sides=1) == pytest.approx(1.644854 + 0.841621, abs=1e-6)


def test_two_shares_are_told_apart_by_the_pooled_test() -> None:
    n = two_share_prompts(0.3, 0.2, power=0.9, confidence=0.9)
    rng = np.random.default_rng(4)
    a, b = rng.binomial(n, 0.3, 20_000) / n, rng.binomial(n, 0.2, 20_000) / n
    m = (a + b) / 2
    assert (np.abs(a - b) / np.sqrt(2 * m * (1 - m) / n) > stats.norm.ppf(0.95)).mean() == pytest.approx(0.9, abs=0.012)
    assert two_share_prompts(0.2, 0.3, power=0.9, confidence=0.9) == n
    assert two_share_prompts(0.01, 0.02, sides=1) < 2319


@pytest.mark.parametrize(("power", "confidence"), [(0.0, 0.95), (1.0, 0.95), (0.8, 0.0), (0.8, 1.0)])
def test_certainty_cannot_be_planned(power: float, confidence: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        smallest_difference(1.0, power=power, confidence=confidence)


def test_no_difference_cannot_be_planned() -> None:
    with pytest.raises(ValueError, match="difference of 0"):
        paired_prompts(0.0, 0.1)
    with pytest.raises(ValueError, match="equal shares"):
        two_share_prompts(0.1, 0.1)


def test_one_sample_a_prompt_is_not_inflated() -> None:
    assert inflation(1, 0.9) == 1
    assert inflation(4, 1.0) == 4
