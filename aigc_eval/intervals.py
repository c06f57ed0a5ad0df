"""Intervals from numbers: jackknife; Wilson, Clopper-Pearson, Jeffreys at the effective sample size; differences.

The one-sided bound at confidence c is an end of the two-sided interval at level 2c - 1. Nothing here knows of prompts,
scorers or frames: callers pass arrays. The unit of inference is the cluster (the prompt), never the single output.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = [
    "BLOCKS",
    "MIN_CLUSTERS",
    "Interval",
    "acceleration",
    "blocks_of",
    "bounded_mean",
    "clopper_pearson",
    "clustered_error",
    "design_effect",
    "jackknife",
    "jeffreys",
    "mover",
    "wilson",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

BLOCKS = 50
"""Most blocks that a jackknife deletes; fewer clusters than this give one block each."""
MIN_CLUSTERS = 10
"""Fewer independent clusters than this give no interval at all."""


class Interval(NamedTuple):
    """A confidence interval and the name of the method that made it."""

    low: float
    high: float
    method: str


def blocks_of(clusters: Ints, most: int = BLOCKS) -> Ints:
    """Block number of each row: clusters dealt round-robin, in order of first appearance, into at most `most` blocks.

    `clusters`: shape (n,), any integer codes. Returns shape (n,), values 0..J-1 with J = min(most, clusters).

    >>> blocks_of(np.array([7, 7, 3, 9]), most=2).tolist()
    [0, 0, 1, 0]
    """
    _, first, inverse = np.unique(clusters, return_index=True, return_inverse=True)
    order = np.empty_like(first)
    order[np.argsort(first)] = np.arange(len(first))
    return (order[inverse] % most).astype(np.int64)


def acceleration(without: Floats) -> float:
    """Acceleration of a statistic from its jackknife replicates, shape (J,): a sixth of its skewness, -1/6..1/6.

    a = sum (m - x_j)^3 / (6 (sum (m - x_j)^2)^1.5), m the replicates' mean (Efron 1987); 0 where they are all equal.

    >>> x = np.array([2.0, 3, 5, 7, 11, 13, 17])
    >>> round(acceleration((x.sum() - x) / 6), 6)
    0.023293
    """
    apart = without.mean() - without
    most = float(np.abs(apart).max())
    if most == 0:
        return 0.0
    apart = apart / most  # a ratio: cubes of numbers beyond 1e100 have no room
    return float(np.sum(apart**3) / (6 * np.sum(apart**2) ** 1.5))


def jackknife(full: float, without: Floats, level: float = 0.95) -> Interval | None:
    """Delete-a-block jackknife interval of a statistic, t with J-1 degrees of freedom, corrected for skewness.

    `without`: shape (J,), the statistic with block j left out. None when a replicate is undefined (not finite), and
    when all replicates are equal: where no variation was seen, resampling cannot bound what was not seen.
    Standard error: sqrt((J-1)/J * sum (without_j - mean)^2) (Efron & Tibshirani 1993, ch. 11; Kunsch 1989 for blocks).
    The correction is Hall's (1992, JRSS B 54:221) monotone one: the t interval where the replicates lie symmetrically,
    further out (by 1.9 times at most) towards the longer tail and less far the other way. Few draws show too little of
    a tail, so that its end takes the acceleration times 1 + 2/sqrt(J). Simulated, the upper bound at 95 % holds in 90,
    93, 94 % of samples of 20, 50, 200 lognormal numbers (plain t: 83, 86, 91) and in 95 % of exponential or normal
    ones, the lower in 95 to 96 %.

    >>> x = np.arange(20.0)
    >>> without = (x.sum() - x) / 19
    >>> round(jackknife(float(x.mean()), without).high, 4)  # the t interval of the mean: 9.5 + 2.093 * 1.3229
    12.2688
    """
    from scipy.special import stdtrit

    blocks = len(without)
    if blocks < 2 or not np.isfinite(without).all() or not math.isfinite(full):
        return None
    error = math.sqrt((blocks - 1) / blocks * float(np.sum((without - without.mean()) ** 2)))
    if error <= 1e-12 * max(1.0, abs(full)):
        return None
    t = float(stdtrit(blocks - 1, 0.5 + level / 2))
    skew = acceleration(without)
    tail = math.copysign(min(abs(skew) * (1 + 2 / math.sqrt(blocks)), 1 / 6), skew)
    low, high = (_unskewed(-t, skew), _unskewed(t, tail)) if skew > 0 else (_unskewed(-t, tail), _unskewed(t, skew))
    return Interval(full + low * error, full + high * error, f"jackknife({blocks})")


def _unskewed(t: float, skew: float) -> float:
    """Standard errors from the estimate to its bound: (1 - c) / (2a), c = cbrt(1 - 6a(t + a)), written without 0/0."""
    # Held where the root's slope runs away: from there on a digit of the skewness would move the bound by its length.
    c = max(0.5, math.cbrt(1 - 6 * skew * (t + skew)))
    return 3 * (t + skew) / (1 + c + c * c)


def wilson(hits: float, n: float, level: float = 0.95) -> Interval:
    """Wilson score interval for a proportion; `hits` and `n` may be effective (fractional) counts.

    >>> low, high, _ = wilson(3, 100)
    >>> round(low, 6), round(high, 6)
    (0.010255, 0.084519)
    """
    from scipy.special import ndtri

    if n <= 0:
        raise ValueError("an interval needs at least one trial")
    z = float(ndtri(0.5 + level / 2))
    rate, z2 = hits / n, z * z
    centre = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = z / (1 + z2 / n) * math.sqrt(rate * (1 - rate) / n + z2 / (4 * n * n))
    low = 0.0 if hits <= 0 else max(0.0, centre - half)
    high = 1.0 if hits >= n else min(1.0, centre + half)
    return Interval(low, high, "wilson")


def clopper_pearson(hits: float, n: float, level: float = 0.95) -> Interval:
    """Exact (Clopper-Pearson) interval for a proportion; fractional effective counts are allowed.

    >>> low, high, _ = clopper_pearson(1, 300)
    >>> round(low, 6), round(high, 6)
    (8.4e-05, 0.018431)
    """
    from scipy.special import betaincinv

    if n <= 0:
        raise ValueError("an interval needs at least one trial")
    tail = (1 - level) / 2
    low = 0.0 if hits <= 0 else float(betaincinv(hits, n - hits + 1, tail))
    high = 1.0 if hits >= n else float(betaincinv(hits + 1, n - hits, 1 - tail))
    return Interval(low, high, "clopper-pearson")


def jeffreys(hits: float, n: float, level: float = 0.95) -> Interval:
    """Jeffreys interval for a proportion: equal tails of Beta(hits + 1/2, n - hits + 1/2), to 0 or 1 at no or all hits.

    Covers on average over rates, not at each one (Brown, Cai & DasGupta 2001): for exploration, not for a gate.

    >>> low, high, _ = jeffreys(0, 300)
    >>> low, round(high, 6)
    (0.0, 0.008331)
    """
    from scipy.special import betaincinv

    if n <= 0:
        raise ValueError("an interval needs at least one trial")
    tail, a, b = (1 - level) / 2, hits + 0.5, n - hits + 0.5
    low = 0.0 if hits <= 0 else float(betaincinv(a, b, tail))
    high = 1.0 if hits >= n else float(betaincinv(a, b, 1 - tail))
    return Interval(low, high, "jeffreys")


def bounded_mean(totals: Floats, sizes: Floats, low: float, high: float, level: float = 0.95) -> Interval:
    """Interval of a mean of numbers in low..high that counts what was not seen: sum(totals) / sum(sizes) of clusters.

    `totals`, `sizes`: shape (clusters,). Each end is Gaffke's (2005; Learned-Miller & Thomas 2019, arXiv 1905.06208)
    one-sided bound: of the sample and one more cluster at that end of the range, as large as the average row's, weighed
    at random (Dirichlet, all 1), the quantile of the mean. For equal clusters of 0 and 1 that is Clopper-Pearson's.
    No number of draws shows how rare a large value is, which a jackknife takes for never; that costs a tail of about
    3/n of the range. The quantile is a saddlepoint's (Lugannani & Rice 1980): within 0.6 % of the width.

    >>> hits = np.array([1.0] + [0.0] * 299)
    >>> round(bounded_mean(hits, np.ones(300), 0, 1).high, 4), round(clopper_pearson(1, 300).high, 4)
    (0.0184, 0.0184)
    """
    width = high - low
    if not (0 < width < math.inf):
        raise ValueError("the range of a bounded mean has two finite ends")
    totals, sizes = totals[sizes > 0], sizes[sizes > 0]
    if not len(sizes):
        raise ValueError("an interval needs at least one trial")
    above = np.clip((totals - low * sizes) / width, 0.0, sizes)
    confidence = 0.5 + level / 2
    ends = 1 - _mean_at_most(sizes - above, sizes, confidence), _mean_at_most(above, sizes, confidence)
    return Interval(low + width * ends[0], low + width * ends[1], f"bounded({len(sizes)})")


def _mean_at_most(totals: Floats, sizes: Floats, confidence: float) -> float:
    """Upper bound of a mean of numbers in 0..1."""
    from scipy.optimize import brentq

    unseen = float(np.sum(sizes**2) / sizes.sum())
    totals, sizes = np.append(totals, unseen), np.append(sizes, unseen)
    least = float(np.min(totals / sizes))
    if least >= 1:
        return 1.0
    # At the least value no weight is below, at 1 none above.
    return float(brentq(lambda mean: _below(totals - mean * sizes) - confidence, least, 1.0, xtol=1e-10))


def _below(apart: Floats) -> float:
    """Probability that sum(apart_i * E_i) <= 0 with E_i independent, exponential, of mean 1: Lugannani and Rice's."""
    from scipy.optimize import brentq
    from scipy.special import ndtr

    least, most = float(apart.min()), float(apart.max())
    if least >= 0 or most <= 0:
        return float(most <= 0)
    # The saddlepoint lies between the poles, where the derivative of the cumulants' generating function is 0.
    inside = 1 - 1e-12
    at: float = brentq(lambda s: float(np.sum(apart / (1 - s * apart))), inside / least, inside / most, xtol=1e-13)
    scaled = 1 - at * apart
    w: float = math.copysign(math.sqrt(max(0.0, 2 * float(np.sum(np.log(scaled))))), at)
    u: float = at * math.sqrt(float(np.sum((apart / scaled) ** 2)))
    if abs(w) < 1e-4:  # the mean itself, where the formula's difference is 0 - 0
        return 0.5 + float(np.sum(apart**3) / (3 * math.sqrt(2 * math.pi) * np.sum(apart**2) ** 1.5))
    return float(ndtr(w)) + math.exp(-w * w / 2) / math.sqrt(2 * math.pi) * (1 / w - 1 / u)


