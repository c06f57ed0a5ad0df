"""The second stage of a run: every scorer scores every answer that it can score."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any, Self

from aigc_eval.calls import Budget
from aigc_eval.config import Named
from aigc_eval.engines.isolated import Child
from aigc_eval.estimates import ROUNDING
from aigc_eval.plugin import Scorer
from aigc_eval.records import OUTCOMES, Generation, Prompt, Score, Sees, digest
from aigc_eval.stages import Engine, Stage, short
from aigc_eval.text import blank

__all__ = ["UNSCORABLE", "Scorers", "Scoring", "scoring", "scoring_keys", "seen"]

Scoring = Stage[Generation, Score]

UNSCORABLE = frozenset(f"output is {outcome}" for outcome in OUTCOMES)
"""Errors of scores that are none of a scorer: the answer has an outcome that it does not score."""

_TAKEN = {
    "candidate",
    "prompt",
    "sample",
    "text",
    "outcome",
    "seconds",
    "lang",
    "value",
    "status",
    "vector",
    "likelihoods",
    "variant_of",
}
"""Columns that a metric sees beside the parts of a score (see `estimates.view`)."""


def seen(sees: Sees, answered: Iterable[Sequence[Generation]]) -> list[Generation]:
    """All candidates' answers, one candidate after the other, as a scorer sees them: with their siblings if it does."""
    if sees != "siblings":
        return [answer for answers in answered for answer in answers]
    return [answer for answers in answered for answer in _with_siblings(answers)]


def _with_siblings(answers: Sequence[Generation]) -> list[Generation]:
    by_prompt: dict[str, list[Generation]] = {}
    for answer in answers:
        by_prompt.setdefault(answer.prompt.id, []).append(answer)
    return [
        replace(answer, siblings=tuple(other for other in by_prompt[answer.prompt.id] if other is not answer))
        for answer in answers
    ]


def scoring_keys(identity: str, sees: Sees, answers: Sequence[Generation], digests: Sequence[str]) -> list[str]:
    """Journal keys of one scorer's scores: all that it may look at; `digests` are those of the answered requests."""
    pairs = zip(answers, digests, strict=True)
    return [digest(identity, d, a.text, a.outcome, *_more(sees, a)) for a, d in pairs]


def _more(sees: Sees, answer: Generation) -> list[Any]:
    """What decides a score beside the request, the text and the outcome."""
    found: list[Any] = [answer.likelihoods] if answer.likelihoods else []
    if sees == "siblings":
        found += [(s.text, s.outcome, s.logprob, s.usage.get("output_tokens")) for s in (answer, *answer.siblings)]
    if sees == "call":
        found += [answer.seconds, answer.usage, answer.detail]
    return found


class Scorers:
    """The scorers of a run, each opened once: in this process, or each in one of its own."""

    def __init__(self, named: Sequence[Named[Scorer]], prompts: Sequence[Prompt], *, isolated: bool) -> None:
        self._named, self.prompts = named, prompts
        self._children = {s.name: Child(s.plugin, s.budget or Budget(), s.name) for s in named} if isolated else {}
        self._loaded: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._children.values():
            child.close()

    def load(self, name: str = "") -> None:
        """Load and check all that are not loaded, or the one of this name; raises what is missing or cannot be."""
        due = [s for s in self._named if name in ("", s.name) and s.name not in self._loaded]
        for scorer in due:
            if scorer.name in self._children:
                self._children[scorer.name].start(self.prompts)
        for scorer in due:
            if scorer.name in self._children:
                self._children[scorer.name].ready()
            else:
                scorer.plugin.load()
                scorer.plugin.check(self.prompts)
            self._loaded.add(scorer.name)

    def scoring(self, name: str, identity: str, answers: Sequence[Generation], digests: Sequence[str]) -> Scoring:
        """The stage of one scorer; its process ends with it."""
        (plugin,) = (s.plugin for s in self._named if s.name == name)
        stage = scoring(name, plugin, identity, answers, digests)
        if child := self._children.get(name):
            stage.engine = partial(_in_child, child)
        return stage


def _in_child(child: Child, stage: Scoring, waiting: Sequence[int]) -> Engine[Score]:
    """In the scorer's own process, batch by batch."""
    chunks = stage.chunks(waiting)
    with child, closing(child.score([stage.items[i] for i in chunk] for chunk in chunks)) as results:
        for chunk, scores in zip(chunks, results, strict=True):
            pairs = zip(chunk, scores, strict=True)
            yield [(i, stage.admit(stage.items[i], score)) for i, score in pairs]


def scoring(name: str, plugin: Scorer, identity: str, answers: Sequence[Generation], digests: Sequence[str]) -> Scoring:
    """The stage in which one scorer scores every answer with an outcome that it scores; the others have failed.

    `answers` are as the scorer sees them (`seen`).
    """
    ranges = [column for metric in plugin.metrics() for column in metric.ranges()]
    admit = partial(_checked, name, ranges)

    def call(batch: Sequence[Generation]) -> list[Score]:
        scores = plugin.score(batch)
        if len(scores) != len(batch):
            return scores  # the engine reports it
        return list(map(admit, batch, scores))

    stage = Scoring(
        "score",
        f"score {name}",
        plugin,
        scoring_keys(identity, plugin.sees, answers, digests),
        answers,
        call,
        lambda _, data: Score.from_json(data),
        lambda key, score: {"kind": "score", "key": key, "data": score.to_json()},
        lambda _, error: Score(error=short(error)),
        lambda score: bool(score.error),
        [None] * len(answers),
        admit=admit,
    )
    stage.results = [_without_a_call(plugin, a) for a in answers]
    return stage


def _without_a_call(plugin: Scorer, answer: Generation) -> Score | None:
    """The score of an answer that the scorer need not see, or None."""
    try:
        if note := plugin.not_applicable(answer.prompt):
            return Score(note=note)
    except Exception as error:
        return Score(error=short(error))
    # One that was cut off before it said anything has not come to an answer either.
    outcome = "empty" if answer.outcome in ("ok", "truncated") and blank(answer.text) else answer.outcome
    return None if outcome in plugin.outcomes else Score(error=f"output is {outcome}")


def _checked(name: str, ranges: Sequence[tuple[str, float, float]], answer: Generation, score: Score) -> Score:
    """The score, or an error if its evidence points outside the texts or a number lies outside its range."""
    lengths = {"output": len(answer.text), "prompt": len(answer.prompt.text)}
    for span in score.spans:
        if span.end > lengths[span.target]:
            return Score(error=f"{name} marked characters {span.start}-{span.end} of {lengths[span.target]}")
    for part in score.parts:
        if part in _TAKEN or part.startswith(("tag.", "usage.", "read:")) or not part.isprintable():
            return Score(error=f"{name} named a part {part!r:.80}, which cannot be a column of the run's rows")
    for of, low, high in ranges:
        number = score.value if of == "value" else score.parts.get(of)
        if number is not None and not low - ROUNDING <= number <= high + ROUNDING:
            return Score(error=f"{name} gave {number:g} where {low:g} to {high:g} was declared")
    return score
