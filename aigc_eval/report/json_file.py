"""run.json: everything about a run but its rows, for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from aigc_eval.records import Run
from aigc_eval.report.files import Unreadable
from aigc_eval.report.mask import Masker

__all__ = ["check", "json_file"]


def json_file(run: Run, masker: Masker) -> str:
    """`Run.facts()` in ASCII; numbers that are not finite become null, sensitive values are masked."""
    facts = _finite(run.facts())
    long = masker.long()
    facts["bench"] = _masked(facts["bench"], long)
    facts["slices"] = _masked(facts["slices"], long)
    for estimate in [*facts["estimates"], *(v["estimate"] for v in facts["verdicts"] if v.get("estimate"))]:
        if "slice" in estimate:
            estimate["slice"] = _masked(estimate["slice"], long)
    return json.dumps(facts, indent=1, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {k: _finite(v) for k, v in value.items()}
    return [_finite(v) for v in value] if isinstance(value, list | tuple) else value


def _masked(value: Any, masker: Masker) -> Any:
    """Texts that hold a sensitive value masked, all others exactly as they were."""
    if isinstance(value, str):
        return str(masker.shown([value])[0]) if masker.hits([value]) else value
    if isinstance(value, Mapping):
        return {_masked(k, masker): _masked(v, masker) for k, v in value.items()}
    return [_masked(v, masker) for v in value] if isinstance(value, list | tuple) else value


def check(text: str, run: Run) -> None:
    """Raise unless the written file parses and holds every estimate and verdict."""
    facts = json.loads(text)
    if len(facts["estimates"]) != len(run.estimates) or len(facts["verdicts"]) != len(run.verdicts):
        raise Unreadable("run.json reads back with other numbers of estimates or verdicts")
