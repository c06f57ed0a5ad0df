"""What is exported of a candidate: numbers by name, verdicts by gate, and facts."""

from __future__ import annotations

import calendar
import re
import time
from collections import Counter
from collections.abc import Iterable, Mapping

from aigc_eval.records import Run
from aigc_eval.report.escape import visible

__all__ = ["created", "facts", "named", "numbers", "verdicts"]


def numbers(run: Run, candidate: str) -> dict[str, float]:
    """Each estimate and the ends of its interval, then how many gates passed, failed and are undetermined.

    Names are those of gates: `toxicity.toxic_fraction`, `pii.leak_rate[lang=zh]/low`.
    """
    found: dict[str, float] = {}
    for e in run.estimates:
        if e.candidate != candidate:
            continue
        against = f" against {e.against}" if e.against else ""
        name = visible(f"{e.name}[{e.slice}]{against}" if e.slice else f"{e.name}{against}")
        for end, value in (("", e.value), ("/low", e.low), ("/high", e.high)):
            if value is not None:
                found[name + end] = float(value)
    own = Counter(v.status for v in run.verdicts if v.candidate == candidate)
    return found | {f"gates/{status}": float(own[status]) for status in ("pass", "fail", "undetermined") if own}


def verdicts(run: Run, candidate: str) -> dict[str, str]:
    """Each gate as written, and its verdict; `(waived)` where it need not pass."""
    own = (v for v in run.verdicts if v.candidate == candidate)
    return {visible(v.gate): v.status + (" (waived)" if v.waiver else "") for v in own}


def facts(run: Run, candidate: str) -> dict[str, str]:
    """What tells the run from others."""
    signature = next(c.signature for c in run.candidates if c.name == candidate)
    known = {
        "run": run.name,
        "run_id": run.id,
        "created": run.created,
        "candidate": candidate,
        "signature": signature,
        "status": run.status,
        "release": "yes" if run.release else "no",
        "prompts": str(run.prompts),
        "samples": str(run.samples),
    }
    return {name: visible(value) for name, value in known.items()}


def created(run: Run) -> int:
    """When the run was created, in seconds since 1970; 0 where it does not say."""
    try:
        return calendar.timegm(time.strptime(run.created, "%Y-%m-%dT%H:%M:%SZ"))
    except ValueError:
        return 0


def named(
    names: Iterable[str], odd: str = r"[^\w.=,\[\]-]", spelled: Mapping[int, str | None] | None = None, most: int = 120
) -> dict[str, str]:
    """A name that a store takes for each of ours: `spelled` otherwise, odd characters as `_`, and no two alike.

    >>> named(["a/b", "a_b", "../x", "."])
    {'a/b': 'a_b', 'a_b': 'a_b-2', '../x': '_.._x', '.': '_.'}
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in dict.fromkeys(names):
        plain = re.sub(odd, "_", name.translate(spelled or {}))[:most] or "_"
        plain = f"_{plain}" if plain.startswith((".", "-")) else plain
        unique, n = plain, 2
        while unique.lower() in taken:
            unique, n = f"{plain}-{n}", n + 1
        taken.add(unique.lower())
        found[name] = unique
    return found
