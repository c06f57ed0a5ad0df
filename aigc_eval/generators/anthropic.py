"""Answers of the models behind Anthropic's Messages API, through its own SDK."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from aigc_eval import credentials
from aigc_eval.errors import CallError, UsageError
from aigc_eval.huggingface import encodable
from aigc_eval.net import client, failures, hosts, loop, words
from aigc_eval.net.bodies import json_object
from aigc_eval.plugin import Generator, require
from aigc_eval.records import Bilingual, Generation, Message, Outcome, Prompt, Request
from aigc_eval.text import blank

if TYPE_CHECKING:
    import httpx2
    from anthropic import AsyncAnthropic

__all__ = ["Anthropic"]

_OPENING = Lock()
_WHOLE: Final = ("end_turn", "stop_sequence", None)
_KNOWN: Final = ("max_tokens", "model_context_window_exceeded", "pause_turn", "refusal", "tool_use")
_READ: Final = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


@dataclass(frozen=True)
class Anthropic(Generator):
    """Asks a model through Anthropic's Messages API.

    Args:
        model: its name, or an alias: the answer may then come from a dated version of it ("-20250929").
        max_tokens: most tokens of an answer; those of thinking count too.
        system: system prompt, before the system messages of a prompt.
        temperature, top_p, top_k: sent where given; recent models accept none of them.
        stop: texts that end an answer.
        thinking: "off", or "default" for what the model does by itself: some cannot be told not to think.
        aliases: further names under which the model may answer, for a gateway that renames it.
        base_url: up to where `/v1/messages` follows; https, or http on this machine.
        api_key_env: environment variable that holds the key (or, with `_FILE` behind it, names its file).

    The API knows no seed, so samples are independent draws and a second run gives others. Turns of the same role in a
    row are joined, as is the text of several blocks; blocks of thinking are left out. A turn that paused, asked for a
    tool or filled the context window is `truncated`; a stop reason "refusal" is `refused`, whatever text came before.
    An answer from another model is an error (`wrong_model`).

    Source: Anthropic, "Messages" and "Handling stop reasons", API documentation (2026).
    """

    model: str
    max_tokens: int = 1024
    system: str = ""
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] = ()
    thinking: Literal["off", "default"] = "off"
    aliases: tuple[str, ...] = ()
    base_url: str = "https://api.anthropic.com"
    api_key_env: str = field(default="ANTHROPIC_API_KEY", compare=False)

    by_call: ClassVar[bool] = True
    title: ClassVar[Bilingual] = Bilingual(
        "anthropic: the Messages API; independent draws, no seed", "anthropic：Messages API；独立抽样，不支持随机种子"
    )
    needs: ClassVar[str] = "the extra `anthropic`, a key"
    source: ClassVar[str] = "Anthropic, Messages API"

    def __post_init__(self) -> None:
        """Raise UsageError for options that no call can be made with."""
        checks = {
            "model must not be empty": bool(self.model.strip()),
            "api_key_env must not be empty": bool(self.api_key_env),
            "max_tokens must be 1 or more": self.max_tokens >= 1,
            "temperature must be between 0 and 1": self.temperature is None or 0 <= self.temperature <= 1,
            "top_p must be between 0 and 1": self.top_p is None or 0 <= self.top_p <= 1,
            "top_k must be 1 or more": self.top_k is None or self.top_k >= 1,
            "stop must hold no blank text": all(text.strip() for text in self.stop),
        }
        if wrong := [rule for rule, kept in checks.items() if not kept]:
            raise UsageError("; ".join(wrong))
        credentials.check_variable("api_key_env", self.api_key_env)
        hosts.host_of(self.base_url)

    def load(self) -> None:
        """Import the SDK, find the key and open the client; nothing is sent."""
        credentials.key(self.api_key_env)
        _ = self._client

    def hosts(self) -> tuple[str, ...]:
        """Where the API is."""
        return (hosts.host_of(self.base_url),)

    def close(self) -> None:
        """Let the connections go; the client closes itself when nobody holds it."""
        self.__dict__.pop("_opened", None)

    def generate(self, batch: Sequence[Request]) -> list[Generation]:
        """One call a request; CallError where it brought no answer."""
        return [self._answer(request) for request in batch]

    def _answer(self, request: Request) -> Generation:
        started = time.perf_counter()
        response = loop.run(self._send(request.prompt))
        seconds = time.perf_counter() - started
        found = json_object(response)
        if found.get("type") != "message" or not isinstance(found.get("content"), list):
            raise CallError("bad_response", "the answer is no message", again=True)
        self._check_model(found.get("model"))
        text, outcome, detail = _ending(found)
        return request.answer(text, outcome, seconds=seconds, detail=detail, usage=_usage(found.get("usage")))

    async def _send(self, prompt: Prompt) -> httpx2.Response:
        import httpx2

        sdk = require("anthropic", extra="anthropic")
        try:
            # Not `messages.create`: it knows no temperature, warns of old models each time and refuses long answers.
            return await self._client.post("/v1/messages", cast_to=httpx2.Response, body=self._body(prompt))
        except sdk.APIStatusError as error:
            raise failures.of_status(error.response) from None
        except Exception as error:
            raise failures.of_exception(error, hosts.host_of(self.base_url)) from None

    def _key(self) -> dict[str, str]:
        """The key's header, made for each call, so that the key stands in no attribute."""
        return {"X-Api-Key": credentials.key(self.api_key_env)}

    def _body(self, prompt: Prompt) -> dict[str, Any]:
        system = [self.system, *(m.content for m in prompt.messages if m.role == "system")]
        given = {
            "system": encodable("\n\n".join(filter(None, system))) or None,
            "stop_sequences": list(self.stop) or None,
            "thinking": {"type": "disabled"} if self.thinking == "off" else None,
            **{name: getattr(self, name) for name in ("temperature", "top_p", "top_k")},
        }
        turns = _turns([*prompt.messages, Message("user", prompt.text)])
        required = {"model": self.model, "max_tokens": self.max_tokens, "messages": turns}
        return required | {name: value for name, value in given.items() if value is not None}

    def _check_model(self, said: object) -> None:
        """CallError where another model answered; an alias is answered by one of its dated versions."""
        asked = re.sub(r"-(?:latest|0)$", "", self.model)
        dated = rf"{re.escape(asked)}-[0-9]{{8}}"
        known = isinstance(said, str) and (said in (self.model, *self.aliases) or re.fullmatch(dated, said))
        if not known:
            other = words.said(str(said).encode("utf-8", "replace"))
            raise CallError("wrong_model", f"asked {self.model!r:.80}, answered by {other!r}; see `aliases`")

    @property
    def _client(self) -> AsyncAnthropic:
        with _OPENING:
            return self._opened

    @cached_property
    def _opened(self) -> AsyncAnthropic:
        sdk = require("anthropic", extra="anthropic")
        if os.environ.get("ANTHROPIC_CUSTOM_HEADERS"):
            raise UsageError(
                "ANTHROPIC_CUSTOM_HEADERS is set, so requests would hold what the bench does not say; unset it"
            )
        http = client.client(self.base_url, headers=self._key)
        made: AsyncAnthropic = sdk.AsyncAnthropic(
            api_key="replaced in each request",
            base_url=self.base_url,
            timeout=http.timeout,
            max_retries=0,
            open_telemetry=False,
            http_client=http,
        )
        return made


