"""What went wrong with a call, as the CallError that says whether to ask again."""

from __future__ import annotations

import email.utils
import math
import os
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from aigc_eval.errors import CallError
from aigc_eval.net.words import said
from aigc_eval.records import ErrorKind
from aigc_eval.tables.strict_json import whole

if TYPE_CHECKING:
    import httpx2

__all__ = ["of_exception", "of_status", "retry_after"]

_AGAIN = frozenset({408, 425})
_NO_CREDIT = frozenset({"insufficient_quota", "billing_hard_limit_reached", "insufficient_balance"})
_UNAUTHORISED = frozenset({401, 403})
_HOPELESS = frozenset({402, 404, 405, 407, 410, 421, 451})
_FIELDS = ("code", "type")


def of_status(response: httpx2.Response) -> CallError:
    """The failure that a response with a status other than 2xx is; it names the host and quotes the server.

    rate_limited    429, with the seconds that `Retry-After` asks for; but a used-up quota is `rejected` for good
    server          5xx (529 is an overloaded server's), 408 and 425: asked again, after `Retry-After`
    redirected      3xx, which is not followed: no call can succeed
    unauthorised    401 and 403: no call can succeed
    rejected        any other 4xx; no call can succeed after 402, 404, 405, 407, 410, 421 and 451
    """
    status, words = response.status_code, said(response.content)
    what = f"{place(response.request)}: status {status}" + (f": {words}" if words else "")
    if status == 429 and not _codes(response.content) & _NO_CREDIT:
        return CallError("rate_limited", what, again=True, after=retry_after(response.headers))
    if status >= 500 or status in _AGAIN:
        return CallError("server", what, again=True, after=retry_after(response.headers))
    if status < 400:
        return CallError("redirected", f"{place(response.request)}: status {status}, a redirect; give the final url",
                         fatal=True)  # fmt: skip
    if status in _UNAUTHORISED:
        return CallError("unauthorised", f"{what}; check the key and what it may do", fatal=True)
    return CallError("rejected", what, fatal=status in _HOPELESS or status == 429)


def of_exception(error: BaseException, host: str = "") -> CallError:
    """The failure that an exception of httpx2 (or of an SDK on top of it) is; raise it `from None`.

    Its words name the host, the kind of exception and the system's own reason, nothing that was sent or received.
    """
    where = f"{host}: " if host else ""
    chain = list(_chain(error))
    for link in chain:
        if isinstance(link, CallError):
            return link
    names = {base.__name__ for link in chain for base in type(link).__mro__}
    kind: ErrorKind = "connection"
    if "DecodingError" in names:
        return CallError("bad_response", f"{where}the answer's compression is broken", again=True)
    if names & {"ConnectTimeout", "ConnectError", "ProxyError"}:
        what = "no connection"
    elif names & {"TimeoutException", "TimeoutError"}:
        kind, what = "timeout", "no answer in time"
    else:
        what = "the connection failed"
    return CallError(kind, f"{where}{what} ({_reason(chain)})", again=True)


def place(request: httpx2.Request) -> str:
    """Where a request went: host and port."""
    return str(request.url.netloc, "ascii", "replace") if isinstance(request.url.netloc, bytes) else request.url.netloc


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Seconds that a server asks to wait, at least 0.0: `retry-after-ms`, or `Retry-After` as a number or HTTP date.

    None where it does not say, or nothing that can be read. A date counts from the server's own `Date`, so that
    neither machine's clock needs to be right.
    Source: RFC 9110, section 10.2.3.

    >>> [retry_after({"Retry-After": v}) for v in ("2", "-1", "1e9", "nan", "soon")]
    [2.0, 0.0, 1000000000.0, None, None]
    """
    given = {name.lower(): value for name, value in headers.items()}
    for name, unit in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        try:
            seconds = float(given.get(name, "")) * unit
        except ValueError:
            continue
        if math.isfinite(seconds):
            return max(0.0, seconds)
    if (due := _timestamp(given.get("retry-after", ""))) is None:
        return None
    sent = _timestamp(given.get("date", ""))
    return max(0.0, due - (sent if sent is not None else time.time() if now is None else now))


def _timestamp(date: str) -> float | None:
    try:
        parsed = email.utils.parsedate_tz(date)
        return None if parsed is None else float(email.utils.mktime_tz(parsed))
    except (ValueError, OverflowError, IndexError, TypeError):
        return None


def _codes(content: bytes) -> set[str]:
    """The error codes and types that a body names."""
    try:
        body = whole(content.decode("utf-8"))
    except ValueError:
        return set()
    error = body.get("error", body) if isinstance(body, dict) else None
    return {str(error.get(name)).lower() for name in _FIELDS} if isinstance(error, dict) else set()


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or link.__context__


def _reason(chain: list[BaseException]) -> str:
    """The system's own words where there are any, else the exception's name."""
    for link in chain:
        if isinstance(link, ssl.SSLError):
            told = getattr(link, "verify_message", "") or getattr(link, "reason", "") or type(link).__name__
            return f"TLS: {told}"[:120]
        if isinstance(link, socket.gaierror):
            return "the host's name has no address"
    for link in chain:
        if isinstance(link, OSError) and link.errno:
            return os.strerror(link.errno)
    return type(chain[0]).__name__
