"""What the HTML page shows, section by section, as values that the template only has to print."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from aigc_eval.detectable import POWER, detectable
from aigc_eval.records import Bilingual, Estimate, MetricFacts, Outcome, Reason, Run, Verdict, Zone
from aigc_eval.report.apart import Apart, apart, leader
from aigc_eval.report.numbers import NONE, count, difference_of, figure, interval, limit
from aigc_eval.report.remarks import Remark
from aigc_eval.report.words import (
    ARROWS,
    SIGNS,
    both,
    gate_reason,
    gate_title,
    gate_unit,
    level,
    method,
    metric_facts,
    metric_title,
    say,
    scorer_title,
    source_words,
    spoken,
    unit_name,
)

__all__ = [
    "aloud",
    "candidate_states",
    "compare_note",
    "comparisons",
    "gate_groups",
    "method_line",
    "methods",
    "policy",
]

STATUSES = ("pass", "fail", "undetermined")
_URGENT = ("fail", "undetermined", "pass")


@dataclass(frozen=True)
class GateLine:
    """One gate of one candidate; `detectable` is the small print on what the run could have seen."""

    status: str
    sign: str
    title: Bilingual
    text: str
    counts: Bilingual
    detectable: Bilingual
    observed: str
    interval: str
    limit: str
    label: str
    reasons: tuple[Bilingual, ...]
    estimate: Estimate | None
    zone: Zone
    bounds: Zone

    def told(self, lang: str) -> str:
        """The reasons and the small print in one line."""
        said = (words.in_(lang) for words in (*self.reasons, self.detectable) if words.en)
        return ("；" if lang == "zh" else "; ").join(said)


@dataclass(frozen=True)
class Cell:
    """A value and its interval, printed."""

    value: str
    interval: str = ""


@dataclass(frozen=True)
class MetricLine:
    """One metric, all candidates.

    `apart` is how far each is from the reference, None for that one and where nothing is known; of two candidates,
    `verdict` says which is better, and `best` is the index of the one that clearly is.
    """

    title: Bilingual
    arrow: str
    unit: Bilingual
    cells: tuple[Cell, ...]
    label: str
    apart: tuple[Apart | None, ...]
    verdict: Bilingual
    best: int | None
    row: tuple[Estimate | None, ...]
    bounds: Zone


def cell(estimate: Estimate | None, unit: str) -> Cell:
    """An estimate as printed."""
    if estimate is None:
        return Cell(NONE)
    return Cell(figure(estimate.value, unit), interval(estimate.low, estimate.high, unit))


def aloud(names: Sequence[str], cells: Sequence[Cell]) -> str:
    """What a picture of some candidates' numbers says, for those who do not see it."""
    return "; ".join(f"{n} {c.value} ({c.interval or NONE})" for n, c in zip(names, cells, strict=True))


def gate_groups(run: Run) -> list[tuple[str, list[GateLine]]]:
    """The gates of each candidate: those that fail first, then those undetermined, then those that pass."""
    names = dict.fromkeys(v.candidate for v in run.verdicts)
    urgent = sorted(run.verdicts, key=lambda v: _URGENT.index(v.status))
    return [(name, [_gate_line(run, v) for v in urgent if v.candidate == name]) for name in names]


def _gate_line(run: Run, verdict: Verdict) -> GateLine:
    estimate, unit = verdict.estimate, gate_unit(run, verdict)
    found = metric_facts(run).get((estimate.scorer, estimate.metric)) if estimate else None
    bounds = found[1].bounds if found and not (estimate and estimate.against) else (None, None)
    printed = cell(estimate, unit)
    border = border_of(verdict.zone, unit)
    counts = Bilingual("")
    if estimate:
        figures = {k: count(getattr(estimate, k)) for k in ("scored", "planned", "prompts")}
        counts = say("counts", **figures)
    return GateLine(
        verdict.status,
        SIGNS.get(verdict.status, "?"),
        gate_title(run, verdict),
        verdict.gate if estimate else "",
        counts,
        _detectable(verdict, unit),
        printed.value,
        printed.interval,
        border,
        f"{printed.value} ({printed.interval or NONE}), {border}",
        (*(_reason(run, verdict, r) for r in verdict.reasons), *waived(verdict)),
        estimate,
        verdict.zone,
        bounds,
    )


def _detectable(verdict: Verdict, unit: str) -> Bilingual:
    """The smallest difference that the run could have seen; nothing where it could have seen none."""
    found = detectable(verdict.estimate, verdict.zone) if verdict.estimate else None
    if found is None:
        return Bilingual("")
    return say("detectable", difference=figure(found, difference_of(unit)), power=limit(POWER, "share"))


def _reason(run: Run, verdict: Verdict, reason: Reason) -> Bilingual:
    return both(lambda lang: gate_reason(run, verdict, reason, lang))


def border_of(zone: Zone, unit: str) -> str:
    """The limits of a zone.

    >>> border_of((None, 0.01), "share"), border_of((-0.02, 0.02), "share"), border_of((None, None), "")
    ('≤ 1 %', '−2 % … 2 %', '')
    """
    low, high = (None if end is None else limit(end, unit) for end in zone)
    if low is not None and high is not None:
        return f"{low} … {high}"
    return f"≤ {high}" if high is not None else f"≥ {low}" if low is not None else ""


