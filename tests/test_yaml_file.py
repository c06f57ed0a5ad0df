"""Strict YAML: what is read, what is refused, where, and within which limits."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc_eval.errors import ConfigError
from aigc_eval.yaml_file import MOST_BYTES, UNUSABLE, Node, load, parse


def problems(text: str) -> list[tuple[int | None, str, str]]:
    try:
        return [(p.line, p.key, p.what) for p in parse(text).problems]
    except ConfigError as error:
        return [(p.line, p.key, p.what) for p in error.problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # Texts in YAML 1.2's core schema, booleans, octals, dates or sexagesimals in YAML 1.1.
        ("no", "no"), ("Yes", "Yes"), ("on", "on"), ("off", "off"), ("y", "y"),
        ("2024-01-01", "2024-01-01"), ("12:30:00", "12:30:00"), ("1_000", "1_000"), ("0.1.2", "0.1.2"), ("=", "="),
        # Numbers in YAML 1.2, texts in YAML 1.1.
        ("1e3", 1000.0), ("1E-2", 0.01), ("+12", 12), ("-0", 0), (".5", 0.5), ("1.", 1.0),
        ("true", True), ("FALSE", False), ("~", None), ("null", None), ("", None),
        ("'3'", "3"), ('"true"', "true"), ("'~'", "~"), ("5 %", "5 %"), ("a.b <= 0.1", "a.b <= 0.1"),
    ],
)  # fmt: skip
def test_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    found = parse(f"key: {text}")
    assert not found.problems
    plain = found.root.plain()["key"]
    assert (plain, type(plain)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "line", "key", "words"),
    [
        ("a: 010", 1, "a", "disagree"),
        ("a: 0x1F", 1, "a", "disagree"),
        ("a: 0o17", 1, "a", "disagree"),
        ("a: 0b1", 1, "a", "disagree"),
        ("a: .nan", 1, "a", "no use"),
        ("a:\n  - -.inf", 2, "a.0", "no use"),
        ("a: 1e999", 1, "a", "too large"),
        ("a: " + "9" * 5000, 1, "a", "too large"),
        ("a: 9223372036854775808", 1, "a", "too large"),
        ("a: 1\nb: 2\na: 3", 3, "a", "written twice, first in line 1"),
        ("x:\n  - {k: 1, k: 2}", 2, "x.0.k", "written twice"),
        ("a: &x 1", 1, "a", "anchor '&x'"),
        ("a: &x 1\nb: *x", 2, "b", "alias '*x'"),
        ("a: 1\nb:\n  <<: {c: 1}", 3, "b", "merge key"),
        ("a: !!python/object/apply:os.system [id]", 1, "a", "the tag"),
        ("a: !!str 3", 1, "a", "the tag"),
        ("a: !function x.y", 1, "a", "the tag"),
        ("a: ! 3", 1, "a", "the tag"),
        ("!!set {a, b}", 1, "", "the tag"),
        ("1: a", 1, "", "1 cannot be a key"),
        ("true: a", 1, "", "True cannot be a key"),
        ("null: a", 1, "", "None cannot be a key"),
        ("? [a, b]\n: c", 1, "", "cannot be a key"),
        ('a: "\\ud800"', 1, "a", "surrogate"),
        ('b: 1\na: "\\UFFFFFFFF"', 2, "", "does not exist"),
        ("a: 1\n---\nb: 2", 2, "", "more than one document"),
        ("a: [1, 2", 1, "", "is not YAML"),
        ("a: 1\n\tb: 2", 2, "", "is not YAML"),
        ("a: b: c", 1, "", "is not YAML"),
        ("a: 1\nb: \x01", 2, "", "U+0001"),
        ("a: *nowhere", 1, "a", "alias"),
        ("a: %x", 1, "", "is not YAML"),
        ("- a\nb: c", 2, "", "is not YAML"),
        ("%YAML 3.0\n---\na: 1", 1, "", "is not YAML"),
    ],
)
def test_refused(text: str, line: int, key: str, words: str) -> None:
    found = problems(text)
    assert any((at, where) == (line, key) and words in what for at, where, what in found), found


def test_every_problem_is_told_at_once() -> None:
    assert [line for line, _, _ in problems("a: &x 1\nb: *x\nc: !!t 1\nd: 010\nd: 2")] == [1, 2, 3, 4, 5]


def test_lines_and_keys_of_values() -> None:
    root = parse("name: x\nlist:\n  - 1\n  -\n    k: v\n\nmap: {a: 1,\n  b: 2}").root
    keys = [("name",), ("list",), ("list", 0), ("list", 1), ("list", 1, "k"), ("map", "a"), ("map", "b")]
    places = {".".join(map(str, key)): root.at(key).line for key in keys}
    assert places == {"name": 1, "list": 2, "list.0": 3, "list.1": 5, "list.1.k": 5, "map.a": 7, "map.b": 8}
    assert root.at(("list", 7, "k")) == root.at(("list",))


def test_unusable_values_are_marked() -> None:
    root = parse("a: !x 1\nb: 2").root
    assert root.at(("a",)).value is UNUSABLE
    assert root.plain() == {"a": None, "b": 2}


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "\n\n"])
def test_empty_files_hold_nothing(text: str) -> None:
    assert parse(text).root.plain() is None


BOMBS = {
    "billion laughs": "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{n}: &{n} [{','.join(['*' + p] * 9)}]\n" for p, n in zip("abcdefgh", "bcdefghi", strict=True)),
    "merge bomb": "a: &a {k: 1}\n" + "".join(f"m{i}: {{<<: [*a, *a]}}\n" for i in range(900)),
    "deep flow list": "[" * 200_000,
    "deep flow map": "{a: " * 100_000,
    "deep block list": "- " * 100_000 + "x",
    "deep indents": "\n".join(" " * i + "a:" for i in range(1000)),
    "many values": "a: [" + "1," * 300_000 + "]",
    "many keys": "".join(f"k{i}: 1\n" for i in range(80_000)),
    "many question marks": "? " * 100_000,
    "long text": "a: " + "x" * 900_000,
    "long quoted text": 'a: "' + "\\n" * 400_000 + '"',
    "many lines": "a: |\n" + "  x\n" * 200_000,
    "many comments": "# x\n" * 240_000,
    "long number": "a: " + "1" * 900_000,
}  # fmt: skip


def test_bombs_cost_little(tmp_path: Path) -> None:
    """The limits of the threat model, a second and 50 MB for 1 MB of file; slow machines may take two."""
    for name, text in BOMBS.items():
        (tmp_path / f"{name}.yaml").write_text(text, "utf-8")
    child = subprocess.run([sys.executable, "-c", _CHILD, str(tmp_path)], capture_output=True, text=True, check=True)
    seconds = json.loads(child.stdout)
    growth = seconds.pop("growth")
    assert seconds.keys() == {f"{name}.yaml" for name in BOMBS}
    assert max(seconds.values()) < 2.0, seconds
    assert growth < 50e6, f"{growth / 1e6:.0f} MB"


_CHILD = """
import json, resource, sys, time
from pathlib import Path
from aigc_eval.errors import ConfigError
from aigc_eval.yaml_file import load

