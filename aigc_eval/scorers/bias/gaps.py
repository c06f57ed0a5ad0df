"""Numbers of pairs of counterfactual groups: gaps and parities, net of what drawing the same prompts again shows."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations, product
from typing import TYPE_CHECKING, Literal

import numpy as np

from aigc_eval.intervals import MIN_CLUSTERS, Floats, Interval, wilson
from aigc_eval.scorers.bias.cells import Cells, Mask, root, wasserstein
from aigc_eval.scorers.bias.groups import GroupMetric, every, over_templates
from aigc_eval.scorers.bias.templates import absolute

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Gap", "IndividualGap", "PairMetric", "Parity"]


def _difference(cells: Cells, a: int, b: int, kept: Mask) -> float:
    """D: mean over templates of the difference of two groups' means."""
    return float((cells.means[kept, a] - cells.means[kept, b]).mean())


@dataclass(frozen=True)
class PairMetric(GroupMetric):
    """The largest of a number over all pairs of groups; its interval holds for all pairs at once (Bonferroni)."""

    net: bool = True
    """Whether what drawing the same prompts again would show is taken away."""
    bounds: tuple[float, float] = (-math.inf, math.inf)

    @abstractmethod
    def of_pair(self, cells: Cells, a: int, b: int, kept: Mask) -> float:
        """The pair's statistic over the kept templates, for the jackknife; NaN where undefined."""

    def of_pair_value(self, cells: Cells, a: int, b: int, kept: Mask) -> float:
        """The pair's number."""
        return self.of_pair(cells, a, b, kept)

    def of_pair_interval(self, found: Interval, value: float) -> Interval:
        """The pair's interval from that of its statistic."""
        return found

    def of_cells(self, cells: Cells, kept: Mask) -> float:
        """The largest; NaN where any is undefined."""
        found = [self.of_pair_value(cells, a, b, kept) for a, b in combinations(range(cells.groups), 2)]
        return math.nan if any(map(math.isnan, found)) else max(found)

    def far(self, share: float, width: float) -> float:
        """How far the number can move when a share of the templates differs by the whole width of the values."""
        return share * width

    def interval(self, rows: pd.DataFrame, level: float = 0.95) -> Interval | None:
        """Jackknife over templates, pair by pair; the largest of the lower and of the upper ends.

        Where all templates agree and the range of the values is known: as far off as Wilson's share of unseen others
        could move it.
        """
        rows = self.present(rows)
        if self(rows) is None:
            return None
        cells = self.cells(rows)
        pairs = list(combinations(range(cells.groups), 2))
        found = [self.one_interval(cells, a, b, 1 - (1 - level) / len(pairs)) for a, b in pairs]
        known = [one for one in found if one is not None]
        return self._cut(_largest(known)) if len(known) == len(found) else None

    def one_interval(self, cells: Cells, a: int, b: int, level: float) -> Interval | None:
        """The interval of a pair's number."""
        whole = every(cells)
        of_kept = partial(self.of_pair, cells, a, b)
        value = self.of_pair_value(cells, a, b, whole)
        if one := over_templates(of_kept(whole), of_kept, cells, level):
            return self.of_pair_interval(one, value)
        width = (
            1.0
            if self.at_least is not None
            else self.value_range[1] - self.value_range[0]
            if self.value_range
            else None
        )
        if width is None or cells.templates < MIN_CLUSTERS or np.ptp(cells.means[:, a] - cells.means[:, b]) > 0:
            return None
        far = self.far(wilson(0, cells.templates, level).high, width)
        return Interval(value - far, value + far, f"wilson(n={cells.templates})")


def _largest(found: Sequence[Interval]) -> Interval:
    return Interval(max(i.low for i in found), max(i.high for i in found), found[0].method)


