"""What a gate claims of a number: under a limit, no worse than a baseline, alike between groups, of some grade."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from aigc_eval.records import Better, RateKind, Zone

__all__ = [
    "BASELINE",
    "CONFIDENCE",
    "Against",
    "Claim",
    "Gate",
    "Grade",
    "Limit",
    "Operator",
    "Parity",
    "Relation",
    "slice_name",
]

Operator = Literal["<=", ">="]
Relation = Literal["not worse than", "better than", "equal to"]

BASELINE = "baseline"
"""The name under which a gate speaks of the baseline that its policy, or the command line, names."""
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Limit:
    """The number itself meets a limit. `share`: it was written in %, which means a number in 0..1."""

    op: Operator
    limit: float
    share: bool = field(default=False, repr=False, compare=False)

    def zone(self, better: Better | None) -> Zone:
        """From the limit on, or up to it."""
        return (None, self.limit) if self.op == "<=" else (self.limit, None)


@dataclass(frozen=True)
class Against:
    """The number against that of a baseline: non-inferiority, superiority or equivalence with a margin.

    `relative`: the margin is a share of the baseline's number, else in the metric's own unit. `share`: it was written
    in points, which means a number in 0..1.
    """

    relation: Relation
    other: str
    margin: float
    relative: bool = False
    share: bool = field(default=False, repr=False, compare=False)

    def zone(self, better: Better | None) -> Zone:
        """Where the difference to the baseline must lie."""
        if self.relation == "equal to":
            return -self.margin, self.margin
        worse = self.margin if self.relation == "not worse than" else -self.margin
        worse += 0.0  # no minus zero
        return (None, worse) if better == "lower" else (0.0 - worse, None)


@dataclass(frozen=True)
class Parity:
    """The number is the same, within a margin, in every group that a tag makes.

    `matched` is a tag that twins of a prompt share (a question and its translation): they are then compared in pairs.
    `share`: the margin was written in points, which means a number in 0..1.
    """

    tag: str
    margin: float
    matched: str = ""
    share: bool = field(default=False, repr=False, compare=False)

    def zone(self, better: Better | None) -> Zone:
        """Where the difference of any two groups must lie."""
        return -self.margin, self.margin


@dataclass(frozen=True)
class Grade:
    """The number has at least a grade of one of the policy's scales."""

    scale: str
    needed: str


Claim = Limit | Against | Parity | Grade


@dataclass(frozen=True)
class Gate:
    """A gate as parsed; `where` names a slice, `each` a tag whose every value must meet the claim.

    No `candidates` means those up for release. `confidence` is that of each one-sided bound. `rate`: which of a rate's
    numbers is meant, as the scorer gives it or corrected. `require_validated`: the scorer must have a card that covers
    every language of what the gate looks at.
    """

    text: str
    scorer: str
    metric: str
    claim: Claim
    where: Mapping[str, str] = field(default_factory=dict)
    candidates: tuple[str, ...] = ()
    each: str = ""
    confidence: float = CONFIDENCE
    rate: RateKind = "raw"
    require_validated: bool = False

    @property
    def name(self) -> str:
        """The gate as written, with its slice."""
        return f"{self.text} [{slice_name(self.where)}]" if self.where else self.text


def slice_name(where: Mapping[str, str]) -> str:
    """The name of a slice of rows, "" for all of them; no two slices share a name.

    >>> slice_name({"lang": "zh", "category": "facts"})
    'category=facts, lang=zh'
    >>> slice_name({"category": "facts, lang=zh"})
    'category="facts, lang=zh"'
    """
    return ", ".join(f"{_word(tag, '=')}={_word(value)}" for tag, value in sorted(where.items()))


def _word(text: str, end: str = ", ") -> str:
    """A tag or value, in quotes where it could be taken for more than one."""
    return json.dumps(text, ensure_ascii=False) if ", " in text or end in text or text.startswith('"') else text
