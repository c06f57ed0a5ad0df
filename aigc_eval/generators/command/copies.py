"""The copies of a program that run at once: started when needed, started again after a death, ended with the run."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable
from time import perf_counter

from aigc_eval.deadline import remaining
from aigc_eval.errors import CallError, UsageError
from aigc_eval.generators.command.program import Program, stop, waiting

__all__ = ["Copies"]

_FIRST_LOOK = 0.25
"""Seconds in which a program that cannot work mostly ends: a misspelt file, a missing import."""


class _Copy:
    """A place for one running program."""

    def __init__(self, start: Callable[[], Program]) -> None:
        self._start, self._lock = start, threading.Lock()
        self._program: Program | None = None
        self._closed = False

    def program(self) -> Program:
        """The running program, or a new one; CallError where it cannot be started or broke its silence."""
        with self._lock:
            if self._closed:
                raise CallError("crashed", "the run has ended")
            if self._program is not None and (complaint := self._program.complaint()):
                raise complaint
            if self._program is None or self._program.why():
                try:
                    self._program = self._start()
                except OSError as error:
                    what = f"the program cannot be started: {error.strerror or error}"
                    raise CallError("crashed", what, again=True) from None
            return self._program

    def close(self) -> Program | None:
        """Start nothing more; what still runs."""
        with self._lock:
            self._closed = True
            return self._program


class Copies:
    """`processes` copies that `start` makes, each given `in_flight` requests at a time."""

    def __init__(self, start: Callable[[], Program], processes: int, in_flight: int) -> None:
        self._copies = [_Copy(start) for _ in range(processes)]
        self._free: queue.LifoQueue[_Copy] = queue.LifoQueue()  # what answered last is warm
        for copy in [*reversed(self._copies)] * in_flight:
            self._free.put(copy)
        self._owner = os.getpid()

    def first_look(self) -> None:
        """Start one copy; UsageError where it cannot be started or ends at once."""
        try:
            program = self._copies[0].program()
        except CallError as error:
            raise UsageError(str(error)) from None
        if program.over.wait(_FIRST_LOOK):
            raise UsageError(f"before it was asked anything, {program.why()}")

    def ask(self, name: str, line: bytes) -> tuple[dict[str, object], float]:
        """The reply to a line, and the seconds that it took."""
        # A late program is killed: none is asked without half of the time that a call has.
        patience = remaining() / 2
        try:
            copy = self._free.get(timeout=None if waiting() is None else patience)
        except queue.Empty:
            remedy = "allow fewer calls (limits: {concurrency: 1}) or start more copies (processes: 2)"
            what = f"no copy of the program was free for {patience:.0f} s; {remedy}"
            raise CallError("timeout", what, again=True) from None
        try:
            started = perf_counter()
            return copy.program().ask(name, line), perf_counter() - started
        finally:
            self._free.put(copy)

    def close(self) -> None:
        """End every copy, within two seconds."""
        if os.getpid() == self._owner:  # a forked process has copies of the pipes, but no programs
            stop([program for copy in self._copies if (program := copy.close()) is not None])
