"""What a response says: the text, how it ended, what it used, and which model it is from."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from aigc_eval.errors import CallError
from aigc_eval.net.words import said
from aigc_eval.records import Outcome
from aigc_eval.tables.strict_json import whole
from aigc_eval.text import blank

if TYPE_CHECKING:
    import httpx2

__all__ = ["Answer", "check_model", "filtered", "read", "usage"]

_CUT = frozenset({"length", "max_tokens", "model_length"})
_FILTERED = frozenset(
    {"content_filter", "sensitive", "safety", "recitation", "prohibited_content", "blocklist", "spii"}
)
_BROKEN = frozenset({"error", "abort", "insufficient_system_resource"})
_KNOWN = frozenset({"tool_calls", "function_call", *_CUT, *_FILTERED})
_ENDED = frozenset({"stop", "eos", "end_turn", "", None})
_FILTER_CODES = frozenset(
    {"content_filter", "content_policy_violation", "responsibleaipolicyviolation"}  # OpenAI, Azure
    | {"data_inspection_failed", "datainspectionfailed", "1301", "sensitive_content"}  # Qwen, GLM, others
)
_FILTER_WORDS = "Content Exists Risk"  # DeepSeek, without a code of its own
_USED = {"prompt_tokens": "input_tokens", "completion_tokens": "output_tokens"}


class Answer(NamedTuple):
    """One choice of a response."""

    text: str
    outcome: Outcome
    detail: str
    logprob: float | None


def read(found: Mapping[str, Any], *, chat: bool) -> Answer:
    """The one choice of a response; CallError where there is none, or where it says that the server failed."""
    choices = found.get("choices")
    if not isinstance(choices, list) or len(choices) != 1:
        count = f"{len(choices)} choices" if isinstance(choices, list) else "no choices"
        raise _bad(f"the answer has {count} instead of one")
    choice = choices[0]
    message = choice.get("message") if isinstance(choice, dict) and chat else choice
    if not isinstance(message, dict):
        raise _bad("the answer's choice has no message")
    reason = _reason(choice.get("finish_reason"))
    logprob = _logprob(choice.get("logprobs"))
    refusal = message.get("refusal")
    if isinstance(refusal, str) and not blank(refusal):
        return Answer(refusal, "refused", "", None)
    text = _text(message.get("content") if chat else message.get("text", ...))
    detail = "" if reason in _ENDED else f"finish_reason {reason}"
    if reason in _FILTERED:
        return Answer(text, "filtered", detail, logprob)
    if blank(text):
        thought = any(message.get(name) for name in ("reasoning_content", "reasoning"))
        return Answer(
            text, "empty", "; ".join(filter(None, [detail, "nothing but reasoning" if thought else ""])), None
        )
    return Answer(text, "truncated", "", logprob) if reason in _CUT else Answer(text, "ok", detail, logprob)


def _reason(given: object) -> str | None:
    """How the choice ended: a known word in lower case, or "unknown", since a server's own may hold anything."""
    if given is not None and not isinstance(given, str):
        raise _bad("the answer's finish_reason is no text")
    reason = given.lower() if given else given
    if reason in _BROKEN:
        raise CallError("server", f"the server broke the answer off (finish_reason {reason})", again=True)
    if reason and reason.startswith("content_filter"):
        return "content_filter"
    return reason if reason in _ENDED or reason in _KNOWN else "unknown"


def _text(content: object) -> str:
    """The text; "" for null. Content in parts is the text of those that are text; parts of thinking are left out."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if not isinstance(content, list) or not all(isinstance(part, dict) for part in content):
        raise _bad("the answer's content is no text")
    texts = [part.get("text") for part in content if part.get("type") == "text"]
    if not all(isinstance(text, str) for text in texts):
        raise _bad("a part of the answer's content is no text")
    return "".join(map(str, texts))


def _logprob(given: object) -> float | None:
    """The answer's ln p, as the sum over its tokens; None where the server does not tell it for each of them."""
    if not isinstance(given, dict):
        return None
    each = given.get("token_logprobs")
    if each is None and isinstance(content := given.get("content"), list):
        each = [token.get("logprob") if isinstance(token, dict) else None for token in content]
    if not isinstance(each, list) or not each or not all(type(v) in (int, float) for v in each):
        return None
    total = math.fsum(each)
    return min(0.0, total) if math.isfinite(total) else None


def usage(found: Mapping[str, Any]) -> dict[str, int]:
    """Tokens read and written, where the server tells."""
    used = found.get("usage")
    given = used if isinstance(used, dict) else {}
    return {
        own: given[name] for name, own in _USED.items() if type(given.get(name)) is int and 0 <= given[name] < 2**53
    }


def check_model(echoed: object, asked: str, aliases: Sequence[str]) -> None:
    """Raise CallError where another model answered than was asked; one that names none is believed.

    >>> check_model("gpt-4o-2024-08-06", "gpt-4o", ())
    >>> check_model("org/tiny@main", "tiny", ())
    >>> check_model("gpt-4o-mini", "gpt-4o", ())
    Traceback (most recent call last):
    ...
    aigc_eval.errors.CallError: asked for 'gpt-4o', answered by 'gpt-4o-mini'; if it is the same, list it in `aliases`
    """
    if echoed is None or echoed == "":
        return
    name = str(echoed)[:1000]
    wanted = asked if "/" in name.partition("@")[0] or "/" not in asked else asked.rpartition("/")[2]
    version = r"(-\d{4}-\d{2}-\d{2}|-\d{4}|-\d{6}|-\d{8}|[:-]latest|@[\w.-]+)?"
    same = re.fullmatch(rf"(?:[\w.-]+/)*{re.escape(wanted)}{version}", name, re.IGNORECASE)
    if not same and name not in aliases:
        shown = said(name.encode("utf-8", "replace")) or "a name that cannot be read"
        raise CallError(
            "wrong_model", f"asked for {asked!r}, answered by {shown!r}; if it is the same, list it in `aliases`"
        )


def filtered(response: httpx2.Response) -> str:
    """The server's words where it refused the prompt by a content filter; "" for any other response."""
    if response.status_code not in (400, 403, 422, 451):
        return ""
    try:
        body = whole(response.content.decode("utf-8"))
    except ValueError:
        return ""
    error = body.get("error", body) if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return ""
    inner = error.get("innererror")
    named = [error.get("code"), error.get("type"), inner.get("code") if isinstance(inner, dict) else None]
    if not {str(code).lower() for code in named} & _FILTER_CODES and _FILTER_WORDS not in str(error.get("message")):
        return ""
    return f"status {response.status_code}: {said(response.content)}"


def _bad(what: str) -> CallError:
    return CallError("bad_response", what, again=True)
