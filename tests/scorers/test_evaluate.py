"""Evaluate: real modules written here, loaded by the real library, with the network cut."""

from __future__ import annotations

import pickle
import socket
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from aigc_eval.config.options import build
from aigc_eval.config.paths import Roots
from aigc_eval.errors import UsageError
from aigc_eval.plugin import ModelRef
from aigc_eval.records import Generation, Prompt, Request
from aigc_eval.scorers.evaluate import Evaluate

SCRIPT = """
import datasets
import evaluate


class {cls}(evaluate.Metric):
    def _info(self):
        return evaluate.MetricInfo(
            description="d", citation="c", inputs_description="i", features={features},
        )

    def _compute(self, predictions{more}):
        {body}
"""
TEXT = 'datasets.Value("string")'
ONE = f'datasets.Features({{"predictions": {TEXT}, "references": {TEXT}}})'
ALL = f'datasets.Features({{"predictions": {TEXT}, "references": datasets.Sequence({TEXT})}})'
ALONE = f'datasets.Features({{"predictions": {TEXT}}})'


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def written(folder: Path, name: str, features: str, body: str, more: str = "") -> Path:
    path = folder / name / f"{name}.py"
    path.parent.mkdir(parents=True)
    path.write_text(SCRIPT.format(cls=name.title(), features=features, body=body, more=more), "utf-8")
    return path


def generation(text: str, *references: str) -> Generation:
    return Request(Prompt("p", "", references)).answer(text)


def test_one_reference_at_a_time_and_the_best_counts(tmp_path: Path) -> None:
    body = 'return {"exact": sum(p == r for p, r in zip(predictions, references)) / len(predictions)}'
    script = written(tmp_path, "exact", ONE, body, ", references")
    scorer = Evaluate(module=script, field="exact", better="higher", bounds=(0, 1))
    scorer.load()
    found = scorer.score([generation("北京", "上海", "北京"), generation("x", "y"), generation("x")])
    assert [s.value for s in found] == [1.0, 0.0, None]
    assert found[2].note == "no reference"
    assert scorer.score([]) == []
    assert Evaluate(module=script, field="exact").score([generation("北京", "上海", "北京")])[0].value == 0.0


def test_all_references_and_options_of_compute(tmp_path: Path) -> None:
    body = 'return {"n": scale * sum(len(r) for r in references) / len(predictions)}'
    script = written(tmp_path, "count", ALL, body, ", references, scale=1")
    scorer = Evaluate(module=ModelRef(str(script.parent)), field="n", kwargs={"scale": 10})
    assert [s.value for s in scorer.score([generation("x", "a", "b"), generation("x", "a")])] == [20.0, 10.0]


def test_lists_are_one_call_and_others_are_not(tmp_path: Path) -> None:
    body = 'return {"length": [len(p) for p in predictions], "calls": len(predictions)}'
    script = written(tmp_path, "length", ALONE, body)
    texts = ["a", "日本語", "", "🙂🙂", "\ud800x", "z" * 100_000]
    batch = [Generation(Request(Prompt("p", "")), text) for text in texts]
    found = Evaluate(module=script, field="length").score(batch)
    assert [s.value for s in found] == [float(len(t)) for t in texts]
    assert [Evaluate(module=script, field="length").score([g])[0] for g in batch] == found
    assert [s.value for s in Evaluate(module=script, field="calls").score(batch)] == [1.0] * len(texts)


def test_bad_values_are_errors_of_their_item_only(tmp_path: Path) -> None:
    body = 'return {"v": [len(p) / (p != "zero" or float("nan")) if p != "boom" else 1 / 0 for p in predictions]}'
    script = written(tmp_path, "fragile", ALONE, body)
    scorer = Evaluate(module=script, field="v")
    body = 'return {"v": float("nan") if predictions[0] == "nan" else {"boom": [], "ok": 2}[predictions[0]]}'
    odd = Evaluate(module=written(tmp_path, "odd", ALONE, body), field="v")
    batch = [generation(t) for t in ("ok", "boom", "ok")]
    assert [(s.value, bool(s.error)) for s in scorer.score(batch)] == [(2.0, False), (None, True), (2.0, False)]
    found = odd.score([generation(t) for t in ("nan", "boom", "other", "ok")])
    assert [s.value for s in found] == [None, None, None, 2.0]
    assert "not finite" in found[0].error
    assert "list" in found[1].error
    assert "KeyError" in found[2].error
    missing = Evaluate(module=script, field="w").score([generation("x")])[0]
    assert "no field 'w'" in missing.error


def test_what_cannot_be_loaded_says_why(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"not on this machine.*evaluate\.load"):
        Evaluate(module=ModelRef("no_such_metric_here"), field="x").load()
    with pytest.raises(UsageError, match="not on this machine"):
        Evaluate(module=tmp_path / "absent.py", field="x").load()
    broken = tmp_path / "broken" / "broken.py"
    broken.parent.mkdir()
    broken.write_text("import evaluate\nraise RuntimeError('no luck')\n", "utf-8")
    with pytest.raises(UsageError, match="no luck"):
        Evaluate(module=broken, field="x").load()
    numbers = 'datasets.Features({"predictions": datasets.Value("int32"), "references": datasets.Value("int32")})'
    with pytest.raises(UsageError, match="only text and references"):
        Evaluate(module=written(tmp_path, "numbers", numbers, "return {}", ", references"), field="x").load()


def test_scratch_stays_out_of_the_cache(tmp_path: Path) -> None:
    script = written(tmp_path, "quiet", ALONE, 'return {"n": 1}')
    scorer = Evaluate(module=script, field="n")
    scorer.score([generation("x")])
    folder = Path(scorer._loaded.module.data_dir)
    assert folder.is_relative_to(scorer._loaded.scratch)
    assert not [*folder.rglob("*.arrow")]


def test_identity_follows_the_code(tmp_path: Path) -> None:
    one = Evaluate(module=written(tmp_path / "a", "same", ALONE, 'return {"n": 1}'), field="n")
    two = Evaluate(module=written(tmp_path / "b", "same", ALONE, 'return {"n": 2}'), field="n")
    assert one.signature() == two.signature() == "Evaluate|module:same.py|field:n|version:1"
    assert one.identity() != two.identity()
    assert pickle.loads(pickle.dumps(one)).score([generation("x")])[0].value == 1.0


def test_metric_as_the_author_describes_it() -> None:
    [metric] = Evaluate(module=ModelRef("m"), field="f-1", better="lower", bounds=(0, None), unit="points").metrics()
    assert (metric.name, metric.better, metric.bounds, metric.unit) == ("f_1", "lower", (0, float("inf")), "points")
    assert metric(pd.DataFrame({"prompt": ["a", "b"], "value": [1.0, 2.0]})) == 1.5
    assert Evaluate(module=ModelRef("m"), field="f").needs_trust()


def test_the_bench_names_a_script_a_folder_or_an_id(tmp_path: Path) -> None:
    script = written(tmp_path, "named", ALONE, 'return {"n": 7}')
    roots = Roots.of(tmp_path / "bench.yaml")
    for module in ("named/named.py", "./named"):
        made, faults = build(Evaluate, {"module": module, "field": "n", "bounds": [0, 10]}, roots)
        assert faults == []
        assert made is not None
        assert made.score([generation("x")])[0].value == 7.0
    made, faults = build(Evaluate, {"module": "exact_match", "field": "exact_match"}, roots)
    assert (faults, made and made.module) == ([], "exact_match")
    assert build(Evaluate, {"module": "../out.py", "field": "n"}, roots)[1]
    assert script.exists()
