"""The section under the verdict, and those on what departed from plan and on the facts of the run."""

from __future__ import annotations

from typing import Any

from aigc_eval.report.brief import brief
from aigc_eval.report.deviations import deviations
from aigc_eval.report.facts import candidate_facts, prompt_facts
from aigc_eval.report.flags import flags_of
from aigc_eval.report.glance import glance
from aigc_eval.report.html.sample_list import shelf
from aigc_eval.report.page import Page

__all__ = ["departures", "facts", "section"]


def section(page: Page) -> dict[str, Any]:
    """Six short answers with links to the samples that the page shows, and what stands out of each candidate."""
    linked: set[int] = set()
    if page.edition != "public":
        linked = set(flags_of(page.run).worst_first()[: len(shelf(page).here)])
    return {"brief": brief(page, linked), "glance": glance(page.run)}


def departures(page: Page) -> dict[str, Any]:
    """What departed from plan."""
    return {"deviations": deviations(page.run)}


def facts(page: Page) -> dict[str, Any]:
    """What is known of candidates and prompts."""
    return {"candidate_facts": candidate_facts(page.run), "prompt_facts": prompt_facts(page.run)}
