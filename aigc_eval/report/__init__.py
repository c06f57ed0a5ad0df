"""Reports: they read a Run and nothing else.

    html       report.html    for people: verdict, evidence, methods, in English and Chinese
               samples.html   the outputs that did not fit into it, where there are so many
    csv        summary.csv    every estimate; rows.csv: every output with its scores
    json       run.json       everything but the rows, for programs; facts.json: what a later `report` needs beside it
    junit      junit.xml      for CI
    markdown   summary.md     for pull requests
    github     annotations.txt          workflow commands, for annotations in GitHub
    gitlab     gl-code-quality.json     for merge requests in GitLab
    sarif      report.sarif             SARIF 2.1.0, for code scanning
    parquet    summary.parquet, rows.parquet    the tables of csv for programs: typed, nothing cut

All are of one edition (`editions`), and all texts are encoded for where they go; the same run gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from aigc_eval.errors import AigcEvalError
from aigc_eval.records import Edition, Reason, Run
from aigc_eval.report import (
    csv_table,
    github,
    gitlab,
    html,
    json_file,
    junit,
    markdown,
    parquet_table,
    sarif,
    standards_table,
)
from aigc_eval.report.editions import edited
from aigc_eval.report.files import Unreadable, write_atomically
from aigc_eval.report.page import Page
from aigc_eval.report.terminal import terminal_table
from aigc_eval.report.words import sentence, verdict_line

__all__ = [
    "FORMATS",
    "ReportError",
    "edited",
    "sentence",
    "terminal_table",
    "verdict_line",
    "with_lost",
    "write",
    "write_atomically",
]

_Writer = Callable[[Page], str | bytes | None]
"""Makes the content of one file, or None where the run needs no such file."""
_Check = Callable[[Any, Run], None]
FACTS = "facts.json"


def _bom(page: Page) -> bool:
    """Whether the bench wants tables to begin with a byte order mark."""
    asked = ((page.whole or page.run).bench.get("report") or {}).get("csv") or {}
    return bool(asked.get("bom", True))


def _rows(page: Page) -> str | None:
    """The public edition has no line of a single output."""
    if page.edition == "public":
        return None
    return csv_table.rows(page.run, page.masker, page.edition, bom=_bom(page))


_WRITERS: Mapping[str, tuple[tuple[str, str, _Writer, _Check], ...]] = {
    "html": (
        ("html", "report.html", html.render, html.check),
        ("samples", "samples.html", html.rest, html.check_rest),
    ),
    "csv": (
        (
            "csv",
            "summary.csv",
            lambda p: csv_table.summary(p.run, p.edition, bom=_bom(p)),
            lambda t, r: csv_table.check(t, len(r.estimates)),
        ),
        ("rows", "rows.csv", _rows, lambda t, r: csv_table.check(t, len(r.rows))),
        (
            "standards",
            "standards.csv",
            lambda p: standards_table.table(p.run, p.edition, bom=_bom(p)),
            lambda t, r: csv_table.check(t, standards_table.size(r)),
        ),
    ),
    "json": (
        ("json", "run.json", lambda p: json_file.json_file(p.run, p.edition), json_file.check),
        ("facts", FACTS, json_file.facts_file, lambda t, _: None),
    ),
    "junit": (("junit", "junit.xml", lambda p: junit.junit(p.run, p.languages, p.edition), junit.check),),
    "markdown": (
        ("markdown", "summary.md", lambda p: markdown.markdown(p.run, p.languages, p.edition), markdown.check),
    ),
    "github": (("github", "annotations.txt", lambda p: github.github(p.run, p.languages, p.edition), github.check),),
    "gitlab": (
        ("gitlab", "gl-code-quality.json", lambda p: gitlab.gitlab(p.run, p.languages, p.edition), gitlab.check),
    ),
    "sarif": (("sarif", "report.sarif", lambda p: sarif.sarif(p.run, p.languages, p.edition), sarif.check),),
    "parquet": (
        ("parquet", "summary.parquet", parquet_table.summary, parquet_table.check_summary),
        ("parquet rows", "rows.parquet", parquet_table.rows, parquet_table.check_rows),
    ),
}

FORMATS: tuple[str, ...] = tuple(_WRITERS)
"""The formats that `write` knows."""


class ReportError(AigcEvalError):
    """Some reports could not be written; `written` are those that were, `failed` says what went wrong by format."""

    exit_code: ClassVar[int] = 3

    def __init__(self, failed: Mapping[str, str], written: Mapping[str, Path]) -> None:
        self.failed, self.written = dict(failed), dict(written)
        super().__init__("; ".join(f"{name}: {what}" for name, what in failed.items()))


def write(
    run: Run, folder: Path, *, formats: Sequence[str], languages: Sequence[str], edition: Edition = "reviewer"
) -> dict[str, Path]:
    """Write the reports into a folder and read each back; returns format -> file ("rows" is rows.csv).

    `languages`: "en", "zh" or both, the first is the default. `edition` says for whom (see `editions`); only the owner
    may read the files of the internal one. A format that fails does not stop the others: they are
    written again with the run undetermined, a file that an earlier run left in its place is removed, and `ReportError`
    is raised at the end.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written, failed = _write_all(run, folder, formats, languages, edition)
    if failed:
        told = with_lost(run, failed)
        written, again = _write_all(told, folder, [f for f in formats if f not in failed], languages, edition)
        raise ReportError({**failed, **again}, written)
    return written


def with_lost(run: Run, formats: Iterable[str]) -> Run:
    """The run as its reports tell it where those of some formats could not be written: undetermined."""
    lost = (Reason("report_failed", {"format": name}) for name in formats)
    reasons = (*run.reasons, *(reason for reason in lost if reason not in run.reasons))
    return replace(run, status="undetermined", exit_code=ReportError.exit_code, reasons=reasons)


def _write_all(
    run: Run, folder: Path, formats: Sequence[str], languages: Sequence[str], edition: Edition
) -> tuple[dict[str, Path], dict[str, str]]:
    told, masker = edited(run, edition)
    page = Page(told, masker, tuple(languages), edition, whole=run)
    written: dict[str, Path] = {}
    failed: dict[str, str] = {}
    for name in formats:
        for key, file, writer, check in _WRITERS.get(name, ()):
            try:
                content = writer(page)
                if content is None:  # one of an earlier run is none of this
                    (folder / file).unlink(missing_ok=True)
                    continue
                private = edition == "internal" or file == FACTS
                write_atomically(folder / file, content, 0o600 if private else 0o644)
                check(content, told)
                written[key] = folder / file
            except Exception as error:
                failed[name] = f"{file}: {_told(error)}"
                (folder / file).unlink(missing_ok=True)
        if name not in _WRITERS:
            failed[name] = f"unknown format; known are {', '.join(FORMATS)}"
    return written, failed


def _told(error: Exception) -> str:
    """What may be said about an error: messages of other libraries can quote the texts that they stumbled over."""
    return f"{type(error).__name__}: {error}" if isinstance(error, OSError | Unreadable) else type(error).__name__
