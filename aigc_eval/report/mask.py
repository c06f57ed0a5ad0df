"""Masks personal data and secrets: each value becomes `⟦LABEL·3f9a1c⟧`, wherever it occurs.

Scorers mark sensitive spans; this module collects the values behind them and replaces every occurrence in every text
that a report shows, not only the marked one. Values are compared in a compact form (NFKC, lower case, without spaces,
dashes and invisible characters), so `138-0013-8000` and `138 00138000` are one value with one tag. The tag is a
keyed hash (HMAC-SHA256 under the run's key): equal values can be joined, and nobody can guess a value from it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aigc_eval.records import Run, Span
from aigc_eval.report.escape import Shown, spelled, visible
from aigc_eval.report.known import Known
from aigc_eval.text import CharacterMap

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["WITHHELD", "Hit", "Masker", "compact", "withheld"]

LONG = 6
"""Values of at least this many compact characters are replaced anywhere; shorter ones only as whole words."""
SHORT = 2
"""Shorter values than this are masked where they were marked and nowhere else."""


class Hit(NamedTuple):
    """Characters `start` to `end` of a text, and the tag that stands for them."""

    start: int
    end: int
    tag: str


@cache
def _table() -> Mapping[int, str]:
    """What each character becomes in compact form: nothing for spaces, dashes, controls and invisible characters."""
    table = CharacterMap(lambda c: c)
    for code in (*range(0xD800), *range(0xE000, 0x10000), *range(0x1D400, 0x1D800), *range(0xE0000, 0xE0200)):
        char = chr(code)
        dropped = unicodedata.category(char) in ("Cc", "Cf", "Zs", "Zl", "Zp", "Pd") or visible(char) != char
        folded = "" if dropped and char != "⟦" else unicodedata.normalize("NFKC", char).lower()
        if folded != char:
            table[code] = "".join(folded.split()).replace("-", "")
    return table


def compact(text: str) -> str:
    """The form in which values are compared.

    >>> compact("１３８-0013 8000"), compact("A@B.com")
    ('13800138000', 'a@b.com')
    """
    return text.translate(_table())


def _word(char: str) -> bool:
    return char.isascii() and char.isalnum()


@dataclass(frozen=True)
class Masker:
    """Finds and replaces sensitive values; `of_run` collects them, `tags` maps compact value to tag.

    An `open` one masks nothing, not even what is marked: for readers who may see all.
    """

    key: bytes
    tags: Mapping[str, str]
    open: bool = False
    _known: Known = field(init=False, repr=False, default=Known())

    def __post_init__(self) -> None:
        object.__setattr__(self, "_known", Known.of((v for v in self.tags if len(v) >= SHORT), whole=LONG))

    @classmethod
    def of_run(cls, rows: pd.DataFrame, key: bytes) -> Masker:
        """Collect the values of all sensitive spans, labelled as first seen in column and row order."""
        found: dict[str, str] = {}
        for name in [c for c in rows.columns if c.endswith(":spans")]:
            for text, prompt, spans in zip(rows["text"], rows["prompt_text"], rows[name], strict=True):
                for span in spans or ():
                    if span.sensitive:
                        value = compact((prompt if span.target == "prompt" else text)[span.start : span.end])
                        found.setdefault(value, span.label)
        return cls(key, _tagged(found, key))

    def hits(self, texts: Sequence[str]) -> dict[int, list[Hit]]:
        """Where known values occur: index of the text -> hits, overlapping ones possible.

        Of many that overlap, as in one repeated character, those suffice that together cover the same characters.
        """
        if not self._known.values or not texts:
            return {}
        pieces = [compact(t) for t in texts]
        joined = "\0".join(pieces)
        starts = np.cumsum([0, *(len(p) + 1 for p in pieces[:-1])])
        places: dict[int, list[tuple[int, str]]] = {}
        for position, value in self._known.found(joined):
            index = int(np.searchsorted(starts, position, side="right")) - 1
            places.setdefault(index, []).append((position - int(starts[index]), value))
        found = {index: self._located(texts[index], here) for index, here in places.items()}
        return {index: hits for index, hits in found.items() if hits}

    def _located(self, text: str, places: Iterable[tuple[int, str]]) -> list[Hit]:
        """Compact offsets back to offsets of the text; short values only as whole words."""
        where = _offsets(text)
        hits = []
        for offset, value in places:
            start, end = where[offset], where[offset + len(value) - 1] + 1
            whole = not (
                (start and _word(value[0]) and _word(text[start - 1]))
                or (end < len(text) and _word(value[-1]) and _word(text[end]))
            )
            if len(value) >= LONG or whole:
                hits.append(Hit(start, end, self.tags[value]))
        return hits

    def tag(self, value: str, label: str) -> str:
        """The tag of a marked value."""
        return self.tags.get(compact(value)) or f"⟦{_clean(label)}⟧"

    def own(self, text: str, spans: Iterable[Span], target: str = "output") -> list[Hit]:
        """The hits of a row's own sensitive spans in its output or prompt."""
        if self.open:
            return []
        due = (s for s in spans if s.sensitive and s.target == target and s.start < len(text))
        return [Hit(s.start, min(s.end, len(text)), self.tag(text[s.start : s.end], s.label)) for s in due]

    def shown(self, texts: Sequence[str], own: Sequence[Sequence[Hit]] | None = None) -> list[Shown]:
        """Texts with every value masked and every invisible character spelled out."""
        hits = self.hits(texts)
        marked = own or ((),) * len(texts)
        return [
            masked(text, [*hits.get(i, ()), *here]) if here or i in hits else spelled(text)
            for i, (text, here) in enumerate(zip(texts, marked, strict=True))
        ]

    def replaced(self, texts: Sequence[str]) -> list[str]:
        """Texts with every value masked and all else as it was: what is hidden is not spelled out yet."""
        hits = self.hits(texts)
        return [_replaced(text, hits[i]) if i in hits else text for i, text in enumerate(texts)]

    def long(self) -> Masker:
        """The same masker without its short values, for identifiers that must not be torn apart by chance."""
        return Masker(self.key, {v: tag for v, tag in self.tags.items() if len(v) >= LONG}, self.open)


