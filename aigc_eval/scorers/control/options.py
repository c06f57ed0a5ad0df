"""Readers for the options of an instruction: each gives a JSON value back checked, or says what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import ModuleType

from aigc_eval.plugin import require
from aigc_eval.scorers.control.finding import RELATIONS

__all__ = [
    "SECONDS",
    "BadOption",
    "Read",
    "character",
    "count",
    "flag",
    "jsonschema",
    "pattern",
    "positive",
    "relation",
    "schema",
    "text",
    "texts",
]

SECONDS = 1.0
"""The most that one search with a bench's own regular expression may take."""

Read = Callable[[object], object]


class BadOption(ValueError):
    """An option's value cannot be used; the message says why, after the option's name."""


@cache
def jsonschema() -> ModuleType:
    """The package `jsonschema`, or how to install it."""
    return require("jsonschema", extra="control")


def count(value: object) -> int:
    """A whole number of at least 0; 3.0 is 3, since tables keep whole numbers beside nulls as floats."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value) or value < 0:
        raise BadOption(f"{value!r:.40} is not a whole number of at least 0")
    return int(value)


def positive(value: object) -> int:
    """A whole number of at least 1."""
    if count(value) == 0:
        raise BadOption("must be at least 1")
    return count(value)


def flag(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise BadOption(f"{value!r:.40} is neither true nor false")
    return value


def text(value: object) -> str:
    """A text that is not blank."""
    if not isinstance(value, str) or not value.strip():
        raise BadOption(f"{value!r:.40} is not a text")
    return value


def texts(value: object) -> tuple[str, ...]:
    """A list of texts; one text is a list of one."""
    found = tuple(map(text, value)) if isinstance(value, list) else (text(value),)
    if not found:
        raise BadOption("is an empty list")
    return found


def character(value: object) -> str:
    """One visible character."""
    found = text(value).strip()
    if len(found) != 1:
        raise BadOption(f"{found!r:.40} is not one character")
    return found


def relation(value: object) -> str:
    """One of the words for comparing counts."""
    if not isinstance(value, str) or value not in RELATIONS:
        raise BadOption(f"{value!r:.40} is none of {', '.join(map(repr, RELATIONS))}")
    return value


def pattern(value: object) -> object:
    """A regular expression of the package `regex`, whose searches can be bounded in time."""
    regex = require("regex")
    try:
        compiled: object = regex.compile(text(value))
    except regex.error as error:
        raise BadOption(f"is not a regular expression: {error}") from None
    return compiled


def _pattern_keyword(validator: object, expression: str, instance: object, schema: object) -> Iterator[Exception]:
    """The schema keyword `pattern`, bounded in time."""
    regex = require("regex")
    if isinstance(instance, str) and not regex.search(expression, instance, timeout=SECONDS):
        yield jsonschema().ValidationError(f"does not match {expression!r}")


def schema(value: object) -> object:
    """A validator for a JSON Schema (its `$schema`, else draft 2020-12); references stay inside it."""
    package = jsonschema()
    registry = require("referencing", extra="control").Registry()
    if not isinstance(value, Mapping | bool):
        raise BadOption("is not a JSON Schema (an object)")
    kind = package.validators.validator_for(value, default=package.Draft202012Validator)
    kind = package.validators.extend(kind, {"pattern": _pattern_keyword})
    try:
        kind.check_schema(value)
    except package.SchemaError as error:
        raise BadOption(f"is not a JSON Schema: {error.message:.120}") from None
    validator: object = kind(value, registry=registry)
    return validator
