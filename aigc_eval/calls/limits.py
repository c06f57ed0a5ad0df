"""What a bench may say about calls. None of it decides a result, so all of it may change when a run is resumed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

__all__ = ["Budget", "Limits", "Price"]

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


@dataclass(frozen=True)
class Limits:
    """How calls are made: seconds are those of a monotonic clock.

    Whatever `concurrency` says, calls take at most a third of the files that may be open (`ulimit -n`).
    """

    concurrency: Annotated[int, Field(ge=1, le=1024, description="most calls at a time; halved when throttled")] = 8
    requests_per_minute: Annotated[Positive | None, Field(description="most calls started in a minute")] = None
    tokens_per_minute: Annotated[Positive | None, Field(description="most tokens, read and written, a minute")] = None
    timeout: Annotated[Positive, Field(description="seconds for one attempt, to the last byte")] = 120.0
    deadline: Annotated[Positive, Field(description="seconds for one answer with all its attempts")] = 900.0
    attempts: Annotated[int, Field(ge=1, le=100, description="most attempts for one answer; a 429 is not counted")] = 5
    backoff: Annotated[Positive, Field(description="seconds before the second attempt, doubled for each more")] = 0.5
    longest_wait: Annotated[Positive, Field(description="most seconds between two attempts; caps Retry-After")] = 60.0
    outage: Annotated[
        Positive, Field(description="seconds without any answer after which the candidate is given up")
    ] = 300.0
    max_tokens_total: Annotated[int | None, Field(ge=1, description="stop before more tokens are used")] = None
    max_cost: Annotated[Positive | None, Field(description="stop before more is spent; needs a price")] = None


@dataclass(frozen=True)
class Budget:
    """What a scorer may take in its own process; more of either costs the output its score, not the run."""

    seconds: Annotated[Positive, Field(description="longest that one output may take")] = 60.0
    memory_gib: Annotated[Positive, Field(description="most memory beyond what loading took, in GiB")] = 4.0


@dataclass(frozen=True)
class Price:
    """What a candidate's tokens cost, in any one currency."""

    input: Annotated[float, Field(ge=0, allow_inf_nan=False, description="for a million tokens read")]
    output: Annotated[float, Field(ge=0, allow_inf_nan=False, description="for a million tokens written")]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code")] = "USD"

    def of(self, read: float, written: float) -> float:
        """The cost of so many tokens.

        >>> Price(2, 10).of(1_000_000, 100_000)
        3.0
        """
        return (read * self.input + written * self.output) / 1e6
