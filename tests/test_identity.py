"""What decides answers, what decides scores, and what decides neither: every option, one by one, and at random."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import pytest

from aigc_eval import cards, config, huggingface, registry, runner
from aigc_eval.answering import answering_keys, draws
from aigc_eval.calls import Budget, Limits, Price
from aigc_eval.config import Bench, shape
from aigc_eval.errors import JournalError
from aigc_eval.journal import NAME, Journal
from aigc_eval.plugin import ModelRef, Plugin, identity_of
from aigc_eval.records import Accuracy, Request, ScorerCard, canonical

# --- options of plug-ins ----------------------------------------------------------------------------------------------

OPTIONS: Mapping[str, tuple[str, str]] = {
    # candidates: options that decide answers, and those of the run time
    "anthropic": ("model max_tokens system temperature top_p top_k stop thinking aliases base_url", "api_key_env"),
    "command": ("run folder env", "depends processes in_flight"),
    "echo": ("", ""),
    "http": (
        "url text body query method headers finish_reason input_tokens output_tokens error finish",
        "api_key_env key_header key_prefix",
    ),
    "huggingface": (
        "model adapter chat temperature top_p top_k repetition_penalty max_new_tokens stop device dtype batch_tokens",
        "",
    ),
    "likelihood": ("model chat separator device dtype batch_tokens", ""),
    "openai_compatible": (
        "base_url model api system temperature top_p max_tokens max_completion_tokens stop presence_penalty "
        "frequency_penalty seed logprobs aliases extra",
        "api_key_env",
    ),
    "python": ("call arguments", "depends"),
    "replay": ("path fields partial ignore_extra", ""),
    "template": ("patterns", ""),
    # scorers: options that decide scores (or the metrics over them), and those of the run time
    "acceptability": ("model acceptable threshold activation knows uncovered max_sentence max_characters device", ""),
    "ai_label": ("require places edge", ""),
    "alignment": ("model supported frame chunk threshold max_pairs device", ""),
    "bbq": ("", ""),
    "bertscore": ("model layer idf max_characters device", ""),
    "canary": ("similarity draws probability", ""),
    "choices": ("", ""),
    "citations": ("model threshold required max_pairs", ""),
    "claims": ("model endpoint endpoint_model lang swap gamma max_tokens max_characters device", "api_key_env"),
    "control": ("", ""),
    "cost": ("prices as_of currency accept", ""),
    "counterfactual": ("of by at_least value_range words", ""),
    "detoxify": ("model checkpoint config threshold uncovered device k", ""),
    "diversity": ("embeddings device vocabulary vendi_order", ""),
    "evaluate": ("module field kwargs config better bounds unit", ""),
    "factuality": ("", ""),
    "fluency": (
        "model condition_on_prompt unigrams max_repeat max_rep_4 max_foreign window stride max_tokens device dtype "
        "batch_tokens",
        "",
    ),
    "groundedness": ("model threshold chunk max_pairs support", ""),
    "guard": (
        "format model endpoint endpoint_model subject controversial probability policies threshold k device",
        "api_key_env",
    ),
    "memorisation": (
        "corpus field continuations finding_tokens review_tokens finding_hanzi review_hanzi ngram near common extract",
        "",
    ),
    "pii": ("entities threshold thresholds placeholders ner known seconds", ""),
    "readability": ("counter easier_is_better", ""),
    "refusal": ("", ""),
    "refusal_classifier": ("model refusal partial threshold pair activation device", ""),
    "refusal_judge": ("model endpoint endpoint_model rubric lang context swap device", "api_key_env"),
    "representation": ("words fewest", ""),
    "selfcheck_ngram": ("", ""),
    "selfcheck_nli": ("model threshold max_characters", ""),
    "semantic_entropy": ("model max_characters", ""),
    "stereotype_pairs": ("", ""),
    "subgroup_auc": ("of by label positive identities", ""),
    "toxicity": ("threshold uncovered k", ""),
    "toxicity_classifier": ("model toxic threshold parts activation knows uncovered k device", ""),
    "toxicity_judge": ("model endpoint endpoint_model rubric lang context swap device k", "api_key_env"),
}
"""Every option of every plug-in that comes with the package. Put a new one where it belongs."""
OURS = [
    (kind, e.name) for kind in ("generator", "scorer") for e in registry.entries(kind).values() if e.builtin  # type: ignore[arg-type]
]  # fmt: skip
SHAPES = (shape.BenchShape, shape.PromptsShape, shape.CandidateShape, shape.ScorerShape, shape.GateShape,
          shape.ReportShape, shape.CsvShape, shape.AllowListShape, Limits, Budget, Price)  # fmt: skip


def test_every_option_of_every_plug_in_is_classified() -> None:
    assert {name for _, name in OURS} == set(OPTIONS)
    for kind, name in OURS:
        decides, runs = (listed.split() for listed in OPTIONS[name])
        cls = registry.entries(kind)[name].load()  # type: ignore[index]
        assert {f.name for f in fields(cls)} == {*decides, *runs}, f"{name}: say what the new option decides"
        assert {f.name for f in fields(cls) if f.compare} == set(decides), f"{name}: field(compare=False)"


def values(hint: Any, folder: Path) -> list[Any]:
    """A few values of a type, all different."""
    origin, parts = get_origin(hint), get_args(hint)
    plain: dict[Any, list[Any]] = {
        bool: [False, True],
        int: [1, 2, 3],
        float: [0.25, 0.5, 1.0],
        str: ["", "a", "b", "1"],
        Path: [folder / "a.txt", folder / "b.txt", folder / "other" / "a.txt"],
        ModelRef: ["org/a", "org/b"],
        NoneType: [None],
        Any: [1, "1", None, [1], {"x": "1"}],
        object: [1, "1", True],
    }
    if hint in plain:
        return plain[hint]
    if origin is Annotated:
        return values(parts[0], folder)
    if origin is Literal:
        return list(parts)
    if origin in (Union, UnionType):
        return list({canonical(_json(v)): v for part in parts for v in values(part, folder)}.values())
    if origin is tuple:
        inner = values(parts[0], folder)
        return [(inner[0],), tuple(inner[:2]), tuple(inner[1::-1])] + ([()] if parts[-1] is ... else [])
    if origin is not None and issubclass(origin, Mapping):
        inner = values(parts[1], folder)
        return [{}, {"k": inner[0]}, {"k": inner[1]}, {"k": inner[1], "l": inner[0]}, {"l": inner[1]}]
    raise AssertionError(f"no values for {hint}")


def _json(value: Any) -> Any:
    """A value as what decides results: a file by its name and content."""
    if isinstance(value, Path):
        return [value.name, value.read_text() if value.is_file() else str(value)]
    if isinstance(value, Mapping):
        return {k: _json(v) for k, v in value.items()}
    return [_json(v) for v in value] if isinstance(value, list | tuple) else value


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files to point at; models are what they are called, and nothing of any model is opened."""
    (tmp_path / "other").mkdir()
    for name, text in (("a.txt", "one"), ("b.txt", "two"), ("other/a.txt", "three")):
        (tmp_path / name).write_text(text, "utf-8")
    monkeypatch.setattr(huggingface, "fingerprint", str)
    monkeypatch.setattr(huggingface, "label", str)
    monkeypatch.setattr(huggingface, "device_of", str)
    return tmp_path


