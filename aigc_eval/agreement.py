"""Agreement of raters beyond chance: Cohen's kappa, Fleiss' kappa, Krippendorff's alpha for nominal labels.

All are 1 at full agreement and 0 at chance. They are undefined (None) where everybody always gave one and the same
label, since chance then explains all of it.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from aigc_eval.intervals import MIN_CLUSTERS, Floats, jackknife

__all__ = ["Agreement", "cohen_kappa", "fleiss_kappa", "krippendorff_alpha", "table_of"]


@dataclass(frozen=True)
class Agreement:
    """A coefficient of agreement, -1..1, its interval (None where the items leave none), and the number of items."""

    value: float
    low: float | None
    high: float | None
    n: int


def table_of(a: Sequence[Hashable], b: Sequence[Hashable]) -> tuple[Floats, list[Hashable]]:
    """Table of two raters' labels, shape (labels, labels), a's in rows, and the labels in order of first appearance.

    >>> counts, labels = table_of(["yes", "no", "yes"], ["yes", "yes", "yes"])
    >>> counts.tolist(), labels
    ([[2.0, 0.0], [1.0, 0.0]], ['yes', 'no'])
    """
    if len(a) != len(b):
        raise ValueError("two raters' labels must be of the same items")
    labels = list(dict.fromkeys([*a, *b]))
    place = {label: i for i, label in enumerate(labels)}
    counts = np.zeros((len(labels), len(labels)))
    for x, y in zip(a, b, strict=True):
        counts[place[x], place[y]] += 1
    return counts, labels


def cohen_kappa(table: Floats, level: float = 0.95) -> Agreement | None:
    """Cohen's kappa of two raters, (p_o - p_e) / (1 - p_e), from their table of counts, shape (labels, labels).

    Interval: normal, with the large-sample variance of Fleiss, Cohen and Everitt (1969), cut to -1..1; none at full
    agreement, where that variance is 0.

    >>> found = cohen_kappa(np.array([[40.0, 10], [5, 45]]))
    >>> round(found.value, 6), round(found.low, 4), round(found.high, 4)
    (0.7, 0.5607, 0.8393)
    """
    from scipy.special import ndtri

    table = np.asarray(table, np.float64)
    n = float(table.sum())
    if n <= 0:
        return None
    share = table / n
    rows, columns = share.sum(axis=1), share.sum(axis=0)
    expected = float(rows @ columns)
    if expected >= 1 - 1e-12:
        return None
    agreed = np.diag(share)
    kappa = (float(agreed.sum()) - expected) / (1 - expected)
    # Element (i, j) weighs the marginals of the other rater: p_.i + p_j.
    crossed = (columns[:, None] + rows[None, :]) ** 2
    off = float((share * crossed).sum() - (agreed * np.diag(crossed)).sum())
    on = float(agreed @ (1 - (rows + columns) * (1 - kappa)) ** 2)
    variance = (on + (1 - kappa) ** 2 * off - (kappa - expected * (1 - kappa)) ** 2) / (n * (1 - expected) ** 2)
    if variance <= 1e-15:
        return Agreement(kappa, None, None, int(n))
    half = float(ndtri(0.5 + level / 2)) * math.sqrt(variance)
    return Agreement(kappa, max(-1.0, kappa - half), min(1.0, kappa + half), int(n))


def fleiss_kappa(counts: Floats, level: float = 0.95) -> Agreement | None:
    """Fleiss' kappa of many raters (1971): `counts`, shape (items, labels), how many raters gave an item each label.

    Every item has the same number of raters, at least two. Interval: delete-one jackknife over items, from 10 items on.

    >>> round(fleiss_kappa(np.array([[3.0, 0], [0, 3], [3, 0], [1, 2]])).value, 6)
    0.657143
    """
    counts = np.asarray(counts, np.float64)
    raters = counts.sum(axis=1)
    if not len(counts) or raters[0] < 2 or (raters != raters[0]).any():
        raise ValueError("Fleiss' kappa needs the same number of raters, two or more, for every item")
    return _beyond_chance(counts, 0.0, level)


def krippendorff_alpha(counts: Floats, level: float = 0.95) -> Agreement | None:
    """Krippendorff's alpha for nominal labels: `counts` as for `fleiss_kappa`, but raters may have left items out.

    Items with fewer than two labels do not count (Krippendorff 2011, Computing Krippendorff's Alpha-Reliability).
    Interval: delete-one jackknife over items, from 10 items on.

    >>> round(krippendorff_alpha(np.array([[3.0, 0], [0, 3], [2, 0], [1, 2], [0, 1]])).value, 6)
    0.666667
    """
    counts = np.asarray(counts, np.float64)
    return _beyond_chance(counts[counts.sum(axis=1) >= 2], 1.0, level)


def _beyond_chance(counts: Floats, apart: float, level: float) -> Agreement | None:
    """(p_o - p_e) / (1 - p_e) of the label pairs within items; chance draws two labels, with `apart` 1 never the same.

    An item's agreement, sum n_c (n_c - 1) / (m - 1), weighs it by its m labels; both coefficients are functions of that
    sum and the labels' totals, so that leaving an item out is a subtraction.
    """
    if not len(counts):
        return None
    agreed = (counts * (counts - 1)).sum(axis=1) / (counts.sum(axis=1) - 1)

    def of(labels: Floats, pairs: Floats) -> Floats:
        n = labels.sum(axis=-1)
        with np.errstate(invalid="ignore", divide="ignore"):
            chance = (labels * (labels - apart)).sum(axis=-1) / (n * (n - apart))
            return np.asarray(np.where(chance < 1 - 1e-12, (pairs / n - chance) / (1 - chance), math.nan))

    labels = counts.sum(axis=0)
    value = float(of(labels, agreed.sum()))
    if math.isnan(value):
        return None
    found = None
    if len(counts) >= MIN_CLUSTERS:
        found = jackknife(value, of(labels - counts, agreed.sum() - agreed), level)
    if found is None:
        return Agreement(value, None, None, len(counts))
    return Agreement(value, max(-1.0, found.low), min(1.0, found.high), len(counts))
