"""A run that stops when its gates are decided: in which order prompts are drawn, in which rounds, and what then holds.

The bounds that gates look at are anytime-valid here (see `sequential`): looking after every round and stopping at any
costs nothing of their confidence. A gate can look early where its number is a mean over prompts of something with a
known range (`Rate`, `Mean`, `AnyPerPrompt`, `WorstPerPrompt`) and is held against a limit. A run with any other gate
goes on to its last prompt and is judged as if nobody had looked, since nobody has.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aigc_eval.gates import Gate, Grade, Limit, Policy
from aigc_eval.intervals import Floats, Interval, Ints
from aigc_eval.metrics import AnyPerPrompt, Mean, Metric, Rate, WorstPerPrompt
from aigc_eval.records import Prompt, Zone, digest
from aigc_eval.sequential import Decision, Units, decide, limits
from aigc_eval.text import language

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Drawn", "Order", "bounds", "looks_early", "order_of_draws", "rounds", "units", "zone_of"]

_FEWEST_BLOCKS = 8
_FIRST, _GROWTH = 50, 1.5


class Order(NamedTuple):
    """Prompts in the order in which they are asked; looks may be taken after multiples of `every`."""

    prompts: tuple[Prompt, ...]
    every: int


class Drawn(NamedTuple):
    """What a run has asked so far: the ids of the prompts in order, samples of each, and where looks may be taken."""

    prompts: Sequence[str]
    samples: int
    every: int


def order_of_draws(prompts: Sequence[Prompt], tags: Sequence[str], seed: int) -> Order:
    """A random order that depends on the seed and the prompts' ids only, not on the order in which they stand.

    Where every combination of `tags` (a stratum) is there a multiple of g >= 8 times, the order is one of g blocks
    alike in strata, each in random order, and looks are taken at their ends. Else all prompts are in random order and
    looks may be taken anywhere: strata come in proportion on average. See `sequential` for why both are valid.

    >>> from aigc_eval.records import Prompt
    >>> prompts = [Prompt(str(i), "?", tags={"kind": "ab"[i % 2]}) for i in range(16)]
    >>> order = order_of_draws(prompts, ["kind"], seed=1)
    >>> [p.tags["kind"] for p in order.prompts[:2]] in (["a", "b"], ["b", "a"]), order.every
    (True, 2)
    """
    place = {p.id: digest(seed, "order of draws", p.id) for p in prompts}
    drawn = sorted(prompts, key=lambda p: place[p.id])
    strata = [list(s) for _, s in groupby(sorted(drawn, key=lambda p: _stratum(p, tags)), lambda p: _stratum(p, tags))]
    blocks = math.gcd(*map(len, strata))
    if blocks < _FEWEST_BLOCKS:
        return Order(tuple(drawn), 1)
    block = {p.id: i * blocks // len(stratum) for stratum in strata for i, p in enumerate(stratum)}
    return Order(tuple(sorted(drawn, key=lambda p: block[p.id])), len(prompts) // blocks)


def _stratum(prompt: Prompt, tags: Sequence[str]) -> tuple[str, ...]:
    known = {"lang": language(prompt.text), **prompt.tags} if "lang" in tags else prompt.tags
    return tuple(known.get(tag, "") for tag in tags)


def rounds(prompts: int, every: int = 1) -> list[int]:
    """After how many prompts a run looks: 50, then half as many more each time, whole blocks, and in the end all.

    >>> rounds(300), rounds(60, every=8), rounds(20)
    ([50, 75, 112, 168, 253, 300], [56, 60], [20])
    """
    found, size = [], float(_FIRST)
    while (at := math.ceil(int(size) / every) * every) < prompts:
        found.append(at)
        size = max(at, size) * _GROWTH
    return [*found, prompts]


def zone_of(claim: Limit | Grade, metric: Metric, policy: Policy) -> Zone:
    """Where a number must lie; anywhere, for the last grade of a scale."""
    if isinstance(claim, Limit):
        return claim.zone(metric.better)
    return None, policy.grades[claim.scale].limit(claim.needed)


def looks_early(gate: Gate, metric: Metric, policy: Policy) -> bool:
    """Whether a gate can be decided before the last prompt."""
    if type(metric) not in (Rate, Mean, AnyPerPrompt, WorstPerPrompt) or metric.better is None or gate.rate != "raw":
        return False
    if not isinstance(gate.claim, Limit | Grade) or zone_of(gate.claim, metric, policy) == (None, None):
        return False
    return all(map(math.isfinite, metric.bounds))


def bounds(
    metric: Metric, rows: pd.DataFrame, drawn: Drawn, zone: Zone, confidence: float
) -> tuple[Interval, Decision | None]:
    """Anytime-valid one-sided bounds of a metric, in its unit, and when they first decided about the zone.

    `rows` are one candidate's, of the gate's slice, as the metric sees them, unscored ones included: they count as
    whatever is worse for the bound. `zone` has one end; the bounds are the narrowest near it.
    """
    least, most = metric.bounds
    end = zone[1] if zone[0] is None else zone[0]
    if end is None:
        raise ValueError("a zone without an end decides nothing")
    limit = (end - least) / (most - least)
    high, low = (units(metric, rows, drawn, high=high) for high in (True, False))
    found = limits(high, low, limit, confidence, drawn.every)
    if zone[0] is None:
        when = decide(high, low, limit, confidence, drawn.every)
    else:
        when = decide(low.mirrored(), high.mirrored(), 1 - limit, confidence, drawn.every)
    scaled = Interval(least + found.low * (most - least), least + found.high * (most - least), found.method)
    return scaled, when


def units(metric: Metric, rows: pd.DataFrame, drawn: Drawn, *, high: bool) -> Units:
    """The prompts as evidence: values scaled to 0..1, unscored outputs at the high end of the range or at the low one.

    Prompts that are not in `rows`, or to which the metric does not apply, have a count of 0.
    """
    due = rows[rows["status"] != "na"]
    numbers = np.where(due["status"] == "failed", float(high), _numbers(metric, due))
    has = ~np.isnan(numbers)
    place = {prompt: i for i, prompt in enumerate(drawn.prompts)}
    codes = np.array([place[prompt] for prompt in due["prompt"][has]], np.int64)
    numbers = numbers[has]
    if isinstance(metric, AnyPerPrompt | WorstPerPrompt):
        return _per_prompt(metric, numbers, codes, drawn, high)
    sums, counts = (np.bincount(codes, weights, len(place)).astype(np.float64) for weights in (numbers, None))
    return Units(sums, counts, float(drawn.samples))


def _numbers(metric: Metric, rows: pd.DataFrame) -> Floats:
    """A number in 0..1 for each row, NaN where it has none."""
    if not isinstance(metric, Rate | Mean | AnyPerPrompt | WorstPerPrompt):
        raise TypeError(f"{metric.name} is no mean over prompts")
    values = metric.column(rows)
    if isinstance(metric, Rate | AnyPerPrompt):
        return np.where(np.isnan(values), math.nan, (values >= metric.at_least).astype(np.float64))
    least, most = metric.bounds
    return np.clip((values - least) / (most - least), 0.0, 1.0)


def _per_prompt(metric: AnyPerPrompt | WorstPerPrompt, numbers: Floats, codes: Ints, drawn: Drawn, high: bool) -> Units:
    """One number a prompt. Without a `k` of its own the metric stands for all samples: what is missing is unscored."""
    k = metric.k or drawn.samples
    own = replace(metric, at_least=0.5) if isinstance(metric, AnyPerPrompt) else metric
    sums, counts = np.zeros(len(drawn.prompts)), np.zeros(len(drawn.prompts))
    sizes = np.bincount(codes, minlength=len(drawn.prompts))
    ordered = numbers[np.lexsort((numbers, codes))]
    starts = np.cumsum(sizes) - sizes
    for size in np.unique(sizes[sizes > 0]):
        which = np.flatnonzero(sizes == size)
        values = ordered[starts[which, None] + np.arange(size)]
        if metric.k is None and size < k:
            values = np.sort(np.pad(values, ((0, 0), (0, k - size)), constant_values=float(high)), axis=1)
        if values.shape[1] >= k:
            sums[which], counts[which] = own.of_prompts(values, k), 1.0
    return Units(np.clip(sums, 0.0, 1.0), counts)
