"""What a record file becomes, and what all formats share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from aigc_eval.errors import DataError, Problem
from aigc_eval.tables.strict_json import Record

__all__ = ["MOST_BYTES", "MOST_RECORDS", "Parsed", "Table", "bad", "most_unpacked", "stop"]

MOST_BYTES = 2 << 30
"""Largest file that is read, after unpacking."""
MOST_RECORDS = 1_000_000
"""Most records of one file, bad ones counted: one of two bytes takes hundreds in memory."""
_MOST_RATIO = 100
_MOST_PROBLEMS = 20


@dataclass(frozen=True)
class Table:
    """The records of one file. `lines[i]` is the line record i starts on; empty where a format has no lines.

    `left_out` are the bad records that the reader was allowed to leave out, one problem each.
    """

    path: Path
    sha256: str
    records: tuple[Record, ...] = field(repr=False)
    lines: tuple[int, ...] = field(repr=False, default=())
    left_out: tuple[Problem, ...] = ()

    def where(self, index: int) -> str:
        """The place of record `index` for a message: `file:line`, or `file: record n`.

        >>> Table(Path("a.csv"), "", ({}, {}), (2, 5)).where(1), Table(Path("a.parquet"), "", ({},)).where(0)
        ('a.csv:5', 'a.parquet: record 1')
        """
        return f"{self.path}:{self.lines[index]}" if self.lines else f"{self.path}: record {index + 1}"

    def problem(self, index: int, key: str, what: str, remedy: str = "") -> Problem:
        """Something wrong in record `index`."""
        line = self.lines[index] if self.lines else None
        place = key if self.lines else f"record {index + 1}: {key}" if key else f"record {index + 1}"
        return Problem(str(self.path), line, place, what, remedy)


@dataclass(frozen=True)
class Parsed:
    """A file's records, the lines they start on (none where a format has no lines), and a problem for each bad one."""

    path: Path
    records: list[Record] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def add(self, record: Record, line: int) -> None:
        """One more good record."""
        self._check(line)
        self.records.append(record)
        self.lines.append(line)

    def refuse(self, problem: Problem) -> None:
        """One more bad record."""
        self._check(problem.line)
        self.problems.append(problem)

    def _check(self, line: int | None) -> None:
        if len(self.records) + len(self.problems) >= MOST_RECORDS:
            raise stop(self.path, line, f"holds more than {MOST_RECORDS:,} records", "split it")


def stop(path: Path, line: int | None, what: str, remedy: str = "") -> DataError:
    """The error of a file that cannot be read at all."""
    return DataError([Problem(str(path), line, "", what, remedy)])


def bad(problems: Sequence[Problem]) -> DataError:
    """The error that lists problems, the first twenty of them, and counts the rest."""
    shown = list(problems[:_MOST_PROBLEMS])
    if len(problems) > _MOST_PROBLEMS:
        shown.append(Problem(shown[0].file, None, "", f"{len(problems) - _MOST_PROBLEMS:,} more problems like these"))
    return DataError(shown)


def most_unpacked(packed: int) -> int:
    """How many bytes so many packed ones may stand for: a hundred times as many (64 MiB are always allowed).

    >>> most_unpacked(1000) >> 20, most_unpacked(10**12) == MOST_BYTES
    (64, True)
    """
    return min(MOST_BYTES, max(64 << 20, _MOST_RATIO * packed))
