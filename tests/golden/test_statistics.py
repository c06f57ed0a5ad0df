"""Golden values of the statistics behind verdicts; each names the paper, table or program it comes from."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from aigc_eval.agreement import cohen_kappa, fleiss_kappa, krippendorff_alpha
from aigc_eval.corrections import conformal_risk, ppi, rogan_gladen
from aigc_eval.intervals import acceleration, clopper_pearson, clustered_error, jeffreys, mover, wilson
from aigc_eval.paired import benjamini_hochberg, holm, mcnemar, paired, sign_flip
from aigc_eval.power import (
    fewest_hits,
    inflation,
    most_hits,
    paired_prompts,
    smallest_difference,
    smallest_n_without_hits,
    two_share_prompts,
)

PROPORTIONS = [  # hits, n, Wilson, Clopper-Pearson, Jeffreys: scipy binomtest and beta.ppf, as R's binom.confint
    (0, 100, (0, 0.036993), (0, 0.036217), (0, 0.024745)),
    (0, 300, (0, 0.012643), (0, 0.012221), (0, 0.008331)),
    (1, 300, (0.000589, 0.018637), (0.000084, 0.018431), (0.000360, 0.015473)),
    (3, 100, (0.010255, 0.084519), (0.006230, 0.085176), (0.008520, 0.077888)),
    (5, 100, (0.021544, 0.111750), (0.016432, 0.112835), (0.019332, 0.106100)),
    (95, 100, (0.888250, 0.978456), (0.887165, 0.983568), (0.893900, 0.980668)),
    (900, 1000, (0.879848, 0.917091), (0.879712, 0.917895), (0.880252, 0.917437)),
]


def digits(text: str) -> np.ndarray:
    return np.array([float(c) for c in text])


def numbers(text: str) -> np.ndarray:
    return np.array([float(word) for word in text.split()])


@pytest.mark.parametrize(("hits", "n", "score", "exact", "bayes"), PROPORTIONS)
def test_intervals_of_a_share(
    hits: int, n: int, score: tuple[float, float], exact: tuple[float, float], bayes: tuple[float, float]
) -> None:
    assert wilson(hits, n)[:2] == pytest.approx(score, abs=5e-7)
    assert clopper_pearson(hits, n)[:2] == pytest.approx(exact, abs=5e-7)
    assert jeffreys(hits, n)[:2] == pytest.approx(bayes, abs=5e-7)


@pytest.mark.parametrize(("n", "upper"), [(59, 0.049508), (299, 0.009969), (300, 0.009936), (1000, 0.002991)])
def test_rule_of_three(n: int, upper: float) -> None:
    """Hanley & Lippman-Hand 1983: no event in n bounds the share at 1 - .05^(1/n), about 3/n (one-sided 95 %)."""
    assert clopper_pearson(0, n, 0.9).high == pytest.approx(upper, abs=5e-7)
    assert clopper_pearson(0, n, 0.9).high == pytest.approx(1 - 0.05 ** (1 / n), abs=1e-12)
    assert upper == pytest.approx(3 / n, rel=0.03)


@pytest.mark.parametrize(
    ("limit", "n", "hits"), [(0.90, 1000, 916), (0.90, 2000, 1823), (0.95, 300, 292), (0.95, 500, 484)]
)
def test_a_share_must_be_that_high_to_be_proven(limit: float, n: int, hits: int) -> None:
    """TC260-003's thresholds: the fewest hits whose one-sided 95 % lower bound reaches them."""
    assert fewest_hits(n, limit) == hits
    assert clopper_pearson(hits, n, 0.9).low >= limit > clopper_pearson(hits - 1, n, 0.9).low


@pytest.mark.parametrize(("n", "hits"), [(300, 8), (500, 16)])
def test_a_share_must_be_that_low_to_be_proven(n: int, hits: int) -> None:
    assert most_hits(n, 0.05) == hits
    assert clopper_pearson(hits, n, 0.9).high <= 0.05 < clopper_pearson(hits + 1, n, 0.9).high


@pytest.mark.parametrize(("truth", "chance"), [(0.90, 0.527), (0.89, 0.169), (0.92, 0.990)])
def test_a_bare_comparison_with_a_threshold_is_a_coin_flip(truth: float, chance: float) -> None:
    """What the exact rule repairs: 900 of 1,000 "reach 90 %" half of the time where 90 % is the truth."""
    assert stats.binom.sf(899, 1000, truth) == pytest.approx(chance, abs=5e-4)
    assert stats.binom.sf(fewest_hits(1000, 0.9) - 1, 1000, 0.90) <= 0.05


def test_299_prompts_without_a_hit_prove_one_percent() -> None:
    assert smallest_n_without_hits(0.01) == 299


