"""The command that makes an evidence pack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from aigc_eval.cli.app import Debug, Json, TrustBench, app
from aigc_eval.cli.commands import Edition
from aigc_eval.cli.outcome import guarded
from aigc_eval.cli.stdio import say

__all__ = ["pack"]


@app.command(short_help="Put a run's reports, journal, policy and checksums into one zip.")
@guarded
def pack(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a completed run.")],
    *,
    edition: Annotated[Edition | None, typer.Option(help="For whom [default: that of the run's reports].")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.zip", help="Where [default: <RUN>.<edition>.zip beside the run].")
    ] = None,
    as_json: Json = False,
    trust_bench: TrustBench = False,
    debug: Debug = False,
) -> int:
    """Make the evidence pack of a run that verifies; the same run gives the same bytes. `verify PACK.zip` checks it.

    Only the internal edition holds the journal, and with it every text. Exit codes: 0 written, 2 the run does not
    verify in full, or the file cannot be there.
    """
    from aigc_eval import packing
    from aigc_eval.report.escape import terminal

    done = packing.pack(folder, edition.value if edition else None, out, trust=trust_bench)
    if as_json:
        told = {"status": "ok", "exit_code": 0, "pack": str(done.path), "sha256": done.sha256, "files": done.files}
        say(json.dumps(told))
        return 0
    say(f"{done.sha256}  {terminal(str(done.path))}")
    return 0
