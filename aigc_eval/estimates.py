"""From rows to estimates: every metric, for every candidate, over every slice, with its interval and adverse bound."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from aigc_eval.gates import slice_name
from aigc_eval.intervals import Interval
from aigc_eval.metrics import Metric, clusters, numbers_of
from aigc_eval.records import Estimate

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ROUNDING", "estimate", "inside", "seen_by", "slices_of", "tag_column", "view", "where"]

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
    import pandas as pd

    codes, names = pd.factorize(rows["candidate"])
    kinds: dict[tuple[object, ...], list[int]] = {}
    for i, metric in enumerate(metrics):
        kinds.setdefault((metric.reads, numbers_of(metric), type(metric).align), []).append(i)
    frames = seen_by(rows, scorer, [metrics[own[0]] for own in kinds.values()])
    found: list[list[Estimate]] = [[] for _ in metrics]
    # Slice by slice and candidate by candidate, so that what metrics remember of a set of rows serves all of them.
    for tags in slices:
        within = inside(rows, tags)
        places = [np.flatnonzero(within & (codes == code)) for code in range(len(names))]
        for frame, own in zip(frames, kinds.values(), strict=True):
            parts = metrics[own[0]].align([frame.take(taken) for taken in places])
            for name, part in zip(names, map(_Part, parts), strict=True):
                for i in own:
                    found[i].append(_one(str(name), scorer, metrics[i], slice_name(tags), part))
    return [one for group in found for one in group]


def seen_by(rows: pd.DataFrame, scorer: str, metrics: Sequence[Metric]) -> list[pd.DataFrame]:
    """What each metric sees of all rows, each frame made once."""
    views: dict[tuple[str, ...], pd.DataFrame] = {}
    frames = []
    for metric in metrics:
        if metric.reads not in views:
            views[metric.reads] = view(rows, scorer, metric.reads)
        seen, numbers = views[metric.reads], numbers_of(metric)
        frames.append(seen if numbers is None else _narrow(seen, numbers))
    return frames


def _narrow(rows: pd.DataFrame, numbers: Sequence[str]) -> pd.DataFrame:
    """Some columns of numbers, with integers for the prompts: cut and grouped many times faster than words are."""
    import pandas as pd

    columns = {name: np.asarray(rows[name], np.float64) for name in numbers if name in rows}
    identity = {"prompt": clusters(rows), "sample": np.asarray(rows["sample"], np.int64)}
    return pd.DataFrame({**identity, "status": pd.Categorical(rows["status"]), **columns})


def where(rows: pd.DataFrame, tags: Mapping[str, str]) -> pd.DataFrame:
    """The rows of a slice."""
    return rows[inside(rows, tags)]


def inside(rows: pd.DataFrame, tags: Mapping[str, str]) -> npt.NDArray[np.bool_]:
    """Whether each row is in the slice."""
    found = np.ones(len(rows), dtype=bool)
    for tag, value in tags.items():
        # The first prompts of a limited run may have no such tag at all.
        found &= (rows[tag_column(tag)] == value).to_numpy(bool, na_value=False) if tag_column(tag) in rows else False
    return found


@dataclass(frozen=True, eq=False)
class _Part:
    """One candidate's rows of one slice, and what all metrics ask of them."""

    rows: pd.DataFrame

    @cached_property
    def scored(self) -> pd.DataFrame:
        """The rows with a score."""
        scored = self.rows["status"] == "scored"
        return self.rows if scored.all() else self.rows[scored]

    @cached_property
    def failed(self) -> int:
        """How many rows should have been scored, and were not."""
        return int((self.rows["status"] == "failed").sum())

    @cached_property
    def prompts(self) -> int:
        """How many prompts the scored rows have."""
        return int(self.scored["prompt"].nunique())


def _one(candidate: str, scorer: str, metric: Metric, slice_: str, part: _Part) -> Estimate:
    scored = metric.present(part.scored)
    value = _number(metric, scored) if len(scored) else None
    interval = metric.interval(scored, LEVEL) if value is not None else None
    low, high = _ends(interval)
    bound = (value, low, high) if part.failed == 0 else _adverse(metric, part.rows)
    return Estimate(
        candidate,
        scorer,
        metric.name,
        slice_,
        value,
        low,
        high,
        *bound,
        planned=len(part.rows),
        scored=len(scored),
        failed=part.failed,
        not_applicable=len(part.rows) - len(scored) - part.failed,
        prompts=part.prompts if len(scored) == len(part.scored) else int(scored["prompt"].nunique()),
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
