"""SIGINT and SIGTERM: whatever runs stops soon, and the exit code says that it was stopped.

The handler raises in the main thread. That alone does not stop everything: a bare `except` or a `__del__` of another
package swallows what is raised, and code in C may not come back for minutes. So the signal is remembered, `check`
raises again where work goes on, and a thread, which the wakeup descriptor tells at once, ends the process after
`PATIENCE` seconds or at a second signal. The journal is made for that: it outlives a process killed at any instruction.
"""

from __future__ import annotations

import atexit
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

__all__ = ["Terminated", "check", "decided", "last_words", "listening", "settled", "stopped"]

PATIENCE = 5.0
"""Seconds that a first signal may take to end the process in an orderly way."""
TWICE = 0.5
"""Seconds within which a second signal is the first one again: `timeout` and `uv run` pass on what arrived already."""


class Terminated(BaseException):
    """SIGTERM arrived."""


class _State:
    """The signal that came, the exit code once no signal changes it any more, and what to say when all is cut short."""

    came: int | None = None
    code: int | None = None
    words: bytes = b""


_RAISED: dict[int, type[BaseException]] = {signal.SIGINT: KeyboardInterrupt, signal.SIGTERM: Terminated}
_state = _State()


def stopped() -> BaseException | None:
    """What the signal that came raises, if one came before the exit code was decided."""
    return None if _state.came is None else _RAISED[_state.came]()


def check() -> None:
    """Raise again if a signal came and somebody swallowed what it raised."""
    if (error := stopped()) is not None:
        raise error


def decided(code: int) -> None:
    """From now on no signal changes the exit code, a second one only ends the process; raises if one came before."""
    _state.code = code
    if _state.came is not None and code != 128 + _state.came:
        _state.code = None
        check()


def settled(code: int) -> int:
    """The code to exit with, this one if no signal came; no signal changes it any more."""
    _state.code = code
    if _state.came is not None:
        _state.code = 128 + _state.came
    return _state.code


def last_words(text: str) -> None:
    """What stderr is told where the process has to be ended from outside the main thread."""
    _state.words = f"{text}\n".encode(getattr(sys.stderr, "encoding", None) or "ascii", "backslashreplace")


@contextmanager
def listening(*, to_the_end: bool) -> Iterator[None]:
    """Within it signals stop what runs; `to_the_end` of the process too, where nothing else follows in it.

    Outside the main thread it does nothing: there, signals are the business of whoever owns the process.
    """
    global _state  # noqa: PLW0603 (signals belong to the process)
    _state = _State()
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    undo, hook = _watch(), sys.unraisablehook
    sys.unraisablehook = _quiet(hook)
    if to_the_end:
        atexit.register(_ignore)  # among the first, so that it is called as one of the last
    try:
        yield
    finally:
        if not to_the_end:
            sys.unraisablehook = hook
            undo()


def _ignore() -> None:
    """The interpreter is about to give handlers up, after which a signal would end it with a code of its own."""
    for number in _RAISED:
        signal.signal(number, signal.SIG_IGN)


def _raise(number: int, frame: FrameType | None) -> None:
    if _state.code is None and _state.came is None:
        _state.came = number
        raise _RAISED[number]


def _quiet(hook: Callable[[UnraisableHookArgs], object]) -> Callable[[UnraisableHookArgs], object]:
    """Python's report of what a `__del__` could not raise, without the signals: those are remembered."""

    def call(unraisable: UnraisableHookArgs) -> None:
        if not issubclass(unraisable.exc_type, tuple(_RAISED.values())):
            hook(unraisable)

    return call


def _watch() -> Callable[[], None]:
    """Take the signals, and start the thread that sees to it that they end the process; returns what undoes it."""
    heard, told = os.pipe()
    os.set_blocking(told, False)
    thread = threading.Thread(target=_hear, args=(heard,), daemon=True, name="signals")
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _RAISED)  # what is raised while a thread starts breaks its lock
    thread.start()  # it keeps them blocked: they are for the main thread
    heeded = [number for number in _RAISED if signal.getsignal(number) != signal.SIG_IGN]  # not those of `nohup`, `&`
    handlers = {number: signal.signal(number, _raise) for number in heeded}
    descriptor = signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    taken = [told]

    def give_back() -> None:
        while taken:
            signal.set_wakeup_fd(descriptor)
            for number, handler in handlers.items():
                signal.signal(number, handler)
            os.close(taken.pop())

    os.register_at_fork(after_in_child=give_back)  # a child has no such thread, and its signals are no business of ours

    def undo() -> None:
        give_back()
        thread.join()

    return undo


def _hear(heard: int) -> None:
    """End the process at a second signal, or where the first has not led to its end in time."""
    first, until = 0, None
    while until is None or _ready(heard, select.POLLIN, until - time.monotonic()):
        numbers = os.read(heard, 64)
        if not numbers:  # the writing end was closed
            os.close(heard)
            return
        for number in filter(_RAISED.__contains__, numbers):
            now = time.monotonic()
            if until is None:
                first, until = number, now + PATIENCE
            elif now > until - PATIENCE + TWICE:
                _end(first)
    _end(first)


def _ready(descriptor: int, event: int, seconds: float) -> bool:
    """Whether a descriptor, however large its number, can be read or written within some seconds."""
    poll = select.poll()
    poll.register(descriptor, event)
    return bool(poll.poll(max(0.0, seconds) * 1000))


def _end(number: int) -> None:
    """Leave the process as it stands."""
    code = 128 + number if _state.code is None else _state.code
    if _ready(2, select.POLLOUT, 0.0):  # never wait for somebody who reads stderr
        shown = b"\x1b[?25h" if os.isatty(2) else b""  # a live progress line had hidden the cursor
        os.write(2, shown + (_state.words if _state.code is None else b""))
    os._exit(code)
