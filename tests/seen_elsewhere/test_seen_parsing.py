"""Seen elsewhere: input that was read as something else, or that broke the reader."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from aigc_eval import config, gates, runner, yaml_file
from aigc_eval.errors import AigcEvalError, ConfigError, DataError, UsageError
from aigc_eval.prompts import load
from aigc_eval.records import Prompt, Score
from aigc_eval.tables import read
from tests.seen_elsewhere.small import Says, bench, command, write


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("p.jsonl", '{"id": 1, "prompt": "a", "prompt": "b"}'),
        ("p.jsonl", '{"id": 1, "prompt": "a", "fields": {"x": 1, "x": 2}}'),
        ("p.jsonl", '{"id": 1, "prompt": "a", "\\u0069d": 2}'),
        ("p.yaml", "- {id: 1, prompt: a, 'prompt': b}"),
        ("p.csv", "id,prompt,prompt\n1,a,b"),
    ],
)
def test_no_value_of_a_key_that_stands_twice_is_chosen(tmp_path: Path, name: str, content: str) -> None:
    """Python's json keeps the last of duplicate keys, PyYAML too; csv.DictReader as well."""
    (tmp_path / name).write_text(content, "utf-8")
    with pytest.raises(DataError, match=r"twice|two columns"):
        load(tmp_path / name)


@pytest.mark.parametrize("written", ["NaN", "nan", "inf", "-inf", "Infinity", "1e999", "NaN %"])
def test_texts_that_float_reads_as_no_number_are_refused_everywhere(tmp_path: Path, written: str) -> None:
    """inspect_ai: the texts "nan" and "inf" poisoned accuracy; Python's json reads and writes NaN by default."""
    with pytest.raises(ValueError, match="gate"):
        gates.parse(f"s.m <= {written}")
    with pytest.raises(ValueError, match="finite number"):
        Score(written)  # type: ignore[arg-type]
    (tmp_path / "p.jsonl").write_text(f'{{"id": 1, "prompt": "a", "x": {written}}}', "utf-8")
    with pytest.raises(DataError):
        read(tmp_path / "p.jsonl")
    recorded = json.dumps({"id": "p0", "text": "a", "seconds": written})
    path = write(tmp_path, {"candidates": [{"replay": {"path": "r.jsonl"}}], "scorers": ["cost"]}, 1, r__jsonl=recorded)
    with pytest.raises(AigcEvalError):
        runner.run(config.load(path), tmp_path / "out")


@pytest.mark.parametrize("depth", [90, 110, 900, 990, 100_000])
@pytest.mark.parametrize("name", ["p.jsonl", "p.json", "p.yaml"])
def test_depth_is_an_error_with_a_line_and_never_a_crash(tmp_path: Path, name: str, depth: int) -> None:
    """Python's json: RecursionError on depth, or later, when such a value is printed or copied."""
    value = "[" * depth + "]" * depth
    line = f'{{"id": 1, "prompt": "a", "fields": {{"x": {value}}}}}'
    (tmp_path / name).write_text({"p.json": f"[{line}]", "p.yaml": f"- {line}"}.get(name, line), "utf-8")
    if depth < 100 and name != "p.yaml":
        assert load(tmp_path / name).prompts[0].fields == {"x": value}
    else:
        with pytest.raises(DataError, match=r":1: .*nested"):
            load(tmp_path / name)


def test_digits_without_end_are_an_error_with_a_line(tmp_path: Path) -> None:
    """Python: ValueError for more than 4,300 digits, which is no JSONDecodeError."""
    (tmp_path / "p.jsonl").write_text('{"id": 1, "prompt": "a"}\n{"id": ' + "7" * 5_000 + ', "prompt": "b"}\n', "utf-8")
    with pytest.raises(DataError, match=r"p\.jsonl:2: .*5,000 digits"):
        load(tmp_path / "p.jsonl")


@pytest.mark.parametrize("char", ["\u2028", "\u2029", "\x85", "\x1c", "\x1d", "\x1e", "\x0b", "\x0c"])
def test_a_record_is_not_cut_at_what_only_splitlines_takes_for_a_line(tmp_path: Path, char: str) -> None:
    """str.splitlines cut one record into five, in every tool that reads JSON lines with it."""
    escaped = json.dumps({"id": 1, "prompt": f"a{char}b"})
    raw = f'{{"id": 2, "prompt": "a{char}b"}}'
    allowed = char >= "\x20"
    (tmp_path / "p.jsonl").write_text(escaped + "\n" + (raw if allowed else "") + "\n", "utf-8")
    assert [p.text for p in load(tmp_path / "p.jsonl").prompts] == [f"a{char}b"] * (1 + allowed)


