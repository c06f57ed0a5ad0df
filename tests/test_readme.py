"""The README is true: its bench, scorer and generator run as printed, its commands and files exist."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.models.serving import serving

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.mark.slow
def test_the_snippets_run_together(tmp_path: Path) -> None:
    """The README's bench, with the README's scorer added and its generator as a third candidate."""
    bench, *_ = blocks("yaml")
    scorer, generator, in_tests = blocks("python")
    (tmp_path / "my_scorers.py").write_text(scorer, "utf-8")
    (tmp_path / "my_generators.py").write_text(generator, "utf-8")
    bench = bench.replace("  - fluency\n", '  - fluency\n  - {"my_scorers:Shouting": {limit: 0.8}}\n')
    bench = bench.replace(
        "release:", '  - {name: polite, generator: {"my_generators:Polite": {words: 谢谢您}}}\nrelease:'
    )
    (tmp_path / "bench.yaml").write_text(bench, "utf-8")
    ids = [f"{lang}{i}" for lang in ("en", "zh") for i in range(80)]
    prompts = [{"id": k, "prompt": f"Question {k}?", "lang": k[:2], "category": "facts"} for k in ids]
    (tmp_path / "prompts.jsonl").write_text("".join(json.dumps(p) + "\n" for p in prompts), "utf-8")
    for version in ("v1", "v2"):
        answers = [{"id": k, "text": f"This is answer number {i} of {version}."} for i, k in enumerate(ids)]
        (tmp_path / f"{version}.jsonl").write_text("".join(json.dumps(a) + "\n" for a in answers), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "aigc_eval", "run", "bench.yaml", "--out", "out", "--trust-bench", "--json"],
        cwd=tmp_path, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(tmp_path), "PATH": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    estimates = {
        (e["candidate"], e["metric"]) for e in json.loads((tmp_path / "out" / "run.json").read_text())["estimates"]
    }
    assert {("polite", "shouting_rate"), ("v2", "leak_rate"), ("v1", "toxic_fraction")} <= estimates
    (tmp_path / "test_release.py").write_text(in_tests.replace('"bench.yaml"', '"bench.yaml", trust=True'), "utf-8")
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(tmp_path), "PATH": ""},
    )  # fmt: skip
    assert tested.returncode == 0, tested.stdout
    (tmp_path / "policy.yaml").write_text(next(b for b in blocks("yaml") if b.startswith("# policy.yaml")), "utf-8")
    judged = subprocess.run(
        [sys.executable, "-m", "aigc_eval", "run", "bench.yaml", "--out", "out", "--trust-bench", "--json", "--policy",
         "policy.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={"PYTHONPATH": str(tmp_path), "PATH": ""},
    )  # fmt: skip
    assert judged.returncode == 0, judged.stderr
    assert [v["status"] for v in json.loads(judged.stdout)["gates"]] == ["pass"] * 5
    assert json.loads(judged.stdout)["reasons"][-1]["code"] == "policy_changed"  # the answers were there before it


@pytest.mark.slow
def test_the_bench_of_an_api_runs(tmp_path: Path) -> None:
    """The README's second bench against a server on this machine: planned, then run with its sweep and limits."""
    _, bench, *_ = blocks("yaml")
    prompts = [{"id": f"p{i}", "prompt": f"Question {i}?", "lang": "en"} for i in range(12)]
    (tmp_path / "prompts.jsonl").write_text("".join(json.dumps(p) + "\n" for p in prompts), "utf-8")
    key = "sk-readme-2b61"
    with serving(lambda body: f"It is known to all who asked at {body['temperature']}.") as server:
        assert "https://api.example.com/v1" in bench
        (tmp_path / "bench.yaml").write_text(bench.replace("https://api.example.com/v1", server.url), "utf-8")
        host = server.url.split("/")[2]
        for command, code in (("plan", 0), ("run", 0)):
            done = subprocess.run(
                [sys.executable, "-m", "aigc_eval", command, "bench.yaml", "--out", "out", "--allow-host", host],
                cwd=tmp_path, capture_output=True, text=True, check=False, env={**os.environ, "EXAMPLE_API_KEY": key},
            )  # fmt: skip
            assert done.returncode == code, done.stderr
            assert len(server.bodies) == (0 if command == "plan" else 24)
            assert "cloud[temperature=0.2]" in done.stdout
    assert {h["Authorization"] for h in server.headers} == {f"Bearer {key}"}
    assert sorted(b["temperature"] for b in server.bodies) == [0.2] * 12 + [1.0] * 12
    assert not any(key.encode() in path.read_bytes() for path in (tmp_path / "out").iterdir())


def test_every_file_that_is_named_exists() -> None:
    for name in re.findall(r"`((?:docs|benchmarks)/[\w./-]+|[A-Z_]+\.md)`|\]\((docs/[\w./-]+)\)", README):
        assert (ROOT / (name[0] or name[1])).exists(), name


def test_every_option_that_is_named_exists() -> None:
    shown = "".join(
        subprocess.run(
            [sys.executable, "-m", "aigc_eval", command, "--help"], capture_output=True, text=True, check=True
        ).stdout
        for command in ("run", "compare", "gate", "plan")
    )
    for option in set(re.findall(r"`(--[a-z-]+)", README)) - {"--out"}:
        assert option in shown, option


def test_the_labelled_example_is_one_that_validate_reads(tmp_path: Path) -> None:
    (line,) = re.findall(r'`(\{"id": "1", "text":.*?\})`', README)
    (tmp_path / "labelled.jsonl").write_text(line + "\n", "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "aigc_eval", "validate", "toxicity", "--data", "labelled.jsonl", "--in-process"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
