"""A server's own words, where they may be repeated: in error messages and in the logs of the HTTP libraries."""

from __future__ import annotations

import logging
from functools import cache

from aigc_eval import credentials
from aigc_eval.tables.strict_json import whole

__all__ = ["said", "silence"]

_MOST = 200
_LOGGERS = (
    *("httpx2", "httpcore2.connection", "httpcore2.http11", "httpcore2.http2", "httpcore2.proxy", "httpcore2.socks"),
    *("openai", "openai._base_client", "openai._response", "openai._legacy_response", "openai._client"),
    *("anthropic", "anthropic._base_client", "anthropic._response", "anthropic._legacy_response"),
)
"""A filter works on the logger that a record is made with, so each is named."""


def said(content: bytes) -> str:
    """What an error's body says, on one line of at most 200 printable characters; "" where it says nothing readable.

    Words that hold any part of a key are withheld: servers quote keys, and masks leave some of their characters.

    >>> said(b'{"error": {"message": "no such\\\\nmodel", "type": "x"}}'), said(b"<html>")
    ('no such model', '')
    """
    try:
        text = content.decode("utf-8").lstrip("\ufeff")
    except UnicodeDecodeError:
        return ""
    try:
        words = _message(whole(text))
    except ValueError:
        words = text if not text.lstrip().startswith("<") else ""
    if credentials.holds_part(words):
        return "(its words are withheld: part of a key may be in them)"
    line = " ".join("".join(c if c.isprintable() else " " for c in words[: 20 * _MOST]).split())
    return line if len(line) <= _MOST else line[: _MOST - 1] + "…"


def _message(body: object) -> str:
    """The message in the shapes that servers use: {"error": {"message": ...}}, {"message": ...}, {"detail": ...}."""
    for name in ("error", "message", "detail", "msg"):
        if isinstance(body, dict) and (inner := body.get(name)):
            return _message(inner)
        if isinstance(body, list) and body:
            return _message(body[0])
    return body if isinstance(body, str) else ""


@cache
def silence() -> None:
    """From now on no record of the HTTP libraries holds any part of a key, at any level."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_harmless)


def _harmless(record: logging.LogRecord) -> bool:
    """The record without keys; one that holds part of a key (a server sent it back) is dropped."""
    message = credentials.redact(record.getMessage())
    record.msg, record.args, record.exc_info, record.exc_text, record.stack_info = message, (), None, None, None
    return not credentials.holds_part(message)
