"""A policy: all that decides whether a run opens the gate, apart from the bench, and fixed before the first sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from aigc_eval.gates.claims import CONFIDENCE, Gate
from aigc_eval.gates.grades import Scale, scale_of
from aigc_eval.gates.parsing import parse
from aigc_eval.intervals import MIN_CLUSTERS
from aigc_eval.records import Waiver

__all__ = ["BUDGETS", "MIN_COVERAGE", "Baseline", "Policy", "SliceNeeded", "Validation", "ValidationNeeded", "tags_of"]

MIN_COVERAGE = 0.99
"""Smallest share of planned outputs that must carry a score."""
BUDGETS: Mapping[str, float] = {"error": 0.01, "empty": 0.02, "truncated": 0.05, "refused": 1.0, "filtered": 1.0}
"""Largest share of a candidate's outputs that may end in each outcome before its gates become undetermined."""


@dataclass(frozen=True)
class Baseline:
    """What gates compare with: a candidate of the same run, or one of an earlier run (`run` is that run's folder)."""

    candidate: str = ""
    run: str = ""


@dataclass(frozen=True)
class SliceNeeded:
    """A slice that must be there with enough prompts."""

    where: Mapping[str, str]
    min_prompts: int


@dataclass(frozen=True)
class ValidationNeeded:
    """Accuracy that a scorer must have shown on labelled examples, in a language ("" is any).

    `sensitivity` and `specificity` are what the lower 95 % bounds (Clopper-Pearson) of both must reach.
    """

    scorer: str
    lang: str = ""
    sensitivity: float = 0.0
    specificity: float = 0.0
    min_items: int = 1


@dataclass(frozen=True)
class Validation:
    """What a scorer did on labelled examples: it flagged `found` of `positives` and `false_alarms` of `negatives`.

    `signature` is the scorer's, as reports print it: with other options it is another scorer.
    """

    scorer: str
    signature: str
    data: str
    positives: int
    found: int
    negatives: int
    false_alarms: int
    lang: str = ""


@dataclass(frozen=True)
class Policy:
    """Gates and what else must hold. `digest` is the SHA-256 of its file, "" where the gates stand in the bench.

    `not_applicable` is the largest share of a gate's outputs that its scorer may call not applicable: what a candidate
    writes can be the reason (an answer without a claim), and would shrink the denominator unseen.
    """

    gates: tuple[Gate, ...] = ()
    name: str = ""
    digest: str = ""
    confidence: float = CONFIDENCE
    coverage: float = MIN_COVERAGE
    min_prompts: int = MIN_CLUSTERS
    not_applicable: float = 1.0
    budgets: Mapping[str, float] = field(default_factory=lambda: dict(BUDGETS))
    slices: tuple[SliceNeeded, ...] = ()
    needed: tuple[ValidationNeeded, ...] = ()
    validations: tuple[Validation, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    grades: Mapping[str, Scale] = field(default_factory=dict)
    baseline: Baseline | None = None
    stop: Literal["", "when_decided"] = ""
    source: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def to_json(self) -> dict[str, Any]:
        """Plain dict, from which `from_json` makes the same policy."""
        plain = asdict(self)
        plain["gates"] = [_plain(gate) for gate in self.gates]
        plain["grades"] = {name: dict(self.source["grades"][name]) for name in self.grades}
        return plain

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Policy:
        """Rebuild a policy from `to_json`."""
        known = dict(data)
        known["gates"] = tuple(
            parse(
                g["text"],
                g["where"],
                g["candidates"],
                confidence=g["confidence"],
                require_validated=g.get("require_validated", False),
            )
            for g in data["gates"]
        )
        known["grades"] = {name: scale_of(plain) for name, plain in data["grades"].items()}
        known["slices"] = tuple(SliceNeeded(**s) for s in data["slices"])
        known["needed"] = tuple(ValidationNeeded(**s) for s in data["needed"])
        known["validations"] = tuple(Validation(**s) for s in data["validations"])
        known["waivers"] = tuple(Waiver(**{**w, "covers": tuple(w["covers"])}) for w in data["waivers"])
        known["baseline"] = Baseline(**data["baseline"]) if data["baseline"] else None
        return cls(**known)


def _plain(gate: Gate) -> dict[str, Any]:
    """A gate as plain values; what it requires is there where it does, so that older policies stay as they were."""
    known = {"text": gate.text, "where": dict(gate.where), "candidates": list(gate.candidates)}
    required = {"require_validated": True} if gate.require_validated else {}
    return {**known, "confidence": gate.confidence, **required}


def tags_of(gates: Sequence[Gate]) -> tuple[str, ...]:
    """The tags whose every value some gate looks at."""
    return tuple(dict.fromkeys(gate.each for gate in gates if gate.each))
