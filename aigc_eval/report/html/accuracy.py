"""How good the scorers are, what their rates become once corrected, and what people labelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from aigc_eval.records import Accuracy, Bilingual, Correction, Labelled, PluginFacts, Run, ScorerCard
from aigc_eval.report.beside import uncovered
from aigc_eval.report.html.charts import Album, Picture, reliability
from aigc_eval.report.numbers import NONE, count, figure, interval
from aigc_eval.report.page import Page
from aigc_eval.report.view import Cell, aloud, cell
from aigc_eval.report.words import both, level, metric_title, say, scorer_title, sentence, spoken, tag_value

__all__ = ["section"]

_SHOWN = ("recall", "specificity", "auc")
"""Figures of a card that the table shows; recall is the sensitivity."""
_LANG = "lang="


@dataclass(frozen=True)
class CardLine:
    """A scorer on labelled examples of one language, or on all of them."""

    scorer: Bilingual
    metric: Bilingual
    group: Bilingual
    cells: tuple[Cell, ...]
    size: Bilingual
    unscored: Bilingual
    data: str
    digest: str


@dataclass(frozen=True)
class RateLine:
    """One rate of one candidate: raw, corrected and from labels; `remarks` say what is wrong with it."""

    candidate: str
    position: int
    title: Bilingual
    cells: tuple[Cell, ...]
    remarks: tuple[Bilingual, ...]


@dataclass(frozen=True)
class SheetLine:
    """What became of one sheet."""

    title: Bilingual
    labelled: Bilingual
    core: Bilingual
    raters: str
    agreement: tuple[tuple[Bilingual, Cell], ...]


@dataclass(frozen=True)
class Curve:
    """The reliability curve of one card."""

    title: Bilingual
    label: str
    picture: Picture


def section(page: Page) -> dict[str, Any]:
    """What the template prints; nothing where no scorer could be validated at all."""
    run, album = page.run, Album.of(page)
    by_identity = {s.identity: s for s in run.scorers}
    known = [(by_identity[c.identity], c) for c in run.cards if c.identity in by_identity]
    return {
        "accuracy_cards": [line for scorer, card in known for line in _card(scorer, card)],
        "accuracy_sets": [*{card.data: card.note for _, card in known if card.note}.items()],
        "accuracy_note": say("accuracy.note", level=level(run)),
        "accuracy_without": _without(page),
        "accuracy_curves": [
            Curve(_title(s, c), _spelled(c), album.add(reliability(c.reliability))) for s, c in known if c.reliability
        ],
        "accuracy_rates": _rates(run),
        "accuracy_sheets": [_sheet(run, found) for found in run.labelled],
    }


def _title(scorer: PluginFacts, card: ScorerCard) -> Bilingual:
    return next((metric_title(m) for m in scorer.metrics if m.name == card.metric), Bilingual(card.metric))


def _without(page: Page) -> Bilingual:
    """Scorers with languages of outputs that no card of theirs covers; who reads counts only is told no language."""
    if page.edition == "public":
        validated = {card.identity for card in page.run.cards}
        found = [scorer_title(s) for s in page.run.scorers if s.dimensions and s.identity not in validated]
    else:
        told = ((scorer_title(s), spoken(languages)) for s, languages in uncovered(page.run))
        found = [say("accuracy.without.item", scorer=title, languages=languages) for title, languages in told]
    items = Bilingual("; ".join(f.en for f in found), "；".join(f.in_("zh") for f in found))
    return say("accuracy.without", items=items) if found else Bilingual("")


def _card(scorer: PluginFacts, card: ScorerCard) -> list[CardLine]:
    languages = [a for a in card.slices if a.slice.startswith(_LANG)]
    shown = languages if len(languages) > 1 else [*languages, *card.slices][:1]
    return [_line(scorer, card, accuracy) for accuracy in shown]


def _line(scorer: PluginFacts, card: ScorerCard, found: Accuracy) -> CardLine:
    group = say("accuracy.all") if not found.slice else tag_value("lang", found.slice.removeprefix(_LANG))
    return CardLine(
        scorer_title(scorer),
        _title(scorer, card),
        group,
        tuple(_figure(found, name) for name in _SHOWN),
        say("accuracy.of", n=count(found.positives + found.negatives), positives=count(found.positives)),
        say("accuracy.unscored", n=count(found.unscored)) if found.unscored else Bilingual(""),
        card.data,
        card.sha256[:12],
    )


def _figure(found: Accuracy, name: str) -> Cell:
    if name not in found.figures:
        return Cell(NONE)
    value, low, high = found.figures[name]
    unit = "" if name == "auc" else "share"
    return Cell(figure(value, unit), interval(low, high, unit))


def _spelled(card: ScorerCard) -> str:
    """The curve in words, for those who do not see it."""
    bins = [b for b in card.reliability if b.n]
    return aloud([figure(b.mean) for b in bins], [Cell(figure(b.share, "share"), f"n = {count(b.n)}") for b in bins])


def _rates(run: Run) -> list[RateLine]:
    """A line for each rate over all outputs that has a correction, or a reason for having none."""
    found = {(c.candidate, c.scorer, c.metric, c.kind): c for c in run.corrections if not c.slice}
    rates = dict.fromkeys(key[:3] for key in found)
    raw = run.overall()
    position = {c.name: i for i, c in enumerate(run.candidates)}
    titles = {(s.name, m.name): metric_title(m) for s in run.scorers for m in s.metrics}
    return [
        RateLine(
            candidate,
            position.get(candidate, 0),
            titles.get((scorer, metric), Bilingual(f"{scorer}.{metric}")),
            (
                cell(raw.get((candidate, scorer, metric)), "share"),
                *(_corrected(found.get((candidate, scorer, metric, kind))) for kind in ("corrected", "ppi")),
            ),
            tuple(_remarks([found[k] for k in found if k[:3] == (candidate, scorer, metric)])),
        )
        for candidate, scorer, metric in rates
    ]


def _corrected(found: Correction | None) -> Cell:
    if found is None or found.value is None:
        return Cell(NONE)
    return Cell(figure(found.value, "share"), interval(found.low, found.high, "share"))


def _remarks(found: Sequence[Correction]) -> list[Bilingual]:
    said = []
    for one in found:
        if one.value is None and one.reason:
            said.append(both(partial(sentence, one.why, unit="share")))
        if one.below_floor:
            said.append(say("accuracy.below_floor", floor=figure(one.floor, "share")))
    return said


def _sheet(run: Run, found: Labelled) -> SheetLine:
    scorer = next((s for s in run.scorers if s.name == found.scorer), None)
    titles = [metric_title(m) for m in scorer.metrics if m.name == found.metric] if scorer else []
    return SheetLine(
        titles[0] if titles else Bilingual(f"{found.scorer}.{found.metric}"),
        say("accuracy.part", n=count(found.labelled), all=count(found.items)),
        say("accuracy.part", n=count(found.core_labelled), all=count(found.core)),
        ", ".join(found.raters),
        tuple((say(f"accuracy.{a.name}"), Cell(figure(a.value), interval(a.low, a.high))) for a in found.agreement),
    )
