"""How often the intervals of corrected and prediction-powered rates hold the truth: the figures of docs/coverage.md.

Grid: prevalence x sensitivity x specificity x labelled counts (of positives and of negatives on the scorer's card; of
outputs drawn at random for PPI) x outputs. The slow tier looks at some cells; `THOROUGH=1` at all of them, with more
samples. `python -m tests.simulation.test_corrected_coverage` prints the tables.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import product
from typing import NamedTuple

import numpy as np
import pytest

from aigc_eval.corrections import Detected, corrected_shares, rogan_gladen
from aigc_eval.double_sampling import Cell, Cells, powered_shares, ppi_rate
from aigc_eval.intervals import Floats, design_effect
from tests.durability.harness import THOROUGH

pytestmark = pytest.mark.slow

PREVALENCE, SENSITIVITY, SPECIFICITY = (0.001, 0.01, 0.05, 0.2, 0.5), (0.6, 0.8, 0.95), (0.8, 0.95, 0.99)
LABELLED, OUTPUTS = (50, 200, 1000), (200, 2000)


class Setting(NamedTuple):
    """A cell of the grid."""

    prevalence: float
    sensitivity: float
    specificity: float
    labelled: int
    outputs: int


class Missed(NamedTuple):
    """Shares of samples in which the truth lay above the upper end, and below the lower one."""

    above: float
    below: float

    @property
    def held(self) -> float:
        return 1 - self.above - self.below


GRID = [Setting(*cell) for cell in product(PREVALENCE, SENSITIVITY, SPECIFICITY, LABELLED, OUTPUTS)]
Draw = Callable[[Setting, np.random.Generator, int, float], Missed]


def _missed(truth: float, low: Floats, high: Floats) -> Missed:
    return Missed(float(np.mean(high < truth)), float(np.mean(low > truth)))


def _part(rng: np.random.Generator, trials: int, at: Setting) -> Detected:
    """What a detector flags of outputs, and what a card of as many positives as negatives says of it."""
    rate = at.prevalence * at.sensitivity + (1 - at.prevalence) * (1 - at.specificity)
    n = at.labelled
    return Detected(
        rng.binomial(at.outputs, rate, trials) / at.outputs,
        at.outputs,
        rng.binomial(n, at.sensitivity, trials) / n,
        n,
        rng.binomial(n, at.specificity, trials) / n,
        n,
    )


def one_language(at: Setting, rng: np.random.Generator, trials: int, level: float) -> Missed:
    """Rogan-Gladen with Lang and Reiczigel's interval."""
    with np.errstate(divide="ignore", invalid="ignore"):
        _, low, high = corrected_shares([_part(rng, trials, at)], [1.0], level)
    return _missed(at.prevalence, np.asarray(low), np.asarray(high))


