"""What a success's body must be: one JSON object, whole, that is no error in disguise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aigc_eval.errors import CallError
from aigc_eval.net.failures import of_status, place
from aigc_eval.net.words import said
from aigc_eval.tables.strict_json import whole

if TYPE_CHECKING:
    import httpx2

__all__ = ["json_object"]


def json_object(response: httpx2.Response) -> dict[str, Any]:
    """The JSON object that a success holds.

    Raises the CallError of any other status, and `bad_response` for a page of HTML, truncated or ambiguous JSON (a
    key twice, NaN), another value than an object, and an object with an `error`.
    """
    if not 200 <= response.status_code < 300:
        raise of_status(response)
    where = f"{place(response.request)}: status {response.status_code}"
    readable, found = _parsed(response.content)
    if not readable:
        what = "a page of HTML" if response.content[:200].lstrip()[:1] == b"<" else "not JSON"
        raise CallError("bad_response", f"{where}, but the answer is {what}", again=True)
    if not isinstance(found, dict):
        raise CallError("bad_response", f"{where}, but the answer is no JSON object", again=True)
    if found.get("error"):
        words = said(response.content)
        raise CallError("bad_response", f"{where}, but an error: {words or 'without words'}", again=True)
    return found


def _parsed(content: bytes) -> tuple[bool, object]:
    """Whether content is JSON, and its value; the parser's own errors would hold what the server said."""
    try:
        return True, whole(content.decode("utf-8-sig"))
    except ValueError:  # bad UTF-8 and bad JSON alike
        return False, None
