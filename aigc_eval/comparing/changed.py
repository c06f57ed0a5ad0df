"""The outputs that changed most between A and B, masked as in reports: personal data of either run in both texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aigc_eval.baselines import Side
from aigc_eval.plugin import Scorer
from aigc_eval.report.escape import Shown
from aigc_eval.report.excerpts import excerpt, pieces
from aigc_eval.report.mask import Masker

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Change", "changes"]

EXCERPT = 240
"""Characters of a text, roughly; a masked value is never cut."""


@dataclass(frozen=True)
class Change:
    """One prompt's outputs and what a scorer gave them; ids and texts are masked, `sample` counts from 1."""

    scorer: str
    prompt: Shown
    sample: tuple[int, int]
    values: tuple[float, float]
    texts: tuple[Shown, Shown]
    worse: bool


def changes(a: Side, b: Side, scorers: Mapping[str, Scorer], most: int) -> list[Change]:
    """At most `most` a scorer, the largest change of the score's value first, one a prompt.

    Where both runs drew with the same seed, the same sample of both is compared; else, for the prompts whose mean
    changed most, the output of either that lies nearest to its mean.
    """
    if most < 1:
        return []
    masker = _masker(a, b)
    same_seed = a.head["identity"]["seed"] == b.head["identity"]["seed"]
    sides = [side.run.rows[side.run.rows["candidate"] == side.candidate] for side in (a, b)]
    return [
        change
        for name, scorer in scorers.items()
        if (better := _direction(scorer)) is not None
        for change in _of_scorer(name, better, sides, same_seed, masker, most)
    ]


def _masker(a: Side, b: Side) -> Masker:
    """What either run found in any candidate's outputs; one of them may lack a scorer of the other."""
    import pandas as pd

    spans = {c for side in (a, b) for c in side.run.rows.columns if c.endswith(":spans")}
    kept = []
    for rows in (a.run.rows, b.run.rows):
        nothing = {c: pd.Series([()] * len(rows), rows.index, dtype=object) for c in spans - {*rows.columns}}
        kept.append(rows.assign(**nothing)[["text", "prompt_text", *sorted(spans)]])
    return Masker.of_run(pd.concat(kept, ignore_index=True), b.run.key)


def _direction(scorer: Scorer) -> str | None:
    """The good direction of the score's own value, where a metric ranks outputs by it."""
    return next((m.better for m in scorer.metrics() if m.ranks and m.better is not None), None)


def _of_scorer(  # noqa: PLR0917
    name: str, better: str, sides: Sequence[pd.DataFrame], same_seed: bool, masker: Masker, most: int
) -> Iterator[Change]:
    one, other = (rows[rows[f"{name}:status"] == "scored"] for rows in sides)
    pairs = _same_draws(name, one, other) if same_seed else _nearest_to_mean(name, one, other)
    apart = pairs[f"{name}_b"] - pairs[f"{name}_a"]
    order = apart.abs().sort_values(ascending=False, kind="stable").index
    ranked = pairs.loc[order][apart.loc[order] != 0].drop_duplicates("prompt").head(most)
    for row in ranked.to_dict("records"):
        values = (float(row[f"{name}_a"]), float(row[f"{name}_b"]))
        yield Change(
            name,
            masker.long().shown([str(row["prompt"])])[0],
            (int(row["sample_a"]) + 1, int(row["sample_b"]) + 1),
            values,
            (_text(row, "a", masker), _text(row, "b", masker)),
            (values[1] > values[0]) == (better == "lower"),
        )


def _same_draws(name: str, one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    one, other = _kept(one, name), _kept(other, name)
    pairs = one.merge(other, on=["prompt", "sample"], suffixes=("_a", "_b"))
    return pairs.assign(sample_a=pairs["sample"], sample_b=pairs["sample"])


def _nearest_to_mean(name: str, one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    found = []
    for rows in (_kept(one, name), _kept(other, name)):
        off = (rows[name] - rows.groupby("prompt")[name].transform("mean")).abs()
        nearest = rows.loc[off.sort_values(kind="stable").index].drop_duplicates("prompt")
        found.append(nearest)
    return found[0].merge(found[1], on="prompt", suffixes=("_a", "_b"))


def _kept(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """Identity, text, value and every span of rows; the value under a name that cannot be another column's."""
    import pandas as pd

    spans = [c for c in rows.columns if c.endswith(":spans")]
    joined = [tuple(s for own in each for s in own or ()) for each in zip(*(rows[c] for c in spans), strict=True)]
    kept = rows[["prompt", "sample", "text", name]]
    return kept.assign(spans=pd.Series(joined or [()] * len(rows), rows.index, dtype=object))


def _text(row: Mapping[Any, Any], side: str, masker: Masker) -> Shown:
    text, spans = str(row[f"text_{side}"]), row[f"spans_{side}"]
    hits = [*masker.own(text, spans), *masker.hits([text]).get(0, ())]
    return Shown("".join(piece.text for piece in excerpt(pieces(text, hits), EXCERPT)))
