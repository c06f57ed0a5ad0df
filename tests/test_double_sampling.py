"""Prediction-powered shares: what they come to by hand, and what draws of one prompt do to them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc_eval.corrections import Detected, corrected_shares, ppi, rogan_gladen, rogan_gladen_strata
from aigc_eval.double_sampling import Cell, Cells, powered_shares, ppi_rate
from aigc_eval.intervals import clopper_pearson, jeffreys

NAN = math.nan


def test_the_value_is_that_of_ppi() -> None:
    rng = np.random.default_rng(1)
    flagged = (rng.random(300) < 0.3).astype(np.float64)
    labels = np.where(rng.random(300) < 0.8, flagged, 1 - flagged)
    labels[100:] = NAN
    found = ppi_rate(labels, flagged, np.arange(300))
    known, tuned = (ppi(labels[:100], flagged[:100], flagged[100:], weight) for weight in (found.weight, None))
    assert (found.value, found.n) == (pytest.approx(known.value), 100)
    assert (found.value, found.weight) == (pytest.approx(tuned.value, abs=0.01), pytest.approx(tuned.weight, abs=0.05))
    assert found.low < found.value < found.high


def test_a_sample_with_all_of_what_is_flagged_does_not_lead_astray() -> None:
    """The pooled variance of ppi_py's weight would take 0.0092 for it."""
    flagged = np.array([1.0] * 16 + [0.0] * 184)
    labels = np.array([1.0] * 10 + [0.0] * 90 + [NAN] * 100)
    assert ppi_rate(labels, flagged, np.arange(200)).value == pytest.approx(0.08 * 10 / 16)


def test_a_scorer_that_flags_nothing_leaves_the_labels_alone() -> None:
    labels = np.array([1.0] * 10 + [0.0] * 40 + [NAN] * 150)
    found = ppi_rate(labels, np.zeros(200), np.arange(200))
    assert (found.value, found.weight) == (0.2, 0.0)
    known = jeffreys(10, 50)
    assert (found.low, found.high) == pytest.approx(known[:2], abs=0.012)  # q may be a little above 0


def test_ends_step_by_step() -> None:
    """MOVER by hand (Zou & Donner 2008, equation for L1 a + L2 b): 8 of 10 flagged, 1 of 90 others, 200 of 2,000."""
    low, high = powered_shares(Cells(Cell(8.0, 10.0), Cell(1.0, 90.0), Cell(200.0, 2000.0)))
    hit, q, rest = jeffreys(8, 10), jeffreys(200, 2000), clopper_pearson(1, 90)
    top = clopper_pearson(8, 10).high  # two misses: exact
    apart, middle = 0.8 - 1 / 90, 0.1 * 0.8 + 0.9 / 90
    below = math.hypot(0.1 * (0.8 - hit.low), 0.9 * (1 / 90 - rest.low), apart * (0.1 - q.low))
    above = math.hypot(0.1 * (top - 0.8), 0.9 * (jeffreys(1, 90).high - 1 / 90), apart * (q.high - 0.1))
    assert (float(low), float(high)) == pytest.approx((middle - below, middle + above))


def test_prompts_whose_draws_are_alike_count_once() -> None:
    rng = np.random.default_rng(5)
    flagged = np.repeat((rng.random(100) < 0.3).astype(np.float64), 5)
    labels = np.where(np.arange(500) % 5 < 2, flagged, NAN)
    labels[:40] = np.where(np.isnan(labels[:40]), NAN, 1 - flagged[:40])
    alone, together = (ppi_rate(labels, flagged, codes) for codes in (np.arange(500), np.repeat(np.arange(100), 5)))
    assert alone.value == together.value
    assert together.high - together.low > 1.3 * (alone.high - alone.low)


@pytest.mark.parametrize(("labels", "flags"), [([1.0, NAN], [1.0, 0.0]), ([1.0, 0.0], [1.0])])
def test_too_little_is_refused(labels: list[float], flags: list[float]) -> None:
    with pytest.raises(ValueError, match="two labels"):
        ppi_rate(np.array(labels), np.array(flags), np.arange(len(labels)))


@given(
    st.lists(st.tuples(st.sampled_from([0.0, 1.0, NAN]), st.booleans(), st.integers(0, 8)), min_size=4, max_size=60),
    st.floats(0.5, 0.99),
)
def test_ends_hold_the_value_and_stay_within_0_and_1(rows: list[tuple[float, bool, int]], level: float) -> None:
    labels, flags, codes = (np.array(column) for column in zip(*rows, strict=True))
    labels[:2] = 0.0, 1.0
    found = ppi_rate(labels, flags.astype(np.float64), codes, level)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_one_language_is_rogan_and_gladens_own() -> None:
    known = {"sensitivity": 0.8, "n_sensitivity": 100, "specificity": 0.95, "n_specificity": 300}
    one = rogan_gladen(0.02, 400, **known)
    part = Detected(0.02, 400, 0.8, 100, 0.95, 300)
    assert rogan_gladen_strata([part], [1.0]) == one
    assert one.below_floor
    assert one.value == one.low == 0 < one.high < 0.1


def test_languages_are_corrected_each_by_its_own_card() -> None:
    """One card for both would hide that all of what is flagged in the second language is false alarms."""
    good, bad = Detected(0.05, 500, 0.9, 300, 1.0, 300), Detected(0.2, 500, 0.9, 300, 0.8, 300)
    found = rogan_gladen_strata([good, bad], [0.5, 0.5])
    assert found.value == pytest.approx(0.05 / 0.9 / 2)
    alone = rogan_gladen(0.05, 500, sensitivity=0.9, n_sensitivity=300, specificity=1, n_specificity=300)
    assert found.low <= alone.low / 2
    assert found.high > alone.high / 2
    with pytest.raises(ValueError, match="chance"):
        rogan_gladen_strata([good, bad._replace(specificity=0.1)], [0.5, 0.5])


def test_many_samples_at_once_are_each_as_alone() -> None:
    observed = np.array([0.0, 0.03, 0.5, 1.0])
    known = (200.0, 0.8, 50.0, 0.9, 50.0)
    together = corrected_shares([Detected(observed, *known)] * 2, [0.5, 0.5])
    for i, q in enumerate(observed):
        alone = corrected_shares([Detected(float(q), *known)] * 2, [0.5, 0.5])
        assert [float(x[i]) for x in map(np.asarray, together)] == pytest.approx([float(x) for x in alone])
