"""What stands out of each candidate, in a few lines: where it is clearly behind another one, and what it leaked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from aigc_eval.records import Bilingual, Estimate, MetricFacts, PluginFacts, Run
from aigc_eval.report.apart import Apart, apart, leader
from aigc_eval.report.numbers import count, figure
from aigc_eval.report.words import both, label_words, metric_title, say, scorer_title

__all__ = ["glance"]

MOST_METRICS = 5
MOST_LABELS = 6
NOTABLE = 0.02
"""Where there is nothing to compare with, a share of faults is named from here on."""


@dataclass(frozen=True)
class _Notable:
    """One metric in which a candidate stands out, by how far; `other` is the one that is clearly better, if any."""

    title: Bilingual
    value: float
    unit: str
    other: str = ""
    best: float = 0.0

    @property
    def gap(self) -> float:
        return abs(self.value - self.best)

    def words(self) -> Bilingual:
        if not self.other:
            return say("glance.alone", metric=self.title, value=figure(self.value, self.unit))
        figures = {"value": figure(self.value, self.unit), "best": figure(self.best, self.unit)}
        return say("glance.metric", metric=self.title, other=self.other, **figures)


def glance(run: Run) -> list[tuple[str, list[Bilingual]]]:
    """Each candidate's lines, one a scorer; a single line that says so where nothing stands out."""
    found = run.overall()
    distances = list(apart(run).values())
    told = []
    for candidate in run.candidates:
        lines = []
        for scorer in run.scorers:
            notable = sorted(_notable(run, scorer, candidate.name, found, distances), key=lambda n: -n.gap)
            lines += [_line(scorer, [n.words() for n in notable[:MOST_METRICS]])] if notable else []
            lines += _leaks(run, scorer, candidate.name)
        scored = any(e.candidate == candidate.name and e.value is not None for e in run.estimates)
        told.append((candidate.name, lines or [say("glance.nothing" if scored else "glance.unscored")]))
    return told


def _notable(
    run: Run,
    scorer: PluginFacts,
    name: str,
    found: Mapping[tuple[str, str, str], Estimate],
    distances: Sequence[Apart],
) -> list[_Notable]:
    """Shares in which the candidate is clearly behind; another kind of number only if it is the scorer's main one."""
    notable = []
    for position, metric in enumerate(scorer.metrics):
        own = found.get((name, scorer.name, metric.name))
        if own is None or own.value is None or (metric.unit != "share" and position > 0):
            continue
        leaders = [leader(d) for d in distances if _behind(d, name, scorer, metric)]
        values = {other: e.value for other in leaders if (e := found.get((other, scorer.name, metric.name)))}
        known = {other: value for other, value in values.items() if value is not None}
        if known:
            best = min(known, key=lambda other: known[other] if metric.better == "lower" else -known[other])
            notable.append(_Notable(metric_title(metric), own.value, metric.unit, best, known[best]))
        elif len(run.candidates) == 1 and metric.better == "lower" and metric.unit == "share" and own.value >= NOTABLE:
            notable.append(_Notable(metric_title(metric), own.value, metric.unit))
    return notable


def _behind(distance: Apart, name: str, scorer: PluginFacts, metric: MetricFacts) -> bool:
    """Whether the candidate is clearly behind by this metric."""
    found = distance.difference
    own = (found.scorer, found.metric) == (scorer.name, metric.name) and name in (found.candidate, found.against)
    return own and leader(distance) not in ("", name)


def _line(scorer: PluginFacts, parts: Sequence[Bilingual]) -> Bilingual:
    comma = say("list_comma")
    items = both(lambda lang: comma.in_(lang).join(p.in_(lang) for p in parts))
    return say("glance.line", scorer=scorer_title(scorer), items=items)


def _leaks(run: Run, scorer: PluginFacts, candidate: str) -> list[Bilingual]:
    """How many outputs hold sensitive findings that were not in the prompt, by kind."""
    column = f"{scorer.name}:spans"
    if column not in run.rows:
        return []
    own = run.rows.loc[(run.rows["candidate"] == candidate) & (run.rows[scorer.name] > 0), column]
    kinds: Counter[str] = Counter()
    outputs = 0
    for spans in own:
        labels = [s.label for s in spans if s.sensitive and s.target == "output" and not s.label.startswith("echo:")]
        kinds.update(labels)
        outputs += bool(labels)
    if not outputs:
        return []
    ordered = sorted(kinds.items(), key=lambda item: (-item[1], item[0]))
    items = both(partial(_listed, ordered))
    return [say("glance.leaks" if outputs > 1 else "glance.leak", n=count(outputs), items=items)]


def _listed(kinds: Sequence[tuple[str, int]], lang: str) -> str:
    shown = [f"{label_words(label).in_(lang)} × {count(n)}" for label, n in kinds[:MOST_LABELS]]
    return say("list_comma").in_(lang).join(shown) + (" …" if len(kinds) > MOST_LABELS else "")
