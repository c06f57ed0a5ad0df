"""Record files of every format, read strictly into a `Table`."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from aigc_eval.errors import DataError, Problem
from aigc_eval.tables.strict_json import Record, decode, elements, kind, skip, whole

__all__ = ["Table", "bad", "read"]

MOST_BYTES = 2 << 30
"""Largest file that is read, after unpacking."""
MOST_RATIO = 100
"""A gzip file may unpack to this many times its size (64 MiB are always allowed)."""
MOST_PROBLEMS = 20
"""Problems that one error lists; the rest are counted."""


@dataclass(frozen=True)
class Table:
    """The records of one file. `lines[i]` is the line record i starts on; empty where a format has no lines."""

    path: Path
    sha256: str
    records: tuple[Record, ...] = field(repr=False)
    lines: tuple[int, ...] = field(repr=False, default=())

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


def bad(problems: Sequence[Problem]) -> DataError:
    """The error that lists problems, the first twenty of them, and counts the rest."""
    shown = list(problems[:MOST_PROBLEMS])
    if len(problems) > MOST_PROBLEMS:
        shown.append(Problem(shown[0].file, None, "", f"{len(problems) - MOST_PROBLEMS:,} more problems like these"))
    return DataError(shown)


def read(path: Path) -> Table:
    """All records of a file; see the module's text for formats. Raises `DataError` listing every bad line."""
    raw = _bytes(path)
    suffixes = [s.lower() for s in path.suffixes]
    if raw[:2] == b"\x1f\x8b":
        data = _unpacked(path, raw)
        suffixes = suffixes[:-1] if suffixes[-1:] in ([".gz"], [".gzip"]) else suffixes
    else:
        data = raw
    suffix = suffixes[-1] if suffixes else ""
    readers = {".jsonl": _lines, ".ndjson": _lines, ".json": _json, ".csv": _csv, ".tsv": _tsv, ".parquet": _parquet}
    if suffix not in readers:
        raise _problem(path, None, f"unknown kind of file {suffix!r}", "use .jsonl, .json, .csv, .tsv or .parquet")
    records, lines = readers[suffix](path, data)
    return Table(path, hashlib.sha256(raw).hexdigest(), tuple(records), tuple(lines))


Rows = tuple[list[Record], list[int]]


def _problem(path: Path, line: int | None, what: str, remedy: str = "") -> DataError:
    return DataError([Problem(str(path), line, "", what, remedy)])


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        what = "is a folder, not a file" if path.is_dir() else "no such file"
        raise _problem(path, None, what, "name a .jsonl, .json, .csv, .tsv or .parquet file")
    if path.stat().st_size > MOST_BYTES:
        raise _problem(path, None, "is larger than 2 GiB", "split it")
    try:
        return path.read_bytes()
    except OSError as error:
        raise _problem(path, None, f"cannot be read: {error.strerror}") from error


