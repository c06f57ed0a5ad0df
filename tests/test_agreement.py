"""Agreement against scikit-learn, definitions written out pair by pair, and simulated intervals."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from aigc_eval.agreement import Agreement, cohen_kappa, fleiss_kappa, krippendorff_alpha, table_of
from aigc_eval.intervals import jackknife

LABELS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=2, max_size=40)
COUNTS = st.lists(st.lists(st.integers(0, 3), min_size=3, max_size=3), min_size=2, max_size=15)


@settings(deadline=None)
@given(LABELS)
def test_cohen_equals_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    a, b = (list(side) for side in zip(*pairs, strict=True))
    assume(len(set(a) | set(b)) > 1)
    found = cohen_kappa(table_of(a, b)[0])
    assert found is not None
    assert found.value == pytest.approx(cohen_kappa_score(a, b), abs=1e-9)
    assert found.n == len(a)
    if found.low is not None and found.high is not None:
        assert -1 <= found.low <= found.value <= found.high <= 1


def test_cohens_variance_is_that_of_the_delta_method() -> None:
    """Slopes of kappa in each cell's share, by difference; multinomial variance of the shares."""
    table = np.array([[30.0, 4, 7], [9, 18, 2], [1, 6, 23]])

    def kappa(share: np.ndarray) -> float:
        chance = float((share.sum(axis=0) * share.sum(axis=1)).sum() / share.sum() ** 2)
        return (float(np.trace(share)) / share.sum() - chance) / (1 - chance)

    share, slopes = table / 100, np.zeros((3, 3))
    for cell in np.ndindex(3, 3):
        step = np.zeros((3, 3))
        step[cell] = 1e-6
        slopes[cell] = (kappa(share + step) - kappa(share - step)) / 2e-6
    error = np.sqrt(((share * slopes**2).sum() - (share * slopes).sum() ** 2) / 100)
    found = cohen_kappa(table)
    assert found is not None
    assert found.value == pytest.approx(kappa(share))
    assert (found.low, found.high) == pytest.approx((found.value - 1.959964 * error, found.value + 1.959964 * error))
    one = cohen_kappa(np.array([[0.4, 0.1], [0.1, 0.4]]))
    assert one is not None
    assert one.value == pytest.approx(0.6)


@pytest.mark.parametrize("of", [fleiss_kappa, krippendorff_alpha])
def test_intervals_leave_out_one_item_at_a_time(of: Callable[..., Agreement | None]) -> None:
    counts = np.array([[4, 0, 0], [3, 1, 0], [0, 4, 0], [1, 1, 2], [0, 0, 4], [2, 2, 0], [0, 1, 3], [4, 0, 0]] * 2)
    whole = of(counts, 0.8)
    without = [of(np.delete(counts, i, axis=0)) for i in range(16)]
    assert whole is not None
    expected = jackknife(whole.value, np.array([w.value for w in without if w is not None]), 0.8)
    assert expected is not None
    assert (whole.low, whole.high) == pytest.approx(expected[:2])


def test_agreement_that_nothing_explains_but_chance_stays_in_range() -> None:
    """Nearly full agreement of few items: the interval is cut at 1."""
    counts = np.array([[3, 0], [0, 3]] * 5 + [[2, 1]])
    found = krippendorff_alpha(counts)
    assert found is not None
    assert found.high == 1.0


def test_tables_keep_raters_apart() -> None:
    counts, labels = table_of(["x", "x", "y", "z"], ["y", "x", "y", "x"])
    assert labels == ["x", "y", "z"]
    assert counts.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]
    with pytest.raises(ValueError, match="same items"):
        table_of(["x"], [])


@pytest.mark.parametrize("table", [np.zeros((2, 2)), np.array([[9.0, 0], [0, 0]]), np.zeros((0, 0))])
def test_one_label_leaves_nothing_to_agree_on(table: np.ndarray) -> None:
    assert cohen_kappa(table) is None


def test_full_agreement_has_no_interval() -> None:
    two = cohen_kappa(np.diag([5.0, 7]))
    many = fleiss_kappa(np.array([[3.0, 0], [0, 3]] * 6))
    assert two is not None
    assert many is not None
    assert (two.value, two.low, two.high, two.n) == (1.0, None, None, 12)
    assert (many.value, many.low, many.high, many.n) == (1.0, None, None, 12)


def pairs_of(item: list[int]) -> list[tuple[int, int]]:
    """Ordered pairs of labels that two raters gave the item."""
    labels = [label for label, count in enumerate(item) for _ in range(count)]
    return list(itertools.permutations(labels, 2))


