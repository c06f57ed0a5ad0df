"""What is known of how good a run's scorers are: cards in its terms, labels in its journal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from aigc_eval.cards import matching
from aigc_eval.conclusion.terms import Terms
from aigc_eval.corrected import ENOUGH, Known, RateRows, languages_in, random_core, rates_of
from aigc_eval.estimates import view, where
from aigc_eval.gates import Gate, Validation
from aigc_eval.labels import labelled, sheets
from aigc_eval.metrics import Metric, Rate
from aigc_eval.plugin import identity_of
from aigc_eval.records import Correction, Labelled, Reason, ScorerCard, uncovered

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Accuracies", "cards_of", "labelled_in", "used"]


def cards_of(terms: Terms) -> list[ScorerCard]:
    """The cards that a run knows, those that its bench names first; none in a run of an older version."""
    return [ScorerCard.from_json(one) for one in terms.get("cards", ())]


def identities(terms: Terms) -> dict[str, str]:
    """The identity of each scorer, by its name."""
    return {name: identity_of(own["made_of"]) for name, own in terms["scorers"].items()}


def used(terms: Terms) -> tuple[ScorerCard, ...]:
    """The card of each rate of each scorer that has one."""
    cards, known = cards_of(terms), {*identities(terms).values()}
    found = {(c.identity, c.metric): matching(cards, c.identity, c.metric) for c in cards if c.identity in known}
    return tuple(card for card in found.values() if card is not None)


def labelled_in(records: Sequence[Mapping[str, Any]], rows: pd.DataFrame) -> tuple[Labelled, ...]:
    """What became of each sheet."""
    return tuple(labelled(sheet, records, rows) for sheet in sheets(records))


class Accuracies:
    """What the cards and labels of a run say of each rate of each scorer."""

    def __init__(self, terms: Terms, rows: pd.DataFrame, labelling: Sequence[Mapping[str, Any]] = ()) -> None:
        self.terms, self.rows, self.labelling = terms, rows, labelling
        self._made: dict[tuple[str, str], RateRows] = {}

    @cached_property
    def cards(self) -> list[ScorerCard]:
        """All cards that the run knows."""
        return cards_of(self.terms)

    @cached_property
    def identities(self) -> dict[str, str]:
        """Each scorer's identity."""
        return identities(self.terms)

    def known(self, scorer: str, metric: Metric) -> Known:
        """What is known of one rate."""
        card = matching(self.cards, self.identities[scorer], metric.name)
        return Known(card, self._other(scorer), random_core(self.labelling, self.rows, scorer, metric.name))

    def _other(self, scorer: str) -> bool:
        """Whether there is a card of a scorer listed by this name that is not this very one."""
        return any(c.scorer == scorer and c.identity != self.identities[scorer] for c in self.cards)

    def of(self, scorer: str, metric: Rate, rows: pd.DataFrame | None = None) -> RateRows:
        """A rate over the run's rows, or over some of them."""
        key = (scorer, metric.name)
        if key not in self._made:
            self._made[key] = RateRows(self.rows, scorer, metric, self.known(scorer, metric))
        made = self._made[key]
        return made if rows is None or rows is self.rows else RateRows(rows, scorer, metric, made.known)

    def corrections(
        self, scorer: str, metrics: Sequence[Metric], slices: Sequence[Mapping[str, str]]
    ) -> Iterator[Correction]:
        """Every rate that can be corrected, for every candidate and slice, in the order of the estimates."""
        names = [str(name) for name in self.rows["candidate"].unique()]
        for metric in rates_of(metrics):
            rate = self.of(scorer, metric)
            for tags in slices if rate.known.kinds else ():
                yield from (rate.correction(kind, name, tags) for name in names for kind in rate.known.kinds)

    def lacking(self, gate: Gate, metric: Metric, candidate: str, rows: pd.DataFrame) -> list[Reason]:
        """Why a gate that asks for a validated scorer has none; nothing for other gates."""
        if not gate.require_validated:
            return []
        own = [c for c in self.cards if c.identity == self.identities[gate.scorer]]
        if isinstance(metric, Rate):
            own = [c for c in own if c.metric == metric.name][:1]
        if not own:
            return [Reason("validated_other" if self._other(gate.scorer) else "not_validated")]
        seen = view(where(rows[rows["candidate"] == candidate], gate.where), gate.scorer, metric.reads)
        none, few = uncovered(own, languages_in(seen[seen["status"] != "na"]), ENOUGH)
        reasons = [Reason("not_validated_for", {"languages": ", ".join(none)})] if none else []
        return reasons + ([Reason("few_validated", {"languages": ", ".join(few), "needed": ENOUGH})] if few else [])

    def validations(self) -> tuple[Validation, ...]:
        """The cards as validations that a policy may ask for, language by language."""
        found = []
        for name, identity in self.identities.items():
            for card in (c for c in self.cards if c.identity == identity or c.scorer == name):
                signature = self.terms["scorers"][name]["signature"] if card.identity == identity else card.signature
                for a in card.slices:
                    tag, _, lang = a.slice.partition("=")
                    if tag in ("", "lang"):
                        counts = (a.positives, a.found, a.negatives, a.false_alarms)
                        found.append(Validation(name, signature, card.data, *counts, lang))
        return tuple(found)
