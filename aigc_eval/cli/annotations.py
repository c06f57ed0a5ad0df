"""Annotations on stdout where a command runs in a job of GitHub Actions, which makes them from such lines."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from aigc_eval.cli.stdio import say
from aigc_eval.errors import ConfigError, DataError, Problem

if TYPE_CHECKING:
    from aigc_eval.records import Edition, Run

__all__ = ["annotate", "annotate_error"]

MOST = 10
"""Errors a step that GitHub shows."""


def _asked() -> bool:
    return os.environ.get("GITHUB_ACTIONS", "").lower() == "true"


def annotate(run: Run, edition: Edition = "reviewer") -> None:
    """The verdict and each gate without a pass, as annotations.txt holds them, in the first language of the reports."""
    if _asked():
        from aigc_eval.config.shape import LANGUAGES
        from aigc_eval.report.editions import edited
        from aigc_eval.report.github import github

        asked = run.bench.get("report") or {}
        told = github(edited(run, edition)[0], asked.get("languages") or LANGUAGES, edition)
        say(told.removesuffix("\n"))


def annotate_error(error: BaseException, said: str) -> None:
    """What kept a command from its end: the problems of files at their lines, else what was said about it."""
    if not _asked():
        return
    from aigc_eval.report.escape import github_message, github_property

    listed = error.problems if isinstance(error, ConfigError | DataError) else ()
    for problem in listed[:MOST] or (Problem("", None, "", said),):
        place = {"file": problem.file, "line": "" if problem.line is None else str(problem.line)}
        told = ",".join(f"{name}={github_property(value)}" for name, value in place.items() if value)
        parts = (problem.key, problem.what, problem.remedy)
        say(f"::error {told}".rstrip() + f"::{github_message(': '.join(part for part in parts if part))}")
