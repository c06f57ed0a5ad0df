"""A pack checked without trusting it: layout, digests, what its files say of each other, and the run if it is inside.

archive        it lies as packs lie, byte by byte: no links, no folders, nothing compressed, nothing twice
files          each is one that packs have, in the manifest and in SHA256SUMS with its size and digest; none is missing
statements     manifest, attestation and README are those that follow from the other files
verdict        verdict.json, run.json, attestation and journal are about one run and one verdict
run: ...       where the journal is inside, all that `verify` checks of a run's folder
"""

from __future__ import annotations

import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from aigc_eval import __version__
from aigc_eval.config.shape import EDITIONS
from aigc_eval.journal import NAME
from aigc_eval.packing.archive import ARCHIVE, FIRST, MOST_BYTES, read
from aigc_eval.packing.contents import VERDICT, completed
from aigc_eval.packing.public import FILE
from aigc_eval.packing.statement import ATTESTATION, FORMAT, MANIFEST, SUMS, checksums
from aigc_eval.publishing import REPORTS
from aigc_eval.records import Edition
from aigc_eval.tables.strict_json import whole
from aigc_eval.verify import Check, Findings, Unfit, first_difference, verify

__all__ = ["check"]

_ABOUT = (FIRST, ATTESTATION, MANIFEST, SUMS)
_KNOWN = frozenset({*_ABOUT, VERDICT, "bench.json", "policy.json", NAME, FILE, *REPORTS})
Files = Mapping[str, bytes]
Json = Mapping[str, Any]


def check(path: Path, *, trust: bool = False) -> Findings:
    """Check a pack; nothing is written beside it. `trust` is that of `verify`."""
    checks: list[Check] = []
    notes: list[str] = []
    unfit, journal = None, ""
    try:
        with _step(checks, "archive"):
            files, mode = read(_bytes(path))
        with _step(checks, "files"):
            manifest = _listed(files)
        journal = str(manifest["journal"])
        with _step(checks, "statements"):
            _stated(files, manifest, mode, notes)
        with _step(checks, "verdict"):
            _agreed(files, manifest)
        if NAME in files:
            inside = _run(files, trust)
            checks += [replace(c, name=f"run: {c.name}") for c in inside.checks]
            notes += inside.notes
            unfit = inside.unfit
    except Unfit as found:
        unfit = found
    return Findings(tuple(checks), unfit, tuple(notes), journal)


@contextmanager
def _step(checks: list[Check], name: str) -> Iterator[None]:
    try:
        yield
    except Unfit as unfit:
        checks.append(Check(name, "different", str(unfit)))
        raise
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        wrong = Unfit(ARCHIVE, None, f"a file of it does not hold what it should: {type(error).__name__}")
        checks.append(Check(name, "different", str(wrong)))
        raise wrong from error
    checks.append(Check(name, "ok", ""))


def _bytes(path: Path) -> bytes:
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > MOST_BYTES:
            raise Unfit(ARCHIVE, None, f"this is no plain file of at most {MOST_BYTES:,} bytes")
        return path.read_bytes()
    except OSError as error:
        raise Unfit(ARCHIVE, None, f"cannot be read: {error.strerror}") from error


