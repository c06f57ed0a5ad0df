"""The decisions in a journal: which of them stand, how precise they find each scorer's flags, how far they agree."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import combinations
from typing import TYPE_CHECKING, Any, cast

from aigc_eval.agreement import cohen_kappa, table_of
from aigc_eval.intervals import clopper_pearson
from aigc_eval.records import DECISIONS, Concordance, Edition, Precision, Review, Reviewed, Score, Span, digest

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "EDITIONS",
    "KIND",
    "LEVEL",
    "NAME",
    "NOTE",
    "basis",
    "basis_of",
    "moment",
    "person",
    "record",
    "standing",
    "well_formed",
]

KIND = "review"
LEVEL = 0.95
NAME = 200
"""Most characters of a reviewer's name."""
NOTE = 4000
"""Most characters of a note."""
EDITIONS: tuple[Edition, ...] = ("reviewer", "internal")
"""Reports that show outputs, so that one can decide on them."""
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)
_Flag = tuple[str, str, int, str]


def record(review: Review, of: str) -> dict[str, Any]:
    """A decision as the journal keeps it; `of` is the `basis` of what it is about."""
    return {"kind": KIND, "of": of, "data": review.to_json()}


def well_formed(review: Review) -> bool:
    """Whether every part of a decision is one that a decision can have."""
    texts = (review.candidate, review.prompt, review.scorer, review.reviewer, review.note, review.at, review.imported)
    digests = (review.seen, review.file)
    return (
        all(isinstance(text, str) for text in (*texts, *digests))
        and type(review.sample) is int
        and review.sample >= 0
        and review.decision in DECISIONS
        and review.edition in EDITIONS
        and all(re.fullmatch("[0-9a-f]{64}", found) for found in digests)
        and isinstance(review.key, str)
        and re.fullmatch("[0-9a-f]{16}", review.key) is not None
        and all(moment(text) is not None for text in (review.at, review.imported))
        and 0 < len(review.reviewer.strip()) <= len(review.reviewer) <= NAME
        and len(review.note) <= NOTE
    )


def moment(text: str) -> float | None:
    """Seconds since 1970 of a time as decisions files write it (UTC, ISO 8601); None where it is none.

    >>> moment("2026-11-23T03:59:00Z"), moment("2026-11-23T03:59:00.250Z"), moment("2026-13-23T03:59:00Z")
    (1795406340.0, 1795406340.25, None)
    """
    if not _MOMENT.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None


def _when(review: Review) -> float:
    """Seconds since 1970: as text, a fraction of a second would come before the second that it belongs to."""
    return moment(review.at) or 0.0


def basis(text: str, outcome: str, score: Score) -> str:
    """Digest of an output and of what a scorer says of it: a decision stands as long as both are what they were."""
    return _basis(text, outcome, score.value, score.error or score.note, score.spans)


def _basis(text: str, outcome: str, value: float | None, note: str, spans: Iterable[Span]) -> str:
    shown = None if value is None else float(value)
    return digest(text, outcome, shown, note, [span.to_json() for span in spans])


def basis_of(rows: pd.DataFrame, place: Any, scorer: str) -> str:
    """The same of a row of a run's frame."""
    told = [rows[c].at[place] for c in ("text", "outcome", scorer, f"{scorer}:note", f"{scorer}:spans")]
    text, outcome, value, note, spans = cast("tuple[str, str, float, str, tuple[Span, ...]]", told)
    return _basis(text, outcome, None if math.isnan(value) else value, note, spans)


def person(name: str) -> str:
    """What tells reviewers apart: the name without its case, width and spare spaces.

    >>> person("Li  Na") == person("ｌｉ na ")
    True
    """
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def standing(
    records: Iterable[Mapping[str, Any]], rows: pd.DataFrame, scorers: Sequence[str]
) -> tuple[tuple[Review, ...], Reviewed]:
    """The decisions that stand, in the journal's order, and what follows from them; `scorers` are the run's."""
    given = [(str(r["of"]), Review.from_json(r["data"])) for r in records]
    asked = {review.flag[:3] for _, review in given}
    keys = zip(rows["candidate"], rows["prompt"], rows["sample"], strict=True) if asked else iter(())
    places = {key: place for key, place in zip(keys, rows.index, strict=False) if key in asked}
    latest: dict[tuple[str, _Flag], Review] = {}
    failed: set[_Flag] = set()
    superseded = outdated = 0
    for of, review in given:
        place = places.get(review.flag[:3])
        if place is None or review.scorer not in scorers or basis_of(rows, place, review.scorer) != of:
            outdated += 1
            continue
        key = (person(review.reviewer), review.flag)
        before = latest.get(key)
        superseded += before is not None
        if before is None or _when(before) <= _when(review):
            latest.pop(key, None)
            latest[key] = review
        if rows[f"{review.scorer}:status"].at[place] == "failed":  # what was never scored is no finding of anything
            failed.add(review.flag)
    found = tuple(latest.values())
    about = [review for review in found if review.flag not in failed]
    return found, Reviewed(tuple(_precision(about, scorers)), tuple(_agreement(about)), superseded, outdated)


def _precision(reviews: Sequence[Review], scorers: Sequence[str]) -> Iterator[Precision]:
    for scorer in scorers:
        flags: dict[_Flag, list[Review]] = {}
        for review in (r for r in reviews if r.scorer == scorer):
            flags.setdefault(review.flag, []).append(review)
        if not flags:
            continue
        n = len(flags)
        confirmed = sum(all(r.right for r in own) for own in flags.values())
        wrong = sum(not any(r.right for r in own) for own in flags.values())
        to_fix = sum(
            all(r.right for r in own) and any(r.decision == "needs_fix" for r in own) for own in flags.values()
        )
        low, high, _ = clopper_pearson(confirmed, n, LEVEL)
        yield Precision(scorer, n, confirmed, to_fix, n - confirmed - wrong, confirmed / n, low, high, LEVEL)


def _agreement(reviews: Sequence[Review]) -> Iterator[Concordance]:
    """Every two reviewers that decided on some of the same flags."""
    own: dict[str, dict[_Flag, Review]] = {}
    for review in reviews:
        own.setdefault(person(review.reviewer), {})[review.flag] = review
    for one, other in combinations(own.values(), 2):
        both = [flag for flag in one if flag in other]
        if both:
            left, right = ([side[flag].right for flag in both] for side in (one, other))
            kappa = cohen_kappa(table_of(left, right)[0], LEVEL)
            left_name, right_name = (next(iter(side.values())).reviewer for side in (one, other))
            same = sum(x == y for x, y in zip(left, right, strict=True))
            found = (kappa.value, kappa.low, kappa.high) if kappa else (None, None, None)
            yield Concordance(left_name, right_name, len(both), same, *found)
