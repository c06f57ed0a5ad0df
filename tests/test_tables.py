"""Record files: every format, every kind of damage, and field maps."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc_eval.errors import DataError, UsageError
from aigc_eval.tables import MISSING, BadValue, check_found, check_map, pick, read, scalar, take, values

BLNS = Path(__file__).parents[1] / "../shared/data/hostile/blns.json"


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return path


def refused(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read(path)
    return str(caught.value).replace(str(path), path.name)


RECORDS = [{"id": 1, "text": 'a\u2028b\u0085c\x0bd "q", 中\n2'}, {"id": 2, "text": ""}]


def test_every_json_form_gives_the_same_records_and_their_lines(tmp_path):
    lines = "\n\n".join(json.dumps(r, ensure_ascii=False) for r in RECORDS) + "\r\n"
    pretty = json.dumps(RECORDS, ensure_ascii=False, indent=1)
    columns = json.dumps({"id": [1, 2], "text": [r["text"] for r in RECORDS]})
    for name, content, where in [
        ("a.jsonl", lines, (1, 3)),
        ("bom.jsonl", b"\xef\xbb\xbf" + lines.encode(), (1, 3)),
        ("a.ndjson", lines, (1, 3)),
        ("lines.json", lines, (1, 3)),
        ("array.json", pretty, (2, 6)),
        ("columns.json", columns, ()),
        ("a.jsonl.gz", gzip.compress(lines.encode(), mtime=0), (1, 3)),
        ("array.json.gz", gzip.compress(pretty.encode(), mtime=0), (2, 6)),
    ]:
        table = read(write(tmp_path, name, content))
        assert list(table.records) == RECORDS, name
        assert table.lines == where, name
        assert table.sha256 == hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()


def test_one_object_is_one_record_unless_all_its_values_are_lists(tmp_path):
    assert read(write(tmp_path, "a.json", '\n{"a": 1, "b": [2]}')).records == ({"a": 1, "b": [2]},)
    assert read(write(tmp_path, "b.json", '{"a": [1, 2]}')).records == ({"a": 1}, {"a": 2})
    assert read(write(tmp_path, "c.json", "[]")).records == ()
    assert "different lengths" in refused(write(tmp_path, "d.json", '{"a": [1], "b": []}'))


def test_csv_keeps_quoted_line_breaks_and_says_where_records_start(tmp_path):
    text = 'id,text\r\n1,"two\nlines, and ""quotes"""\r\n\r\n2,\u2028中\u0085\r\n'
    table = read(write(tmp_path, "a.csv", text))
    assert table.records == (
        {"id": "1", "text": 'two\nlines, and "quotes"'},
        {"id": "2", "text": "\u2028中\u0085"},
    )
    assert table.lines == (2, 5)
    assert read(write(tmp_path, "a.tsv", "id\ttext\n1\ta,b\n")).records == ({"id": "1", "text": "a,b"},)
    assert len(read(write(tmp_path, "long.csv", "a\n" + "x" * 200_000)).records[0]["a"]) == 200_000


