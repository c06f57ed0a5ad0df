"""Any server of OpenAI's chat completions over HTTP, with patience for its limits and none for its surprises."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from aigc_eval import credentials
from aigc_eval import huggingface as hf
from aigc_eval.calls import Limits, call_all
from aigc_eval.errors import CallError, UsageError
from aigc_eval.models.chat.base import Array, Chat, ChatError, Conversation
from aigc_eval.net.bodies import json_object
from aigc_eval.net.client import client
from aigc_eval.net.hosts import host_of
from aigc_eval.net.loop import run

__all__ = ["EndpointChat"]

_TOP = 20
_FINISHED = ("stop", "length", "content_filter", "tool_calls", "function_call")
"""What a server may say of the end of an answer; anything else is not repeated, it could hold the key."""
_STILL_DOWN = 1.0
"""Seconds that a server gets which was given up in the batch before."""


@dataclass(frozen=True)
class EndpointChat(Chat):
    """A model behind an OpenAI-compatible endpoint: POST {url}/chat/completions.

    Args:
        url: up to and with the version ("https://api.example.com/v1"); see `net.hosts.host_of`.
        model: the server's name of the model.
        key_variable: environment variable that holds the API key (or, with `_FILE` behind it, names its file); ""
            sends none. The key is read for each call and stands in no attribute, error, log or signature.
        seed: sent along, for servers that honour it; temperature is 0.
        timeout: seconds for one whole request, connecting and the last byte included.
        retries: further tries after a failure that may pass; a 429 is not counted. `calls.call_all` waits between
            them, with `backoff` and as the server asks, and gives up a server that is down: its other conversations
            are then not asked, and the next batch begins with a single try.
        concurrency: most requests at a time, fewer while the server throttles.

    Redirects are not followed, an answer above 32 MiB is refused. Errors name the host, the status and, where it holds
    no part of the key, the server's own words. Raises UsageError for a bad URL or an environment variable not set.
    """

    url: str
    model: str
    key_variable: str = ""
    seed: int = 0
    timeout: float = 60.0
    retries: int = 5
    backoff: float = 0.5
    concurrency: int = 4

    def __post_init__(self) -> None:
        checks = {
            "timeout must be above 0": self.timeout > 0,
            "retries must be 0 or more": self.retries >= 0,
            "backoff must be 0 or more": self.backoff >= 0,
            "concurrency must be 1 or more": self.concurrency >= 1,
            "model must not be empty": bool(self.model),
        }
        if wrong := [rule for rule, kept in checks.items() if not kept]:
            raise UsageError(f"endpoint: {'; '.join(wrong)}")
        host_of(self.url)

    @property
    def name(self) -> str:  # type: ignore[override]
        """The model's name."""
        return self.model

    @property
    def host(self) -> str:
        """Where requests go."""
        return host_of(self.url)

    def check(self) -> None:
        """Raise UsageError where the key is missing; sends nothing."""
        self._headers()

    def attempt(self, conversations: Sequence[Conversation], *, max_tokens: int) -> list[str | ChatError]:
        """One request a conversation, at most `concurrency` at a time."""

        def text(found: Any) -> str:
            choice = found["choices"][0]
            content = choice["message"]["content"]
            if not isinstance(content, str):
                reason = choice.get("finish_reason")
                known = reason if reason in _FINISHED else "none that is known"
                raise ChatError(f"{self.host}: no text in the answer (finish_reason {known})")
            return credentials.redact(content)  # scorers quote it in notes and errors, and cut it

        return [
            self._read(body, text) if isinstance(body, dict) else body
            for body in self._post(conversations, {"max_tokens": max_tokens})
        ]

    def token_probabilities(self, conversations: Sequence[Conversation], words: Sequence[str]) -> Array | None:
        """From `top_logprobs` of the first token: sums the tokens that are the word, white space aside.

        A word that is not among the 20 likeliest tokens, or is no single token for the server, has 0.0. None where an
        answer brings no log-probabilities.
        """
        rows = []
        for body in self._post(conversations, {"max_tokens": 1, "logprobs": True, "top_logprobs": _TOP}):
            if isinstance(body, ChatError):
                raise body
            if not body.get("choices") or not (body["choices"][0].get("logprobs") or {}).get("content"):
                return None
            row = self._read(body, lambda found: _first(found, words))
            if isinstance(row, ChatError):
                raise row
            rows.append(row)
        return np.array(rows, dtype=np.float64).reshape(len(rows), len(words))

    def _read(self, body: dict[str, Any], read: Any) -> Any:
        try:
            return read(body)
        except ChatError as error:
            return error
        except (KeyError, IndexError, TypeError, ValueError, AttributeError):
            return ChatError(f"{self.host}: the answer is not a chat completion")

    def _post(self, conversations: Sequence[Conversation], extra: dict[str, Any]) -> list[dict[str, Any] | ChatError]:
        """The server's answers in order."""
        if not conversations:
            return []
        self.check()
        http = client(self.url, headers=self._headers)
        bodies = [self._body(conversation, extra) for conversation in conversations]

        def call(body: dict[str, Any]) -> dict[str, Any]:
            try:
                return json_object(run(http.post("chat/completions", json=body)))
            except CallError as error:  # to a judge nothing is fatal: what is not judged is unscored
                raise CallError(error.kind, str(error), again=error.again, after=error.after) from None

        found: dict[int, dict[str, Any] | ChatError] = {}
        ended = [one for group in call_all(call, bodies, self._limits) for one in group]
        for item, result, attempts in ended:
            found[item] = self._failed(result, attempts) if isinstance(result, CallError) else result
        self.__dict__["_down"] = any(isinstance(r, CallError) and r.kind == "gave_up" for _, r, _ in ended)
        return [found[i] for i in range(len(bodies))]

    @property
    def _limits(self) -> Limits:
        return Limits(
            concurrency=self.concurrency,
            timeout=self.timeout,
            deadline=max(self.timeout, Limits.deadline),
            attempts=self.retries + 1,
            backoff=self.backoff,
            outage=_STILL_DOWN if self.__dict__.get("_down") else Limits.outage,
        )

    def _failed(self, error: CallError, attempts: int) -> ChatError:
        words = str(error) if str(error).startswith(self.host) else f"{self.host}: {error}"
        return ChatError(f"{words} (tried {attempts} times)" if attempts > 1 else words)

    def _headers(self) -> dict[str, str]:
        """The key's header, made for each call."""
        return {"Authorization": f"Bearer {credentials.key(self.key_variable)}"} if self.key_variable else {}

    def _body(self, conversation: Conversation, extra: dict[str, Any]) -> dict[str, Any]:
        messages = [{"role": m.role, "content": hf.encodable(m.content)} for m in conversation]
        return {"model": self.model, "messages": messages, "temperature": 0, "seed": self.seed, **extra}


def _first(body: Any, words: Sequence[str]) -> list[float]:
    """Probability of each word as the first token."""
    chances: dict[str, float] = {}
    for entry in body["choices"][0]["logprobs"]["content"][0]["top_logprobs"]:
        word, chance = str(entry["token"]).strip(), math.exp(min(0.0, float(entry["logprob"])))
        chances[word] = chances.get(word, 0.0) + chance
    return [min(1.0, chances.get(word.strip(), 0.0)) for word in words]
