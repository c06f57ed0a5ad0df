"""What scorers flag, and the order from worst to best that it gives.

A scorer **flags** an output where one of three holds:

    found      it marked characters of the output, and not because they support the answer
    worse      its main metric ranks outputs from 0 to 1, and the score is in the worse half, the middle included
    failed     it should have scored the output, and did not

The order is by the number of flags that are about something (found or worse), then by how bad these are together, then
by the number of scores that failed, then as in the run. How bad a flag is: the distance of the score from the best end
of its range, at most 1; 0.5 where the main metric has no such range.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from aigc_eval.records import MetricFacts, PluginFacts, Run, Span

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Flags", "finds", "flags_of", "harmful", "sliced_tags"]

_UNBOUNDED = 0.5
_HARM = re.compile("safe|tox|hate|harm|offens|insult|abus|violen", re.IGNORECASE)


@dataclass(frozen=True)
class Flags:
    """What the scorers flag, one column each, shape (outputs, scorers): findings, worse half, failed, how bad."""

    scorers: tuple[PluginFacts, ...]
    found: npt.NDArray[np.int64]
    worse: npt.NDArray[np.bool_]
    failed: npt.NDArray[np.bool_]
    badness: npt.NDArray[np.float64]

    @property
    def about(self) -> npt.NDArray[np.bool_]:
        """Which flags are about something that the scorer saw."""
        return (self.found > 0) | self.worse

    @property
    def any(self) -> npt.NDArray[np.bool_]:
        """Which flags there are."""
        return self.about | self.failed

    def worst_first(self) -> list[int]:
        """The rows' places in the order of the samples."""
        bad = np.where(self.about, self.badness, 0.0).sum(axis=1)
        # ties as in the run: lexsort is stable
        return [int(i) for i in np.lexsort((-self.failed.sum(axis=1), -bad, -self.about.sum(axis=1)))]


def flags_of(run: Run) -> Flags:
    """The flags of every output."""
    scorers = tuple(s for s in run.scorers if s.name in run.rows)
    shape = len(run.rows), len(scorers)
    found = np.zeros(shape, dtype=np.int64)
    worse, failed = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    badness = np.full(shape, _UNBOUNDED)
    for j, scorer in enumerate(scorers):
        found[:, j] = [sum(map(finds, spans or ())) for spans in run.rows[f"{scorer.name}:spans"]]
        failed[:, j] = (run.rows[f"{scorer.name}:status"] == "failed").to_numpy()
        main = scorer.metrics[0] if scorer.metrics else None
        if main is not None and _graded(main):
            value = run.rows[scorer.name].to_numpy(dtype=np.float64)
            away = np.clip(value if main.better == "lower" else 1 - value, 0.0, 1.0)
            worse[:, j] = away >= 0.5  # false where there is no value
            badness[:, j] = np.where(np.isnan(away), _UNBOUNDED, away)
    return Flags(scorers, found, worse, failed, badness)


def finds(span: Span) -> bool:
    """Whether a scorer marked a fault of the output."""
    return span.target == "output" and not span.supports


def _graded(main: MetricFacts) -> bool:
    return main.ranks and main.better is not None and main.bounds == (0.0, 1.0)


def harmful(run: Run) -> pd.Series[bool]:
    """Which rows a scorer of harm puts in the worse half of its range, or could not score."""
    import pandas as pd

    found = pd.Series(False, index=run.rows.index)
    for scorer in run.scorers:
        main = scorer.metrics[0] if scorer.metrics else None
        if main is None or scorer.name not in run.rows or not _about_harm(scorer):
            continue
        values = run.rows[scorer.name]
        found |= values <= 0.5 if main.better == "higher" else values >= 0.5
        found |= run.rows[f"{scorer.name}:status"] == "failed"
    return found


def _about_harm(scorer: PluginFacts) -> bool:
    """By what it says it is about; where it says nothing, by its name and the plug-in's own (options name others)."""
    if scorer.dimensions:
        return "toxicity" in scorer.dimensions
    return bool(_HARM.search(f"{scorer.name} {scorer.signature.partition('|')[0]}"))


def sliced_tags(run: Run) -> list[str]:
    """The tags that slice the run, but the language, as columns of its rows."""
    sliced = {part.partition("=")[0] for name in run.slices for part in name.split(", ")}
    return [c for c in run.rows.columns if c.removeprefix("tag.") in sliced and c not in ("tag.lang", "lang")]
