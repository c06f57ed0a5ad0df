"""Pace, patience and the loop that hands out calls: every item ends once, no rate, cap or deadline is overrun."""

from __future__ import annotations

import itertools
import math
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aigc_eval.calls import Limits, Spent, call_all, scheduler
from aigc_eval.calls.pace import Bucket, Outage, Pace, backoff
from aigc_eval.calls.scheduler import Ended
from aigc_eval.deadline import remaining
from aigc_eval.errors import CallError, PluginError, UsageError

QUICK = Limits(concurrency=8, timeout=5, deadline=10, backoff=0.001, longest_wait=0.01, outage=5)


def everything(call: Callable[[Any], Any], items: Sequence[Any], limits: Limits, **how: Any) -> list[Ended[Any]]:
    return [ended for group in call_all(call, items, limits, **how) for ended in group]


def kinds(ended: Sequence[Ended[Any]]) -> Counter[str]:
    return Counter(e.result.kind if isinstance(e.result, CallError) else "ok" for e in ended)


# How long to wait


@given(
    st.integers(2, 10_000),
    st.none() | st.floats(allow_nan=True, allow_infinity=True),
    st.floats(1e-3, 100),
    st.floats(1e-3, 1000),
    st.floats(0, 1, exclude_max=True),
)
def test_backoff_lies_between_what_the_server_asked_and_the_cap(
    attempt: int, after: float | None, first: float, cap: float, drawn: float
) -> None:
    wait = backoff(attempt, after, Limits(backoff=first, longest_wait=cap), lambda: drawn)
    assert 0 <= wait <= cap
    if after is not None and math.isfinite(after):
        assert wait >= min(after, cap)


def test_backoff_is_full_jitter() -> None:
    """Between nothing and base * 2^(n - 2): the formula of the cited article, whose attempts count from 0."""
    for attempt, most in ((2, 0.5), (3, 1.0), (6, 8.0), (9, 60.0), (5000, 60.0)):
        drawn = [backoff(attempt, None, Limits(), random.Random(i).random) for i in range(400)]
        assert 0 <= min(drawn) < most / 20
        assert most * 0.95 < max(drawn) <= most


# How fast


def started_at(bucket: Bucket, sizes: Sequence[float], pauses: Sequence[float]) -> list[float]:
    """When a loop that always takes as soon as it may would start calls of these sizes."""
    now, found = 0.0, []
    for size, pause in zip(sizes, pauses, strict=True):
        now += pause
        while (wait := bucket.wait(now, size)) > 0:
            now += max(wait, 1e-6)  # time goes on
        bucket.take(now, size)
        found.append(now)
    return found


def most_within(times: Sequence[float], sizes: Sequence[float], seconds: float) -> float:
    sums = list(itertools.accumulate(sizes, initial=0.0))
    last = 0
    worst = 0.0
    for first, start in enumerate(times):
        while last < len(times) and times[last] < start + seconds:
            last += 1
        worst = max(worst, sums[last] - sums[first])
    return worst


@settings(deadline=None)
@given(st.floats(1, 500), st.integers(0, 2**32))
def test_no_minute_holds_more_requests_than_its_limit(per_minute: float, seed: int) -> None:
    count = 3 * int(per_minute) + 10
    idle = random.Random(seed).choices([0.0, 0.01, 1.0, 90.0], [20, 2, 1, 0.1], k=count)
    times = started_at(Bucket(per_minute, 0.0), [1.0] * count, idle)
    assert most_within(times, [1.0] * count, 60.0 - 1e-6) <= math.ceil(per_minute)


@given(st.floats(1, 1e6), st.lists(st.tuples(st.floats(0, 2e5), st.floats(0, 100)), min_size=1, max_size=60))
def test_no_minute_holds_more_tokens_than_its_limit_and_one_call(
    per_minute: float, taken: list[tuple[float, float]]
) -> None:
    """One call more, since a call that is larger than the bucket is let through when the bucket is full."""
    sizes = [size for size, _ in taken]
    times = started_at(Bucket(per_minute, 0.0), sizes, [pause for _, pause in taken])
    for seconds in (1.0, 10.0, 60.0):
        bucket = Bucket(per_minute, 0.0)
        most = bucket.most + bucket.rate * seconds + max(sizes)
        assert most_within(times, sizes, seconds) <= most * (1 + 1e-9)
    assert most_within(times, sizes, 60.0 - 1e-6) <= (per_minute + 1 + max(sizes)) * (1 + 1e-9)


