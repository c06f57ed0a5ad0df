"""What a run could have seen: against textbook numbers and against simulated runs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from aigc_eval.detectable import detectable, effective_units, error_of
from aigc_eval.gates import more_prompts
from aigc_eval.intervals import clopper_pearson
from aigc_eval.records import Estimate, Zone


def share(hits: int, n: int, confidence: float = 0.95) -> Estimate:
    low, high, _ = clopper_pearson(hits, n, 2 * confidence - 1)
    return Estimate("a", "s", "m", "", hits / n, low, high, level=2 * confidence - 1, method=f"clopper-pearson(n={n})")


def mean(value: float, error: float, blocks: int = 50, level: float = 0.9, **more: object) -> Estimate:
    from scipy.stats import t

    half = float(t.ppf(0.5 + level / 2, blocks - 1)) * error
    known = {"value": value, "low": value - half, "high": value + half, "level": level, **more}
    return Estimate("a", "s", "m", method=f"jackknife({blocks})", **known)  # type: ignore[arg-type]


def test_the_standard_error_is_read_off_the_bounds() -> None:
    assert error_of(mean(3.0, 0.25)) == pytest.approx(0.25)
    assert error_of(mean(3.0, 0.25, blocks=10, level=0.98)) == pytest.approx(0.25)


def test_a_difference_of_millers_example() -> None:
    """Miller 2024: 198 prompts, one sample each, 13.3 points at 80 % power and 5 % two-sided, so one-sided 97.5 %."""
    error = math.sqrt((1 / 9 + 1 / 6 + 1 / 6) / 198)
    found = detectable(mean(0.0, error, level=0.95, against="b"), (-0.05, None))
    assert found == pytest.approx(0.132733, abs=1e-6)


@pytest.mark.parametrize(("n", "limit"), [(300, 0.01), (1000, 0.01), (300, 0.05), (2000, 0.2)])
def test_a_share_that_far_below_the_limit_passes_in_80_percent_of_runs(n: int, limit: float) -> None:
    distance = detectable(share(0, n), (None, limit))
    assert distance is not None
    hits = np.random.default_rng(1).binomial(n, limit - distance, 4000)
    bounds = {h: clopper_pearson(h, n, 0.9).high for h in set(hits.tolist())}
    passed = np.mean([bounds[h] <= limit for h in hits.tolist()])
    assert abs(passed - 0.8) < 4 * math.sqrt(0.16 / 4000)


def test_limits_from_below_are_the_mirror_of_limits_from_above() -> None:
    assert detectable(share(916, 1000), (0.9, None)) == pytest.approx(detectable(share(84, 1000), (None, 0.1)))


@pytest.mark.parametrize(
    ("estimate", "zone"),
    [
        (share(0, 298), (None, 0.01)),  # not even a perfect result passes
        (share(0, 300), (None, None)),
        (Estimate("a", "s", "m", value=0.1), (None, 0.2)),
        (Estimate("a", "s", "m", value=1.0, low=0.5, high=1.0, method="jackknife(50)"), (None, 1.0)),
    ],
)
def test_nothing_is_told_where_nothing_can_be_seen(estimate: Estimate, zone: Zone) -> None:
    assert detectable(estimate, zone) is None


def test_the_bound_that_the_zone_limits_counts() -> None:
    lopsided = Estimate("a", "s", "m", value=2.0, low=1.0, high=5.0, level=0.9, method="bounded(99)")
    below, above, both = (error_of(lopsided, zone) for zone in [(0.0, None), (None, 9.0), (-9.0, 9.0)])
    assert below == pytest.approx(1 / 1.644854)
    assert above == both == pytest.approx(3 / 1.644854)


@pytest.mark.parametrize(
    ("prompts", "hits", "units", "limit", "more"),
    [
        (100, 0, 100, 0.001, 2895),  # 2,995 without a hit: ln .05 / ln .999
        (100, 0, 100, 0.01, 199),
        (40, 0, 40, 0.05, 19),
        (100, 0, 250, 0.01, 20),  # 2.5 independent samples a prompt
    ],
)
def test_how_many_more_prompts_a_share_without_hits_needs(
    prompts: int, hits: int, units: int, limit: float, more: int
) -> None:
    bound = clopper_pearson(hits, units, 0.9).high
    assert more_prompts(prompts, hits / units, bound, limit, units=units) == more


@pytest.mark.parametrize(("rate", "limit"), [(0.005, 0.01), (0.02, 0.01), (0.93, 0.9), (0.87, 0.9)])
def test_so_many_more_decide_and_one_fewer_does_not(rate: float, limit: float) -> None:
    """The exact bound at the observed rate, on the side towards the limit."""
    units = 200
    low, high, _ = clopper_pearson(rate * units, units, 0.9)
    more = more_prompts(units, rate, high if rate < limit else low, limit, units=units)
    assert more is not None

    def decided(n: int) -> bool:
        low, high, _ = clopper_pearson(rate * n, n, 0.9)
        return high <= limit if rate < limit else low >= limit

    assert decided(units + more)
    assert not decided(units + more - 1)


def test_on_the_limit_no_number_decides() -> None:
    assert more_prompts(100, 0.01, 0.05, 0.01, units=100) is None


def test_methods_that_count_no_units() -> None:
    assert effective_units("wilson(n=12)") is None
    assert effective_units("") is None
