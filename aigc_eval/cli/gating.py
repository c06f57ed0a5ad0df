"""The command that judges a completed run by another policy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aigc_eval.cli.annotations import annotate
from aigc_eval.cli.app import AllowPath, BaselineRun, Debug, ExitZero, Json, TrustBench, app, baseline_of
from aigc_eval.cli.concluding import conclude
from aigc_eval.cli.outcome import guarded
from aigc_eval.cli.stdio import tell

__all__ = ["gate"]


@app.command()
@guarded
def gate(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a completed run.")],
    *,
    policy: Annotated[Path, typer.Option("--policy", metavar="FILE", help="The policy that judges.")],
    baseline: BaselineRun = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the verdict, and write nothing.")] = False,
    exit_zero: ExitZero = False,
    as_json: Json = False,
    allow_path: AllowPath = None,
    trust_bench: TrustBench = False,
    debug: Debug = False,
) -> int:
    """Judge a completed run by another policy. Nothing is generated or scored; its reports and verdict are replaced.

    The reports then say that the policy was changed after the answers were there, and `verify` checks the run as
    before. Ends with the exit codes of `run`.
    """
    from aigc_eval.publishing import edition_of
    from aigc_eval.rejudging import rejudge

    done = rejudge(
        folder, policy, baseline=baseline_of(baseline), allow=allow_path or (), trust=trust_bench, dry_run=dry_run
    )
    edition = edition_of(folder, done.bench)
    code = conclude(done, folder, as_json, exit_zero, edition=edition, written=not dry_run)
    if dry_run:
        tell(f"{folder}: nothing was written (--dry-run)")
    if not as_json:
        annotate(done, edition)
    return code
