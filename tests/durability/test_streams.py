"""Where results are said does not decide them: full disks behind stdout, names that are no text, no streams at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.durability.harness import Bench, artefacts, start, temporary_bench


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with temporary_bench(prompts=12) as made:
        yield made


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_stream_that_takes_nothing(bench: Bench, stream: str) -> None:
    """Results that could not be said are no success; what nobody was told on stderr changes nothing."""
    bench.clear()
    ended = start(replace(bench.job(), **{stream: "/dev/full"})).wait()
    assert ended.code == (3 if stream == "stdout" else bench.whole.code)
    assert "Traceback" not in ended.stderr
    assert json.loads((bench.home / "out" / "verdict.json").read_text("utf-8"))["status"] == "pass"
    assert artefacts(bench.home / "out") == bench.expected


def test_a_folder_whose_name_is_no_text(bench: Bench) -> None:
    """Bytes that are no UTF-8 come as lone surrogates and are printed as escapes."""
    bench.clear()
    out = os.fsdecode(b"out/\xff")
    ended = bench.run(out)
    assert ended.code == bench.whole.code, ended.stderr
    assert "out/\\udcff/report.html" in ended.stdout
    assert artefacts(bench.home / out) == bench.expected
    assert bench.run(out, "--resume").code == bench.whole.code
    assert bench.calls() == []
