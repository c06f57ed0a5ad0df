"""Seen elsewhere: runs that never ended. Every wait has an end."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from aigc_eval import config, runner
from aigc_eval.calls import Limits, scheduler
from aigc_eval.calls.pace import backoff
from aigc_eval.config import Named
from aigc_eval.records import Generation, Request
from tests.faults.benches import write as faulty_bench
from tests.faults.plan import Plan
from tests.faults.server import faulty
from tests.seen_elsewhere.small import Says, bench

FOREVER = threading.Event()


class Hangs(Says):
    """One call in seventy never comes back, whatever it was told of deadlines."""

    by_call: ClassVar[bool] = True

    def generate(self, batch: Sequence[Request]) -> list[Generation]:
        if batch[0].prompt.id in self.outcomes:
            FOREVER.wait(60)
        return [batch[0].answer(f"good {batch[0].prompt.id}")]


@pytest.mark.parametrize("stuck", [1, 3])
def test_calls_that_never_come_back_cost_their_own_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stuck: int
) -> None:
    """openai/evals 1292 and 1384: stuck at 68 of 69 samples; deepeval 2232; ragas PR 858."""
    monkeypatch.setattr(scheduler, "_GRACE", 0.05)
    lost = {f"p{i}": "error" for i in range(0, 5 * stuck, 5)}
    limits = Limits(concurrency=4, timeout=0.1, deadline=0.3, attempts=2, backoff=0.001, longest_wait=0.01, outage=2)
    candidate = Named("c0", Hangs(outcomes=lost), limits=limits)  # type: ignore[arg-type]
    started = time.monotonic()
    done = runner.run(replace(bench(Says(), limits=["s0.rate <= 0.5"]), candidates=(candidate,)), tmp_path)
    assert time.monotonic() - started < 50
    FOREVER.set()
    FOREVER.clear()
    assert {p for p, o in zip(done.rows["prompt"], done.rows["outcome"], strict=True) if o == "error"} == set(lost)
    assert done.exit_code == 3
    assert [t for t in done.rows["text"] if t] == [f"good p{i}" for i in range(40) if f"p{i}" not in lost]


@pytest.mark.parametrize("fault", ["drip:body", "drip:headers", "stall"])
def test_a_server_that_sends_a_byte_a_second_is_cut_off(tmp_path: Path, fault: str) -> None:
    """httpx 1450: there is no total timeout, and a byte now and then keeps a call alive for good ("low and slow")."""
    with faulty(Plan(script=(fault,)), tmp_path / "server") as server:
        limits = {"timeout": 0.5, "deadline": 5, "attempts": 2, "concurrency": 12}
        path = faulty_bench(tmp_path / "bench", f"{server.url}", 12, limits=limits)
        started = time.monotonic()
        done = runner.run(config.load(path), tmp_path / "out")
        assert time.monotonic() - started < 60
    assert set(done.rows["outcome"]) == {"ok"}
    assert set(done.rows["attempts"]) == {2}


@pytest.mark.parametrize("after", [1e9, 1e308, -5.0, 0.0, float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("attempt", [2, 100, 10_000])
def test_no_server_decides_how_long_a_run_waits(after: float, attempt: int) -> None:
    """inspect_ai tests/util/test_parse_retry_after.py: Retry-After of a billion seconds, below zero, no number."""
    for drawn in (0.0, 0.5, 0.999):
        assert 0 <= backoff(attempt, after, Limits(), lambda drawn=drawn: drawn) <= Limits.longest_wait  # type: ignore[misc]


@pytest.mark.parametrize("header", ["429:1e9", "429:-5", "429:soon", "429:date"])
def test_a_run_outlasts_any_retry_after(tmp_path: Path, header: str) -> None:
    """The same, as a header of a real server."""
    with faulty(Plan(script=(header,)), tmp_path / "server") as server:
        limits = {"timeout": 2, "deadline": 5, "longest_wait": 0.05}
        path = faulty_bench(tmp_path / "bench", server.url, 12, limits=limits)
        started = time.monotonic()
        done = runner.run(config.load(path), tmp_path / "out")
        assert time.monotonic() - started < 60
    assert set(done.rows["outcome"]) == {"ok"}
