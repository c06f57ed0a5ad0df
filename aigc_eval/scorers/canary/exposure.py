"""Exposure of a canary (Carlini et al. 2019, The Secret Sharer): by rank, and by a distribution fitted to its like."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from functools import lru_cache

__all__ = ["MIN_SAMPLE", "estimated_exposure", "exposure", "mean_rank"]

MIN_SAMPLE = 30
"""Fewer other choices than this give no estimate: three parameters are fitted."""
_BITS = 1 / math.log(2)


def exposure(rank: float, size: float) -> float:
    """log2 |R| - log2 rank, in bits: 0 for the last of R, log2 |R| for the first.

    >>> round(exposure(1, 1e9), 4), round(exposure(1000, 1e9), 4)
    (29.8974, 19.9316)
    """
    return math.log2(size) - math.log2(rank)


def mean_rank(likelihoods: Sequence[float], which: int) -> float:
    """Rank of one choice by likelihood, 1 the likeliest; choices as likely share the mean of their ranks.

    The best of them would give a model that tells nothing apart the highest exposure, the worst would hide a canary
    among its copies; the mean gives such a model about one bit, as chance does.

    >>> mean_rank([-3.0, -1.0, -2.0], 2), mean_rank([-1.0, -1.0, -1.0], 0)
    (2.0, 2.0)
    """
    own = likelihoods[which]
    above = sum(x > own for x in likelihoods)
    equal = sum(x == own for x in likelihoods)
    return above + (equal + 1) / 2


@lru_cache(maxsize=1024)
def estimated_exposure(own: float, others: tuple[float, ...]) -> float | None:
    """-log2 P(X <= x), in bits: x the canary's log-perplexity -log2 p, X a skew normal fitted to that of the others.

    The others are a random sample of R, which may be far larger. `own` and `others` are natural log-likelihoods. None
    with fewer than 30 others or where they do not vary.
    """
    import numpy as np
    from scipy import stats

    sample = -np.asarray(others) * _BITS
    if len(sample) < MIN_SAMPLE or not np.isfinite(sample).all() or np.ptp(sample) < 1e-9:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # steps of the search that leave the range
        shape, place, scale = stats.skewnorm.fit(sample)
    if not (math.isfinite(shape) and math.isfinite(place) and scale > 0):
        return None
    return max(0.0, -_log_share_below((-own * _BITS - place) / scale, shape) * _BITS)


def _log_share_below(z: float, shape: float) -> float:
    """Ln P(Z <= z) of a standard skew normal, right in the far tail too, where the usual form is 0 or negative.

    ln of the integral of 2 phi(t) Phi(shape t) up to z, on a grid that is finer the nearer to z.
    """
    import numpy as np
    from scipy import special

    back = np.concatenate([[0.0], np.geomspace(1e-12, 60.0 + abs(z), 20_000)])
    t = z - back
    heights = math.log(2 / math.sqrt(2 * math.pi)) - t * t / 2 + special.log_ndtr(shape * t)
    middles = np.logaddexp(heights[1:], heights[:-1]) - math.log(2) + np.log(np.diff(back))
    return float(special.logsumexp(middles))
