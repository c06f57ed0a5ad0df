"""What commands about a bench have in common: its folder, what was left out of it, and how it is to be carried out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from aigc_eval.cli.stdio import tell

if TYPE_CHECKING:
    from aigc_eval.config import Bench

__all__ = ["Given", "check_writable", "folder_of", "tell_left_out"]


class Given(NamedTuple):
    """How the command line asks for a run: the keyword arguments of `runner.run` beside progress."""

    resume: bool
    limit: int | None
    reuse: tuple[Path, ...]
    isolated: bool


def tell_left_out(bench: Bench) -> None:
    """Name the first bad records that the command line allowed to leave out."""
    for problem in [problem for found in bench.prompt_sets for problem in found.left_out][:20]:
        tell(f"left out: {problem}")


def folder_of(bench: Bench, limit: int | None) -> Path:
    """Where a run goes that the command line gives no folder: named after what is generated."""
    part = f"-first-{limit}" if limit is not None else ""
    return Path("reports") / f"{bench.name}-{bench.identity()[:8]}{part}"


def check_writable(folder: Path) -> None:
    """Find out now, not after a night, that the folder cannot be written to."""
    from aigc_eval.errors import UsageError

    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror}; choose another folder with --out") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"cannot write to {folder}: permission denied; choose another folder with --out")
