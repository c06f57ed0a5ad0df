"""Intervals against scipy, their defining equations and brute force; golden values are in golden/test_statistics.py."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aigc_eval.intervals import (
    Floats,
    _below,
    acceleration,
    blocks_of,
    bounded_mean,
    clopper_pearson,
    clustered_error,
    design_effect,
    jackknife,
    jeffreys,
    mover,
    wilson,
)


@settings(deadline=None)
@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_intervals_hold_their_estimate_and_stay_in_range(case: tuple[int, int]) -> None:
    hits, n = case
    for method in (wilson, clopper_pearson, jeffreys):
        low, high, name = method(hits, n)
        assert 0 <= low <= hits / n <= high <= 1
        assert name == method.__name__.replace("_", "-")
        assert (low == 0, high == 1) == (hits == 0, hits == n)


def test_clopper_pearson_equals_scipy() -> None:
    from scipy.stats import binomtest

    ours = clopper_pearson(7, 120)
    theirs = binomtest(7, 120).proportion_ci(method="exact")
    assert ours[:2] == pytest.approx((theirs.low, theirs.high), abs=1e-12)


@settings(deadline=None)
@given(
    st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(1, n), st.just(n))), st.sampled_from([0.8, 0.9, 0.99])
)
def test_each_interval_is_what_defines_it(case: tuple[int, int], level: float) -> None:
    """Score test, exact tails, posterior quantiles: at its ends each is at the edge of (1 - level) / 2."""
    from scipy import stats

    hits, n = case
    tail = (1 - level) / 2
    low = wilson(hits, n, level).low
    assert (hits / n - low) / math.sqrt(low * (1 - low) / n) == pytest.approx(stats.norm.ppf(1 - tail), rel=1e-6)
    assert stats.binom.sf(hits - 1, n, clopper_pearson(hits, n, level).low) == pytest.approx(tail, rel=1e-6)
    assert stats.beta.cdf(jeffreys(hits, n, level).low, hits + 0.5, n - hits + 0.5) == pytest.approx(tail, rel=1e-6)
    for method in (wilson, clopper_pearson, jeffreys):
        assert method(n - hits, n, level).high == pytest.approx(1 - method(hits, n, level).low, abs=1e-9)


@pytest.mark.parametrize("method", [wilson, clopper_pearson, jeffreys])
@pytest.mark.parametrize("n", [0, -1])
def test_no_trials_no_interval(method: object, n: int) -> None:
    with pytest.raises(ValueError, match=r"^an interval needs at least one trial$"):
        method(0, n)  # type: ignore[operator]


@pytest.mark.parametrize("method", [wilson, clopper_pearson, jeffreys])
def test_half_a_trial_is_some_evidence(method: object) -> None:
    low, high, _ = method(0, 0.5)  # type: ignore[operator]
    assert low == 0
    assert 0.5 < high < 1


def test_jackknife_of_a_symmetric_mean_is_the_t_interval() -> None:
    from scipy import stats

    half = np.random.default_rng(1).normal(size=15)
    x = 3.0 + np.concatenate([half, -half])
    found = jackknife(float(x.mean()), (x.sum() - x) / 29)
    expected = stats.t.interval(0.95, 29, loc=x.mean(), scale=stats.sem(x))
    assert found is not None
    assert found[:2] == pytest.approx(expected, abs=1e-12)


def test_undefined_replicates_give_no_interval() -> None:
    assert jackknife(0.5, np.array([0.5, math.nan, 0.4])) is None
    assert jackknife(math.nan, np.array([0.5, 0.4, 0.3])) is None
    assert jackknife(math.inf, np.array([0.5, 0.4, 0.3])) is None


def test_two_blocks_are_the_fewest() -> None:
    assert jackknife(0.5, np.array([0.5])) is None
    found = jackknife(0.5, np.array([0.0, 1.0]))
    assert found is not None
    assert found[:2] == pytest.approx((0.5 - 12.7062 / 2, 0.5 + 12.7062 / 2), abs=1e-4)
    assert found.method == "jackknife(2)"


def test_rounding_is_no_variation() -> None:
    """Replicates that differ by no more than floating-point sums do, at the scale of the statistic."""
    assert jackknife(0.0, np.array([0.0, 2e-12])) is None
    assert jackknife(0.0, np.array([0.0, 3e-12])) is not None
    assert jackknife(1e6, 1e6 + np.array([0.0, 1e-6])) is None
    assert jackknife(1e6, 1e6 + np.array([0.0, 1e-5])) is not None


def hall(t: float, skewness: float) -> float:
    """Hall's (1992) transformation of a studentised mean, which its skewness (per root n) makes symmetric; monotone."""
    return t + skewness / 3 * t**2 + skewness**2 / 27 * t**3 + skewness / 6


