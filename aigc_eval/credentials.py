"""Keys come from the environment, or from a file that the environment names, and are written nowhere.

Whatever a run stores or prints passes `redact`, which takes every key that was read out again: as it stands, in Base64,
in hexadecimal digits, with per cent signs, as a JSON text, and with the escapes of HTML and Markdown. What a bench says
passes `check_variable` and `pasted`, which know a key that somebody wrote where a variable's name belongs.
"""

from __future__ import annotations

import base64
import html.entities
import os
import re
from functools import lru_cache
from typing import Any, TextIO, TypeVar

from aigc_eval.errors import UsageError

__all__ = ["Redacted", "alone", "check_variable", "holds_part", "key", "masked", "pasted", "redact"]

E = TypeVar("E", bound=BaseException)

_SHORTEST = 6
_WINDOW = 4
_ESCAPING = frozenset("%\\&")
_read: dict[str, str] = {}
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_RUN = re.compile(r"[A-Za-z0-9+/=.-]{16,}")
_KNOWN = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"(?:sk|xai|nvapi|pplx|glpat|dapi)-(?=[\w-]*[0-9])[\w-]{8,}"
    r"|(?:sk|pk|rk)_(?:live|test)_\w{8,}"
    r"|(?:gh[pousr]|github_pat|gsk|hf|r8|npm|pypi|dop_v1)[_-](?=\w*[0-9])\w{16,}"
    r"|xox[a-z]-[\w-]{10,}"
    r"|(?:AKIA|ASIA)[A-Z0-9]{16}"
    r"|AIza[\w-]{30,}"
    r"|ya29\.[\w-]{16,}"
    r"|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r")|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"
)
"""How the keys of common services begin, and a password in an address."""
_NAMED = re.compile(
    r"(?:x-)?(?:api|access|secret|private|auth|bearer)?[-_]?(?:key|token)|(?:client[-_]?)?secret|passw(?:or)?d|authorization",
    re.IGNORECASE,
)
_PLAIN_NAMES = frozenset({"key", "token"})


def key(variable: str) -> str:
    """The key in the environment variable `variable`, or in the file that `<variable>_FILE` names.

    Raises UsageError where there is neither, or where what is there is no key (white space or control characters in
    it, fewer than six characters), or where `variable` is no name of a variable.
    """
    check_variable("the name of a key's variable", variable)
    found, where = os.environ.get(variable, ""), f"the environment variable {variable}"
    if not found and (path := os.environ.get(f"{variable}_FILE")):
        where = f"the file that {variable}_FILE names"
        found, why = _file(path)
        if why:  # not among the handlers: an error of the encoding holds what was read
            raise UsageError(f"{where} cannot be read ({why}); correct {variable}_FILE")
    found = found.strip()
    if not found:
        raise UsageError(f"{where} is not set; export it, or name a file in {variable}_FILE")
    if not re.fullmatch(rf"[\x21-\x7e]{{{_SHORTEST},}}", found):
        raise UsageError(f"{where} holds no plain key; it must be {_SHORTEST} or more visible ASCII characters")
    _read[found] = variable
    return found


def _file(path: str) -> tuple[str, str]:
    """What a file holds, or what kind of error prevents reading it."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read(65_536), ""
    except (OSError, ValueError) as error:
        return "", type(error).__name__


def redact(text: str) -> str:
    """The text without any key that was read so far; `[key: VARIABLE]` stands in its place.

    >>> os.environ["DOCTEST_KEY"] = "sk-doctest-1"
    >>> redact(f"sent {key('DOCTEST_KEY')} twice: 736b2d646f63746573742d31")
    'sent [key: DOCTEST_KEY] twice: [key: DOCTEST_KEY]'
    """
    escaped = not _ESCAPING.isdisjoint(text)
    # The longest first: a key may be the beginning of another.
    for secret, variable in sorted([*_read.items()], key=lambda item: -len(item[0])):
        for pattern in _patterns(secret)[: 1 + escaped]:
            text = pattern.sub(f"[key: {variable}]", text)
    return text


class Redacted:
    """A stream that lets no key through.

    >>> os.environ["DOCTEST_KEY"] = "sk-doctest-1"
    >>> import sys
    >>> print("with", key("DOCTEST_KEY"), file=Redacted(sys.stdout))
    with [key: DOCTEST_KEY]
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text without keys."""
        return self._stream.write(redact(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def alone(error: E) -> E:
    """An exception without its causes and its traceback: what those refer to (a request) may hold a key."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def holds_part(text: str) -> bool:
    """Whether a key that was read occurs in the text in any shape, or any four characters in a row of one.

    >>> os.environ["DOCTEST_KEY"] = "sk-doctest-1"
    >>> _ = key("DOCTEST_KEY")
    >>> holds_part("Incorrect key: sk-d********"), holds_part("no such model")
    (True, False)
    """
    parts = (secret[i : i + _WINDOW] for secret in [*_read] for i in range(len(secret) - _WINDOW + 1))
    return any(part in text for part in parts) or redact(text) != text


