"""The client against servers that stall, drip, overflow, redirect, set cookies and send keys back."""

from __future__ import annotations

import gc
import gzip
import logging
import resource
import socket
import threading
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from aigc_eval import credentials
from aigc_eval.deadline import deadline
from aigc_eval.errors import CallError, UsageError
from aigc_eval.net.bodies import json_object
from aigc_eval.net.client import client
from aigc_eval.net.loop import run
from tests.net.raw import http, raw

KEY = "sk-Canary-7f3a9c2e51d84b06"


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> Callable[[], dict[str, str]]:
    monkeypatch.setenv("NET_KEY", KEY)
    return lambda: {"Authorization": f"Bearer {credentials.key('NET_KEY')}"}


def ask(url: str, seconds: float = 5, **kwargs: Any) -> httpx2.Response:
    with deadline(seconds):
        return run(client(url, **kwargs).post("ask", json={"a": 1}))


def failure(url: str, seconds: float = 5, **kwargs: Any) -> CallError:
    with pytest.raises(CallError) as caught:
        json_object(ask(url, seconds, **kwargs))
    assert caught.value.__cause__ is None
    return caught.value


def test_a_call_is_one_request_and_its_headers_are_made_for_it(key: Callable[[], dict[str, str]]) -> None:
    with raw(http(body=b'{"b": 2}')) as server:
        assert json_object(ask(server.url, headers=key)) == {"b": 2}
        assert json_object(ask(server.url + "/")) == {"b": 2}
    first, second = (request.decode() for request in server.requests)
    assert first.startswith("POST /v1/ask HTTP/1.1\r\n")
    assert f"authorization: bearer {KEY.lower()}" in first.lower()
    assert "accept-encoding: identity" in first.lower()
    assert "authorization" not in second.lower()


def test_an_sdk_cannot_send_a_key_of_its_own_and_no_other_host_is_asked() -> None:
    with raw(http()) as server, raw(http()) as other:
        made = client(server.url)
        run(made.post("ask", headers={"Authorization": "Bearer other", "X-Api-Key": "other"}))
        with pytest.raises(CallError, match="not the host that was allowed") as caught:
            run(made.post(other.url))
    assert b"other" not in server.requests[0]
    assert (caught.value.kind, other.requests) == ("redirected", [])


@pytest.mark.parametrize("drip", ["head", "body", "silence"])
def test_a_server_that_drips_is_cut_at_the_deadline(drip: str) -> None:
    def answer(connection: socket.socket, _: bytes) -> None:
        if drip == "silence":
            connection.recv(1)
            return
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + (b"Content-Length: 999\r\n\r\n" if drip == "body" else b"X: "))
        for _piece in range(1000):
            connection.sendall(b"x")
            time.sleep(0.02)

    with raw(answer) as server:
        started = time.monotonic()
        found = failure(server.url, 0.4)
        assert 0.35 < time.monotonic() - started < 20
    assert (found.kind, found.again) == ("timeout", True)
    assert "no whole answer within 0." in str(found)


def bomb(pieces: int) -> bytes:
    """So many MiB of spaces in gzip."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    block = b" " * (1 << 20)
    return b"".join(packer.compress(block) for _ in range(pieces)) + packer.flush()


def memory() -> int:
    """Most resident memory so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def test_a_small_answer_that_is_compressed_anyway_is_read() -> None:
    packed = gzip.compress(b'{"b": "\xe4\xb8\xad"}')
    with raw(http(body=packed, Content_Encoding="gzip")) as server:
        assert json_object(ask(server.url)) == {"b": "中"}
    with raw(http(body=b"no gzip", Content_Encoding="gzip")) as server:
        assert failure(server.url).kind == "bad_response"


def test_a_bomb_is_noticed_while_it_goes_off() -> None:
    packed = bomb(300)
    twice = gzip.compress(packed)
    for body, coding in ((packed, "gzip"), (twice, "gzip, gzip")):
        with raw(http(body=body, Content_Encoding=coding)) as server:
            before, found = memory(), failure(server.url)
            assert (found.kind, found.again) == ("too_large", False)
            assert memory() - before < 120


