"""Fluency: faults that spoil a text whatever it says, and its likelihood under a language model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Literal

from aigc_eval import huggingface as hf
from aigc_eval.errors import UsageError
from aigc_eval.metrics import Metric
from aigc_eval.models.language_model import LanguageModel, bos_policy
from aigc_eval.plugin import ModelRef, Scorer
from aigc_eval.records import Bilingual, Dimension, Generation, Outcome, Score
from aigc_eval.scorers.fluency.faults import FAULTS, Limits, examine
from aigc_eval.scorers.fluency.likelihood import likelihoods
from aigc_eval.scorers.fluency.reported import fault_metrics, likelihood_metrics, typicality_metrics
from aigc_eval.scorers.fluency.typicality import atypicality, norms
from aigc_eval.scorers.fluency.unigrams import TokenUnigrams

__all__ = ["Fluency"]


@dataclass(frozen=True)
class Fluency(Scorer):
    """Whether an answer is a whole, readable text; with `model`, also how likely a language model finds it.

    The value is 1.0 (degenerate) where any fault is found, else 0.0; lower is better. Faults are found by rules that
    need no model, in Chinese and English alike (a Hanzi is a token); each is a part (0 or 1) with spans as evidence:

    - `repetition`: the longest passage that stands twice makes up `max_repeat` of the characters or more (a loop counts
      in full), or `rep_4`, the share of 4-grams that occurred before (Welleck et al. 2020), is `max_rep_4` or more;
    - `truncation`: the outcome is "truncated", or the text stops in mid-sentence (`ending.cut_ending` says when);
    - `rambling`: the text goes on with a new prompt, the instruction again or another's turn (`rambling.ramble`);
    - `wrong_language`: `max_foreign` or more of the words are in another script than asked for by the prompt's tag
      `answer_lang`, else its tag `lang`, else its own script (`script.expected_language`);
    - `mojibake`: wrongly decoded, private-use or control characters that the prompt does not hold itself;
    - `empty`: no visible character.

    With `model`, a causal language model given as a folder, a cached id or `bundled` (a small English and Chinese one
    that comes with the package; its card says how good it is): parts `nll` (-ln p of the answer's tokens,
    summed) and the `tokens`, `words`, `characters` and `bytes` (UTF-8) it is divided by for perplexity and bits per
    byte: over all answers (sums, weighted by length: the main numbers) and as means over answers. A word is what stands
    between white space, or a Hanzi. All but perplexity per token compare across tokenizers. Low perplexity may also
    mean dull or repetitive: read it beside `repetition_rate`.

    `slor`, (ln p_M - ln p_u) / n, takes off the likelihood of the words in any order, ln p_u. By default it comes from
    a packaged table of English and Chinese words, characters and marks, and n counts these: the formula of the papers
    at the level of words, with one deviation: white space is part of what the model predicts but not of p_u. With
    `unigrams`, a JSON object of token counts by token id of the model's own tokenizer ({"464": 1203, ...}), p_u is over
    the very tokens that the model scores and n is their number: the papers' formula to the letter, add-one for the
    tokens not counted. The two are different numbers; the signature says which.

    With `model: bundled` also `atypicality`: how far a text is from what people write, as the largest of four measures,
    each as a share of its limit: bits per byte above, and SLOR below, those of human texts of its language and length,
    repetition, and garbled characters (`typicality.atypicality`). 1 or more makes it `atypical`, which is no fault:
    word salad is atypical, and so may be a table, a chemical name or a dialect. English and Chinese only.

    What stands before the first token is the tokenizer's BOS, else its EOS, else nothing (then the first token is not
    scored); the signature says which: `bos:bos`, `bos:eos` or `bos:none`. The answer is scored alone, or with
    `condition_on_prompt` after the prompt (in the chat template where there is one, else followed by a line break),
    whose tokens are not scored. Longer texts are scored in windows of `window` tokens (at most the model's context)
    that move on by `stride`; a stride near `window` overstates perplexity. Of a text only the first `max_tokens` tokens
    are scored. Scores do not depend on the batch beyond 1e-5.
    """

    model: ModelRef | None = None
    condition_on_prompt: bool = False
    unigrams: Path | None = None
    max_repeat: float = 0.3
    max_rep_4: float = 0.7
    max_foreign: float = 0.3
    window: int = 1024
    stride: int = 512
    max_tokens: int = 8192
    device: str = "auto"
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    batch_tokens: int = 2048

    version: ClassVar[str] = "3"
    by_length: ClassVar[bool] = True
    dimensions: ClassVar[tuple[Dimension, ...]] = ("fluency",)
    title: ClassVar[Bilingual] = Bilingual("Fluency", "流畅性")
    languages: ClassVar[tuple[str, ...]] = ("en", "zh")
    needs: ClassVar[str] = "nothing; perplexity needs a causal model: bundled, a folder or a cached one"
    source: ClassVar[str] = "Welleck et al. 2020 (rep-n); Jelinek et al. 1977 (perplexity); Kann et al. 2018 (SLOR)"
    outcomes: ClassVar[frozenset[Outcome]] = frozenset({"ok", "truncated", "empty"})

    def __post_init__(self) -> None:
        """Refuse options that mean nothing."""
        shares = (self.max_repeat, self.max_rep_4, self.max_foreign)
        checks = {
            "max_repeat, max_rep_4 and max_foreign must be above 0 and at most 1": all(0 < s <= 1 for s in shares),
            "window must be 2 or more": self.window >= 2,
            "stride must be 1 or more and below window": 1 <= self.stride < self.window,
            "max_tokens must be 1 or more": self.max_tokens >= 1,
            "batch_tokens must be 1 or more": self.batch_tokens >= 1,
            "unigrams needs a model": self.model is not None or self.unigrams is None,
        }
        if wrong := [rule for rule, kept in checks.items() if not kept]:
            raise UsageError(f"fluency: {'; '.join(wrong)}")

    def load(self) -> None:
        """Load the language model and the token counts, where there are some."""
        if self.model:
            self._token_unigrams  # noqa: B018
        if self.model == hf.BUNDLED:
            norms()

    def options(self) -> dict[str, object]:
        """The options that differ from their defaults; with a model, what texts start with."""
        if not self.model:
            return super().options()
        return {**super().options(), "bos": bos_policy(hf.tokenizer(self.model))[0]}

    @cached_property
    def _language_model(self) -> LanguageModel:
        assert self.model is not None  # noqa: S101 (callers ask first)
        return LanguageModel(
            self.model,
            device=self.device,
            dtype=self.dtype,
            window=self.window,
            stride=self.stride,
            batch_tokens=self.batch_tokens,
            most_tokens=self.max_tokens,
        )

    @cached_property
    def _token_unigrams(self) -> TokenUnigrams | None:
        vocabulary = self._language_model.vocabulary_size
        return TokenUnigrams.read(self.unigrams, vocabulary) if self.unigrams else None

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        """One score an answer: 1.0 for any fault, the measures as parts, the evidence as spans."""
        limits = Limits(self.max_repeat, self.max_rep_4, self.max_foreign)
        scores = []
        for generation, likelihood in zip(batch, self._likelihoods(batch), strict=True):
            parts, spans = examine(generation, limits)
            faulty = any(parts.get(fault.part, 0.0) for fault in FAULTS)
            parts |= likelihood
            if self.model == hf.BUNDLED and (unlike := atypicality(generation, parts, norms(), limits)) is not None:
                parts |= {"atypicality": unlike, "atypical": float(unlike >= 1)}
            scores.append(Score(float(faulty), parts, spans))
        return scores

    def _likelihoods(self, batch: Sequence[Generation]) -> list[dict[str, float]]:
        if not self.model or not batch:
            return [{} for _ in batch]
        return likelihoods(
            self._language_model, batch, condition_on_prompt=self.condition_on_prompt, unigrams=self._token_unigrams
        )

    def metrics(self) -> tuple[Metric, ...]:
        """`degenerate_rate`, a rate for each fault, repetition; with a model, perplexity first, the rest of it last."""
        if not self.model:
            return fault_metrics()
        perplexity, *others = likelihood_metrics(own_unigrams=self.unigrams is not None)
        return (perplexity, *fault_metrics(), *others, *(typicality_metrics() if self.model == hf.BUNDLED else ()))

    @classmethod
    def all_metrics(cls) -> tuple[Metric, ...]:
        """Those with a model too."""
        return (*fault_metrics(), *likelihood_metrics(), *typicality_metrics())
