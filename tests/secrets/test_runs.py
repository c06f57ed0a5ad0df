"""No byte that a run leaves behind holds a key, whatever servers and candidates say back, at debug level too."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.durability.harness import THOROUGH
from tests.secrets.canaries import ENCODINGS, KEYS, scan
from tests.secrets.echoing import FATAL, PLACES, echoing
from tests.secrets.runs import Workplace, candidate, judges

KINDS = ("openai_compatible", "anthropic", "http")
JUDGED = (
    *("text", "verdict", "reason", "refusal", "usage", "headers", "type", "content", "rejected"),
    *("rejected at length", "detail", "filtered", "model"),
)
"""Places after which a judge is not asked again."""
RUN = ("run", "bench.yaml", "--trust-bench", "--debug", "--out", "out")
EVERY_WAY = [(place, encoding) for encoding in ENCODINGS for place in PLACES]
"""Good answers between failures, so that no candidate is given up."""
SOME_WAYS = [(place, [*ENCODINGS][i % len(ENCODINGS)]) for i, place in enumerate(PLACES)]
AWKWARD = [KEYS[i] for i in (3, 4, 2, 6, 7, 9, 14, 20, 35, 44)]


def named(keys: Sequence[str]) -> dict[str, str]:
    return {f"CANARY_KEY_{i:02}": key for i, key in enumerate(keys)}


def test_the_keys_are_fifty_and_some_are_awkward() -> None:
    assert len(KEYS) == len(set(KEYS)) == 50
    assert {min(map(len, KEYS)), max(map(len, KEYS))} == {6, 400}
    assert any(a != b and b.startswith(a) for a in KEYS for b in KEYS)
    assert set("&<>\"'%+/=\\") <= set("".join(KEYS))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_search_finds_what_there_is(encoding: str) -> None:
    """Otherwise finding nothing would mean nothing."""
    for key in KEYS:
        said = f"before {ENCODINGS[encoding](key)} after".encode()
        assert {hit.key for hit in scan({"x": said}, [key])} == {key}
        assert not scan({"x": f"before {ENCODINGS[encoding](key[::-1])} after".encode()}, [key])


MORE = (
    ("verify", "out", "--json", "--trust-bench", "--debug"),
    ("plan", "bench.yaml", "--trust-bench", "--json", "--debug", "--out", "out"),
    (*RUN, "--json"),
)


def run_all(
    folder: Path, keys: Sequence[str], ways: Sequence[tuple[str, str]], more: Sequence[Sequence[str]] = ()
) -> dict[str, bytes]:
    """Candidates of every kind, each with keys of its own: a run, its reports again, and more commands about it."""
    place = Workplace(folder, named(keys))
    with echoing() as server:
        candidates = [candidate(KINDS[i % 3], server.url, name) for i, name in enumerate(place.keys)]
        place.write([*candidates, place.program([*place.keys]), place.function(), "echo"], ways)
        assert place.call(*RUN) == 3, place.said["0 run stderr"][-2000:]  # much is unanswered
        place.call("report", "out", "--json", "--debug")
        for args in more:
            place.call(*args)
    assert set(server.keys) == set(keys)
    assert set(server.said) >= {(key, *way) for key in keys for way in ways}
    return place.places()


def run_judges(folder: Path, keys: Sequence[str], ways: Sequence[tuple[str, str]]) -> dict[str, bytes]:
    """Judges in processes of their own, each with a key of its own."""
    place = Workplace(folder, named(keys))
    with echoing() as server:
        place.write(["echo"], ways, [*judges(server.url, [*place.keys]), "plugins:Telling"])
        place.call(*RUN)
    assert set(server.keys) == set(keys)
    found = place.places()
    assert "out/verdict.json" in found, place.said["0 run stderr"][-2000:]
    return found


@pytest.mark.slow
def test_a_run_leaves_no_key_behind(tmp_path: Path) -> None:
    found = run_all(tmp_path, AWKWARD[:3], SOME_WAYS)
    assert {"out/journal.jsonl", "out/verdict.json", "out/rows.csv", "out/junit.xml", "bench.yaml"} <= found.keys()
    assert b"httpcore2" in found["said/0 run stderr"]  # the libraries did log
    assert b"[key: CANARY_KEY_00]" in found["out/journal.jsonl"]
    assert b"bot.py" in found["command lines"]
    assert scan(found) == []


@pytest.mark.slow
def test_judges_leave_no_key_behind(tmp_path: Path) -> None:
    ways = [(place, [*ENCODINGS][i % len(ENCODINGS)]) for i, place in enumerate(JUDGED)]
    found = run_judges(tmp_path, AWKWARD[4:8], ways)
    assert b"[key: CANARY_KEY_0" in found["out/journal.jsonl"]  # a judge's reason is a note
    assert b"RuntimeError: [key: CANARY_KEY_00]" in found["said/0 run stderr"]  # of a thread of a scorer
    assert b"nursery" in found["command lines"]
    assert scan(found) == []


@pytest.mark.slow
@pytest.mark.parametrize("group", range(5 if THOROUGH else 1))
def test_no_run_leaves_any_of_fifty_keys_behind(tmp_path: Path, group: int) -> None:
    keys = KEYS[group::5]
    found = run_all(tmp_path / "called", keys, EVERY_WAY, MORE)
    judged = run_judges(
        tmp_path / "judged", keys[:8], [(place, encoding) for place in JUDGED for encoding in ENCODINGS]
    )
    assert scan(found | {f"judged/{name}": content for name, content in judged.items()}, keys) == []


def test_a_bug_is_told_without_the_key(tmp_path: Path) -> None:
    """Exit code 4: the details are in a file of its own, or, with --debug, on the terminal."""
    place = Workplace(tmp_path, named(AWKWARD[:1]))
    place.write(["plugins:Broken"], [("text", "raw")])
    assert [place.call(*RUN[:3], "--out", "out"), place.call(*RUN)] == [4, 4]
    found = place.places()
    logs = [content for name, content in found.items() if name.startswith("tmp/aigc-eval-") and name.endswith(".log")]
    assert [b"[key: CANARY_KEY_00]" in log for log in logs] == [True]
    assert b"[key: CANARY_KEY_00]" in place.said["1 run stderr"]
    assert scan(found) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", FATAL)
def test_a_run_that_is_stopped_at_once_says_no_key(tmp_path: Path, kind: str, place: str) -> None:
    number = KINDS.index(kind) + 3 * [*FATAL].index(place)
    key = KEYS[3 * number]
    work = Workplace(tmp_path, named([key]))
    with echoing() as server:
        work.write([candidate(kind, server.url, "CANARY_KEY_00")], [(place, [*ENCODINGS][number % len(ENCODINGS)])])
        assert work.call(*RUN, "--json") == 2
    assert server.keys[key] == 1
    assert b"Traceback" in work.said["0 run stderr"]
    assert scan(work.places(), [key]) == []
