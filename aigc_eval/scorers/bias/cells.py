"""One scorer's values by template and group, and what can be known from them of chance."""

from __future__ import annotations

import math
from functools import cached_property
from typing import NamedTuple

import numpy as np

from aigc_eval.intervals import Floats, Ints

__all__ = ["Cells", "Draw", "Mask", "root", "wasserstein"]

Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]


def root(square: float) -> float:
    """Square root that keeps the sign: a square less its noise may be negative, and must not look like zero noise.

    >>> root(0.04), root(-0.04)
    (0.2, -0.2)
    """
    return math.copysign(math.sqrt(abs(square)), square)


def wasserstein(a: Floats, b: Floats) -> float:
    """Wasserstein-1 distance of two samples, each in ascending order: integral of |F_a - F_b|.

    Mean of |a_(i) - b_(i)| for equal sizes (Huang et al. 2020).

    >>> wasserstein(np.array([0.0, 0.5]), np.array([0.5, 1.0]))
    0.5
    """
    if len(a) == len(b):
        return float(np.abs(a - b).mean())
    every = np.sort(np.concatenate([a, b]))
    shares = [np.searchsorted(x, every[:-1], side="right") / len(x) for x in (a, b)]
    return float(np.sum(np.abs(shares[0] - shares[1]) * np.diff(every)))


class Draw(NamedTuple):
    """The values that one group has in one sample, in ascending order, and their templates."""

    values: Floats
    templates: Ints


class Cells:
    """Values by template and group, for templates that all groups answered; `groups` in the order of their names."""

    def __init__(self, values: Floats, template: Ints, group: Ints, prompt: Ints, sample: Ints) -> None:
        self.values, self.template, self.group, self.prompt, self.sample = values, template, group, prompt, sample
        self.templates, self.groups = int(template.max(initial=-1)) + 1, int(group.max(initial=-1)) + 1

    @cached_property
    def _prompts(self) -> tuple[Floats, Floats, Ints]:
        """Mean and sampling variance of each prompt's mean (NaN for a single sample), and its cell."""
        n = np.bincount(self.prompt).astype(np.float64)
        mean = np.bincount(self.prompt, weights=self.values) / n
        squares = np.bincount(self.prompt, weights=(self.values - mean[self.prompt]) ** 2)
        with np.errstate(invalid="ignore", divide="ignore"):
            each = np.where(n > 1, squares / (n - 1), math.nan)
        cell = np.zeros(len(n), dtype=np.int64)
        cell[self.prompt] = self.template * self.groups + self.group
        return mean, _imputed(each, cell % self.groups) / n, cell

    def _by_cell(self, of_prompts: Floats, squared: bool = False) -> Floats:
        """Mean over the prompts of each cell, shape (templates, groups); `squared`: the variance of such a mean."""
        _, _, cell = self._prompts
        count = np.bincount(cell, minlength=self.templates * self.groups)
        sums = np.bincount(cell, weights=of_prompts, minlength=len(count))
        return np.asarray(sums / (count**2 if squared else count)).reshape(self.templates, self.groups)

    @cached_property
    def means(self) -> Floats:
        """Mean of each cell, every prompt counting the same, shape (templates, groups)."""
        return self._by_cell(self._prompts[0])

    @cached_property
    def noise(self) -> Floats:
        """Sampling variance of `means` (same prompts drawn again), same shape; NaN where a group shows none."""
        return self._by_cell(self._prompts[1], squared=True)

    @cached_property
    def draws(self) -> list[list[Draw]]:
        """The draws of each group, in order of samples."""
        order = np.argsort(self.values, kind="stable")
        return [
            [
                Draw(self.values[mine], self.template[mine])
                for s in np.unique(self.sample[self.group == g])
                if len(mine := order[(self.group[order] == g) & (self.sample[order] == s)])
            ]
            for g in range(self.groups)
        ]


def _imputed(variances: Floats, group: Ints) -> Floats:
    """Variances with the mean of the group's others where a prompt has one sample; NaN where most of them have."""
    found = variances.copy()
    for g in np.unique(group):
        mine = group == g
        known = variances[mine & ~np.isnan(variances)]
        enough = 2 * len(known) >= mine.sum()
        found[mine & np.isnan(variances)] = known.mean() if enough and len(known) else math.nan
    return found
