"""What a verification says: what was checked, and the first place that does not fit."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

__all__ = ["Check", "Findings", "Unfit", "demand", "first_difference"]

Status = Literal["ok", "different", "not_checked"]


class Unfit(Exception):
    """Something in a run's folder does not fit: which file, from which byte on (None where no byte is to blame)."""

    def __init__(self, file: str, byte: int | None, what: str) -> None:
        super().__init__(f"{file}{'' if byte is None else f', byte {byte:,}'}: {what}")
        self.file, self.byte, self.what = file, byte, what


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    status: Status
    what: str


@dataclass(frozen=True)
class Findings:
    """All checks in the order in which they were made, and the first thing that does not fit, if any.

    `status` is "ok", "different", or "undetermined" where everything that was recomputed fits and something could not
    be. `notes` say what may explain a difference: other versions than those that computed the run.
    """

    checks: tuple[Check, ...]
    unfit: Unfit | None
    notes: tuple[str, ...]
    journal: str

    @property
    def status(self) -> Literal["ok", "different", "undetermined"]:
        """The worst of the checks."""
        if self.unfit is not None:
            return "different"
        return "undetermined" if any(c.status == "not_checked" for c in self.checks) else "ok"

    @property
    def exit_code(self) -> int:
        """0 where everything fits, 2 where something does not, 3 where something could not be looked at."""
        return {"ok": 0, "different": 2, "undetermined": 3}[self.status]

    def to_json(self) -> dict[str, Any]:
        """Plain values; `first_difference` names a file and the first byte that does not fit."""
        first = self.unfit and {"file": self.unfit.file, "byte": self.unfit.byte, "what": self.unfit.what}
        return {
            "status": self.status,
            "exit_code": self.exit_code,
            "checks": [asdict(check) for check in self.checks],
            "first_difference": first,
            "notes": list(self.notes),
            "journal": self.journal,
        }


def demand(condition: object, otherwise: str) -> None:
    """Raise ValueError, with what is wrong `otherwise`, unless the condition holds."""
    if not condition:
        raise ValueError(otherwise)


def first_difference(one: bytes, other: bytes) -> int | None:
    """The first byte in which two files differ, or None where they are the same.

    >>> first_difference(b"abc", b"abd"), first_difference(b"ab", b"abc"), first_difference(b"", b"")
    (2, 2, None)
    """
    if one == other:
        return None
    low, high = 0, min(len(one), len(other))
    while low < high:  # the longest common beginning, by halves: comparing is fast, counting bytes in Python is not
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low
