"""JSON lines, JSON arrays and columns, CSV and TSV: bytes to records, with every bad one and its line."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path

from aigc_eval.errors import Problem
from aigc_eval.tables.strict_json import Record, decode, elements, kind, skip, whole
from aigc_eval.tables.table import MOST_BYTES, Parsed, bad, stop

__all__ = ["read_csv", "read_json", "read_lines", "read_tsv"]

_NOT_UTF8 = "is not UTF-8"
_SAVE_AS = "save it as UTF-8 (in Excel: CSV UTF-8)"


def _without_bom(path: Path, data: bytes) -> bytes:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data[:4]:
        raise stop(path, 1, "is UTF-16 or UTF-32, not UTF-8", _SAVE_AS)
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


def read_lines(path: Path, data: bytes) -> Parsed:
    """One object a line; blank lines are no records."""
    found = Parsed(path)
    for number, line in enumerate(BytesIO(_without_bom(path, data)), 1):
        if not line.strip(b" \t\r\n"):
            continue
        try:
            value = whole(line.decode("utf-8"))
        except UnicodeDecodeError:
            found.refuse(Problem(str(path), number, "", _NOT_UTF8, _SAVE_AS))
        except json.JSONDecodeError as error:
            found.refuse(_not_json(path, number, error))
        else:
            if isinstance(value, dict):
                found.add(value, number)
            else:
                remedy = "a JSON array of objects belongs in a .json file" if isinstance(value, list) else ""
                found.refuse(Problem(str(path), number, "", f"{kind(value)}, not an object", remedy))
    return found


def read_json(path: Path, data: bytes) -> Parsed:
    """An array of objects, one object of columns, one object, or one object a line."""
    text = _text(path, data)
    at = skip(text, 0)
    if text[at : at + 1] == "[":
        return _array(path, text, at)
    try:
        value, end = decode(text, at)
    except json.JSONDecodeError as error:
        raise bad([_not_json(path, error.lineno, error)]) from None
    if skip(text, end) != len(text):
        return read_lines(path, data)
    if not isinstance(value, dict):
        raise stop(path, None, f"holds {kind(value)}", "write an array of objects")
    if value and all(isinstance(column, list) for column in value.values()):
        return Parsed(path, _columns(path, value))
    return Parsed(path, [value], [text.count("\n", 0, at) + 1])


def _columns(path: Path, value: Mapping[str, object]) -> list[Record]:
    columns = {name: column for name, column in value.items() if isinstance(column, list)}
    sizes = {name: len(column) for name, column in columns.items()}
    if len(set(sizes.values())) > 1:
        raise stop(path, None, f"columns of different lengths: {sizes}", "give every column one value a record")
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _array(path: Path, text: str, start: int) -> Parsed:
    found = Parsed(path)
    line, seen = 1, 0
    try:
        for at, value in elements(text, start):
            line, seen = line + text.count("\n", seen, at), at
            if isinstance(value, dict):
                found.add(value, line)
            else:
                found.refuse(Problem(str(path), line, "", f"{kind(value)}, not an object"))
    except json.JSONDecodeError as error:  # nobody knows how many records follow
        raise bad([*found.problems, _not_json(path, error.lineno, error)]) from None
    return found


def read_tsv(path: Path, data: bytes) -> Parsed:
    """As `read_csv`, with tabs between the values."""
    return read_csv(path, data, "\t")


def read_csv(path: Path, data: bytes, separator: str = ",") -> Parsed:
    """A header and rows of as many texts; blank lines are no records."""
    text = _text(path, data)
    usual = csv.field_size_limit(MOST_BYTES - 1)
    try:
        return _csv_rows(path, csv.reader(_split(text), delimiter=separator, strict=True))
    finally:
        csv.field_size_limit(usual)


def _split(text: str) -> Iterator[str]:
    """Its lines; only a line feed ends one."""
    start = 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        yield text[start:end]
        start = end


def _csv_rows(path: Path, reader: Iterator[list[str]]) -> Parsed:
    found = Parsed(path)
    header: list[str] = []
    for line, cells in _numbered(path, reader, found.problems):
        if not header:
            header = cells
            twice = [name for name, count in Counter(header).items() if count > 1]
            if twice:
                raise stop(path, line, f"two columns are called {twice[0]!r}", "rename one")
        elif len(cells) != len(header):
            what = f"{len(cells)} values under {len(header)} columns"
            remedy = "quote values that hold separators or line breaks"
            found.refuse(Problem(str(path), line, "", what, remedy))
        else:
            found.add(dict(zip(header, cells, strict=True)), line)
    return found


def _numbered(path: Path, reader: Iterator[list[str]], problems: list[Problem]) -> Iterator[tuple[int, list[str]]]:
    """First line and cells of each row that is not blank; broken quoting ends the reading."""
    while True:
        line = getattr(reader, "line_num", 0) + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:  # nobody knows how many records follow
            raise bad([*problems, Problem(str(path), line, "", f"not valid CSV: {error}", "quote the value")]) from None
        if cells:
            yield line, cells
