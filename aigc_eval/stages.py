"""The stages of a run, answering and scoring, over one mechanism: look up, batch, call, append, put in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

from aigc_eval.engines.local import map_batches
from aigc_eval.errors import PluginError
from aigc_eval.estimates import ROUNDING
from aigc_eval.journal import Journal
from aigc_eval.plugin import Generator, Plugin, Scorer
from aigc_eval.records import OUTCOMES, Generation, Request, Score, Sees, digest
from aigc_eval.text import blank

__all__ = ["Progress", "Stage", "answering", "answering_keys", "recorded", "scoring", "scoring_keys", "seen"]

T = TypeVar("T", Request, Generation)
R = TypeVar("R", Generation, Score)

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


class Progress(Protocol):
    """Told how far a stage is; `errors` counts results that could not be had."""

    def __call__(self, stage: str, done: int, total: int, errors: int) -> None:
        """One report."""


@dataclass
class Stage(Generic[T, R]):
    """One plug-in over one list of items, each with its journal key; `results` are those known so far."""

    kind: str
    name: str
    plugin: Plugin
    keys: Sequence[str]
    items: Sequence[T]
    call: Callable[[Sequence[T]], list[R]]
    decode: Callable[[T, Mapping[str, Any]], R]
    encode: Callable[[str, R], Mapping[str, Any]]
    failed: Callable[[T, Exception], R]
    is_error: Callable[[R], bool]
    results: list[R | None]

    def look_up(self, journal: Journal, settled: bool) -> None:
        """Take what the journal holds. An error is a hit only in a settled (completed) run: elsewhere it is retried."""
        for i, (key, item) in enumerate(zip(self.keys, self.items, strict=True)):
            if self.results[i] is not None or (data := journal.find(self.kind, key)) is None:
                continue
            result = self.decode(item, data)
            if settled or not self.is_error(result):
                self.results[i] = result

    def decided(self) -> dict[str, R]:
        """Results by key that are known already, from the journal or without a call."""
        return {key: r for key, r in zip(self.keys, self.results, strict=True) if r is not None}

    @property
    def pending(self) -> list[int]:
        """Which items have no result, each key once, shortest text first where the plug-in asks for that."""
        first = {self.keys[i]: i for i in range(len(self.keys) - 1, -1, -1) if self.results[i] is None}
        waiting = sorted(first.values())
        if self.plugin.by_length:
            waiting.sort(key=lambda i: _length(self.items[i]))
        return waiting

    def finish(self, journal: Journal, progress: Progress) -> list[R]:
        """Call the plug-in on what is pending, append each batch to the journal, and return all results in order."""
        waiting = self.pending
        journal.append([self.encode(k, r) for k, r in self.decided().items() if journal.find(self.kind, k) is None])
        errors = 0
        done = len(self.items) - len(waiting)
        progress(self.name, done, len(self.items), errors)
        found: dict[str, R] = {}
        size = max(1, self.plugin.batch_size)
        chunks = [waiting[i : i + size] for i in range(0, len(waiting), size)]
        answers = map_batches(self.call, ([self.items[i] for i in chunk] for chunk in chunks), self.failed)
        for chunk, results in zip(chunks, answers, strict=True):
            keyed = [(self.keys[i], r) for i, r in zip(chunk, results, strict=True)]
            self._keep(journal, keyed)
            found.update(keyed)
            done, errors = done + len(chunk), errors + sum(map(self.is_error, results))
            progress(self.name, done, len(self.items), errors)
        return [r if r is not None else found[key] for key, r in zip(self.keys, self.results, strict=True)]

    def _keep(self, journal: Journal, keyed: Sequence[tuple[str, R]]) -> None:
        try:
            journal.append([self.encode(key, result) for key, result in keyed])
        except (TypeError, ValueError) as error:  # a number of another library, or one that is not finite
            raise PluginError(f"{self.name}: a result cannot be written to the journal: {error}") from error


Answering = Stage[Request, Generation]
Scoring = Stage[Generation, Score]


def _length(item: Request | Generation) -> int:
    return len(item.text) if isinstance(item, Generation) else len(item.prompt.text)


def _short(error: Exception) -> str:
    """Kind and first line of an exception; the text that provoked it may be quoted there, so not too much of it."""
    lines = str(error).splitlines() or [""]
    return f"{type(error).__name__}: {lines[0][:160]}"


def recorded(request: Request, data: Mapping[str, Any]) -> Generation:
    """The answer that a journal's record holds."""
    known = {k: v for k, v in data.items() if k not in ("candidate", "prompt", "sample")}
    return Generation(request, **{**known, "likelihoods": tuple(known.get("likelihoods", ()))})


