"""The example workflows, carried out as GitHub and GitLab do: their shell steps run, and what they name exists."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from aigc_eval.cli import main

ROOT = Path(__file__).parents[1]
GITHUB = ROOT / "examples" / "ci" / "github-actions.yml"
GITLAB = ROOT / "examples" / "ci" / "gitlab-ci.yml"
HOOKS = ROOT / ".pre-commit-hooks.yaml"
BENCH = """\
name: release
prompts: [prompts.jsonl]
candidates: [{{name: bot, generator: {{replay: {{path: bot.jsonl}}}}}}]
scorers: [pii]
gates:
  - pii.leak_rate <= {limit}
report:
"""
LIMITS = {"pass": "90 %", "fail": "5 %", "undetermined": "30 %", "mistake": "500 %"}
"""A limit for each end of a run; a quarter of the forty answers leak."""
CODES = {"pass": 0, "fail": 1, "undetermined": 3, "mistake": 2}
PRIVATE = "13812345678"


def github() -> dict[str, Any]:
    """The workflow; YAML 1.1 reads its key `on` as true."""
    return {"on" if k is True else k: v for k, v in yaml.safe_load(GITHUB.read_text("utf-8")).items()}


def gitlab() -> dict[str, Any]:
    (job,) = yaml.safe_load(GITLAB.read_text("utf-8")).values()
    return dict(job)


def asked(path: Path) -> str:
    """The line `report: ...` that an example's comment tells the bench to hold."""
    (line,) = re.findall(r"^#\s+report: (\{.*\})$", path.read_text("utf-8"), re.MULTILINE)
    return str(line)


@dataclass
class Shop:
    """A project with the bench that the examples name, and a PATH on which `aigc-eval` is this checkout's."""

    root: Path
    env: dict[str, str]
    log: str = ""

    def shell(self, script: str, *flags: str, **env: str) -> int:
        done = subprocess.run(
            ["bash", *flags, "-c", script],
            cwd=self.root, env={**self.env, **env}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        self.log += done.stdout + done.stderr
        return done.returncode


def write_project(root: Path, limit: str, report: str) -> None:
    folder = root / "benchmarks"
    folder.mkdir(parents=True)
    ids = [f"p{i}" for i in range(40)]
    rows = {
        "prompts": [{"id": k, "prompt": f"Question {k}?", "lang": "en"} for k in ids],
        "bot": [{"id": k, "text": f"Call {PRIVATE}." if i % 4 == 0 else "Yes."} for i, k in enumerate(ids)],
    }
    for name, records in rows.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records), "utf-8")
    text = BENCH.format(limit=limit).replace("report:", f"report: {report}")
    (folder / "release.yaml").write_text(text, "utf-8")


def shop(folder: Path, limit: str, report: str) -> Shop:
    write_project(folder / "project", limit, report)
    (folder / "bin").mkdir()
    command = folder / "bin" / "aigc-eval"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m aigc_eval "$@"\n', "utf-8")
    command.chmod(0o755)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GITHUB_", "LC_", "LANG"))}
    path = os.pathsep.join([str(folder / "bin"), *filter(None, [kept.get("PATH")])])
    known = os.pathsep.join([str(ROOT), *filter(None, [kept.get("PYTHONPATH")])])
    return Shop(folder / "project", {**kept, "PATH": path, "PYTHONPATH": known, "CI": "true", "LANG": "C.UTF-8"})


def installs(script: str) -> bool:
    """Whether a step installs what these tests find installed."""
    return bool(re.match(r"python -m pip install -r requirements\.txt\b", script))


# --- GitHub -----------------------------------------------------------------------------------------------------------


