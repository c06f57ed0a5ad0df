"""What a bench author's own code answers with, and which files decide it: the same for a program and for a function.

A reply is a mapping; only `text` or `error` must be there:

    text            the answer; null where there is none
    outcome         ok, truncated, empty, refused or filtered; null or nothing: as `finish_reason` says
    finish_reason   "length" and "max_tokens" mean truncated, "content_filter" filtered, "refusal" refused, others ok
    input_tokens, output_tokens    how many tokens were read and written
    error           why there is no answer; then `text` is null or left out
    again           true where asking again may help, with an `error` only

A text that is null, or that shows a reader nothing, is never a good answer: its outcome is `empty`, unless it was
refused or filtered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

from aigc_eval.credentials import redact
from aigc_eval.errors import CallError
from aigc_eval.records import Generation, Outcome, Request
from aigc_eval.text import blank

__all__ = ["content", "generation", "shown"]

_KEYS = ("text", "outcome", "finish_reason", "input_tokens", "output_tokens", "error", "again")
_Ended = Literal["ok", "truncated", "empty", "refused", "filtered"]
_ENDED: tuple[Outcome, ...] = get_args(_Ended)
_FINISHED: Mapping[str, Outcome] = {
    "length": "truncated",
    "max_tokens": "truncated",
    "content_filter": "filtered",
    "refusal": "refused",
}


def generation(request: Request, reply: Mapping[str, object], *, seconds: float | None = None) -> Generation:
    """The generation that a reply stands for.

    Raises CallError: `raised` where the reply is an `error`, `bad_response` where it is none of the above.

    >>> from aigc_eval.records import Prompt
    >>> generation(Request(Prompt("p", "?")), {"text": "Yes", "finish_reason": "length"}).outcome
    'truncated'
    """
    for key in reply:
        if key not in _KEYS:
            raise _bad(f"has the key {key!r:.60}; known: {', '.join(_KEYS)}")
    _check_error(reply)
    if "text" not in reply:
        raise _bad("has no text; write null where there is no answer")
    text = reply["text"]
    if text is not None and not isinstance(text, str):
        raise _bad(f"has a text that is {_kind(text)}")
    outcome = _outcome(reply)
    if outcome in ("ok", "truncated") and (text is None or blank(text)):
        outcome = "empty"
    usage = {key: _count(key, reply[key]) for key in ("input_tokens", "output_tokens") if reply.get(key) is not None}
    return request.answer(text or "", outcome, seconds=seconds, usage=usage)


def shown(text: str, most: int = 200) -> str:
    """Foreign text for an error message: keys taken out, one line, printable, cut.

    >>> shown("Traceback:\\n\\x1b[31m  no such   file")
    'Traceback: [31m no such file'
    """
    plain = "".join(c if c.isprintable() else " " for c in redact(text)[: 16 * most])
    return " ".join(plain.split())[:most]


def content(path: Path) -> str:
    """SHA-256 of a file, or of the names and contents of all files below a folder.

    Names that begin with a dot and `__pycache__` are left out: what a program writes there decides nothing.
    """
    if path.is_file():
        return _sha256(path)
    total = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file()):
        parts = file.relative_to(path).parts
        if not any(part.startswith(".") or part == "__pycache__" for part in parts):
            total.update(f"{'/'.join(parts)}\0{_sha256(file)}\n".encode("utf-8", "surrogateescape"))
    return total.hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_error(reply: Mapping[str, object]) -> None:
    error, again = reply.get("error"), reply.get("again")
    if error is not None and not isinstance(error, str):
        raise _bad(f"has an error that is {_kind(error)}, not a text")
    if again is not None and not isinstance(again, bool):
        raise _bad(f"has an `again` that is {_kind(again)}, not true or false")
    if error is None and again is not None:
        raise _bad("says `again` without an error")
    if error is not None and reply.get("text") is not None:
        raise _bad("has a text and an error")
    if error is not None:
        raise CallError("raised", shown(error) or "an error without a word", again=bool(again))


def _outcome(reply: Mapping[str, object]) -> Outcome:
    outcome, reason = reply.get("outcome"), reply.get("finish_reason")
    if reason is not None and not isinstance(reason, str):
        raise _bad(f"has a finish_reason that is {_kind(reason)}, not a text")
    if outcome is None:
        return _FINISHED.get(reason or "", "ok")
    for known in _ENDED:
        if outcome == known:
            return known
    raise _bad(f"has the outcome {outcome!r:.60}; known: {', '.join(_ENDED)}")


def _count(key: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
        raise _bad(f"has {key} that are no number of tokens: {value!r:.60}")
    return int(value)


def _kind(value: object) -> str:
    return f"of type {type(value).__name__}"


def _bad(what: str) -> CallError:
    return CallError("bad_response", shown(f"the reply {what}"))
