"""Claims: an answer's atomic claims, each judged against the prompt's evidence by a chat model (FActScore)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Literal

from aigc_eval.errors import UsageError
from aigc_eval.metrics import Metric
from aigc_eval.models.chat import Chat
from aigc_eval.models.chat.source import ChatSource
from aigc_eval.models.judge import FRAME, Judge, Ruling, Unparsed
from aigc_eval.plugin import ModelRef, Scorer
from aigc_eval.records import Bilingual, Dimension, Generation, Prompt, Score, Span, digest
from aigc_eval.scorers.claims.decompose import PROMPTS, RUBRICS, VERDICTS, decompose
from aigc_eval.scorers.claims.reported import claim_metrics
from aigc_eval.text import blank

__all__ = ["Claims"]

_NO_EVIDENCE = Score(note="no evidence and no reference")
_SILENT = Score(0.0, {"responds": 0.0}, note="makes no claim: counts in respond_ratio only")
_NOTE = 200
_RULING_TOKENS = 512


@dataclass(frozen=True)
class Claims(Scorer):
    """Share of an answer's atomic claims that the evidence supports, by a chat model; value 0..1, higher is better.

    The model takes the answer apart into claims (a JSON list), then judges each claim against the prompt's `evidence`
    and `references`: supported, not supported, or not a claim, which is left out. Claims that say the same count once.
    Parts: `claims`, `supported`, `factscore` (their ratio), `penalised` (times exp(1 - gamma / n) where n <= gamma
    claims are made, so that few safe ones do not win), `responds` (1, or 0 where nothing is claimed; such an answer has
    the value 0 and counts in respond_ratio only). Claims that stand word for word in the answer are spans "supported"
    and "unsupported"; the note names unsupported ones, in the model's words.

    The judge is a local model (`model`: a folder, or an id in the local cache) or one behind an OpenAI-compatible
    endpoint (`endpoint`, `endpoint_model`, `api_key_env`). `lang` is the language of the instructions. Answers and
    claims go to it as escaped JSON in a frame that no text can forge. A list or verdict out of form and, with `swap`,
    two verdicts that differ when the verdicts are named in reverse order, are errors, which count as the worst.

    The wording of the decomposition moves the score more than the choice of judge does: compare only under one
    signature. A judge errs and can be talked round: measure it against people on your own data first.
    """

    model: ModelRef | None = None
    endpoint: str = ""
    endpoint_model: str = ""
    api_key_env: str = field(default="", compare=False)
    lang: Literal["en", "zh"] = "en"
    swap: bool = True
    gamma: int = 10
    max_tokens: int = 1024
    max_characters: int = 20_000
    device: str = "auto"

    batch_size: ClassVar[int] = 16
    by_length: ClassVar[bool] = True
    dimensions: ClassVar[tuple[Dimension, ...]] = ("factuality",)
    title: ClassVar[Bilingual] = Bilingual("Supported claims (FActScore)", "主张有据率（FActScore）")
    languages: ClassVar[tuple[str, ...]] = ("en", "zh")
    needs: ClassVar[str] = "prompts with evidence or references; a chat model on disk, or an endpoint that serves one"
    source: ClassVar[str] = "Min et al. 2023, FActScore"

    def __post_init__(self) -> None:
        if self.gamma < 0 or self.max_tokens < 1 or self.max_characters < 1:
            raise UsageError("claims: gamma must be 0 or more, max_tokens and max_characters 1 or more")
        self._source  # noqa: B018

    def load(self) -> None:
        """Open the model, or check that the endpoint's key is there."""
        self._judge  # noqa: B018

    def facts(self) -> Mapping[str, str]:
        """Digests of the prompts and of a local model, and the device that "auto" stands for here."""
        return {**super().facts(), "prompts": self._prompts, "frame": FRAME}

    def signature(self) -> str:
        """Name, options, version, and the digest of the prompts."""
        return f"{super().signature()}|prompts:{self._prompts[:8]}"

    def hosts(self) -> tuple[str, ...]:
        """An endpoint sees every prompt, its evidence and every answer."""
        return self._source.hosts()

    def not_applicable(self, prompt: Prompt) -> str:
        """Prompts with nothing to judge claims by."""
        return "" if _evidence(prompt) else _NO_EVIDENCE.note

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        """One score a generation; the claims of the whole batch are judged together."""
        found = {i: early for i, g in enumerate(batch) if (early := self._early(g)) is not None}
        due = [i for i in range(len(batch)) if i not in found]
        items = [{"question": batch[i].prompt.text, "answer": batch[i].text} for i in due]
        claims = dict(zip(due, decompose(self._chat, items, self.lang, self.max_tokens), strict=True))
        pairs = [(i, claim) for i, said in claims.items() if not isinstance(said, Unparsed) for claim in said]
        rulings = self._judge.rule([_item(batch[i].prompt, claim) for i, claim in pairs])
        judged: dict[int, list[tuple[str, Ruling | Unparsed]]] = {i: [] for i in due}
        for (i, claim), ruling in zip(pairs, rulings, strict=True):
            judged[i].append((claim, ruling))
        for i, said in claims.items():
            found[i] = (
                Score(error=f"unparsed: {said.why}")
                if isinstance(said, Unparsed)
                else _score(batch[i].text, judged[i], self.gamma)
            )
        return [found[i] for i in range(len(batch))]

    def metrics(self) -> tuple[Metric, ...]:
        """FActScore (main) and, never without it, the respond ratio."""
        return claim_metrics(self.gamma)

    @classmethod
    def all_metrics(cls) -> tuple[Metric, ...]:
        """Those without options."""
        return claim_metrics(10)

    def _early(self, generation: Generation) -> Score | None:
        """The score of an answer that no model needs to see."""
        if not _evidence(generation.prompt):
            return _NO_EVIDENCE
        if blank(generation.text):
            return _SILENT
        if len(generation.text) > self.max_characters:
            return Score(error=f"{len(generation.text):,} characters: above max_characters ({self.max_characters:,})")
        return None

    @property
    def _source(self) -> ChatSource:
        return ChatSource("claims", self.model, self.endpoint, self.endpoint_model, self.api_key_env, self.device)

    @property
    def _prompts(self) -> str:
        return digest(PROMPTS[self.lang], RUBRICS[self.lang], VERDICTS)

    @cached_property
    def _chat(self) -> Chat:
        return self._source.chat()

    @cached_property
    def _judge(self) -> Judge:
        return Judge(
            self._chat, RUBRICS[self.lang], VERDICTS, swap=self.swap, lang=self.lang,
            max_tokens=min(self.max_tokens, _RULING_TOKENS),
        )  # fmt: skip


