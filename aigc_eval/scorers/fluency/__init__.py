"""Fluency: faults that spoil a text whatever it says, and its likelihood under a language model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import ClassVar, Literal

from aigc_eval import huggingface as hf
from aigc_eval.errors import UsageError
from aigc_eval.metrics import Mean, Metric, Rate, Ratio
from aigc_eval.models.language_model import LanguageModel, bos_policy
from aigc_eval.plugin import ModelRef, Scorer
from aigc_eval.records import Bilingual, Generation, Outcome, Score
from aigc_eval.scorers.fluency.faults import FAULTS, Limits, examine

__all__ = ["Fluency"]

LN2 = 0.6931471805599453


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

    With `model`, a causal language model given as a folder or cached id: parts `nll` (-ln p of the answer's tokens,
    summed), `tokens` and `bytes` (UTF-8), from which perplexity exp(sum nll / sum tokens) and bits per byte
    sum nll / (ln 2 sum bytes) follow, both weighted by length over all answers. Only bits per byte compare across
    tokenizers. What stands before the first token is the tokenizer's BOS, else its EOS, else nothing (then the first
    token is not scored); the signature says which: `bos:bos`, `bos:eos` or `bos:none`. The answer is scored alone, or
    with `condition_on_prompt` after the prompt (in the chat template where there is one, else followed by a line
    break), whose tokens are not scored. Longer texts are scored in windows of `window` tokens (at most the model's
    context) that move on by `stride`; of a text only the first `max_tokens` tokens are scored. Low perplexity may also
    mean dull or repetitive: read it beside `repetition_rate`. Scores do not depend on the batch beyond 1e-5.
    """

    model: ModelRef | None = None
    condition_on_prompt: bool = False
    max_repeat: float = 0.3
    max_rep_4: float = 0.7
    max_foreign: float = 0.3
    window: int = 1024
    stride: int = 512
    max_tokens: int = 8192
    device: str = "auto"
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    batch_tokens: int = 2048

    by_length: ClassVar[bool] = True
    title: ClassVar[Bilingual] = Bilingual("Fluency", "流畅性")
    languages: ClassVar[tuple[str, ...]] = ("en", "zh")
    needs: ClassVar[str] = "nothing; perplexity needs a causal model folder or a cached model"
    source: ClassVar[str] = "Welleck et al. 2020 (rep-n); Jelinek et al. 1977 (perplexity)"
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
        }
        if wrong := [rule for rule, kept in checks.items() if not kept]:
            raise UsageError(f"fluency: {'; '.join(wrong)}")

    def __getstate__(self) -> dict[str, object]:
        """Only the options travel to another process; the model is loaded there."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def load(self) -> None:
        """Load the language model, where there is one."""
        if self.model:
            self._language_model  # noqa: B018

    def options(self) -> dict[str, object]:
        """The options that differ from their defaults; with a model, its name and what texts start with."""
        if not self.model:
            return super().options()
        return {**super().options(), "model": hf.label(self.model), "bos": bos_policy(hf.tokenizer(self.model))[0]}

    def facts(self) -> Mapping[str, str]:
        """Content digest of the model, and the device and number format that "auto" stands for here."""
        if not self.model:
            return {}
        device = hf.device_of(self.device)
        return {"device": device, "dtype": hf.dtype_of(self.dtype, device), "model": hf.fingerprint(self.model)}

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

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        """One score an answer: 1.0 for any fault, the measures as parts, the evidence as spans."""
        limits = Limits(self.max_repeat, self.max_rep_4, self.max_foreign)
        likelihoods = self._likelihoods(batch)
        scores = []
        for generation, likelihood in zip(batch, likelihoods, strict=True):
            parts, spans = examine(generation, limits)
            faulty = any(parts.get(fault.part, 0.0) for fault in FAULTS)
            scores.append(Score(float(faulty), {**parts, **likelihood}, spans))
        return scores

    def _likelihoods(self, batch: Sequence[Generation]) -> list[dict[str, float]]:
        if not self.model or not batch:
            return [{} for _ in batch]
        model = self._language_model
        contexts = [model.context(g.prompt) if self.condition_on_prompt else None for g in batch]
        found = model.score([g.text for g in batch], contexts)
        return [{"nll": x.nll, "tokens": float(x.tokens), "bytes": float(x.bytes)} if x.tokens else {} for x in found]

    def metrics(self) -> tuple[Metric, ...]:
        """`degenerate_rate`, a rate for each fault, mean `rep_4`; with a model perplexity first and bits per byte."""
        rates: list[Metric] = [
            Rate(
                "degenerate_rate",
                title=Bilingual("Degenerate answers", "劣化回答率"),
                about=Bilingual("share of answers with any of the faults below", "存在下列任一缺陷的回答所占比例"),
            )
        ]
        rates += [Rate(f"{fault.part}_rate", of=fault.part, title=fault.title, about=fault.about) for fault in FAULTS]
        mean = Mean(
            "rep_4",
            of="rep_4",
            unit="share",
            title=Bilingual("Repeated 4-grams", "四元组重复率"),
            about=Bilingual(
                "mean over answers of 1 - distinct 4-grams / 4-grams, over words and Hanzi",
                "各回答中 1 - 不同四元组数 / 四元组总数 的平均值，以词和单个汉字为单位",
            ),
            source="Welleck et al. 2020",
        )
        return (*_PERPLEXITY, *rates, mean, *_BITS) if self.model else (*rates, mean)


_PERPLEXITY = (
    Ratio(
        "perplexity",
        over="nll",
        under="tokens",
        exp=True,
        bounds=(1.0, float("inf")),
        title=Bilingual("Perplexity", "困惑度"),
        about=Bilingual(
            "e to the mean negative log-likelihood of all tokens of all answers; compares only under one tokenizer",
            "全部回答所有词元的平均负对数似然的指数；仅在使用同一分词器时可比",
        ),
    ),
)
_BITS = (
    Ratio(
        "bits_per_byte",
        over="nll",
        under="bytes",
        scale=1 / LN2,
        unit="bits",
        title=Bilingual("Bits per byte", "每字节比特数"),
        about=Bilingual(
            "negative log-likelihood in bits / UTF-8 bytes of all answers; compares across tokenizers, not languages",
            "全部回答的负对数似然（比特）除以 UTF-8 字节数；可跨分词器比较，不可跨语言比较",
        ),
    ),
)
