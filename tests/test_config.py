"""bench.yaml: what is accepted, and every mistake told at once, with its line and what to write instead."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aigc_eval import config
from aigc_eval.config import Bench
from aigc_eval.config.options import check
from aigc_eval.config.paths import Roots
from aigc_eval.config.policy_shape import BudgetsShape, WaiverShape
from aigc_eval.errors import ConfigError, NothingToEvaluate
from aigc_eval.gates import Limit

REPOSITORY = Path(__file__).parents[1]

PROBE = '''
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal
from aigc_eval.metrics import Mean
from aigc_eval.plugin import Generator, ModelRef, Scorer
from aigc_eval.records import Score

@dataclass(frozen=True)
class Options(Generator):
    """Every kind of option."""
    path: Path | None = None
    model: ModelRef | None = None
    count: int = 1
    rate: float = 0.5
    greedy: bool = False
    mode: Literal["fast", "slow"] = "fast"
    words: tuple[str, ...] = ()
    paths: tuple[Path, ...] = ()
    named: Mapping[str, Path] = field(default_factory=dict)
    either: int | str = 0
    def __post_init__(self):
        if self.count > 5:
            raise ValueError(f"count {self.count} is more than 5")
        if self.count == -1:
            raise KeyError("odd")
    def generate(self, batch):
        return [r.answer("x") for r in batch]

@dataclass(frozen=True)
class Needy(Generator):
    first: str
    second: int
    def generate(self, batch):
        return [r.answer(self.first) for r in batch]

@dataclass(frozen=True)
class Command(Options):
    """Runs commands."""
    runs_code: ClassVar[bool] = True

@dataclass(frozen=True)
class Length(Scorer):
    """Characters."""
    broken: bool = False
    def score(self, batch):
        return [Score(float(len(g.text))) for g in batch]
    def metrics(self):
        if self.broken:
            raise RuntimeError("no metrics today")
        return (Mean("mean", better="lower", bounds=(0, math.inf)), Mean("share", better="higher"),
                Mean("plain", better=None, bounds=(0, math.inf)))
'''

GOOD = """\
name: good
prompts:
  - p.jsonl
candidates:
  - echo
  - {name: second, generator: {probe:Options: {count: 2}}, note: hello}
release: second
samples: 2
seed: 7
scorers:
  - {name: len, scorer: probe:Length}
  - probe:Length
slices: [lang, category]
gates:
  - len.mean <= 20
  - {gate: len.share >= 50 %, where: {lang: zh}, candidate: echo}
report: {formats: [html], languages: [zh, en]}
"""


TWICE = """
@dataclass(frozen=True)
class Twice(Scorer):
    def score(self, batch):
        return [Score(0.1) for _ in batch]
    def metrics(self):
        return (Mean("mean"), Mean("mean", of="other"))
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bench's folder, with a module of plug-ins beside it."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "probe", raising=False)
    home = tmp_path / "home"
    (home / "models" / "tiny").mkdir(parents=True)
    (home / "probe.py").write_text(PROBE, "utf-8")
    prompts = [
        {"id": "a", "prompt": "hello there", "category": "facts"},
        {"id": "b", "prompt": "你好", "category": "x"},
    ]
    (home / "p.jsonl").write_text("".join(json.dumps(p) + "\n" for p in prompts), "utf-8")
    (home / "bench.yaml").write_text(GOOD, "utf-8")
    return home


def load(folder: Path, text: str | None = None, *, trust: bool = True, allow: tuple[Path, ...] = ()) -> Bench:
    if text is not None:
        (folder / "bench.yaml").write_text(text, "utf-8")
    return config.load(folder / "bench.yaml", allow=allow, trust=trust)


def found(
    folder: Path, text: str, *, trust: bool = True, allow: tuple[Path, ...] = ()
) -> list[tuple[int | None, str, str]]:
    """Line, key and message of every problem."""
    with pytest.raises(ConfigError) as caught:
        load(folder, text, trust=trust, allow=allow)
    return [(p.line, p.key, f"{p.what}; {p.remedy}") for p in caught.value.problems]


