"""The candidates and scorers of a bench: their three spellings, their trust, their names."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import Any

from aigc_eval.config.bench import Named
from aigc_eval.config.options import build
from aigc_eval.config.paths import Roots
from aigc_eval.config.problems import Problems
from aigc_eval.config.shape import CandidateShape, ScorerShape
from aigc_eval.errors import UsageError
from aigc_eval.plugin import Plugin
from aigc_eval.registry import Kind, entries, find
from aigc_eval.yaml_file import Node

__all__ = ["Loader"]

_SHAPES: Mapping[Kind, type[Any]] = {"generator": CandidateShape, "scorer": ScorerShape}
_COLUMNS = {
    *("candidate", "prompt", "sample", "prompt_text", "text", "outcome", "detail", "seconds"),
    *("lang", "references", "evidence", "tag"),
}
"""Names that the rows of a run use themselves (see `records.Run`)."""


class Loader:
    """Builds plug-ins from their place in the bench."""

    def __init__(self, problems: Problems, roots: Roots, trust: bool) -> None:
        self.problems, self.roots, self.trust = problems, roots, trust

    def all(self, node: Node | None, kind: Kind) -> dict[str, Named[Any] | None]:
        """Every entry of a list under its name; None where it has a problem of its own."""
        found: dict[str, Named[Any] | None] = {}
        lines: dict[str, int] = {}
        for item in self.problems.items(node):
            name, named = self._one(item, kind)
            if name in found:
                remedy = f"give each a name of its own: {{name: ..., {kind}: ...}}"
                self.problems.add(item, f"the name {name!r} is taken by line {lines[name]}", remedy)
            elif kind == "scorer" and name in _COLUMNS:
                self.problems.add(item, f"the name {name!r} is used by the rows of a run", "choose another name")
            elif name:
                found[name], lines[name] = named, item.line
        return found

    def _one(self, item: Node, kind: Kind) -> tuple[str, Named[Any] | None]:
        keys = list(item.value) if isinstance(item.value, Mapping) else []
        if (len(keys) == 1 and keys[0] not in ("name", "note", kind)) or not keys:
            name, plugin = self._use(item, kind)
            return name, Named(name, plugin) if plugin else None
        if keys[0] in entries(kind) or ":" in keys[0]:
            remedy = f"indent them below it; a name or note needs {{name: ..., {kind}: {{{keys[0]}: ...}}}}"
            self.problems.add(item, f"{', '.join(keys[1:])[:80]!r} stand beside {keys[0]!r}, not below it", remedy)
            return "", None
        values = self.problems.shape(item, _SHAPES[kind])
        if kind not in keys:
            return str(values.get("name") or ""), None
        name, plugin = self._use(item.at((kind,)), kind)
        name = values.get("name") or name
        ok = plugin is not None and item.value.keys() <= values.keys()  # type: ignore[union-attr]
        return name, Named(name, plugin, values.get("note", "")) if ok else None

    def _use(self, node: Node, kind: Kind) -> tuple[str, Plugin | None]:
        """A plug-in's default name, and the plug-in itself if all is well with it."""
        if isinstance(node.value, str):
            word, options, at = node.value, {}, node
        elif isinstance(node.value, Mapping) and len(node.value) == 1:
            ((word, at),) = node.value.items()
            options = at.plain()
            if at.value is None:
                self.problems.add(at, "has no options", "write the name alone, or indent its options below it")
                return _default_name(word), None
        else:
            self.problems.add(
                node, f"should be the name of a {kind}", "write name, {name: first option} or {name: {option: value}}"
            )
            return "", None
        return _default_name(word), self._build(at, kind, word, options)

    def _build(self, node: Node, kind: Kind, word: str, options: Any) -> Plugin | None:
        if ":" in word and not self._trusted(node, f"{word!r:.120} runs Python code by its module's name"):
            return None
        try:
            cls = find(kind, word)
        except UsageError as error:
            self.problems.add(node, str(error))
            return None
        plugin, faults = build(cls, options, self.roots)
        for fault in faults:
            self.problems.fault(node, fault)
        if plugin is not None and (why := plugin.needs_trust()) and not self._trusted(node, f"{word!r} {why}"):
            return None
        return plugin

    def _trusted(self, node: Node, what: str) -> bool:
        if not self.trust:
            self.problems.add(node, what, "add --trust-bench if you trust this bench")
        elif (home := str(self.roots.home)) not in sys.path:
            # Last, so that modules beside a trusted bench can be named but never stand in for installed ones.
            sys.path.append(home)
        return self.trust


def _default_name(word: str) -> str:
    """`pii` for pii, `length` for my_package.module:Length."""
    return re.sub(r"[^\w-]", "_", word.rpartition(":")[2].lower() if ":" in word else word)