def check_variable(option: str, name: str) -> None:
    """Raise UsageError where an option that names a variable holds no such name, or a key; it is not repeated.

    >>> check_variable("api_key_env", "OPENAI_API_KEY")
    >>> check_variable("api_key_env", "sk-live-1")
    Traceback (most recent call last):
    ...
    aigc_eval.errors.UsageError: api_key_env: what stands there is no name of an environment variable, ...
    """
    runs = re.findall(r"[A-Za-z0-9]{16,}", name)
    if not _VARIABLE.fullmatch(name) or _KNOWN.search(name) or any(map(_random, runs)):
        what = "what stands there is no name of an environment variable, and is not shown because it may be a key"
        raise UsageError(f"{option}: {what}; export the key and write the variable's name, such as OPENAI_API_KEY")


def pasted(text: str, name: str = "") -> bool:
    """Whether a text of a bench, under this name, looks like a key.

    >>> pasted("ghp_16C7e42F292c6912E7710c838347Ae178B4a"), pasted("hunter2", "password"), pasted("gpt-4o-2024-08-06")
    (True, True, False)
    """
    if _KNOWN.search(text):
        return True
    secret = _NAMED.fullmatch(name) is not None
    if secret and name.lower() not in _PLAIN_NAMES:
        return bool(text.strip()) and "{" not in text
    return secret and any(map(_random, _RUN.findall(text)))


def masked(text: str) -> str:
    """A message about a bench without what looks like a key.

    >>> masked("unknown generator 'sk-live-abc123def'")
    "unknown generator '[looks like a key]'"
    """
    return _KNOWN.sub("[looks like a key]", redact(text))


def _random(run: str) -> bool:
    """Whether characters look drawn rather than written: digits between letters, or small letters among capitals."""
    digits = sum(c.isdigit() for c in run)
    return digits >= 3 or (digits > 0 and not run.isupper() and not run.islower())


@lru_cache(maxsize=1024)
def _patterns(secret: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What finds a key as it stands or encoded as a whole, and with any of its characters escaped."""
    raw = secret.encode("ascii")
    shapes = sorted({secret, *_base64(raw)}, key=len, reverse=True)
    whole = "|".join([*map(re.escape, shapes), f"(?i:{raw.hex()})"])
    return re.compile(whole), re.compile("".join(map(_escapes, re.findall(r"\\+|.", secret))))


@lru_cache(maxsize=128)
def _escapes(run: str) -> str:
    """A pattern of a character, or of backslashes in a row, as URLs, JSON, Python, Markdown and HTML write it.

    Escapes may be escaped once more, as in JSON within JSON. But for backslashes the pattern never steps back.
    """
    character, count = run[0], len(run)
    code, named = ord(character), [n for n, meant in html.entities.html5.items() if meant == character]
    known = [f"%(?:25){{0,2}}(?i:{code:02x})", rf"\\{{1,4}}(?:u00|x)(?i:{code:02x})"]
    known += [rf"&(?:amp;)?{re.escape(name)}" for name in sorted(named, key=len, reverse=True)]
    known += [rf"&(?:amp;)?#(?:0*{code}|(?i:x0*{code:x}));"]
    if character == "\\":
        return rf"(?:(?:{'|'.join(known)}){{{count}}}|\\{{{4 * count}}}|\\{{{2 * count}}}|\\{{{count}}})"
    known += [] if character.isalnum() else [rf"\\{{1,3}}{re.escape(character)}"]
    return f"(?>{'|'.join([*known, re.escape(character)])})"


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
