"""Runs that are told to slow down, that may spend only so much, and that wait for a server to come back."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.durability.harness import THOROUGH
from tests.faults.benches import agree, carry_out, errors, every_generator, write
from tests.faults.plan import Plan
from tests.faults.server import Server, faulty

# Throttling


def gaps(server: Server) -> list[float]:
    """Seconds between the requests, in order."""
    times = [e.at for e in server.ledger()]
    return [b - a for a, b in itertools.pairwise(times)]


@pytest.mark.parametrize(
    ("after", "least", "most"),
    [
        ("1", 1.0, 1.45),
        ("0.3", 0.3, 0.95),
        ("1e9", 1.5, 30.0),
        ("-5", 0.0, 0.95),
        ("soon", 0.0, 0.95),
        ("date", 0.0, 1.45),
    ],
)
def test_retry_after_is_honoured_within_the_cap(after: str, least: float, most: float, tmp_path: Path) -> None:
    with faulty(Plan(script=(f"429:{after}",)), tmp_path / "server") as server:
        limits = {"longest_wait": 1.5, "timeout": 2, "outage": 10}
        done = carry_out(write(tmp_path, server.url, 1, limits=limits), tmp_path / "out")
        assert done.run is not None
        assert list(done.run.rows["attempts"]) == [2]
        assert least <= gaps(server)[0] < most


@pytest.mark.slow
@every_generator
def test_a_throttled_candidate_is_asked_by_fewer(generator: str, tmp_path: Path) -> None:
    """A server that takes eight at a time, and thirty-two who ask: after a while about eight do."""
    with faulty(Plan(most_open=8, delay=(0.03, 0.06)), tmp_path / "server") as server:
        bench = write(tmp_path, server.url, 600, generator=generator, limits={"concurrency": 32, "timeout": 5})
        done = carry_out(bench, tmp_path / "out")
        assert done.run is not None, done.error
        ledger = server.ledger()
        assert agree(ledger, tmp_path / "out", done.run, 600) == Counter(ok=600)
        assert len(ledger) < 1.25 * 600
        assert sum(e.behaviour == "429" for e in ledger[:100]) > 5
        later = ledger[len(ledger) // 2 :]
        assert sum(e.behaviour == "429" for e in later) < 0.1 * len(later)
        assert sum(e.open for e in later) / len(later) > 3, "nor by far fewer"


def most_in(server: Server, seconds: float, weights: bool = False) -> float:
    entries = [(e.at, e.tokens if weights else 1) for e in server.ledger()]
    return max(sum(w for t, w in entries if at <= t < at + seconds) for at, _ in entries)


def test_requests_a_minute_are_kept(tmp_path: Path) -> None:
    """300 a minute: thirty at once, then 4.5 a second."""
    with faulty(Plan(), tmp_path / "server") as server:
        limits = {"requests_per_minute": 300, "concurrency": 32}
        before = time.monotonic()
        done = carry_out(write(tmp_path, server.url, 36, limits=limits), tmp_path / "out")
        assert done.code == 0
        assert time.monotonic() - before > 1.2
        for seconds in (0.25, 0.5, 1.0):
            assert most_in(server, seconds) <= 34 + 4.6 * seconds


def test_tokens_a_minute_are_kept(tmp_path: Path) -> None:
    """3000 a minute: 300 at once, then 45 a second; the bucket may be overdrawn by one call."""
    with faulty(Plan(), tmp_path / "server") as server:
        limits = {"tokens_per_minute": 3000, "concurrency": 32, "timeout": 5}
        done = carry_out(write(tmp_path, server.url, 22, limits=limits), tmp_path / "out")
        assert done.code == 0
        assert sum(e.tokens for e in server.ledger()) > 370
        for seconds in (0.25, 0.5, 1.0):
            assert most_in(server, seconds, weights=True) <= 300 + 46 * seconds + 50


@pytest.mark.slow
def test_a_minute_of_requests(tmp_path: Path) -> None:
    """More than a minute's worth against the limits as the bench writes them: no 60 seconds hold more."""
    with faulty(Plan(), tmp_path / "server") as server:
        limits = {"requests_per_minute": 200, "tokens_per_minute": 100_000, "concurrency": 32, "timeout": 5}
        assert carry_out(write(tmp_path, server.url, 230, limits=limits), tmp_path / "out").code == 0
        assert 180 <= most_in(server, 60.0) <= 200


@pytest.mark.slow
@pytest.mark.skipif(not THOROUGH, reason="takes a minute; THOROUGH=1 runs it")
def test_a_minute_of_tokens(tmp_path: Path) -> None:
    with faulty(Plan(), tmp_path / "tokens") as server:
        limits = {"tokens_per_minute": 3000, "concurrency": 32, "timeout": 5}
        assert carry_out(write(tmp_path, server.url, 190, limits=limits), tmp_path / "out").code == 0
        assert 2600 <= most_in(server, 60.0, weights=True) <= 3000 + 20


# Caps


@every_generator
@pytest.mark.parametrize("cap", [{"max_tokens_total": 900}, {"max_cost": 0.009}])
def test_a_cap_stops_the_run_and_a_higher_one_goes_on(cap: dict[str, float], generator: str, tmp_path: Path) -> None:
    limits = {"concurrency": 8, "timeout": 5}
    price = {"price": {"input": 10, "output": 10}}
    with faulty(Plan(), tmp_path / "server") as server:
        bench = write(tmp_path, server.url, 80, generator=generator, limits=limits | cap, **price)
        done = carry_out(bench, tmp_path / "out")
        assert done.run is not None, done.error
        assert done.code == 3
        ledger = server.ledger()
        outcomes = agree(ledger, tmp_path / "out", done.run, 80)
        assert 300 < sum(e.tokens for e in ledger) <= 900
        assert errors(done) == Counter(over_budget=80 - outcomes["ok"])
        assert outcomes["ok"] == len(ledger)
        write(tmp_path, server.url, 80, generator=generator, limits=limits, **price)
        done = carry_out(bench, tmp_path / "out", resume=True)
        assert done.code == 0, done.error
        assert Counter(e.key for e in server.ledger()) == Counter({e.key: 1 for e in server.ledger()})
        assert len(server.ledger()) == 80


# An outage


def test_an_outage_in_the_middle_costs_no_answer(tmp_path: Path) -> None:
    """Dead from second 0.3 to 1.3: all calls fail once or twice, and then probes, which are not counted."""
    with faulty(Plan(outage=(0.3, 1.3), delay=(0.01, 0.03)), tmp_path / "server") as server:
        limits = {"concurrency": 16, "timeout": 5, "outage": 3, "backoff": 0.3, "longest_wait": 1, "attempts": 8}
        done = carry_out(write(tmp_path, server.url, 400, limits=limits), tmp_path / "out")
        assert done.run is not None
        assert agree(server.ledger(), tmp_path / "out", done.run, 400) == Counter(ok=400)
        assert 20 <= sum(e.behaviour == "503" for e in server.ledger()) < 60
