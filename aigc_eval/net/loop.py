"""One event loop in the background, for every thread that has something to ask."""

from __future__ import annotations

import asyncio
import concurrent.futures
import math
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from aigc_eval.credentials import alone
from aigc_eval.deadline import remaining
from aigc_eval.errors import CallError

__all__ = ["later", "run"]

T = TypeVar("T")
P = ParamSpec("P")

_GRACE = 0.5
"""Seconds that a coroutine gets to clean up after it was cancelled, before its caller goes on without it."""


class _Helpers(ThreadPoolExecutor):
    """A daemon thread for each call that blocks: looking up a host, `asyncio.to_thread` of a function of one's own.

    The usual pool is small, and the interpreter waits for its threads at the end: calls that never return would keep
    all others waiting, and then the process.
    """

    def submit(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> concurrent.futures.Future[T]:
        found: concurrent.futures.Future[T] = concurrent.futures.Future()

        def work() -> None:
            if found.set_running_or_notify_cancel():
                try:
                    found.set_result(call(*args, **kwargs))
                except BaseException as error:
                    found.set_exception(error)

        threading.Thread(target=work, daemon=True, name="net helper").start()
        return found


class _Background:
    """The loop, its thread, and the guard of both; a forked child has another."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.loop: asyncio.AbstractEventLoop | None = None

    def get(self) -> asyncio.AbstractEventLoop:
        with self.lock:
            if self.loop is None:
                self.loop = asyncio.new_event_loop()
                self.loop.set_default_executor(_Helpers())
                # whoever stopped waiting for a call has nobody left to be told how it ended
                self.loop.set_exception_handler(lambda loop, context: None)
                threading.Thread(target=self.loop.run_forever, daemon=True, name="net").start()
            return self.loop


_background = _Background()


def _anew() -> None:
    """Threads do not survive a fork: the child's first call starts a loop of its own."""
    global _background  # noqa: PLW0603
    _background = _Background()


os.register_at_fork(after_in_child=_anew)


def later(make: Callable[[], Coroutine[Any, Any, object]]) -> None:
    """Start a coroutine that nobody waits for, where there is a loop to run it; safe in `__del__`."""
    loop = _background.loop
    if loop is not None:
        loop.call_soon_threadsafe(lambda: loop.create_task(make()))


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """The coroutine's result, from any thread but the loop's own; it is cancelled when the deadline is over.

    Raises whatever the coroutine raises, and CallError("timeout") when `deadline.remaining()` is over. A CallError
    comes without its causes and its traceback: requests that hold a key are among what those refer to.

    >>> async def double(number): return 2 * number
    >>> run(double(21))
    42
    """
    seconds = remaining()
    late = CallError("timeout", f"no whole answer within {seconds:.3g} s", again=True)
    if seconds <= 0:
        coroutine.close()
        raise late
    future = asyncio.run_coroutine_threadsafe(_within(seconds, coroutine, late), _background.get())
    try:
        return future.result(None if math.isinf(seconds) else seconds + _GRACE)
    except concurrent.futures.TimeoutError:
        if future.done():
            raise  # the coroutine's own
        failure = late
    except CallError as error:
        failure = error
    finally:
        future.cancel()
    raise alone(failure)


async def _within(seconds: float, coroutine: Coroutine[Any, Any, T], late: CallError) -> T:
    limit = asyncio.timeout(None if math.isinf(seconds) else seconds)
    try:
        async with limit:
            return await coroutine
    except TimeoutError:
        if limit.expired():
            raise late from None
        raise
