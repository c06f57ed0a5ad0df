"""Looking early without paying for it: evidence against a limit that holds at every look, and when it decides a gate.

Everything here is an *e-process*: wealth that starts at 1 and, while a hypothesis is true, is expected never to grow,
so that it ever reaches 1/alpha with probability at most alpha, however often one looks and whenever one stops (Ville
1939; Ramdas et al. 2023, "Game-theoretic statistics and safe anytime-valid inference"). All is kept as logarithms.

The unit is a prompt: the sum and the count of its samples, in the order in which prompts were drawn. Samples of one
prompt may depend on each other in any way.

What a decision is about: the population that the prompts stand for. Prompts count as independent draws from it, and so
do their values in any order that was fixed without looking at an answer; a random order of all prompts is one. That the
prompt set is finite does not enter: nothing is claimed about the prompts that were not asked.

With fixed strata (so many prompts of each category) the next prompt's stratum depends on those drawn before: looking
anywhere would not be exactly valid, but looking only where whole blocks end, each with the same number n_s of every
stratum, is. Over a block the wealth is expected to change by prod a_s^n_s <= (sum n_s a_s / n)^n <= 1 (means, geometric
and arithmetic), where a_s is a stratum's expected factor and the last step is the hypothesis. So `every` is the size of
such a block, and no look is taken inside one.

Functions take all values so far. Later values never change what was found before: looking again is calling again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from aigc_eval.intervals import Floats, Interval

__all__ = [
    "Decision",
    "Units",
    "confidence_sequence",
    "decide",
    "hedged_wealth",
    "limits",
    "log_evidence",
    "sprt_bounds",
    "uniform_evidence",
]

_STAKE = 1.15
"""The main bet over the one that grows fastest at twice (below: half) the limit; a little more has the best median."""
_MAIN = 0.8
_OTHERS = 24
_NEAREST = 1e-5
"""Bets are tuned to limits no nearer than this to the ends of the range."""
_STEPS = 60
_MOST_CELLS = 1 << 20


@dataclass(frozen=True)
class Units:
    """Prompts in the order in which they were drawn, each with the sum and the count of its samples.

    The quantity is E[sum] / E[count]. 0 <= sums <= counts <= most, shape (prompts,); a prompt that does not apply has
    count 0 and changes nothing. One value in 0..1 a prompt: sums are the values, counts and `most` are 1.
    """

    sums: Floats
    counts: Floats
    most: float = 1.0

    def mirrored(self) -> Units:
        """The same of 1 - value."""
        return Units(self.counts - self.sums, self.counts, self.most)


class Decision(NamedTuple):
    """Which way a gate was decided, after how many prompts, and e to what power the evidence then was."""

    status: Literal["pass", "fail"]
    prompts: int
    log_evidence: float


def _bets(limit: float) -> tuple[Floats, Floats]:
    """Shares of the wealth to stake on "above the limit", and the logarithms of their prior weights.

    A stake f is the likelihood ratio of the rate limit + f (1 - limit) to the limit. Most of the weight lies near the
    one for twice the limit (mirrored: half of it), since that is where a gate should be quick; the rest is spread over
    all others, so that rates nearer to the limit are found too, later, and rates far off sooner. Fixed weights over
    e-processes are an e-process again.
    """
    limit = min(max(limit, _NEAREST), 1 - _NEAREST)
    near = min(0.5, limit / (1 - limit))
    stakes = np.geomspace(near / 32, 1.0, _OTHERS)
    weights = np.exp(-0.5 * (np.log2(stakes / near) / 1.5) ** 2) + 0.05
    others = (1 - _MAIN) * weights / weights.sum()
    return np.append(stakes, min(1.0, _STAKE * near)), np.log(np.append(others, _MAIN))


def log_evidence(units: Units, limit: float, *, tuned_to: float | None = None) -> Floats:
    """Running evidence against "the quantity is at most `limit`", as natural logarithms, shape (prompts,).

    E_t = sum_k w_k prod_{i<=t} (1 + f_k (sum_i / limit - count_i) / most), each factor at least 0 and, where
    E[sum] <= limit E[count], at most 1 on average, whatever came before. For single values x in 0..1 a factor is
    1 - f + f x / limit. Falls with the limit where `tuned_to` (the limit for which the bets are chosen) stays.
    Waudby-Smith & Ramdas 2024 (bets), Robbins 1970 (mixtures).

    >>> hits = Units(np.array([0.0, 1, 1, 1, 1]), np.ones(5))
    >>> np.round(np.exp(log_evidence(hits, 0.1)), 1).tolist()
    [0.9, 1.9, 4.2, 10.5, 31.4]
    """
    if not 0 < limit < 1:  # nothing lies above 1; above 0 does whatever is not 0
        certain = np.cumsum(units.sums > 0) > 0 if limit <= 0 else np.zeros(len(units.sums), bool)
        return np.where(certain, math.inf, 0.0)
    stakes, weights = _bets(limit if tuned_to is None else tuned_to)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        per = np.where(units.sums > 0, units.sums / limit, 0.0)
        gains = (per - units.counts) / units.most
        wealth = weights.copy()
        found = np.empty(len(gains))
        for start in range(0, len(gains), _MOST_CELLS // len(stakes)):
            part = slice(start, start + _MOST_CELLS // len(stakes))
            factors = np.log1p(np.maximum(stakes * gains[part, None], -1.0))
            factors[0] += wealth
            paths = np.cumsum(factors, axis=0)
            wealth = paths[-1]
            most = paths.max(axis=1)  # finite: the main bet never stakes all
            found[part] = most + np.log(np.exp(paths - most[:, None]).sum(axis=1))
    return found


def decide(worst: Units, best: Units, limit: float, confidence: float = 0.95, every: int = 1) -> Decision | None:
    """When the gate "quantity <= limit" was decided first; None where it is not yet.

    Pass: the evidence that the quantity is below the limit reaches 1/alpha, alpha = 1 - confidence, with what is
    unknown at its `worst`. Fail: the evidence that it is above does, with what is unknown at its `best`. Each is wrong
    with probability at most alpha over all looks together, which are taken at multiples of `every` prompts. For a gate
    ">= limit" mirror the units and the limit.

    >>> clean = Units(np.zeros(100), np.ones(100))
    >>> decide(clean, clean, 0.05)
    Decision(status='pass', prompts=99, log_evidence=3.0030323444458373)
    """
    passing = _first(log_evidence(worst.mirrored(), 1 - limit), confidence, every)
    failing = _first(log_evidence(best, limit), confidence, every)
    found: list[Decision] = []
    if failing is not None:
        found.append(Decision("fail", *failing))
    if passing is not None:
        found.append(Decision("pass", *passing))
    return min(found, key=lambda decision: decision.prompts, default=None)


def _first(evidence: Floats, confidence: float, every: int) -> tuple[int, float] | None:
    """At which number of prompts the evidence first suffices, and what it is there."""
    looks = evidence[every - 1 :: every]
    at = np.flatnonzero(looks >= -math.log(1 - confidence))
    return (int(at[0] + 1) * every, float(looks[at[0]])) if len(at) else None


def limits(worst: Units, best: Units, limit: float, confidence: float = 0.95, every: int = 1) -> Interval:
    """Anytime-valid one-sided bounds of the quantity, each at `confidence`: the limits that `decide` leaves open.

    The bets are those for `limit`, so the upper bound is at most the limit exactly where the evidence has ever sufficed
    to pass, and the lower at least the limit where it has to fail.
    """
    threshold = -math.log(1 - confidence)

    def above(units: Units, tuned: float) -> Callable[[float], bool]:
        def rejected(at: float) -> bool:
            looks = log_evidence(units, at, tuned_to=tuned)[every - 1 :: every]
            return bool((looks >= threshold).any())

        return rejected

    low = _last(above(best, limit))
    high = 1 - _last(above(worst.mirrored(), 1 - limit))
    return Interval(low, high, "anytime")


def _last(rejected: Callable[[float], bool]) -> float:
    """The largest number in 0..1 that is rejected, from below to within 2^-60; 0 where none is."""
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if rejected(middle) else (low, middle)
    return low


def confidence_sequence(values: Floats, confidence: float = 0.95, bounds: tuple[float, float] = (0.0, 1.0)) -> Interval:
    """Interval for the mean of bounded values that holds at every look at once, two-sided; units of the values.

    Waudby-Smith & Ramdas 2024, hedged capital: the means whose `hedged_wealth` has never reached 1/alpha. Wealth falls
    (rises) with the mean on the one side (the other), so the ends are found by bisection, outward to within 2^-60.
    Without values, the bounds themselves. Needs no limit to be tuned to; `limits` is narrower near one.

    >>> low, high, _ = confidence_sequence(np.array([0.2, 0.3, 0.25] * 40))
    >>> round(low, 3), round(high, 3)
    (0.233, 0.295)
    """
    least, most = bounds
    scaled = (np.asarray(values, np.float64) - least) / (most - least)
    threshold = -math.log(1 - confidence)

    def above(given: Floats) -> Callable[[float], bool]:
        return lambda mean: bool((_capital(given, mean, confidence) + math.log(0.5) >= threshold).any())

    low, high = _last(above(scaled)), 1 - _last(above(1 - scaled))
    return Interval(least + low * (most - least), least + high * (most - least), "betting")


def hedged_wealth(values: Floats, mean: float, confidence: float = 0.95) -> Floats:
    """Running evidence against "the mean is `mean`", natural logarithms, shape (n,); values and mean in 0..1.

    ln max(K+, K-) / 2 with K+ = prod (1 + l_i (x_i - mean)), K- = prod (1 - l_i (x_i - mean)); see `_capital`.
    """
    given = np.asarray(values, np.float64)
    both = np.maximum(_capital(given, mean, confidence), _capital(1 - given, 1 - mean, confidence))
    return np.asarray(both + math.log(0.5), np.float64)


def _capital(values: Floats, mean: float, confidence: float) -> Floats:
    """Logarithm of K+, with bets sqrt(2 ln(2/alpha) / (variance_{t-1} t ln(1+t))), each known before its value.

    No bet is above 1 / (2 mean), so that no value costs more than half of the wealth.
    """
    t = np.arange(1, len(values) + 1)
    centres = (0.5 + np.cumsum(values)) / (t + 1)
    variances = (0.25 + np.cumsum((values - centres) ** 2)) / (t + 1)
    before = np.append(0.25, variances[:-1])[: len(values)]
    bets = np.sqrt(2 * math.log(2 / (1 - confidence)) / (before * t * np.log1p(t)))
    stakes = np.minimum(bets, 0.5 / mean) if mean > 0 else bets
    return np.asarray(np.cumsum(np.log1p(stakes * (values - mean))), np.float64)


def uniform_evidence(hits: int, misses: int, limit: float, *, below: bool = False) -> float:
    """Evidence against "rate <= limit" (with `below`, ">= limit") from counts, natural logarithm.

    The mixture of likelihood ratios uniform over (limit, 1] (Robbins 1970), a textbook e-process for any rate. At half
    or twice a limit of 5 % the bets of `decide` need 0.6 or 0.4 times as many prompts. With r = (1 - limit) / limit it
    is a sum of positive terms, so that nothing cancels or underflows:
    1/(misses+1) sum_{k<=hits} r^k hits!/(hits-k)! (misses+1)!/(misses+1+k)!.

    >>> round(math.exp(uniform_evidence(8, 42, 0.05)), 6)
    8.478076
    """
    from scipy.special import gammaln, logsumexp

    if below:
        return uniform_evidence(misses, hits, 1 - limit)
    k = np.arange(hits + 1)
    terms = gammaln(hits + 1) - gammaln(hits - k + 1) + gammaln(misses + 2) - gammaln(misses + 2 + k)
    return float(logsumexp(terms + k * math.log((1 - limit) / limit))) - math.log(misses + 1)


def sprt_bounds(alpha: float, beta: float) -> tuple[float, float]:
    """Likelihood ratios at which Wald's test stops: for the alternative above the first, against it below the second.

    (1 - beta) / alpha and beta / (1 - alpha), for error rates alpha and beta (Wald 1945).

    >>> upper, lower = sprt_bounds(0.05, 0.2)
    >>> round(upper, 6), round(lower, 6)
    (16.0, 0.210526)
    """
    return (1 - beta) / alpha, beta / (1 - alpha)