def _object(files: Files, name: str) -> Json:
    """A JSON file of the pack."""
    try:
        found = whole(files[name].decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Unfit(name, None, f"is no JSON: {error!s:.120}") from error
    if not isinstance(found, dict):
        raise Unfit(name, None, "holds no object")
    return found


def _listed(files: Files) -> Json:
    """The manifest, once every file was found to be in it, and in SHA256SUMS, as it is."""
    for name in (*_ABOUT, VERDICT, "run.json", "bench.json", "policy.json"):
        if name not in files:
            raise Unfit(name, None, "is missing")
    manifest = _object(files, MANIFEST)
    if (manifest.get("format"), manifest.get("version")) != (FORMAT, 1):
        raise Unfit(MANIFEST, None, "is not that of a pack of version 1")
    listed = manifest["files"]
    for name, data in files.items():
        if name not in _KNOWN:
            raise Unfit(name, None, "is no file that a pack has")
        if name in (MANIFEST, SUMS):
            continue
        if name not in listed:
            raise Unfit(name, None, "is not in the manifest")
        if listed[name] != {"sha256": sha256(data).hexdigest(), "size": len(data)}:
            raise Unfit(name, None, "is not the file that the manifest names")
    for name in listed:
        if name not in files:
            raise Unfit(str(name)[:100], None, "is missing; the manifest names it")
    if files[SUMS] != checksums(files):
        raise Unfit(SUMS, first_difference(files[SUMS], checksums(files)), "does not hold the files' checksums")
    return manifest


def _stated(files: Files, manifest: Json, mode: int, notes: list[str]) -> None:
    """Whether manifest, attestation and README follow from the files, and the edition fits what is inside."""
    if manifest["edition"] not in EDITIONS:
        raise Unfit(MANIFEST, None, f"names no edition: {manifest['edition']!r:.40}")
    edition = cast("Edition", manifest["edition"])
    inner = edition == "internal"
    if (mode == 0o600) != inner or (NAME in files) != inner or (FILE in files) == inner:
        raise Unfit(MANIFEST, None, f"says {edition}, and the pack is none of that edition")
    by = str(manifest["packed_with"])
    if by != __version__:
        notes.append(f"packed with aigc-eval {by}, checked with {__version__}")
    again = completed(files, edition, by)
    for name in (ATTESTATION, MANIFEST, FIRST):
        if name == FIRST and by != __version__:  # another version may say it in other words
            continue
        byte = first_difference(files[name], again[name])
        if byte is not None:
            raise Unfit(name, byte, "does not follow from the other files")


def _agreed(files: Files, manifest: Json) -> None:
    """Whether all files are about one run and one verdict."""
    verdict, facts = _object(files, VERDICT), _object(files, "run.json")
    for name in ("status", "exit_code", "release", "reasons"):
        if verdict[name] != facts[name]:
            raise Unfit(VERDICT, None, f"says another {name} than run.json")
    if verdict["gates"] != facts["verdicts"]:
        raise Unfit(VERDICT, None, "holds other gates than run.json")
    own = {name: sha256(data).hexdigest() for name, data in files.items() if name in REPORTS}
    if verdict["reports"] != own:
        wrong = next((n for n in sorted({*own, *verdict["reports"]}) if own.get(n) != verdict["reports"].get(n)), "")
        raise Unfit(wrong, None, "is not the report that verdict.json is about")
    for name, part in (("bench.json", "bench"), ("policy.json", "policy")):
        if _object(files, name) != facts[part]:
            raise Unfit(name, None, "is not what run.json says")
    if FILE in files:
        _public(files[FILE], facts, manifest)


def _public(data: bytes, facts: Json, manifest: Json) -> None:
    """Whether the public journal is about the same run, with a line for each output."""
    first, *outputs = [whole(line) for line in data.decode("ascii").splitlines()]
    planned = facts["prompts"] * facts["samples"] * len(facts["candidates"])
    about = isinstance(first, dict) and (first.get("run"), first.get("journal"))
    if about != (facts["id"], manifest["journal"]):
        raise Unfit(FILE, 0, "is about another run")
    if len({o["output"] for o in cast("list[dict[str, str]]", outputs)}) != planned:
        raise Unfit(FILE, None, f"does not hold the run's {planned:,} outputs")


def _run(files: Files, trust: bool) -> Findings:
    """The findings about the run inside, laid out as its folder was."""
    with tempfile.TemporaryDirectory(prefix="aigc-eval-verify-") as place:
        for name in (NAME, VERDICT, *REPORTS):
            if name in files:
                (Path(place) / name).write_bytes(files[name])
        return verify(Path(place), trust=trust)