@settings(deadline=None)
@given(st.lists(st.floats(-100, 100), min_size=3, max_size=60), st.sampled_from([0.5, 0.9, 0.95, 0.999]))
def test_the_jackknife_inverts_halls_transformation(values: list[float], level: float) -> None:
    """Both ends; few draws' skewness is enlarged on the side of the longer tail, up to that of a lone outlier."""
    from scipy import stats

    x, n = np.array(values), len(values)
    full, without = float(x.mean()), (x.sum() - x) / (n - 1)
    found = jackknife(full, without, level)
    error = float(stats.sem(x))
    assume(found is not None and error > 1e-3)
    assert found is not None
    inner = float(stats.skew(x)) / math.sqrt(n)
    outer = math.copysign(min(abs(inner) * (1 + 2 / math.sqrt(n)), 1.0), inner)
    below, above = (inner, outer) if inner > 0 else (outer, inner)
    t = stats.t.ppf(0.5 + level / 2, n - 1)
    # Where the inverse runs away, 1 + A(x - A/6) below 1/2 cubed, the bound stays at the multiple that it has there.
    for bound, skewness, quantile in ((found.low, below, t), (found.high, above, -t)):
        far = (full - bound) / error
        if 1 + skewness * (quantile - skewness / 6) >= 0.5**3:
            assert hall(far, skewness) == pytest.approx(quantile, rel=1e-3, abs=1e-3)
        else:
            assert far == pytest.approx((quantile - skewness / 6) * 12 / 7, rel=1e-6)


def test_a_longer_tail_moves_both_ends_towards_it() -> None:
    x = np.random.default_rng(3).exponential(size=40)
    found, mirrored = (jackknife(float(v.mean()), (v.sum() - v) / 39) for v in (x, -x))
    assert found is not None
    assert mirrored is not None
    assert found[:2] == pytest.approx((-mirrored.high, -mirrored.low))
    half = 2.0227 * x.std(ddof=1) / math.sqrt(40)
    assert found.high - x.mean() > 1.2 * half
    assert x.mean() - found.low < 0.95 * half


@settings(deadline=None)
@given(st.lists(st.floats(-10, 10), min_size=3, max_size=30), st.floats(0.01, 100), st.floats(-50, 50))
def test_acceleration_is_a_sixth_of_the_skewness(values: list[float], scale: float, shift: float) -> None:
    from scipy import stats

    x = np.array(values)
    assume(x.std() > 1e-3)
    n, y = len(x), x * scale * 1e-3 + shift
    expected = float(stats.skew(y)) / 6 / math.sqrt(n)
    assert acceleration((y.sum() - y) / (n - 1)) == pytest.approx(expected, abs=1e-4)
    assert abs(expected) <= 1 / 6


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_acceleration_at_any_magnitude(scale: float) -> None:
    x = np.array([2.0, 3, 5, 7, 11, 13, 17])
    assert acceleration((x.sum() - x) / 6 * scale) == pytest.approx(0.023293, abs=1e-6)


def test_no_variation_no_acceleration() -> None:
    assert acceleration(np.full(4, 0.25)) == 0.0


