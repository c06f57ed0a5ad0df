"""Seen elsewhere: results served for another model, another draw, another prompt; caches of failures and of code."""

from __future__ import annotations

import ast
import inspect
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from aigc_eval import huggingface, registry, runner
from aigc_eval.calls import Budget, Limits, Price
from aigc_eval.config import Bench, Named
from aigc_eval.config.standards import read_standard, shipped
from aigc_eval.errors import JournalError
from aigc_eval.journal import NAME, Journal
from aigc_eval.plugin import Generator, Plugin
from aigc_eval.records import Accuracy, Adopted, Generation, Prompt, Request, ScorerCard, digest
from tests.seen_elsewhere.small import Marked, Says, bench, named, prompts

ROOT = Path(runner.__file__).parent
PLUGINS = [(kind, name) for kind in ("generator", "scorer") for name in sorted(registry.entries(kind))]
KEY = {"api_key_env"}
RUNTIME = {
    **dict.fromkeys(("claims", "guard", "openai_compatible", "refusal_judge", "toxicity_judge"), KEY),
    "anthropic": KEY,
    "command": {"depends", "in_flight", "processes"},
    "http": {"api_key_env", "key_header", "key_prefix"},
    "python": {"depends"},
}
"""Options that decide no result, each on purpose; `depends` are files whose content counts, not their names."""


class _Other:
    """A value that no option has."""

    def __str__(self) -> str:
        return "another value"


