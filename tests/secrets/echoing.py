"""A server on loopback that says a request's key back, wherever and however it is told to."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.secrets.canaries import encoded

__all__ = ["FATAL", "MARK", "PLACES", "Echoing", "echoing", "mark"]

MARK = re.compile(r"\[say ([a-z0-9 ]+) as ([A-Za-z0-9 ]+)\]")
Reply = tuple[int, dict[str, str], bytes]


def mark(place: str, encoding: str) -> str:
    """What a prompt holds so that the server says the key back there."""
    return f"[say {place} as {encoding}]"


@dataclass
class Echoing:
    """Where it listens; how often each key came, and each key was said back in each way."""

    url: str = ""
    keys: Counter[str] = field(default_factory=Counter)
    said: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)


def _good(path: str, text: str | None, **more: Any) -> dict[str, Any]:
    """A success as the API at that path has it."""
    if path.endswith("/messages"):
        content = [] if text is None else [{"type": "text", "text": text}]
        usage = {"input_tokens": 3, "output_tokens": 4}
        return {"type": "message", "role": "assistant", "model": "m", "content": content, "usage": usage, **more}
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return {"model": "m", "choices": [choice], "usage": {"prompt_tokens": 3, "completion_tokens": 4}, **more}


def _ok(body: object, **headers: str) -> Reply:
    return 200, headers, json.dumps(body).encode()


def _error(status: int, message: object, code: str = "x", **headers: str) -> Reply:
    return status, headers, json.dumps({"error": {"message": message, "code": code, "type": "y"}}).encode()


def _text(path: str, said: str) -> Reply:
    return _ok(_good(path, f"Your key is {said}, is it not?"))


def _reason(path: str, said: str) -> Reply:
    body = _good(path, "Fine.", stop_reason=said, system_fingerprint=said, id=said)
    for choice in body.get("choices", ()):
        choice["finish_reason"] = said
    return _ok(body)


def _usage(path: str, said: str) -> Reply:
    return _ok(_good(path, "Fine.") | {"usage": {said: 3, "prompt_tokens": said, "input_tokens": said}})


def _refusal(path: str, said: str) -> Reply:
    body = _good(path, said, stop_reason="refusal")
    for choice in body.get("choices", ()):
        choice["message"] |= {"refusal": said, "reasoning_content": said, "tool_calls": [{"id": said}]}
    return _ok(body)


def _headers(path: str, said: str) -> Reply:
    line = said.encode("ascii", "ignore").decode()
    return _ok(
        _good(path, "Fine."),
        **{"Set-Cookie": f"k={line}", "X-Request-Id": line, "Retry-After": line, "Location": line, "Request-Id": line},
    )


def _verdict(path: str, said: str) -> Reply:
    return _ok(_good(path, json.dumps({"reason": f"The key is {said}", "verdict": "not toxic"})))


PLACES: Mapping[str, Callable[[str, str], Reply]] = {
    "text": _text,
    "half": lambda path, said: _ok(_good(path, said[: len(said) // 2])),
    "verdict": _verdict,
    "reason": _reason,
    "usage": _usage,
    "refusal": _refusal,
    "headers": _headers,
    "model": lambda path, said: _ok(_good(path, "Fine.") | {"model": said}),
    "type": lambda path, said: _ok(_good(path, "Fine.") | {"type": said, "object": said}),
    "content": lambda path, said: _ok(_good(path, None) | {"content": {said: said}, "choices": {said: said}}),
    "error within 200": lambda path, said: _error(200, said),
    "rejected": lambda path, said: _error(400, f"Incorrect key provided: {said}."),
    "rejected at length": lambda path, said: _error(400, "x" * 190 + said),
    "filtered": lambda path, said: (
        400,
        {},
        json.dumps({"error": {"message": said, "code": "content_filter", "innererror": {"code": said}}}).encode(),
    ),
    "detail": lambda path, said: (422, {}, json.dumps({"detail": [{"msg": said, "input": said}]}).encode()),
    "broken server": lambda path, said: _error(500, {"message": said}),
    "busy": lambda path, said: _error(503, said, **{"Retry-After": said}),
    "page": lambda path, said: (502, {"Content-Type": "text/html"}, f"<html>{said}</html>".encode()),
    "words": lambda path, said: (500, {"Content-Type": "text/plain"}, said.encode()),
    "malformed": lambda path, said: (200, {}, b'{"choices": [{"message": {"content": "' + said.encode()),
    "short": lambda path, said: (200, {"Content-Length": "100000"}, said.encode()),
    "phrase": lambda path, said: (500, {":phrase": said}, b""),
}
"""What is answered, by the place that a prompt names."""
FATAL: Mapping[str, Callable[[str, str], Reply]] = {
    "unauthorised": lambda path, said: _error(401, f"Incorrect API key provided: {said}"),
    "forbidden": lambda path, said: (403, {}, said.encode()),
    "not found": lambda path, said: _error(404, said),
    "quota": lambda path, said: (
        429,
        {},
        json.dumps({"error": {"message": said, "code": "insufficient_quota"}}).encode(),
    ),
    "redirect": lambda path, said: (307, {"Location": f"/{said}"}, said.encode()),
}
"""Answers after which no call is made any more."""


@contextlib.contextmanager
def echoing() -> Iterator[Echoing]:
    """Answers as the first mark in a request says, or well where there is none."""
    server = Echoing()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet: the second would wait for the first one's acknowledgement

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode("utf-8", "replace")
            key = self.headers.get("X-Api-Key") or self.headers.get("Authorization", "").removeprefix("Bearer ")
            asked = MARK.search(body)
            with lock:
                server.keys[key] += 1
                server.requests.append((self.path, dict(self.headers)))
                if asked:
                    server.said[key, asked[1], asked[2]] += 1
            if asked:
                places = {**PLACES, **FATAL}
                status, headers, content = places[asked[1]](self.path, encoded(key, asked[2]))
            else:
                status, headers, content = _ok(_good(self.path, "The museum opens at nine."))
            self._answer(status, dict(headers), content)

        def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
            phrase = headers.pop(":phrase", None)
            self.close_connection = "Content-Length" in headers
            with contextlib.suppress(OSError):
                self.send_response(status, phrase)
                for name, value in ({"Content-Length": str(len(content))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on the terminal."""

    class Listener(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    made = Listener(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{made.server_address[1]}"
    try:
        yield server
    finally:
        made.shutdown()
        made.server_close()
        thread.join()
