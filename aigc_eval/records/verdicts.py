"""What is made of many scores: Estimate -> Verdict, one number each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from aigc_eval.records.base import Record

__all__ = ["POLICY", "Edition", "Estimate", "Reason", "RunStatus", "Status", "Verdict", "Waiver", "Zone"]

Status = Literal["pass", "fail", "undetermined"]
Edition = Literal["public", "reviewer", "internal"]
"""For whom a report is: no text of any output; masked texts; everything as it was."""
RunStatus = Literal["pass", "fail", "undetermined", "not_gated"]
POLICY = "(policy)"
"""Stands for the candidate in verdicts about the policy itself; no candidate can be called so."""
Zone = tuple[float | None, float | None]
"""Where a number must lie, both ends included; None for an end without limit."""


@dataclass(frozen=True, slots=True)
class Estimate(Record):
    """One reported number: a metric of one candidate over one slice.

    `value` is None where nothing was scored. `low` and `high` bound it at `level`; both are None where there are
    too few prompts for an interval. `adverse` is the same metric with every unscored output counted as the worst; None
    where the metric has no worst. Counts are outputs, `prompts` the independent clusters among the scored ones.
    """

    candidate: str
    scorer: str
    metric: str
    slice: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    adverse: float | None = None
    adverse_low: float | None = None
    adverse_high: float | None = None
    planned: int = 0
    scored: int = 0
    failed: int = 0
    not_applicable: int = 0
    prompts: int = 0
    level: float = 0.95
    method: str = ""
    against: str = ""
    relative: bool = False

    @property
    def name(self) -> str:
        """The name that gates use, such as `toxicity.toxic_fraction`."""
        return f"{self.scorer}.{self.metric}"


@dataclass(frozen=True, slots=True)
class Reason(Record):
    """Why a verdict is what it is: a code that the reports put into words, and the figures for it."""

    code: str
    figures: Mapping[str, float | int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Waiver(Record):
    """Leave for a gate not to pass: whose, why and until which day (ISO 8601, that day included).

    `gate` is a gate as written, or the metric's name (`toxicity.toxic_fraction`) for all gates on it; `candidate` names
    one, or "" means any. It covers verdicts of the statuses in `covers`. It never alters what was measured.
    """

    gate: str
    owner: str
    reason: str
    expires: str
    candidate: str = ""
    covers: tuple[Status, ...] = ("fail",)


@dataclass(frozen=True, slots=True)
class Verdict(Record):
    """A gate's answer for one candidate: pass, fail or undetermined, with its reasons.

    `zone` is where the number must lie, None for an end without limit. A `waiver` says that the run may pass although
    this gate does not; `status` stays what was measured.
    """

    gate: str
    candidate: str
    status: Status
    reasons: tuple[Reason, ...]
    zone: Zone = (None, None)
    estimate: Estimate | None = None
    waiver: Waiver | None = None

    @property
    def counts_as(self) -> Status:
        """The status that decides about the run."""
        return "pass" if self.waiver is not None else self.status

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Verdict:
        """Rebuild a verdict from `to_json`."""
        known = dict(data)
        known["reasons"] = tuple(Reason(**r) for r in known["reasons"])
        known["zone"] = tuple(known.get("zone", (None, None)))
        known["estimate"] = Estimate(**known["estimate"]) if known.get("estimate") else None
        if waiver := known.get("waiver"):
            covers = {"covers": tuple(waiver["covers"])} if "covers" in waiver else {}
            known["waiver"] = Waiver(**{**waiver, **covers})
        return cls(**known)
