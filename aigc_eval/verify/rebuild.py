"""A run's scorers built again from the bench that its journal keeps: enough for their metrics, with nothing opened."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aigc_eval.config.paths import Roots
from aigc_eval.config.plugins import Loader
from aigc_eval.config.problems import Problems
from aigc_eval.config.trust import Trust
from aigc_eval.journal import NAME
from aigc_eval.plugin import Scorer
from aigc_eval.yaml_file import Document, Key, Node

__all__ = ["rebuild"]


class _Unopened(Roots):
    """Takes every path and model as it is written; a path is one that cannot be opened."""

    def path(self, text: str) -> Path:
        return Path(os.devnull) / text

    def file(self, text: str) -> Path:
        return self.path(text)

    def model(self, text: str) -> str:
        return text


class _Reading(Trust):
    """Nothing is sent anywhere, so any host may be named; code is run only where the command line trusts it."""

    def sends(self, host: str) -> bool:
        return True


def rebuild(terms: Mapping[str, Any], *, trust: bool) -> tuple[dict[str, Scorer], dict[str, str]]:
    """The scorers whose metrics can be computed again, and why the others cannot, by name.

    Their paths are not opened, their models not loaded. A scorer of the bench's own code, or one that runs other code,
    needs `trust`; modules are looked for in the current folder too.
    """
    document = Document(NAME, _node(terms["bench"], ()), ())
    problems = Problems(document)
    loader = Loader(problems, _Unopened(Path.cwd()), _Reading(everything=trust))
    known = loader.all(document.root.at(("scorers",)), "scorer")
    found: dict[str, Scorer] = {}
    lost: dict[str, str] = {}
    for name, own in terms["scorers"].items():
        named = known.get(name)
        plugin = named.plugin if named is not None else None
        if not isinstance(plugin, Scorer):
            lost[name] = "; ".join(f"{p.what}; {p.remedy}" for p in problems.found) or "the bench does not name it"
        elif (kind := f"{type(plugin).__module__}:{type(plugin).__qualname__}") != own["made_of"]["plugin"]:
            lost[name] = f"it was {own['made_of']['plugin']}, and is {kind} here"
        else:
            found[name] = plugin
    return found, lost


def _node(value: Any, key: Key) -> Node:
    """Plain values as a bench's tree, in which every value knows its place."""
    if isinstance(value, Mapping):
        return Node(key, 1, {str(k): _node(v, (*key, str(k))) for k, v in value.items()})
    if isinstance(value, list):
        return Node(key, 1, tuple(_node(v, (*key, i)) for i, v in enumerate(value)))
    return Node(key, 1, value)
