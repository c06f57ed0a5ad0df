"""`aigc-eval gate`: a completed run judged by another policy, and nothing else about it changed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aigc_eval import config, runner, verify
from aigc_eval.cli import main
from aigc_eval.journal import NAME
from aigc_eval.metrics import Mean, Metric
from aigc_eval.plugin import Scorer
from aigc_eval.records import Generation, Score

BENCH = """
name: small
prompts: [prompts.jsonl]
candidates: [{name: good, generator: {replay: good.jsonl}}, {name: bad, generator: {replay: bad.jsonl}}]
release: good
scorers: [fluency, pii]
slices: [lang]
gates: [pii.leak_rate <= 20 %]
report: {formats: [json, junit, csv], languages: [zh]}
"""
LEAK = "Call 13812345678 now."


@dataclass(frozen=True)
class Length(Scorer):
    """Characters."""

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        return [Score(float(len(g.text))) for g in batch]

    def metrics(self) -> tuple[Metric, ...]:
        return (Mean("mean_length", better="lower", bounds=(0.0, 100.0)),)


def write(home: Path, bench: str = BENCH, *, prompts: int = 40) -> Path:
    """A bench in a folder: recorded answers of a candidate that leaks nothing and of one that leaks in half of them."""
    ids = [f"p{i}" for i in range(prompts)]
    langs = ["zh" if i % 2 else "en" for i in range(prompts)]
    asked = [
        {"id": p, "prompt": f"Question {p}?", "lang": lang, "topic": "ab"[i % 2]}
        for i, (p, lang) in enumerate(zip(ids, langs, strict=True))
    ]
    good = [{"id": p, "text": f"The answer to {p} is easy."} for p in ids]
    bad = [{"id": p, "text": f"Answer {p}. {LEAK if i % 4 < 2 else ''}"} for i, p in enumerate(ids)]
    for name, records in (("prompts", asked), ("good", good), ("bad", bad)):
        lines = "\n".join(json.dumps(record) for record in records)
        (home / f"{name}.jsonl").write_text(lines + "\n", "utf-8")
    (home / "bench.yaml").write_text(bench, "utf-8")
    return home / "bench.yaml"


def carry_out(home: Path, bench: str = BENCH, out: str = "out", **options: Any) -> Path:
    runner.run(config.load(write(home, bench), trust=True), home / out, **options)
    return home / out


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return carry_out(tmp_path_factory.mktemp("judged"))


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Path:
    """A copy of that run to judge again."""
    return Path(shutil.copytree(whole, tmp_path / "out"))


def policy(home: Path, text: str) -> str:
    path = home / "policy.yaml"
    path.write_text(text, "utf-8")
    return str(path)


def everything(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def records(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line[33:]) for line in (run / NAME).read_bytes().splitlines()]


@pytest.mark.parametrize(
    ("gates", "code", "statuses"),
    [
        ("[pii.leak_rate <= 30 %]", 0, ["pass"]),
        ("[pii.leak_rate <= 1 %]", 3, ["undetermined"]),  # 40 prompts cannot show that little
        ("[{gate: pii.leak_rate <= 20 %, candidate: [good, bad]}]", 1, ["pass", "fail"]),
        ("[pii.leak_rate <= 30 %, {gate: pii.leak_rate <= 90 %, candidate: bad, where: {lang: zh}}]", 0, ["pass"] * 2),
        ("[{gate: pii.leak_rate <= 90 %, candidate: bad}]", 3, ["pass"]),  # nothing judges good, which is for release
        ("[{gate: pii.leak_rate <= 40 % for each topic, candidate: good}]", 0, ["pass", "pass"]),
        ("[{gate: pii.leak_rate not worse than good by 5 points, candidate: bad}]", 1, ["fail"]),
    ],
)
def test_a_policy_judges_the_recorded_answers(run: Path, gates: str, code: int, statuses: list[str]) -> None:
    answers = [r for r in records(run) if r["kind"] in ("generation", "score")]
    assert main(["gate", str(run), "--policy", policy(run.parent, f"gates: {gates}")]) == code
    verdict = json.loads((run / "verdict.json").read_bytes())
    assert [v["status"] for v in verdict["gates"]] == statuses
    assert verdict["exit_code"] == code
    assert [r for r in records(run) if r["kind"] in ("generation", "score")] == answers
    assert verify.verify(run).status == "ok"


def test_the_report_says_that_the_policy_came_after_the_answers(run: Path) -> None:
    main(["gate", str(run), "--policy", policy(run.parent, "name: later\ngates: [pii.leak_rate <= 30 %]")])
    facts = json.loads((run / "run.json").read_bytes())
    assert {"code": "policy_changed", "figures": {"n": 80}} in facts["reasons"]
    assert (facts["policy"]["name"], facts["policy"]["since"]) == ("later", 80)
    assert [r["kind"] for r in records(run)[-2:]] == ["terms", "end"]


def test_the_same_policy_twice_is_noted_once(run: Path) -> None:
    command = ["gate", str(run), "--policy", policy(run.parent, "gates: [pii.leak_rate <= 30 %]")]
    main(command)
    before = everything(run)
    assert main(command) == 0
    assert everything(run) == before


def test_the_bench_can_judge_again(run: Path) -> None:
    """A later `run` goes back to the bench's own gates, and calls nothing."""
    write(run.parent)
    main(["gate", str(run), "--policy", policy(run.parent, "gates: [pii.leak_rate <= 1 %]")])
    assert main(["run", str(run.parent / "bench.yaml"), "--out", str(run)]) == 0
    assert sum(r["kind"] == "generation" for r in records(run)) == 80
    assert verify.verify(run).status == "ok"


