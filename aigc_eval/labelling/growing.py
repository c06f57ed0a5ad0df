"""What people said is added to a completed run's journal, and its reports are told again."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from aigc_eval.journal import Journal
from aigc_eval.labels import LABEL
from aigc_eval.publishing import edition_of, reports_of
from aigc_eval.rejudging import conclude_again
from aigc_eval.runner import report_again

__all__ = ["grow", "now"]


def now() -> str:
    """The time (UTC, ISO 8601), or that which SOURCE_DATE_EPOCH gives."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(epoch) if epoch.isdecimal() else None))


def grow(folder: Path, new: Callable[[Journal], Sequence[Mapping[str, Any]]], *, trust: bool = False) -> None:
    """Append what is `new` beside the records that the journal holds, and write the run's reports about it again.

    With new labels the run is concluded again, since its corrected rates and what gates say of them may rest on them:
    nothing is recorded where that cannot be done. `trust` lets the bench's own Python classes be imported for it.
    Reports are also written where a crash came between an earlier record and its reports.
    """
    with Journal(folder) as journal:
        found = new(journal)
        current = _judged(folder) == journal.head
        again = any(r["kind"] == LABEL for r in found) or (not current and any(journal.each(LABEL)))
        if found and not again:
            journal.append([*found, {"kind": "end"}])
            current = False
        terms = [*journal.each("terms")][-1]
        formats, languages = reports_of(folder, terms)
        edition = edition_of(folder, terms["bench"])
    if again:
        conclude_again(folder, found, trust=trust)
    elif not current:
        report_again(folder, formats, languages, edition)


def _judged(folder: Path) -> str:
    """The checksum of the journal that the verdict is about."""
    try:
        return str(json.loads((folder / "verdict.json").read_bytes())["journal"])
    except (OSError, ValueError, LookupError, TypeError):
        return ""
