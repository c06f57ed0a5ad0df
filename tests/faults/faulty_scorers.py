"""Scorers that fail in every way there is, each only where the answer says "bad". Real faults, nothing simulated."""

from __future__ import annotations

import ctypes
import math
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aigc_eval.errors import CallError, DataError, MissingExtra, Problem, UsageError
from aigc_eval.metrics import Mean, Metric
from aigc_eval.plugin import Scorer
from aigc_eval.records import Generation, Prompt, Score


def _raise() -> None:
    raise ValueError("not this text")


def _interrupt() -> None:
    raise KeyboardInterrupt


def _ask() -> None:
    raise CallError("server", "status 500", again=True)


def _fork_and_return() -> None:
    os.fork()


def _regex() -> None:
    re.match(r"(a+)+$", "a" * 60 + "!")  # holds the interpreter's lock for longer than the sun will shine


ACTS: Mapping[str, Callable[[], object]] = {
    "raise": _raise,
    "nan": lambda: Score(math.nan),
    "ask": _ask,
    "hang": lambda: time.sleep(1e6),
    "regex": _regex,
    "abort": os.abort,
    "exit": lambda: os._exit(0),
    "sys.exit": lambda: sys.exit(3),
    "interrupt": _interrupt,
    "segfault": lambda: ctypes.string_at(0),
    "kill": lambda: os.kill(os.getpid(), 9),
    "greedy": lambda: bytearray(8 << 30),
    "close": lambda: os.closerange(3, 64),
    "fork": _fork_and_return,
}


def _forged() -> Score:
    score = Score(1.0)
    object.__setattr__(score, "value", math.nan)
    return score


GIFTS: Mapping[str, Any] = {
    "none": None,
    "text": "0.5",
    "number": 0.5,
    "forged": _forged(),
    "note": Score(note=object()),  # type: ignore[arg-type]
    "span": Score(1.0, spans=("here",)),  # type: ignore[arg-type]
}


@dataclass(frozen=True)
class Length(Scorer):
    """Number of characters."""

    batch_size = 32

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        return [Score(float(len(g.text))) for g in batch]

    def metrics(self) -> tuple[Metric, ...]:
        return (Mean("length", better=None, bounds=(0, None)),)


@dataclass(frozen=True)
class Faulty(Length):
    """The length of good answers; a fault of `ACTS` or `GIFTS` for bad ones."""

    fault: str = "raise"

    def score(self, batch: Sequence[Generation]) -> list[Any]:
        return [self._one(answer) for answer in batch]

    def _one(self, answer: Generation) -> Any:
        if "bad" in answer.text:
            if self.fault in GIFTS:
                return GIFTS[self.fault]
            ACTS[self.fault]()
        return Score(float(len(answer.text)))


@dataclass(frozen=True)
class WrongLength(Length):
    """One score too few."""

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        return super().score(batch)[1:]


@dataclass(frozen=True)
class Nothing(Length):
    """No list at all."""

    def score(self, batch: Sequence[Generation]) -> Any:
        return None


@dataclass(frozen=True)
class Leaky(Length):
    """Keeps 32 MB for each batch, which another one then lacks."""

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        _KEPT.append(bytearray(32 << 20))
        return super().score(batch)


_KEPT: list[bytearray] = []


@dataclass(frozen=True)
class Printing(Length):
    """Writes to stdout in three ways."""

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        print("{garbage")
        os.write(1, b"garbage}\n")
        subprocess.run([sys.executable, "-c", "print('more garbage')"], check=True)
        return super().score(batch)


@dataclass(frozen=True)
class Parent(Length):
    """Starts two processes of its own, writes their ids to a file and waits for ever where the answer is bad."""

    ids: Path = Path("ids")

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        if any("bad" in answer.text for answer in batch):
            started = subprocess.Popen(["sleep", "600"])
            if not (forked := os.fork()):
                time.sleep(600)
            part = self.ids.with_suffix(".part")
            part.write_text(f"{os.getpid()} {started.pid} {forked}")
            part.rename(self.ids)
            time.sleep(1e6)
        return super().score(batch)


@dataclass(frozen=True)
class Echo(Length):
    """What of a generation arrived, and where."""

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        return [
            Score(
                float(answer.request.seed),
                {"sample": answer.request.sample, "siblings": len(answer.siblings), "pid": float(os.getpid())},
                note=repr((answer, answer.siblings, answer.likelihoods, answer.usage, answer.logprob, answer.seconds)),
                vector=(0.5, 0.25),
            )
            for answer in batch
        ]


@dataclass(frozen=True)
class Unloadable(Length):
    """Fails to load, or to accept the prompts."""

    how: str = "missing"

    def load(self) -> None:
        if self.how == "missing":
            raise MissingExtra("'detoxify' is not installed; run: pip install detoxify")
        if self.how == "data":
            raise DataError([Problem("a.jsonl", 3, "text", "is missing"), Problem("a.jsonl", 4, "id", "is taken")])
        if self.how == "other":
            raise OSError("no such model")
        if self.how in ACTS:
            ACTS[self.how]()

    def check(self, prompts: Sequence[Prompt]) -> None:
        if self.how == "check":
            raise UsageError(f"cannot judge {prompts[-1].id}")


@dataclass(frozen=True)
class OnceLoadable(Length):
    """Loads once, and dies on the first bad answer; then it cannot be loaded any more."""

    flag: Path = Path("flag")

    def load(self) -> None:
        if self.flag.exists():
            raise OSError("the model is gone")
        self.flag.touch()

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        if any("bad" in answer.text for answer in batch):
            os.abort()
        return super().score(batch)


@dataclass(frozen=True)
class Surroundings(Length):
    """What a scorer finds around it."""

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        main = sys.modules["__main__"]
        found = {"folder": os.getcwd(), "variable": os.environ.get("AIGC_EVAL_TEST", ""), "main": main.__name__}
        return [Score(1.0, note=f"{found} {'pytest' in sys.modules}") for _ in batch]
