"""One run a folder: of many that start at once one works, and the others say who does; a folder must be fit for it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.durability.harness import Bench, start, temporary_bench

NOBODY = 65534


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with temporary_bench(prompts=12) as made:
        yield made


def eight_at_once(bench: Bench) -> None:
    bench.clear()
    gate = bench.home / "gate"
    gate.unlink(missing_ok=True)
    until = time.monotonic() + 60
    running = [start(bench.job("out", "--resume", GATE=str(gate))) for _ in range(8)]
    working = running[:]
    while len(working) > 1 and time.monotonic() < until:
        working = [p for p in running if Path(f"/proc/{p.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"]
        time.sleep(0.01)
    (worker,) = working
    gate.touch()
    bench.check(worker.wait())
    for process in running:
        if process is not worker:
            ended = process.wait()
            assert ended.code == 2, ended
            assert f"out: another run (process {worker.pid}) is writing here" in ended.stderr
    assert sum(len(ledger.read_text().splitlines()) for ledger in bench.home.glob("ledger*")) == 24


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="the system does not tell who holds a lock")
def test_eight_processes_in_one_folder(bench: Bench) -> None:
    eight_at_once(bench)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="the system does not tell who holds a lock")
def test_eight_processes_in_one_folder_again_and_again(bench: Bench) -> None:
    for _ in range(25):
        eight_at_once(bench)


def test_the_lock_of_a_killed_run_is_free(bench: Bench) -> None:
    bench.clear()
    process = start(bench.job(GATE="never"))
    until = time.monotonic() + 30
    while not bench.calls():
        assert time.monotonic() < until
        time.sleep(0.002)
    assert bench.run("out", "--resume").code == 2
    process.signal(signal.SIGKILL)
    assert process.wait().code == -signal.SIGKILL
    bench.check(bench.resume())


def test_a_file_system_without_locks(bench: Bench) -> None:
    bench.clear()
    ended = bench.run(no_locks=True)
    assert ended.code == 2
    assert "cannot lock files (No locks available)" in ended.stderr
    assert "--out" in ended.stderr
    assert bench.calls() == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not write here")
@pytest.mark.parametrize("out", ["closed", "closed/below"])
def test_a_folder_that_may_not_be_written_to(bench: Bench, out: str) -> None:
    """By somebody else than root, whom no mode keeps out."""
    bench.clear()
    bench.home.chmod(0o777)
    folder = bench.home / "closed"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o555)
    job = bench.job(out)
    Path(job.stdout).parent.chmod(0o777)
    ended = bench.run(out, user=NOBODY)
    assert ended.code == 2, ended
    assert f"cannot write to {out}: " in ended.stderr.lower()
    assert "permission denied" in ended.stderr.lower()
    assert bench.calls() == []
    assert list(folder.iterdir()) == []


def test_a_file_where_the_folder_should_be(bench: Bench) -> None:
    bench.clear()
    (bench.home / "taken").write_text("mine", "utf-8")
    ended = bench.run("taken")
    assert ended.code == 2
    assert "cannot write to taken" in ended.stderr
    assert (bench.home / "taken").read_text("utf-8") == "mine"
    assert bench.calls() == []


def test_folders_that_are_missing_are_made(bench: Bench) -> None:
    bench.clear()
    bench.check(bench.run("out/a/b"), "out/a/b")
