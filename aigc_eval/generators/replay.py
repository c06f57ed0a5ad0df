"""Answers from a file of recorded outputs: judge what any system said, without the system."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar, NamedTuple

from aigc_eval.errors import DataError, Problem, UsageError
from aigc_eval.plugin import Generator
from aigc_eval.records import OUTCOMES, Bilingual, Generation, Outcome, Prompt, Request
from aigc_eval.tables import BadValue, Table, bad, check_found, check_map, read, scalar, values

__all__ = ["Replay"]

_FINISHED: Mapping[str, Outcome] = {"length": "truncated", "max_tokens": "truncated", "content_filter": "filtered"}


_FIELDS = (
    "id", "prompt", "text", "sample", "outcome", "finish_reason", "seconds", "input_tokens", "output_tokens", "logprob",
    "likelihoods",
)  # fmt: skip


class _Facts(NamedTuple):
    """What a record says beside the output."""

    seconds: float | None
    usage: Mapping[str, int]
    logprob: float | None
    likelihoods: tuple[float, ...]


class _Draw(NamedTuple):
    text: str
    outcome: Outcome
    facts: _Facts
    detail: str
    record: int


@dataclass(frozen=True)
class Replay(Generator):
    """Answers with recorded outputs.

    `path`: any file that `aigc_eval.tables` reads. `fields`: a field map with

        id              the prompt's id (the default is the key `id`)
        prompt          instead of id: the prompt's text, matched exactly
        text            the output (default `text`): a text, or a list of texts, one a sample; null is an output that
                        was not produced and becomes an outcome "error", never an empty answer
        sample          which draw of its prompt the record is, counted from 0 or from 1; without it, records of the
                        same prompt are its samples in the file's order
        outcome         ok, truncated, empty, refused, filtered or error
        finish_reason   instead of outcome: "length" and "max_tokens" mean truncated, "content_filter" filtered
        seconds         how long the call took
        input_tokens, output_tokens    how many tokens the call used
        logprob         natural log of the probability of the whole output
        likelihoods     a list: natural log-likelihood of each of the prompt's choices

    Without `fields` those names are read where the records have them. Prompts without an output and outputs without
    a prompt are errors before anything is scored; `partial` lets the first become outcomes "error" (unscored, so
    gates count them as the worst), `ignore_extra` leaves the second out.
    """

    title: ClassVar[Bilingual] = Bilingual("replay: recorded outputs", "回放：读取已记录的输出")
    languages: ClassVar[tuple[str, ...]] = ("any",)
    needs: ClassVar[str] = "a file of outputs"

    path: Path
    fields: Mapping[str, object] | None = None
    partial: bool = False
    ignore_extra: bool = False

    def load(self) -> None:
        """Read the file; `DataError` or `UsageError` says what is wrong with it or with `fields`."""
        _ = self._draws

    def facts(self) -> Mapping[str, str]:
        """The SHA-256 of the file."""
        return {"sha256": self._table.sha256}

    def check(self, prompts: Sequence[Prompt], samples: int) -> None:
        """Whether the file holds `samples` outputs for each prompt and no others; `DataError` says which not."""
        by_key: dict[str, list[str]] = {}
        for prompt in prompts:
            by_key.setdefault(self._key(prompt), []).append(prompt.id)
        problems = [
            *self._ambiguous(by_key),
            *([] if self.partial else self._absent(by_key, samples)),
            *([] if self.ignore_extra else self._extra(by_key, samples)),
            *self._uneven(prompts),
        ]
        if problems:
            raise DataError(problems)

    def generate(self, batch: Sequence[Request]) -> list[Generation]:
        """The recorded outputs; an outcome "error" where there is none."""
        return [self._answer(request) for request in batch]

    def _answer(self, request: Request) -> Generation:
        draw = self._draws.get(self._key(request.prompt), {}).get(request.sample)
        if draw is None:
            return request.answer("", "error", error="missing", detail="no recorded output")
        return request.answer(draw.text, draw.outcome, error="missing", detail=draw.detail, **draw.facts._asdict())

    @cached_property
    def _table(self) -> Table:
        return read(self.path)

    @property
    def _by_text(self) -> bool:
        return "prompt" in (self.fields or {}) and "id" not in (self.fields or {})

    def _key(self, prompt: Prompt) -> str:
        return prompt.text if self._by_text else prompt.id

    @cached_property
    def _map(self) -> Mapping[str, object]:
        """The whole field map: the given one and the defaults."""
        for name, spec in (self.fields or {}).items():
            check_map(name, spec)
            if name not in _FIELDS:
                raise UsageError(f"fields.{name}: no such field; it must be one of {', '.join(_FIELDS)}")
        key = "prompt" if self._by_text else "id"
        if self.fields is not None:
            return {key: key, "text": "text", **self.fields}
        there = {name for record in self._table.records for name in record}
        return {name: name for name in _FIELDS if name in ("id", "text") or (name in there and name != "prompt")}

    @cached_property
    def _draws(self) -> Mapping[str, Mapping[int, _Draw]]:
        """The draws of each key (id or prompt text), by sample number from 0."""
        for name, spec in self._map.items():
            check_found(self._table, name, spec)
        found: list[tuple[str, int | None, _Draw]] = []
        problems: list[Problem] = []
        for index, record in enumerate(self._table.records):
            try:
                found.extend(_draws_of(values(record, index + 1, self._map), index, self._table.where(index)))
            except BadValue as error:
                problems.append(self._table.problem(index, error.key, error.what, error.remedy))
        if problems:
            raise bad(problems)
        return _numbered(self._table, found)

    def _ambiguous(self, by_key: Mapping[str, Sequence[str]]) -> list[Problem]:
        shared = [ids for ids in by_key.values() if len(ids) > 1]
        what = f"prompts with the same text: {_some(shared[0])}" if shared else ""
        return [self._problem(what, "match by id instead: fields: {id: ...}")] if shared else []

    def _absent(self, by_key: Mapping[str, Sequence[str]], samples: int) -> list[Problem]:
        wanted = range(samples)
        having = {key: sum(n in self._draws.get(key, {}) for n in wanted) for key in by_key}
        none = [ids[0] for key, ids in by_key.items() if having[key] == 0]
        few = [ids[0] for key, ids in by_key.items() if 0 < having[key] < samples]
        remedy = "correct `fields`, or set `partial: true` to count them as failed"
        what_none = f"{len(none):,} of {len(by_key):,} prompts have no output: {_some(none)}"
        what_few = f"{len(few):,} of {len(by_key):,} prompts have fewer than {samples} outputs: {_some(few)}"
        return [self._problem(what, remedy) for what, who in ((what_none, none), (what_few, few)) if who]

    def _extra(self, by_key: Mapping[str, Sequence[str]], samples: int) -> list[Problem]:
        """Outputs that no request will ask for, the first with its line."""
        stray = [key for key in self._draws if key not in by_key]
        spare = [key for key in self._draws if key in by_key and max(self._draws[key]) >= samples]
        kind = "prompt text" if self._by_text else "id"
        found = [
            (f"{len(stray):,} outputs have no prompt with their {kind}: {_some(stray)}", stray),
            (f"{len(spare):,} prompts have more than {samples} outputs: {_some(spare)}", spare),
        ]
        first = [next(iter(self._draws[who[0]].values())).record for _, who in found if who]
        remedy = "set `ignore_extra: true` to leave them out"
        return [
            self._table.problem(record, "", what, remedy)
            for record, what in zip(first, [what for what, who in found if who], strict=True)
        ]

    def _uneven(self, prompts: Sequence[Prompt]) -> list[Problem]:
        """Records whose likelihoods are not as many as the prompt's choices."""
        return [
            self._table.problem(
                draw.record,
                "likelihoods",
                f"{len(draw.facts.likelihoods)} likelihoods for the {len(prompt.choices)} choices of {prompt.id!r:.60}",
                "write one for each choice, in their order",
            )
            for prompt in prompts
            for draw in self._draws.get(self._key(prompt), {}).values()
            if len(draw.facts.likelihoods) not in (0, len(prompt.choices))
        ]

    def _problem(self, what: str, remedy: str) -> Problem:
        return Problem(str(self.path), None, "", what, remedy)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(f"{name!r:.60}" for name in names[:5])
    return shown + (", ..." if len(names) > 5 else "")


