"""A real HTTP server on loopback that answers chat completions, and misbehaves on request."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = str | dict[str, Any] | tuple[int, dict[str, str], bytes]


@dataclass
class Server:
    """What it was asked, in order: paths, headers and bodies; `most` requests were open at once."""

    url: str = ""
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    most: int = 0
    open: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


def completion(text: str | None, **choice: Any) -> dict[str, Any]:
    return {"choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop", **choice}]}


@contextlib.contextmanager
def serving(answer: Callable[[dict[str, Any]], Answer]) -> Iterator[Server]:
    """A server that answers each request's body with a text, a JSON object, or (status, headers, bytes)."""
    server = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with server.lock:
                server.paths.append(self.path)
                server.headers.append(dict(self.headers))
                server.bodies.append(body)
                server.open += 1
                server.most = max(server.most, server.open)
            try:
                found = answer(body)
            finally:  # before the answer leaves, which may bring the next request at once
                with server.lock:
                    server.open -= 1
            with contextlib.suppress(OSError):  # the other side may have stopped listening
                if isinstance(found, str):
                    found = completion(found)
                status, headers, content = (200, {}, json.dumps(found).encode()) if isinstance(found, dict) else found
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(content))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on the terminal."""

    class Listener(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128  # of the usual five, a burst of clients would be turned away

    made = Listener(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{made.server_address[1]}/v1"
    try:
        yield server
    finally:
        made.shutdown()
        made.server_close()
        thread.join()
