"""Answers as they are kept: what a candidate's own code says beside the text must be what it is said to be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aigc_eval.answering import answering, draws
from aigc_eval.calls import Limits
from aigc_eval.journal import Journal
from aigc_eval.plugin import Generator
from aigc_eval.records import Generation, Prompt, Request

Answer = Callable[[Request], Generation]
ODD: dict[str, Answer] = {
    "usage nothing": lambda r: r.answer("x", usage={"input_tokens": None}),  # type: ignore[dict-item]
    "usage text": lambda r: r.answer("x", usage={"input_tokens": "7"}),  # type: ignore[dict-item]
    "usage below nothing": lambda r: r.answer("x", usage={"output_tokens": -1_000_000}),
    "usage not finite": lambda r: r.answer("x", usage={"output_tokens": float("inf")}),  # type: ignore[dict-item]
    "seconds text": lambda r: r.answer("x", seconds="1"),  # type: ignore[arg-type]
    "logprob not a number": lambda r: r.answer("x", logprob=float("nan")),
    "detail number": lambda r: r.answer("x", detail=5),  # type: ignore[arg-type]
    "error without one": lambda r: Generation(r, "x", error="timeout"),
    "attempts none": lambda r: Generation(r, "x", attempts=0),
}


@dataclass(frozen=True)
class Odd(Generator):
    """Gives an answer with odd facts to the second prompt."""

    which: str = ""

    def generate(self, batch: Sequence[Request]) -> list[Generation]:
        return [ODD[self.which](r) if r.prompt.id == "p1" else r.answer("fine") for r in batch]


@dataclass(frozen=True)
class Called(Odd):
    """The same, call by call."""

    by_call = True


def answers(plugin: Generator, folder: Path, limits: Limits | None = None) -> list[Generation]:
    requests, digests = draws([Prompt(f"p{i}", "?") for i in range(4)], 1, 0)
    stage: Any = answering("c", plugin, plugin.identity(), requests, digests, limits)
    with Journal(folder) as journal:
        found: list[Generation] = stage.finish(journal, lambda *_: None)
    return found


@pytest.mark.parametrize("which", ODD)
@pytest.mark.parametrize("kind", [Odd, Called])
def test_facts_that_cannot_be_cost_their_answer_only(kind: type[Odd], which: str, tmp_path: Path) -> None:
    found = answers(kind(which), tmp_path, Limits(max_tokens_total=100_000, attempts=1))
    assert [a.outcome for a in found] == ["ok", "error", "ok", "ok"]
    assert found[1].error == "bad_response"
    assert which.split(maxsplit=1)[0] in found[1].detail


def test_an_error_of_no_known_kind_is_one_that_was_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ODD, "kind", lambda r: Generation(r, "", "error", detail="why", error="odd"))  # type: ignore[arg-type]
    assert [(a.error, a.detail) for a in answers(Odd("kind"), tmp_path)][1] == ("raised", "why")
