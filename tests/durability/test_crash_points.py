"""A run that dies at the n-th operation on its folder, before it or in the middle of it, for every n."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator

import pytest

from aigc_eval.journal import NAME
from tests.durability.harness import Bench, answers, artefacts, temporary_bench, whole_lines


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with temporary_bench() as made:
        yield made


def ways(bench: Bench) -> list[tuple[int, str]]:
    """Every operation of a whole run, and every way to die there."""
    log = bench.whole.log
    torn = [(n, "die torn") for n, what in enumerate(log, 1) if what.startswith(("write", "pwrite"))]
    return sorted([(n, "die") for n in range(1, len(log) + 1)] + torn + [(len(log), "die after")])


def dies(bench: Bench, at: int, mode: str, *more: str) -> None:
    ended = bench.troubled("out", *more, mode=mode, at=at)
    assert ended.code in (-signal.SIGKILL, bench.whole.code), ended.stderr


def dies_and_resumes(bench: Bench, points: list[tuple[int, str]]) -> None:
    for at, mode in points:
        bench.clear()
        dies(bench, at, mode)
        assert not has_a_verdict_too_early(bench, at)
        calls = len(bench.calls())
        bench.check(bench.resume())
        assert calls + len(bench.calls()) <= len(answers(bench.expected[NAME])) + 1


def has_a_verdict_too_early(bench: Bench, at: int) -> bool:
    """Whether there is a verdict although the run died before it was renamed to that name."""
    renamed = bench.whole.log.index("replace verdict.json") + 1
    return at <= renamed and (bench.home / "out" / "verdict.json").exists()


def test_dying_at_some_operations(bench: Bench) -> None:
    every = ways(bench)
    assert len(every) > 300
    first = {bench.whole.log[at - 1] + mode: (at, mode) for at, mode in reversed(every)}  # one of each sort
    dies_and_resumes(bench, sorted(first.values())[::5])


@pytest.mark.slow
def test_dying_at_every_operation(bench: Bench) -> None:
    dies_and_resumes(bench, ways(bench))


def dies_twice(bench: Bench, times: int, seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(times):
        bench.clear()
        dies(bench, *rng.choice(ways(bench)))
        kept = whole_lines(artefacts(bench.home / "out").get(NAME, b""))
        dies(bench, *rng.choice(ways(bench)), "--resume")
        if b'"ready"' in kept:
            assert artefacts(bench.home / "out")[NAME].startswith(kept)
        bench.check(bench.resume())


def test_dying_again_on_resume(bench: Bench) -> None:
    dies_twice(bench, 2, seed=1)


@pytest.mark.slow
def test_dying_again_on_resume_often(bench: Bench) -> None:
    dies_twice(bench, 150, seed=2)
