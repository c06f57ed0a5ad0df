"""gl-code-quality.json: what GitLab shows in a merge request (`artifacts: reports: codequality`)."""

from __future__ import annotations

import json
from collections.abc import Sequence

from aigc_eval.records import Edition, Run
from aigc_eval.report.escape import terminal
from aigc_eval.report.files import Unreadable
from aigc_eval.report.findings import findings

__all__ = ["check", "gitlab"]

SEVERITIES = {"fail": "blocker", "undetermined": "critical", "not_gated": "major"}
"""GitLab's five are info, minor, major, critical and blocker."""
WAIVED = "minor"


def gitlab(run: Run, languages: Sequence[str], edition: Edition = "reviewer") -> str:
    """A JSON list with one entry a gate and candidate without a pass, in the first language, ASCII only."""
    entries = [
        {
            "description": f"{f.title}. {f.message}",
            "check_name": f.rule,
            "fingerprint": f.fingerprint,
            "severity": WAIVED if f.waiver else SEVERITIES[f.status],
            "location": {"path": terminal(f.file), "lines": {"begin": f.line}},
        }
        for f in findings(run, languages[0], edition)
    ]
    return json.dumps(entries, indent=1) + "\n"


def check(text: str, run: Run) -> None:
    """Raise unless the written file parses and has an entry of its own for every finding."""
    entries = json.loads(text)
    due = len(findings(run, "en"))
    if len(entries) != due or len({e["fingerprint"] for e in entries}) != due:
        raise Unreadable(f"gl-code-quality.json has {len(entries)} entries for {due} findings")
