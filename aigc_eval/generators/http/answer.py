"""What an endpoint's JSON says: the text, how it ended, what it used. Pure functions."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Final, NamedTuple

from aigc_eval.errors import CallError
from aigc_eval.net.words import said
from aigc_eval.records import Outcome
from aigc_eval.tables import MISSING, pick
from aigc_eval.tables.strict_json import kind
from aigc_eval.text import blank

__all__ = ["FINISHED", "Answer", "Paths", "read"]

FINISHED: Final[Mapping[str, Outcome]] = {
    "length": "truncated",
    "max_tokens": "truncated",
    "content_filter": "filtered",
    "refusal": "refused",
    "error": "error",
}
"""What a finish reason means, in any case of letters; every other one is an answer that came to its end."""
_SILENT: Final = frozenset({"refused", "filtered"})


class Paths(NamedTuple):
    """Where in the JSON things stand; "" where an endpoint does not tell."""

    text: str
    finish_reason: str = ""
    input_tokens: str = ""
    output_tokens: str = ""
    error: str = ""


class Answer(NamedTuple):
    """An answer as the endpoint told it."""

    text: str
    outcome: Outcome
    detail: str
    usage: Mapping[str, int]


def read(found: object, paths: Paths, finish: Mapping[str, Outcome]) -> Answer:
    """The answer in a JSON value; `finish` is what finish reasons mean, with small letters.

    No text (null, or none where the answer was refused or filtered) is never an "ok". Raises CallError where the
    value is a failure or no answer: the same question may be answered the next time, so it may be asked again.

    >>> read({"a": ["yes"], "why": "LENGTH"}, Paths("a.0", "why"), FINISHED)[:2]
    ('yes', 'truncated')
    """
    if paths.error and (failure := pick(found, paths.error)) not in (MISSING, None, "", False):
        words = said(json.dumps(failure).encode())
        raise CallError("bad_response", f"the answer is an error: {words or 'without words'}", again=True)
    reason = pick(found, paths.finish_reason) if paths.finish_reason else None
    outcome = finish.get(reason.lower(), "ok") if isinstance(reason, str) else "ok"
    detail = f"finish_reason {reason}" if outcome != "ok" else ""
    if outcome == "error":
        raise CallError("bad_response", detail, again=True)
    text = pick(found, paths.text)
    if not isinstance(text, str) and text is not None and not (text is MISSING and outcome in _SILENT):
        there = "nothing" if text is MISSING else kind(text)
        raise CallError(
            "bad_response", f"the answer has {there} at {paths.text!r:.80} where its text should be", again=True
        )
    text = text if isinstance(text, str) else ""
    if blank(text) and outcome not in _SILENT:
        outcome, detail = "empty", detail or "no text in the answer"
    return Answer(text, outcome, detail, _usage(found, paths))


def _usage(found: object, paths: Paths) -> dict[str, int]:
    """Numbers of tokens; what is no number of tokens was not told."""
    told = {
        name: _tokens(pick(found, path))
        for name, path in (("input_tokens", paths.input_tokens), ("output_tokens", paths.output_tokens))
        if path
    }
    return {name: number for name, number in told.items() if number is not None}


def _tokens(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value <= 1e12 and math.floor(value) == value else None
