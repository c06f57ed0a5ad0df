"""Plug-ins by name: short names, `module:Class`, clashes, broken packages, and a real third-party package."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from aigc_eval import registry
from aigc_eval.errors import UsageError
from aigc_eval.plugin import Generator, Scorer

SAMPLE = Path(__file__).parent / "plugin_package"


def test_builtin_plugins_come_through_entry_points() -> None:
    found = registry.entries("generator")["echo"]
    assert (found.target, found.package, found.builtin) == ("aigc_eval.generators.echo:Echo", "aigc-eval", True)
    assert issubclass(registry.find("generator", "echo"), Generator)
    assert registry.find("generator", "aigc_eval.generators.echo:Echo") is registry.find("generator", "echo")


@pytest.mark.parametrize("kind", registry.GROUPS)
def test_every_builtin_plugin_can_be_imported(kind: registry.Kind) -> None:
    base = {"generator": Generator, "scorer": Scorer}[kind]
    for entry in registry.entries(kind).values():
        if entry.builtin:
            assert issubclass(entry.load(), base)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ecko", "unknown generator 'ecko'; did you mean 'echo'?"),
        ("zzzzzz", "known: anthropic, command, echo"),
        ("", "unknown generator ''"),
        ("no_such_module:Class", "cannot be imported: ModuleNotFoundError"),
        ("aigc_eval.generators.echo:Ecko", "cannot be imported: AttributeError"),
        ("aigc_eval.generators.echo:__doc__", "is not a Generator"),
        ("aigc_eval.plugin:Scorer", "is not a Generator"),
        ("aigc_eval.plugin:Generator", "does not define generate"),
        ("os:system:x", "write module:Class"),
        ("..relative:Class", "write module:Class"),
        (":Class", "write module:Class"),
        ("module:", "write module:Class"),
        ("os;x:y", "write module:Class"),
    ],
)
def test_unusable_names(name: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        registry.find("generator", name)
    assert words in str(caught.value)


def test_a_forgotten_decorator_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "from aigc_eval.plugin import Generator\nclass Bare(Generator):\n    def generate(self, batch): return []\n"
    (tmp_path / "bare_plugin.py").write_text(code, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UsageError, match="decorate it with @dataclass"):
        registry.find("generator", "bare_plugin:Bare")


@pytest.mark.parametrize("code", ["1/0", "import no_such_module_at_all", "raise SystemExit(0)", "def broken(:"])
def test_a_module_that_fails_to_import_is_an_error(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "failing_plugin.py").write_text(code, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UsageError, match="cannot be imported"):
        registry.find("generator", "failing_plugin:Any")


def run_python(code: str, *path: Path) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter that sees the packages installed in `path`."""
    given = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, path))}
    return subprocess.run([sys.executable, "-c", code], env=given, capture_output=True, text=True, check=False)


def pretend_package(folder: Path, name: str, entry_points: str) -> None:
    """The metadata of an installed distribution."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", "utf-8")
    (info / "entry_points.txt").write_text(entry_points, "utf-8")


def test_a_name_clash_with_a_builtin_is_an_error(tmp_path: Path) -> None:
    pretend_package(tmp_path, "evil-scores", "[aigc_eval.scorers]\ntoxicity = evil:Toxicity\n")
    done = run_python("from aigc_eval import registry; registry.find('scorer', 'pii')", tmp_path)
    assert done.returncode == 1
    assert "the packages 'aigc-eval' and 'evil-scores' both bring a scorer 'toxicity'; uninstall one" in done.stderr


def test_a_name_clash_between_two_packages_is_an_error(tmp_path: Path) -> None:
    for name in ("one", "two"):
        pretend_package(tmp_path, name, f"[aigc_eval.generators]\nmine = {name}:Mine\n")
    done = run_python("from aigc_eval import registry; registry.entries('generator')", tmp_path)
    assert "both bring a generator 'mine'" in done.stderr


def test_a_broken_package_is_an_error_where_it_is_used(tmp_path: Path) -> None:
    pretend_package(tmp_path, "half-installed", "[aigc_eval.scorers]\nhalf = half_installed:Half\n")
    done = run_python("from aigc_eval import registry; registry.find('scorer', 'half')", tmp_path)
    assert "UsageError: scorer 'half' of package 'half-installed' cannot be imported" in done.stderr


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sample package installed by pip, built without a network."""
    source, target = tmp_path_factory.mktemp("source") / "package", tmp_path_factory.mktemp("site")
    # A copy, because setuptools writes its build folder beside the sources.
    shutil.copytree(SAMPLE, source)
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(target), str(source)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return target


@pytest.mark.slow
def test_the_sample_package_brings_plugins(sample: Path) -> None:
    code = (
        "from aigc_eval import registry\n"
        "for kind, name in (('generator', 'shout'), ('scorer', 'capitals')):\n"
        "    entry = registry.entries(kind)[name]\n"
        "    print(entry.package, entry.version, entry.builtin, entry.load().__name__)\n"
    )
    done = run_python(code, sample)
    assert done.stdout.split("\n")[:2] == ["aigc-eval-sample 1.2 False Shout", "aigc-eval-sample 1.2 False Capitals"]


def test_the_sample_package_runs_in_a_bench(sample: Path, tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text('{"id": "a", "prompt": "quiet"}\n', "utf-8")
    text = "name: s\nprompts: [p.jsonl]\ncandidates: [{shout: 2}]\nscorers: [capitals]\n"
    (tmp_path / "bench.yaml").write_text(text, "utf-8")
    code = (
        "from pathlib import Path\nfrom aigc_eval import config\nfrom aigc_eval.records import Request\n"
        f"bench = config.load(Path({str(tmp_path / 'bench.yaml')!r}))\n"
        "answers = bench.candidates[0].plugin.generate([Request(p) for p in bench.prompt_sets[0].prompts])\n"
        "print(answers[0].text, bench.scorers[0].plugin.score(answers)[0].value)\n"
    )
    done = run_python(code, sample)
    assert done.stdout == "QUIETQUIET 1.0\n", done.stderr


@pytest.mark.slow
def test_the_sample_package_keeps_the_plugin_contract(sample: Path) -> None:
    """The contract tests see every registered plug-in, installed packages included."""
    command = [sys.executable, "-m", "pytest", "tests/contract", "-k", "shout or capitals", "-p", "no:cacheprovider"]
    given = os.environ | {"PYTHONPATH": str(sample)}
    done = subprocess.run(command, env=given, capture_output=True, text=True, check=False, cwd=SAMPLE.parents[1])
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1].startswith("11 passed"), done.stdout
