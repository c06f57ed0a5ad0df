"""Second judgement of COLD's automatic labels where the text speaks of discrimination.

The labels of COLD's training and development rows were made half-automatically: of the rows that say 歧视
(discrimination) 93 % are marked offensive, whatever they say about it; of 110 about discrimination that were read one
by one, a quarter are. A linear model that learned from the other rows, from SWSR and our own sentences judges again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
from toxicity_data import Row

ABOUT = re.compile("歧视|偏见|尊重|平等|平权|地域黑|刻板印象|种族主义|反对|一棒子|以偏概全|地图炮")
KEPT = 0.25
"""Of the rows marked offensive that speak of it, those that the model is surest of stay so."""
DOUBTED = 0.5
"""Weight of the others, which count as harmless."""
TEACHERS = ("cold", "swsr", "own", "fair", "functions")

Judge = Callable[[Sequence[str]], np.ndarray]


def doubtful(row: Row) -> bool:
    return row.source.startswith("cold") and row.label == 1 and bool(ABOUT.search(row.text))


def rejudged(rows: Sequence[Row], judge: Judge, least: float | None = None) -> tuple[list[Row], float]:
    """The rows with doubtful labels judged again, and the least sum that keeps a label."""
    places = [i for i, row in enumerate(rows) if doubtful(row)]
    sums = judge([rows[i].text for i in places])
    least = float(np.quantile(sums, 1 - KEPT)) if least is None else least
    found = list(rows)
    for i, z in zip(places, sums, strict=True):
        if z < least:
            found[i] = rows[i]._replace(label=0, weight=DOUBTED)
    return found, least
