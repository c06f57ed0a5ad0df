"""What a card file may hold: its JSON Schema, and what is wrong with one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

__all__ = ["FORMAT", "VERSION", "faults", "schema"]

FORMAT = "aigc-eval scorer card"
VERSION = 1
_HEX = r"^[0-9a-f]+$"
_SHA256 = r"^[0-9a-f]{64}$"


def _text(pattern: str = "", **more: Any) -> dict[str, Any]:
    return {"type": "string", **({"pattern": pattern} if pattern else {}), **more}


_COUNT = {"type": "integer", "minimum": 0}
_NUMBER = {"type": "number"}
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
_FIGURE = {
    "type": "array",
    "minItems": 3,
    "maxItems": 3,
    "prefixItems": [
        {"type": "number", "minimum": -1, "maximum": 1},
        *[{"type": ["number", "null"], "minimum": -1, "maximum": 1}] * 2,
    ],
    "description": "value, and both ends of its interval or null",
}
_ACCURACY = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "slice": _text(description="tag=value; all examples where it is left out"),
        "positives": _COUNT,
        "found": _COUNT,
        "negatives": _COUNT,
        "false_alarms": _COUNT,
        "unscored": _COUNT,
        "figures": {"type": "object", "additionalProperties": _FIGURE},
    },
}
_BIN = {
    "type": "object",
    "additionalProperties": False,
    "required": ["low", "high", "n", "mean", "share"],
    "properties": {"low": _SHARE, "high": _SHARE, "n": _COUNT, "mean": _SHARE, "share": _SHARE},
}
_FIELDS: Mapping[str, Mapping[str, Any]] = {
    "scorer": _text(minLength=1, description="name under which the scorer is listed"),
    "metric": _text(minLength=1, description="the rate whose hits were compared with the labels"),
    "identity": _text(_HEX, description="digest of the scorer's class, version, options and weights"),
    "signature": _text(minLength=1),
    "data": _text(minLength=1, description="name of the labelled set"),
    "sha256": _text(_SHA256, description="SHA-256 of the labelled set's file"),
    "created": _text(minLength=1, description="UTC, ISO 8601"),
    "slices": {"type": "array", "items": _ACCURACY, "minItems": 1},
    "threshold": {**_NUMBER, "description": "a number at or above it is a hit"},
    "best_threshold": {"type": ["number", "null"]},
    "best_by": _text(),
    "level": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
    "reliability": {"type": "array", "items": _BIN},
    "note": _text(description="what kind of texts the set holds, and who labelled them"),
}
_REQUIRED = ["scorer", "metric", "identity", "signature", "data", "sha256", "created", "slices"]


def schema() -> dict[str, Any]:
    """The JSON Schema of card files."""
    head = {"format": {"const": FORMAT}, "version": {"const": VERSION}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": FORMAT,
        "type": "object",
        "additionalProperties": False,
        "required": [*head, *_REQUIRED],
        "properties": {**head, **_FIELDS},
    }


def faults(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Key and fault of everything wrong with a card's fields, without its format and version."""
    wrong = [*_object("", found, _FIELDS, _REQUIRED)]
    yield from wrong
    if wrong:
        return
    for i, one in enumerate(found["slices"]):
        for part, whole in (("found", "positives"), ("false_alarms", "negatives")):
            if one.get(part, 0) > one.get(whole, 0):
                yield f"slices.{i}.{part}", f"{one[part]} of {one.get(whole, 0)} {whole} cannot be"
    names = [one.get("slice", "") for one in found["slices"]]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        yield "slices", f"the slice {twice[0]!r:.80} is there twice"


def _object(
    key: str, value: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]], required: list[str]
) -> Iterator[tuple[str, str]]:
    for name in required:
        if name not in value:
            yield f"{key}{name}", "is missing"
    for name, inner in value.items():
        if name not in known:
            yield f"{key}{name}"[:120], "is nothing that a card holds"
        else:
            yield from _value(f"{key}{name}", inner, known[name])


_KINDS: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda v: isinstance(v, str),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, int | float) and not isinstance(v, bool),
    "null": lambda v: v is None,
    "array": lambda v: isinstance(v, list),
    "object": lambda v: isinstance(v, dict),
}


def _value(key: str, value: Any, rule: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with a value by the few words of JSON Schema that are used above."""
    kinds = rule["type"] if isinstance(rule["type"], list) else [rule["type"]]
    if not any(_KINDS[kind](value) for kind in kinds):
        yield key, f"{value!r:.60} is no {' or '.join(kinds)}"
    elif isinstance(value, str):
        if len(value) < rule.get("minLength", 0) or not re.search(rule.get("pattern", ""), value):
            yield key, f"{value!r:.80} cannot be"
    elif isinstance(value, int | float):
        if not _in_range(value, rule):
            yield key, f"{value!r:.40} is out of range"
    elif isinstance(value, list):
        yield from _list(key, value, rule)
    elif isinstance(value, dict):
        rest = rule["additionalProperties"]
        known = rule.get("properties") or dict.fromkeys(value, rest)
        yield from _object(f"{key}.", value, known, rule.get("required", []))


def _list(key: str, value: list[Any], rule: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not rule.get("minItems", 0) <= len(value) <= rule.get("maxItems", len(value)):
        yield key, f"has {len(value)} items"
        return
    rules = rule.get("prefixItems") or [rule["items"]] * len(value)
    for i, (item, own) in enumerate(zip(value, rules, strict=True)):
        yield from _value(f"{key}.{i}", item, own)


def _in_range(value: float, rule: Mapping[str, Any]) -> bool:
    return (
        rule.get("minimum", value) <= value <= rule.get("maximum", value)
        and ("exclusiveMinimum" not in rule or value > rule["exclusiveMinimum"])
        and ("exclusiveMaximum" not in rule or value < rule["exclusiveMaximum"])
    )
