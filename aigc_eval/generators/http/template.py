"""Request templates: JSON or text in which names in braces stand for what is asked. One pass, no template engine."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from aigc_eval.errors import UsageError
from aigc_eval.huggingface import encodable
from aigc_eval.records import Message, Prompt, Request

__all__ = ["LISTS", "PLAIN", "fill", "names", "per_prompt", "system", "text_of", "values"]

LISTS = frozenset({"messages", "turns"})
"""Placeholders that stand for a list, so they must be a whole value."""
PLAIN = frozenset({"prompt", "system", "seed", "sample", "id"}) | LISTS
_PER_PROMPT = frozenset({"prompt", "messages", "turns"})
_MARK = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_NAMED = re.compile(r"(?:fields|tag)\..+", re.DOTALL)


def names(place: str, template: object) -> frozenset[str]:
    """The placeholders in a template (a text, or JSON of any depth); keys of mappings are literal.

    Raises UsageError, with the place, for an unknown one, for a single brace and for a list inside a text.

    >>> sorted(names("body", {"input": ["{prompt}"], "note": "{{literal}} {tag.lang}"}))
    ['prompt', 'tag.lang']
    """
    return frozenset(name for at, text in _texts(place, template) for name in _names(at, text))


def per_prompt(name: str) -> bool:
    """Whether a placeholder's value is what a prompt asks."""
    return name in _PER_PROMPT or name.startswith("fields.")


def fill(template: Any, known: Mapping[str, object]) -> Any:
    """The template with every placeholder replaced once; a text that is one placeholder alone keeps the value's type.

    >>> fill({"seed": "{seed}", "q": "{{{prompt}}}"}, {"seed": 7, "prompt": "{seed}"})
    {'seed': 7, 'q': '{{seed}}'}
    """
    if isinstance(template, str):
        if (alone := _MARK.fullmatch(template)) and alone[1] is not None:
            return known[alone[1]]
        return text_of(template, known)
    if isinstance(template, Mapping):
        return {key: fill(value, known) for key, value in template.items()}
    if isinstance(template, list | tuple):
        return [fill(value, known) for value in template]
    return template


def text_of(template: str, known: Mapping[str, object]) -> str:
    """A text with every placeholder replaced once."""
    return _MARK.sub(lambda mark: mark[0][0] if mark[1] is None else str(known[mark[1]]), template)


def values(request: Request) -> dict[str, object]:
    """What each placeholder stands for in a request; lone surrogates, which no server reads, are U+FFFD."""
    prompt = request.prompt
    turns = [*prompt.messages, Message("user", prompt.text)]
    own = {f"fields.{name}": text for name, text in prompt.fields.items()}
    own |= {f"tag.{name}": text for name, text in prompt.tags.items()}
    return {
        **{name: encodable(text) for name, text in own.items()},
        "prompt": encodable(prompt.text),
        "system": encodable(system(prompt)),
        "messages": [_turn(turn) for turn in turns],
        "turns": [_turn(turn) for turn in turns if turn.role != "system"],
        "seed": request.seed,
        "sample": request.sample,
        "id": encodable(prompt.id),
    }


def system(prompt: Prompt) -> str:
    """The prompt's system messages with blank lines between."""
    return "\n\n".join(message.content for message in prompt.messages if message.role == "system")


def _turn(message: Message) -> dict[str, str]:
    return {"role": message.role, "content": encodable(message.content)}


def _texts(place: str, template: object) -> Iterator[tuple[str, str]]:
    """Every text in a template, with its place."""
    if isinstance(template, str):
        yield place, template
    inner: Iterator[tuple[object, object]] = iter(())
    if isinstance(template, Mapping):
        inner = iter(template.items())
    elif isinstance(template, list | tuple):
        inner = iter(enumerate(template))
    for key, value in inner:
        yield from _texts(f"{place}.{key}", value)


def _names(place: str, text: str) -> Iterator[str]:
    for mark in _MARK.finditer(text):
        name = mark[1]
        if name is None:
            if len(mark[0]) == 1:
                raise UsageError(
                    f"{place}: a single {mark[0]!r} in {text!r:.80}; write {{{{ and }}}} for literal braces"
                )
            continue
        if name not in PLAIN and not _NAMED.fullmatch(name):
            known = ", ".join(f"{{{n}}}" for n in sorted(PLAIN))
            remedy = f"it must be one of {known}, {{fields.NAME}}, {{tag.NAME}}; write {{{{ and }}}} for literal braces"
            raise UsageError(f"{place}: unknown placeholder {mark[0]!r:.80}; {remedy}")
        if name in LISTS and mark[0] != text:
            raise UsageError(f"{place}: {mark[0]} is a list; it must stand alone, as the whole value of a JSON body")
        yield name