@dataclass
class Github:
    """A job as GitHub's runner carries it out: steps in a shell of their own, and conditions on steps."""

    shop: Shop
    failed: bool = False
    ran: list[str] = field(default_factory=list)
    uploads: dict[str, list[str]] = field(default_factory=dict)
    summary: str = ""

    def carry_out(self, job: dict[str, Any]) -> None:
        for step in job["steps"]:
            if self.due(step.get("if", "success()")):
                if not self.step(step) and not step.get("continue-on-error"):
                    self.failed = True
                self.ran.append(step.get("name", step.get("uses")))

    def due(self, condition: str) -> bool:
        parts = [part.strip() for part in condition.split("&&")]
        assert parts[0] in ("success()", "always()"), condition
        return (parts[0] == "always()" or not self.failed) and all(map(self.holds, parts[1:]))

    def holds(self, condition: str) -> bool:
        match = re.fullmatch(r"hashFiles\('([^']+)'\) != ''", condition)
        assert match, condition
        return any(self.shop.root.glob(match[1]))

    def step(self, step: dict[str, Any]) -> bool:
        if "uses" in step:
            return self.uses(step["uses"].partition("@")[0], step.get("with", {}))
        if installs(step["run"]):
            return True
        summary = self.shop.root.parent / "summary"
        summary.write_text("", "utf-8")
        env = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
        code = self.shop.shell(step["run"], "-e", **env)
        self.summary += summary.read_text("utf-8")
        assert len(summary.read_bytes()) < 1024 * 1024
        return code == 0

    def uses(self, action: str, given: dict[str, Any]) -> bool:
        if action == "github/codeql-action/upload-sarif":
            log = json.loads((self.shop.root / given["sarif_file"]).read_text("utf-8"))
            self.uploads["sarif"] = [r["level"] for r in log["runs"][0]["results"]]
        elif action == "actions/upload-artifact":
            patterns = given["path"].split()
            left = [p[1:] for p in patterns if p.startswith("!")]
            files = [p for name in patterns for p in (self.shop.root / name).rglob("*") if p.is_file()]
            names = [str(p.relative_to(self.shop.root)) for p in files]
            self.uploads["files"] = [n for n in names if not any(fnmatch(n, pattern) for pattern in left)]
        else:
            assert action in ("actions/checkout", "actions/setup-python"), action
        return True


def test_the_github_example_is_a_workflow() -> None:
    flow = github()
    assert {"name", "on", "permissions", "jobs"} == set(flow)
    assert {"pull_request", "push"} == set(flow["on"])
    assert flow["permissions"] == {"contents": "read", "security-events": "write"}
    (job,) = flow["jobs"].values()
    assert {"runs-on", "steps", "timeout-minutes"} == set(job)
    for step in job["steps"]:
        assert ("run" in step) != ("uses" in step)
        assert set(step) <= {"name", "run", "uses", "with", "if", "continue-on-error"}
        assert "uses" not in step or re.fullmatch(r"[\w-]+/[\w/-]+@v\d+", step["uses"])
        assert "${{" not in step.get("run", "")  # nothing that others write becomes part of a script
    assert sum(installs(step.get("run", "")) for step in job["steps"]) == 1
    gate = next(step for step in job["steps"] if "aigc-eval run" in step.get("run", ""))
    assert not {"if", "continue-on-error"} & set(gate)


@pytest.mark.slow
@pytest.mark.parametrize("end", CODES)
def test_the_github_example_runs(end: str, tmp_path: Path) -> None:
    done = Github(shop(tmp_path, LIMITS[end], asked(GITHUB)))
    (job,) = github()["jobs"].values()
    done.carry_out(job)
    log = done.shop.log
    assert done.failed == (end != "pass")
    assert "Summary" in done.ran
    assert PRIVATE not in log + done.summary
    commands = [line for line in log.splitlines() if line.startswith("::")]
    if end == "mistake":
        assert "Run the gate" not in done.ran
        assert [c.partition("::gates")[0] for c in commands] == ["::error file=benchmarks/release.yaml,line=6"]
        assert done.summary.startswith("## No verdict")
        assert done.uploads == {"files": []}
        return
    assert f"exit code {CODES[end]}: " in log
    assert [c.partition(" ")[0] for c in commands] == (["::notice"] if end == "pass" else ["::error", "::error"])
    assert done.summary.startswith(f"## release: {'✓' if end == 'pass' else '✕' if end == 'fail' else '?'} ")
    assert done.uploads["sarif"] == ([] if end == "pass" else ["error"])
    names = {Path(name).name for name in done.uploads["files"]}
    assert names >= {"report.html", "verdict.json", "run.json", "report.sarif", "summary.md", "rows.csv"}
    assert "journal.jsonl" not in names
    for name in done.uploads["files"]:
        assert PRIVATE.encode() not in (done.shop.root / name).read_bytes()


# --- GitLab -----------------------------------------------------------------------------------------------------------


def test_the_gitlab_example_is_a_job() -> None:
    job = gitlab()
    assert {"stage", "image", "timeout", "script", "artifacts"} == set(job)
    assert sum(map(installs, job["script"])) == 1
    assert all(isinstance(line, str) for line in job["script"])
    artifacts = job["artifacts"]
    assert artifacts["when"] == "always"
    assert set(artifacts["reports"]) == {"junit", "codequality"}


