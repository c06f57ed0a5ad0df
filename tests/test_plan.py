"""Plans: what a run would ask for, before anything is sent."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from aigc_eval import config
from aigc_eval.calls import Limits
from aigc_eval.cli import main
from aigc_eval.plan import Line, minutes, plan, total
from aigc_eval.plugin import Generator
from aigc_eval.records import Generation, Request
from aigc_eval.runner import run
from aigc_eval.text import token_estimate

SENT: list[str] = []


@dataclass(frozen=True)
class Paid(Generator):
    """A candidate that is called; it notes what was sent, and fails where the prompt says so."""

    by_call = True
    max_tokens: int = 100
    host: str = "127.0.0.1:1"

    def hosts(self) -> tuple[str, ...]:
        return (self.host,)

    def generate(self, batch: Sequence[Request]) -> list[Generation]:
        SENT.extend(r.prompt.id for r in batch)
        [request] = batch
        if "fail" in request.prompt.text:
            return [request.answer("", "error", error="rejected", detail="no")]
        return [request.answer("fine words", seconds=3.0, usage={"input_tokens": 5, "output_tokens": 10})]


BENCH = f"""\
name: planned
prompts: [p.jsonl]
candidates:
  - name: paid
    generator: {{"{__name__}:Paid": {{max_tokens: 100}}}}
    price: {{input: 1000, output: 10000, currency: CNY}}
    LIMITS
  - {{name: again, generator: {{"{__name__}:Paid": {{max_tokens: 100}}}}}}
  - echo