def test_clustered_standard_error() -> None:
    """Miller 2024 (arXiv 2411.00640), section 2.2, on 1101|000|11101|01: .156092 without the factor G/(G-1)."""
    scores = [digits(c) for c in ("1101", "000", "11101", "01")]
    alone = np.concatenate(scores)
    assert alone.mean() == pytest.approx(0.571429, abs=5e-7)
    assert clustered_error(alone, np.ones(14)) == pytest.approx(0.137253, abs=5e-7)
    totals, sizes = np.array([s.sum() for s in scores]), np.array([float(len(s)) for s in scores])
    assert clustered_error(totals, sizes) * math.sqrt(3 / 4) == pytest.approx(0.156092, abs=5e-7)


def test_paired_standard_error() -> None:
    """Miller 2024, section 4."""
    a, b = digits("1110101101"), digits("1010100101")
    found = paired(a, b)
    assert (found.mean, found.error) == pytest.approx((0.2, 0.133333), abs=5e-7)
    assert math.hypot(a.std(ddof=1), b.std(ddof=1)) / math.sqrt(10) == pytest.approx(0.226078, abs=5e-7)
    assert np.corrcoef(a, b)[0, 1] == pytest.approx(0.654654, abs=5e-7)


def test_power() -> None:
    """Miller 2024, section 5: 3,876 prompts, 1,260 with ten samples of each, 969 without noise; MDE 13.3 and 7.6 %."""
    noise = (1 / 6, 1 / 6)
    assert paired_prompts(0.03, 1 / 9, noise) == 3876
    assert paired_prompts(0.03, 1 / 9, noise, (10, 10)) == math.ceil(1259.7)
    assert paired_prompts(0.03, 1 / 9) == 969
    assert smallest_difference(1.0) ** 2 == pytest.approx(7.848880, abs=5e-7)
    for samples, seen in ((1, 0.132733), (10, 0.075670)):
        error = math.sqrt((1 / 9 + 2 / 6 / samples) / 198)
        assert smallest_difference(error) == pytest.approx(seen, abs=5e-7)


def test_two_shares() -> None:
    """Fleiss, Statistical Methods for Rates and Proportions: 1 % against 2 % at 80 %; R's power.prop.test: 2318.2."""
    assert two_share_prompts(0.01, 0.02) == 2319


def test_design_effect() -> None:
    assert inflation(5, 0.3) == pytest.approx(2.2)


def test_acceleration() -> None:
    """Efron & Tibshirani 1993, (14.15), for the mean of the first primes."""
    x = np.array([2.0, 3, 5, 7, 11, 13, 17])
    assert acceleration((x.sum() - x) / 6) == pytest.approx(0.023293, abs=5e-7)


def test_exact_paired_tests() -> None:
    """scipy's permutation_test and binomtest; the t-test beside it says .035406."""
    apart = np.array([0.3, 0.1, -0.05, 0.2, 0.4, 0.15, -0.1, 0.25])
    assert sign_flip(apart) == pytest.approx(0.0546875, abs=1e-12)
    assert stats.ttest_1samp(apart, 0).pvalue == pytest.approx(0.035406, abs=5e-7)
    assert mcnemar(8, 2) == pytest.approx(0.109375, abs=5e-7)
    assert mcnemar(15, 5) == pytest.approx(0.041389, abs=5e-7)


def test_families_of_tests() -> None:
    """R's p.adjust."""
    ps = [0.01, 0.04, 0.03, 0.005]
    assert holm(ps) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert benjamini_hochberg(ps) == pytest.approx([0.02, 0.04, 0.04, 0.02])


NEWCOMBE_INDEPENDENT = [  # Newcombe 1998, Stat Med 17:873, table II, method 10 (a)-(h)
    ((56, 70), (48, 80), (0.0524, 0.3339)),
    ((9, 10), (3, 10), (0.1705, 0.8090)),
    ((6, 7), (2, 7), (0.0582, 0.8062)),
    ((5, 56), (0, 29), (-0.0381, 0.1926)),
    ((0, 10), (0, 20), (-0.1611, 0.2775)),
    ((0, 10), (0, 10), (-0.2775, 0.2775)),
    ((10, 10), (0, 20), (0.6791, 1.0)),
    ((10, 10), (0, 10), (0.6075, 1.0)),
]


@pytest.mark.parametrize(("a", "b", "expected"), NEWCOMBE_INDEPENDENT)
def test_difference_of_two_shares(a: tuple[int, int], b: tuple[int, int], expected: tuple[float, float]) -> None:
    found = mover(a[0] / a[1], wilson(*a)[:2], b[0] / b[1], wilson(*b)[:2])
    assert found == pytest.approx(expected, abs=5.1e-5)


