"""What a process does to a run's folder, one operation after the other, and what may go wrong at each of them."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

__all__ = ["Operations", "Trouble"]

Mode = Literal["count", "die", "die torn", "die after", "fail", "fail torn"]
_GROWING = {"create", "mkdir", "pwrite", "write", "fsync", "replace"}
"""What a full disk or a quota refuses; a broken disk refuses everything."""


@dataclass(frozen=True)
class Trouble:
    """At operation `at` (from 1) in `folder` the process kills itself, or the operation fails with `error`.

    `torn` is in the middle of it: half of the bytes are written. `lasting`: every later one that needs space fails too.
    """

    folder: str
    mode: Mode = "count"
    at: int = 0
    error: str = "ENOSPC"
    lasting: bool = False


@dataclass
class Operations:
    """Stands between the process and `os`; `log` is what was done, as "pwrite journal.jsonl"."""

    trouble: Trouble
    log: list[str] = field(default_factory=list)
    _open: dict[int, str] = field(default_factory=dict)
    _torn: bool = False

    def __post_init__(self) -> None:
        self.os: dict[str, Callable[..., Any]] = {}

    def install(self) -> None:
        for name in ("open", "close", "write", "pwrite", "fsync", "ftruncate", "replace", "unlink", "mkdir"):
            self.os[name] = getattr(os, name)
            setattr(os, name, getattr(self, name))

    # What is watched

    def open(self, path: Any, flags: int, *args: Any, **kwargs: Any) -> int:
        name = self._name(path)
        if name and flags & os.O_CREAT and not os.path.lexists(path):
            self._step("create", name)
        file: int = self.os["open"](path, flags, *args, **kwargs)
        if name:
            self._open[file] = name
        return file

    def close(self, file: int) -> None:
        self._open.pop(file, None)
        self.os["close"](file)

    def write(self, file: int, data: bytes) -> int:
        if file in self._open and self._step("write", self._open[file]):
            return self._half(len(data), self.os["write"](file, data[: len(data) // 2]))
        written: int = self.os["write"](file, data)
        self._done()
        return written

    def pwrite(self, file: int, data: bytes, offset: int) -> int:
        if file in self._open and self._step("pwrite", self._open[file]):
            return self._half(len(data), self.os["pwrite"](file, data[: len(data) // 2], offset))
        written: int = self.os["pwrite"](file, data, offset)
        self._done()
        return written

    def fsync(self, file: int) -> None:
        self._plain("fsync", self._open.get(file), file)

    def ftruncate(self, file: int, length: int) -> None:
        self._plain("ftruncate", self._open.get(file), file, length)

    def replace(self, old: Any, new: Any, **kwargs: Any) -> None:
        self._plain("replace", self._name(new), old, new, **kwargs)

    def unlink(self, path: Any, **kwargs: Any) -> None:
        self._plain("unlink", self._name(path) if os.path.lexists(path) else None, path, **kwargs)

    def mkdir(self, path: Any, *args: Any, **kwargs: Any) -> None:
        self._plain("mkdir", None if os.path.isdir(path) else self._name(path), path, *args, **kwargs)

    # What happens

    def _name(self, path: Any) -> str | None:
        """The path's name if it is the run's folder, in it or above it."""
        if not isinstance(path, str | os.PathLike):
            return None
        whole, folder = Path(os.path.abspath(path)), Path(self.trouble.folder)
        return (whole.name or "/") if whole.is_relative_to(folder) or folder.is_relative_to(whole) else None

    def _plain(self, operation: str, name: str | None, *args: Any, **kwargs: Any) -> None:
        if name:
            self._step(operation, name)
        self.os[operation](*args, **kwargs)
        self._done()

    def _step(self, operation: str, name: str) -> bool:
        """Count; raise, or die, where that is due; whether a write is to be torn."""
        self.log.append(f"{operation} {name}")
        trouble = self.trouble
        now = len(self.log) == trouble.at
        if now and trouble.mode == "die":
            self._die()
        if trouble.mode in ("die torn", "fail torn") and now and operation in ("write", "pwrite"):
            self._torn = True
            return True
        due = now or (trouble.lasting and len(self.log) > trouble.at) or self._torn
        if trouble.mode in ("fail", "fail torn") and due and (operation in _GROWING or trouble.error == "EIO"):
            self._torn = False
            number = getattr(errno, trouble.error)
            raise OSError(number, os.strerror(number))
        return False

    def _half(self, asked: int, written: int) -> int:
        if self.trouble.mode == "die torn":
            self._die()
        return written

    def _done(self) -> None:
        if self.trouble.mode in ("die after", "die torn") and len(self.log) == self.trouble.at:
            self._die()

    @staticmethod
    def _die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)