@settings(deadline=None)
@given(COUNTS)
def test_krippendorff_is_one_less_observed_over_expected_disagreement(counts: list[list[int]]) -> None:
    used = [item for item in counts if sum(item) >= 2]
    labels = [label for item in used for label, count in enumerate(item) for _ in range(count)]
    assume(len(set(labels)) > 1)
    seen = sum(sum(a != b for a, b in pairs_of(item)) / (sum(item) - 1) for item in used) / len(labels)
    everything = list(itertools.permutations(labels, 2))
    chance = sum(a != b for a, b in everything) / len(everything)
    found = krippendorff_alpha(np.array(counts))
    assert found is not None
    assert found.value == pytest.approx(1 - seen / chance, abs=1e-9)
    assert found.n == len(used)
    assert (found.low is None) == (found.high is None)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 2)), min_size=2, max_size=15))
def test_fleiss_by_pairs(items: list[tuple[int, int, int]]) -> None:
    counts = np.array([[item.count(label) for label in range(3)] for item in items])
    share = counts.sum(axis=0) / counts.sum()
    chance = float(share @ share)
    assume(chance < 1 - 1e-9)
    seen = np.mean([np.mean([a == b for a, b in itertools.permutations(item, 2)]) for item in items])
    found = fleiss_kappa(counts)
    assert found is not None
    assert found.value == pytest.approx((seen - chance) / (1 - chance), abs=1e-9)


def test_nothing_to_compare() -> None:
    assert krippendorff_alpha(np.array([[1, 0], [0, 1]])) is None
    assert krippendorff_alpha(np.array([[2, 0], [2, 0]])) is None
    assert krippendorff_alpha(np.zeros((0, 2))) is None
    assert fleiss_kappa(np.array([[2, 0], [2, 0]])) is None


@pytest.mark.parametrize(
    "counts", [[[2, 0], [1, 0]], [[1, 0], [0, 1]], [[2, 0], [2, 0], [3, 0]], [[3, 0], [2, 0], [2, 0]]]
)
def test_fleiss_needs_as_many_raters_everywhere(counts: list[list[int]]) -> None:
    with pytest.raises(ValueError, match="same number of raters"):
        fleiss_kappa(np.array(counts))
    with pytest.raises(ValueError, match="same number of raters"):
        fleiss_kappa(np.zeros((0, 2)))


def test_under_ten_items_there_is_no_interval() -> None:
    items = [[2, 0], [0, 2], [1, 1]] * 3
    short, long = krippendorff_alpha(np.array(items)), krippendorff_alpha(np.array([*items, [2, 0]]))
    assert short is not None
    assert long is not None
    assert short.low is None
    assert long.low is not None
    assert long.high is not None
    assert -1 <= long.low < long.value < long.high <= 1


def rated(rng: np.random.Generator, items: int, raters: int) -> np.ndarray:
    """Items of truth 0 or 1, raters right in 85 %; kappa of any two is .49 with equal classes: (.745 - .5) / .5."""
    truth = rng.integers(0, 2, size=(items, 1))
    return np.where(rng.random((items, raters)) < 0.85, truth, 1 - truth)


def test_intervals_hold_the_truth() -> None:
    """100 items: Cohen with two raters, the others with four; nominal 95 %, four standard errors of 1,000 trials."""
    rng, held, trials = np.random.default_rng(5), np.zeros(3), 1000
    for _ in range(trials):
        labels = rated(rng, 100, 4)
        counts = np.stack([(labels == 0).sum(axis=1), (labels == 1).sum(axis=1)], axis=1)
        table = np.bincount(labels[:, 0] * 2 + labels[:, 1], minlength=4).reshape(2, 2)
        for i, found in enumerate((cohen_kappa(table), fleiss_kappa(counts), krippendorff_alpha(counts))):
            assert found is not None
            assert found.low is not None
            assert found.high is not None
            held[i] += found.low <= 0.49 <= found.high
    assert (held / trials >= 0.92).all()
    assert (held / trials <= 0.98).all()


def test_intervals_widen_with_their_level() -> None:
    table = np.array([[40.0, 10], [5, 45]])
    wide, narrow = cohen_kappa(table, 0.99), cohen_kappa(table, 0.9)
    assert wide is not None
    assert narrow is not None
    assert wide.low < narrow.low < narrow.high < wide.high  # type: ignore[operator]
