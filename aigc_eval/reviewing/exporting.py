"""Decisions taken out of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aigc_eval.loading import load

__all__ = ["labels"]


def labels(folder: Path) -> list[dict[str, Any]]:
    """The decisions that stand as labels, one a flag and reviewer: whether the scorer was right to flag the output."""
    return [
        {
            "prompt": r.prompt,
            "candidate": r.candidate,
            "sample": r.sample,
            "scorer": r.scorer,
            "label": "true_positive" if r.right else "false_positive",
            "reviewer": r.reviewer,
            "at": r.at,
        }
        for r in load(folder).reviews
    ]