P = TypeVar("P", bound=Plugin)


def built(cls: type[P], options: Mapping[str, Any]) -> P:
    """An instance that holds options, whatever they would lead to."""
    one = object.__new__(cls)
    for name, value in options.items():
        object.__setattr__(one, name, value)
    return one


def identity(cls: type[Plugin], options: Mapping[str, Any]) -> str:
    """The identity by `Plugin`, without what a plug-in adds from the inside of models that are not there."""
    one = built(cls, options)
    return identity_of({**Plugin.made_of(Plain(one)), "plugin": cls.__qualname__})  # type: ignore[arg-type]


class Plain:
    """A plug-in's options and files, seen as `Plugin` sees them."""

    version = "1"

    def __init__(self, one: Plugin) -> None:
        self.__dict__.update(one.__dict__)
        self.__dataclass_fields__ = type(one).__dataclass_fields__
        self.options = lambda: Plugin.options(one)
        self.facts = lambda: Plugin.facts(one)


@pytest.mark.parametrize(("kind", "name"), OURS, ids=[name for _, name in OURS])
def test_each_option_changes_the_identity_exactly_if_it_decides_results(kind: Any, name: str, folder: Path) -> None:
    cls = registry.entries(kind)[name].load()
    hints = get_type_hints(cls, include_extras=True)
    choices = {f.name: values(hints[f.name], folder) for f in fields(cls)}
    base = {option: given[0] for option, given in choices.items()}
    before = identity(cls, base)
    for option, given in choices.items():
        found = {identity(cls, {**base, option: value}) for value in given[1:]} - {before}
        decides = option in OPTIONS[name][0].split()
        assert len(found) == (len(given) - 1 if decides else 0), option


