"""Two systems on the same prompts: the difference, its size, its tests, and tests in families.

One number a prompt goes in, because the prompt is the unit of inference: several samples of a prompt are averaged
before. Intervals of a difference are `intervals.jackknife` and `intervals.mover`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from aigc_eval.intervals import Floats, Interval, bounded_mean

__all__ = [
    "Paired",
    "benjamini_hochberg",
    "bounded_difference",
    "clustered_correlation",
    "cohen_h",
    "holm",
    "mcnemar",
    "paired",
    "sign_flip",
]

Alternative = Literal["two-sided", "greater", "less"]

EXACT = 16
"""Most differences other than 0 whose signs are flipped in every possible way; beyond, at random."""
DRAWS = 9_999
_CHUNK = 1 << 22
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Paired:
    """Differences a - b over prompts: their mean and its standard error, Cohen's d_z, and who did better how often.

    `error` is NaN for one prompt; `effect`, the mean in standard deviations of the differences, is NaN where there is
    no deviation. `wins` counts prompts where a did better than b.
    """

    n: int
    mean: float
    error: float
    effect: float
    wins: int
    ties: int
    losses: int


def paired(a: Floats, b: Floats, *, better: Literal["higher", "lower"] = "higher", tie: float = 0.0) -> Paired:
    """Compare a with b prompt by prompt; both of shape (prompts,). Differences of at most `tie` are ties.

    SE = sd(a - b) / sqrt(n), ddof 1 (Miller 2024, arXiv 2411.00640).

    >>> a, b = np.array([1.0, 1, 1, 0, 1, 0, 1, 1, 0, 1]), np.array([1.0, 0, 1, 0, 1, 0, 0, 1, 0, 1])
    >>> found = paired(a, b)
    >>> round(found.mean, 6), round(found.error, 6), found.wins, found.ties, found.losses
    (0.2, 0.133333, 2, 8, 0)
    """
    if len(a) != len(b) or not len(a):
        raise ValueError("a paired comparison needs the same prompts on both sides, and at least one")
    apart = np.asarray(a, np.float64) - np.asarray(b, np.float64)
    n, mean = len(apart), float(apart.mean())
    deviation = float(apart.std(ddof=1)) if n > 1 else math.nan
    up, down = int((apart > tie).sum()), int((apart < -tie).sum())
    wins, losses = (up, down) if better == "higher" else (down, up)
    effect = mean / deviation if deviation > _ROUNDING * max(1.0, abs(mean)) else math.nan
    return Paired(n, mean, deviation / math.sqrt(n), effect, wins, n - up - down, losses)


def cohen_h(a: float, b: float) -> float:
    """Cohen's h, the effect size of two shares: 2 asin(sqrt a) - 2 asin(sqrt b), -pi..pi (Cohen 1988).

    >>> round(cohen_h(0.5, 0.25), 6)
    0.523599
    """
    return 2 * math.asin(math.sqrt(a)) - 2 * math.asin(math.sqrt(b))


def sign_flip(apart: Floats, alternative: Alternative = "two-sided", *, draws: int = DRAWS, seed: int = 0) -> float:
    """P-value of the sign-flip test that differences, shape (prompts,), lie symmetrically around 0.

    Statistic: their sum. Exact over all 2^n signs for up to 16 differences other than 0 (a 0 has no sign to flip), else
    (1 + as extreme) / (1 + draws) over `draws` seeded random flips (Phipson & Smyth 2010). 1.0 where all are 0.

    >>> sign_flip(np.array([0.3, 0.1, -0.05, 0.2, 0.4, 0.15, -0.1, 0.25]))
    0.0546875
    """
    apart = np.asarray(apart, np.float64)
    apart = apart[apart != 0]
    if not np.isfinite(apart).all():
        raise ValueError("a difference is not a number")
    if not len(apart):
        return 1.0
    # Scaled, so that sums that are equal but for rounding count as equal at any magnitude.
    apart = apart / float(np.abs(apart).sum())
    observed = float(apart.sum())
    if len(apart) <= EXACT:
        signs = 1.0 - 2.0 * ((np.arange(1 << len(apart))[:, None] >> np.arange(len(apart))) & 1)
        return float(_extreme(signs @ apart, observed, alternative).mean())
    rng, count = np.random.default_rng(seed), 0
    rows = max(1, _CHUNK // len(apart))
    for start in range(0, draws, rows):
        size = min(rows, draws - start)
        kept = rng.integers(0, 2, size=(size, len(apart)), dtype=np.int8)
        count += int(_extreme(2.0 * (kept @ apart) - observed, observed, alternative).sum())
    return (1 + count) / (1 + draws)


def _extreme(sums: Floats, observed: float, alternative: Alternative) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which flipped sums are at least as extreme as the one seen."""
    if alternative == "two-sided":
        return np.asarray(np.abs(sums) >= abs(observed) - _ROUNDING)
    return np.asarray(sums >= observed - _ROUNDING if alternative == "greater" else sums <= observed + _ROUNDING)


