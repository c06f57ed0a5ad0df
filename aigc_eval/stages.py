"""What answering and scoring share: look up, batch, call, append, put in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Generator as PyGenerator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from aigc_eval.credentials import redact
from aigc_eval.engines.local import map_batches
from aigc_eval.errors import PluginError
from aigc_eval.journal import Journal
from aigc_eval.plugin import Plugin
from aigc_eval.records import Generation, Request, Score

__all__ = ["Engine", "Progress", "Stage", "in_batches", "short"]

T = TypeVar("T", Request, Generation)
R = TypeVar("R", Generation, Score)
Engine = PyGenerator[list[tuple[int, R]], None, None]


class Progress(Protocol):
    """Told how far a stage is; `errors` counts results that could not be had."""

    def __call__(self, stage: str, done: int, total: int, errors: int) -> None:
        """One report."""


def in_batches(stage: Stage[T, R], waiting: Sequence[int]) -> Engine[R]:
    """In this process, batch by batch."""
    chunks = stage.chunks(waiting)
    results = map_batches(stage.call, ([stage.items[i] for i in chunk] for chunk in chunks), stage.failed)
    for chunk, found in zip(chunks, results, strict=True):
        yield list(zip(chunk, found, strict=True))


@dataclass
class Stage(Generic[T, R]):
    """One plug-in over one list of items, each with its journal key; `results` are those known so far.

    `engine` carries out what is waiting and yields places in the list with their results, in any order; what comes from
    elsewhere than `call` it passes through `admit`, which turns a result that cannot be into an error.
    """

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
    engine: Callable[[Stage[T, R], Sequence[int]], Engine[R]] = in_batches
    admit: Callable[[T, R], R] = lambda _, result: result

    def look_up(self, journal: Journal, settled: bool) -> None:
        """Take what the journal holds. An error is a hit only in a settled (completed) run: elsewhere it is retried."""
        for i, (key, item) in enumerate(zip(self.keys, self.items, strict=True)):
            if self.results[i] is not None or (data := journal.find(self.kind, key)) is None:
                continue
            result = self.decode(item, data)
            if settled or not self.is_error(result):
                self.results[i] = result

    def take_over(self, journal: Journal, earlier: Journal) -> int:
        """Copy into the journal what an earlier run's holds and this one lacks; how many results that were.

        Errors are never taken over. A record beforehand says where the results come from.
        """
        found: dict[str, R] = {}
        for i, (key, item) in enumerate(zip(self.keys, self.items, strict=True)):
            if self.results[i] is not None or (data := earlier.find(self.kind, key)) is None:
                continue
            result = self.decode(item, data)
            if not self.is_error(result):
                self.results[i] = found[key] = result
        if found:
            note = {"kind": "reuse", "from": earlier.head, "of": self.kind, "results": len(found)}
            journal.append([note, *(self.encode(key, result) for key, result in found.items())])
        return len(found)

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
        with closing(self.engine(self, waiting)) as groups:
            for group in groups:
                keyed = [(self.keys[i], result) for i, result in group]
                self._keep(journal, keyed)
                found.update(keyed)
                done, errors = done + len(group), errors + sum(self.is_error(r) for _, r in group)
                progress(self.name, done, len(self.items), errors)
        return [r if r is not None else found[key] for key, r in zip(self.keys, self.results, strict=True)]

    def chunks(self, waiting: Sequence[int]) -> list[Sequence[int]]:
        """The waiting items in batches of the plug-in's size."""
        size = max(1, self.plugin.batch_size)
        return [waiting[i : i + size] for i in range(0, len(waiting), size)]

    def _keep(self, journal: Journal, keyed: Sequence[tuple[str, R]]) -> None:
        try:
            journal.append([self.encode(key, result) for key, result in keyed])
        except (TypeError, ValueError) as error:  # a number of another library, or one that is not finite
            raise PluginError(f"{self.name}: a result cannot be written to the journal: {error}") from error


def _length(item: Request | Generation) -> int:
    return len(item.text) if isinstance(item, Generation) else len(item.prompt.text)


def short(error: Exception) -> str:
    """Kind and first line of an exception; the text that provoked it may be quoted there, so not too much of it."""
    lines = redact(str(error)).splitlines() or [""]
    return f"{type(error).__name__}: {lines[0][:160]}"
