"""What statuses, bodies, headers and exceptions mean; words of servers that are safe to repeat."""

from __future__ import annotations

import email.utils
import json
import ssl
import time
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc_eval import credentials
from aigc_eval.credentials import holds_part
from aigc_eval.errors import CallError
from aigc_eval.net.bodies import json_object
from aigc_eval.net.failures import of_exception, of_status, retry_after
from aigc_eval.net.words import said

REQUEST = httpx2.Request("POST", "https://a.example:8443/v1/chat/completions")


def response(status: int, body: Any = b"", headers: dict[str, str] | None = None) -> httpx2.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return httpx2.Response(status, headers=headers, content=content, request=REQUEST)


KINDS = {
    **dict.fromkeys((300, 301, 302, 303, 304, 307, 308, 399), ("redirected", False, True)),
    **dict.fromkeys((401, 403), ("unauthorised", False, True)),
    **dict.fromkeys((402, 404, 405, 407, 410, 421, 451), ("rejected", False, True)),
    **dict.fromkeys((400, 406, 409, 411, 412, 413, 415, 418, 422, 499), ("rejected", False, False)),
    **dict.fromkeys((408, 425, 500, 501, 502, 503, 504, 520, 529, 599), ("server", True, False)),
    429: ("rate_limited", True, False),
}


@pytest.mark.parametrize("status", sorted(KINDS))
def test_every_status_has_a_meaning(status: int) -> None:
    found = of_status(response(status, {"error": {"message": "words"}}))
    assert (found.kind, found.again, found.fatal) == KINDS[status]
    assert str(found).startswith(f"a.example:8443: status {status}")


@given(
    st.integers(300, 999),
    st.binary(max_size=60),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30),
)
def test_no_response_breaks_it(status: int, body: bytes, wait: str) -> None:
    found = of_status(response(status, body, {"Retry-After": wait}))
    assert not (found.again and found.fatal)
    assert len(str(found)) < 300
    assert str(found).isprintable()
    assert found.after is None or found.after >= 0


def test_a_used_up_quota_is_no_throttling() -> None:
    for body in ({"error": {"code": "insufficient_quota"}}, {"error": {"type": "insufficient_quota"}}):
        found = of_status(response(429, body, {"Retry-After": "1"}))
        assert (found.kind, found.again, found.fatal) == ("rejected", False, True)


DATE = 1_800_000_000


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0), ({"retry-after": "0.5"}, 0.5), ({"Retry-After": "-3"}, 0.0),
        ({"Retry-After": "1e9"}, 1e9),
        ({"Retry-After": "9" * 400}, None), ({"Retry-After": "inf"}, None), ({"Retry-After": "nan"}, None),
        ({"Retry-After": "soon"}, None), ({"Retry-After": ""}, None), ({}, None), ({"Retry-After": "７"}, 7.0),
        ({"Retry-After-Ms": "1500", "Retry-After": "9"}, 1.5), ({"Retry-After-Ms": "x", "Retry-After": "9"}, 9.0),
        ({"Retry-After": email.utils.formatdate(DATE + 60, usegmt=True)}, 60.0),
        ({"Retry-After": email.utils.formatdate(DATE - 60, usegmt=True)}, 0.0),
        ({"Retry-After": "Sunday, 06-Nov-94 08:49:37 GMT"}, 0.0), ({"Retry-After": "Sun Nov  6 08:49:37 1994"}, 0.0),
        ({"Retry-After": "Mon, 32 Foo 99999 99:99:99 GMT"}, None),
        # An hour off, as the server's own clock says; RFC 9110, section 10.2.3 and the dates of section 5.6.7.
        ({"Retry-After": email.utils.formatdate(DATE + 3660, usegmt=True), "Date": email.utils.formatdate(DATE + 3600)},
         60.0),
        ({"Retry-After": email.utils.formatdate(DATE + 60, usegmt=True), "Date": "nonsense"}, 60.0),
    ],
    ids=range(20),
)  # fmt: skip
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, DATE) == seconds


@given(st.text(max_size=40))
def test_no_retry_after_breaks_it(text: str) -> None:
    found = retry_after({"Retry-After": text})
    assert found is None or 0 <= found < float("inf")


def test_a_date_counts_from_now() -> None:
    in_a_minute = email.utils.formatdate(time.time() + 60, usegmt=True)
    assert retry_after({"Retry-After": in_a_minute}) == pytest.approx(60, abs=2)


EXCEPTIONS: list[tuple[Exception, str, str]] = [
    (httpx2.ConnectTimeout("x"), "connection", "no connection (ConnectTimeout)"),
    (httpx2.ConnectError("x"), "connection", "no connection (ConnectError)"),
    (httpx2.ProxyError("403 secret"), "connection", "no connection (ProxyError)"),
    (httpx2.ReadTimeout("x"), "timeout", "no answer in time (ReadTimeout)"),
    (httpx2.PoolTimeout("x"), "timeout", "no answer in time (PoolTimeout)"),
    (TimeoutError(), "timeout", "no answer in time (TimeoutError)"),
    (httpx2.ReadError("x"), "connection", "the connection failed (ReadError)"),
    (httpx2.RemoteProtocolError("x"), "connection", "the connection failed (RemoteProtocolError)"),
    (httpx2.DecodingError("x"), "bad_response", "compression is broken"),
    (ConnectionResetError(104, "secret"), "connection", "Connection reset by peer"),
    (ssl.SSLError(1, "secret"), "connection", "TLS: "),
    (OSError("secret"), "connection", "the connection failed (OSError)"),
]


