"""Which outputs people label: a simple random sample of all, and three strata where labels tell most.

    random      of every candidate a simple random sample of the outputs that the rate counts, those that could not be
                scored included; all of them where fewer than asked for are there. Only these stand for the whole
    near        those whose number is nearest to the rate's threshold
    disagree    those on which another scorer of the same dimension decides otherwise, or raters of an earlier sheet do
    rare        those with the rarest values of the tags that slice the run: rarer than the tag's values are on average

Sizes are for each candidate. The three strata are drawn from what the random sample has left; an output may be drawn
for several reasons and stands on the sheet once. What is drawn at random is in the order of `labels.in_random_order`,
as are ties, so that a seed always draws the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from aigc_eval.errors import UsageError
from aigc_eval.estimates import tag_column
from aigc_eval.intervals import Floats
from aigc_eval.labelling.asked import Asked
from aigc_eval.labels import Key, in_random_order, said, sheet_id, sheets
from aigc_eval.metrics import Rate
from aigc_eval.rated import Rated
from aigc_eval.records import STRATA, Drawing, Edition, Sheet, Stratum
from aigc_eval.registry import suggest

__all__ = ["Drawn", "Sizes", "draw"]


@dataclass(frozen=True)
class Sizes:
    """How many outputs of each candidate to draw for each reason."""

    random: int = 200
    near: int = 50
    disagree: int = 50
    rare: int = 50


@dataclass(frozen=True)
class Drawn:
    """A sheet, and why a stratum that was asked for is not on it: by stratum, a key of `words.WORDS`."""

    sheet: Sheet
    skipped: Mapping[Stratum, str]


def draw(
    asked: Asked,
    sizes: Sizes,
    seed: int,
    created: str,
    *,
    candidates: Sequence[str] = (),
    edition: Edition = "reviewer",
) -> Drawn:
    """Draw a sheet; by default of the candidates up for release. Raises `UsageError` where there is nothing to draw."""
    run = asked.opened.run
    rated, keys = asked.rated(), asked.keys()
    chosen = _candidates(asked, candidates)
    drawn: dict[Key, set[Stratum]] = {}
    skipped: dict[Stratum, str] = {}
    population = 0
    for candidate in chosen:
        place = {keys[i]: int(i) for i in np.flatnonzero(rated.due) if keys[i][0] == candidate}
        order = in_random_order(place, run.id, seed)
        population += len(order)
        _add(drawn, "random", order[: sizes.random])
        for stratum, pool in _POOLS.items():
            size: int = getattr(sizes, stratum)
            found = pool(asked, rated, order, place, seed) if size else []
            if isinstance(found, str):
                skipped[stratum] = found
            else:
                core = {*order[: sizes.random]}
                _add(drawn, stratum, [key for key in found if key not in core][:size])
    if not drawn:
        raise UsageError(f"{asked.scorer} applies to no output of {', '.join(chosen)}, or nothing is to be drawn")
    items = tuple(Drawing(*key, tuple(s for s in STRATA if s in strata)) for key, strata in drawn.items())
    made = Sheet("", asked.scorer, asked.rate.name, seed, created, population, items, edition)
    there = {stratum for item in items for stratum in item.strata}
    left = {stratum: why for stratum, why in skipped.items() if stratum not in there}
    return Drawn(replace(made, id=sheet_id(run.id, made)), left)


def _add(drawn: dict[Key, set[Stratum]], stratum: Stratum, keys: Sequence[Key]) -> None:
    for key in keys:
        drawn.setdefault(key, set()).add(stratum)


def _candidates(asked: Asked, named: Sequence[str]) -> list[str]:
    known = [c.name for c in asked.opened.run.candidates]
    for name in named:
        if name not in known:
            raise UsageError(f"the run has no candidate {name!r:.80}; {suggest(name, known)}")
    return [*dict.fromkeys(named or asked.opened.terms["release"] or known)]


Pool = list[Key] | str


def _near(asked: Asked, rated: Rated, order: Sequence[Key], place: Mapping[Key, int], seed: int) -> Pool:
    """By distance from the threshold; a scorer that only says yes or no has nothing that is near."""
    del asked, seed
    scored = [key for key in order if rated.scored[place[key]]]
    if len({rated.numbers[place[key]] for key in scored}) < 3:
        return "skipped.near"
    return sorted(scored, key=lambda key: abs(rated.numbers[place[key]] - rated.threshold))


def _disagree(asked: Asked, rated: Rated, order: Sequence[Key], place: Mapping[Key, int], seed: int) -> Pool:
    """Outputs that raters of other sheets dispute first, then those that another scorer sees otherwise."""
    opened = asked.opened
    disputed: set[Key] = set()
    for sheet in sheets(opened.labelling):
        about = (sheet.scorer, sheet.metric) == (asked.scorer, asked.rate.name)
        if about and sheet.seed != seed:  # one that is drawn again is the same, whatever became of it
            together = said(sheet, opened.labelling, opened.run.rows)
            disputed |= {key for key, vote in together.items() if vote is None}
    others = [Rated.of(opened.run.rows, name, rate) for name, rate in _others(asked)]
    if not others and not disputed:
        return "skipped.disagree"
    hits, scored = rated.hits, rated.scored
    against = {
        key
        for key in order
        for other in others
        if scored[i := place[key]] and other.scored[i] and other.hits[i] != hits[i]
    }
    found = [key for key in order if key in disputed] + [key for key in order if key in against - disputed]
    return found or "skipped.agree"


def _others(asked: Asked) -> list[tuple[str, Rate]]:
    """Other scorers of the same dimension, each with its main rate; as hits, all mean the same fault or none."""
    own = next(s for s in asked.opened.run.scorers if s.name == asked.scorer)
    found = []
    for scorer in asked.opened.run.scorers:
        if scorer.name in (own.name, *asked.opened.lost) or not {*scorer.dimensions} & {*own.dimensions}:
            continue
        rates = [r for r in asked.opened.rates(scorer.name) if r.better == asked.rate.better]
        if rates:
            found.append((scorer.name, rates[0]))
    return found


def _rare(asked: Asked, rated: Rated, order: Sequence[Key], place: Mapping[Key, int], seed: int) -> Pool:
    """By how many outputs have the rarest of their values, among values that are rarer than the average."""
    del rated, seed
    rows = asked.opened.run.rows
    rarity: Floats = np.full(len(rows), np.inf)
    due = [place[key] for key in order]
    for tag in _tags(asked):
        values = rows[tag_column(tag)].to_numpy()[due]
        known, code, counts = np.unique(values.astype(str), return_inverse=True, return_counts=True)
        rare = (
            (counts < counts[known != ""].mean()) & (known != "") if (known != "").any() else np.zeros(len(known), bool)
        )
        rarity[due] = np.minimum(rarity[due], np.where(rare, counts, np.inf)[code])
    found = [key for key in order if np.isfinite(rarity[place[key]])]
    return sorted(found, key=lambda key: float(rarity[place[key]])) or "skipped.rare"


def _tags(asked: Asked) -> list[str]:
    """The tags that slice the run, and `category` where prompts have one."""
    rows, terms = asked.opened.run.rows, asked.opened.terms
    wanted = dict.fromkeys([*terms["slices"], "category"])
    return [tag for tag in wanted if tag_column(tag) in rows]


_POOLS: Mapping[Stratum, Callable[[Asked, Rated, Sequence[Key], Mapping[Key, int], int], Pool]] = {
    "near": _near,
    "disagree": _disagree,
    "rare": _rare,
}
