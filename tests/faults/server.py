"""A chat-completions server on loopback that fails as it is told, and a ledger of every request that reached it.

    python -m tests.faults.server --plan plan.json --ledger ledger.jsonl

It prints its port and serves until it is killed. Each reply begins with the SHA-256 of the prompt that it answers, so
that a reply given to another prompt is found. Raw asyncio and no framework: it must neither slow down a test nor
correct what a fault should break.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gzip
import hashlib
import json
import os
import re
import socket
import struct
import subprocess
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from typing import Any

from tests.faults.plan import Plan

__all__ = ["Entry", "Server", "closed_port", "faulty", "marks"]

ROOT = Path(__file__).parents[2]
KEYS = frozenset({"authorization", "x-api-key", "api-key", "x-goog-api-key"})
NONSENSE = b"220 mail.example.com ESMTP\r\n\r\n"
REASONS = {200: "OK", 307: "Temporary Redirect", 429: "Too Many Requests"}
WORDS = ("amber", "brook", "cedar", "dune", "ember", "fjord", "grove", "heron", "islet", "jetty", "kelp", "larch")


def marks(prompt: str, seed: object = None) -> str:
    """How a reply to this prompt and seed begins."""
    return f"{hashlib.sha256(prompt.encode('utf-8', 'surrogatepass')).hexdigest()} {seed}"


@dataclass(frozen=True)
class Entry:
    """One line of the ledger: a request that arrived, when, how many others were open, what was done with it."""

    at: float
    key: str
    attempt: int
    behaviour: str
    open: int
    path: str
    headers: tuple[str, ...]
    keyed: bool
    tokens: int


# The server


class Faults:
    """What all connections share."""

    def __init__(self, plan: Plan, ledger: Path) -> None:
        self.plan = plan
        self.ledger = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self.attempts: Counter[str] = Counter()
        self.open = 0
        self.asked = 0.0  # when the first request came
        self.times: list[float] = []

    def decide(self, key: str, attempt: int) -> tuple[str, float]:
        """What the plan says; too many at once or a second are told to slow down."""
        plan, now = self.plan, time.monotonic()
        self.asked = self.asked or now
        if plan.outage[0] <= now - self.asked < plan.outage[1]:
            return "503", 0.0
        if self.open > plan.most_open:
            return "429", 0.0
        if plan.most_a_second < 1e9:
            self.times = [t for t in self.times if t > now - 1]
            if len(self.times) >= plan.most_a_second:
                return "429:1", 0.0
            self.times.append(now)
        return plan.of(key, attempt)

    def note(self, entry: Entry) -> None:
        os.write(self.ledger, (json.dumps(entry.__dict__) + "\n").encode())


class Connection(asyncio.Protocol):
    """One connection: request after request, each answered before the next is read."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.buffer = b""
        self.busy = False
        self.closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self.ended()

    def ended(self) -> None:
        self.faults.open -= self.busy
        self.busy = False

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if self.buffer[:1] == b"\x16":  # a TLS handshake, which gets what it did not ask for
            self.transport.write(NONSENSE)
            self.transport.close()
        elif not self.busy:
            self.look()

    def look(self) -> None:
        head, found, rest = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        size = int(length[1]) if length else 0
        if len(rest) < size:
            return
        self.buffer = rest[size:]
        self.busy = True
        self.faults.open += 1
        self.asked(head.decode("latin-1"), rest[:size])

    def asked(self, head: str, body: bytes) -> None:
        first, *lines = head.split("\r\n")
        names = tuple(line.partition(":")[0].lower() for line in lines)
        try:
            asked = json.loads(body or b"{}")
        except ValueError:
            asked = {}
        prompt, seed = prompt_of(asked, body), asked.get("seed") if isinstance(asked, dict) else None
        key = hashlib.sha256(marks(prompt, seed).encode()).hexdigest()[:16]
        self.faults.attempts[key] += 1
        attempt = self.faults.attempts[key]
        behaviour, delay = self.faults.decide(key, attempt)
        tokens = sum(usage(prompt).values()) if behaviour in ("ok", "length") else 0
        path, keyed = first.split(" ")[1], not KEYS.isdisjoint(names)
        self.faults.note(Entry(time.time(), key, attempt, behaviour, self.faults.open, path, names, keyed, tokens))
        reply = Reply(self, asked if isinstance(asked, dict) else {}, prompt, seed)
        if delay > 0:
            asyncio.get_running_loop().call_later(delay, reply.give, behaviour)
        else:
            reply.give(behaviour)


