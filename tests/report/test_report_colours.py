"""Candidates stay apart for readers who see few colours.

Colour vision deficiency as in Machado, Oliveira and Fernandes (2009), severity 1; distances in CIELAB (CIE 1976), where
2.3 is just noticeable (Mahy et al. 1994).
"""

from __future__ import annotations

import math
import re
from itertools import combinations
from pathlib import Path

import pytest

from aigc_eval import report
from aigc_eval.report.html.charts.colours import CANDIDATES

STYLE = (Path(report.__file__).parent / "html" / "style" / "base.css").read_text("utf-8")
PALETTES = [tuple(re.findall(r"--c\d: (#[0-9a-f]{6});", line)) for line in STYLE.splitlines() if "--c0:" in line]
SEEN_BY = {
    "all colours": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}


def lab(colour: str, matrix: tuple[tuple[float, ...], ...]) -> tuple[float, float, float]:
    """sRGB as a reader sees it, in CIELAB under D65."""
    raw = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in raw]
    r, g, b = (min(1.0, max(0.0, sum(m * v for m, v in zip(row, linear, strict=True)))) for row in matrix)
    xyz = (
        (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505,
        0.2126 * r + 0.7152 * g + 0.0722 * b,
        (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089,
    )
    x, y, z = (v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def test_pictures_and_style_sheet_have_the_same_colours() -> None:
    assert [len(palette) for palette in PALETTES] == [7, 7]
    assert PALETTES[0] == CANDIDATES


@pytest.mark.parametrize("reader", SEEN_BY)
@pytest.mark.parametrize("palette", PALETTES, ids=["light", "dark"])
def test_no_two_candidates_look_alike(palette: tuple[str, ...], reader: str) -> None:
    seen = [lab(colour, SEEN_BY[reader]) for colour in palette]
    assert min(math.dist(one, other) for one, other in combinations(seen, 2)) > 14
