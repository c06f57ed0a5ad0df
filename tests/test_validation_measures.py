"""Measures of a scorer on labelled examples: golden values from scikit-learn, and what must hold for any of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

from aigc_eval.errors import UsageError
from aigc_eval.validation.figures import Judged, counted, figures, reliability
from aigc_eval.validation.measures import (
    BINS,
    COUNTED,
    auc,
    auc_error,
    average_precision,
    calibration_error,
    confusion,
    cuts,
    equal_mass,
    equal_width,
    tally,
)
from aigc_eval.validation.thresholds import best_threshold, check_criterion

SKLEARN = {
    "accuracy": sk.accuracy_score,
    "precision": sk.precision_score,
    "recall": sk.recall_score,
    "specificity": lambda y, h: sk.recall_score(~y, ~h),
    "f1": sk.f1_score,
    "macro_f1": lambda y, h: sk.f1_score(y, h, average="macro"),
    "balanced_accuracy": sk.balanced_accuracy_score,
    "mcc": sk.matthews_corrcoef,
}


def drawn(seed: int, n: int = 400, digits: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Labels and rounded scores (many of them equal) that go together."""
    rng = np.random.default_rng(seed)
    labels = rng.random(n) < 0.3
    return labels, np.round(np.clip(0.3 * labels + rng.beta(2, 4, n), 0, 1), digits)


def judged(labels: np.ndarray, scores: np.ndarray, groups: np.ndarray | None = None, at: float = 0.5) -> Judged:
    return Judged(labels, scores, scores >= at, np.arange(len(labels)) if groups is None else groups)


@pytest.mark.parametrize("seed", range(3))
def test_counts_are_those_of_scikit_learn(seed: int) -> None:
    labels, scores = drawn(seed)
    hits = scores >= 0.5
    for name, measure in COUNTED.items():
        assert float(measure(confusion(labels, hits))) == pytest.approx(SKLEARN[name](labels, hits), abs=1e-12), name


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_scores_gives_the_areas_of_scikit_learn(seed: int) -> None:
    labels, scores = drawn(seed)
    whole, _ = tally(labels, scores)
    assert auc(whole) == pytest.approx(sk.roc_auc_score(labels, scores), abs=1e-12)
    assert average_precision(whole) == pytest.approx(sk.average_precision_score(labels, scores), abs=1e-12)


def test_delong_is_that_of_its_definition() -> None:
    """DeLong, DeLong & Clarke-Pearson 1988, equations 3 to 5, pair by pair."""
    labels, scores = drawn(4, 120, digits=1)
    above = scores[labels][:, None] > scores[~labels][None, :]
    psi = above + (scores[labels][:, None] == scores[~labels][None, :]) / 2
    p, n = psi.shape
    expected = math.sqrt(psi.mean(axis=1).var(ddof=1) / p + psi.mean(axis=0).var(ddof=1) / n)
    whole, _ = tally(labels, scores)
    assert auc(whole) == pytest.approx(psi.mean(), abs=1e-12)
    assert auc_error(whole) == pytest.approx(expected, rel=1e-12)


def test_calibration_errors_are_those_of_scikit_learns_curves() -> None:
    labels, scores = drawn(5, 1000, digits=6)
    found = {name: f[0] for name, f in figures(judged(labels, scores), probability=True).items()}
    assert found["brier"] == pytest.approx(sk.brier_score_loss(labels, scores), abs=1e-12)
    for name, strategy in (("ece", "uniform"), ("ece_adaptive", "quantile")):
        share, mean = calibration_curve(labels, scores, n_bins=BINS, strategy=strategy)
        even = np.linspace(0, 1, BINS + 1)
        edges = even if strategy == "uniform" else np.quantile(scores, even)
        sizes = np.histogram(scores, edges)[0]
        expected = float((sizes[sizes > 0] * np.abs(share - mean)).sum() / len(scores))
        assert found[name] == pytest.approx(expected, abs=2e-3 if name == "ece_adaptive" else 1e-9)


def test_the_reliability_curve_is_scikit_learns() -> None:
    labels, scores = drawn(6, 1000, digits=6)
    bins = reliability(judged(labels, scores))
    share, mean = calibration_curve(labels, scores, n_bins=BINS)
    assert [b.share for b in bins] == pytest.approx(share.tolist())
    assert [b.mean for b in bins] == pytest.approx(mean.tolist())
    assert sum(b.n for b in bins) == 1000


def test_every_cut_counts_as_its_threshold_does() -> None:
    labels, scores = drawn(7, 60, digits=1)
    whole, _ = tally(labels, scores)
    found = cuts(whole)
    for i, threshold in enumerate(whole.scores):
        assert [float(part[i]) for part in found] == [float(p) for p in confusion(labels, scores >= threshold)]