@pytest.mark.parametrize(("error", "kind", "words"), EXCEPTIONS, ids=range(len(EXCEPTIONS)))
def test_an_exception_says_what_failed_and_nothing_of_what_was_sent(error: Exception, kind: str, words: str) -> None:
    found = of_exception(error, "a.example")
    assert (found.kind, found.again, found.fatal) == (kind, True, False)
    assert words in str(found)
    assert "secret" not in str(found)
    assert str(found).startswith("a.example: ")


def test_the_cause_of_an_exception_counts() -> None:
    own = CallError("too_large", "above", again=False)
    wrapped = RuntimeError("an SDK's own")
    wrapped.__cause__ = own
    assert of_exception(wrapped) is own
    refused = httpx2.ConnectError("All connection attempts failed")
    refused.__cause__ = ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 9)")
    assert str(of_exception(refused)) == "no connection (Connection refused)"
    certificate = httpx2.ConnectError("x")
    certificate.__cause__ = ssl.SSLCertVerificationError()
    certificate.__cause__.verify_message = "self-signed certificate"
    assert str(of_exception(certificate)) == "no connection (TLS: self-signed certificate)"
    circle = RuntimeError("a")
    circle.__context__ = circle2 = RuntimeError("b")
    circle2.__cause__ = circle
    assert of_exception(circle).kind == "connection"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": {"message": "no such model"}}, "no such model"), ({"error": "busy"}, "busy"),
        ({"message": "m"}, "m"),
        ({"detail": [{"loc": ["body"], "msg": "field required"}]}, "field required"),
        ({"detail": "Not Found"}, "Not Found"),
        ([{"error": {"message": "in a list"}}], "in a list"), ("a JSON text", "a JSON text"),
        (b"plain words", "plain words"),
        ("\x1b[31m::error::\r\nx\u202e\u2028y", "[31m::error:: x y"), ({"error": {}}, ""), ({}, ""), ([], ""), (3, ""),
        (b"<html>busy</html>", ""), (b" <!DOCTYPE html>", ""), (b"\xff\xfe", ""), (b"", ""),
        ({"error": {"message": 3}}, ""),
        ({"error": {"message": {"message": "deep"}}}, "deep"), (b"[" * 100_000, "[" * 199 + "…"),
        ("x" * 10_000_000, "x" * 199 + "…"), ({"error": {"message": "中文" * 50}}, "中文" * 50),
    ],
    ids=range(22),
)  # fmt: skip
def test_what_a_server_says_is_one_printable_line(body: Any, words: str) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    assert said(content) == words


def test_words_with_any_part_of_a_key_are_withheld(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORDS_KEY", "sk-Qx7Zr9Vw2Kp5")
    credentials.key("WORDS_KEY")
    for words in ("bad key sk-Qx7Zr9Vw2Kp5", "bad key sk-Q****2Kp5", "9Vw2", "x7Zr"):
        assert holds_part(words)
        assert said(json.dumps({"error": {"message": words}}).encode()).startswith("(its words are withheld")
    assert not holds_part("Kp5 sk- 7Zr")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "not JSON"), (b"<html>", "a page of HTML"), (b" \n<!doctype html>", "a page of HTML"), (b"{", "not JSON"),
        (b'{"a": 1} x', "not JSON"), (b'{"a": 1, "a": 2}', "not JSON"), (b'{"a": NaN}', "not JSON"),
        (b"\xff", "not JSON"),
        (b'{"a": ' + b"[" * 100_000, "not JSON"), (b'{"a": ' + b"9" * 5000 + b"}", "not JSON"),
        (b"null", "no JSON object"),
        (b'"text"', "no JSON object"), (b'{"error": {"message": "late"}}', "an error: late"),
        (b'{"error": true}', "an error: without words"),
    ],
    ids=range(14),
)  # fmt: skip
def test_a_success_must_be_one_whole_object(body: bytes, why: str) -> None:
    with pytest.raises(CallError) as caught:
        json_object(response(200, body))
    assert (caught.value.kind, caught.value.again) == ("bad_response", True)
    assert why in str(caught.value)


def test_an_object_is_returned_as_it_is() -> None:
    assert json_object(response(200, b'\xef\xbb\xbf{"a": "\\ud800", "error": null}')) == {"a": "\ud800", "error": None}
    assert json_object(response(201, {"a": [1, 2.5]})) == {"a": [1, 2.5]}
    with pytest.raises(CallError, match="status 429"):
        json_object(response(429))
