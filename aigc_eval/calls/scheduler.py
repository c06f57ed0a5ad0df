"""One loop that hands calls to threads, and takes results, failures and silence from them."""

from __future__ import annotations

import heapq
import math
import queue
import random
import resource
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from typing import Generic, NamedTuple, TypeVar

from aigc_eval.calls.limits import Limits
from aigc_eval.calls.pace import Outage, Pace, backoff
from aigc_eval.credentials import alone, redact
from aigc_eval.deadline import deadline
from aigc_eval.errors import AigcEvalError, CallError, UsageError

__all__ = ["Ended", "Spent", "call_all"]

T = TypeVar("T")
R = TypeVar("R")

_GRACE = 5.0
"""Seconds that a call may overrun its time limit before its thread is left alone."""
_UNPAID = frozenset({"rate_limited", "server", "connection", "rejected", "unauthorised", "redirected"})
"""Failures that are not billed; any other may have cost what an answer was expected to cost."""


class Spent(NamedTuple):
    """What a call used, or is expected to use."""

    tokens: float = 0.0
    cost: float = 0.0


NOTHING = Spent()


class Ended(NamedTuple, Generic[R]):
    """How one item ended: its place in the list, its result or why there is none, and how often it was asked."""

    item: int
    result: R | CallError
    attempts: int


def call_all(
    call: Callable[[T], R],
    items: Sequence[T],
    limits: Limits,
    *,
    expected: Callable[[T], Spent] = lambda _: Spent(),
    spent: Callable[[R], Spent] = lambda _: Spent(),
    before: Spent = NOTHING,
) -> Iterator[list[Ended[R]]]:
    """Results of `call` for every item, in the order in which they come, as many at a time as are there.

    `call` runs in threads of its own, within `deadline(limits.timeout)`. A `CallError` that says `again` is asked
    again, after a while. Any other exception is an item's failure (`raised`), errors of this package aside, which end
    it all; so does a `fatal` one before the first answer, as UsageError. `expected` and `spent` tell what an item may
    use and a result has used, `before` what was used earlier: no call starts that may, with those in flight, go beyond
    a cap of the limits.

    >>> [ended.result for group in call_all(str.upper, ["a", "b"], Limits(concurrency=1)) for ended in group]
    ['A', 'B']
    """
    work = _Work(call, items, limits, expected, spent, before)
    try:
        yield from work.results()
    finally:
        work.stop()


@dataclass(order=True)
class _Attempt:
    """One attempt for one item; those that wait are ordered by when they are due."""

    due: float
    index: int
    number: int = field(compare=False, default=1)
    counted: int = field(compare=False, default=0)
    first: float = field(compare=False, default=math.nan)
    started: float = field(compare=False, default=math.nan)
    probe: bool = field(compare=False, default=False)
    before: CallError | None = field(compare=False, default=None)