def _draws_of(found: Mapping[str, object], record: int, where: str) -> list[tuple[str, int | None, _Draw]]:
    """Key, sample number (None: in order) and draw of each output in one record."""
    name = "prompt" if "prompt" in found else "id"
    key = _key(name, found.get(name))
    outcome, facts, sample = _outcome(found), _facts(found), _sample(found.get("sample"))
    if "text" not in found:
        raise BadValue("text", "has no output", "write null for an output that was not produced")
    texts = found["text"] if isinstance(found["text"], list) else [found["text"]]
    if len(texts) > 1 and sample is not None:
        raise BadValue("sample", "the record has a sample number and several outputs", "leave one of them out")
    draws = []
    for text in texts:
        if text is not None and not isinstance(text, str):
            raise BadValue("text", f"{text!r:.60} is not a text", "map the key that holds the output")
        lost = text is None and outcome == "ok"
        detail = f"no output in the record ({where})" if lost else ""
        draws.append((key, sample, _Draw(text or "", "error" if lost else outcome, facts, detail, record)))
    return draws


def _key(name: str, value: object) -> str:
    if isinstance(value, bool | float) or value is None or value == "":
        raise BadValue(name, f"{value!r} is not {'an id' if name == 'id' else 'a text'}", "map another key")
    try:
        return scalar(value)
    except ValueError as error:
        raise BadValue(name, str(error), "map another key") from None


