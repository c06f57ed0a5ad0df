"""What several runs say of each metric, and which of their numbers can be compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from aigc_eval.baselines import asked_apart, records_of, scorers_apart
from aigc_eval.config.shape import EDITIONS
from aigc_eval.errors import UsageError
from aigc_eval.evidence import scorers_behind
from aigc_eval.loading import facts_of, load
from aigc_eval.publishing import edition_of
from aigc_eval.records import POLICY, Bilingual, Edition, Estimate, MetricFacts, Run, Verdict, Zone
from aigc_eval.report.editions import edited
from aigc_eval.report.words import gate_title, gate_unit, metric_facts, metric_title

__all__ = ["Point", "Release", "Series", "Trend", "collect"]


@dataclass(frozen=True)
class Release:
    """A run as its edition shows it, without its rows; `terms` and `head` say how its numbers came about."""

    run: Run
    head: Mapping[str, Any]
    terms: Mapping[str, Any]

    @property
    def names(self) -> list[str]:
        """Its candidates."""
        return [c.name for c in self.run.candidates]


@dataclass(frozen=True)
class Point:
    """What a run says of one candidate in one metric: the estimate that its gates judged, or its own.

    `verdicts` are those of its gates, none where nothing gates it. `apart` says why the number cannot be compared with
    that of the newest run which has the metric: "prompts" (other ones, or drawn otherwise) or "scorer" (another
    one, or one that the metric reads is).
    """

    release: int
    candidate: str
    estimate: Estimate | None
    verdicts: tuple[Verdict, ...] = ()
    apart: tuple[str, ...] = ()

    @property
    def zone(self) -> Zone:
        """Where all its gates pass."""
        lows = [v.zone[0] for v in self.verdicts if v.zone[0] is not None]
        highs = [v.zone[1] for v in self.verdicts if v.zone[1] is not None]
        return max(lows, default=None), min(highs, default=None)


class _Key(NamedTuple):
    """What makes two gated numbers the same metric: names, slice, and what it is a difference to."""

    name: str
    slice: str = ""
    against: str = ""
    relative: bool = False


@dataclass(frozen=True)
class Series:
    """One metric over the releases; `points` in their order, then in that of the candidates."""

    name: str
    slice: str
    against: str
    title: Bilingual
    unit: str
    better: str | None
    bounds: Zone
    points: tuple[Point, ...]

    @property
    def gated(self) -> bool:
        """Whether any run gates it."""
        return any(p.verdicts for p in self.points)


@dataclass(frozen=True)
class Trend:
    """The releases, oldest first or as given, and the metrics: gated ones first."""

    releases: tuple[Release, ...]
    series: tuple[Series, ...]
    edition: Edition

    @property
    def candidates(self) -> tuple[str, ...]:
        """All of them, in the order in which they come."""
        return tuple(dict.fromkeys(name for r in self.releases for name in r.names))


def collect(folders: Sequence[Path], edition: Edition | None = None, *, as_given: bool = False) -> Trend:
    """Read completed runs, each once; sorted by the time of their creation unless they are taken as given.

    Where no edition is asked for it is the narrowest that any run's reports are, and the reviewer's at most.

    Errors: UsageError where one run is given twice; JournalError where a folder holds no completed run.
    """
    shown = edition or _narrowest(folders)
    releases = [_release(folder, shown) for folder in folders]
    known: dict[str, Path] = {}
    for release, folder in zip(releases, folders, strict=True):
        identity = release.run.id or str(folder.resolve())
        if identity in known:
            raise UsageError(f"{known[identity]} and {folder} hold the same run; give each run once")
        known[identity] = folder
    if not as_given:
        releases.sort(key=lambda release: release.run.created)
    return Trend(tuple(releases), tuple(_series(releases)), shown)


def _narrowest(folders: Sequence[Path]) -> Edition:
    own: set[Edition] = {edition_of(folder, facts_of(folder)["bench"]) for folder in folders}
    return min({"reviewer", *own}, key=EDITIONS.index)


def _release(folder: Path, edition: Edition) -> Release:
    """One run, of which nothing is kept that a text of an output could stand in."""
    run, _ = edited(load(folder), edition)
    head, terms, _ = records_of(folder)
    return Release(replace(run, rows=run.rows.iloc[:0], key=b""), head, terms)


def _series(releases: Sequence[Release]) -> list[Series]:
    keys: dict[_Key, None] = {}
    for release in releases:
        keys |= dict.fromkeys(_key(v) for v in release.run.verdicts if v.candidate != POLICY)
    for release in reversed(releases):
        keys |= dict.fromkeys(_Key(f"{s.name}.{m.name}") for s in release.run.scorers for m in s.metrics[:1])
    found = (_one(releases, key) for key in keys)
    return sorted((s for s in found if s.points), key=lambda s: not s.gated)


def _key(verdict: Verdict) -> _Key:
    estimate = verdict.estimate
    if estimate is None:
        return _Key(verdict.gate)
    groups = estimate.against if " - " in estimate.against else "baseline" if estimate.against else ""
    return _Key(estimate.name, estimate.slice, groups, estimate.relative)


def _one(releases: Sequence[Release], key: _Key) -> Series:
    points = [p for i, release in enumerate(releases) for p in _points(i, release, key)]
    newest = max((p.release for p in points if p.estimate is not None), default=None)
    points = [replace(p, apart=_apart(releases[p.release], releases, newest, key)) for p in points]
    facts, title, unit = _facts(releases, key)
    bounds = facts.bounds if facts and not key.against else (None, None)
    better = facts.better if facts else None
    return Series(key.name, key.slice, key.against, title, unit, better, bounds, tuple(points))


def _points(i: int, release: Release, key: _Key) -> Iterator[Point]:
    """A point for each candidate that a gate judged in this, or that has an estimate of it."""
    own = {(e.candidate, e.name, e.slice): e for e in release.run.estimates if not e.against}
    for name in release.names:
        verdicts = tuple(v for v in release.run.verdicts if v.candidate == name and _key(v) == key)
        judged = next((v.estimate for v in verdicts if v.estimate is not None), None)
        estimate = judged or (own.get((name, key.name, key.slice)) if not key.against else None)
        if verdicts or (estimate is not None and estimate.value is not None):
            yield Point(i, name, estimate, verdicts)


def _apart(release: Release, releases: Sequence[Release], newest: int | None, key: _Key) -> tuple[str, ...]:
    if newest is None or releases[newest] is release:
        return ()
    other, (scorer, _, metric) = releases[newest], key.name.partition(".")
    own = (r.terms["scorers"].get(scorer, {}).get("reads", {}) for r in (release, other))
    behind = scorers_behind(scorer, [read for reads in own for read in reads.get(metric, ())])
    changed = scorers_apart(release.terms, other.terms)
    asked = asked_apart(release.head, other.head)
    return (*(["prompts"] if asked else []), *(["scorer"] if changed.keys() & {*behind} else []))


def _facts(releases: Sequence[Release], key: _Key) -> tuple[MetricFacts | None, Bilingual, str]:
    """The metric's facts, its title and its unit, as the newest run that has it says."""
    scorer, _, metric = key.name.partition(".")
    known = (metric_facts(release.run).get((scorer, metric)) for release in reversed(releases))
    facts = next((found[1] for found in known if found), None)
    for release in reversed(releases):
        for verdict in release.run.verdicts:
            if verdict.candidate != POLICY and _key(verdict) == key:
                return facts, gate_title(release.run, verdict), gate_unit(release.run, verdict)
    return facts, metric_title(facts) if facts else Bilingual(key.name), facts.unit if facts else ""