samples: 2
scorers: [diversity]
"""


def bench(folder: Path, limits: str = "limits: {concurrency: 4}") -> Path:
    prompts = [{"id": str(n), "prompt": f"{'please fail ' * (n == 7)}question {n}"} for n in range(20)]
    (folder / "p.jsonl").write_text("\n".join(map(json.dumps, prompts)), "utf-8")
    path = folder / "bench.yaml"
    path.write_text(BENCH.replace("LIMITS", limits), "utf-8")
    return path


def test_every_call_is_counted_once_with_its_tokens_and_cost(tmp_path: Path) -> None:
    SENT.clear()
    paid, again, echo = plan(config.load(bench(tmp_path), trust=True), tmp_path / "out")
    read = 2 * sum(token_estimate(f"{'please fail ' * (n == 7)}question {n}") for n in range(20))
    assert (paid.calls, paid.known, paid.read, paid.written) == (40, 0, read, 4000)
    assert paid.cost == pytest.approx(read * 1000 / 1e6 + 4000 * 10000 / 1e6)
    assert (paid.currency, paid.hosts) == ("CNY", ("127.0.0.1:1",))
    assert paid.minutes == pytest.approx(40 * 3.0 / 60 / 4)  # 1 s and 20 ms for each of 100 tokens, four at a time
    assert (again.calls, again.cost) == (0, None)  # the same plug-in: asked once
    assert echo == Line("echo", "generate", 40, 0)
    assert not SENT
    assert not (tmp_path / "out").exists()


def test_what_a_folder_holds_is_not_planned_again(tmp_path: Path) -> None:
    loaded = config.load(bench(tmp_path), trust=True)
    run(loaded, tmp_path / "out")
    [paid, *_] = plan(loaded, tmp_path / "out")
    assert (paid.calls, paid.known) == (2, 38)  # the failed ones would be asked again
    assert paid.minutes == pytest.approx(2 * 3.0 / 60 / 2)  # as long as the answers took that are there


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (Limits(concurrency=10), 60 / 60 / 10),
        (Limits(concurrency=10, requests_per_minute=20), 3.0),
        (Limits(concurrency=10, tokens_per_minute=100), 12.0),
    ],
)
def test_minutes_keep_the_limits(limits: Limits, expected: float) -> None:
    assert math.isclose(minutes(60, 1200, 60.0, limits), expected)


@pytest.mark.parametrize(
    ("limits", "cap"),
    [("{max_cost: 1}", "max_cost"), ("{max_tokens_total: 100}", "max_tokens_total"), ("{max_cost: 1000}", "")],
)
def test_a_cap_that_would_end_the_run_is_told(tmp_path: Path, limits: str, cap: str) -> None:
    [paid, *_] = plan(config.load(bench(tmp_path, f"limits: {limits}"), trust=True), tmp_path / "out")
    assert paid.cap == cap


@pytest.mark.parametrize("words", [("plan",), ("run", "--dry-run")])
def test_both_commands_show_the_plan_and_send_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    SENT.clear()
    monkeypatch.delenv("CI", raising=False)
    path = str(bench(tmp_path))
    assert main([words[0], path, *words[1:], "--trust-bench", "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr()
    assert "≤ 4,000" in said.out
    assert "CNY" in said.out
    assert "nothing was sent" in said.err
    assert main([words[0], path, *words[1:], "--trust-bench", "--json", "--limit", "3"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [line["calls"] for line in told["plan"]] == [6, 0, 6]
    assert told["total"]["calls"] == 12
    assert told["gates"] == []
    assert not SENT
    assert not (tmp_path / "out").exists()


def test_all_candidates_add_up(tmp_path: Path) -> None:
    lines = plan(config.load(bench(tmp_path), trust=True), tmp_path / "out")
    found = total([*lines, Line("judge", "score", 120, 0, ("judge.example",))])
    paid, again, echo = lines
    assert found.calls == paid.calls + again.calls + echo.calls == 80
    assert (found.read, found.written) == (paid.read, 4000)
    assert found.costs == {"CNY": paid.cost}
    assert found.unpriced == ()  # the other name of the same plug-in costs nothing
    assert found.minutes == paid.minutes
    free = total([echo])
    assert (free.read, free.written, free.minutes, dict(free.costs)) == (None, None, None, {})
    assert total([Line("b", "generate", 1, 0, read=5, written=5)]).unpriced == ("b",)


def gated(folder: Path) -> str:
    path = bench(folder)
    (folder / "policy.yaml").write_text(
        "gates: [diversity.distinct_2 >= 0.2, diversity.distinct_1 equal to echo within 0.01]\n"
        "required_slices: [{where: {lang: en}, min_prompts: 30}]\n",
        "utf-8",
    )
    return str(path)


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        (
            "en_GB.UTF-8",
            ["never pass with 20 prompts; even a perfect result needs 30", "nothing was sent", "for ±0.05"],
        ),
        ("zh_CN.UTF-8", ["以 20 题不可能通过；即使结果完美也需要 30 题", "未发送任何内容", "半宽 0.05 需", "合计"]),
    ],
)
def test_gates_that_can_never_pass_are_told_in_the_terminals_language(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, lang: str, said: list[str]
) -> None:
    monkeypatch.setenv("LC_ALL", lang)
    words = ["--policy", str(tmp_path / "policy.yaml"), "--trust-bench", "--margin", "0.05", "--power", "0.9"]
    assert main(["plan", gated(tmp_path), *words]) == 0
    printed = "".join(capsys.readouterr())
    assert all(word in printed for word in said)
    assert [word in printed for word in ("calls", "调用数")] == [lang.startswith("en"), lang.startswith("zh")]


def test_the_plan_as_json_and_with_an_earlier_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["plan", gated(tmp_path), "--policy", str(tmp_path / "policy.yaml"), "--trust-bench", "--json"]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert [gate["state"] for gate in told["gates"]] == ["unknown", "unknown", "never"]
    assert (told["margin"], told["power"], told["earlier"]) == (0.02, 0.8, None)
    run(config.load(tmp_path / "bench.yaml", trust=True), tmp_path / "out")
    assert main([*words, "--out", str(tmp_path / "out")]) == 0  # the run's own folder
    told = json.loads(capsys.readouterr().out)
    assert told["earlier"] == str(tmp_path / "out")
    assert [gate["measured"] for gate in told["gates"]] == [False, False, False]  # every answer was the same
    assert main([*words, "--earlier", str(tmp_path / "out")]) == 0
    assert main([*words, "--power", "1"]) == 2
