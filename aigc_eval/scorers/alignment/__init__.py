"""Alignment: whether a model trained for it finds each sentence of an answer supported by the prompt's evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal

from aigc_eval.errors import UsageError
from aigc_eval.metrics import Metric
from aigc_eval.models.packing import Row
from aigc_eval.plugin import ModelRef, Scorer
from aigc_eval.records import Bilingual, Dimension, Generation, Prompt, Score, Span
from aigc_eval.scorers.alignment.reported import alignment_metrics
from aigc_eval.scorers.alignment.verifier import Frame, Verifier, frame_of
from aigc_eval.text import sentences

__all__ = ["Alignment"]

_NO_EVIDENCE = Score(note="no evidence")
_NO_SENTENCE = Score(note="no sentence")
Readings = list[list[list[Row]]]
"""The inputs of an answer: for each sentence, for each chunk of evidence, one or more windows."""


@dataclass(frozen=True)
class Alignment(Scorer):
    """How likely the prompt's `evidence` supports an answer, by a verifier model; value 0..1, higher is better.

    For a sentence s_j of the answer, P_j = max_i P(supported | chunk i, s_j) over chunks of evidence of at most `chunk`
    tokens; the value is the mean of P_j (AlignScore). A sentence is supported where P_j >= `threshold`, an answer where
    all its sentences are (MiniCheck); others are spans "unsupported". Every sentence with two letters or more counts,
    questions and greetings too. Parts: `sentences`, `supported`, `fully_supported`, `worst` (the smallest P_j).

    `model` is a folder or an id in the local cache: a classifier of (document, claim) pairs, or MiniCheck-Flan-T5. Its
    label is found by name (aligned, supported, entailment, 1); otherwise name it as `supported` (LABEL_1 of
    MiniCheck's RoBERTa and DeBERTa). `frame` says how the texts are joined, `auto` as the model's kind and name tell.
    AlignScore's own checkpoints are not folders of transformers: save their 3-way head as a sequence classifier first.
    An answer that would take more than `max_pairs` readings (sentences times chunks) is an error. English models judge
    English; for Chinese take a multilingual one.
    """

    model: ModelRef
    supported: str = ""
    frame: Literal["auto", "pair", "minicheck"] = "auto"
    chunk: int = 350
    threshold: float = 0.5
    max_pairs: int = 5_000
    device: str = "auto"

    batch_size: ClassVar[int] = 32
    dimensions: ClassVar[tuple[Dimension, ...]] = ("factuality",)
    title: ClassVar[Bilingual] = Bilingual("Alignment with the evidence (verifier model)", "与证据一致（核查模型）")
    needs: ClassVar[str] = "prompts with evidence; a verifier model"
    source: ClassVar[str] = "Zha et al. 2023, AlignScore; Tang et al. 2024, MiniCheck"

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1:
            raise UsageError(f"alignment: threshold must be above 0 and at most 1, not {self.threshold}")
        if self.chunk < 1 or self.max_pairs < 1:
            raise UsageError(f"alignment: chunk ({self.chunk}) and max_pairs ({self.max_pairs}) must be at least 1")

    def load(self) -> None:
        """Open the model; UsageError where the label that means supported cannot be told."""
        self._verifier  # noqa: B018

    def facts(self) -> Mapping[str, str]:
        """Content digest of the model, and the frame in use."""
        return {**super().facts(), "frame": self._frame}

    def signature(self) -> str:
        """Name, options, version, and the frame in use."""
        return f"{super().signature()}|as:{self._frame}"

    @property
    def _frame(self) -> Frame:
        return frame_of(self.model) if self.frame == "auto" else self.frame

    @cached_property
    def _verifier(self) -> Verifier:
        return Verifier(self.model, self._frame, self.supported, device=self.device)

    def not_applicable(self, prompt: Prompt) -> str:
        """Prompts without evidence."""
        return "" if _evidence(prompt) else _NO_EVIDENCE.note

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        """One score a generation; all readings of the batch go through the model together, each once."""
        places = [_places(g) for g in batch]
        readings = [self._readings(g, p) for g, p in zip(batch, places, strict=True)]
        rows = dict.fromkeys(
            (tuple(row.ids), tuple(row.types))
            for reading in readings if reading is not None
            for chunks in reading for windows in chunks for row in windows
        )  # fmt: skip
        found = self._verifier.supported([Row(list(ids), list(types)) for ids, types in rows])
        chance = dict(zip(rows, found.tolist(), strict=True))
        return [self._score(g, p, reading, chance) for g, p, reading in zip(batch, places, readings, strict=True)]

    def _readings(self, generation: Generation, places: Sequence[tuple[int, int]]) -> Readings | None:
        """None where there would be too many."""
        chunks = [c for passage in _evidence(generation.prompt) for c in self._verifier.chunks(passage, self.chunk)]
        left = self.max_pairs
        found: Readings = []
        for a, b in places:
            found.append([])
            for chunk in chunks:
                found[-1].append(self._verifier.rows(chunk, generation.text[a:b]) if left > 0 else [])
                left -= len(found[-1][-1]) or 1
            if left < 0:
                return None
        return found

    def _score(
        self,
        generation: Generation,
        places: Sequence[tuple[int, int]],
        readings: Readings | None,
        chance: Mapping[tuple[tuple[int, ...], tuple[int, ...]], float],
    ) -> Score:
        if not _evidence(generation.prompt):
            return _NO_EVIDENCE
        if not places:
            return _NO_SENTENCE
        if readings is None:
            return Score(error=f"{len(places):,} sentences and this much evidence are more than max_pairs readings")
        each = [
            max(min(chance[tuple(row.ids), tuple(row.types)] for row in windows) for windows in chunks)
            for chunks in readings
        ]
        low = [place for place, p in zip(places, each, strict=True) if p < self.threshold]
        return Score(
            sum(each) / len(each),
            {
                "sentences": float(len(each)),
                "supported": float(len(each) - len(low)),
                "fully_supported": float(not low),
                "worst": min(each),
            },
            tuple(Span(a, b, "unsupported") for a, b in low),
        )

    def metrics(self) -> tuple[Metric, ...]:
        """The mean probability first."""
        return alignment_metrics(self.threshold)

    @classmethod
    def all_metrics(cls) -> tuple[Metric, ...]:
        """Those at the default threshold."""
        return alignment_metrics(0.5)


def _evidence(prompt: Prompt) -> list[str]:
    return [passage for passage in prompt.evidence if passage.strip()]


def _places(generation: Generation) -> list[tuple[int, int]]:
    """Sentences with two letters or more: a list's "1." is none."""
    text = generation.text
    return [(a, b) for a, b in sentences(text) if sum(map(str.isalpha, text[a:b])) > 1]
