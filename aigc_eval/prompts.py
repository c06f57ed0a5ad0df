"""Prompt sets: a record file becomes prompts, or an error that lists every record that cannot.

Our own format is one JSON object a line (any format of `aigc_eval.tables` does):

    id           a text or a whole number, unique in the set; numbers become texts, so 1 and "1" are the same id
    prompt       the text to put to the candidate: the last user turn; the parts of a list stand on lines of their own
    references   right answers: a text or a list of them
    evidence     passages that an answer must be supported by: a text or a list of them
    messages     earlier turns, [{"role": "system" | "user" | "assistant", "content": "..."}]; without a `prompt`,
                 the last one must be the user's and is the prompt
    choices      answers to choose among, the right ones repeated in references; the prompt may then be empty
    fields       an object of texts that fill templates or tell a scorer what it needs; lists and objects in it are kept
                 as JSON texts
    variants     {"person": {"female": "a woman", "male": "a man"}}: the record is a prompt each, with `{person}`
                 replaced, the id `t1[person=female]` and the tag person; a list of texts names its groups by them
    variant_of   where a file holds such prompts written out: the id of what they are variants of
    lang, category, ...    any other text, number or boolean is a tag, by which reports and gates slice

A field map (`aigc_eval.tables`) takes other files as they are, `{id: question_id, prompt: Question, references: ["Best
Answer1", "Best Answer2"], category: Category}`. With one, only what it names is read, and `id` and `prompt` where it
does not name them; its `fields` is a path to an object or a map of its own.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path

from aigc_eval.errors import DataError, Problem
from aigc_eval.records import Message, Prompt
from aigc_eval.tables import BadValue, Record, Table, bad, check_found, check_map, read, scalar, values
from aigc_eval.text import normalize

__all__ = ["PromptSet", "load", "prompt_of_answer"]

_OWN = ("id", "prompt", "references", "evidence", "messages", "choices", "fields", "variants", "variant_of")
_MOST_VARIANTS = 1000
"""Most prompts that one record may stand for: the product of two dozen variants in four places is a slip."""
_ROLES = ("system", "user", "assistant")


@dataclass(frozen=True)
class PromptSet:
    """The prompts of one file, in its order, and the file's SHA-256 (of the file as it lies, packed or not).

    `left_out` are the bad records that `load` was allowed to leave out, one problem each.
    """

    path: Path
    sha256: str
    prompts: tuple[Prompt, ...] = field(repr=False)
    left_out: tuple[Problem, ...] = ()


def load(
    path: Path,
    fields: Mapping[str, object] | None = None,
    tags: Mapping[str, str] | None = None,
    allow_bad: int = 0,
) -> PromptSet:
    """Read a prompt set.

    `fields` is a field map, `tags` are tags for every prompt that has no such tag of its own (`{"lang": "zh"}`).
    Raises `DataError` listing every record without an id or a text, with an id twice or with a value of the wrong
    kind, and `UsageError` for a field map that cannot be. Up to `allow_bad` records that cannot be prompts are left out
    instead; an id that occurs twice is an error always, since nobody knows which of the two is meant.
    """
    _check_fields(fields)
    table = read(path, allow_bad)
    for name, spec in (fields or {}).items():
        for inner in spec.values() if name == "fields" and isinstance(spec, Mapping) else [spec]:
            check_found(table, name, inner)
    found: list[tuple[int, Prompt]] = []
    problems = list(table.left_out)
    for index, record in enumerate(table.records):
        try:
            found += [(index, prompt) for prompt in _prompts(record, index + 1, fields, tags or {})]
        except BadValue as error:
            problems.append(table.problem(index, error.key, error.what, error.remedy))
    problems.sort(key=lambda problem: problem.line or 0)
    if len(problems) > allow_bad or (problems and not found):
        raise bad(problems)
    if not found:
        raise DataError([Problem(str(path), None, "", "has no records", "write one prompt a line")])
    if twice := _twice(table, found):
        raise bad(twice)
    return PromptSet(path, table.sha256, tuple(prompt for _, prompt in found), tuple(problems))


def prompt_of_answer(record: Record) -> Prompt:
    """The prompt of a record that brings its answer, as `load` reads one, but that it may ask nothing at all.

    Raises `BadValue`, also for variants, of which an answer can have but one.

    >>> prompt_of_answer({"id": 7, "evidence": "Paris is in France.", "lang": "en"}).tags
    {'lang': 'en'}
    """
    asks = any(record.get(name) not in (None, "", []) for name in ("prompt", "messages", "choices"))
    found = [*_prompts(record if asks else {**record, "prompt": "?"}, 1, None, {})]
    if len(found) > 1:
        raise BadValue("variants", "an answer is to one prompt", "write the prompt out")
    return found[0] if asks else replace(found[0], text="")


def _check_fields(fields: Mapping[str, object] | None) -> None:
    for name, spec in (fields or {}).items():
        if name == "fields" and isinstance(spec, Mapping):
            for inner, inner_spec in spec.items():
                check_map(f"fields.{inner}", inner_spec)
        else:
            check_map(name, spec)


def _twice(table: Table, found: Sequence[tuple[int, Prompt]]) -> list[Problem]:
    first: dict[str, tuple[int, Prompt]] = {}
    problems = []
    for index, prompt in found:
        key = prompt.id if prompt.id.isascii() else normalize(prompt.id)
        seen, other = first.setdefault(key, (index, prompt))
        if other is not prompt:
            what = f"{prompt.id!r} is also the id at {table.where(seen)}"
            problems.append(table.problem(index, "id", what, "give every prompt its own id"))
    return problems


def _prompts(
    record: Record, number: int, fields: Mapping[str, object] | None, tags: Mapping[str, str]
) -> Iterator[Prompt]:
    found = _found(record, number, fields)
    choices = _choices(found.get("choices"))
    text, messages = _conversation(found.get("prompt"), _messages(found.get("messages")), bool(choices))
    prompt = Prompt(
        _id(found.get("id")),
        text,
        _texts("references", found.get("references")),
        _texts("evidence", found.get("evidence")),
        messages,
        {**tags, **_scalars("", {k: v for k, v in found.items() if k not in _OWN})},
        _scalars("fields.", {k: _as_json(v) for k, v in _object("fields", found.get("fields")).items()}),
        choices,
        _id(found["variant_of"]) if found.get("variant_of") not in (None, "") else "",
    )
    yield from _variants(prompt, _object("variants", found.get("variants")))


def _as_json(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


def _variants(prompt: Prompt, variants: Mapping[str, object]) -> Iterator[Prompt]:
    """The prompt itself, or one for each combination of its variants."""
    named = {name: _named(name, options) for name, options in variants.items()}
    if math.prod(map(len, named.values())) > _MOST_VARIANTS:
        raise BadValue("variants", f"the record stands for more than {_MOST_VARIANTS} prompts", "split it")
    for name in named:
        if f"{{{name}}}" not in prompt.text + "".join(m.content for m in prompt.messages):
            raise BadValue(f"variants.{name}", f"the prompt has no {{{name}}} to replace", f"write {{{name}}} in it")
    for combination in product(*(options.items() for options in named.values())):
        chosen = dict(zip(named, combination, strict=True))
        yield _filled(prompt, chosen) if chosen else prompt


def _named(name: str, options: object) -> Mapping[str, str]:
    """The texts to put in a place, by the names of their groups."""
    listed = {text: text for text in _texts(f"variants.{name}", options)} if isinstance(options, list) else options
    if not isinstance(listed, Mapping) or len(listed) < 2 or not all(isinstance(t, str) for t in listed.values()):
        what = f"{options!r:.60} does not name two texts or more"
        raise BadValue(f"variants.{name}", what, 'write {"female": "a woman", "male": "a man"}')
    return listed


def _filled(prompt: Prompt, chosen: Mapping[str, tuple[str, str]]) -> Prompt:
    def fill(text: str) -> str:
        for place, (_, words) in chosen.items():
            text = text.replace(f"{{{place}}}", words)
        return text

    groups = {place: group for place, (group, _) in chosen.items()}
    return replace(
        prompt,
        id=f"{prompt.id}[{','.join(f'{place}={group}' for place, group in groups.items())}]",
        text=fill(prompt.text),
        references=tuple(map(fill, prompt.references)),
        evidence=tuple(map(fill, prompt.evidence)),
        messages=tuple(Message(m.role, fill(m.content)) for m in prompt.messages),
        choices=tuple(map(fill, prompt.choices)),
        tags={**prompt.tags, **groups},
        variant_of=prompt.variant_of or prompt.id,
    )


def _found(record: Record, number: int, fields: Mapping[str, object] | None) -> Mapping[str, object]:
    """The record under our own names; what it does not have is left out."""
    if fields is None:
        return record
    plain = {"id": "id", "prompt": "prompt", **fields}
    nested = plain.pop("fields") if isinstance(plain.get("fields"), Mapping) else None
    found = values(record, number, plain)
    if isinstance(nested, Mapping):
        found["fields"] = values(record, number, nested)
    return found


def _id(value: object) -> str:
    if isinstance(value, str) and value.strip():
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    what = "has no id" if value is None or value == "" else f"the id {value!r:.60} is neither a text nor a whole number"
    raise BadValue(
        "id", what, "write an `id`, or map one: fields: {id: question_id}, or {id: '#'} for the record number"
    )


def _conversation(text: object, messages: tuple[Message, ...], has_choices: bool) -> tuple[str, tuple[Message, ...]]:
    if isinstance(text, list) and all(isinstance(part, str) for part in text):
        text = "\n".join(text)
    if has_choices and text in (None, "") and not messages:
        return "", ()
    if text is None and messages:
        if messages[-1].role != "user":
            raise BadValue(
                "messages", "there is no `prompt` and the last message is not the user's", "end with the user"
            )
        return messages[-1].content, messages[:-1]
    if not isinstance(text, str) or not text.strip():
        what = "has no text" if text is None or isinstance(text, str) else f"{text!r:.60} is not a text"
        raise BadValue("prompt", what, "write a `prompt`, or map one: fields: {prompt: question}")
    return text, messages


def _messages(value: object) -> tuple[Message, ...]:
    messages: list[Message] = []
    for turn in _list("messages", value):
        if not isinstance(turn, Mapping) or turn.get("role") not in _ROLES or not isinstance(turn.get("content"), str):
            remedy = 'write {"role": "system", "user" or "assistant", "content": "a text"}'
            raise BadValue("messages", f"turn {len(messages) + 1} is not a message", remedy)
        messages.append(Message(str(turn["role"]), str(turn["content"])))
    return tuple(messages)


def _list(name: str, value: object) -> Sequence[object]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadValue(name, f"{value!r:.60} is not a list")
    return value


def _object(name: str, value: object) -> Mapping[str, object]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise BadValue(name, f"{value!r:.60} is not an object")
    return value


def _texts(name: str, value: object) -> tuple[str, ...]:
    """A text or a list of texts; empty ones say nothing and are left out."""
    parts = value if isinstance(value, list) else [] if value is None else [value]
    try:
        found = [scalar(part) for part in parts]
    except ValueError as error:
        raise BadValue(name, str(error), "write a text or a list of texts") from None
    return tuple(text for text in found if text.strip())


def _choices(value: object) -> tuple[str, ...]:
    """The choices; blank ones may only follow the others, as a table's empty columns do: else letters would shift."""
    empty = [isinstance(part, str) and not part.strip() for part in value] if isinstance(value, list) else []
    if (first := empty.index(True) if True in empty else len(empty)) < len(empty) and not all(empty[first:]):
        raise BadValue("choices", f"choice {first + 1} is blank and others follow it", "give each choice a text")
    return _texts("choices", value)


def _scalars(prefix: str, given: Mapping[str, object]) -> dict[str, str]:
    found = {}
    for name, value in given.items():
        if value is None or value == "":
            continue
        try:
            found[name] = scalar(value)
        except ValueError as error:
            remedy = "write a text, a number or a boolean, or name what to read with `fields`"
            raise BadValue(f"{prefix}{name}", str(error), remedy) from None
    return found