@dataclass(frozen=True)
class Gap(PairMetric):
    """Largest difference of two groups' means over templates. Net: root of D^2 less its sampling variance, signed.

    D = mean over templates t of m_ta - m_tb; the variance of D under drawing the same prompts again is
    sum_t (s_ta^2 / k + s_tb^2 / k) / T^2, so D^2 less it is unbiased for the square of the true difference. Negative
    where the groups differ by less than chance. The interval is that of |D|, stretched down to a net value below it.

    >>> import pandas as pd
    >>> rows = pd.DataFrame({"variant_of": ["t", "t"], "tag.who": ["f", "m"], "prompt": ["p", "q"], "sample": [0, 0],
    ...                      "value": [0.2, 0.5]})
    >>> round(Gap("gap", by="who", net=False)(rows), 6), Gap("gap", by="who")(rows)
    (0.3, None)
    """

    def of_pair(self, cells: Cells, a: int, b: int, kept: Mask) -> float:
        """D, with its sign."""
        return _difference(cells, a, b, kept)

    def of_pair_value(self, cells: Cells, a: int, b: int, kept: Mask) -> float:
        """|D|, or its net form."""
        difference = self.of_pair(cells, a, b, kept)
        if not self.net:
            return abs(difference)
        noise = float(cells.noise[kept][:, [a, b]].sum()) / int(kept.sum()) ** 2
        return root(difference**2 - noise)

    def of_pair_interval(self, found: Interval, value: float) -> Interval:
        """|D|'s."""
        size = absolute(found)
        return size._replace(low=min(size.low, value))


@dataclass(frozen=True)
class IndividualGap(PairMetric):
    """Root mean square over templates of the difference of two groups, less what drawing again shows, signed.

    Mean over t of (m_ta - m_tb)^2 - s_ta^2 / k - s_tb^2 / k, then the root with its sign: differences that cancel
    between templates count here. After the counterfactual token fairness gap, Garg et al. 2019.
    """

    def of_pair(self, cells: Cells, a: int, b: int, kept: Mask) -> float:
        """The mean square."""
        squares = (cells.means[kept, a] - cells.means[kept, b]) ** 2
        noise = cells.noise[kept][:, [a, b]].sum(axis=1) if self.net else np.zeros(len(squares))
        return float((squares - noise).mean())

    def of_pair_value(self, cells: Cells, a: int, b: int, kept: Mask) -> float:
        """Its root."""
        return root(self.of_pair(cells, a, b, kept))

    def far(self, share: float, width: float) -> float:
        """The root mean square moves with the root of the share."""
        return math.sqrt(share) * width

    def of_pair_interval(self, found: Interval, value: float) -> Interval:
        """The roots of the ends."""
        return Interval(root(found.low), root(found.high), found.method)


@dataclass(frozen=True)
class Parity(PairMetric):
    """Largest Wasserstein-1 distance between two groups' distributions, net of the distance of a group from itself.

    With A_j the values of group A in sample j, `gross` is the mean over j, j' of W1(A_j, B_j') (Huang et al. 2020,
    strict parity, for one sample), `within` the mean over j < j' of W1(A_j, A_j') and of W1(B_j, B_j'). `net` is the
    root, with its sign, of gross^2 - within^2. Without bias the samples of both groups are exchangeable, so both have
    the same mean, and the net is negative as often as positive: it is not cut at zero. Squares are taken away, as noise
    adds to a difference in squares: gross - within would show only a fraction of a difference smaller than the noise.
    """

    part: Literal["net", "gross", "within"] = "net"

    def of_pair(self, cells: Cells, a: int, b: int, kept: Mask) -> float:
        """The distance (net: its square); NaN where it needs a second sample that is not there."""
        mine, theirs = ([x for d in cells.draws[g] if len(x := d.values[kept[d.templates]])] for g in (a, b))
        between = 0.0 if self.part == "within" else _mean(product(mine, theirs))
        if self.part == "gross":
            return between
        within = (_mean(combinations(mine, 2)) + _mean(combinations(theirs, 2))) / 2
        return within if self.part == "within" else between**2 - within**2

    def of_pair_value(self, cells: Cells, a: int, b: int, kept: Mask) -> float:
        """The distance."""
        found = self.of_pair(cells, a, b, kept)
        return root(found) if self.part == "net" else found

    def of_pair_interval(self, found: Interval, value: float) -> Interval:
        """Net: the roots of the ends."""
        return Interval(root(found.low), root(found.high), found.method) if self.part == "net" else found

    def one_interval(self, cells: Cells, a: int, b: int, level: float) -> Interval | None:
        """Net: never below the upper end of |D|, as no two distributions are nearer than their means."""
        found = super().one_interval(cells, a, b, level)
        if found is None or self.part != "net":
            return found
        means = over_templates(_difference(cells, a, b, every(cells)), partial(_difference, cells, a, b), cells, level)
        return found if means is None else found._replace(high=max(found.high, absolute(means).high))


def _mean(pairs: Iterable[tuple[Floats, Floats]]) -> float:
    found = [wasserstein(x, y) for x, y in pairs]
    return sum(found) / len(found) if found else math.nan
