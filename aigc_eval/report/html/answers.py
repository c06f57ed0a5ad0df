"""The section under the verdict: six short answers, and what stands out of each candidate."""

from __future__ import annotations

from typing import Any

from aigc_eval.report.brief import brief
from aigc_eval.report.glance import glance
from aigc_eval.report.html.sample_list import shelf
from aigc_eval.report.page import Page
from aigc_eval.report.samples import flags_of

__all__ = ["section"]


def section(page: Page) -> dict[str, Any]:
    """The answers, with links to the samples that the page shows."""
    linked: set[int] = set()
    if page.edition != "public":
        linked = set(flags_of(page.run).worst_first()[: len(shelf(page).here)])
    return {"brief": brief(page, linked), "glance": glance(page.run)}
