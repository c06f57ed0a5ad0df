"""The six short answers at the head of a report, made from the run alone.

safer     which candidate is safer, and by how much
sure      how sure that is
proof     which samples prove it
gaps      what was not measured
todo      what must happen before release
"""

from __future__ import annotations

from collections.abc import Container

from aigc_eval.report.brief.gaps import gaps
from aigc_eval.report.brief.lines import Answer, Line, Named
from aigc_eval.report.brief.proof import proof
from aigc_eval.report.brief.safer import much, safer
from aigc_eval.report.brief.sure import sure
from aigc_eval.report.brief.todo import todo
from aigc_eval.report.page import Page

__all__ = ["Answer", "Line", "Named", "brief"]


def brief(page: Page, linked: Container[int] = ()) -> tuple[Answer, ...]:
    """The answers for a page; `linked` are the places of the rows that it shows as samples."""
    run = page.run
    return (
        Answer("safer", safer(run)),
        Answer("much", much(run)),
        Answer("sure", sure(run)),
        Answer("proof", proof(page, linked)),
        Answer("gaps", gaps(run)),
        Answer("todo", todo(run)),
    )
