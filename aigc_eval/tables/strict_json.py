"""JSON, stricter than the standard library: no key twice, no number that is not finite, no depth that breaks."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator

__all__ = ["MOST_DEPTH", "Record", "decode", "elements", "kind", "skip", "whole"]

MOST_DEPTH = 100
"""Deepest nesting that is read; deeper values would break whatever prints or copies them."""
Record = dict[str, object]


def _unique(pairs: list[tuple[str, object]]) -> Record:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"key {twice!r} occurs twice in one object")
    return found


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits[:20]} is not a finite number")
    return number


def _integer(digits: str) -> int:
    try:
        return int(digits)
    except ValueError:
        raise ValueError(f"an integer of {len(digits):,} digits") from None


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON; write null")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_float=_finite, parse_int=_integer, parse_constant=_no_constant
)
_SPACE = re.compile(r"[ \t\n\r]*")


def skip(text: str, at: int) -> int:
    """The first position from `at` that is not white space."""
    found = _SPACE.match(text, at)
    return found.end() if found else at


def decode(text: str, at: int) -> tuple[object, int]:
    """The value at a position, and where it ends; every complaint is a `JSONDecodeError`, so it has a line."""
    try:
        value: tuple[object, int] = _DECODER.raw_decode(text, at)
    except json.JSONDecodeError:
        raise
    except ValueError as error:
        raise json.JSONDecodeError(str(error), text, at) from None
    except RecursionError:
        raise json.JSONDecodeError("nested too deeply", text, at) from None
    if text.count("[", at, value[1]) + text.count("{", at, value[1]) > MOST_DEPTH and _too_deep(value[0]):
        raise json.JSONDecodeError("nested too deeply", text, at)
    return value


def _too_deep(value: object) -> bool:
    """Whether containers lie more than `MOST_DEPTH` deep in each other, found level by level."""
    level = [value]
    for _ in range(MOST_DEPTH):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return False
    return True


def _inside(value: object) -> list[object]:
    """The containers right inside a value."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [v for v in inner if isinstance(v, dict | list)]


def whole(text: str) -> object:
    """The one value that a text holds.

    >>> whole('{"a": NaN}')
    Traceback (most recent call last):
    ...
    json.decoder.JSONDecodeError: NaN is not JSON; write null: line 1 column 1 (char 0)
    """
    value, end = decode(text, skip(text, 0))
    if skip(text, end) != len(text):
        raise json.JSONDecodeError("something follows the value", text, skip(text, end))
    return value


def elements(text: str, start: int) -> Iterator[tuple[int, object]]:
    """Position and value of each element of the array at `start`, which must end the text."""
    at = skip(text, start + 1)
    more = text[at : at + 1] != "]"
    while more:
        value, end = decode(text, at)
        yield at, value
        at = skip(text, end)
        more = text[at : at + 1] == ","
        if more:
            at = skip(text, at + 1)
        elif text[at : at + 1] != "]":
            raise json.JSONDecodeError("expected ',' or ']'", text, at)
    if skip(text, at + 1) != len(text):
        raise json.JSONDecodeError("something follows the array", text, skip(text, at + 1))


_KIND = {
    dict: "an object",
    list: "a list",
    str: "a text",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "null",
}


def kind(value: object) -> str:
    """What a value is, in JSON's words."""
    return _KIND.get(type(value), f"a {type(value).__name__}")
