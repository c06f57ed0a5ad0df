"""TensorBoard: event files, by PyTorch's own writer."""

from __future__ import annotations

from pathlib import Path

from aigc_eval.errors import UsageError
from aigc_eval.exporters.figures import created, facts, named, numbers, verdicts
from aigc_eval.plugin import require
from aigc_eval.records import Run
from aigc_eval.report.escape import markdown_code, markdown_text

__all__ = ["export"]


def export(run: Run, out: Path) -> list[Path]:
    """One folder for the run, in it one a candidate: `tensorboard --logdir OUT` puts them side by side."""
    require("tensorboard", extra="tensorboard")
    writers = require("torch.utils.tensorboard", extra="tensorboard")
    names = named(c.name for c in run.candidates)
    label = f"{run.name}-{run.id[:8]}" if run.id else run.name
    folder = out / named([label])[label]
    if folder.exists():
        raise UsageError(f"{folder} is there already; remove it, or choose another folder with --out")
    at = created(run)
    for candidate, own in names.items():
        with writers.SummaryWriter(log_dir=str(folder / own)) as writer:
            for name, value in numbers(run, candidate).items():
                writer.add_scalar(name, value, global_step=0, walltime=at)
            writer.add_text("run", _table("fact", facts(run, candidate)), global_step=0, walltime=at)
            writer.add_text("gates", _table("gate", verdicts(run, candidate)), global_step=0, walltime=at)
    return [folder]


def _table(head: str, told: dict[str, str]) -> str:
    """A table in Markdown, which TensorBoard renders."""
    lines = (f"| {markdown_code(name)} | {markdown_text(value)} |" for name, value in told.items())
    return "\n".join([f"| {head} | |", "|---|---|", *lines])
