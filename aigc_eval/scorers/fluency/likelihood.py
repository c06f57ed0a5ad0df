"""Negative log-likelihood of texts under a causal language model, in windows and in batches of similar length."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from aigc_eval import huggingface as hf
from aigc_eval.records import Prompt

__all__ = ["LanguageModel", "Likelihood", "bos_policy", "windows"]

LOGIT_BYTES = 256 << 20
"""Most memory that the logits of one batch may take; a single window may need more."""
CHUNK = 256
"""Positions whose log-sum-exp is computed at once, so that no second table of probabilities is held."""


class Likelihood(NamedTuple):
    """What a model says about one text: -ln p summed over its scored tokens, their number, and their UTF-8 bytes."""

    nll: float
    tokens: int
    bytes: int


class _Window(NamedTuple):
    text: int
    ids: list[int]
    scored: int


def windows(length: int, first: int, window: int, stride: int) -> Iterator[tuple[int, int, int]]:
    """Windows over a sequence of tokens: start, end, and how many of the last tokens it scores.

    Every token from `first` (at least 1: the first token of all has nothing before it) to the end is scored once, with
    as much context as fits. Windows hold at most `window` tokens and move on by `stride`; each window after the first
    scores its new tokens only, so that none but the first tokens of the text is scored with less than `window - stride`
    tokens before it.

    >>> list(windows(10, 1, window=6, stride=3))
    [(0, 6, 5), (3, 9, 3), (4, 10, 1)]
    """
    done = max(first, 1)
    end = max(window, done + stride)
    while done < length:
        end = min(end, length)
        yield max(0, end - window), end, end - done
        done, end = end, end + stride


class LanguageModel:
    """A causal model that scores texts.

    `bos` says what stands before the first token: "bos" (the tokenizer's beginning-of-text token), "eos" (where there
    is none, its end-of-text token, as between documents in training), or "none": then the first token of each text is
    not scored. Texts are tokenised without special tokens, and special tokens written out in them count as plain
    text.
    """

    def __init__(
        self, model: str, *, device: str, dtype: str, window: int, stride: int, batch_tokens: int, most_tokens: int
    ) -> None:
        self.device = hf.device_of(device)
        self.tokenizer = hf.tokenizer(model)
        self.model = hf.load("AutoModelForCausalLM", model, device=self.device, dtype=dtype)
        self.bos, prefix = bos_policy(self.tokenizer)
        self.prefix = [] if prefix is None else [prefix]
        limit = hf.context_length(self.model.config)
        self.window = window if limit is None else min(window, limit)
        self.stride = min(stride, self.window - 1)
        self.batch_tokens, self.most_tokens = batch_tokens, most_tokens

    def score(self, texts: Sequence[str], contexts: Sequence[str | None]) -> list[Likelihood]:
        """The likelihood of each text after its context (None: after the `bos` token alone); the context is not scored.

        Only the first `most_tokens` tokens of a text are scored.
        """
        totals = [0.0] * len(texts)
        pending: list[_Window] = []
        counts: list[tuple[int, int]] = []
        for i, (text, context) in enumerate(zip(texts, contexts, strict=True)):
            before = [*self.prefix, *([] if context is None else self._ids(context))]
            ids, size = self._scored(text, bare=not before)
            spans = windows(len(before) + len(ids), len(before), self.window, self.stride)
            found = [_Window(i, [*before, *ids][a:b], n) for a, b, n in spans]
            pending += found
            counts.append((sum(w.scored for w in found), size))
        for batch in hf.batches([len(w.ids) for w in pending], self._budget()):
            for i, nll in self._losses([pending[k] for k in batch]):
                totals[i] += nll
        return [Likelihood(nll, tokens, size) for nll, (tokens, size) in zip(totals, counts, strict=True)]

    def context(self, prompt: Prompt) -> str:
        """What an answer is conditioned on: the chat template up to the answer, or the prompt and a line break."""
        if getattr(self.tokenizer, "chat_template", None):
            return hf.render(self.tokenizer, prompt, chat=True)
        return hf.render(self.tokenizer, prompt, chat=False) + "\n"

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def _scored(self, text: str, *, bare: bool) -> tuple[list[int], int]:
        """Token ids of the part that is scored, and the bytes of the tokens that get a likelihood."""
        text = hf.encodable(text)
        encoded = self.tokenizer(
            text, add_special_tokens=False, split_special_tokens=True, return_offsets_mapping=self.tokenizer.is_fast
        )
        ids = list(encoded["input_ids"])
        if not ids or not self.tokenizer.is_fast:
            return ids[: self.most_tokens], len(text.encode())
        ends = [end for _, end in encoded["offset_mapping"]]
        first = ends[0] if bare else 0
        last = ends[self.most_tokens - 1] if len(ids) > self.most_tokens else len(text)
        return ids[: self.most_tokens], len(text[first:last].encode())

    def _budget(self) -> int:
        return max(
            self.window,
            min(self.batch_tokens, LOGIT_BYTES // (4 * int(self.model.config.get_text_config().vocab_size))),
        )

    def _losses(self, batch: Sequence[_Window]) -> Iterator[tuple[int, float]]:
        """Number of the text and summed negative log-likelihood of each window.

        Padding stands on the right, where causal attention never looks back at it, so no mask is needed; each row is
        padded with its own last token, since some models warn of pad tokens without a mask.
        """
        import torch

        longest = max(len(w.ids) for w in batch)
        rows = [w.ids + w.ids[-1:] * (longest - len(w.ids)) for w in batch]
        with torch.inference_mode():
            ids = torch.tensor(rows, device=self.device)
            logits = self.model(input_ids=ids, use_cache=False).logits
            for row, w in enumerate(batch):
                end = len(w.ids)
                yield w.text, self._nll(logits[row, end - 1 - w.scored : end - 1], ids[row, end - w.scored : end])

    @staticmethod
    def _nll(logits: Any, targets: Any) -> float:
        import torch

        total = 0.0
        for start in range(0, len(targets), CHUNK):
            part = logits[start : start + CHUNK].float()
            chosen = part.gather(1, targets[start : start + CHUNK, None])[:, 0]
            total += math.fsum((torch.logsumexp(part, dim=1) - chosen).tolist())
        return total


def bos_policy(tokenizer: Any) -> tuple[str, int | None]:
    """What a text starts with: its name and token id."""
    if tokenizer.bos_token_id is not None:
        return "bos", int(tokenizer.bos_token_id)
    if tokenizer.eos_token_id is not None:
        return "eos", int(tokenizer.eos_token_id)
    return "none", None
