"""What a bench may write into a request's headers and query: plain texts, and never a secret."""

from __future__ import annotations

import re
from collections.abc import Mapping

from aigc_eval.errors import UsageError

__all__ = ["check_headers", "check_name", "check_query"]

_SECRET = frozenset(
    (
        *(
            "auth",
            "authorization",
            "authentication",
            "key",
            "apikey",
            "token",
            "secret",
            "password",
            "passwd",
            "cookie",
        ),
        *("credential", "credentials", "bearer", "jwt", "signature", "sig"),
    )
)
_OURS = frozenset(
    (
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "upgrade",
        "te",
        "trailer",
        "expect",
        "accept-encoding",
    )
)
"""What the transport writes itself; two of them would let one server see another request than the next."""
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_VALUE = re.compile(r"[\x20-\x7e]{0,2000}")
_FILLED = re.compile(r"\{(?:prompt|system|messages|turns|seed|sample|id|fields\.[^}]*|tag\.[^}]*)\}")
_REMEDY = "name the environment variable that holds it in `api_key_env`, and the header in `key_header`"


def check_headers(headers: Mapping[str, str]) -> None:
    """Raise UsageError for a header that is no plain text, that the transport writes, or that looks like a secret.

    >>> check_headers({"X-Api-Key": "sk-1"})
    Traceback (most recent call last):
    ...
    aigc_eval.errors.UsageError: headers: 'X-Api-Key' looks like a secret; ...
    """
    for name, value in headers.items():
        check_name("headers", name)
        if not _VALUE.fullmatch(value) or value != value.strip():
            raise UsageError(f"headers: {name!r} is no plain text; write visible ASCII characters on one line")
        if _secret(name) or re.match(r"(?i)(?:bearer|basic)\s", value):
            raise UsageError(f"headers: {name!r} looks like a secret; {_REMEDY}")
        if found := _FILLED.search(value):
            raise UsageError(f"headers: nothing of a request is written into headers; {found[0]} belongs into `body`")


def check_name(place: str, name: str) -> None:
    """Raise UsageError for what is no name of a header, or one that the transport writes."""
    if not _NAME.fullmatch(name) or name.lower() in _OURS:
        raise UsageError(f"{place}: {name!r:.100} is not a header that can be set")


def check_query(query: Mapping[str, object]) -> None:
    """Raise UsageError for a query parameter that looks like a secret: addresses end up in logs."""
    for name, value in query.items():
        if isinstance(value, str) and _secret(name) and not _FILLED.search(value):
            raise UsageError(f"query: {name!r:.100} looks like a secret, and addresses are logged; {_REMEDY}")


def _secret(name: str) -> bool:
    words = re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower())
    return not _SECRET.isdisjoint(words) or name.lower().endswith(("apikey", "token", "secret"))
