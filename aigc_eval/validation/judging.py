"""From scores and labels to what is known about a scorer: per slice, at its own threshold and at the best one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from aigc_eval.config import Named
from aigc_eval.errors import UsageError
from aigc_eval.metrics import Rate
from aigc_eval.plugin import Scorer
from aigc_eval.records import Accuracy, ReliabilityBin, Score, ScorerCard, digest
from aigc_eval.registry import entries
from aigc_eval.validation.examples import Examples
from aigc_eval.validation.figures import Figures, Judged, counted, figures, reliability
from aigc_eval.validation.measures import Bools
from aigc_eval.validation.scored import is_probability, numbers
from aigc_eval.validation.thresholds import best_threshold

__all__ = ["Choice", "NoChoice", "Validation", "Wanted", "card_of", "validated"]

MOST_VALUES = 50
"""Values of one tag that are told apart."""
Parted = Literal["given", "hashed"]
NoChoice = Literal["", "no_dev", "one_kind", "precision"]
"""Why there is no best threshold: no example to choose it on, of one kind only, none has the precision asked for."""


@dataclass(frozen=True)
class Wanted:
    """What is asked: slices by these tags, the criterion of the best threshold, the seed that draws a split."""

    slices: Sequence[str] = ("lang",)
    best_by: str = "macro_f1"
    seed: int = 0
    level: float = 0.95


@dataclass(frozen=True)
class Choice:
    """The best threshold of `chosen_on` examples, where it reached `reached`; and what the others say of it.

    `own` and `best` are of those others only, at the scorer's threshold and at the best one. With `parted` "hashed"
    the file named no split, and half of the groups were drawn for either part.
    """

    threshold: float
    reached: float
    chosen_on: int
    parted: Parted
    own: Accuracy
    best: Accuracy


@dataclass(frozen=True)
class Validation:
    """What was found. `slices` are of the judged examples (all but those of a dev split), at the rate's threshold.

    `not_applicable` counts, by slice, examples that the scorer has nothing to say about; `groups` the independent
    groups among the judged; `across` those that stand on both sides of the split.
    """

    scorer: str
    plugin: Scorer = field(repr=False)
    rate: Rate
    examples: Examples = field(repr=False)
    wanted: Wanted
    slices: tuple[Accuracy, ...]
    not_applicable: Mapping[str, int]
    judged: int
    groups: int
    across: int
    probability: bool
    reliability: tuple[ReliabilityBin, ...]
    curves: Mapping[str, tuple[ReliabilityBin, ...]] = field(repr=False, default_factory=dict)
    choice: Choice | None = None
    no_choice: NoChoice = ""

    @property
    def scored(self) -> int:
        """Judged examples with a score."""
        return self.slices[0].positives + self.slices[0].negatives


class _Rows:
    """Examples as columns."""

    def __init__(
        self, rate: Rate, examples: Examples, scores: Sequence[Score], level: float, probability: bool
    ) -> None:
        self.rate, self.labels, self.level, self.probability = rate, examples.labels, level, probability
        self.values, self.failed = numbers(rate, scores)
        if probability:
            self.values = np.clip(self.values, 0.0, 1.0)
        self.scored = ~np.isnan(self.values) & ~self.failed
        _, first, codes = np.unique(np.array(examples.groups, object), return_index=True, return_inverse=True)
        self.groups = np.argsort(np.argsort(first))[codes].astype(np.int64)

    def judged(self, kept: Bools, threshold: float) -> Judged:
        """The scored ones among some."""
        at = kept & self.scored
        return Judged(self.labels[at], self.values[at], self.values[at] >= threshold, self.groups[at])

    def accuracy(self, name: str, kept: Bools, threshold: float, *, in_full: bool = True) -> Accuracy:
        """How good the scorer is on some; `in_full` with what does not depend on the threshold."""
        of, failed = self.judged(kept, threshold), kept & self.failed
        found = (
            figures(of, self.level, probability=self.probability)
            if in_full
            else counted(of.labels, of.hits, of.groups, self.level)
        )
        return Accuracy(
            name,
            int(of.labels.sum()),
            int((of.labels & of.hits).sum()),
            int((~of.labels).sum()),
            int((~of.labels & of.hits).sum()),
            int(failed.sum()),
            found | self._adverse(of, failed),
        )

    def _adverse(self, of: Judged, failed: Bools) -> Figures:
        """The figures with every unscored example counted as wrong; none where all are scored."""
        if not failed.any():
            return {}
        labels = np.concatenate([of.labels, self.labels[failed]])
        hits = np.concatenate([of.hits, ~self.labels[failed]])
        found = counted(labels, hits, np.concatenate([of.groups, self.groups[failed]]), self.level)
        return {f"adverse_{name}": figure for name, figure in found.items()}


def validated(
    scorer: Named[Scorer], rate: Rate, examples: Examples, scores: Sequence[Score], wanted: Wanted
) -> Validation:
    """Compare the scores with the labels. UsageError for a tag that no example has, or that has too many values."""
    rows = _Rows(rate, examples, scores, wanted.level, is_probability(scorer.plugin, rate))
    splits = np.array(examples.splits, object)
    dev = splits == "dev"
    judged = ~dev
    if not judged.any():
        raise UsageError(f"{examples.path}: all examples are of the dev split; nothing is left to judge the scorer on")
    kept = dict(_slices(examples, judged, wanted.slices))
    slices = tuple(rows.accuracy(name, where, rate.at_least) for name, where in kept.items())
    choice, why = _choice(rows, examples, wanted)
    curves = {name: reliability(rows.judged(where, 0.0)) for name, where in kept.items()} if rows.probability else {}
    return Validation(
        scorer=scorer.name,
        plugin=scorer.plugin,
        rate=rate,
        examples=examples,
        wanted=wanted,
        slices=slices,
        not_applicable={name: int((where & ~rows.scored & ~rows.failed).sum()) for name, where in kept.items()},
        judged=int(judged.sum()),
        groups=len(np.unique(rows.groups[judged])),
        across=len(np.intersect1d(rows.groups[dev], rows.groups[judged])),
        probability=rows.probability,
        reliability=curves.get("", ()),
        curves=curves,
        choice=choice,
        no_choice=why,
    )


def _slices(examples: Examples, judged: Bools, tags: Sequence[str]) -> Iterator[tuple[str, Bools]]:
    """All judged examples under "", then each value of each tag under `tag=value`, most frequent tags' order kept."""
    yield "", judged
    for tag in tags:
        column = np.array(examples.tag(tag), object)
        values = sorted({value for value in column if value})
        if not values and tag != "lang":
            raise UsageError(f"--slices {tag}: no example has this tag")
        if len(values) > MOST_VALUES:
            raise UsageError(f"--slices {tag}: has {len(values):,} values, more than {MOST_VALUES}; choose another tag")
        for value in values:
            if (where := judged & (column == value)).any():
                yield f"{tag}={value}", where


