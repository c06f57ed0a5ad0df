"""Every metric that both sides have: its difference, and whether it is a regression.

A regression is a metric that is worse by more than its margin at Holm's adjusted 5 %: in a comparison where nothing has
changed, the chance of any alarm is at most 5 %, however many metrics there are. What was not scored counts as the worst
for B and the best for A: where that would make a regression, the metric is undetermined.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from aigc_eval.baselines import Side
from aigc_eval.contrasts import contrast
from aigc_eval.errors import UsageError
from aigc_eval.estimates import slices_of, view, where
from aigc_eval.gates import slice_name
from aigc_eval.intervals import MIN_CLUSTERS
from aigc_eval.metrics import AnyPerPrompt, Metric, Rate
from aigc_eval.paired import benjamini_hochberg, cohen_h, holm, paired
from aigc_eval.plugin import Scorer
from aigc_eval.records import Better, Bilingual
from aigc_eval.registry import suggest
from aigc_eval.significance import Pair, matched, prompt_values

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ALPHA", "Compared", "Comparison", "Wanted", "compare"]

ALPHA = 0.05
_TWO_SIDED = 0.975
"""Confidence of each end of a two-sided 95 % interval."""

Status = Literal["regression", "undetermined", "ok", "not_applicable"]
_EXIT_CODES = {"no_regression": 0, "regression": 1, "undetermined": 3}


@dataclass(frozen=True)
class Effect:
    """How large a difference is, B - A: Cohen's h of two shares, else d_z of the prompts' numbers; and who won.

    `wins` counts the prompts where B did better.
    """

    size: float | None
    kind: Literal["h", "d_z"]
    wins: int
    ties: int
    losses: int


@dataclass(frozen=True)
class Compared:
    """One metric in one slice ("" for all prompts): A's and B's number on the draws that both have, and B - A.

    `low`, `high`: two-sided 95 %. `p` is two-sided, `worse` one-sided ("B is worse by more than the margin"),
    `unscored` the latter with what failed at its worst; each None where it could not be computed. `adjusted` is Holm's
    of `worse`, in a slice Benjamini and Hochberg's of `p`. `failed` counts what should have been scored in A and B.
    """

    scorer: str
    metric: str
    title: Bilingual
    unit: str
    better: Better
    slice: str
    prompts: int
    failed: tuple[int, int]
    margin: float
    a: float | None = None
    b: float | None = None
    low: float | None = None
    high: float | None = None
    method: str = ""
    p: float | None = None
    worse: float | None = None
    unscored: float | None = None
    effect: Effect | None = None
    adjusted: float | None = None
    status: Status = "ok"

    @property
    def name(self) -> str:
        """As gates write it."""
        return f"{self.scorer}.{self.metric}"

    @property
    def difference(self) -> float | None:
        """B - A."""
        return None if self.a is None or self.b is None else self.b - self.a


@dataclass(frozen=True)
class Comparison:
    """What `compare` finds; `slices` is exploration and decides nothing.

    `same_seed`: sample numbers are draws of one seed. `masked`: both runs were searched for personal data.
    """

    a: str
    b: str
    metrics: tuple[Compared, ...]
    slices: tuple[Compared, ...]
    same_seed: bool
    not_shared: tuple[str, ...] = ()
    masked: bool = True
    sampling: tuple[str, ...] = ()

    @property
    def status(self) -> Literal["no_regression", "regression", "undetermined"]:
        """A regression outranks what is undetermined; with nothing compared, all is."""
        found = {m.status for m in self.metrics}
        if "regression" in found:
            return "regression"
        return "undetermined" if "undetermined" in found or "ok" not in found else "no_regression"

    @property
    def exit_code(self) -> int:
        """0 no regression, 1 regression, 3 too little to tell."""
        return _EXIT_CODES[self.status]


@dataclass(frozen=True)
class Wanted:
    """Which metrics to compare (`scorer.metric`, or a scorer for all of its; none means all), and tags to slice by.

    `margins`: by how much a metric may be worse, in its own unit.
    """

    metrics: Sequence[str] = ()
    margins: Mapping[str, float] = field(default_factory=dict)
    by: Sequence[str] = ()


def compare(
    a: Side, b: Side, scorers: Mapping[str, Scorer], wanted: Wanted = Wanted(), *, sampling: Sequence[str] = ()
) -> Comparison:
    """Compare two sides by the metrics of scorers that both have; `sampling`: differences that were allowed."""
    metrics = _chosen(scorers, wanted)
    rows = [side.run.rows[side.run.rows["candidate"] == side.candidate] for side in (a, b)]
    found = [_compared(scorer, metric, rows, wanted) for scorer, metric in metrics]
    shared = {*a.terms["scorers"]} & {*b.terms["scorers"]}
    return Comparison(
        a.name,
        b.name,
        tuple(_family(found)),
        tuple(_explored(metrics, rows, wanted)),
        a.head["identity"]["seed"] == b.head["identity"]["seed"],
        tuple(name for name in (*a.terms["scorers"], *b.terms["scorers"]) if name not in shared),
        all(any(scorer.masks for scorer in side.run.scorers) for side in (a, b)),
        tuple(sampling),
    )


def _chosen(scorers: Mapping[str, Scorer], wanted: Wanted) -> list[tuple[str, Metric]]:
    """The metrics with a better direction; raises `UsageError` for names that are not there."""
    every = {f"{name}.{m.name}": (name, m) for name, scorer in scorers.items() for m in scorer.metrics()}
    for name in (*wanted.metrics, *wanted.margins):
        if name not in every and (name not in scorers or name in wanted.margins):
            raise UsageError(f"there is no metric {name!r:.80} to compare; {suggest(name, [*every, *scorers])}")
        if name in every and every[name][1].better is None:
            raise UsageError(f"{name} has no better direction, so nothing can be worse; name another metric")
    for name, margin in wanted.margins.items():
        low, high = every[name][1].bounds
        if not 0 <= margin < high - low:
            raise UsageError(f"the margin of {name} is {margin:g}; write a number from 0 to less than {high - low:g}")
    asked = {*wanted.metrics}
    return [
        (scorer, metric)
        for name, (scorer, metric) in every.items()
        if metric.better is not None and (not asked or name in asked or scorer in asked)
    ]


def _compared(
    scorer: str, metric: Metric, sides: Sequence[pd.DataFrame], wanted: Wanted, tags: Mapping[str, str] | None = None
) -> Compared:
    """One metric, its p-values not yet adjusted."""
    better: Better = "higher" if metric.better == "higher" else "lower"
    seen = metric.align([where(view(rows, scorer, metric.reads), tags or {}) for rows in sides])
    pair = Pair(metric, *matched(metric, *(rows[rows["status"] == "scored"] for rows in seen)))
    failed = (int((seen[0]["status"] == "failed").sum()), int((seen[1]["status"] == "failed").sum()))
    margin = wanted.margins.get(f"{scorer}.{metric.name}", 0.0)
    empty = Compared(
        scorer, metric.name, metric.title, metric.unit, better, slice_name(tags or {}), pair.prompts, failed,
        margin,
    )  # fmt: skip
    found = _measured(pair, empty) if pair.prompts else empty
    if found.worse is None:
        asked = {found.name, scorer} & {*wanted.metrics, *wanted.margins}
        applies = asked or any(_applies(metric, rows) for rows in seen)
        return replace(found, status="undetermined" if applies else "not_applicable")
    if tags or not any(failed):
        return replace(found, unscored=found.worse)
    return replace(found, unscored=_with_failed(metric, seen, margin))


def _applies(metric: Metric, rows: pd.DataFrame) -> bool:
    """Whether a side has a number on enough prompts, or would have one if nothing had failed."""
    counted = rows[rows["status"] == "scored"]
    if len(counted) < (rows["status"] != "na").sum():
        filled = metric.filled(rows) if metric.better is not None else None
        if filled is None and not len(counted):
            return True
        counted = counted if filled is None else filled
    counted = metric.present(counted)
    enough = min(MIN_CLUSTERS, rows["prompt"].nunique())
    return 0 < enough <= counted["prompt"].nunique() and metric(counted) is not None


def _measured(pair: Pair, known: Compared) -> Compared:
    """The metric on matched rows."""
    found = contrast(pair.metric, pair.b, pair.a, _TWO_SIDED)
    if found.value is None:
        return known
    a, b = pair.metric(pair.a), pair.metric(pair.b)
    known = replace(known, a=a, b=b, effect=_effect(pair), p=pair.apart(), worse=pair.worse(known.margin))
    if found.bounds is None:
        return known
    low, high, method = found.bounds
    return replace(known, low=low, high=high, method=method)


def _with_failed(metric: Metric, seen: Sequence[pd.DataFrame], margin: float) -> float:
    """The p-value of a regression with what failed at its worst in B, its best in A; 0 where there is no such end."""
    turned = replace(metric, better="higher" if metric.better == "lower" else "lower")
    a, b = turned.filled(seen[0]), metric.filled(seen[1])
    if a is None or b is None:
        return 0.0
    found = Pair(metric, *matched(metric, a, b)).worse(margin)
    return 0.0 if found is None else found


def _effect(pair: Pair) -> Effect | None:
    one, other = prompt_values(pair.metric, pair.a), prompt_values(pair.metric, pair.b)
    if one is None or other is None:
        return None
    both = ~(np.isnan(one) | np.isnan(other))
    if not both.any() or pair.metric.better is None:
        return None
    found = paired(other[both], one[both], better=pair.metric.better)
    a, b = pair.metric(pair.a), pair.metric(pair.b)
    if isinstance(pair.metric, Rate | AnyPerPrompt) and a is not None and b is not None:
        return Effect(cohen_h(b, a), "h", found.wins, found.ties, found.losses)
    size = found.effect if math.isfinite(found.effect) else None
    return Effect(size, "d_z", found.wins, found.ties, found.losses)


def _family(found: Sequence[Compared]) -> Iterator[Compared]:
    """Regressions among all metrics, and what is undetermined."""
    due = [m for m in found if m.status == "ok"]
    adjusted = dict(zip(map(id, due), holm([_sure(m.worse) for m in due]), strict=True))
    spoilt = dict(zip(map(id, due), holm([_sure(m.unscored) for m in due]), strict=True))
    for metric in found:
        if id(metric) not in adjusted:
            yield metric
            continue
        status: Status = "undetermined" if spoilt[id(metric)] <= ALPHA else "ok"
        if adjusted[id(metric)] <= ALPHA:
            status = "regression"
        yield replace(metric, adjusted=adjusted[id(metric)], status=status)


def _sure(p: float | None) -> float:
    return 1.0 if p is None else p


def _explored(
    metrics: Sequence[tuple[str, Metric]], sides: Sequence[pd.DataFrame], wanted: Wanted
) -> Iterator[Compared]:
    """Every metric in every slice that both have, the surest difference first."""
    for tag in wanted.by:
        if not slices_of(sides[1], [tag], ())[1:]:
            raise UsageError(f"no prompt has a tag {tag!r:.80}; {suggest(tag, _tags(sides[1]))}")
    slices = slices_of(sides[1], wanted.by, ())[1:]
    found = [_compared(s, m, sides, wanted, tags) for tags in slices for s, m in metrics]
    found = [m for m in found if m.p is not None]
    adjusted = benjamini_hochberg([_sure(m.p) for m in found])
    known = [replace(m, adjusted=p) for m, p in zip(found, adjusted, strict=True)]
    yield from sorted(known, key=lambda m: (_sure(m.adjusted), _sure(m.p)))


def _tags(rows: pd.DataFrame) -> list[str]:
    return ["lang", *(c.removeprefix("tag.") for c in rows.columns if c.startswith("tag."))]
