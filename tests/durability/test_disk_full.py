"""A disk that is full, over its quota or broken: the run ends with 3 and says where; what was written stays whole."""

from __future__ import annotations

import errno
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from aigc_eval.journal import NAME, Journal
from tests.durability.harness import THOROUGH, Bench, Ended, answers, artefacts, temporary_bench

SAID = {name: os.strerror(getattr(errno, name)) for name in ("ENOSPC", "EDQUOT", "EIO", "EFBIG")}


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with temporary_bench() as made:
        yield made


def check_refused(bench: Bench, ended: Ended, error: str) -> None:
    """The exit code, the message, and that whatever stands in the folder is whole and no pass."""
    found = artefacts(bench.home / "out")
    assert ended.code == 3 or (ended.code == 2 and not answers(found.get(NAME, b""))), ended
    if "could not be written" not in ended.stdout:  # the verdict names the reports that are missing
        assert SAID[error] in ended.stderr, ended
        assert "/out" in ended.stderr or "out/" in ended.stderr or "out:" in ended.stderr, ended
    assert "Traceback" not in ended.stderr
    if error != "EIO":  # what cannot be removed may stay, but only then
        assert json.loads(found.get("verdict.json", b"{}")).get("status") in (None, "undetermined")
        assert not [name for name in found if name.endswith(".tmp")]
    for name in found.keys() & {"summary.csv", "rows.csv"}:
        assert found[name] == bench.expected[name]


def refused_and_resumed(bench: Bench, points: list[tuple[int, str, str, bool]]) -> None:
    for at, mode, error, lasting in points:
        bench.clear()
        ended = bench.troubled("out", mode=mode, at=at, error=error, lasting=lasting)
        if ended.code == bench.whole.code:  # one file that could not be removed, say, and no harm done
            bench.check(ended)
            continue
        check_refused(bench, ended, error)
        bench.check(bench.resume())


def ways(bench: Bench) -> list[tuple[int, str, str, bool]]:
    """Every operation, refused for a moment or from then on, at once or in the middle of a write."""
    found = []
    for at, what in enumerate(bench.whole.log, 1):
        operation = what.split()[0]
        modes = ["fail", "fail torn"] if operation in ("write", "pwrite") else ["fail"]
        errors = ["EIO"] if operation in ("unlink", "ftruncate") else ["ENOSPC", "EIO"]
        found += [(at, mode, error, lasting) for mode in modes for error in errors for lasting in (True, False)]
    return found


def test_refused_at_some_operations(bench: Bench) -> None:
    every = ways(bench)
    sorts = {(bench.whole.log[at - 1], *rest): (at, *rest) for at, *rest in reversed(every)}
    refused_and_resumed(bench, sorted(sorts.values())[::53])


@pytest.mark.slow
def test_refused_at_many_operations(bench: Bench) -> None:
    step = 1 if THOROUGH else 6
    refused_and_resumed(bench, ways(bench)[:: 3 * step])
    refused_and_resumed(
        bench, [(at, mode, "EDQUOT", True) for at, mode, error, _ in ways(bench)[::step] if error != "EIO"]
    )


def test_a_limit_of_file_sizes(bench: Bench) -> None:
    """A real limit of the system (RLIMIT_FSIZE), whose signal Python ignores: the write fails with EFBIG."""
    bench.clear()
    check_refused(bench, bench.run(file_size=len(bench.expected[NAME]) // 2), "EFBIG")
    bench.check(bench.resume())


def test_a_small_disk(bench: Bench, tmp_path: Path) -> None:
    """A real file system that runs full while answers are written."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(disk)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"cannot mount a small disk: {error}")
    try:
        bench.clear()
        (bench.home / "out").symlink_to(disk / "run")
        ended = bench.run(str(disk / "run"))
        assert ended.code == 3, ended
        assert SAID["ENOSPC"] in ended.stderr
        assert str(disk) in ended.stderr
        subprocess.run(["mount", "-o", "remount,size=4m", str(disk)], check=True, capture_output=True)
        bench.check(bench.run(str(disk / "run"), "--resume"), str(disk / "run"))
    finally:
        (bench.home / "out").unlink()
        subprocess.run(["umount", str(disk)], check=True, capture_output=True)


# --- a sync that fails ----------------------------------------------------------------------------------------------


def record(key: str) -> dict[str, object]:
    return {"kind": "score", "key": key, "data": {"value": 1.0}}


def test_a_failed_sync_is_never_followed_by_one_that_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a failed fsync the system has forgotten what was not written; a second one reports success (fsyncgate)."""
    synced: list[int] = []

    def fails_once(file: int) -> None:
        synced.append(file)
        if len(synced) == 1:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    with Journal(tmp_path) as journal:
        journal.append([record("kept")])
        monkeypatch.setattr(os, "fsync", fails_once)
        for key in ("lost", "later"):
            with pytest.raises(OSError, match=NAME) as caught:
                journal.append([record(key)])
            assert caught.value.errno == errno.EIO
        assert len(synced) == 1
        assert journal.find("score", "lost") is None
        assert journal.find("score", "kept") is not None
    with Journal(tmp_path) as journal:
        assert journal.find("score", "lost") is None
        assert len(journal) == 1


def test_an_interrupted_append_ends_the_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shorter record over a longer one that was not counted would leave the end of the longer one behind it."""

    def interrupted(file: int) -> None:
        raise KeyboardInterrupt

    with Journal(tmp_path) as journal:
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", interrupted)
            with pytest.raises(KeyboardInterrupt):
                journal.append([record("a" * 1000)])
        with pytest.raises(OSError, match=NAME):
            journal.append([record("b")])
    with Journal(tmp_path, write=False) as journal:
        assert journal.find("score", "a" * 1000) is not None


def test_what_was_found_is_synced_before_it_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Journal(tmp_path) as journal:
        journal.append([record("a")])
    monkeypatch.setattr(os, "fsync", lambda file: (_ for _ in ()).throw(OSError(errno.EIO, "sync refused")))
    with pytest.raises(OSError, match="sync refused"), Journal(tmp_path):
        pass
    with Journal(tmp_path, write=False) as journal:  # who only reads makes nothing durable
        assert len(journal) == 1


def test_a_new_journal_is_there_after_a_power_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The names of the file and of every folder above it are synced, not only its content."""
    synced: list[str] = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda file: (synced.append(os.readlink(f"/proc/self/fd/{file}")), real(file))[1])
    if not Path("/proc/self/fd").exists():
        pytest.skip("no /proc to name an open file")
    with Journal(tmp_path / "reports" / "run") as journal:
        journal.append([record("a")])
    wanted = [tmp_path / "reports" / "run" / NAME, tmp_path / "reports" / "run", tmp_path / "reports", tmp_path]
    assert [str(path) for path in wanted] == synced[:4]