def test_the_steady_rate_is_nine_tenths() -> None:
    times = started_at(Bucket(600.0, 0.0), [1.0] * 3000, [0.0] * 3000)
    assert 540 <= 60 * 2900 / (times[-1] - times[99]) <= 600


def test_tokens_that_were_not_used_are_given_back() -> None:
    pace = Pace(Limits(concurrency=4, tokens_per_minute=6000), 0.0)
    pace.started(0.0, 600.0)
    assert pace.wait(0.0, 0, 600.0) > 6
    pace.answered(0.0, -500.0)
    assert 0.9 < pace.wait(0.0, 0, 600.0) < 1.2


def test_one_call_until_the_first_answer() -> None:
    pace = Pace(Limits(concurrency=16), 0.0)
    assert pace.wait(0.0, 0, 0) == 0
    assert pace.wait(0.0, 1, 0) == math.inf
    pace.answered(1.0, 0)
    assert pace.wait(1.0, 15, 0) == 0
    assert pace.wait(1.0, 16, 0) == math.inf


@given(st.integers(1, 1024), st.integers(1, 40))
def test_a_wave_of_throttled_calls_halves_once(concurrency: int, wave: int) -> None:
    pace = Pace(Limits(concurrency=concurrency), 0.0)
    pace.answered(0.0, 0)
    for i in range(wave):  # all of them started before the first of them came back
        pace.throttled(10.0 + i / 100, started=9.0 + i / 100, wait=0.0)
    assert pace.allowed == max(1.0, concurrency / 2)
    pace.throttled(20.0, started=15.0, wait=3.0)
    assert pace.allowed == max(1.0, concurrency / 4)
    assert pace.wait(20.0, 0, 0) == 3.0


def test_answers_give_back_what_was_halved_and_no_more() -> None:
    pace = Pace(Limits(concurrency=8), 0.0)
    pace.answered(0.0, 0)
    pace.throttled(1.0, started=0.5, wait=0.0)
    assert pace.allowed == 4.0
    for _ in range(5):  # 1/4 each, and a little less each time: about a round trip of four calls
        pace.answered(2.0, 0)
    assert 5.0 <= pace.allowed < 5.2
    for _ in range(1000):
        pace.answered(3.0, 0)
    assert pace.allowed == 8.0


# When to give up


def failing(outage: Outage, times: Sequence[float], *, again: bool = True) -> None:
    for now in times:
        outage.failed(now, again=again)


def test_a_candidate_that_never_answered_is_given_up_after_45_seconds() -> None:
    outage = Outage(Limits(), 0.0)
    failing(outage, [1.0, 2.0])
    assert not outage.over(1000.0), "two calls that failed are no outage"
    failing(outage, [3.0])
    assert not outage.over(45.0)
    assert outage.over(45.1)


def test_a_candidate_that_has_answered_is_given_more_time() -> None:
    outage = Outage(Limits(outage=300), 0.0)
    outage.succeeded(100.0)
    assert not outage.over(1e9), "silence is no outage while nothing was asked"
    failing(outage, [150.0] * 30)
    assert not outage.over(400.0)
    assert outage.over(400.1)
    outage.succeeded(401.0)
    assert not outage.over(1e9)


def test_twenty_refusals_in_a_row_end_it_at_once() -> None:
    outage = Outage(Limits(), 0.0)
    failing(outage, [1.0] * 19, again=False)
    assert not outage.over(1.0)
    failing(outage, [1.0])
    failing(outage, [1.0] * 19, again=False)
    assert not outage.over(1.0), "not in a row"
    failing(outage, [1.0], again=False)
    assert outage.over(1.0)


def test_refusals_say_nothing_about_a_candidate_that_has_answered_others() -> None:
    outage = Outage(Limits(outage=300), 0.0)
    outage.succeeded(1.0)
    failing(outage, [2.0] * 1000, again=False)
    assert not outage.over(1e9)
    assert not outage.probing


def test_probes_are_spaced() -> None:
    outage = Outage(Limits(backoff=0.5, outage=300), 0.0)
    outage.succeeded(0.0)
    failing(outage, [1.0] * 19)
    assert (outage.probing, outage.wait(1.0)) == (False, 0.0)
    waits = []
    for _ in range(10):
        failing(outage, [1.0])
        waits.append(outage.wait(1.0))
    assert outage.probing
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0, 30.0]
    outage.succeeded(2.0)
    assert (outage.probing, outage.wait(2.0)) == (False, 0.0)


# The loop


