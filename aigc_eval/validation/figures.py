"""Every figure of a scorer on labelled examples, with its interval.

The unit of inference is the group (a template, a source, a prompt), never the single example. Shares (accuracy,
precision, recall, specificity): Wilson at the effective number of examples; balanced accuracy: from the intervals of
recall and specificity (MOVER); AUC: DeLong's on the logit where every group is one example, else, as for all others, a
delete-a-block jackknife over groups. Under ten groups there is no interval.

Simulated at 95 %: 92 to 96 % of the intervals hold the true value with 300 single examples, 94 to 97 % with 150 groups
of five, 92 to 98 % with 60 single examples. Calibration errors are biased upwards where bins hold few examples, so that
theirs hold it in 92 to 95 % of samples of 300 and in 73 to 78 % of samples of 60.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from aigc_eval.intervals import MIN_CLUSTERS, Floats, Ints, blocks_of, jackknife, mover
from aigc_eval.metrics.base import block_sums, clustered_rate
from aigc_eval.records import Figure, ReliabilityBin
from aigc_eval.validation.measures import (
    BINS,
    COUNTED,
    Bools,
    Confusion,
    Tally,
    auc,
    auc_error,
    average_precision,
    calibration_error,
    confusion,
    equal_mass,
    equal_width,
    tally,
)

__all__ = ["Judged", "counted", "figures", "reliability"]

Figures = dict[str, Figure]
_OF_ONE_KIND = frozenset({"accuracy", "recall", "specificity"})
"""What examples of one kind tell."""


class Judged(NamedTuple):
    """Scored examples, all of shape (n,): their label, score, whether it is a hit, and the code of their group."""

    labels: Bools
    scores: Floats
    hits: Bools
    groups: Ints

    def where(self, kept: Bools) -> Judged:
        """Some of them."""
        return Judged(self.labels[kept], self.scores[kept], self.hits[kept], self.groups[kept])


def figures(of: Judged, level: float = 0.95, *, probability: bool = False) -> Figures:
    """All figures that are defined; those of calibration where scores are probabilities (0..1)."""
    found = counted(of.labels, of.hits, of.groups, level)
    if len(of.labels) == 0:
        return found
    blocks = _blocks(of.groups)
    found |= _by_order(of, blocks, level)
    if probability:
        found |= _calibration(of, blocks, level)
    return found


def counted(labels: Bools, hits: Bools, groups: Ints, level: float = 0.95) -> Figures:
    """The figures that follow from numbers of hits.

    Where all labels are the same, only accuracy and recall or specificity: the others would compare with nothing.
    """
    if len(labels) == 0:
        return {}
    whole, blocks, alike = confusion(labels, hits), _blocks(groups), labels.all() or not labels.any()
    shares = {
        "accuracy": (labels == hits, np.ones(len(labels), np.bool_)),
        "precision": (labels & hits, hits),
        "recall": (labels & hits, labels),
        "specificity": (~labels & ~hits, ~labels),
    }
    found: Figures = {}
    for name, measure in COUNTED.items():
        value = float(measure(whole))
        if not math.isfinite(value) or (alike and name not in _OF_ONE_KIND):
            continue
        if name in shares:
            ends = _share(*shares[name], groups, level)
        elif name == "balanced_accuracy":
            ends = _mean_of(found["recall"], found["specificity"])
        else:
            ends = _ends(value, blocks, partial(_left, measure, labels, hits), level)
        low = -1.0 if name == "mcc" else 0.0
        found[name] = _kept(value, ends, low)
    return found


def reliability(of: Judged, bins: int = BINS) -> tuple[ReliabilityBin, ...]:
    """The bins, equally wide, that hold any example."""
    at = equal_width(of.scores, bins)
    sizes, predicted, seen = (np.bincount(at, weights=w, minlength=bins) for w in _sums(of))
    return tuple(
        ReliabilityBin(
            b / bins, (b + 1) / bins, int(sizes[b]), float(predicted[b] / sizes[b]), float(seen[b] / sizes[b])
        )
        for b in range(bins)
        if sizes[b]
    )


# Intervals

Ends = tuple[float, float] | None


def _kept(value: float, ends: Ends, low: float = 0.0, high: float = 1.0) -> Figure:
    if ends is None:
        return value, None, None
    return value, max(low, min(ends[0], value)), min(high, max(ends[1], value))


def _blocks(groups: Ints) -> Ints | None:
    """Blocks to leave out; None where there are too few groups for any interval."""
    return blocks_of(groups) if len(np.unique(groups)) >= MIN_CLUSTERS else None


def _ends(value: float, blocks: Ints | None, without: Callable[[Ints], Floats], level: float) -> Ends:
    """The jackknife's interval; `without` gives the value with each block left out."""
    found = None if blocks is None else jackknife(value, without(blocks), level)
    return None if found is None else (found.low, found.high)