def test_a_good_bench(folder: Path) -> None:
    bench = load(folder)
    assert (bench.name, bench.samples, bench.seed, bench.release) == ("good", 2, 7, ("second",))
    assert [(c.name, c.plugin.signature(), c.note) for c in bench.candidates] == [
        ("echo", "Echo|version:1", ""), ("second", "Options|count:2|version:1", "hello")]  # fmt: skip
    assert [s.name for s in bench.scorers] == ["len", "length"]
    assert [(g.name, g.claim, g.candidates) for g in bench.gates] == [
        ("len.mean <= 20", Limit("<=", 20.0), ()),
        ("len.share >= 50 % [lang=zh]", Limit(">=", 0.5), ("echo",)),
    ]
    assert (bench.slices, bench.formats, bench.languages) == (("lang", "category"), ("html",), ("zh", "en"))
    assert [p.id for p in bench.prompt_sets[0].prompts] == ["a", "b"]
    assert bench.source == yaml.safe_load(GOOD)
    assert len(bench.digest) == 64


def test_defaults(folder: Path) -> None:
    bench = load(folder, "name: d\nprompts: [p.jsonl]\ncandidates: [echo]\nscorers: [probe:Length]\n")
    assert (bench.samples, bench.seed, bench.slices, bench.gates) == (1, 0, ("lang",), ())
    assert (bench.release, bench.languages) == (("echo",), ("en", "zh"))
    assert bench.formats == ("html", "csv", "json", "junit", "markdown")
    with pytest.raises(dataclasses.FrozenInstanceError):
        bench.name = "other"  # type: ignore[misc]


def test_the_shipped_benches_load() -> None:
    benches = sorted((REPOSITORY / "benchmarks").glob("*.yaml"))
    assert benches
    for path in benches:
        assert config.load(path).gates


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"expires": "soon"}, "expires: should match ^\\d{4}-\\d{2}-\\d{2}$, not 'soon'; write a day as 2027-02-28"),
        ({"owner": ""}, "owner: must not be empty: write at least 1 character; "),
        ({"owner": ...}, ": 'owner' is missing; add it"),
        ({"owner": ..., "reason": ...}, ": 'owner', 'reason' are missing; add them"),
    ],
)
def test_what_is_wrong_comes_with_what_to_write(options: dict[str, object], told: str) -> None:
    good = {"gate": "a.b", "owner": "Li Na", "reason": "fixed", "expires": "2027-02-28"}
    _, faults = check(WaiverShape, {k: v for k, v in {**good, **options}.items() if v is not ...})
    assert [f"{'.'.join(map(str, f.key))}: {f.what}; {f.remedy}" for f in faults] == [told]


def test_a_percentage_where_a_share_should_be() -> None:
    _, faults = check(BudgetsShape, {"error": 5, "empty": 1.5, "truncated": 500})
    assert [f.remedy for f in faults] == ["write 5 % as 0.05", "write 1.5 % as 0.015", ""]


