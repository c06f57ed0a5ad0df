"""Strict YAML with positions: every value knows its line, and nothing is guessed, executed or expanded.

The tree is built from parser events, so no YAML constructor ever runs: tags cannot name a Python object, aliases cannot
multiply, and size, depth and number of nodes are bounded before anything is built. What YAML 1.1 and 1.2 read
differently stays text (`no`, `on`, dates, `1_000`, `12:30`) or is an error (`010`, `0x1F`, a line that U+0085 or U+2028
ends); `1e3` is a number.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from aigc_eval.errors import ConfigError, Problem

__all__ = ["MOST_BYTES", "MOST_DEPTH", "MOST_NODES", "UNUSABLE", "Document", "Key", "Node", "load", "parse", "read"]

MOST_BYTES = 1_000_000
MOST_DEPTH = 20
MOST_NODES = 10_000

Key = tuple[str | int, ...]
"""The way to a value: names of mappings and indexes of lists."""


class _Unusable:
    """The type of `UNUSABLE`."""


UNUSABLE: Final = _Unusable()
"""Stands for a value that has a problem of its own already, so that one mistake is reported once."""

Value = None | bool | int | float | str | _Unusable | tuple["Node", ...] | Mapping[str, "Node"]

_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_AMBIGUOUS = re.compile(r"[-+]?0(?:[0-9_]+|x[0-9a-fA-F_]+|o[0-7_]+|b[01_]+)")
_OLD_BREAK = re.compile("[\x85\u2028\u2029]")
"""Line breaks in YAML 1.1, characters in 1.2: the parser would fold U+0085 inside a text into a space."""


@dataclass(frozen=True, slots=True)
class Node:
    """A value, its place in the tree and its line (from 1); of a mapping's entry, the line of its key."""

    key: Key
    line: int
    value: Value

    def plain(self) -> Any:
        """The value without positions; None where it is unusable."""
        if isinstance(self.value, Mapping):
            return {name: child.plain() for name, child in self.value.items()}
        if isinstance(self.value, tuple):
            return [child.plain() for child in self.value]
        return None if self.value is UNUSABLE else self.value

    def at(self, key: Key) -> Node:
        """The node at a relative key, or the deepest one on the way to it."""
        node = self
        for step in key:
            if isinstance(node.value, Mapping) and step in node.value:
                node = node.value[str(step)]
            elif isinstance(node.value, tuple) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
            else:
                break
        return node


@dataclass(frozen=True)
class Document:
    """A parsed file: its tree, what is wrong with its YAML, and the SHA-256 of its bytes."""

    file: str
    root: Node
    problems: tuple[Problem, ...]
    sha256: str = field(default="")


def load(path: Path) -> Document:
    """Read a file; raises `ConfigError` where it is no YAML at all, lists lesser problems in the document."""
    file = str(path)
    try:
        with path.open("rb") as stream:
            raw = stream.read(MOST_BYTES + 1)
    except OSError as error:
        what = "there is no such file" if isinstance(error, FileNotFoundError) else error.strerror or str(error)
        raise _stop(file, None, f"cannot be read: {what}") from None
    except ValueError as error:
        raise _stop(file, None, f"cannot be read: {error}") from None
    if len(raw) > MOST_BYTES:
        raise _stop(file, None, f"is larger than {MOST_BYTES:,} bytes", "move prompts into files of their own")
    return read(raw, file)


