"""Field maps: where in a record a value stands. The grammar is in the text of `aigc_eval.tables`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Final

from aigc_eval.errors import DataError, Problem, UsageError
from aigc_eval.tables.strict_json import kind
from aigc_eval.tables.table import Table

__all__ = ["MISSING", "BadValue", "Missing", "check_found", "check_map", "pick", "scalar", "take", "values"]


class Missing(Enum):
    """The type of `MISSING`."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING
"""What `pick` and `take` give where a record has no such value; None is a null that the record does have."""


def pick(node: object, path: str) -> object:
    """The value at a dotted path, or `MISSING`; longer keys win, so a key that contains dots is found as it stands.

    >>> pick({"messages": [{"role": "user"}, {"content": {"answer": "42"}}]}, "messages.1.content.answer")
    '42'
    >>> pick({"a.b": 1, "a": {"b": 2}}, "a.b"), pick({"a": None}, "a"), pick({"a": None}, "a.b")
    (1, None, <Missing.MISSING: 'missing'>)
    """
    if isinstance(node, Mapping):
        if path in node:
            return node[path]
        cuts = [i for i, c in enumerate(path) if c == "."]
        found = (pick(node[path[:i]], path[i + 1 :]) for i in reversed(cuts) if path[:i] in node)
        return next((value for value in found if value is not MISSING), MISSING)
    if isinstance(node, list):
        head, _, rest = path.partition(".")
        if not re.fullmatch(r"-?[0-9]{1,9}", head) or not -len(node) <= int(head) < len(node):
            return MISSING
        return pick(node[int(head)], rest) if rest else node[int(head)]
    return MISSING


def scalar(value: object) -> str:
    """A text, number or boolean as text; anything else is a ValueError.

    >>> scalar(7), scalar(True), scalar("x")
    ('7', 'true', 'x')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return str(value)
    raise ValueError(f"is {kind(value)}, not a text or number")


class BadValue(ValueError):
    """A value in a record that cannot be used: its name in the field map, what is wrong and what to do."""

    def __init__(self, key: str, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.key, self.what, self.remedy = key, what, remedy


def check_map(name: str, spec: object) -> None:
    """Check one entry of a field map; `UsageError` names it and says what may stand there.

    >>> check_map("id", {"split": "/"})
    Traceback (most recent call last):
    ...
    aigc_eval.errors.UsageError: fields.id: needs `path` or `value`; ...
    """
    remedy = "write a path, '#', a list of paths, {value: ...}, {path: ..., split: ...} or {path: ..., map: {...}}"
    what = ""
    if isinstance(spec, Mapping):
        unknown = [str(key) for key in spec if key not in ("path", "value", "split", "map")]
        if unknown:
            what = f"unknown key {unknown[0]!r}"
        elif ("path" in spec) == ("value" in spec) or ("value" in spec and len(spec) > 1):
            what = "needs `path` or `value`"
        elif not isinstance(spec.get("path", ""), str) or not isinstance(spec.get("split", "/"), str):
            what = "`path` and `split` are texts"
        elif spec.get("split", "/") == "":
            what = "`split` is empty"
        elif not isinstance(spec.get("map", {}), Mapping):
            what = "`map` is not a mapping"
    elif isinstance(spec, list | tuple) and spec:
        for part in spec:
            check_map(name, part)
    elif not isinstance(spec, str) or not spec:
        what = f"is {spec!r}"
    if what:
        raise UsageError(f"fields.{name}: {what}; {remedy}")


def check_found(table: Table, name: str, spec: object) -> None:
    """A path that no record has is a slip of the pen, so it is a `DataError`, never "not given" everywhere."""
    parts = spec if isinstance(spec, list | tuple) else [spec]
    for part in parts:
        path = part.get("path") if isinstance(part, Mapping) else part
        if path is None or (part == "#") or not table.records:
            continue
        if all(pick(record, str(path)) is MISSING for record in table.records):
            keys = ", ".join(repr(key) for key in list(table.records[0])[:12])
            what = f"no record has {path!r}"
            raise DataError([Problem(str(table.path), None, f"fields.{name}", what, f"the first record has {keys}")])


def take(record: Mapping[str, object], number: int, spec: object) -> object:
    """What a checked field map's entry finds in record `number` (from 1), or `MISSING`; ValueError for a value not
    in a `map`.

    >>> record = {"golden": "a/ b", "label": 1, "alt": ""}
    >>> take(record, 3, "#"), take(record, 3, {"path": "golden", "split": "/"}), take(record, 3, ["label", "alt"])
    (3, ['a', 'b'], [1])
    >>> take(record, 3, {"path": "label", "map": {0: "safe", 1: "harmful"}})
    'harmful'
    """
    if isinstance(spec, str):
        return number if spec == "#" else pick(record, spec)
    if isinstance(spec, Mapping):
        return spec["value"] if "value" in spec else _changed(pick(record, str(spec["path"])), spec)
    parts = spec if isinstance(spec, list | tuple) else []
    return list(_flat(take(record, number, part) for part in parts))


def values(record: Mapping[str, object], number: int, fields: Mapping[str, object]) -> dict[str, object]:
    """Everything that a checked field map finds in record `number` (from 1); what is missing is left out.

    Raises `BadValue` for a value that is not in its `map`.
    """
    found: dict[str, object] = {}
    for name, spec in fields.items():
        try:
            value = take(record, number, spec)
        except ValueError as error:
            raise BadValue(name, str(error)) from None
        if value is not MISSING:
            found[name] = value
    return found


def _changed(value: object, spec: Mapping[str, object]) -> object:
    if value is MISSING or value is None:
        return value
    words = spec.get("map")
    if isinstance(words, Mapping):
        known = {scalar(key): word for key, word in words.items()}
        if scalar(value) not in known:
            raise ValueError(f"{scalar(value)!r} is not in the map")
        value = known[scalar(value)]
    if "split" in spec:
        return [piece.strip() for piece in scalar(value).split(str(spec["split"])) if piece.strip()]
    return value


def _flat(values: Iterable[object]) -> Iterator[object]:
    for value in values:
        if isinstance(value, list):
            yield from _flat(value)
        elif value is not MISSING and value is not None and value != "":
            yield value
