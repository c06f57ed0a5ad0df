"""Whole runs against a server that fails: nothing is lost, doubled, mis-paired or taken for a pass, and all end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from aigc_eval import config
from aigc_eval.deadline import deadline
from aigc_eval.errors import CallError
from aigc_eval.records import Prompt, Request
from tests.durability.harness import THOROUGH
from tests.faults.benches import agree, carry_out, errors, every_generator, journaled, measured, write
from tests.faults.plan import Plan
from tests.faults.server import closed_port, faulty

KEY = "sk-fault-0123456789"
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
AT_ONCE = ("429", "reset:body", "truncated", "400")


# Some fail


@every_generator
def test_three_in_ten_calls_fail_and_nothing_is_lost(generator: str, tmp_path: Path) -> None:
    limits = {"concurrency": 16, "attempts": 5, "timeout": 0.2, "outage": 30}
    with faulty(Plan.mixed(0.3, seed=3), tmp_path / "server") as server:
        bench = write(tmp_path, server.url, 200, generator=generator, limits=limits)
        done = carry_out(bench, tmp_path / "out")
        assert done.run is not None, done.error
        outcomes = agree(server.ledger(), tmp_path / "out", done.run, 200, late=5)
        assert outcomes["ok"] >= 0.995 * 200
        assert len(server.ledger()) <= 1.5 * 200
        assert done.code == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("generator", "count"), [("openai_compatible", 10_000 if THOROUGH else 1_500), ("http", 1_000)]
)
def test_three_in_ten_calls_of_thousands_fail_and_nothing_is_lost(generator: str, count: int, tmp_path: Path) -> None:
    limits = {"concurrency": 32, "attempts": 5, "deadline": 60, "timeout": 0.5, "outage": 30}
    with faulty(Plan.mixed(0.3), tmp_path / "server") as server:
        bench = write(tmp_path, server.url, count, generator=generator, limits=limits)
        before = time.monotonic()
        done = carry_out(bench, tmp_path / "out")
        seconds = time.monotonic() - before
        assert done.run is not None, done.error
        ledger = server.ledger()
        outcomes = agree(ledger, tmp_path / "out", done.run, count, late=count // 50)
        print(f"{generator}: {outcomes}, {len(ledger)} requests, {seconds:.0f} s")
        assert outcomes["ok"] >= 0.995 * count
        assert len(ledger) <= 1.5 * count


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
    if generator == "openai_compatible" and fault in AT_ONCE:
        pytest.skip("every change sees it in the fast tests")
    always(fault, generator, tmp_path)


def always(fault: str, generator: str, folder: Path) -> None:
    """Within a minute, exit 3, and not one answer is kept: when the server is well again, all are asked again."""
    count = 3 if fault in ("big", "bomb") else 12
    with faulty(Plan.always(fault), folder / "sick") as sick:
        bench = write(folder, sick.url, count, generator=generator)
        before = time.monotonic()
        done = carry_out(bench, folder / "out")
        assert time.monotonic() - before < 60
        assert done.code == 3, done.error
        assert done.run is not None
        assert agree(sick.ledger(), folder / "out", done.run, count) == Counter(error=count)
        assert not any(r["text"] for r in journaled(folder / "out"))
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


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        pytest.param("ok", 0, marks=pytest.mark.slow),
        ("503", 3),
        pytest.param("401", 2, marks=pytest.mark.slow),
    ],
)
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
        assert 0.45 < time.monotonic() - before < 60
        assert (raised.value.kind, raised.value.again) == ("timeout", True)


SLOWER = (("bomb", "http"), ("big", "http"), ("big", "openai_compatible"))


@pytest.mark.parametrize(
    ("fault", "generator"), [("bomb", "openai_compatible"), *(pytest.param(*o, marks=pytest.mark.slow) for o in SLOWER)]
)
def test_an_answer_without_end_is_cut(fault: str, generator: str, tmp_path: Path) -> None:
    """50 MB, and 10 GB in 10 MB: both are left at 32 MiB."""
    with faulty(Plan(), tmp_path / "well") as well, faulty(Plan.always(fault), tmp_path / "server") as server:
        bench = write(tmp_path, server.url, 3, generator=generator, limits={"timeout": 10})
        found = measured(tmp_path, well, bench)
        assert found["code"] == 3
        assert found["after"] - found["before"] < 200
        assert [r["error"] for r in journaled(tmp_path / "out")] == ["too_large"] * 3
        assert len(server.ledger()) == 3


@pytest.mark.slow
@pytest.mark.parametrize("files", [30, 64] if THOROUGH else [30])
def test_few_files_that_may_be_open_slow_a_run_down(files: int, tmp_path: Path) -> None:
    """128 connections are allowed by the bench, far fewer by the operating system: none is lost for that."""
    with faulty(Plan(delay=(0.01, 0.02)), tmp_path / "server") as server, faulty(Plan(), tmp_path / "well") as well:
        bench = write(tmp_path, server.url, 300, limits={"concurrency": 128, "timeout": 5})
        found = measured(tmp_path, well, bench, files=files)
        assert found["code"] == 0
        assert {r["outcome"] for r in journaled(tmp_path / "out") if "outcome" in r} == set()
        assert len(server.ledger()) == 300
        assert max(e.open for e in server.ledger()) <= files // 3