BAD = [
    # what stands in the good bench, what instead, line, key, words of the message
    ("name: good", "name: Good", 1, "name", "should match"),
    ("name: good", "name: ../up", 1, "name", "should match"),
    ("name: good", "name: .hidden", 1, "name", "should match"),
    ("name: good", "name: 3", 1, "name", "should be a text, not 3; put it in quotes"),
    ("name: good", "name: [x]", 1, "name", "should be a text"),
    ("name: good", "# no name", 1, "", "'name' is missing"),
    ("name: good", "name: ${HOME}", 1, "name", "should match"),
    ("  - p.jsonl", "  - q.jsonl", 3, "prompts.0", "there is no 'q.jsonl' in"),
    ("  - p.jsonl", "  - models", 3, "prompts.0", "is a folder, not a file"),
    ("  - p.jsonl", "  - 3", 3, "prompts.0", "should be a mapping with `path`"),
    ("  - p.jsonl", "  - {path: p.jsonl, feilds: {}}", 3, "prompts.0.feilds", "did you mean 'fields'?"),
    ("  - p.jsonl", "  - {path: p.jsonl, tags: {year: 2024}}", 3, "prompts.0.tags.year", "put it in quotes"),
    ("  - p.jsonl", "  - {fields: {id: x}}", 3, "prompts.0", "'path' is missing"),
    ("  - p.jsonl", "  - p.jsonl\n  - p.jsonl", 4, "prompts.1", "the prompt id 'a' is also in p.jsonl"),
    ("prompts:\n  - p.jsonl", "prompts: p.jsonl\n", 2, "prompts", "should be a list, not 'p.jsonl'"),
    ("prompts:\n  - p.jsonl", "prompts: []\n", 2, "prompts", "must not be empty"),
    ("  - echo", "  - ecko", 5, "candidates.0", "unknown generator 'ecko'; did you mean 'echo'?"),
    ("  - echo", "  - echo: 3", 5, "candidates.0.echo", "Echo has no options"),
    ("  - echo", "  - echo: {x: 1}", 5, "candidates.0.echo.x", "there is no option 'x'"),
    ("  - echo", "  - echo:", 5, "candidates.0.echo", "write the name alone"),
    ("  - echo", "  - [echo]", 5, "candidates.0", "should be the name of a generator"),
    ("  - echo", "  - {}", 5, "candidates.0", "should be the name of a generator"),
    ("  - echo", "  - {name: x}", 5, "candidates.0", "'generator' is missing"),
    ("  - echo", "  - echo\n  - echo", 6, "candidates.1", "the name 'echo' is taken by line 5; give each"),
    ("  - echo", "  - probe:Needy", 5, "candidates.0", "'first', 'second' are missing"),
    ("  - echo", "  - probe:Needy: abc", 5, "candidates.0.probe:Needy", "'second' is missing"),
    ("  - echo", "  - probe:Nedy", 5, "candidates.0", "AttributeError"),
    ("  - echo", "  - probe:Length", 5, "candidates.0", "is not a Generator"),
    ("  - echo", "  - probe:Options: {mode: quick}", 5, "candidates.0.probe:Options.mode", "'fast' or 'slow'"),
    ("  - echo", "  - probe:Options:\n    count: 3", 5, "candidates.0", "'count' stand beside"),
    ("  - echo", "  - {name: a b, generator: echo}", 5, "candidates.0.name", "should match"),
    ("count: 2", "count: '2'", 6, "candidates.1.generator.probe:Options.count", "a whole number, not '2'; write a"),
    ("count: 2", "count: true", 6, "candidates.1.generator.probe:Options.count", "should be a whole number, not True"),
    ("count: 2", "count: 2.0", 6, "candidates.1.generator.probe:Options.count", "should be a whole number, not 2.0"),
    ("count: 2", "count: 6", 6, "candidates.1.generator.probe:Options", "count 6 is more than 5"),
    ("count: 2", "count: -1", 6, "candidates.1.generator.probe:Options", "KeyError: 'odd'"),
    ("count: 2", "cuont: 2", 6, "candidates.1.generator.probe:Options.cuont", "did you mean 'count'?"),
    ("count: 2", "greedy: no", 6, "candidates.1.generator.probe:Options.greedy", "should be true or false, not 'no'"),
    ("count: 2", "greedy: 1", 6, "candidates.1.generator.probe:Options.greedy", "should be true or false, not 1"),
    ("count: 2", "rate: true", 6, "candidates.1.generator.probe:Options.rate", "should be a number, not True"),
    ("count: 2", "rate: 1_0", 6, "candidates.1.generator.probe:Options.rate", "should be a number, not '1_0'"),
    ("count: 2", "words: [a, 1]", 6, "candidates.1.generator.probe:Options.words.1", "should be a text, not 1"),
    ("count: 2", "words: abc", 6, "candidates.1.generator.probe:Options.words", "should be a list, not 'abc'"),
    ("count: 2", "either: 1.5", 6, "candidates.1.generator.probe:Options.either", "a whole number or should be a text"),
    ("count: 2", "path: none.bin", 6, "candidates.1.generator.probe:Options.path", "there is no 'none.bin'"),
    ("count: 2", "paths: [p.jsonl, zz]", 6, "candidates.1.generator.probe:Options.paths.1", "there is no 'zz'"),
    ("count: 2", "named: {k: zz}", 6, "candidates.1.generator.probe:Options.named.k", "there is no 'zz'"),
    ("count: 2", "model: ./none", 6, "candidates.1.generator.probe:Options.model", "there is no './none'"),
    ("count: 2", "model: p.jsonl", 6, "candidates.1.generator.probe:Options.model", "is a file, not the folder of"),
    ("count: 2", "model: a/b/c", 6, "candidates.1.generator.probe:Options.model", "nor a model id"),
    ("note: hello", "note: 3", 6, "candidates.1.note", "put it in quotes"),
    ("note: hello", "nota: hello", 6, "candidates.1.nota", "did you mean 'note'?"),
    ("release: second", "release: secnd", 7, "release", "unknown candidate 'secnd'; did you mean 'second'?"),
    ("release: second", "release: [echo, ehco]", 7, "release.1", "did you mean 'echo'?"),
    ("release: second", "release: [echo, echo]", 7, "release.1", "'echo' is listed twice"),
    ("release: second", "release: []", 7, "release", "must not be empty"),
    ("samples: 2", "samples: 0", 8, "samples", "greater than or equal to 1"),
    ("samples: 2", "samples: 1e3", 8, "samples", "should be a whole number"),
    ("samples: 2", "samples: 010", 8, "samples", "disagree"),
    ("samples: 2", "smaples: 2", 8, "smaples", "did you mean 'samples'?"),
    ("samples: 2", "samples: 2\nsamples: 3", 9, "samples", "is written twice, first in line 8"),
    ("seed: 7", "seed: -1", 9, "seed", "greater than or equal to 0"),
    ("seed: 7", "seed: &s 7", 9, "seed", "the anchor '&s' is not allowed"),
    ("seed: 7", "seed: !!int '7'", 9, "seed", "the tag"),
    ("seed: 7", "<<: {seed: 7}", 9, "", "the merge key"),
    ("seed: 7", "7: seed", 9, "", "7 cannot be a key"),
    ("  - probe:Length", "  - lenght", 12, "scorers.1", "unknown scorer 'lenght'"),
    ("  - probe:Length", "  - {name: len, scorer: probe:Length}", 12, "scorers.1", "'len' is taken by line 11"),
    ("  - probe:Length", "  - {name: text, scorer: probe:Length}", 12, "scorers.1", "is used by the rows of a run"),
    ("  - probe:Length", "  - {name: a.b, scorer: probe:Length}", 12, "scorers.1.name", "should match"),
    ("  - probe:Length", "  - {name: x, generator: echo}", 12, "scorers.1.generator", "there is no option 'generator'"),
    ("  - probe:Length", "  - pii:\n    x: 1", 12, "scorers.1", "'x' stand beside 'pii'"),
    ("[lang, category]", "[lang, categry]", 13, "slices.1", "no prompt has a tag 'categry'; did you mean 'category'"),
    ("[lang, category]", "[lang, lang]", 13, "slices.1", "'lang' is listed twice"),
    ("[lang, category]", "lang", 13, "slices", "should be a list"),
    ("len.mean <= 20", "len.mean < 20", 15, "gates.0", "cannot read the gate"),
    ("len.mean <= 20", "lne.mean <= 20", 15, "gates.0", "unknown scorer 'lne'; did you mean 'len'?"),
    ("len.mean <= 20", "len.maen <= 20", 15, "gates.0", "has no metric 'maen'; did you mean 'mean'?"),
    ("len.mean <= 20", "len.mean >= 20", 15, "gates.0", "for len.mean, lower is better; write <="),
    ("len.mean <= 20", "len.plain <= 20", 15, "gates.0", "no better direction"),
    ("len.mean <= 20", "len.share >= 1.5", 15, "gates.0", "len.share lies in 0..1; the limit 1.5 is outside"),
    ("len.mean <= 20", "len.share >= 120 %", 15, "gates.0", "outside"),
    ("len.mean <= 20", "len.mean <= -1", 15, "gates.0", "outside"),
    ("len.mean <= 20", "len.mean <= 1e999", 15, "gates.0", "too large"),
    ("len.mean <= 20", "{gate: 3}", 15, "gates.0.gate", "should be a text"),
    ("len.mean <= 20", "{where: {lang: zh}}", 15, "gates.0", "'gate' is missing"),
    ("len.mean <= 20", "{len.mean: 20}", 15, "gates.0", "'gate' is missing"),
    ("len.mean <= 20", "len.mean <= 20\n  - len.mean <= 20", 16, "gates.1", "is listed twice"),
    ("{lang: zh}", "{lang: fr}", 16, "gates.1.where.lang", "no prompt has lang='fr'"),
    ("{lang: zh}", "{lng: zh}", 16, "gates.1.where.lng", "did you mean 'lang'?"),
    ("{lang: zh}", "{lang: no}", 16, "gates.1.where.lang", "no prompt has lang='no'"),
    ("{lang: zh}", "{lang: 1}", 16, "gates.1.where.lang", "put it in quotes"),
    ("candidate: echo", "candidate: eco", 16, "gates.1.candidate", "did you mean 'echo'?"),
    ("candidate: echo", "candidates: echo", 16, "gates.1.candidates", "did you mean 'candidate'?"),
    ("formats: [html]", "formats: [htm]", 17, "report.formats.0", "'html'"),
    ("formats: [html]", "formats: [html, html]", 17, "report.formats.1", "'html' is listed twice"),
    ("formats: [html]", "formats: []", 17, "report.formats", "must not be empty"),
    ("languages: [zh, en]", "languages: [zh, fr]", 17, "report.languages.1", "should be 'en' or 'zh', not 'fr'"),
    ("languages: [zh, en]", "language: [zh]", 17, "report.language", "did you mean 'languages'?"),
    ("report: {formats: [html], languages: [zh, en]}", "report: html", 17, "report", "should be a mapping"),
    ("report: {formats: [html], languages: [zh, en]}", "exit_code: 0", 17, "exit_code", "there is no option"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "key", "words"), BAD, ids=[f"{b[1]!r:.60}" for b in BAD])