found = {}
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for file in sorted(Path(sys.argv[1]).iterdir()):
    start = time.process_time()
    try:
        load(file)
    except ConfigError as error:
        assert len(str(error)) < 10_000
    found[file.name] = time.process_time() - start
found["growth"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
print(json.dumps(found))
"""


def test_size_limit_comes_before_parsing(tmp_path: Path) -> None:
    file = tmp_path / "large.yaml"
    file.write_bytes(b"#" * (MOST_BYTES + 1))
    with pytest.raises(ConfigError, match="larger than 1,000,000 bytes"):
        load(file)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    utf16 = tmp_path / "utf16.yaml"
    utf16.write_text("a: 1", "utf-16")
    latin = tmp_path / "latin.yaml"
    latin.write_bytes(b"a: 1\nb: caf\xe9\n")
    for path, words in [(tmp_path / "none.yaml", "no such file"), (tmp_path, "directory"), (utf16, "not UTF-8"),
                        (latin, "latin.yaml:2: is not UTF-8"), (Path("a\0b"), "cannot be read")]:  # fmt: skip
        with pytest.raises(ConfigError, match=words):
            load(path)


def test_byte_order_mark_and_crlf(tmp_path: Path) -> None:
    file = tmp_path / "windows.yaml"
    file.write_bytes("\ufeffa: 1\r\nb: 中\r\n".encode())
    found = load(file)
    assert found.root.plain() == {"a": 1, "b": "中"}
    assert found.root.at(("b",)).line == 2


TEXT = st.characters(exclude_categories=["Cs", "Cc", "Cn", "Zl", "Zp"], exclude_characters="\ufeff")
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(TEXT, max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc é中", min_size=1), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(PLAIN)
def test_json_is_read_as_json(value: object) -> None:
    """YAML 1.2 is a superset of JSON; the JSON decoder is the oracle."""
    text = json.dumps(value, ensure_ascii=False)
    found = parse(text)
    assert not found.problems
    expected = json.loads(text)
    assert found.root.plain() == expected
    assert json.dumps(found.root.plain()) == json.dumps(expected)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = parse(text)
    except ConfigError:
        return
    assert isinstance(found.root, Node)
    _all_finite(found.root)


def _all_finite(node: Node) -> None:
    children = (
        node.value.values() if isinstance(node.value, dict) else node.value if isinstance(node.value, tuple) else ()
    )
    for child in children:
        assert child.line >= node.line or not node.key
        _all_finite(child)
    assert not isinstance(node.value, float) or math.isfinite(node.value)
