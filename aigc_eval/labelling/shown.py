"""The outputs on a sheet as raters see them: no candidate, no score, no stratum, in an order that tells nothing.

An item is named by an HMAC under the run's key, so its name tells nobody which output it is, and the items stand in the
order of their names. Nothing that a scorer marked is highlighted. Sensitive values are masked as in the reviewer
edition, unless the sheet is an internal one.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any

from aigc_eval.labels import Key
from aigc_eval.records import Run, Sheet, Span
from aigc_eval.report.editions import edited
from aigc_eval.report.escape import Shown
from aigc_eval.report.mask import Masker

__all__ = ["MOST", "Item", "items", "names"]

MOST = 20_000
"""Characters shown of one text; what is left out is told."""
MOST_PASSAGES = 20
"""References and evidence passages of one item."""
CUT = "… [+{n}]"


@dataclass(frozen=True)
class Item:
    """One output as it is shown; `key` and `place` say which it is, and stand in no file.

    `outcome` is "" where the output is one as usual. `id` begins with a letter: no spreadsheet takes it for a number.
    """

    id: str
    key: Key
    place: int
    question: Shown
    answer: Shown
    references: tuple[Shown, ...]
    evidence: tuple[Shown, ...]
    outcome: str

    @property
    def seen(self) -> str:
        """SHA-256, in hex, over all that is shown: whoever labelled it saw this and nothing else."""
        told = [self.id, self.question, self.answer, self.references, self.evidence, self.outcome]
        return hashlib.sha256(json.dumps(told).encode("ascii")).hexdigest()


def items(run: Run, sheet: Sheet) -> list[Item]:
    """The items of a sheet that the run still has, in the order in which they are shown."""
    told, masker = edited(run, sheet.edition)
    rows = told.rows
    keys = zip(*(rows[name].tolist() for name in ("candidate", "prompt", "sample")), strict=True)
    places = {(str(c), str(p), int(s)): i for i, (c, p, s) in enumerate(keys)}
    reader = _Reader(told, masker)
    return [reader.item(name, key, places[key]) for name, key in names(run, sheet).items() if key in places]


def names(run: Run, sheet: Sheet) -> dict[str, Key]:
    """The names of a sheet's items, in the order in which they are shown, and the outputs behind them."""
    keys = [(item.candidate, item.prompt, item.sample) for item in sheet.items]
    return dict(sorted((_name(run.key, sheet.id, key), key) for key in keys))


def _name(key: bytes, sheet: str, output: Key) -> str:
    message = json.dumps(["label", sheet, *output]).encode("ascii")
    return f"i{hmac.new(key, message, hashlib.sha256).hexdigest()[:15]}"


class _Reader:
    """Reads the texts of a run's rows as its edition shows them."""

    def __init__(self, run: Run, masker: Masker) -> None:
        self.masker = masker
        known = ("prompt_text", "text", "outcome", "references", "evidence")
        self.columns: dict[str, list[Any]] = {c: run.rows[c].tolist() for c in known if c in run.rows}
        self.spans: list[list[tuple[Span, ...]]] = [
            run.rows[f"{s.name}:spans"].tolist() for s in run.scorers if f"{s.name}:spans" in run.rows
        ]

    def item(self, name: str, key: Key, place: int) -> Item:
        """The item of a row."""
        at = {column: values[place] for column, values in self.columns.items()}
        question, answer = self._shown(at["prompt_text"], place, "prompt"), self._shown(at["text"], place, "output")
        references, evidence = (self._passages(at.get(c)) for c in ("references", "evidence"))
        outcome = "" if at["outcome"] == "ok" else str(at["outcome"])
        return Item(name, key, place, question, answer, references, evidence, outcome)

    def _shown(self, text: str, place: int, target: str) -> Shown:
        spans = [span for column in self.spans for span in column[place] or ()]
        (shown,) = self.masker.shown([text], [self.masker.own(text, spans, target)])
        return _shortened(shown)

    def _passages(self, texts: object) -> tuple[Shown, ...]:
        given = [str(text) for text in texts] if isinstance(texts, tuple | list) else []
        return tuple(_shortened(text) for text in self.masker.shown(given[:MOST_PASSAGES]))


def _shortened(text: Shown) -> Shown:
    return text if len(text) <= MOST else Shown(text[:MOST] + CUT.format(n=f"{len(text) - MOST:,}"))
