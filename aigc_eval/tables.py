"""Record files: JSON lines, JSON arrays, JSON columns, CSV, TSV and Parquet, each also gzipped, read strictly.

`read` gives every record as a plain dict, with the line it starts on and the file's SHA-256. A file that is not
exactly what it claims to be is an error that lists every bad line: nothing is skipped, guessed or repaired. UTF-8 only
(a byte order mark is allowed); only a line feed ends a line, so U+2028 or U+0085 inside a text survive.

The format follows the extension: `.jsonl` and `.ndjson` one object a line, `.csv` and `.tsv` a header and rows (all
values are texts), `.parquet`. A `.json` file holds an array of objects; or one object of columns, lists of one length,
`{"question": [...], "answer": [...]}`; or one object a line.

A **field map** says where in a record a value stands. Prompt sets and recorded outputs share its small grammar:

    question                            the value of a key
    messages.1.content.answer           a path: keys and list indexes (-1 is the last) joined by dots;
                                        a key that itself contains the dots goes first
    "#"                                 the number of the record, from 1
    [best_answer, other_answers]        several of these: the values that are there and not empty, in one list
    {value: "Continue the story."}      the same for every record
    {path: golden_answer, split: "/"}   a text cut at a separator: a list of the pieces that are not empty
    {path: label, map: {0: safe, 1: harmful}}   other words for a value; a value not in the map is an error
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import math
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from io import BytesIO
from pathlib import Path
from typing import Final

from aigc_eval.errors import DataError, Problem, UsageError

__all__ = [
    "MISSING",
    "BadValue",
    "Missing",
    "Record",
    "Table",
    "bad",
    "check_found",
    "check_map",
    "pick",
    "read",
    "scalar",
    "take",
    "values",
]

Record = dict[str, object]

MOST_BYTES = 2 << 30
"""Largest file that is read, after unpacking."""
MOST_RATIO = 100
"""A gzip file may unpack to this many times its size (64 MiB are always allowed)."""
MOST_PROBLEMS = 20
"""Problems that one error lists; the rest are counted."""


class Missing(Enum):
    """The type of `MISSING`."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING
"""What `pick` and `take` give where a record has no such value; None is a null that the record does have."""


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
    readers = {".jsonl": _lines, ".ndjson": _lines, ".json": _json, ".csv": _csv, ".tsv": _csv, ".parquet": _parquet}
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


# JSON, stricter than the standard library: no duplicate key, no number that is not finite


def _unique(pairs: list[tuple[str, object]]) -> Record:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"key {twice!r} occurs twice in one object")
    return found


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits[:20]} is not a finite number")
    return number


def _integer(digits: str) -> int:
    try:
        return int(digits)
    except ValueError:
        raise ValueError(f"an integer of {len(digits):,} digits") from None


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON; write null")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_float=_finite, parse_int=_integer, parse_constant=_no_constant
)
_SPACE = re.compile(r"[ \t\n\r]*")


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _decode(text: str, at: int) -> tuple[object, int]:
    """The JSON value at a position and where it ends; every complaint is a ValueError."""
    try:
        value: tuple[object, int] = _DECODER.raw_decode(text, at)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


def _whole(text: str) -> object:
    value, end = _decode(text, _skip(text, 0))
    if _skip(text, end) != len(text):
        raise json.JSONDecodeError("something follows the value", text, _skip(text, end))
    return value


