"""The command that checks a completed run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from aigc_eval.cli.app import Debug, Json, TrustBench, app
from aigc_eval.cli.outcome import guarded
from aigc_eval.cli.stdio import say, table, tell

__all__ = ["verify"]


@app.command()
@guarded
def verify(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a completed run.")],
    *,
    as_json: Json = False,
    trust_bench: TrustBench = False,
    debug: Debug = False,
) -> int:
    """Compute a completed run again from its journal and compare every byte. Nothing is written, asked or scored.

    Exit codes: 0 everything fits, 2 something does not or this is no run, 3 some numbers could not be computed again.
    """
    from aigc_eval.verify import verify as checked

    found = checked(folder, trust=trust_bench)
    if as_json:
        say(json.dumps(found.to_json(), ensure_ascii=False, allow_nan=False))
    else:
        rows = [[check.name, check.status.replace("_", " "), check.what] for check in found.checks]
        table(["check", "result", ""], rows)
        say(f"journal {found.journal or '(none)'}")
    for note in found.notes:
        tell(note)
    if found.unfit is not None:
        tell(f"{folder}: {found.unfit}")
    words = {"ok": "everything fits", "different": "something does not fit", "undetermined": "not all could be checked"}
    tell(f"exit code {found.exit_code}: {words[found.status]}")
    return found.exit_code
