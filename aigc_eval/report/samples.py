"""Every output as a reviewer sees it: masked, highlighted, with what scorers flagged; the worst first.

What a flag is, and in which order the samples come: see `flags`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np

from aigc_eval.records import Run, Span
from aigc_eval.report.escape import Shown, visible
from aigc_eval.report.excerpts import Piece, excerpt, pieces
from aigc_eval.report.flags import Flags, finds, flags_of, harmful, sliced_tags
from aigc_eval.report.mask import Hit, Masker
from aigc_eval.report.numbers import figure

__all__ = [
    "MOST_TEXTS",
    "NAME",
    "PASSAGE",
    "Flag",
    "Sample",
    "each_sample",
    "key_of",
    "samples",
    "shortened",
]

MOST_TEXTS = 3
"""References and evidence passages of one sample."""
PASSAGE = 240
"""Characters shown of one of them, roughly."""
NAME = 120
"""Characters shown of a prompt's id and of the value of a tag."""
_AT_ONCE = 256

Pieces = tuple[Piece, ...]


class Flag(NamedTuple):
    """What one scorer flags: the labels that it marked, each with how often, and its remark; or that it failed."""

    scorer: str
    labels: tuple[tuple[str, int], ...]
    note: str
    failed: bool


@dataclass(frozen=True)
class Sample:
    """One output as it is shown.

    `key` names it among those of its run without telling anything of it; `number` counts the samples of a prompt from
    1. `tags` are its language and the tags that slice the run, by name. `outcome` is how it ended and `error` the kind
    of error. `scores` are by scorer: as printed, and the number, None where there is none. `place` is its row.
    """

    key: str
    place: int
    candidate: str
    prompt: str
    number: int
    tags: tuple[tuple[str, str], ...]
    outcome: str
    error: str
    detail: str
    scores: tuple[tuple[str, str, float | None], ...]
    flags: tuple[Flag, ...]
    harmful: bool
    question: Pieces
    answer: Pieces
    references: tuple[Pieces, ...]
    evidence: tuple[Pieces, ...]

    @property
    def seen(self) -> str:
        """SHA-256, in hex, over all that is shown of the sample: whoever decided on it saw this and nothing else."""
        shown = [getattr(self, f.name) for f in fields(self) if f.name not in _UNSEEN]
        told = json.dumps([*shown, [printed for _, printed, _ in self.scores]], default=_plain)
        return hashlib.sha256(told.encode("ascii")).hexdigest()


_UNSEEN = frozenset({"key", "place", "scores"})


def _plain(piece: Piece) -> list[object]:
    return [piece.text, piece.labels, piece.masked, piece.supports]


def key_of(run: Run, candidate: str, prompt: str, sample: int) -> str:
    """The key of a sample: HMAC-SHA256 under the run's key, 16 hex digits."""
    message = json.dumps([candidate, prompt, sample]).encode("ascii")
    return hmac.new(run.key, message, hashlib.sha256).hexdigest()[:16]


def samples(run: Run, masker: Masker, keys: Collection[str] | None = None) -> list[Sample]:
    """All samples of a run, or those with these keys; the worst first.

    The texts are those of reports where the run went through `mask.withheld` and the masker is `Masker.of_run`.
    """
    return list(each_sample(run, masker, keys))


def each_sample(run: Run, masker: Masker, keys: Collection[str] | None = None) -> Iterator[Sample]:
    """`samples` one after the other: those that nobody asks for are not made."""
    found = flags_of(run)
    order = found.worst_first()
    if keys is not None:
        wanted = set(keys)
        names = zip(*(run.rows[c] for c in ("candidate", "prompt", "sample")), strict=True)
        kept = np.array([key_of(run, c, p, int(s)) in wanted for c, p, s in names], dtype=bool)
        order = [i for i in order if kept[i]]
    maker = _Maker(run, masker, found)
    for start in range(0, len(order), _AT_ONCE):
        yield from maker.made(order[start : start + _AT_ONCE])


