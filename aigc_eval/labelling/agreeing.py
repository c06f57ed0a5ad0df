"""How far raters of a sheet agree, how often each says yes, and how the scorer does against what they say together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from aigc_eval.errors import UsageError
from aigc_eval.intervals import MIN_CLUSTERS
from aigc_eval.labelling.asked import Asked, Opened
from aigc_eval.labels import Key, core, labelled, majority, sheets, without_outdated
from aigc_eval.metrics.base import block_sums, clustered_rate
from aigc_eval.rated import Rated
from aigc_eval.records import Figure, Labelled, Sheet

__all__ = ["Against", "Agreed", "Rater", "agreements"]

LEVEL = 0.95


@dataclass(frozen=True)
class Rater:
    """How many outputs a rater labelled, and how often with yes; `unsure` are those where they could not say."""

    name: str
    labelled: int
    yes: int
    unsure: int

    @property
    def rate(self) -> float | None:
        """Share of yes among yes and no; None without any."""
        return self.yes / self.labelled if self.labelled else None


@dataclass(frozen=True)
class Against:
    """The scorer against the raters on the random core: both yes, scorer only, raters only, neither, not scored.

    Sensitivity is the share of the raters' yes that the scorer flags, specificity the share of their no that it does
    not; Wilson's interval at the effective number of outputs, none under 10 prompts.
    """

    both: int
    scorer_only: int
    raters_only: int
    neither: int
    unscored: int
    sensitivity: Figure | None
    specificity: Figure | None


@dataclass(frozen=True)
class Agreed:
    """What the labels of one sheet say; `against` is None where its rate cannot be computed here: `why` not."""

    sheet: Sheet
    labelled: Labelled
    raters: tuple[Rater, ...]
    against: Against | None
    why: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        told = {**asdict(self.labelled), "agreement": [asdict(a) for a in self.labelled.agreement]}
        raters = [{**asdict(r), "rate": r.rate} for r in self.raters]
        return {**told, "raters": raters, "against": self.against and asdict(self.against), "why": self.why}


def agreements(opened: Opened) -> list[Agreed]:
    """What the labels of every sheet of a run say, in the order in which they were drawn."""
    return [_agreed(opened, sheet) for sheet in sheets(opened.labelling)]


def _agreed(opened: Opened, sheet: Sheet) -> Agreed:
    rows = opened.run.rows
    standing = without_outdated(sheet, opened.labelling, rows)
    together = {key: majority(own.values()) for key, own in standing.items()}
    against, why = None, ""
    try:
        asked = Asked(opened, sheet.scorer, opened.rate(sheet.scorer, sheet.metric))
        against = _against(sheet, together, asked.rated(), asked.keys())
    except UsageError as error:
        why = str(error)
    told = labelled(sheet, opened.labelling, rows)
    return Agreed(sheet, told, tuple(_raters(standing.values())), against, why)


def _raters(standing: Any) -> Iterator[Rater]:
    own: dict[str, list[Any]] = {}
    for labels in standing:
        for rater, label in labels.items():
            own.setdefault(rater, []).append(label)
    for given in own.values():
        votes = [label.label for label in given]
        said = len(votes) - votes.count(None)
        yield Rater(given[0].rater, said, votes.count(True), votes.count(None))


def _against(sheet: Sheet, together: Mapping[Key, bool | None], rated: Rated, keys: Sequence[Key]) -> Against:
    candidates = dict.fromkeys(item.candidate for item in sheet.items)
    drawn = {key for name in candidates for key in core(sheet, name) if together.get(key) is not None}
    places = [i for i, key in enumerate(keys) if key in drawn]
    truth = np.array([bool(together[keys[i]]) for i in places], np.bool_)
    hits, scored = rated.hits[places], rated.scored[places]
    prompts = np.array([keys[i][1] for i in places], object)
    return Against(
        int((hits & truth & scored).sum()),
        int((hits & ~truth & scored).sum()),
        int((~hits & truth & scored).sum()),
        int((~hits & ~truth & scored).sum()),
        int((~scored).sum()),
        _share(hits[truth & scored], prompts[truth & scored]),
        _share(~hits[~truth & scored], prompts[~truth & scored]),
    )


def _share(right: np.ndarray[Any, np.dtype[np.bool_]], prompts: np.ndarray[Any, np.dtype[np.object_]]) -> Figure | None:
    """Share of outputs that the scorer has right, and its interval."""
    if not len(right):
        return None
    code = np.unique(prompts.astype(str), return_inverse=True)[1].astype(np.int64)
    value = float(right.mean())
    if code.max() + 1 < MIN_CLUSTERS:
        return value, None, None
    found = clustered_rate(block_sums(right.astype(np.float64), code), np.bincount(code).astype(np.float64), LEVEL)
    return value, found.low, found.high