def mcnemar(only_a: int, only_b: int) -> float:
    """Exact two-sided p-value of McNemar's test: prompts that only a, and only b, got.

    Binomial with probability 1/2 over the discordant pairs, twice the smaller tail, at most 1.

    >>> round(mcnemar(8, 2), 6), round(mcnemar(15, 5), 6)
    (0.109375, 0.041389)
    """
    from scipy.special import bdtr

    return min(1.0, 2 * float(bdtr(min(only_a, only_b), only_a + only_b, 0.5)))


def bounded_difference(
    a: tuple[Floats, Floats],
    b: tuple[Floats, Floats],
    low: float = 0.0,
    high: float = 1.0,
    *,
    times: float = 1.0,
    level: float = 0.95,
) -> Interval:
    """Interval of mean(a) - times * mean(b) on the same prompts, numbers in low..high: `bounded_mean` of differences.

    `a`, `b`: (totals, sizes), each of shape (prompts,), of prompts that both have. Unlike a jackknife, or shares joined
    by their correlation, it holds where hardly any prompt made a difference: n prompts without one leave a share of
    1 - .05^(1/n) open. With unlike sizes prompts weigh the mean of both, and the interval moves to the difference.

    >>> same = np.array([1.0] * 5 + [0.0] * 95), np.ones(100)
    >>> round(bounded_difference(same, same, level=0.9).high, 4)
    0.0296
    """
    sizes = (a[1] + b[1]) / 2
    totals = (a[0] / a[1] - times * b[0] / b[1]) * sizes
    ends = low - times * np.array([low, high]), high - times * np.array([low, high])
    found = bounded_mean(totals, sizes, float(np.min(ends)), float(np.max(ends)), level)
    value = float(a[0].sum() / a[1].sum() - times * b[0].sum() / b[1].sum())
    off = value - float(totals.sum() / sizes.sum())
    return Interval(found.low + off, found.high + off, found.method)


def clustered_correlation(totals_a: Floats, sizes_a: Floats, totals_b: Floats, sizes_b: Floats) -> float:
    """Correlation of two ratios sum(totals) / sum(sizes) over the same clusters, -1..1; 0 where one does not vary.

    All of shape (clusters,), in the same order: the correlation of the clusters' residuals total_c - r * size_c, which
    is that of the two estimates. For `intervals.mover`.
    """
    a = totals_a - totals_a.sum() / sizes_a.sum() * sizes_a
    b = totals_b - totals_b.sum() / sizes_b.sum() * sizes_b
    scale = math.sqrt(float(a @ a) * float(b @ b))
    return max(-1.0, min(1.0, float(a @ b) / scale)) if scale > 0 else 0.0


def holm(ps: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values, in the order given: they bound the chance of any false alarm in the family.

    >>> [round(p, 6) for p in holm([0.01, 0.04, 0.03, 0.005])]
    [0.03, 0.06, 0.06, 0.02]
    """
    order = _order(ps)
    steps = np.asarray(ps, np.float64)[order] * np.arange(len(ps), 0, -1)
    return _unordered(np.minimum(1.0, np.maximum.accumulate(steps)), order)


def benjamini_hochberg(ps: Sequence[float]) -> list[float]:
    """Benjamini and Hochberg's adjusted p-values, in the order given: they bound the share of false discoveries.

    >>> [round(p, 6) for p in benjamini_hochberg([0.01, 0.04, 0.03, 0.005])]
    [0.02, 0.04, 0.04, 0.02]
    """
    order = _order(ps)
    steps = np.asarray(ps, np.float64)[order] * len(ps) / np.arange(1, len(ps) + 1)
    return _unordered(np.minimum.accumulate(steps[::-1])[::-1], order)


def _order(ps: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    if not all(0 <= p <= 1 for p in ps):
        raise ValueError("a p-value lies in 0..1")
    return np.argsort(np.asarray(ps, np.float64), kind="stable").astype(np.int64)


def _unordered(adjusted: Floats, order: np.ndarray[tuple[int], np.dtype[np.int64]]) -> list[float]:
    found = np.empty(len(order))
    found[order] = adjusted
    return [float(p) for p in found]
