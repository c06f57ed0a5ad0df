"""Golden values: Wilson and Clopper-Pearson from scipy and R's binom; coverage by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc_eval.intervals import blocks_of, clopper_pearson, design_effect, jackknife, wilson

GOLDEN = [  # hits, n, wilson low, high, clopper-pearson low, high
    (0, 100, 0, 0.036993, 0, 0.036217),
    (0, 300, 0, 0.012643, 0, 0.012221),
    (1, 300, 0.000589, 0.018637, 0.000084, 0.018431),
    (3, 100, 0.010255, 0.084519, 0.006230, 0.085176),
    (5, 100, 0.021544, 0.111750, 0.016432, 0.112835),
    (95, 100, 0.888250, 0.978456, 0.887165, 0.983568),
    (900, 1000, 0.879848, 0.917091, 0.879712, 0.917895),
]


@pytest.mark.parametrize(("hits", "n", "wilson_low", "wilson_high", "exact_low", "exact_high"), GOLDEN)
def test_proportions_have_their_published_bounds(
    hits: int, n: int, wilson_low: float, wilson_high: float, exact_low: float, exact_high: float
) -> None:
    assert wilson(hits, n)[:2] == pytest.approx((wilson_low, wilson_high), abs=5e-7)
    assert clopper_pearson(hits, n)[:2] == pytest.approx((exact_low, exact_high), abs=5e-7)


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_intervals_hold_their_estimate_and_stay_in_range(case: tuple[int, int]) -> None:
    hits, n = case
    for method in (wilson, clopper_pearson):
        low, high, _ = method(hits, n)
        assert 0 <= low <= hits / n <= high <= 1


def test_clopper_pearson_equals_scipy() -> None:
    from scipy.stats import binomtest

    ours = clopper_pearson(7, 120)
    theirs = binomtest(7, 120).proportion_ci(method="exact")
    assert ours[:2] == pytest.approx((theirs.low, theirs.high), abs=1e-12)


@pytest.mark.parametrize("method", [wilson, clopper_pearson])
def test_no_trials_no_interval(method: object) -> None:
    with pytest.raises(ValueError, match="at least one"):
        method(0, 0)  # type: ignore[operator]


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
    assert jackknife(0.5, np.array([0.5])) is None


@given(st.lists(st.integers(0, 20), min_size=1, max_size=80), st.integers(1, 12))
def test_blocks_keep_clusters_whole(codes: list[int], most: int) -> None:
    blocks = blocks_of(np.array(codes), most)
    owner: dict[int, int] = {}
    for code, block in zip(codes, blocks.tolist(), strict=True):
        assert owner.setdefault(code, block) == block
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
