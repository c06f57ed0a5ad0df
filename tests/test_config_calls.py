"""What a bench says of calls: limits, prices, sweeps, and what the command line must allow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aigc_eval import config
from aigc_eval.calls import Budget, Limits, Price
from aigc_eval.config import Trust
from aigc_eval.errors import ConfigError, UsageError
from aigc_eval.plugin import Generator
from aigc_eval.records import Generation, Request

HERE = f"{__name__}:Far"
BENCH = """\
name: calls
prompts: [p.jsonl]
candidates:
  - name: far
    generator: {NAME: {host: api.example.com}}
    MORE
scorers:
  - {name: d, scorer: diversity, limits: {seconds: 5, memory_gib: 0.5}}
gates: ["d.distinct_2 >= 0.1"]
"""


@dataclass(frozen=True)
class Far(Generator):
    """Answers with its options; it would send to `host`."""

    by_call = True
    host: str = ""
    temperature: float = 1.0
    top_p: float = 1.0
    mode: str = "a"

    def hosts(self) -> tuple[str, ...]:
        return (self.host,) if self.host else ()

    def generate(self, batch: Sequence[Request]) -> list[Generation]:
        return [request.answer(f"{self.temperature} {self.top_p}") for request in batch]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "p.jsonl").write_text('{"id": "a", "prompt": "x"}\n', "utf-8")
    return tmp_path


def load(folder: Path, more: str = "note: x", trust: Trust | bool = True, **change: str) -> config.Bench:
    text = BENCH.replace("NAME", HERE).replace("MORE", more)
    for old, new in change.items():
        text = text.replace(old, new)
    path = folder / "bench.yaml"
    path.write_text(text, "utf-8")
    return config.load(path, trust=trust)


def problems(folder: Path, *args: Any, **kwargs: Any) -> list[tuple[int | None, str, str]]:
    with pytest.raises(ConfigError) as error:
        load(folder, *args, **kwargs)
    return [(p.line, p.key, f"{p.what}; {p.remedy}") for p in error.value.problems]


def test_limits_price_and_budget_arrive(folder: Path) -> None:
    bench = load(folder, "limits: {concurrency: 3, max_cost: 2}\n    price: {input: 1, output: 2.5, currency: CNY}")
    [far], [diversity] = bench.candidates, bench.scorers
    assert far.limits == Limits(concurrency=3, max_cost=2)
    assert far.price == Price(1, 2.5, "CNY")
    assert diversity.budget == Budget(5, 0.5)


@pytest.mark.parametrize(
    ("more", "key", "what"),
    [
        ("limits: {concurency: 3}", "limits.concurency", "did you mean 'concurrency'?"),
        ("limits: {concurrency: 0}", "limits.concurrency", "greater than or equal to 1"),
        ("limits: {timeout: .inf}", "limits.timeout", "write a decimal number"),
        ("limits: {timeout: soon}", "limits.timeout", "number"),
        ("limits: {max_cost: 5}", "limits.max_cost", "needs the price"),
        ("limits: 5", "limits", "mapping"),
        ("price: {input: 1}", "price", "'output' is missing"),
        ("price: {input: -1, output: 1}", "price.input", "greater than or equal to 0"),
        ("price: {input: 1, output: 1, currency: dollars}", "price.currency", "match"),
        ("matrix: {temprature: [1]}", "matrix.temprature", "did you mean 'temperature'?"),
        ("matrix: {temperature: []}", "matrix.temperature", "empty"),
        ("matrix: {temperature: [hot]}", "matrix.temperature", "number"),
        ("matrix: {host: [a, b]}", "matrix.host", "give it once"),
        ('matrix: {mode: ["a]"]}', "matrix", "cannot be part of a name"),
        (f"matrix: {{temperature: {[*range(20)]}, top_p: {[*range(20)]}}}", "matrix", "400 combinations"),
        ("matrix: {}", "matrix", "empty"),
    ],
)
def test_mistakes_are_told_with_their_key(folder: Path, more: str, key: str, what: str) -> None:
    found = problems(folder, more)
    assert any(k == f"candidates.0.{key}" and what in w for _, k, w in found), found
    assert all(line == 6 for line, _, _ in found)


def test_a_mistake_in_a_budget_is_told(folder: Path) -> None:
    [(line, key, what)] = problems(folder, **{"seconds: 5": "seconds: 0"})
    assert (line, key) == (8, "scorers.0.limits.seconds")
    assert "greater than 0" in what


def test_limits_of_a_generator_that_is_not_called(folder: Path) -> None:
    [(line, key, what)] = problems(
        folder, "limits: {concurrency: 2}", **{f"{{{HERE}: {{host: api.example.com}}}}": "echo"}
    )
    assert (line, key) == (6, "candidates.0.limits")
    assert "without calls" in what


def test_a_matrix_becomes_named_candidates(folder: Path) -> None:
    bench = load(folder, "matrix: {temperature: [0.2, 1], top_p: [0.5, 1.0]}", **{"gates:": "release: far\ngates:"})
    names = [c.name for c in bench.candidates]
    assert names == [f"far[temperature={t},top_p={p}]" for t in ("0.2", "1") for p in ("0.5", "1.0")]
    assert [(c.plugin.temperature, c.plugin.top_p) for c in bench.candidates] == [  # type: ignore[attr-defined]
        (0.2, 0.5), (0.2, 1.0), (1.0, 0.5), (1.0, 1.0)
    ]  # fmt: skip
    assert bench.release == tuple(names)
    assert len({c.plugin.identity() for c in bench.candidates}) == 4


def test_gates_may_name_one_of_a_matrix_or_all(folder: Path) -> None:
    matrix = "matrix: {temperature: [0.2, 1]}"
    gate = "gates: [{gate: d.distinct_2 >= 0.1, candidate: %s}]"
    one = load(folder, matrix, **{'gates: ["d.distinct_2 >= 0.1"]': gate % "'far[temperature=0.2]'"})
    assert one.gates[0].candidates == ("far[temperature=0.2]",)
    both = load(folder, matrix, **{'gates: ["d.distinct_2 >= 0.1"]': gate % "far"})
    assert both.gates[0].candidates == ("far[temperature=0.2]", "far[temperature=1]")
    [(_, _, what)] = problems(folder, matrix, **{'gates: ["d.distinct_2 >= 0.1"]': gate % "'far[temperature=0.3]'"})
    assert "unknown candidate" in what


def test_a_host_must_be_allowed(folder: Path) -> None:
    code = frozenset({HERE})
    [(line, key, what)] = problems(folder, trust=Trust(code=code))
    assert (line, key) == (5, f"candidates.0.generator.{HERE}")
    assert what.endswith("sends prompts and answers to api.example.com; add --allow-host api.example.com")
    assert load(folder, trust=Trust(code=code, hosts=frozenset({"api.example.com"})))
    assert load(folder, trust=Trust(everything=True))


def test_in_ci_every_host_must_be_named(folder: Path) -> None:
    [(_, _, what)] = problems(folder, trust=Trust(everything=True, in_ci=True))
    assert "in CI every host must be named: add --allow-host api.example.com" in what
    here = {"api.example.com": "127.0.0.1:8000"}
    assert load(folder, trust=Trust(everything=True), **here)
    assert problems(folder, trust=Trust(everything=True, in_ci=True), **here)
    assert load(folder, trust=Trust(everything=True, in_ci=True, hosts=frozenset({"127.0.0.1"})), **here)


def test_a_port_that_is_named_must_be_the_port() -> None:
    trust = Trust(hosts=frozenset({"a.example:8443"}))
    assert trust.sends("a.example:8443")
    assert not trust.sends("a.example")
    assert not trust.sends("a.example:9")
    assert not trust.sends("b.a.example:8443")
    assert not trust.sends("127.0.0.1.evil.example")
    assert not trust.sends("localhost.evil.example:80")


@pytest.mark.parametrize("host", ["", " ", "https://a.example", "a.example/v1"])
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(UsageError, match="is no host"):
        Trust.given(hosts=[host])


def test_a_host_is_the_same_in_capitals() -> None:
    assert Trust.given(hosts=["API.example"]).sends("api.example:443")
    assert not Trust.given(hosts=["a"]).sends("2130706433")


def test_code_needs_the_line_of_an_allow_list(folder: Path) -> None:
    found = problems(folder, trust=Trust(hosts=frozenset({"api.example.com"})))
    assert found[0][0] == 5
    assert f"put '{HERE}' under code: in an --allow-list" in found[0][2]
    listed = folder / "allow.yaml"
    listed.write_text(f"code: ['{HERE}']\nhosts: [api.example.com]\n", "utf-8")
    assert load(folder, trust=Trust.given(listed=listed))
    listed.write_text(f"code: ['{HERE}x']\nhosts: [api.example.com]\n", "utf-8")
    assert problems(folder, trust=Trust.given(listed=listed))


@pytest.mark.parametrize(
    "text", ["codes: [x]\n", "hosts: api.example.com\n", "- x\n", "hosts: [1]\n", "hosts: [https://a.example]\n"]
)
def test_an_allow_list_that_is_none(folder: Path, text: str) -> None:
    listed = folder / "allow.yaml"
    listed.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=r"allow\.yaml:1"):
        Trust.given(listed=listed)


def test_a_line_of_code_with_a_colon_is_put_in_quotes(folder: Path) -> None:
    listed = folder / "allow.yaml"
    listed.write_text("code:\n  - runs Python code: a:b\n", "utf-8")
    with pytest.raises(ConfigError, match=r"allow\.yaml:2: code\.0: .* with a colon in it must be in quotes"):
        Trust.given(listed=listed)


def test_a_url_is_no_host() -> None:
    with pytest.raises(UsageError, match=r"--allow-host: 'https://a\.example/v1' is no host; .* such as"):
        Trust.given(hosts=["b.example", "https://a.example/v1"])
