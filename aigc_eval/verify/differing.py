"""Where two JSON files that should be the same say different things, in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["differing"]


def differing(recorded: Mapping[str, Any], own: Mapping[str, Any]) -> str:
    """The first thing that the recorded JSON says otherwise, or "" where both say the same."""
    for part in dict.fromkeys([*own, *recorded]):
        if part not in own or part not in recorded:
            return f"{part} {'is missing' if part in own else 'is nothing that a run says'}"
        if recorded[part] != own[part]:
            return _first(part, recorded[part], own[part])
    return ""


def _first(where: str, recorded: Any, own: Any) -> str:
    """The deepest place that holds all of the first difference."""
    if isinstance(recorded, Mapping) and isinstance(own, Mapping):
        for name in dict.fromkeys([*recorded, *own]):
            if recorded.get(name) != own.get(name):
                return _first(f"{where}.{name}", recorded.get(name), own.get(name))
    if isinstance(recorded, list) and isinstance(own, list):
        for index, (left, right) in enumerate(zip(recorded, own, strict=False)):
            if left != right:
                return _first(f"{where}{_label(right, index)}", left, right)
        return f"{where}: {len(recorded)} are there, {len(own)} follow from the journal"
    return f"{where}: {_short(recorded)} is there, {_short(own)} follows from the journal"


def _label(record: Any, index: int) -> str:
    """Which item of a list it is: an estimate by what it is of, a verdict by its gate."""
    if isinstance(record, Mapping):
        names = (record.get(k) for k in ("candidate", "scorer", "metric", "slice", "gate", "name"))
        if words := " ".join(str(n) for n in names if n):
            return f"[{words}]"
    return f"[{index}]"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."
