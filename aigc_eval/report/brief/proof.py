"""Which samples prove it: what the scorers flag where a gate does not pass or a candidate is clearly less safe."""

from __future__ import annotations

from collections.abc import Container, Iterator

import numpy as np

from aigc_eval.records import POLICY, PluginFacts, Run
from aigc_eval.report.apart import apart, leader
from aigc_eval.report.brief.lines import Line, Named, capped, judged, safety, say_n
from aigc_eval.report.flags import Flags, flags_of
from aigc_eval.report.page import Page
from aigc_eval.report.samples import key_of
from aigc_eval.report.words import say, scorer_title

__all__ = ["proof"]

SHOWN = 3
"""Samples that one line names."""


def proof(page: Page, linked: Container[int]) -> tuple[Line, ...]:
    """The decisive outputs: counts and, but in the public edition, the worst by name."""
    run = page.run
    decisive = _decisive(run)
    flags = flags_of(run)
    lines = [line for scorer, candidate in decisive for line in _Finder(page, linked, flags).of(scorer, candidate)]
    if not any(why for why in decisive.values()):
        lines = [Line(say("brief.proof.nothing")), *lines]
    if page.edition == "public":
        lines.append(Line(say("brief.proof.public")))
    return tuple(capped(lines, 12))


def _decisive(run: Run) -> dict[tuple[str, str], bool]:
    """(scorer, candidate) whose outputs decide something; False: they are only the worst ones."""
    failing = [v for status in ("fail", "undetermined") for v in run.verdicts if v.status == status]
    found = {(v.estimate.scorer, v.candidate): True for v in failing if v.estimate and v.candidate != POLICY}
    known = {s.name: s for s in run.scorers}
    for distance in apart(run).values():
        d, best = distance.difference, leader(distance)
        if best and d.main and safety(known[d.scorer]):
            found[d.scorer, d.candidate if best == d.against else d.against] = True
    if not found:
        names = judged(run) or [c.name for c in run.candidates]
        found = {(s.name, name): False for s in run.scorers if safety(s) for name in names}
    return found


class _Finder:
    """Looks up what a scorer flags of a candidate."""

    def __init__(self, page: Page, linked: Container[int], flags: Flags) -> None:
        self.page, self.linked, self.flags = page, linked, flags
        self.scorers = [s.name for s in flags.scorers]
        self.candidates = page.run.rows["candidate"].to_numpy()

    def of(self, name: str, candidate: str) -> Iterator[Line]:
        """One line about what it flags, one about what it could not score."""
        if name not in self.scorers:
            return
        column = self.scorers.index(name)
        scorer: PluginFacts = self.flags.scorers[column]
        own = self.candidates == candidate
        flagged = self._worst(np.flatnonzero(own & self.flags.about[:, column]), column)
        failed = [int(i) for i in np.flatnonzero(own & self.flags.failed[:, column])]
        figures = {"scorer": scorer_title(scorer), "candidate": candidate}
        if flagged:
            yield self._line("brief.proof.ids", "brief.proof.count", flagged, figures)
        elif not failed:
            ranked = any(m.ranks and m.better is not None for m in scorer.metrics[:1])
            bounded = ranked and None not in scorer.metrics[0].bounds
            yield Line(say("brief.proof.clean" if bounded else "brief.proof.whole", **figures))
        if failed:
            yield self._line("brief.proof.failed", "brief.proof.failed.count", failed, figures)

    def _worst(self, places: np.ndarray[tuple[int], np.dtype[np.int64]], column: int) -> list[int]:
        """The worst by this scorer first, then the one flagged by most, then as in the run."""
        bad, most = self.flags.badness[places, column], self.flags.about[places].sum(axis=1)
        found = self.flags.found[places, column]
        return [int(i) for i in places[np.lexsort((-found, -most, -bad))]]

    def _line(self, named: str, counted: str, places: list[int], figures: dict[str, object]) -> Line:
        if self.page.edition == "public":
            return Line(say_n(counted, len(places), **figures))
        return Line(say_n(named, len(places), **figures), tuple(self._names(places)))

    def _names(self, places: list[int]) -> Iterator[Named]:
        run, shown = self.page.run, list[int]()
        prompts = run.rows["prompt"].to_numpy()
        for place in places:  # one a prompt, so that one bad prompt does not fill the line
            if all(prompts[place] != prompts[other] for other in shown) and len(shown) < SHOWN:
                shown.append(place)
        texts = self.page.masker.long().shown([str(prompts[place]) for place in shown])
        for place, text in zip(shown, texts, strict=True):
            row = run.rows.iloc[place]
            key = key_of(run, str(row["candidate"]), str(row["prompt"]), int(row["sample"]))
            yield Named(text, int(row["sample"]) + 1, f"sample-{key}" if place in self.linked else "")
