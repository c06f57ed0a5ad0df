"""Groundedness: whether each sentence of an answer is supported by the prompt's evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import ClassVar, Literal, NamedTuple

from aigc_eval.errors import UsageError
from aigc_eval.metrics import Metric
from aigc_eval.models.nli import Nli
from aigc_eval.plugin import ModelRef, Scorer
from aigc_eval.records import Bilingual, Dimension, Generation, Prompt, Score, Span
from aigc_eval.scorers.groundedness.check import KINDS, CheckedSentence, check
from aigc_eval.scorers.groundedness.claims import is_claim, stripped
from aigc_eval.scorers.groundedness.evidence import Evidence
from aigc_eval.scorers.groundedness.measures import measure
from aigc_eval.scorers.groundedness.model import bundled
from aigc_eval.scorers.groundedness.nli import Best, best, verdict
from aigc_eval.scorers.groundedness.numerals import flat
from aigc_eval.scorers.groundedness.reported import CALIBRATED, COMMON, FINDINGS, INFERRED
from aigc_eval.text import sentences

__all__ = ["Groundedness"]


class _Claims(NamedTuple):
    """The asserting sentences of an answer, and their measures where they are asked for."""

    checked: list[CheckedSentence]
    measures: list[list[float]]


_NO_EVIDENCE = Score(note="no evidence")
_NO_CLAIM = Score(note="no sentence that asserts anything")


@dataclass(frozen=True)
class Groundedness(Scorer):
    """Share of an answer's sentences that the prompt's `evidence` supports, 0..1, higher is better.

    Without `model`, a sentence is checked for its numbers with their units, dates, names, polarity and the share of
    content words found; what has no support is a span "unsupported:number", ":date", ":name", ":negation" or
    ":content". With `support: calibrated`, these findings and further measures of overlap and order go into a small
    bundled model, whose P(supported) decides: a sentence is supported from `threshold` on, and the value is the mean
    of P, the share of supported sentences to be expected. A sentence that it finds too little supported although no
    single check found anything is a span "unsupported:overall". With `support: findings`, a sentence is supported
    where no check found anything. Neither understands language: rewordings are missed, and so are false relations
    between words that all occur. Data, accuracy, known failures: MODEL_CARD.md in this package.

    With `model` (a natural-language-inference classifier), each sentence j scores
    s_j = max_i P(entailment | chunk i) - max_i P(contradiction | chunk i), -1..1, as SummaC-ZS does (Laban et al.
    2022), and is supported where s_j >= `threshold`. `chunk` is the most tokens of evidence read at once; 1 reads
    sentence by sentence. Part `nli` is the mean of s_j. An answer that would take more than `max_pairs` readings
    (sentences times chunks) is an error.

    Questions, greetings, refusals and headings assert nothing and do not count. Prompts without evidence, and answers
    that assert nothing, do not apply.
    """

    model: ModelRef | None = None
    threshold: float = 0.5
    chunk: int = 256
    max_pairs: int = 10_000
    support: Literal["calibrated", "findings"] = "calibrated"

    version: ClassVar[str] = "2"
    batch_size: ClassVar[int] = 32
    dimensions: ClassVar[tuple[Dimension, ...]] = ("factuality",)
    title: ClassVar[Bilingual] = Bilingual("Groundedness (given evidence)", "有据性（给定证据）")
    languages: ClassVar[tuple[str, ...]] = ("en", "zh")
    needs: ClassVar[str] = "prompts with evidence; optionally an NLI model"
    source: ClassVar[str] = "with a model: Laban et al. 2022, SummaC"

    def __post_init__(self) -> None:
        if not -1 <= self.threshold <= 1:
            raise UsageError(f"groundedness: threshold must lie between -1 and 1, not {self.threshold}")
        if self.chunk < 1 or self.max_pairs < 1:
            raise UsageError(
                f"groundedness: chunk and max_pairs must be at least 1, not {self.chunk}, {self.max_pairs}"
            )

    def load(self) -> None:
        """Open the model: the one given, or the bundled one."""
        if self.model is not None:
            self._nli  # noqa: B018
        elif self.support == "calibrated":
            bundled()

    def facts(self) -> Mapping[str, str]:
        """Beside the model given: the digest of the bundled weights, where they decide."""
        weights = {"weights": bundled().digest} if self._by() == "calibrated" else {}
        return {**super().facts(), **weights}

    def signature(self) -> str:
        """Name, options and version, and which check decides: `nli`, `calibrated` or `findings`."""
        return f"{super().signature()}|check:{self._by()}"

    def _by(self) -> str:
        return self.support if self.model is None else "nli"

    @cached_property
    def _nli(self) -> Nli:
        return Nli(str(self.model))

    def not_applicable(self, prompt: Prompt) -> str:
        """Prompts without evidence."""
        return "" if _evidence(prompt) else _NO_EVIDENCE.note

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        """One score a generation."""
        if self.model is not None:
            return self._inferred(batch)
        if self.support == "findings":
            return [r if isinstance(r, Score) else _summed(r.checked) for r in map(_read_claims, batch)]
        return self._calibrated([_read_claims(generation, measured=True) for generation in batch])

    def metrics(self) -> tuple[Metric, ...]:
        """The share of supported sentences first."""
        if self.model is not None:
            return COMMON + INFERRED
        return (*COMMON, *CALIBRATED, *FINDINGS) if self.support == "calibrated" else COMMON + FINDINGS[:-1]

    @classmethod
    def all_metrics(cls) -> tuple[Metric, ...]:
        """Those without a model and those with one."""
        return (*COMMON, *CALIBRATED, *FINDINGS, *INFERRED)

    def _calibrated(self, found: Sequence[Score | _Claims]) -> list[Score]:
        rows = [row for each in found if not isinstance(each, Score) for row in each.measures]
        odds = iter(bundled().probabilities(rows).tolist() if rows else ())
        return [
            each
            if isinstance(each, Score)
            else _summed(each.checked, [next(odds) for _ in each.checked], self.threshold)
            for each in found
        ]

    def _inferred(self, batch: Sequence[Generation]) -> list[Score]:
        claims = [_claims(generation) for generation in batch]
        items = [
            (_evidence(generation.prompt), [generation.text[a:b] for a, b in places])
            for generation, places in zip(batch, claims, strict=True)
        ]
        judged = best(self._nli, items, self.chunk, self.max_pairs)
        rows = zip(batch, claims, judged, strict=True)
        return [self._judged(generation, places, found) for generation, places, found in rows]

    def _judged(self, generation: Generation, places: Sequence[tuple[int, int]], found: Sequence[Best] | None) -> Score:
        if not _evidence(generation.prompt):
            return _NO_EVIDENCE
        if found is None:
            return Score(error=f"{len(places):,} sentences and this much evidence are more than max_pairs readings")
        if not places:
            return _NO_CLAIM
        margins = [judged.entailment - judged.contradiction for judged in found]
        labels = [None if m >= self.threshold else verdict(j) for m, j in zip(margins, found, strict=True)]
        spans = [Span(a, b, label) for (a, b), label in zip(places, labels, strict=True) if label]
        supported = labels.count(None)
        return Score(
            supported / len(places),
            {
                "sentences": float(len(places)),
                "supported": float(supported),
                "fully_supported": float(supported == len(places)),
                "contradicted": float(labels.count("unsupported:contradiction")),
                "nli": sum(margins) / len(margins),
            },
            tuple(spans),
        )


def _evidence(prompt: Prompt) -> list[str]:
    return [passage for passage in prompt.evidence if passage.strip()]


def _claims(generation: Generation) -> list[tuple[int, int]]:
    """Places of the asserting sentences, without list markers; none where there is no evidence to judge them by."""
    whole = flat(generation.text)
    if not _evidence(generation.prompt):
        return []
    return [(a + stripped(whole[a:b]), b) for a, b in sentences(whole) if is_claim(whole[a:b])]


@lru_cache(maxsize=16)  # the samples of a prompt follow one another
def _read(passages: tuple[str, ...], question: str) -> Evidence:
    return Evidence(passages, question)


def _read_claims(generation: Generation, measured: bool = False) -> Score | _Claims:
    """The asserting sentences as checked, or why there is nothing to score."""
    passages = _evidence(generation.prompt)
    if not passages:
        return _NO_EVIDENCE
    evidence = _read(tuple(passages), generation.prompt.text)
    checked = check(generation.text, evidence)
    if not checked or not measured:
        return _Claims(checked, []) if checked else _NO_CLAIM
    whole = flat(generation.text)
    return _Claims(checked, [measure(c, whole[slice(*c.place)], evidence) for c in checked])


def _summed(checked: Sequence[CheckedSentence], odds: Sequence[float] = (), threshold: float = 0.5) -> Score:
    """The score of an answer's sentences, by P(supported) of each if given, else by their findings."""
    counts = Counter(finding.kind for sentence in checked for finding in sentence.findings)
    spans = [Span(*f.place, f"unsupported:{f.kind}") for sentence in checked for f in sentence.findings]
    holds = [p >= threshold for p in odds] if odds else [not sentence.findings for sentence in checked]
    parts = {
        "sentences": float(len(checked)),
        "supported": float(sum(holds)),
        "fully_supported": float(all(holds)),
        "content": sum(sentence.found for sentence in checked) / len(checked),
        **{f"unsupported_{kind}": float(counts[kind]) for kind in KINDS},
    }
    if not odds:
        return Score(sum(holds) / len(checked), parts, tuple(spans))
    plain = [c.place for c, held in zip(checked, holds, strict=True) if not held and not c.findings]
    spans += [Span(*place, "unsupported:overall") for place in plain]
    support = sum(odds) / len(odds)
    return Score(support, {**parts, "support": support, "unsupported_overall": float(len(plain))}, tuple(spans))
