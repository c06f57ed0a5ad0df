"""Evidence packs: one zip with all that a run has to show, and its check on another machine.

    pack      a verified run in an edition -> files that vouch for each other -> one archive, the same bytes each time
    check     an archive that nobody trusts -> which of its files does not fit, if any

archive     how files lie in the zip
contents    which files there are
public      the journal without anybody's words
statement   manifest, attestation, checksums
readme      what a reader is told
"""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from aigc_eval import __version__
from aigc_eval.errors import JournalError, UsageError
from aigc_eval.packing.archive import FIRST, MOST_BYTES, laid_out
from aigc_eval.packing.checking import check
from aigc_eval.packing.contents import contents
from aigc_eval.records import Edition
from aigc_eval.verify import examine

__all__ = ["Packed", "check", "pack"]


class Packed(NamedTuple):
    """A pack that was written: where, its SHA-256, and its files in the order of the archive."""

    path: Path
    sha256: str
    files: tuple[str, ...]


def pack(folder: Path, edition: Edition | None = None, out: Path | None = None, *, trust: bool = False) -> Packed:
    """Write the evidence pack of the completed run in a folder.

    `edition` is that of the run's own reports where it is None; `out` is `<run>.<edition>.zip` beside the run. `trust`
    lets the bench's own Python classes be imported, for their metrics. Raises `JournalError` for a run that does not
    verify in full, `UsageError` where the file would lie in the run's folder or take the place of another one.
    """
    findings, verified = examine(folder, trust=trust)
    if verified is None or findings.status == "different":
        raise JournalError(f"{folder} does not verify, so there is nothing to vouch for: {findings.unfit}")
    if findings.status != "ok":
        open_ = "; ".join(f"{c.name}: {c.what}" for c in findings.checks if c.status == "not_checked")
        raise JournalError(
            f"{folder} cannot be verified in full: {open_}; --trust-bench imports the bench's own classes"
        )
    edition = edition or verified.edition
    own = folder.resolve()
    place = out if out is not None else own.with_name(f"{own.name}.{edition}.zip")
    _check_place(place, own)
    files = contents(verified, edition, __version__)
    data = laid_out(files, 0o600 if edition == "internal" else 0o644)
    if len(data) > MOST_BYTES:
        raise UsageError(f"the pack would have {len(data):,} bytes, more than {MOST_BYTES:,}; pack another edition")
    _write(place, data, 0o600 if edition == "internal" else 0o644)
    return Packed(place, sha256(data).hexdigest(), tuple(sorted(files, key=lambda n: (n != FIRST, n))))


def _check_place(place: Path, own: Path) -> None:
    if place.resolve().is_relative_to(own):
        raise UsageError(f"{place} is in the run's folder, which holds nothing but the run; name another with --out")
    head = b"PK\3\4"
    try:
        with place.open("rb") as file:
            start = file.read(30 + len(FIRST))
    except FileNotFoundError:
        return
    except OSError as error:
        raise UsageError(f"{place}: {error.strerror}; name another file with --out") from error
    if not (start.startswith(head) and start.endswith(FIRST.encode("ascii"))):
        raise UsageError(f"{place} is there already and is no pack; name another file with --out")


def _write(place: Path, data: bytes, mode: int) -> None:
    """A file that is whole or not there."""
    aside = place.with_name(f".{place.name}.tmp")
    aside.unlink(missing_ok=True)
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        aside.replace(place)
    finally:
        aside.unlink(missing_ok=True)