def _choice(rows: _Rows, examples: Examples, wanted: Wanted) -> tuple[Choice | None, NoChoice]:
    """The best threshold, or why there is none."""
    parted: Parted = "given" if any(examples.splits) else "hashed"
    dev = np.array(examples.splits, object) == "dev" if parted == "given" else _drawn(examples.groups, wanted.seed)
    on, own = rows.judged(dev, 0.0), rows.rate.at_least
    rest = ~dev
    if len(on.labels) == 0 or not (rest & rows.scored).any():
        return None, "no_dev"
    if on.labels.all() or not on.labels.any():
        return None, "one_kind"
    best = best_threshold(on.labels, on.scores, wanted.best_by, own)
    if best is None:
        return None, "precision"
    at_own, at_best = (rows.accuracy("", rest, at, in_full=False) for at in (own, best.threshold))
    return Choice(best.threshold, best.reached, len(on.labels), parted, at_own, at_best), ""


def _drawn(groups: Sequence[str], seed: int) -> Bools:
    """Half of the groups, by the hash of their name."""
    side = {group: int(digest(seed, group)[:8], 16) % 2 == 0 for group in dict.fromkeys(groups)}
    return np.array([side[group] for group in groups], np.bool_)


def card_of(found: Validation, created: str, note: str = "") -> ScorerCard:
    """The card of a validation."""
    return ScorerCard(
        scorer=listed_as(found.plugin) or found.scorer,
        metric=found.rate.name,
        identity=found.plugin.identity(),
        signature=found.plugin.signature(),
        data=found.examples.path.name,
        sha256=found.examples.sha256,
        created=created,
        slices=tuple(replace(one, figures={k: _rounded(v) for k, v in one.figures.items()}) for one in found.slices),
        threshold=found.rate.at_least,
        best_threshold=found.choice.threshold if found.choice else None,
        best_by=found.wanted.best_by if found.choice else "",
        level=found.wanted.level,
        reliability=tuple(replace(b, mean=round(b.mean, 6), share=round(b.share, 6)) for b in found.reliability),
        note=note,
    )


def listed_as(scorer: Scorer) -> str:
    """The name under which a scorer's class is installed, "" where it has none."""
    own = type(scorer)
    known = (entry for entry in entries("scorer").values() if entry.target.endswith(f":{own.__qualname__}"))
    return next((entry.name for entry in known if entry.load() is own), "")


def _rounded(figure: tuple[float, float | None, float | None]) -> tuple[float, float | None, float | None]:
    """In six decimals, so that two machines write the same card."""
    value, low, high = figure
    return round(value, 6), None if low is None else round(low, 6), None if high is None else round(high, 6)
