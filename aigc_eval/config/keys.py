"""Keys that somebody wrote into a bench: refused, and never repeated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from aigc_eval import credentials
from aigc_eval.errors import Problem
from aigc_eval.yaml_file import Document, Node

__all__ = ["masked", "pasted_keys"]

_PARTS = ("candidates", "scorers")
_WHAT = "looks like a key or password, which no bench may hold"
_REMEDY = (
    "export it, write its variable's name in `api_key_env` (a program's in `env`), and revoke this one if others saw it"
)


def pasted_keys(document: Document) -> list[Problem]:
    """A problem for each text of a candidate or a scorer that looks like a key, or stands where one is expected."""
    root = document.root.value
    parts = [root[name] for name in _PARTS if name in root] if isinstance(root, Mapping) else []
    found = [node for part in parts for node, name, text in _texts(part, "") if credentials.pasted(text, name)]
    return [
        Problem(document.file, node.line, credentials.masked(".".join(map(str, node.key))), _WHAT, _REMEDY)
        for node in found
    ]


def masked(problem: Problem) -> Problem:
    """The problem without what looks like a key: most say what stands in the bench."""
    key, what, remedy = map(credentials.masked, (problem.key, problem.what, problem.remedy))
    return replace(problem, key=key, what=what, remedy=remedy)


def _texts(node: Node, name: str) -> Iterator[tuple[Node, str, str]]:
    """Every text below a node, keys of mappings too, and the name that it has: its key, or the flag before it."""
    if isinstance(node.value, str):
        flag, given, text = node.value.partition("=")
        yield (node, flag.lstrip("-"), text) if given and flag.startswith("-") else (node, name, node.value)
    elif isinstance(node.value, Mapping):
        for key, inner in node.value.items():
            yield inner, "", key
            yield from _texts(inner, key)
    elif isinstance(node.value, tuple):
        before = ""
        for inner in node.value:
            yield from _texts(inner, before.lstrip("-") if before.startswith("-") else name)
            before = inner.value if isinstance(inner.value, str) else ""