def test_ten_thousand_pairs_of_options_have_one_identity_exactly_if_they_are_equal(folder: Path) -> None:
    rng = random.Random(8)
    classes = [registry.entries(kind)[name].load() for kind, name in OURS]  # type: ignore[index]
    known = {}
    for cls in classes:
        hints = get_type_hints(cls, include_extras=True)
        known[cls] = {f: values(hints[f.name], folder) for f in fields(cls)}
    equal = 0
    for _ in range(10_000):
        cls = rng.choice(classes)
        one = {f.name: rng.choice(given) for f, given in known[cls].items()}
        # Mostly the same again: pairs that differ everywhere prove little.
        two = {f.name: one[f.name] if rng.random() < 0.9 else rng.choice(given) for f, given in known[cls].items()}
        same = all(canonical(_json(one[f.name])) == canonical(_json(two[f.name])) for f in known[cls] if f.compare)
        assert (identity(cls, one) == identity(cls, two)) == same, (cls.__name__, one, two)
        equal += same
    assert 1000 < equal < 9000


def test_the_order_of_a_mapping_decides_nothing_and_that_of_a_list_does() -> None:
    from aigc_eval.generators.template import Template
    from aigc_eval.scorers.pii import Pii

    assert Pii(thresholds={"A": 0.1, "B": 0.2}).identity() == Pii(thresholds={"B": 0.2, "A": 0.1}).identity()
    assert Template(("a", "b")).identity() != Template(("b", "a")).identity()


# --- the bench itself -------------------------------------------------------------------------------------------------

HERE = "tests.test_identity:"


def answer(request: Request, mark: str = "") -> str:
    return request.prompt.text + mark


def other(request: Request) -> str:
    return "Something else."


def third(request: Request) -> str:
    return "Something else again."