def waived(verdict: Verdict) -> tuple[Bilingual, ...]:
    """Who has given leave for the gate not to pass, why, and until when; nothing where nobody has."""
    leave = verdict.waiver
    if leave is not None and not leave.owner:  # nobody gives leave without a name: this edition does not tell it
        return (say("waived.untold", expires=leave.expires),)
    return () if leave is None else (say("waived", owner=leave.owner, reason=leave.reason, expires=leave.expires),)


def candidate_states(run: Run) -> list[tuple[str, str, str, Bilingual]]:
    """Each candidate's name, worst gate status, sign and word; not_gated where no gate judges it."""
    found = []
    for candidate in run.candidates:
        own = {v.counts_as for v in run.verdicts if v.candidate == candidate.name}
        status = next((s for s in _URGENT if s in own), "not_gated")
        found.append((candidate.name, status, SIGNS[status], say(status)))
    return found


def status_counts(run: Run) -> list[tuple[str, int, Bilingual]]:
    """How many gates passed, failed and are open, and how many do not pass but are waived, where any are."""
    counts = Counter("waived" if v.waiver else str(v.status) for v in run.verdicts)
    shown = [*STATUSES, *(["waived"] if counts["waived"] else [])]
    words = {"undetermined": "open", "waived": "waived.word"}
    return [(s, counts[s], say(words.get(s, s))) for s in shown]


def comparisons(run: Run) -> list[tuple[Bilingual, list[MetricLine]]]:
    """The metrics of each scorer over all rows, candidates side by side, where anyone has a value."""
    found, distances = run.overall(), apart(run)
    groups = []
    for scorer in run.scorers:
        lines = []
        for metric in scorer.metrics:
            keys = [(c.name, scorer.name, metric.name) for c in run.candidates]
            row = tuple(found.get(key) for key in keys)
            if any(e and e.value is not None for e in row):
                lines.append(_metric_line(run, metric, row, tuple(distances.get(key) for key in keys)))
        if lines:
            groups.append((scorer_title(scorer), lines))
    return groups


def _metric_line(
    run: Run, metric: MetricFacts, row: tuple[Estimate | None, ...], distances: tuple[Apart | None, ...]
) -> MetricLine:
    cells = tuple(cell(e, metric.unit) for e in row)
    names = [c.name for c in run.candidates]
    only = distances[1] if len(distances) == 2 else None
    return MetricLine(
        metric_title(metric),
        ARROWS[metric.better],
        unit_name(metric.unit),
        cells,
        aloud(names, cells),
        distances,
        say("no_direction") if metric.better is None else only.words() if only else say("apart.unknown"),
        names.index(leader(only)) if only and only.clear else None,
        row,
        metric.bounds,
    )


def compare_note(run: Run) -> Bilingual:
    """How to read the comparison."""
    key = {1: "compare.one", 2: "compare.note"}.get(len(run.candidates), "compare.many")
    names = next(((d.candidate, d.against) for d in run.differences), ("", ""))
    sizes = {
        family: next((d.family for d in run.differences if d.main == family and d.family), 0)
        for family in (True, False)
    }
    known = {"main": count(sizes[True]), "rest": count(sizes[False])}
    return say(key, level=level(run), candidate=names[0], against=names[1], **known)


@dataclass(frozen=True)
class MethodLine:
    """How a metric is computed."""

    name: str
    title: Bilingual
    about: Bilingual
    direction: Bilingual
    range: Bilingual
    unit: Bilingual
    interval: Bilingual
    source: Remark


@dataclass(frozen=True)
class Methods:
    """How a scorer works: its signature, what it is for, which outputs it scores, and its metrics' definitions."""

    title: Bilingual
    signature: str
    languages: Bilingual
    policy: Bilingual
    lines: tuple[MethodLine, ...]


def methods(run: Run) -> list[Methods]:
    """Each scorer's methods, in the bench's order."""
    used = {(e.scorer, e.metric): e.method for e in reversed(run.estimates) if e.method and not e.slice}
    return [
        Methods(
            scorer_title(s),
            s.signature,
            say("languages.of", languages=spoken(s.languages)),
            policy(s.outcomes),
            tuple(method_line(s.name, m, used.get((s.name, m.name), ""), level(run)) for m in s.metrics),
        )
        for s in run.scorers
    ]


def policy(outcomes: Sequence[Outcome]) -> Bilingual:
    """Which outputs are scored, and what becomes of the others."""
    comma = say("list_comma")
    named = both(lambda lang: comma.in_(lang).join(say(f"outcome.{outcome}").in_(lang) for outcome in outcomes))
    return say("policy", outcomes=named)


def method_line(scorer: str, metric: MetricFacts, used: str = "", confidence: str = "") -> MethodLine:
    """A metric's definition; `used` is the method of its interval, where one was computed, at `confidence`."""
    low, high = (say("unbounded") if b is None else Bilingual(limit(b, metric.unit)) for b in metric.bounds)
    words = method(used)
    return MethodLine(
        f"{scorer}.{metric.name}",
        metric_title(metric),
        metric.about,
        say(metric.better or "neither"),
        say("from_to", low=low, high=high),
        unit_name(metric.unit),
        both(lambda lang: f"{confidence} {words.in_(lang)}" if used else words.in_(lang)),
        source_words(metric.source),
    )
