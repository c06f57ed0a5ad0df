"""The application and the options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aigc_eval import __version__
from aigc_eval.cli.stdio import say

if TYPE_CHECKING:
    from aigc_eval.gates import Baseline

__all__ = [
    "AllowBadRows",
    "AllowHost",
    "AllowList",
    "AllowPath",
    "BaselineRun",
    "Debug",
    "DryRun",
    "ExitZero",
    "Json",
    "Limit",
    "Out",
    "Pdf",
    "PolicyFile",
    "TrustBench",
    "app",
    "baseline_of",
]

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
Out = Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of the run [default: reports/<name>-<digest>].")]
Limit = Annotated[int | None, typer.Option(min=1, metavar="N", help="Only the first N prompts; not for a release.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be asked for, as `plan` does.")]
Pdf = Annotated[
    bool, typer.Option("--pdf", help="Print report.html too, in each language: needs Chromium on this machine.")
]
PolicyFile = Annotated[
    Path | None, typer.Option("--policy", metavar="FILE", help="The policy that judges, instead of the bench's gates.")
]
BaselineRun = Annotated[
    str | None,
    typer.Option(
        "--baseline",
        metavar="RUN[:CANDIDATE]",
        help="What gates compare with: another run, or a candidate of this one.",
    ),
]
AllowBadRows = Annotated[
    int, typer.Option(min=0, metavar="N", help="Leave out up to N bad records of each prompt file; not for a release.")
]
AllowPath = Annotated[
    list[Path] | None,
    typer.Option(metavar="DIR", exists=True, file_okay=False, help="A folder outside the bench's that it may read."),
]


def baseline_of(text: str | None) -> Baseline | None:
    """The baseline that the command line names: a run's folder, with a candidate behind a colon, or a candidate."""
    from aigc_eval.errors import UsageError
    from aigc_eval.gates import Baseline

    if text is None:
        return None
    folder, _, candidate = text.rpartition(":") if not Path(text).is_dir() and ":" in text else (text, "", "")
    if Path(folder).is_dir():
        return Baseline(candidate, str(Path(folder).resolve()))
    if "/" in text:
        raise UsageError(f"there is no run in {folder}; --baseline takes the folder of a completed run, or a candidate")
    return Baseline(text)


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