def answering_keys(identity: str, requests: Sequence[str]) -> list[str]:
    """Journal keys of one generator's answers; `requests` are the requests' digests."""
    return [digest(identity, request) for request in requests]


def answering(
    name: str, plugin: Generator, identity: str, requests: Sequence[Request], digests: Sequence[str]
) -> Answering:
    """The stage in which one candidate answers every request."""

    def call(batch: Sequence[Request]) -> list[Generation]:
        answers = plugin.generate(batch)
        for request, answer in zip(batch, answers, strict=False):
            if answer.request is not request and answer.request != request:
                raise PluginError(f"candidate {name!r} answered another request than {request.prompt.id!r}")
            if not isinstance(answer.text, str) or answer.outcome not in OUTCOMES:
                raise PluginError(f"candidate {name!r} answered {request.prompt.id!r} with no text or no known outcome")
            if len(answer.likelihoods) not in (0, len(request.prompt.choices)):
                raise PluginError(f"candidate {name!r} gave other likelihoods than {request.prompt.id!r} has choices")
        return [replace(a, outcome="empty") if a.outcome == "ok" and blank(a.text) else a for a in answers]

    def encode(key: str, answer: Generation) -> Mapping[str, Any]:
        own = replace(answer, siblings=()).to_json()
        del own["request"]
        where = {"candidate": name, "prompt": answer.prompt.id, "sample": answer.request.sample}
        return {"kind": "generation", "key": key, "data": where | own}

    return Answering(
        "generation",
        f"generate {name}",
        plugin,
        answering_keys(identity, digests),
        requests,
        call,
        recorded,
        encode,
        lambda request, error: request.answer("", "error", detail=_short(error)),
        lambda answer: answer.outcome == "error",
        [None] * len(requests),
    )


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


def scoring(name: str, plugin: Scorer, identity: str, answers: Sequence[Generation], digests: Sequence[str]) -> Scoring:
    """The stage in which one scorer scores every answer with an outcome that it scores; the others have failed.

    `answers` are as the scorer sees them (`seen`).
    """
    ranges = [column for metric in plugin.metrics() for column in metric.ranges()]

    def call(batch: Sequence[Generation]) -> list[Score]:
        scores = plugin.score(batch)
        if len(scores) != len(batch):
            return scores  # the engine reports it
        return [_checked(name, a, s, ranges) for a, s in zip(batch, scores, strict=True)]

    stage = Scoring(
        "score",
        f"score {name}",
        plugin,
        scoring_keys(identity, plugin.sees, answers, digests),
        answers,
        call,
        lambda _, data: Score.from_json(data),
        lambda key, score: {"kind": "score", "key": key, "data": score.to_json()},
        lambda _, error: Score(error=_short(error)),
        lambda score: bool(score.error),
        [None] * len(answers),
    )
    stage.results = [_without_a_call(plugin, a) for a in answers]
    return stage


def _without_a_call(plugin: Scorer, answer: Generation) -> Score | None:
    """The score of an answer that the scorer need not see, or None."""
    try:
        if note := plugin.not_applicable(answer.prompt):
            return Score(note=note)
    except Exception as error:
        return Score(error=_short(error))
    # One that was cut off before it said anything has not come to an answer either.
    outcome = "empty" if answer.outcome in ("ok", "truncated") and blank(answer.text) else answer.outcome
    return None if outcome in plugin.outcomes else Score(error=f"output is {outcome}")


def _checked(name: str, answer: Generation, score: Score, ranges: Sequence[tuple[str, float, float]]) -> Score:
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