BENCH: dict[str, Any] = {
    "name": "small",
    "prompts": [{"path": "prompts.csv", "fields": {"id": "key", "prompt": "q"}, "tags": {"domain": "x"}}],
    "candidates": [
        {"name": "one", "generator": {"template": ["{prompt}!"]}, "note": "", "price": {"input": 1, "output": 2}},
        {"name": "called", "generator": {"python": {"call": HERE + "answer"}}, "limits": {"concurrency": 2}},
        {"name": "many", "generator": {"python": {}}, "matrix": {"call": [HERE + "answer", HERE + "other"]}},
    ],
    "release": ["one"],
    "samples": 1,
    "seed": 0,
    "scorers": [{"name": "label", "scorer": {"ai_label": "both"}, "limits": {"seconds": 60}}, "fluency"],
    "slices": ["domain"],
    "gates": [{"gate": "fluency.degenerate_rate <= 0.9", "where": {"domain": "x"}, "candidate": "one"}],
    "report": {"formats": ["json"], "languages": ["en"], "csv": {"bom": True}},
}
Change = tuple[str, Callable[[dict[str, Any]], Any]]
CLASSES: Mapping[str, Change] = {
    "BenchShape.name": ("report", lambda b: b.update(name="other")),
    "BenchShape.prompts": ("generation", lambda b: b["prompts"].append("more.jsonl")),
    "BenchShape.candidates": ("generation", lambda b: b["candidates"].append("echo")),
    "BenchShape.scorers": ("score", lambda b: b["scorers"].append("refusal")),
    "BenchShape.release": ("verdict", lambda b: b.update(release=["many"])),
    "BenchShape.samples": ("generation", lambda b: b.update(samples=2)),
    "BenchShape.seed": ("generation", lambda b: b.update(seed=1)),
    "BenchShape.slices": ("verdict", lambda b: b.update(slices=["lang"])),
    "BenchShape.gates": ("verdict", lambda b: b["gates"].append("fluency.degenerate_rate <= 0.5")),
    "BenchShape.policy": ("verdict", lambda b: (b.pop("gates"), b.update(policy="policy.yaml"))),
    "BenchShape.standards": ("verdict", lambda b: b.update(standards=["owasp-llm-2025"])),
    "BenchShape.cards": ("verdict", lambda b: b.update(cards=["card.json"])),
    "BenchShape.require_validated": ("verdict", lambda b: b.update(require_validated=True)),
    "BenchShape.report": ("report", lambda b: b.pop("report")),
    "PromptsShape.path": ("run-time", lambda b: b["prompts"][0].update(path="moved.csv")),
    "PromptsShape.fields": ("generation", lambda b: b["prompts"][0]["fields"].update(prompt="q2")),
    "PromptsShape.tags": ("generation", lambda b: b["prompts"][0]["tags"].update(more="y")),
    "CandidateShape.generator": ("generation", lambda b: b["candidates"][0]["generator"].update(template=["?"])),
    "CandidateShape.name": ("name", lambda b: (b["candidates"][1].update(name="cloud"))),
    "CandidateShape.note": ("report", lambda b: b["candidates"][0].update(note="what to know")),
    "CandidateShape.matrix": ("generation", lambda b: b["candidates"][2]["matrix"]["call"].append(HERE + "third")),
    "CandidateShape.limits": ("run-time", lambda b: b["candidates"][1].pop("limits")),
    "CandidateShape.price": ("run-time", lambda b: b["candidates"][0].pop("price")),
    "ScorerShape.scorer": ("score", lambda b: b["scorers"][0].update(scorer={"ai_label": "implicit"})),
    "ScorerShape.name": ("verdict", lambda b: b["scorers"][0].update(name="mark")),
    "ScorerShape.limits": ("run-time", lambda b: b["scorers"][0].pop("limits")),
    "GateShape.gate": ("verdict", lambda b: b["gates"][0].update(gate="fluency.degenerate_rate <= 0.8")),
    "GateShape.where": ("verdict", lambda b: b["gates"][0].pop("where")),
    "GateShape.candidate": ("verdict", lambda b: b["gates"][0].pop("candidate")),
    "GateShape.require_validated": ("verdict", lambda b: b["gates"][0].update(require_validated=True)),
    "ReportShape.formats": ("report", lambda b: b["report"].update(formats=["json", "csv"])),
    "ReportShape.languages": ("report", lambda b: b["report"].update(languages=["zh"])),
    "ReportShape.edition": ("report", lambda b: b["report"].update(edition="public")),
    "ReportShape.csv": ("report", lambda b: b["report"].pop("csv")),
    "CsvShape.bom": ("report", lambda b: b["report"]["csv"].update(bom=False)),
    **{
        f"Limits.{name}": ("run-time", lambda b, n=name, v=value: b["candidates"][1].update(limits={n: v}))
        for name, value in {
            "concurrency": 3, "requests_per_minute": 60000, "tokens_per_minute": 10**9, "timeout": 60, "deadline": 100,
            "attempts": 2, "backoff": 0.1, "longest_wait": 1, "outage": 10, "max_tokens_total": 10**9,
        }.items()
    },
    "Limits.max_cost": (
        "run-time", lambda b: b["candidates"][1].update(limits={"max_cost": 9}, price={"input": 1, "output": 1})
    ),
    "Budget.seconds": ("run-time", lambda b: b["scorers"][0]["limits"].update(seconds=50)),
    "Budget.memory_gib": ("run-time", lambda b: b["scorers"][0]["limits"].update(memory_gib=3)),
    "Price.input": ("run-time", lambda b: b["candidates"][0]["price"].update(input=3)),
    "Price.output": ("run-time", lambda b: b["candidates"][0]["price"].update(output=3)),
    "Price.currency": ("run-time", lambda b: b["candidates"][0]["price"].update(currency="CNY")),
}  # fmt: skip
"""Each field of a bench: what it decides, and a change of it.

generation    which answers: the keys of answers change, and a run is not resumed
name          the same answers under another name: no key changes, yet a run is another one
score         scores only: their keys change, and the answers stay
verdict       gates, slices, names of scorers: judged anew from the same records
report        what is told
run-time      how the work is done
"""
UNKNOWN_TO_BENCHES = {"AllowListShape.code", "AllowListShape.hosts"}
"""What an `--allow-list` holds decides whether a bench may run, never what comes of it."""


