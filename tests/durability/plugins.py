"""What the benches of these tests name: it is copied beside them, and every call leaves a line in a ledger.

The ledger ($LEDGER) is written past Python's buffers, so it knows of every call even where the process was killed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from aigc_eval.metrics import Mean, Rate
from aigc_eval.plugin import Generator, Scorer
from aigc_eval.records import Generation, Request, Score, Span


@dataclass(frozen=True)
class Answers(Generator):
    """One answer a call, after $PACE seconds and once the file $GATE exists; some answers carry a number to mask."""

    batch_size: ClassVar[int] = 1

    def generate(self, batch: Sequence[Request]) -> list[Generation]:
        with open(os.environ["LEDGER"], "ab", buffering=0) as ledger:
            ledger.write("".join(f"{r.prompt.id} {r.sample}\n" for r in batch).encode())
        while (gate := os.environ.get("GATE")) and not Path(gate).exists():
            time.sleep(0.005)
        time.sleep(float(os.environ.get("PACE", "0")))
        return [r.answer(f"Box {r.prompt.id} has a lid, a lock and the number 555-01{r.sample:02}.") for r in batch]


@dataclass(frozen=True)
class Deaf(Answers):
    """Takes an interrupt for a failed attempt, as code with a bare `except` does; $SULK makes it hang instead."""

    def generate(self, batch: Sequence[Request]) -> list[Generation]:
        try:
            return super().generate(batch)
        except BaseException:
            time.sleep(float(os.environ.get("SULK", "0")))
            return [r.answer("interrupted, so what") for r in batch]


@dataclass(frozen=True)
class Marks(Scorer):
    """Marks the number, five answers a call; tells $PIDS where it runs, and then waits $HOLD seconds."""

    batch_size: ClassVar[int] = 5
    masks: ClassVar[bool] = True

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        if pids := os.environ.get("PIDS"):
            Path(pids).write_text(f"{os.getpid()} {os.getppid()}", "ascii")
            time.sleep(float(os.environ["HOLD"]))
        time.sleep(float(os.environ.get("PACE", "0")))
        return [Score(float(len(g.text)), spans=self._spans(g.text)) for g in batch]

    def metrics(self) -> tuple[Mean, ...]:
        return (Mean("length", better="lower", bounds=(0, 1000)),)

    @staticmethod
    def _spans(text: str) -> tuple[Span, ...]:
        start = text.find("555-")
        return (Span(start, start + 7, "number", sensitive=True),) if start >= 0 else ()


@dataclass(frozen=True)
class Even(Scorer):
    """1 for answers to prompts with an even number, one answer a call."""

    batch_size: ClassVar[int] = 1

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        time.sleep(float(os.environ.get("PACE", "0")))
        return [Score(float(int(g.prompt.id[1:]) % 2 == 0)) for g in batch]

    def metrics(self) -> tuple[Rate, ...]:
        return (Rate("rate"),)
