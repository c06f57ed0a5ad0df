"""The commands about reviewers' decisions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from aigc_eval.cli.app import Debug, Json, app
from aigc_eval.cli.outcome import guarded
from aigc_eval.cli.stdio import say, tell

__all__ = ["export", "import_", "review"]

review = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Record what reviewers decided, or take it out.")
app.add_typer(review, name="review")

RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a completed run.")]


@review.command("import")
@guarded
def import_(
    folder: RunFolder,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Decisions files from the report's page.")],
    *,
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """Record decisions in the run's journal and write its reports again; no number and no verdict changes.

    Exit codes: 0 recorded, or known already; 2 something in a file does not fit this run, and nothing was recorded.
    """
    from aigc_eval.report.escape import terminal
    from aigc_eval.reviewing import import_decisions

    found = import_decisions(folder, files)
    if as_json:
        files_told = [{"file": f.file, "sha256": f.sha256, "recorded": f.recorded, "known": f.known} for f in found]
        say(json.dumps({"status": "ok", "exit_code": 0, "files": files_told}, ensure_ascii=True))
        return 0
    for file in found:
        known = f"; {file.known:,} known already" if file.known else ""
        say(f"{terminal(file.file)}: {file.recorded:,} decisions recorded{known}")
    if not any(file.recorded for file in found):
        tell(f"{folder}: nothing new to record")
    return 0


@review.command("export")
@guarded
def export(
    folder: RunFolder,
    *,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write [default: <RUN>.labels.jsonl beside the run].")
    ] = None,
    debug: Debug = False,
) -> int:
    """Write the decisions that stand as labels for validating scorers (JSONL, for its owner only).

    Exit codes: 0 written, 2 this is no completed run, or nobody has decided on anything.
    """
    from aigc_eval.errors import UsageError
    from aigc_eval.report.files import write_atomically
    from aigc_eval.reviewing import labels

    found = labels(folder)
    if not found:
        raise UsageError(f"{folder}: no decision is recorded; `aigc-eval review import {folder} FILE` records some")
    own = folder.resolve()
    place = out if out is not None else own.with_name(f"{own.name}.labels.jsonl")
    if place.resolve().is_relative_to(own):
        raise UsageError(f"{place} is in the run's folder, which holds nothing but the run; name another with --out")
    lines = (json.dumps(label, ensure_ascii=True, allow_nan=False) for label in found)
    write_atomically(place, "".join(f"{line}\n" for line in lines), mode=0o600)
    say(f"{place}: {len(found):,} labels")
    return 0
