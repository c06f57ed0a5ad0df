"""The sign-off: who decided what, how often flags were right, how far reviewers agree, what is to be fixed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aigc_eval.records import DECISIONS, Bilingual, Precision, Review, Run
from aigc_eval.report.flags import flags_of
from aigc_eval.report.numbers import count, figure, interval, limit
from aigc_eval.report.page import Page
from aigc_eval.report.words import say, scorer_title

__all__ = ["Sheet", "Signoff", "lines", "signoff"]

MOST_PAIRS = 10
MOST_FIXES = 50


@dataclass(frozen=True)
class Sheet:
    """One reviewer's decisions from one file: how many of each kind, when made, when recorded."""

    reviewer: str
    counts: tuple[str, ...]
    decided: Bilingual
    recorded: str
    file: str


@dataclass(frozen=True)
class Line:
    """What the decisions say of one scorer's flags."""

    title: Bilingual
    reviewed: Bilingual
    cells: tuple[str, ...]
    share: str
    interval: str


@dataclass(frozen=True)
class Pair:
    """Two reviewers; `kappa` is "" where it is undefined."""

    one: str
    other: str
    flags: str
    same: str
    kappa: str
    interval: str


@dataclass(frozen=True)
class Fix:
    """An output that must not stay as it is."""

    candidate: str
    prompt: str
    sample: int
    scorer: Bilingual
    reviewer: str
    note: str


@dataclass(frozen=True)
class Signoff:
    """All of it, as printed."""

    sheets: tuple[Sheet, ...]
    precision: tuple[Line, ...]
    precision_note: Bilingual
    disputed: bool
    pairs: tuple[Pair, ...]
    more_pairs: Bilingual
    fixes: tuple[Fix, ...]
    more_fixes: Bilingual
    left_out: tuple[Bilingual, ...]


def signoff(page: Page) -> Signoff:
    """What the page prints of its run, whose texts are masked already; they still have to be escaped."""
    run, told = page.run, page.run.reviewed
    flags = _flags(run) if told.precision and page.edition != "public" else {}
    level = limit(told.precision[0].level if told.precision else 0.95, "share")
    to_fix = [r for r in run.reviews if r.decision == "needs_fix"]
    return Signoff(
        tuple(_sheets(run.reviews)),
        tuple(_line(run, p, flags.get(p.scorer)) for p in told.precision),
        say("signoff.precision_note", level=level),
        any(p.disputed for p in told.precision),
        tuple(
            Pair(c.one, c.other, count(c.flags), count(c.same), _number(c.kappa), interval(c.low, c.high))
            for c in told.agreement[:MOST_PAIRS]
        ),
        _more("signoff.more_pairs", len(told.agreement) - MOST_PAIRS),
        tuple(_fixes(run, to_fix[:MOST_FIXES])),
        _more("signoff.more_fixes", len(to_fix) - MOST_FIXES),
        tuple(
            say(f"signoff.{name}", n=count(n))
            for name, n in (("superseded", told.superseded), ("outdated", told.outdated))
            if n
        ),
    )


def _number(value: float | None) -> str:
    return "" if value is None else figure(value)


def _more(key: str, n: int) -> Bilingual:
    return say(key, n=count(n)) if n > 0 else Bilingual("")


def _sheets(reviews: Sequence[Review]) -> list[Sheet]:
    groups: dict[tuple[str, str], list[Review]] = {}
    for review in reviews:
        groups.setdefault((review.reviewer, review.file), []).append(review)
    return [
        Sheet(
            reviewer,
            tuple(count(sum(r.decision == kind for r in own)) for kind in DECISIONS),
            _period(sorted(r.at for r in own)),
            _minute(own[0].imported),
            file,
        )
        for (reviewer, file), own in groups.items()
    ]


def _period(times: Sequence[str]) -> Bilingual:
    first, last = _minute(times[0]), _minute(times[-1])
    if first[:10] == last[:10]:
        return Bilingual(first if first == last else f"{first}–{last[11:]}")
    return say("signoff.period", first=first, last=last)


def _minute(text: str) -> str:
    """A time without its seconds.

    >>> _minute("2026-11-23T03:59:00Z")
    '2026-11-23 03:59'
    """
    return text[:16].replace("T", " ")


def _flags(run: Run) -> dict[str, int]:
    """How many outputs each scorer flags, but those that it could not score."""
    found = flags_of(run)
    return {s.name: int(n) for s, n in zip(found.scorers, (found.about & ~found.failed).sum(axis=0), strict=True)}


def _line(run: Run, found: Precision, flags: int | None) -> Line:
    reviewed = (
        say("signoff.of", n=count(found.reviewed), all=count(flags)) if flags else Bilingual(count(found.reviewed))
    )
    return Line(
        _title(run, found.scorer),
        reviewed,
        tuple(map(count, (found.confirmed, found.to_fix, found.disputed))),
        figure(found.value, "share"),
        interval(found.low, found.high, "share"),
    )


def _title(run: Run, scorer: str) -> Bilingual:
    return next((scorer_title(s) for s in run.scorers if s.name == scorer), Bilingual(scorer))


def _fixes(run: Run, reviews: Sequence[Review]) -> list[Fix]:
    return [Fix(r.candidate, r.prompt, r.sample + 1, _title(run, r.scorer), r.reviewer, r.note) for r in reviews]


def lines(run: Run) -> list[Bilingual]:
    """The decisions in a line a scorer, for reports without tables of them; empty where there are none.

    "Toxicity: of 24 flags reviewed, 20 confirmed, 83.3 % [62.6–95.3 %]; the measured number stands."
    """
    return [
        say(
            "signoff.line",
            scorer=_title(run, p.scorer),
            n=count(p.reviewed),
            k=count(p.confirmed),
            value=figure(p.value, "share"),
            interval=interval(p.low, p.high, "share"),
        )
        for p in run.reviewed.precision
    ]
