"""What stands out of each candidate, in a few lines: where it is clearly behind the best, and what it leaked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from aigc_eval.records import Bilingual, Estimate, MetricFacts, PluginFacts, Run
from aigc_eval.report.numbers import count, figure
from aigc_eval.report.words import both, label_words, metric_title, say, scorer_title

__all__ = ["behind", "glance"]

MOST_METRICS = 5
MOST_LABELS = 6
NOTABLE = 0.02
"""Where there is nothing to compare with, a share of faults is named from here on."""


def behind(metric: MetricFacts, row: Sequence[Estimate | None]) -> tuple[int | None, frozenset[int]]:
    """Index of the best candidate and those clearly behind it: whose interval does not overlap with the best one's.

    An interval without width has seen no variation at all and cannot set candidates apart.
    """
    whole = [
        (i, e.value, e.low, e.high)
        for i, e in enumerate(row)
        if e and e.value is not None and e.low is not None and e.high is not None and e.low < e.high
    ]
    if metric.better is None or len(whole) < 2:
        return None, frozenset()
    if metric.better == "lower":
        best = min(whole, key=lambda e: e[1])
        beaten = frozenset(i for i, _, low, _ in whole if low > best[3])
    else:
        best = max(whole, key=lambda e: e[1])
        beaten = frozenset(i for i, _, _, high in whole if high < best[2])
    return best[0], beaten


@dataclass(frozen=True)
class _Notable:
    """One metric in which a candidate stands out, by how far; `best` is None without others to compare with."""

    title: Bilingual
    value: float
    best: float | None
    unit: str

    @property
    def gap(self) -> float:
        return abs(self.value - (self.best or 0.0))

    def words(self) -> Bilingual:
        if self.best is None:
            return say("glance.alone", metric=self.title, value=figure(self.value, self.unit))
        figures = {"value": figure(self.value, self.unit), "best": figure(self.best, self.unit)}
        return say("glance.metric", metric=self.title, **figures)


def glance(run: Run) -> list[tuple[str, list[Bilingual]]]:
    """Each candidate's lines, one a scorer; a single line that says so where nothing stands out."""
    found = {(e.candidate, e.scorer, e.metric): e for e in run.estimates if not e.slice}
    told = []
    for i, candidate in enumerate(run.candidates):
        lines = []
        for scorer in run.scorers:
            row = _row_of(run, scorer, found)
            notable = sorted(_notable(scorer, row, i), key=lambda n: -n.gap)[:MOST_METRICS]
            lines += [_line(scorer, [n.words() for n in notable])] if notable else []
            lines += _leaks(run, scorer, candidate.name)
        told.append((candidate.name, lines or [say("glance.nothing")]))
    return told


Row = Callable[[MetricFacts], list[Estimate | None]]


def _row_of(run: Run, scorer: PluginFacts, found: dict[tuple[str, str, str], Estimate]) -> Row:
    return lambda metric: [found.get((c.name, scorer.name, metric.name)) for c in run.candidates]


def _notable(scorer: PluginFacts, row_of: Row, i: int) -> list[_Notable]:
    """Shares in which the candidate is clearly behind; another kind of number only if it is the scorer's main one."""
    notable = []
    for position, metric in enumerate(scorer.metrics):
        if metric.unit != "share" and position > 0:
            continue
        row = row_of(metric)
        own = row[i]
        if own is None or own.value is None:
            continue
        best, beaten = behind(metric, row)
        leader = row[best] if best is not None else None
        if i in beaten and leader is not None:
            notable.append(_Notable(metric_title(metric), own.value, leader.value, metric.unit))
        elif len(row) == 1 and metric.better == "lower" and metric.unit == "share" and own.value >= NOTABLE:
            notable.append(_Notable(metric_title(metric), own.value, None, metric.unit))
    return notable


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
