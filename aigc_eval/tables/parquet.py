"""Parquet files: small ones that unpack to very much are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aigc_eval.tables.strict_json import Record
from aigc_eval.tables.table import MOST_RECORDS, Parsed, most_unpacked, stop

__all__ = ["read_parquet"]


def read_parquet(path: Path, data: bytes) -> Parsed:
    """All rows of a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        names = file.schema_arrow.names
        if len(set(names)) != len(names):
            raise stop(path, None, "two columns have one name", "rename one")
        return Parsed(path, _rows(path, file, most_unpacked(len(data))))
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
        raise stop(path, None, f"is not a Parquet file that can be read: {_short(error)}") from error


def _short(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _rows(path: Path, file: Any, most: int) -> list[Record]:
    """The rows, some at a time: a dictionary page of one text may stand for that text in every row."""
    facts = file.metadata
    if facts.num_rows > MOST_RECORDS:
        raise stop(path, None, f"holds more than {MOST_RECORDS:,} records", "split it")
    # Not of its columns: of a damaged file, asking for those can end the process.
    sizes = [facts.row_group(group).total_byte_size for group in range(facts.num_row_groups)]
    too_large = stop(path, None, f"unpacks to more than {most >> 20:,} MiB", "split it")
    if sum(sizes) > most:
        raise too_large
    rows: list[Record] = []
    unpacked = 0
    for batch in file.iter_batches(batch_size=min(4096, max(16, most // max(1, *sizes, 1)))):
        unpacked += batch.nbytes
        if unpacked > most or len(rows) + batch.num_rows > MOST_RECORDS:
            raise too_large
        rows += batch.to_pylist()
    return rows
