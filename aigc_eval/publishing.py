"""The last step of a run: its reports, then the verdict, which is about them and about the journal."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from aigc_eval import report
from aigc_eval.config.shape import EDITIONS, FORMATS, LANGUAGES
from aigc_eval.printing import remove_prints
from aigc_eval.records import Edition, Run
from aigc_eval.report import with_lost

__all__ = [
    "OPTIONAL",
    "REPORTS",
    "Written",
    "edition_of",
    "lost_of",
    "narrower",
    "publish",
    "reports_of",
    "sha256_of",
    "verdict_of",
    "verdict_text",
    "with_lost",
]

REPORTS = {
    "run.json": "json",
    "facts.json": "json",
    "junit.xml": "junit",
    "report.html": "html",
    "samples.html": "html",
    "summary.md": "markdown",
    "summary.csv": "csv",
    "rows.csv": "csv",
    "standards.csv": "csv",
    "annotations.txt": "github",
    "gl-code-quality.json": "gitlab",
    "report.sarif": "sarif",
    "summary.parquet": "parquet",
    "rows.parquet": "parquet",
}
"""What a run may write beside its journal and its verdict, and in which format."""
OPTIONAL = frozenset({"facts.json", "samples.html", "standards.csv"})
"""Those that only some runs need."""


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Written(NamedTuple):
    """A report's file: the SHA-256 of its bytes, the languages it was asked for in, and for whom."""

    sha256: str
    languages: Sequence[str]
    edition: Edition = "reviewer"


def publish(
    done: Run,
    out: Path,
    formats: Sequence[str],
    languages: Sequence[str],
    *,
    edition: Edition = "reviewer",
    journal_head: str,
    kept: Mapping[str, Written] | None = None,
) -> Run:
    """Write the reports, then the verdict about them; a report that fails leaves the run undetermined.

    Returns all of the run, whatever the edition tells of it.
    """
    remove_prints(out)
    # run.json is always written: a later `report` starts from it, or from facts.json where it does not tell all.
    formats = (*formats, *({"json"} - {*formats}))
    try:
        files = report.write(done, out, formats=formats, languages=languages, edition=edition)
    except report.ReportError as error:
        files, done = error.written, with_lost(done, error.failed)
        if kept:  # they tell the verdict that was
            every = dict.fromkeys([*formats, *(REPORTS[name] for name in kept)])
            left = [name for name in every if name not in error.failed]
            return publish(done, out, left, languages, edition=edition, journal_head=journal_head)
    new = {path.name: Written(sha256_of(path), languages, edition) for path in files.values()}
    told = verdict_text(report.edited(done, edition)[0], journal_head, {**(kept or {}), **new})
    report.write_atomically(out / "verdict.json", told, 0o600 if edition == "internal" else 0o644)
    return done


def lost_of(reasons: Iterable[Mapping[str, Any]]) -> list[str]:
    """The formats that could not be written, as reasons tell them."""
    return [*dict.fromkeys(str(r["figures"]["format"]) for r in reasons if r["code"] == "report_failed")]


def verdict_text(done: Run, journal_head: str, reports: Mapping[str, Written]) -> str:
    """What verdict.json says: the verdict, and what it is about, by checksum. `done` is what the edition tells."""
    told = {"status": done.status, "exit_code": done.exit_code, "release": done.release}
    reasons, verdicts = [r.to_json() for r in done.reasons], [v.to_json() for v in done.verdicts]
    return verdict_of({**told, "reasons": reasons, "verdicts": verdicts}, journal_head, reports)


def verdict_of(facts: Mapping[str, Any], journal_head: str, reports: Mapping[str, Written]) -> str:
    """What verdict.json says, from the facts of run.json."""
    verdict = {
        **{name: facts[name] for name in ("status", "exit_code", "release", "reasons")},
        "gates": facts["verdicts"],
        "journal": journal_head,
        "reports": {name: reports[name].sha256 for name in sorted(reports)},
        "languages": {name: [*reports[name].languages] for name in sorted(reports)},
        "editions": {name: reports[name].edition for name in sorted(reports)},
    }
    return json.dumps(verdict, indent=1, allow_nan=False) + "\n"


def edition_of(folder: Path, bench: Mapping[str, Any]) -> Edition:
    """The edition that the run's reports are, or else were asked for as; the narrowest where that cannot be told."""
    asked: Edition = (bench.get("report") or {}).get("edition") or "reviewer"
    return _told(folder) or asked


def narrower(edition: Edition, folder: Path) -> Edition:
    """An edition, or that of the reports in a folder where it tells less: nobody has asked for more by name."""
    return min(edition, _told(folder) or edition, key=EDITIONS.index)


def _told(folder: Path) -> Edition | None:
    """The narrowest edition that verdict.json says of any report, or run.json where there is no verdict."""
    for name in ("verdict.json", "run.json"):
        try:
            found = json.loads((folder / name).read_bytes())
            told = {*found["editions"].values()} if name == "verdict.json" else {found["edition"]}
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            continue
        if known := [edition for edition in EDITIONS if edition in told]:
            return known[0]
    return None


def reports_of(folder: Path, terms: Mapping[str, Any]) -> tuple[Sequence[str], Sequence[str]]:
    """The formats and languages that the run's reports are in, or else were asked for in.

    A format that could not be written was asked for like those that could.
    """
    asked = terms["bench"].get("report") or {}
    formats, languages = asked.get("formats") or FORMATS, asked.get("languages") or LANGUAGES
    try:
        verdict = json.loads((folder / "verdict.json").read_bytes())
        known = {name: [*spoken] for name, spoken in verdict["languages"].items() if name in REPORTS}
        lost = [name for name in lost_of(verdict["reasons"]) if name in REPORTS.values()]
        spoken = {each for own in known.values() for each in own}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return formats, languages
    if not known or not spoken <= set(LANGUAGES):
        return formats, languages
    first = max(known.values(), key=len)
    there = [REPORTS[name] for name in REPORTS if name in known]
    return [*dict.fromkeys([*there, *lost])], [*dict.fromkeys([*first, *sorted(spoken)])]