def test_one_mistake_is_one_problem(folder: Path, old: str, new: str, line: int, key: str, words: str) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    # Where the first candidate is replaced, no gate may speak of it.
    problems = found(folder, text.replace(", candidate: echo", "") if old == "  - echo" else text)
    [(at, where, what)] = [p for p in problems if words in p[2]] or problems
    assert (at, where) == (line, key)
    assert words in what
    # A wrong name in place of a required one is two mistakes: one name too many, one too few.
    if new not in ("  - {name: x, generator: echo}", "{len.mean: 20}"):
        assert len(problems) == 1, problems


def test_all_mistakes_are_told_at_once(folder: Path) -> None:
    text = GOOD
    changes = {"samples: 2": "samples: x", "  - echo": "  - ecko", "len.mean <= 20": "len.maen <= 20"}
    changes |= {"seed: 7": "seed: &a 7", "- p.jsonl": "- q.jsonl", "[html]": "[pdf]", "hello": "*a"}
    for old, new in changes.items():
        text = text.replace(old, new)
    assert [line for line, _, _ in found(folder, text)] == [3, 5, 6, 8, 9, 15, 17]


@pytest.mark.parametrize("text", ["", "3", "- a", "name", "~", "[]", "name: x", "{}"])
def test_hardly_a_bench(folder: Path, text: str) -> None:
    assert found(folder, text)