def test_every_field_of_a_bench_is_classified() -> None:
    known = {f"{s.__name__}.{f.name}" for s in SHAPES for f in fields(s)}
    assert known == CLASSES.keys() | UNKNOWN_TO_BENCHES
    listed = {f"{v.__name__}" for v in vars(shape).values() if isinstance(v, type) and v.__name__.endswith("Shape")}
    assert listed <= {s.__name__ for s in SHAPES}


def write(home: Path, bench: Mapping[str, Any]) -> Path:
    rows = "".join(f"{i},Question {i}?,What is {i}?\n" for i in range(3))
    for name in ("prompts.csv", "moved.csv"):
        (home / name).write_text(f"key,q,q2\n{rows}", "utf-8")
    (home / "more.jsonl").write_text('{"id": "more", "prompt": "One more?"}\n', "utf-8")
    (home / "policy.yaml").write_text("gates: [fluency.degenerate_rate <= 0.5]\n", "utf-8")
    card = ScorerCard("fluency", "degenerate_rate", "0" * 32, "fluency|v", "set", "0" * 64, "2027", (Accuracy(),))
    (home / "card.json").write_text(cards.encode(card), "utf-8")
    (home / "bench.yaml").write_text(json.dumps(bench), "utf-8")
    return home / "bench.yaml"


def loaded(home: Path, bench: Mapping[str, Any]) -> Bench:
    return config.load(write(home, bench), trust=True)


def changed(name: str) -> dict[str, Any]:
    bench: dict[str, Any] = json.loads(json.dumps(BENCH))
    CLASSES[name][1](bench)
    return bench


