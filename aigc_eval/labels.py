"""The sheets and labels in a journal: which labels stand, what the raters of an output say together, who agrees.

An output is a key (candidate, prompt, sample). A rater's latest label of an output stands; what the raters say together
is the answer of most of those who could say. A label counts as long as the output, and what the scorer says of it, are
what they were when it was given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from aigc_eval.agreement import Agreement, cohen_kappa, fleiss_kappa, krippendorff_alpha, table_of
from aigc_eval.records import STRATA, Label, Labelled, RaterAgreement, Sheet, digest
from aigc_eval.reviews import EDITIONS, NAME, NOTE, basis_of, moment, person

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "LABEL",
    "SHEET",
    "Key",
    "core",
    "in_random_order",
    "label_record",
    "labelled",
    "majority",
    "said",
    "sheet_id",
    "sheet_record",
    "sheets",
    "well_formed_label",
    "well_formed_sheet",
    "without_outdated",
]

SHEET = "sheet"
LABEL = "label"
Key = tuple[str, str, int]
"""Candidate, prompt, sample."""
Records = Iterable[Mapping[str, Any]]


def sheet_record(sheet: Sheet) -> dict[str, Any]:
    """A sheet as the journal keeps it."""
    return {"kind": SHEET, "data": sheet.to_json()}


def label_record(label: Label, of: str) -> dict[str, Any]:
    """A label as the journal keeps it; `of` is the `reviews.basis` of the output and of its score."""
    return {"kind": LABEL, "of": of, "data": label.to_json()}


def sheet_id(run: str, sheet: Sheet) -> str:
    """What names a sheet: 16 hex digits of the digest of the run's id and of all of the sheet but its date."""
    told = sheet.to_json()
    return digest(run, {name: value for name, value in told.items() if name not in ("id", "created")})[:16]


def well_formed_sheet(sheet: Sheet) -> bool:
    """Whether every part of a sheet is one that a sheet can have, and no output stands on it twice."""
    keys = [_key(item) for item in sheet.items]
    return (
        all(isinstance(text, str) for text in (sheet.scorer, sheet.metric, sheet.created))
        and moment(sheet.created) is not None
        and type(sheet.seed) is int
        and type(sheet.population) is int
        and sheet.edition in EDITIONS
        and bool(keys)
        and len(set(keys)) == len(keys)
        and all(isinstance(text, str) for key in keys for text in key[:2])
        and all(type(item.sample) is int and item.strata for item in sheet.items)
        and all(item.strata == tuple(s for s in STRATA if s in item.strata) for item in sheet.items)
    )


def well_formed_label(label: Label) -> bool:
    """Whether every part of a label is one that a label can have."""
    texts = (label.sheet, label.candidate, label.prompt, label.rater, label.note, label.at, label.imported)
    digests = (label.seen, label.file)
    return (
        all(isinstance(text, str) for text in (*texts, *digests))
        and type(label.sample) is int
        and label.sample >= 0
        and (label.label is None or type(label.label) is bool)
        and all(re.fullmatch("[0-9a-f]{64}", found) for found in digests)
        and all(moment(text) is not None for text in (label.at, label.imported))
        and 0 < len(label.rater.strip()) <= len(label.rater) <= NAME
        and len(label.note) <= NOTE
    )


def sheets(records: Records) -> list[Sheet]:
    """The sheets among some records, in their order."""
    return [Sheet.from_json(r["data"]) for r in records if r["kind"] == SHEET]


def in_random_order(keys: Iterable[Key], run: str, seed: int) -> list[Key]:
    """Outputs in the random order of a seed: the first n are a simple random sample, for every n.

    Each has a random number of its own, its digest with the seed and the run's id, whoever else is drawn from.

    >>> keys = [("a", f"p{i}", 0) for i in range(9)]
    >>> in_random_order(keys, "run", 7)[:3] == in_random_order(keys[::-1], "run", 7)[:3]
    True
    """
    return sorted(keys, key=lambda key: digest(run, seed, list(key)))


def core(sheet: Sheet, candidate: str) -> list[Key]:
    """The random core of a candidate's outputs, in the order drawn."""
    return [_key(item) for item in sheet.items if item.candidate == candidate and "random" in item.strata]