def act(action: str, item: int) -> str:
    """What a script says about one call."""
    if action == "ok":
        return f"answer {item}"
    if action == "late":
        time.sleep(0.002)
        return f"answer {item}"
    if action == "raise":
        raise ValueError(f"no {item}\nsecond line")
    if action == "exit":
        raise SystemExit(0)
    if action == "base":
        raise BaseException
    if action == "throttle":
        raise CallError("rate_limited", "status 429", again=True, after=0.002)
    raise CallError("server" if action == "again" else "rejected", action, again=action == "again")


ACTIONS = st.sampled_from(["ok", "ok", "late", "raise", "exit", "base", "throttle", "again", "never"])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(ACTIONS, min_size=1, max_size=4), max_size=40), st.integers(1, 16), st.integers(1, 4))
def test_every_item_ends_exactly_once_whatever_its_calls_do(
    scripts: list[list[str]], concurrency: int, attempts: int
) -> None:
    """A script's last action is repeated; who asks is checked against the answer."""
    asked = Counter[int]()
    lock = threading.Lock()

    def call(item: int) -> str:
        with lock:
            asked[item] += 1
            number = asked[item]
        return act(scripts[item][min(number, len(scripts[item])) - 1], item)

    limits = replace(QUICK, concurrency=concurrency, attempts=attempts, deadline=0.2, outage=1)
    ended = everything(call, range(len(scripts)), limits)
    assert sorted(e.item for e in ended) == list(range(len(scripts)))
    for e in ended:
        assert e.attempts == asked[e.item]
        if isinstance(e.result, CallError):
            assert e.result.kind in ("server", "rejected", "raised", "rate_limited", "gave_up")
            assert (e.result.kind == "gave_up") == (e.attempts == 0)
        else:
            assert e.result == f"answer {e.item}"
    if all(script[0] in ("ok", "late") for script in scripts):
        assert kinds(ended) == Counter(ok=len(scripts))


def test_nothing_to_do() -> None:
    assert everything(str, [], QUICK) == []


def test_attempts_are_counted_but_for_throttled_ones() -> None:
    script = ["throttle", "again", "throttle", "throttle", "again", "again"]
    left = iter(script)
    (ended,) = everything(lambda item: act(next(left), item), [0], replace(QUICK, attempts=3))
    assert kinds([ended]) == Counter(server=1)
    assert ended.attempts == len(script)


def test_as_many_calls_at_a_time_as_allowed() -> None:
    lock, now = threading.Lock(), [0, 0]

    def call(item: int) -> int:
        with lock:
            now[0] += 1
            now[1] = max(now)
        time.sleep(0.005)
        with lock:
            now[0] -= 1
        return item

    for concurrency in (1, 3, 8):
        now[1] = 0
        everything(call, range(30), replace(QUICK, concurrency=concurrency))
        assert now[1] == concurrency


def test_fewer_threads_than_calls_allowed_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container may allow only some: the others' work is done by those."""
    start, alive = threading.Thread.start, []

    def limited(thread: threading.Thread) -> None:
        if len(alive) == 3:
            raise RuntimeError("can't start new thread")
        alive.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited)
    ended = everything(lambda item: time.sleep(0.001), range(60), replace(QUICK, timeout=0.2))
    assert kinds(ended) == Counter(ok=60)
    assert len(alive) == 3
    with pytest.raises(UsageError, match="thread"):
        everything(str, range(10), QUICK)


def test_a_slow_call_holds_up_no_other() -> None:
    gate = threading.Event()

    def call(item: int) -> int:
        if item == 3:
            assert gate.wait(10)
        return item

    found = []
    for group in call_all(call, range(200), replace(QUICK, concurrency=2)):
        found += [e.item for e in group]
        if len(found) == 199:
            gate.set()
    assert found[-1] == 3
    assert sorted(found) == list(range(200))


def test_a_call_knows_how_long_it_has() -> None:
    """An attempt's limit, or what is left of the answer's deadline."""
    left: list[float] = []

    def call(item: int) -> int:
        left.append(remaining())
        if len(left) < 3:
            raise CallError("server", "", again=True)
        return item

    everything(call, [0], replace(QUICK, timeout=30.0, deadline=30.02, backoff=0.01, longest_wait=0.05))
    assert all(15 < seconds <= 30.0 for seconds in left)
    assert left[2] < 30.02


def test_an_answer_that_takes_too_long_in_all_its_attempts_is_given_up() -> None:
    limits = replace(QUICK, attempts=5000, deadline=0.1, backoff=0.02, longest_wait=0.02)
    before = time.monotonic()
    (ended,) = everything(lambda item: act("again", item), [0], limits)
    assert kinds([ended]) == Counter(server=1)
    assert time.monotonic() - before < 50


