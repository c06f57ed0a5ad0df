"""Weights & Biases, offline: files below `wandb/` that somebody may send later with `wandb sync`, or never."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from aigc_eval.errors import UsageError
from aigc_eval.exporters.figures import created, facts, numbers, verdicts
from aigc_eval.plugin import require
from aigc_eval.records import Run

__all__ = ["export"]

_QUIET = {
    "WANDB_MODE": "offline",
    "WANDB_ERROR_REPORTING": "false",  # else crashes of the library are sent to its makers
    "WANDB_SILENT": "true",
}
_NOTHING_ELSE: dict[str, Any] = {
    "mode": "offline",
    "console": "off",
    "disable_git": True,
    "disable_code": True,
    "save_code": False,
    "silent": True,
    "x_disable_meta": True,
    "x_disable_stats": True,
    "x_disable_machine_info": True,
}
"""No code, no git state, no console output, no facts about this machine: only what is logged."""


def export(run: Run, out: Path) -> list[Path]:
    """One offline run a candidate, grouped by the run's name."""
    os.environ.update(_QUIET)
    wandb = require("wandb", extra="wandb")
    keys = {c.name: _key(run, c.name) for c in run.candidates}
    known = [path for key in keys.values() for path in out.glob(f"wandb/offline-run-*-{key}")]
    if known:
        raise UsageError(f"{known[0]} holds this run already; remove it, or choose another folder with --out")
    out.mkdir(parents=True, exist_ok=True)
    folders = []
    for candidate, key in keys.items():
        started = wandb.init(
            project="aigc-eval",
            id=key,
            name=candidate[:120],
            group=run.name[:120],
            dir=str(out),
            config=facts(run, candidate),
            settings=wandb.Settings(**_NOTHING_ELSE),
        )
        started.log({**numbers(run, candidate), "_timestamp": created(run)}, step=0)
        started.summary.update({f"gate: {gate}": verdict for gate, verdict in verdicts(run, candidate).items()})
        folders.append(Path(started.dir).parent)
        started.finish()
    return folders


def _key(run: Run, candidate: str) -> str:
    """The same for the same run and candidate, so that nothing is exported twice unnoticed."""
    return hashlib.sha256(f"{run.id or run.created}\0{candidate}".encode("utf-8", "surrogatepass")).hexdigest()[:16]