@pytest.mark.parametrize(("kind", "name"), PLUGINS, ids=[name for _, name in PLUGINS])
def test_every_option_is_part_of_the_key_or_left_out_on_purpose(
    kind: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """lm-evaluation-harness 4063: the cache's key lacked the model; 3881: it lacked the
    sampling parameters; promptfoo 7467. After inspect_ai's test_generate_config_fields_classified."""
    monkeypatch.setattr(huggingface, "fingerprint", str)
    monkeypatch.setattr(huggingface, "label", str)
    plugin: type[Plugin] = registry.entries(kind)[name].load()
    options = [f for f in fields(plugin) if f.init]

    def made(changed: str = "") -> dict[str, object]:
        one = object.__new__(plugin)
        for option in options:
            object.__setattr__(one, option.name, _Other() if option.name == changed else f"{option.name}?")
        return Plugin.options(one)

    silent = {option.name for option in options if str(made(option.name)) == str(made())}
    assert silent == RUNTIME.get(name, set())
    # Plug-ins may add to what counts, never take away.
    assert "super().options()" in inspect.getsource(plugin.options) or plugin.options is Plugin.options
    assert plugin.identity is Plugin.identity
    assert plugin.made_of is Plugin.made_of


@pytest.mark.parametrize(
    ("kind", "identity", "runtime"),
    [
        (Bench, {"prompt_sets", "candidates", "samples", "seed", "source"},
         {"name", "path", "scorers", "release", "slices", "policy", "formats", "languages", "digest", "places",
          "standards", "edition", "cards"}),
        (Named, {"name", "plugin"}, {"note", "limits", "price", "budget"}),
        (Limits, set(), {"concurrency", "requests_per_minute", "tokens_per_minute", "timeout", "deadline", "attempts",
                         "backoff", "longest_wait", "outage", "max_tokens_total", "max_cost"}),
        (Budget, set(), {"seconds", "memory_gib"}),
        (Price, set(), {"input", "output", "currency"}),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)  # fmt: skip
def test_every_field_of_a_bench_is_part_of_a_runs_identity_or_left_out_on_purpose(
    kind: Any, identity: set[str], runtime: set[str]
) -> None:
    """The same: a field that nobody has put on either list fails here until somebody does."""
    assert {f.name for f in fields(kind)} == identity | runtime
    assert not identity & runtime
    if kind is Bench:
        other = {
            "prompt_sets": bench(Says(), given=prompts(3)).prompt_sets,
            "candidates": named(Says(otherwise="x")),
            "samples": 2,
            "seed": 1,
            "source": {"prompts": [{"path": "p.jsonl", "tags": {"a": "b"}}]},
            "name": "n",
            "path": Path("x"),
            "scorers": named(Marked(mark="x")),
            "release": ("c0",),
            "slices": ("lang",),
            "policy": bench(Says(), limits=["s0.rate <= 1"]).policy,
            "formats": ("csv",),
            "languages": ("zh",),
            "digest": "1",
            "places": {"": "bench.yaml:1"},
            "edition": "public",
            "cards": (ScorerCard("s0", "rate", "00", "s", "d", "0" * 64, "2027-01-01T00:00:00Z", (Accuracy(),)),),
            "standards": (Adopted(read_standard(shipped()["owasp-llm-2025"])[0], ""),),
        }
        given = bench(Says())
        for name, value in other.items():
            new: dict[str, Any] = {name: value}
            changed = replace(given, **new)
            if name == "prompt_sets":  # a set counts by its file's content
                changed = replace(given, prompt_sets=(replace(given.prompt_sets[0], sha256="1" * 64),))
            assert (changed.identity() != given.identity()) == (name in identity), name


def test_one_models_answers_are_not_served_for_another(tmp_path: Path) -> None:
    """lm-evaluation-harness 4063, through a whole run: in one run, and in the folder of another run."""
    done = runner.run(bench(Says(otherwise="a"), Says(otherwise="b")), tmp_path)
    assert done.rows.groupby("candidate")["text"].unique().map(list).to_dict() == {"c0": ["a"], "c1": ["b"]}
    for others in ((Says(otherwise="a"), Says(otherwise="c")), (Says(otherwise="b"), Says(otherwise="a"))):
        with pytest.raises(JournalError, match="candidates"):
            runner.run(bench(*others), tmp_path, resume=True)


@pytest.mark.parametrize("limit", [None, 10, 20])
def test_a_run_over_other_prompts_is_not_resumed(tmp_path: Path, limit: int | None) -> None:
    """inspect_ai: a retry with another shuffle or limit reused the wrong samples."""
    runner.run(bench(Says()), tmp_path, limit=15)
    with pytest.raises(JournalError, match="limit"):
        runner.run(bench(Says()), tmp_path, limit=limit, resume=True)


@dataclass(frozen=True)
class Numbered(Generator):
    """Another answer at every call; it breaks off where it is told to."""

    calls: ClassVar[int] = 0
    dies_at: ClassVar[int] = 10**9
    batch_size: ClassVar[int] = 1

    def generate(self, batch: Sequence[Request]) -> list[Generation]:
        type(self).calls += 1
        if type(self).calls >= type(self).dies_at:
            raise KeyboardInterrupt
        return [r.answer(f"{r.prompt.id}/{r.sample} call {type(self).calls}") for r in batch]


def test_two_prompts_with_one_text_and_draws_of_one_prompt_stay_apart(tmp_path: Path) -> None:
    """promptfoo 7606: duplicate (testIdx, promptIdx) made resume skip the wrong steps; 360 and lm-evaluation-harness
    3046: repeats came from the cache and were one."""
    twins = tuple(Prompt(f"p{i}", "The same question?") for i in range(20))

    class Own(Numbered):
        calls = 0
        dies_at = 31

    given = bench(Own(), given=twins, samples=3, formats=["json"])
    with pytest.raises(KeyboardInterrupt):
        runner.run(given, tmp_path)
    Own.dies_at = 10**9
    done = runner.run(given, tmp_path, resume=True)
    assert done.rows["text"].nunique() == len(done.rows) == 60
    said = [text.partition(" ")[0] for text in done.rows["text"]]
    assert said == [f"p{i}/{sample}" for i in range(20) for sample in range(3)]
    assert Own.calls == 61, "thirty answers were kept, one call died"


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_size_of_batches_is_nothing_to_the_results(tmp_path: Path, size: int) -> None:
    """lm-evaluation-harness README:677: a cache is valid only at the same rank count."""

    class Sized(Says):
        batch_size: ClassVar[int] = 13

    class SizedScorer(Marked):
        batch_size: ClassVar[int] = 13

    given = bench(Sized({"p3": "bad"}), scorers=[SizedScorer()], samples=2)
    first = runner.run(given, tmp_path)
    before = (tmp_path / "rows.csv").read_bytes()
    Sized.batch_size = SizedScorer.batch_size = size
    again = runner.run(given, tmp_path, resume=True)
    assert (tmp_path / "rows.csv").read_bytes() == before
    assert [c.identity for c in again.candidates] == [c.identity for c in first.candidates]


def test_scorers_of_one_kind_have_columns_of_their_own(tmp_path: Path) -> None:
    """promptfoo 10981: on resume, duplicate columns shared one metric."""

    class Breaks(Marked):
        down: ClassVar[bool] = True

        def score(self, batch: Sequence[Generation]) -> list[Any]:
            if type(self).down and self.mark == "bad":
                raise KeyboardInterrupt
            return super().score(batch)

    given = bench(
        Says({"p1": "bad", "p2": "ugly"}), scorers=[Breaks(mark="ugly"), Breaks(mark="bad"), Marked(mark="ugly")]
    )
    with pytest.raises(KeyboardInterrupt):
        runner.run(given, tmp_path)
    Breaks.down = False
    done = runner.run(given, tmp_path, resume=True)
    assert [done.rows[name].tolist().index(1.0) for name in ("s0", "s1", "s2")] == [2, 1, 2]
    assert runner.load(tmp_path).rows["s1"].tolist() == done.rows["s1"].tolist()


def test_parts_of_a_key_cannot_run_together() -> None:
    """inspect_ai model/_cache.py: the key was the MD5 of fields joined with "|"."""
    ways: list[tuple[Any, ...]] = [
        ("a|b", "c"), ("a", "b|c"), ("a", "b", "c"), ("a|b|c",), (["a", "b"], "c"), ("a", ["b", "c"]), ('a","b', "c"),
        (1, 2), ("1", "2"), (12,), ("1", 2), (None,), ("None",), ("null",), (True,), ("true",), (1,), ("",), (),
    ]  # fmt: skip
    assert len({digest(*way) for way in ways}) == len(ways)


COUNT = """
import sys
sys.path.insert(0, {root!r})
from aigc_eval.prompts import load
from aigc_eval.answering import draws
from pathlib import Path
found = load(Path("p.jsonl"), {{"id": "#", "prompt": "q"}})
requests, digests = draws(found.prompts, 2, 7)
print([p.id for p in found.prompts], [r.seed for r in requests], digests)
"""


def test_ids_seeds_and_keys_are_the_same_in_every_process(tmp_path: Path) -> None:
    """inspect_ai 4459: auto_id with shuffle gave other ids each time, and resuming mixed samples up."""
    (tmp_path / "p.jsonl").write_text("".join(json.dumps({"q": f"Question {i}?"}) + "\n" for i in range(9)), "utf-8")
    told = {
        subprocess.run(
            [sys.executable, "-c", COUNT.format(root=str(ROOT.parent))],
            cwd=tmp_path,
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, zone in (("0", "UTC"), ("1", "Asia/Shanghai"), ("random", "America/New_York"))
    }
    assert len(told) == 1
    assert "'9'" in told.pop()


@dataclass(frozen=True)
class Sentinel:
    """What a pickle makes of itself when it is read."""

    path: str

    def __reduce__(self) -> Any:
        return (open, (self.path, "w"))


@pytest.mark.parametrize("where", ["whole", "line", "field"])
def test_what_lies_in_a_cache_is_data_and_never_code(tmp_path: Path, where: str) -> None:
    """inspect_ai's response cache is pickle (model/_cache.py); lm-evaluation-harness calls `dill.loads` on its own."""
    touched = tmp_path / "touched"
    code = pickle.dumps(Sentinel(str(touched)), protocol=0)
    runner.run(bench(Says(), formats=["json"]), tmp_path)
    journal = tmp_path / NAME
    lines = journal.read_bytes().split(b"\n")
    if where == "whole":
        journal.write_bytes(code)
    elif where == "line":
        journal.write_bytes(b"\n".join([*lines[:-1], code.replace(b"\n", b" "), b""]))
    else:
        body = json.loads(lines[-3][33:]) | {"data": code.decode("latin-1")}
        journal.write_bytes(b"\n".join([*lines[:-3], lines[-3][:33] + json.dumps(body).encode(), *lines[-2:]]))
    if where == "whole":
        journal.write_bytes(code + b"\n")
    with pytest.raises(JournalError):
        runner.run(bench(Says(), formats=["json"]), tmp_path, resume=True)
    assert not touched.exists()


def test_nothing_reads_code_from_a_file() -> None:
    """The same, and segmentation_models.pytorch PR 1393: torch.hub loads pickles even where torch.load would not.

    A scorer's own process gets it, pickled, from the process that started it; nothing else in the house reads a pickle.
    """
    banned = {"pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "sqlite3", "dbm", "jsonpickle"}
    found = set()
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found |= {(path.relative_to(ROOT).parts[0], name) for name in names if name.split(".")[0] in banned}
            if isinstance(node, ast.Call):
                called, given = ast.unparse(node.func), {k.arg: ast.unparse(k.value) for k in node.keywords}
                assert not called.startswith("torch.hub.load"), path
                assert called != "torch.load" or given.get("weights_only") == "True", path
    assert found <= {("engines", "pickle")}


def test_a_failed_score_or_answer_is_asked_again_and_a_good_one_is_not(tmp_path: Path) -> None:
    """promptfoo PR 8070, 3009 and 706: error bodies were cached for 14 days; inspect_ai 0.3.260: every retry replayed
    them."""

    class Flaky(Numbered):
        calls = 0
        down: ClassVar[bool] = True

        def generate(self, batch: Sequence[Request]) -> list[Generation]:
            if type(self).down and batch[0].prompt.id in ("p3", "p4"):
                return [batch[0].answer("<html>502</html>", "error", error="server")]
            return super().generate(batch)

    first = runner.run(bench(Flaky()), tmp_path)
    assert list(first.rows["s0:status"]).count("failed") == 2
    with Journal(tmp_path, write=False) as journal:
        assert len(journal) == 80
    Flaky.down = False
    again = runner.run(bench(Flaky()), tmp_path, resume=True)
    assert list(again.rows["s0:status"]).count("failed") == 0
    assert Flaky.calls == 40
