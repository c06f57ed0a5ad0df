"""The facts about a run's candidates and prompt files: parameters, contents, usage, cost.

Never a secret and never a place on a machine: options are those of the bench, which names keys by their environment
variable; long texts and nested values are told by their SHA-256, paths by their last part, addresses without user and
query.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from aigc_eval.records import Bilingual, PluginFacts, Run
from aigc_eval.report.numbers import count, figure
from aigc_eval.report.words import both, say

__all__ = ["CandidateFacts", "candidate_facts", "prompt_facts"]

LONGEST = 80
"""Longer texts (a system prompt) are told by their digest."""
_SAID = ("license", "licence", "author", "source")
"""Tags in which prompts say where they are from."""
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_PLACE = re.compile(r"/|~|\\\\|[A-Za-z]:[\\/]")

Pair = tuple[str, Bilingual]


@dataclass(frozen=True)
class CandidateFacts:
    """What is known of one candidate; each pair is an option's name and its value."""

    name: str
    title: Bilingual
    signature: str
    note: str
    options: tuple[Pair, ...]
    defaults: tuple[Pair, ...]
    contents: tuple[Pair, ...]
    limits: tuple[Pair, ...]
    usage: tuple[Bilingual, ...]


def candidate_facts(run: Run) -> list[CandidateFacts]:
    """The facts about each candidate, as the bench and the run have them."""
    entries = run.bench.get("candidates", ())
    written = {e["name"]: e for e in entries if isinstance(e, Mapping) and "name" in e} if entries else {}
    return [_candidate(run, c, written.get(c.name, {})) for c in run.candidates]


def _candidate(run: Run, facts: PluginFacts, entry: Mapping[str, Any]) -> CandidateFacts:
    limits = entry.get("limits")
    return CandidateFacts(
        facts.name,
        facts.title if facts.title.en else Bilingual(facts.signature.partition("|")[0]),
        facts.signature,
        str(entry.get("note", "")),
        _pairs(_options(entry.get("generator"))),
        _pairs(facts.defaults),
        tuple((name, Bilingual(value)) for name, value in facts.facts.items()),
        _pairs(limits if isinstance(limits, Mapping) else {}),
        (*_usage(run, facts.name), *_cost(run, facts.name, entry.get("price"))),
    )


def _options(generator: object) -> Mapping[str, Any]:
    """The options of `{name: {option: value}}`."""
    given = next(iter(generator.values()), None) if isinstance(generator, Mapping) and len(generator) == 1 else None
    return given if isinstance(given, Mapping) else {}


def _pairs(given: Mapping[str, Any]) -> tuple[Pair, ...]:
    return tuple((str(name), _value(value)) for name, value in given.items())


def _value(value: object) -> Bilingual:
    """A value as it may be shown.

    >>> _value(0.7).en, _value("https://me:key@api.example.com/v1?token=1").en, _value("/home/me/x.jsonl").en
    ('0.7', 'https://api.example.com/v1', 'x.jsonl')
    """
    if value is None or isinstance(value, bool | int | float):
        return Bilingual(json.dumps(value))
    if isinstance(value, list) and all(isinstance(v, str | int | float) and len(str(v)) <= LONGEST for v in value):
        return both(lambda lang: ", ".join(_value(v).in_(lang) for v in value) or "[]")
    if not isinstance(value, str):
        return (
            say("fact.value", sha=_digest(json.dumps(value, sort_keys=True, default=str))) if value else Bilingual("{}")
        )
    return _text(value)


def _text(value: str) -> Bilingual:
    if _ADDRESS.match(value):
        return Bilingual(_address(value))
    if len(value) > LONGEST or "\n" in value:
        return say("fact.text", n=count(len(value)), sha=_digest(value))
    if _PLACE.match(value):
        return Bilingual(re.split(r"[\\/]", value.rstrip("\\/"))[-1])
    return Bilingual(value or '""')


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _address(text: str) -> str:
    """Scheme, host and path of an address."""
    try:
        found = urlsplit(text)
        host = found.hostname or ""
        port = f":{found.port}" if found.port else ""
    except ValueError:
        return text.partition("://")[0] + "://"
    return f"{found.scheme}://{host}{port}{found.path}" if host else found.path.rsplit("/", 1)[-1]


def _usage(run: Run, name: str) -> Iterator[Bilingual]:
    """Tokens and time of a candidate's calls."""
    own = run.rows[run.rows["candidate"] == name]
    found = False
    for column in (c for c in own.columns if c.startswith("usage.")):
        known = own[column].dropna()
        if len(known):
            found = True
            key = f"fact.{column}"
            title = (
                say(key) if key in ("fact.usage.input_tokens", "fact.usage.output_tokens") else column.partition(".")[2]
            )
            yield say("fact.usage.of", name=title, n=count(float(known.sum())), outputs=count(len(known)))
    if not found:
        yield say("fact.usage.none")
    seconds = own["seconds"].dropna()
    if len(seconds):
        total = float(seconds.sum())
        told = {"total": figure(total), "mean": figure(total / len(seconds)), "outputs": count(len(seconds))}
        yield say("fact.seconds", **told)


def _cost(run: Run, name: str, price: object) -> Iterator[Bilingual]:
    """What a candidate's tokens cost at the price that the bench gives it."""
    if not isinstance(price, Mapping) or not all(
        isinstance(price.get(end), int | float) for end in ("input", "output")
    ):
        return
    own = run.rows[run.rows["candidate"] == name]
    columns = ("usage.input_tokens", "usage.output_tokens")
    if not all(column in own and own[column].notna().any() for column in columns):
        return
    read, written = (float(own[column].sum()) for column in columns)
    cost = (read * float(price["input"]) + written * float(price["output"])) / 1e6
    told = {"input": figure(float(price["input"])), "output": figure(float(price["output"]))}
    yield say("fact.cost", cost=figure(cost), currency=str(price.get("currency", "USD")), **told)


def prompt_facts(run: Run) -> list[Bilingual]:
    """What the prompts say of their licence and author, in tags of these names."""
    said = []
    for name in _SAID:
        if f"tag.{name}" in run.rows:
            values = sorted({str(v) for v in run.rows[f"tag.{name}"].dropna() if v})
            shown = ", ".join(values[:10]) + (" …" if len(values) > 10 else "")
            said += [say("fact.prompts.said", name=say(f"fact.said.{name}"), values=shown)] if values else []
    return said or [say("fact.prompts.unsaid")]
