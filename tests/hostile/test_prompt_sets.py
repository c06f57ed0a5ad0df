"""Prompt sets from strangers: what is no JSON, YAML or Parquet is refused with its line, and no record gets lost."""

from __future__ import annotations

import gzip
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aigc_eval.errors import DataError, UsageError
from aigc_eval.prompts import load
from aigc_eval.records import Prompt
from aigc_eval.tables import read

GOOD = b'{"id": 1, "prompt": "a"}\n'

# -- RFC 8259 ---------------------------------------------------------------------------------------------------------
# The classes of JSONTestSuite (N. Seriot, "Parsing JSON is a minefield", 2016), written out by hand: y_ must be
# accepted, n_ must be refused, i_ may be either.

NOT_VALUES = [
    # numbers
    b"+1", b"-", b"- 1", b"--1", b"-01", b"012", b"00", b"-.5", b".5", b"1.", b"1.e3", b"1e", b"1e+", b"1eE2", b"1E+-2",
    b"1e1.5", b"0x1F", b"0b1", b"0o7", b"1_000", b"1,000", b"1 000", b"1f", b"1L", b"1n", b"\xd9\xa1",
    b"\xef\xbc\x91", b"NaN", b"-NaN", b"nan", b"Infinity", b"-Infinity", b"+Infinity", b"inf", b"Inf", b"1e999",
    b"-1e999",
    # literals
    b"True", b"TRUE", b"tru", b"truee", b"False", b"None", b"nul", b"NULL", b"undefined", b"abc",
    # texts
    b"'a'", b'"a', b'a"', b'"\\a"', b'"\\x41"', b'"\\u12"', b'"\\u12G4"', b'"\\U0041"', b'"\\ud800\\u"',
    b'"\\"', b'"\\',
    b'"\t"', b'"\x01"', b'"\x1f"', b'"a"b', b'"a" "b"', b'"a\\\x00"', b"`a`", b'\xe2\x80\x9ca\xe2\x80\x9d',
    # bytes that are no UTF-8: lone continuation, overlong, surrogate, above U+10FFFF, Latin-1, cut off
    b'"\x80"', b'"\xc0\xaf"', b'"\xe0\x80\xaf"', b'"\xed\xa0\x80"', b'"\xf4\x90\x80\x80"', b'"\xe9"',
    b'"\xe4\xb8"', b'"\xff"',
    # lists and objects
    b"[1,]", b"[,1]", b"[1,,2]", b"[1 2]", b"[1;2]", b"[1", b"1]", b"[", b"[]]", b"[1}", b"{", b"{]", b"{,}",
    b'{"a"}', b'{"a":}', b'{"a" 1}', b'{"a"::1}', b'{"a":1,}', b'{,"a":1}', b'{a:1}', b"{'a':1}", b"{1:1}", b'{null:1}',
    b'{"a":1 "b":2}', b'{"a":1;"b":2}', b'{"a":1,"a":2}', b'{"a":1,"\\u0061":2}',
    # comments and white space that is none
    b"1 // x", b"/* x */ 1", b"1 # x", b"<!-- -->", b"\xc2\xa01", b"\xe2\x80\xa81", b"\x0c1",
    b"\x0b1", b"\xe3\x80\x801",
    b"\xef\xbb\xbf1", b"\x00",
    # what breaks parsers
    b"[" * 100_000, b'{"a":' * 100_000, b"[" * 101 + b"]" * 101, b"9" * 5_000, b"", b"1 1", b"*", b"{}}",
]  # fmt: skip
NOT_LINES = [
    b'{"id": 2, "prompt": "b"', b'"id": 2, "prompt": "b"}', b'{"id": 2, "prompt": "b"},', b'{"id": 2, "prompt": "b"}}',
    b'{"id": 2, "prompt": "b"} {"id": 3, "prompt": "c"}', b'{"id": 2, "prompt": "b", "id": 3}',
    b'{"id": 2, "prompt": "b", "prompt": "c"}', b'\xef\xbb\xbf{"id": 2, "prompt": "b"}', b'x{"id": 2, "prompt": "b"}',
    b'{"id": 2, "prompt": "b"}\x00', b'\x1e{"id": 2, "prompt": "b"}', b'data: {"id": 2, "prompt": "b"}',
    b'\xff\xfe{\x00}\x00', b"{\x00}\x00", b'\xc2\x85{"id": 2, "prompt": "b"}', b"id,prompt", b"- id: 2",
    b"<html>", b"\x1f\x8b",
]  # fmt: skip
VALUES = [
    b"0", b"-0", b"-1", b"1.5", b"1E5", b"1e-5", b"1.0e+10", b"123456789012345678901234567890", b"true",
    b"false", b"null",
    b"[]", b"[[],[[]]]", b"{}", b'{"":0}', b'{"a":1,"A":2}', b'""', b'"\\u0000"', b'"\\u2028"', b'"\\ud83d\\ude00"',
    b'"\\/\\b\\f\\n\\r\\t\\"\\\\"', b'"\xe2\x80\xa8\xe2\x80\xa9"', b'"\xc2\x85"', b'"\x7f"',
    b'"\xef\xbf\xbe"', b'"\xef\xbb\xbf"',
    b'"\xf0\x9f\x98\x80"', b" \t1 \t", b"[" * 50 + b"]" * 50,
]  # fmt: skip
EITHER = [b'"\\ud800"', b'"\\udfff\\ud800"', b"1e-400", b"0." + b"1" * 4_000, b"9" * 4_000, b"-1e308"]


