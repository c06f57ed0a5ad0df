"""Linguistic acceptability, sentence by sentence, by any sequence classifier whose labels the bench explains."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal, NamedTuple

from aigc_eval.errors import UsageError
from aigc_eval.metrics import Mean, Metric, Ratio
from aigc_eval.models.classifier import Array, Classifier
from aigc_eval.plugin import ModelRef, Scorer
from aigc_eval.records import Bilingual, Dimension, Generation, Score, Span
from aigc_eval.text import language, sentences

__all__ = ["Acceptability"]

Script = Literal["en", "zh", "other"]
MOST_SPANS = 50
"""Sentences that are kept as evidence, the worst ones."""
_CODE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_MARKER = re.compile(r"[\s>#*+•·●○▪◦-]+")


@dataclass(frozen=True)
class Acceptability(Scorer):
    """Mean probability that a sentence of the answer is acceptable: said as a speaker of the language would say it.

    `model`: a sequence classifier trained on judgements of acceptability (CoLA for English, CoLAC or another of its
    kind for Chinese), a folder or an id in the local cache. `acceptable` names its labels that mean acceptable, as
    `id2label` in its config.json has them (`["LABEL_1"]`): their sum where labels exclude each other (softmax), else
    (sigmoid) the largest. The value is the mean over the sentences of the answer, 0..1, higher is better; parts
    `sentences`, and `unacceptable`: those whose probability is below `threshold`, which spans mark.

    Sentences end as `text.sentences` says (`。！？；`, full stops, line breaks), markers of lists and headings are not
    read, nor are fenced code and pieces without a letter. A sentence longer than the model takes is read in windows
    that overlap by a quarter, and their mean counts.

    `knows`: the scripts that the model can read, of en (Latin), zh (Han) and other; none given means any. A sentence in
    another script makes the answer an error, or is left out with `uncovered: skip`: measure each language of a mixed
    set by a scorer of its own. Not applicable: an answer without a sentence to read. Errors, as both would take
    minutes: a sentence of more than `max_sentence` characters (nothing of that length is one), and an answer whose
    different sentences have more than `max_characters` together.
    """

    model: ModelRef
    acceptable: tuple[str, ...]
    threshold: float = 0.5
    activation: Literal["auto", "softmax", "sigmoid"] = "auto"
    knows: tuple[Script, ...] = ()
    uncovered: Literal["error", "skip"] = "error"
    max_sentence: int = 2000
    max_characters: int = 50_000
    device: str = "auto"

    batch_size: ClassVar[int] = 64
    by_length: ClassVar[bool] = True
    dimensions: ClassVar[tuple[Dimension, ...]] = ("fluency",)
    title: ClassVar[Bilingual] = Bilingual("Linguistic acceptability (your classifier)", "语言可接受性（自选分类模型）")
    needs: ClassVar[str] = "a sequence classifier on disk or in the local Hugging Face cache"
    source: ClassVar[str] = "Warstadt et al. 2019 (CoLA); Hu et al. 2023 (CoLAC)"

    def __post_init__(self) -> None:
        """Refuse options that mean nothing."""
        checks = {
            "name in acceptable the labels of the model that mean acceptable": bool(self.acceptable),
            "threshold must be above 0 and at most 1": 0 < self.threshold <= 1,
            "max_sentence and max_characters must be 1 or more": min(self.max_sentence, self.max_characters) >= 1,
        }
        if wrong := [rule for rule, kept in checks.items() if not kept]:
            raise UsageError(f"acceptability: {'; '.join(wrong)}")

    def load(self) -> None:
        """Open the model and find the labels."""
        self._columns  # noqa: B018

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        """The mean P(acceptable) of each answer's sentences, and which are below the threshold."""
        read = [self._read(g.text) for g in batch]
        each = iter(self._probabilities([g.text[a:b] for g, r in zip(batch, read, strict=True) for a, b in r.places]))
        return [self._scored(r, [next(each) for _ in r.places]) for r in read]

    def metrics(self) -> tuple[Metric, ...]:
        """The mean over answers, and the share of all sentences that are not acceptable."""
        return _metrics(self.threshold)

    @classmethod
    def all_metrics(cls) -> tuple[Metric, ...]:
        """The same with any model."""
        return _metrics(cls.threshold)

    def _read(self, text: str) -> _Reading:
        """The sentences of a text that are to be judged, or why none can be."""
        places = list(_sentences(text))
        if self.knows:
            known = [p for p in places if language(text[p[0] : p[1]]) in self.knows]
            if len(known) < len(places) and self.uncovered == "error":
                return _Reading(error=f"a sentence is in a script outside {', '.join(self.knows)} (option knows)")
            places = known
        if not places:
            return _Reading(note="no sentence to judge")
        if (longest := max(b - a for a, b in places)) > self.max_sentence:
            return _Reading(error=f"a sentence has {longest:,} characters, over max_sentence {self.max_sentence:,}")
        if (total := sum(map(len, {text[a:b] for a, b in places}))) > self.max_characters:
            return _Reading(
                error=f"its sentences have {total:,} characters, over max_characters {self.max_characters:,}"
            )
        return _Reading(tuple(places))

    def _probabilities(self, texts: Sequence[str]) -> list[float]:
        """P(acceptable) of each sentence; equal ones are read once."""
        different = list(dict.fromkeys(texts))
        if not different:
            return []
        windows = self._classifier.windowed(different)
        known = dict(zip(different, map(self._of_windows, windows), strict=True))
        return [known[text] for text in texts]

    def _of_windows(self, windows: Array) -> float:
        """P(acceptable) of one sentence from its windows, shape (windows, labels)."""
        wanted = windows[:, self._columns]
        each = wanted.max(axis=1) if self._classifier.multi_label else wanted.sum(axis=1)
        return min(1.0, float(each.mean()))

    def _scored(self, reading: _Reading, probabilities: Sequence[float]) -> Score:
        if not reading.places:
            return Score(note=reading.note, error=reading.error)
        below = sorted(
            (p, *place) for p, place in zip(probabilities, reading.places, strict=True) if p < self.threshold
        )
        spans = sorted((a, b) for _, a, b in below[:MOST_SPANS])
        return Score(
            math.fsum(probabilities) / len(probabilities),
            {"sentences": float(len(probabilities)), "unacceptable": float(len(below))},
            tuple(Span(a, b, "unacceptable") for a, b in spans),
        )

    @cached_property
    def _classifier(self) -> Classifier:
        return Classifier(self.model, device=self.device, activation=self.activation)

    @cached_property
    def _columns(self) -> list[int]:
        """Where the acceptable labels stand among the model's outputs."""
        columns = sorted(set(self._classifier.label_index(self.acceptable)))
        if len(columns) == len(self._classifier.labels) and not self._classifier.multi_label:
            raise UsageError(
                f"acceptability: all labels of {self._classifier.name!r} are named acceptable, so every text would be"
            )
        return columns