def test_parquet(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({"id": [1, 2], "turns": [[{"role": "user"}], None]})
    pq.write_table(table, tmp_path / "a.parquet")
    found = read(tmp_path / "a.parquet")
    assert found.records == ({"id": 1, "turns": [{"role": "user"}]}, {"id": 2, "turns": None})
    assert found.where(1).endswith("a.parquet: record 2")
    assert "Parquet" in refused(write(tmp_path, "b.parquet", b"PAR1 no"))


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.jsonl", '{"a": 1}\n{"a": NaN}\n', "a.jsonl:2: not valid JSON at column 1: NaN is not JSON"),
        ("a.jsonl", '{"a": -Infinity}', "a.jsonl:1: not valid JSON at column 1: -Infinity"),
        ("a.jsonl", '{"a": 1e999}', "not a finite number"),
        ("a.jsonl", '{"a": {"b": 1, "b": 2}}', "key 'b' occurs twice"),
        ("a.jsonl", f'{{"a": {"9" * 5000}}}', "an integer of 5,000 digits"),
        ("a.jsonl", '{"a": ' + "[" * 100_000, "nested too deeply"),
        ("a.json", "[" * 100_000, "nested too deeply"),
        ("a.jsonl", '{"a": "x\ty"}', "Invalid control character"),
        ("a.jsonl", '{"a": 1} {"a": 2}', "something follows"),
        ("a.jsonl", "[1]", "a list, not an object; a JSON array of objects belongs in a .json file"),
        ("a.jsonl", "null", ":1: null, not an object"),
        ("a.jsonl", b'{"a": 1}\n{"a": "\xff"}', "a.jsonl:2: is not UTF-8; save it as UTF-8"),
        ("a.jsonl", '{"a": 1}'.encode("utf-16"), "UTF-16"),
        ("a.jsonl", '{"a": 1}'.encode("utf-16-le"), "UTF-16"),
        ("a.csv", "编号,文本\n1,你好\n".encode("gb18030"), "a.csv:1: is not UTF-8"),
        ("a.csv", "a,b\n1,2\n1,2,3\n1\n", "a.csv:3: 3 values under 2 columns"),
        ("a.csv", "a,a\n1,2\n", "two columns are called 'a'"),
        ("a.csv", 'a,b\n1,"2\n', "a.csv:2: not valid CSV"),
        ("a.csv", 'a,b\n1,"2"x\n', "a.csv:2: not valid CSV"),
        ("a.json", '[\n{"a": 1},\n3,\n{"a": 2]', "a.json:4: not valid JSON"),
        ("a.json", '[\n{"a": 1},\n3,\n{"a": 2]', "a.json:3: a number, not an object"),
        ("a.json", '[{"a": 1},]', "not valid JSON"),
        ("a.json", '[{"a": 1}] x', "something follows the array"),
        ("a.json", '[\n{"a": 1}\n{"a": 2}]', "a.json:3: not valid JSON at column 1: expected ',' or ']'"),
        ("a.json", '"text"', "holds a text"),
        ("a.json", "", "a.json:1: not valid JSON"),
        ("a.txt", "x", "unknown kind of file '.txt'; use .jsonl"),
        ("a.jsonl.gz", gzip.compress(b'{"a": 1}', mtime=0)[:-9], "not a whole gzip file"),
    ],
)
def test_damage_is_an_error_that_says_where(tmp_path, name, content, expected):
    assert expected in refused(write(tmp_path, name, content))


def test_all_bad_lines_are_listed_up_to_twenty(tmp_path):
    message = refused(write(tmp_path, "a.jsonl", "{}\n" + "{,}\n" * 30))
    assert message.count("not valid JSON") == 20
    assert message.splitlines()[0].startswith("a.jsonl:2:")
    assert message.splitlines()[-1] == "a.jsonl: 10 more problems like these"


def test_missing_files_folders_and_bombs(tmp_path):
    assert "no such file" in refused(tmp_path / "none.jsonl")
    assert "is a folder" in refused(tmp_path)
    bomb = gzip.compress(b"\n" * (80 << 20), 9)
    assert "unpacks to more than 64 MiB" in refused(write(tmp_path, "a.jsonl.gz", bomb))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
records = st.lists(st.dictionaries(st.text(), json_values, max_size=4), max_size=4)


@given(records, st.booleans())
def test_json_round_trip(tmp_path_factory, items, escape):
    folder = tmp_path_factory.mktemp("t")
    lines = "".join(json.dumps(r, ensure_ascii=escape) + "\n" for r in items)
    assert list(read(write(folder, "a.jsonl", lines)).records) == items
    array = json.dumps(items, ensure_ascii=escape, indent=2)
    assert list(read(write(folder, "a.json", array)).records) == items


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=5))
def test_csv_round_trip(tmp_path_factory, cells):
    sink = StringIO(newline="")
    writer = csv.writer(sink, quoting=csv.QUOTE_ALL)
    writer.writerow(["n", "text"])
    writer.writerows(enumerate(cells))
    table = read(write(tmp_path_factory.mktemp("t"), "a.csv", sink.getvalue()))
    assert [r["text"] for r in table.records] == cells


