"""The journal: one append-only file that is cache, resume, replay and audit trail in one.

Each line is a 128-bit checksum, a space and a JSON object; the checksum covers the previous line's checksum, so the
lines form a chain and no line can be changed, dropped or swapped unseen. The first line says whose run it is. Lines are
synced to the disk before they count as done; a last line that was cut short by a crash is dropped, anything else that
does not fit the chain is an error naming its byte. A write or sync that fails ends the journal for this process: what
it was to hold counts as lost, and no later sync is taken for its success.

The journal holds raw text, so the file is readable by its owner only. It never holds a secret of the run's environment.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from aigc_eval.errors import JournalError

__all__ = ["NAME", "Damaged", "Journal", "Line", "encode", "read_lines"]

NAME = "journal.jsonl"
_SUM = 32
Record = Mapping[str, Any]
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def _checksum(previous: bytes, body: bytes) -> bytes:
    return hashlib.blake2b(previous + body, digest_size=_SUM // 2).hexdigest().encode("ascii")


def encode(record: Record) -> bytes:
    """A record as its line holds it, the only way that this version writes it."""
    return _ENCODER.encode(record).encode("ascii")


class Line(NamedTuple):
    """A line: where it starts, its checksum, and the record as bytes."""

    start: int
    checksum: bytes
    body: bytes


class Damaged(JournalError):
    """A whole line does not continue the chain; `byte` is where it starts."""

    def __init__(self, path: Path, byte: int) -> None:
        self.byte = byte
        remedy = f"start anew with --out, or keep what stands before: truncate -s {byte} {path}"
        super().__init__(f"{path}: damaged at byte {byte}; restore it, {remedy}")


def read_lines(path: Path, file: int) -> Iterator[Line]:
    """The whole lines of an open journal, each checked against the chain; what follows the last newline is no line.

    Raises `Damaged` at the first that does not fit.
    """
    start, last = 0, b""
    with open(os.dup(file), "rb") as lines:
        lines.seek(0)
        for line in lines:
            if not line.endswith(b"\n"):
                return
            checksum, body = line[:_SUM], line[_SUM + 1 : -1]
            if line[: _SUM + 1] != _checksum(last, body) + b" ":
                raise Damaged(path, start)
            yield Line(start, checksum, body)
            start, last = start + len(line), checksum


def _holder(file: int) -> str:
    """Which process holds the lock of an open file, where the system tells: " (process 4711)", else ""."""
    with suppress(OSError, ValueError):
        at = os.fstat(file)
        place = f"{os.major(at.st_dev):02x}:{os.minor(at.st_dev):02x}:{at.st_ino}"
        for line in Path("/proc/locks").read_text("ascii").splitlines():
            words = line.split()
            if "FLOCK" in words and place in words and "->" not in words:
                return f" (process {int(words[4])})"
    return ""


def _sync_folder(folder: Path) -> None:
    """Make the names in a folder durable; one that this user may not read was not made by this run."""
    with suppress(PermissionError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EROFS):  # it has no such promise to give
                raise
        finally:
            os.close(descriptor)


class Journal:
    """An open journal. Use as a context manager; while it is open no other process can open it for writing.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with Journal(folder) as journal:
    ...     journal.append([{"kind": "score", "key": "k1", "data": {"value": 0.5}}])
    >>> with Journal(folder, write=False) as journal:
    ...     journal.find("score", "k1")
    {'value': 0.5}
    """

    def __init__(self, folder: Path, *, write: bool = True) -> None:
        self.path = folder / NAME
        self._write = write
        self._offsets: dict[tuple[str, str], tuple[int, int]] = {}
        self._last: bytes = b""
        self._end = 0
        self._whole = True
        self.heads: list[dict[str, Any]] = []
        """The records without a key, in order: the run's header, its prompts, its end."""

    def __enter__(self) -> Self:
        if self._write:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW if self._write else os.O_RDONLY
        try:
            self._file = os.open(self.path, flags, 0o600)
        except OSError as error:
            remedy = "choose another folder with --out" if self._write else "is this the folder of a run?"
            raise JournalError(f"{self.path}: {error.strerror}; {remedy}") from error
        try:
            self._lock()
            self._scan()
            self._settle()
        except BaseException:
            os.close(self._file)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        os.close(self._file)

    def _lock(self) -> None:
        if not self._write:
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            who = f"another run{_holder(self._file)}"
            raise JournalError(f"{self.path.parent}: {who} is writing here; wait for it or use --out") from error
        except OSError as error:
            why = f"this file system cannot lock files ({error.strerror})"
            raise JournalError(f"{self.path.parent}: {why}; choose a folder on a local disk with --out") from error
        os.fchmod(self._file, 0o600)

    def _scan(self) -> None:
        """Check the whole chain and note where each record stands; drop a torn last line."""
        for start, checksum, body in read_lines(self.path, self._file):
            try:
                self._index(json.loads(body), start + _SUM + 1, len(body))
            except (ValueError, TypeError, LookupError, RecursionError) as error:  # the chain fits, the record is none
                raise Damaged(self.path, start) from error
            self._last, self._end = checksum, start + _SUM + len(body) + 2

    def _settle(self) -> None:
        """Make durable what was found: a record that was written but not synced would count and still be lost."""
        if not self._write:
            return
        with self._guarded():
            if os.fstat(self._file).st_size > self._end:
                os.ftruncate(self._file, self._end)
            os.fsync(self._file)
            if not self._end:
                for folder in self.path.absolute().parents:  # the run may have made them too
                    _sync_folder(folder)

    def _index(self, record: dict[str, Any], offset: int, length: int) -> None:
        kind = str(record["kind"])
        if "key" in record:
            self._offsets[kind, record["key"]] = (offset, length)
        else:
            self.heads.append(record)

    def reset(self) -> None:
        """Forget everything: for a journal that holds nothing of value yet."""
        os.ftruncate(self._file, 0)
        self._offsets.clear()
        self.heads.clear()
        self._last, self._end = b"", 0

    def __len__(self) -> int:
        """How many keyed records there are: answers and scores."""
        return len(self._offsets)

    def keys(self, kind: str) -> list[str]:
        """The keys of all records of a kind."""
        return [key for own, key in self._offsets if own == kind]

    def append(self, records: Sequence[Record]) -> None:
        """Write records and sync them to the disk; when this returns they survive any crash."""
        if not records:
            return
        lines, bodies, last = [], [encode(record) for record in records], self._last
        for body in bodies:
            last = _checksum(last, body)
            lines.append(b"%b %b\n" % (last, body))
        with self._guarded():
            self._write_down(b"".join(lines))
            for record, body in zip(records, bodies, strict=True):
                self._index(dict(record), self._end + _SUM + 1, len(body))
                self._end += _SUM + len(body) + 2
            self._last = last

    def _write_down(self, data: bytes) -> None:
        written = os.pwrite(self._file, data, self._end)
        while written < len(data):
            written += os.pwrite(self._file, data[written:], self._end + written)
        os.fsync(self._file)

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Within it the journal is not whole. It stays so if anything is raised, and then takes no more records."""
        if not self._whole:
            raise OSError(errno.EIO, "an earlier record could not be written", str(self.path))
        self._whole = False
        try:
            yield
        except OSError as error:
            # Whether the disk has any of it is unknown, and a later sync would not say: nobody may read it as done.
            with suppress(OSError):
                os.ftruncate(self._file, self._end)
            raise OSError(error.errno, error.strerror, str(self.path)) from error
        self._whole = True

    def find(self, kind: str, key: str) -> dict[str, Any] | None:
        """The data of the latest record of this kind and key, or None."""
        place = self._offsets.get((kind, key))
        if place is None:
            return None
        data: dict[str, Any] = json.loads(os.pread(self._file, place[1], place[0]))["data"]
        return data

    def each(self, kind: str) -> Iterator[dict[str, Any]]:
        """The records of a kind that carry no key, in order."""
        return (record for record in self.heads if record["kind"] == kind)

    @property
    def head(self) -> str:
        """Checksum of the last line: the fingerprint of everything in the journal."""
        return self._last.decode("ascii")