class _Reading(NamedTuple):
    """Start and end of the sentences of an answer that are judged; where there are none, why."""

    places: tuple[tuple[int, int], ...] = ()
    note: str = ""
    error: str = ""


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each sentence with a letter, without its list or heading marker; fenced code is left out."""
    start = 0
    for code in [*_CODE.finditer(text), None]:
        end = code.start() if code else len(text)
        for a, b in sentences(text[start:end]):
            marker = _MARKER.match(text, start + a, start + b)
            first = marker.end() if marker else start + a
            if any(c.isalpha() for c in text[first : start + b]):
                yield first, start + b
        start = code.end() if code else end


def _metrics(threshold: float) -> tuple[Metric, ...]:
    return (
        Mean(
            "acceptability",
            better="higher",
            title=Bilingual("Acceptability", "可接受性"),
            about=Bilingual(
                "P(acceptable) of a sentence by the classifier, mean over the output's sentences, then over outputs.",
                "分类模型给出的句子可接受概率，先对输出中的句子、再对输出取平均。",
            ),
        ),
        Ratio(
            "unacceptable_sentences",
            over="unacceptable",
            under="sentences",
            bounds=(0.0, 1.0),
            unit="share",
            title=Bilingual("Unacceptable sentences", "不可接受句占比"),
            about=Bilingual(
                f"Sentences whose P(acceptable) by the classifier is below {threshold:g} divided by all sentences, "
                "summed over outputs.",
                f"全部输出中，分类模型给出的可接受概率低于 {threshold:g} 的句数除以句子总数。",
            ),
        ),
    )
