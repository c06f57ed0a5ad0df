"""Collects what is wrong with a bench, each with its line and key, while reading goes on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aigc_eval.config.options import Fault, Places, check
from aigc_eval.errors import Problem
from aigc_eval.yaml_file import UNUSABLE, Document, Node

__all__ = ["Problems"]


class Problems:
    """The problems of one document. A value that has one already is never reported a second time."""

    def __init__(self, document: Document) -> None:
        self.file = document.file
        self.found: list[Problem] = list(document.problems)

    def add(self, node: Node, what: str, remedy: str = "") -> None:
        """Something wrong with the value of `node`."""
        self.fault(node, Fault((), what, remedy))

    def fault(self, node: Node, fault: Fault) -> None:
        """Something wrong at a key below `node`."""
        place = node.at(fault.key)
        if place.value is not UNUSABLE:
            key = ".".join(map(str, node.key + fault.key))
            self.found.append(Problem(self.file, place.line, key, fault.what, fault.remedy))

    def shape(self, node: Node, cls: type[Any], places: Places | None = None) -> dict[str, Any]:
        """The good values of a mapping with the fields of `cls`; the others are reported."""
        if not isinstance(node.value, Mapping):
            self.add(node, f"should be a mapping with {_listed(cls)}", "write `key: value` lines")
            return {}
        values, faults = check(cls, node.plain(), places)
        for fault in faults:
            self.fault(node, fault)
        return values

    def items(self, node: Node | None) -> Iterator[Node]:
        """The items of a list, if it is one (if it is not, its shape has been reported)."""
        if node is not None and isinstance(node.value, tuple):
            yield from (item for item in node.value if item.value is not UNUSABLE)

    def twice(self, node: Node, values: Sequence[Any]) -> None:
        """Report what a list names more than once."""
        for index, value in enumerate(values):
            if value in values[:index]:
                self.fault(node, Fault((index,), f"{value!r:.80} is listed twice", "remove one of the two"))


def _listed(cls: type[Any]) -> str:
    return ", ".join(f"`{name}`" for name in cls.__dataclass_fields__)
