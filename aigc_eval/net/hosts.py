"""Which addresses requests may go to."""

from __future__ import annotations

import ipaddress
import re
import socket
from urllib.parse import SplitResult, urlsplit

from aigc_eval.errors import UsageError

__all__ = ["host_of", "is_here"]

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?")
_METADATA_NAMES = frozenset({"metadata", "metadata.google.internal", "metadata.goog", "instance-data"})
_METADATA = frozenset(map(ipaddress.ip_address, ("fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "192.0.0.192")))
"""Where clouds tell a machine its own credentials, besides the link-local addresses."""


def host_of(url: str) -> str:
    """The host (and port) that requests to `url` go to; what `Plugin.hosts` names.

    Raises UsageError for anything but https (http too on this machine itself), for a URL with a user name, password,
    query or fragment, for a host that is neither a plain ASCII name nor an address, and for link-local, unspecified,
    multicast and cloud-metadata addresses. A name that resolves to one of those later gets no further than TLS: nobody
    has a certificate for it there.

    >>> host_of("https://api.example.com/v1"), host_of("http://127.0.0.1:8000/v1")
    ('api.example.com', '127.0.0.1:8000')
    """
    host, port, parts = _split(url)
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise UsageError("the url must hold no user name, password, query or fragment; name the key's variable instead")
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and is_here(host))):
        raise UsageError(f"the url must begin with https:// (http:// only for this machine), not {url!r:.200}")
    address = _address(host)
    if ("[" in parts.netloc and ":" not in host) or (address is None and not _NAME.fullmatch(host)):
        raise UsageError(f"the url's host must be a plain name or address (punycode for others), not {host!r:.200}")
    if _forbidden(host, address):
        raise UsageError(f"the url's host {host} is link-local or a cloud's metadata service; it is never asked")
    shown = f"[{host}]" if ":" in host else host
    return shown if port is None else f"{shown}:{port}"


def is_here(host: str) -> bool:
    """Whether a host is this machine itself: `localhost`, or a loopback address.

    >>> is_here("localhost"), is_here("::1"), is_here("127.0.0.1.evil.example")
    (True, True, False)
    """
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _split(url: str) -> tuple[str, int | None, SplitResult]:
    if not re.fullmatch(r"[\x21-\x7e]*", url) or "\\" in url:  # parsers differ about these
        raise UsageError("the url must be visible ASCII characters without white space and backslashes")
    try:
        parts = urlsplit(url)
        return parts.hostname or "", parts.port, parts
    except ValueError:
        raise UsageError("the url is not a URL") from None


def _address(host: str) -> _Address | None:
    """The address that a host is, in any notation that resolvers take (`127.1`, `0x7f000001`, `::ffff:127.0.0.1`)."""
    try:
        found: _Address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        if not re.fullmatch(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+)){0,3}\.?", host):
            return None
        try:
            found = ipaddress.IPv4Address(socket.inet_aton(host.rstrip(".")))
        except OSError:
            return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def _forbidden(host: str, address: _Address | None) -> bool:
    if address is None:
        return host.rstrip(".") in _METADATA_NAMES
    return address.is_link_local or address.is_unspecified or address.is_multicast or address in _METADATA