WITHHELD = "[withheld: not checked for personal data]"
"""What stands for a text that a scorer should have checked for personal data and could not."""


def withheld(run: Run) -> Run:
    """The run without the outputs that a scorer should have checked for personal data and could not.

    So with the prompts that were never checked, whatever the candidate.
    """
    columns = [f"{s.name}:status" for s in run.scorers if s.masks and f"{s.name}:status" in run.rows]
    unchecked = (run.rows[columns] == "failed").any(axis=1) & (run.rows["text"] != "")
    if not unchecked.any():
        return run
    rows = run.rows.copy()
    rows.loc[unchecked, "text"] = WITHHELD
    never = unchecked & ~rows["prompt"].isin(rows.loc[~unchecked, "prompt"])
    rows.loc[never, "prompt_text"] = WITHHELD
    for name in (c for c in rows.columns if c.endswith(":spans")):  # they point into the texts that are gone
        rows[name] = [() if gone else spans for gone, spans in zip(unchecked, rows[name], strict=True)]
    return replace(run, rows=rows)


def _offsets(text: str) -> list[int]:
    """For each compact character, the offset of the character it came from."""
    table = _table()
    return [i for i, c in enumerate(text) for _ in table.get(ord(c), c)]


def merged(hits: Iterable[Hit]) -> list[Hit]:
    """Overlapping hits as one, tagged like the longest of them."""
    union: list[tuple[Hit, int]] = []
    for hit in sorted(hits, key=lambda h: (h.start, -h.end)):
        if union and hit.start < union[-1][0].end:
            last, longest = union[-1]
            size = hit.end - hit.start
            tag = hit.tag if size > longest else last.tag
            union[-1] = (Hit(last.start, max(last.end, hit.end), tag), max(size, longest))
        else:
            union.append((hit, hit.end - hit.start))
    return [hit for hit, _ in union]


def masked(text: str, hits: Iterable[Hit]) -> Shown:
    """The text with its hits replaced by their tags, ready to show.

    >>> masked("mail a@b.com now", [Hit(5, 12, "⟦EMAIL·3f9a1c⟧")])
    'mail ⟦EMAIL·3f9a1c⟧ now'
    """
    pieces, at = [], 0
    for hit in merged(hits):
        pieces += [spelled(text[at : hit.start]), hit.tag]
        at = hit.end
    return Shown("".join([*pieces, spelled(text[at:])]))


def _replaced(text: str, hits: Iterable[Hit]) -> str:
    pieces, at = [], 0
    for hit in merged(hits):
        pieces += [text[at : hit.start], hit.tag]
        at = hit.end
    return "".join([*pieces, text[at:]])


def _clean(label: str) -> str:
    """The kind of a value, without what a scorer says of its origin ("echo:")."""
    return re.sub(r"[^\w.-]", "_", label.rpartition(":")[2], flags=re.ASCII)[:40] or "VALUE"


def _tagged(labels: Mapping[str, str], key: bytes) -> dict[str, str]:
    """Compact value -> tag; as many hash digits as keep the run's values apart, none without a key."""
    if not key:
        return {value: f"⟦{_clean(label)}⟧" for value, label in labels.items()}
    hashes = {v: hmac.new(key, v.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest() for v in labels}
    digits = next(n for n in range(6, 65, 2) if len({h[:n] for h in hashes.values()}) == len(hashes))
    return {value: f"⟦{_clean(label)}·{hashes[value][:digits]}⟧" for value, label in labels.items()}
