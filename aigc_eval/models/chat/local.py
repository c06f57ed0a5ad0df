"""A local model with a chat template, always taking the likeliest token."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from aigc_eval import huggingface as hf
from aigc_eval.errors import UsageError
from aigc_eval.models.chat.base import Array, Chat, ChatError, Conversation
from aigc_eval.models.language_model import LanguageModel

__all__ = ["LocalChat"]


class LocalChat(Chat):
    """A causal model with a chat template: a folder, or an id that the local Hugging Face cache holds.

    Args:
        model: nothing is downloaded and no code of the model repository is run.
        device, dtype: as in `aigc_eval.huggingface`.
        batch_tokens: most tokens, padding and answers included, of one batch.

    Greedy: the model's own sampling defaults are not used, its end tokens are. In float32 an answer does not depend on
    what shares its batch, unless two tokens tie within rounding. Special tokens written out in a message are broken up
    by a zero-width space, so that no message can end its own turn or begin another. A conversation that does not fit
    into the context with its answer is a ChatError, never cut.
    """

    def __init__(self, model: str, *, device: str = "auto", dtype: str = "auto", batch_tokens: int = 8192) -> None:
        self.name = hf.label(model)
        self._lm = LanguageModel(model, device=device, dtype=dtype, window=2**30, batch_tokens=batch_tokens)
        self._lm.prefix = []  # the template says how a conversation begins
        self._tokenizer = self._lm.tokenizer
        if not getattr(self._tokenizer, "chat_template", None):
            raise UsageError(f"model {self.name!r} has no chat template")
        self._model = self._lm.model
        self._model.generation_config = _greedy(self._model.generation_config, self._tokenizer)
        self._limit = hf.context_length(self._model.config.get_text_config())
        self._special = _special(self._tokenizer)
        self._batch_tokens = batch_tokens

    def attempt(self, conversations: Sequence[Conversation], *, max_tokens: int) -> list[str | ChatError]:
        """The likeliest answers, up to an end token or `max_tokens`."""
        found: list[str | ChatError] = [""] * len(conversations)
        inputs: list[list[int]] = []
        owners: list[int] = []
        for i, conversation in enumerate(conversations):
            ids, wrong = self._encoded(conversation, max_tokens)
            if wrong:
                found[i] = wrong
            else:
                inputs.append(ids)
                owners.append(i)
        for batch in hf.batches([len(ids) + max_tokens for ids in inputs], self._batch_tokens, spread=0.5):
            for b, answer in zip(batch, self._answers([inputs[b] for b in batch], max_tokens), strict=True):
                found[owners[b]] = answer
        return found

    def token_probabilities(self, conversations: Sequence[Conversation], words: Sequence[str]) -> Array:
        """Exact for words of any number of tokens: the product of their probabilities."""
        contexts = []
        for conversation in conversations:
            wrong = self._encoded(conversation, max(map(len, words), default=0))[1]
            if wrong:
                raise wrong
            contexts.append(self._rendered(conversation))
        rows = self._lm.choice_likelihoods(contexts, [words] * len(contexts))
        return np.exp(np.array(rows, dtype=np.float64).reshape(len(contexts), len(words)))

    def _rendered(self, conversation: Conversation) -> str:
        turns = [{"role": m.role, "content": self._harmless(m.content)} for m in conversation]
        try:
            return str(self._tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False))
        except Exception as error:  # a template raises whatever it likes for turns that it does not allow
            raise ChatError(f"{self.name}: its chat template refuses the conversation: {error}") from error

    def _harmless(self, content: str) -> str:
        return self._special.sub(lambda m: f"{m[0][0]}\u200b{m[0][1:]}", hf.encodable(content))

    def _encoded(self, conversation: Conversation, room: int) -> tuple[list[int], ChatError | None]:
        try:
            text = self._rendered(conversation)
        except ChatError as error:
            return [], error
        ids = [int(i) for i in self._tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]]
        if not ids:
            return [], ChatError(f"{self.name}: its chat template made nothing of the conversation")
        if self._limit is not None and len(ids) + room > self._limit:
            return [], ChatError(
                f"{self.name}: the conversation has {len(ids)} tokens and its answer up to {room}; "
                f"the context holds {self._limit}"
            )
        return ids, None

    def _answers(self, inputs: Sequence[list[int]], max_tokens: int) -> list[str]:
        """Answers to token ids of shape (rows, longest), padded on the left."""
        import torch

        settings, longest = self._model.generation_config, max(map(len, inputs))
        ids = [[settings.pad_token_id] * (longest - len(row)) + row for row in inputs]
        mask = [[0] * (longest - len(row)) + [1] * len(row) for row in inputs]
        with torch.inference_mode():
            out = self._model.generate(
                input_ids=torch.tensor(ids, device=self._lm.device),
                attention_mask=torch.tensor(mask, device=self._lm.device),
                max_new_tokens=max_tokens,
            )[:, longest:].tolist()
        ends = set(settings.eos_token_id or ())
        return [self._tokenizer.decode(_until(row, ends), skip_special_tokens=True).rstrip("\ufffd") for row in out]


def _until(row: list[int], ends: set[int]) -> list[int]:
    """The tokens before the first end token; what follows it is padding."""
    return row[: next((i for i, token in enumerate(row) if token in ends), len(row))]


def _greedy(given: Any, tokenizer: Any) -> Any:
    """Generation settings with the model's end tokens and none of its sampling defaults."""
    import transformers

    ends = given.eos_token_id if isinstance(given.eos_token_id, list) else [given.eos_token_id]
    known = sorted({end for end in [*ends, tokenizer.eos_token_id] if end is not None})
    pads = (tokenizer.pad_token_id, given.pad_token_id, *known, 0)
    return transformers.GenerationConfig(
        do_sample=False, eos_token_id=known or None, pad_token_id=next(pad for pad in pads if pad is not None)
    )


def _special(tokenizer: Any) -> re.Pattern[str]:
    """Every special token, and every other added one in angle brackets (turns, tools, reasoning), longest first."""
    added = {str(token) for token in tokenizer.added_tokens_decoder.values()}
    names = set(tokenizer.all_special_tokens) | {t for t in added if t.startswith("<") and t.endswith(">")}
    ordered = sorted((name for name in names if len(name) > 1), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, ordered)) or r"(?!)")
