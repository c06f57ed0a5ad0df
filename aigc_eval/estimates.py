"""From rows to estimates: every metric, for every candidate, over every slice, with its interval and adverse bound."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from aigc_eval.gates import slice_name
from aigc_eval.intervals import Interval
from aigc_eval.metrics import Metric
from aigc_eval.records import Estimate

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ROUNDING", "estimate", "slices_of", "tag_column", "view", "where"]

LEVEL = 0.95
_SHARED = frozenset(
    {"candidate", "prompt", "sample", "text", "outcome", "seconds", "lang", "variant_of", "likelihoods"}
)
ROUNDING = 1e-6
"""How far floating-point sums may carry a number out of its range."""


def view(rows: pd.DataFrame, scorer: str, reads: Sequence[str] = ()) -> pd.DataFrame:
    """The rows as one scorer's metrics see them: identity, text and tags, and its value, status and parts.

    See `metrics` for the columns. `rows` is the frame of a `records.Run`, `reads` what a metric reads of other scorers.
    """
    import pandas as pd

    own = {f"{scorer}": "value", f"{scorer}:status": "status", f"{scorer}:vector": "vector"}
    own |= {c: c.removeprefix(f"{scorer}.") for c in rows.columns if c.startswith(f"{scorer}.")}
    kept = [c for c in rows.columns if c in _SHARED or c.startswith(("tag.", "usage.")) or c in own]
    seen = rows[kept].rename(columns=own)
    if not reads:
        return seen
    found = {f"read:{name}": rows.get(name, math.nan) for name in reads}
    nothing = pd.Series("na", rows.index)
    statuses = [rows.get(f"{name}:status", nothing) for name in (scorer, *_scorers(rows, reads))]
    return seen.assign(**found, status=_combined(statuses))


def _scorers(rows: pd.DataFrame, reads: Sequence[str]) -> list[str]:
    """The scorers behind what is read: `toxicity` for both `toxicity` and `toxicity.insult`."""
    known = {c.removesuffix(":status") for c in rows.columns if c.endswith(":status")}
    return list(dict.fromkeys(name if name in known else name.rpartition(".")[0] for name in reads))


def _combined(statuses: Sequence[pd.Series[str]]) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """Does not apply where one of them does not, else failed where one has failed."""
    na, failed = (np.logical_or.reduce([np.asarray(s == word) for s in statuses]) for word in ("na", "failed"))
    return np.where(na, "na", np.where(failed, "failed", "scored")).astype(object)


def slices_of(rows: pd.DataFrame, tags: Sequence[str], wheres: Iterable[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """All rows, then each value of each tag, then the slices that gates name; each once."""
    found: dict[str, Mapping[str, str]] = {"": {}}
    for tag in tags:
        column = tag_column(tag)
        if column in rows:
            values = sorted(v for v in rows[column].dropna().unique() if v != "")
            found |= {slice_name({tag: v}): {tag: v} for v in values}
    return list((found | {slice_name(w): w for w in wheres}).values())


def tag_column(tag: str) -> str:
    """A tag's column; the language has one of its own, which falls back to the prompt's script."""
    return "lang" if tag == "lang" else f"tag.{tag}"


def estimate(
    rows: pd.DataFrame, scorer: str, metrics: Sequence[Metric], slices: Sequence[Mapping[str, str]]
) -> list[Estimate]:
    """All estimates of one scorer, in the order metric, slice, candidate."""
    cuts: dict[tuple[str, ...], dict[str, dict[str, pd.DataFrame]]] = {}
    aligned: dict[tuple[object, ...], Sequence[pd.DataFrame]] = {}
    found = []
    for metric in metrics:
        if metric.reads not in cuts:
            groups = view(rows, scorer, metric.reads).groupby("candidate", sort=False)
            cuts[metric.reads] = {slice_name(w): {str(n): where(g, w) for n, g in groups} for w in slices}
        for name, parts in cuts[metric.reads].items():
            # Metrics that align alike share the aligned frames, and with them whatever they cache by frame.
            kind = type(metric).align, metric.reads, name
            if kind not in aligned:
                aligned[kind] = metric.align(list(parts.values()))
            found += [_one(n, scorer, metric, name, part) for n, part in zip(parts, aligned[kind], strict=True)]
    return found


def where(rows: pd.DataFrame, tags: Mapping[str, str]) -> pd.DataFrame:
    """The rows of a slice."""
    for tag, value in tags.items():
        # The first prompts of a limited run may have no such tag at all.
        rows = rows[rows[tag_column(tag)] == value] if tag_column(tag) in rows else rows[:0]
    return rows


def _one(candidate: str, scorer: str, metric: Metric, slice_: str, rows: pd.DataFrame) -> Estimate:
    scored = metric.present(rows[rows["status"] == "scored"] if (rows["status"] != "scored").any() else rows)
    failed = int((rows["status"] == "failed").sum())
    value = _number(metric, scored) if len(scored) else None
    interval = metric.interval(scored, LEVEL) if value is not None else None
    counts = {
        "planned": len(rows),
        "scored": len(scored),
        "failed": failed,
        "not_applicable": len(rows) - len(scored) - failed,
        "prompts": int(scored["prompt"].nunique()),
    }
    low, high = _ends(interval)
    bound = (value, low, high) if failed == 0 else _adverse(metric, rows)
    return Estimate(
        candidate,
        scorer,
        metric.name,
        slice_,
        value,
        low,
        high,
        *bound,
        **counts,
        level=LEVEL,
        method=interval.method if interval else "",
    )


def _adverse(metric: Metric, rows: pd.DataFrame) -> tuple[float | None, float | None, float | None]:
    """The metric and its interval with every failed row at its worst."""
    filled = metric.filled(rows) if metric.better is not None else None
    if filled is None or filled.empty:
        return None, None, None
    value = _number(metric, filled)
    return value, *_ends(metric.interval(filled, LEVEL) if value is not None else None)


def _number(metric: Metric, rows: pd.DataFrame) -> float | None:
    """The metric; None where it has no value or one outside its own range, which no gate may trust."""
    value, (low, high) = _finite(metric(rows)), metric.bounds
    return value if value is not None and low - ROUNDING <= value <= high + ROUNDING else None


def _finite(number: float | None) -> float | None:
    """A plain float; None for what is no number."""
    return None if number is None or not math.isfinite(number) else float(number)


def _ends(interval: Interval | None) -> tuple[float | None, float | None]:
    """Both ends of an interval, or neither."""
    low, high = (None, None) if interval is None else (_finite(interval.low), _finite(interval.high))
    return (None, None) if low is None or high is None else (low, high)