def _key(of: Any) -> Key:
    return of.candidate, of.prompt, of.sample


def without_outdated(sheet: Sheet, records: Records, rows: pd.DataFrame) -> dict[Key, dict[str, Label]]:
    """The labels of a sheet that stand: by output, and by what tells its raters apart, in the journal's order.

    Left out are those that the same rater changed later, and those of an output or a score that the run has no longer.
    """
    given = [(r["of"], Label.from_json(r["data"])) for r in records if r["kind"] == LABEL]
    given = [(of, label) for of, label in given if label.sheet == sheet.id]
    asked = {_key(item) for item in sheet.items} & {_key(label) for _, label in given}
    keys = zip(rows["candidate"], rows["prompt"], rows["sample"], strict=True) if asked else iter(())
    bases = {
        key: basis_of(rows, place, sheet.scorer)
        for key, place in zip(keys, rows.index, strict=False)
        if key in asked and f"{sheet.scorer}:status" in rows
    }
    found: dict[Key, dict[str, Label]] = {}
    for of, label in given:
        if bases.get(_key(label)) == of:
            own = found.setdefault(_key(label), {})
            before = own.get(rater := person(label.rater))
            if before is None or (moment(before.at) or 0.0) <= (moment(label.at) or 0.0):
                own[rater] = label
    return found


def majority(labels: Iterable[Label]) -> bool | None:
    """What most raters said who could say; None where nobody could, or as many said yes as no."""
    votes = [label.label for label in labels]
    yes, no = votes.count(True), votes.count(False)
    return None if yes == no else yes > no


def said(sheet: Sheet, records: Records, rows: pd.DataFrame) -> dict[Key, bool | None]:
    """What the raters of each output on a sheet say together (`majority`); outputs without any label are left out."""
    return {key: majority(own.values()) for key, own in without_outdated(sheet, records, rows).items()}


def labelled(sheet: Sheet, records: Records, rows: pd.DataFrame) -> Labelled:
    """How much of a sheet is labelled, by whom, and how far they agree."""
    standing = without_outdated(sheet, records, rows)
    together = {key: majority(own.values()) for key, own in standing.items()}
    random = {_key(item) for item in sheet.items if "random" in item.strata}
    names: dict[str, str] = {}
    for own in standing.values():
        for rater, label in own.items():
            names.setdefault(rater, label.rater)
    voted = [any(label.label is not None for label in own.values()) for own in standing.values()]
    return Labelled(
        sheet=sheet.id,
        scorer=sheet.scorer,
        metric=sheet.metric,
        items=len(sheet.items),
        labelled=sum(vote is not None for vote in together.values()),
        core=len(random),
        core_labelled=sum(vote is not None for key, vote in together.items() if key in random),
        population=sheet.population,
        raters=tuple(names.values()),
        disputed=sum(any_ and vote is None for any_, vote in zip(voted, together.values(), strict=True)),
        agreement=tuple(_agreement([*standing.values()], names)),
    )


def _agreement(standing: Sequence[Mapping[str, Label]], names: Mapping[str, str]) -> list[RaterAgreement]:
    """Cohen's kappa of two raters, Fleiss' of more where all of them said, Krippendorff's alpha of any."""
    items = [{r: label.label for r, label in own.items() if label.label is not None} for own in standing]
    raters = [rater for rater in names if any(rater in item for item in items)]
    if len(raters) < 2:
        return []
    shared = [item for item in items if len(item) == len(raters)]
    found: list[tuple[str, Agreement | None]] = []
    if len(raters) == 2 and shared:
        one, other = ([item[rater] for item in shared] for rater in raters)
        found.append(("cohen", cohen_kappa(table_of(one, other)[0])))
    elif shared:
        found.append(("fleiss", fleiss_kappa(_counts(shared))))
    found.append(("krippendorff", krippendorff_alpha(_counts(items))))
    told = tuple(names[rater] for rater in raters)
    return [RaterAgreement(name, of.n, of.value, of.low, of.high, told) for name, of in found if of is not None]


def _counts(items: Sequence[Mapping[str, bool]]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """How many raters said no and yes of each item, shape (items, 2)."""
    votes = [[*item.values()] for item in items]
    return np.array([[own.count(False), own.count(True)] for own in votes], np.float64).reshape(-1, 2)
