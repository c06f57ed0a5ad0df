"""What the fault server does with each request: a pure function of the plan's seed, the request and its attempt."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

__all__ = ["BEHAVIOURS", "ROWS", "Plan"]

BEHAVIOURS: Mapping[str, str] = {
    "ok": "the answer",
    "429": "too many requests; after a colon the Retry-After header: 429:2, 429:date, 429:-5, 429:1e9, 429:soon",
    **{status: f"status {status}" for status in ["400", "401", "403", "404", "422", "500", "502", "503", "504", "529"]},
    "reset:connect": "TCP reset as soon as the request is read",
    "reset:headers": "TCP reset after the headers",
    "reset:body": "TCP reset in the middle of the body",
    "short": "the connection is closed before Content-Length bytes were sent",
    "stall": "headers, then nothing",
    "stall:connect": "nothing at all",
    "drip:headers": "one byte a second, from the first byte on",
    "drip:body": "headers, then one byte a second",
    "truncated": "JSON that ends in the middle, whole by its Content-Length",
    "html": "an error page with status 200",
    "error_key": "status 200 and JSON with an `error`",
    "no_choices": "an empty list of choices",
    "null": "null content",
    "reasoning": "null content, with the model's reasoning",
    "length": "an answer cut at max_tokens",
    "content_filter": "finish_reason content_filter",
    "refusal": "a refusal in its own field",
    "other_model": "the answer of another model than was asked",
    "two_choices": "two choices where one was asked",
    "big": "50 MB of valid JSON",
    "bomb": "10 GB of zeros in 10 MB of gzip",
    "redirect": "307 to the plan's `elsewhere`",
    "nonsense": "bytes that are not HTTP",
}
ROWS = (
    ("429", "429:0", "429:date", "429:-5", "429:soon"),
    ("500", "502", "503", "504", "529"),
    ("reset:connect", "reset:headers"),
    ("stall", "stall:connect"),
    ("drip:headers", "drip:body"),
    ("reset:body", "short"),
    ("truncated", "html"),
    ("error_key",),
)
"""What may be well the next time, by kind: throttled, server, connection, silence, drops, torn, no answer, an error."""


@dataclass(frozen=True)
class Plan:
    """Behaviours by weight; what the weights leave below 1 is `ok`. `script` names the first attempts' instead.

    `delay` is the range of seconds before any answer, drawn anew for each request, so that answers overtake each other.
    After `healthy_after` attempts of one request nothing goes wrong any more. A server told so throttles by itself: no
    more than `most_open` at a time, or `most_a_second`; and in the seconds of `outage`, from the first request on, it
    answers 503.
    """

    seed: int = 0
    weights: Mapping[str, float] = field(default_factory=dict)
    script: tuple[str, ...] = ()
    delay: tuple[float, float] = (0.0, 0.0)
    healthy_after: int = 1_000_000
    elsewhere: str = ""
    most_open: int = 1_000_000
    most_a_second: float = 1e9
    outage: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        for named in (*self.weights, *self.script):
            if named not in BEHAVIOURS and not named.startswith("429:"):
                raise ValueError(f"no such behaviour: {named}")

    @classmethod
    def always(cls, behaviour: str, **options: Any) -> Plan:
        """The same for every request."""
        return cls(weights={behaviour: 1.0}, **options)

    @classmethod
    def mixed(cls, share: float, **options: Any) -> Plan:
        """A share of faults: each row as likely as the others, and each fault as the others of its row."""
        return cls(weights={fault: share / len(ROWS) / len(row) for row in ROWS for fault in row}, **options)

    def draw(self, key: str, attempt: int) -> tuple[float, float]:
        """Two numbers in [0, 1), the same in every process."""
        found = hashlib.blake2b(f"{self.seed} {key} {attempt}".encode(), digest_size=8).digest()
        return int.from_bytes(found[:4], "big") / 2**32, int.from_bytes(found[4:], "big") / 2**32

    def of(self, key: str, attempt: int) -> tuple[str, float]:
        """What happens to the `attempt`-th (1, 2, ...) request with this key, and after how many seconds."""
        which, late = self.draw(key, attempt)
        low, high = self.delay
        delay = low + (high - low) * late
        if attempt > self.healthy_after:
            return "ok", delay
        if attempt <= len(self.script):
            return self.script[attempt - 1], delay
        for behaviour, weight in self.weights.items():
            if which < weight:
                return behaviour, delay
            which -= weight
        return "ok", delay

    def write(self, path: Path) -> Path:
        """As a JSON file."""
        path.write_text(json.dumps(asdict(self)), "utf-8")
        return path

    @classmethod
    def read(cls, path: Path) -> Plan:
        """From a JSON file."""
        found = cls(**json.loads(path.read_text("utf-8")))
        return replace(
            found, script=tuple(found.script), delay=(found.delay[0], found.delay[1]), outage=tuple(found.outage)
        )
