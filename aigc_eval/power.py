"""How many prompts a verdict needs, and what a run of a given size can tell.

The rule that is planned for is the one that gates use: the one-sided exact (Clopper-Pearson) bound of a share meets the
limit. Sizes are numbers of independent units; `inflation` turns them into samples of clustered prompts.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np

__all__ = [
    "bounded_chance",
    "bounded_prompts",
    "chance_to_pass",
    "fewest_hits",
    "inflation",
    "most_hits",
    "paired_prompts",
    "prompts_needed",
    "size_at_rate",
    "smallest_difference",
    "smallest_n_without_hits",
    "two_share_prompts",
]

MOST = 10**9
"""No plan goes beyond this many prompts."""


def _quantiles(power: float, confidence: float, sides: Literal[1, 2]) -> float:
    """The quantile of the test plus that of its power."""
    from scipy.special import ndtri

    if not (0 < power < 1 and 0 < confidence < 1):
        raise ValueError("power and confidence lie between 0 and 1")
    return float(ndtri(1 - (1 - confidence) / sides)) + float(ndtri(power))


def paired_prompts(
    margin: float,
    between: float,
    within: tuple[float, float] = (0.0, 0.0),
    samples: tuple[int, int] = (1, 1),
    *,
    power: float = 0.8,
    confidence: float = 0.95,
    sides: Literal[1, 2] = 2,
) -> int:
    """Prompts that a paired comparison needs to see a difference of `margin`.

    n = (z + z_power)^2 (w^2 + s_a^2 / K_a + s_b^2 / K_b) / margin^2 (Miller 2024, arXiv 2411.00640): `between` is w^2,
    the variance of the prompts' true differences, `within` the two systems' variances from sample to sample of one
    prompt, `samples` how many of each.

    >>> paired_prompts(0.03, 1 / 9, (1 / 6, 1 / 6)), paired_prompts(0.03, 1 / 9, (1 / 6, 1 / 6), (10, 10))
    (3876, 1260)
    """
    if margin == 0:
        raise ValueError("no number of prompts shows a difference of 0")
    variance = between + within[0] / samples[0] + within[1] / samples[1]
    return max(2, math.ceil(variance * (_quantiles(power, confidence, sides) / margin) ** 2))


def smallest_difference(
    error: float, *, power: float = 0.8, confidence: float = 0.95, sides: Literal[1, 2] = 2
) -> float:
    """The smallest true difference that a run with this standard error finds with that power: (z + z_power) * SE.

    >>> round(smallest_difference(math.sqrt((1 / 9 + 1 / 6 + 1 / 6) / 198)), 6)
    0.132733
    """
    return _quantiles(power, confidence, sides) * error


def bounded_chance(n: int, margin: float, deviation: float, reach: float, confidence: float = 0.95) -> float:
    """About how likely n prompts pass a gate that allows `margin` more than the truth.

    Phi((margin - reach / (n + 1) - z sqrt(n s^2 + reach^2) / (n + 1)) sqrt(n) / s), s the `deviation`: the bound of
    `intervals.bounded_mean` adds one more prompt at the end of the range, `reach` away, to the n that were seen. With a
    reach of 0 it is the normal law.

    >>> round(bounded_chance(155, 0.05, 0.25, 0.0), 3), round(bounded_chance(155, 0.05, 0.25, 1.0), 3)
    (0.804, 0.675)
    """
    from scipy.special import ndtr, ndtri

    error = float(ndtri(confidence)) * math.sqrt(n * deviation**2 + reach**2) / (n + 1)
    return float(ndtr((margin - reach / (n + 1) - error) * math.sqrt(n) / deviation))


def bounded_prompts(
    margin: float, deviation: float, reach: float, *, power: float = 0.8, confidence: float = 0.95
) -> int | None:
    """The fewest prompts with that chance, as `bounded_chance` has it; None beyond 10^9.

    >>> bounded_prompts(0.05, 0.25, 0.0), bounded_prompts(0.05, 0.25, 1.0)
    (154, 200)
    """
    if margin <= 0:
        return None
    return _first(lambda n: bounded_chance(n, margin, deviation, reach, confidence) >= power)


def two_share_prompts(
    a: float, b: float, *, power: float = 0.8, confidence: float = 0.95, sides: Literal[1, 2] = 2
) -> int:
    """Prompts in each of two independent groups that tell shares a and b apart (Fleiss 1981, pooled under equality).

    n = (z sqrt(2 m (1 - m)) + z_power sqrt(a (1 - a) + b (1 - b)))^2 / (a - b)^2, m = (a + b) / 2.

    >>> two_share_prompts(0.01, 0.02)
    2319
    """
    if a == b:
        raise ValueError("no number of prompts tells equal shares apart")
    z_power = _quantiles(power, 0.5, 1)
    z = _quantiles(power, confidence, sides) - z_power
    middle = (a + b) / 2
    root = z * math.sqrt(2 * middle * (1 - middle)) + z_power * math.sqrt(a * (1 - a) + b * (1 - b))
    return math.ceil((root / (a - b)) ** 2)


def most_hits(n: int, limit: float, confidence: float = 0.95) -> int | None:
    """The most hits of n whose exact one-sided upper bound is at most `limit`; None where not even 0 hits are.

    That bound meets the limit where so few hits had a chance of at most 1 - confidence at the limit itself.

    >>> most_hits(300, 0.05), most_hits(500, 0.05), most_hits(298, 0.01)
    (8, 16, None)
    """
    from scipy.special import bdtr

    if limit >= 1:
        return n
    return _last(lambda x: bool(bdtr(x, n, limit) <= 1 - confidence), n) if limit > 0 else None


def fewest_hits(n: int, limit: float, confidence: float = 0.95) -> int | None:
    """The fewest hits of n whose exact one-sided lower bound is at least `limit`; None where not even n hits are.

    >>> fewest_hits(1000, 0.90), fewest_hits(300, 0.95), fewest_hits(58, 0.95)
    (916, 292, None)
    """
    misses = most_hits(n, 1 - limit, confidence)
    return None if misses is None else n - misses


def _last(holds: Callable[[int], bool], most: int) -> int | None:
    """The largest of 0..most for which a statement holds that fails from some number on; None where it fails at 0."""
    if not holds(0):
        return None
    low, high = 0, most + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def _first(holds: Callable[[int], bool]) -> int | None:
    """The smallest number from 1 on for which a statement holds that holds from some number on; None beyond 10^9."""
    high = 1
    while not holds(high):
        high *= 2
        if high > MOST:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def smallest_n_without_hits(limit: float, confidence: float = 0.95) -> int:
    """The fewest prompts that pass with no hit at all: ln(1 - confidence) / ln(1 - limit), about 3 / limit at 95 %.

    >>> smallest_n_without_hits(0.01), smallest_n_without_hits(0.05)
    (299, 59)
    """
    if not 0 < limit < 1:
        raise ValueError("the limit of a share lies between 0 and 1")
    n = max(1, math.floor(math.log(1 - confidence) / math.log1p(-limit)) - 1)
    while most_hits(n, limit, confidence) is None:
        n += 1
    return n


def chance_to_pass(rate: float, n: int, limit: float, op: Literal["<=", ">="], confidence: float = 0.95) -> float:
    """Probability that n prompts pass the gate when `rate` is the truth; at most 1 - confidence beyond the limit.

    >>> round(chance_to_pass(0.005, 1000, 0.01, "<="), 4), round(chance_to_pass(0.01, 1000, 0.01, "<="), 4)
    (0.4401, 0.0287)
    """
    from scipy.special import bdtr

    if op == ">=":
        return chance_to_pass(1 - rate, n, 1 - limit, "<=", confidence)
    most = most_hits(n, limit, confidence)
    return 0.0 if most is None else float(bdtr(most, n, rate))


def prompts_needed(rate: float, limit: float, power: float = 0.8, confidence: float = 0.95) -> int | None:
    """The fewest prompts that pass the gate with probability `power` when `rate` is the truth; None beyond 10^9.

    A rate below the limit stands for a gate `<=`, above it for `>=`; on the limit no number of prompts is enough.
    Chances fall a little between the numbers at which one more hit is allowed, and those are the ones that count here.

    >>> prompts_needed(0.0, 0.01), prompts_needed(0.005, 0.01), prompts_needed(0.95, 0.9)
    (299, 1941, 179)
    """
    from scipy.special import bdtr
    from scipy.stats import nbinom

    if rate > limit:
        rate, limit = 1 - rate, 1 - limit
    if rate == limit or limit >= 1:
        return None if rate == limit else 1
    first, count = 0, 64
    while True:
        hits = np.arange(first, first + count, dtype=np.float64)
        # The smallest n at which x hits pass is where the (x+1)-th hit has come with probability `confidence`.
        sizes = hits + 1 + nbinom.ppf(confidence, hits + 1, limit)
        enough = np.flatnonzero(bdtr(hits, sizes.astype(np.int64), rate) >= power)
        if len(enough):
            found = int(sizes[enough[0]])
            return found if found <= MOST else None
        if sizes[-1] > MOST:
            return None
        first, count = first + count, count * 2


def size_at_rate(rate: float, limit: float, confidence: float = 0.95) -> int | None:
    """The fewest units whose exact one-sided bound, around an observed `rate`, reaches the limit; None beyond 10^9.

    The upper bound for a rate below the limit, the lower one above it. Hits may be fractions, as in effective samples.

    >>> size_at_rate(0.0, 0.001), size_at_rate(0.916, 0.9), size_at_rate(0.01, 0.01)
    (2995, 984, None)
    """
    from scipy.special import betainc

    if rate > limit:
        rate, limit = 1 - rate, 1 - limit
    if rate == limit:
        return None

    def reaches(n: int) -> bool:
        # The bound is where this distribution function is `confidence`.
        return limit >= 1 or bool(betainc(rate * n + 1, n - rate * n, limit) >= confidence)

    return _first(reaches)


def inflation(samples: float, icc: float) -> float:
    """Design effect of prompts with that many samples each: 1 + (samples - 1) * icc (Kish 1965).

    `icc`, 0..1: how much of the variance lies between prompts.

    >>> round(inflation(5, 0.3), 6)
    2.2
    """
    return 1 + (samples - 1) * icc