def _unpacked(path: Path, raw: bytes) -> bytes:
    most = min(MOST_BYTES, max(64 << 20, MOST_RATIO * len(raw)))
    try:
        with gzip.GzipFile(fileobj=BytesIO(raw)) as packed:
            data = packed.read(most + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise _problem(path, None, f"is not a whole gzip file: {error}", "pack it again") from error
    if len(data) > most:
        raise _problem(path, None, f"unpacks to more than {most >> 20:,} MiB", "unpack or split it")
    return data


_NOT_UTF8 = "is not UTF-8"
_SAVE_AS = "save it as UTF-8 (in Excel: CSV UTF-8)"


def _without_bom(path: Path, data: bytes) -> bytes:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data[:4]:
        raise _problem(path, 1, "is UTF-16 or UTF-32, not UTF-8", _SAVE_AS)
    return data.removeprefix(b"\xef\xbb\xbf")


def _text(path: Path, data: bytes) -> str:
    data = _without_bom(path, data)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        lines = enumerate(data.split(b"\n"), 1)
        wrong = [Problem(str(path), n, "", _NOT_UTF8, _SAVE_AS) for n, line in lines if not _is_utf8(line)]
        raise bad(wrong) from None


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _not_json(path: Path, line: int, error: json.JSONDecodeError) -> Problem:
    return Problem(str(path), line, "", f"not valid JSON at column {error.colno}: {error.msg}")


def _lines(path: Path, data: bytes) -> Rows:
    records: list[Record] = []
    lines: list[int] = []
    problems: list[Problem] = []
    for number, line in enumerate(_without_bom(path, data).split(b"\n"), 1):
        if not line.strip(b" \t\r"):
            continue
        try:
            value = whole(line.decode("utf-8"))
        except UnicodeDecodeError:
            problems.append(Problem(str(path), number, "", _NOT_UTF8, _SAVE_AS))
        except json.JSONDecodeError as error:
            problems.append(_not_json(path, number, error))
        else:
            if isinstance(value, dict):
                records.append(value)
                lines.append(number)
            else:
                remedy = "a JSON array of objects belongs in a .json file" if isinstance(value, list) else ""
                problems.append(Problem(str(path), number, "", f"{kind(value)}, not an object", remedy))
    if problems:
        raise bad(problems)
    return records, lines


def _json(path: Path, data: bytes) -> Rows:
    text = _text(path, data)
    at = skip(text, 0)
    if text[at : at + 1] == "[":
        return _array(path, text, at)
    try:
        value, end = decode(text, at)
    except json.JSONDecodeError as error:
        raise DataError([_not_json(path, error.lineno, error)]) from None
    if skip(text, end) != len(text):
        return _lines(path, data)
    if not isinstance(value, dict):
        raise _problem(path, None, f"holds {kind(value)}", "write an array of objects")
    if value and all(isinstance(column, list) for column in value.values()):
        return _columns(path, value), []
    return [value], [text.count("\n", 0, at) + 1]


def _columns(path: Path, value: Mapping[str, object]) -> list[Record]:
    columns = {name: column for name, column in value.items() if isinstance(column, list)}
    sizes = {name: len(column) for name, column in columns.items()}
    if len(set(sizes.values())) > 1:
        raise _problem(path, None, f"columns of different lengths: {sizes}", "give every column one value a record")
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _array(path: Path, text: str, start: int) -> Rows:
    records: list[Record] = []
    lines: list[int] = []
    problems: list[Problem] = []
    line, seen = 1, 0
    try:
        for at, value in elements(text, start):
            line, seen = line + text.count("\n", seen, at), at
            if isinstance(value, dict):
                records.append(value)
                lines.append(line)
            else:
                problems.append(Problem(str(path), line, "", f"{kind(value)}, not an object"))
    except json.JSONDecodeError as error:
        problems.append(_not_json(path, error.lineno, error))
    if problems:
        raise bad(problems)
    return records, lines


def _tsv(path: Path, data: bytes) -> Rows:
    return _csv(path, data, "\t")


def _csv(path: Path, data: bytes, separator: str = ",") -> Rows:
    text = _text(path, data)
    usual = csv.field_size_limit(MOST_BYTES - 1)
    try:
        return _csv_rows(path, csv.reader((f"{line}\n" for line in text.split("\n")), delimiter=separator, strict=True))
    finally:
        csv.field_size_limit(usual)


def _csv_rows(path: Path, reader: Iterator[list[str]]) -> Rows:
    records: list[Record] = []
    lines: list[int] = []
    problems: list[Problem] = []
    header: list[str] = []
    for line, cells in _numbered(path, reader, problems):
        if not header:
            header = cells
            twice = [name for name, count in Counter(header).items() if count > 1]
            if twice:
                raise _problem(path, line, f"two columns are called {twice[0]!r}", "rename one")
        elif len(cells) != len(header):
            what = f"{len(cells)} values under {len(header)} columns"
            problems.append(Problem(str(path), line, "", what, "quote values that hold separators or line breaks"))
        else:
            records.append(dict(zip(header, cells, strict=True)))
            lines.append(line)
    if problems:
        raise bad(problems)
    return records, lines


def _numbered(path: Path, reader: Iterator[list[str]], problems: list[Problem]) -> Iterator[tuple[int, list[str]]]:
    """First line and cells of each row that is not blank; broken quoting ends the reading and becomes a problem."""
    while True:
        line = getattr(reader, "line_num", 0) + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problems.append(Problem(str(path), line, "", f"not valid CSV: {error}", "quote the value"))
            return
        if cells:
            yield line, cells


def _parquet(path: Path, data: bytes) -> Rows:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        groups = (file.metadata.row_group(i).total_byte_size for i in range(file.metadata.num_row_groups))
        if sum(groups) > MOST_BYTES:
            raise _problem(path, None, "unpacks to more than 2 GiB", "split it")
        names = file.schema_arrow.names
        if len(set(names)) != len(names):
            raise _problem(path, None, "two columns have one name", "rename one")
        return file.read().to_pylist(), []
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _problem(path, None, f"is not a Parquet file that can be read: {error}") from error