def test_bad_prompts_are_told_with_their_own_lines(folder: Path) -> None:
    (folder / "q.jsonl").write_text('{"id": "a", "prompt": "x"}\n{"id": "a", "prompt": "y"}\nnot json\n', "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(folder, GOOD.replace("- p.jsonl", "- q.jsonl").replace("seed: 7", "seed: x"))
    places = [(Path(p.file).name, p.line) for p in caught.value.problems]
    assert places[0] == ("bench.yaml", 9)
    assert ("q.jsonl", 3) in places


def test_a_tag_that_cannot_name_a_column_is_told_before_anything_runs(folder: Path) -> None:
    (folder / "p.jsonl").write_text('{"id": "a", "prompt": "hello", "odd\\ud800": "x"}\n', "utf-8")
    problems = found(folder, "name: d\nprompts: [p.jsonl]\ncandidates: [echo]\nscorers: [probe:Length]\n")
    assert [(line, key) for line, key, _ in problems] == [(2, "prompts.0")]
    assert "invisible characters" in problems[0][2]


def test_a_metric_that_is_listed_twice_cannot_be_gated(folder: Path) -> None:
    probe = folder / "probe.py"
    probe.write_text(probe.read_text("utf-8") + TWICE, "utf-8")
    text = "name: d\nprompts: [p.jsonl]\ncandidates: [echo]\nscorers: [probe:Twice]\ngates: [twice.mean <= 0.5]\n"
    assert "two metrics called 'mean'" in found(folder, text)[0][2]


def test_a_bad_field_map_is_told_in_the_bench(folder: Path) -> None:
    text = GOOD.replace("- p.jsonl", "- {path: p.jsonl, fields: {id: {valeu: x}}}")
    [(line, key, what)] = found(folder, text)
    assert (line, key) == (3, "prompts.0.fields")
    assert "valeu" in what


def test_metrics_that_cannot_be_listed_are_told(folder: Path) -> None:
    text = GOOD.replace("scorer: probe:Length}", "scorer: {probe:Length: {broken: true}}}")
    assert any("RuntimeError: no metrics today" in what for _, _, what in found(folder, text))


def test_code_needs_trust(folder: Path) -> None:
    problems = found(folder, GOOD, trust=False)
    assert [line for line, _, _ in problems] == [6, 11, 12]
    assert all("--trust-bench" in what for _, _, what in problems)
    assert "probe" not in sys.modules
    assert str(folder) not in sys.path


def test_installed_plugins_that_run_commands_need_trust(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from aigc_eval.generators.echo import Echo

    monkeypatch.setattr(Echo, "needs_trust", lambda self: "runs commands")
    text = "name: x\nprompts: [p.jsonl]\ncandidates: [echo]\nscorers: [diversity]\n"
    [(line, _, what)] = [p for p in found(folder, text, trust=False) if "trust" in p[2]]
    assert (line, "--trust-bench" in what) == (3, True)


def test_modules_beside_a_bench_never_replace_installed_ones(folder: Path) -> None:
    (folder / "json.py").write_text("raise SystemExit('replaced')", "utf-8")
    load(folder)
    assert sys.path[-1] == str(folder)


def test_short_form_sets_the_first_option(folder: Path) -> None:
    text = GOOD.replace("  - echo", "  - {probe:Options: p.jsonl}").replace("candidate: echo", "candidate: options")
    assert load(folder, text).candidates[0].plugin.path == folder / "p.jsonl"  # type: ignore[attr-defined]
    [(line, key, _)] = found(folder, text.replace("p.jsonl}", "none}"))
    assert (line, key) == (5, "candidates.0.probe:Options")


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ("count: 3", 3), ("rate: 3", 3.0), ("rate: 1e-3", 0.001), ("greedy: true", True), ("mode: slow", "slow"),
        ("words: [a, 'no']", ("a", "no")), ("either: '3'", "3"), ("either: 3", 3),
        ("model: org/name-1.5", "org/name-1.5"),
        ("model: name", "name"), ("model: null", None),
    ],
)  # fmt: skip
def test_option_values(folder: Path, given: str, value: object) -> None:
    name = given.partition(":")[0]
    plugin = load(folder, GOOD.replace("count: 2", given)).candidates[1].plugin
    assert getattr(plugin, name) == value
    assert type(getattr(plugin, name)) is type(value)