def test_what_is_undefined_is_not_a_number() -> None:
    labels, scores = np.array([True, True]), np.array([0.9, 0.8])
    whole = confusion(labels, scores >= 0.5)
    undefined = {name for name, measure in COUNTED.items() if math.isnan(float(measure(whole)))}
    assert undefined == {"specificity", "macro_f1", "balanced_accuracy", "mcc"}
    assert math.isnan(auc(tally(labels, scores)[0]))
    assert math.isnan(average_precision(tally(~labels, scores)[0]))
    told = {"accuracy", "ece", "ece_adaptive", "brier"}
    assert set(figures(judged(labels, scores), probability=True)) == told | {"recall"}
    assert set(figures(judged(~labels, scores), probability=True)) == told | {"specificity"}
    none = np.zeros(0)
    assert figures(judged(none.astype(bool), none), probability=True) == {}


examples = st.lists(st.tuples(st.booleans(), st.integers(0, 20)), min_size=2, max_size=80).filter(
    lambda pairs: len({label for label, _ in pairs}) == 2
)


def split(pairs: list[tuple[bool, int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([label for label, _ in pairs]), np.array([score / 20 for _, score in pairs])


@settings(max_examples=40)
@given(examples)
def test_what_is_positive_is_a_choice(pairs: list[tuple[bool, int]]) -> None:
    labels, scores = split(pairs)
    one, other = tally(labels, scores)[0], tally(~labels, scores)[0]
    assert auc(one) == pytest.approx(1 - auc(other))
    assert auc(one) == pytest.approx(auc(tally(~labels, 1 - scores)[0]))
    assert auc_error(one) == pytest.approx(auc_error(other), nan_ok=True)
    hits = scores >= 0.5
    a, b = confusion(labels, hits), confusion(~labels, ~hits)
    for name in ("accuracy", "macro_f1", "balanced_accuracy", "mcc"):
        assert float(COUNTED[name](a)) == pytest.approx(float(COUNTED[name](b)), nan_ok=True)
    assert float(a.recall) == float(b.specificity)
    assert float(COUNTED["mcc"](a)) == pytest.approx(-float(COUNTED["mcc"](confusion(~labels, hits))), nan_ok=True)


@settings(max_examples=40)
@given(examples)
def test_a_monotone_change_of_scores_keeps_what_depends_on_their_order(pairs: list[tuple[bool, int]]) -> None:
    labels, scores = split(pairs)
    one, other = tally(labels, scores)[0], tally(labels, np.exp(3 * scores) - 7)[0]
    assert auc(one) == auc(other)
    assert average_precision(one) == average_precision(other)
    assert auc_error(one) == pytest.approx(auc_error(other), nan_ok=True)


@settings(max_examples=40)
@given(examples, st.randoms())
def test_the_order_of_examples_decides_nothing(pairs: list[tuple[bool, int]], random: object) -> None:
    labels, scores = split(pairs)
    order = np.array(random.sample(range(len(pairs)), len(pairs)))  # type: ignore[attr-defined]
    one = figures(judged(labels, scores), probability=True)
    other = figures(judged(labels[order], scores[order]), probability=True)
    assert {k: f[0] for k, f in one.items()} == pytest.approx({k: f[0] for k, f in other.items()})


@settings(max_examples=40)
@given(examples)
def test_an_interval_holds_its_value_and_lies_in_range(pairs: list[tuple[bool, int]]) -> None:
    labels, scores = split(pairs)
    for name, (value, low, high) in figures(judged(labels, scores), probability=True).items():
        least = -1.0 if name == "mcc" else 0.0
        assert least <= value <= 1
        assert (low is None) == (high is None)
        if low is not None and high is not None:
            assert least <= low <= value <= high <= 1


@settings(max_examples=40)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.integers(1, 20))
def test_bins_hold_every_probability_and_equal_ones_together(values: list[float], bins: int) -> None:
    given = np.array(values)
    for at in (equal_width(given, bins), equal_mass(given, bins)):
        assert ((at >= 0) & (at < bins)).all()
        order = np.argsort(given, kind="stable")
        assert (np.diff(at[order]) >= 0).all()
        assert all(len({int(b) for b, v in zip(at, values, strict=True) if v == value}) == 1 for value in values)


def test_a_perfectly_calibrated_scorer_has_no_error_and_a_sure_wrong_one_the_whole() -> None:
    labels = np.array([True] * 20 + [False] * 20)
    assert figures(judged(labels, labels.astype(float)), probability=True)["ece"][0] == 0
    assert figures(judged(labels, 1.0 - labels), probability=True)["ece"][0] == 1
    assert float(calibration_error(np.zeros(3), np.zeros(3), np.zeros(3))) != 0  # undefined, not perfect


def test_fewer_than_ten_groups_leave_no_interval() -> None:
    labels, scores = drawn(8, 200)
    few = figures(judged(labels, scores, np.arange(200) % 9), probability=True)
    many = figures(judged(labels, scores, np.arange(200) % 40), probability=True)
    assert all(f[1:] == (None, None) for f in few.values())
    assert all(f[1] is not None for f in many.values())


def test_groups_that_are_copies_add_nothing() -> None:
    """Ten copies of every example are no more than the examples themselves."""
    labels, scores = drawn(9, 300)
    once = figures(judged(labels, scores), probability=True)
    copied = figures(
        judged(np.repeat(labels, 10), np.repeat(scores, 10), np.repeat(np.arange(300), 10)), probability=True
    )
    loose = figures(judged(np.repeat(labels, 10), np.repeat(scores, 10)), probability=True)
    for name in once:
        width, same, narrow = (f[name][2] - f[name][1] for f in (once, copied, loose))  # type: ignore[operator]
        assert once[name][0] == pytest.approx(copied[name][0], abs=1e-9)
        assert same == pytest.approx(width, rel=0.25), name
        assert narrow < 0.6 * width, name


@pytest.mark.slow
@pytest.mark.parametrize("clustered", [False, True])
def test_intervals_cover(clustered: bool) -> None:
    """Simulated: at nominal 95 %, between 92 and 98 % of intervals hold the value of 400,000 examples."""
    rng = np.random.default_rng(11)

    def sample(groups: int, size: int) -> Judged:
        base = rng.normal(0, 0.6, groups).repeat(size)
        labels = rng.random(groups * size) < 1 / (1 + np.exp(1 - base))
        scores = 1 / (1 + np.exp(-(2.2 * labels - 1.3 + base + rng.normal(0, 1.2, groups * size))))
        return judged(labels, scores, np.arange(groups).repeat(size))

    size = 5 if clustered else 1
    truth = {name: f[0] for name, f in figures(sample(400_000 // size, size), probability=True).items()}
    held = dict.fromkeys(truth, 0)
    for _ in range(300):
        for name, (_, low, high) in figures(sample(300 // (2 if clustered else 1), size), probability=True).items():
            held[name] += low is not None and high is not None and low <= truth[name] <= high
    for name in set(held) - {"ece", "ece_adaptive"}:  # biased upwards in small samples, as is known
        assert 0.915 <= held[name] / 300 <= 0.985, (name, held)


def test_the_best_threshold_parts_as_well_as_any() -> None:
    labels, scores = drawn(12)
    for by, value in (
        ("macro_f1", lambda h: sk.f1_score(labels, h, average="macro")),
        ("youden", lambda h: sk.balanced_accuracy_score(labels, h) * 2 - 1),
    ):
        best = best_threshold(labels, scores, by, 0.5)
        assert best is not None
        assert value(scores >= best.threshold) == pytest.approx(best.reached)
        assert best.reached == pytest.approx(max(value(scores >= t) for t in np.unique(scores)))


def test_recall_at_a_precision_is_the_most_that_has_it() -> None:
    labels, scores = drawn(13)
    best = best_threshold(labels, scores, "recall@0.8", 0.5)
    assert best is not None
    assert sk.precision_score(labels, scores >= best.threshold) >= 0.8
    precision, recall, _ = sk.precision_recall_curve(labels, scores)
    assert best.reached == pytest.approx(recall[:-1][precision[:-1] >= 0.8].max())
    assert best_threshold(np.array([True, False]), np.array([0.2, 0.7]), "recall@0.9", 0.5) is None


def test_a_threshold_moves_no_further_than_it_must_and_is_round() -> None:
    labels, scores = np.array([False, False, True, True]), np.array([0.1, 0.2, 0.8, 0.9])
    assert best_threshold(labels, scores, "macro_f1", 0.5) == (0.5, 1.0)
    assert best_threshold(labels, scores, "macro_f1", 0.95) == (0.5, 1.0)
    assert best_threshold(labels, np.array([1.0, 2, 5, 6]), "youden", 0.5) == (3.5, 1.0)
    assert best_threshold(np.array([True, True]), np.array([0.1, 0.2]), "youden", 0.5) is None


@pytest.mark.parametrize("by", ["f1", "recall@", "recall@2", "recall@x", ""])
def test_other_criteria_are_an_error(by: str) -> None:
    with pytest.raises(UsageError, match="macro_f1, youden"):
        check_criterion(by)


def test_counted_figures_need_no_scores() -> None:
    labels, scores = drawn(14)
    one = counted(labels, scores >= 0.5, np.arange(len(labels)))
    assert one == {k: v for k, v in figures(judged(labels, scores)).items() if k in COUNTED}