def _share(hits: Bools, units: Bools, groups: Ints, level: float) -> Ends:
    """Wilson at the effective number of units."""
    _, codes = np.unique(groups[units], return_inverse=True)
    if len(codes) == 0 or codes.max() + 1 < MIN_CLUSTERS:
        return None
    sums, sizes = (block_sums(w, codes) for w in (hits[units].astype(np.float64), np.ones(len(codes))))
    found = clustered_rate(sums, sizes, level)
    return found.low, found.high


def _mean_of(a: Figure, b: Figure) -> Ends:
    """Of the mean of two numbers of different examples, from their own intervals."""
    if a[1] is None or a[2] is None or b[1] is None or b[2] is None:
        return None
    low, high = mover(a[0], (a[1], a[2]), b[0], (b[1], b[2]), -1.0)
    return low / 2, high / 2


def _left(measure: Callable[[Confusion], Floats], labels: Bools, hits: Bools, blocks: Ints) -> Floats:
    """The measure with each block left out, shape (blocks,)."""
    kinds = (labels & hits, ~labels & hits, labels & ~hits, ~labels & ~hits)
    parts = (np.bincount(blocks, weights=kind.astype(np.float64)) for kind in kinds)
    return measure(Confusion(*(part.sum() - part for part in parts)))


# What follows from the order of the scores


def _by_order(of: Judged, blocks: Ints | None, level: float) -> Figures:
    found: Figures = {}
    if of.labels.all() or not of.labels.any():
        return found
    whole, places = tally(of.labels, of.scores)
    measures: dict[str, Callable[[Tally], float]] = {"auc": auc, "average_precision": average_precision}
    for name, measure in measures.items():
        value = measure(whole)
        if name == "auc" and blocks is not None and len(np.unique(of.groups)) == len(of.groups):
            ends = _logit(value, auc_error(whole), level)
        else:
            ends = _ends(value, blocks, partial(_each, measure, whole, places, of.labels), level)
        found[name] = _kept(value, ends)
    return found


def _each(measure: Callable[[Tally], float], whole: Tally, places: Ints, labels: Bools, blocks: Ints) -> Floats:
    """The measure with each block left out, shape (blocks,)."""
    found = []
    for block in range(int(blocks.max()) + 1):
        out = blocks == block
        gone = (np.bincount(places[out & kind], minlength=len(whole.scores)) for kind in (labels, ~labels))
        left = (all_ - part for all_, part in zip(whole[1:], gone, strict=True))
        found.append(measure(Tally(whole.scores, *left)))
    return np.array(found)


def _logit(area: float, error: float, level: float) -> Ends:
    """Normal on the logit, which keeps the ends inside 0..1 (Pepe 2003); none for a perfect area."""
    from scipy.special import expit, ndtri
    from scipy.special import logit as logit_of

    if not (0 < area < 1 and error > 0):
        return None
    half = float(ndtri(0.5 + level / 2)) * error / (area * (1 - area))
    middle = float(logit_of(area))
    return float(expit(middle - half)), float(expit(middle + half))


# Calibration


def _sums(of: Judged) -> tuple[Floats, Floats, Floats]:
    """What is summed of each example: one, its probability, whether it is positive."""
    return np.ones(len(of.labels)), of.scores, of.labels.astype(np.float64)


def _calibration(of: Judged, blocks: Ints | None, level: float) -> Figures:
    found: Figures = {}
    for name, at in (("ece", equal_width(of.scores)), ("ece_adaptive", equal_mass(of.scores))):
        value = float(calibration_error(*(cells.sum(axis=0) for cells in _cells(of, at))))
        ends = _ends(value, blocks, partial(_errors, of, at), level)
        found[name] = _kept(value, ends)
    squares = (of.scores - of.labels) ** 2
    brier = float(squares.mean())
    found["brier"] = _kept(brier, _ends(brier, blocks, partial(_means, squares), level))
    return found


def _cells(of: Judged, at: Ints, blocks: Ints | None = None) -> Iterator[Floats]:
    """The sums by block and bin, shape (blocks, bins) each."""
    blocks = np.zeros(len(at), np.int64) if blocks is None else blocks
    many = int(blocks.max()) + 1
    for w in _sums(of):
        cells = np.bincount(blocks * BINS + at, weights=w, minlength=many * BINS)
        yield np.asarray(cells.reshape(many, BINS), np.float64)


def _errors(of: Judged, at: Ints, blocks: Ints) -> Floats:
    """The calibration error with each block left out, shape (blocks,)."""
    return calibration_error(*(cells.sum(axis=0) - cells for cells in _cells(of, at, blocks)))


def _means(values: Floats, blocks: Ints) -> Floats:
    """Means with each block left out, shape (blocks,)."""
    sums, sizes = np.bincount(blocks, weights=values), np.bincount(blocks)
    return np.asarray((sums.sum() - sums) / (sizes.sum() - sizes), np.float64)
