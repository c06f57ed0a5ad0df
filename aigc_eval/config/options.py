"""Values of a bench checked against the fields of a dataclass, with no silent conversion; and their JSON Schema.

The same check serves plug-ins (`build`) and the parts of the bench itself (`check`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from functools import reduce
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Protocol, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import AfterValidator, TypeAdapter, ValidationError, ValidationInfo
from pydantic.errors import PydanticUserError

from aigc_eval.errors import UsageError
from aigc_eval.plugin import ModelRef, Plugin
from aigc_eval.registry import suggest

__all__ = ["Fault", "Places", "build", "check", "first", "schemas"]

P = TypeVar("P", bound=Plugin)

_PLAIN = {
    "a valid array": "a list",
    "a valid tuple": "a list",
    "a valid list": "a list",
    "a valid dictionary": "a mapping",
    "an object": "a mapping",
    "a valid string": "a text",
    "a valid integer": "a whole number",
    "a valid number": "a number",
    "a valid boolean": "true or false",
}
_MADE: dict[type[Any], Mapping[str, TypeAdapter[Any]]] = {}
_DAY = r"^\d{4}-\d{2}-\d{2}$"


class Places(Protocol):
    """Where `Path` and `ModelRef` options lead; both methods raise ValueError for what may not be read."""

    def path(self, text: str) -> Path:
        """The file or folder that `text` names."""

    def model(self, text: str) -> str:
        """The folder or hub id that `text` names."""


@dataclass(frozen=True)
class Fault:
    """Something wrong with options: where (relative to them), what, and what to do."""

    key: tuple[str | int, ...]
    what: str
    remedy: str = ""


def first(cls: type[Any]) -> str | None:
    """The option that `{name: argument}` sets, if the plug-in has options."""
    return next((f.name for f in _options(cls)), None)


def build(cls: type[P], options: object, places: Places) -> tuple[P | None, list[Fault]]:
    """An instance of a plug-in, or what is wrong with its options (a mapping, or the value of the first option)."""
    main = first(cls)
    short = not isinstance(options, Mapping)
    if main is None and short:
        return None, [Fault((), f"{cls.__name__} has no options", "write its name alone")]
    given: Mapping[str, Any] = {main: options} if short else options  # type: ignore[dict-item, assignment]
    try:
        values, faults = check(cls, given, places)
        if not faults:
            return cls(**values), []
    except (ValueError, UsageError) as error:
        faults = [Fault((), str(error))]
    except Exception as error:  # whatever a plug-in's own checks may raise
        faults = [Fault((), f"{cls.__name__} cannot be made: {type(error).__name__}: {error}")]
    return None, [Fault(f.key[1:], f.what, f.remedy) for f in faults] if short else faults


def check(
    cls: type[Any], options: Mapping[str, Any], places: Places | None = None
) -> tuple[dict[str, Any], list[Fault]]:
    """The good values, and what is wrong with the others, with unknown names and with missing ones."""
    known = {f.name: f for f in _options(cls)}
    faults = [Fault((k,), f"there is no option {k!r:.80}", suggest(k, known)) for k in options if k not in known]
    if missing := [repr(n) for n, f in known.items() if n not in options and not _has_default(f)]:
        one = len(missing) == 1
        faults.append(
            Fault((), f"{', '.join(missing)} {'is' if one else 'are'} missing", f"add {'it' if one else 'them'}")
        )
    values, adapters = {}, _adapters(cls)
    for name in (n for n in known if n in options):
        try:
            # JSON mode rather than Python mode: lists may be tuples and texts paths, yet "3" is no integer.
            values[name] = adapters[name].validate_json(json.dumps(options[name]), strict=True, context=places)
        except ValidationError as error:
            faults += _faults(name, options[name], error)
    return values, faults


def schemas(cls: type[Any]) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """JSON Schema of each option, and the names of those that must be given."""
    found, adapters = {}, _adapters(cls)
    for option in _options(cls):
        try:
            schema = adapters[option.name].json_schema()
        except PydanticUserError:
            schema = {}  # a type that JSON Schema has no words for: editors accept anything there
        default = option.default
        plain = default is None or isinstance(default, bool | int | float | str)
        found[option.name] = {**schema, "default": default} if plain else schema
    return found, [f.name for f in _options(cls) if not _has_default(f)]


def _options(cls: type[Any]) -> list[Field[Any]]:
    return [f for f in fields(cls) if f.init]


def _has_default(field: Field[Any]) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING


def _adapters(cls: type[Any]) -> Mapping[str, TypeAdapter[Any]]:
    """A validator for each option, in which `Path` and `ModelRef` lead through `Places`; made once a class."""
    if cls in _MADE:
        return _MADE[cls]
    try:
        hints = get_type_hints(cls, include_extras=True)
        return _MADE.setdefault(cls, {f.name: TypeAdapter(_placed(hints[f.name])) for f in _options(cls)})
    except (NameError, TypeError, PydanticUserError) as error:
        raise UsageError(f"the option types of {cls.__name__} cannot be read: {error}") from error


def _to_path(text: str, info: ValidationInfo) -> Path:
    return info.context.path(text)  # type: ignore[no-any-return, union-attr]


def _to_model(text: str, info: ValidationInfo) -> str:
    return info.context.model(text)  # type: ignore[no-any-return, union-attr]


def _placed(hint: Any) -> Any:
    """The type with every `Path` and `ModelRef` in it replaced by a text that is looked up."""
    if hint is Path:
        return Annotated[str, AfterValidator(_to_path)]
    if hint is ModelRef:
        return Annotated[str, AfterValidator(_to_model)]
    origin, parts = get_origin(hint), get_args(hint)
    if origin is None or origin is Literal:
        return hint
    if origin is Annotated:
        return Annotated[(_placed(parts[0]), *hint.__metadata__)]
    placed = tuple(_placed(part) for part in parts)
    return Union[placed] if origin in (Union, UnionType) else origin[placed]  # noqa: UP007 (built at run time)


def _faults(name: str, value: object, error: ValidationError) -> list[Fault]:
    """Pydantic's errors, one fault a place: what the alternatives of a union ask for is joined."""
    words: dict[tuple[str | int, ...], list[str]] = {}
    for found in error.errors(include_url=False, include_input=False):
        key = _place(value, found["loc"])
        # A list whose items are wrong counts as too short as well, which nobody wants to read.
        if found["type"] != "too_short" or not _get(value, key):
            words.setdefault(key, []).append(_words(found["type"], found["msg"], found.get("ctx", {})))
    faults = []
    for key, said in words.items():
        inner, what = _get(value, key), " or ".join(dict.fromkeys(said))
        told = what.startswith("should") and not name.endswith("_env")  # there it may be a key
        shown = f"{what}, not {_short(inner)}" if told else what
        faults.append(Fault((name, *key), shown, _hint(inner, what)))
    return faults


