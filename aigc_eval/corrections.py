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

__all__ = [
    "Corrected",
    "Detected",
    "PredictionPowered",
    "conformal_risk",
    "conformal_threshold",
    "corrected_shares",
    "ppi",
    "rogan_gladen",
    "rogan_gladen_strata",
]

Numbers = float | Floats
_ROUNDING = 1e-12


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


class Detected(NamedTuple):
    """What a detector flagged in one part of the outputs, and how good it is there.

    It flags `observed` of `n` (effective) outputs; `sensitivity` and `specificity` were measured on so many positive
    and negative examples. Numbers, or arrays of one shape.
    """

    observed: Numbers
    n: Numbers
    sensitivity: Numbers
    n_sensitivity: Numbers
    specificity: Numbers
    n_specificity: Numbers


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

    In simulation (docs/coverage.md) intervals of nominal 95 % hold the truth in 94.8 % of samples or more, up to 100 %
    where the share cannot be told from 0, since then only one end can miss. A one-sided bound of nominal 5 % is missed
    in up to 7.9 %: by the upper end, with a sensitivity of 60 % known from 50 positives.

    >>> found = rogan_gladen(0.08, 2000, sensitivity=0.85, n_sensitivity=200, specificity=0.95, n_specificity=800)
    >>> round(found.value, 6), round(found.error, 6), found.below_floor
    (0.0375, 0.012035, False)
    """
    part = Detected(observed, n, sensitivity, n_sensitivity, specificity, n_specificity)
    return rogan_gladen_strata([part], [1.0], level)


def rogan_gladen_strata(parts: Sequence[Detected], weights: Sequence[float], level: float = 0.95) -> Corrected:
    """True share in outputs of several languages, each corrected for what the detector does there: sum w_l p_l.

    `weights` are the languages' shares of the outputs (they sum to 1), taken as known. The interval recovers each
    one's variance from its own Lang-Reiczigel interval (MOVER, Zou & Donner 2008), and is that one for one language.
    `below_floor`: all of what is flagged is no more than it would be of flawless outputs.

    >>> en, zh = Detected(0.04, 900, 0.9, 200, 0.98, 800), Detected(0.10, 300, 0.7, 150, 0.95, 400)
    >>> found = rogan_gladen_strata([en, zh], [0.75, 0.25])
    >>> round(found.value, 4), round(found.low, 4), round(found.high, 4)
    (0.0363, 0.0167, 0.0586)
    """
    for part in parts:
        if min(float(x) for x in (part.n, part.n_sensitivity, part.n_specificity)) <= 0:
            raise ValueError("a correction needs outputs, positive and negative examples")
        if part.sensitivity + part.specificity <= 1:
            raise ValueError("a detector that is no better than chance corrects nothing")
    value, low, high = (float(x) for x in corrected_shares(parts, weights, level))
    raw = sum(w * float(_corrected(part)[0]) for w, part in zip(weights, parts, strict=True))
    flagged, floor = (
        sum(w * float(x) for w, x in zip(weights, column, strict=True))
        for column in ([p.observed for p in parts], [1 - p.specificity for p in parts])
    )
    error = math.sqrt(sum(w**2 * float(_corrected(part)[1]) for w, part in zip(weights, parts, strict=True)))
    return Corrected(value, error, low, high, raw, flagged <= floor + _ROUNDING)


def corrected_shares(
    parts: Sequence[Detected], weights: Sequence[float], level: float = 0.95
) -> tuple[Numbers, Numbers, Numbers]:
    """Value and both ends of `rogan_gladen_strata`, of many samples at once where the parts hold arrays."""
    value: Numbers = 0.0
    below: Numbers = 0.0
    above: Numbers = 0.0
    most: Numbers = 0.0
    least: Numbers = 0.0
    for part, weight in zip(parts, weights, strict=True):
        raw, _ = _corrected(part)
        low, high = _lang_reiczigel(part, level)
        value = value + weight * np.clip(raw, 0.0, 1.0)
        # What noise takes below 0 must keep its place in the lower end, or a sum of cut shares would lie above the
        # truth; in the upper end it must not, or some samples would have nothing above 0 at all. Likewise at 1.
        from_below, from_above = np.minimum(raw, 1.0), np.maximum(raw, 0.0)
        least, most = least + weight * from_below, most + weight * from_above
        below = below + (weight * np.maximum(from_below - low, 0.0)) ** 2
        above = above + (weight * np.maximum(high - from_above, 0.0)) ** 2
    low, high = np.clip(least - np.sqrt(below), 0.0, 1.0), np.clip(most + np.sqrt(above), 0.0, 1.0)
    return value, np.minimum(low, value), np.maximum(high, value)


def _corrected(part: Detected) -> tuple[Numbers, Numbers]:
    """The corrected share before it is cut to 0..1, and the variance of the one that is."""
    youden = part.sensitivity + part.specificity - 1
    raw = (part.observed + part.specificity - 1) / youden
    value = np.clip(raw, 0.0, 1.0)
    flagged, caught, cleared = _variances(part)
    return raw, (flagged + value**2 * caught + (1 - value) ** 2 * cleared) / youden**2


def _variances(part: Detected) -> tuple[Numbers, Numbers, Numbers]:
    """Of what is flagged, of the sensitivity and of the specificity."""
    return (
        part.observed * (1 - part.observed) / part.n,
        part.sensitivity * (1 - part.sensitivity) / part.n_sensitivity,
        part.specificity * (1 - part.specificity) / part.n_specificity,
    )


def _lang_reiczigel(part: Detected, level: float) -> tuple[Numbers, Numbers]:
    """Interval with z^2 observations added to the outputs and two to each set of examples, not cut to 0..1.

    A share that comes out below 0 or above 1 stands at that end, which only widens the interval.
    """
    from scipy.special import ndtri

    z2 = float(ndtri(0.5 + level / 2)) ** 2
    more = Detected(
        (part.n * part.observed + z2 / 2) / (part.n + z2),
        part.n + z2,
        (part.n_sensitivity * part.sensitivity + 1) / (part.n_sensitivity + 2),
        part.n_sensitivity + 2,
        (part.n_specificity * part.specificity + 1) / (part.n_specificity + 2),
        part.n_specificity + 2,
    )
    known = more.sensitivity + more.specificity > 1
    more = more._replace(sensitivity=np.where(known, more.sensitivity, 1.0))  # anything: the result is not used
    raw, variance = _corrected(more)
    value = np.clip(raw, 0.0, 1.0)
    _, caught, cleared = _variances(more)
    centre, half = value + 2 * z2 * (value * caught - (1 - value) * cleared), np.sqrt(z2 * variance)
    return np.where(known, centre - half, 0.0), np.where(known, centre + half, 1.0)


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
