"""Scorers in processes of their own: one that raises, hangs, dies or eats memory costs outputs their scores, not a run.

    with isolated.Child(scorer, Budget()) as child:
        child.load(prompts)               # what is missing is raised here, before anything is generated
        for scores in child.score(batches):
            ...

A batch in which the process dies, or that overruns its time, goes item by item through new processes, so that only the
culprits have no score. What a scorer prints to stdout goes to stderr. Data comes back as JSON and is checked.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Generator, Iterable, Sequence
from typing import TYPE_CHECKING, Self

from aigc_eval.engines import exchange
from aigc_eval.engines.process import ASTRAY, LATE, Died, Process, pickled
from aigc_eval.errors import UsageError
from aigc_eval.plugin import Scorer
from aigc_eval.records import Generation, Prompt, Score

if TYPE_CHECKING:
    from aigc_eval.calls import Budget

__all__ = ["Child"]

_AHEAD = 2
"""Batches under way at a time: the next one is sent before the answer to the first has come."""
_MOST_DEATHS = 20
_MOST_LOADS = 3
_LARGE = 1 << 24
"""Characters of a batch that is sent item by item, so that no message holds them all."""


class Child:
    """A scorer's process, started anew whenever it has died. `name` is what messages call the scorer.

    Loading may take 300 s and ten times `budget.seconds`. The first batch may take `budget.seconds` an item, for up to
    ten items; later ones `budget.seconds` and four times the mean of the items so far; a single item, after its batch
    has failed, `budget.seconds`. After 20 deaths with no answer between them, what is left is not tried.
    """

    def __init__(self, scorer: Scorer, budget: Budget, name: str = "") -> None:
        self.name, self.budget = name or type(scorer).__name__, budget
        self._pickled = pickled(scorer, self.name)
        self._process: Process | None = None
        self._lost = ""
        self._deaths = self._items = 0
        self._seconds = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process, if there is one. A scorer that is used again gets a new one."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()

    def start(self, prompts: Sequence[Prompt]) -> None:
        """Begin to load the scorer and to check the prompts, without waiting for it."""
        self.close()
        self._process = Process(self.name, self.budget, self._pickled)
        self._process.put({"load": [prompt.to_json() for prompt in prompts]})

    def ready(self) -> None:
        """Wait until it is loaded; raises what `load` or `check` raised, PluginError for what is none of our errors.

        UsageError where it died of it, or took too long.
        """
        if self._process is None:
            return
        try:
            said = self._process.get(self._loading)
            if "raised" in said:
                exchange.reraise(said["raised"], self.name)
        except Died as death:
            self.close()
            if str(death) == LATE:
                what = f"did not load within {self._loading:g} s; raise its limits: {{seconds: ...}}"
            else:
                what = f"did not survive loading: {death}"
            raise UsageError(f"{self.name} {what}") from None
        except BaseException:
            self.close()
            raise

    def load(self, prompts: Sequence[Prompt] = ()) -> None:
        """`start` and `ready` in one."""
        self.start(prompts)
        self.ready()

    def score(self, batches: Iterable[Sequence[Generation]]) -> Generator[list[Score], None, None]:
        """Scores of each batch, in order. The process is ended unless the last batch is reached.

        PluginError where the scorer gives another number of scores than it got outputs.
        """
        waiting: deque[Sequence[Generation]] = deque()
        try:
            for batch in batches:
                if len(batch) > 1 and sum(len(answer.text) for answer in batch) > _LARGE:
                    while waiting:
                        yield self._next(waiting)
                    yield [self._single(answer) for answer in batch]
                    continue
                self._ask(batch)
                waiting.append(batch)
                if len(waiting) == _AHEAD:
                    yield self._next(waiting)
            while waiting:
                yield self._next(waiting)
        except BaseException:
            self.close()
            raise

    @property
    def _loading(self) -> float:
        return 300 + 10 * self.budget.seconds

    def _allowed(self, items: int) -> float:
        if not self._items:
            return self.budget.seconds * min(10, max(1, items))
        return self.budget.seconds + 4 * items * self._seconds / self._items

    def _next(self, waiting: deque[Sequence[Generation]]) -> list[Score]:
        """The scores of the first batch that waits; the others are sent again if that took another process."""
        batch, before = waiting.popleft(), self._process
        try:
            scores = self._receive(batch, self._allowed(len(batch)))
        except Died as death:
            scores = [Score(error=str(death))] if len(batch) == 1 else [self._single(answer) for answer in batch]
        if self._process is not before:
            for other in waiting:
                self._ask(other)
        return scores

    def _single(self, answer: Generation) -> Score:
        self._ask([answer])
        try:
            return self._receive([answer], self.budget.seconds)[0]
        except Died as death:
            return Score(error=str(death))

    def _ask(self, batch: Sequence[Generation]) -> None:
        if self._process is None and not self._lost:
            self._restart()
        if self._process is not None:
            self._process.put({"score": exchange.plain(batch)})

    def _receive(self, batch: Sequence[Generation], seconds: float) -> list[Score]:
        process = self._process
        if process is None:
            raise Died(self._lost)
        try:
            said = process.get(seconds)
            if "raised" in said:
                exchange.reraise(said["raised"], self.name)
            found, took = said.get("scores"), said.get("seconds")
            if (
                not isinstance(found, list)
                or len(found) != len(batch)
                or not (isinstance(took, float) and 0 <= took < math.inf)
            ):
                raise Died(ASTRAY)
        except Died as death:
            self.close()
            self._bury()
            raise Died(f"no score within {self.budget.seconds:g} s" if str(death) == LATE else str(death)) from None
        if (
            said.get("short") and process.served
        ):  # what earlier batches left in memory must not decide this one's scores
            self.close()
            self._ask(batch)
            return self._receive(batch, seconds)
        process.served = True
        self._deaths = 0
        self._items += len(batch)
        self._seconds += took
        return [exchange.score(one) for one in found]

    def _bury(self) -> None:
        self._deaths += 1
        if self._deaths >= _MOST_DEATHS:
            self._lost = f"not scored: the scorer died {_MOST_DEATHS} times in a row"

    def _restart(self) -> None:
        """A new process with the scorer loaded; where there cannot be one, what is left has no scores."""
        why = ""
        for _ in range(_MOST_LOADS):
            self._process = Process(self.name, self.budget, self._pickled)
            self._process.put({"load": None})
            try:
                said = self._process.get(self._loading)
            except Died as death:
                why = str(death)
            else:
                if "raised" not in said:
                    return
                why = str(said["raised"].get("what"))
            self.close()
            if why == LATE:
                break
        self._lost = f"not scored: the scorer could not be loaded again: {why[:160]}"
