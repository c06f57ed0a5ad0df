"""What people decided about the flags of a run, beside its numbers: a decision alters none of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from aigc_eval.records.base import Record
from aigc_eval.records.verdicts import Edition

__all__ = ["DECISIONS", "Concordance", "Decision", "Precision", "Review", "Reviewed"]

Decision = Literal["confirmed", "false_positive", "needs_fix"]
"""A scorer was right to flag the output; it was wrong; it was right, and the output must not stay as it is."""
DECISIONS: tuple[Decision, ...] = get_args(Decision)


@dataclass(frozen=True, slots=True)
class Review(Record):
    """One reviewer's decision about one flag: a scorer's finding in one output.

    `key` is the output's in the reports of its run, whatever they tell of its candidate, prompt and sample number.
    `at` is when it was made and `imported` when it was recorded (UTC, ISO 8601), `seen` the digest of what the
    reviewer was shown of the output, in a report of that `edition`, and `file` the SHA-256 of the decisions file.
    """

    key: str
    candidate: str
    prompt: str
    sample: int
    scorer: str
    decision: Decision
    reviewer: str
    at: str
    seen: str
    edition: Edition
    file: str
    imported: str
    note: str = ""

    @property
    def right(self) -> bool:
        """Whether the reviewer finds that the scorer was right."""
        return self.decision != "false_positive"

    @property
    def flag(self) -> tuple[str, str, int, str]:
        """What was decided about: candidate, prompt, sample, scorer."""
        return self.candidate, self.prompt, self.sample, self.scorer


@dataclass(frozen=True, slots=True)
class Precision(Record):
    """How many of a scorer's `reviewed` flags were right.

    A flag is `confirmed` where everybody who decided on it finds it right, and `disputed` where they differ; `to_fix`
    are confirmed ones of which anybody says that they must be fixed. `value` = confirmed / reviewed, in 0..1, with the
    exact (Clopper-Pearson) interval `low`, `high` at `level`. Flags of scorers that failed do not count.
    """

    scorer: str
    reviewed: int
    confirmed: int
    to_fix: int
    disputed: int
    value: float
    low: float
    high: float
    level: float = 0.95


@dataclass(frozen=True, slots=True)
class Concordance(Record):
    """Two reviewers on the `flags` that both decided on: `same` decisions (right or not), and Cohen's kappa.

    `kappa` is None where chance explains everything (all decisions alike), its interval where there is none.
    """

    one: str
    other: str
    flags: int
    same: int
    kappa: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Reviewed(Record):
    """What follows from a run's decisions.

    `superseded` decisions were replaced by a later one of the same reviewer on the same flag; `outdated` ones were
    about an output or a score that the run no longer holds. Both stay in the journal and count nowhere else.
    """

    precision: tuple[Precision, ...] = ()
    agreement: tuple[Concordance, ...] = ()
    superseded: int = 0
    outdated: int = 0

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Reviewed:
        """Rebuild from `to_json`."""
        known = dict(data)
        known["precision"] = tuple(Precision(**p) for p in known.get("precision", ()))
        known["agreement"] = tuple(Concordance(**c) for c in known.get("agreement", ()))
        return cls(**known)
