"""The public edition of a journal: what was measured of every output, and nothing that anybody wrote.

One JSON object a line. The first says of which run; each other line is one output:

    output, group      keyed hashes of the output's identity and of its prompt: outputs of one prompt share the second
    candidate          who answered
    outcome, error, attempts
    scores             scorer -> status, value, named parts

Lines are in the order of their hashes, so that their places say nothing of the prompts'. The key is not in a pack; with
it, which is in the run's own journal, whoever holds that can show which line is which output.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from aigc_eval.records import Run
from aigc_eval.report.samples import key_of

__all__ = ["FILE", "public_journal"]

FILE = "journal.public.jsonl"
_PART = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,60}", re.ASCII)


def public_journal(run: Run, told: Run, checksum: str) -> bytes:
    """The file's bytes; `told` is the run as its public edition tells it, `checksum` the last of the whole journal."""
    lines = [_first(told, checksum), *sorted(_outputs(run), key=lambda o: (o["candidate"], o["output"]))]
    return "".join(json.dumps(line, separators=(",", ":"), allow_nan=False) + "\n" for line in lines).encode("ascii")


def _first(told: Run, checksum: str) -> dict[str, Any]:
    return {
        "kind": "run",
        "run": told.id,
        "created": told.created,
        "journal": checksum,
        "candidates": [{"name": c.name, "identity": c.identity} for c in told.candidates],
        "scorers": [{"name": s.name, "identity": s.identity, "sees": s.sees} for s in told.scorers],
        "prompts": told.prompts,
        "samples": told.samples,
        "policy": {k: told.policy[k] for k in ("sha256", "confidence", "since") if k in told.policy},
        "versions": dict(told.versions),
        "digests": sorted(told.digests.values()),
    }


def _outputs(run: Run) -> Iterator[dict[str, Any]]:
    names = [s.name for s in run.scorers if s.name in run.rows]
    parts = {name: _parts(run, name) for name in names}
    columns = ["candidate", "prompt", "sample", "outcome", "error", "attempts"]
    own = [c for n in names for c in (n, f"{n}:status", *parts[n].values())]
    for row in zip(*(run.rows[c].tolist() for c in [*columns, *own]), strict=True):
        at = dict(zip([*columns, *own], row, strict=True))
        yield {
            "kind": "output",
            "output": key_of(run, at["candidate"], at["prompt"], int(at["sample"])),
            "group": key_of(run, "", at["prompt"], -1),
            "candidate": at["candidate"],
            "outcome": at["outcome"],
            "error": at["error"] or "",
            "attempts": int(at["attempts"]),
            "scores": {name: _score(at, name, parts[name]) for name in names},
        }


def _parts(run: Run, name: str) -> dict[str, str]:
    """The parts of a scorer that are called as programs call things -> their columns."""
    columns = (str(c) for c in run.rows.columns if str(c).startswith(f"{name}.") and ":" not in str(c))
    found = {column.removeprefix(f"{name}."): column for column in columns}
    return {part: column for part, column in found.items() if _PART.fullmatch(part)}


def _score(at: Mapping[str, Any], name: str, parts: Mapping[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = {"status": at[f"{name}:status"]}
    if not math.isnan(at[name]):
        told["value"] = at[name]
    if named := {part: at[column] for part, column in parts.items() if not math.isnan(at[column])}:
        told["parts"] = named
    return told
