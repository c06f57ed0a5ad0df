"""The commands. Each returns an exit code; what may fail is turned into one by `outcome.guarded`."""

from __future__ import annotations

import json
import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aigc_eval import __version__
from aigc_eval.cli.outcome import guarded, meaning
from aigc_eval.cli.stdio import language, say, show, table, tell

if TYPE_CHECKING:
    from aigc_eval.config import Trust
    from aigc_eval.records import Run

__all__ = ["app"]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="Score what generative models write, and decide whether it may be released.",
    epilog="Exit codes: 0 pass, 1 a gate failed, 2 usage or data, 3 undetermined, 4 internal error, 5 nothing to "
    "evaluate, 130/143 interrupted. Nothing is downloaded unless you set HF_HUB_OFFLINE=0.",
)

Debug = Annotated[bool, typer.Option("--debug", help="Print the traceback of an error.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout, and nothing else there.")]
TrustBench = Annotated[
    bool, typer.Option("--trust-bench", help="Let the bench run code (Python, commands); outside CI, use any host.")
]
AllowHost = Annotated[
    list[str] | None, typer.Option(metavar="HOST", help="A host that prompts and answers may be sent to.")
]
AllowList = Annotated[
    Path | None, typer.Option(metavar="FILE", help="A YAML file of the code and hosts that benches may use.")
]
ExitZero = Annotated[bool, typer.Option("--exit-zero", help="Exit 0 where a gate failed (1); other codes stay.")]


class Format(StrEnum):
    """What `report` can write."""

    html = "html"
    csv = "csv"
    json = "json"
    junit = "junit"
    markdown = "markdown"


class Language(StrEnum):
    """Languages of reports."""

    en = "en"
    zh = "zh"


class What(StrEnum):
    """What `list` can list."""

    generators = "generators"
    scorers = "scorers"
    metrics = "metrics"


def _version(wanted: bool) -> None:
    if wanted:
        say(f"aigc-eval {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options before the command."""


@app.command()
@guarded
def run(
    bench: Annotated[Path, typer.Argument(metavar="BENCH", help="The bench file, such as bench.yaml.")],
    *,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the run [default: reports/<name>-<digest>].")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an unfinished run, and retry its errors.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Only the first N prompts; not for a release.")
    ] = None,
    exit_zero: ExitZero = False,
    as_json: Json = False,
    allow_path: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIR", exists=True, file_okay=False, help="A folder outside the bench's that it may read."
        ),
    ] = None,
    trust_bench: TrustBench = False,
    allow_host: AllowHost = None,
    allow_list: AllowList = None,
    debug: Debug = False,
) -> int:
    """Generate, score and judge what BENCH describes, and write the reports."""
    from aigc_eval import config, runner
    from aigc_eval.cli.progress import reporting

    trust = _trust(trust_bench, allow_host, allow_list)
    loaded = config.load(bench, allow=allow_path or (), trust=trust)
    part = f"-first-{limit}" if limit is not None else ""
    folder = out if out is not None else Path("reports") / f"{loaded.name}-{loaded.identity()[:8]}{part}"
    _check_writable(folder)
    with reporting() as progress:
        done = runner.run(loaded, folder, resume=resume, limit=limit, progress=progress)
    return _conclude(done, folder, as_json, exit_zero)


def _trust(everything: bool, hosts: list[str] | None, listed: Path | None) -> Trust:
    """What the command line allows; in CI (the variable CI is set) hosts must be named one by one."""
    from aigc_eval.config import Trust

    in_ci = os.environ.get("CI", "").lower() not in ("", "0", "false", "no")
    return Trust.given(everything=everything, hosts=hosts or (), listed=listed, in_ci=in_ci)


def _check_writable(folder: Path) -> None:
    """Find out now, not after a night, that the folder cannot be written to."""
    from aigc_eval.errors import UsageError

    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror}; choose another folder with --out") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"cannot write to {folder}: permission denied; choose another folder with --out")


def _conclude(done: Run, folder: Path, as_json: bool, exit_zero: bool) -> int:
    """Print a run's result and return its exit code."""
    from aigc_eval import report

    code = 0 if exit_zero and done.exit_code == 1 else done.exit_code
    lang = language()
    if as_json:
        say(json.dumps(_summary(done, folder, code), ensure_ascii=False, allow_nan=False))
        return code
    show(report.terminal_table(done, lang))
    say()
    say(report.verdict_line(done, lang))
    say(f"{meaning(done.exit_code, lang)}{' (--exit-zero)' if code != done.exit_code else ''}")
    html = folder / "report.html"
    say(str(html if html.is_file() else folder))
    return code


def _summary(done: Run, folder: Path, code: int) -> dict[str, Any]:
    return {
        "name": done.name,
        "status": done.status,
        "release": done.release,
        "exit_code": code,
        "reasons": [reason.to_json() for reason in done.reasons],
        "gates": [verdict.to_json() for verdict in done.verdicts],
        "estimates": [estimate.to_json() for estimate in done.estimates],
        "folder": str(folder),
        "files": sorted(str(path) for path in folder.iterdir() if path.is_file()),
    }


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
    return _conclude(done, folder, as_json, exit_zero)


@app.command("list")
@guarded
def list_(
    what: Annotated[What, typer.Argument(metavar="generators|scorers|metrics", help="What to list.")],
    in_full: Annotated[
        bool, typer.Option("--long", help="Metrics only: formula, range, direction, languages and source of each.")
    ] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """List what is installed, third-party plug-ins with their package."""
    from aigc_eval.cli import catalogue

    lang = language()
    if what is What.metrics and in_full and not as_json:
        say("\n\n".join(catalogue.metrics_in_full(lang)))
        return 0
    if what is What.metrics:
        rows = catalogue.metrics(lang)
    else:
        rows = catalogue.plugins("generator" if what is What.generators else "scorer", lang)
    if as_json:
        say(json.dumps(rows, ensure_ascii=False, allow_nan=False, indent=1))
        return 0
    columns = (
        ("name", "title", "better", "bounds", "languages", "needs", "source", "package")
        if what is What.metrics
        else ("name", "title", "languages", "needs", "source", "package")
    )
    table([*columns], [[_cell(row.get(column)) for column in columns] for row in rows])
    return 0


def _cell(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(
            "∞" if item is None else f"{item:g}" if isinstance(item, float) else str(item) for item in value
        )
    return "-" if value in (None, "") else str(value)


@app.command()
@guarded
def init(
    file: Annotated[Path, typer.Argument(metavar="[FILE]", help="The bench file to write.")] = Path("bench.yaml"),
    debug: Debug = False,
) -> int:
    """Write a commented bench and a small prompt set that run as they are; never overwrites."""
    from aigc_eval.cli.starting import start

    for path in start(file, _schema()):
        say(str(path))
    tell(f"next: aigc-eval run {file}")
    return 0


def _schema() -> str:
    from aigc_eval.config import json_schema

    return json.dumps(json_schema(), ensure_ascii=False, allow_nan=False, indent=1) + "\n"


@app.command()
@guarded
def schema(
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="File to write [default: stdout].")] = None,
    debug: Debug = False,
) -> int:
    """Print the JSON Schema of bench files, for completion and checks in editors."""
    text = _schema()
    if out is None:
        say(text.rstrip("\n"))
    else:
        out.write_text(text, "utf-8")
        tell(f"wrote {out}; name it in the first line of a bench: # yaml-language-server: $schema={out.name}")
    return 0
