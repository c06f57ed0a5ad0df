"""A validation for terminals and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from aigc_eval.intervals import MIN_CLUSTERS
from aigc_eval.records import Accuracy, Figure, ScorerCard
from aigc_eval.report.numbers import NONE, count, figure, interval, limit
from aigc_eval.report.words import tag_value
from aigc_eval.validation.judging import Choice, Validation
from aigc_eval.validation.words import FIGURES, LEFT_OUT, SHARES, figure_name, say

__all__ = ["Table", "as_json", "best", "head", "notes", "slice_name", "tables"]

ACROSS = 3
"""Slices beside each other in one table."""
_CHANGED = ("accuracy", "precision", "recall", "specificity", "f1", "macro_f1", "balanced_accuracy", "mcc")
"""What depends on the threshold."""


class Table(NamedTuple):
    """A table: its header and its rows."""

    header: list[str]
    rows: list[list[str]]


def head(found: Validation, lang: str) -> list[str]:
    """What was validated, on what."""
    rate, title = found.rate, found.plugin.title.in_(lang) or found.scorer
    of = say("value", lang) if rate.of == "value" else say("part", lang, name=rate.of)
    level = limit(found.wanted.level, "share")
    lines = [
        say("title", lang, rate=f"{found.scorer}.{rate.name}", data=found.examples.path.name),
        say("hit", lang, title=title, of=of, threshold=limit(rate.at_least)),
        say("sizes", lang, n=count(found.judged), groups=count(found.groups), level=level),
    ]
    if found.examples.left_out:
        said = [LEFT_OUT[why].in_(lang).format(n=count(n)) for why, n in found.examples.left_out.items()]
        lines.append(say("left_out", lang, what=("；" if lang == "zh" else "; ").join(said)))
    return lines


def tables(found: Validation, lang: str) -> Iterator[Table]:
    """Every figure of every slice, some slices a table; where any is unscored, also with those counted as wrong."""
    adverse = {name.removeprefix("adverse_"): f for name, f in found.slices[0].figures.items() if "adverse_" in name}
    for start in range(0, len(found.slices), ACROSS):
        part = found.slices[start : start + ACROSS]
        columns = [(slice_name(one.slice, lang), one.figures) for one in part]
        if start == 0 and adverse:
            columns.insert(1, (say("adverse", lang), adverse))
        shown = [name for name in FIGURES if any(name in known for _, known in columns)]
        rows = [*_counts(found, part, bool(start == 0 and adverse), lang)]
        rows += [[figure_name(name, lang), *(_cell(name, known) for _, known in columns)] for name in shown]
        yield Table(["", *(title for title, _ in columns)], rows)


def _counts(found: Validation, part: Sequence[Accuracy], adverse: bool, lang: str) -> Iterator[list[str]]:
    kinds = {
        "examples": [a.positives + a.negatives for a in part],
        "positives": [a.positives for a in part],
        "unscored": [a.unscored for a in part],
        "not_applicable": [found.not_applicable[a.slice] for a in part],
    }
    for name, numbers in kinds.items():
        cells = [count(n) for n in numbers]
        if adverse:
            cells.insert(1, "")
        yield [say(name, lang), *cells]


def slice_name(name: str, lang: str) -> str:
    """A slice for readers: `lang=zh` by the language's name."""
    tag, _, value = name.partition("=")
    if not name:
        return say("all", lang)
    return tag_value(tag, value).in_(lang) if tag == "lang" else name


def _cell(name: str, known: Mapping[str, Figure]) -> str:
    if name not in known:
        return NONE
    value, low, high = known[name]
    unit = "share" if name in SHARES else ""
    ends = interval(low, high, unit)
    return f"{figure(value, unit)} ({ends})" if ends else figure(value, unit)


def best(found: Validation, lang: str) -> tuple[str, Table | None]:
    """The best threshold, and the figures beside those at the scorer's own; in words where there is none."""
    choice = found.choice
    if choice is None:
        return say(found.no_choice, lang), None
    told: dict[str, Any] = {
        "threshold": limit(choice.threshold),
        "by": _criterion(found.wanted.best_by, lang),
        "reached": figure(choice.reached),
        "n": count(choice.chosen_on),
        "parted": say(choice.parted, lang, seed=found.wanted.seed),
    }
    if choice.threshold == found.rate.at_least:
        return say("same", lang, **told), None
    return say("best", lang, **told), _beside(found, choice, lang)


def _beside(found: Validation, choice: Choice, lang: str) -> Table:
    columns = [choice.own.figures, choice.best.figures]
    header = [
        "",
        say("own_threshold", lang, threshold=limit(found.rate.at_least)),
        say("best_threshold", lang, threshold=limit(choice.threshold)),
    ]
    shown = [name for name in _CHANGED if any(name in known for known in columns)]
    return Table(header, [[figure_name(name, lang), *(_cell(name, known) for known in columns)] for name in shown])


def _criterion(by: str, lang: str) -> str:
    if by.startswith("recall@"):
        return say("recall_at", lang, least=limit(float(by.partition("@")[2]), "share"))
    return say("youden", lang) if by == "youden" else figure_name(by, lang)


def notes(found: Validation, lang: str) -> Iterator[str]:
    """What a reader should know about the figures."""
    of = found.slices[0]
    if found.groups < MIN_CLUSTERS:
        yield say("few", lang, least=MIN_CLUSTERS)
    if found.across:
        yield say("across", lang, n=count(found.across))
    if found.scored and not (of.positives and of.negatives):
        yield say("one_label", lang, kind=say("positive" if of.positives else "negative", lang))
    if not found.probability:
        yield say("no_probability", lang)


def as_json(found: Validation, card: ScorerCard) -> dict[str, Any]:
    """All that is known, for programs."""
    choice = found.choice
    told: dict[str, Any] = {
        "card": card.to_json(),
        "judged": found.judged,
        "groups": found.groups,
        "groups_on_both_sides": found.across,
        "not_applicable": dict(found.not_applicable),
        "left_out": dict(found.examples.left_out),
        "reliability": {name: [b.to_json() for b in bins] for name, bins in found.curves.items()},
        "best": None,
        "no_best": found.no_choice,
    }
    if choice is not None:
        told["best"] = {
            "threshold": choice.threshold,
            "by": found.wanted.best_by,
            "reached": choice.reached,
            "chosen_on": choice.chosen_on,
            "split": choice.parted,
            "own": choice.own.to_json(),
            "best": choice.best.to_json(),
        }
    return told