def test_files_and_models_arrive_resolved(folder: Path) -> None:
    options = "path: p.jsonl, paths: [./p.jsonl, models], named: {k: p.jsonl}, model: models/tiny"
    plugin = load(folder, GOOD.replace("count: 2", options)).candidates[1].plugin
    assert vars(plugin) | {"count": 1} == vars(plugin)
    assert plugin.path == folder / "p.jsonl"  # type: ignore[attr-defined]
    assert plugin.paths == (folder / "p.jsonl", folder / "models")  # type: ignore[attr-defined]
    assert plugin.named == {"k": folder / "p.jsonl"}  # type: ignore[attr-defined]
    assert plugin.model == str(folder / "models" / "tiny")  # type: ignore[attr-defined]


# --- places ---------------------------------------------------------------------------------------------------------

ESCAPES = [
    "..", "../", "../secret.txt", "./../secret.txt", "../../etc/passwd", "a/../../secret.txt",
    "models/../../secret.txt",
    "models/tiny/../../../secret.txt", ".//..//secret.txt", "../home/../secret.txt", "../home2/x",
    "../homex", "....//x",
    "../secret", "../secret/inner.txt", "..//secret/inner.txt", "../../../../../../../../../../etc/passwd",
    "/", "/etc/passwd", "//etc/passwd", "///etc/passwd", "/etc/../etc/passwd", "/proc/self/environ", "/proc/self/cwd",
    "/dev/stdin", "/dev/zero", "/dev/fd/0", "//server/share", "//server/share/file.txt",
    "link", "link/inner.txt", "linkdir/inner.txt", "chain", "chained/inner.txt", "models/up/secret.txt", "dangling",
    "loop", "loop/x", "link_to_proc/environ", "abslink", "fifo",
    "\\\\server\\share", "\\\\?\\C:\\x", "..\\secret.txt", "C:\\Windows\\win.ini", "C:/Windows/win.ini", "c:secret",
    "~", "~/secret.txt", "~root/.bashrc", "file:///etc/passwd", "file:secret.txt", "FILE:///etc/passwd",
    "http://127.0.0.1/x", "https://example.org/x", "gopher://x", "ftp://x/y", "data:text/plain,x",
    "hf://x/y", "s3://b/k",
    "p.jsonl\0", "p.jsonl\0.txt", "\0", "a\nb", "p.jsonl\r", "\x1b[31m", "", "x" * 5000, "x/" * 3000,
]  # fmt: skip


