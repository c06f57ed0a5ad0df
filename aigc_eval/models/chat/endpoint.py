"""Any server of OpenAI's chat completions over HTTP, with patience for its limits and none for its surprises."""

from __future__ import annotations

import contextlib
import email.utils
import ipaddress
import json
import logging
import math
import os
import re
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np

from aigc_eval import huggingface as hf
from aigc_eval.errors import UsageError
from aigc_eval.models.chat.base import Array, Chat, ChatError, Conversation
from aigc_eval.tables.strict_json import whole

if TYPE_CHECKING:
    import httpx

__all__ = ["EndpointChat", "host_of"]

_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504, 529})
_MOST_BYTES = 4 << 20
_LONGEST_WAIT = 120.0
_LOGGERS = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy")
_TOP = 20


def host_of(url: str) -> str:
    """The host (and port) that requests to `url` go to; what `Plugin.needs_trust` should name.

    Raises UsageError for anything but https (http too on this machine itself), and for a URL with a user name,
    password, query or fragment.

    >>> host_of("https://api.example.com/v1"), host_of("http://127.0.0.1:8000/v1")
    ('api.example.com', '127.0.0.1:8000')
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise UsageError("the endpoint's url is not a URL") from error
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise UsageError("the endpoint's url must hold no user name, password, query or fragment; name key_variable")
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and _is_here(host))):
        raise UsageError(f"the endpoint's url must begin with https:// (http:// only for this machine), not {url!r}")
    return host if port is None else f"{host}:{port}"


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


_FINISHED = ("stop", "length", "content_filter", "tool_calls", "function_call")
"""What a server may say of the end of an answer; anything else is not repeated, it could hold the key."""


class _Retry(Exception):
    """A failure that may pass; `after`: seconds that the server asked to wait for."""

    def __init__(self, why: str, after: float | None = None) -> None:
        super().__init__(why)
        self.after = after


@dataclass(frozen=True)
class EndpointChat(Chat):
    """A model behind an OpenAI-compatible endpoint: POST {url}/chat/completions.

    Args:
        url: up to and with the version ("https://api.example.com/v1").
        model: the server's name of the model.
        key_variable: environment variable that holds the API key; "" sends none. The key is read for each call and
            stands in no attribute, error, log or signature.
        seed: sent along, for servers that honour it; temperature is 0.
        timeout: seconds for one whole request, connecting and the last byte included.
        retries: further tries after a status 408, 425, 429, 500, 502, 503, 504 or 529, or a failed or timed out
            connection. They wait as long as the server's Retry-After says (at most two minutes; a longer one is an
            error), else `backoff` seconds doubled each time.
        concurrency: most requests at a time.

    Redirects are not followed, an answer above 4 MiB is refused. Errors name the host, the status and, where it holds
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
        self._key()

    def attempt(self, conversations: Sequence[Conversation], *, max_tokens: int) -> list[str | ChatError]:
        """One request a conversation, at most `concurrency` at a time."""

        def text(found: Any) -> str:
            choice = found["choices"][0]
            content = choice["message"]["content"]
            if not isinstance(content, str):
                reason = choice.get("finish_reason")
                known = reason if reason in _FINISHED else "none that is known"
                raise ChatError(f"{self.host}: no text in the answer (finish_reason {known})")
            return content

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
        import httpx

        if not conversations:
            return []
        key = self._key()
        plain = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        headers = plain | ({"Authorization": f"Bearer {key}"} if key else {})
        bodies = [self._body(conversation, extra) for conversation in conversations]
        with (
            _unlogged(key),
            httpx.Client(
                headers=headers,
                timeout=self.timeout,
                follow_redirects=False,
                trust_env=urlsplit(self.url).scheme == "https",  # a proxy is for other machines
            ) as client,
            ThreadPoolExecutor(self.concurrency) as pool,
        ):
            return list(pool.map(lambda body: self._patient(client, body, key), bodies))

    def _key(self) -> str:
        if not self.key_variable:
            return ""
        key = os.environ.get(self.key_variable, "").strip()
        if not key:
            raise UsageError(
                f"endpoint {self.host}: the environment variable {self.key_variable} is not set; export it"
            )
        if not re.fullmatch(r"[\x21-\x7e]+", key):
            raise UsageError(f"endpoint {self.host}: the environment variable {self.key_variable} holds no plain key")
        return key

    def _body(self, conversation: Conversation, extra: dict[str, Any]) -> bytes:
        messages = [{"role": m.role, "content": hf.encodable(m.content)} for m in conversation]
        body = {"model": self.model, "messages": messages, "temperature": 0, "seed": self.seed, **extra}
        return json.dumps(body).encode()

    def _patient(self, client: httpx.Client, body: bytes, key: str) -> dict[str, Any] | ChatError:
        """One answer, asked for again while the failure may pass."""
        for turn in range(self.retries + 1):
            try:
                return self._once(client, body, key)
            except ChatError as error:
                return error
            except _Retry as failure:
                wait = failure.after if failure.after is not None else min(self.backoff * 2**turn, _LONGEST_WAIT)
                if turn == self.retries:
                    return ChatError(f"{failure} (tried {turn + 1} times)")
                if wait > _LONGEST_WAIT:
                    return ChatError(f"{failure}; it asks to wait {wait:.0f} s, longer than {_LONGEST_WAIT:.0f} s")
                time.sleep(wait)
        raise AssertionError("unreachable")

    def _once(self, client: httpx.Client, body: bytes, key: str) -> dict[str, Any]:
        import httpx

        address = self.url.rstrip("/") + "/chat/completions"
        until = time.monotonic() + self.timeout
        try:
            with client.stream("POST", address, content=body) as response:
                content = bytearray()
                for piece in response.iter_bytes(1 << 16):
                    content += piece
                    if len(content) > _MOST_BYTES:
                        raise ChatError(f"{self.host}: status {response.status_code}, an answer above 4 MiB")
                    if time.monotonic() > until:
                        raise _Retry(f"{self.host}: no whole answer within {self.timeout:g} s")
        except httpx.TimeoutException:
            raise _Retry(f"{self.host}: no answer within {self.timeout:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:  # its words may hold what was sent
            raise _Retry(f"{self.host}: the connection failed ({type(error).__name__})") from None
        return self._checked(response, bytes(content), key)

    def _checked(self, response: httpx.Response, content: bytes, key: str) -> dict[str, Any]:
        status = response.status_code
        try:
            found = whole(content.decode("utf-8"))
        except ValueError:  # bad UTF-8 and bad JSON alike
            found = None
        if 300 <= status < 400:
            raise ChatError(f"{self.host}: status {status}, a redirect, which is not followed")
        if status != 200:
            why = f"{self.host}: status {status}{_words(found, key)}"
            raise _Retry(why, _wait(response.headers.get("Retry-After"))) if status in _AGAIN else ChatError(why)
        if not isinstance(found, dict):
            raise ChatError(f"{self.host}: status 200, but the answer is not a JSON object")
        return found


@contextlib.contextmanager
def _unlogged(key: str) -> Iterator[None]:
    """Meanwhile the HTTP libraries log nothing that holds the key, such as a header in which a server sends it back."""

    def harmless(record: logging.LogRecord) -> bool:
        return not key or key not in record.getMessage()

    loggers = [logging.getLogger(name) for name in _LOGGERS]
    for logger in loggers:
        logger.addFilter(harmless)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(harmless)


def _wait(header: str | None) -> float | None:
    """Seconds that a Retry-After header asks for: a number, or a date of HTTP."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        date = email.utils.parsedate_tz(header)
        if date is None:
            return None
        seconds = email.utils.mktime_tz(date) - time.time()
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _words(body: object, key: str) -> str:
    """The server's own words about an error, on one line; none where they hold any part of the key."""
    error = body.get("error", body) if isinstance(body, dict) else None
    said = error.get("message") if isinstance(error, dict) else error
    if not isinstance(said, str):
        return ""
    said = " ".join("".join(c if c.isprintable() else " " for c in said).split())[:200]
    leaks = any(key[i : i + 4] in said for i in range(max(1, len(key) - 3))) if key else False
    return "" if leaks or not said else f": {said}"


def _first(body: Any, words: Sequence[str]) -> list[float]:
    """Probability of each word as the first token."""
    chances: dict[str, float] = {}
    for entry in body["choices"][0]["logprobs"]["content"][0]["top_logprobs"]:
        word, chance = str(entry["token"]).strip(), math.exp(min(0.0, float(entry["logprob"])))
        chances[word] = chances.get(word, 0.0) + chance
    return [min(1.0, chances.get(word.strip(), 0.0)) for word in words]
