"""Where a bench may read: its own folder, and the folders that the command line adds. Nothing in a bench widens it."""

from __future__ import annotations

import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Roots", "in_checkout"]

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def in_checkout(path: Path) -> str:
    """A file as CI systems name it: from the root of its checkout (the folder with `.git`), else its name."""
    whole = path.resolve()
    root = next((folder for folder in whole.parents if (folder / ".git").exists()), whole.parent)
    return whole.relative_to(root).as_posix()


@dataclass(frozen=True)
class Roots:
    """Resolves a bench's paths against its folder `home`; they must lie in it or in one of `extra`, links followed."""

    home: Path
    extra: tuple[Path, ...] = ()

    @classmethod
    def of(cls, bench: Path, allow: Sequence[Path] = ()) -> Roots:
        """The roots of a bench file."""
        return cls(bench.resolve().parent, tuple(folder.resolve() for folder in allow))

    def path(self, text: str) -> Path:
        """The file or folder that `text` names; ValueError where it lies outside or is not there."""
        _check_spelling(text)
        try:
            found = (self.home / text).resolve()
        except (OSError, RuntimeError):
            raise ValueError(f"{_short(text)} cannot be opened") from None
        # Before looking whether it exists: a bench must not learn what lies outside.
        if not any(found.is_relative_to(root) for root in (self.home, *self.extra)):
            raise ValueError(f"{_short(text)} leads out of the bench's folder; move it there or use --allow-path")
        try:
            mode = found.stat().st_mode
        except OSError:
            raise ValueError(f"there is no {_short(text)} in {self.home}") from None
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise ValueError(f"{_short(text)} is neither a file nor a folder")
        return found

    def file(self, text: str) -> Path:
        """As `path`, and it must be a file."""
        found = self.path(text)
        if not found.is_file():
            raise ValueError(f"{_short(text)} is a folder, not a file")
        return found

    def model(self, text: str) -> str:
        """The folder that `text` names, if it looks like a path or begins with a name that is here; else a hub id."""
        _check_spelling(text)
        if text.startswith(("./", "../", "/")) or text in (".", "..") or self._here(text):
            found = self.path(text)
            if not found.is_dir():
                raise ValueError(f"{_short(text)} is a file, not the folder of a model")
            return str(found)
        if not _HUB_ID.fullmatch(text) or ".." in text or "--" in text:
            raise ValueError(f"{_short(text)} is neither a folder in {self.home} nor a model id (organisation/name)")
        return text

    def _here(self, text: str) -> bool:
        try:
            (self.home / text.partition("/")[0]).lstat()
        except OSError:
            return False
        return True


def _check_spelling(text: str) -> None:
    """Refuse what other systems read as a place elsewhere."""
    if not text or _CONTROL.search(text):
        raise ValueError(f"{_short(text)} is not a path: it is empty or holds a control character")
    if "\\" in text:
        raise ValueError(f"{_short(text)} holds a backslash; write / between folders")
    if text.startswith("~") or _SCHEME.match(text):
        raise ValueError(f"{_short(text)} is not a path in the bench's folder: no URL, drive or home folder")


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "...")