def prompt_of(asked: Any, body: bytes) -> str:
    """The last message of a chat, or what other bodies call their prompt, or the body as it is."""
    if isinstance(asked, dict):
        if asked.get("messages"):
            return str(asked["messages"][-1]["content"])
        for name in ("prompt", "input", "text"):
            if isinstance(asked.get(name), str):
                return str(asked[name])
    return body.decode("utf-8", "replace")


def usage(prompt: str) -> dict[str, int]:
    """Tokens are words here."""
    return {"prompt_tokens": len(prompt.split()), "completion_tokens": 16}


class Reply:
    """Everything that can be done with one request."""

    def __init__(self, connection: Connection, asked: dict[str, Any], prompt: str, seed: object) -> None:
        self.connection, self.transport = connection, connection.transport
        self.asked, self.prompt = asked, prompt
        digest = hashlib.blake2b(marks(prompt, seed).encode(), digest_size=12).digest()
        self.text = f"{marks(prompt, seed)} {' '.join(WORDS[b % len(WORDS)] for b in digest)}."
        self.plan = connection.faults.plan

    def give(self, behaviour: str) -> None:
        if self.connection.closed:
            return
        name, _, how = behaviour.partition(":")
        if name.isdecimal():
            self.status(int(name), how)
        else:
            getattr(self, name)(*([how] if how else []))

    def send(self, body: bytes, status: int = 200, kind: str = "application/json", extra: str = "") -> None:
        """A whole answer; the connection is kept."""
        self.transport.write(head(status, len(body), kind, extra) + body)
        self.connection.ended()
        if self.connection.buffer:
            self.connection.look()

    def body(self, content: str | None, *, choices: int = 1, finish: str = "stop", **more: Any) -> bytes:
        message = {"role": "assistant", "content": content, **more}
        counted = usage(self.prompt)
        return json.dumps(
            {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "created": 1,
                "model": self.asked.get("model", "m"),
                "choices": [{"index": i, "message": message, "finish_reason": finish} for i in range(choices)],
                "usage": counted | {"total_tokens": sum(counted.values())},
                "text": content,
            }
        ).encode()

    # Answers

    def ok(self) -> None:
        self.send(self.body(self.text))

    def null(self) -> None:
        self.send(self.body(None))

    def reasoning(self) -> None:
        self.send(self.body(None, reasoning_content="Let me think about " + self.prompt))

    def length(self) -> None:
        self.send(self.body(self.text, finish="length"))

    def content_filter(self) -> None:
        self.send(self.body(None, finish="content_filter"))

    def refusal(self) -> None:
        self.send(self.body(None, refusal="I cannot help with that."))

    def other_model(self) -> None:
        self.asked["model"] = "another-model"
        self.ok()

    def two_choices(self) -> None:
        self.send(self.body(self.text, choices=2))

    def no_choices(self) -> None:
        self.send(self.body(self.text, choices=0))

    # Failures that say so

    def status(self, status: int, after: str = "") -> None:
        after = formatdate(time.time() + 1, usegmt=True) if after == "date" else after
        body = {"error": {"message": f"status {status}", "type": "fault", "code": status}}
        self.send(json.dumps(body).encode(), status, extra=f"Retry-After: {after}\r\n" if after else "")

    def redirect(self) -> None:
        self.send(b"", 307, extra=f"Location: {self.plan.elsewhere}\r\n")

    # Failures that do not

    def html(self) -> None:
        self.send(b"<!DOCTYPE html><title>502</title><h1>Bad gateway</h1>", kind="text/html")

    def error_key(self) -> None:
        self.send(json.dumps({"error": {"message": "the engine is overloaded"}}).encode())

    def truncated(self) -> None:
        self.send(self.body(self.text)[:-40])

    def nonsense(self) -> None:
        self.transport.write(NONSENSE)
        self.transport.close()

    # Connections that break

    def reset(self, when: str) -> None:
        whole = self.body(self.text)
        if when != "connect":
            self.transport.write(head(200, len(whole)) + (whole[: len(whole) // 2] if when == "body" else b""))
        break_off = (
            self.break_off if when == "connect" else lambda: asyncio.get_running_loop().call_later(0.01, self.break_off)
        )
        break_off()

    def break_off(self) -> None:
        """TCP reset instead of an orderly end."""
        made = self.transport.get_extra_info("socket")
        if made is not None and not self.connection.closed:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def short(self) -> None:
        whole = self.body(self.text)
        self.transport.write(head(200, len(whole)) + whole[:-40])
        self.transport.close()

    # Silence

    def stall(self, when: str = "headers") -> None:
        if when == "headers":
            self.transport.write(head(200, 1000))

    def drip(self, what: str) -> None:
        whole = self.body(self.text)
        start = head(200, len(whole))
        if what == "body":
            self.transport.write(start)
        self.drop(iter(whole if what == "body" else start + whole))

    def drop(self, rest: Iterator[int]) -> None:
        if self.transport.is_closing():
            return
        if (byte := next(rest, None)) is None:
            self.transport.close()
            return
        self.transport.write(bytes([byte]))
        asyncio.get_running_loop().call_later(1.0, self.drop, rest)

    # Too much

    def big(self) -> None:
        start, _, end = self.body("|").partition(b'"|"')
        first = head(200, 50_000_002 + len(start) + len(end)) + start + b'"'
        self.pour(iter([first, *[b"word " * 20_000] * 500, b'"' + end]))

    def bomb(self) -> None:
        """A megabyte of zeros, ten thousand times, each of about a kilobyte."""
        made = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        block = made.compress(bytes(1_000_000)) + made.flush(zlib.Z_FULL_FLUSH)
        start = gzip.compress(b"", mtime=0)[:10]
        first = head(200, len(start) + len(block) * 10_000, extra="Content-Encoding: gzip\r\n")
        self.pour(iter([first + start, *[block * 100] * 100]))

    def pour(self, rest: Iterator[bytes]) -> None:
        """Write while the other side reads."""
        while not self.transport.is_closing():
            if self.transport.get_write_buffer_size() > 1_000_000:
                asyncio.get_running_loop().call_later(0.001, self.pour, rest)
                return
            if (part := next(rest, None)) is None:
                self.transport.close()
                return
            self.transport.write(part)


def head(status: int, length: int, kind: str = "application/json", extra: str = "") -> bytes:
    reason = REASONS.get(status, "Fault")
    return f"HTTP/1.1 {status} {reason}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n{extra}\r\n".encode()


async def serve(plan: Plan, ledger: Path, port: int, told: Callable[[int], None]) -> None:
    faults = Faults(plan, ledger)
    made = await asyncio.get_running_loop().create_server(lambda: Connection(faults), "127.0.0.1", port, backlog=1024)
    told(made.sockets[0].getsockname()[1])
    await made.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plan", type=Path, required=True)
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0, help="one that is free, unless told")
    given = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(Plan.read(given.plan), given.ledger, given.port, lambda port: print(port, flush=True)))


# Its client


@dataclass(frozen=True)
class Server:
    """A running fault server."""

    port: int
    path: Path
    process: subprocess.Popen[str]

    @property
    def url(self) -> str:
        """Where chat completions are."""
        return f"http://127.0.0.1:{self.port}/v1"

    def ledger(self) -> list[Entry]:
        """Every request so far, in order of arrival."""
        if not self.path.exists():
            return []
        lines = self.path.read_text("utf-8").split("\n")[:-1]
        return [Entry(**{**found, "headers": tuple(found["headers"])}) for found in map(json.loads, lines)]

    def stop(self) -> None:
        """Kill it: what follows is a closed port."""
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def faulty(plan: Plan, folder: Path, *, port: int = 0) -> Iterator[Server]:
    """A server in a process of its own that follows the plan; its ledger lies in `folder`, and goes on there.

    Another one may follow it at the same `port`, with another plan.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ledger = folder / "ledger.jsonl"
    command = [sys.executable, "-m", "tests.faults.server", "--ledger", str(ledger), "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--plan", str(plan.write(folder / "plan.json"))], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield Server(int(process.stdout.readline()), ledger, process)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def closed_port() -> int:
    """A port of this machine where nothing listens."""
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        port: int = made.getsockname()[1]
    return port


if __name__ == "__main__":
    main()
