"""The candidates and scorers of a bench: their three spellings, their names, their matrix, their trust."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from itertools import product
from typing import Any, NamedTuple

from aigc_eval.calls import Budget, Limits, Price
from aigc_eval.config.bench import Named
from aigc_eval.config.options import Fault, build, first
from aigc_eval.config.paths import Roots
from aigc_eval.config.problems import Problems
from aigc_eval.config.shape import CandidateShape, ScorerShape
from aigc_eval.config.trust import Trust
from aigc_eval.errors import UsageError
from aigc_eval.plugin import Generator, Plugin
from aigc_eval.registry import Kind, entries, find
from aigc_eval.yaml_file import Node

__all__ = ["Loader"]

_SHAPES: Mapping[Kind, type[Any]] = {"generator": CandidateShape, "scorer": ScorerShape}
_PARTS: Mapping[Kind, Mapping[str, tuple[str, type[Any]]]] = {
    "generator": {"limits": ("limits", Limits), "price": ("price", Price)},
    "scorer": {"limits": ("budget", Budget)},
}
"""Parts of an entry with a shape of their own, and the fields of `Named` that they become."""
_COLUMNS = {
    *("candidate", "prompt", "sample", "prompt_text", "text", "outcome", "detail", "seconds"),
    *("lang", "references", "evidence", "tag", "error", "attempts"),
}
"""Names that the rows of a run use themselves (see `records.Run`)."""
_MOST_COMBINATIONS = 200

Found = list[tuple[str, Named[Any] | None]]


class _Use(NamedTuple):
    """A plug-in as a bench names it: its default name, its class, and the node and value of its options."""

    name: str
    word: str
    cls: type[Plugin] | None
    node: Node
    options: Any


class Loader:
    """Builds plug-ins from their place in the bench."""

    def __init__(self, problems: Problems, roots: Roots, trust: Trust) -> None:
        self.problems, self.roots, self.trust = problems, roots, trust

    def all(self, node: Node | None, kind: Kind) -> dict[str, Named[Any] | None]:
        """Every entry of a list under its name; None where it has a problem of its own."""
        found: dict[str, Named[Any] | None] = {}
        lines: dict[str, int] = {}
        for item in self.problems.items(node):
            for name, named in self._entry(item, kind):
                if name in found:
                    remedy = f"give each a name of its own: {{name: ..., {kind}: ...}}"
                    self.problems.add(item, f"the name {name!r} is taken by line {lines[name]}", remedy)
                elif kind == "scorer" and name in _COLUMNS:
                    self.problems.add(item, f"the name {name!r} is used by the rows of a run", "choose another name")
                elif name:
                    found[name], lines[name] = named, item.line
        return found

    def _entry(self, item: Node, kind: Kind) -> Found:
        """What one entry of the list stands for: one plug-in, or one for each combination of a matrix."""
        shape = _SHAPES[kind]
        keys = list(item.value) if isinstance(item.value, Mapping) else []
        if (len(keys) == 1 and keys[0] not in shape.__dataclass_fields__) or not keys:
            use = self._use(item, kind)
            plugin = self._built(use, use.options)
            return [(use.name, Named(use.name, plugin) if plugin else None)]
        if keys[0] in entries(kind) or ":" in keys[0]:
            remedy = f"indent them below it; a name or note needs {{name: ..., {kind}: {{{keys[0]}: ...}}}}"
            self.problems.add(item, f"{', '.join(keys[1:])[:80]!r} stand beside {keys[0]!r}, not below it", remedy)
            return []
        values = self.problems.shape(item, shape)
        if kind not in keys:
            return [(str(values.get("name") or ""), None)]
        use = self._use(item.at((kind,)), kind)
        name = values.get("name") or use.name
        about = self._about(item, values, kind, use)
        ok = item.value.keys() <= values.keys()  # type: ignore[union-attr]
        return [
            (full, Named(full, plugin, **about) if plugin and ok and about is not None else None)
            for full, plugin in self._plugins(item, name, use, values.get("matrix"))
        ]

    def _plugins(self, item: Node, name: str, use: _Use, matrix: Mapping[str, Any] | None) -> list[tuple[str, Any]]:
        """One plug-in, or one for each combination of the matrix's values, each under its name."""
        if not matrix or use.cls is None:
            return [(name, self._built(use, use.options))]
        main = first(use.cls)
        own = use.options if isinstance(use.options, Mapping) else {main: use.options}
        node = item.at(("matrix",))
        for option in matrix:
            if option in own:
                self.problems.fault(node, Fault((option,), "is also an option of the generator", "give it once"))
                return [(name, None)]
        combinations = [dict(zip(matrix, values, strict=True)) for values in product(*matrix.values())]
        if len(combinations) > _MOST_COMBINATIONS:
            what = f"{len(combinations):,} combinations; {_MOST_COMBINATIONS} is the most"
            self.problems.add(node, what, "leave values out, or write several benches")
            return [(name, None)]
        labels = [",".join(f"{option}={_plain(value)}" for option, value in c.items()) for c in combinations]
        if odd := next((label for label in labels if not label.isprintable() or "[" in label or "]" in label), None):
            self.problems.add(node, f"{odd!r:.80} cannot be part of a name", "use numbers and plain words")
            return [(name, None)]
        return [
            (f"{name}[{label}]", self._built(use, {**own, **given}, node))
            for label, given in zip(labels, combinations, strict=True)
        ]

    def _about(self, item: Node, values: Mapping[str, Any], kind: Kind, use: _Use) -> dict[str, Any] | None:
        """Note, limits and price of an entry, if they are as they should be."""
        about: dict[str, Any] = {"note": values.get("note", "")}
        before = len(self.problems.found)
        for part, (field, shape) in _PARTS[kind].items():
            if values.get(part) is not None:
                given = self.problems.shape(item.at((part,)), shape)
                about[field] = shape(**given) if len(self.problems.found) == before else None
        if len(self.problems.found) == before and use.cls is not None and issubclass(use.cls, Generator):
            self._check_called(item, use.cls, about)
        return about if len(self.problems.found) == before else None

    def _check_called(self, item: Node, cls: type[Generator], about: Mapping[str, Any]) -> None:
        limits = about.get("limits")
        if limits is not None and not cls.by_call:
            self.problems.add(item.at(("limits",)), f"{cls.__name__} answers here, without calls", "remove the limits")
        elif limits is not None and limits.max_cost is not None and about.get("price") is None:
            what = "needs the price of a token"
            self.problems.fault(item, Fault(("limits", "max_cost"), what, "add price: {input: ..., output: ...}"))

    def _use(self, node: Node, kind: Kind) -> _Use:
        """The plug-in that a node names; without a class where something is wrong with that."""
        if isinstance(node.value, str):
            word, options, at = node.value, {}, node
        elif isinstance(node.value, Mapping) and len(node.value) == 1:
            ((word, at),) = node.value.items()
            options = at.plain()
            if at.value is None:
                self.problems.add(at, "has no options", "write the name alone, or indent its options below it")
                return _Use(_default_name(word), word, None, at, {})
        else:
            self.problems.add(
                node, f"should be the name of a {kind}", "write name, {name: first option} or {name: {option: value}}"
            )
            return _Use("", "", None, node, {})
        return _Use(_default_name(word), word, self._class(at, kind, word), at, options)

    def _class(self, node: Node, kind: Kind, word: str) -> type[Plugin] | None:
        if ":" in word:
            if not self._may_run(node, f"{word!r:.120} runs Python code by its module's name", word):
                return None
            self._import_from_home()
        try:
            return find(kind, word)
        except UsageError as error:
            self.problems.add(node, str(error))
            return None

    def _built(self, use: _Use, options: Any, place: Node | None = None) -> Plugin | None:
        """The plug-in with these options, if they are right and allowed; faults are reported at `place`."""
        if use.cls is None:
            return None
        plugin, faults = build(use.cls, options, self.roots)
        for fault in faults:
            here = place if place is not None and fault.key[:1] and fault.key[0] in (place.value or ()) else use.node  # type: ignore[operator]
            self.problems.fault(here, fault)
        if plugin is None:
            return None
        if why := plugin.needs_trust():
            if not self._may_run(use.node, f"{use.word!r} {why}", why):
                return None
            if plugin.imports:
                self._import_from_home()
        if far := [host for host in plugin.hosts() if not self.trust.sends(host)]:
            what = f"{use.word!r} sends prompts and answers to {', '.join(far)}"
            in_ci = "in CI every host must be named: " if self.trust.in_ci else ""
            self.problems.add(use.node, what, f"{in_ci}add --allow-host {' --allow-host '.join(far)}")
            return None
        return plugin

    def _may_run(self, node: Node, what: str, code: str) -> bool:
        allowed = self.trust.runs(code)
        if not allowed:
            remedy = f"add --trust-bench if you trust this bench, or put {code!r:.200} under code: in an --allow-list"
            self.problems.add(node, what, remedy)
        return allowed

    def _import_from_home(self) -> None:
        """Let modules beside the bench be imported, for code that may run and is named by its module.

        For nothing else: the libraries import by themselves what happens to be installed (`brotli`, `h2`).
        """
        if (home := str(self.roots.home)) not in sys.path:
            sys.path.append(home)  # last, so that they can be named but never stand in for installed ones


def _plain(value: object) -> str:
    """A value as YAML writes it, for a name."""
    return value if isinstance(value, str) else json.dumps(value)


def _default_name(word: str) -> str:
    """`pii` for pii, `length` for my_package.module:Length."""
    return re.sub(r"[^\w-]", "_", word.rpartition(":")[2].lower() if ":" in word else word)
