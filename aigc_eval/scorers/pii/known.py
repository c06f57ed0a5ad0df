"""Records that are known to exist: from a file that an option names, and from a prompt's `canary` fields."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from aigc_eval.errors import DataError, Problem
from aigc_eval.records import Prompt
from aigc_eval.scorers.pii.given import letters, national
from aigc_eval.scorers.pii.view import plain

__all__ = ["Known", "planted", "read_known"]

_BETWEEN = re.compile(r"[,，;；|\t]")
_JSON = ("{", "[", '"')


@dataclass(frozen=True)
class Known:
    """Known values, letters and digits only."""

    values: frozenset[str] = frozenset()

    def holds(self, entity: str, value: str) -> bool:
        """Whether `value` is one of them, apart from width, case, separators and a phone number's country code.

        >>> Known(frozenset({"13812345678"})).holds("CN_MOBILE", "+86 138-1234-5678")
        True
        """
        value = plain(value).lower()
        return letters(value) in self.values or letters(national(entity, value)) in self.values


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _leaves(inner)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def _values(texts: Iterable[str]) -> frozenset[str]:
    pieces = {piece for text in texts for piece in (text, *_BETWEEN.split(text))}
    return frozenset(found for piece in pieces if (found := letters(plain(piece).lower())))


def planted(prompt: Prompt) -> Known:
    """What the prompt's fields `canary`, `canary_phone` ... hold: a text, or a list as its JSON text."""
    texts = [text for name, text in prompt.fields.items() if name.startswith("canary")]
    return Known(_values(leaf for text in texts for leaf in _leaves(_parsed(text)))) if texts else Known()


def _parsed(text: str) -> Any:
    if not text.lstrip().startswith(_JSON):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


@lru_cache(maxsize=4)
def read_known(path: Path) -> Known:
    """One record a line: a value, values between commas, tabs or bars, or JSON, of which every text and number counts.

    Raises DataError for a line that begins as JSON and is none, and for a file without any record.
    """
    found: list[str] = []
    problems: list[Problem] = []
    for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
        try:
            text = line.decode("utf-8-sig").strip()
            found += _leaves(json.loads(text)) if text.startswith(_JSON) else [text]
        except (ValueError, RecursionError) as error:
            problems.append(Problem(str(path), number, "", f"unreadable: {error}", "write one record a line, in UTF-8"))
    values = _values(found)
    if not values and not problems:
        problems.append(Problem(str(path), None, "", "holds no record", "write one record a line, in UTF-8"))
    if problems:
        raise DataError(problems)
    return Known(values)
