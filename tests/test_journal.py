from __future__ import annotations

import hashlib
import os
import random
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from aigc_eval.errors import JournalError
from aigc_eval.journal import NAME, Journal


def score(key: str, value: float) -> dict[str, object]:
    return {"kind": "score", "key": key, "data": {"value": value}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Journal(tmp_path) as journal:
        journal.append([{"kind": "run", "created": "x"}])
        journal.append([score(f"k{i}", i / 10) for i in range(5)])
        journal.append([score("k1", 9.0)])
    return tmp_path


def test_what_was_appended_is_found_again(folder: Path) -> None:
    with Journal(folder, write=False) as journal:
        assert journal.heads == [{"kind": "run", "created": "x"}]
        assert journal.find("score", "k4") == {"value": 0.4}
        assert journal.find("score", "k1") == {"value": 9.0}  # the latest counts
        assert journal.find("generation", "k4") is None


def test_appending_goes_on_where_it_ended(folder: Path) -> None:
    with Journal(folder) as journal:
        before = journal.head
        journal.append([score("late", 1.0)])
        assert journal.find("score", "late") == {"value": 1.0}
    with Journal(folder, write=False) as journal:
        assert journal.head != before
        assert journal.find("score", "late") == {"value": 1.0}


def test_only_the_owner_may_read(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        with Journal(tmp_path) as journal:
            journal.append([score("a", 1.0)])
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600


def test_a_torn_end_is_dropped_at_every_byte(folder: Path) -> None:
    whole = (folder / NAME).read_bytes()
    lines = whole.splitlines(keepends=True)
    start = len(whole) - len(lines[-1]) - len(lines[-2])
    for cut in range(start, len(whole)):
        (folder / NAME).write_bytes(whole[:cut])
        with Journal(folder) as journal:
            kept = whole[:cut].count(b"\n")
            assert len(journal._offsets) + len(journal.heads) == min(kept, 6)  # k1 stands twice in the last line
            journal.append([score("next", 1.0)])
        with Journal(folder, write=False) as journal:
            assert journal.find("score", "next") == {"value": 1.0}


def test_a_flipped_bit_is_found_or_harmless(folder: Path) -> None:
    whole = (folder / NAME).read_bytes()
    rng = random.Random(5)
    for _ in range(500):
        damaged = bytearray(whole)
        damaged[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
        (folder / NAME).write_bytes(damaged)
        if damaged[-1:] == b"\n":
            with pytest.raises(JournalError, match="damaged at byte"), Journal(folder, write=False):
                pass
        else:  # without its newline the last record is a torn one
            with Journal(folder, write=False) as journal:
                assert journal.find("score", "k1") == {"value": 0.1}


def test_swapped_and_dropped_lines_are_found(folder: Path) -> None:
    lines = (folder / NAME).read_bytes().splitlines(keepends=True)
    for broken in (
        [lines[0], lines[2], lines[1], *lines[3:]],
        [lines[0], *lines[2:]],
        [*lines[:2], lines[1], *lines[2:]],
    ):
        (folder / NAME).write_bytes(b"".join(broken))
        with pytest.raises(JournalError, match="damaged at byte"), Journal(folder, write=False):
            pass


def test_one_writer_at_a_time(folder: Path) -> None:
    code = f"from pathlib import Path\nfrom aigc_eval.journal import Journal\nwith Journal(Path({str(folder)!r})): pass"
    with Journal(folder):
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    holder = f" (process {os.getpid()})" if Path("/proc/locks").exists() else ""
    assert f"another run{holder} is writing here" in other.stderr
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / NAME).symlink_to(folder / NAME)
    with pytest.raises(JournalError), Journal(tmp_path / "elsewhere"):
        pass


def test_a_folder_without_a_run(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="folder of a run"), Journal(tmp_path, write=False):
        pass


def test_nothing_that_is_not_json_gets_in(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        with pytest.raises(ValueError, match="JSON compliant"):
            journal.append([score("a", float("nan"))])
        journal.append([score("b", 1.0)])
    with Journal(tmp_path, write=False) as journal:
        assert journal.find("score", "a") is None


@pytest.mark.parametrize("body", [b"no JSON", b"[]", b"{}", b"3", b'{"kind":"score","key":[]}', b"[" * 100_000])
def test_a_record_that_is_none_is_damage_though_its_checksum_fits(folder: Path, body: bytes) -> None:
    whole = (folder / NAME).read_bytes()
    last = whole.splitlines()[-1][:32]
    checksum = hashlib.blake2b(last + body, digest_size=16).hexdigest().encode()
    (folder / NAME).write_bytes(whole + checksum + b" " + body + b"\n")
    with pytest.raises(JournalError, match=f"damaged at byte {len(whole)}"), Journal(folder, write=False):
        pass
