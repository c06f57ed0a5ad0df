"""The sections whose lines have a picture beside their numbers: gates, and candidates side by side."""

from __future__ import annotations

from typing import Any

from aigc_eval.report import view
from aigc_eval.report.html.charts import Album, Scale, comparison, gate_picture, numbers_of
from aigc_eval.report.page import Page

__all__ = ["compare", "gates"]


def gates(page: Page) -> dict[str, Any]:
    """Every gate, and its interval against its limit."""
    groups, album = view.gate_groups(page.run), Album.of(page)
    lines = (line for _, group in groups for line in group)
    pictures = {g: album.add(gate_picture(g.estimate, g.zone, g.bounds, g.status)) for g in lines}
    return {"gates": groups, "gate_pictures": pictures}


def compare(page: Page) -> dict[str, Any]:
    """Every metric, and its candidates on one scale."""
    groups, album = view.comparisons(page.run), Album.of(page)
    lines = (line for _, group in groups for line in group)
    pictures = {m: album.add(comparison(m.row, Scale.of(numbers_of(m.row), m.bounds))) for m in lines}
    return {"comparisons": groups, "comparison_pictures": pictures}
