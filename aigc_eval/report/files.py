"""Files that are whole or not there: written aside, flushed to the disk, renamed, read back."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

__all__ = ["Unreadable", "write_atomically"]


class Unreadable(ValueError):
    """A written report that does not read back as it should; the message holds counts, never data."""


def write_atomically(path: Path, content: str | bytes, mode: int = 0o644) -> None:
    """Write text (as UTF-8) or bytes through a temporary file and rename; the file then holds just that.

    What is written aside always has the same name, so that one which a crash left behind is taken away by the next try.
    Errors: OSError, naming the path, where the disk refuses; the file is then as it was before, or gone.
    """
    data = content if isinstance(content, bytes) else content.encode("utf-8")
    aside = path.with_name(f".{path.name}.tmp")
    try:
        aside.unlink(missing_ok=True)
        try:
            _write(aside, data, mode)
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
        _check(path, data)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error


def _check(path: Path, data: bytes) -> None:
    """Make the rename durable and read the file back; one that may not last, or is another one, is taken away."""
    try:
        _sync(path.parent)
        if path.read_bytes() != data:
            raise OSError(errno.EIO, "does not hold what was written to it")
    except OSError:
        with suppress(OSError):
            path.unlink()
        raise


def _write(path: Path, data: bytes, mode: int) -> None:
    """A new file with this content, on the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        written = 0
        while written < len(data):
            written += os.write(descriptor, data[written:])
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync(folder: Path) -> None:
    """Make the names in a folder durable, on file systems that can."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)
