"""What a scorer says of one answer: a number or why there is none, and the evidence for it."""

from __future__ import annotations

import math
import struct
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from aigc_eval.records.base import Record, plain

__all__ = ["Score", "Span"]


@dataclass(frozen=True, slots=True)
class Span(Record):
    """Evidence: characters `start` to `end` (half-open) of the output, or of the prompt, and what they are.

    `sensitive` spans (personal data, secrets) are masked in every report; their raw text stays in the journal.
    A span marks a fault unless it `supports` the answer (a reference that it contains).
    """

    start: int
    end: int
    label: str
    sensitive: bool = False
    target: Literal["output", "prompt"] = "output"
    supports: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise ValueError(f"span {self.label!r} has no characters: start {self.start}, end {self.end}")


@dataclass(frozen=True, slots=True)
class Score(Record):
    """One scorer's view of one generation.

    `value` is a finite float, or None. None with `error` set: it should have been scored and was not, and counts as
    the worst. None without `error`: it does not apply, and `note` says why. `parts` are named finite floats:
    sub-labels and sufficient statistics (a negative log-likelihood, a token count) that metrics add up. `vector` is an
    embedding, for metrics over sets; it is kept in single precision.

    >>> Score(float("nan"))
    Traceback (most recent call last):
    ...
    ValueError: a score must be a finite number, not nan
    """

    value: float | None = None
    parts: Mapping[str, float] = field(default_factory=dict)
    spans: tuple[Span, ...] = ()
    note: str = ""
    error: str = ""
    vector: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        numbers = [*self.parts.values(), *self.vector, *([] if self.value is None else [self.value])]
        for number in numbers:
            if not isinstance(number, int | float) or not math.isfinite(number):
                raise ValueError(f"a score must be a finite number, not {number!r}")
        if self.value is None and not (self.error or self.note):
            raise ValueError("a score without a value must say why: set error or note")
        if self.value is not None and self.error:
            raise ValueError("a score has a value or an error, not both")

    def to_json(self) -> dict[str, Any]:
        """Plain dict; the vector as Base64 of little-endian single-precision numbers, a tenth of its digits."""
        found: dict[str, Any] = plain(replace(self, vector=()))
        if self.vector:
            found["vector"] = b64encode(struct.pack(f"<{len(self.vector)}f", *self.vector)).decode("ascii")
        return found

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Score:
        """Rebuild a score from `to_json`."""
        known = dict(data)
        known["spans"] = tuple(Span(**s) for s in known.get("spans", ()))
        packed = b64decode(known.get("vector", ""))
        known["vector"] = struct.unpack(f"<{len(packed) // 4}f", packed)
        return cls(**known)
