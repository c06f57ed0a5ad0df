"""axe-core in a page: what it finds, worst first."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page: Page) -> list[str]:
    """Every violation: rule, impact, how often, and the first element."""
    # Evaluated, not added as a script: the page's own Content-Security-Policy stays as it is.
    page.evaluate(resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8"))
    found: dict[str, Any] = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    assert len(found["passes"]) > 20, "axe ran"
    worst = sorted(found["violations"], key=lambda v: v["impact"] not in ("critical", "serious"))
    return [f"{v['id']} ({v['impact']}) x {len(v['nodes'])}: {v['nodes'][0]['html'][:200]}" for v in worst]
