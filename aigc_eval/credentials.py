"""Keys come from the environment, or from a file that the environment names, and are written nowhere.

Whatever a run stores or prints passes `redact`, which takes every key that was read out again: as it stands, in Base64,
in hexadecimal digits, with per cent signs and as a JSON text.
"""

from __future__ import annotations

import base64
import json
import os
import re
from functools import lru_cache
from urllib.parse import quote, quote_plus

from aigc_eval.errors import UsageError

__all__ = ["holds_part", "key", "redact"]

_SHORTEST = 6
_WINDOW = 4
_read: dict[str, str] = {}


def key(variable: str) -> str:
    """The key in the environment variable `variable`, or in the file that `<variable>_FILE` names.

    Raises UsageError where there is neither, or where what is there is no key (white space or control characters in
    it, fewer than six characters).
    """
    found, where = os.environ.get(variable, ""), f"the environment variable {variable}"
    if not found and (path := os.environ.get(f"{variable}_FILE")):
        where = f"the file that {variable}_FILE names"
        try:
            with open(path, encoding="utf-8") as file:
                found = file.read(65_536)
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{where} cannot be read ({type(error).__name__}); correct {variable}_FILE") from None
    found = found.strip()
    if not found:
        raise UsageError(f"{where} is not set; export it, or name a file in {variable}_FILE")
    if not re.fullmatch(rf"[\x21-\x7e]{{{_SHORTEST},}}", found):
        raise UsageError(f"{where} holds no plain key; it must be {_SHORTEST} or more visible ASCII characters")
    _read[found] = variable
    return found


def redact(text: str) -> str:
    """The text without any key that was read so far; `[key: VARIABLE]` stands in its place.

    >>> os.environ["DOCTEST_KEY"] = "sk-doctest-1"
    >>> redact(f"sent {key('DOCTEST_KEY')} twice: 736b2d646f63746573742d31")
    'sent [key: DOCTEST_KEY] twice: [key: DOCTEST_KEY]'
    """
    for secret, variable in [*_read.items()]:
        if (pattern := _pattern(secret)).search(text):
            text = pattern.sub(f"[key: {variable}]", text)
    return text


def holds_part(text: str) -> bool:
    """Whether any four characters in a row of any key that was read occur in the text.

    >>> os.environ["DOCTEST_KEY"] = "sk-doctest-1"
    >>> _ = key("DOCTEST_KEY")
    >>> holds_part("Incorrect key: sk-d********"), holds_part("no such model")
    (True, False)
    """
    return any(secret[i : i + _WINDOW] in text for secret in [*_read] for i in range(len(secret) - _WINDOW + 1))


@lru_cache(maxsize=256)
def _pattern(secret: str) -> re.Pattern[str]:
    raw = secret.encode("ascii")
    shapes = {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], *_base64(raw)}
    hexadecimal = re.escape(raw.hex())
    return re.compile("|".join([*map(re.escape, sorted(shapes, key=len, reverse=True)), f"(?i:{hexadecimal})"]))


def _base64(raw: bytes) -> set[str]:
    """What is the same in Base64 whatever stands before and behind the key: three places to begin."""
    found = set()
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(b"\0" * before + raw).decode("ascii")
            start = (before * 8 + 5) // 6  # characters that the bytes before have a part in
            end = (before + len(raw)) * 8 // 6
            found.add(text[start:end])
    return found
