"""Times the pipeline itself: recorded answers replayed through `aigc_eval.run` with a scorer that only counts.

    .venv/bin/python benchmarks/speed/pipeline.py 10000

Prints outputs a second after start-up, split into stages (replaying, scoring, journal) and estimates with reports, and
the peak memory of the process.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aigc_eval.config import load
from aigc_eval.metrics import Mean, Metric
from aigc_eval.plugin import Scorer
from aigc_eval.records import Bilingual, Generation, Score
from aigc_eval.runner import run

ENGLISH = "the of and to in is that it was for on are with as at be this have from or".split()  # noqa: SIM905
CHINESE = "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动"
BENCH = """name: speed
prompts: [prompts.jsonl]
candidates: [{name: recorded, generator: {replay: {path: answers.jsonl}}}]
scorers: ["pipeline:Length"]
"""


@dataclass(frozen=True)
class Length(Scorer):
    """Characters of an answer."""

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        """One count a generation."""
        return [Score(float(len(generation.text))) for generation in batch]

    def metrics(self) -> tuple[Metric, ...]:
        """The mean."""
        return (Mean("characters", title=Bilingual("Characters", "字符数")),)


def write(folder: Path, n: int) -> Path:
    """A bench of n prompts, English and Chinese in turn, with an answer of about 80 words each."""
    draw = random.Random(1)
    with (
        (folder / "prompts.jsonl").open("w", encoding="utf-8") as prompts,
        (folder / "answers.jsonl").open("w", encoding="utf-8") as answers,
    ):
        for i in range(n):
            words, glue = (list(CHINESE), "") if i % 2 else (ENGLISH, " ")
            text = glue.join(draw.choices(words, k=80))
            prompts.write(json.dumps({"id": f"p{i}", "prompt": f"{i}?", "lang": "zh" if i % 2 else "en"}) + "\n")
            answers.write(json.dumps({"id": f"p{i}", "text": text}) + "\n")
    (folder / "bench.yaml").write_text(BENCH, "utf-8")
    return folder / "bench.yaml"


def main() -> None:
    """Run it and print the figures."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    scored = [0.0]

    def progress(stage: str, done: int, total: int, errors: int) -> None:
        scored[0] = time.perf_counter()

    with tempfile.TemporaryDirectory() as name:
        bench = load(write(Path(name), n), trust=True)
        start = time.perf_counter()
        run(bench, Path(name) / "out", progress=progress)
        end = time.perf_counter()
    stages, rest = scored[0] - start, end - scored[0]
    print(f"{n} outputs in {end - start:.2f} s: {n / (end - start):.0f} a second")
    print(f"stages {stages:.2f} s, estimates and reports {rest:.2f} s, peak memory {_peak()}")


def _peak() -> str:
    try:
        import resource
    except ImportError:  # Windows
        return "unknown"
    unit = 1 if sys.platform == "darwin" else 1024
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6:.0f} MB"


if __name__ == "__main__":
    main()
