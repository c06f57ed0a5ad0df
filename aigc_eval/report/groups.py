"""Groups of prompts that the public edition tells apart, and those that it adds up because they could tell a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING

from aigc_eval.report.vocabulary.editions import POOLED

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FEWEST", "pooled_in"]

FEWEST = 10
"""Prompts that a group must have to be told apart in the public edition."""


def pooled_in(rows: pd.DataFrame, used: Collection[str]) -> dict[str, str]:
    """Each slice by one tag: under which name its prompts are counted; "" for one that is shown.

    What is pooled is at least `FEWEST` prompts as well, or it would be the difference of the whole and what is shown.
    A tag is pooled as a whole where a value of it and one of an earlier tag have the same prompts but a few; `used` are
    the tags of which there are numbers.
    """
    found: dict[str, str] = {}
    told: dict[str, set[str]] = {}
    for column in [c for c in rows.columns if c == "lang" or (c.startswith("tag.") and c != "tag.lang")]:
        tag = column.removeprefix("tag.")
        known = rows[[column, "prompt"]].drop_duplicates()
        sizes = known[column].value_counts().to_dict()
        order = sorted(sizes, key=lambda v: (sizes[v], str(v)))
        few = [v for v in order if sizes[v] < FEWEST]
        while few and len(few) < len(order) and sum(sizes[v] for v in few) < FEWEST:
            few.append(order[len(few)])
        shown = {str(v) for v in order if v and v not in few}
        if tag in used:
            if any(_nearly_within(rows, (column, shown), other) for other in told.items()):
                few, shown = order, set()
            told[column] = shown
        found |= {f"{tag}={value}": f"{tag}={POOLED}" if value in few else "" for value in order if value}
    return found


def _nearly_within(rows: pd.DataFrame, tag: tuple[str, set[str]], earlier: tuple[str, set[str]]) -> bool:
    """Whether a shown value of one tag has all prompts of one of another tag, and a few more."""
    (left, mine), (right, theirs) = tag, earlier
    known = rows[["prompt", left, right]].drop_duplicates()
    sizes, others = known[left].value_counts().to_dict(), known[right].value_counts().to_dict()
    both = Counter(zip(known[left], known[right], strict=True))
    pairs = ((n, sizes[a], others[b]) for (a, b), n in both.items() if a in mine and b in theirs)
    return any(n == min(one, two) and 0 < abs(one - two) < FEWEST for n, one, two in pairs)