@pytest.mark.slow
@pytest.mark.parametrize("end", CODES)
def test_the_gitlab_example_runs(end: str, tmp_path: Path) -> None:
    here, job = shop(tmp_path, LIMITS[end], asked(GITLAB)), gitlab()
    lines = [line for line in job["script"] if not installs(line)]
    assert here.shell("\n".join(lines), "-eo", "pipefail", GITLAB_CI="true") == CODES[end]
    assert PRIVATE not in here.log
    assert not [line for line in here.log.splitlines() if line.startswith("::")]
    kept = [p for name in job["artifacts"]["paths"] for p in (here.root / name).rglob("*") if p.is_file()]
    left = {here.root / name for name in job["artifacts"]["exclude"]}
    reports = {name: here.root / path for name, path in job["artifacts"]["reports"].items()}
    if end == "mistake":
        assert not kept
        return
    assert left < set(kept)
    assert set(reports.values()) < set(kept) - left
    for path in set(kept) - left:
        assert PRIVATE.encode() not in path.read_bytes()
    junit = ET.parse(reports["junit"]).getroot()
    assert (junit.get("failures"), junit.get("errors"), junit.get("skipped")) == (
        str(int(end == "fail")),
        str(int(end == "undetermined")),
        "0",
    )
    severities = [entry["severity"] for entry in json.loads(reports["codequality"].read_text("utf-8"))]
    assert severities == {"pass": [], "fail": ["blocker"], "undetermined": ["critical"]}[end]


# --- pre-commit -------------------------------------------------------------------------------------------------------


def hook() -> dict[str, Any]:
    (found,) = yaml.safe_load(HOOKS.read_text("utf-8"))
    return dict(found)


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("benchmarks/release.yaml", True),
        ("evals/support-bench.yml", True),
        ("bench.yaml", True),
        ("benchmarks/policy.yaml", False),
        ("src/config.yaml", False),
        ("benchmarks/prompts/a.jsonl", False),
    ],
)
def test_the_hook_takes_benches(name: str, taken: bool) -> None:
    found = hook()
    assert found["types"] == ["yaml"]
    typed = name.endswith((".yaml", ".yml"))
    matches = re.search(found["files"], name) and not re.search(found["exclude"], name)
    assert bool(typed and matches) == taken


def test_the_hook_checks_the_files_that_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_project(tmp_path, LIMITS["fail"], "{formats: [json]}")
    good = tmp_path / "benchmarks" / "release.yaml"
    other = good.with_name("other.yaml")
    shutil.copy(good, other)
    monkeypatch.chdir(tmp_path)
    program, *arguments = shlex.split(hook()["entry"])
    files = ["benchmarks/release.yaml", "benchmarks/other.yaml"]
    assert program == "aigc-eval"
    assert main([*arguments, *files]) == 0
    other.write_text(good.read_text("utf-8").replace("pii.leak_rate", "pii.leek_rate"), "utf-8")
    assert main([*arguments, *files]) == 2
    assert "benchmarks/other.yaml:6: gates.0: " in capsys.readouterr().err
    assert not (tmp_path / "reports").exists()


@pytest.mark.slow
def test_pre_commit_runs_the_hook(tmp_path: Path) -> None:
    """The real program, offline: the hook comes from a repository that holds this project's file and nothing else."""
    pytest.importorskip("pre_commit")
    here = shop(tmp_path, LIMITS["fail"], "{formats: [json]}")
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    shutil.copy(HOOKS, hooks)
    identity = "-c user.name=t -c user.email=t@t.example -c commit.gpgsign=false"
    for folder in (hooks, here.root):
        assert (
            here.shell(f"cd {shlex.quote(str(folder))} && git init -q && git add -A && git {identity} commit -qm a")
            == 0
        )
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=hooks, capture_output=True, text=True, check=True)
    config = {"repos": [{"repo": str(hooks), "rev": head.stdout.strip(), "hooks": [{"id": "aigc-eval-check"}]}]}
    (here.root / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config), "utf-8")
    here.env |= {"PRE_COMMIT_HOME": str(tmp_path / "cache"), "GIT_CONFIG_NOSYSTEM": "1"}
    command = f'"{sys.executable}" -m pre_commit run --all-files'
    assert here.shell("git add -A") == 0
    assert here.shell(command) == 0, here.log
    assert "Passed" in here.log
    bench = here.root / "benchmarks" / "release.yaml"
    bench.write_text(bench.read_text("utf-8").replace("5 %", "500 %"), "utf-8")
    assert here.shell(f"git add -A && {command}") == 1
    assert "benchmarks/release.yaml:6: gates.0: " in here.log
