"""One process of a scorer, as the run sees it: what it is told, what it answers, how it ended."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
from multiprocessing.reduction import ForkingPickler
from typing import TYPE_CHECKING, Any

from aigc_eval.engines import exchange
from aigc_eval.engines.child import OUT_OF_MEMORY
from aigc_eval.engines.nursery import Nursery
from aigc_eval.engines.wire import Wire
from aigc_eval.errors import UsageError
from aigc_eval.plugin import Scorer

if TYPE_CHECKING:
    from aigc_eval.calls import Budget

__all__ = ["ASTRAY", "LATE", "Died", "Process", "pickled"]

_NURSERY = Nursery()
_LONGEST_ANSWER = 1 << 28
"""Bytes: a process that went astray must not fill the run's memory."""
LATE = "late"
ASTRAY = "crashed: sent what is no answer"


class Died(Exception):
    """The process has ended, or has to be; the message says why: `LATE`, `ASTRAY`, or how it ended."""


def pickled(scorer: Scorer, name: str) -> bytes:
    """The scorer, ready to be sent to its process; UsageError where it cannot be."""
    if type(scorer).__module__ == "__main__":
        raise UsageError(f"{name} is defined in the script that was started; put it into a module and import it there")
    try:
        return bytes(ForkingPickler.dumps(scorer))
    except Exception as error:
        what = "its class must be at the top of a module, its options plain values"
        raise UsageError(f"{name} cannot be sent to its own process: {what} ({type(error).__name__})") from error


class Process:
    """One process that serves a scorer, from its start to its end. `served`: it has scored a batch."""

    def __init__(self, name: str, budget: Budget, pickled: bytes) -> None:
        self.served = False
        self._memory = f"out of memory ({budget.memory_gib:g} GiB)"
        end, self._lifeline = _NURSERY.fork()
        self._wire = Wire(end, _LONGEST_ANSWER)
        self.put(_surroundings() | {"name": name, "memory_gib": budget.memory_gib})
        self._wire.put(pickled)

    def put(self, message: dict[str, Any]) -> None:
        """Send a message; whether it arrived is for `get` to find out."""
        self._wire.put(exchange.encode(message))

    def get(self, seconds: float) -> dict[str, Any]:
        """The next answer, or `Died`."""
        try:
            return exchange.decode(self._wire.get(seconds, self._lifeline))
        except TimeoutError:
            raise Died(LATE) from None
        except EOFError:
            raise Died(self._end()) from None
        except ValueError:
            raise Died(ASTRAY) from None

    def kill(self) -> None:
        """End it with whatever it started, and wait until it is gone."""
        with contextlib.suppress(OSError):
            self._lifeline.shutdown(socket.SHUT_WR)
        self._status(10.0)
        self._lifeline.close()
        self._wire.close()

    def _end(self) -> str:
        """How it ended by itself."""
        said = self._status(1.0)
        if not said:
            return "crashed"
        if (code := int(said)) == OUT_OF_MEMORY:
            return self._memory
        if code >= 0:
            return f"crashed: exit code {code}"
        name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
        return f"crashed: signal {name}" + (" (out of memory?)" if -code == signal.SIGKILL else "")

    def _status(self, patience: float) -> bytes:
        """What the nursery says of its end; nothing where it still lives, or the nursery is gone too."""
        self._lifeline.settimeout(patience)
        try:
            return self._lifeline.recv(64)
        except OSError:
            return b""


def _surroundings() -> dict[str, Any]:
    try:
        folder = os.getcwd()
    except OSError:  # it was removed
        folder = ""
    return {"environment": dict(os.environ), "path": sys.path, "folder": folder}
