"""A small process with one thread that forks children on request, reaps them, and ends them with whatever they started.

Forking a run itself would copy its threads' locks; starting an interpreter for each child would cost a hundred times as
much. Children know nothing of the run's `__main__`, so a script without `if __name__ == "__main__"` runs once.

A child lasts as long as its lifeline: whoever asked for it holds one end, the nursery the other. When the first end is
closed, by intention or because its process was killed, the child's whole process group is killed. When the child has
ended, its exit status comes back on the lifeline.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import wait
from pathlib import Path
from typing import NoReturn

from aigc_eval.errors import PluginError

__all__ = ["Nursery", "serve"]

_START = (
    "import sys; sys.path[:] = {path!r}; from aigc_eval.engines import child, nursery; nursery.serve({fd}, child.main)"
)
_PR_SET_PDEATHSIG = 1
_OOM_SCORE = 500


class Nursery:
    """The run's side: starts the process when it is first needed, again if it was killed, and ends it at exit."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: tuple[subprocess.Popen[bytes], socket.socket] | None = None
        atexit.register(self.close)

    def fork(self) -> tuple[socket.socket, socket.socket]:
        """A new child: the socket that it serves, and its lifeline."""
        with self._lock:
            for _ in range(3):
                if self._running is None or self._running[0].poll() is not None:
                    self._end()
                    self._running = _begin()
                with contextlib.suppress(OSError):  # it was killed just now
                    return _ask(self._running[1])
                self._end()
        raise PluginError("no process can be started for a scorer")

    def close(self) -> None:
        """End the process, and all children with it."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        if self._running is None:
            return
        process, control = self._running
        control.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._running = None


def _begin() -> tuple[subprocess.Popen[bytes], socket.socket]:
    ours, theirs = socket.socketpair()
    # Only -W and -I are passed on: whatever else an interpreter is told, it is told through the environment.
    told = [f"-W{option}" for option in sys.warnoptions] + ["-I"] * sys.flags.isolated
    code = _START.format(path=sys.path, fd=theirs.fileno())
    try:
        os.fstat(2)
        said = 2
    except OSError:  # closed by the shell
        said = subprocess.DEVNULL
    with theirs:
        process = subprocess.Popen(  # noqa: S603 (our own code)
            [sys.executable, *told, "-c", code],
            stdin=subprocess.DEVNULL,
            stdout=said,  # what a scorer prints must not stand between the run's results
            stderr=said,
            pass_fds=[theirs.fileno()],
            start_new_session=True,  # an interrupt at the terminal is for the run to decide upon
        )
    return process, ours


def _ask(control: socket.socket) -> tuple[socket.socket, socket.socket]:
    ours, theirs = socket.socketpair()
    lifeline, held = socket.socketpair()
    with theirs, held:
        try:
            socket.send_fds(control, [b"+"], [theirs.fileno(), held.fileno()])
        except OSError:
            ours.close()
            lifeline.close()
            raise
    return ours, lifeline


def serve(control_fd: int, main: Callable[[socket.socket], None]) -> None:
    """The process itself: forks a child that runs `main` for each request, until the run closes its end."""
    control = socket.socket(fileno=control_fd)
    control.set_inheritable(False)
    awake, waker = socket.socketpair()
    waker.setblocking(False)
    signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda signum, frame: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    lifelines: dict[int, socket.socket] = {}
    doomed: set[int] = set()
    while True:
        held = {id(line): pid for pid, line in lifelines.items() if pid not in doomed}
        for ready in wait([control, awake, *(lifelines[pid] for pid in held.values())]):
            if ready is awake:
                awake.recv(1024)
                _reap(lifelines, doomed)
            elif ready is not control:
                if lifelines.get(pid := held[id(ready)]) is ready:
                    doomed.add(pid)
                    _kill(pid)
            elif (fds := _request(control)) is None:
                for pid in lifelines:
                    _kill(pid)
                return
            else:
                _fork(fds, lifelines, [control, awake, waker], main)


def _request(control: socket.socket) -> list[int] | None:
    message, fds, _, _ = socket.recv_fds(control, 1, 2)
    return fds if message else None


def _fork(
    fds: list[int],
    lifelines: dict[int, socket.socket],
    own: list[socket.socket],
    main: Callable[[socket.socket], None],
) -> None:
    end, lifeline = (socket.socket(fileno=fd) for fd in fds)
    with end:
        nursery = os.getpid()
        try:
            pid = os.fork()
        except OSError:  # no more processes: the closed lifeline says so
            lifeline.close()
            return
        if pid == 0:
            signal.set_wakeup_fd(-1)
            for other in [*own, *lifelines.values(), lifeline]:
                other.close()
            _live(end, main, nursery)
    lifelines[pid] = lifeline


def _live(end: socket.socket, main: Callable[[socket.socket], None], nursery: int) -> NoReturn:
    """A child's life; it never returns into the nursery, and runs nothing that was registered for its exit."""
    code = 70
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        end.set_inheritable(False)
        _mark(nursery)
        main(end)
        code = 0
    except SystemExit as exit_:
        code = exit_.code if isinstance(exit_.code, int) else 1 if exit_.code else 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        with contextlib.suppress(Exception):
            sys.stderr.flush()
        os._exit(code & 0xFF)


def _mark(nursery: int) -> None:
    """Where the system knows how: end with the nursery, leave no core file, be the first to go when memory is short."""
    import resource

    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != nursery:  # it had ended before
            os._exit(0)
        score = Path("/proc/self/oom_score_adj")
        with contextlib.suppress(OSError, ValueError):
            score.write_text(str(max(_OOM_SCORE, int(score.read_text()))))


def _kill(pid: int) -> None:
    """Kill a child and its group; its group is its own from its first moments on."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _reap(lifelines: dict[int, socket.socket], doomed: set[int]) -> None:
    """Tell how each child that has ended did so, after whatever it started has been killed."""
    while lifelines:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
        doomed.discard(pid)
        with lifelines.pop(pid) as lifeline, contextlib.suppress(OSError):
            lifeline.send(json.dumps(os.waitstatus_to_exitcode(status)).encode())
