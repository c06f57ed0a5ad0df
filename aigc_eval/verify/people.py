"""What people said, as the journal holds it: each record must be one that an import writes at that place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aigc_eval.labels import (
    Key,
    core,
    in_random_order,
    label_record,
    sheet_id,
    sheet_record,
    well_formed_label,
    well_formed_sheet,
)
from aigc_eval.records import Label, Review, Sheet
from aigc_eval.reviews import record as review_record
from aigc_eval.reviews import well_formed
from aigc_eval.verify.finding import demand

__all__ = ["People"]

BasisOf = Callable[[Key, str], str]
"""The `reviews.basis` of an output and of what a scorer says of it; "" where there is no such output or scorer."""


class People:
    """The records of decisions (`reviews`), and those of sheets and labels (`labelling`), in their order."""

    def __init__(self) -> None:
        self.reviews: list[dict[str, Any]] = []
        self.labelling: list[dict[str, Any]] = []
        self._sheets: dict[str, tuple[Sheet, set[Key]]] = {}

    def review(self, record: Mapping[str, Any], basis_of: BasisOf) -> None:
        """Keep a decision."""
        review = Review.from_json(record["data"])
        demand(record == review_record(review, record["of"]), "a decision that is not written as ours are")
        demand(well_formed(review), "a decision that nobody can have made")
        demand(
            record["of"] == basis_of(_key(review), review.scorer), "a decision about another output than the run holds"
        )
        self.reviews.append(dict(record))

    def sheet(self, record: Mapping[str, Any], basis_of: BasisOf, run: str) -> None:
        """Keep a labelling sheet of the run with this id; its random core is in the order that its seed gives."""
        sheet = Sheet.from_json(record["data"])
        demand(record == sheet_record(sheet), "a labelling sheet that is not written as ours are")
        demand(well_formed_sheet(sheet), "a labelling sheet that nobody can have drawn")
        demand(sheet.id == sheet_id(run, sheet), "a labelling sheet with the name of another")
        demand(sheet.id not in self._sheets, "a labelling sheet that was drawn before")
        keys = [_key(item) for item in sheet.items]
        demand(all(basis_of(key, sheet.scorer) for key in keys), "a labelling sheet with outputs that the run has not")
        for candidate in dict.fromkeys(key[0] for key in keys):
            drawn = core(sheet, candidate)
            demand(drawn == in_random_order(drawn, run, sheet.seed), "a random core that its seed does not give")
        self._sheets[sheet.id] = sheet, {*keys}
        self.labelling.append(dict(record))

    def label(self, record: Mapping[str, Any], basis_of: BasisOf) -> None:
        """Keep a label."""
        label = Label.from_json(record["data"])
        demand(record == label_record(label, record["of"]), "a label that is not written as ours are")
        demand(well_formed_label(label), "a label that nobody can have given")
        demand(label.sheet in self._sheets, "a label of no sheet that is there")
        sheet, keys = self._sheets[label.sheet]
        demand(_key(label) in keys, "a label of an output that is not on its sheet")
        demand(record["of"] == basis_of(_key(label), sheet.scorer), "a label of another output than the run holds")
        self.labelling.append(dict(record))


def _key(of: Any) -> Key:
    return of.candidate, of.prompt, of.sample
