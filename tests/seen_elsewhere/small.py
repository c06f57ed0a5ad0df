"""Small benches, generators and scorers for the regression tests of this folder."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aigc_eval import gates
from aigc_eval.config import Bench, Named
from aigc_eval.gates import Gate, Policy
from aigc_eval.metrics import AnyPerPrompt, Mean, Metric, Rate, WorstPerPrompt
from aigc_eval.plugin import Generator, Scorer
from aigc_eval.prompts import PromptSet
from aigc_eval.records import Generation, Outcome, Prompt, Request, Score
from tests.faults.faulty_scorers import Faulty

__all__ = ["ALL", "Dead", "Marked", "Says", "Stuck", "bench", "command", "named", "prompts", "verdict", "write"]

ALL = ("html", "csv", "json", "junit", "markdown", "github", "gitlab", "sarif", "parquet")
LEAN = ("csv", "json", "junit", "markdown")
"""Reports that cost next to nothing, for tests that look at no page."""


@dataclass(frozen=True)
class Says(Generator):
    """What it is told to say: a text for prompts by their number, which stand in `texts`, else `otherwise`."""

    texts: Mapping[str, str] = field(default_factory=dict)
    otherwise: str = "good"
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)

    def generate(self, batch: Sequence[Request]) -> list[Generation]:
        return [
            r.answer(self.texts.get(r.prompt.id, self.otherwise), self.outcomes.get(r.prompt.id, "ok")) for r in batch
        ]


@dataclass(frozen=True)
class Dead(Generator):
    """Nobody there."""

    def generate(self, batch: Sequence[Request]) -> list[Generation]:
        raise TimeoutError("nobody there")


@dataclass(frozen=True)
class Marked(Scorer):
    """1 for answers with the word bad, 0 for others; no score where the answer breaks it. A bad thing or a good one."""

    better: str = "lower"
    mark: str = "bad"
    k: int | None = None

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        return [self._one(g.text) for g in batch]

    def _one(self, text: str) -> Score:
        return Score(error="the judge broke") if "break" in text else Score(float(self.mark in text))

    def metrics(self) -> tuple[Metric, ...]:
        better: Any = self.better
        return (
            Rate("rate", better=better),
            Mean("mean", better=better),
            WorstPerPrompt("worst", k=self.k, better=better),
            AnyPerPrompt("any", k=self.k, better=better),
        )


@dataclass(frozen=True)
class Stuck(Faulty):
    """The length of an answer; a fault of another kind for one with the word bad."""

    def metrics(self) -> tuple[Metric, ...]:
        return (Mean("length", better="lower", bounds=(0.0, 1e9)),)


def prompts(count: int, **tags: str) -> tuple[Prompt, ...]:
    return tuple(Prompt(f"p{i}", f"Question {i}?", tags=tags) for i in range(count))


def named(*plugins: Generator | Scorer) -> tuple[Named[Any], ...]:
    letter = "c" if plugins and isinstance(plugins[0], Generator) else "s"
    return tuple(Named(f"{letter}{i}", plugin) for i, plugin in enumerate(plugins))


def bench(
    *generators: Generator,
    scorers: Sequence[Scorer] = (Marked(),),
    limits: Sequence[str | Gate] = (),
    formats: Sequence[str] = LEAN,
    samples: int = 1,
    given: Sequence[Prompt] = prompts(40),
    **more: Any,
) -> Bench:
    known: dict[str, Any] = {
        "name": "b",
        "path": Path("bench.yaml"),
        "prompt_sets": (PromptSet(Path("p.jsonl"), "0" * 64, tuple(given)),),
        "candidates": named(*generators),
        "scorers": named(*scorers),
        "release": (),
        "samples": samples,
        "seed": 0,
        "slices": (),
        "policy": Policy(gates=tuple(gates.parse(gate) if isinstance(gate, str) else gate for gate in limits)),
        "formats": tuple(formats),
        "languages": ("en",),
        "source": {"prompts": ["p.jsonl"]},
    }
    return Bench(**known | more)


def write(folder: Path, document: Mapping[str, Any], count: int = 40, **files: str) -> Path:
    """A bench file with prompts beside it, and other files by name (`module__py` is module.py)."""
    lines = [json.dumps({"id": f"p{i}", "prompt": f"Question {i}?"}) for i in range(count)]
    (folder / "prompts.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content, "utf-8")
    path = folder / "bench.yaml"
    path.write_text(json.dumps({"name": "b", "prompts": ["prompts.jsonl"]} | dict(document)), "utf-8")
    return path


def command(folder: Path, *words: str, **how: Any) -> subprocess.CompletedProcess[str]:
    """`aigc-eval ...` as a process of its own."""
    line = [sys.executable, "-m", "aigc_eval", *words]
    return subprocess.run(line, cwd=folder, text=True, check=False, capture_output=True, timeout=60, **how)


def verdict(folder: Path) -> Mapping[str, Any]:
    found: dict[str, Any] = json.loads((folder / "verdict.json").read_text("utf-8"))
    return found
