"""The house: lower floors only, siblings leave each other alone, slow packages stay out of the top level."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1] / "aigc_eval"
FLOORS = {
    "__init__": 0,
    "offline": 0,
    "pytest_plugin": 14,
    "errors": 0,
    "records": 0,
    "text": 0,
    "intervals": 1,
    "tables": 2,
    "yaml_file": 1,
    "windows": 1,
    "huggingface": 1,
    "answers": 1,
    "deadline": 1,
    "credentials": 1,
    "calls": 2,
    "replies": 2,
    "net": 3,
    "sequences": 1,
    "sequential": 2,
    "metrics": 2,
    "detectable": 3,
    "paired": 2,
    "power": 2,
    "corrections": 2,
    "double_sampling": 3,
    "corrected": 9,
    "agreement": 2,
    "models": 4,
    "plugin": 3,
    "toxicity_metrics": 3,
    "refusal_metrics": 3,
    "judging": 5,
    "generators": 6,
    "scorers": 6,
    "registry": 7,
    "prompts": 7,
    "journal": 7,
    "gates": 7,
    "frames": 7,
    "contrasts": 3,
    "significance": 4,
    "differences": 9,
    "estimates": 8,
    "reviews": 7,
    "labels": 8,
    "rated": 9,
    "cards": 8,
    "validation": 11,
    "stopping": 8,
    "evidence": 9,
    "standards": 9,
    "engines": 8,
    "config": 9,
    "stages": 9,
    "conclusion": 10,
    "report": 9,
    "answering": 10,
    "scoring": 10,
    "publishing": 10,
    "printing": 9,
    "loading": 11,
    "finished": 12,
    "baselines": 12,
    "runner": 13,
    "verify": 14,
    "plan": 14,
    "spread": 13,
    "needs": 14,
    "noise": 14,
    "rejudging": 15,
    "labelling": 16,
    "reviewing": 17,
    "packing": 15,
    "comparing": 15,
    "cli": 18,
    "trends": 15,
    "exporters": 15,
    "__main__": 19,
}
SLOW = {"torch", "transformers", "presidio_analyzer", "pandas", "evaluate", "detoxify", "sacrebleu", "scipy", "pyarrow",
        "spacy", "datasets", "peft", "tokenizers", "jinja2", "pydantic", "httpx2", "openai", "anthropic",
        "sentence_transformers", "vl_convert"}  # fmt: skip
MODULES = sorted(ROOT.rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def part(path: Path) -> str:
    """The floor's name: first part below the package."""
    return path.relative_to(ROOT).with_suffix("").parts[0]


def imports(tree: ast.AST, *, top_only: bool = False) -> set[str]:
    """Dotted names that a module imports, `if TYPE_CHECKING` blocks left out."""
    found: set[str] = set()
    stack = list(ast.iter_child_nodes(tree))
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING") or (
            top_only and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ):
            continue
        stack.extend(ast.iter_child_nodes(node))
    return found


def floor_of(name: str) -> str | None:
    """`aigc_eval.scorers.pii` -> `scorers`; None for other packages."""
    head, *rest = name.split(".")
    if head != "aigc_eval":
        return None
    return rest[0] if rest and rest[0] in FLOORS else "__init__"


def test_a_module_imports_lower_floors_only() -> None:
    for path in MODULES:
        own = part(path)
        above = [n for n in imports(tree(path)) if (f := floor_of(n)) not in (None, own) and FLOORS[f] >= FLOORS[own]]
        assert not above, f"{path.relative_to(ROOT)} (floor {FLOORS[own]}) imports from its own floor or above: {above}"


def test_plug_ins_leave_their_siblings_alone() -> None:
    for path in (p for p in MODULES if part(p) in ("generators", "scorers")):
        inside = path.relative_to(ROOT).with_suffix("").parts
        for name in imports(tree(path)):
            parts = name.split(".")
            if parts[:2] == ["aigc_eval", inside[0]] and len(parts) > 2:
                assert parts[2] == inside[1], f"{path} imports its sibling {name}"


def test_slow_packages_are_imported_where_they_are_used() -> None:
    for path in MODULES:
        allowed = {"report": {"jinja2"}, "config": {"pydantic"}, "calls": {"pydantic"}}.get(part(path), set())
        top = {name.split(".")[0] for name in imports(tree(path), top_only=True)}
        assert not (top & SLOW) - allowed, path.relative_to(ROOT)


def test_the_command_line_starts_without_slow_packages() -> None:
    code = "import sys, aigc_eval.cli; print(' '.join(sorted(m for m in sys.modules if '.' not in m)))"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert not loaded & (SLOW - {"jinja2"})


def test_the_runner_names_no_plug_in() -> None:
    names = imports(ast.parse((ROOT / "runner.py").read_text("utf-8")))
    assert not {n for n in names if floor_of(n) in ("generators", "scorers")}


def test_a_report_reads_a_run_and_nothing_else() -> None:
    for path in (ROOT / "report").rglob("*.py"):
        used = {floor_of(n) for n in imports(ast.parse(path.read_text("utf-8")))} - {None}
        # `detectable` is arithmetic on an estimate's own bounds.
        assert used <= {"report", "records", "text", "errors", "detectable", "__init__"}, f"{path.name}: {used}"


def test_forbidden_calls_are_nowhere() -> None:
    """No pickle, no eval, no shell, no unsafe YAML, no code from a hub."""
    banned = ("yaml.load(", "pickle.load", "eval(", "exec(", "shell=True", "trust_remote_code=True", "| safe", "|safe",
              "Markup(", "markupsafe.Markup(", "marshal.load", "autoescape false")  # fmt: skip
    for path in [*MODULES, *ROOT.rglob("*.html")]:
        text = path.read_text("utf-8")
        if path.suffix == ".py":
            text = "\n".join(ast.unparse(n) for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Call))
            assert all("weights_only=True" in x for x in text.split("\n") if x.startswith("torch.load(")), path.name
        for word in banned:
            hits = [
                i
                for i in range(len(text))
                if text.startswith(word, i) and not text[i - 1 : i].isidentifier() and text[i - 1 : i] != "."
            ]
            assert not hits, f"{path.name} uses {word}"


def test_scripts_write_no_markup_run_no_text_and_send_nothing() -> None:
    """What a page's script may not name, whatever it would do with it."""
    banned = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|setHTML|createContextualFragment|DOMParser|document\s*\.\s*write|srcdoc"
        r"|\beval\s*[(.]|\bFunction\s*\(|setTimeout\s*\(\s*[\"'`]|\bimport\b|importScripts|\bfetch\b|XMLHttpRequest|WebSocket"
        r"|EventSource|sendBeacon|\bWorker\b|document\s*\.\s*cookie|window\s*\.\s*open|\bpostMessage\b"
    )
    scripts = sorted(ROOT.rglob("*.js"))
    assert scripts
    for path in scripts:
        assert not banned.findall(re.sub(r"(?m)//.*$|/\*[\s\S]*?\*/", "", path.read_text("utf-8"))), path.name
    for path in ROOT.rglob("*.html"):
        assert not re.search(r"<[^>{}]*\son\w+\s*=|javascript:|<script[^>]*\ssrc", path.read_text("utf-8"), re.I), (
            path.name
        )