@settings(deadline=None)
@given(st.lists(st.integers(0, 20), min_size=1, max_size=80), st.integers(1, 12))
def test_blocks_keep_clusters_whole(codes: list[int], most: int) -> None:
    blocks = blocks_of(np.array(codes), most)
    owner: dict[int, int] = {}
    for code, block in zip(codes, blocks.tolist(), strict=True):
        assert owner.setdefault(code, block) == block
    assert blocks.dtype == np.int64
    assert set(blocks.tolist()) == set(range(min(most, len(set(codes)))))


@pytest.mark.parametrize(("hits", "expected"), [([0.0] * 20, 5.0), ([5.0] * 20, 5.0), ([1.0] * 40, 1.0)])
def test_design_effect_is_clamped(hits: list[float], expected: float) -> None:
    assert design_effect(np.array(hits), np.full(len(hits), 5.0)) == expected


def test_a_first_hit_does_not_narrow_what_no_hit_leaves_open() -> None:
    """100 prompts x 25 samples: seeing one bad sample must not prove more than seeing none."""
    sizes, uppers = np.full(100, 25.0), []
    for seen in (0.0, 1.0, 2.0):
        effect = design_effect(np.array([seen] + [0.0] * 99), sizes)
        uppers.append(wilson(seen / effect, 2500 / effect).high)
    assert uppers == sorted(uppers)
    assert uppers[0] == pytest.approx(wilson(0, 100).high)


def test_design_effect_by_hand() -> None:
    """Eight prompts of five: rate 9/40, residuals' squares 6.875, an unseen prompt 5 * 31/40 squared, CR1 8/7."""
    hits = np.array([1.0, 0, 1, 2, 0, 1, 3, 1])
    variance = 8 / 7 * (6.875 + (5 * 31 / 40) ** 2) / 40**2
    assert design_effect(hits, np.full(8, 5.0)) == pytest.approx(variance / (9 / 40 * 31 / 40 / 40), rel=1e-12)
    assert design_effect(5 - hits, np.full(8, 5.0)) == pytest.approx(variance / (9 / 40 * 31 / 40 / 40), rel=1e-12)


def test_design_effect_of_one_row_a_prompt_is_one() -> None:
    assert design_effect(np.array([1.0, 0, 0, 1]), np.ones(4)) == 1.0
    assert design_effect(np.zeros(4), np.full(4, 0.5)) == 1.0
    assert design_effect(np.array([2.0]), np.array([4.0])) == 4.0


@pytest.mark.parametrize(("clusters", "rate"), [(40, 0.05), (200, 0.05)])
def test_a_few_long_clusters_count_as_few(clusters: int, rate: float) -> None:
    """Clusters alike inside, one in ten a hundred times as long as the others: the mean size says nothing of them.

    At zero events ten clusters, one of which has 991 of 1,000 rows, are about one; and a nominal 95 % must not put its
    upper bound below the truth.
    """
    one = np.array([1.0] * 9 + [991.0])
    assert 1000 / design_effect(np.zeros(10), one) == pytest.approx(1000**2 / (9 + 991**2))
    rng = np.random.default_rng(7)
    below = 0
    for _ in range(400):
        sizes = rng.choice([1.0, 100.0], size=clusters, p=[0.9, 0.1])
        hits = sizes * (rng.random(clusters) < rate)
        effect = design_effect(hits, sizes)
        below += wilson(hits.sum() / effect, sizes.sum() / effect).high < rate
    assert below / 400 <= 0.025


def test_wilson_at_the_effective_size_covers_a_clustered_rate() -> None:
    """200 prompts x 5 correlated samples at a true rate of 0.1: nominal 95 % must cover at least 92 %."""
    rng = np.random.default_rng(7)
    covered = 0
    for _ in range(400):
        propensity = rng.beta(0.5, 4.5, size=200)
        hits = rng.binomial(5, propensity).astype(float)
        effect = design_effect(hits, np.full(200, 5.0))
        low, high, _ = wilson(hits.sum() / effect, 1000 / effect)
        covered += low <= 0.1 <= high
    assert covered / 400 >= 0.92


