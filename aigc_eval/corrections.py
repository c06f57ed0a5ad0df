"""Numbers corrected for a scorer that errs: Rogan-Gladen, prediction-powered inference, conformal risk control.

All of them lean on a sample that people have labelled, and hold only where it was drawn at random from what is judged.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from aigc_eval.intervals import Floats

__all__ = ["Corrected", "PredictionPowered", "conformal_risk", "conformal_threshold", "ppi", "rogan_gladen"]


@dataclass(frozen=True)
class Corrected:
    """A share corrected for a detector's errors, with its standard error and interval.

    `raw` is the correction before it is cut to 0..1. With `below_floor` the detector flagged no more than it would
    flag of flawless texts: the share cannot be told from 0.
    """

    value: float
    error: float
    low: float
    high: float
    raw: float
    below_floor: bool


class _Share(NamedTuple):
    """A share and what it was measured on."""

    of: float
    n: float

    @property
    def variance(self) -> float:
        return self.of * (1 - self.of) / self.n


def rogan_gladen(
    observed: float,
    n: float,
    *,
    sensitivity: float,
    n_sensitivity: float,
    specificity: float,
    n_specificity: float,
    level: float = 0.95,
) -> Corrected:
    """True share behind the share that a detector flags: (q + sp - 1) / (se + sp - 1) (Rogan & Gladen 1978).

    `observed` of `n` (effective) outputs are flagged; sensitivity and specificity were measured on so many positive and
    negative examples. Variance: [q(1-q)/n + p^2 se(1-se)/n_se + (1-p)^2 sp(1-sp)/n_sp] / (se + sp - 1)^2. The interval
    is Lang and Reiczigel's (2014), which holds where the normal one does not: few positives, near-perfect detectors.
    Where 1 - specificity reaches a gate's limit, the observed share cannot support that gate.

    >>> found = rogan_gladen(0.08, 2000, sensitivity=0.85, n_sensitivity=200, specificity=0.95, n_specificity=800)
    >>> round(found.value, 6), round(found.error, 6), found.below_floor
    (0.0375, 0.012035, False)
    """
    if min(n, n_sensitivity, n_specificity) <= 0:
        raise ValueError("a correction needs outputs, positive and negative examples")
    if sensitivity + specificity <= 1:
        raise ValueError("a detector that is no better than chance corrects nothing")
    flagged, caught, cleared = (
        _Share(observed, n),
        _Share(sensitivity, n_sensitivity),
        _Share(specificity, n_specificity),
    )
    raw, value, error = _corrected(flagged, caught, cleared)
    low, high = _lang_reiczigel(flagged, caught, cleared, level)
    return Corrected(value, error, min(low, value), max(high, value), raw, raw <= 0)


def _corrected(flagged: _Share, caught: _Share, cleared: _Share) -> tuple[float, float, float]:
    """The corrected share before and after it is cut to 0..1, and the standard error."""
    youden = caught.of + cleared.of - 1
    raw = (flagged.of + cleared.of - 1) / youden
    value = min(1.0, max(0.0, raw))
    variance = flagged.variance + value**2 * caught.variance + (1 - value) ** 2 * cleared.variance
    return raw, value, math.sqrt(variance) / youden


def _lang_reiczigel(flagged: _Share, caught: _Share, cleared: _Share, level: float) -> tuple[float, float]:
    """Interval with z^2 observations added to the outputs and two to each set of examples, cut to 0..1.

    A share that comes out below 0 or above 1 stands at that end, which only widens the interval.
    """
    from scipy.special import ndtri

    z2 = float(ndtri(0.5 + level / 2)) ** 2
    flagged = _Share((flagged.n * flagged.of + z2 / 2) / (flagged.n + z2), flagged.n + z2)
    caught, cleared = (_Share((s.n * s.of + 1) / (s.n + 2), s.n + 2) for s in (caught, cleared))
    if caught.of + cleared.of <= 1:
        return 0.0, 1.0
    _, value, error = _corrected(flagged, caught, cleared)
    centre = value + 2 * z2 * (value * caught.variance - (1 - value) * cleared.variance)
    half = math.sqrt(z2) * error
    return min(1.0, max(0.0, centre - half)), max(0.0, min(1.0, centre + half))


@dataclass(frozen=True)
class PredictionPowered:
    """A mean from few labels and many predictions, its standard error, and the weight of the predictions."""

    value: float
    error: float
    weight: float

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Normal interval."""
        from scipy.special import ndtri

        half = float(ndtri(0.5 + level / 2)) * self.error
        return self.value - half, self.value + half


