"""Rates corrected for their scorer's errors: the rows of a run, and the scorer's card or people's labels -> Correction.

    corrected   what a scorer flags, put right by the sensitivity and specificity on its card, language by language
    ppi         people's labels on a random sample of the outputs, and the scorer's flags on all of them

Both are about outputs like those that were asked for. A card's accuracy is that on its own examples: that it holds for
the outputs is an assumption, which labels of the run itself do without.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aigc_eval.corrections import Detected, rogan_gladen_strata
from aigc_eval.double_sampling import ppi_rate
from aigc_eval.estimates import inside, view
from aigc_eval.gates import Gate, slice_name
from aigc_eval.intervals import MIN_CLUSTERS, Floats, design_effect
from aigc_eval.labels import Key, core, said, sheets
from aigc_eval.metrics import Metric, Rate, clusters
from aigc_eval.records import NO_LANGUAGE, Accuracy, Correction, Estimate, RateKind, ScorerCard, uncovered

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ENOUGH", "Known", "RateRows", "languages_in", "random_core", "rates_of"]

ENOUGH = 30
"""Fewest positives, and negatives, of a language with which a scorer counts as validated for it."""
Mask = npt.NDArray[np.bool_]


def random_core(
    records: Sequence[Mapping[str, Any]], rows: pd.DataFrame, scorer: str, metric: str
) -> dict[Key, bool | None]:
    """The outputs that sheets about a rate drew at random, and what people say of them; None where they say nothing.

    All sheets on which anybody has said something count, so that nobody can choose among them afterwards.
    """
    found: dict[Key, bool | None] = {}
    for sheet in sheets(records):
        if (sheet.scorer, sheet.metric) != (scorer, metric):
            continue
        answers = said(sheet, records, rows)
        drawn = [key for name in dict.fromkeys(item.candidate for item in sheet.items) for key in core(sheet, name)]
        if any(answers.get(key) is not None for key in drawn):
            for key in drawn:
                answer = answers.get(key)
                found[key] = found.get(key) if answer is None else answer
    return found


def languages_in(rows: pd.DataFrame) -> list[str]:
    """The languages of rows, in order; `und` stands for none."""
    return sorted({str(lang) or NO_LANGUAGE for lang in rows["lang"].unique()})


@dataclass(frozen=True)
class Known:
    """What is known of the errors of one rate: its card, another one that is not of this very scorer, people's labels.

    `labels` are what people say of the outputs drawn at random, None where they do not (yet).
    """

    card: ScorerCard | None = None
    other: bool = False
    labels: Mapping[Key, bool | None] = field(default_factory=dict)

    @property
    def kinds(self) -> tuple[RateKind, ...]:
        """What can be said beside the raw rate."""
        there: dict[RateKind, bool] = {"corrected": self.card is not None, "ppi": bool(self.labels)}
        return tuple(kind for kind, known in there.items() if known)


@dataclass(frozen=True, eq=False)
class RateRows:
    """One rate of one scorer over the rows of a run, as columns of numbers."""

    rows: pd.DataFrame
    scorer: str
    metric: Rate
    known: Known

    def correction(self, kind: RateKind, candidate: str, tags: Mapping[str, str], level: float = 0.95) -> Correction:
        """The rate of a candidate over a slice; without a value it has a `reason`."""
        own = self._own(candidate, tags)
        blank = Correction(candidate, self.scorer, self.metric.name, kind, slice_name(tags), level=level)
        if kind == "ppi":
            return self._powered(blank, own)
        return self._corrected(blank, own)

    def estimate(self, gate: Gate, candidate: str) -> tuple[Estimate, Correction]:
        """What a gate looks at: the rate with bounds at the gate's confidence, and the counts behind it."""
        found = self.correction(gate.rate, candidate, gate.where, round(2 * gate.confidence - 1, 12))
        own = self._own(candidate, gate.where)
        scored, failed = own & self._present, int((own & self._failed).sum())
        estimate = Estimate(
            candidate,
            self.scorer,
            self.metric.name,
            found.slice,
            found.value,
            found.low,
            found.high,
            found.adverse,
            found.adverse_low,
            found.adverse_high,
            planned=int(own.sum()),
            scored=int(scored.sum()),
            failed=failed,
            not_applicable=int(own.sum() - scored.sum()) - failed,
            prompts=len(np.unique(self._prompts[scored])),
            level=found.level,
            method=found.method,
        )
        return estimate, found

    def floor(self, candidate: str, tags: Mapping[str, str]) -> float | None:
        """The share of flawless outputs that the scorer would flag; None where its card does not say so."""
        scored = self._own(candidate, tags) & self._present
        by_language = self._by_language(scored)
        if self.known.card is None or not by_language or uncovered([self.known.card], by_language)[0]:
            return None
        told = [(own.sum() / scored.sum(), self.known.card.in_language(lang)) for lang, own in by_language.items()]
        return float(sum(w * (1 - (a.specificity or 0.0)) for w, a in told if a is not None))

    # What the rows say

    def _own(self, candidate: str, tags: Mapping[str, str]) -> Mask:
        return inside(self.rows, tags) & (self.rows["candidate"] == candidate).to_numpy(bool)

    @cached_property
    def _seen(self) -> pd.DataFrame:
        return view(self.rows, self.scorer, self.metric.reads)

    @cached_property
    def _values(self) -> Floats:
        return self.metric.column(self._seen)

    @cached_property
    def _present(self) -> Mask:
        return (self._seen["status"] == "scored").to_numpy(bool) & ~np.isnan(self._values)

    @cached_property
    def _failed(self) -> Mask:
        return (self._seen["status"] == "failed").to_numpy(bool)

    @cached_property
    def _hits(self) -> Floats:
        return (self._values >= self.metric.at_least).astype(np.float64)

    @cached_property
    def _prompts(self) -> npt.NDArray[np.int64]:
        return clusters(self._seen)

    @cached_property
    def _labels(self) -> tuple[Mask, Floats]:
        """Which rows were drawn at random for people, and what these said: 1, 0 or NaN."""
        keys = zip(self.rows["candidate"], self.rows["prompt"], self.rows["sample"], strict=True)
        told = [self.known.labels.get(key, math.nan) for key in keys]
        drawn = np.array([not isinstance(label, float) for label in told], bool)
        return drawn, np.array([math.nan if label is None else float(label) for label in told])

    def _by_language(self, scored: Mask) -> dict[str, Mask]:
        """The scored rows of each language."""
        lang = np.array([str(tag) or NO_LANGUAGE for tag in self.rows["lang"]])
        return {name: scored & (lang == name) for name in languages_in(self.rows[scored])}

    # What is made of them

    def _corrected(self, blank: Correction, own: Mask) -> Correction:
        scored, card = own & self._present, self.known.card
        by_language = self._by_language(scored)
        missing = tuple(uncovered([card] if card else [], by_language)[0])
        if card is None:
            reason = "validated_other" if self.known.other else "not_validated"
            return replace(blank, reason=reason, missing=missing)
        if missing:
            return replace(blank, reason="not_validated_for", missing=missing)
        found = {lang: accuracy for lang in by_language if (accuracy := card.in_language(lang)) is not None}
        n = sum(a.positives + a.negatives for a in found.values())
        if useless := tuple(lang for lang, a in found.items() if (a.sensitivity or 0) + (a.specificity or 0) <= 1):
            return replace(blank, reason="card_useless", missing=useless, n=n)
        if len(np.unique(self._prompts[scored])) < MIN_CLUSTERS:
            return replace(blank, reason="no_interval", n=n)
        parts = [self._detected(by_language[lang], accuracy) for lang, accuracy in found.items()]
        weights = [float(by_language[lang].sum() / scored.sum()) for lang in found]
        told = rogan_gladen_strata(parts, weights, blank.level)
        floor = sum(w * (1 - float(p.specificity)) for w, p in zip(weights, parts, strict=True))
        return replace(
            self._with(blank, own, (told.value, told.low, told.high)),
            method=f"rogan-gladen(n={sum(float(p.n) for p in parts):.0f})",
            n=n,
            floor=floor,
            below_floor=told.below_floor,
        )

    def _detected(self, scored: Mask, accuracy: Accuracy) -> Detected:
        """One language's outputs at their effective number, and what the card says of the scorer there."""
        _, codes = np.unique(self._prompts[scored], return_inverse=True)
        sizes = np.bincount(codes).astype(np.float64)
        hits = np.bincount(codes, weights=self._hits[scored]).astype(np.float64)
        effective = float(sizes.sum()) / design_effect(hits, sizes)
        caught, cleared = accuracy.sensitivity or 0.0, accuracy.specificity or 0.0
        rate = float(hits.sum() / sizes.sum())
        return Detected(rate, effective, caught, accuracy.positives, cleared, accuracy.negatives)

    def _powered(self, blank: Correction, own: Mask) -> Correction:
        scored = own & self._present
        drawn, labels = self._labels[0][scored], self._labels[1][scored]
        prompts, known = self._prompts[scored], ~np.isnan(labels)
        n = int(known.sum())
        if len(np.unique(prompts[known])) < MIN_CLUSTERS:
            return replace(blank, reason="few_labels" if n else "no_labels", n=n)
        told = ppi_rate(labels, self._hits[scored], prompts, blank.level)
        found = worst = (told.value, told.low, told.high)
        if (drawn & ~known).any():
            filled = np.where(drawn & ~known, float(self._worst), labels)
            spoilt = ppi_rate(filled, self._hits[scored], prompts, blank.level)
            worst = (spoilt.value, spoilt.low, spoilt.high)
        return replace(self._with(blank, own, found, worst), method=f"ppi(n={n})", n=n)

    @property
    def _worst(self) -> bool:
        """What an output is taken for of which nothing is known."""
        return self.metric.better != "higher"

    def _with(
        self, blank: Correction, own: Mask, found: tuple[float, float, float], worst: tuple[float, ...] = ()
    ) -> Correction:
        """The interval, and the same where outputs without a score are all as bad as they can be."""
        failed, scored = int((own & self._failed).sum()), int((own & self._present).sum())
        lost = failed / (failed + scored)
        value, low, high = ((1 - lost) * end + lost * self._worst for end in worst or found)
        told = replace(blank, value=found[0], low=found[1], high=found[2])
        return replace(told, adverse=value, adverse_low=low, adverse_high=high)


def rates_of(metrics: Iterable[Metric]) -> list[Rate]:
    """The metrics that can be corrected."""
    return [metric for metric in metrics if isinstance(metric, Rate)]
