"""Whole runs against a server that fails: nothing is lost, doubled, mis-paired or taken for a pass, and all end."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from aigc_eval import config, runner
from aigc_eval.deadline import deadline
from aigc_eval.errors import CallError
from aigc_eval.records import Prompt, Request
from tests.faults.benches import GENERATORS, Done, agree, carry_out, journaled, write
from tests.faults.plan import Plan
from tests.faults.server import ROOT, Server, closed_port, faulty

KEY = "sk-fault-0123456789"
ROWS = (
    ("429", "429:0", "429:date", "429:-5", "429:soon"),
    ("500", "502", "503", "504", "529"),
    ("reset:connect", "reset:headers"),
    ("stall", "stall:connect"),
    ("drip:headers", "drip:body"),
    ("reset:body", "short"),
    ("truncated", "html"),
    ("error_key",),
)
"""Rows 1, 3 and 5 to 10 of the fault table."""
NO_ANSWER = {
    "429": "rate_limited",
    "429:1e9": "rate_limited",
    "500": "server",
    "529": "server",
    "reset:connect": "connection",
    "reset:headers": "connection",
    "reset:body": "connection",
    "short": "connection",
    "nonsense": "connection",
    "stall": "timeout",
    "stall:connect": "timeout",
    "drip:headers": "timeout",
    "drip:body": "timeout",
    "truncated": "bad_response",
    "html": "bad_response",
    "error_key": "bad_response",
    "no_choices": "bad_response",
    "400": "rejected",
    "422": "rejected",
    "other_model": "wrong_model",
    "two_choices": "bad_response",
    "big": "too_large",
    "bomb": "too_large",
}
AT_ONCE = ("429", "500", "reset:body", "truncated", "error_key", "400", "other_model")
every_generator = pytest.mark.parametrize("generator", sorted(GENERATORS))


def mixed(share: float, **options: Any) -> Plan:
    """A share of faults: each row of the table as likely as the others."""
    weights = {fault: share / len(ROWS) / len(row) for row in ROWS for fault in row}
    return Plan(weights=weights, **options)


def errors(done: Done) -> Counter[str]:
    assert done.run is not None
    return Counter(done.run.rows["error"][done.run.rows["outcome"] == "error"])


# Some fail


@every_generator
def test_three_in_ten_calls_fail_and_nothing_is_lost(generator: str, tmp_path: Path) -> None:
    limits = {"concurrency": 16, "attempts": 5, "timeout": 0.2, "outage": 30}
    with faulty(mixed(0.3, seed=3), tmp_path / "server") as server:
        bench = write(tmp_path, server.url, 200, generator=generator, limits=limits)
        done = carry_out(bench, tmp_path / "out")
        assert done.run is not None, done.error
        outcomes = agree(server.ledger(), tmp_path / "out", done.run, 200)
        assert outcomes["ok"] >= 0.995 * 200
        assert len(server.ledger()) <= 1.5 * 200
        assert done.code == 0


@pytest.mark.slow
@every_generator
def test_three_in_ten_calls_of_ten_thousand_fail_and_nothing_is_lost(generator: str, tmp_path: Path) -> None:
    limits = {"concurrency": 32, "attempts": 5, "deadline": 60, "timeout": 0.5, "outage": 30}
    with faulty(mixed(0.3), tmp_path / "server") as server:
        bench = write(tmp_path, server.url, 10_000, generator=generator, limits=limits)
        before = time.monotonic()
        done = carry_out(bench, tmp_path / "out")
        seconds = time.monotonic() - before
        assert done.run is not None, done.error
        ledger = server.ledger()
        outcomes = agree(ledger, tmp_path / "out", done.run, 10_000)
        print(f"{generator}: {outcomes}, {len(ledger)} requests, {seconds:.0f} s")
        assert outcomes["ok"] >= 0.995 * 10_000
        assert len(ledger) <= 1.5 * 10_000


# All fail


@pytest.mark.parametrize("fault", AT_ONCE)
def test_a_server_that_always_fails_ends_the_run_without_a_verdict(fault: str, tmp_path: Path) -> None:
    always(fault, "openai_compatible", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("fault", NO_ANSWER)
@every_generator
def test_a_server_that_always_fails_in_any_way(fault: str, generator: str, tmp_path: Path) -> None:
    if generator == "http" and fault in ("other_model", "two_choices"):
        pytest.skip("http reads what its paths say, and nothing else")
    always(fault, generator, tmp_path)


def always(fault: str, generator: str, folder: Path) -> None:
    """Within seconds, exit 3, and not one answer is kept: when the server is well again, all are asked again."""
    count = 3 if fault in ("big", "bomb") else 12
    with faulty(Plan.always(fault), folder / "sick") as sick:
        bench = write(folder, sick.url, count, generator=generator)
        before = time.monotonic()
        done = carry_out(bench, folder / "out")
        assert time.monotonic() - before < 10
        assert done.code == 3, done.error
        assert done.run is not None
        assert agree(sick.ledger(), folder / "out", done.run, count) == Counter(error=count)
        assert set(errors(done)) <= {NO_ANSWER[fault], "gave_up"}
        assert errors(done)[NO_ANSWER[fault]] > 0
    assert_well_again(bench, folder, sick.port, count)


def assert_well_again(bench: Path, folder: Path, port: int, count: int) -> None:
    with faulty(Plan(), folder / "well", port=port) as well:
        done = carry_out(bench, folder / "out", resume=True)
        assert done.run is not None, done.error
        assert set(done.run.rows["outcome"]) == {"ok"}
        assert done.code == (0 if count >= 10 else 3), "under ten prompts there is no interval"
        assert len(well.ledger()) == count
        again = carry_out(bench, folder / "out", resume=True)
        assert len(well.ledger()) == count, "a completed run asks nothing"
        assert again.code == done.code


@every_generator
def test_nobody_listens(generator: str, tmp_path: Path) -> None:
    port = closed_port()
    bench = write(tmp_path, f"http://127.0.0.1:{port}/v1", 12, generator=generator)
    done = carry_out(bench, tmp_path / "out")
    assert done.code == 3, done.error
    assert set(errors(done)) <= {"connection", "gave_up"}
    assert_well_again(bench, tmp_path, port, 12)


@every_generator
def test_tls_that_is_none(generator: str, tmp_path: Path) -> None:
    with faulty(Plan(), tmp_path / "server") as server:
        bench = write(tmp_path, server.url.replace("http:", "https:"), 12, generator=generator)
        done = carry_out(bench, tmp_path / "out")
        assert done.code == 3, done.error
        assert set(errors(done)) <= {"connection", "gave_up"}
        assert server.ledger() == []


@every_generator
@pytest.mark.parametrize("fault", ["401", "403", "404", "redirect"])
def test_what_no_call_can_mend_costs_one_call(fault: str, generator: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("FAULT_KEY", KEY)
    with faulty(Plan(), tmp_path / "elsewhere") as elsewhere:
        plan = Plan.always(fault, elsewhere=f"{elsewhere.url}/chat/completions")
        with faulty(plan, tmp_path / "server") as server:
            options = {"api_key_env": "FAULT_KEY"}
            bench = write(tmp_path, server.url, 30, generator=generator, options=options, limits={"concurrency": 16})
            done = carry_out(bench, tmp_path / "out")
            assert done.code == 2
            assert [(e.attempt, e.behaviour, e.keyed) for e in server.ledger()] == [(1, fault, True)]
            assert elsewhere.ledger() == []
            assert KEY not in done.error
            for path in (tmp_path / "out").rglob("*"):
                assert KEY.encode() not in path.read_bytes()


@pytest.mark.parametrize(("fault", "code"), [("ok", 0), ("503", 3), ("401", 2)])
def test_the_command_line_ends_with_that_code(fault: str, code: int, tmp_path: Path) -> None:
    with faulty(Plan.always(fault), tmp_path / "server") as server:
        bench = write(tmp_path, server.url, 12)
        command = [sys.executable, "-m", "aigc_eval", "run", str(bench), "--out", str(tmp_path / "out")]
        own = {k: v for k, v in os.environ.items() if k != "CI"}  # where the command line must allow even this machine
        ended = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path, env=own, timeout=60)
        assert ended.returncode == code, ended.stderr


# Answers of a kind


@every_generator
@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [
        ("null", "empty"),
        ("reasoning", "empty"),
        ("content_filter", "filtered"),
        ("length", "truncated"),
    ],
)
def test_an_answer_without_text_is_no_good_answer(behaviour: str, outcome: str, generator: str, tmp_path: Path) -> None:
    """It is asked for once, and never a pass: what cannot be read is not scored, what is cut off proves too little."""
    with faulty(Plan.always(behaviour), tmp_path / "server") as server:
        done = carry_out(write(tmp_path, server.url, 12, generator=generator), tmp_path / "out")
        assert done.run is not None, done.error
        assert agree(server.ledger(), tmp_path / "out", done.run, 12) == Counter({outcome: 12})
        assert len(server.ledger()) == 12
        assert done.code == 3


def test_a_refusal_in_a_field_of_its_own_is_refused(tmp_path: Path) -> None:
    with faulty(Plan.always("refusal"), tmp_path / "server") as server:
        done = carry_out(write(tmp_path, server.url, 12), tmp_path / "out")
        assert done.run is not None, done.error
        assert set(done.run.rows["outcome"]) == {"refused"}
        assert (done.code, len(server.ledger())) == (3, 12)


# Time and memory


@every_generator
@pytest.mark.parametrize("fault", ["stall", "stall:connect", "drip:headers", "drip:body"])
def test_a_call_is_cut_at_its_deadline(fault: str, generator: str, tmp_path: Path) -> None:
    with faulty(Plan.always(fault), tmp_path / "server") as server:
        plugin = config.load(write(tmp_path, server.url, 1, generator=generator)).candidates[0].plugin
        plugin.load()
        before = time.monotonic()
        with pytest.raises(CallError) as raised, deadline(0.5):
            plugin.generate([Request(Prompt("p", "Describe item 1."))])
        assert 0.45 < time.monotonic() - before < 1.0
        assert (raised.value.kind, raised.value.again) == ("timeout", True)


MEASURED = """
import json, resource, sys, time
from pathlib import Path
from tests.faults.benches import carry_out
def rss(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
warm, bench, out = map(Path, sys.argv[1:])
carry_out(warm, warm.parent / "out")
before, start = rss(), time.monotonic()
done = carry_out(bench, out)
print(json.dumps({"code": done.code, "before": before, "after": rss(), "seconds": time.monotonic() - start}))
"""


def measured(folder: Path, server: Server, bench: Path) -> dict[str, float]:
    """A bench carried out in a process of its own after another one: peak resident MiB before and after it."""
    warm = write(folder / "warm", server.url, 12, limits={"timeout": 2})
    command = [sys.executable, "-c", MEASURED, str(warm), str(bench), str(folder / "out")]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, timeout=3000)
    assert ended.returncode == 0, ended.stderr
    found: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    return found


@every_generator
@pytest.mark.parametrize("fault", ["big", "bomb"])
def test_an_answer_without_end_is_cut(fault: str, generator: str, tmp_path: Path) -> None:
    """50 MB, and 10 GB in 10 MB: both are left at 32 MiB."""
    with faulty(Plan(), tmp_path / "well") as well, faulty(Plan.always(fault), tmp_path / "server") as server:
        bench = write(tmp_path, server.url, 3, generator=generator, limits={"timeout": 10})
        found = measured(tmp_path, well, bench)
        assert found["code"] == 3
        assert found["after"] - found["before"] < 200
        assert [r["error"] for r in journaled(tmp_path / "out")] == ["too_large"] * 3
        assert len(server.ledger()) == 3


# Throttling


def gaps(server: Server) -> list[float]:
    """Seconds between the requests, in order."""
    times = [e.at for e in server.ledger()]
    return [b - a for a, b in itertools.pairwise(times)]


@pytest.mark.parametrize(
    ("after", "least", "most"),
    [("1", 1.0, 1.35), ("0.3", 0.3, 0.6), ("1e9", 1.5, 1.8), ("-5", 0.0, 0.3), ("soon", 0.0, 0.3), ("date", 0.0, 1.4)],
)
def test_retry_after_is_honoured_within_the_cap(after: str, least: float, most: float, tmp_path: Path) -> None:
    with faulty(Plan(script=(f"429:{after}",)), tmp_path / "server") as server:
        limits = {"longest_wait": 1.5, "timeout": 2, "outage": 10}
        done = carry_out(write(tmp_path, server.url, 1, limits=limits), tmp_path / "out")
        assert done.run is not None
        assert list(done.run.rows["attempts"]) == [2]
        assert least <= gaps(server)[0] < most


@every_generator
def test_a_throttled_candidate_is_asked_by_fewer(generator: str, tmp_path: Path) -> None:
    """A server that takes eight at a time, and thirty-two who ask: after a while about eight do."""
    with faulty(Plan(most_open=8, delay=(0.01, 0.02)), tmp_path / "server") as server:
        bench = write(tmp_path, server.url, 600, generator=generator, limits={"concurrency": 32, "timeout": 5})
        done = carry_out(bench, tmp_path / "out")
        assert done.run is not None, done.error
        ledger = server.ledger()
        assert agree(ledger, tmp_path / "out", done.run, 600) == Counter(ok=600)
        assert len(ledger) < 1.25 * 600
        assert sum(e.behaviour == "429" for e in ledger[:50]) > 10
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
            assert most_in(server, seconds) <= 31 + 4.6 * seconds


def test_tokens_a_minute_are_kept(tmp_path: Path) -> None:
    """3000 a minute: 300 at once, then 45 a second; the bucket may be overdrawn by one call."""
    with faulty(Plan(), tmp_path / "server") as server:
        limits = {"tokens_per_minute": 3000, "concurrency": 32, "timeout": 5}
        done = carry_out(write(tmp_path, server.url, 22, limits=limits), tmp_path / "out")
        assert done.code == 0
        assert sum(e.tokens for e in server.ledger()) > 370
        for seconds in (0.25, 0.5, 1.0):
            assert most_in(server, seconds, weights=True) <= 300 + 46 * seconds + 20


@pytest.mark.slow
def test_a_minute_of_requests_and_tokens(tmp_path: Path) -> None:
    """Three minutes' worth against the limits as the bench writes them: no 60 seconds hold more."""
    with faulty(Plan(), tmp_path / "server") as server:
        limits = {"requests_per_minute": 200, "tokens_per_minute": 100_000, "concurrency": 32, "timeout": 5}
        assert carry_out(write(tmp_path, server.url, 400, limits=limits), tmp_path / "out").code == 0
        assert 180 <= most_in(server, 60.0) <= 200
    with faulty(Plan(), tmp_path / "tokens") as server:
        limits = {"tokens_per_minute": 3000, "concurrency": 32, "timeout": 5}
        bench = write(tmp_path / "second", server.url, 300, limits=limits)
        assert carry_out(bench, tmp_path / "second" / "out").code == 0
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
    """Dead from second 0.3 to 1.3; probes are few."""
    with faulty(Plan(outage=(0.3, 1.3), delay=(0.01, 0.03)), tmp_path / "server") as server:
        limits = {"concurrency": 8, "timeout": 5, "outage": 10, "attempts": 3, "backoff": 0.05}
        done = carry_out(write(tmp_path, server.url, 300, limits=limits), tmp_path / "out")
        assert done.run is not None
        assert agree(server.ledger(), tmp_path / "out", done.run, 300) == Counter(ok=300)
        assert sum(e.behaviour == "503" for e in server.ledger()) < 60


# Pairing


def paired(folder: Path, server: Server, generator: str, count: int, samples: int) -> str:
    """Every sample in its place, and figures."""
    limits = {"concurrency": 64, "timeout": 60, "deadline": 300, "outage": 60, "longest_wait": 1}
    bench = write(folder, server.url, count, generator=generator, limits=limits, samples=samples)
    with faulty(Plan(), folder / "well") as well:
        found = measured(folder, well, bench)
    assert found["code"] == 0
    done, ledger = runner.load(folder / "out"), server.ledger()
    assert len(ledger) == count * samples
    assert agree(ledger, folder / "out", done, count, samples) == Counter(ok=count * samples)
    draws = done.rows.groupby("prompt")["text"].nunique()
    assert (draws == samples).all()
    spent = ledger[-1].at - ledger[0].at
    assert found["after"] < 1024, found
    return (
        f"{generator}: {count * samples:,} samples in {found['seconds']:.0f} s, {len(ledger) / spent:.0f} requests/s "
        f"for {spent:.0f} s, at most {max(e.open for e in ledger)} open, peak {found['after']:.0f} MiB "
        f"(before: {found['before']:.0f})"
    )


@every_generator
def test_answers_that_overtake_each_other_are_paired(generator: str, tmp_path: Path) -> None:
    with faulty(Plan(delay=(0.0, 0.05)), tmp_path / "server") as server:
        print(paired(tmp_path, server, generator, 200, 5))


@pytest.mark.slow
@every_generator
def test_a_hundred_thousand_answers_are_paired(generator: str, tmp_path: Path) -> None:
    with faulty(Plan(delay=(0.0, 0.05)), tmp_path / "server") as server:
        print(paired(tmp_path, server, generator, 20_000, 5))