def mover(
    a: float,
    of_a: tuple[float, float],
    b: float,
    of_b: tuple[float, float],
    times: float = 1.0,
    *,
    correlation: float = 0.0,
) -> tuple[float, float]:
    """Interval of a - times * b from each one's own interval: the method of variance estimates recovery.

    `of_a`, `of_b`: (low, high) around a and b, at the level wanted of the difference. `correlation`: of the two
    estimates, -1..1; 0 for independent ones. Each end takes the distances to the ends that drive it there
    (Donner & Zou 2012; Newcombe 1998, methods 10 for shares of two samples and of pairs).

    >>> low, high = mover(56 / 70, wilson(56, 70)[:2], 48 / 80, wilson(48, 80)[:2])
    >>> round(low, 4), round(high, 4)
    (0.0524, 0.3339)
    """
    ends = (times * of_b[0], times * of_b[1])
    below, above = times * b - min(ends), max(ends) - times * b
    if times < 0:
        correlation = -correlation
    difference = a - times * b
    return (
        difference - _joined(a - of_a[0], above, correlation),
        difference + _joined(of_a[1] - a, below, correlation),
    )


def _joined(x: float, y: float, correlation: float) -> float:
    """Length of the difference of two deviations; never below 0, where rounding would take it."""
    return math.sqrt(max(0.0, x * x + y * y - 2 * correlation * x * y))


