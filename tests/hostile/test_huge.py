"""One answer of megabytes: every scorer that needs no model ends, in a process of its own, and so does every report."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from aigc_eval import registry, report, runner
from aigc_eval.records import Generation, Request, Run
from tests.contract.test_plugins import RECIPES
from tests.durability.harness import THOROUGH
from tests.report.sample_run import build_run, sample_rows
from tests.seen_elsewhere.small import ALL, Marked, Says, bench, prompts

SCORERS = sorted(registry.entries("scorer").keys() - RECIPES.keys() - {"counterfactual"})  # that one scores nothing
SIZE = 10_000_000 if THOROUGH else 3_000_000
"""Bytes of UTF-8."""
KINDS = {
    "prose": "The museum opens at nine and closes at five, and children under 12 enter for free on Mondays. ",
    "token": "a",
    "Hanzi": "博物馆九点开门，五点关门。",
}
SLOWEST = 240.0
"""Seconds that any scorer may take on a busy machine with two cores; a quiet one needs a third of it."""
MOST = 2_600.0
"""MiB at most."""
SCORE = """
import json, re, sys, time
from dataclasses import replace
from pathlib import Path
from aigc_eval import registry
from aigc_eval.records import Prompt, Request
name, unit, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
text = unit * (size // len(unit.encode()))
prompt = Prompt(
    "p", "Describe. 请介绍。", references=("nine", "九点"), evidence=("The museum opens at nine.",),
    tags={"expected": "comply"}, choices=("nine", "five"),
    fields={"canary": "PLANTED-4417-9920", "instructions": '["punctuation:no_comma"]', "stereotype": "Rome"},
)
scorer = registry.entries("scorer")[name].load()()
scorer.load()
given = Request(prompt).answer(text, seconds=1.0, usage={"input_tokens": 1, "output_tokens": 2})
if scorer.sees == "siblings":
    given = replace(given, siblings=(Request(prompt, 1).answer(text[::-1]),))
started = time.perf_counter()
(score,) = scorer.score([given])
seconds = time.perf_counter() - started
peak = re.search("VmHWM:\\\\s+([0-9]+)", Path("/proc/self/status").read_text())
print(json.dumps([seconds, int(peak[1]) / 1024, score.value is not None or bool(score.error or score.note)]))
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc"),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SCORERS)
def test_a_scorer_ends_in_bounds(name: str, kind: str) -> None:
    words = [sys.executable, "-c", SCORE, name, KINDS[kind], str(SIZE)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=SLOWEST + 60)
    seconds, peak, told = json.loads(done.stdout)
    assert told
    assert seconds < SLOWEST
    assert peak < MOST


def huge(texts: int) -> Run:
    rows = sample_rows(prompts=12).copy()
    units = [KINDS[kind] for kind in KINDS]
    long = [unit * (SIZE // len(unit.encode())) for unit in units]
    rows["text"] = pd.Series([*(long * texts)[:texts], *rows["text"][texts:]], dtype=object)
    return build_run(rows)


@pytest.mark.parametrize("name", report.FORMATS)
def test_a_report_ends_in_bounds(tmp_path: Path, name: str) -> None:
    written = report.write(huge(3), tmp_path, formats=[name], languages=["en", "zh"])
    assert sum(path.stat().st_size for path in written.values()) < 2_000_000


class Long(Says):
    """Ten million characters for one prompt."""

    def generate(self, batch: Sequence[Request]) -> list[Generation]:
        return [r.answer((KINDS["prose"] * (SIZE // 90))[:SIZE] if r.prompt.id == "p0" else "good") for r in batch]


def test_a_run_of_one_such_answer_ends(tmp_path: Path) -> None:
    done = runner.run(bench(Long(), scorers=[Marked()], given=prompts(12), formats=ALL), tmp_path)
    assert len(done.rows["text"][0]) == SIZE
    assert runner.load(tmp_path).rows["text"].tolist() == done.rows["text"].tolist()
    assert (tmp_path / "report.html").stat().st_size < 2_000_000
    assert (tmp_path / "rows.csv").stat().st_size < 2_000_000