@given(st.binary(max_size=60), st.sampled_from(["a.jsonl", "a.json", "a.csv", "a.tsv", "a.parquet", "a.jsonl.gz"]))
def test_any_bytes_are_records_or_a_data_error(tmp_path_factory, content, name):
    path = write(tmp_path_factory.mktemp("t"), name, content)
    try:
        table = read(path)
    except DataError as error:
        message = str(error)
    else:
        message = table.where(0)
    assert message.startswith(str(path))


def test_naughty_strings_survive(tmp_path):
    if not BLNS.exists():
        pytest.skip("shared/data/hostile is not here")
    strings = json.loads(BLNS.read_text("utf-8"))
    lines = "".join(json.dumps({"text": s}, ensure_ascii=False) + "\n" for s in strings)
    assert [r["text"] for r in read(write(tmp_path, "a.jsonl", lines)).records] == strings


def test_pick_reaches_keys_indexes_and_keys_with_dots():
    record = {"a": {"b.c": [{"d": None}]}, "a.b": 1, "l": [1, [2, 3]], "s": "text"}
    assert pick(record, "a.b.c.0") == {"d": None}
    assert pick(record, "a.b.c.0.d") is None
    assert pick(record, "a.b") == 1
    assert pick(record, "l.1.-1") == 3
    for path in ("a.x", "l.2", "l.-3", "l.x", "l.٣", "s.0", "a.b.c.0.d.e", "", "."):
        assert pick(record, path) is MISSING


def test_take_and_values():
    record = {"n": 0, "flag": True, "none": None, "list": ["x", "", None, "y"], "text": " a / / b "}
    assert take(record, 7, "#") == 7
    assert take({"#": "key"}, 7, {"path": "#"}) == "key"
    assert take(record, 1, ["list", "n", "none", "absent", "text"]) == ["x", "y", 0, " a / / b "]
    assert take(record, 1, {"path": "text", "split": "/"}) == ["a", "b"]
    assert take(record, 1, {"value": {"any": 1}}) == {"any": 1}
    assert take(record, 1, {"path": "flag", "map": {True: "yes", "false": "no"}}) == "yes"
    assert take(record, 1, {"path": "none", "map": {"a": "b"}}) is None
    assert values(record, 1, {"a": "n", "b": "absent"}) == {"a": 0}
    with pytest.raises(BadValue, match="'0' is not in the map") as caught:
        values(record, 1, {"label": {"path": "n", "map": {1: "one"}}})
    assert caught.value.key == "label"


@pytest.mark.parametrize(
    "spec",
    [
        None,
        "",
        3,
        [],
        [""],
        {},
        {"path": "a", "value": 1},
        {"path": "a", "spit": "/"},
        {"path": 3},
        {"value": 1, "split": "/"},
        {"path": "a", "split": ""},
        {"path": "a", "map": ["x"]},
        ["a", {"nope": 1}],
    ],
)
def test_impossible_field_maps_are_usage_errors(spec):
    with pytest.raises(UsageError, match=r"fields\.text: .*; write a path"):
        check_map("text", spec)


def test_a_path_that_no_record_has_is_an_error(tmp_path):
    table = read(write(tmp_path, "a.jsonl", '{"question": 1}\n{"b": null}\n'))
    check_found(table, "x", ["question", "b", "#", {"value": 1}])
    with pytest.raises(DataError, match="no record has 'golden'; the first record has 'question'"):
        check_found(table, "references", ["b", "golden"])


def test_scalar():
    assert [scalar(v) for v in ("a", 1, 1.5, False)] == ["a", "1", "1.5", "false"]
    for wrong in (None, [], {}, float("nan")):
        with pytest.raises(ValueError, match="not a text or number"):
            scalar(wrong)