def _outcome(found: Mapping[str, object]) -> Outcome:
    given = found.get("outcome")
    if given is None or given == "":
        reason = found.get("finish_reason")
        return _FINISHED.get(reason, "ok") if isinstance(reason, str) else "ok"
    if given not in OUTCOMES:
        raise BadValue("outcome", f"{given!r:.60} is not one of {', '.join(OUTCOMES)}", "use a map")
    return given


def _sample(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 31:
        raise BadValue("sample", f"{value!r:.60} is not a whole number from 0")
    return value


def _facts(found: Mapping[str, object]) -> _Facts:
    seconds = _number("seconds", found.get("seconds"), 0, math.inf, "a number of seconds")
    tokens = {
        name: _number(name, found.get(name), 0, 1e12, "a number of tokens")
        for name in ("input_tokens", "output_tokens")
    }
    logprob = _number("logprob", found.get("logprob"), -math.inf, 0, "a logarithm of a probability")
    listed = found.get("likelihoods")
    likelihoods = [
        _number("likelihoods", value, -math.inf, 0, "a logarithm of a probability")
        for value in (listed if isinstance(listed, list) else [] if listed is None else [listed])
    ]
    usage = {name: int(value) for name, value in tokens.items() if value is not None}
    return _Facts(seconds, usage, logprob, tuple(value for value in likelihoods if value is not None))


def _number(name: str, value: object, low: float, high: float, what: str) -> float | None:
    if value is None or value == "":
        return None
    try:
        number = float(scalar(value))
    except ValueError:
        number = math.nan
    if not (low <= number <= high and math.isfinite(number)):
        raise BadValue(name, f"{value!r:.60} is not {what}")
    return number


def _numbered(table: Table, found: Sequence[tuple[str, int | None, _Draw]]) -> Mapping[str, Mapping[int, _Draw]]:
    """Draws by key and sample, counted from 0; records without a number are numbered in order."""
    first = min((sample for _, sample, _ in found if sample is not None), default=0)
    draws: dict[str, dict[int, _Draw]] = {}
    problems = []
    for key, sample, draw in found:
        mine = draws.setdefault(key, {})
        slot = len(mine) if sample is None else sample - min(first, 1)
        if slot in mine:
            what = f"sample {sample} of {key!r:.60} is also at {table.where(mine[slot].record)}"
            problems.append(table.problem(draw.record, "sample", what, "number the samples of a prompt apart"))
        mine[slot] = draw
    if problems:
        raise bad(problems)
    return draws
