"""Fifty keys that nobody else writes, every way to spell them, and a search for all of that in bytes."""

from __future__ import annotations

import base64
import html
import itertools
import json
import random
import re
import string
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

__all__ = ["ENCODINGS", "KEYS", "Hit", "encoded", "scan", "spellings"]

_ALNUM = string.ascii_letters + string.digits
_AWKWARD = "&<>\"'%+/=\\`${}[]()#@!~|;:,?*^._-"


def _keys() -> tuple[str, ...]:
    draw = random.Random(20_260_823)

    def some(length: int, alphabet: str = _ALNUM) -> str:
        return "".join(draw.choices(alphabet, k=length))

    stem = f"sk-{some(20)}"
    made = [
        *(some(6), some(6), f"{some(3)}\"{some(1)}'{some(1)}"),
        *(stem, stem + some(20), stem + some(40)),  # each the beginning of the next
        *(some(400), some(400, _ALNUM + _AWKWARD)),
        *(base64.b64encode(draw.randbytes(n)).decode() for n in (32, 46, 64)),
        *(draw.randbytes(n).hex() for n in (16, 20)),
        some(16, string.digits),
        *(some(6) + character + some(6) + 2 * character + some(6) for character in _AWKWARD[:12]),
        *(some(24, _ALNUM + _AWKWARD) for _ in range(8)),
        f"{some(8)}%2B%26{some(8)}",
        f"{some(8)}&amp;&lt;{some(8)}",
        f"{some(8)}\\u0041\\n{some(8)}",
        "{{" + some(10) + "}}",
        "${" + some(10) + "}",
        f"=cmd|{some(12)}",
        f"-----{some(12)}-----",
        *(f"sk-proj-{some(40, _ALNUM + '-_')}", f"sk-ant-api03-{some(60, _ALNUM + '-_')}AA", f"hf_{some(34)}"),
    ]
    made += [some(draw.randint(12, 60), _ALNUM + "-_") for _ in range(50 - len(made))]
    return tuple(made)


KEYS = _keys()


def _shifted(data: bytes, before: int, encode: Callable[[bytes], bytes]) -> str:
    """What Base64 makes of the data behind so many other bytes, whatever these and those after it are."""
    texts = []
    for other in (b"\x00", b"\xff"):
        text = encode(other * before + data + other * 5).decode()
        texts.append(text)
    same = "".join(a if a == b else " " for a, b in zip(*texts, strict=True))
    return max(same.split(), key=len)


ENCODINGS: Mapping[str, Callable[[str], str]] = {
    "raw": lambda key: key,
    "base64": lambda key: base64.b64encode(key.encode()).decode(),
    "base64 inside": lambda key: base64.b64encode(f"Bearer {key}".encode()).decode(),
    "base64 for urls": lambda key: base64.urlsafe_b64encode(f"k={key}".encode()).decode(),
    "url": lambda key: quote(key, safe=""),
    "url in small letters": lambda key: re.sub("%..", lambda m: m[0].lower(), quote(key, safe="")),
    "url throughout": lambda key: "".join(f"%{ord(c):02x}" for c in key),
    "json": lambda key: json.dumps(key)[1:-1],
    "json throughout": lambda key: "".join(f"\\u{ord(c):04X}" for c in key),
    "hex": lambda key: key.encode().hex(),
    "HEX": lambda key: key.encode().hex().upper(),
}
"""The ways in which a server may send a key back."""


def encoded(key: str, encoding: str) -> str:
    return ENCODINGS[encoding](key)


@lru_cache(maxsize=256)
def spellings(key: str) -> frozenset[bytes]:
    """Every way to write the key that counts as a leak."""
    codes = [ord(c) for c in key]
    found = {key, html.escape(key), html.escape(key, quote=False), html.escape(key).replace("&#x27;", "&#39;")}
    found |= {key.replace('"', '""'), repr(key)[1:-1], re.sub(r"([^\w\s])", r"\\\1", key)}
    found |= {json.dumps(key)[1:-1], re.sub(r"[<>&'+]", lambda m: f"\\u{ord(m[0]):04x}", json.dumps(key)[1:-1])}
    found |= {json.dumps(key)[1:-1].replace("/", "\\/")}
    for digits in ("02x", "02X"):
        found |= {"".join(f"%{code:{digits}}" for code in codes), "".join(f"\\u00{code:{digits}}" for code in codes)}
        found.add("".join(f"{code:{digits}}" for code in codes))
        for safe in ("", "/", "~()*!.'"):
            case = str.lower if digits == "02x" else str.upper
            found.add(re.sub("%..", lambda m, case=case: case(m[0]), quote(key, safe=safe)))
    encoders = (base64.b64encode, base64.urlsafe_b64encode)
    found |= {_shifted(key.encode(), before, encode) for before in range(3) for encode in encoders}
    return frozenset(text.encode() for text in found)


class Hit(NamedTuple):
    """A key found where it must not be."""

    place: str
    key: str
    around: bytes


def scan(places: Mapping[str, bytes], keys: Sequence[str] = KEYS) -> list[Hit]:
    """Every place that holds a key, in any spelling, after decoding the place in four ways too."""
    return list(itertools.chain.from_iterable(_hits(place, content, keys) for place, content in places.items()))


def _hits(place: str, content: bytes, keys: Sequence[str]) -> Iterable[Hit]:
    decoded = _decoded(content)
    for key in keys:
        sought = [(form, content) for form in spellings(key)] + [(key.encode(), other) for other in decoded]
        for form, where in sought:
            if (at := where.find(form)) >= 0:
                yield Hit(place, key, where[max(0, at - 60) : at + len(form) + 20])
                break


def _decoded(content: bytes) -> list[bytes]:
    text = content.decode("utf-8", "replace")
    json_text = re.sub(r"\\u00([0-9a-fA-F]{2})", lambda m: chr(int(m[1], 16)), text)
    others = [
        html.unescape(text).encode("utf-8", "replace"),
        unquote_to_bytes(content),
        re.sub(r"\\(.)", r"\1", json_text).encode("utf-8", "replace"),
        text.replace('""', '"').encode("utf-8", "replace"),
    ]
    return [other for other in dict.fromkeys(others) if other != content]
