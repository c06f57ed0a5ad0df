"""The colours of pictures: those of the light page, written out, so that a picture needs no style sheet.

`style/charts.css` replaces each by the page's variable, which is another colour in the dark. No colour says anything
alone: candidates differ in shape too, and verdicts stand in words beside the picture.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["CANDIDATES", "CARD", "INK", "LANE", "LINE", "SHAPES", "SOFT", "STATUS", "ZONE", "look"]

CARD = "#ffffff"
INK = "#1d2023"
LANE = "#8f979e"
LINE = "#e3e3de"
SOFT = "#5a626a"
ZONE = "#e4f1ea"
STATUS: Mapping[str, str] = {"pass": "#0a7153", "fail": "#b3261e", "undetermined": "#7d5800"}
CANDIDATES = ("#656a70", "#2d84f9", "#c264a3", "#854b09", "#004b5c", "#2e44c7", "#641415")
SHAPES = ("circle", "square", "diamond", "triangle-up")


def look(i: int) -> tuple[str, str]:
    """Colour and shape of the i-th candidate: 28 different pairs.

    >>> look(0), len({look(i) for i in range(28)})
    (('#656a70', 'circle'), 28)
    """
    return CANDIDATES[i % len(CANDIDATES)], SHAPES[i % len(SHAPES)]
