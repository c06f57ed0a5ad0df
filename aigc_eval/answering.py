"""The first stage of a run: every candidate answers every request, in batches or in calls."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from aigc_eval.calls import Limits, Price, Spent, call_all
from aigc_eval.credentials import redact
from aigc_eval.errors import CallError, PluginError
from aigc_eval.plugin import Generator
from aigc_eval.records import ERROR_KINDS, OUTCOMES, Generation, Prompt, Request, digest
from aigc_eval.stages import Engine, Stage, in_batches, short
from aigc_eval.text import blank

__all__ = ["Answering", "answering", "answering_keys", "draws", "recorded"]

Answering = Stage[Request, Generation]


def draws(prompts: Sequence[Prompt], samples: int, seed: int) -> tuple[list[Request], list[str]]:
    """Every draw to make, prompt by prompt, and its digest."""
    requests, digests = [], []
    for prompt in prompts:
        prompt_digest = digest(prompt)
        for sample in range(samples):
            request = Request(prompt, sample, int(digest(seed, prompt.id, sample)[:7], 16))
            requests.append(request)
            digests.append(digest(prompt_digest, sample, request.seed))
    return requests, digests


def recorded(request: Request, data: Mapping[str, Any]) -> Generation:
    """The answer that a journal's record holds."""
    known = {k: v for k, v in data.items() if k not in ("candidate", "prompt", "sample")}
    return Generation(request, **{**known, "likelihoods": tuple(known.get("likelihoods", ()))})


def answering_keys(identity: str, requests: Sequence[str]) -> list[str]:
    """Journal keys of one generator's answers; `requests` are the requests' digests."""
    return [digest(identity, request) for request in requests]


def answering(  # noqa: PLR0917
    name: str,
    plugin: Generator,
    identity: str,
    requests: Sequence[Request],
    digests: Sequence[str],
    limits: Limits | None = None,
    price: Price | None = None,
) -> Answering:
    """The stage in which one candidate answers every request: in batches, or in calls within `limits`."""

    def call(batch: Sequence[Request]) -> list[Generation]:
        answers = plugin.generate(batch)
        for request, answer in zip(batch, answers, strict=False):
            if answer.request is not request and answer.request != request:
                raise PluginError(f"candidate {name!r} answered another request than {request.prompt.id!r}")
            if not isinstance(answer.text, str) or answer.outcome not in OUTCOMES:
                raise PluginError(f"candidate {name!r} answered {request.prompt.id!r} with no text or no known outcome")
            if len(answer.likelihoods) not in (0, len(request.prompt.choices)):
                raise PluginError(f"candidate {name!r} gave other likelihoods than {request.prompt.id!r} has choices")
        return [_settled(answer) for answer in answers]

    def encode(key: str, answer: Generation) -> Mapping[str, Any]:
        own = replace(answer, siblings=()).to_json()
        del own["request"]
        where = {"candidate": name, "prompt": answer.prompt.id, "sample": answer.request.sample}
        return {"kind": "generation", "key": key, "data": where | own}

    return Answering(
        "generation",
        f"generate {name}",
        plugin,
        answering_keys(identity, digests),
        requests,
        call,
        recorded,
        encode,
        _unanswered,
        lambda answer: answer.outcome == "error",
        [None] * len(requests),
        partial(_in_calls, plugin, limits or Limits(), price) if plugin.by_call else in_batches,
    )


def _settled(answer: Generation) -> Generation:
    """The answer as it is kept: without any key that the server sent back, and `empty` where nothing can be read.

    One whose facts are none is an error: it would end the run in the middle, or count as less than nothing.
    """
    if wrong := _no_facts(answer):
        what = f"the answer's {wrong} cannot be; give what `Request.answer` describes"
        return answer.request.answer("", "error", error="bad_response", detail=what)
    text, detail = redact(answer.text), redact(answer.detail)
    usage = {redact(str(name)): number for name, number in answer.usage.items()}
    if (text, detail, usage) != (answer.text, answer.detail, answer.usage):
        answer = replace(answer, text=text, detail=detail, usage=usage)
    if answer.outcome == "error" and answer.error not in ERROR_KINDS:
        answer = replace(answer, error="raised")
    return replace(answer, outcome="empty") if answer.outcome == "ok" and blank(answer.text) else answer


def _no_facts(answer: Generation) -> str:
    """Which of the facts beside the text is none; "" where all are. Only code of one's own gives such."""
    usage: object = answer.usage
    kind: object = answer.error
    known = {
        "detail": isinstance(answer.detail, str),
        "usage": isinstance(usage, Mapping) and all(_number(n, least=0) for n in usage.values()),
        "seconds": answer.seconds is None or _number(answer.seconds, least=0),
        "logprob": answer.logprob is None or _number(answer.logprob),
        "likelihoods": all(map(_number, answer.likelihoods)),
        "attempts": isinstance(answer.attempts, int) and answer.attempts >= 1,
        "error": answer.outcome == "error" or kind == "",
    }
    return next((name for name, ok in known.items() if not ok), "")


def _number(value: object, least: float = -math.inf) -> bool:
    """A finite number that JSON can hold."""
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value and abs(value) < math.inf


def _unanswered(request: Request, error: Exception) -> Generation:
    if isinstance(error, CallError):
        kind = error.kind if error.kind in ERROR_KINDS else "raised"
        return request.answer("", "error", error=kind, detail=redact(str(error)))
    return request.answer("", "error", error="raised", detail=short(error))


def _in_calls(
    plugin: Generator, limits: Limits, price: Price | None, stage: Answering, waiting: Sequence[int]
) -> Engine[Generation]:
    """One call an item, many at a time."""

    def call(request: Request) -> Generation:
        answers = stage.call([request])
        if len(answers) != 1:
            raise PluginError(f"{stage.name} returned {len(answers)} answers to one request")
        answer = answers[0]
        if answer.outcome == "error":
            raise CallError(answer.error or "raised", answer.detail)
        return answer

    def cost(tokens: Sequence[int]) -> Spent:
        return Spent(sum(tokens), price.of(*tokens) if price else 0.0)

    def spent(answer: Generation) -> Spent:
        read, written = plugin.expected_tokens(answer.request)
        return cost((answer.usage.get("input_tokens", read), answer.usage.get("output_tokens", written)))

    used = [spent(answer) for answer in stage.results if answer is not None and answer.outcome != "error"]
    before = Spent(sum(s.tokens for s in used), sum(s.cost for s in used))
    items = [stage.items[i] for i in waiting]
    limits = replace(limits, concurrency=min(limits.concurrency, plugin.most_calls() or limits.concurrency))
    for group in call_all(
        call, items, limits, expected=lambda r: cost(plugin.expected_tokens(r)), spent=spent, before=before
    ):
        yield [(waiting[e.item], _after(e.result, items[e.item], e.attempts)) for e in group]


def _after(result: Generation | CallError, request: Request, attempts: int) -> Generation:
    answer = _unanswered(request, result) if isinstance(result, CallError) else result
    return answer if attempts == answer.attempts else replace(answer, attempts=attempts)