def keys_of(bench: Bench) -> tuple[set[str], set[str]]:
    """The keys of all answers that a bench asks for, and the identities of its scorers."""
    _, digests = draws([p for s in bench.prompt_sets for p in s.prompts], bench.samples, bench.seed)
    asked = {key for c in bench.candidates for key in answering_keys(c.plugin.identity(), digests)}
    return asked, {s.plugin.identity() for s in bench.scorers}


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A completed run of the bench."""
    home = tmp_path_factory.mktemp("begun")
    runner.run(loaded(home, BENCH), home / "out")
    return home


@pytest.mark.parametrize("name", CLASSES)
def test_a_field_changes_what_its_class_says(name: str, begun: Path, tmp_path: Path) -> None:
    kind = CLASSES[name][0]
    before, after = loaded(tmp_path, BENCH), loaded(tmp_path, changed(name))
    assert before.source != after.source
    answers, scorers = keys_of(before)
    new_answers, new_scorers = keys_of(after)
    assert (answers != new_answers) == (kind == "generation")
    assert (before.identity() != after.identity()) == (kind in ("generation", "name"))
    assert (scorers != new_scorers) == (kind == "score")
    out = tmp_path / "out"
    out.mkdir()
    (out / NAME).write_bytes((begun / "out" / NAME).read_bytes())
    with Journal(out, write=False) as journal:
        known = set(journal.keys("generation")), set(journal.keys("score"))
    if kind in ("generation", "name"):
        with pytest.raises(JournalError, match="would have answered differently"):
            runner.run(after, out, resume=True)
        return
    runner.run(after, out, resume=True)
    with Journal(out, write=False) as journal:
        assert set(journal.keys("generation")) == known[0]
        assert (set(journal.keys("score")) != known[1]) == (kind == "score")


def test_random_benches_have_one_identity_exactly_if_they_ask_for_the_same(tmp_path: Path) -> None:
    """2,000 pairs; one bench is another with some of its parts changed."""
    base = loaded(tmp_path, BENCH)
    rng = random.Random(9)
    sha = base.prompt_sets[0].sha256

    def draw() -> tuple[Bench, Any]:
        asked = rng.choice([sha, "0" * 64]), rng.choice([None, {"domain": "y"}]), rng.choice([1, 2]), rng.choice([0, 7])
        candidates = tuple(rng.sample(base.candidates, rng.choice([3, 3, 4])))
        free = {
            "name": rng.choice("ab"),
            "slices": rng.choice([(), ("lang",)]),
            "scorers": rng.choice([(), base.scorers]),
        }
        source = {"prompts": [{"path": rng.choice("xy"), **({"tags": asked[1]} if asked[1] else {})}]}
        sets = (replace(base.prompt_sets[0], sha256=asked[0]),)
        made = replace(
            base, prompt_sets=sets, samples=asked[2], seed=asked[3], candidates=candidates, source=source, **free
        )
        return made, (asked, {c.name: c.plugin for c in candidates})

    equal = 0
    for _ in range(2000):
        (one, asked), (two, wanted) = draw(), draw()
        assert (one.identity() == two.identity()) == (asked == wanted)
        equal += asked == wanted
    assert equal > 20


# --- resuming ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("change", "limit", "lines"), [
    (lambda b: b.update(seed=1, samples=3), None, ["samples: 1 -> 3", "seed: 0 -> 1"]),
    (lambda b: None, 2, ["limit: none -> 2"]),
    (lambda b: b["candidates"][0].update(generator={"template": ["?"]}), None,
     ['candidates.one.patterns: ["{prompt}!"] -> ["?"]']),
    (lambda b: b["candidates"][0].update(generator="echo"), None,
     ["candidates.one: aigc_eval.generators.template:Template -> aigc_eval.generators.echo:Echo"]),
    (lambda b: b["candidates"].pop(1) and b["candidates"].append("echo"), None,
     ["candidates.called: removed", "candidates.echo: added"]),
    (lambda b: b["prompts"][0]["tags"].update(more="y"), None,
     ['prompts prompts.csv: tags: {"domain": "x"} -> {"domain": "x", "more": "y"}']),
    (lambda b: b["prompts"].insert(0, "more.jsonl"), None, ["prompts more.jsonl: added"]),
    (lambda b: b["candidates"][1]["generator"]["python"].update(arguments={"mark": "!"}), None,
     ['candidates.called.arguments: {} -> {"mark": "!"}']),
])  # fmt: skip
def test_a_run_is_not_resumed_as_another_and_says_in_what_it_differs(
    begun: Path, tmp_path: Path, change: Callable[[dict[str, Any]], Any], limit: int | None, lines: list[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / NAME).write_bytes((begun / "out" / NAME).read_bytes())
    bench = json.loads(json.dumps(BENCH))
    change(bench)
    with pytest.raises(JournalError) as caught:
        runner.run(loaded(tmp_path, bench), out, resume=True, limit=limit)
    assert str(caught.value).splitlines() == [
        f"{out} holds a run that would have answered differently:",
        *(f"  {line}" for line in lines),
        "choose another folder with --out, or undo the change",
    ]
    assert (out / NAME).read_bytes() == (begun / "out" / NAME).read_bytes()


def test_files_that_changed_are_named_with_their_digests(tmp_path: Path) -> None:
    bench = {**BENCH, "prompts": ["more.jsonl"], "candidates": [{"replay": {"path": "said.jsonl"}}],
             "release": ["replay"], "slices": ["lang"], "gates": []}  # fmt: skip
    (tmp_path / "said.jsonl").write_text('{"id": "more", "text": "one"}\n', "utf-8")
    runner.run(loaded(tmp_path, bench), tmp_path / "out")
    (tmp_path / "said.jsonl").write_text('{"id": "more", "text": "two"}\n', "utf-8")
    write(tmp_path, bench)
    (tmp_path / "more.jsonl").write_text('{"id": "more", "prompt": "Another one?"}\n', "utf-8")
    with pytest.raises(JournalError) as caught:
        runner.run(config.load(tmp_path / "bench.yaml"), tmp_path / "out", resume=True)
    lines = str(caught.value).splitlines()[1:-1]
    assert [line.partition(":")[0] for line in lines] == ["  candidates.replay.sha256", "  prompts more.jsonl"]
    assert all(len(line.split(" -> ")[1]) == len("12345678..") for line in lines)


def test_two_prompt_files_of_one_name(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for place, name in (("a.jsonl", "a"), ("sub/a.jsonl", "b")):
        (tmp_path / place).write_text(json.dumps({"id": name, "prompt": f"{name}?"}) + "\n", "utf-8")
    bench = {**BENCH, "prompts": ["a.jsonl", "sub/a.jsonl"], "slices": ["lang"], "gates": []}
    runner.run(loaded(tmp_path, bench), tmp_path / "out")
    for prompts, words in (
        (["sub/a.jsonl", "a.jsonl"], "prompts a.jsonl #2: sha256: "),
        (["a.jsonl"], "prompts a.jsonl #2: removed"),
    ):
        with pytest.raises(JournalError) as caught:
            runner.run(loaded(tmp_path, {**bench, "prompts": prompts}), tmp_path / "out", resume=True)
        assert words in str(caught.value)


def test_prompt_files_in_another_order_and_under_other_names(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / f"{name}.jsonl").write_text(json.dumps({"id": "ab"[name == "b"], "prompt": "?"}) + "\n", "utf-8")
    (tmp_path / "c.jsonl").write_bytes((tmp_path / "b.jsonl").read_bytes())
    bench = {**BENCH, "prompts": ["a.jsonl", "b.jsonl"], "slices": ["lang"], "gates": []}
    runner.run(loaded(tmp_path, bench), tmp_path / "out")
    runner.run(loaded(tmp_path, {**bench, "prompts": ["a.jsonl", "c.jsonl"]}), tmp_path / "out")
    with pytest.raises(JournalError, match=r"\n  prompts: the same files in another order, b\.jsonl, a\.jsonl\n"):
        runner.run(loaded(tmp_path, {**bench, "prompts": ["b.jsonl", "a.jsonl"]}), tmp_path / "out", resume=True)


def test_a_start_that_came_to_nothing_asks_for_nothing(tmp_path: Path) -> None:
    """A key that is wrong, a model that is missing: nothing was answered, so the folder is free for another run."""
    bench = {
        **BENCH,
        "candidates": [{"python": {"call": HERE + "test_every_field_of_a_bench_is_classified"}}],
        "release": None,
        "gates": [],
    }
    with pytest.raises(Exception, match="cannot be called"):
        runner.run(loaded(tmp_path, bench), tmp_path / "out")
    done = runner.run(loaded(tmp_path, BENCH), tmp_path / "out")
    assert done.exit_code in (0, 3)
    assert len(done.rows) == 12


def test_a_start_that_came_to_nothing_keeps_its_masks(tmp_path: Path) -> None:
    """The same bench begun again is the same run: its key, by which masked values can be told apart, stays."""
    runner.run(loaded(tmp_path, BENCH), tmp_path / "out")
    lines = (tmp_path / "out" / NAME).read_bytes().splitlines(keepends=True)
    ready = next(i for i, line in enumerate(lines) if b'"ready"' in line)
    (tmp_path / "out" / NAME).write_bytes(b"".join(lines[: ready + 1]))
    runner.run(loaded(tmp_path, BENCH), tmp_path / "out")
    assert (tmp_path / "out" / NAME).read_bytes().splitlines(keepends=True)[: ready + 1] == lines[: ready + 1]


def test_the_journal_says_nothing_of_where_things_lie(begun: Path) -> None:
    assert str(begun).encode() not in (begun / "out" / NAME).read_bytes()


def test_what_is_read_of_files_is_read_once_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from aigc_eval.generators.template import Template

    looked: list[str] = []
    monkeypatch.setattr(Template, "facts", lambda self: looked.append("") or {})
    runner.run(loaded(tmp_path, BENCH), tmp_path / "out")
    assert len(looked) == 1
