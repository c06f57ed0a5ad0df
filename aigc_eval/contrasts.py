"""The difference of one metric between two sets of rows, with bounds: paired by prompt, or of independent groups."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aigc_eval.intervals import MIN_CLUSTERS, Floats, Interval, Ints, blocks_of, jackknife, mover
from aigc_eval.metrics import Metric

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Contrast", "contrast", "in_common"]


class Contrast(NamedTuple):
    """A difference, its bounds (None where there are too few prompts), and the prompts that it rests on."""

    value: float | None
    bounds: Interval | None
    prompts: int


def contrast(
    metric: Metric,
    ours: pd.DataFrame,
    theirs: pd.DataFrame,
    confidence: float = 0.95,
    *,
    relative: bool = False,
    paired: bool = True,
) -> Contrast:
    """`metric(ours) - metric(theirs)`, over the prompts that both have where they are `paired`.

    `relative` divides it by `metric(theirs)`. Bounds are one-sided at `confidence` each. A share's are recovered from
    the exact bounds of both sides (MOVER, Newcombe 1998; Donner & Zou 2012) with the correlation of the paired prompts,
    so that no event in either still leaves bounds; anything else has the jackknife over prompts, which deletes a
    prompt from both sides at once.
    """
    if paired:
        ours, theirs = in_common(ours, theirs)
    prompts = int(min(ours["prompt"].nunique(), theirs["prompt"].nunique()))
    a, b = metric(ours) if prompts else None, metric(theirs) if prompts else None
    if a is None or b is None or (relative and b == 0):
        return Contrast(None, None, prompts)
    value = a / b - 1 if relative else a - b
    if prompts < MIN_CLUSTERS or not math.isfinite(value):
        return Contrast(value if math.isfinite(value) else None, None, prompts)
    if not relative and metric.shares(ours) is not None and metric.shares(theirs) is not None:
        return Contrast(value, _of_shares(metric, ours, theirs, confidence, paired), prompts)
    return Contrast(value, _by_jackknife(metric, ours, theirs, confidence, relative, paired), prompts)


def in_common(ours: pd.DataFrame, theirs: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of the prompts that both have, each in the order of prompt and sample."""
    shared = set(ours["prompt"]) & set(theirs["prompt"])
    one, other = (rows[rows["prompt"].isin(shared)].sort_values(["prompt", "sample"]) for rows in (ours, theirs))
    return one, other


def _of_shares(
    metric: Metric, ours: pd.DataFrame, theirs: pd.DataFrame, confidence: float, paired: bool
) -> Interval | None:
    sides = [(metric.shares(rows), metric(rows), metric.bounds_at(rows, confidence)) for rows in (ours, theirs)]
    (one, a, bounds_a), (other, b, bounds_b) = sides
    if one is None or other is None or a is None or b is None or bounds_a is None or bounds_b is None:
        return None
    together = paired and len(one[0]) == len(other[0])
    shared = _correlation(one[0] - a * one[1], other[0] - b * other[1]) if together else 0.0
    low, high = mover(a, bounds_a[:2], b, bounds_b[:2], correlation=shared)
    return Interval(low, high, f"mover({len(one[0])})")


def _correlation(one: Floats, other: Floats) -> float:
    """Of residuals by prompt; 0 where one side does not vary."""
    scale = math.sqrt(float(np.sum(one**2) * np.sum(other**2)))
    return max(-1.0, min(1.0, float(np.sum(one * other)) / scale)) if scale > 0 else 0.0


def _by_jackknife(  # noqa: PLR0917
    metric: Metric, ours: pd.DataFrame, theirs: pd.DataFrame, confidence: float, relative: bool, paired: bool
) -> Interval | None:
    level = 2 * confidence - 1
    a, b = metric(ours), metric(theirs)
    if a is None or b is None:
        return None
    if not paired:
        return _independent(metric, ours, theirs, level)
    codes = _codes(ours, theirs)
    blocks = blocks_of(codes)
    left_a, left_b = metric.without(ours, blocks[: len(ours)]), metric.without(theirs, blocks[len(ours) :])
    if len(left_a) != len(left_b):
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        left = left_a / left_b - 1 if relative else left_a - left_b
    full = a / b - 1 if relative else a - b
    return jackknife(full, left, level) or _unmoved(full, left, left_b, b, confidence, relative)


def _unmoved(  # noqa: PLR0917
    full: float, left: Floats, theirs: Floats, b: float, confidence: float, relative: bool
) -> Interval | None:
    """Bounds where no prompt made a difference: as if some that were not seen made as much as the most telling block.

    With n prompts alike, up to -ln(1 - confidence) prompts in n may still differ (the rule of three).
    """
    if not np.isfinite(left).all() or not np.isfinite(theirs).all() or float(np.ptp(left)) > 1e-9 * max(1.0, abs(full)):
        return None
    influence = float(np.max(np.abs(theirs - b))) / (abs(b) if relative else 1.0)
    half = -math.log(1 - confidence) * influence
    return Interval(full - half, full + half, f"rule of three({len(left)})") if half > 0 else None


def _codes(ours: pd.DataFrame, theirs: pd.DataFrame) -> Ints:
    import pandas as pd

    return np.asarray(pd.factorize(np.concatenate([ours["prompt"], theirs["prompt"]]))[0], dtype=np.int64)


def _independent(metric: Metric, ours: pd.DataFrame, theirs: pd.DataFrame, level: float) -> Interval | None:
    """From both sides' own intervals: groups of different prompts are independent."""
    one, other = metric.interval(ours, level), metric.interval(theirs, level)
    a, b = metric(ours), metric(theirs)
    if one is None or other is None or a is None or b is None:
        return None
    low, high = mover(a, one[:2], b, other[:2])
    return Interval(low, high, f"mover({one.method}, {other.method})")
