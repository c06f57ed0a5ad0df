"""One running copy of a program: asked by many threads, never waited for beyond the deadline, gone when it is over."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import IO, NamedTuple, cast

from aigc_eval.deadline import remaining
from aigc_eval.errors import CallError
from aigc_eval.generators.command.guard import Guard
from aigc_eval.generators.command.wire import LARGEST, reply_of
from aigc_eval.records import ErrorKind
from aigc_eval.replies import shown

__all__ = ["Program", "stop", "waiting"]

Reply = dict[str, object]

_TAIL = 65_536
_TO_END = 0.5
"""Seconds in which a program that closed its output may end by itself, and its last words be read."""


class _Why(NamedTuple):
    """Why no further answer comes from a program."""

    kind: ErrorKind
    what: str
    again: bool = True

    def error(self) -> CallError:
        return CallError(self.kind, self.what, again=self.again)


def waiting() -> float | None:
    """What is left of the deadline, as standard library waits take it."""
    left = remaining()
    return left if left < threading.TIMEOUT_MAX else None


class Program:
    """A program in a session of its own, whose answers come as lines in any order.

    Its standard error is read all the time, so that it never blocks; the last line is told when it dies. A line that is
    no answer to anything asked ends it: what is out of step once cannot be relied on. `OSError` where it cannot start.
    """

    def __init__(self, argv: Sequence[str], folder: Path, env: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(  # noqa: S603 (the command line trusts this bench)
            argv,
            cwd=folder,
            env=dict(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for us; and one signal reaches all that it starts
        )
        self._stdin = cast("IO[bytes]", self._process.stdin)
        self._stdout = cast("IO[bytes]", self._process.stdout)
        self._stderr = cast("IO[bytes]", self._process.stderr)
        os.set_blocking(self._stdin.fileno(), False)
        self._guard = Guard(self._process.pid)
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._asked: dict[str, Future[Reply]] = {}
        self._why: _Why | None = None
        self._untold = False
        self._hung_up = False
        self._last_words = b""
        self.over = threading.Event()
        self._drain = threading.Thread(target=self._read_errors, daemon=True, name="program errors")
        self._reader = threading.Thread(target=self._read, daemon=True, name="program answers")
        try:
            self._drain.start()
            self._reader.start()
        except RuntimeError as error:  # no more threads
            self.kill()
            raise OSError(str(error)) from None

    # Asking

    def ask(self, name: str, line: bytes) -> Reply:
        """The reply to a line; CallError where none came. A program that is late is killed with all it started."""
        answer: Future[Reply] = Future()
        with self._lock:
            if self._why is not None:
                raise self._why.error()
            self._asked[name] = answer
        try:
            self._send(line)
            return answer.result(waiting())
        except TimeoutError:
            with self._lock:
                late = self._asked.pop(name, None) is not None
            if not late:
                return answer.result()  # it came just now, or the program has just ended
            self._end(_Why("crashed", "the program was stopped: another answer of it took too long"))
            remedy = "it must print one line for each line it reads and flush its output"
            raise CallError("timeout", f"no answer in time, the program was killed; {remedy}", again=True) from None

    def _send(self, line: bytes) -> None:
        if not self._writing.acquire(timeout=-1 if (left := waiting()) is None else left):
            raise TimeoutError
        try:
            poll, rest = select.poll(), memoryview(line)
            poll.register(self._stdin, select.POLLOUT)
            while rest:
                if not poll.poll(min(remaining(), 3600.0) * 1000) and not remaining():
                    raise TimeoutError
                with suppress(BlockingIOError):
                    rest = rest[os.write(self._stdin.fileno(), rest) :]
        except (BrokenPipeError, ValueError):  # it reads no more: what it still says is read to its end
            pass
        finally:
            self._writing.release()

    # Reading

    def _read(self) -> None:
        """What the reading thread does: hands each line to whoever asked for it."""
        with suppress(OSError):
            while line := self._stdout.readline(LARGEST + 1):
                if len(line) > LARGEST:
                    with self._lock:
                        several = len(self._asked) > 1  # then nobody knows whose answer it is
                    self._end(_Why("too_large", f"an answer is larger than {LARGEST >> 20} MB", again=several))
                    break
                if line.endswith(b"\n") and not line.isspace() and not self._take(line):
                    break
        if not self.over.is_set():
            self._ended()
        with suppress(OSError):
            self._stdout.close()

    def _take(self, line: bytes) -> bool:
        """Hand over one line; whether it was an answer to something."""
        remedy = "print one line for each request to standard output, and everything else to standard error"
        try:
            name, reply = reply_of(line)
        except ValueError as error:
            self._end(_Why("bad_response", f"the program {error}; {remedy}"))
            return False
        with self._lock:
            answer = self._asked.pop(name, None)
        if answer is None:
            what = f"the program answered the request {shown(name, 40)!r}, which is not open"
            self._end(_Why("bad_response", f"{what}; repeat each request's id, once"))
            return False
        answer.set_result(reply)
        return True

    def _read_errors(self) -> None:
        with suppress(OSError, ValueError):
            while found := os.read(self._stderr.fileno(), _TAIL):
                self._last_words = (self._last_words + found)[-_TAIL:]
        with suppress(OSError):
            self._stderr.close()

    # Ending

    def _ended(self) -> None:
        """Its output is closed: it has ended, or is about to."""
        if self._hung_up:
            return
        what = "closed its standard output"
        with suppress(subprocess.TimeoutExpired):
            status = self._process.wait(_TO_END)
            what = f"ended with status {status}" if status >= 0 else f"was ended by {_signal(-status)}"
        self.kill()
        self._drain.join(_TO_END)
        said = _last_line(self._last_words)
        self._end(_Why("crashed", f"the program {what}{': ' if said else ''}{said}"))

    def _end(self, why: _Why) -> None:
        """No further answer comes: kill it and all that it started, and tell everybody who waits."""
        with self._lock:
            first, asked = self._why is None, self._asked
            self._why, self._asked = self._why or why, {}
            if first:
                self._untold = not asked and why.kind != "crashed"
        self.kill()
        self.over.set()
        for answer in asked.values():
            answer.set_exception(why.error())

    def complaint(self) -> CallError | None:
        """What is wrong with a program that was ended while nobody waited for it; told once."""
        with self._lock:
            told, self._untold = not self._untold, False
            return None if told or self._why is None else self._why.error()

    def why(self) -> str:
        """Why no further answer comes, in words; "" while it is asked."""
        with self._lock:
            return self._why.what if self._why else ""

    def hang_up(self) -> None:
        """Close its input, which asks it to end."""
        self._hung_up = True
        if self._writing.acquire(timeout=0.1):
            with suppress(OSError):
                self._stdin.close()
            self._writing.release()

    def ends_before(self, until: float) -> bool:
        """Wait for its end; whether it came."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0.0, until - monotonic()))
            return True
        return False

    def signal(self, number: int) -> None:
        """Send a signal to it and to all that it started, unless that has a session of its own."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def finish(self) -> None:
        """The run has ended: whoever still waits is told, and what is left of it is killed."""
        self._end(_Why("crashed", "the program was stopped: the run has ended"))
        self._reader.join(_TO_END)

    def kill(self) -> None:
        """End it and all that it started, at once."""
        if not self.over.is_set():
            self.signal(signal.SIGKILL)
            if self.ends_before(monotonic() + 1.0):
                self._guard.dismiss()
            self.hang_up()


def stop(programs: Sequence[Program]) -> None:
    """End programs within two seconds: their input ends, then they are asked to, then they are killed."""
    for program in programs:
        program.hang_up()
    until = monotonic() + 1.0
    slow = [program for program in programs if not program.ends_before(until)]
    for program in slow:
        program.signal(signal.SIGTERM)
    until = monotonic() + 0.6
    for program in slow:
        program.ends_before(until)
    for program in programs:
        program.finish()


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _last_line(said: bytes) -> str:
    """The last line that says anything; of one that is too long to have been kept whole, its end."""
    lines = [line for line in said.split(b"\n") if line.strip()]
    if not lines:
        return ""
    line = lines[-1].decode("utf-8", "replace")
    return shown(line) if len(lines) > 1 or len(said) < _TAIL else shown(line)[-200:]
