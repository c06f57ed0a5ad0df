"""Corrections for imperfect scorers: their promises by simulation, their edges by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from aigc_eval.corrections import conformal_risk, conformal_threshold, ppi, rogan_gladen

KNOWN = {"sensitivity": 0.85, "n_sensitivity": 200, "specificity": 0.95, "n_specificity": 800}


def test_a_perfect_detector_corrects_nothing() -> None:
    found = rogan_gladen(0.3, 100, sensitivity=1, n_sensitivity=50, specificity=1, n_specificity=50)
    assert (found.value, found.raw, found.below_floor) == (pytest.approx(0.3), pytest.approx(0.3), False)
    assert found.error == pytest.approx(math.sqrt(0.21 / 100))
    assert found.low < 0.3 < found.high


def test_a_share_beyond_what_the_detector_can_catch_is_cut() -> None:
    found = rogan_gladen(0.95, 100, **KNOWN)
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.raw == pytest.approx(0.9 / 0.8)
    assert not found.below_floor
    none = rogan_gladen(0.0, 100, **KNOWN)
    assert (none.value, none.low, none.below_floor) == (0.0, 0.0, True)
    assert 0 <= none.high < 0.05
    assert rogan_gladen(0.05, 100, **{**KNOWN, "specificity": 0.95}).below_floor


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"specificity": 0.15}, "chance"),
        ({"n_specificity": 0}, "needs outputs"),
        ({"n_sensitivity": 0}, "needs outputs"),
    ],
)
def test_a_useless_detector_is_refused(change: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rogan_gladen(0.1, 100, **{**KNOWN, **change})
    with pytest.raises(ValueError, match="needs outputs"):
        rogan_gladen(0.1, 0, **KNOWN)


def test_a_detector_that_a_few_examples_barely_know_leaves_everything_open() -> None:
    found = rogan_gladen(0.1, 100, sensitivity=1, n_sensitivity=1, specificity=0.05, n_specificity=20)
    assert (found.low, found.high) == (0.0, 1.0)


@pytest.mark.parametrize(("observed", "level", "z"), [(0.08, 0.95, 1.959964), (0.5, 0.8, 1.281552)])
def test_lang_and_reiczigels_interval_step_by_step(observed: float, level: float, z: float) -> None:
    """Lang & Reiczigel 2014, Prev Vet Med 113:13, equations of section 2.2."""
    q = (2000 * observed + z**2 / 2) / (2000 + z**2)
    se, sp = (200 * 0.85 + 1) / 202, (800 * 0.95 + 1) / 802
    p = (q + sp - 1) / (se + sp - 1)
    shift = 2 * z**2 * (p * se * (1 - se) / 202 - (1 - p) * sp * (1 - sp) / 802)
    squares = q * (1 - q) / (2000 + z**2) + p**2 * se * (1 - se) / 202 + (1 - p) ** 2 * sp * (1 - sp) / 802
    half = z * math.sqrt(squares) / (se + sp - 1)
    found = rogan_gladen(observed, 2000, **KNOWN, level=level)
    assert (found.low, found.high) == pytest.approx((p + shift - half, p + shift + half), abs=1e-6)


@pytest.mark.parametrize("rate", [0.0, 0.01, 0.05, 0.3])
def test_the_corrected_interval_holds_the_truth(rate: float) -> None:
    """Detector of sensitivity .9 and specificity .97, learnt from 150 and 300 examples, 1,000 outputs; nominal 95 %."""
    rng, covered, trials = np.random.default_rng(8), 0, 1500
    for _ in range(trials):
        found = rogan_gladen(
            rng.binomial(1000, rate * 0.9 + (1 - rate) * 0.03) / 1000,
            1000,
            sensitivity=rng.binomial(150, 0.9) / 150,
            n_sensitivity=150,
            specificity=rng.binomial(300, 0.97) / 300,
            n_specificity=300,
        )
        covered += found.low <= rate <= found.high
    assert covered / trials >= 0.93


@pytest.mark.parametrize("weight", [0.0, 1.0, None])
def test_prediction_powered_intervals_hold_the_truth(weight: float | None) -> None:
    """300 labels and 5,000 judgements of a judge that is right in 85 % of cases: nominal 95 %."""
    rng, covered, errors, trials = np.random.default_rng(8), 0, 0.0, 1000
    for _ in range(trials):
        truth = rng.random(5300) < 0.2
        judged = np.where(rng.random(5300) < 0.85, truth, ~truth).astype(float)
        found = ppi(truth[:300].astype(float), judged[:300], judged[300:], weight)
        low, high = found.interval()
        covered += low <= 0.2 <= high
        errors += found.error / trials
    assert covered / trials == pytest.approx(0.95, abs=0.03)
    classical = math.sqrt(0.16 / 300)
    assert errors < classical * (0.95 if weight is None else 1.05 if weight == 0 else 1.2)


def test_as_few_labels_as_can_be() -> None:
    found = ppi(np.array([0.0, 1.0]), np.array([0.0, 1.0]), np.array([1.0]), 1.0)
    assert (found.value, found.error) == (1.0, 0.0)
    default, pooled = ppi(labels := np.array([0.0, 1, 1]), labels * 0.5, np.array([0.4, 0.1])), 1
    spread = np.array([0, 0.5, 0.5, 0.4, 0.1]).var(ddof=pooled)
    assert default.weight == pytest.approx(min(1.0, 1 / 9 / (2.5 * spread)))


def test_predictions_that_say_nothing_get_no_weight() -> None:
    labels = np.array([0.0, 1, 1, 0])
    for predicted in (np.full(4, 0.5), 1 - labels):
        found = ppi(labels, predicted, np.array([0.5, 0.5]))
        assert (found.weight, found.value, found.error) == (0.0, 0.5, 0.25)
    assert ppi(labels, labels, np.array([0.0, 1.0]), 1.0).interval(0.9) == pytest.approx(
        (0.5 - 1.644854 * math.sqrt(0.125), 0.5 + 1.644854 * math.sqrt(0.125)), abs=1e-6
    )


@pytest.mark.parametrize(("labels", "predicted", "unlabelled"), [(1, 1, 5), (2, 3, 5), (2, 2, 0)])
def test_too_few_labels(labels: int, predicted: int, unlabelled: int) -> None:
    with pytest.raises(ValueError, match="needs two labels"):
        ppi(np.ones(labels), np.ones(predicted), np.ones(unlabelled))


def test_conformal_thresholds_keep_their_promise() -> None:
    """Missed share of entities at a threshold learnt from 50 items: its mean over new items is at most alpha."""
    rng, thresholds, missed = np.random.default_rng(8), np.linspace(1, 0, 101), []
    for _ in range(2000):
        scores = rng.beta(4, 2, size=51)
        losses = (scores[:, None] < thresholds).astype(float)
        found = conformal_threshold(thresholds.tolist(), losses[:-1], alpha=0.1)
        assert found is not None
        missed.append(scores[-1] < found)
    assert 0.06 <= np.mean(missed) <= 0.1 + 4 * math.sqrt(0.09 / 2000)


def test_conformal_thresholds_by_hand() -> None:
    """9 items, alpha .2: 9/10 R + 1/10 <= .2 allows one whole loss."""
    losses = np.array([[1.0, 1, 0]] + [[1.0, 0, 0]] + [[0.0, 0, 0]] * 7)
    assert conformal_risk(9, 0.2) == pytest.approx(1 / 9)
    assert conformal_threshold([3, 2, 1], losses, 0.2) == 2
    assert conformal_threshold([3, 2, 1], losses, 0.3) == 3
    assert conformal_threshold([3, 2, 1], losses, 0.1) == 1
    assert conformal_threshold([3, 2, 1], losses, 0.09) is None
    assert conformal_threshold([3, 2, 1], losses * 2, 0.4, most=2) == 2
    assert conformal_risk(1, 0.5) == 0.0
    assert conformal_threshold([3, 2, 1], losses * 2, 0.45, most=3) == 1
    assert conformal_risk(9, 0.4, 2) == pytest.approx(2 / 9)


@pytest.mark.parametrize("losses", [[[0.0, 1]], [[2.0, 1]], [[-1.0, -1]], [[math.nan, 0]], [[1.0]], [1.0, 0]])
def test_losses_that_promise_nothing_are_refused(losses: list[object]) -> None:
    with pytest.raises(ValueError, match="losses"):
        conformal_threshold([2, 1], np.array(losses), 0.5)
    with pytest.raises(ValueError, match="labelled items"):
        conformal_threshold([2, 1], np.zeros((0, 2)), 0.5)
