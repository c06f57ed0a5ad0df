"""A run that is complete and told: where nothing would now come out otherwise, nothing is done again."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from aigc_eval.config import Bench
from aigc_eval.errors import AigcEvalError
from aigc_eval.journal import Journal
from aigc_eval.loading import facts_of, load_from
from aigc_eval.printing import PRINTS
from aigc_eval.publishing import OPTIONAL, REPORTS, Written, lost_of, sha256_of, verdict_of
from aigc_eval.records import Run
from aigc_eval.report import FACTS
from aigc_eval.scoring import UNSCORABLE

__all__ = ["finished"]

_OF_OUTPUTS = frozenset({"rows.csv", "rows.parquet"})
"""Reports with a line for each output, which the public edition has not."""


def finished(journal: Journal, bench: Bench, *, retry: bool) -> Run | None:
    """The run in an open journal as it was concluded, if all that it would come to again lies beside the journal.

    The journal has ended, under the terms of now (so the caller says). verdict.json is, byte for byte, the verdict that
    run.json tells on this journal and on the bytes of each report that the bench asks for, and there is no other
    report. Neither the program nor any module that is loaded is newer. With `retry`, nothing of the run is an error.

    Nothing is computed again: who forges run.json and verdict.json to fit each other is found by `verify`.
    """
    folder = journal.path.parent
    if journal.heads[-1]["kind"] != "end" or not _is_told(folder, bench, journal.head):
        return None
    try:
        done = load_from(journal, facts_of(folder))
    except (AigcEvalError, LookupError, TypeError, ValueError, AttributeError):  # facts of another run, in its place
        return None
    return None if retry and _erred(done) else done


def _is_told(folder: Path, bench: Bench, journal_head: str) -> bool:
    asked = {name for name, form in REPORTS.items() if form in {"json", *bench.formats}}
    needed = asked - OPTIONAL - (_OF_OUTPUTS if bench.edition == "public" else set())
    there = {name for name in (*REPORTS, *PRINTS) if os.path.lexists(folder / name)}
    verdict = folder / "verdict.json"
    try:
        if not needed <= there <= asked or not all(_is_sound(folder / n, bench) for n in (*there, verdict.name)):
            return False
        facts = json.loads((folder / "run.json").read_bytes())
        written = {name: Written(sha256_of(folder / name), bench.languages, bench.edition) for name in there}
        same = verdict.read_bytes() == verdict_of(facts, journal_head, written).encode()
        return same and not lost_of(facts["reasons"]) and verdict.stat().st_mtime_ns > max(_changed())
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return False


def _is_sound(path: Path, bench: Bench) -> bool:
    """Whether it is a plain file, and one that nobody may read who should not."""
    mode = path.lstat().st_mode
    private = bench.edition == "internal" or path.name == FACTS
    return stat.S_ISREG(mode) and not (private and mode & 0o077)


def _changed() -> Iterator[int]:
    """When each file of the program and of other modules that are loaded was changed."""
    own = (path for path in Path(__file__).parent.rglob("*.*") if path.suffix != ".pyc")
    loaded = (getattr(module, "__file__", None) for module in [*sys.modules.values()])
    for path in (*own, *filter(None, loaded)):
        with suppress(OSError):  # torch has modules whose files are only names
            yield os.stat(path).st_mtime_ns


def _erred(done: Run) -> bool:
    """Whether there is anything that would be asked or scored again."""
    failed = (done.rows.loc[done.rows[f"{s.name}:status"] == "failed", f"{s.name}:note"] for s in done.scorers)
    return bool((done.rows["outcome"] == "error").any() or any(set(notes) - UNSCORABLE for notes in failed))