def _complaint(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"not valid JSON at column {error.colno}: {error.msg}"
    return str(error)


_KIND = {dict: "object", list: "list", str: "text", bool: "boolean", int: "number", float: "number"}


def _kind(value: object) -> str:
    return "null" if value is None else _KIND.get(type(value), type(value).__name__)


def _lines(path: Path, data: bytes) -> Rows:
    records: list[Record] = []
    lines: list[int] = []
    problems: list[Problem] = []
    for number, line in enumerate(_without_bom(path, data).split(b"\n"), 1):
        if not line.strip(b" \t\r"):
            continue
        try:
            value = _whole(line.decode("utf-8"))
        except UnicodeDecodeError:
            problems.append(Problem(str(path), number, "", _NOT_UTF8, _SAVE_AS))
        except ValueError as error:
            problems.append(Problem(str(path), number, "", _complaint(error), "write one JSON object a line"))
        else:
            if isinstance(value, dict):
                records.append(value)
                lines.append(number)
            else:
                remedy = "a JSON array of objects belongs in a .json file" if isinstance(value, list) else ""
                problems.append(Problem(str(path), number, "", f"a {_kind(value)}, not an object", remedy))
    if problems:
        raise bad(problems)
    return records, lines


def _json(path: Path, data: bytes) -> Rows:
    text = _text(path, data)
    at = _skip(text, 0)
    if text[at : at + 1] == "[":
        return _array(path, text, at)
    try:
        value, end = _decode(text, at)
    except ValueError as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else text.count("\n", 0, at) + 1
        raise _problem(path, line, _complaint(error)) from None
    if _skip(text, end) != len(text):
        return _lines(path, data)
    if not isinstance(value, dict):
        raise _problem(path, None, f"holds a {_kind(value)}", "write an array of objects")
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
        for at, value in _elements(text, start):
            line, seen = line + text.count("\n", seen, at), at
            if isinstance(value, dict):
                records.append(value)
                lines.append(line)
            else:
                problems.append(Problem(str(path), line, "", f"a {_kind(value)}, not an object"))
    except json.JSONDecodeError as error:
        problems.append(Problem(str(path), error.lineno, "", _complaint(error)))
    except ValueError as error:
        problems.append(Problem(str(path), None, f"record {len(lines) + len(problems) + 1}", _complaint(error)))
    if problems:
        raise bad(problems)
    return records, lines


def _elements(text: str, start: int) -> Iterator[tuple[int, object]]:
    """Position and value of each element of the array at `start`, which must end the text."""
    at = _skip(text, start + 1)
    more = text[at : at + 1] != "]"
    while more:
        value, end = _decode(text, at)
        yield at, value
        at = _skip(text, end)
        more = text[at : at + 1] == ","
        if more:
            at = _skip(text, at + 1)
        elif text[at : at + 1] != "]":
            raise json.JSONDecodeError("expected ',' or ']'", text, at)
    if _skip(text, at + 1) != len(text):
        raise json.JSONDecodeError("something follows the array", text, _skip(text, at + 1))


def _csv(path: Path, data: bytes) -> Rows:
    text = _text(path, data)
    separator = "\t" if ".tsv" in [s.lower() for s in path.suffixes] else ","
    usual = csv.field_size_limit(MOST_BYTES)
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


# Field maps


def pick(node: object, path: str) -> object:
    """The value at a dotted path, or `MISSING`; longer keys win, so a key that contains dots is found as it stands.

    >>> pick({"messages": [{"role": "user"}, {"content": {"answer": "42"}}]}, "messages.1.content.answer")
    '42'
    >>> pick({"a.b": 1, "a": {"b": 2}}, "a.b"), pick({"a": None}, "a"), pick({"a": None}, "a.b")
    (1, None, <Missing.MISSING: 'missing'>)
    """
    if isinstance(node, Mapping):
        if path in node:
            return node[path]
        cuts = [i for i, c in enumerate(path) if c == "."]
        found = (pick(node[path[:i]], path[i + 1 :]) for i in reversed(cuts) if path[:i] in node)
        return next((value for value in found if value is not MISSING), MISSING)
    if isinstance(node, list):
        head, _, rest = path.partition(".")
        if not re.fullmatch(r"-?[0-9]{1,9}", head) or not -len(node) <= int(head) < len(node):
            return MISSING
        return pick(node[int(head)], rest) if rest else node[int(head)]
    return MISSING


def scalar(value: object) -> str:
    """A text, number or boolean as text; anything else is a ValueError.

    >>> scalar(7), scalar(True), scalar("x")
    ('7', 'true', 'x')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return str(value)
    raise ValueError(f"is a {_kind(value)}, not a text or number")


class BadValue(ValueError):
    """A value in a record that cannot be used: its name in the field map, what is wrong and what to do."""

    def __init__(self, key: str, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.key, self.what, self.remedy = key, what, remedy


def check_map(name: str, spec: object) -> None:
    """Check one entry of a field map; `UsageError` names it and says what may stand there.

    >>> check_map("id", {"split": "/"})
    Traceback (most recent call last):
    ...
    aigc_eval.errors.UsageError: fields.id: needs `path` or `value`; ...
    """
    remedy = "write a path, '#', a list of paths, {value: ...}, {path: ..., split: ...} or {path: ..., map: {...}}"
    what = ""
    if isinstance(spec, Mapping):
        unknown = [str(key) for key in spec if key not in ("path", "value", "split", "map")]
        if unknown:
            what = f"unknown key {unknown[0]!r}"
        elif ("path" in spec) == ("value" in spec) or ("value" in spec and len(spec) > 1):
            what = "needs `path` or `value`"
        elif not isinstance(spec.get("path", ""), str) or not isinstance(spec.get("split", "/"), str):
            what = "`path` and `split` are texts"
        elif spec.get("split", "/") == "":
            what = "`split` is empty"
        elif not isinstance(spec.get("map", {}), Mapping):
            what = "`map` is not a mapping"
    elif isinstance(spec, list | tuple) and spec:
        for part in spec:
            check_map(name, part)
    elif not isinstance(spec, str) or not spec:
        what = f"is {spec!r}"
    if what:
        raise UsageError(f"fields.{name}: {what}; {remedy}")


def check_found(table: Table, name: str, spec: object) -> None:
    """A path that no record has is a slip of the pen, so it is a `DataError`, never "not given" everywhere."""
    parts = spec if isinstance(spec, list | tuple) else [spec]
    for part in parts:
        path = part.get("path") if isinstance(part, Mapping) else part
        if path is None or (part == "#") or not table.records:
            continue
        if all(pick(record, str(path)) is MISSING for record in table.records):
            keys = ", ".join(repr(key) for key in list(table.records[0])[:12])
            what = f"no record has {path!r}"
            raise DataError([Problem(str(table.path), None, f"fields.{name}", what, f"the first record has {keys}")])


def take(record: Mapping[str, object], number: int, spec: object) -> object:
    """What a checked field map's entry finds in record `number` (from 1), or `MISSING`; ValueError for a value not
    in a `map`.

    >>> record = {"golden": "a/ b", "label": 1, "alt": ""}
    >>> take(record, 3, "#"), take(record, 3, {"path": "golden", "split": "/"}), take(record, 3, ["label", "alt"])
    (3, ['a', 'b'], [1])
    >>> take(record, 3, {"path": "label", "map": {0: "safe", 1: "harmful"}})
    'harmful'
    """
    if isinstance(spec, str):
        return number if spec == "#" else pick(record, spec)
    if isinstance(spec, Mapping):
        return spec["value"] if "value" in spec else _changed(pick(record, str(spec["path"])), spec)
    parts = spec if isinstance(spec, list | tuple) else []
    return list(_flat(take(record, number, part) for part in parts))


def values(record: Mapping[str, object], number: int, fields: Mapping[str, object]) -> dict[str, object]:
    """Everything that a checked field map finds in record `number` (from 1); what is missing is left out.

    Raises `BadValue` for a value that is not in its `map`.
    """
    found: dict[str, object] = {}
    for name, spec in fields.items():
        try:
            value = take(record, number, spec)
        except ValueError as error:
            raise BadValue(name, str(error)) from None
        if value is not MISSING:
            found[name] = value
    return found


def _changed(value: object, spec: Mapping[str, object]) -> object:
    if value is MISSING or value is None:
        return value
    words = spec.get("map")
    if isinstance(words, Mapping):
        known = {scalar(key): word for key, word in words.items()}
        if scalar(value) not in known:
            raise ValueError(f"{scalar(value)!r} is not in the map")
        value = known[scalar(value)]
    if "split" in spec:
        return [piece.strip() for piece in scalar(value).split(str(spec["split"])) if piece.strip()]
    return value


def _flat(values: Iterable[object]) -> Iterator[object]:
    for value in values:
        if isinstance(value, list):
            yield from _flat(value)
        elif value is not MISSING and value is not None and value != "":
            yield value