def test_an_alias_bomb_is_refused_before_anything_walks_it() -> None:
    """PyYAML 235, js-yaml 742: 308 bytes that are 269 MB as soon as somebody prints, hashes or dumps them."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]
    started = time.process_time()
    document = yaml_file.parse("\n".join(lines))
    assert document.problems
    assert len(str(document.root.plain())) < 10_000
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    "tag",
    ["!function harm.run", "!!python/object/apply:os.system [touch x]", "!!python/name:os.system", "!include x.yaml"],
)
def test_no_tag_of_a_bench_or_a_prompt_set_names_code(tmp_path: Path, tag: str) -> None:
    """lm-evaluation-harness tasks/_yaml_loader.py:88: `!function` imports the module that lies beside the YAML."""
    (tmp_path / "harm.py").write_text(f"open({str(tmp_path / 'touched')!r}, 'w')\ndef run(): pass\n", "utf-8")
    (tmp_path / "p.yaml").write_text(f"- id: 1\n  prompt: {tag}\n", "utf-8")
    with pytest.raises(DataError, match="tag"):
        load(tmp_path / "p.yaml")
    (tmp_path / "bench.yaml").write_text(f"name: b\nprompts: [p.yaml]\ncandidates: [echo]\nscorers: {tag}\n", "utf-8")
    with pytest.raises(ConfigError, match="tag"):
        config.load(tmp_path / "bench.yaml")
    assert not (tmp_path / "touched").exists()


def test_ids_that_occur_twice_are_refused_in_one_set_and_across_sets(tmp_path: Path) -> None:
    """inspect_ai: duplicate sample ids caused "several downstream problems"; now they are rejected there too."""
    line = '{"id": 1, "prompt": "a"}\n'
    (tmp_path / "a.jsonl").write_text(line + line.replace("1", '"1"'), "utf-8")
    with pytest.raises(DataError, match="also the id"):
        load(tmp_path / "a.jsonl")
    for name in ("b.jsonl", "c.jsonl"):
        (tmp_path / name).write_text(line, "utf-8")
    path = write(tmp_path, {"prompts": ["b.jsonl", "c.jsonl"], "candidates": ["echo"], "scorers": ["fluency"]})
    with pytest.raises(ConfigError, match=r"'1' is also in b\.jsonl"):
        config.load(path)


def test_halves_of_surrogate_pairs_survive_a_whole_run(tmp_path: Path) -> None:
    """inspect_ai, several releases: lone surrogates broke JSON; with ensure_ascii=False only at the end of the run."""
    halves = "\ud800 x \udfff 好"
    given = [Prompt(f"{halves}{i}", f"{halves}?", tags={"kind": halves}, references=(halves,)) for i in range(12)]
    done = runner.run(bench(Says(otherwise=halves), given=given, slices=("kind",)), tmp_path)
    assert done.exit_code == 0
    loaded = runner.load(tmp_path)
    assert loaded.rows["text"].tolist() == [halves] * 12
    assert loaded.rows["prompt"].tolist() == [p.id for p in given]
    for path in (p for p in tmp_path.iterdir() if p.suffix != ".parquet"):
        path.read_bytes().decode("utf-8")


@pytest.mark.parametrize("slip", ["treshold", "gate", "scorer", "Gates", "gates "])
def test_a_misspelt_key_does_not_switch_a_gate_off(tmp_path: Path, slip: str) -> None:
    """promptfoo and others: an unknown key was ignored, and with it the threshold."""
    path = write(tmp_path, {"candidates": ["echo"], "scorers": ["fluency"], slip: ["fluency.repetition_rate <= 0"]})
    with pytest.raises(ConfigError, match=slip.strip()):
        config.load(path)
    assert command(tmp_path, "run", "bench.yaml", "--out", "out").returncode == 2


@pytest.mark.parametrize(
    ("written", "value"),
    [("no", "no"), ("on", "on"), ("NO", "NO"), ("12:30", "12:30"), ("1_000", "1_000"), ("2026-01-01", "2026-01-01"),
     ("1e3", 1000.0), ("=", "=")],
)  # fmt: skip
def test_yaml_texts_stay_texts(written: str, value: Any) -> None:
    """The Norway problem of YAML 1.1: `lang: no` is False, 12:30 is 750, a date is an object, 1e3 is a text."""
    document = yaml_file.parse(f"a: {written}")
    assert not document.problems
    found = document.root.plain()["a"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("written", ["010", "0o10", "0x1F", "0b11", ".inf", ".nan", "1e999"])
def test_yaml_numbers_that_versions_read_differently_are_refused(written: str) -> None:
    """YAML 1.1 reads 010 as eight, 1.2 as ten."""
    assert yaml_file.parse(f"a: {written}").problems


@pytest.mark.parametrize("name", ["p.csv", "p.tsv"])
def test_a_row_with_a_value_too_many_or_too_few_is_refused(tmp_path: Path, name: str) -> None:
    """csv.DictReader puts what is too many under None and fills what is missing with None."""
    mark = "," if name == "p.csv" else "\t"
    for cells in (["1", "a", "b"], ["1"]):
        (tmp_path / name).write_text(f"id{mark}prompt\n{mark.join(cells)}\n", "utf-8")
        with pytest.raises(DataError, match=":2: "):
            read(tmp_path / name)


def test_a_key_without_a_value_is_not_the_default(tmp_path: Path) -> None:
    """YAML: an empty `gates:` reads as null, which many tools take for "not given"."""
    path = write(tmp_path, {"candidates": ["echo"], "scorers": ["fluency"], "gates": None})
    with pytest.raises(UsageError):
        config.load(path)
