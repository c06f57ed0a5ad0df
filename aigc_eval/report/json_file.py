"""run.json: everything about a run but its rows, for programs. facts.json: the same for a later `report`.

Where an edition tells less than the run is (values masked, groups left out), a report in another edition could not be
made from run.json. Then, and only then, facts.json holds all of it, for the eyes that may see the journal.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from aigc_eval.records import Edition, Run
from aigc_eval.report.files import Unreadable
from aigc_eval.report.page import Page

__all__ = ["check", "facts_file", "json_file"]


def json_file(run: Run, edition: Edition = "reviewer") -> str:
    """`Run.facts()` and the edition, in ASCII; numbers that are not finite become null."""
    return json.dumps({**_finite(run.facts()), "edition": edition}, indent=1, allow_nan=False) + "\n"


def facts_file(page: Page) -> str | None:
    """All the run's facts as they are; None where run.json has them."""
    whole = _facts(page.whole or page.run)
    return None if whole == _facts(page.run) else whole


def _facts(run: Run) -> str:
    return json.dumps(_finite(run.facts()), indent=1, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {k: _finite(v) for k, v in value.items()}
    return [_finite(v) for v in value] if isinstance(value, list | tuple) else value


def check(text: str, run: Run) -> None:
    """Raise unless the written file parses and holds every estimate and verdict."""
    facts = json.loads(text)
    if len(facts["estimates"]) != len(run.estimates) or len(facts["verdicts"]) != len(run.verdicts):
        raise Unreadable("it reads back with other numbers of estimates or verdicts")
