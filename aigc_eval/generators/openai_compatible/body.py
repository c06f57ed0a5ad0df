"""What a request says: the turns, and the fields beside them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aigc_eval.errors import UsageError
from aigc_eval.huggingface import encodable
from aigc_eval.records import Message, Prompt, Request

if TYPE_CHECKING:
    from aigc_eval.generators.openai_compatible import OpenAICompatible

__all__ = ["check_options", "conversation", "options"]

_SENT = ("temperature", "top_p", "presence_penalty", "frequency_penalty")
_FIXED = frozenset({"model", "messages", "prompt", "n", "best_of", "echo", "stream", "stream_options"})
_OPTIONS = frozenset({*_SENT, "stop", "seed", "logprobs", "max_tokens", "max_completion_tokens"})


def conversation(prompt: Prompt, system: str) -> list[dict[str, str]]:
    """The turns of a prompt: the option `system`, its own messages, its text as the last user turn."""
    before = [Message("system", system)] if system else []
    turns = [*before, *prompt.messages, Message("user", prompt.text)]
    return [{"role": turn.role, "content": encodable(turn.content)} for turn in turns]


def options(of: OpenAICompatible, request: Request) -> dict[str, Any]:
    """The body's other fields: those that are given, and no others."""
    body: dict[str, Any] = {name: value for name in _SENT if (value := getattr(of, name)) is not None}
    if of.max_tokens is not None:
        body["max_completion_tokens" if of.max_completion_tokens else "max_tokens"] = of.max_tokens
    if of.stop:
        body["stop"] = list(of.stop)
    if of.seed:
        body["seed"] = request.seed
    if of.logprobs:
        body["logprobs"] = True if of.api == "chat" else 1
    return body | dict(of.extra)


def check_options(of: OpenAICompatible) -> None:
    """Raise UsageError for options that mean nothing."""
    chat = of.api == "chat"
    checks = {
        "model must not be empty": bool(of.model.strip()),
        "temperature must be 0 or more": of.temperature is None or of.temperature >= 0,
        "top_p must be above 0 and at most 1": of.top_p is None or 0 < of.top_p <= 1,
        "presence_penalty must be between -2 and 2": _penalty(of.presence_penalty),
        "frequency_penalty must be between -2 and 2": _penalty(of.frequency_penalty),
        "max_tokens must be 1 or more": of.max_tokens is None or of.max_tokens >= 1,
        "stop strings must not be empty": all(of.stop),
        "system needs api: chat": chat or not of.system,
        "max_completion_tokens needs api: chat": chat or not of.max_completion_tokens,
        "extra must be what JSON can hold": _is_json(of.extra),
    }
    wrong = [rule for rule, kept in checks.items() if not kept]
    wrong += [f"extra must not set {name}; one call asks for one whole answer" for name in sorted(_FIXED & {*of.extra})]
    wrong += [f"extra must not set {name}; it is an option" for name in sorted(_OPTIONS & {*of.extra})]
    if wrong:
        raise UsageError(f"openai_compatible: {'; '.join(wrong)}")


def _penalty(value: float | None) -> bool:
    return value is None or -2 <= value <= 2


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError):
        return False
    return True
