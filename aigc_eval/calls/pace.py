"""When the next call may start, how long to wait before another attempt, and when to give up. No clock of its own."""

from __future__ import annotations

import math
from collections.abc import Callable

from aigc_eval.calls.limits import Limits

__all__ = ["Bucket", "Outage", "Pace", "backoff"]

_IN_A_ROW = 20
_AT_LEAST = 3
_NEVER_ANSWERED = 45.0


def backoff(attempt: int, after: float | None, limits: Limits, random: Callable[[], float]) -> float:
    """Seconds before attempt `attempt` (2, 3, ...): full jitter, at least what the server asked for, within the cap.

    Source: M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog (2015). A tenth of what the server asked
    for is added at random, so that those who were sent away together do not come back together.

    >>> [backoff(n, after, Limits(), lambda: 0.5) for n, after in ((4, None), (2, 8.0), (2, 1e9))]
    [1.0, 8.4, 60.0]
    """
    own = random() * min(limits.longest_wait, limits.backoff * 2.0 ** min(attempt - 2, 60))
    if after is None or not math.isfinite(after) or after <= 0:
        return own
    return min(limits.longest_wait, max(own, after * (1 + 0.1 * random())))


class Bucket:
    """At most so many units in any minute, of which a tenth may be used at once.

    A full bucket and what flows in during a minute are `per_minute` together, so the steady rate is nine tenths of it.

    >>> bucket = Bucket(60.0, 0.0)
    >>> bucket.take(0.0, 6.0)
    >>> round(bucket.wait(0.0, 1.0), 2), bucket.wait(1.2, 1.0)
    (1.11, 0.0)
    """

    def __init__(self, per_minute: float, now: float) -> None:
        self.rate, self.most = 0.9 * per_minute / 60, max(1.0, per_minute / 10)
        self._level, self._at = self.most, now

    def _fill(self, now: float) -> None:
        self._level, self._at = min(self.most, self._level + (now - self._at) * self.rate), now

    def wait(self, now: float, units: float) -> float:
        """Seconds until `units` may be taken; what is larger than the bucket needs a full one."""
        self._fill(now)
        return max(0.0, (min(units, self.most) - self._level) / self.rate)

    def take(self, now: float, units: float) -> None:
        """Take them; the level may fall below zero. Negative units are given back."""
        self._fill(now)
        self._level -= units


class Pace:
    """How many calls may be in flight, and when the next may start.

    One at first, so that a wrong key costs one call; all that the limits allow after the first answer. A throttled call
    halves the number, once for all calls that were in flight then, and each answer gives 1/n of a call back (additive
    increase, multiplicative decrease: V. Jacobson, "Congestion Avoidance and Control", SIGCOMM 1988).
    """

    def __init__(self, limits: Limits, now: float) -> None:
        self.most = limits.concurrency
        self.allowed = 1.0
        self.paused_until = self._halved_at = -math.inf
        self._answered = False
        self._requests = Bucket(limits.requests_per_minute, now) if limits.requests_per_minute else None
        self._tokens = Bucket(limits.tokens_per_minute, now) if limits.tokens_per_minute else None

    def wait(self, now: float, in_flight: int, tokens: float) -> float:
        """Seconds until another call may start; infinite: not before one in flight has ended."""
        if in_flight >= int(self.allowed):
            return math.inf
        waits = [self.paused_until - now]
        waits += [self._requests.wait(now, 1)] if self._requests else []
        waits += [self._tokens.wait(now, tokens)] if self._tokens else []
        return max(0.0, *waits)

    def at_most(self, calls: int) -> None:
        """No more calls at a time than these, whatever the limits say."""
        self.most = min(self.most, calls)
        self.allowed = min(self.allowed, float(self.most))

    def started(self, now: float, tokens: float) -> None:
        """A call was started that may use so many tokens."""
        if self._requests:
            self._requests.take(now, 1)
        if self._tokens:
            self._tokens.take(now, tokens)

    def answered(self, now: float, surplus: float) -> None:
        """An answer came; it used `surplus` tokens more than was expected (fewer: negative)."""
        if not self._answered:
            self._answered, self.allowed = True, float(self.most)
        self.allowed = min(float(self.most), self.allowed + 1 / self.allowed)
        if self._tokens:
            self._tokens.take(now, surplus)

    def throttled(self, now: float, started: float, wait: float) -> None:
        """A call that started at `started` was told to slow down; nothing starts for `wait` seconds."""
        if started >= self._halved_at:
            self.allowed, self._halved_at = max(1.0, self.allowed / 2), now
        self.paused_until = max(self.paused_until, now + wait)


class Outage:
    """A circuit breaker: after 20 failed calls in a row one call at a time probes, and at last all is given up.

    Probes are spaced like the attempts for one answer, by a tenth of `Limits.outage` at most. A candidate that has
    answered before is given up after `Limits.outage` seconds without an answer; one that never has, after 45 (or less);
    neither before three calls in a row have failed. Calls that are refused for good say nothing about a candidate that
    has answered others; 20 of them in a row, before any answer, end it at once.
    Source: M. Nygard, "Release It!" (2nd ed., 2018), section 5.2.

    >>> outage = Outage(Limits(outage=300), 0.0)
    >>> for _ in range(3): outage.failed(1.0, again=True)
    >>> outage.over(44.0), outage.over(46.0)
    (False, True)
    """

    def __init__(self, limits: Limits, now: float) -> None:
        self._limits, self._since = limits, now
        self.answered = False
        self._row = self._hopeless = 0
        self._probe_at = -math.inf

    @property
    def probing(self) -> bool:
        """Whether to send one call at a time."""
        return self._row >= _IN_A_ROW

    def wait(self, now: float) -> float:
        """Seconds until the next probe; 0.0 where none is needed."""
        return max(0.0, self._probe_at - now) if self.probing else 0.0

    def succeeded(self, now: float) -> None:
        """An answer came."""
        self.answered, self._since, self._row, self._hopeless = True, now, 0, 0

    def failed(self, now: float, *, again: bool) -> None:
        """A call brought no answer; `again`: it may be asked once more."""
        if self.answered and not again:
            return
        self._row += 1
        self._hopeless = 0 if again else self._hopeless + 1
        limits = self._limits
        spaced = limits.backoff * 2.0 ** min(self._row - _IN_A_ROW, 60)
        self._probe_at = now + min(limits.longest_wait, limits.outage / 10, spaced)

    def over(self, now: float) -> bool:
        """Whether to give up."""
        patience = self._limits.outage if self.answered else min(_NEVER_ANSWERED, self._limits.outage)
        return self._hopeless >= _IN_A_ROW or (self._row >= _AT_LEAST and now - self._since > patience)
