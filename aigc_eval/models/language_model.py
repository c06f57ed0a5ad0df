"""Likelihood of texts under a causal language model: summed, token by token, and of choices after a context."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from aigc_eval import huggingface as hf
from aigc_eval.models.packing import plain
from aigc_eval.records import Prompt

__all__ = ["LanguageModel", "Likelihood", "TokenLosses", "bos_policy", "windows"]

LOGIT_BYTES = 256 << 20
"""Most memory that the logits of one batch may take; a single window may need more."""
CHUNK = 256
"""Positions whose log-sum-exp is computed at once, so that no second table of probabilities is held."""
Array = npt.NDArray[np.float64]


class Likelihood(NamedTuple):
    """What a model says about one text: -ln p summed over its scored tokens, their number, and their UTF-8 bytes."""

    nll: float
    tokens: int
    bytes: int


class TokenLosses(NamedTuple):
    """What a model says about each scored token of a text.

    `ids`: token ids; `places`: start and end of each in `huggingface.encodable(text)`, which is the text itself unless
    it holds surrogates (several tokens of one character share its place); `nll`: -ln p of each given all before it,
    float64, shape (tokens,). `bytes`: UTF-8 bytes of the part of the text that the tokens cover.
    """

    ids: tuple[int, ...]
    places: tuple[tuple[int, int], ...]
    nll: Array
    bytes: int


class _Coded(NamedTuple):
    ids: list[int]
    places: list[tuple[int, int]]


class _Window(NamedTuple):
    """The tokens given to the model, and those whose likelihood follows from its last outputs."""

    text: int
    given: tuple[int, ...]
    targets: list[int]


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

    Args:
        model: a folder, or an id that the local Hugging Face cache holds.
        device, dtype: as in `aigc_eval.huggingface`.
        window: most tokens read at once (at most the model's context); longer texts are read in windows.
        stride: tokens by which windows move on; at most half of the model's context where that is below `window`.
        batch_tokens: most tokens, padding included, of one forward batch.
        most_tokens: only so many first tokens of a text are scored (`score`, `tokens`).

    `bos` says what stands before the first token: "bos" (the tokenizer's beginning-of-text token), "eos" (where there
    is none, its end-of-text token, as between documents in training), or "none": then the first token of each text is
    not scored. Texts are tokenised without special tokens, and special tokens written out in them count as plain
    text; a context is tokenised with them, as a chat template needs it. All likelihoods are natural logarithms, do not
    depend on what shares a batch beyond 1e-5 of their size (in float32), and are finite where the model's outputs are.
    """

    def __init__(
        self,
        model: str,
        *,
        device: str = "auto",
        dtype: str = "auto",
        window: int = 1024,
        stride: int = 512,
        batch_tokens: int = 2048,
        most_tokens: int = 8192,
    ) -> None:
        self.device = hf.device_of(device)
        self.tokenizer = hf.tokenizer(model)
        self.model = hf.load("AutoModelForCausalLM", model, device=self.device, dtype=dtype)
        self.bos, prefix = bos_policy(self.tokenizer)
        self.prefix = [] if prefix is None else [prefix]
        limit = hf.context_length(self.model.config)
        self.window, self.stride = window, stride
        if limit is not None and limit < window:  # overlap by half at least, or each window would begin in the dark
            self.window, self.stride = limit, min(stride, max(1, limit // 2))
        self.batch_tokens, self.most_tokens = batch_tokens, most_tokens
        self.vocabulary_size = int(self.model.config.get_text_config().vocab_size)

    def score(self, texts: Sequence[str], contexts: Sequence[str | None]) -> list[Likelihood]:
        """The likelihood of each text after its context (None: after the `bos` token alone); the context is not scored.

        Only the first `most_tokens` tokens of a text are scored. A text without a scored token has nll 0.0.
        """
        return [Likelihood(math.fsum(t.nll), len(t.ids), t.bytes) for t in self.tokens(texts, contexts)]

    def tokens(self, texts: Sequence[str], contexts: Sequence[str | None] | None = None) -> list[TokenLosses]:
        """The likelihood of every scored token of each text, as `score` sums them."""
        contexts = [None] * len(texts) if contexts is None else contexts
        coded, before = [], []
        for text, context in zip(texts, contexts, strict=True):
            coded.append(self._coded(text))
            before.append([*self.prefix, *([] if context is None else self._ids(context))])
        losses = self._all_losses(before, [c.ids for c in coded])
        return [
            self._named(hf.encodable(text), c, nll, bare=not b)
            for text, c, b, nll in zip(texts, coded, before, losses, strict=True)
        ]

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of each text that `tokens` would score after a beginning-of-text token (for unigram counts)."""
        return [self._coded(text).ids for text in texts]

    def choice_likelihoods(self, contexts: Sequence[str], choices: Sequence[Sequence[str]]) -> list[tuple[float, ...]]:
        """Natural log of p(choice | context), at most 0.0: for each context a tuple with one number a choice.

        Context and choice are tokenised together, as a reader would meet them, and every token that reaches past the
        end of the context belongs to the choice: white space at the end of the context goes to a choice whose first
        token includes it, and a token across the seam counts in full. Where the context's own tokens come first in
        the whole, this is what lm-evaluation-harness computes; where they do not (the seam falls inside a token, as
        happens in Chinese), that harness drops tokens. Nothing is added at the seam: write the space or line break
        into the choice or the context.

        An empty context scores the whole choice after the `bos` token (minimal pairs, canaries); an empty choice has
        0.0. Special tokens count as such in contexts and as plain text in choices. The context is cut on its left
        where both do not fit; a choice longer than the window is scored in windows. Inputs that choices share (all of
        A, B, C, D after one prompt) are read once.
        """
        before, after = [], []
        for context, row in zip(contexts, choices, strict=True):
            for choice in row:
                given, scored = self._seam(hf.encodable(context), hf.encodable(choice))
                before.append([*self.prefix, *given])
                after.append(scored)
        found = iter([0.0 - math.fsum(nll) for nll in self._all_losses(before, after)])
        return [tuple(next(found) for _ in row) for row in choices]

    def context(self, prompt: Prompt) -> str:
        """What an answer is conditioned on: the chat template up to the answer, or the prompt and a line break."""
        if getattr(self.tokenizer, "chat_template", None):
            return hf.render(self.tokenizer, prompt, chat=True)
        return hf.render(self.tokenizer, prompt, chat=False) + "\n"

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])

    def _coded(self, text: str) -> _Coded:
        """The first `most_tokens` tokens of a text; places only where the tokenizer knows them."""
        fast = self.tokenizer.is_fast
        coded = self.tokenizer(
            hf.encodable(text),
            add_special_tokens=False,
            split_special_tokens=True,
            return_offsets_mapping=fast,
            verbose=False,
        )
        spelled = plain(self.tokenizer, coded["input_ids"])
        offsets = coded["offset_mapping"] if fast else []
        places = [place for place, ids in zip(offsets, spelled, strict=False) for _ in ids]
        ids = [i for ids in spelled for i in ids]
        return _Coded(ids[: self.most_tokens], places[: self.most_tokens + 1])

    def _named(self, text: str, coded: _Coded, nll: Array, *, bare: bool) -> TokenLosses:
        """The scored tokens with their places; `bare`: nothing stood before the first, so it is not scored."""
        ids, places = coded.ids[bare:], coded.places
        if not coded.ids or not places:  # a tokenizer that does not know places: a cut text is what its tokens spell
            read = text if len(coded.ids) < self.most_tokens else self.tokenizer.decode(coded.ids)
            return TokenLosses(tuple(ids), ((0, len(text)),) * len(ids), nll, len(read.encode()))
        start = places[0][1] if bare else 0
        end = len(text) if len(places) <= self.most_tokens else places[self.most_tokens - 1][1]
        return TokenLosses(
            tuple(ids),
            tuple(places[bare : len(coded.ids)]),
            nll,
            len(text[start:end].encode()) if ids or not bare else 0,
        )

    def _seam(self, context: str, choice: str) -> tuple[list[int], list[int]]:
        """Token ids of the context that stand before the first token that reaches into the choice, and the rest."""
        if not choice:
            return self._ids(context), []
        whole = self.tokenizer(
            context + choice, add_special_tokens=False, return_offsets_mapping=self.tokenizer.is_fast, verbose=False
        )
        ids = list(whole["input_ids"])
        if self.tokenizer.is_fast:
            seam = len(context)
            ends = [end > seam or start >= seam for start, end in whole["offset_mapping"]]
        else:
            alone = self._ids(context)
            ends = [i >= len(alone) or alone[i] != token for i, token in enumerate(ids)]
        first = ends.index(True) if True in ends else len(ids)
        return ids[:first], [i for spelled in plain(self.tokenizer, ids[first:]) for i in spelled]

    def _all_losses(self, before: Sequence[list[int]], scored: Sequence[list[int]]) -> list[Array]:
        """-ln p of each scored token of each text after what stands before it; one token fewer where nothing does."""
        pending: list[_Window] = []
        for i, (start, rest) in enumerate(zip(before, scored, strict=True)):
            ids = [*start, *rest]
            for a, b, n in windows(len(ids), len(start), self.window, self.stride):
                pending.append(_Window(i, tuple(ids[a : b - 1]), ids[b - n : b]))
        found: list[list[Array]] = [[] for _ in before]
        for window, nll in zip(pending, self._window_losses(pending), strict=True):
            found[window.text].append(nll)
        return [np.concatenate(parts) if parts else np.empty(0) for parts in found]

    def _window_losses(self, pending: Sequence[_Window]) -> list[Array]:
        """The losses of each window's targets; windows that give the model the same tokens are computed once."""
        import torch

        users: dict[tuple[int, ...], list[int]] = {}
        for k, window in enumerate(pending):
            users.setdefault(window.given, []).append(k)
        inputs = list(users)
        found: list[Array] = [np.empty(0)] * len(pending)
        for batch in hf.batches([len(given) for given in inputs], self._budget()):
            # Padding stands on the right, where causal attention never looks back at it, so no mask is needed; each
            # row is padded with its own last token, since some models warn of pad tokens without a mask.
            longest = len(inputs[batch[0]])
            kept = longest - min(len(inputs[b]) - len(pending[k].targets) for b in batch for k in users[inputs[b]])
            rows = [[*inputs[b], *inputs[b][-1:] * (longest - len(inputs[b]))] for b in batch]
            with torch.inference_mode():
                ids = torch.tensor(rows, device=self.device)
                logits = self.model(input_ids=ids, use_cache=False, **self._keeping(kept)).logits
                missing = longest - logits.shape[1]
                for row, b in enumerate(batch):
                    for k in users[inputs[b]]:
                        found[k] = _nll(logits[row, : len(inputs[b]) - missing], pending[k].targets)
        return found

    def _keeping(self, positions: int) -> dict[str, int]:
        """Compute the logits of the last positions only, where the architecture can: tables are wide."""
        known = "logits_to_keep" in inspect.signature(self.model.forward).parameters
        return {"logits_to_keep": positions} if known else {}

    def _budget(self) -> int:
        """Most tokens of a batch; a single window may have more."""
        return min(self.batch_tokens, max(1024, LOGIT_BYTES // (4 * self.vocabulary_size)))


def _nll(logits: Any, targets: Sequence[int]) -> Array:
    """-ln p of the targets at the last positions of `logits`, shape (positions, vocabulary)."""
    import torch

    logits = logits[len(logits) - len(targets) :]
    wanted = torch.tensor(targets, device=logits.device)
    parts = []
    for start in range(0, len(targets), CHUNK):
        part = logits[start : start + CHUNK].float()
        chosen = part.gather(1, wanted[start : start + CHUNK, None])[:, 0]
        parts.append((torch.logsumexp(part, dim=1) - chosen).cpu().double().numpy())
    return np.concatenate(parts)


def bos_policy(tokenizer: Any) -> tuple[str, int | None]:
    """What a text starts with: its name and token id."""
    if tokenizer.bos_token_id is not None:
        return "bos", int(tokenizer.bos_token_id)
    if tokenizer.eos_token_id is not None:
        return "eos", int(tokenizer.eos_token_id)
    return "none", None