class _Work(Generic[T, R]):
    def __init__(  # noqa: PLR0917
        self,
        call: Callable[[T], R],
        items: Sequence[T],
        limits: Limits,
        expected: Callable[[T], Spent],
        spent: Callable[[R], Spent],
        before: Spent,
    ) -> None:
        now = time.monotonic()
        self.call, self.items, self.limits = call, items, limits
        self.expected, self.spent, self.used = expected, spent, before
        self.pace, self.outage = Pace(limits, now), Outage(limits, now)
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if files != resource.RLIM_INFINITY:  # connections stay open; the run's own files must find room
            self.pace.at_most(max(1, files // 3))
        self.fresh = deque(range(len(items)))
        self.waiting: list[_Attempt] = []
        self.in_flight: dict[int, _Attempt] = {}
        self.reserved: dict[int, Spent] = {}
        self.todo: queue.SimpleQueue[_Attempt | None] = queue.SimpleQueue()
        self.done: queue.SimpleQueue[tuple[_Attempt, R | Exception]] = queue.SimpleQueue()
        self.threads = self.lost = 0
        self.given_up: CallError | None = None
        self.broken: AigcEvalError | None = None
        self.failure: CallError | None = None

    def results(self) -> Iterator[list[Ended[R]]]:
        while self.fresh or self.waiting or self.in_flight:
            wait = self._start_what_may()
            ended = self._take(wait) + self._overdue()
            now = time.monotonic()
            if self.given_up is None and self.outage.over(now):
                self.given_up = CallError("gave_up", f"not asked: no answer to the calls before ({self.failure})")
            if self.given_up is not None:
                ended += self._rest(self.given_up)
            if ended:
                yield ended
            if self.broken is not None:
                raise self.broken

    def stop(self) -> None:
        """Let idle threads end; one that is in a call ends after it."""
        for _ in range(self.threads):
            self.todo.put(None)

    # Starting

    def _start_what_may(self) -> float:
        """Start every call that may start now; how many seconds until there is something to look at again."""
        while (attempt := self._next()) is not None:
            now = time.monotonic()
            reserved = self.expected(self.items[attempt.index])
            if self._too_much(reserved):
                if self.in_flight:  # which may use less than is expected
                    return math.inf
                self.given_up = CallError("over_budget", "not asked: the cap of tokens or cost is reached")
                return 0.0
            wait = max(attempt.due - now, self.pace.wait(now, len(self.in_flight), reserved.tokens))
            wait = math.inf if self.outage.probing and self.in_flight else max(wait, self.outage.wait(now))
            if wait > 0:
                return wait
            self._start(attempt, now, reserved)
        return math.inf

    def _next(self) -> _Attempt | None:
        """The attempt to start next: one that is due before any new item, else a new item, else the next due."""
        if self.given_up is not None:
            return None
        if self.waiting and (not self.fresh or self.waiting[0].due <= time.monotonic()):
            return self.waiting[0]
        return _Attempt(-math.inf, self.fresh[0]) if self.fresh else None

    def _too_much(self, reserved: Spent) -> bool:
        if self.limits.max_tokens_total is None and self.limits.max_cost is None:
            return False
        tokens = self.used.tokens + reserved.tokens + sum(s.tokens for s in self.reserved.values())
        cost = self.used.cost + reserved.cost + sum(s.cost for s in self.reserved.values())
        most = self.limits
        return (most.max_tokens_total is not None and tokens > most.max_tokens_total) or (
            most.max_cost is not None and cost > most.max_cost
        )

    def _start(self, attempt: _Attempt, now: float, reserved: Spent) -> None:
        if self.waiting and attempt is self.waiting[0]:
            heapq.heappop(self.waiting)
        else:
            self.fresh.popleft()
            attempt.first = now
        attempt.started, attempt.probe = now, self.outage.probing
        self.in_flight[attempt.index], self.reserved[attempt.index] = attempt, reserved
        self.pace.started(now, reserved.tokens)
        if self.threads - self.lost < len(self.in_flight):
            self._another_thread()
        self.todo.put(attempt)

    def _another_thread(self) -> None:
        try:
            threading.Thread(target=copy_context().run, args=(self._serve,), daemon=True, name="call").start()
        except RuntimeError:  # this machine or container allows no more
            if self.threads == self.lost:
                raise UsageError("no thread can be started; raise the limit of processes and threads") from None
            self.pace.at_most(self.threads - self.lost)
        else:
            self.threads += 1

    def _serve(self) -> None:
        """What a thread does: attempts, one after the other."""
        while (attempt := self.todo.get()) is not None:
            result: R | Exception
            try:
                with deadline(min(self.limits.timeout, attempt.first + self.limits.deadline - attempt.started)):
                    result = self.call(self.items[attempt.index])
            except CallError as error:
                result = alone(error)
            except Exception as error:
                result = error
            except BaseException as error:  # SystemExit of a plug-in: the thread must not vanish without a word
                result = RuntimeError(f"{type(error).__name__} was raised")
            self.done.put((attempt, result))

    # Ending

    def _take(self, wait: float) -> list[Ended[R]]:
        """What has ended, waiting for the first at most until something else is due."""
        overdue = min((a.started for a in self.in_flight.values()), default=math.inf) + self.limits.timeout + _GRACE
        wait = min(wait, overdue - time.monotonic(), 1.0)  # an outage is looked for every second
        ended: list[Ended[R]] = []
        try:
            found = self.done.get(timeout=max(0.0, wait))
            while True:
                ended += self._ended(*found)
                found = self.done.get_nowait()
        except queue.Empty:
            return ended

    def _ended(self, attempt: _Attempt, result: R | Exception) -> list[Ended[R]]:
        if self.in_flight.get(attempt.index) is not attempt:
            return []  # given up as overdue before
        del self.in_flight[attempt.index]
        reserved = self.reserved.pop(attempt.index)
        now = time.monotonic()
        if isinstance(result, CallError):
            return self._failed(attempt, result, now, reserved)
        if isinstance(result, AigcEvalError):
            self.broken = result
            return []
        if isinstance(result, Exception):
            lines = redact(str(result)).splitlines() or [""]
            error = CallError("raised", f"{type(result).__name__}: {lines[0][:160]}")
            return self._failed(attempt, error, now, reserved)
        used = self.spent(result)
        self._pay(used)
        self.pace.answered(now, used.tokens - reserved.tokens)
        self.outage.succeeded(now)
        return [Ended(attempt.index, result, attempt.number)]

    def _pay(self, used: Spent) -> None:
        self.used = Spent(self.used.tokens + used.tokens, self.used.cost + used.cost)

    def _failed(self, attempt: _Attempt, error: CallError, now: float, reserved: Spent) -> list[Ended[R]]:
        if error.fatal and not self.outage.answered:
            self.broken = UsageError(redact(str(error)))
            return []
        if error.fatal and self.given_up is None:
            self.given_up = CallError("gave_up", f"not asked: {error}")
        if error.kind not in _UNPAID:
            self._pay(reserved)
        self.failure = error
        self.outage.failed(now, again=error.again)
        wait = backoff(attempt.number + 1, error.after, self.limits, random.random)
        throttled = error.kind == "rate_limited"
        if throttled or error.after is not None:
            self.pace.throttled(now, attempt.started, wait)
        attempt.counted += not (throttled or attempt.probe)
        late = now + wait > attempt.first + self.limits.deadline
        if not error.again or late or attempt.counted >= self.limits.attempts or self.given_up is not None:
            return [Ended(attempt.index, error, attempt.number)]
        # Another object: what an attempt that was left alone brings one day is told from what this one brings.
        heapq.heappush(self.waiting, replace(attempt, number=attempt.number + 1, due=now + wait, before=error))
        return []

    def _overdue(self) -> list[Ended[R]]:
        """Calls that did not stop when their time was over: their threads are left alone, others take their place."""
        now = time.monotonic()
        limit = self.limits.timeout + _GRACE
        late = [a for a in self.in_flight.values() if now - a.started > limit]
        self.lost += len(late)
        if self.given_up is None and self.lost > 2 * self.limits.concurrency:
            self.given_up = CallError("gave_up", f"not asked: {self.lost} calls never returned")
        ended: list[Ended[R]] = []
        for attempt in late:
            ended += self._ended(attempt, CallError("timeout", f"no answer within {limit:g} s", again=True))
        return ended

    def _rest(self, why: CallError) -> list[Ended[R]]:
        """Everything that has not been started; what waits for another attempt ends as the one before did."""
        rest = [Ended[R](a.index, a.before or why, a.number - 1) for a in self.waiting]
        rest += [Ended[R](index, why, 0) for index in self.fresh]
        self.waiting.clear()
        self.fresh.clear()
        return rest
