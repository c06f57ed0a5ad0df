"""What people said about outputs that were drawn for them: sheets, labels, and how far the raters agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from aigc_eval.records.base import Record
from aigc_eval.records.verdicts import Edition

__all__ = ["STRATA", "Drawing", "Label", "Labelled", "RaterAgreement", "Sheet", "Stratum"]

Stratum = Literal["random", "near", "disagree", "rare"]
"""Why an output was drawn: at random from all; its score is near the threshold; scorers disagree; its slice is rare."""
STRATA: tuple[Stratum, ...] = get_args(Stratum)


@dataclass(frozen=True, slots=True)
class Drawing(Record):
    """One output on a sheet, and every reason for which it was drawn."""

    candidate: str
    prompt: str
    sample: int
    strata: tuple[Stratum, ...]

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Drawing:
        """Rebuild from `to_json`."""
        return cls(**{**data, "strata": tuple(data["strata"])})


@dataclass(frozen=True, slots=True)
class Sheet(Record):
    """Outputs drawn for people to label, recorded before anybody saw them.

    The question is whether a hit of `metric` of `scorer` is right: whether the output is toxic, leaks, refuses. The
    `random` core is a simple random sample, drawn with `seed`, of the `population`: the outputs of each candidate that
    the scorer applies to. `edition` is what the sheet shows of them.
    """

    id: str
    scorer: str
    metric: str
    seed: int
    created: str
    population: int
    items: tuple[Drawing, ...]
    edition: Edition = "reviewer"

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Sheet:
        """Rebuild from `to_json`."""
        return cls(**{**data, "items": tuple(map(Drawing.from_json, data["items"]))})


@dataclass(frozen=True, slots=True)
class Label(Record):
    """What one rater said of one output of a sheet: yes, no, or None (cannot say).

    `at` is when, `imported` when it was recorded (UTC, ISO 8601), `seen` the digest of what the sheet showed of the
    output, `file` the SHA-256 of the file that it came in.
    """

    sheet: str
    candidate: str
    prompt: str
    sample: int
    label: bool | None
    rater: str
    at: str
    seen: str
    file: str
    imported: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class RaterAgreement(Record):
    """Agreement of the raters of a sheet: a coefficient (cohen, fleiss, krippendorff) and its interval."""

    name: str
    n: int
    value: float
    low: float | None = None
    high: float | None = None
    raters: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RaterAgreement:
        """Rebuild from `to_json`."""
        return cls(**{**data, "raters": tuple(data.get("raters", ()))})


@dataclass(frozen=True, slots=True)
class Labelled(Record):
    """What follows from the labels of one sheet: how much of it and of its random core is labelled, who agrees.

    `disputed` outputs are those on which as many raters said yes as no; they count as not labelled.
    """

    sheet: str
    scorer: str
    metric: str
    items: int
    labelled: int
    core: int
    core_labelled: int
    population: int
    raters: tuple[str, ...] = ()
    disputed: int = 0
    agreement: tuple[RaterAgreement, ...] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Labelled:
        """Rebuild from `to_json`."""
        known = dict(data)
        known["raters"] = tuple(known.get("raters", ()))
        known["agreement"] = tuple(map(RaterAgreement.from_json, known.get("agreement", ())))
        return cls(**known)
