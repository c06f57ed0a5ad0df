"""An HTTP client for servers that are not to be trusted with memory, time or keys."""

from __future__ import annotations

import copy
import weakref
from collections.abc import Callable, Mapping
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from aigc_eval.errors import CallError
from aigc_eval.net.failures import of_exception, place
from aigc_eval.net.hosts import host_of, is_here
from aigc_eval.net.loop import later
from aigc_eval.net.words import silence

if TYPE_CHECKING:
    import httpx2

__all__ = ["MOST_BYTES", "Headers", "client"]

MOST_BYTES = 32 << 20
"""Largest body that is read, after decompression: 32 MiB."""
_CONNECTING = 20.0
_IDLE = 4.0
"""Seconds that an idle connection is kept: less than servers do (uvicorn's 5), lest a request meets a closed one."""

Headers = Callable[[], Mapping[str, str]]


def client(url: str, *, headers: Headers = dict) -> httpx2.AsyncClient:
    """A client for the server at `url` (checked by `host_of`) and no other; relative paths go below `url`.

    `headers` is asked anew for every request, so that a key is kept nowhere (`lambda: {"Authorization": ...}`); the
    headers `Authorization` and `X-Api-Key` are these or none, whatever an SDK sets. Use it inside `loop.run`, from any
    number of threads; it closes itself when it is no longer used. `loop.run` limits the time, connecting takes 20 s at
    most.

    Every exception of a request is a CallError; a response with any status is returned, read to its end. Redirects are
    not followed, compression is not asked for, at most 32 MiB are read (`too_large`), no cookie is kept, proxies of the
    environment are for other machines only, and the libraries' logs hold no key.
    """
    import httpx2

    host_of(url)
    silence()
    here = is_here(urlsplit(url).hostname or "")
    made: httpx2.AsyncClient = _guarded()(
        base_url=url,
        headers={"Accept-Encoding": "identity"},
        timeout=httpx2.Timeout(None, connect=_CONNECTING),
        follow_redirects=False,
        limits=httpx2.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=_IDLE),
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        trust_env=not here,
    )
    twin = copy.copy(made)  # has the same connections, and lives until they are closed: by the loop, which owns them
    weakref.finalize(made, later, twin.aclose).atexit = False
    made.own_headers = headers  # type: ignore[attr-defined]  # not the twin's: they may hold who holds this client
    return made


@cache
def _guarded() -> type[httpx2.AsyncClient]:
    """The class, made late: httpx2 is slow to import."""
    import httpx2

    class Guarded(httpx2.AsyncClient):
        own_headers: Headers = dict

        async def send(self, request: httpx2.Request, **kwargs: Any) -> httpx2.Response:
            where = place(request)
            for name in ("Authorization", "X-Api-Key"):
                request.headers.pop(name, None)
            if (request.url.scheme, request.url.netloc) != (self.base_url.scheme, self.base_url.netloc):
                raise CallError("redirected", f"{where} is not the host that was allowed", fatal=True)
            request.headers.update(self.own_headers())
            try:
                response = await super().send(request, **{**kwargs, "stream": True, "follow_redirects": False})
                try:
                    content = await _capped(response, where)
                finally:
                    await response.aclose()
            except CallError:
                raise
            except Exception as error:
                raise of_exception(error, where) from None
            return _read(response, request, content)

    return Guarded


async def _capped(response: httpx2.Response, where: str) -> bytes:
    """The decoded body; it comes in pieces of a MiB at most, so a bomb is noticed while it goes off."""
    content = bytearray()
    async for piece in response.aiter_bytes():
        content += piece
        if len(content) > MOST_BYTES:
            raise CallError("too_large", f"{where}: an answer above {MOST_BYTES >> 20} MiB")
    return bytes(content)


def _read(response: httpx2.Response, request: httpx2.Request, content: bytes) -> httpx2.Response:
    """The same response, decoded and complete, without a connection."""
    import httpx2

    coded = {"content-encoding", "content-length", "transfer-encoding"}
    headers = [(name, value) for name, value in response.headers.multi_items() if name not in coded]
    return httpx2.Response(response.status_code, headers=headers, content=content, request=request)
