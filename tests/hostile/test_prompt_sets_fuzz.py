"""Mutated prompt sets: a set, or an error of ours with the file's name, in bounded time; never a record too few."""

from __future__ import annotations

import json
import random
import tempfile
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aigc_eval.errors import DataError, UsageError
from aigc_eval.prompts import PromptSet, load

RECORDS = [
    {"id": f"p{i}", "prompt": text, "references": ["Paris", "巴黎"], "lang": "zh", "n": i, "x": -1.5,
     "fields": {"a": [1]}}
    for i, text in enumerate(["Which city?", '中文 "问题" \\ ', "a\u2028b😀", "two\nlines", ",;\t|", "{person}"])
]  # fmt: skip
DICTIONARY = [
    b"{", b"}", b"[", b"]", b'"', b",", b":", b"\\", b"\n", b"\r", b"\n\n", b"\\u", b"\\ud800", b"null",
    b"NaN", b"1e999", b"9" * 5000,
    b"[" * 1100, b'{"a":' * 300, b"\xff", b"\xc0", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\x00",
    b"\x85", b"\xe2\x80\xa8", b"\x0b",
    b'"id"', b'"prompt": ""', b'{"id": "p0", "prompt": "x"}\n', b"'", b"- ", b"  ", b"\t", b"&a ", b"*a", b"!!str ",
    b"? ", b"<<: ",
    b"|\n", b">-\n", b"---\n", b"%YAML 9\n", b"# ", b'""', b'"""', b"id,prompt\n", b"p0,x\n", b"\x1f\x8b",
]  # fmt: skip


def seeds() -> dict[str, bytes]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    plain = [{k: v for k, v in r.items() if isinstance(v, str)} for r in RECORDS]
    rows = ['"' + '","'.join(str(v).replace('"', '""') for v in r.values()) + '"' for r in plain]
    sink = BytesIO()
    pq.write_table(pa.Table.from_pylist(RECORDS), sink)
    return {
        "p.jsonl": "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in RECORDS).encode(),
        "p.json": json.dumps(RECORDS, ensure_ascii=False, indent=1).encode(),
        "p.csv": "\n".join([",".join(plain[0]), *rows]).encode(),
        "p.yaml": "".join(f"- {json.dumps(r, ensure_ascii=False)}\n" for r in RECORDS[:2]).encode()
        + b"- id: q\n  prompt: |\n    two\n    lines\n  lang: no\n- {id: r, prompt: 'it''s', n: 1.50}\n",
        "p.parquet": sink.getvalue(),
    }


def mutated(data: bytes, chance: random.Random) -> bytes:
    found = bytearray(data)
    for _ in range(chance.choice([1, 1, 1, 2, 3, 8])):
        at = chance.randrange(len(found) + 1)
        kind = chance.randrange(6)
        if kind == 0:
            found[at : at + 1] = bytes([chance.randrange(256)])
        elif kind == 1:
            found[at:at] = chance.choice(DICTIONARY)
        elif kind == 2:
            del found[at : at + chance.choice([1, 1, 4, 30])]
        elif kind == 3 and found:
            found[min(at, len(found) - 1)] ^= 1 << chance.randrange(8)
        elif kind == 4:
            start = chance.randrange(len(found) + 1)
            found[at:at] = found[start : start + chance.choice([1, 8, 60])]
        else:
            word = chance.choice(DICTIONARY)
            found[at : at + len(word)] = word
    return bytes(found)


def outcome(path: Path, allow_bad: int = 0) -> PromptSet | str:
    """The set, or what was told; whatever else is raised is a bug."""
    started = time.monotonic()
    try:
        found: PromptSet | str = load(path, allow_bad=allow_bad)
    except (DataError, UsageError) as error:
        found = str(error)
        assert found.startswith(str(path))
        found.encode("utf-8", "surrogatepass")
    assert time.monotonic() - started < 10
    return found


