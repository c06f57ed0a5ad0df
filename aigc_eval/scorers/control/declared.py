"""The instructions that a prompt declares, in IFEval's shape or ours, read and checked once a prompt."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from aigc_eval.errors import MissingExtra
from aigc_eval.records import Prompt
from aigc_eval.scorers.control.finding import Finding
from aigc_eval.scorers.control.options import BadOption, Read
from aigc_eval.scorers.control.rules import CHINESE, RULES, Rule, family
from aigc_eval.tables.strict_json import whole
from aigc_eval.text import language

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BadDeclaration", "Instruction", "declared", "declares"]

_OWN, _IDS, _OPTIONS = "instructions", "instruction_id_list", "kwargs"


class BadDeclaration(ValueError):
    """A prompt's instructions cannot be used; the message names the instruction and what is wrong."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction of a prompt: its id as it was written, its family, and its check with the options filled in."""

    id: str
    family: str
    check: Callable[[str], Finding]


def declares(prompt: Prompt) -> bool:
    """Whether a prompt says anything of instructions."""
    return any(prompt.fields.get(name, "").strip() not in ("", "[]") for name in (_OWN, _IDS))


def declared(prompt: Prompt) -> tuple[Instruction, ...]:
    """A prompt's instructions.

    Raises `BadDeclaration` for what is not JSON, an unknown id, and options that are missing, unknown or unfit.

    >>> fields = {"instruction_id_list": '["punctuation:no_coma"]', "kwargs": "[{}]"}
    >>> declared(Prompt("p", "Hello", fields=fields))
    Traceback (most recent call last):
    ...
    aigc_eval.scorers.control.declared.BadDeclaration: instruction 1: unknown id 'punctuation:no_coma'; did you mean ...
    """
    tongue = prompt.tags.get("lang") or language(prompt.text)
    chinese = tongue.lower().replace("_", "-").partition("-")[0] == "zh"
    return _read(chinese, *(prompt.fields.get(name, "") for name in (_OWN, _IDS, _OPTIONS)))


@lru_cache(maxsize=4096)
def _read(chinese: bool, own: str, ids: str, options: str) -> tuple[Instruction, ...]:
    if own.strip() and ids.strip():
        raise BadDeclaration(f"fields: `{_OWN}` and `{_IDS}` both give instructions; keep one")
    pairs = _own(own) if own.strip() else _ifeval(ids, options)
    return tuple(_instruction(number + 1, *pair, chinese) for number, pair in enumerate(pairs))


def _list(name: str, text: str) -> list[object]:
    try:
        found = whole(text)
    except json.JSONDecodeError as error:
        raise BadDeclaration(f"fields.{name} is not JSON: {error}") from None
    if not isinstance(found, list):
        raise BadDeclaration(f"fields.{name} is not a list")
    return found


def _own(text: str) -> list[tuple[object, object]]:
    """Each entry is an id, or an object with an `id` and the options beside it."""
    return [
        (entry.get("id"), {k: v for k, v in entry.items() if k != "id"}) if isinstance(entry, Mapping) else (entry, {})
        for entry in _list(_OWN, text)
    ]


def _ifeval(ids: str, options: str) -> list[tuple[object, object]]:
    names = _list(_IDS, ids)
    given: list[object] = _list(_OPTIONS, options) if options.strip() else [{} for _ in names]
    if len(names) != len(given):
        raise BadDeclaration(f"fields.{_IDS} has {len(names)} entries, fields.{_OPTIONS} {len(given)}")
    return list(zip(names, given, strict=True))


def _instruction(number: int, name: object, options: object, chinese: bool) -> Instruction:
    if not isinstance(name, str):
        raise BadDeclaration(f"instruction {number}: has no id")
    prefix, bare = (name[:2], name[3:]) if name[:3] in ("en:", "zh:") else ("", name)
    if bare not in RULES:
        raise BadDeclaration(f"instruction {number}: unknown id {name!r:.80}{_nearest(bare, prefix)}")
    in_chinese = prefix == "zh" or (chinese and not prefix)
    rule = CHINESE.get(bare, RULES[bare]) if in_chinese else RULES[bare]
    try:
        return Instruction(name, family(bare), partial(rule.check, **_options(rule, options)))
    except (BadOption, MissingExtra) as error:
        raise BadDeclaration(f"instruction {number} ({name}): {error}") from None


def _nearest(name: str, prefix: str = "") -> str:
    tails = {known.partition(":")[2]: known for known in RULES}
    found = get_close_matches(name, RULES, 1, 0.75) or [
        tails[tail] for tail in get_close_matches(name.rpartition(":")[2], tails, 1, 0.75)
    ]
    return f"; did you mean {':'.join(filter(None, (prefix, found[0])))!r}?" if found else ""


def _options(rule: Rule, options: object) -> dict[str, object]:
    """The options that are given, checked. A null is not given; 0 and false are."""
    if not isinstance(options, Mapping):
        raise BadOption("the options are not an object")
    given = {str(name): value for name, value in options.items() if value is not None}
    readers: dict[str, Read] = {**rule.needs, **rule.may}
    for name in given:
        if name not in readers:
            near = get_close_matches(name, readers, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(readers) or 'none'}"
            raise BadOption(f"unknown option {name!r:.60}; {hint}")
    if missing := [name for name in rule.needs if name not in given]:
        raise BadOption(f"{missing[0]} is missing")
    found = {}
    for name, value in given.items():
        try:
            found[name] = readers[name](value)
        except BadOption as error:
            raise BadOption(f"{name}: {error}") from None
    if complaint := rule.together(found):
        raise BadOption(complaint)
    return found
