"""Record files of every format, read strictly into a `Table`."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path

from aigc_eval.tables.parquet import read_parquet
from aigc_eval.tables.table import MOST_BYTES, Parsed, Table, bad, most_unpacked, stop
from aigc_eval.tables.text_files import read_csv, read_json, read_lines, read_tsv
from aigc_eval.tables.yaml_records import read_yaml

__all__ = ["read"]

_READERS: Mapping[str, Callable[[Path, bytes], Parsed]] = {
    ".jsonl": read_lines,
    ".ndjson": read_lines,
    ".json": read_json,
    ".csv": read_csv,
    ".tsv": read_tsv,
    ".parquet": read_parquet,
    ".yaml": read_yaml,
    ".yml": read_yaml,
}
_KINDS = ".jsonl, .json, .csv, .tsv, .yaml or .parquet"


def read(path: Path, allow_bad: int = 0) -> Table:
    """All records of a file; see `aigc_eval.tables` for formats. Raises `DataError` listing every bad record.

    Up to `allow_bad` bad records are left out instead; `Table.left_out` says which. A file whose records cannot be
    told apart (broken quoting, half an array) is an error whatever is allowed: nobody knows how many would be missing.
    """
    raw = _bytes(path)
    suffixes = [s.lower() for s in path.suffixes]
    if raw[:2] == b"\x1f\x8b":
        data = _unpacked(path, raw)
        suffixes = suffixes[:-1] if suffixes[-1:] in ([".gz"], [".gzip"]) else suffixes
    else:
        data = raw
    suffix = suffixes[-1] if suffixes else ""
    if suffix not in _READERS:
        raise stop(path, None, f"unknown kind of file {suffix!r}", f"use {_KINDS}")
    found = _READERS[suffix](path, data)
    if len(found.problems) > allow_bad:
        raise bad(found.problems)
    sha256 = hashlib.sha256(raw).hexdigest()
    return Table(path, sha256, tuple(found.records), tuple(found.lines), tuple(found.problems))


def _bytes(path: Path) -> bytes:
    try:
        if not path.is_file():
            what = "is a folder, not a file" if path.is_dir() else "no such file"
            raise stop(path, None, what, f"name a {_KINDS} file")
        if path.stat().st_size > MOST_BYTES:
            raise stop(path, None, "is larger than 2 GiB", "split it")
        return path.read_bytes()
    except OSError as error:
        raise stop(path, None, f"cannot be read: {error.strerror}") from error


def _unpacked(path: Path, raw: bytes) -> bytes:
    most = most_unpacked(len(raw))
    try:
        with gzip.GzipFile(fileobj=BytesIO(raw)) as packed:
            data = packed.read(most + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise stop(path, None, f"is not a whole gzip file: {error}", "pack it again") from error
    if len(data) > most:
        raise stop(path, None, f"unpacks to more than {most >> 20:,} MiB", "unpack or split it")
    return data
