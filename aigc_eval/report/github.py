"""annotations.txt: workflow commands, which GitHub shows beside the bench's lines once they are printed in a job.

The first line is the run's verdict, the others are the gates without a pass, failed ones first, waived
ones (warnings) last. GitHub shows ten errors
a step, so what says how many there are must come first.
"""

from __future__ import annotations

from collections.abc import Sequence

from aigc_eval.records import Edition, Run
from aigc_eval.report.escape import github_message, github_property
from aigc_eval.report.files import Unreadable
from aigc_eval.report.findings import RUN, Finding, findings, overall

__all__ = ["check", "github"]


def github(run: Run, languages: Sequence[str], edition: Edition = "reviewer") -> str:
    """One command a line, in the first language: `::error file=bench.yaml,line=9,title=...::...`."""
    told = [f for f in findings(run, languages[0], edition) if f.rule != RUN]
    told.sort(key=lambda f: (f.level != "error", f.status != "fail"))
    return "".join(f"{_command(f)}\n" for f in (overall(run, languages[0], edition), *told))


def _command(finding: Finding) -> str:
    properties = {"file": finding.file, "line": str(finding.line), "title": finding.title}
    told = ",".join(f"{name}={github_property(value)}" for name, value in properties.items())
    return f"::{finding.level} {told}::{github_message(finding.message)}"


def check(text: str, run: Run) -> None:
    """Raise unless the written file has the verdict and a command for every gate without a pass, and nothing else."""
    lines = text.split("\n")
    due = 1 + sum(v.status != "pass" for v in run.verdicts)
    if len(lines) != due + 1 or lines[-1] or not all(x.startswith(("::error ", "::warning ")) for x in lines[1:-1]):
        raise Unreadable(f"annotations.txt has {len(lines) - 1} lines for {due} annotations")
    if not lines[0].startswith(f"::{overall(run, 'en').level} "):
        raise Unreadable("annotations.txt has lost its verdict")
