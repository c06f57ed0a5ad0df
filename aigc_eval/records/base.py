"""What every record is made of: JSON round trip, one text for one value, digests, words in two languages."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from typing import Any, Self

__all__ = ["Bilingual", "Record", "canonical", "digest", "plain"]

_SCALARS = frozenset({str, int, float, bool, type(None)})
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


@cache
def _spec(kind: type) -> tuple[tuple[str, Any, bool], ...]:
    """Name, default and part in identity of each field of a record class; computed once a class."""
    return tuple(
        (f.name, f.default_factory() if f.default_factory is not MISSING else f.default, f.compare)
        for f in fields(kind)
    )


def plain(value: Any, identity: bool = False) -> Any:
    """JSON-ready form of a record without default-valued fields; `identity` leaves out facts that do not compare."""
    kind = type(value)
    if kind in _SCALARS:
        return value
    if kind is tuple or kind is list:
        return [plain(v, identity) for v in value]
    if is_dataclass(kind):
        found = {}
        for name, default, compares in _spec(kind):
            own = getattr(value, name)
            if (compares or not identity) and not (type(own) is type(default) and own == default):
                found[name] = plain(own, identity)
        return found
    if isinstance(value, Mapping):
        return {str(k): plain(v, identity) for k, v in value.items()}
    return value


def canonical(value: Any) -> str:
    """One JSON text for one value: sorted keys, no spaces, ASCII only, no NaN.

    >>> canonical({"b": 1, "a": "中"})
    '{"a":"\\\\u4e2d","b":1}'
    """
    return _CANONICAL.encode(plain(value, True))


def digest(*values: Any) -> str:
    """A 128-bit BLAKE2b fingerprint of values, in hex; equal values have equal digests.

    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    True
    """
    text = "\x1f".join(canonical(v) for v in values)
    return hashlib.blake2b(text.encode("ascii"), digest_size=16).hexdigest()


class Record:
    """JSON round trip for the frozen dataclasses below."""

    def to_json(self) -> dict[str, Any]:
        """Plain dict without default-valued fields; `from_json` is its inverse."""
        found: dict[str, Any] = plain(self)
        return found

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild the record; unknown keys are an error."""
        return cls(**data)


@dataclass(frozen=True, slots=True)
class Bilingual(Record):
    """The same words in English and Chinese; without Chinese, English stands in.

    >>> Bilingual("pass", "通过").in_("zh")
    '通过'
    """

    en: str
    zh: str = ""

    def in_(self, lang: str) -> str:
        """The words in `lang` ("en" or "zh")."""
        return (self.zh or self.en) if lang == "zh" else self.en