def test_an_endless_answer_is_cut() -> None:
    def answer(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(b"100000\r\n" + b"x" * (1 << 20) + b"\r\n")

    with raw(answer) as server:
        before = memory()
        assert failure(server.url).kind == "too_large"
        assert memory() - before < 120


def test_what_is_just_small_enough_is_read() -> None:
    with raw(http(body=b'"' + b"x" * ((32 << 20) - 2) + b'"')) as server:
        assert len(ask(server.url).content) == 32 << 20


def test_redirects_are_not_followed(key: Callable[[], dict[str, str]]) -> None:
    with raw(http()) as other:
        for status in (301, 302, 303, 307, 308):
            with raw(http(status, Location=other.url)) as server:
                found = failure(server.url, headers=key)
                assert (found.kind, found.fatal, found.again) == ("redirected", True, False)
    assert other.connections == 0


def broken(connection: socket.socket, _: bytes) -> str:
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"a"')
    return "close"


def reset(connection: socket.socket, _: bytes) -> str:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    return "close"


@pytest.mark.parametrize("answer", [broken, reset, b"no HTTP at all\r\n\r\n", b"HTTP/1.1 99999 X\r\n\r\n"])
def test_a_broken_connection_may_be_tried_again(answer: Any) -> None:
    with raw(answer) as server:
        found = failure(server.url)
    assert (found.kind, found.again, found.fatal) == ("connection", True, False)


def test_nobody_there_and_no_such_name() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        found = failure(f"http://127.0.0.1:{unused.getsockname()[1]}")
    assert (found.kind, found.again) == ("connection", True)
    assert "no connection" in str(found)
    found = failure("https://no-such-host.invalid/v1")
    assert (found.kind, found.again) == ("connection", True)
    assert "no-such-host.invalid: no connection" in str(found)


def test_no_tls_on_the_other_side() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def plain() -> None:
            with listener.accept()[0] as connection:
                connection.recv(9)
                connection.sendall(b"HTTP/1.1 400 Bad\r\n\r\n")
                connection.recv(9999)

        threading.Thread(target=plain, daemon=True).start()
        found = failure(f"https://127.0.0.1:{listener.getsockname()[1]}/v1")
    assert (found.kind, found.again) == ("connection", True)
    assert "TLS" in str(found)


def test_no_cookie_is_kept() -> None:
    with raw(http(Set_Cookie="session=abc; Path=/")) as server:
        made = client(server.url)
        for _ in range(2):
            run(made.post("ask"))
        assert not made.cookies
    assert len(server.requests) == 2
    assert not [request for request in server.requests if b"ookie" in request]


def test_a_proxy_is_for_other_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
        monkeypatch.setenv(name.lower(), "http://127.0.0.1:9")
    with raw(http()) as server:
        assert ask(server.url).status_code == 200
    with raw(http(503)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.removesuffix("/v1"))
        monkeypatch.setenv("https_proxy", proxy.url.removesuffix("/v1"))
        assert failure("https://models.example/v1").kind == "connection"
    assert proxy.requests[0].startswith(b"CONNECT models.example:443")


def test_calls_do_not_queue_and_connections_are_used_again() -> None:
    there = threading.Barrier(64)

    def answer(connection: socket.socket, _: bytes) -> None:
        there.wait(5)
        connection.sendall(http())

    with raw(answer) as server, ThreadPoolExecutor(64) as pool:
        made = client(server.url)
        for _ in range(2):
            assert [r.status_code for r in pool.map(lambda _: run(made.post("ask")), range(64))] == [200] * 64
        assert server.connections == 64


def test_the_key_is_in_no_log_error_or_attribute(
    key: Callable[[], dict[str, str]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    quoted = b'{"error": {"message": "Incorrect API key: %s"}}'
    answers = [
        http(401, quoted % KEY.encode()),
        http(401, quoted % (KEY[:6].encode() + b"****" + KEY[-4:].encode())),
        http(200, KEY.encode(), X_Echo=KEY),
        http(302, b"", Location=f"http://127.0.0.1:1/?key={KEY}"),
        http(503, KEY.encode(), Retry_After=KEY, X_Part=KEY[3:12]),
        b"HTTP/1.1 200 " + KEY[4:14].encode() + b"\r\nContent-Length: 0\r\n\r\n",
        KEY.encode() + b"\r\n\r\n",
    ]
    said = []
    for answer in answers:
        with raw(answer) as server:
            made = client(server.url, headers=key)
            with pytest.raises(CallError) as caught:
                json_object(run(made.post("ask", json={})))
            said += [str(caught.value), repr(caught.value), repr(made), repr(made.headers), repr(vars(caught.value))]
    everything = "\n".join([*said, caplog.text])
    assert {"httpx2", "httpcore2.http11"} <= {record.name for record in caplog.records}
    assert not [i for i in range(len(KEY) - 3) if KEY[i : i + 4] in everything]
    assert "status 401" in everything


def test_other_hosts_than_https_are_refused_before_anything_is_made() -> None:
    for url in ("http://models.example/v1", "https://169.254.169.254/latest", "https://u:p@models.example"):
        with pytest.raises(UsageError, match="url"):
            client(url)


def test_clients_that_are_gone_leave_no_connection_behind() -> None:
    """With warnings as errors, a connection that is not closed by the loop fails the test when it is collected."""
    closed = threading.Semaphore(0)

    def answer(connection: socket.socket, _: bytes) -> str:
        connection.sendall(http())
        if connection.recv(1) == b"":
            closed.release()
        return "close"

    with raw(answer) as server:
        for _ in range(3):
            run(client(server.url).post("ask"))
        gc.collect()
        assert all(closed.acquire(timeout=2) for _ in range(3))
