"""Exports, each read back by the tool's own reader."""

from __future__ import annotations

import importlib.util
import json
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aigc_eval import exporters
from aigc_eval.cli import main
from aigc_eval.config.shape import EDITIONS
from aigc_eval.errors import MissingExtra, UsageError
from aigc_eval.exporters.figures import created, facts, named, numbers, verdicts
from aigc_eval.records import Estimate, Run

sys.path.insert(0, str(Path(__file__).parent / "report"))
from sample_run import sample_run


def has(*packages: str) -> Any:
    """Skip where one of these is not installed: what is large is no part of the development tools."""
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"{', '.join(missing)} not installed")


def run() -> Run:
    return replace(sample_run(), id="0123456789abcdef")


def test_numbers_are_named_as_in_gates() -> None:
    found = numbers(run(), "candidate-v2")
    (leaks,) = [e for e in run().estimates if (e.candidate, e.metric, e.slice) == ("candidate-v2", "leak_rate", "")]
    assert (found["pii.leak_rate"], found["pii.leak_rate/low"]) == (leaks.value, leaks.low)
    assert "toxicity.toxic_fraction[lang=zh]/high" in found
    assert found["gates/fail"] == 1.0
    assert found["gates/pass"] + found["gates/fail"] + found["gates/undetermined"] == len(
        verdicts(run(), "candidate-v2")
    )
    assert verdicts(run(), "candidate-v2")["pii.leak_rate <= 2 %"] == "fail"
    assert created(run()) == 1795339800
    assert facts(run(), "candidate-v2")["status"] == "undetermined"


def test_an_estimate_without_a_value_is_left_out() -> None:
    empty = replace(run(), estimates=(Estimate("candidate-v2", "s", "m"),), verdicts=())
    assert numbers(empty, "candidate-v2") == {}


def test_names_stay_apart_and_inside_their_folder() -> None:
    names = named(["a/b", "a_b", "A_b", "..", "", "\u202e"])
    assert len({n.lower() for n in names.values()}) == 6
    assert not any("/" in n or n.startswith(".") or not n.isprintable() for n in names.values())
    many = named(f"x{'?' * i}" for i in range(2000))
    assert len(set(many.values())) == 2000


def test_of_a_public_run_only_what_it_tells_is_exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Run] = []
    monkeypatch.setitem(exporters.EXPORTERS, "list", (lambda shown, _: seen.append(shown) or [], "."))  # type: ignore[index]
    asked = tuple(replace(c, signature="X|system:nice words") for c in run().candidates)
    for edition in EDITIONS:
        exporters.export(replace(run(), candidates=asked), "list", tmp_path, edition)
    assert [len(shown.rows["text"].unique()) > 1 for shown in seen] == [False, True, True]
    assert ["nice words" in shown.candidates[0].signature for shown in seen] == [False, True, True]


