"""The background loop: results, exceptions, deadlines, forks and many threads."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from aigc_eval.deadline import deadline
from aigc_eval.errors import CallError
from aigc_eval.net.loop import run


async def double(number: int) -> int:
    await asyncio.sleep(0)
    return 2 * number


def test_results_and_exceptions_come_back() -> None:
    async def fail(error: Exception) -> None:
        raise error

    assert run(double(4)) == 8
    for error in (ValueError("x"), TimeoutError("its own"), CallError("server", "x", again=True)):
        with deadline(5), pytest.raises(type(error)) as caught:
            run(fail(error))
        assert str(caught.value) == str(error)


def test_many_threads_share_one_loop() -> None:
    async def whose() -> str:
        await asyncio.sleep(0.01)
        return threading.current_thread().name

    with ThreadPoolExecutor(32) as pool:
        assert set(pool.map(lambda _: run(whose()), range(200))) == {"net"}
        assert list(pool.map(lambda i: run(double(i)), range(500))) == list(range(0, 1000, 2))


def test_a_coroutine_is_cancelled_when_its_deadline_is_over() -> None:
    ended = threading.Event()

    async def forever() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    started = time.monotonic()
    with deadline(0.2), pytest.raises(CallError) as caught:
        run(forever())
    assert 0.15 < time.monotonic() - started < 60
    assert (caught.value.kind, caught.value.again, caught.value.__cause__) == ("timeout", True, None)
    assert ended.wait(1)
    assert run(double(1)) == 2


def test_when_no_time_is_left_nothing_starts() -> None:
    started = []

    async def start() -> None:
        started.append(1)

    with deadline(0), pytest.raises(CallError):
        run(start())
    assert not started


def test_one_that_does_not_let_go_is_left_behind() -> None:
    """A coroutine that swallows its cancellation cannot hold up its caller."""

    left = threading.Event()

    async def deaf() -> None:
        while not left.is_set():
            try:
                await asyncio.sleep(0.05)
            except asyncio.CancelledError:
                continue

    with deadline(0.1), pytest.raises(CallError):
        run(deaf())
    left.set()


BLOCKED = """
import asyncio, threading
from aigc_eval.deadline import deadline
from aigc_eval.net.loop import run
forever = threading.Event().wait
for _ in range(40):
    try:
        with deadline(0.01): run(asyncio.to_thread(forever))
    except Exception as error: assert error.kind == "timeout"
with deadline(5): print(run(asyncio.to_thread(str.upper, "still here")))
"""


def test_threads_that_never_return_hold_up_neither_other_calls_nor_the_end() -> None:
    """As those that look up a host where no name server answers do for minutes."""
    ended = subprocess.run([sys.executable, "-c", BLOCKED], capture_output=True, text=True, timeout=30, check=False)
    assert (ended.stdout, ended.stderr, ended.returncode) == ("STILL HERE\n", "", 0)


def test_what_a_helping_thread_raises_comes_back() -> None:
    with pytest.raises(ZeroDivisionError):
        run(asyncio.to_thread(divmod, 1, 0))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_child_has_a_loop_of_its_own() -> None:
    assert run(double(1)) == 2
    child = os.fork()
    if child == 0:
        with deadline(5):
            os._exit(run(double(3)))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 6
