"""A server of raw bytes on loopback: whatever HTTP forbids, a test can send."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Answer = Callable[[socket.socket, bytes], object]


@dataclass
class Raw:
    """Where it listens, the requests it read, and how many connections were opened."""

    url: str = ""
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    stop: threading.Event = field(default_factory=threading.Event)


def http(status: int = 200, body: bytes = b"{}", **headers: str) -> bytes:
    """A whole response; underscores in header names stand for hyphens."""
    own = {"Content-Length": str(len(body))} | {k.replace("_", "-"): v for k, v in headers.items()}
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in own.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


@contextlib.contextmanager
def raw(answer: bytes | Answer) -> Iterator[Raw]:
    """Reads one request after the other on each connection; `answer` gets the socket, or is what to send."""
    server = Raw()
    lock = threading.Lock()

    def serve(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while request := _request(connection):
                with lock:
                    server.requests.append(request)
                if isinstance(answer, bytes):
                    connection.sendall(answer)
                elif answer(connection, request) is not None:
                    return

    def listen() -> None:
        while not server.stop.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _ = listener.accept()
                server.connections += 1
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        listener.settimeout(0.05)
        server.url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.stop.set()
            thread.join()


def _request(connection: socket.socket) -> bytes:
    """One request with its body; b"" at the end of the connection."""
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(65_536)
        if not piece:
            return b""
        head += piece
    head, _, body = head.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
    )
    while len(body) < length:
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body