class _Maker:
    """Makes samples of rows, many at once: looking for masked values has a price a call."""

    def __init__(self, run: Run, masker: Masker, found: Flags) -> None:
        self.run, self.masker, self.found = run, masker, found
        self.flagged = found.any
        self.harmful = harmful(run).to_numpy()
        self.tags = sliced_tags(run)
        self.spans = [f"{s.name}:spans" for s in found.scorers]
        self.columns = {name: run.rows[name].tolist() for name in self._needed()}
        self.shown = _each_once(masker.long(), (self.columns[c] for c in ("prompt", "lang", *self.tags)), NAME)
        notes = [f"{s.name}:note" for s in found.scorers]
        self.remarks = _each_once(masker, (self.columns[c] for c in ("detail", *notes)), PASSAGE)

    def _needed(self) -> list[str]:
        own = [c for s in self.found.scorers for c in (s.name, f"{s.name}:spans", f"{s.name}:note")]
        passages = [c for c in ("references", "evidence") if c in self.run.rows]
        known = ("candidate", "prompt", "sample", "prompt_text", "text", "outcome", "error", "detail", "lang")
        return [*known, *self.tags, *passages, *own]

    def made(self, places: Sequence[int]) -> Iterator[Sample]:
        """The samples of these rows."""
        texts = [self._texts(i) for i in places]
        flat = list(dict.fromkeys(t for own in texts for group in own for t in group))
        hits = {flat[i]: found for i, found in self.masker.hits(flat).items()}
        for i, own in zip(places, texts, strict=True):
            yield self._sample(i, own, hits)

    def _texts(self, i: int) -> tuple[Sequence[str], ...]:
        """The prompt, the answer, the references and the evidence of a row."""
        get = {name: self.columns[name][i] for name in ("references", "evidence") if name in self.columns}
        passages = (_some(get.get("references")), _some(get.get("evidence")))
        return (self.columns["prompt_text"][i],), (self.columns["text"][i],), *passages

    def _sample(self, i: int, texts: tuple[Sequence[str], ...], hits: Mapping[str, Sequence[Hit]]) -> Sample:
        at = {name: values[i] for name, values in self.columns.items()}
        spans = [s for name in self.spans for s in at[name] or ()]
        (question,), (answer,), references, evidence = texts
        tags = (("lang", at["lang"]), *((t.removeprefix("tag."), str(at[t])) for t in self.tags if at[t]))
        return Sample(
            key=key_of(self.run, at["candidate"], at["prompt"], int(at["sample"])),
            place=i,
            candidate=visible(at["candidate"]),
            prompt=self.shown[at["prompt"]],
            number=int(at["sample"]) + 1,
            tags=tuple((visible(name), self.shown[value]) for name, value in tags),
            outcome=at["outcome"],
            error=at["error"] or "",
            detail=self.remarks[at["detail"] or ""],
            scores=tuple((visible(s.name), figure(at[s.name]), _number(at[s.name])) for s in self.found.scorers),
            flags=tuple(self._flag(i, int(j)) for j in np.flatnonzero(self.flagged[i])),
            harmful=bool(self.harmful[i]),
            question=self._cut(question, spans, hits, "prompt"),
            answer=self._cut(answer, spans, hits, "output"),
            references=tuple(_passage(t, hits) for t in references),
            evidence=tuple(_passage(t, hits) for t in evidence),
        )

    def _flag(self, i: int, j: int) -> Flag:
        scorer = self.found.scorers[j]
        labels = Counter(str(visible(s.label)) for s in self.columns[self.spans[j]][i] or () if finds(s))
        note = self.remarks[self.columns[f"{scorer.name}:note"][i] or ""]
        return Flag(visible(scorer.name), tuple(labels.items()), note, bool(self.found.failed[i, j]))

    def _cut(self, text: str, spans: Iterable[Span], hits: Mapping[str, Sequence[Hit]], target: str) -> Pieces:
        """An excerpt with every sensitive value masked and the other spans highlighted."""
        spans = [s for s in spans if s.target == target and s.start < len(text)]
        masks = [*self.masker.own(text, spans, target), *hits.get(text, ())]
        return tuple(excerpt(pieces(text, masks, [s for s in spans if self.masker.open or not s.sensitive])))


def _each_once(masker: Masker, columns: Iterable[Sequence[Any]], most: int) -> dict[str, Shown]:
    """Each different text of some columns -> as it is shown, in so many characters."""
    different = list(dict.fromkeys(str(v or "") for column in columns for v in column))
    shown = (shortened(t, most) for t in masker.shown(different))
    return dict(zip(different, shown, strict=True))


def shortened(text: Shown, most: int) -> Shown:
    """The first so many characters."""
    return text if len(text) <= most else Shown(text[:most] + "…")


def _some(passages: object) -> Sequence[str]:
    return [str(t) for t in passages[:MOST_TEXTS]] if isinstance(passages, tuple | list) else ()


def _passage(text: str, hits: Mapping[str, Sequence[Hit]]) -> Pieces:
    return tuple(excerpt(pieces(text, hits.get(text, ())), budget=PASSAGE))


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