def _words(kind: str, message: str, context: Mapping[str, Any]) -> str:
    """Pydantic's message in the words of YAML."""
    if kind == "too_short":
        return "must not be empty"
    if kind == "string_too_short" and context.get("min_length") == 1:
        return "must not be empty: write at least 1 character"
    if kind == "string_pattern_mismatch":
        return f"should match {context['pattern']}"
    message = message.removeprefix("Value error, ").removeprefix("Input ")
    for technical, plain in _PLAIN.items():
        message = message.replace(technical, plain)
    return message[:1].lower() + message[1:]


def _get(value: Any, key: Iterable[str | int]) -> Any:
    return reduce(lambda outer, step: outer[step], key, value)


def _place(value: Any, loc: Iterable[str | int]) -> tuple[str | int, ...]:
    """The part of pydantic's location that leads into the value; the rest names members of unions."""
    key: list[str | int] = []
    for step in loc:
        inside_map = isinstance(value, Mapping) and step in value
        if inside_map or (isinstance(value, list) and isinstance(step, int) and step < len(value)):
            key.append(step)
            value = value[step]
    return tuple(key)


def _short(value: object) -> str:
    """A value for a message; control characters are escaped by `repr`."""
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _hint(value: object, what: str) -> str:
    """What to write instead, for the slips that YAML invites."""
    if "a text" in what and isinstance(value, bool | int | float):
        return "put it in quotes"
    if "a text" in what and isinstance(value, Mapping) and len(value) == 1:
        return "a text with a colon in it must be in quotes"
    if "number" in what and isinstance(value, str):
        return "write a number, without quotes"
    of_a_share = what.endswith(("less than 1", "less than or equal to 1"))
    if of_a_share and isinstance(value, int | float) and 1 < value <= 100:
        return f"write {value:g} % as {value / 100:g}"
    if _DAY in what:
        return "write a day as 2027-02-28"
    return ""
