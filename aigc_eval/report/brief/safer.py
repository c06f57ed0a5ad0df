"""Which candidate is safer, and by how much: over the metrics of the scorers that look for harm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aigc_eval.records import DIMENSIONS, SAFETY, Bilingual, Estimate, MetricFacts, Run, Verdict
from aigc_eval.report.apart import Apart, apart, leader
from aigc_eval.report.brief.lines import Line, between, capped, clauses, judged, listed, measures, pairs, titles, told
from aigc_eval.report.numbers import count, figure, interval
from aigc_eval.report.view import border_of
from aigc_eval.report.words import both, direction, say, unit_name

__all__ = ["much", "safer"]


def safer(run: Run) -> tuple[Line, ...]:
    """Which candidate is safer than which, and what the gates say of those up for release."""
    return (*_compared(run), *_gated(run))


def _compared(run: Run) -> list[Line]:
    if not list(measures(run, harm=True)):
        names = listed([say(f"dimension.{d}") for d in DIMENSIONS if d in SAFETY])
        return [Line(say("brief.safer.no_scorer", dimensions=names))]
    if len(run.candidates) == 1:
        return [Line(say("brief.safer.one", candidate=run.candidates[0].name))]
    found = [(other, one, line) for one, other in pairs(run) for line in _pair(run, one, other)]
    return capped(_gathered(found)) or [Line(say("brief.safer.no_answers"))]


def _gathered(found: Sequence[tuple[str, str, Line | _Alike]]) -> list[Line]:
    """The sentences on each pair; those that say the same of several candidates, and nothing else, become one."""
    names: dict[tuple[str, _Alike], list[str]] = {}
    for other, one, line in found:
        if isinstance(line, _Alike):
            names.setdefault((other, line), []).append(one)
    lines = []
    for other, one, line in found:
        if isinstance(line, Line):
            lines.append(line)
        elif names[other, line][0] == one:
            lines.append(Line(line.words(names[other, line], other)))
    return lines


@dataclass(frozen=True)
class _Alike:
    """No clear difference, in these metrics."""

    metrics: Bilingual

    def words(self, names: Sequence[str], other: str) -> Bilingual:
        if len(names) == 1:
            return say("brief.safer.alike", one=names[0], other=other, metrics=self.metrics)
        return say("brief.safer.alike.many", names=listed(names), other=other, metrics=self.metrics)


def _pair(run: Run, candidate: str, against: str) -> Iterator[Line | _Alike]:
    """One candidate and the one that it is compared with."""
    found = between(run, candidate, harm=True)
    known = [(title, d) for title, d in found if d is not None and d.difference.low is not None]
    names = {"one": candidate, "other": against}
    if not known:
        yield Line(say("brief.safer.unknown", metrics=titles([title for title, _ in found]), **names))
        return
    won = {name: [title for title, d in known if leader(d) == name] for name in (candidate, against)}
    alike = [title for title, d in known if not d.clear]
    if won[candidate] and won[against]:
        lists = {"metrics": titles(won[candidate]), "others": titles(won[against])}
        yield Line(say("brief.safer.mixed", **names, **lists))
    elif won[candidate] or won[against]:
        best, other = (candidate, against) if won[candidate] else (against, candidate)
        yield Line(say("brief.safer.better", best=best, other=other, metrics=titles(won[best])))
    else:
        yield _Alike(titles(alike))
        return
    if alike:
        yield Line(say("brief.safer.also_alike", metrics=titles(alike)))


def _gated(run: Run) -> list[Line]:
    if not run.verdicts:
        return [Line(say("brief.safer.no_gates"))]
    lines = []
    for name in judged(run):
        own = [v for v in run.verdicts if v.candidate == name]
        counts = Counter(v.status for v in own)
        waived = sum(v.waiver is not None for v in own)
        figures = {
            "total": len(own),
            "passed": counts["pass"],
            "failed": counts["fail"],
            "open": counts["undetermined"],
            "waived": waived,
        }
        key = "brief.safer.gates" if waived else "brief.safer.gates.plain"
        lines.append(Line(say(key, candidate=name, **{k: count(n) for k, n in figures.items()})))
    return capped(lines)


def much(run: Run) -> tuple[Line, ...]:
    """The numbers of the safety metrics, and how far apart they are."""
    found = run.overall()
    if len(run.candidates) == 1:
        lines = [line for s, m in measures(run, harm=True) for line in _alone(run, found, s.name, told(s, m), m)]
    else:
        lines = _side_by_side(run, found)
    return (*(capped(lines) or [Line(say("brief.much.nothing"))]), *_beyond(run))


Found = dict[tuple[str, str, str], Estimate]


def _alone(run: Run, found: Found, scorer: str, title: Bilingual, metric: MetricFacts) -> Iterator[Line]:
    """One candidate's number, beside the limit of the first gate on it."""
    name = run.candidates[0].name
    own = found.get((name, scorer, metric.name))
    if own is None or own.value is None:
        return
    figures = {"metric": title, "value": _number(own.value, metric.unit)}
    span = interval(own.low, own.high, metric.unit)
    gate = next((v for v in run.verdicts if _on(v, name, scorer, metric.name)), None)
    border = border_of(gate.zone, metric.unit) if gate else ""
    if not span:
        yield Line(say("brief.much.value", **figures))
    elif border:
        yield Line(say("brief.much.limit", interval=span, limit=border, **figures))
    else:
        yield Line(say("brief.much.one", interval=span, **figures))


def _on(verdict: Verdict, candidate: str, scorer: str, metric: str) -> bool:
    """Whether a gate limits the metric over all prompts."""
    own = verdict.estimate
    if own is None or own.slice or own.against or verdict.candidate != candidate or direction(verdict) is None:
        return False
    return (own.scorer, own.metric) == (scorer, metric)


def _side_by_side(run: Run, found: Found) -> list[Line]:
    distances = apart(run)
    lines = []
    for scorer, metric in measures(run, harm=True):
        for candidate, against in pairs(run):
            own, other = (found.get((name, scorer.name, metric.name)) for name in (candidate, against))
            if own is None or other is None or (own.value is None and other.value is None):
                continue
            figures = {
                "metric": told(scorer, metric),
                "candidate": candidate,
                "against": against,
                "value": _number(own.value, metric.unit),
                "other": _number(other.value, metric.unit),
            }
            lines.append(Line(_distance(distances.get((candidate, scorer.name, metric.name)), figures)))
    return lines


def _distance(distance: Apart | None, figures: dict[str, object]) -> Bilingual:
    if distance is None or not distance.interval:
        return say("brief.much.bare", verdict=say("apart.unknown"), **figures)
    told = {"difference": distance.value, "interval": distance.interval, "verdict": distance.words()}
    return say("brief.much.two", **figures, **told)


def _beyond(run: Run) -> list[Line]:
    """Clear differences in what is not about harm."""
    many = len(run.candidates) > 2
    items = [
        say("brief.much.item", metric=title, difference=d.value, verdict=d.ranked() if many else d.words())
        for candidate, _ in pairs(run)
        for title, d in between(run, candidate, harm=False)
        if d is not None and d.clear
    ]
    if not items:
        return []
    return [Line(say("brief.much.beyond", items=clauses(items)))]


def _number(value: float | None, unit: str) -> Bilingual:
    name, printed = unit_name(unit), figure(value, unit)
    return both(lambda lang: f"{printed} {name.in_(lang)}" if name.en else printed)
