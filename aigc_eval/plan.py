"""What a run would ask for, before anything is sent: calls, tokens, cost and minutes."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aigc_eval.answering import answering_keys, draws
from aigc_eval.calls import Limits
from aigc_eval.config import Bench, Named
from aigc_eval.journal import NAME, Journal
from aigc_eval.plugin import Generator
from aigc_eval.records import Request

__all__ = ["Line", "Total", "plan", "total"]

_ENOUGH = 5
"""Recorded answers from which the seconds of a call are taken."""


@dataclass(frozen=True)
class Line:
    """One candidate or scorer of the plan.

    `calls` are answers to be made (of a scorer: to be looked at), `known` those that the run's folder holds already.
    `read` and `written` are estimated tokens, at most; `cost` needs a price, `minutes` that the candidate is called. A
    scorer has neither: what it asks a host depends on the answers.
    """

    name: str
    does: str
    calls: int
    known: int
    hosts: tuple[str, ...] = ()
    read: int | None = None
    written: int | None = None
    cost: float | None = None
    currency: str = ""
    minutes: float | None = None
    cap: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain dict."""
        return asdict(self)


@dataclass(frozen=True)
class Total:
    """All candidates together, one after the other.

    Tokens and minutes are None where no candidate is called. `costs` by currency, of the candidates that have a price;
    `unpriced` are those that are called and have none.
    """

    calls: int
    known: int
    read: int | None
    written: int | None
    costs: Mapping[str, float]
    unpriced: tuple[str, ...]
    minutes: float | None

    def to_json(self) -> dict[str, Any]:
        """Plain dict."""
        return asdict(self)


def total(lines: Sequence[Line]) -> Total:
    """What a plan adds up to; what scorers ask their hosts depends on the answers and is not in it.

    >>> paid, free = Line("a", "generate", 10, 2, (), 50, 90, 1.5, "CNY", 3.0), Line("b", "generate", 10, 0)
    >>> found = total([paid, free, paid])
    >>> found.calls, found.costs, found.unpriced, found.minutes
    (30, {'CNY': 3.0}, (), 6.0)
    """
    own = [line for line in lines if line.does == "generate"]
    called = any(line.read is not None for line in own)
    costs: dict[str, float] = {}
    for line in own:
        if line.cost is not None:
            costs[line.currency] = costs.get(line.currency, 0.0) + line.cost
    return Total(
        sum(line.calls for line in own),
        sum(line.known for line in own),
        sum(line.read or 0 for line in own) if called else None,
        sum(line.written or 0 for line in own) if called else None,
        costs,
        tuple(line.name for line in own if line.calls and line.read is not None and line.cost is None),
        sum(line.minutes or 0.0 for line in own) if called else None,
    )


def plan(bench: Bench, folder: Path, limit: int | None = None) -> list[Line]:
    """One line a candidate, then one a scorer that sends answers elsewhere; nothing is loaded, sent or written.

    Tokens are estimated from the prompts' script and `max_tokens` (`Generator.expected_tokens`), so they are an upper
    bound where answers are shorter. A call takes the median seconds of the answers that `folder` holds, else one second
    and 20 ms a token written; limits of requests and tokens a minute are kept.
    """
    prompts = [p for s in bench.prompt_sets for p in s.prompts][:limit]
    requests, digests = draws(prompts, bench.samples, bench.seed)
    records = _records(folder)
    lines = []
    made: set[str] = set()
    for candidate in bench.candidates:
        identity = candidate.plugin.identity()
        keys = (
            [] if identity in made else answering_keys(identity, digests)
        )  # one plug-in under two names is asked once
        made.add(identity)
        lines.append(_line(candidate, requests, keys, records))
    looked_at = len(requests) * len(bench.candidates)
    lines += [Line(s.name, "score", looked_at, 0, s.plugin.hosts()) for s in bench.scorers if s.plugin.hosts()]
    return lines


def _records(folder: Path) -> Mapping[str, Mapping[str, Any]]:
    """The answers that a folder holds, by key; errors will be asked for again."""
    if not (folder / NAME).is_file():
        return {}
    with Journal(folder, write=False) as journal:
        found = {key: journal.find("generation", key) for key in journal.keys("generation")}
    return {key: data for key, data in found.items() if data is not None and data.get("outcome") != "error"}


def _line(
    candidate: Named[Generator],
    requests: Sequence[Request],
    keys: Sequence[str],
    records: Mapping[str, Mapping[str, Any]],
) -> Line:
    waiting = [request for request, key in zip(requests, keys, strict=False) if key not in records]
    known = [records[key] for key in keys if key in records]
    if not candidate.plugin.by_call:
        return Line(candidate.name, "generate", len(waiting), len(known))
    tokens = [candidate.plugin.expected_tokens(request) for request in waiting]
    read, written = sum(r for r, _ in tokens), sum(w for _, w in tokens)
    limits, price = candidate.limits or Limits(), candidate.price
    seconds = [data["seconds"] for data in known if data.get("seconds") is not None]
    spent = sum(seconds_of(w, seconds) for _, w in tokens)
    return Line(
        candidate.name,
        "generate",
        len(waiting),
        len(known),
        candidate.plugin.hosts(),
        read,
        written,
        price.of(read, written) if price else None,
        price.currency if price else "",
        minutes(len(waiting), read + written, spent, limits),
        _cap(read + written, price.of(read, written) if price else 0.0, limits),
    )


def seconds_of(written: int, known: Sequence[float]) -> float:
    """About how long one call takes.

    >>> seconds_of(100, []), seconds_of(100, [2.0] * 5)
    (3.0, 2.0)
    """
    return statistics.median(known) if len(known) >= _ENOUGH else 1.0 + 0.02 * written


def minutes(calls: int, tokens: float, seconds: float, limits: Limits) -> float:
    """How long so many calls take, `seconds` in all if one followed the other.

    >>> minutes(600, 0, 600, Limits(concurrency=5)), minutes(600, 0, 600, Limits(requests_per_minute=60))
    (2.0, 10.0)
    """
    paces = [seconds / 60 / min(limits.concurrency, max(1, calls))]
    paces += [calls / limits.requests_per_minute] if limits.requests_per_minute else []
    paces += [tokens / limits.tokens_per_minute] if limits.tokens_per_minute else []
    return max(paces)


def _cap(tokens: float, cost: float, limits: Limits) -> str:
    """Which cap would end the run before its end."""
    if limits.max_tokens_total is not None and tokens > limits.max_tokens_total:
        return "max_tokens_total"
    return "max_cost" if cost > (limits.max_cost or math.inf) else ""
