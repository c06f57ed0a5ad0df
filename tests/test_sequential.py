"""Evidence at every look: closed forms, monotony, mirrors, and what must not change a decision."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc_eval.intervals import Floats
from aigc_eval.sequential import (
    Units,
    confidence_sequence,
    decide,
    hedged_wealth,
    limits,
    log_evidence,
    sprt_bounds,
    uniform_evidence,
)


def single(values: Floats | list[float]) -> Units:
    given = np.asarray(values, np.float64)
    return Units(given, np.ones(len(given)))


@pytest.mark.parametrize(
    ("hits", "misses", "e"), [(0, 50, 0.019608), (5, 45, 0.300608), (8, 42, 8.478076), (10, 40, 160.095645)]
)
def test_uniform_mixture_gives_the_values_of_the_beta_form(hits: int, misses: int, e: float) -> None:
    """B(s+1,f+1) (1 - I(s+1,f+1)) / ((1-p0) p0^s (1-p0)^f), computed with mpmath for a limit of 5 %."""
    assert math.exp(uniform_evidence(hits, misses, 0.05)) == pytest.approx(e, abs=5e-7)
    assert math.exp(uniform_evidence(misses, hits, 0.95, below=True)) == pytest.approx(e, abs=5e-7)


def test_uniform_mixture_neither_underflows_nor_cancels() -> None:
    assert uniform_evidence(0, 20_000, 0.05) == pytest.approx(-math.log(20_001))
    assert uniform_evidence(20_000, 0, 0.05, below=True) < -9
    assert uniform_evidence(2_000, 18_000, 0.05) > 300


def test_uniform_mixture_is_expected_to_stay_one_under_the_limit_itself() -> None:
    """Sum over all samples of 12: the definition of an e-value, and of a mixture of likelihood ratios."""
    n, limit = 12, 0.3
    expected = sum(
        math.comb(n, s) * limit**s * (1 - limit) ** (n - s) * math.exp(uniform_evidence(s, n - s, limit))
        for s in range(n + 1)
    )
    assert expected == pytest.approx(1.0)


def test_wald() -> None:
    assert sprt_bounds(0.05, 0.2) == pytest.approx((16.0, 0.210526), abs=5e-7)


@pytest.mark.parametrize("limit", [0.001, 0.01, 0.05, 0.3, 0.5, 0.9])
@pytest.mark.parametrize("mirror", [False, True])
def test_evidence_is_expected_to_stay_one_at_the_limit(limit: float, mirror: bool) -> None:
    """All 2^10 sequences of hits: the expected wealth after each number of prompts is exactly 1."""
    sequences = (np.arange(1024)[:, None] >> np.arange(10)) & 1
    chance = np.prod(np.where(sequences, limit, 1 - limit), axis=1)
    at = 1 - limit if mirror else limit
    units = [single(s.astype(float)) for s in sequences]
    paths = np.array([log_evidence(u.mirrored() if mirror else u, at) for u in units])
    assert chance @ np.exp(paths) == pytest.approx(np.ones(10))


def test_evidence_over_ratios_is_expected_to_stay_one_at_the_limit() -> None:
    """Prompts of 0 to 3 samples that do not count alike: E[sum] = 0.2 E[count] and neither rate alone says so."""
    kinds = [(0.0, 0.0, 0.25), (0.0, 2.0, 0.35), (1.0, 3.0, 0.2), (1.0, 1.0, 0.2)]
    limit = sum(s * p for s, _, p in kinds) / sum(c * p for _, c, p in kinds)
    total = 0.0
    for first in kinds:
        for second in kinds:
            units = Units(np.array([first[0], second[0]]), np.array([first[1], second[1]]), 3.0)
            total += first[2] * second[2] * math.exp(log_evidence(units, limit)[-1])
    assert total == pytest.approx(1.0)


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=60),
    st.floats(0.01, 0.99),
    st.floats(0.01, 0.99),
    st.floats(0.01, 0.99),
)
def test_evidence_falls_with_the_limit_and_grows_with_the_values(
    values: list[float], one: float, other: float, tuned: float
) -> None:
    low, high = sorted((one, other))
    units = single(values)
    at_low, at_high = log_evidence(units, low, tuned_to=tuned), log_evidence(units, high, tuned_to=tuned)
    assert (at_low >= at_high - 1e-9).all()
    worse = log_evidence(single(np.sqrt(values)), high, tuned_to=tuned)
    assert (worse >= at_high - 1e-9).all()


@given(st.lists(st.sampled_from([0.0, 0.25, 1.0]), min_size=2, max_size=80), st.integers(1, 79))
def test_what_comes_later_changes_nothing_found_before(values: list[float], cut: int) -> None:
    before = log_evidence(single(values[:cut]), 0.1)
    assert log_evidence(single(values), 0.1)[: len(before)] == pytest.approx(before)
    early = decide(single(values[:cut]), single(values[:cut]), 0.1)
    if early is not None:
        late = decide(single(values), single(values), 0.1)
        assert late is not None
        assert (late.status, late.prompts) == (early.status, early.prompts)


def test_long_runs_are_worked_off_in_parts_with_the_same_result() -> None:
    values = (np.random.default_rng(3).random(90_000) < 0.05).astype(float)
    whole = log_evidence(single(values), 0.05)
    assert np.isfinite(whole).all()
    again = log_evidence(single(values[:50_000]), 0.05)
    assert whole[:50_000] == pytest.approx(again)


@pytest.mark.parametrize("rates", [(0.0, 0.2), (0.0, 0.05, 0.25), (0.1, 0.1), (0.3, 0.0, 0.0)])
def test_over_a_block_of_strata_wealth_is_not_expected_to_grow(rates: tuple[float, ...]) -> None:
    """Two prompts of each stratum, all outcomes: at most 1 where their mean is the limit, whatever the order."""
    chances = np.repeat(rates, 2)
    outcomes = (np.arange(2 ** len(chances))[:, None] >> np.arange(len(chances))) & 1
    weights = np.prod(np.where(outcomes, chances, 1 - chances), axis=1)
    wealth = [math.exp(log_evidence(single(o.astype(float)), 0.1)[-1]) for o in outcomes]
    mirrored = [math.exp(log_evidence(single(o.astype(float)).mirrored(), 0.9)[-1]) for o in outcomes]
    assert max(weights @ wealth, weights @ mirrored) <= 1 + 1e-12


def test_a_prompt_that_does_not_apply_changes_nothing() -> None:
    sums, counts = np.array([1.0, 0, 0, 2]), np.array([2.0, 0, 1, 2])
    found = log_evidence(Units(sums, counts, 2.0), 0.1)
    assert found[1] == found[0]
    kept = counts > 0
    assert found[kept] == pytest.approx(log_evidence(Units(sums[kept], counts[kept], 2.0), 0.1))


@pytest.mark.parametrize("limit", [0.01, 0.05, 0.1, 0.3])
def test_without_a_hit_a_gate_passes_after_less_than_twice_the_rule_of_three(limit: float) -> None:
    zeros = single(np.zeros(600))
    found = decide(zeros, zeros, limit)
    assert found is not None
    assert found.status == "pass"
    exact = math.log(0.05) / math.log(1 - limit)  # 0 of so many have a one-sided 95 % bound at the limit
    assert exact < found.prompts < 2 * exact


def test_hits_only_fail_a_gate_at_once() -> None:
    ones = single(np.ones(20))
    found = decide(ones, ones, 0.01)
    assert found is not None
    assert (found.status, found.prompts) == ("fail", 2)


def test_a_gate_on_a_least_value_is_decided_as_its_mirror_is() -> None:
    right = (np.random.default_rng(5).random(400) >= 0.02).astype(float)
    above = decide(single(right).mirrored(), single(right).mirrored(), 1 - 0.9)
    below = decide(single(1 - right), single(1 - right), 0.1)
    assert below is not None
    assert above is not None
    assert (below.status, below.prompts) == (above.status, above.prompts)
    assert below.status == "pass"


def test_what_is_unknown_helps_neither_side() -> None:
    """One in ten unscored: as hits they keep the gate from passing, as misses from failing."""
    unscored = np.arange(300) % 10 == 0
    clean, dirty = np.zeros(300), (np.arange(300) % 12 == 1).astype(float)
    assert decide(single(clean), single(clean), 0.05) is not None
    assert decide(single(np.where(unscored, 1.0, clean)), single(clean), 0.05) is None
    all_bad = decide(single(np.ones(300)), single(np.where(unscored, 0.0, dirty)), 0.01)
    assert all_bad is not None
    assert all_bad.status == "fail"
    assert decide(single(np.ones(300)), single(np.where(unscored, 0.0, dirty)), 0.2) is None


def test_looks_are_taken_at_the_ends_of_blocks() -> None:
    zeros = single(np.zeros(120))
    found = decide(zeros, zeros, 0.05, every=8)
    assert found is not None
    assert found.prompts == 104
    assert decide(single(np.zeros(103)), single(np.zeros(103)), 0.05, every=8) is None


@given(
    st.lists(st.sampled_from([0.0, 0.0, 0.0, 0.5, 1.0]), min_size=1, max_size=150), st.sampled_from([0.05, 0.2, 0.6])
)
def test_bounds_and_decisions_agree(values: list[float], limit: float) -> None:
    units = single(values)
    found, (low, high, _) = decide(units, units, limit), limits(units, units, limit)
    assert 0 <= low <= high <= 1 or found is not None  # after both sides were decided they may cross
    if found is None:
        assert low < limit < high
    else:
        assert high <= limit + 1e-12 if found.status == "pass" else low >= limit - 1e-12


def test_bounds_hold_more_than_the_look_at_the_end() -> None:
    """Once passed, always passed: hits that come later do not lift the bound again."""
    values = np.append(np.zeros(200), np.ones(10))
    early, late = (limits(single(v), single(v), 0.05) for v in (values[:200], values))
    assert late.high == pytest.approx(early.high)


@pytest.mark.parametrize("limit", [0.0, 1.0])
def test_limits_at_the_ends_of_the_range(limit: float) -> None:
    mixed, zeros, ones = single([0.0, 0.5, 1.0]), single(np.zeros(9)), single(np.ones(9))
    if limit == 0:
        assert decide(zeros, zeros, 0.0) is None
        found = decide(mixed, mixed, 0.0)
        assert (found and (found.status, found.prompts)) == ("fail", 2)
    else:
        assert decide(ones, ones, 1.0) is None
        found = decide(mixed, mixed, 1.0)
        assert (found and (found.status, found.prompts)) == ("pass", 1)


def test_confidence_sequences_of_other_bounds_and_of_nothing() -> None:
    values = np.random.default_rng(1).uniform(0.2, 0.4, 300)
    low, high, method = confidence_sequence(values)
    scaled = confidence_sequence(10 * values - 5, bounds=(-5.0, 5.0))
    assert scaled[:2] == pytest.approx((10 * low - 5, 10 * high - 5))
    assert method == "betting"
    assert low < 0.3 < high
    assert high - low < 0.06
    assert confidence_sequence(np.zeros(0), bounds=(1.0, 3.0))[:2] == (1.0, 3.0)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.floats(0.01, 0.99))
def test_a_confidence_sequence_holds_the_means_whose_wealth_never_sufficed(values: list[float], mean: float) -> None:
    given = np.asarray(values)
    low, high, _ = confidence_sequence(given)
    kept = bool((hedged_wealth(given, mean) < math.log(20)).all())
    if abs(mean - low) > 1e-9 and abs(mean - high) > 1e-9:
        assert kept == (low < mean < high)


def test_a_confidence_sequence_only_narrows() -> None:
    values = np.random.default_rng(2).beta(0.5, 4.5, 500)
    found = [confidence_sequence(values[:n]) for n in range(10, 501, 35)]
    for wide, narrow in pairwise(found):
        assert wide.low <= narrow.low <= narrow.high <= wide.high
