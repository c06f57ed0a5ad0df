"""From rows to estimates: every metric, for every candidate, over every slice, with its interval and adverse bound."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from aigc_eval.gates import slice_name
from aigc_eval.metrics import Metric
from aigc_eval.records import Estimate

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["estimate", "slices_of", "view"]

LEVEL = 0.95


def view(rows: pd.DataFrame, scorer: str) -> pd.DataFrame:
    """The rows as one scorer's metrics see them: identity, text and tags, and its value, status and parts.

    See `metrics` for the columns. `rows` is the frame of a `records.Run`.
    """
    own = {f"{scorer}": "value", f"{scorer}:status": "status"}
    own |= {c: c.removeprefix(f"{scorer}.") for c in rows.columns if c.startswith(f"{scorer}.")}
    shared = ["candidate", "prompt", "sample", "text", "outcome", "seconds", "lang"]
    tags = [c for c in rows.columns if c.startswith("tag.")]
    return rows[[*shared, *tags, *own]].rename(columns=own)


def slices_of(rows: pd.DataFrame, tags: Sequence[str], wheres: Iterable[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """All rows, then each value of each tag, then the slices that gates name; each once."""
    found: dict[str, Mapping[str, str]] = {"": {}}
    for tag in tags:
        column = f"tag.{tag}" if f"tag.{tag}" in rows else tag
        if column in rows:
            values = sorted(v for v in rows[column].dropna().unique() if v != "")
            found |= {slice_name({tag: v}): {tag: v} for v in values}
    return list((found | {slice_name(w): w for w in wheres}).values())


def estimate(
    rows: pd.DataFrame, scorer: str, metrics: Sequence[Metric], slices: Sequence[Mapping[str, str]]
) -> list[Estimate]:
    """All estimates of one scorer, in the order metric, slice, candidate."""
    seen = view(rows, scorer)
    groups = {str(name): group for name, group in seen.groupby("candidate", sort=False)}
    aligned: dict[object, dict[str, pd.DataFrame]] = {}
    found = []
    for metric in metrics:
        # Metrics that align alike share the aligned frames, and with them whatever they cache by frame.
        kind = type(metric).align
        if kind not in aligned:
            aligned[kind] = dict(zip(groups, metric.align(list(groups.values())), strict=True))
        parts = aligned[kind]
        found += [
            _one(name, scorer, metric, slice_name(where), _where(parts, name, where))
            for where in slices
            for name in groups
        ]
    return found


def _where(parts: dict[str, pd.DataFrame], name: str, where: Mapping[str, str]) -> pd.DataFrame:
    """One candidate's rows in a slice, made once and kept beside the whole under the slice's own name."""
    key = f"{name}\x1f{slice_name(where)}" if where else name
    if key not in parts:
        chosen = parts[name]
        for tag, value in where.items():
            chosen = chosen[chosen[f"tag.{tag}" if f"tag.{tag}" in chosen else tag] == value]
        parts[key] = chosen
    return parts[key]


def _one(candidate: str, scorer: str, metric: Metric, where: str, rows: pd.DataFrame) -> Estimate:
    scored = rows[rows["status"] == "scored"] if (rows["status"] != "scored").any() else rows
    failed = int((rows["status"] == "failed").sum())
    value = metric(scored) if len(scored) else None
    interval = metric.interval(scored, LEVEL) if value is not None else None
    counts = {
        "planned": len(rows),
        "scored": len(scored),
        "failed": failed,
        "not_applicable": len(rows) - len(scored) - failed,
        "prompts": int(scored["prompt"].nunique()),
    }
    low, high = (interval.low, interval.high) if interval else (None, None)
    bound = (value, low, high) if failed == 0 else _adverse(metric, rows)
    return Estimate(
        candidate,
        scorer,
        metric.name,
        where,
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
    filled = metric.filled(rows)
    if filled is None or filled.empty:
        return None, None, None
    interval = metric.interval(filled, LEVEL)
    return metric(filled), interval and interval.low, interval and interval.high
