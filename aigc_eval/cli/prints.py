"""`--pdf`: whether a report can be printed is known before anything is asked, and a print that fails loses nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aigc_eval.errors import UsageError

if TYPE_CHECKING:
    from aigc_eval.records import Run

__all__ = ["prints", "ready_to_print"]


def ready_to_print(formats: Sequence[str]) -> str:
    """The browser that will print; raises `UsageError` where there is none, or no page to print."""
    from aigc_eval.printing import find_browser

    if "html" not in formats:
        raise UsageError("--pdf prints report.html; add html to the bench's report.formats, or --format html")
    return find_browser()


def prints(folder: Path, done: Run, browser: str | None) -> str:
    """Print the run's page with a browser, if there is one to print with; returns what went wrong, "" if nothing."""
    from aigc_eval.printing import PrintError, print_report

    if browser is None:
        return ""
    try:
        print_report(folder, browser, done.created)
    except (PrintError, OSError) as error:
        return f"{error}\nno PDF was made; all else is written. Again: aigc-eval report {folder} --pdf"
    return ""
