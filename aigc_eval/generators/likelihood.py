"""Answers with the choice that a local causal model finds likeliest, and with every choice's log-likelihood."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal

from aigc_eval import huggingface as hf
from aigc_eval.errors import DataError, Problem
from aigc_eval.models.language_model import LanguageModel, bos_policy
from aigc_eval.plugin import Generator, ModelRef
from aigc_eval.records import Bilingual, Generation, Prompt, Request

__all__ = ["Likelihood"]


@dataclass(frozen=True)
class Likelihood(Generator):
    """Chooses among a prompt's `choices` by ln p(choice | prompt), summed over the choice's tokens.

    Multiple choice (TruthfulQA MC1/MC2), minimal pairs (BLiMP, SLING: prompts without text) and the exposure of planted
    records are read from these `likelihoods` by the scorers `choices` and `canary`. The text is the likeliest choice,
    the first of several.

    The model sees the prompt in its chat template, where `chat` says so ("auto": where it has one), and the choice as
    the answer; else earlier messages and the prompt with blank lines between, `separator`, and the choice. A prompt
    without text has no context: the choice stands after the beginning-of-text token alone. Context and choice are
    tokenised together (`LanguageModel.choice_likelihoods`). Every sample of a prompt is the same.
    """

    model: ModelRef
    chat: bool | Literal["auto"] = "auto"
    separator: str = "\n"
    device: str = "auto"
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    batch_tokens: int = 2048

    by_length: ClassVar[bool] = True
    batch_size: ClassVar[int] = 64
    title: ClassVar[Bilingual] = Bilingual("likelihood: the likeliest choice", "似然：最可能的选项")
    needs: ClassVar[str] = "a causal model folder or a cached model; prompts with choices"

    def load(self) -> None:
        """Load the model; UsageError says what is missing."""
        self._model  # noqa: B018

    def check(self, prompts: Sequence[Prompt], samples: int) -> None:
        """DataError where a prompt has no two choices."""
        lacking = [p.id for p in prompts if len(p.choices) < 2]
        if lacking:
            what = f"{len(lacking):,} of {len(prompts):,} prompts lack a second choice, such as {lacking[0]!r:.80}"
            raise DataError([Problem("prompts", None, "choices", what, "write `choices`, or map them with `fields`")])

    def options(self) -> dict[str, object]:
        """The options that differ from their defaults, and what texts start with."""
        return {**super().options(), "bos": bos_policy(hf.tokenizer(self.model))[0]}

    def generate(self, batch: Sequence[Request]) -> list[Generation]:
        """The likeliest choice of each request, with all log-likelihoods; `seconds` is the batch's time shared out."""
        started = time.perf_counter()
        contexts = [self._context(request.prompt) for request in batch]
        found = self._model.choice_likelihoods(contexts, [request.prompt.choices for request in batch])
        seconds = (time.perf_counter() - started) / max(1, len(batch))
        return [
            request.answer(request.prompt.choices[row.index(max(row))], seconds=seconds, likelihoods=row)
            for request, row in zip(batch, found, strict=True)
        ]

    @cached_property
    def _model(self) -> LanguageModel:
        return LanguageModel(self.model, device=self.device, dtype=self.dtype, batch_tokens=self.batch_tokens)

    def _context(self, prompt: Prompt) -> str:
        if not (prompt.text or prompt.messages):
            return ""
        tokenizer = self._model.tokenizer
        chat = bool(getattr(tokenizer, "chat_template", None)) if self.chat == "auto" else self.chat
        return hf.render(tokenizer, prompt, chat=chat) + ("" if chat else self.separator)
