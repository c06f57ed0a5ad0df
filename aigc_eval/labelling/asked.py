"""What people are asked: whether hits of one rate of one scorer of a completed run are right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aigc_eval.errors import UsageError
from aigc_eval.journal import Journal
from aigc_eval.labels import Key
from aigc_eval.loading import facts_of, load_from
from aigc_eval.metrics import Rate
from aigc_eval.plugin import Scorer
from aigc_eval.rated import Rated
from aigc_eval.records import Run
from aigc_eval.registry import suggest
from aigc_eval.verify.rebuild import rebuild

__all__ = ["Asked", "Opened", "opened"]


@dataclass(frozen=True)
class Opened:
    """A completed run with the terms that it was concluded by, the scorers whose metrics can be computed, and records.

    `lost` says of the other scorers why not; `labelling` are the journal's records of sheets and labels.
    """

    run: Run
    terms: Mapping[str, Any]
    scorers: Mapping[str, Scorer]
    lost: Mapping[str, str]
    labelling: Sequence[Mapping[str, Any]]

    def rates(self, scorer: str) -> list[Rate]:
        """The rates that a scorer reports, the main one first."""
        return [metric for metric in self.scorers[scorer].metrics() if isinstance(metric, Rate)]

    def rate(self, scorer: str, metric: str = "") -> Rate:
        """A rate of a scorer, by default its first; raises `UsageError` where there is none."""
        if scorer in self.lost:
            raise UsageError(f"the metrics of {scorer} cannot be computed here: {self.lost[scorer]}")
        if scorer not in self.scorers:
            raise UsageError(f"the run has no scorer {scorer!r:.80}; {suggest(scorer, [*self.scorers])}")
        known = {rate.name: rate for rate in self.rates(scorer)}
        if not known:
            raise UsageError(f"{scorer} reports no rate, so there is no hit that could be right or wrong")
        if metric and metric not in known:
            raise UsageError(f"{scorer} reports no rate {metric!r:.80}; {suggest(metric, [*known])}")
        return known[metric] if metric else next(iter(known.values()))


def opened(folder: Path, *, trust: bool = False) -> Opened:
    """The completed run in a folder; `trust` lets the bench's own Python classes be imported, for their metrics."""
    facts = facts_of(folder)
    with Journal(folder, write=False) as journal:
        run = load_from(journal, facts)
        terms = [*journal.each("terms")][-1]
        labelling = [*journal.each("sheet"), *journal.each("label")]
    scorers, lost = rebuild(terms, trust=trust)
    return Opened(run, terms, scorers, lost, labelling)


@dataclass(frozen=True)
class Asked:
    """A rate of a scorer, and the rows of the run."""

    opened: Opened
    scorer: str
    rate: Rate

    def rated(self) -> Rated:
        """The rate over all rows."""
        return Rated.of(self.opened.run.rows, self.scorer, self.rate)

    def keys(self) -> list[Key]:
        """Candidate, prompt and sample of every row."""
        columns = (self.opened.run.rows[name].tolist() for name in ("candidate", "prompt", "sample"))
        return [(str(c), str(p), int(s)) for c, p, s in zip(*columns, strict=True)]
