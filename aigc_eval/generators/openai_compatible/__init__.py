"""Answers of any server that speaks OpenAI's chat completions or completions, through OpenAI's own SDK."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from aigc_eval import credentials
from aigc_eval.errors import UsageError
from aigc_eval.generators.openai_compatible.answer import check_model, filtered, read, usage
from aigc_eval.generators.openai_compatible.body import check_options, conversation, options
from aigc_eval.huggingface import encodable
from aigc_eval.net import client, hosts, loop
from aigc_eval.net.bodies import json_object
from aigc_eval.plugin import Generator, require
from aigc_eval.records import Bilingual, Generation, Prompt, Request

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI

__all__ = ["OpenAICompatible"]

_OPENING = Lock()


@dataclass(frozen=True)
class OpenAICompatible(Generator):
    """Asks a model behind an OpenAI-compatible server: vLLM, llama.cpp, Ollama, `transformers serve`, DeepSeek, Qwen.

    Args:
        base_url: up to and with the version ("https://api.example.com/v1"); https, or http on this machine.
        model: the server's name of the model.
        api_key_env: environment variable that holds the key (or, with `_FILE` behind it, names its file); "" sends
            none.
        api: "chat" asks POST {base_url}/chat/completions, "completions" POST {base_url}/completions: the prompt's text
            as it stands, for base models.
        system: system prompt, put before the prompt's own messages; `check` refuses prompts that bring one themselves.
        temperature, top_p, presence_penalty, frequency_penalty: sent where given. Servers differ in their defaults, so
            give `temperature` where two servers are compared.
        max_tokens: most tokens of an answer, those of reasoning included; null leaves it to the server.
        max_completion_tokens: send that limit under this name, which reasoning models ask for.
        stop: texts that end an answer.
        seed: send the request's own seed; false for servers that refuse it.
        logprobs: ask for the tokens' log-probabilities; their sum is `Generation.logprob` where the server tells.
        aliases: further names under which the model may answer.
        extra: further fields of the request's body, such as {chat_template_kwargs: {enable_thinking: false}}.

    Each sample is a call of its own with its own seed. An answer cut off is `truncated`; one that a filter stopped, or
    a 400 by which a filter refused the prompt, is `filtered`; a `refusal` is `refused`, with its words as the text;
    null, blank or nothing but reasoning is `empty`. JSON is read strictly, and an answer without choices, or with
    several, is a `bad_response`. Another model than was asked is an error (`wrong_model`); the same name with a date
    (`-2024-08-06`, `-0613`), a revision (`@main`), `:latest` or `-latest` behind it, or a provider's folder before it,
    is the same model, as is an answer that names none. Lone surrogates are sent as U+FFFD.

    Source: OpenAI, "Create chat completion" and "Create completion", API reference (2026).
    """

    base_url: str
    model: str
    api_key_env: str = field(default="", compare=False)
    api: Literal["chat", "completions"] = "chat"
    system: str = ""
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = 1024
    max_completion_tokens: bool = False
    stop: tuple[str, ...] = ()
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    seed: bool = True
    logprobs: bool = False
    aliases: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    by_call: ClassVar[bool] = True
    title: ClassVar[Bilingual] = Bilingual(
        "openai_compatible: any server of chat completions", "openai_compatible：任意兼容 OpenAI 接口的服务"
    )
    needs: ClassVar[str] = "a server; a key in the environment where it asks for one"
    source: ClassVar[str] = "OpenAI, API reference"

    def __post_init__(self) -> None:
        """Raise UsageError for options that no call can be made with."""
        hosts.host_of(self.base_url)
        if self.api_key_env:
            credentials.check_variable("api_key_env", self.api_key_env)
        check_options(self)

    def load(self) -> None:
        """Find the key and open the client; nothing is sent."""
        self._headers()
        _ = self._client

    def hosts(self) -> tuple[str, ...]:
        """The server's host."""
        return (hosts.host_of(self.base_url),)

    def check(self, prompts: Sequence[Prompt], samples: int) -> None:
        """UsageError where prompts hold what these options leave no room for."""
        if self.api == "completions":
            _refuse([p for p in prompts if p.messages], "have earlier messages, which api: completions cannot send")
        if self.system:
            two = [p for p in prompts if any(m.role == "system" for m in p.messages)]
            _refuse(two, "bring a system prompt of their own; leave out the option `system`, or take theirs out")

    def close(self) -> None:
        """Let the connections go; the client closes itself when nobody holds it."""
        self.__dict__.pop("_opened", None)

    def generate(self, batch: Sequence[Request]) -> list[Generation]:
        """One call a request; CallError where it brought no answer."""
        return [self._answer(request) for request in batch]

    def _answer(self, request: Request) -> Generation:
        started = time.perf_counter()
        response = loop.run(self._send(request))
        seconds = time.perf_counter() - started
        if words := filtered(response):
            return request.answer("", "filtered", detail=words, seconds=seconds)
        found = json_object(response)
        check_model(found.get("model"), self.model, self.aliases)
        text, outcome, detail, logprob = read(found, chat=self.api == "chat")
        return request.answer(
            text,
            outcome,
            seconds=seconds,
            detail=detail,
            usage=usage(found),
            logprob=logprob if self.logprobs else None,
        )

    async def _send(self, request: Request) -> httpx2.Response:
        """The response, whatever its status; what the SDK makes of it is not looked at."""
        from openai import APIStatusError

        raw: Any
        more = options(self, request)
        try:
            if self.api == "chat":
                turns: Any = conversation(request.prompt, self.system)
                chat = self._client.chat.completions.with_raw_response
                raw = await chat.create(model=self.model, messages=turns, extra_body=more)
            else:
                plain = self._client.completions.with_raw_response
                prompt = encodable(request.prompt.text)
                raw = await plain.create(model=self.model, prompt=prompt, extra_body=more)
        except APIStatusError as error:
            return error.response
        answered: httpx2.Response = raw.http_response
        return answered

    def _headers(self) -> dict[str, str]:
        """The key's header, made for each call, so that the key stands in no attribute."""
        return {"Authorization": f"Bearer {credentials.key(self.api_key_env)}"} if self.api_key_env else {}

    @property
    def _client(self) -> AsyncOpenAI:
        with _OPENING:
            return self._opened

    @cached_property
    def _opened(self) -> AsyncOpenAI:
        if os.environ.get("OPENAI_CUSTOM_HEADERS"):
            raise UsageError(
                "OPENAI_CUSTOM_HEADERS is set, so requests would hold what the bench does not say; unset it"
            )
        http = client.client(self.base_url, headers=self._headers)
        made: AsyncOpenAI = require("openai").AsyncOpenAI(
            api_key="replaced in each request",
            admin_api_key="",
            base_url=self.base_url,
            timeout=http.timeout,
            max_retries=0,
            http_client=http,
        )
        made.organization = made.project = None  # the environment's, which are for another server
        return made


def _refuse(prompts: Sequence[Prompt], why: str) -> None:
    if prompts:
        some = ", ".join(repr(p.id) for p in prompts[:3]) + (", ..." if len(prompts) > 3 else "")
        raise UsageError(f"openai_compatible: {len(prompts):,} prompts {why}: {some}")
