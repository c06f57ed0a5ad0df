"""Scorers that raise, hang, die, lie and eat memory, at 1 %, 30 % and 100 % of the answers: the counts stay exact."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

import pytest

from aigc_eval.calls import Budget
from aigc_eval.engines.isolated import Child
from aigc_eval.records import Generation, Prompt, Request, Score
from tests.faults.faulty_scorers import Faulty

NO_SCORE = "the scorer gave what is no score: "
LOST = "not scored: the scorer died 20 times in a row"
SAYS = {
    "raise": "ValueError: not this text",
    "nan": "ValueError: a score must be a finite number, not nan",
    "ask": "RuntimeError: status 500",
    "none": NO_SCORE + "NoneType",
    "text": NO_SCORE + "str",
    "number": NO_SCORE + "float",
    "forged": NO_SCORE + "ValueError: .*",
    "note": NO_SCORE + "TypeError: .*",
    "span": "the scorer gave what is no score",
    "greedy": r"out of memory \(0.5 GiB\)",
}
"""Faults that a process survives, and what the score says."""
DEADLY = {
    "abort": "crashed: signal SIGABRT",
    "segfault": "crashed: signal SIGSEGV",
    "kill": r"crashed: signal SIGKILL \(out of memory\?\)",
    "exit": "crashed: exit code 0",
    "sys.exit": "crashed: exit code 3",
    "interrupt": "crashed: exit code 70",
    "close": "crashed: exit code 0",
}
STUCK = dict.fromkeys(("hang", "regex"), r"no score within 0\.3 s")


def answers(count: int, every: int) -> list[Generation]:
    """So many answers, each `every`-th of them bad, from the second on."""
    return [
        Request(Prompt(str(i), "?"), 0, i).answer(f"{'bad' if i % every == 1 % every else 'good'} {i}")
        for i in range(count)
    ]


def scored(fault: str, given: Sequence[Generation], size: int, budget: Budget) -> list[Score]:
    batches = [given[i : i + size] for i in range(0, len(given), size)]
    with Child(Faulty(fault=fault), budget) as child:
        child.load()
        return [score for scores in child.score(batches) for score in scores]


def expect(found: Sequence[Score], given: Sequence[Generation], says: str) -> None:
    """Every good answer has its own score, every bad one says why it has none."""
    assert len(found) == len(given)
    for answer, score in zip(given, found, strict=True):
        if "bad" in answer.text:
            assert score.value is None
            assert re.fullmatch(says, score.error), answer.text
        else:
            assert score == Score(float(len(answer.text)))


@pytest.mark.parametrize("every", [100, 3, 1])
@pytest.mark.parametrize("fault", SAYS)
def test_the_bad_ones_alone_have_no_score(fault: str, every: int) -> None:
    given = answers(200, every)
    expect(scored(fault, given, 32, Budget(20.0, 0.5)), given, SAYS[fault])


@pytest.mark.parametrize("fault", DEADLY)
def test_a_death_costs_one_score(fault: str) -> None:
    given = answers(9, 5)
    expect(scored(fault, given, 4, Budget(20.0, 0.5)), given, DEADLY[fault])


@pytest.mark.parametrize("fault", ["hang", "regex"])
def test_a_hang_costs_one_score(fault: str) -> None:
    given = answers(6, 6)
    begun = time.monotonic()
    # The batch may take three times as long as one answer, then each has its own time.
    expect(scored(fault, given, 3, Budget(0.3, 0.5)), given, STUCK[fault])
    assert time.monotonic() - begun < 10


def test_copies_of_the_process_give_no_second_answer() -> None:
    given = answers(40, 4)
    found = scored("fork", given, 8, Budget(20.0, 0.5))
    assert found == [Score(float(len(answer.text))) for answer in given]


@pytest.mark.slow
@pytest.mark.parametrize("every", [100, 3])
@pytest.mark.parametrize("fault", DEADLY)
def test_deaths_cost_the_bad_ones_alone(fault: str, every: int) -> None:
    given = answers(200, every)
    expect(scored(fault, given, 32, Budget(20.0, 0.5)), given, DEADLY[fault])


@pytest.mark.slow
@pytest.mark.parametrize("every", [100, 3])
@pytest.mark.parametrize("fault", STUCK)
def test_hangs_cost_the_bad_ones_alone(fault: str, every: int) -> None:
    given = answers(200, every)
    expect(scored(fault, given, 32, Budget(0.3, 0.5)), given, STUCK[fault])


@pytest.mark.slow
@pytest.mark.parametrize("fault", [*DEADLY, *STUCK])
def test_a_scorer_that_always_dies_is_given_up(fault: str) -> None:
    given = answers(200, 1)
    found = scored(fault, given, 32, Budget(0.3 if fault in STUCK else 20.0, 0.5))
    says = (DEADLY | STUCK)[fault]
    # The first batch is the first death; then one by one.
    assert len(found) == 200
    assert all(re.fullmatch(says, score.error) for score in found[:19])
    assert {score.error for score in found[19:]} == {LOST}


def test_after_twenty_deaths_in_a_row_nothing_is_tried() -> None:
    given = answers(60, 1)
    found = scored("abort", given, 30, Budget(20.0, 0.5))
    assert [score.error for score in found] == [DEADLY["abort"]] * 19 + [LOST] * 41