def clustered_error(totals: Floats, sizes: Floats) -> float:
    """Cluster-robust (CR1) standard error of sum(totals) / sum(sizes), a mean or ratio; NaN under two clusters.

    Both of shape (clusters,). sqrt(G/(G-1) * sum (total_c - r * size_c)^2) / sum(sizes) (Liang & Zeger 1986).
    Miller 2024 (arXiv 2411.00640) leaves the factor G/(G-1) out: .156092 for the same numbers.

    >>> round(clustered_error(np.array([3.0, 0, 4, 1]), np.array([4.0, 3, 5, 2])), 6)
    0.18024
    """
    clusters, n = len(sizes), float(sizes.sum())
    if clusters < 2 or n <= 0:
        return math.nan
    ratio = float(totals.sum()) / n
    return math.sqrt(clusters / (clusters - 1) * float(np.sum((totals - ratio * sizes) ** 2))) / n


def design_effect(hits: Floats, sizes: Floats) -> float:
    """How many times more variable a clustered rate is than a simple one, from 1 to that of clusters alike inside.

    `hits`, `sizes`: shape (clusters,), hits and rows of each cluster. Ratio-estimator variance over binomial variance
    (Kish 1965). The most is sum m^2 / sum m: the clusters' size, or more where sizes differ, since a few long ones then
    decide. Few hits hide how they cluster, so one more cluster of that size, wholly on the rarer side, counts in the
    variance; at 0 or all hits the most stands in.

    >>> design_effect(np.array([2.0, 0, 2, 0] * 5), np.array([2.0] * 20))
    2.0
    >>> design_effect(np.array([1.0] + [0.0] * 19), np.array([5.0] * 20))
    5.0
    """
    n, clusters = float(sizes.sum()), len(sizes)
    largest = max(1.0, float(np.sum(sizes**2)) / n)
    rate = float(hits.sum()) / n
    if rate in (0.0, 1.0) or clusters < 2:
        return largest
    unseen = (largest * max(rate, 1 - rate)) ** 2
    variance = clusters / (clusters - 1) * (float(np.sum((hits - rate * sizes) ** 2)) + unseen) / n**2
    return float(min(largest, max(1.0, variance / (rate * (1 - rate) / n))))
