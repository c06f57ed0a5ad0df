from __future__ import annotations

import math
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aigc_eval.calls import Budget
from aigc_eval.engines import exchange
from aigc_eval.engines.isolated import Child
from aigc_eval.engines.wire import Wire
from aigc_eval.errors import DataError, MissingExtra, PluginError, UsageError
from aigc_eval.records import Generation, Message, Prompt, Request, Score, Span
from tests.faults.faulty_scorers import (
    Echo,
    Faulty,
    Leaky,
    Length,
    Nothing,
    OnceLoadable,
    Parent,
    Printing,
    Surroundings,
    Unloadable,
    WrongLength,
)

ROOT = Path(__file__).parents[2]
BUDGET = Budget(seconds=20.0, memory_gib=1.0)


def answers(*texts: str) -> list[Generation]:
    return [Request(Prompt(str(i), "?"), 0, i).answer(text) for i, text in enumerate(texts)]


def gone(pid: int, within: float = 2.0) -> bool:
    """Whether a process ends in that time; one that nobody has reaped yet has ended."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state in "ZX":
            return True
        time.sleep(0.01)
    return False


def wait_for(path: Path) -> list[int]:
    until = time.monotonic() + 10
    while not path.exists():
        assert time.monotonic() < until
        time.sleep(0.01)
    return [int(word) for word in path.read_text().split()]


def test_scores_come_back_in_order_batch_by_batch() -> None:
    with Child(Length(), BUDGET) as child:
        child.load()
        batches = [answers("a", "bb"), answers(), answers("ccc"), answers("dddd", "e", "")]
        found = [[score.value for score in scores] for scores in child.score(batches)]
        assert found == [[1.0, 2.0], [], [3.0], [4.0, 1.0, 0.0]]
        assert [s.value for scores in child.score([answers("again")]) for s in scores] == [5.0]


def test_everything_about_an_answer_arrives() -> None:
    prompt = Prompt(
        "p\ud800", "问\u0000", ("r",), ("e",), (Message("user", "hi"),), {"lang": "zh"}, {"f": "[]"}, ("r", "s"), "v"
    )
    others = tuple(Request(prompt, i, i).answer(f"other {i}", logprob=-2.0) for i in (1, 2))
    stranger = Request(Prompt("q", "another"), 5, 5).answer("x")
    full = Request(prompt, 3, 9).answer(
        "lone \udfff", "truncated", seconds=0.1, detail="d", usage={"output_tokens": 3}, likelihoods=(-0.5, -math.inf)
    )
    full = replace(full, logprob=-1.5, siblings=(*others, stranger), attempts=2)
    with Child(Echo(), BUDGET) as child:
        ((score,),) = child.score([[full]])
    (own,) = Echo().score([full])
    assert score.note == own.note
    assert (score.value, score.vector, score.parts["siblings"]) == (own.value, own.vector, 3.0)
    assert score.parts["pid"] != os.getpid()


texts = st.text(st.characters(exclude_categories=()), max_size=8)
numbers = st.floats(allow_nan=False)


@given(
    st.builds(Generation, st.builds(Request, st.builds(Prompt, texts, texts, st.tuples(texts))), texts, logprob=numbers)
)
@settings(max_examples=50)
def test_generations_are_the_same_again(answer: Generation) -> None:
    answer = replace(answer, siblings=(replace(answer, text="other"),))
    (again,) = exchange.generations(exchange.decode(exchange.encode({"x": exchange.plain([answer])}))["x"])
    assert again == answer
    assert (again.siblings, again.logprob) == (answer.siblings, answer.logprob)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | texts,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["value", "parts", "spans", "note", "error", "vector", "start", "end", "label", "odd"]),
                inner,
            )
        ),
    )
)
@settings(max_examples=200)
def test_whatever_comes_back_is_a_score_or_an_error(data: object) -> None:
    found = exchange.score(data)
    assert found.value is None or math.isfinite(found.value)
    found.to_json()
    assert isinstance(found.note, str)


@pytest.mark.parametrize(
    "data",
    [
        {"value": "1"},
        {"value": 10**400},
        {"value": float("nan")},
        {"note": 3},
        {"value": 1.0, "parts": {"a": None}},
        {"value": 1.0, "parts": []},
        {"value": 1.0, "spans": [{"start": 0.5, "end": 2, "label": "x"}]},
        {"value": 1.0, "spans": [{"start": 0, "end": 2, "label": 1}]},
        {"value": 1.0, "spans": [{"start": 0, "end": 2, "label": "x", "target": "host"}]},
        {"value": 1.0, "vector": "A"},
        {"value": 1.0, "more": 1},
        None,
        [],
        "x",
    ],
    ids=range(14),
)
def test_garbage_is_no_score(data: object) -> None:
    assert exchange.score(data).error == "the scorer gave what is no score"


def test_a_score_is_the_same_again() -> None:
    score = Score(0.5, {"a": 1.0}, (Span(0, 2, "标签", True, "prompt", True),), "n\ud800", vector=(0.5, -2.0))
    assert exchange.score(exchange.decode(exchange.encode({"s": exchange.shown(score)}))["s"]) == score


@pytest.mark.parametrize(
    ("how", "error", "said"),
    [
        ("missing", MissingExtra, "pip install detoxify"),
        ("data", DataError, "a.jsonl:4: id: is taken"),
        ("check", UsageError, "cannot judge p2"),
        ("other", PluginError, "OSError: no such model"),
        ("abort", UsageError, "did not survive loading: crashed: signal SIGABRT"),
        ("exit", UsageError, "did not survive loading: crashed: exit code 0"),
    ],
)
def test_what_loading_raises_is_raised_here(how: str, error: type[Exception], said: str) -> None:
    with Child(Unloadable(how=how), BUDGET, "mine") as child, pytest.raises(error, match=said) as caught:
        child.load([Prompt("p1", "?"), Prompt("p2", "?")])
    assert caught.type is error
    if isinstance(caught.value, DataError):
        assert [p.line for p in caught.value.problems] == [3, 4]


def test_loading_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Child, "_loading", 0.2)
    with Child(Unloadable(how="hang"), BUDGET) as child, pytest.raises(UsageError, match="did not load within"):
        child.load()


def test_a_wrong_number_of_scores_is_a_broken_plug_in() -> None:
    with Child(WrongLength(), BUDGET, "mine") as child, pytest.raises(PluginError, match=r"mine returned 1 .* 2 items"):
        list(child.score([answers("a", "b")]))


def test_no_list_at_all_fails_each_item() -> None:
    with Child(Nothing(), BUDGET) as child:
        ((one, other),) = child.score([answers("a", "b")])
    assert one.error == other.error == "TypeError: 'NoneType' object is not iterable"


@dataclass(frozen=True)
class Local(Length):
    hidden: object = None


def test_a_scorer_that_cannot_travel_is_told_so() -> None:
    with pytest.raises(UsageError, match="cannot be sent to its own process"):
        Child(Local(hidden=lambda: 0), BUDGET)

    @dataclass(frozen=True)
    class Inner(Length):
        pass

    with pytest.raises(UsageError, match="must be at the top of a module"):
        Child(Inner(), BUDGET)


def test_what_is_printed_stays_out_of_the_results() -> None:
    code = (
        "from aigc_eval.calls import Budget\n"
        "from aigc_eval.engines.isolated import Child\n"
        "from aigc_eval.records import Prompt, Request\n"
        "from tests.faults.faulty_scorers import Printing\n"
        "with Child(Printing(), Budget()) as child:\n"  # no `if __name__` guard
        "    print([s.value for g in child.score([[Request(Prompt('p', '?')).answer('abc')]]) for s in g])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "[3.0]\n"
    assert done.stderr.count("garbage") == 3
    assert isinstance(Printing(), Length)


def test_a_script_runs_once(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "print('once', flush=True)\n"
        "from aigc_eval.calls import Budget\n"
        "from aigc_eval.engines.isolated import Child\n"
        "from aigc_eval.errors import UsageError\n"
        "from aigc_eval.records import Prompt, Request\n"
        "from mine import Mine\n"
        "with Child(Mine(), Budget()) as child:\n"
        "    print([s.value for g in child.score([[Request(Prompt('p', '?')).answer('abc')]]) for s in g])\n"
        "class Here(Mine): pass\n"
        "try: Child(Here(), Budget())\n"
        "except UsageError as error: print(error)\n"
    )
    (tmp_path / "mine.py").write_text("from tests.faults.faulty_scorers import Length\nclass Mine(Length): pass\n")
    done = subprocess.run(
        [sys.executable, str(script)], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    once, scores, refused = done.stdout.splitlines()
    assert (once, scores) == ("once", "[3.0]"), done.stderr
    assert refused.startswith("Here is defined in the script that was started")


def test_a_child_finds_the_surroundings_of_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Child(Length(), BUDGET) as child:
        child.load()  # the nursery has been born
    (tmp_path / "beside.py").write_text(
        "from tests.faults.faulty_scorers import Surroundings\nclass Beside(Surroundings): pass\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AIGC_EVAL_TEST", "值")
    monkeypatch.syspath_prepend(tmp_path)
    import beside  # type: ignore[import-not-found]

    with Child(beside.Beside(), BUDGET) as child:
        ((score,),) = child.score([answers("a")])
    expected = {"folder": str(tmp_path), "variable": "值", "main": "__main__"}
    assert score.note == f"{expected} False"
    assert isinstance(beside.Beside(), Surroundings)


@pytest.mark.parametrize("end", ["finish", "close", "raise", "interrupt"])
def test_no_process_is_left(end: str, tmp_path: Path) -> None:
    child = Child(Echo(), BUDGET)
    scores = child.score([answers("a")] * 9)
    pid = int(next(scores)[0].parts["pid"])
    if end == "finish":
        list(scores)
        child.close()
    elif end == "close":
        with closing(scores):
            pass
    else:
        with pytest.raises((KeyboardInterrupt, ZeroDivisionError)):
            scores.throw(KeyboardInterrupt() if end == "interrupt" else ZeroDivisionError())
    assert gone(pid, 0.5)


def test_an_interrupt_is_for_the_run_and_not_for_the_scorer() -> None:
    with Child(Echo(), BUDGET) as child:
        scores = child.score([answers("a")] * 4)
        pid = int(next(scores)[0].parts["pid"])
        os.kill(pid, signal.SIGINT)
        assert {int(score.parts["pid"]) for group in scores for score in group} == {pid}


@pytest.mark.skipif(sys.platform != "linux", reason="the files of /proc")
def test_a_child_is_the_first_to_go_and_leaves_no_core_file() -> None:
    with Child(Echo(), BUDGET) as child:
        ((score,),) = child.score([answers("a")])
        pid = int(score.parts["pid"])
        assert int(Path(f"/proc/{pid}/oom_score_adj").read_text()) >= 500
        limits = Path(f"/proc/{pid}/limits").read_text()
        assert re.search(r"Max core file size +0 ", limits)
        assert re.search(r"Max data size +\d+ ", limits)
        assert os.getpgid(pid) == os.getsid(pid) == pid


def test_what_a_scorer_started_ends_with_it(tmp_path: Path) -> None:
    with Child(Parent(ids=tmp_path / "ids"), Budget(0.5, 1.0)) as child:
        ((score,),) = child.score([answers("bad")])
        assert score.error == "no score within 0.5 s"
        assert all(map(gone, wait_for(tmp_path / "ids")))


def test_a_killed_run_leaves_no_process(tmp_path: Path) -> None:
    code = (
        "import pathlib, sys\n"
        "from aigc_eval.calls import Budget\n"
        "from aigc_eval.engines.isolated import Child\n"
        "from aigc_eval.records import Prompt, Request\n"
        "from tests.faults.faulty_scorers import Parent\n"
        "child = Child(Parent(ids=pathlib.Path(sys.argv[1])), Budget())\n"
        "list(child.score([[Request(Prompt('p', '?')).answer('bad')]]))\n"
    )
    run = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "ids")], cwd=ROOT)
    left = wait_for(tmp_path / "ids")
    nursery = int(Path(f"/proc/{left[0]}/stat").read_text().rpartition(")")[2].split()[1])
    run.kill()
    run.wait()
    assert all(map(gone, [*left, nursery]))


def test_the_nursery_may_be_killed(tmp_path: Path) -> None:
    with Child(Echo(), BUDGET) as child:
        scores = child.score([answers("a")] * 6)
        pid = int(next(scores)[0].parts["pid"])
        nursery = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(nursery, 9)
        assert gone(pid)
        rest = [score for group in scores for score in group]
    assert len(rest) == 5
    # At most what was under way has no score.
    assert [s.error for s in rest if s.error] in ([], ["crashed"])


def test_memory_that_was_left_behind_costs_no_score() -> None:
    with Child(Leaky(), Budget(20.0, 0.125)) as child:
        found = [s.value for scores in child.score([answers("a", "b")] * 20) for s in scores]
    assert found == [1.0] * 40


def test_a_scorer_that_cannot_be_loaded_again_is_given_up(tmp_path: Path) -> None:
    with Child(OnceLoadable(flag=tmp_path / "flag"), BUDGET) as child:
        child.load()
        found = [s for scores in child.score([answers("a"), answers("bad", "b"), answers("c")]) for s in scores]
    assert found[0].value == 1.0
    lost = "not scored: the scorer could not be loaded again: OSError: the model is gone"
    assert [s.error for s in found[1:]] == [lost] * 3


def test_a_large_batch_goes_item_by_item() -> None:
    large = answers("x" * 9_000_000, "y" * 9_000_000)
    with Child(Length(), BUDGET) as child:
        found = [[s.value for s in scores] for scores in child.score([answers("a"), large, answers("b")])]
    assert found == [[1.0], [9e6, 9e6], [1.0]]


def test_runs_in_threads_do_not_meet() -> None:
    found: dict[int, list[float | None]] = {}

    def work(n: int) -> None:
        with Child(Faulty(fault="abort"), BUDGET) as child:
            batches = [answers(*("x" * n for _ in range(8))), answers("bad", "y" * n)]
            found[n] = [s.value for scores in child.score(batches) for s in scores]

    threads = [threading.Thread(target=work, args=(n,)) for n in (1, 2, 3, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == {n: [float(n)] * 8 + [None, float(n)] for n in (1, 2, 3, 4)}


def test_batches_keep_their_size_and_order() -> None:
    sizes: list[int] = []

    def batches() -> Sequence[list[Generation]]:
        return [answers(*("x" * (i + 1) for i in range(size))) for size in (3, 1, 5, 2)]

    with Child(Length(), BUDGET) as child:
        for scores in child.score(batches()):
            sizes.append(len(scores))
            assert [s.value for s in scores] == [i + 1.0 for i in range(len(scores))]
    assert sizes == [3, 1, 5, 2]


def test_a_wire_gives_up_on_half_a_message() -> None:
    import socket

    one, other = socket.socketpair()
    with one:
        wire = Wire(other)
        one.send(b"\0\0\0\0\0\0\0\x05he")
        with pytest.raises(TimeoutError):
            wire.get(0.05)
        one.send(b"llo")
        assert wire.get(0.05) == b"hello"
        one.send(b"\0\0\0\0\0\0\0\x05he")
        one.close()
        with pytest.raises(EOFError):
            wire.get(5)
        wire.close()


def test_a_wire_carries_large_messages_both_ways_at_once() -> None:
    import socket

    one, other = map(Wire, socket.socketpair())
    large = os.urandom(5_000_000)

    def answer() -> None:
        for _ in range(3):
            other.put(other.get(10))
        other.flush()

    thread = threading.Thread(target=answer)
    thread.start()
    for _ in range(3):
        one.put(large)
    assert [one.get(10) == large for _ in range(3)] == [True] * 3
    thread.join(10)
    one.close()
    other.close()


def test_a_wire_reads_no_message_that_is_too_long() -> None:
    import socket

    one, other = socket.socketpair()
    with one:
        wire = Wire(other, 4)
        one.send(b"\0\0\0\0\0\0\0\x05hello")
        with pytest.raises(ValueError, match="5 bytes"):
            wire.get(1)
        wire.close()