def two_languages(at: Setting, rng: np.random.Generator, trials: int, level: float) -> Missed:
    """Three fifths of the outputs in one language; in the other half as many positives, and a worse scorer."""
    one = at._replace(outputs=at.outputs * 3 // 5)
    other = Setting(
        at.prevalence / 2,
        max(0.55, at.sensitivity - 0.1),
        max(0.75, at.specificity - 0.03),
        at.labelled,
        at.outputs - one.outputs,
    )
    weights = [one.outputs / at.outputs, other.outputs / at.outputs]
    with np.errstate(divide="ignore", invalid="ignore"):
        _, low, high = corrected_shares([_part(rng, trials, own) for own in (one, other)], weights, level)
    truth = weights[0] * one.prevalence + weights[1] * other.prevalence
    return _missed(truth, np.asarray(low), np.asarray(high))


def powered(at: Setting, rng: np.random.Generator, trials: int, level: float) -> Missed:
    """PPI of a random sample of the outputs."""
    p, se, sp = at.prevalence, at.sensitivity, at.specificity
    kinds = [p * se, (1 - p) * (1 - sp), p * (1 - se), (1 - p) * sp]
    drawn = rng.multinomial(at.labelled, kinds, trials)
    rest = rng.binomial(at.outputs - at.labelled, kinds[0] + kinds[1], trials)
    true, flagged = drawn[:, [0, 2]], drawn[:, 0] + drawn[:, 1]
    # As many different samples as there are, not as many as were drawn.
    seen, times = np.unique(np.column_stack([true, flagged, flagged + rest]), axis=0, return_counts=True)
    hit, miss, n, every = seen.astype(np.float64).T
    cells = Cells(Cell(hit, n), Cell(miss, at.labelled - n), Cell(every, np.full(len(n), float(at.outputs))))
    low, high = (np.repeat(np.asarray(end), times) for end in powered_shares(cells, level))
    return _missed(p, low, high)


KINDS: dict[str, Draw] = {"corrected": one_language, "corrected, two languages": two_languages, "ppi": powered}


def settings(kind: str) -> list[Setting]:
    """The cells that there are: nobody labels more outputs than there are."""
    found = [at for at in GRID if kind != "ppi" or at.labelled <= at.outputs]
    return found if THOROUGH or __name__ == "__main__" else found[:: 7 if kind == "ppi" else 5]


def simulated(kind: str, trials: int, level: float = 0.95) -> Iterator[tuple[Setting, Missed]]:
    """Every cell with a seed of its own."""
    for number, at in enumerate(settings(kind)):
        yield at, KINDS[kind](at, np.random.default_rng([26, number]), trials, level)


def beyond(share: float, trials: int) -> float:
    """Four standard errors above a share seen in that many samples."""
    return share + 4 * math.sqrt(share * (1 - share) / trials)


@pytest.mark.parametrize("kind", KINDS)
def test_intervals_hold_the_truth(kind: str) -> None:
    """Nominal 95 %: held in 94 % or more of every cell's samples, each end missed in 5 % or less."""
    trials = 20_000 if THOROUGH else 2_000
    for at, missed in simulated(kind, trials):
        assert 1 - missed.held <= beyond(0.06, trials), at
        assert max(missed) <= beyond(0.05, trials), at


@pytest.mark.parametrize("kind", KINDS)
def test_bounds_that_gates_look_at_are_missed_as_seldom_as_docs_say(kind: str) -> None:
    """One-sided bounds at 95 %: those from above, which let a gate pass, are missed in 8 % at most."""
    trials = 20_000 if THOROUGH else 2_000
    for at, missed in simulated(kind, trials, level=0.9):
        assert missed.above <= beyond(0.08, trials), at
        assert missed.below <= beyond(0.08, trials), at


@pytest.mark.parametrize("rate", [0.02, 0.2])
def test_draws_of_one_prompt_do_not_count_as_independent(rate: float) -> None:
    """500 prompts, 4 draws each, alike to a third or wholly; 200 labels. Without their clusters: below 90 %."""
    trials = 1_000 if THOROUGH else 250
    for alike in (1 / 3, 1.0):
        rng = np.random.default_rng(int(100 * rate + 10 * alike))
        held = [_clustered(rng, rate, alike, by_prompt=True) for _ in range(trials)]
        assert np.mean([h[0] for h in held]) >= 0.94 - 4 * math.sqrt(0.06 * 0.94 / trials), ("corrected", alike)
        assert np.mean([h[1] for h in held]) >= 0.94 - 4 * math.sqrt(0.06 * 0.94 / trials), ("ppi", alike)


def _clustered(rng: np.random.Generator, rate: float, alike: float, *, by_prompt: bool) -> tuple[bool, bool]:
    """Whether the corrected and the prediction-powered interval hold the rate."""
    prompts, draws, n = 500, 4, 200
    own = np.repeat(rng.random((prompts, 1)) < rate, draws, axis=1)
    true = np.where(rng.random((prompts, draws)) < math.sqrt(alike), own, rng.random((prompts, draws)) < rate).ravel()
    # The scorer errs by prompt too.
    luck = np.where(
        rng.random((prompts, draws)) < math.sqrt(alike), rng.random((prompts, 1)), rng.random((prompts, draws))
    )
    flagged = np.where(true, luck.ravel() < 0.8, luck.ravel() < 0.05).astype(np.float64)
    codes = np.repeat(np.arange(prompts), draws) if by_prompt else np.arange(prompts * draws)
    hits = flagged.reshape(prompts, draws).sum(axis=1)
    effect = design_effect(hits, np.full(prompts, float(draws))) if by_prompt else 1.0
    card = {"sensitivity": rng.binomial(300, 0.8) / 300, "specificity": rng.binomial(300, 0.95) / 300}
    one = rogan_gladen(flagged.mean(), len(flagged) / effect, **card, n_sensitivity=300, n_specificity=300)
    labels = np.full(len(true), math.nan)
    chosen = rng.choice(len(true), n, replace=False)
    labels[chosen] = true[chosen]
    other = ppi_rate(labels, flagged, codes)
    return one.low <= rate <= one.high, other.low <= rate <= other.high


def table(trials: int) -> Iterator[str]:
    """The tables of docs/coverage.md."""
    for level in (0.95, 0.9):
        for kind in KINDS:
            found = [*simulated(kind, trials, level)]
            held = np.array([missed.held for _, missed in found])
            off = level - 0.01, level + 0.01
            inside = np.mean((held >= off[0]) & (held <= off[1]))
            yield (
                f"| {level:.0%} | {kind} | {len(held)} | {held.min():.1%} | {np.median(held):.1%} | {inside:.0%} | "
                f"{np.mean(held < off[0]):.1%} | {np.mean(held > off[1]):.0%} | "
                f"{max(m.above for _, m in found):.1%} | {max(m.below for _, m in found):.1%} |"
            )
            far = [at for at, m in found if m.held > off[1]]
            yield "    over: " + ", ".join(f"{p}: {sum(a.prevalence == p for a in far)}" for p in PREVALENCE)
            for at, missed in sorted(found, key=lambda pair: pair[1].held)[:4]:
                yield f"    {tuple(at)} {missed.held:.3f} above {missed.above:.3f} below {missed.below:.3f}"
            for at, missed in sorted(found, key=lambda pair: -pair[1].above)[:2]:
                yield f"    most above {tuple(at)} {missed.above:.3f}"


if __name__ == "__main__":
    print(*table(20_000), sep="\n")