def accounted(path: Path, data: bytes) -> bool:
    """JSON lines: every line that is not blank is a prompt or a problem, whatever is allowed."""
    path.write_bytes(data)
    lines = [i for i, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1) if line.strip(b" \t\r")]
    strict, loose = outcome(path), outcome(path, allow_bad=10**6)
    if isinstance(strict, PromptSet):
        assert strict == loose
        assert len(strict.prompts) == len(lines)
    if isinstance(loose, PromptSet):
        assert len(loose.prompts) + len(loose.left_out) == len(lines)
        assert {p.line for p in loose.left_out} <= {*lines}
        assert len({p.line for p in loose.left_out}) == len(loose.left_out)
        for fewer in {0, len(loose.left_out) - 1} & {*range(len(loose.left_out))}:
            assert isinstance(outcome(path, allow_bad=fewer), str)
    return isinstance(strict, PromptSet)


def checked(name: str, path: Path, data: bytes) -> bool:
    """Whether the set was accepted as it is."""
    if name == "p.jsonl":
        return accounted(path, data)
    path.write_bytes(data)
    strict, loose = outcome(path), outcome(path, allow_bad=10**6)
    if isinstance(strict, PromptSet):
        assert strict == loose
        assert not strict.left_out
    return isinstance(strict, PromptSet)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def rounds(name: str, path: Path, count: int, seed: int) -> None:
    data, chance = seeds()[name], random.Random(seed)
    accepted = int(checked(name, path, data))
    assert accepted
    for _ in range(count):
        content = mutated(data, chance)
        try:
            accepted += checked(name, path, content)
        except Exception as error:  # what broke it must be in the report
            raise AssertionError(f"{type(error).__name__} for {content[:2000]!r}") from error
    assert accepted < count


@pytest.mark.parametrize(
    ("name", "count"), [("p.jsonl", 700), ("p.json", 400), ("p.csv", 400), ("p.yaml", 200), ("p.parquet", 300)]
)
def test_a_mutated_set_is_a_set_or_an_error_of_ours(folder: Path, name: str, count: int) -> None:
    rounds(name, folder / name, count, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("name", ["p.jsonl", "p.json", "p.csv", "p.yaml", "p.parquet"])
def test_many_mutated_sets_are_sets_or_errors_of_ours(folder: Path, name: str, seed: int) -> None:
    rounds(name, folder / name, 2_000, seed=100 + seed)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([*DICTIONARY, b'{"id": ', b'"prompt": ', b'"a"', b"1", b" ", b"x"]), max_size=24))
def test_any_pieces_of_json_are_accounted_for(folder: Path, pieces: list[bytes]) -> None:
    accounted(folder / "q.jsonl", b"".join(pieces))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
names = st.sampled_from(
    [
        "id",
        "prompt",
        "references",
        "evidence",
        "messages",
        "choices",
        "fields",
        "variants",
        "variant_of",
        "lang",
        "",
        "#",
    ]
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.dictionaries(names, json_values, max_size=6), min_size=1, max_size=3))
def test_any_values_under_our_names_are_prompts_or_told(folder: Path, records: list[dict[str, object]]) -> None:
    path = folder / "v.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in records), "utf-8")
    found = outcome(path, allow_bad=10)
    if isinstance(found, PromptSet):
        assert len({p.variant_of or p.id for p in found.prompts}) + len(found.left_out) >= 1
        assert all(json.dumps(p.to_json()) for p in found.prompts)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30), min_size=1, max_size=4))
def test_any_text_survives_yaml(folder: Path, texts: list[str]) -> None:
    """JSON is YAML, but for the two characters that JSON may leave as they are."""
    path = folder / "t.yaml"
    records = [{"id": i, "prompt": f"x{text}"} for i, text in enumerate(texts)]
    path.write_text("\n".join(f"- {json.dumps(r)}" for r in records), "utf-8")
    found = outcome(path)
    if any(ord(c) > 0xFFFF for text in texts for c in text):
        # json.dumps writes an astral character as two escapes, of which YAML knows nothing.
        assert isinstance(found, str)
        assert "surrogate" in found
    else:
        assert isinstance(found, PromptSet)
        assert [p.text for p in found.prompts] == [f"x{text}" for text in texts]
