"""What an edition tells of how good scorers are: of cards, corrected rates and people's labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypedDict

from aigc_eval.records import Correction, Labelled, Run, ScorerCard
from aigc_eval.report.rewriting import Text

__all__ = ["AccuracyFields", "counted_accuracy", "rewritten_accuracy"]


class AccuracyFields(TypedDict):
    """The fields of a run that are about its scorers' accuracy."""

    cards: tuple[ScorerCard, ...]
    labelled: tuple[Labelled, ...]
    corrections: tuple[Correction, ...]


def rewritten_accuracy(run: Run, text: Text) -> AccuracyFields:
    """The fields with every text in them that a person wrote rewritten."""
    return {
        "cards": tuple(
            replace(
                card,
                data=text(card.data),
                note=text(card.note),
                signature=text(card.signature),
                slices=tuple(replace(a, slice=text(a.slice)) for a in card.slices),
            )
            for card in run.cards
        ),
        "labelled": tuple(_renamed(found, {r: text(r) for r in _raters(found)}) for found in run.labelled),
        "corrections": tuple(replace(c, slice=text(c.slice)) for c in run.corrections),
    }


def counted_accuracy(run: Run, shown: set[str], brief: Callable[[str], str], fewest: int) -> AccuracyFields:
    """The fields without groups that are not told; raters are numbered, and a card's remarks left out."""
    return {
        "cards": tuple(
            replace(
                card,
                signature=brief(card.signature),
                note="",
                slices=tuple(a for a in card.slices if not a.slice or a.positives + a.negatives >= fewest),
            )
            for card in run.cards
        ),
        "labelled": tuple(
            _renamed(found, {r: str(n) for n, r in enumerate(_raters(found), start=1)}) for found in run.labelled
        ),
        "corrections": tuple(c for c in run.corrections if not c.slice or c.slice in shown),
    }


def _raters(found: Labelled) -> list[str]:
    return [*dict.fromkeys([*found.raters, *(rater for one in found.agreement for rater in one.raters)])]


def _renamed(found: Labelled, names: Mapping[str, str]) -> Labelled:
    return replace(
        found,
        raters=tuple(names[r] for r in found.raters),
        agreement=tuple(replace(a, raters=tuple(names[r] for r in a.raters)) for a in found.agreement),
    )
