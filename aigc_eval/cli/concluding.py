"""What a command prints about a run that was judged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aigc_eval.cli.outcome import meaning
from aigc_eval.cli.signals import decided
from aigc_eval.cli.stdio import language, say, show, tell
from aigc_eval.printing import PRINTS, PrintError

if TYPE_CHECKING:
    from aigc_eval.records import Edition, Run

__all__ = ["conclude"]


def conclude(
    done: Run,
    folder: Path,
    as_json: bool,
    exit_zero: bool,
    *,
    edition: Edition = "reviewer",
    written: bool = True,
    unprinted: str = "",
) -> int:
    """Print a run's result as its edition tells it; returns its exit code, of which `exit_zero` softens a failed gate.

    `written` says whether the result is also in the folder; `unprinted` why a PDF that was asked for is not: a run that
    passed then ends with 3.
    """
    from aigc_eval import report
    from aigc_eval.report.escape import terminal
    from aigc_eval.report.words import edition_words

    code = 0 if exit_zero and done.exit_code == 1 else done.exit_code
    if unprinted:
        code = code or PrintError.exit_code
        tell(unprinted)
    decided(code)  # the verdict is written: a signal while it is printed changes nothing
    lang = language()
    done, _ = report.edited(done, edition)
    if as_json:
        say(json.dumps(_summary(done, folder, code, written), ensure_ascii=False, allow_nan=False))
        return code
    if edition == "internal":
        say(edition_words(edition).in_(lang))
    show(report.terminal_table(done, lang))
    say()
    say(terminal(report.verdict_line(done, lang)))
    say(f"{meaning(done.exit_code, lang)}{' (--exit-zero)' if exit_zero and done.exit_code == 1 else ''}")
    html = folder / "report.html"
    if written:
        say(str(html if html.is_file() else folder))
        for name in (name for name in PRINTS if (folder / name).is_file()):
            say(str(folder / name))
    if unprinted:
        tell(meaning(code, lang))
    return code


def _summary(done: Run, folder: Path, code: int, written: bool) -> dict[str, Any]:
    return {
        "name": done.name,
        "status": done.status,
        "release": done.release,
        "exit_code": code,
        "reasons": [reason.to_json() for reason in done.reasons],
        "gates": [verdict.to_json() for verdict in done.verdicts],
        "estimates": [estimate.to_json() for estimate in done.estimates],
        "folder": str(folder),
        "files": sorted(str(path) for path in folder.iterdir() if path.is_file()) if written else [],
    }
