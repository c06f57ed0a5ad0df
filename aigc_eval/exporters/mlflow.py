"""MLflow: runs in a local SQLite database, its usual store (its file store is no longer developed)."""

from __future__ import annotations

import logging
import os
import warnings
from pathlib import Path

from aigc_eval.errors import UsageError
from aigc_eval.exporters.figures import created, facts, named, numbers, verdicts
from aigc_eval.plugin import require
from aigc_eval.records import Run

__all__ = ["export"]

_QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "MLFLOW_LOGGING_LEVEL": "WARNING"}
_ODD = r"[^\w.\- :/]"
"""What MLflow does not take in a name."""
_SPELLED = str.maketrans({"[": ":", "]": None, "=": ":"})
"""Slices are written with colons: `pii.leak_rate[lang=zh]` is `pii.leak_rate:lang:zh`."""
_EXPERIMENT = "aigc-eval"
_RUN = "aigc_eval.run_id"


def export(run: Run, out: Path) -> list[Path]:
    """One MLflow run a candidate, in the experiment `aigc-eval` of `mlflow.db`, which `mlflow ui` opens there."""
    os.environ.update(_QUIET)
    for package in ("sqlalchemy", "alembic"):
        require(package, extra="mlflow")
    for name in ("mlflow.store.db.utils", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    out.mkdir(parents=True, exist_ok=True)
    path = out.resolve() / "mlflow.db"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of MLflow about its own libraries
        _log(run, path)
    return [path]


def _log(run: Run, path: Path) -> None:
    tracking = require("mlflow.tracking", extra="mlflow")
    entities = require("mlflow.entities", extra="mlflow")
    client = tracking.MlflowClient(tracking_uri=f"sqlite:///{path}")
    found = client.get_experiment_by_name(_EXPERIMENT)
    where = (path.parent / "mlartifacts").as_uri()
    experiment = found.experiment_id if found else client.create_experiment(_EXPERIMENT, artifact_location=where)
    known = run.id or run.created
    if client.search_runs([experiment], f"tags.`{_RUN}` = '{_plain(known)}'", max_results=1):
        raise UsageError(f"{path} holds this run already; delete it there, or choose another folder with --out")
    at = created(run) * 1000
    for candidate in (c.name for c in run.candidates):
        told = numbers(run, candidate)
        names = named(told, _ODD, _SPELLED, 240)
        metrics = [entities.Metric(names[name], value, at, 0) for name, value in told.items()]
        tags = [entities.RunTag(name, value) for name, value in _tags(run, candidate).items()]
        made = client.create_run(experiment, start_time=at, run_name=candidate[:240]).info.run_id
        for start in range(0, len(metrics), 500):
            client.log_batch(made, metrics=metrics[start : start + 500])
        for start in range(0, len(tags), 100):
            client.log_batch(made, tags=tags[start : start + 100])
        client.set_terminated(made, "FINISHED", end_time=at)


def _tags(run: Run, candidate: str) -> dict[str, str]:
    gates = verdicts(run, candidate)
    names = named((f"gate: {gate}" for gate in gates), _ODD, most=240)
    told = {f"aigc_eval.{name}": value[:4000] for name, value in facts(run, candidate).items()}
    named_so = {names[f"gate: {gate}"]: verdict for gate, verdict in gates.items()}
    return {**named_so, **told, _RUN: _plain(run.id or run.created), "mlflow.source.name": "aigc-eval"}


def _plain(text: str) -> str:
    """A run's id as a filter can hold it."""
    return "".join(c for c in text if c.isalnum() or c in "-:")