def test_clustered_error_equals_the_jackknife_of_equal_clusters() -> None:
    rng = np.random.default_rng(5)
    totals, sizes = rng.binomial(4, 0.3, 30).astype(float), np.full(30, 4.0)
    means = totals / 4
    assert clustered_error(totals, sizes) == pytest.approx(means.std(ddof=1) / math.sqrt(30))
    assert clustered_error(totals[:2], sizes[:2]) == pytest.approx(means[:2].std(ddof=1) / math.sqrt(2))
    assert clustered_error(np.array([0.1, 0.2]), np.array([0.25, 0.25])) == pytest.approx(0.2)


@pytest.mark.parametrize("sizes", [[], [3.0], [0.0, 0.0]])
def test_one_cluster_has_no_error(sizes: list[float]) -> None:
    assert math.isnan(clustered_error(np.zeros(len(sizes)), np.array(sizes)))


def test_mover_of_symmetric_intervals_is_the_normal_one() -> None:
    """Half-widths 3 and 4: 5 without correlation, 1 with 1, 7 with -1; a factor scales the second, and its sign."""
    a, b = (10 - 3.0, 10 + 3.0), (2 - 4.0, 2 + 4.0)
    assert mover(10, a, 2, b) == pytest.approx((3, 13))
    assert mover(10, a, 2, b, correlation=1.0) == pytest.approx((7, 9))
    assert mover(10, a, 2, b, correlation=-1.0) == pytest.approx((1, 15))
    assert mover(10, a, 2, b, correlation=0.5) == pytest.approx((8 - math.sqrt(13), 8 + math.sqrt(13)))
    assert mover(10, a, 2, b, 0.5, correlation=1.0) == pytest.approx((8, 10))
    assert mover(10, a, 2, b, -1.0, correlation=1.0) == pytest.approx((5, 19))
    assert mover(10, a, 2, b, 0.0) == pytest.approx((7, 13))


def test_mover_takes_each_sides_own_ends() -> None:
    assert mover(5, (4, 8), 1, (0, 3)) == pytest.approx((4 - math.sqrt(5), 4 + math.sqrt(10)))
    assert mover(5, (4, 8), 1, (0, 3), -1.0) == pytest.approx((6 - math.sqrt(2), 6 + math.sqrt(13)))
    assert mover(5, (4, 6), 1, (0, 2), correlation=1.0) == (4, 4)


@pytest.mark.parametrize(("hits", "n"), [(0, 20), (0, 300), (1, 300), (3, 100), (50, 100), (19, 20), (20, 20), (1, 10)])
@pytest.mark.parametrize("level", [0.8, 0.9, 0.95, 0.99])
def test_bounded_means_of_zeros_and_ones_are_clopper_pearson(hits: int, n: int, level: float) -> None:
    x = np.concatenate([np.ones(hits), np.zeros(n - hits)])
    low, high, name = bounded_mean(x, np.ones(n), 0, 1, level)
    exact = clopper_pearson(hits, n, level)
    assert (low, high) == pytest.approx(exact[:2], abs=0.006 * (exact.high - exact.low))
    assert low <= exact.low + 1e-9
    assert high >= exact.high - 1e-9
    assert name == f"bounded({n})"


def weighed_at_random(totals: Floats, sizes: Floats, confidence: float) -> float:
    """The bound's definition, drawn: the sample and an unseen cluster at 1, in Dirichlet weights."""
    unseen = (sizes**2).sum() / sizes.sum()
    totals, sizes = np.append(totals, unseen), np.append(sizes, unseen)
    weights = np.random.default_rng(6).exponential(size=(100_000, len(sizes)))
    return float(np.quantile((weights @ totals) / (weights @ sizes), confidence))


