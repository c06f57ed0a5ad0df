"""Paired comparisons against scipy, and properties that hold for any differences."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from aigc_eval.intervals import bounded_mean
from aigc_eval.paired import (
    DRAWS,
    EXACT,
    benjamini_hochberg,
    bounded_difference,
    clustered_correlation,
    cohen_h,
    holm,
    mcnemar,
    paired,
    sign_flip,
)

PS = st.lists(st.floats(0, 1), min_size=1, max_size=30)


def test_the_mean_and_its_error_are_those_of_the_t_test() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=25), rng.normal(0.3, size=25)
    found, expected = paired(a, b), stats.ttest_rel(a, b)
    assert found.n == 25
    assert found.mean / found.error == pytest.approx(expected.statistic)
    assert found.effect == pytest.approx(expected.statistic / 5)


def test_wins_follow_the_direction_and_ties_their_tolerance() -> None:
    a, b = np.array([1.0, 2, 3, 4, 5]), np.array([1.0, 1, 4, 3.9, 5.25])
    assert (paired(a, b).wins, paired(a, b).ties, paired(a, b).losses) == (2, 1, 2)
    lower = paired(a, b, better="lower", tie=0.25)
    assert (lower.wins, lower.ties, lower.losses) == (1, 3, 1)
    more = paired(a, np.array([0.0, 1, 2, 5, 5]), better="lower")
    assert (more.wins, more.ties, more.losses) == (1, 1, 3)


def test_no_deviation_no_effect_size() -> None:
    same = paired(np.full(5, 0.3), np.full(5, 0.1))
    assert same.error == pytest.approx(0, abs=1e-12)
    assert math.isnan(same.effect)
    assert math.isnan(paired(np.array([1e6, 1e6 + 1e-4]), np.zeros(2)).effect)
    assert paired(np.array([1.0, 2]), np.array([0.0, 2])).error == pytest.approx(0.5)
    one = paired(np.array([1.0]), np.array([0.5]))
    assert (one.n, one.mean, one.wins) == (1, 0.5, 1)
    assert math.isnan(one.error)
    assert math.isnan(one.effect)


@pytest.mark.parametrize(("a", "b"), [([1.0], [1.0, 2.0]), ([], [])])
def test_other_prompts_cannot_be_compared(a: list[float], b: list[float]) -> None:
    with pytest.raises(ValueError, match="same prompts"):
        paired(np.array(a), np.array(b))


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_exact_sign_flips_equal_scipy(alternative: str) -> None:
    apart = np.random.default_rng(3).normal(0.4, 1, size=11)
    expected = stats.permutation_test(
        (apart,), np.sum, permutation_type="samples", n_resamples=np.inf, alternative=alternative
    )
    assert sign_flip(apart, alternative) == pytest.approx(expected.pvalue, abs=1e-12)  # type: ignore[arg-type]


@settings(deadline=None)
@given(st.lists(st.integers(-5, 5), min_size=1, max_size=10))
def test_exact_sign_flips_count_every_flip(apart: list[int]) -> None:
    import itertools

    sums = [
        sum(s * d for s, d in zip(signs, apart, strict=True)) for signs in itertools.product((1, -1), repeat=len(apart))
    ]
    expected = sum(abs(s) >= abs(sum(apart)) for s in sums) / len(sums)
    assert sign_flip(np.array(apart, float)) == pytest.approx(expected, abs=1e-12)
    assert sign_flip(np.array(apart, float) * 1e-9 / 3) == pytest.approx(expected, abs=1e-12)


def test_flips_are_exact_up_to_sixteen_differences() -> None:
    ones = np.ones(EXACT)
    assert sign_flip(ones) == 2 / 2**EXACT
    assert sign_flip(np.concatenate([ones, np.zeros(40)])) == 2 / 2**EXACT
    assert sign_flip(np.ones(EXACT + 1)) >= 1 / (DRAWS + 1)


def test_random_flips_follow_the_exact_distribution_and_the_seed() -> None:
    """17 to 400 ones and minus ones: McNemar's exact test is the sign-flip test of 0/1 scores."""
    for up, down in ((12, 6), (30, 20), (230, 170)):
        apart = np.concatenate([np.ones(up), -np.ones(down)])
        expected = mcnemar(up, down)
        noise = 4 * math.sqrt(expected * (1 - expected) / DRAWS) + 2 / DRAWS
        assert sign_flip(apart) == pytest.approx(expected, abs=noise)
        assert sign_flip(apart, seed=5) == sign_flip(apart, seed=5)
        assert sign_flip(apart, "greater") + sign_flip(apart, "less") == pytest.approx(1, abs=0.15)
    assert sign_flip(apart, seed=5) != sign_flip(apart, seed=6)


def test_random_flips_add_one_and_do_not_depend_on_their_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    apart = np.ones(60)
    assert sign_flip(apart, draws=99) == 0.01
    assert sign_flip(apart, "less", draws=99) == 1.0
    mixed = np.random.default_rng(2).normal(0.1, size=60)
    whole = sign_flip(mixed, draws=500)
    monkeypatch.setattr("aigc_eval.paired._CHUNK", 60 * 40)
    assert sign_flip(apart, "less", draws=99) == 1.0
    assert sign_flip(mixed, draws=500) == pytest.approx(whole, abs=0.15)


