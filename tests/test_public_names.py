"""The public interface changes on purpose only, and every module says what it offers."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

import aigc_eval

ROOT = Path(aigc_eval.__file__).parent
MODULES = sorted(p for p in ROOT.rglob("*.py") if p.name != "__main__.py")

PUBLIC = [
    "AigcEvalError", "AnyPerPrompt", "Bench", "Bilingual", "Estimate", "Generation", "Generator", "Mean", "Metric",
    "ModelRef", "Prompt", "Rate", "Ratio", "Request", "Run", "Score", "Scorer", "Span", "Verdict", "WorstPerPrompt",
    "load_bench", "load_run", "require", "run",
]  # fmt: skip


def test_the_package_offers_exactly_these_names() -> None:
    assert aigc_eval.__all__ == PUBLIC


def test_every_public_name_is_there_and_documented() -> None:
    assert [name for name in PUBLIC if not getattr(aigc_eval, name).__doc__] == []


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing_like_it"):
        aigc_eval.nothing_like_it  # noqa: B018


def test_all_lists_what_is_public() -> None:
    for path in MODULES:
        _lists_what_is_public(path)


def _lists_what_is_public(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    defined = {
        node.name
        for node in tree.body
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_")
    }
    name = ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__")
    module = importlib.import_module(name)
    if name == "aigc_eval":
        return
    listed = getattr(module, "__all__", [])
    assert len(listed) == len(set(listed)), name
    for offered in listed:
        assert hasattr(module, offered), f"{name}.{offered}"
    if defined:
        assert listed, f"{name} defines {sorted(defined)} and has no __all__"


def test_every_public_name_has_one_home() -> None:
    assert sorted(aigc_eval._HOMES) == aigc_eval.__all__
