"""The commands that check: benches before a run, and a completed run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aigc_eval.cli.app import AllowBadRows, AllowHost, AllowList, AllowPath, Debug, Json, PolicyFile, TrustBench, app
from aigc_eval.cli.outcome import guarded
from aigc_eval.cli.stdio import say, table, tell
from aigc_eval.cli.trusting import allowed
from aigc_eval.errors import AigcEvalError, ConfigError, DataError, NothingToEvaluate, Problem, UsageError

if TYPE_CHECKING:
    from aigc_eval.config import Bench

__all__ = ["check", "verify"]


@app.command()
@guarded
def check(
    benches: Annotated[list[Path], typer.Argument(metavar="BENCH...", help="Bench files.")],
    *,
    policy: PolicyFile = None,
    as_json: Json = False,
    allow_path: AllowPath = None,
    trust_bench: TrustBench = False,
    allow_host: AllowHost = None,
    allow_list: AllowList = None,
    allow_bad_rows: AllowBadRows = 0,
    debug: Debug = False,
) -> int:
    """Read bench files and their prompts as `run` does, and report every mistake. Nothing is run, sent or written."""
    from aigc_eval import config
    from aigc_eval.report.escape import terminal

    allows = allowed(allow_path, trust_bench, allow_host, allow_list, allow_bad_rows)
    wrong: list[AigcEvalError] = []
    sizes: dict[str, dict[str, int]] = {}
    for path in benches:
        try:
            sizes[str(path)] = _size(config.load(path, policy=policy, **allows._asdict()))
        except AigcEvalError as error:
            wrong.append(error)
    if wrong:
        raise _together(wrong)
    if as_json:
        say(json.dumps({"status": "ok", "benches": sizes}, ensure_ascii=False))
        return 0
    for name, size in sizes.items():
        say(f"{terminal(name)}: ok ({', '.join(f'{what} {count:,}' for what, count in size.items())})")
    return 0


def _size(bench: Bench) -> dict[str, int]:
    """How much there is of what a run needs; raises `NothingToEvaluate`."""
    prompts = sum(len(found.prompts) for found in bench.prompt_sets)
    if not prompts:
        raise NothingToEvaluate(f"{bench.path}: no prompt is selected")
    return {"prompts": prompts, "candidates": len(bench.candidates), "scorers": len(bench.scorers)}


def _together(errors: list[AigcEvalError]) -> AigcEvalError:
    """All that is wrong with several benches, as one error."""
    if len(errors) == 1:
        return errors[0]
    problems: list[Problem] = []
    for error in errors:
        if not isinstance(error, ConfigError | DataError):
            return UsageError("\n".join(map(str, errors)))
        problems += error.problems
    return ConfigError(problems)


@app.command()
@guarded
def verify(
    folder: Annotated[
        Path, typer.Argument(metavar="RUN|PACK.zip", help="The folder of a completed run, or an evidence pack.")
    ],
    *,
    as_json: Json = False,
    trust_bench: TrustBench = False,
    debug: Debug = False,
) -> int:
    """Compute a completed run again from its journal and compare every byte. Nothing is written, asked or scored.

    Of an evidence pack, every file is checked against all others, and the run where its journal is inside. Exit codes:
    0 everything fits, 2 something does not or this is no run, 3 some numbers could not be computed again.
    """
    from aigc_eval.packing import check
    from aigc_eval.verify import verify as checked

    if not folder.exists():
        raise UsageError(f"{folder}: there is no such folder or file; name a run's folder or a pack")
    found = (check if folder.is_file() else checked)(folder, trust=trust_bench)
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