def read(raw: bytes, file: str, most_nodes: int = MOST_NODES) -> Document:
    """Parse the bytes of a file; see `load`."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _stop(file, raw.count(b"\n", 0, error.start) + 1, "is not UTF-8", "save it as UTF-8") from None
    return parse(text, file, hashlib.sha256(raw).hexdigest(), most_nodes)


def parse(text: str, file: str = "<text>", sha256: str = "", most_nodes: int = MOST_NODES) -> Document:
    """Parse a text of at most so many values; see `load`.

    >>> parse("samples: 2\\nlang: no").root.plain()
    {'samples': 2, 'lang': 'no'}
    >>> parse("a: 1\\na: 2").problems[0].line
    2
    """
    if old := _OLD_BREAK.search(text):
        line, code = text.count("\n", 0, old.start()) + 1, ord(old[0])
        remedy = f'write it as "\\u{code:04x}" in double quotes'
        raise _stop(file, line, f"YAML versions disagree on U+{code:04X}: a line break or a character", remedy)
    builder = _Builder(file, most_nodes)
    try:
        root = builder.document(yaml.parse(text, Loader=yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _stop(file, mark.line + 1 if mark else None, f"is not YAML: {_words(error)}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _stop(file, line, f"holds the control character U+{error.character:04X}", "remove it") from None
    except (ValueError, OverflowError):
        # The scanner passes the number of an escape such as "\UFFFFFFFF" to chr() as it stands.
        raise _stop(file, builder.line, "holds an escape of a character that does not exist", "correct it") from None
    return Document(file, root, tuple(builder.problems), sha256)


def _stop(file: str, line: int | None, what: str, remedy: str = "") -> ConfigError:
    return ConfigError([Problem(file, line, "", what, remedy)])


def _words(error: yaml.MarkedYAMLError) -> str:
    words = ", ".join(part for part in (error.problem, error.context) if part)
    tab = "'\\t'" in words
    return words + ("; indent with spaces, not tabs" if tab else "")


class _Builder:
    """Turns parser events into nodes, at most `most_nodes` of them and at most `MOST_DEPTH` deep."""

    def __init__(self, file: str, most_nodes: int) -> None:
        self.file, self.problems, self.nodes, self.line = file, list[Problem](), 0, 1
        self.most_nodes = most_nodes

    def document(self, events: Iterator[yaml.Event]) -> Node:
        """The one document of a stream."""
        kinds = (yaml.StreamStartEvent, yaml.DocumentStartEvent, yaml.DocumentEndEvent, yaml.StreamEndEvent)
        root = Node((), 1, None)
        documents = 0
        for event in events:
            if not isinstance(event, kinds):
                root = self.node(event, events, (), 1, 0)
            elif isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _stop(self.file, _line(event), "holds more than one document", "remove the line '---'")
        return root

    def node(self, event: yaml.Event, events: Iterator[yaml.Event], key: Key, line: int, depth: int) -> Node:
        """The node that starts with `event`."""
        self.nodes, self.line = self.nodes + 1, _line(event)
        if self.nodes > self.most_nodes:
            what = f"holds more than {self.most_nodes:,} values"
            raise _stop(self.file, self.line, what, "move data into other files")
        if depth > MOST_DEPTH:
            raise _stop(self.file, self.line, f"is nested more than {MOST_DEPTH} deep", "flatten it")
        odd = self._oddity(event, key, line)
        if isinstance(event, yaml.MappingStartEvent):
            value: Value = self._mapping(events, key, depth)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = tuple(self._items(events, key, depth))
        elif isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event, key, line)
        else:
            value = UNUSABLE
        return Node(key, line, UNUSABLE if odd else value)

    def _oddity(self, event: yaml.Event, key: Key, line: int) -> bool:
        """Report aliases, anchors and tags; whether the value cannot be used."""
        if isinstance(event, yaml.AliasEvent):
            self._wrong(key, line, f"the alias '*{event.anchor}' is not allowed", "write the value out")
            return True
        if getattr(event, "anchor", None) is not None:
            self._wrong(key, line, f"the anchor '&{event.anchor}' is not allowed", "remove it")  # type: ignore[attr-defined]
        if (tag := getattr(event, "tag", None)) is not None:
            self._wrong(key, line, f"the tag {tag!r:.80} is not allowed", "remove it")
            return True
        return False

    def _items(self, events: Iterator[yaml.Event], key: Key, depth: int) -> Iterator[Node]:
        for index, event in enumerate(events):
            if isinstance(event, yaml.SequenceEndEvent):
                return
            yield self.node(event, events, (*key, index), _line(event), depth + 1)

    def _mapping(self, events: Iterator[yaml.Event], key: Key, depth: int) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            line = _line(event)
            name = self._name(self.node(event, events, key, line, depth + 1), event)
            value = self.node(next(events), events, key if name is None else (*key, name), line, depth + 1)
            if name in entries:
                first = entries[name].line
                self._wrong((*key, name), line, f"is written twice, first in line {first}", "remove one of the two")
            elif name is not None:
                entries[name] = value
        return entries

    def _name(self, node: Node, event: yaml.Event) -> str | None:
        """A mapping's key, or None where it cannot be one."""
        if node.value is UNUSABLE:
            return None
        if node.value == "<<" and event.style is None:  # type: ignore[attr-defined]
            self._wrong(node.key, node.line, "the merge key '<<' is not allowed", "write the keys out")
            return None
        if not isinstance(node.value, str):
            what = "a list or mapping" if isinstance(node.value, tuple | Mapping) else f"{node.plain()!r:.80}"
            self._wrong(node.key, node.line, f"{what} cannot be a key", "put the key in quotes")
            return None
        return node.value

    def _scalar(self, event: yaml.ScalarEvent, key: Key, line: int) -> Value:
        text = event.value
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            self._wrong(key, line, "holds half of a surrogate pair", "write the whole character")
            return UNUSABLE
        if event.style is not None:
            return text
        if _AMBIGUOUS.fullmatch(text) or _NOT_FINITE.fullmatch(text):
            what = "YAML versions disagree on" if _AMBIGUOUS.fullmatch(text) else "there is no use for"
            self._wrong(key, line, f"{what} {text!r:.80}", "write a decimal number, or put it in quotes")
            return UNUSABLE
        value = _resolved(text)
        if (isinstance(value, float) and not math.isfinite(value)) or (isinstance(value, int) and abs(value) >= 2**63):
            self._wrong(key, line, f"the number {text!r:.80} is too large", "write a smaller one")
            return UNUSABLE
        return value

    def _wrong(self, key: Key, line: int, what: str, remedy: str) -> None:
        self.problems.append(Problem(self.file, line, ".".join(map(str, key)), what, remedy))


def _line(event: yaml.Event) -> int:
    mark = event.start_mark
    return mark.line + 1 if mark else 1


def _resolved(text: str) -> bool | int | float | str | None:
    """A plain scalar by YAML 1.2's core schema, decimal numbers only; a number of too many digits is infinite."""
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text.lower() == "true"
    if _INT.fullmatch(text) and len(text) < 400:
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