def test_reports_stay_in_their_formats_and_languages(run: Path) -> None:
    before = sorted(everything(run))
    main(["gate", str(run), "--policy", policy(run.parent, "gates: [pii.leak_rate <= 30 %]")])
    assert sorted(everything(run)) == before
    assert set(map(tuple, json.loads((run / "verdict.json").read_bytes())["languages"].values())) == {("zh",)}


@pytest.mark.parametrize("code", [0, 1])
def test_a_dry_run_leaves_every_byte(run: Path, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    before = everything(run)
    candidate = ("good", "bad")[code]
    text = f"gates: [{{gate: pii.leak_rate <= 30 %, candidate: {candidate}}}]"
    assert main(["gate", str(run), "--policy", policy(run.parent, text), "--dry-run"]) == code
    assert everything(run) == before
    assert ("Pass", "Fail")[code] in capsys.readouterr().out


def test_json_and_exit_zero(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "gates: [{gate: pii.leak_rate <= 20 %, candidate: bad}]"
    assert main(["gate", str(run), "--policy", policy(run.parent, text), "--json", "--exit-zero"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["status"], told["exit_code"]) == ("fail", 0)
    assert [v["candidate"] for v in told["gates"]] == ["bad"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gates: [pii.leek_rate <= 1 %]", "did you mean 'leak_rate'"),
        ("gates: [toxicity.toxic_fraction <= 1 %]", "unknown scorer 'toxicity'"),
        ("gates: [{gate: pii.leak_rate <= 1 %, where: {lang: fr}}]", "no prompt has lang='fr'"),
        ("gates: [pii.leak_rate <= 1 % for each country]", "no prompt has a tag 'country'"),
        ("gates: [{gate: pii.leak_rate <= 1 %, candidate: goood}]", "did you mean 'good'"),
        ("gates: [pii.leak_rate not worse than baseline by 1 point]", "there is no baseline"),
        ("gtaes: []", "did you mean 'gates'"),
        ("gates: [", "line"),
    ],
)
def test_what_is_wrong_with_a_policy_is_told_and_nothing_is_written(
    run: Path, text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = everything(run)
    assert main(["gate", str(run), "--policy", policy(run.parent, text)]) == 2
    told = capsys.readouterr().err
    assert said in told or (said == "line" and "policy.yaml:1" in told)
    assert everything(run) == before


def test_waivers(run: Path) -> None:
    gates = "gates: [{gate: pii.leak_rate <= 20 %, candidate: [good, bad]}]"
    for expires, code in (("2999-12-31", 0), ("2001-01-01", 1)):
        waiver = f"{{gate: pii.leak_rate <= 20 %, owner: Li Na, reason: known, expires: '{expires}'}}"
        assert main(["gate", str(run), "--policy", policy(run.parent, f"{gates}\nwaivers: [{waiver}]")]) == code
        assert verify.verify(run).status == "ok"
    facts = json.loads((run / "run.json").read_bytes())
    assert "waiver_expired" in json.dumps(facts["verdicts"])


def test_a_baseline_of_this_run_and_of_another(run: Path, tmp_path: Path) -> None:
    other = tmp_path / "shipped"
    shutil.copytree(run, other)
    bad = "{gate: pii.leak_rate not worse than baseline by 10 points, candidate: bad}"
    not_worse = policy(tmp_path, f"gates: [pii.leak_rate <= 30 %, {bad}]")
    for baseline, code in ((f"{other}:good", 1), (f"{other}:bad", 0), ("good", 1), (f"{run}:good", 1)):
        assert main(["gate", str(run), "--policy", not_worse, "--baseline", baseline]) == code, baseline
        assert verify.verify(run).status == "ok", baseline
    for baseline in (str(run), "nobody", f"{other}:nobody", str(other)):
        before = everything(run)
        assert main(["gate", str(run), "--policy", not_worse, "--baseline", baseline]) == 2, baseline
        assert everything(run) == before


def test_a_limited_run_never_passes(tmp_path: Path) -> None:
    run = carry_out(tmp_path, limit=20)
    text = "gates: [pii.leak_rate <= 50 %]"
    assert main(["gate", str(run), "--policy", policy(tmp_path, text)]) == 3
    assert verify.verify(run).status == "ok"


@pytest.mark.parametrize("damage", ["nothing", "empty", "byte", "cut", "unended", "older", "old terms"])
def test_a_folder_without_a_whole_run_is_refused_and_left_alone(run: Path, damage: str) -> None:
    journal = run / NAME
    data = journal.read_bytes()
    if damage == "nothing":
        shutil.rmtree(run)
    elif damage == "empty":
        shutil.rmtree(run)
        run.mkdir()
    elif damage == "byte":
        journal.write_bytes(data[:5000] + bytes([data[5000] ^ 1]) + data[5001:])
    elif damage == "cut":
        journal.write_bytes(data[:-7])
    elif damage == "unended":
        journal.write_bytes(b"".join(data.splitlines(keepends=True)[:-1]))
    else:
        _older(journal, data, damage)
    before = everything(run) if run.exists() else None
    assert main(["gate", str(run), "--policy", policy(run.parent, "gates: [pii.leak_rate <= 30 %]")]) == 2
    assert (everything(run) if run.exists() else None) == before


def _older(journal: Path, data: bytes, damage: str) -> None:
    """The run as a version wrote it that did not know what its answers are made of, or of no looks."""
    from tests.test_verify import rechain

    lines = [json.loads(line[33:]) for line in data.splitlines()]
    if damage == "older":
        del lines[0]["made_of"]
    for line in lines:
        if line["kind"] == "terms" and damage == "old terms":
            del line["looks"]
    rechain(journal.parent, lines)


def test_code_of_the_bench_needs_trust(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bench = BENCH.replace("[fluency, pii]", '[pii, {name: length, scorer: "tests.test_gate_command:Length"}]')
    run = carry_out(tmp_path, bench)
    command = ["gate", str(run), "--policy", policy(tmp_path, "gates: [length.mean_length <= 90]")]
    before = everything(run)
    assert main(command) == 2
    assert "--trust-bench" in capsys.readouterr().err
    assert everything(run) == before
    assert main([*command, "--trust-bench"]) == 0
    assert verify.verify(run, trust=True).status == "ok"


def test_a_run_that_is_being_written_is_refused(run: Path) -> None:
    from aigc_eval.journal import Journal

    before = everything(run)
    with Journal(run):
        assert main(["gate", str(run), "--policy", policy(run.parent, "gates: [pii.leak_rate <= 30 %]")]) == 2
    assert everything(run) == before


def test_an_interrupted_judgement_can_be_repeated(run: Path) -> None:
    """The reports are gone, the journal is whole."""
    for path in run.iterdir():
        if path.name != NAME:
            path.unlink()
    assert main(["gate", str(run), "--policy", policy(run.parent, "gates: [pii.leak_rate <= 30 %]")]) == 0
    assert verify.verify(run).status == "ok"


def test_a_run_that_stopped_early_is_judged_as_one(tmp_path: Path) -> None:
    """Its bounds must still hold at every look, and a gate that cannot look early stays undetermined."""
    path = write(tmp_path, BENCH.replace("gates: [pii.leak_rate <= 20 %]", "policy: policy.yaml"), prompts=200)
    stops = policy(tmp_path, "gates: [{gate: pii.leak_rate <= 10 %, candidate: bad}]\nstop: when_decided")
    assert main(["run", str(path), "--out", str(tmp_path / "out"), "--policy", stops]) == 1
    run = tmp_path / "out"
    asked = sum(r["kind"] == "generation" for r in records(run)) // 2
    assert asked < 200
    for text, code in (
        ("gates: [{gate: pii.leak_rate <= 15 %, candidate: bad}]", 1),
        ("gates: [{gate: pii.leak_rate not worse than good by 50 points, candidate: bad}]", 3),
    ):
        assert main(["gate", str(run), "--policy", policy(tmp_path, text)]) == code
        assert verify.verify(run).status == "ok"
    reasons = json.loads((run / "run.json").read_bytes())["reasons"]
    assert {"stopped_early", "policy_changed"} <= {r["code"] for r in reasons}