def _turns(messages: Sequence[Message]) -> list[dict[str, str]]:
    """User and assistant in turns: what one role says in a row is joined with blank lines."""
    spoken = [m for m in messages if m.role != "system"]
    return [
        {"role": role, "content": encodable("\n\n".join(m.content for m in group if m.content))}
        for role, group in groupby(spoken, key=lambda m: m.role)
    ]


def _ending(found: Mapping[str, Any]) -> tuple[str, Outcome, str]:
    """Text, outcome and remark of a message."""
    blocks = [block for block in found["content"] if isinstance(block, dict) and block.get("type") == "text"]
    texts = [block["text"] for block in blocks if isinstance(block.get("text"), str)]
    reason = found.get("stop_reason")
    detail = "" if reason in _WHOLE else f"stop_reason {reason if reason in _KNOWN else 'that is not known'}"
    text = "".join(texts)
    if reason == "refusal":
        return text, "refused", detail
    if blank(text):
        return text, "empty", detail or "no text in the answer"
    return text, "truncated" if detail else "ok", detail


def _usage(said: object) -> dict[str, int]:
    """Tokens read, those from and for the cache among them, and tokens written; what was not told is left out."""
    if not isinstance(said, Mapping):
        return {}
    told = {name: value for name, value in said.items() if type(value) is int and 0 <= value <= 10**12}
    read = [told[name] for name in _READ if name in told]
    used = {"input_tokens": sum(read)} if "input_tokens" in told else {}
    return used | ({"output_tokens": told["output_tokens"]} if "output_tokens" in told else {})
