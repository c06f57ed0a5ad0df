"""Files that are whole or not there: written aside, flushed to the disk, renamed, read back."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["Unreadable", "write_atomically"]


class Unreadable(ValueError):
    """A written report that does not read back as it should; the message holds counts, never data."""


def write_atomically(path: Path, text: str) -> str:
    """Write text as UTF-8 through a temporary file and rename; returns what the file then holds.

    Errors: OSError where the disk refuses; the file is then as it was before.
    """
    data = text.encode("utf-8")
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    aside.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    _sync_folder(path.parent)
    read = path.read_bytes()
    if read != data:
        raise OSError(f"{path} does not hold what was written to it")
    return read.decode("utf-8")


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable, where folders can be opened."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
