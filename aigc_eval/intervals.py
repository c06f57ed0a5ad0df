"""Intervals from numbers: the delete-a-block jackknife, Wilson and Clopper-Pearson at the effective sample size.

Nothing here knows of prompts, scorers or frames: callers pass arrays. The unit of inference is the cluster (the
prompt), never the single output.
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
    "blocks_of",
    "clopper_pearson",
    "design_effect",
    "jackknife",
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


def jackknife(full: float, without: Floats, level: float = 0.95) -> Interval | None:
    """Delete-a-block jackknife interval of a statistic, t with J-1 degrees of freedom.

    `without`: shape (J,), the statistic with block j left out. None when a replicate is undefined (not finite), and
    when all replicates are equal: where no variation was seen, resampling cannot bound what was not seen.
    Standard error: sqrt((J-1)/J * sum (without_j - mean)^2) (Efron & Tibshirani 1993, ch. 11; Kunsch 1989 for blocks).

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
    half = float(stdtrit(blocks - 1, 0.5 + level / 2)) * error
    return Interval(full - half, full + half, f"jackknife({blocks})")


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
    unseen = (largest * max(rate, 1 - rate)) ** 2 if largest > 1 else 0.0
    variance = clusters / (clusters - 1) * (float(np.sum((hits - rate * sizes) ** 2)) + unseen) / n**2
    return float(min(largest, max(1.0, variance / (rate * (1 - rate) / n))))