@pytest.fixture
def trapped(folder: Path) -> Path:
    """A bench's folder full of ways out."""
    outside = folder.parent
    (outside / "secret.txt").write_text('{"id": "s", "prompt": "CANARY"}\n', "utf-8")
    (outside / "secret").mkdir()
    (outside / "secret" / "inner.txt").write_text("CANARY", "utf-8")
    (outside / "home2").mkdir()
    (outside / "home2" / "x").write_text("CANARY", "utf-8")
    links = {"link": "../secret.txt", "linkdir": "../secret", "chain": "link", "chained": "linkdir"}
    links |= {"models/up": "../..", "dangling": "../nowhere", "loop": "loop"}
    links |= {"link_to_proc": "/proc/self", "abslink": "/etc/passwd"}
    for name, target in links.items():
        (folder / name).symlink_to(target)
    os.mkfifo(folder / "fifo")
    return folder


def test_there_are_enough_escapes() -> None:
    assert len(set(ESCAPES)) >= 60


@pytest.mark.parametrize("text", ESCAPES, ids=[f"{t!r:.40}" for t in ESCAPES])
def test_no_path_leads_out(trapped: Path, text: str) -> None:
    roots = Roots.of(trapped / "bench.yaml")
    for look in (roots.path, roots.file):
        with pytest.raises(ValueError, match=r".") as caught:
            look(text)
        assert "CANARY" not in str(caught.value)
        assert len(str(caught.value)) < 400
    if not text.startswith(("x", "....", "../homex")):
        with pytest.raises(ValueError, match=r"."):
            roots.model(text)


@pytest.mark.parametrize("text", ["../secret.txt", "/etc/passwd", "link", "file:///etc/passwd", "p.jsonl\0"])
def test_escapes_are_told_in_the_bench(trapped: Path, text: str) -> None:
    quoted = json.dumps(text)
    problems = found(trapped, GOOD.replace("- p.jsonl", f"- {quoted}").replace("count: 2", f"path: {quoted}"))
    assert [(line, key) for line, key, _ in problems] == [
        (3, "prompts.0"),
        (6, "candidates.1.generator.probe:Options.path"),
    ]


def test_what_lies_outside_cannot_be_probed(trapped: Path) -> None:
    roots = Roots.of(trapped / "bench.yaml")
    messages = set()
    for name in ("../secret.txt", "../absent.txt"):
        with pytest.raises(ValueError, match=r".") as caught:
            roots.path(name)
        messages.add(str(caught.value).replace(name, "X"))
    assert len(messages) == 1


def test_the_command_line_widens_the_roots(trapped: Path) -> None:
    outside = trapped.parent / "secret"
    roots = Roots.of(trapped / "bench.yaml", [outside])
    for text in ("../secret/inner.txt", str(outside / "inner.txt"), "linkdir/inner.txt"):
        assert roots.file(text) == outside / "inner.txt"
    assert roots.model("../secret") == str(outside)
    with pytest.raises(ValueError, match="--allow-path"):
        roots.path("../secret.txt")
    text = GOOD.replace("count: 2", "path: ../secret/inner.txt")
    assert load(trapped, text, allow=(outside,))
    assert "--allow-path" in found(trapped, text)[0][2]


def test_links_within_the_folder_are_followed(folder: Path) -> None:
    (folder / "alias.jsonl").symlink_to("p.jsonl")
    assert Roots.of(folder / "bench.yaml").file("alias.jsonl") == folder / "p.jsonl"


def test_a_bench_may_itself_be_a_link(folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.yaml"
    link.symlink_to(folder / "bench.yaml")
    assert config.load(link, trust=True).name == "good"


# --- identity -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("count: 2", "count: 3"),
        ("samples: 2", "samples: 3"),
        ("seed: 7", "seed: 8"),
        ("name: second, generator", "name: third, generator"),
        ("  - p.jsonl", "  - {path: p.jsonl, tags: {region: north}}"),
        ("  - p.jsonl", "  - {path: p.jsonl, fields: {category: category}}"),
    ],
)
def test_identity_follows_what_is_generated(folder: Path, old: str, new: str) -> None:
    changed = GOOD.replace(old, new).replace("release: second", "release: echo")
    changed = changed.replace("slices: [lang, category]", "slices: [lang]")
    before = load(folder).identity()
    assert load(folder, changed).identity() != before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: good", "name: better"),
        ("note: hello", "note: bye"),
        ("release: second", "release: echo"),
        ("slices: [lang, category]", "slices: [lang]"),
        ("len.mean <= 20", "len.mean <= 30"),
        ("formats: [html]", "formats: [csv]"),
        ("languages: [zh, en]", "languages: [en]"),
        ("  - probe:Length\n", ""),
        ("samples: 2", "samples: 2  # a remark"),
        ("  - p.jsonl", "  - {path: p.jsonl}"),
        ("  - p.jsonl", "  - models/moved.jsonl"),
    ],
)
def test_identity_ignores_scoring_judging_and_reporting(folder: Path, old: str, new: str) -> None:
    (folder / "models" / "moved.jsonl").write_bytes((folder / "p.jsonl").read_bytes())
    before = load(folder).identity()
    assert load(folder, GOOD.replace(old, new)).identity() == before


