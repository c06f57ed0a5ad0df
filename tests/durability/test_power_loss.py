"""What a power cut leaves: ends torn off at any byte, pages of zeros, flipped bits. It is told, or it is harmless."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from aigc_eval.errors import JournalError
from aigc_eval.journal import NAME, Journal
from tests.durability.harness import Bench, artefacts, records, temporary_bench, whole_lines

PAGE = 4096


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with temporary_bench(prompts=12) as made:
        assert made.expected
        yield made


@pytest.fixture(scope="module")
def journal(bench: Bench) -> bytes:
    """The journal of a complete run."""
    return bench.expected[NAME]


@pytest.fixture
def folder(bench: Bench) -> Path:
    """A folder for a journal, in memory like the bench: ext4 syncs a file that is written over."""
    (bench.home / "folder").mkdir(exist_ok=True)
    return bench.home / "folder"


def read(folder: Path, content: bytes, *, write: bool = False) -> Journal:
    """The journal with this content, opened and closed again."""
    (folder / NAME).write_bytes(content)
    with Journal(folder, write=write) as found:
        pass
    return found


def begins(whole: bytes, found: Journal) -> bool:
    """Whether the journal holds a beginning of the whole one, and nothing else."""
    return whole.startswith(found.path.read_bytes()[: found._end]) and whole[: found._end].count(b"\n") == len(
        records(whole[: found._end])
    )


def test_an_end_torn_off_at_any_byte_of_the_last_three_records(folder: Path, journal: bytes) -> None:
    start = len(b"".join(journal.splitlines(keepends=True)[:-3]))
    for cut in range(start, len(journal)):
        found = read(folder, journal[:cut], write=True)
        assert found.path.read_bytes() == whole_lines(journal[:cut])


def test_a_run_goes_on_from_any_torn_end(bench: Bench, journal: bytes) -> None:
    """Cut within its last three answers, and within its last three records."""
    lines = journal.splitlines(keepends=True)
    answered = max(i for i, line in enumerate(lines) if b'"generation"' in line) + 1
    rng = random.Random(4)
    for last in (answered, len(lines)):
        start, end = (len(b"".join(lines[:n])) for n in (last - 3, last))
        for cut in sorted(rng.sample(range(start, end), 4)):
            bench.clear()
            (bench.home / "out").mkdir()
            (bench.home / "out" / NAME).write_bytes(journal[:cut])
            bench.check(bench.resume())


@pytest.mark.parametrize("rest", [b"\0" * 7, b"\0" * PAGE, b"\xff" * PAGE, b"\0" * PAGE + b"\n"])
def test_a_file_that_grew_without_its_content(folder: Path, journal: bytes, rest: bytes) -> None:
    """A page that was allocated and never written. With a line's end in it, it is no torn end and is told."""
    if rest.endswith(b"\n"):
        with pytest.raises(JournalError, match=f"damaged at byte {len(journal)};"):
            read(folder, journal + rest)
        return
    found = read(folder, journal + rest, write=True)
    assert found.path.read_bytes() == journal


def test_a_last_page_of_zeros(folder: Path, journal: bytes) -> None:
    for size in (1, 100, PAGE, 3 * PAGE):
        found = read(folder, journal[:-size] + b"\0" * size, write=True)
        assert found.path.read_bytes() == whole_lines(journal[:-size])


@pytest.mark.parametrize("page", range(3))
def test_a_page_of_zeros_before_the_end(folder: Path, journal: bytes, page: int) -> None:
    zeros = journal[: page * PAGE] + b"\0" * PAGE + journal[(page + 1) * PAGE :]
    with pytest.raises(JournalError, match="damaged at byte") as caught:
        read(folder, zeros, write=True)
    at = int(re.findall(r"damaged at byte (\d+);", str(caught.value))[0])
    assert at == len(whole_lines(journal[: page * PAGE]))
    assert (folder / NAME).read_bytes() == zeros, "what is damaged is left as it is"
    assert begins(journal, read(folder, zeros[:at])), "the message says how to keep what stands before"


def test_ten_thousand_flipped_bits(folder: Path, journal: bytes) -> None:
    """Each is told with the byte of its line, or was in the very last character and costs the last record."""
    lines = journal.splitlines(keepends=True)
    small = b"".join(lines[:8])
    rng = random.Random(5)
    harmless = 0
    for _ in range(10_000):
        place = rng.randrange(len(small))
        damaged = bytearray(small)
        damaged[place] ^= 1 << rng.randrange(8)
        told, found = "", None
        try:
            found = read(folder, bytes(damaged))
        except JournalError as error:
            told = str(error)
        if found is None:
            assert f"damaged at byte {len(whole_lines(small[:place]))};" in told
        else:
            harmless += 1
            assert place == len(small) - 1
            assert found._end == len(b"".join(lines[:7]))
    assert harmless < 50


def test_a_run_with_a_damaged_journal_is_refused_and_left_alone(bench: Bench, journal: bytes) -> None:
    bench.clear()
    (bench.home / "out").mkdir()
    damaged = bytearray(journal)
    damaged[len(damaged) // 2] ^= 4
    (bench.home / "out" / NAME).write_bytes(damaged)
    ended = bench.run("out", "--resume")
    assert ended.code == 2
    assert "damaged at byte" in ended.stderr
    assert bench.calls() == []
    assert artefacts(bench.home / "out") == {NAME: bytes(damaged)}
    (at,) = re.findall(r"truncate -s (\d+) out/journal.jsonl", ended.stderr)
    (bench.home / "out" / NAME).write_bytes(journal[: int(at)])
    bench.check(bench.resume())