def test_no_difference_is_no_evidence() -> None:
    assert sign_flip(np.zeros(30)) == 1.0
    assert sign_flip(np.zeros(0)) == 1.0
    with pytest.raises(ValueError, match="not a number"):
        sign_flip(np.array([1.0, math.nan]))


@settings(deadline=None)
@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_equals_the_binomial_test(only_a: int, only_b: int) -> None:
    expected = stats.binomtest(only_a, only_a + only_b).pvalue if only_a + only_b else 1.0
    assert mcnemar(only_a, only_b) == pytest.approx(expected, abs=1e-9)


def test_cohen_h() -> None:
    """Cohen 1988, table 6.2.2: phi(.50) = 1.571, phi(.10) = .644, phi(1) = 3.142."""
    assert cohen_h(0.5, 0.1) == pytest.approx(1.571 - 0.644, abs=1e-3)
    assert cohen_h(1, 0) == pytest.approx(math.pi)
    assert cohen_h(0.1, 0.5) == -cohen_h(0.5, 0.1)


def test_correlation_of_clustered_ratios() -> None:
    rng = np.random.default_rng(1)
    sizes = np.full(50, 4.0)
    a, b = rng.binomial(4, 0.5, 50).astype(float), rng.binomial(4, 0.3, 50).astype(float)
    assert clustered_correlation(a, sizes, b, sizes) == pytest.approx(np.corrcoef(a, b)[0, 1])
    assert clustered_correlation(a, sizes, a, sizes) == pytest.approx(1)
    assert clustered_correlation(a, sizes, sizes - a, sizes) == pytest.approx(-1)
    assert clustered_correlation(a, sizes, np.zeros(50), sizes) == 0
    assert clustered_correlation(a * 1e-3, sizes, a * 1e-3, sizes) == pytest.approx(1)
    # Two long clusters move a ratio further than their rates say.
    uneven = np.array([1.0, 1, 10, 10])
    one, other = np.array([1.0, 0, 10, 0]), np.array([0.0, 1, 10, 0])
    assert clustered_correlation(one, uneven, other, uneven) == pytest.approx(49.5 / 50.5)


def test_bounded_differences_without_a_difference_leave_the_rule_of_three() -> None:
    same = np.random.default_rng(2).binomial(5, 0.3, 60).astype(float), np.full(60, 5.0)
    low, high, name = bounded_difference(same, same, level=0.9)
    assert (-low, high) == pytest.approx((1 - 0.05 ** (1 / 60),) * 2, rel=0.005)
    assert name == "bounded(60)"
    wide = bounded_difference(same, same, -1, 3, level=0.9)
    assert wide.high == pytest.approx(4 * high)


def test_bounded_differences_are_bounded_means_of_differences() -> None:
    rng, sizes = np.random.default_rng(2), np.full(40, 2.0)
    a, b = rng.binomial(2, 0.5, 40).astype(float), rng.binomial(2, 0.3, 40).astype(float)
    whole = bounded_difference((a, sizes), (b, sizes))
    assert whole[:2] == pytest.approx(bounded_mean(a - b, sizes, -1, 1)[:2])
    half = bounded_difference((a, sizes), (b, sizes), times=1.5, level=0.9)
    assert half[:2] == pytest.approx(bounded_mean(a - 1.5 * b, sizes, -1.5, 1, 0.9)[:2])
    sum_ = bounded_difference((a, sizes), (b, sizes), times=-1, level=0.9)
    assert sum_[:2] == pytest.approx(bounded_mean(a + b, sizes, 0, 2, 0.9)[:2])


def test_bounded_differences_of_unlike_sizes_lie_around_the_difference() -> None:
    """A lost row changes its prompt's weight a little and its own side's mean."""
    rng = np.random.default_rng(2)
    more, fewer = np.full(40, 4.0), np.where(np.arange(40) < 5, 2.0, 4.0)
    a, b = rng.binomial(4, 0.5, 40).astype(float), rng.binomial(fewer.astype(int), 0.3).astype(float)
    value = a.sum() / 160 - b.sum() / fewer.sum()
    low, high, _ = bounded_difference((a, more), (b, fewer))
    sizes = (more + fewer) / 2
    plain = bounded_mean((a / more - b / fewer) * sizes, sizes, -1, 1)
    own = ((a / more - b / fewer) * sizes).sum() / sizes.sum()
    assert (low - value, high - value) == pytest.approx((plain.low - own, plain.high - own))


@settings(deadline=None)
@given(PS)
def test_adjusted_p_values_equal_scipy_and_the_definition(ps: list[float]) -> None:
    assert benjamini_hochberg(ps) == pytest.approx(stats.false_discovery_control(ps), abs=1e-12)
    ordered = sorted(ps)
    for p, adjusted in zip(ps, holm(ps), strict=True):
        steps = [(len(ps) - i) * q for i, q in enumerate(ordered) if q <= p]
        assert adjusted == pytest.approx(min(1.0, max(steps)), abs=1e-12)


def test_no_tests_nothing_to_adjust() -> None:
    assert holm([]) == benjamini_hochberg([]) == []


@pytest.mark.parametrize("p", [-0.01, 1.01, math.nan])
def test_only_probabilities_are_adjusted(p: float) -> None:
    for method in (holm, benjamini_hochberg):
        with pytest.raises(ValueError, match="p-value"):
            method([0.5, p])