def test_identity_follows_the_prompts(folder: Path) -> None:
    before = load(folder).identity()
    with (folder / "p.jsonl").open("a", encoding="utf-8") as stream:
        stream.write("\n")
    assert load(folder).identity() != before


# --- schema ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def checks() -> Callable[[str], list[str]]:
    schema = config.json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    return lambda text: [e.message for e in validator.iter_errors(yaml.safe_load(text))]


def test_good_benches_fit_the_schema(checks: Callable[[str], list[str]]) -> None:
    assert checks(GOOD) == []
    for path in sorted((REPOSITORY / "benchmarks").glob("*.yaml")):
        assert checks(path.read_text("utf-8")) == [], path


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("samples: 2", "samples: '2'"),
        ("samples: 2", "smaples: 2"),
        ("name: good", "# no name"),
        ("  - echo", "  - ecko"),
        ("  - echo", "  - echo: {x: 1}"),
        ("  - echo", "  - {name: a, generator: ecko}"),
        ("len.mean <= 20", "{where: {lang: zh}}"),
        ("[html]", "[htm]"),
        ("prompts:\n  - p.jsonl", "prompts: []"),
    ],
)
def test_bad_benches_do_not_fit_the_schema(checks: Callable[[str], list[str]], old: str, new: str) -> None:
    assert checks(GOOD.replace(old, new, 1))


# --- mutation -------------------------------------------------------------------------------------------------------

TOKENS = ["*", "&a", "!!python/name:os.system", "<<", "{", "}", "[", "]", ":", "-", "|", ">", "'", '"', "#", "%", "@",
          "`", "\t", "\0", "\u2028", "\ud83d", "é", "中", "../..", "/etc/passwd", "null", "true", "1e999", "010",
          ".nan", "---", "...", "\r", "? "]  # fmt: skip


def mutated(seed: int) -> str:
    """The good bench with one to four random edits."""
    rng = random.Random(seed)
    text = GOOD
    for _ in range(rng.randint(1, 4)):
        a, b = sorted(rng.randrange(len(text) + 1) for _ in range(2))
        b = min(b, a + 12)
        text = text[:a] + rng.choice([text[a:b] * 2, "", rng.choice(TOKENS), f" {rng.choice(TOKENS)} "]) + text[b:]
    return text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(st.integers(0, 2**32))
def test_a_mutated_bench_loads_or_tells_why(folder: Path, seed: int) -> None:
    (folder / "bench.yaml").write_bytes(mutated(seed).encode("utf-8", "surrogatepass"))
    for trust in (True, False):
        try:
            bench = config.load(folder / "bench.yaml", trust=trust)
        except ConfigError as error:
            told = [p.what for p in error.problems]
        except NothingToEvaluate:
            pytest.fail("the prompts have not changed")
        else:
            told = [bench.identity()]
        assert told
        assert all(told)


def test_metrics_read_scorers_that_the_bench_has(folder: Path) -> None:
    (folder / "reader.py").write_text(
        "from dataclasses import dataclass\n"
        "from aigc_eval.metrics import Mean\n"
        "from aigc_eval.plugin import Scorer\n"
        "class Reads(Mean):\n    reads = ('toxicty',)\n"
        "@dataclass(frozen=True)\nclass Reader(Scorer):\n"
        "    def score(self, batch): return []\n"
        "    def metrics(self): return (Reads('m'),)\n",
        "utf-8",
    )
    text = "name: x\nprompts: [p.jsonl]\ncandidates: [echo]\nscorers: [toxicity, reader:Reader]\n"
    [(line, _, what)] = found(folder, text)
    assert (line, what) == (4, "'reader' reads the scorer 'toxicty'; did you mean 'toxicity'?")
