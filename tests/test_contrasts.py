"""Bounds that gates judge: what they are by definition, and where there are none."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from aigc_eval.contrasts import bounds_of, contrast
from aigc_eval.intervals import Floats, bounded_mean, clopper_pearson, jackknife, mover
from aigc_eval.metrics import AnyPerPrompt, Mean, Metric, Rate, Ratio, WorstPerPrompt
from aigc_eval.paired import bounded_difference

if TYPE_CHECKING:
    import pandas as pd

RATE, MEAN = Rate("m"), Mean("m")
PERPLEXITY = Ratio("m", over="over", under="under", exp=True)
SHARE = Ratio("m", over="over", under="under", unit="share", bounds=(0.0, 1.0))
RNG = np.random.default_rng(8)
ONE, OTHER = RNG.random((2, 40, 2))


def rows(numbers: Floats, *, first: int = 0) -> pd.DataFrame:
    """Rows of prompts with numbers, shape (prompts, samples)."""
    import pandas as pd

    n, k = numbers.shape
    ids = np.repeat(np.arange(first, first + n), k)
    value = numbers.ravel()
    return pd.DataFrame({"prompt": ids, "sample": np.tile(np.arange(k), n), "value": value, "status": "scored"})


def sums(over: Floats, under: Floats) -> pd.DataFrame:
    return rows(np.zeros((len(over), 1))).assign(over=over, under=under)


def test_bounds_of_one_metric() -> None:
    shares = bounds_of(RATE, rows(ONE[:, :1]), 0.95)
    hits = int((ONE[:, 0] >= 0.5).sum())
    assert shares is not None
    assert shares[:2] == pytest.approx(clopper_pearson(hits, 40, 0.9)[:2])
    mean, worst = (bounds_of(metric, rows(ONE), 0.95) for metric in (MEAN, WorstPerPrompt("m", k=2)))
    assert mean == bounded_mean(ONE.sum(axis=1), np.full(40, 2.0), 0, 1, 0.9)
    assert worst == bounded_mean(ONE.max(axis=1), np.ones(40), 0, 1, 0.9)
    any_of = bounds_of(AnyPerPrompt("m", k=1), rows(ONE), 0.95)
    assert any_of == bounded_mean((ONE >= 0.5).mean(axis=1), np.ones(40), 0, 1, 0.9)
    unbounded = Mean("m", bounds=(0.0, math.inf))
    assert bounds_of(unbounded, rows(ONE), 0.9) == unbounded.interval(rows(ONE), 0.8)
    for metric in (RATE, MEAN, WorstPerPrompt("m", k=2), unbounded):
        assert bounds_of(metric, rows(ONE[:9])) is None
        assert bounds_of(metric, rows(ONE[:0])) is None


class Odd(Mean):
    """A mean by name only, which may do what it likes with its rows."""

    def __call__(self, rows: pd.DataFrame) -> float | None:
        return float(rows["value"].max())


def test_a_subclass_is_not_taken_for_a_plain_mean() -> None:
    assert bounds_of(Odd("m"), rows(ONE)) == Odd("m").bounds_at(rows(ONE), 0.95)


def test_pairs_are_bounded_by_their_differences() -> None:
    found = contrast(MEAN, rows(ONE), rows(OTHER), 0.95)
    sizes = np.full(40, 2.0)
    assert found.value == pytest.approx(ONE.mean() - OTHER.mean())
    assert found.bounds == bounded_difference((ONE.sum(axis=1), sizes), (OTHER.sum(axis=1), sizes), level=0.9)
    assert found.prompts == 40
    assert contrast(MEAN, rows(ONE), rows(OTHER)[::-1], 0.95) == found  # pairs are found by name


@pytest.mark.parametrize("n", [10, 100, 300])
@pytest.mark.parametrize("metric", [RATE, MEAN])
def test_the_same_answers_leave_open_what_that_many_can(metric: Metric, n: int) -> None:
    """1 - 0.05^(1/n), the exact bound of a share without a hit: a candidate like the baseline on ten prompts may yet
    be worse on a quarter of all."""
    same = rows(np.resize([0.0, 1.0], (n, 1)))
    found = contrast(metric, same, same, 0.95)
    assert found.value == 0
    assert found.bounds is not None
    assert found.bounds[:2] == pytest.approx((-(1 - 0.05 ** (1 / n)), 1 - 0.05 ** (1 / n)), rel=0.006)


def test_only_prompts_that_both_have_are_compared() -> None:
    found = contrast(MEAN, rows(ONE), rows(OTHER, first=20), 0.95)
    assert found == contrast(MEAN, rows(ONE[20:], first=20), rows(OTHER[:20], first=20), 0.95)
    assert found.prompts == 20
    assert contrast(MEAN, rows(ONE), rows(OTHER, first=31)).bounds is None
    assert contrast(MEAN, rows(ONE), rows(OTHER, first=31)).value is not None
    assert contrast(MEAN, rows(ONE), rows(OTHER, first=40)) == (None, None, 0)


def test_independent_groups_are_joined_from_their_own_bounds() -> None:
    ours, theirs = rows(ONE[:30]), rows(OTHER, first=100)
    found = contrast(MEAN, ours, theirs, 0.95, paired=False)
    one, other = bounds_of(MEAN, ours, 0.95), bounds_of(MEAN, theirs, 0.95)
    assert found.bounds is not None
    assert one is not None
    assert other is not None
    expected = mover(ONE[:30].mean(), one[:2], OTHER.mean(), other[:2])
    assert found.bounds[:2] == pytest.approx(expected)
    assert found.prompts == 30
    assert found.value == pytest.approx(ONE[:30].mean() - OTHER.mean())
    assert contrast(MEAN, ours, theirs[:18], paired=False).bounds is None


@pytest.mark.parametrize("paired", [True, False])
def test_a_relative_bound_is_where_the_difference_may_be_nothing(paired: bool) -> None:
    """Of a - t b, where t is the bound plus one, an end is 0."""
    ours, theirs = rows(ONE), rows(OTHER / 2)
    found = contrast(MEAN, ours, theirs, 0.95, relative=True, paired=paired)
    assert found.value == pytest.approx(2 * ONE.mean() / OTHER.mean() - 1)
    assert found.bounds is not None
    low, high = found.bounds[:2]
    assert low < 2 * ONE.mean() / OTHER.mean() - 1 < high
    sizes = np.full(40, 2.0)
    for end, which in ((low, 0), (high, 1)):
        if paired:
            a, b = (ONE.sum(axis=1), sizes), (OTHER.sum(axis=1) / 2, sizes)
            apart = bounded_difference(a, b, times=1 + end, level=0.9)[:2]
        else:
            one, other = bounds_of(MEAN, ours, 0.95), bounds_of(MEAN, theirs, 0.95)
            assert one is not None
            assert other is not None
            apart = mover(ONE.mean(), one[:2], OTHER.mean() / 2, other[:2], 1 + end)
        assert apart[which] == pytest.approx(0, abs=1e-6)


def test_relative_bounds_end_somewhere() -> None:
    """Numbers near 0 on both sides: from no more than nothing, to a thousand times as much."""
    few = np.zeros((20, 1))
    few[0] = 0.001
    found = contrast(MEAN, rows(few), rows(few[::-1]), 0.95, relative=True)
    assert found.value == 0.0
    assert found.bounds is not None
    assert -1 <= found.bounds.low < -0.999
    assert found.bounds.high == 999.0
    none = contrast(MEAN, rows(0 * few), rows(few), 0.95, relative=True)
    assert (none.value, none.bounds and none.bounds.low) == (-1.0, -1.0)


@pytest.mark.parametrize("theirs", [0.0, -0.5])
def test_nothing_is_relative_to_nothing_or_less(theirs: float) -> None:
    signed = Mean("m", bounds=(-1.0, 1.0))
    assert contrast(signed, rows(ONE), rows(np.full((40, 2), theirs)), relative=True).value is None
    assert contrast(signed, rows(-ONE), rows(OTHER), relative=True).value is None
    assert contrast(signed, rows(-ONE), rows(OTHER)).value is not None


def test_perplexities_are_compared_by_the_jackknife_of_their_logarithms() -> None:
    under = RNG.integers(5, 300, 60).astype(np.float64)
    a, b = (under * RNG.gamma(4, 0.5, 60) for _ in range(2))
    found = contrast(PERPLEXITY, sums(a, under), sums(b, under), 0.95, relative=True)
    left = [(x.sum() - np.bincount(np.arange(60) % 50, weights=x)) for x in (a, b, under)]
    log = jackknife((a.sum() - b.sum()) / under.sum(), (left[0] - left[1]) / left[2], 0.9)
    assert log is not None
    assert found.bounds is not None
    assert found.value == pytest.approx(math.exp((a.sum() - b.sum()) / under.sum()) - 1)
    assert found.bounds[:2] == pytest.approx((math.expm1(log.low), math.expm1(log.high)))
    twice = contrast(PERPLEXITY, sums(a, under), sums(a + under * math.log(2), under), 0.95, relative=True)
    assert twice.value == pytest.approx(-0.5)
    assert twice.bounds is not None
    assert twice.bounds.low < -0.51 < -0.49 < twice.bounds.high  # although no prompt made another difference


def test_answers_without_units_are_not_taken_for_those_of_other_prompts() -> None:
    """A ratio leaves prompts without units out; the rest must stay beside their own twins."""
    under = np.full(40, 4.0)
    hits = np.resize([0.0, 4.0], 40)
    ours, theirs = under.copy(), under.copy()
    ours[0], theirs[1] = 0, 0
    found = contrast(SHARE, sums(np.minimum(hits, ours), ours), sums(np.minimum(hits, theirs), theirs), 0.95)
    assert found.bounds is not None
    assert found.bounds.method.startswith(("jackknife", "rule of three"))
    assert found.bounds.low < 0 < found.bounds.high
