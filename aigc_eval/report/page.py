"""What every report is made from: the run, how its texts are masked, in which languages and for whom."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

from aigc_eval.records import Edition, Run
from aigc_eval.report.mask import Masker

__all__ = ["Page"]


@dataclass(frozen=True)
class Page:
    """What a report or a section of one may read; the first language is the one that a page opens in.

    `run` is what the edition shows of the run, and `whole` all of it, for the file that a later `report` starts from.
    `made` keeps what several files of one writing share and what is dear to make twice (`samples`).
    """

    run: Run
    masker: Masker
    languages: tuple[str, ...]
    edition: Edition = "reviewer"
    whole: Run | None = None
    made: MutableMapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
