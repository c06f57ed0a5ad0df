"""Answers with a local Hugging Face model: causal or encoder-decoder, with or without a PEFT adapter."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal, NamedTuple

from aigc_eval import huggingface as hf
from aigc_eval.errors import UsageError
from aigc_eval.generators.huggingface.sampling import Ending, Sampler
from aigc_eval.plugin import Generator, ModelRef, require
from aigc_eval.records import Bilingual, Generation, Outcome, Request

__all__ = ["HuggingFace"]

_KEPT = ("bos_token_id", "decoder_start_token_id", "forced_bos_token_id", "suppress_tokens", "begin_suppress_tokens")


class _Loaded(NamedTuple):
    model: Any
    tokenizer: Any
    seq2seq: bool
    chat: bool
    limit: int | None
    device: str


@dataclass(frozen=True)
class HuggingFace(Generator):
    """Answers with a local Hugging Face model; encoder-decoders (T5, BART) are recognised by their configuration.

    Options:
        model: a folder, or an id that the local Hugging Face cache holds. Nothing is downloaded, no code of the model
            repository is run.
        adapter: a PEFT adapter (LoRA and its kin) to put on the model; compare it with the same model without.
        chat: "auto" uses the tokenizer's chat template where it has one, true insists on it, false never does.
            Without a template the model sees the contents of earlier messages and the prompt, blank lines between,
            no role names. Special tokens written out in a prompt are read as such, as in most deployments.
        temperature: 0 always takes the likeliest token; otherwise logits are divided by it and a token is drawn.
        top_k, top_p: draw among the k likeliest tokens only, then among the fewest whose probability reaches p.
        repetition_penalty: > 1 makes tokens of the prompt and the answer so far less likely (Keskar et al. 2019).
            For encoder-decoders: tokens of the answer only. Padding never counts.
        max_new_tokens: an answer that reaches this many tokens without an end has the outcome "truncated".
        stop: the answer ends before the first of these strings.
        device, dtype: "auto" is CUDA, MPS or CPU, and the checkpoint's own format but float32 on a CPU (see
            `aigc_eval.huggingface.dtype_of`).
        batch_tokens: most tokens, padding and answers included, that one forward batch may hold.

    The model's own sampling defaults (generation_config.json) are not used; its end-of-sequence tokens are. Every
    request draws from a random generator of its own, seeded with `request.seed`: in float32 an answer does not depend
    on which other requests share its batch, unless two tokens tie within rounding (about 1e-6 of their probability);
    in 16 bit formats such ties happen.

    A prompt that leaves no room for an answer in the model's context has the outcome "error": cutting it would answer
    another prompt. One that leaves less room than `max_new_tokens` may be answered in what is left.
    `seconds` is the batch's time divided by its requests; `logprob` is ln p of the answer's tokens, its end included,
    under the model's own distribution (temperature 1).
    """

    model: ModelRef
    adapter: ModelRef | None = None
    chat: bool | Literal["auto"] = "auto"
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int | None = None
    repetition_penalty: float = 1.0
    max_new_tokens: int = 256
    stop: tuple[str, ...] = ()
    device: str = "auto"
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    batch_tokens: int = 8192

    version: ClassVar[str] = "2"
    by_length: ClassVar[bool] = True
    title: ClassVar[Bilingual] = Bilingual("huggingface: a local model", "本地 Hugging Face 模型")
    needs: ClassVar[str] = "a model folder or a cached model; an adapter needs the extra 'peft'"

    def __post_init__(self) -> None:
        """Refuse options that mean nothing."""
        checks = {
            "temperature must be 0 or more": self.temperature >= 0,
            "top_p must be above 0 and at most 1": 0 < self.top_p <= 1,
            "top_k must be 1 or more": self.top_k is None or self.top_k >= 1,
            "repetition_penalty must be above 0": self.repetition_penalty > 0,
            "max_new_tokens must be 1 or more": self.max_new_tokens >= 1,
            "batch_tokens must be 1 or more": self.batch_tokens >= 1,
            "stop strings must not be empty": all(self.stop),
        }
        if wrong := [rule for rule, kept in checks.items() if not kept]:
            raise UsageError(f"huggingface: {'; '.join(wrong)}")

    def load(self) -> None:
        """Load tokenizer, model and adapter; UsageError or MissingExtra says what is missing."""
        self._loaded  # noqa: B018

    @cached_property
    def _loaded(self) -> _Loaded:
        device, settings = hf.device_of(self.device), hf.config(self.model)
        tokenizer = hf.tokenizer(self.model, padding_side="left")
        template = bool(getattr(tokenizer, "chat_template", None))
        if self.chat is True and not template:
            raise UsageError(f"huggingface: {hf.label(self.model)!r} has no chat template; set chat: auto or false")
        seq2seq = bool(getattr(settings, "is_encoder_decoder", False))
        kind = "AutoModelForSeq2SeqLM" if seq2seq else "AutoModelForCausalLM"
        model = self._adapted(hf.load(kind, self.model, device=device, dtype=self.dtype)).to(device).eval()
        model.generation_config = _only_tokens(model.generation_config, tokenizer)
        chat = template if self.chat == "auto" else self.chat
        return _Loaded(model, tokenizer, seq2seq, chat, hf.context_length(settings), device)

    def _adapted(self, model: Any) -> Any:
        if not self.adapter:
            return model
        peft, folder = require("peft", extra="peft"), hf.locate(self.adapter)
        if not any((folder / f"adapter_model.{end}").exists() for end in ("safetensors", "bin")):
            raise UsageError(f"adapter {self.adapter!r} has no adapter_model.safetensors in {folder}")
        with hf.opening(self.adapter), warnings.catch_warnings():
            warnings.filterwarnings("error", message=".*missing adapter keys.*")
            return peft.PeftModel.from_pretrained(model, str(folder))

    def generate(self, batch: Sequence[Request]) -> list[Generation]:
        """Answers in order; requests are grouped by length, within `batch_tokens`."""
        found: dict[int, Generation] = {}
        inputs: dict[int, list[int]] = {}
        for i, request in enumerate(batch):
            try:
                inputs[i] = self._encode(request)
            except Exception as error:  # a template raises whatever it likes for turns that it does not allow
                found[i] = request.answer("", "error", detail=f"chat template: {error}")
        for rows, room in self._groups(inputs):
            if room >= 1:
                answers = self._answer([batch[i] for i in rows], [inputs[i] for i in rows], room)
                found |= dict(zip(rows, answers, strict=True))
                continue
            for i in rows:
                detail = f"the prompt has {len(inputs[i])} tokens, the model's context {self._loaded.limit}"
                found[i] = batch[i].answer("", "error", detail=detail)
        return [found[i] for i in range(len(batch))]

    def _encode(self, request: Request) -> list[int]:
        tokenizer, chat = self._loaded.tokenizer, self._loaded.chat
        text = hf.render(tokenizer, request.prompt, chat=chat)
        ids: list[int] = tokenizer(text, add_special_tokens=not chat)["input_ids"]
        if ids:
            return ids
        # an empty prompt begins as the model was trained to begin a text
        start = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
        return [start if start is not None else 0]

    def _groups(self, inputs: Mapping[int, list[int]]) -> Iterator[tuple[list[int], int]]:
        """Batches of request numbers and the most tokens their answers may have; short of room goes alone."""
        whole = []
        for i, ids in inputs.items():
            if (room := self._room(len(ids))) < self.max_new_tokens:
                yield [i], room
            else:
                whole.append(i)
        costs = [len(inputs[i]) + self.max_new_tokens for i in whole]
        for rows in hf.batches(costs, self.batch_tokens, spread=0.5):
            yield [whole[r] for r in rows], self.max_new_tokens

    def _room(self, length: int) -> int:
        """How many tokens the context leaves for the answer to a prompt of so many tokens."""
        limit = self._loaded.limit
        if limit is None:
            return self.max_new_tokens
        if self._loaded.seq2seq:  # the answer has a context of its own
            return limit if length <= limit else 0
        return limit - length

    def _answer(self, requests: Sequence[Request], inputs: Sequence[list[int]], room: int) -> list[Generation]:
        import torch

        started, (model, tokenizer, seq2seq, *_) = time.perf_counter(), self._loaded
        ids, mask = self._padded(inputs)
        start = 1 if seq2seq else ids.shape[1]
        sampler = Sampler(
            [r.seed for r in requests], mask[:, :1] * 0 if seq2seq else mask, steps=room, temperature=self.temperature,
            top_k=self.top_k, top_p=self.top_p, penalty=self.repetition_penalty,
        )  # fmt: skip
        ending = Ending(start, model.generation_config.eos_token_id or (), self.stop, tokenizer, len(requests))
        with torch.inference_mode():
            out = model.generate(
                input_ids=ids,
                attention_mask=mask,
                max_new_tokens=room,
                logits_processor=[sampler],
                stopping_criteria=[ending],
            ).tolist()
        seconds = (time.perf_counter() - started) / len(requests)
        logprobs = torch.stack(sampler.logprobs).cpu().double()  # shape (steps, requests)
        found = []
        for r, request in enumerate(requests):
            tokens = out[r][start : start + ending.lengths[r]]
            usage = {"input_tokens": len(inputs[r]), "output_tokens": len(tokens)}
            if sampler.broken[r]:
                detail = f"the model's scores are not numbers (dtype {model.dtype})"
                found.append(request.answer("", "error", seconds=seconds, detail=detail, usage=usage))
                continue
            text = ending.cut(tokenizer.decode(tokens, skip_special_tokens=True))
            if not ending.done[r]:  # half a character at the limit is no character of the answer
                text = text.rstrip("\ufffd")
            outcome: Outcome = "ok" if ending.done[r] else "truncated"
            logprob = min(0.0, float(logprobs[: len(tokens), r].sum()))
            found.append(request.answer(text, outcome, seconds=seconds, usage=usage, logprob=logprob))
        return found

    def _padded(self, inputs: Sequence[list[int]]) -> tuple[Any, Any]:
        """Token ids and attention mask, shape (requests, longest), padded on the left."""
        import torch

        longest, pad = max(map(len, inputs)), self._loaded.model.generation_config.pad_token_id
        ids = [[pad] * (longest - len(row)) + row for row in inputs]
        mask = [[0] * (longest - len(row)) + [1] * len(row) for row in inputs]
        return torch.tensor(ids, device=self._loaded.device), torch.tensor(mask, device=self._loaded.device)


def _only_tokens(given: Any, tokenizer: Any) -> Any:
    """Generation settings with the model's special tokens and none of its sampling defaults."""
    import transformers

    ends = given.eos_token_id if isinstance(given.eos_token_id, list) else [given.eos_token_id]
    known = sorted({end for end in [*ends, tokenizer.eos_token_id] if end is not None})
    pads = (tokenizer.pad_token_id, given.pad_token_id, *known, 0)
    return transformers.GenerationConfig(
        eos_token_id=known or None,
        pad_token_id=next(pad for pad in pads if pad is not None),
        **{name: getattr(given, name, None) for name in _KEPT},
    )
