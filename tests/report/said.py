"""What this project's plug-ins can say of an output, read from their source: every label, note, error and detail.

A text with figures is told with `HOLE` in their places. What an expression stands for is followed through names, local
functions and methods of the same module; what cannot be followed is left out (another's words, or a name that is
followed where it is made).
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import product
from pathlib import Path

__all__ = ["HOLE", "ROOT", "Module", "labels", "notes"]

ROOT = Path(__file__).parents[2] / "aigc_eval"
HOLE = "\0"
_RAISED = {
    "CallError": 1,
    "ChatError": 0,
    "CannotTell": 0,
    "OutOfTime": 0,
    "Died": 0,
    "RecognizerError": 0,
    "Unparsed": 0,
}
"""Exceptions (and what stands for one) whose words reach a report, and the place of the words in their arguments."""
_SAYING = ("not_applicable",)
_DEEPEST = 6


class Module:
    """One source file and what its names stand for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tree = ast.parse(path.read_text("utf-8"))

    @cached_property
    def functions(self) -> dict[str, ast.FunctionDef]:
        """Functions and methods by name."""
        return {n.name: n for n in ast.walk(self.tree) if isinstance(n, ast.FunctionDef)}

    @cached_property
    def _scopes(self) -> dict[int, str]:
        """The innermost function around each node, by the node's identity; "" at the top."""
        found: dict[int, str] = {}

        def visit(node: ast.AST, scope: str) -> None:
            found[id(node)] = scope
            for child in ast.iter_child_nodes(node):
                visit(child, child.name if isinstance(child, ast.FunctionDef) else scope)

        visit(self.tree, "")
        return found

    @cached_property
    def _values(self) -> dict[tuple[str, str], list[ast.expr]]:
        """Everything that is assigned to a name in a function, or at the top."""
        found: dict[tuple[str, str], list[ast.expr]] = {}
        for node in ast.walk(self.tree):
            scope = self._scopes[id(node)]
            if isinstance(node, ast.NamedExpr):
                found.setdefault((scope, node.target.id), []).append(node.value)
            elif isinstance(node, ast.AnnAssign) and node.value is not None:
                self._assign(found, scope, node.target, node.value)
            elif isinstance(node, ast.Assign):
                for target in node.targets:
                    self._assign(found, scope, target, node.value)
        return found

    def _assign(
        self, found: dict[tuple[str, str], list[ast.expr]], scope: str, target: ast.expr, value: ast.expr
    ) -> None:
        if isinstance(target, ast.Name):
            found.setdefault((scope, target.id), []).append(value)
        elif isinstance(target, ast.Tuple):
            same = isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts)
            values = value.elts if same and isinstance(value, ast.Tuple) else [value] * len(target.elts)
            for one, its in zip(target.elts, values, strict=True):
                self._assign(found, scope, one, its)

    def _named(self, name: ast.Name) -> list[ast.expr]:
        scope = self._scopes.get(id(name), "")
        return self._values.get((scope, name.id)) or self._values.get(("", name.id), [])

    def texts(self, node: ast.expr | None, deep: int = _DEEPEST) -> set[str]:
        """What an expression may stand for."""
        if node is None or deep == 0:
            return set()
        if isinstance(node, ast.Constant):
            return {node.value} if isinstance(node.value, str) else set()
        if isinstance(node, ast.JoinedStr):
            return self._spliced([self._part(v, deep) for v in node.values])
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):  # a text times whether it is due
            return self.texts(node.left, deep - 1)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return self._spliced([self.texts(side, deep - 1) or {HOLE} for side in (node.left, node.right)])
        return {t for inner in self._inner(node) for t in self.texts(inner, deep - 1)}

    def _part(self, node: ast.expr, deep: int) -> set[str]:
        if isinstance(node, ast.FormattedValue):
            own = self.texts(node.value, deep - 1) if isinstance(node.value, ast.Name | ast.IfExp) else set()
            return own or {HOLE}
        return self.texts(node, deep)

    def _spliced(self, parts: list[set[str]]) -> set[str]:
        return {"".join(chosen) for chosen in product(*parts)}

    def _inner(self, node: ast.expr) -> Iterator[ast.expr]:
        """The expressions one of which it is."""
        if isinstance(node, ast.IfExp):
            yield from (node.body, node.orelse)
        elif isinstance(node, ast.BoolOp):
            yield from node.values
        elif isinstance(node, ast.Name):
            yield from self._named(node)
        elif isinstance(node, ast.Subscript):
            yield from self._elements(node.value)
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")[2]
            if name in ("_short", "dict", "fromkeys", "join"):
                yield from node.args
            elif name in self.functions:
                yield from self.returned(self.functions[name])

    def _elements(self, node: ast.expr) -> Iterator[ast.expr]:
        for value in self._named(node) if isinstance(node, ast.Name) else [node]:
            if isinstance(value, ast.Tuple | ast.List):
                yield from value.elts
            elif isinstance(value, ast.Dict):
                yield from value.values

    def returned(self, function: ast.FunctionDef) -> Iterator[ast.expr]:
        """What a function may return."""
        for node in ast.walk(function):
            if isinstance(node, ast.Return) and node.value is not None:
                yield from node.value.elts if isinstance(node.value, ast.Tuple) else (node.value,)

    def calls(self) -> Iterator[ast.Call]:
        """Every call of the file."""
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))


def _modules(*parts: str) -> Iterator[Module]:
    for part in parts:
        found = ROOT / part
        yield from map(Module, sorted(found.rglob("*.py")) if found.is_dir() else [found])


Said = set[tuple[str, str]]


def labels() -> tuple[Said, Said]:
    """(file, label) of every passage that a scorer of ours marks; (file, expression) of those that stay unknown."""
    return _read(_modules("scorers", "refusal_metrics.py", "judging.py"), _labelled)


def notes() -> tuple[Said, Said]:
    """The same of every note, error and detail of ours that a report may show."""
    folders = ("scorers", "generators", "models", "net", "calls", "engines")
    files = ("scoring.py", "answering.py", "judging.py", "refusal_metrics.py", "replies.py")
    return _read(_modules(*folders, *files), _noted)


def _read(modules: Iterator[Module], said: Callable[[Module], Iterator[ast.expr]]) -> tuple[Said, Said]:
    found, lost = set(), set()
    for module in modules:
        name = str(module.path.relative_to(ROOT))
        for node in said(module):
            texts = module.texts(node)
            found |= {(name, text) for text in texts if text.strip(":; " + HOLE)}
            if not texts:
                lost.add((name, ast.unparse(node)))
    return found, lost


def _labelled(module: Module) -> Iterator[ast.expr]:
    for call in module.calls():
        if ast.unparse(call.func).rpartition(".")[2] == "Span":
            starred = any(isinstance(argument, ast.Starred) for argument in call.args)
            if len(call.args) > 2 - starred:
                yield call.args[2 - starred]


def _noted(module: Module) -> Iterator[ast.expr]:
    for call in module.calls():
        name = ast.unparse(call.func).rpartition(".")[2]
        keys = {k.arg: k.value for k in call.keywords}
        if name in ("Score", "_Reading"):
            yield from (keys[k] for k in ("note", "error") if k in keys)
        elif name in ("answer", "replace"):
            yield from (keys[k] for k in ("note", "detail") if k in keys)
        elif name in _RAISED and len(call.args) > _RAISED[name]:
            yield call.args[_RAISED[name]]
    for saying in _SAYING:
        if saying in module.functions:
            yield from module.returned(module.functions[saying])