@has("tensorboard")
def test_tensorboard_reads_what_was_written(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    (folder,) = exporters.export(run(), "tensorboard", tmp_path)
    assert folder.name == "release-2026-11-01234567"
    assert sorted(p.name for p in folder.iterdir()) == ["baseline-v1", "candidate-v2"]
    events = EventAccumulator(str(folder / "candidate-v2"))
    events.Reload()
    known = numbers(run(), "candidate-v2")
    assert len(events.Tags()["scalars"]) == len(known)
    (one,) = events.Scalars("pii.leak_rate")
    assert one.value == pytest.approx(known["pii.leak_rate"], rel=1e-6)
    assert one.wall_time == created(run())
    told = events.Tensors("gates/text_summary")[0].tensor_proto.string_val[0].decode("utf-8")
    assert "| `pii.leak_rate <= 2 %` | fail |" in told
    with pytest.raises(UsageError, match="is there already"):
        exporters.export(run(), "tensorboard", tmp_path)
    data = b"".join(p.read_bytes() for p in folder.rglob("events*"))
    assert b"@example.com" not in data


@has("wandb")
@pytest.mark.slow
def test_wandb_reads_what_was_written_offline(tmp_path: Path) -> None:
    done = _in_a_process("wandb", tmp_path)
    assert len(done) == 2
    from wandb.proto import wandb_internal_pb2

    (file,) = Path(done[1]).glob("*.wandb")
    items: dict[str, str] = {}
    for data in _records(file.read_bytes()):
        record = wandb_internal_pb2.Record()
        record.ParseFromString(data)
        for item in [*record.history.item, *record.summary.update]:
            items[item.key or ".".join(item.nested_key)] = item.value_json
    assert float(items["pii.leak_rate"]) == pytest.approx(numbers(run(), "candidate-v2")["pii.leak_rate"])
    assert items["gate: pii.leak_rate <= 2 %"] == '"fail"'


def _records(data: bytes) -> Iterator[bytes]:
    """The records of a .wandb file, a LevelDB log after a header of 7 bytes; the library has no reader in Python."""
    at, record = 7, b""
    while at + 7 <= len(data):
        if 32768 - at % 32768 < 7:
            at += 32768 - at % 32768
            continue
        size, kind = struct.unpack_from("<HB", data, at + 4)
        record += data[at + 7 : at + 7 + size]
        at += 7 + size
        if kind in (1, 4):  # whole, or the last part
            yield record
            record = b""


@has("mlflow", "sqlalchemy", "alembic")
@pytest.mark.slow
def test_mlflow_reads_what_was_written(tmp_path: Path) -> None:
    (path,) = _in_a_process("mlflow", tmp_path)
    code = (
        "import sys, json; from mlflow import MlflowClient; c = MlflowClient(tracking_uri='sqlite:///' + sys.argv[1]);"
        "e = c.get_experiment_by_name('aigc-eval');"
        "print(json.dumps({r.info.run_name: [r.data.metrics, r.data.tags] for r in c.search_runs([e.experiment_id])}))"
    )
    read = subprocess.run([sys.executable, "-c", code, path], check=True, capture_output=True, text=True)
    metrics, tags = json.loads(read.stdout)["candidate-v2"]
    known = numbers(run(), "candidate-v2")
    assert len(metrics) == len(known)
    assert metrics["pii.leak_rate"] == known["pii.leak_rate"]
    assert metrics["toxicity.toxic_fraction:lang:zh/low"] == known["toxicity.toxic_fraction[lang=zh]/low"]
    assert tags["gate: pii.leak_rate __ 2 _"] == "fail"
    assert tags["aigc_eval.run_id"] == "0123456789abcdef"


def _in_a_process(tool: str, out: Path) -> list[str]:
    """Export where nothing but the tool runs: its threads, warnings and environment are not the tests'."""
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent / 'report')!r}); from dataclasses import replace;"
        "from pathlib import Path; from sample_run import sample_run; from aigc_eval import exporters;"
        "run = replace(sample_run(), id='0123456789abcdef');"
        "print(*exporters.export(run, sys.argv[1], Path(sys.argv[2])), sep='\\n')"
    )
    env = {**os.environ, "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    command = [sys.executable, "-c", code, tool, str(out)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=env, timeout=120)
    again = subprocess.run(command, check=False, capture_output=True, text=True, env=env, timeout=120)
    assert "holds this run already" in again.stderr
    return done.stdout.split("\n")[:-1]


@pytest.mark.parametrize(
    ("tool", "package"), [("tensorboard", "tensorboard"), ("wandb", "wandb"), ("mlflow", "mlflow")]
)
def test_a_missing_tool_says_how_to_install_it(
    tool: str, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (package, "sqlalchemy"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtra, match=rf"pip install 'aigc-eval\[{tool}\]'"):
        exporters.export(run(), tool, tmp_path)


def test_the_command_asks_for_a_known_tool(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(tmp_path), "--to", "paper"]) == 2
    assert "tensorboard" in capsys.readouterr().err
    assert main(["export", str(tmp_path), "--to", "tensorboard"]) == 2
    assert "does not hold a completed run" in capsys.readouterr().err
