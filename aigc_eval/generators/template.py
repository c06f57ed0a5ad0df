"""Answers filled into patterns: the rule-based generator, a baseline that needs no model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from string import Formatter
from typing import ClassVar, NamedTuple

from aigc_eval.errors import UsageError
from aigc_eval.plugin import Generator
from aigc_eval.records import Bilingual, Generation, Prompt, Request, digest
from aigc_eval.text import language

__all__ = ["Template"]


class _Pattern(NamedTuple):
    """A pattern in pieces: literal text, then the name of the field behind it ("" at the end)."""

    name: str
    pieces: tuple[tuple[str, str], ...]

    @property
    def fields(self) -> list[str]:
        return [field for _, field in self.pieces if field]


@dataclass(frozen=True)
class Template(Generator):
    """Fills the prompt's fields into a pattern.

    `patterns`: a list, or a list for each language, `{en: [...], zh: [...]}`; the prompt's tag `lang` chooses, or the
    script of its text where it has none. `{name}` stands for a value of the prompt's `fields`, or else for its tag of
    that name; `{prompt}` and `{id}` are always the prompt's own text and id; `{{` and `}}` are literal braces. It is
    one pass: braces in a value stay as they are. Of several patterns the request's seed and sample choose one.
    """

    title: ClassVar[Bilingual] = Bilingual("template: fills patterns", "模板：填充固定句式")

    patterns: tuple[str, ...] | Mapping[str, tuple[str, ...]]

    def load(self) -> None:
        """Check the patterns; `UsageError` names the one that cannot be read."""
        _ = self._parsed

    def check(self, prompts: Sequence[Prompt], samples: int) -> None:
        """Whether every pattern a prompt may get can be filled; `UsageError` names the fields and prompts."""
        languages = Counter(self._language(prompt) for prompt in prompts)
        absent = [lang for lang in languages if lang not in self._parsed]
        if absent:
            which = ", ".join(f"{lang or 'no language'} ({languages[lang]:,} prompts)" for lang in absent)
            raise UsageError(
                f"template: no patterns for {which}; give them under `patterns`, or tag the prompts `lang`"
            )
        unknown: dict[tuple[str, str], list[str]] = {}
        for prompt in prompts:
            values = _values(prompt)
            for pattern in self._parsed[self._language(prompt)]:
                for field in pattern.fields:
                    if field not in values:
                        unknown.setdefault((pattern.name, field), []).append(prompt.id)
        if unknown:
            raise UsageError("\n".join(_unknown(name, field, ids) for (name, field), ids in unknown.items()))

    def generate(self, batch: Sequence[Request]) -> list[Generation]:
        """The filled patterns; an outcome "error" where a field is missing."""
        return [self._answer(request) for request in batch]

    def _answer(self, request: Request) -> Generation:
        patterns = self._parsed.get(self._language(request.prompt), ())
        if not patterns:
            return request.answer("", "error", detail="no pattern for the prompt's language")
        draw = int(digest(request.prompt.id, request.seed, request.sample), 16)
        pattern, values = patterns[draw % len(patterns)], _values(request.prompt)
        missing = [field for field in pattern.fields if field not in values]
        if missing:
            return request.answer("", "error", detail=f"the prompt has no field {missing[0]!r}")
        return request.answer("".join(text + (values[field] if field else "") for text, field in pattern.pieces))

    def _language(self, prompt: Prompt) -> str:
        """The key of a prompt's patterns: "" where they are for all; zh stands for zh-CN and its kin."""
        if not isinstance(self.patterns, Mapping):
            return ""
        tag = prompt.tags.get("lang") or language(prompt.text)
        return tag if tag in self.patterns else tag.replace("_", "-").partition("-")[0].lower()

    @cached_property
    def _parsed(self) -> Mapping[str, tuple[_Pattern, ...]]:
        groups = self.patterns if isinstance(self.patterns, Mapping) else {"": self.patterns}
        parsed = {}
        for lang, patterns in groups.items():
            place = f"patterns.{lang}" if lang else "patterns"
            if not patterns:
                raise UsageError(f"template: {place} must be a list of patterns; write - '...' under it")
            parsed[lang] = tuple(_parse(f"{place}.{i}", pattern) for i, pattern in enumerate(patterns))
        if not parsed:
            raise UsageError("template: there are no patterns; write `patterns: ['...{prompt}...']`")
        return parsed


def _parse(name: str, pattern: str) -> _Pattern:
    pieces = []
    try:
        for text, field, spec, conversion in Formatter().parse(pattern):
            if field == "" or spec or conversion:
                raise ValueError("only plain {name} is allowed")
            pieces.append((text, field or ""))
    except ValueError as error:
        remedy = "write {{ and }} for literal braces"
        raise UsageError(f"template: {name}: {pattern!r:.80} cannot be read: {error}; {remedy}") from None
    return _Pattern(name, tuple(pieces))


def _values(prompt: Prompt) -> Mapping[str, str]:
    return {**prompt.tags, **prompt.fields, "prompt": prompt.text, "id": prompt.id}


def _unknown(name: str, field: str, ids: Sequence[str]) -> str:
    some = ", ".join(repr(i) for i in ids[:3]) + (", ..." if len(ids) > 3 else "")
    remedy = "add it to the prompts' `fields` or correct the pattern"
    return f"template: {name}: {len(ids):,} prompts have no field {field!r}: {some}; {remedy}"