def test_difference_of_paired_shares() -> None:
    """Newcombe 1998, Stat Med 17:2635, method 10: pairs 36 both, 12 only a, 2 only b, 0 neither."""
    both, only_a, only_b, neither, n = 36, 12, 2, 0, 50
    phi = (both * neither - only_a * only_b) / math.sqrt(48 * 2 * 38 * 12)
    found = mover(48 / n, wilson(48, n)[:2], 38 / n, wilson(38, n)[:2], correlation=phi)
    assert found == pytest.approx((0.0569, 0.3404), abs=5.1e-5)


def test_imperfect_detector() -> None:
    """Rogan & Gladen 1978."""
    known = {"sensitivity": 0.85, "n_sensitivity": 200, "specificity": 0.95, "n_specificity": 800}
    found = rogan_gladen(0.08, 2000, **known)
    assert (found.value, found.error, found.below_floor) == (
        pytest.approx(0.0375),
        pytest.approx(0.012035, abs=5e-7),
        False,
    )
    below = rogan_gladen(0.03, 2000, **known)
    assert (below.raw, below.value, below.below_floor) == (pytest.approx(-0.025), 0.0, True)


SURE = (
    digits("1001100010"),
    numbers(".9 .2 .1 .7 .6 .3 .4 .1 .8 .2"),
    numbers(".1 .2 .8 .9 .3 .5 .15 .05 .6 .7 .25 .35 .9 .1 .2 .4 .45 .05 .95 .3"),
)
UNSURE = (
    digits("1001100010"),
    numbers(".6 .4 .3 .5 .3 .6 .4 .2 .7 .5"),
    numbers(".3 .4 .5 .6 .3 .5 .45 .35 .6 .7 .25 .35 .4 .1 .2 .4 .45 .3 .55 .3"),
)
WEIGHTS = [  # data, weight, pooled, value, standard error, weight: ppi_py 0.2 (pooled) and Angelopoulos et al. 2023
    (SURE, 0.0, True, 0.4, 0.154919, 0.0),
    (SURE, 1.0, True, 0.3825, 0.103421, 1.0),
    (SURE, None, False, 0.3825, 0.103421, 1.0),  # 1.016915, cut to 1
    (SURE, None, True, 0.382797, 0.103521, 0.983018),
    (UNSURE, None, False, 0.354315, 0.145816, 0.913706),
    (UNSURE, None, True, 0.355838, 0.145826, 0.883249),
    (UNSURE, 1.0, True, 0.35, 0.145902, 1.0),
]


@pytest.mark.parametrize(("data", "weight", "pooled", "value", "error", "taken"), WEIGHTS)
def test_prediction_powered(
    data: tuple[np.ndarray, np.ndarray, np.ndarray],
    weight: float | None,
    pooled: bool,
    value: float,
    error: float,
    taken: float,
) -> None:
    found = ppi(*data, weight, pooled=pooled)
    assert (found.value, found.error, found.weight) == pytest.approx((value, error, taken), abs=5e-7)


def test_conformal_risk() -> None:
    """Angelopoulos et al. 2024, Conformal Risk Control, theorem 1: 100/101 * R + 1/101 <= .1."""
    assert conformal_risk(100, 0.1) == pytest.approx(0.091)


def test_agreement() -> None:
    """Cohen: a 40/10/5/45 table; Fleiss 1971: 14 raters, 10 subjects; Krippendorff 2011: sections B and C."""
    two = cohen_kappa(np.array([[40.0, 10], [5, 45]]))
    assert two is not None
    assert two.value == pytest.approx(0.70)
    fleiss = "0 0 0 0 14 0 2 6 4 2 0 0 3 5 6 0 3 9 2 0 2 2 8 1 1 7 7 0 0 0 3 2 6 3 0 2 5 3 2 2 6 5 2 1 0 0 2 2 3 7"
    many = fleiss_kappa(numbers(fleiss).reshape(10, 5))
    assert many is not None
    assert many.value == pytest.approx(0.210, abs=5e-4)
    a, b = digits("0100000010").astype(int), digits("1110010000").astype(int)
    binary = krippendorff_alpha(np.eye(2)[a] + np.eye(2)[b])
    assert binary is not None
    assert binary.value == pytest.approx(0.095, abs=5e-4)
    rows = ["123321412...", "1233224125.3", ".3332342251.", "12332441251."]
    counts = np.zeros((12, 5))
    for row in rows:
        for i, label in enumerate(row):
            if label != ".":
                counts[i, int(label) - 1] += 1
    nominal = krippendorff_alpha(counts)
    assert nominal is not None
    assert nominal.value == pytest.approx(0.743, abs=5e-4)
