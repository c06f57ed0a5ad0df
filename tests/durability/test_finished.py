"""A run that is complete is reported again without a call; a large journal is read in seconds and little memory."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aigc_eval.journal import Journal
from tests.durability.harness import ROOT, Bench, artefacts, temporary_bench

SCAN = """
import json, sys, time
from pathlib import Path
from aigc_eval.journal import Journal
def most():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
before, begun = most(), time.process_time()
with Journal(Path(sys.argv[1])) as journal:
    seconds = time.process_time() - begun
    found = sum(journal.find("generation", f"{i:032x}") is not None for i in range(0, 100_000, 1000))
    print(json.dumps({"seconds": seconds, "mib": (most() - before) / 1024, "records": len(journal), "found": found}))
"""


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with temporary_bench(prompts=12) as made:
        yield made


@pytest.mark.parametrize("more", [(), ("--resume",)])
@pytest.mark.parametrize("lost", ["", "verdict.json", "report.html"])
def test_a_completed_run_started_again(bench: Bench, more: tuple[str, ...], lost: str) -> None:
    bench.clear()
    bench.check(bench.run())
    if lost:
        (bench.home / "out" / lost).unlink()
    bench.check(bench.run("out", *more))
    assert bench.calls() == []


def test_a_completed_run_is_told_again_in_three_seconds(bench: Bench) -> None:
    """In a process of its own, with everything that it has to import, on one core."""
    bench.clear()
    bench.check(bench.run())
    job = bench.job()
    env = {**os.environ, **job.environment, "PYTHONPATH": str(ROOT), "SOURCE_DATE_EPOCH": "1790000000"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "aigc_eval", *job.arguments]
    done = subprocess.run(command, cwd=bench.home, env=env, capture_output=True, check=False)
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == bench.whole.code, done.stderr
    assert artefacts(bench.home / "out") == bench.expected
    assert bench.calls() == []
    assert spent.ru_utime + spent.ru_stime - before.ru_utime - before.ru_stime < 3


@pytest.mark.slow
def test_a_journal_of_100_000_answers(tmp_path: Path) -> None:
    """At most 5 s and 300 MiB; beside the answers, 10,000 prompts."""
    prompts = [
        {"kind": "prompt", "data": {"id": f"p{i}", "text": "Describe it. " * 40, "tags": {}}} for i in range(10_000)
    ]
    answers = (
        {"kind": "generation", "key": f"{i:032x}", "data": {"prompt": f"p{i}", "text": "It is so. " * 30}}
        for i in range(100_000)
    )
    with Journal(tmp_path) as journal:
        journal.append([{"kind": "run"}, *prompts, {"kind": "ready"}])
        for _ in range(10):
            journal.append([next(answers) for _ in range(10_000)])
    done = subprocess.run([sys.executable, "-c", SCAN, str(tmp_path)], capture_output=True, text=True, check=True)
    figures = json.loads(done.stdout)
    assert figures["records"] == 100_000
    assert figures["found"] == 100
    assert figures["seconds"] < 5
    assert figures["mib"] < 300
