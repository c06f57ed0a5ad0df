"""How far a candidate is from another one of the same run."""

from __future__ import annotations

from dataclasses import dataclass

from aigc_eval.records.base import Record

__all__ = ["SURE", "Difference"]

SURE = 0.05
"""The chance that a run calls any candidate better or worse where none is: its family-wise error."""


@dataclass(frozen=True, slots=True)
class Difference(Record):
    """One metric of `candidate` minus that of `against`, on the draws that both have, paired by prompt.

    `low`, `high` bound it at `level`, two-sided, by `method`; None where there are too few prompts. `p` is two-sided;
    where outputs `failed` to be scored, on either side, it is that with the leader's counted as the worst and the
    other's as the best, if that is larger. `adjusted` is Holm's over the `family` of so many tests: those of the `main`
    metrics of the run, or those of the others. Both are None where there was no test.
    """

    candidate: str
    against: str
    scorer: str
    metric: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    p: float | None = None
    adjusted: float | None = None
    prompts: int = 0
    failed: int = 0
    method: str = ""
    main: bool = False
    family: int = 0

    @property
    def clear(self) -> bool:
        """Whether the difference is one of all such prompts: after the correction, with 0 outside the interval."""
        if self.adjusted is None or self.low is None or self.high is None:
            return False
        return self.adjusted <= SURE and (self.low > 0 or self.high < 0)
