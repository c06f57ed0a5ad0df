"""The last step of a run: its reports, then the verdict, which is about them and about the journal."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from aigc_eval import report
from aigc_eval.gates import EXIT_CODES
from aigc_eval.records import Reason, Run

__all__ = ["REPORTS", "Written", "publish", "sha256_of", "verdict_text", "with_lost"]

REPORTS = {
    "run.json": "json",
    "junit.xml": "junit",
    "report.html": "html",
    "summary.md": "markdown",
    "summary.csv": "csv",
    "rows.csv": "csv",
    "annotations.txt": "github",
    "gl-code-quality.json": "gitlab",
    "report.sarif": "sarif",
}
"""What a run writes beside its journal and its verdict, and in which format."""


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Written(NamedTuple):
    """A report's file: the SHA-256 of its bytes and the languages it was asked for in."""

    sha256: str
    languages: Sequence[str]


def publish(
    done: Run,
    out: Path,
    formats: Sequence[str],
    languages: Sequence[str],
    *,
    journal_head: str,
    kept: Mapping[str, Written] | None = None,
) -> Run:
    """Write the reports, then the verdict about them; a report that fails leaves the run undetermined."""
    # run.json is always written: a later `report` starts from it.
    formats = (*formats, *({"json"} - {*formats}))
    try:
        files = report.write(done, out, formats=formats, languages=languages)
    except report.ReportError as error:
        files, done = error.written, with_lost(done, error.failed)
    new = {path.name: Written(sha256_of(path), languages) for path in files.values()}
    report.write_atomically(out / "verdict.json", verdict_text(done, journal_head, {**(kept or {}), **new}))
    return done


def with_lost(done: Run, formats: Iterable[str]) -> Run:
    """The run as its reports tell it where those of some formats could not be written: undetermined."""
    lost = (Reason("report_failed", {"format": name}) for name in formats)
    return replace(done, status="undetermined", exit_code=EXIT_CODES["undetermined"], reasons=(*done.reasons, *lost))


def verdict_text(done: Run, journal_head: str, reports: Mapping[str, Written]) -> str:
    """What verdict.json says: the verdict, and what it is about, by checksum."""
    verdict = {
        "status": done.status,
        "exit_code": done.exit_code,
        "release": done.release,
        "reasons": [r.to_json() for r in done.reasons],
        "gates": [v.to_json() for v in done.verdicts],
        "journal": journal_head,
        "reports": {name: reports[name].sha256 for name in sorted(reports)},
        "languages": {name: [*reports[name].languages] for name in sorted(reports)},
    }
    return json.dumps(verdict, indent=1, allow_nan=False) + "\n"
