"""What a scorer and a metric may look at beside the answer itself: siblings, the call, choices, other scorers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aigc_eval import config, runner

MODULE = '''
from dataclasses import dataclass
from typing import ClassVar
from aigc_eval.metrics import Mean
from aigc_eval.plugin import Scorer
from aigc_eval.records import Score

@dataclass(frozen=True)
class Agreement(Scorer):
    """Share of the other answers that are the same."""
    sees = "siblings"
    def score(self, batch):
        assert all(not s.siblings for g in batch for s in g.siblings)
        return [Score(sum(s.text == g.text for s in g.siblings) / len(g.siblings)) if g.siblings
                else Score(note="one sample") for g in batch]
    def metrics(self): return (Mean("agreement", better="higher"),)

@dataclass(frozen=True)
class Alone(Scorer):
    def score(self, batch):
        assert not any(g.siblings for g in batch)
        return [Score(note="three letters") if len(g.text) == 3 else Score(float(len(g.text))) for g in batch]
    def metrics(self): return (Mean("length", bounds=(0, 99)),)

@dataclass(frozen=True)
class Latency(Scorer):
    sees = "call"
    def score(self, batch): return [Score(g.seconds, vector=(g.seconds, 1.0)) for g in batch]
    def metrics(self): return (Mean("seconds", bounds=(0, 99)), PerLetter("per_letter", bounds=(0, 99)))

@dataclass(frozen=True)
class PerLetter(Mean):
    reads: ClassVar = ("alone",)
    def __call__(self, rows):
        return float((rows["value"] / rows["read:alone"]).mean()) if len(rows) else None
'''
BENCH = """
name: seeing
prompts: [{path: p.jsonl}]
candidates:
  - {name: a, generator: {replay: {path: a.jsonl}}}
  - {name: b, generator: {replay: {path: b.jsonl}}}
scorers: ["plugins_that_see:Agreement", "plugins_that_see:Alone", "plugins_that_see:Latency"]
samples: 3
report: {formats: [json, csv]}
"""


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    (tmp_path / "plugins_that_see.py").write_text(MODULE, "utf-8")
    (tmp_path / "p.jsonl").write_text('{"id": "one", "prompt": "?", "choices": ["x", "y"]}\n', "utf-8")
    for name, texts in {"a": ["yes", "yes", "no"], "b": ["yes", "yes", "yes"]}.items():
        draws = [
            {"id": "one", "text": t, "seconds": 1 + i, "output_tokens": 7, "likelihoods": [-1.5, -2]}
            for i, t in enumerate(texts)
        ]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(d) + "\n" for d in draws), "utf-8")
    (tmp_path / "bench.yaml").write_text(BENCH, "utf-8")
    return tmp_path / "bench.yaml"


def test_each_scorer_sees_what_it_declares(bench: Path) -> None:
    out = bench.parent / "out"
    done = runner.run(config.load(bench, trust=True), out)
    assert done.rows["agreement"].tolist() == [0.5, 0.5, 0.0, 1.0, 1.0, 1.0]
    assert done.rows["latency"].tolist() == [1.0, 2.0, 3.0] * 2  # "yes" took another time in each draw
    assert done.rows["usage.output_tokens"].tolist() == [7.0] * 6
    assert done.rows["likelihoods"].tolist() == [(-1.5, -2.0)] * 6
    again = runner.load(out)
    assert again.rows.drop(columns=["seconds"]).equals(done.rows.drop(columns=["seconds"]))
    assert "latency:vector" in done.rows
    assert "latency:vector" not in (out / "rows.csv").read_text("utf-8")
    assert "usage.output_tokens" in (out / "rows.csv").read_text("utf-8")


def test_a_metric_reads_another_scorer_where_both_apply(bench: Path) -> None:
    done = runner.run(config.load(bench, trust=True), bench.parent / "out")
    found = {e.candidate: e for e in done.estimates if e.metric == "per_letter" and e.slice == ""}
    assert (found["a"].value, found["a"].scored, found["a"].not_applicable) == (1.5, 1, 2)  # only "no" has a length
    assert (found["b"].value, found["b"].scored, found["b"].not_applicable) == (None, 0, 3)