def test_bounded_means_of_unequal_clusters_are_dirichlet_quantiles() -> None:
    rng = np.random.default_rng(7)
    sizes = rng.integers(1, 9, 25).astype(float)
    totals = sizes * rng.beta(0.5, 2, 25)
    for level in (0.6, 0.9, 0.98):
        low, high, _ = bounded_mean(totals, sizes, 0, 1, level)
        assert high == pytest.approx(weighed_at_random(totals, sizes, 0.5 + level / 2), abs=0.003)
        assert low == pytest.approx(1 - weighed_at_random(sizes - totals, sizes, 0.5 + level / 2), abs=0.003)


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.floats(-5, 5), st.floats(0.1, 100))
def test_bounded_means_hold_the_mean_and_move_with_their_range(values: list[float], shift: float, width: float) -> None:
    x, sizes = np.array(values), np.ones(len(values))
    low, high, _ = bounded_mean(x, sizes, 0, 1)
    assert 0 <= low <= x.mean() + 1e-9
    assert x.mean() - 1e-9 <= high <= 1
    moved = bounded_mean(x * width + shift, sizes, shift, shift + width)
    assert moved[:2] == pytest.approx((shift + width * low, shift + width * high), abs=1e-6 * width)
    narrow = bounded_mean(x, sizes, 0, 1, 0.5)
    assert low <= narrow.low + 1e-9
    assert narrow.high <= high + 1e-9


def test_bounded_means_of_unequal_clusters_move_with_their_range() -> None:
    totals, sizes = np.array([0.5, 2.0, 0.0, 3.5]), np.array([1.0, 3, 2, 4])
    found, moved = bounded_mean(totals, sizes, 0, 1), bounded_mean(totals * 3 + 2 * sizes, sizes, 2, 5)
    assert moved[:2] == pytest.approx((2 + 3 * found.low, 2 + 3 * found.high), abs=1e-6)


def test_bounded_means_at_the_ends_of_their_range() -> None:
    low, high, _ = bounded_mean(np.full(300, 2.0), np.ones(300), -2, 2, 0.9)
    assert high == 2.0
    assert low == pytest.approx(-2 + 4 * 0.05 ** (1 / 300), abs=1e-3)
    beyond = bounded_mean(np.array([0.5, 1 + 1e-12]), np.ones(2), 0, 1)
    assert beyond[:2] == pytest.approx(bounded_mean(np.array([0.5, 1.0]), np.ones(2), 0, 1)[:2])
    empty = bounded_mean(np.array([0.0, 0.2, 0.4]), np.array([0.0, 1, 1]), 0, 1)
    assert empty == bounded_mean(np.array([0.2, 0.4]), np.ones(2), 0, 1)


@pytest.mark.parametrize(("low", "high"), [(0.0, math.inf), (-math.inf, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, math.nan)])
def test_a_bounded_mean_needs_a_range(low: float, high: float) -> None:
    with pytest.raises(ValueError, match=r"^the range of a bounded mean has two finite ends$"):
        bounded_mean(np.ones(3), np.ones(3), low, high)
    with pytest.raises(ValueError, match=r"^an interval needs at least one trial$"):
        bounded_mean(np.zeros(2), np.zeros(2), 0, 1)


def test_sums_of_exponentials() -> None:
    """P(sum a_i E_i <= 0): q / (p + q) for p E_1 - q E_2; 5/9 for 2 E_1 - E_2 - E_3; gamma's and beta's beyond."""
    from scipy import stats

    assert _below(np.array([1.0, -1.0])) == pytest.approx(0.5, abs=1e-9)
    assert _below(np.array([2.0, -1, -1])) == pytest.approx(5 / 9, abs=0.002)
    assert _below(np.array([2.0, -1, -1.001])) == pytest.approx(5 / 9, abs=0.002)
    assert _below(np.array([-2.0, 1, 1])) == pytest.approx(4 / 9, abs=0.002)
    assert _below(np.array([0.9] * 5 + [-0.1] * 45)) == pytest.approx(stats.beta.cdf(0.1, 5, 45), abs=1e-3)
    assert _below(np.array([0.8] * 5 + [-0.2] * 45)) == pytest.approx(stats.beta.cdf(0.2, 5, 45), abs=1e-3)
    assert _below(np.array([0.0, 1.0])) == 0.0
    assert _below(np.array([0.0, -1.0])) == 1.0
    assert _below(np.array([0.0])) == 1.0
