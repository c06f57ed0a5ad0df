"""One line a request, one line a reply."""

from __future__ import annotations

import json

from aigc_eval.huggingface import encodable
from aigc_eval.records import Request
from aigc_eval.replies import shown
from aigc_eval.tables.strict_json import whole

__all__ = ["LARGEST", "line_of", "reply_of"]

LARGEST = 32 * 2**20
"""Most bytes of one line that are read."""


def line_of(request: Request, name: str) -> bytes:
    """A request as one line of ASCII; lone surrogates, which other languages cannot read, become U+FFFD."""
    prompt = request.prompt
    turns = [(m.role, m.content) for m in prompt.messages] + [("user", prompt.text)]
    record = {
        "id": name,
        "prompt_id": encodable(prompt.id),
        "prompt": encodable(prompt.text),
        "system": encodable("\n\n".join(m.content for m in prompt.messages if m.role == "system")),
        "messages": [{"role": role, "content": encodable(content)} for role, content in turns],
        "sample": request.sample,
        "seed": request.seed,
        "fields": {encodable(key): encodable(value) for key, value in prompt.fields.items()},
        "tags": {encodable(key): encodable(value) for key, value in prompt.tags.items()},
    }
    return json.dumps(record).encode("ascii") + b"\n"


def reply_of(line: bytes) -> tuple[str, dict[str, object]]:
    """The id that a line is the answer to, and the rest of it; ValueError says why it is no reply.

    >>> reply_of(b'{"id": "r1", "text": "Yes"}')
    ('r1', {'text': 'Yes'})
    >>> reply_of(b"loading the model")
    Traceback (most recent call last):
    ...
    ValueError: printed 'loading the model', which is no JSON object
    """
    try:
        record = whole(line.decode("utf-8"))
    except ValueError:  # of the encoding or of the JSON
        record = None
    if not isinstance(record, dict):
        raise ValueError(f"printed {shown(line.decode('utf-8', 'replace'), 80)!r}, which is no JSON object")
    name = record.pop("id", None)
    if not isinstance(name, str):
        raise ValueError("printed a reply without the id of its request")
    return name, record
