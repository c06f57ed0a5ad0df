"""A scorer's own process: it loads the scorer and scores what it is sent, until the run has no more or ends it.

Messages are those of `exchange`, but for the scorer itself, which the run pickles for it. Nothing is ever unpickled
that comes from here. Exit codes of its own: `OUT_OF_MEMORY`.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any, TextIO, cast

from aigc_eval.credentials import Redacted
from aigc_eval.engines import exchange
from aigc_eval.engines.local import map_batches
from aigc_eval.engines.wire import Wire
from aigc_eval.errors import CallError, PluginError
from aigc_eval.plugin import Scorer
from aigc_eval.records import Generation, Prompt

__all__ = ["OUT_OF_MEMORY", "main"]

OUT_OF_MEMORY = 86
"""Exit code of a process in which memory ran out: the run goes on in one that holds nothing."""


def main(end: socket.socket) -> None:
    """Serve the run at the other end of a socket."""
    wire = Wire(end)
    try:
        setup = exchange.decode(wire.get())
        _settle(setup)
        _serve(wire, setup)
    except EOFError:
        return
    except MemoryError:
        os._exit(OUT_OF_MEMORY)


def _settle(setup: Mapping[str, Any]) -> None:
    """The surroundings that the run has now, which are not those that the nursery was born into."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    sys.stdout = sys.stderr = cast("TextIO", Redacted(sys.stderr))
    os.environ.clear()
    os.environ.update(setup["environment"])
    sys.path[:] = setup["path"]
    if setup["folder"]:
        os.chdir(setup["folder"])


def _serve(wire: Wire, setup: Mapping[str, Any]) -> None:
    scorer = _Scoring(setup["name"], setup["memory_gib"])
    own = os.getpid()
    received = wire.get()
    while True:
        message = exchange.decode(wire.get())
        try:
            if "load" in message:
                scorer.load(received, message["load"])
                reply: dict[str, Any] = {}
            else:
                reply = scorer.score(exchange.generations(message["score"]))
        except MemoryError:
            raise
        except Exception as error:
            reply = {"raised": exchange.raised(error)}
        if os.getpid() != own:  # a copy that the scorer made and did not end
            os._exit(0)
        wire.put(exchange.encode(reply))
        wire.flush()


class _Scoring:
    """The scorer, once it is loaded."""

    def __init__(self, name: str, memory_gib: float) -> None:
        self.name, self.memory_gib = name, memory_gib
        self.scorer: Scorer | None = None
        self.short = False

    def load(self, pickled: bytes, prompts: Sequence[Mapping[str, Any]] | None) -> None:
        scorer = ForkingPickler.loads(pickled)
        if not isinstance(scorer, Scorer):
            raise PluginError(f"{self.name} is no scorer")
        scorer.load()
        if prompts is not None:
            scorer.check([Prompt.from_json(p) for p in prompts])
        _limit(self.memory_gib)
        self.scorer = scorer

    def score(self, batch: Sequence[Generation]) -> dict[str, Any]:
        """Scores, the seconds that they took, and whether memory ran out meanwhile."""
        begun, self.short = time.monotonic(), False
        (found,) = map_batches(self._call, [batch], self._failed)
        return {"scores": found, "seconds": time.monotonic() - begun, "short": self.short}

    def _call(self, batch: Sequence[Generation]) -> list[dict[str, Any]]:
        if self.scorer is None:
            raise PluginError(f"{self.name} is not loaded")
        try:
            given = list(self.scorer.score(batch))
        except CallError as error:  # what was asked elsewhere and got no answer is an item's failure, not the run's
            raise RuntimeError(str(error)) from error
        if len(given) != len(batch):
            raise PluginError(f"{self.name} returned {len(given)} results for {len(batch)} items")
        return [exchange.shown(one) for one in given]

    def _failed(self, answer: Generation, error: Exception) -> dict[str, Any]:
        if isinstance(error, MemoryError):
            self.short = True
            return {"error": f"out of memory ({self.memory_gib:g} GiB)"}
        return {"error": exchange.explained(error)}


def _limit(memory_gib: float) -> None:
    """Let this process take so much more than it has now; what asks for more gets a MemoryError, or ends."""
    status = Path("/proc/self/status")
    if not status.exists():
        return
    import resource

    has = next(int(line.split()[1]) << 10 for line in status.read_text().splitlines() if line.startswith("VmData:"))
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = has + int(memory_gib * (1 << 30))
    resource.setrlimit(resource.RLIMIT_DATA, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
