"""Implicit labels: the metadata object `AIGC` where an answer carries it in its own text."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

__all__ = ["FIELDS", "LABELS", "REQUIRED", "Metadata", "metadata"]

# Names and values as seen in public files that claim GB 45438-2025 (front matter, HTML and JSON of several producers).
# The text of the standard was not at hand: treat this table as data to check against it, not as its wording.
FIELDS = (
    "Label",
    "ContentProducer",
    "ProduceID",
    "ReservedCode1",
    "ContentPropagator",
    "PropagateID",
    "ReservedCode2",
)
LABELS: Mapping[str, str] = {"1": "AI-generated", "2": "possibly AI-generated", "3": "suspected AI-generated"}
# Our reading: who states that it is generated (1) names the producer; who merely supposes it (2, 3) is a propagator.
REQUIRED: Mapping[str, tuple[str, ...]] = {
    "1": ("ContentProducer", "ProduceID"),
    "2": ("ContentPropagator", "PropagateID"),
    "3": ("ContentPropagator", "PropagateID"),
}

_LONGEST = 20_000  # characters of one metadata object
_MOST = 20  # meta tags that are read: one is enough, and a hostile text may hold any number
_JSON = re.compile(r"""["']?(?<![A-Za-z0-9_])AIGC["']?\s{0,8}[:=]\s{0,40}(?=[{"'])""")
_META = re.compile(r"""<meta\s(?=[^<>]{0,200}?name\s{0,4}=\s{0,4}["']?aigc\b)""", re.IGNORECASE)
_CONTENT = re.compile(r"""content\s{0,4}=\s{0,4}(?:"([^"]{0,20000})"|'([^']{0,20000})')[^>]{0,400}>""", re.IGNORECASE)
_BLOCK = re.compile(
    r"^(?P<margin>[ \t]{0,40})AIGC:[ \t]*\n"
    r"(?P<body>(?:(?P=margin)[ \t]{1,12}[A-Za-z][A-Za-z0-9_]{0,40}[ \t]?:[^\n]{0,4000}(?:\n|\Z))+)",
    re.MULTILINE,
)
_NUMBER = re.compile(
    r"[-+]?(?:0|[1-9][0-9_]*|0x[0-9a-fA-F]+|0o?[0-7]+|[0-9]*\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?"
)
_NOT_TEXT = re.compile(r"true|false|yes|no|on|off|null|~|\[.*|\{.*", re.IGNORECASE)


@dataclass(frozen=True)
class Metadata:
    """A metadata object: characters start..end (half-open) of the answer, what is wrong with it, and unknown keys."""

    start: int
    end: int
    problems: tuple[str, ...]
    unknown: tuple[str, ...]


def metadata(text: str) -> list[Metadata]:
    """Every `AIGC` metadata object in a text: JSON, an HTML `meta` tag, or a YAML block as front matter has it.

    >>> [found] = metadata('{"AIGC": {"Label": "1", "ContentProducer": "P", "ProduceID": ""}}')
    >>> found.problems
    ('ProduceID is empty',)
    """
    if "aigc" not in text.lower():
        return []
    found: list[Metadata] = []
    for start, end, value in sorted([*_tags(text), *_objects(text), *_blocks(text)], key=lambda f: (f[0], -f[1])):
        if not found or start >= found[-1].end:
            found.append(Metadata(start, end, _problems(value), _unknown(value)))
    return found


def _problems(value: object) -> tuple[str, ...]:
    """Why metadata is not valid; none if it is."""
    if not isinstance(value, Mapping):
        return ("not a JSON object",)
    label = value.get("Label")
    wrong = [f"{name} is not text" for name in FIELDS if name in value and not isinstance(value[name], str)]
    if "Label" not in value:
        wrong.append("Label is missing")
    elif isinstance(label, str) and label not in LABELS:
        wrong.append("Label is not one of " + ", ".join(LABELS))
    for name in REQUIRED.get(label, ()) if isinstance(label, str) else ():
        if name not in value:
            wrong.append(f"{name} is missing")
        elif isinstance(value[name], str) and not value[name].strip():
            wrong.append(f"{name} is empty")
    return tuple(wrong)


def _unknown(value: object) -> tuple[str, ...]:
    keys = value if isinstance(value, Mapping) else ()
    return tuple(str(key)[:40] for key in keys if key not in FIELDS)[:20]


def _plain(value: object) -> object:
    """The object itself, where it came as JSON text or is wrapped in one more `AIGC`."""
    for _ in range(3):
        if isinstance(value, str):
            value, _end = _decoded(value.strip())
        elif isinstance(value, Mapping) and "AIGC" in value:
            value = value["AIGC"]
    return value


def _ours(value: object) -> bool:
    return isinstance(value, Mapping) and any(name in value for name in FIELDS)


def _decoded(text: str, start: int = 0) -> tuple[object, int]:
    """The JSON value that starts at a place, and its end; (None, start) if there is none."""
    try:
        return json.JSONDecoder(strict=False).raw_decode(text[start : start + _LONGEST])
    except (ValueError, RecursionError):
        return None, 0


def _objects(text: str) -> Iterator[tuple[int, int, object]]:
    """JSON: `"AIGC": {...}`, also without quotes or in an HTML comment."""
    for key in _JSON.finditer(text):
        value, length = _decoded(text, key.end())
        value = _plain(value)
        if _ours(value):
            yield key.start(), key.end() + length, value
            continue
        piece = text[key.end() : key.end() + _LONGEST]
        first_line = piece[: piece.find("}") + 1] if "}" in piece else piece.partition("\n")[0]
        if length == 0 and first_line and any(name in first_line for name in FIELDS):
            value = _plain(_decoded(html.unescape(first_line))[0])
            yield key.start(), key.end() + len(first_line), value if _ours(value) else None


def _tags(text: str) -> Iterator[tuple[int, int, object]]:
    """`<meta name="AIGC" content="{...}">`."""
    for tag in islice(_META.finditer(text), _MOST):
        content = _CONTENT.search(text, tag.end(), tag.end() + _LONGEST)
        if content:
            given = content[1] if content[1] is not None else content[2]
            value = _plain(_decoded(html.unescape(given))[0])
            yield tag.start(), content.end(), value


def _blocks(text: str) -> Iterator[tuple[int, int, object]]:
    """A YAML mapping of single-line scalars under `AIGC:`."""
    for block in _BLOCK.finditer(text):
        lines = (line.partition(":") for line in block["body"].splitlines())
        value = {key.strip(): _scalar(given.strip()) for key, _, given in lines}
        if _ours(value):
            yield block.start(), block.start() + len(block[0].rstrip("\n")), value


def _scalar(text: str) -> object:
    """A YAML scalar: text where it is quoted or cannot be anything else, otherwise something that is no text."""
    for quote in "\"'":
        if len(text) > 1 and text[0] == text[-1] == quote:
            return text[1:-1]
    return text if text and not _NUMBER.fullmatch(text) and not _NOT_TEXT.fullmatch(text) else None
