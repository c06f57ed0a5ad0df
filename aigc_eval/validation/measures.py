"""How well scores and hits agree with labels: pure functions on arrays, no frame, no scorer, no interval.

Labels are true where a hit is right. A measure that is undefined (no example of a kind, nothing to divide by) is NaN,
never 0. Everything that depends on the order of scores alone is computed from a `Tally`, so that an example costs one
comparison sort, and leaving examples out is a subtraction.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from aigc_eval.intervals import Floats, Ints

__all__ = [
    "BINS",
    "COUNTED",
    "Bools",
    "Confusion",
    "Tally",
    "auc",
    "auc_error",
    "average_precision",
    "calibration_error",
    "confusion",
    "cuts",
    "equal_mass",
    "equal_width",
    "tally",
]

Bools = npt.NDArray[np.bool_]
BINS = 15
"""Bins of a reliability curve and of the calibration errors (Guo et al. 2017)."""


class Confusion(NamedTuple):
    """Numbers of true positives, false positives, false negatives and true negatives, of any one shape."""

    tp: Floats
    fp: Floats
    fn: Floats
    tn: Floats

    @property
    def accuracy(self) -> Floats:
        """(tp + tn) / n."""
        return _over(self.tp + self.tn, self.tp + self.fp + self.fn + self.tn)

    @property
    def precision(self) -> Floats:
        """Tp / (tp + fp)."""
        return _over(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> Floats:
        """Tp / (tp + fn), the sensitivity."""
        return _over(self.tp, self.tp + self.fn)

    @property
    def specificity(self) -> Floats:
        """Tn / (tn + fp)."""
        return _over(self.tn, self.tn + self.fp)

    @property
    def f1(self) -> Floats:
        """2 tp / (2 tp + fp + fn)."""
        return _over(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    @property
    def macro_f1(self) -> Floats:
        """Mean of the F1 of positives and that of negatives."""
        return np.asarray((self.f1 + _over(2 * self.tn, 2 * self.tn + self.fp + self.fn)) / 2)

    @property
    def balanced_accuracy(self) -> Floats:
        """Mean of recall and specificity."""
        return np.asarray((self.recall + self.specificity) / 2)

    @property
    def mcc(self) -> Floats:
        """Matthews' correlation coefficient, -1..1 (Matthews 1975).

        >>> two = [np.float64(n) for n in (6, 1, 2, 3)]
        >>> round(float(Confusion(*two).mcc), 6)
        0.478091
        """
        margins = (self.tp + self.fp) * (self.tp + self.fn) * (self.tn + self.fp) * (self.tn + self.fn)
        return _over(self.tp * self.tn - self.fp * self.fn, np.sqrt(margins))

    @property
    def youden(self) -> Floats:
        """Recall + specificity - 1 (Youden 1950)."""
        return np.asarray(self.recall + self.specificity - 1)


COUNTED: Mapping[str, Callable[[Confusion], Floats]] = {
    "accuracy": lambda c: c.accuracy,
    "precision": lambda c: c.precision,
    "recall": lambda c: c.recall,
    "specificity": lambda c: c.specificity,
    "f1": lambda c: c.f1,
    "macro_f1": lambda c: c.macro_f1,
    "balanced_accuracy": lambda c: c.balanced_accuracy,
    "mcc": lambda c: c.mcc,
}
"""What follows from the four numbers, by name."""


def _over(above: Floats, below: Floats) -> Floats:
    """The quotient, NaN where there is nothing to divide by."""
    below = np.asarray(below, np.float64)
    safe = np.where(below > 0, below, 1.0)
    return np.asarray(np.where(below > 0, above / safe, math.nan), np.float64)


def confusion(labels: Bools, hits: Bools, weights: Floats | None = None) -> Confusion:
    """The four numbers, of shape ().

    >>> confusion(np.array([True, True, False]), np.array([True, False, False])).tp.item()
    1.0
    """
    w = np.ones(len(labels)) if weights is None else weights
    kinds = (labels & hits, ~labels & hits, labels & ~hits, ~labels & ~hits)
    return Confusion(*(np.asarray(w[kind].sum(), np.float64) for kind in kinds))


class Tally(NamedTuple):
    """Examples by score: the distinct scores, ascending, and the positives and negatives of each; shape (k,)."""

    scores: Floats
    positives: Floats
    negatives: Floats


def tally(labels: Bools, scores: Floats) -> tuple[Tally, Ints]:
    """The tally, and each example's place in it.

    >>> found, places = tally(np.array([True, False, True]), np.array([0.7, 0.2, 0.7]))
    >>> found.positives.tolist(), found.negatives.tolist(), places.tolist()
    ([0.0, 2.0], [1.0, 0.0], [1, 0, 1])
    """
    distinct, places = np.unique(scores, return_inverse=True)
    counts = (np.bincount(places[kind], minlength=len(distinct)).astype(np.float64) for kind in (labels, ~labels))
    return Tally(distinct, *counts), places.astype(np.int64)


def auc(of: Tally) -> float:
    """Area under the ROC curve: P(score of a positive > that of a negative) + P(equal) / 2 (Hanley & McNeil 1982).

    >>> auc(tally(np.array([False, False, True, True]), np.array([0.1, 0.4, 0.35, 0.8]))[0])
    0.75
    """
    p, n = of.positives.sum(), of.negatives.sum()
    if p == 0 or n == 0:
        return math.nan
    below = np.cumsum(of.negatives) - of.negatives / 2
    return float(of.positives @ below / (p * n))


def auc_error(of: Tally) -> float:
    """DeLong's standard error of the area (DeLong, DeLong & Clarke-Pearson 1988), by ranks as Sun & Xu (2014) do.

    sqrt(var(V10) / P + var(V01) / N), where V10 is, for each positive, the share of negatives below it, V01, for each
    negative, the share of positives above it, equal scores counting half; variances with ddof 1. NaN under two of a
    kind.
    """
    p, n = of.positives.sum(), of.negatives.sum()
    if p < 2 or n < 2:
        return math.nan
    area = auc(of)
    above_negatives = (np.cumsum(of.negatives) - of.negatives / 2) / n
    below_positives = (p - np.cumsum(of.positives) + of.positives / 2) / p
    v10 = of.positives @ (above_negatives - area) ** 2 / (p - 1)
    v01 = of.negatives @ (below_positives - area) ** 2 / (n - 1)
    return math.sqrt(v10 / p + v01 / n)


def average_precision(of: Tally) -> float:
    """Precision summed over the steps of recall, equal scores in one step: sum (R_k - R_(k-1)) P_k.

    >>> round(average_precision(tally(np.array([False, False, True, True]), np.array([0.1, 0.4, 0.35, 0.8]))[0]), 6)
    0.833333
    """
    if of.positives.sum() == 0:
        return math.nan
    hits, all_ = np.cumsum(of.positives[::-1]), np.cumsum((of.positives + of.negatives)[::-1])
    with np.errstate(invalid="ignore"):  # scores that only examples left out had
        terms = np.where(all_ > 0, of.positives[::-1] * hits / np.where(all_ > 0, all_, 1.0), 0.0)
    return float(terms.sum() / hits[-1])


def cuts(of: Tally) -> Confusion:
    """The four numbers for each distinct score as the lowest that counts as a hit; shape (k,)."""
    missed = np.cumsum(of.positives) - of.positives
    passed = np.cumsum(of.negatives) - of.negatives
    return Confusion(of.positives.sum() - missed, of.negatives.sum() - passed, missed, passed)


def equal_width(probabilities: Floats, bins: int = BINS) -> Ints:
    """Bin of each probability in 0..1, bins as wide as each other, each with its lower end; the last has both.

    >>> equal_width(np.array([0.0, 0.5, 0.999, 1.0]), 2).tolist()
    [0, 1, 1, 1]
    """
    edges = np.linspace(0.0, 1.0, bins + 1)[1:-1]
    return np.searchsorted(edges, probabilities, side="right").astype(np.int64)


def equal_mass(probabilities: Floats, bins: int = BINS) -> Ints:
    """Bin of each probability, bins of about as many examples as each other; equal ones are never parted.

    >>> equal_mass(np.array([0.9, 0.1, 0.1, 0.2]), 2).tolist()
    [1, 0, 0, 1]
    """
    _, places, counts = np.unique(probabilities, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - counts / 2
    found = np.floor(bins * middle / max(1, len(probabilities))).astype(np.int64)
    return np.asarray(np.minimum(found, bins - 1)[places], np.int64)


def calibration_error(sizes: Floats, predicted: Floats, seen: Floats) -> Floats:
    """Expected calibration error from each bin's examples, sum of probabilities and positives; bins on the last axis.

    ECE = sum_b |sum of probabilities_b - positives_b| / n (Naeini, Cooper & Hauskrecht 2015, for the positive class).

    >>> float(calibration_error(np.array([2.0, 2.0]), np.array([0.5, 1.5]), np.array([0.0, 2.0])))
    0.25
    """
    return _over(np.abs(predicted - seen).sum(axis=-1), sizes.sum(axis=-1))
