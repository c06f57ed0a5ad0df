"""How good a scorer is on labelled examples, and what its rates become when they are corrected for its errors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from aigc_eval.records.base import Record
from aigc_eval.records.verdicts import Reason

__all__ = [
    "NO_LANGUAGE",
    "RATE_KINDS",
    "Accuracy",
    "Correction",
    "Figure",
    "RateKind",
    "ReliabilityBin",
    "ScorerCard",
    "uncovered",
]

RateKind = Literal["raw", "corrected", "ppi"]
"""A rate as the scorer gives it; corrected for the errors that its card tells of; from people's labels and it."""
RATE_KINDS: tuple[RateKind, ...] = ("raw", "corrected", "ppi")
NO_LANGUAGE = "und"
"""The language of outputs whose prompts have none (BCP 47)."""
Figure = tuple[float, float | None, float | None]
"""A number and the ends of its interval; None where the examples leave none."""


@dataclass(frozen=True, slots=True)
class ReliabilityBin(Record):
    """Examples whose scores lie in low..high: how many, their mean score, and the share of positives among them."""

    low: float
    high: float
    n: int
    mean: float
    share: float


@dataclass(frozen=True, slots=True)
class Accuracy(Record):
    """A scorer on labelled examples, those of a slice ("" is all of them, `lang=zh` one language).

    It flagged `found` of the `positives` and `false_alarms` of the `negatives`; further `unscored` examples got no
    score. `figures` are named numbers with their intervals, in 0..1 but for mcc, which reaches down to -1: accuracy,
    precision, recall, specificity, f1, macro_f1, balanced_accuracy, mcc, auc, average_precision, ece, ece_adaptive,
    brier; where some are unscored also adverse_accuracy ... adverse_mcc, in which each of those counts as wrong.
    """

    slice: str = ""
    positives: int = 0
    found: int = 0
    negatives: int = 0
    false_alarms: int = 0
    unscored: int = 0
    figures: Mapping[str, Figure] = field(default_factory=dict)

    @property
    def sensitivity(self) -> float | None:
        """Share of the positives that are flagged; None without any."""
        return self.found / self.positives if self.positives else None

    @property
    def specificity(self) -> float | None:
        """Share of the negatives that are not flagged; None without any."""
        return 1 - self.false_alarms / self.negatives if self.negatives else None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Accuracy:
        """Rebuild from `to_json`."""
        known = dict(data)
        known["figures"] = {name: (of[0], of[1], of[2]) for name, of in known.get("figures", {}).items()}
        return cls(**known)


@dataclass(frozen=True, slots=True)
class ScorerCard(Record):
    """What `aigc-eval validate` found: how good one rate of one scorer is.

    `scorer` is the name under which it is listed, `metric` the rate whose hits were compared with the labels,
    `identity` and `signature` those of the scorer as it was validated: with other options it is another scorer.
    `data` names the labelled set, `sha256` is its file's, `note` says what kind of texts it holds and who labelled
    them. `slices`: all examples first, then each language and each value of further tags. `threshold` is where the
    rate counts a hit; `best_threshold` the one that was best on the development split, None without such a split.
    `digest` is the SHA-256 of the card's file, "" before it is written.
    """

    scorer: str
    metric: str
    identity: str
    signature: str
    data: str
    sha256: str
    created: str
    slices: tuple[Accuracy, ...]
    threshold: float = 0.5
    best_threshold: float | None = None
    best_by: str = ""
    level: float = 0.95
    reliability: tuple[ReliabilityBin, ...] = ()
    note: str = ""
    digest: str = field(default="", compare=False)

    def of(self, slice_: str = "") -> Accuracy | None:
        """Its accuracy on a slice; None where the examples held none of it."""
        return next((found for found in self.slices if found.slice == slice_), None)

    def in_language(self, lang: str) -> Accuracy | None:
        """Its accuracy in a language, or in the one that it is a kind of (zh for zh-Hant)."""
        return self.of(f"lang={lang}") or self.of(f"lang={lang.partition('-')[0]}")

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ScorerCard:
        """Rebuild from `to_json`."""
        known = dict(data)
        known["slices"] = tuple(map(Accuracy.from_json, known["slices"]))
        known["reliability"] = tuple(ReliabilityBin(**b) for b in known.get("reliability", ()))
        return cls(**known)


def uncovered(cards: Iterable[ScorerCard], languages: Iterable[str], least: int = 1) -> tuple[list[str], list[str]]:
    """The languages that no card covers, and those for which each has fewer than `least` positives or negatives."""
    known = [*cards]
    none, few = [], []
    for lang in languages:
        found = [accuracy for card in known if (accuracy := card.in_language(lang)) is not None]
        most = max((min(accuracy.positives, accuracy.negatives) for accuracy in found), default=0)
        if most == 0:
            none.append(lang)
        elif most < least:
            few.append(lang)
    return none, few


@dataclass(frozen=True, slots=True)
class Correction(Record):
    """One rate of one candidate over one slice, `corrected` for its scorer's errors or by `ppi`.

    `value` with `low` and `high` at `level` by `method`; all None where there is none, and `reason` says why (a code
    that reports put into words). `adverse...`: the same with every unscored output counted as the worst. `n` is the
    number of labelled examples (of the card, or of the run) behind it. `missing` are the languages of the outputs that
    nobody has validated the scorer for. `floor` is the rate that the scorer would flag of flawless outputs, and
    `below_floor` that the raw rate is no higher: it cannot be told from 0.
    """

    candidate: str
    scorer: str
    metric: str
    kind: RateKind
    slice: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    adverse: float | None = None
    adverse_low: float | None = None
    adverse_high: float | None = None
    level: float = 0.95
    method: str = ""
    n: int = 0
    floor: float | None = None
    below_floor: bool = False
    missing: tuple[str, ...] = ()
    reason: str = ""

    @property
    def why(self) -> Reason:
        """Why there is no value, with its figures."""
        languages = {"languages": ", ".join(self.missing)} if self.missing else {}
        return Reason(self.reason, {**({"n": self.n} if self.n else {}), **languages})

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Correction:
        """Rebuild from `to_json`."""
        return cls(**{**data, "missing": tuple(data.get("missing", ()))})
