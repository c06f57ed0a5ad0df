"""What answers consist of, and what more than one of them needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aigc_eval.records import POLICY, SAFETY, Bilingual, MetricFacts, PluginFacts, Reason, Run, Verdict
from aigc_eval.report.apart import Apart, apart
from aigc_eval.report.escape import Shown
from aigc_eval.report.numbers import count
from aigc_eval.report.vocabulary import VOCABULARY
from aigc_eval.report.words import both, metric_title, say, scorer_title

__all__ = [
    "MOST",
    "Answer",
    "Line",
    "Named",
    "between",
    "capped",
    "clauses",
    "judged",
    "listed",
    "main_metrics",
    "measures",
    "pairs",
    "reasons",
    "safety",
    "say_n",
    "titles",
    "told",
    "unvalidated",
    "validated",
]

MOST = 8
"""Lines of one kind; the tables below have them all."""


@dataclass(frozen=True)
class Named:
    """A sample: its prompt, its number from 1, and where the page shows it ("" where it does not)."""

    prompt: Shown
    number: int
    anchor: str


@dataclass(frozen=True)
class Line:
    """A sentence, and the samples that it speaks of."""

    words: Bilingual
    samples: tuple[Named, ...] = ()


@dataclass(frozen=True)
class Answer:
    """The answer to one question, by its name in the vocabulary."""

    name: str
    lines: tuple[Line, ...]

    @property
    def question(self) -> Bilingual:
        """The question."""
        return say(f"brief.{self.name}")


def listed(items: Sequence[Bilingual | str]) -> Bilingual:
    """Several in a row.

    >>> listed([Bilingual("a", "甲"), "b"]).zh
    '甲、b'
    """
    known = [Bilingual(item) if isinstance(item, str) else item for item in items]
    return both(lambda lang: say("list_comma").in_(lang).join(item.in_(lang) for item in known))


def titles(items: Sequence[Bilingual]) -> Bilingual:
    """Titles of metrics in a row, each in quotation marks."""
    return listed([say("brief.title", title=item) for item in items])


def clauses(items: Sequence[Bilingual]) -> Bilingual:
    """Several that have commas of their own."""
    return both(lambda lang: ("；" if lang == "zh" else "; ").join(item.in_(lang) for item in items))


def say_n(key: str, n: int, /, **figures: object) -> Bilingual:
    """A phrase about n things, which may have words of its own for one."""
    return say(f"{key}.one" if n == 1 and f"{key}.one" in VOCABULARY else key, n=count(n), **figures)


def capped(lines: Sequence[Line], most: int = MOST) -> list[Line]:
    """The first lines, and how many more there are."""
    if len(lines) <= most:
        return [*lines]
    return [*lines[:most], Line(say("brief.more", n=count(len(lines) - most)))]


def told(scorer: PluginFacts, metric: MetricFacts) -> Bilingual:
    """A metric by its title; with its scorer's where another scorer could have one of that title."""
    title = metric_title(metric)
    if metric.title.en:
        return title
    name = scorer_title(scorer)
    return both(
        lambda lang: f"{name.in_(lang)}: {title.in_(lang)}" if lang == "en" else f"{name.zh or name.en} {title.zh}"
    )


def judged(run: Run) -> list[str]:
    """The candidates that gates judge, in the run's order."""
    names = {v.candidate for v in run.verdicts if v.candidate != POLICY}
    return [c.name for c in run.candidates if c.name in names]


def safety(scorer: PluginFacts) -> bool:
    """Whether a scorer looks for harm."""
    return bool(SAFETY & {*scorer.dimensions})


def main_metrics(run: Run, scorer: PluginFacts) -> list[MetricFacts]:
    """The first metric with a good direction, and those that gates name."""
    ranked = [m for m in scorer.metrics if m.better is not None]
    gated = {v.estimate.metric for v in run.verdicts if v.estimate and v.estimate.scorer == scorer.name}
    return [m for i, m in enumerate(ranked) if i == 0 or m.name in gated]


def measures(run: Run, *, harm: bool) -> Iterator[tuple[PluginFacts, MetricFacts]]:
    """The main metrics of the scorers that look for harm, or of the others."""
    for scorer in run.scorers:
        if safety(scorer) == harm:
            yield from ((scorer, metric) for metric in main_metrics(run, scorer))


def pairs(run: Run) -> list[tuple[str, str]]:
    """Each candidate that is compared, and with which."""
    return list(dict.fromkeys((d.candidate, d.against) for d in run.differences))


def between(run: Run, candidate: str, *, harm: bool) -> list[tuple[Bilingual, Apart | None]]:
    """How far a candidate is from the one it is compared with, by each main metric; None where nothing is known."""
    found = apart(run)
    return [(told(s, m), found.get((candidate, s.name, m.name))) for s, m in measures(run, harm=harm)]


def validated(run: Run) -> set[str]:
    """The scorers whose validation the policy asked for and found good."""
    return {name for verdict in _validations(run) if verdict.status == "pass" for name in [_scorer_of(verdict)]}


def unvalidated(run: Run) -> list[PluginFacts]:
    """The scorers of which nobody has shown how often they err: neither a validation of the policy's nor a card."""
    lost = {_scorer_of(v) for v in _validations(run) if v.status != "pass"}
    known = validated(run) - lost
    carded = {card.identity for card in run.cards} - {s.identity for s in run.scorers if s.name in lost}
    return [s for s in run.scorers if s.name not in known and s.identity not in carded and s.sees != "call"]


def _validations(run: Run) -> list[Verdict]:
    return [v for v in run.verdicts if v.candidate == POLICY and v.gate.startswith("validated: ")]


def _scorer_of(verdict: Verdict) -> str:
    return verdict.gate.removeprefix("validated: ").partition(" [")[0]


def reasons(run: Run, *codes: str) -> list[Reason]:
    """The run's reasons with these codes."""
    return [r for r in run.reasons if r.code in codes]