def _evidence(prompt: Prompt) -> str:
    return "\n\n".join(text for text in (*prompt.evidence, *prompt.references) if text.strip())


def _item(prompt: Prompt, claim: str) -> dict[str, str]:
    return {"question": prompt.text, "evidence": _evidence(prompt), "claim": claim}


def _score(text: str, judged: Sequence[tuple[str, Ruling | Unparsed]], gamma: int) -> Score:
    for claim, ruling in judged:
        if isinstance(ruling, Unparsed):
            return Score(error=f"unparsed: {ruling.why}; claim: {_short(claim)}")
    verdicts = {claim: r.verdict for claim, r in judged if isinstance(r, Ruling) and r.verdict != "not a claim"}
    if not verdicts:
        return _SILENT
    wrong = [claim for claim, verdict in verdicts.items() if verdict != "supported"]
    n = len(verdicts)
    share = 1 - len(wrong) / n
    return Score(
        share,
        {
            "responds": 1.0,
            "claims": float(n),
            "supported": float(n - len(wrong)),
            "factscore": share,
            "penalised": share * (math.exp(1 - gamma / n) if n <= gamma else 1.0),
        },
        _spans(text, verdicts),
        note=_short(f"not supported: {' | '.join(wrong)}") if wrong else "",
    )


def _spans(text: str, verdicts: Mapping[str, str]) -> tuple[Span, ...]:
    """Where claims stand word for word in the answer, their final punctuation left out."""
    found = []
    for claim, verdict in verdicts.items():
        bare = claim.rstrip(" .。!！;；")
        at = text.find(bare) if bare else -1
        if at >= 0:
            supported = verdict == "supported"
            found.append(Span(at, at + len(bare), "supported" if supported else "unsupported", supports=supported))
    return tuple(sorted(found, key=lambda span: (span.start, span.end)))


def _short(text: str) -> str:
    return " ".join(text.split())[:_NOTE]
