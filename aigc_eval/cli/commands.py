"""The commands about runs. Each returns an exit code; what may fail is turned into one by `outcome.guarded`."""

from __future__ import annotations

import json
import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aigc_eval.cli.annotations import annotate
from aigc_eval.cli.app import (
    AllowBadRows,
    AllowHost,
    AllowList,
    AllowPath,
    BaselineRun,
    Debug,
    DryRun,
    ExitZero,
    Json,
    Limit,
    Out,
    PolicyFile,
    TrustBench,
    app,
    baseline_of,
)
from aigc_eval.cli.concluding import conclude
from aigc_eval.cli.outcome import guarded
from aigc_eval.cli.stdio import say, table, tell
from aigc_eval.cli.trusting import trusted as _trust

if TYPE_CHECKING:
    from aigc_eval.config import Bench

__all__ = ["Format", "Language", "plan", "report", "run"]


class Format(StrEnum):
    """What `report` can write."""

    html = "html"
    csv = "csv"
    json = "json"
    junit = "junit"
    markdown = "markdown"
    github = "github"
    gitlab = "gitlab"
    sarif = "sarif"


class Language(StrEnum):
    """Languages of reports."""

    en = "en"
    zh = "zh"


@app.command()
@guarded
def run(
    bench: Annotated[Path, typer.Argument(metavar="BENCH", help="The bench file, such as bench.yaml.")],
    *,
    out: Out = None,
    policy: PolicyFile = None,
    baseline: BaselineRun = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an unfinished run, and retry its errors.")
    ] = False,
    limit: Limit = None,
    reuse: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="RUN", exists=True, file_okay=False, help="Take over what an earlier run holds (repeatable)."
        ),
    ] = None,
    dry_run: DryRun = False,
    in_process: Annotated[
        bool, typer.Option("--in-process", help="Score in this process: for a debugger; nothing guards the run then.")
    ] = False,
    exit_zero: ExitZero = False,
    as_json: Json = False,
    allow_path: AllowPath = None,
    trust_bench: TrustBench = False,
    allow_host: AllowHost = None,
    allow_list: AllowList = None,
    allow_bad_rows: AllowBadRows = 0,
    debug: Debug = False,
) -> int:
    """Generate, score and judge what BENCH describes, and write the reports."""
    from aigc_eval import config, runner
    from aigc_eval.cli.progress import reporting

    trust = _trust(trust_bench, allow_host, allow_list)
    loaded = config.load(
        bench,
        allow=allow_path or (),
        trust=trust,
        allow_bad=allow_bad_rows,
        policy=policy,
        baseline=baseline_of(baseline),
    )
    _tell_left_out(loaded)
    folder = out if out is not None else _folder(loaded, limit)
    if dry_run:
        return _plan(loaded, folder, limit, as_json)
    _check_writable(folder)
    with reporting() as progress:
        done = runner.run(
            loaded, folder, resume=resume, limit=limit, reuse=reuse or (), isolated=not in_process, progress=progress
        )
    for line in (name for name in done.digests if name.startswith("reused from ")):
        tell(line)
    code = conclude(done, folder, as_json, exit_zero)
    if not as_json:
        annotate(done)
    return code


@app.command()
@guarded
def plan(
    bench: Annotated[Path, typer.Argument(metavar="BENCH", help="The bench file, such as bench.yaml.")],
    *,
    out: Out = None,
    limit: Limit = None,
    as_json: Json = False,
    allow_path: AllowPath = None,
    trust_bench: TrustBench = False,
    allow_host: AllowHost = None,
    allow_list: AllowList = None,
    allow_bad_rows: AllowBadRows = 0,
    debug: Debug = False,
) -> int:
    """Show what a run of BENCH would ask for: calls, tokens, cost, minutes. Nothing is sent."""
    from aigc_eval import config

    trust = _trust(trust_bench, allow_host, allow_list)
    loaded = config.load(bench, allow=allow_path or (), trust=trust, allow_bad=allow_bad_rows)
    _tell_left_out(loaded)
    return _plan(loaded, out if out is not None else _folder(loaded, limit), limit, as_json)


def _plan(bench: Bench, folder: Path, limit: int | None, as_json: bool) -> int:
    from aigc_eval.plan import plan as planned

    lines = planned(bench, folder, limit)
    if as_json:
        say(json.dumps({"folder": str(folder), "plan": [line.to_json() for line in lines]}, ensure_ascii=False))
        return 0
    table(
        ["name", "", "calls", "known", "tokens in", "tokens out", "cost", "minutes", "sent to"],
        [
            [
                line.name,
                line.does,
                f"{line.calls:,}",
                f"{line.known:,}",
                "-" if line.read is None else f"{line.read:,}",
                "-" if line.written is None else f"≤ {line.written:,}",
                "-" if line.cost is None else f"≤ {line.cost:,.2f} {line.currency}",
                "-" if line.minutes is None else f"{line.minutes:,.1f}",
                ", ".join(line.hosts) or "-",
            ]
            for line in lines
        ],
    )
    for line in lines:
        if line.cap:
            tell(f"{line.name}: {line.cap} may end the run before its last prompt")
    tell("estimated from the prompts and max_tokens; nothing was sent")
    return 0


def _tell_left_out(bench: Bench) -> None:
    for problem in [problem for found in bench.prompt_sets for problem in found.left_out][:20]:
        tell(f"left out: {problem}")


def _folder(bench: Bench, limit: int | None) -> Path:
    part = f"-first-{limit}" if limit is not None else ""
    return Path("reports") / f"{bench.name}-{bench.identity()[:8]}{part}"


def _check_writable(folder: Path) -> None:
    """Find out now, not after a night, that the folder cannot be written to."""
    from aigc_eval.errors import UsageError

    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror}; choose another folder with --out") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"cannot write to {folder}: permission denied; choose another folder with --out")


@app.command()
@guarded
def report(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a completed run.")],
    *,
    formats: Annotated[list[Format] | None, typer.Option("--format", help="Only this format (repeatable).")] = None,
    languages: Annotated[
        list[Language] | None, typer.Option("--language", help="Only this language (repeatable).")
    ] = None,
    exit_zero: ExitZero = False,
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """Write the reports of a completed run again; nothing is generated or scored. Ends with the run's exit code."""
    from aigc_eval import runner
    from aigc_eval.config.shape import FORMATS, LANGUAGES

    asked = runner.load(folder).bench.get("report") or {}
    wanted = [f.value for f in formats or ()] or asked.get("formats") or FORMATS
    spoken = [item.value for item in languages or ()] or asked.get("languages") or LANGUAGES
    done = runner.report_again(folder, tuple(wanted), tuple(spoken))
    return conclude(done, folder, as_json, exit_zero)
