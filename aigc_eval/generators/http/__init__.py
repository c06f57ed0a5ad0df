"""Answers of any HTTP endpoint: a request template and paths into its JSON."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar, Literal
from urllib.parse import urlencode

from aigc_eval import credentials
from aigc_eval.errors import CallError, DataError, Problem, UsageError
from aigc_eval.generators.http.answer import FINISHED, Answer, Paths, read
from aigc_eval.generators.http.headers import check_headers, check_name, check_query
from aigc_eval.generators.http.template import LISTS, fill, names, per_prompt, system, text_of, values
from aigc_eval.net import client, failures, hosts, loop
from aigc_eval.plugin import Generator
from aigc_eval.records import Bilingual, Generation, Outcome, Prompt, Request
from aigc_eval.tables.strict_json import whole

if TYPE_CHECKING:
    import httpx2

__all__ = ["Http"]

_OPENING = Lock()
_TOKENS = ("input_tokens", "output_tokens")
_NO_TEXT = frozenset({"text/html", "application/xhtml+xml", "application/json", "application/problem+json"})
_LONGEST = 60_000
"""Characters of an address; the HTTP library refuses 65,536."""


@dataclass(frozen=True)
class Http(Generator):
    """Asks an HTTP endpoint by a request template and reads its answer at a path.

    Args:
        url: where to send requests; https, or http on this machine. Nothing of a prompt is written into it.
        text: the answer's path in the JSON of the response, such as `choices.0.message.content` (keys and list indexes
            joined by dots, as in a field map); "" where the whole response is the answer, as plain text.
        body: the request's template, JSON written as a mapping, or a text. In its texts the names below stand for what
            is asked; a text that is one name alone keeps the value's type, keys of mappings are literal.
        query: parameters of the address, with the same names.
        method: POST, PUT or GET; GET has no body.
        headers: plain texts; one that looks like a secret is refused.
        api_key_env: environment variable that holds the key (or, with `_FILE` behind it, names its file); it is sent
            as `key_prefix` and the key in the header `key_header`. "" sends none.
        finish_reason, input_tokens, output_tokens: paths, where the endpoint tells.
        error: path whose presence makes a response a failure; null, false, 0 and "" count as absent.
        finish: outcomes of finish reasons, beside length and max_tokens (truncated), content_filter (filtered), refusal
            (refused) and error (error), in any case of letters. Any other reason is an answer that came to its end.

    Names: {prompt}, the last user turn; {messages}, the whole conversation as a list of role and content; {turns}, the
    same without system messages; {system}, those, joined; {seed} and {sample}, numbers; {id}; {fields.NAME} and
    {tag.NAME}. Each is replaced once, so braces in a value stay as they are; {{ and }} are literal braces.

    A prompt with earlier turns or a system message needs a template that sends them (`check`). Lone surrogates are sent
    as U+FFFD. JSON is read strictly. Where no path leads to a text the call has failed (`bad_response`); null is an
    `empty` answer. Redirects are not followed.
    """

    url: str
    text: str
    body: Mapping[str, Any] | str | None = None
    query: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    method: Literal["POST", "PUT", "GET"] = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    finish_reason: str = ""
    input_tokens: str = ""
    output_tokens: str = ""
    error: str = "error"
    finish: Mapping[str, Outcome] = field(default_factory=dict)
    api_key_env: str = field(default="", compare=False)
    key_header: str = field(default="Authorization", compare=False)
    key_prefix: str = field(default="Bearer ", compare=False)

    by_call: ClassVar[bool] = True
    title: ClassVar[Bilingual] = Bilingual("http: any endpoint, by a request template", "http：按请求模板调用任意接口")
    needs: ClassVar[str] = "a server; a key in the environment where it asks for one"

    def __post_init__(self) -> None:
        """Raise UsageError for an address, header or template that cannot be sent as written."""
        hosts.host_of(self.url)
        check_headers(self.headers)
        check_query(self.query)
        check_name("key_header", self.key_header)
        if self.api_key_env:
            credentials.check_variable("api_key_env", self.api_key_env)
        if not re.fullmatch(r"[\x21-\x7e]{0,20} ?", self.key_prefix):
            raise UsageError("key_prefix: it is the one word before the key, such as 'Bearer '")
        texts = names("query", self.query) | (names("body", self.body) if isinstance(self.body, str) else frozenset())
        if texts & LISTS:
            raise UsageError("{messages} and {turns} are lists; they must stand alone, as values of a JSON `body`")
        if self.body is not None and self.method == "GET":
            raise UsageError("body: GET has none; write `query`, or `method: POST`")
        if not any(map(per_prompt, self._names)):
            raise UsageError("body: nothing of the prompt is sent; write {prompt} or {messages} where it belongs")
        if not self.text and (asked := [n for n in ("finish_reason", *_TOKENS) if getattr(self, n)]):
            raise UsageError(f"{asked[0]}: a plain text has no paths; name the answer's own in `text`")

    def load(self) -> None:
        """Find the key and open the client; nothing is sent."""
        self._key()
        _ = self._client

    def hosts(self) -> tuple[str, ...]:
        """The url's host."""
        return (hosts.host_of(self.url),)

    def check(self, prompts: Sequence[Prompt], samples: int) -> None:
        """DataError where the template names what prompts lack, or leaves out what they hold."""
        problems = [*self._lacking(prompts), *self._left_out(prompts)]
        if problems:
            raise DataError(problems)

    def close(self) -> None:
        """Let the connections go; the client closes itself when nobody holds it."""
        self.__dict__.pop("_opened", None)

    def generate(self, batch: Sequence[Request]) -> list[Generation]:
        """One call a request; CallError where it brought no answer."""
        return [self._answer(request) for request in batch]

    def _answer(self, request: Request) -> Generation:
        known = values(request)
        if missing := sorted(self._names - known.keys()):
            raise CallError("raised", f"the prompt has no {missing[0]!r:.80}")
        started = time.perf_counter()
        response = loop.run(self._send(known))
        seconds = time.perf_counter() - started
        found = self._read(response)
        return request.answer(found.text, found.outcome, seconds=seconds, detail=found.detail, usage=found.usage)

    async def _send(self, known: Mapping[str, object]) -> httpx2.Response:
        address = self._address(known)
        if len(address) > _LONGEST:
            raise CallError("rejected", f"not sent: an address of {len(address):,} characters; use method POST")
        return await self._client.request(self.method, address, content=self._content(known), headers=self._headers)

    def _address(self, known: Mapping[str, object]) -> str:
        query = {
            name: text_of(value, known) if isinstance(value, str) else json.dumps(value)
            for name, value in self.query.items()
        }
        return f"{self.url}?{urlencode(query)}" if query else self.url

    def _content(self, known: Mapping[str, object]) -> bytes | None:
        if self.body is None:
            return None
        if isinstance(self.body, str):
            return text_of(self.body, known).encode()
        return json.dumps(fill(self.body, known), ensure_ascii=False, allow_nan=False).encode()

    def _read(self, response: httpx2.Response) -> Answer:
        if not response.is_success:
            raise failures.of_status(response)
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        text, value = _decoded(response.content, parse=bool(self.text))
        if text is None:
            what = f"the answer is no {'JSON' if self.text else 'text in UTF-8'}"
            raise CallError("bad_response", what, again=True)
        if self.text:
            return read(value, self._paths, self._finish)
        if kind in _NO_TEXT:
            raise CallError("bad_response", f"the answer is {kind}, not plain text", again=True)
        return Answer(text, "ok", "", {})

    def _key(self) -> dict[str, str]:
        """The key's header, made for each call, so that the key stands in no attribute."""
        return {self.key_header: self.key_prefix + credentials.key(self.api_key_env)} if self.api_key_env else {}

    @property
    def _client(self) -> httpx2.AsyncClient:
        with _OPENING:
            return self._opened

    @cached_property
    def _opened(self) -> httpx2.AsyncClient:
        return client.client(self.url, headers=self._key)

    @cached_property
    def _names(self) -> frozenset[str]:
        return names("body", self.body) | names("query", self.query)

    @cached_property
    def _headers(self) -> Mapping[str, str]:
        ours = {"Accept": "application/json" if self.text else "text/plain"}
        if self.body is not None:
            ours["Content-Type"] = "text/plain; charset=utf-8" if isinstance(self.body, str) else "application/json"
        own = {name.lower() for name in self.headers}
        return {name: value for name, value in ours.items() if name.lower() not in own} | dict(self.headers)

    @cached_property
    def _paths(self) -> Paths:
        return Paths(self.text, self.finish_reason, self.input_tokens, self.output_tokens, self.error)

    @cached_property
    def _finish(self) -> Mapping[str, Outcome]:
        return {**FINISHED, **{reason.lower(): outcome for reason, outcome in self.finish.items()}}

    def _lacking(self, prompts: Sequence[Prompt]) -> list[Problem]:
        """Fields and tags that the template names and prompts lack."""
        problems = []
        for name in sorted(self._names):
            group, _, own = name.partition(".")
            if not own:
                continue
            ids = [p.id for p in prompts if own not in (p.fields if group == "fields" else p.tags)]
            if ids:
                what = f"{len(ids):,} of {len(prompts):,} prompts have no {group} {own!r:.60}: {_some(ids)}"
                problems.append(Problem("prompts", None, name, what, "add it to the prompts, or correct the template"))
        return problems

    def _left_out(self, prompts: Sequence[Prompt]) -> list[Problem]:
        """Earlier turns and system messages that the template would not send."""
        earlier = [p.id for p in prompts if any(m.role != "system" for m in p.messages)]
        systems = [p.id for p in prompts if system(p)]
        found = [
            ("earlier turns", "{messages} or {turns}", earlier, {"messages", "turns"}),
            ("a system message", "{messages} or {system}", systems, {"messages", "system"}),
        ]
        return [
            Problem(
                "prompts",
                None,
                "messages",
                f"{len(ids):,} prompts have {what} that is not sent: {_some(ids)}",
                f"write {remedy} in the template",
            )
            for what, remedy, ids, sent in found
            if ids and not sent & self._names
        ]


def _decoded(content: bytes, *, parse: bool) -> tuple[str | None, object]:
    """A body as text and, where that is asked, the JSON that it is; no text where it is neither."""
    try:
        text = content.decode("utf-8-sig")
        return text, whole(text) if parse else None
    except ValueError:  # bad UTF-8 and bad JSON alike; it would hold what the server said
        return None, None


def _some(ids: Sequence[str]) -> str:
    return ", ".join(f"{i!r:.60}" for i in ids[:3]) + (", ..." if len(ids) > 3 else "")