def test_a_call_that_never_returns_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are answered, and what it brings one day is not taken for an answer to its second attempt."""
    monkeypatch.setattr(scheduler, "_GRACE", 0.05)
    gates = [threading.Event(), threading.Event()]
    asked: list[int] = []

    def call(item: int) -> str:
        if item == 5:
            asked.append(item)
            gate = gates[min(len(asked), 2) - 1]
            assert gate.wait(10)
            return f"attempt {len(asked)} for {item}" if gate is gates[1] else "stale"
        return "ok"

    limits = replace(QUICK, concurrency=2, timeout=0.1)
    found: list[Ended[str]] = []
    helper = threading.Timer(0.2, gates[0].set)  # the first attempt comes back while the second is under way
    helper.start()
    threading.Timer(0.24, gates[1].set).start()
    for group in call_all(call, range(20), limits):
        found += group
    assert sorted(e.item for e in found) == list(range(20))
    assert [e.result for e in found if e.item == 5] == ["attempt 2 for 5"]


def test_calls_that_never_return_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "_GRACE", 0.01)
    stop = threading.Event()
    limits = replace(QUICK, concurrency=2, timeout=0.02, attempts=2, outage=30)
    before = time.monotonic()
    ended = everything(lambda _: stop.wait(10), range(1000), limits)
    stop.set()
    assert time.monotonic() - before < 5
    assert len(ended) == 1000
    assert set(kinds(ended)) == {"timeout", "gave_up"}


def test_what_can_never_succeed_is_asked_once() -> None:
    asked = []

    def call(item: int) -> str:
        asked.append(item)
        raise CallError("unauthorised", "status 401: the key was refused", fatal=True)

    with pytest.raises(UsageError, match="401"):
        everything(call, range(50), QUICK)
    assert asked == [0]


def test_a_key_that_is_revoked_half_way_keeps_what_was_answered() -> None:
    def call(item: int) -> str:
        if item >= 10:
            raise CallError("unauthorised", "status 401", fatal=True)
        return "ok"

    found = kinds(everything(call, range(100), replace(QUICK, concurrency=1)))
    assert found == Counter(ok=10, unauthorised=1, gave_up=89)


def test_a_broken_plugin_ends_it_after_what_was_answered_is_handed_over() -> None:
    def call(item: int) -> str:
        if item == 60:
            raise PluginError("two answers to one request")
        return "ok"

    found = []
    groups = call_all(call, range(100), QUICK)
    with pytest.raises(PluginError, match="two answers"):
        found.extend(e for group in groups for e in group)
    assert {e.item for e in found} >= set(range(60 - QUICK.concurrency))
    assert all(e.result == "ok" for e in found)


def test_given_up_items_are_counted() -> None:
    ended = everything(lambda item: act("never", item), range(500), QUICK)
    found = kinds(ended)
    assert found["rejected"] == 20
    assert found["gave_up"] == 480
    assert sum(e.attempts for e in ended) == 20


def test_an_outage_costs_no_item_its_answer() -> None:
    """Dead for half a second after forty answers: probes are few, and no attempt of theirs counts."""
    lock, asked, since = threading.Lock(), Counter[str](), [math.inf]

    def call(item: int) -> str:
        with lock:
            dead = asked["ok"] >= 40 and time.monotonic() < since[0] + 0.5
            since[0] = min(since[0], time.monotonic()) if dead else since[0]
            asked["dead" if dead else "ok"] += 1
        if dead:
            raise CallError("connection", "refused", again=True)
        return "ok"

    ended = everything(call, range(100), replace(QUICK, backoff=0.2, longest_wait=0.2, outage=3, concurrency=4))
    assert kinds(ended) == Counter(ok=100)
    assert 20 <= asked["dead"] <= 35


def test_a_dead_candidate_is_asked_seldom() -> None:
    lock, asked = threading.Lock(), [0]

    def call(item: int) -> str:
        with lock:
            asked[0] += 1
        raise CallError("connection", "refused", again=True)

    before = time.monotonic()
    ended = everything(call, range(5000), replace(QUICK, attempts=5, longest_wait=60, backoff=0.05, outage=0.6))
    assert 0.5 < time.monotonic() - before < 60
    assert asked[0] <= 40
    assert len(ended) == 5000
    assert 15 <= kinds(ended)["connection"] <= 25
    assert kinds(ended).keys() == {"connection", "gave_up"}
    assert "refused" in next(str(e.result) for e in ended if e.attempts == 0)


# Caps


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=60),
    st.integers(1, 900),
    st.integers(1, 12),
    st.integers(0, 300),
)
def test_no_cap_is_overshot(items: list[tuple[int, int]], cap: int, concurrency: int, before: int) -> None:
    """Items use at most what is expected of them. Whether tokens or money: what was used before counts too."""
    paid, lock = [before], threading.Lock()

    def call(item: tuple[int, int]) -> int:
        with lock:
            paid[0] += item[0]
        return item[0]

    def expected(item: tuple[int, int]) -> Spent:
        return Spent(sum(item), sum(item) / 100)

    for limits in (
        replace(QUICK, concurrency=concurrency, max_tokens_total=cap),
        replace(QUICK, concurrency=concurrency, max_cost=cap / 100 + 1e-9),
    ):
        paid[0] = before
        ended = everything(
            call,
            items,
            limits,
            expected=expected,
            spent=lambda n: Spent(n, n / 100),
            before=Spent(before, before / 100),
        )
        assert sorted(e.item for e in ended) == list(range(len(items)))
        assert paid[0] <= max(cap, before)
        assert set(kinds(ended)) <= {"ok", "over_budget"}
        if before + sum(sum(item) for item in items) <= cap:
            assert kinds(ended) == Counter(ok=len(items))


def test_a_cap_waits_for_what_is_in_flight() -> None:
    """Ten are expected of each, one is used: a cap of thirty is reached by the twenty-first, not by the fourth."""
    ended = everything(
        lambda item: item,
        range(100),
        replace(QUICK, max_tokens_total=30),
        expected=lambda _: Spent(10),
        spent=lambda _: Spent(1),
    )
    assert kinds(ended) == Counter(ok=21, over_budget=79)


def test_what_may_have_been_billed_counts() -> None:
    def call(item: int) -> int:
        raise CallError("timeout", "", again=True)

    ended = everything(call, range(3), replace(QUICK, max_tokens_total=45), expected=lambda _: Spent(10))
    assert sum(e.attempts for e in ended) == 4
    assert set(kinds(ended)) <= {"timeout", "over_budget"}  # one may be asked again before the last is asked once


# No hang


def mix(seed: int) -> tuple[Callable[[int], int], Limits]:
    """A random candidate: each call sleeps, fails or ignores its deadline as drawn."""
    drawn = random.Random(seed)
    shares = {name: drawn.random() ** 3 for name in ("again", "never", "raise", "throttle", "exit", "stuck", "late")}
    shares["ok"] = drawn.random() * 3
    actions = list(shares)
    weights = list(shares.values())
    own = random.Random(seed + 1)
    lock = threading.Lock()

    def call(item: int) -> int:
        with lock:
            action = own.choices(actions, weights)[0]
        if action == "stuck":
            time.sleep(0.12)  # more than the timeout and its grace
            return item
        act(action, item)
        return item

    limits = Limits(
        concurrency=drawn.choice([1, 2, 8, 32]),
        timeout=0.05,
        deadline=drawn.choice([0.1, 0.5]),
        attempts=drawn.choice([1, 3, 5]),
        backoff=drawn.choice([0.001, 0.02]),
        longest_wait=0.05,
        outage=drawn.choice([0.2, 1.0]),
        requests_per_minute=drawn.choice([None, None, 60_000.0]),
        max_tokens_total=drawn.choice([None, None, 40]),
    )
    return call, limits


def runs(seeds: range, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "_GRACE", 0.02)
    for seed in seeds:
        call, limits = mix(seed)
        before = time.monotonic()
        ended = everything(call, range(60), limits, expected=lambda _: Spent(2), spent=lambda _: Spent(1))
        assert sorted(e.item for e in ended) == list(range(60)), seed
        # 60 answers, each with its deadline, `concurrency` at a time, and an outage
        assert time.monotonic() - before < 60 / limits.concurrency * limits.deadline + limits.outage + 20, seed


def test_no_run_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    runs(range(8), monkeypatch)


@pytest.mark.slow
def test_two_hundred_runs_end_within_their_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    runs(range(8, 208), monkeypatch)


def test_leaving_early_ends_the_threads() -> None:
    before = set(threading.enumerate())
    calls = call_all(lambda item: item, range(10_000), QUICK)
    next(calls)
    assert set(threading.enumerate()) - before
    calls.close()
    deadline = time.monotonic() + 5
    while set(threading.enumerate()) - before and time.monotonic() < deadline:
        time.sleep(0.005)
    assert not set(threading.enumerate()) - before
