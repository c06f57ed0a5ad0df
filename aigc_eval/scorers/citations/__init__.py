"""Citations: whether an answer's quotations stand in the evidence, and its citations point to what supports them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from aigc_eval.errors import UsageError
from aigc_eval.metrics import Metric
from aigc_eval.models.nli import Nli
from aigc_eval.plugin import ModelRef, Scorer
from aigc_eval.records import Bilingual, Dimension, Generation, Prompt, Score, Span
from aigc_eval.scorers.citations.attribution import (
    Attributed,
    Question,
    attribute,
    entailed,
    questions,
    readings,
)
from aigc_eval.scorers.citations.marks import Cited, cited_sentences, marks, prose, quotes
from aigc_eval.scorers.citations.reported import citation_metrics
from aigc_eval.scorers.citations.support import has_words, is_quoted

__all__ = ["Citations"]

_NO_EVIDENCE = Score(note="no evidence")
_NOTHING = Score(note="neither a quotation nor a citation")
_TOO_MUCH = "the citations of this answer would take more than max_pairs readings"
Entails = Callable[[Cited, tuple[int, ...]], bool]


@dataclass(frozen=True)
class Citations(Scorer):
    """Share of an answer's quotations and cited sentences that the prompt's `evidence` bears out; value 0..1.

    A quotation (“...”, "...", 「」, a quoted line; three words or six Han characters at least, no title) must stand in
    one passage word for word; one of the question's own words is not counted. A citation mark ([1], [2, 3], 【1】,
    (Source 2), （来源1）, ① behind a word) must name a passage by its number, the first being 1, and the passages that
    a sentence cites must support it: without `model`, by having all its numbers and half of its content words; with
    `model` (a natural-language-inference classifier), by entailing it together with P >= `threshold`. Code, footnotes
    and a closing list of sources are left out.

    Parts: `quotes`, `quotes_found`, `fabricated` (1 if any is not found); `citations`, `citations_valid`; `sentences`,
    `uncited`, `cited_sentences`, `cited_supported`; with `model` `citation_recall` and `citation_precision` (ALCE,
    except that a citation of no passage counts as imprecise, where ALCE's code leaves its whole sentence out).
    Spans: "fabricated_quote", "invalid_citation", "unsupported_citation", and "quote" for what was found.

    An answer with neither does not apply, unless citations are `required`: then its statements are all uncited. With
    `model`, an answer that would take more than `max_pairs` readings is an error. Words in quotation marks that quote
    nobody count as fabricated: read the spans.
    """

    model: ModelRef | None = None
    threshold: float = 0.5
    required: bool = False
    max_pairs: int = 2_000

    batch_size: ClassVar[int] = 32
    dimensions: ClassVar[tuple[Dimension, ...]] = ("factuality",)
    title: ClassVar[Bilingual] = Bilingual("Quotations and citations", "引文与出处标注")
    languages: ClassVar[tuple[str, ...]] = ("en", "zh")
    needs: ClassVar[str] = "prompts with evidence; optionally an NLI model"
    source: ClassVar[str] = "Gao et al. 2023, ALCE; Rashkin et al. 2023, AIS"

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1 or self.max_pairs < 1:
            raise UsageError("citations: threshold must be above 0 and at most 1, max_pairs 1 or more")

    def load(self) -> None:
        """Open the model, if there is one."""
        if self.model is not None:
            self._nli  # noqa: B018

    def signature(self) -> str:
        """Name, options, version, and how support is judged."""
        return super().signature() + ("|support:words" if self.model is None else "|support:nli")

    @cached_property
    def _nli(self) -> Nli:
        return Nli(str(self.model))

    def not_applicable(self, prompt: Prompt) -> str:
        """Prompts without evidence."""
        return "" if any(map(str.strip, prompt.evidence)) else _NO_EVIDENCE.note

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        """One score a generation; what the model is asked of the whole batch goes through it together."""
        read = [prose(generation.text) for generation in batch]
        cited = [cited_sentences(text, marks(text)) for text in read]
        tables = self._tables(batch, cited)
        return [self._score(*row) for row in zip(batch, read, cited, tables, strict=True)]

    def metrics(self) -> tuple[Metric, ...]:
        """The share of quotations and cited sentences that are borne out first."""
        return citation_metrics(inferred=self.model is not None)

    @classmethod
    def all_metrics(cls) -> tuple[Metric, ...]:
        """Those with a model."""
        return citation_metrics(inferred=True)

    def _tables(
        self, batch: Sequence[Generation], cited: Sequence[Sequence[Cited]]
    ) -> list[Mapping[Question, bool] | None]:
        """The model's answers for each generation; None where it would have to read too much."""
        if self.model is None:
            return [{}] * len(batch)
        asked = [
            list(dict.fromkeys(q for s in row for q in questions(s.numbers, len(g.prompt.evidence), s.words)))
            for g, row in zip(batch, cited, strict=True)
        ]
        few = [readings(row, g.prompt.evidence) <= self.max_pairs for g, row in zip(batch, asked, strict=True)]
        items = [(g.prompt.evidence, row if ok else []) for g, row, ok in zip(batch, asked, few, strict=True)]
        found = entailed(self._nli, items, self.threshold)
        return [table if ok else None for table, ok in zip(found, few, strict=True)]

    def _score(
        self, generation: Generation, read: str, cited: Sequence[Cited], table: Mapping[Question, bool] | None
    ) -> Score:
        prompt = generation.prompt
        if self.not_applicable(prompt):
            return _NO_EVIDENCE
        if table is None:
            return Score(error=_TOO_MUCH)
        quoted = {place: is_quoted(read[slice(*place)], prompt.evidence) for place in _quotations(read, prompt)}
        citing = [sentence for sentence in cited if sentence.marks]
        if not quoted and not citing and not (self.required and cited):
            return _NOTHING
        judged = [self._attributed(sentence, prompt.evidence, table) for sentence in cited]
        supported = sum(a.supported for a in judged)
        checked = len(quoted) + len(citing)
        return Score(
            (sum(quoted.values()) + supported) / checked if checked else 0.0,
            {
                "right": float(sum(quoted.values()) + supported),
                "checked": float(checked),
                **_quote_parts(quoted),
                **(
                    self._citation_parts(cited, judged, len(prompt.evidence))
                    if citing or (self.required and cited)
                    else {}
                ),
            },
            _spans(quoted, cited, judged, len(prompt.evidence)),
        )

    def _attributed(self, sentence: Cited, passages: Sequence[str], table: Mapping[Question, bool]) -> Attributed:
        def entails(read: tuple[int, ...]) -> bool:
            if self.model is not None:
                return table.get((read, sentence.words), False)
            return bool(sentence.words) and has_words(sentence.words, [passages[n - 1] for n in read])

        return attribute(sentence.numbers, len(passages), entails)

    def _citation_parts(self, cited: Sequence[Cited], judged: Sequence[Attributed], existing: int) -> dict[str, float]:
        numbers = [n for sentence in cited for n in sentence.numbers]
        supported = sum(a.supported for a in judged)
        parts = {
            "citations": len(numbers),
            "citations_valid": sum(1 <= n <= existing for n in numbers),
            "sentences": len(cited),
            "uncited": sum(not sentence.marks for sentence in cited),
            "cited_sentences": sum(bool(sentence.marks) for sentence in cited),
            "cited_supported": supported,
        }
        shares = {
            "citation_recall": supported / len(cited),
            "citation_precision": sum(a.precise for a in judged) / len(numbers) if numbers else 0.0,
        }
        return {name: float(n) for name, n in parts.items()} | (shares if self.model is not None else {})


def _quotations(read: str, prompt: Prompt) -> list[tuple[int, int]]:
    """Quotations, those of the question's or an earlier turn's own words left out."""
    asked = [prompt.text, *(message.content for message in prompt.messages)]
    return [(a, b) for a, b in quotes(read) if not is_quoted(read[a:b], asked)]


def _quote_parts(quoted: Mapping[tuple[int, int], bool]) -> dict[str, float]:
    if not quoted:
        return {}
    found = sum(quoted.values())
    return {"quotes": float(len(quoted)), "quotes_found": float(found), "fabricated": float(found < len(quoted))}


def _spans(
    quoted: Mapping[tuple[int, int], bool], cited: Sequence[Cited], judged: Sequence[Attributed], existing: int
) -> tuple[Span, ...]:
    found = [Span(*place, "quote" if ok else "fabricated_quote", supports=ok) for place, ok in quoted.items()]
    for sentence, attributed in zip(cited, judged, strict=True):
        if not sentence.marks or attributed.supported:
            continue
        wrong = [m for m in sentence.marks if not all(1 <= n <= existing for n in m.numbers)]
        found += [Span(m.start, m.end, "invalid_citation") for m in wrong]
        if not wrong:
            found.append(Span(sentence.start, sentence.end, "unsupported_citation"))
    return tuple(sorted(found, key=lambda span: (span.start, span.end)))