def record(value: bytes) -> bytes:
    return b'{"id": 2, "prompt": "b", "references": ' + value + b"}"


def refused(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        load(path)
    return str(caught.value)


def ids(cases: list[bytes]) -> list[str]:
    return [f"{i}-{case[:20]!r}" for i, case in enumerate(cases)]


def test_there_are_enough_cases() -> None:
    assert len({*NOT_VALUES}) >= 60


@pytest.mark.parametrize("line", [*map(record, NOT_VALUES), *NOT_LINES], ids=ids([*NOT_VALUES, *NOT_LINES]))
def test_what_is_no_json_is_refused_with_its_line(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "p.jsonl"
    path.write_bytes(GOOD + line + b"\n" + GOOD.replace(b"1", b"3"))
    (told,) = refused(path).splitlines()
    assert told.startswith(f"{path}:2: ")
    assert "not valid JSON" in told or "UTF-8" in told
    kept = load(path, allow_bad=1)
    assert [p.id for p in kept.prompts] == ["1", "3"]
    assert [p.line for p in kept.left_out] == [2]


@pytest.mark.parametrize("value", NOT_VALUES, ids=ids(NOT_VALUES))
def test_it_is_refused_inside_an_array_too(tmp_path: Path, value: bytes) -> None:
    path = tmp_path / "p.json"
    path.write_bytes(b"[\n" + GOOD + b",\n" + record(value) + b"\n]")
    told = refused(path)
    assert f"{path}:4: " in told or f"{path}:5: " in told  # a bracket that is missing is missed on the next line
    with pytest.raises(DataError):  # where one record ends and the next begins is unknown
        load(path, allow_bad=1000)


@pytest.mark.parametrize("value", VALUES, ids=ids(VALUES))
def test_what_is_json_is_read(tmp_path: Path, value: bytes) -> None:
    (tmp_path / "p.jsonl").write_bytes(b'{"v": ' + value + b"}\n")
    assert read(tmp_path / "p.jsonl").records == ({"v": json.loads(value)},)


@pytest.mark.parametrize("value", EITHER, ids=ids(EITHER))
def test_what_may_be_either_is_a_record_or_an_error(tmp_path: Path, value: bytes) -> None:
    path = tmp_path / "p.jsonl"
    path.write_bytes(record(value))
    found: tuple[Prompt, ...] = ()
    told = ""
    try:
        found = load(path).prompts
    except DataError as error:
        told = str(error)
    assert [len(p.references) for p in found] == [1] if not told else told.startswith(f"{path}:1: ")


# -- lines ------------------------------------------------------------------------------------------------------------

BREAKS = "a\u2028b\u2029c\u0085d\x0be\x0cf\x1cg\x1dh\x1ei\rj"


def test_only_a_line_feed_ends_a_record(tmp_path: Path) -> None:
    """`str.splitlines` makes eleven lines of this text."""
    raw = BREAKS.replace("\x0b", "").replace("\x0c", "").replace("\r", "")
    for control in "\x1c\x1d\x1e":
        raw = raw.replace(control, "")
    (tmp_path / "p.jsonl").write_text(f'{{"id": 1, "prompt": "{raw}"}}\n' + json.dumps({"id": 2, "prompt": BREAKS}))
    assert [p.text for p in load(tmp_path / "p.jsonl").prompts] == [raw, BREAKS]
    (tmp_path / "p.csv").write_bytes(f'id,prompt\n1,"{BREAKS}"\n2,x\n'.encode())
    assert [p.text for p in load(tmp_path / "p.csv").prompts] == [BREAKS, "x"]
    (tmp_path / "p.yaml").write_text(f"- id: 1\n  prompt: {json.dumps(BREAKS)}\n")
    assert [p.text for p in load(tmp_path / "p.yaml").prompts] == [BREAKS]


@pytest.mark.parametrize("char", ["\u0085", "\u2028", "\u2029"])
def test_yaml_versions_disagree_on_some_line_breaks(tmp_path: Path, char: str) -> None:
    """YAML 1.1, which the parser speaks, folds U+0085 inside a quoted text into a space."""
    path = tmp_path / "p.yaml"
    path.write_text(f'- id: 1\n  prompt: "a{char}b"\n', "utf-8")
    assert f"{path}:2: YAML versions disagree on U+{ord(char):04X}" in refused(path)


def test_a_huge_line_is_one_record(tmp_path: Path) -> None:
    text = "好 x" * 3_000_000
    (tmp_path / "p.jsonl").write_text(json.dumps({"id": 1, "prompt": text}, ensure_ascii=False) + "\n")
    assert load(tmp_path / "p.jsonl").prompts[0].text == text


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"])
@pytest.mark.parametrize("name", ["p.jsonl", "p.json", "p.csv", "p.yaml"])
def test_other_encodings_are_named(tmp_path: Path, name: str, encoding: str) -> None:
    text = {"p.csv": "id,prompt\n1,a\n", "p.yaml": "- id: 1\n  prompt: a\n"}.get(name, GOOD.decode())
    (tmp_path / name).write_bytes(text.encode(encoding))
    assert "UTF-8" in refused(tmp_path / name) or "U+0000" in refused(tmp_path / name)


# -- bad records that may be left out ---------------------------------------------------------------------------------

MIXED = [
    GOOD.strip(), b"{", b'{"id": 2}', b'{"id": 3, "prompt": "c"}', b"", b'{"prompt": "no id"}', b"\xff", b"[1]",
    b'{"id": 4, "prompt": {"x": 1}}', b'{"id": 5, "prompt": "e"}',
]  # fmt: skip


def test_what_is_left_out_is_counted_and_told(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_bytes(b"\n".join(MIXED))
    for allowed in range(6):
        with pytest.raises(DataError) as caught:
            load(path, allow_bad=allowed)
        lines = [line.removeprefix(f"{path}:").partition(":")[0] for line in str(caught.value).splitlines()]
        assert {*lines} <= {"2", "3", "6", "7", "8", "9"}
    found = load(path, allow_bad=6)
    assert [p.line for p in found.left_out] == [2, 3, 6, 7, 8, 9]
    assert [p.id for p in found.prompts] == ["1", "3", "5"]
    assert load(path, allow_bad=100) == found


def test_an_id_that_occurs_twice_is_never_left_out(tmp_path: Path) -> None:
    """Nobody knows which of the two is meant."""
    path = tmp_path / "p.jsonl"
    path.write_bytes(GOOD + GOOD + b"{\n")
    with pytest.raises(DataError, match=r":2: id: '1' is also the id at"):
        load(path, allow_bad=10)


def test_a_set_of_nothing_but_bad_records_is_no_set(tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_bytes(b"{\n{\n")
    assert len(refused(tmp_path / "p.jsonl").splitlines()) == 2
    with pytest.raises(DataError, match=r"p\.jsonl:1"):
        load(tmp_path / "p.jsonl", allow_bad=2)


@pytest.mark.parametrize(
    ("name", "content", "lines"),
    [
        ("p.csv", b'id,prompt\n1,a\n2\n3,"b,\nc"\n4,d,e\n5,f\n', [3, 6]),
        ("p.tsv", b"id\tprompt\n1\ta\n2\n5\tf\n", [3]),
        ("p.json", b'[{"id": 1, "prompt": "a"},\n3,\nnull, {"id": 5, "prompt": "f"}]', [2, 3]),
        ("p.yaml", b"- {id: 1, prompt: a}\n- {id: 2, id: 3, prompt: b}\n- x\n- {id: 4, prompt: !!str d}\n"
                   b"- {id: 5, prompt: f}\n", [2, 3, 4]),
    ],
)  # fmt: skip
def test_every_format_leaves_out_whole_records(tmp_path: Path, name: str, content: bytes, lines: list[int]) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError):
        load(path, allow_bad=len(lines) - 1)
    found = load(path, allow_bad=len(lines))
    assert [p.line for p in found.left_out] == lines
    assert [p.id for p in found.prompts][-1] == "5"


@pytest.mark.parametrize(
    ("name", "content"),
    [("p.csv", b'id,prompt\n1,a\n2,"b\n3,c\n4,d\n'), ("p.json", b'[{"id": 1, "prompt": "a"}, {"id": 2, "promp'),
     ("p.yaml", b"- {id: 1, prompt: a}\n- {id: 2, prompt: b\n"), ("p.csv", b"id,prompt\n1,a\n2,\xff\n")],
)  # fmt: skip
def test_where_the_end_of_a_record_is_unknown_nothing_may_be_left_out(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError):
        load(tmp_path / name, allow_bad=10**9)


# -- YAML -------------------------------------------------------------------------------------------------------------


def test_a_prompt_set_in_yaml(tmp_path: Path) -> None:
    path = tmp_path / "p.yml"
    path.write_text(
        "# what we ask\n- id: 1\n  prompt: |\n    First line.\n    第二行。\n  lang: no\n"
        "  references: [yes, '1', 2]\n\n"
        "- id: b\n  prompt: >-\n    folded\n    text\n  fields: {n: 1.50, empty: null}\n",
        "utf-8",
    )
    one, two = load(path).prompts
    assert (one.id, one.text, one.tags, one.references) == (
        "1",
        "First line.\n第二行。\n",
        {"lang": "no"},
        ("yes", "1", "2"),
    )
    assert (two.text, two.fields) == ("folded text", {"n": "1.5"})
    assert read(path).lines == (2, 9)
    packed = tmp_path / "p.yaml.gz"
    packed.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    assert load(packed).prompts == (one, two)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("- id: 1\n  prompt: &a x\n- id: 2\n  prompt: *a\n", ":2: prompt: the anchor '&a' is not allowed"),
        ("- id: 1\n  prompt: a\n- id: 2\n  prompt: *a\n", ":4: prompt: the alias '*a' is not allowed"),
        ("- &a [x]\n- [*a, *a]\n", "is not allowed"),
        ("- id: 1\n  prompt: !!python/object/apply:os.system [id]\n", ":2: prompt: the tag"),
        ("- id: 1\n  prompt: !function x.y\n", ":2: prompt: the tag"),
        ("- id: 1\n  id: 2\n  prompt: a\n", ":2: id: is written twice"),
        ("- id: 1\n  <<: {prompt: a}\n", "the merge key '<<'"),
        ("- id: 1\n  ? [a]\n  : b\n", "cannot be a key"),
        ("- id: 1\n  1: b\n  prompt: c\n", ":2: 1 cannot be a key"),
        ("- id: 010\n  prompt: a\n", ":1: id: YAML versions disagree"),
        ("- id: 1\n  prompt: .nan\n", ":2: prompt: there is no use for"),
        ('- id: 1\n  prompt: "\\ud800"\n', ":2: prompt: holds half of a surrogate pair"),
        ("id: 1\nprompt: a\n", "holds a mapping; write a list of records"),
        ("hello\n", "holds a text; write a list of records"),
        ("- id: 1\n  prompt: a\n---\n- id: 2\n", ":3: holds more than one document"),
        ("- id: 1\n  prompt: a\x07\n", "holds the control character U+0007"),
        ("- " + "[" * 25 + "]" * 25, "nested more than"),
        ("- " * 100_000, "nested more than"),
        ("- x\n" * 100_001, "holds more than 100,000 values"),
        ("#" * 4_000_001, "is larger than 4,000,000 bytes"),
        ("- id: 1\n\tprompt: a\n", "is not YAML"),
        ("- id: {1\n", "is not YAML"),
        ("", "has no records"),
        ("[]", "has no records"),
        ("null", "has no records"),
    ],
    ids=lambda value: f"{value:.40}",
)  # fmt: skip
def test_hostile_yaml_is_refused(tmp_path: Path, content: str, expected: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(content, "utf-8")
    started = time.monotonic()
    assert expected in refused(path)
    assert time.monotonic() - started < 20


def test_an_alias_bomb_is_refused_before_it_grows(tmp_path: Path) -> None:
    lines = ["- &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"- &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    (tmp_path / "p.yaml").write_text("\n".join(lines))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert "is not allowed" in refused(tmp_path / "p.yaml")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


# -- ids --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["p.jsonl", "p.csv", "p.yaml", "p.json"])
@pytest.mark.parametrize(("one", "two"), [("1", "1"), ("é", "e\u0301"), ("Ａ", "A"), ("中", "中\u200b"), ("ﬁ", "fi")])
def test_ids_that_only_look_different_are_refused_in_every_format(
    tmp_path: Path, name: str, one: str, two: str
) -> None:
    records = [{"id": int(one) if one == "1" and name != "p.csv" else one, "prompt": "a"}, {"id": two, "prompt": "b"}]
    written = {
        "p.jsonl": "\n".join(json.dumps(r) for r in records),
        "p.json": json.dumps(records),
        "p.csv": f"id,prompt\n{one},a\n{two},b\n",
        "p.yaml": "\n".join(f"- {json.dumps(r, ensure_ascii=False)}" for r in records),
    }[name]
    (tmp_path / name).write_text(written, "utf-8")
    assert "is also the id" in refused(tmp_path / name)


@pytest.mark.parametrize("value", ['""', '" "', "null", "true", "1.0", "[1]", '{"a": 1}', "-1e5"])
def test_what_cannot_be_an_id(tmp_path: Path, value: str) -> None:
    (tmp_path / "p.jsonl").write_text(f'{{"id": {value}, "prompt": "a"}}')
    assert f"{tmp_path / 'p.jsonl'}:1: id: " in refused(tmp_path / "p.jsonl")


# -- places and sizes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["a\0b.jsonl", "x" * 5000 + ".jsonl", "//server/share/p.jsonl", "file:///p.jsonl", "."]
)
def test_odd_places_are_errors_of_their_own(text: str) -> None:
    with pytest.raises(UsageError):
        load(Path(text))


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "p.jsonl")
    assert "no such file" in refused(tmp_path / "p.jsonl")


@pytest.mark.parametrize("inner", [b"\n", b"{}\n", b"x\n", b'{"a":"' + b"b" * 1000 + b'"}\n'])
def test_a_gzip_bomb_is_cut(tmp_path: Path, inner: bytes) -> None:
    path = tmp_path / "p.jsonl.gz"
    path.write_bytes(gzip.compress(inner * ((70 << 20) // len(inner)), 9))
    assert "unpacks to more than 64 MiB" in refused(path)


@pytest.mark.parametrize(
    ("name", "line"), [("p.jsonl", b"{}\n"), ("p.jsonl", b"x\n"), ("p.csv", b"1\n"), ("p.csv", b"1,2\n")]
)
def test_too_many_records_are_refused_while_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, line: bytes
) -> None:
    monkeypatch.setattr("aigc_eval.tables.table.MOST_RECORDS", 1000)
    (tmp_path / name).write_bytes(b"id\n" * (name == "p.csv") + line * 100_000)
    started = time.monotonic()
    assert "holds more than 1,000 records" in refused(tmp_path / name)
    assert time.monotonic() - started < 10


def test_blank_lines_cost_nothing(tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_bytes(b"\n" * 3_000_000 + b"{\n")
    assert refused(tmp_path / "p.jsonl").startswith(f"{tmp_path / 'p.jsonl'}:3000001: ")


def test_a_parquet_file_that_stands_for_more_than_it_holds_is_refused(tmp_path: Path) -> None:
    """One text of a megabyte in a dictionary page, a hundred thousand rows that name it: 100 GB of texts in 100 kB."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = pa.DictionaryArray.from_arrays(pa.array([0] * 100_000, pa.int32()), pa.array(["x" * (1 << 20)]))
    pq.write_table(pa.table({"prompt": rows}), tmp_path / "p.parquet", compression="zstd", store_schema=False)
    size = (tmp_path / "p.parquet").stat().st_size
    assert size < 200_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert "unpacks to more than 64 MiB" in refused(tmp_path / "p.parquet")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000


def test_a_parquet_file_of_very_many_rows_is_refused(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"id": pa.nulls(5_000_000, pa.int8())}), tmp_path / "p.parquet")
    assert (tmp_path / "p.parquet").stat().st_size < 20_000
    assert "holds more than 1,000,000 records" in refused(tmp_path / "p.parquet")


def test_odd_values_of_parquet_are_told_with_their_record(tmp_path: Path) -> None:
    import datetime
    import decimal

    import pyarrow as pa
    import pyarrow.parquet as pq

    odd = {
        "bytes": pa.array([b"\xff", b"\xff"]),
        "time": pa.array([datetime.datetime(1, 1, 1)] * 2, pa.timestamp("us")),
        "nan": pa.array([float("nan")] * 2),
        "money": pa.array([decimal.Decimal("1.5")] * 2),
        "long ago": pa.array([-(2**62)] * 2, pa.timestamp("us")),
    }
    for name, column in odd.items():
        table = pa.table({"id": [1, 2], "prompt": ["a", "b"], name: column})
        pq.write_table(table, tmp_path / "p.parquet")
        assert "p.parquet: " in refused(tmp_path / "p.parquet")


LARGE = """
import json, re, sys, time
from pathlib import Path
from aigc_eval.prompts import load
started = time.perf_counter()
found = load(Path(sys.argv[1]))
seconds = time.perf_counter() - started
peak = re.search("VmHWM:\\\\s+([0-9]+) kB", Path("/proc/self/status").read_text())
print(json.dumps([len(found.prompts), seconds, int(peak[1]) / 1024]))
"""


def loaded(path: Path) -> tuple[int, float, float]:
    """Prompts, seconds and MiB at most, in a process of its own."""
    done = subprocess.run([sys.executable, "-c", LARGE, str(path)], capture_output=True, text=True, check=True)
    count, seconds, peak = json.loads(done.stdout)
    return count, seconds, peak


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
@pytest.mark.slow
@pytest.mark.parametrize("name", ["p.jsonl", "p.csv", "p.json", "p.parquet", "p.jsonl.gz"])
def test_a_hundred_thousand_prompts_load_in_bounds(tmp_path: Path, name: str) -> None:
    text = "How would you explain the number {} to a child, and why does it matter? 请用中文回答。"
    records = [{"id": f"p{i}", "prompt": text.format(i), "lang": "zh" if i % 2 else "en"} for i in range(100_000)]
    lines = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records).encode()
    path = tmp_path / name
    if name == "p.parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.Table.from_pylist(records), path)
    elif name == "p.csv":
        path.write_text(
            "id,prompt,lang\n" + "".join(f'{r["id"]},"{r["prompt"]}",{r["lang"]}\n' for r in records), "utf-8"
        )
    elif name == "p.json":
        path.write_text(json.dumps(records), "utf-8")
    else:
        path.write_bytes(gzip.compress(lines) if name.endswith(".gz") else lines)
    count, seconds, peak = loaded(path)
    assert count == 100_000
    assert seconds < 10, seconds
    assert peak < 500, peak
