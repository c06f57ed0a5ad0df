"""The command that writes a run's numbers into other tools' stores."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from aigc_eval.cli.app import Debug, Json, app
from aigc_eval.cli.outcome import guarded
from aigc_eval.cli.stdio import say

__all__ = ["Tool", "export"]


class Tool(StrEnum):
    """Where `export` can write to."""

    tensorboard = "tensorboard"
    wandb = "wandb"
    mlflow = "mlflow"


@app.command()
@guarded
def export(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a completed run.")],
    *,
    to: Annotated[Tool, typer.Option("--to", help="The tool.")],
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the tool looks [default: ./runs for tensorboard, else .].")
    ] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """Write a run's numbers, with their intervals and verdicts, where another tool reads them, on this machine only.

    No text of any output is written, of a run in the public edition nothing that it does not tell, and nothing is
    sent: Weights & Biases runs offline, MLflow into `mlflow.db`.
    """
    from aigc_eval import exporters, runner
    from aigc_eval.publishing import edition_of

    run = runner.load(folder)
    written = [str(path) for path in exporters.export(run, to.value, out, edition_of(folder, run.bench))]
    if as_json:
        say(json.dumps({"to": to.value, "files": written}, ensure_ascii=False))
    else:
        for path in written:
            say(path)
    return 0
