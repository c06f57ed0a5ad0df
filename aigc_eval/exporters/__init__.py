"""A completed run's numbers in the stores of other tools, on this machine only: nothing is sent anywhere.

    tensorboard   event files, one folder a candidate
    wandb         Weights & Biases, offline: `wandb sync` is for whoever may send it
    mlflow        a SQLite database, `mlflow.db`, as `mlflow ui` opens it

Every estimate goes there with the ends of its interval, every gate with its verdict. No text of any output does, and
names are masked as in the reports for reviewers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from aigc_eval.exporters import mlflow, tensorboard, wandb
from aigc_eval.records import Edition, Run
from aigc_eval.report.editions import edited

__all__ = ["EXPORTERS", "export"]

EXPORTERS: Mapping[str, tuple[Callable[[Run, Path], list[Path]], str]] = {
    "tensorboard": (tensorboard.export, "runs"),
    "wandb": (wandb.export, "."),
    "mlflow": (mlflow.export, "."),
}
"""Each tool's exporter, and the folder in which the tool looks by itself."""


def export(run: Run, tool: str, out: Path | None = None, edition: Edition = "reviewer") -> list[Path]:
    """Write a run into a tool's store below `out`, masked; returns what to open. The public edition has no small group.

    Errors: MissingExtra where the tool is not installed; UsageError where the store holds this run already.
    """
    write, usual = EXPORTERS[tool]
    shown, _ = edited(run, "public" if edition == "public" else "reviewer")
    return write(shown, Path(usual) if out is None else out)