def ppi(
    labels: Floats,
    predicted: Floats,
    unlabelled: Floats,
    weight: float | None = None,
    *,
    pooled: bool = True,
) -> PredictionPowered:
    """Prediction-powered mean: weight * mean(f(U)) + mean(Y - weight * f(X)).

    `labels` Y and `predicted` f(X), shape (n,), of the labelled items; `unlabelled` f(U), shape (N,). Weight 1 is PPI
    (Angelopoulos et al. 2023), 0 the classical mean; None takes the weight of the least variance (PPI++, 2311.01453)
    cov(Y, f) / ((1 + n/N) var f), cut to 0..1. SE^2 = weight^2 var f(U) / N + var(Y - weight f(X)) / n, ddof 0.
    In that weight `pooled` takes, like the authors' package ppi_py, the covariance with ddof 0 and the variance of all
    predictions with ddof 1; else both with ddof 0.

    >>> labels, predicted = np.array([1.0, 0, 0, 1]), np.array([0.8, 0.3, 0.2, 0.9])
    >>> round(ppi(labels, predicted, np.array([0.2, 0.4, 0.6, 0.8, 0.1, 0.3]), weight=1.0).value, 6)
    0.35
    """
    n, many = len(labels), len(unlabelled)
    if n < 2 or many < 1 or len(predicted) != n:
        raise ValueError("prediction-powered inference needs two labels, a prediction of each, and one beyond them")
    if weight is None:
        spread = float(np.concatenate([predicted, unlabelled]).var(ddof=1 if pooled else 0))
        joint = float(np.mean((labels - labels.mean()) * (predicted - predicted.mean())))
        weight = min(1.0, max(0.0, joint / ((1 + n / many) * spread))) if spread > 0 else 0.0
    rest = labels - weight * predicted
    value = weight * float(unlabelled.mean()) + float(rest.mean())
    return PredictionPowered(
        value, math.sqrt(weight**2 * float(unlabelled.var()) / many + float(rest.var()) / n), weight
    )


def conformal_risk(n: int, alpha: float, most: float = 1.0) -> float:
    """The largest mean loss over n labelled items that still promises a risk of at most alpha; below 0, none does.

    From n/(n+1) * R + most/(n+1) <= alpha, losses in 0..most (Angelopoulos et al. 2024, arXiv 2208.02814).

    >>> round(conformal_risk(100, 0.1), 6)
    0.091
    """
    if n < 1:
        raise ValueError("conformal risk control needs labelled items")
    return (alpha * (n + 1) - most) / n


def conformal_threshold(thresholds: Sequence[float], losses: Floats, alpha: float, most: float = 1.0) -> float | None:
    """The first threshold whose risk on a new item is at most alpha; None where none is.

    `losses`: shape (n, thresholds), each labelled item's loss (0..most) at each threshold, in an order in which no
    item's loss rises. The promise, E[loss] <= alpha, needs items that are exchangeable with the new one.

    >>> conformal_threshold([0.9, 0.5, 0.1], np.array([[1.0, 0, 0]] * 5 + [[1.0, 1, 0]] * 5), alpha=0.2)
    0.1
    """
    losses = np.asarray(losses, np.float64)
    if losses.ndim != 2 or losses.shape[1] != len(thresholds):
        raise ValueError("losses need a row for each item and a column for each threshold")
    if (np.diff(losses, axis=1) > 0).any() or not ((losses >= 0) & (losses <= most)).all():
        raise ValueError(f"losses lie in 0..{most} and never rise from one threshold to the next")
    # The sum, not the mean, is compared: whole losses are exact then.
    allowed = conformal_risk(len(losses), alpha, most) * len(losses) + 1e-9
    enough = np.flatnonzero(losses.sum(axis=0) <= allowed)
    return thresholds[int(enough[0])] if len(enough) else None
