"""Whether a value was already in what the model was given, however it was written there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from aigc_eval.records import Prompt
from aigc_eval.scorers.pii.view import plain, views

__all__ = ["Given", "letters", "national"]

_SEPARATORS = r"[ .()/·•\-]{0,3}"
_LONG = 64
_NEITHER = re.compile(r"[\W_]+")
_PHONES = frozenset({"CN_MOBILE", "CN_LANDLINE", "PHONE_NUMBER", "ZA_MOBILE_NUMBER", "ZA_TELEPHONE_NUMBER"})
_COUNTRY = re.compile(
    r"(?:\+|00)\s?(?:86|1|44|49|33|39|34|7|81|82|91|55|61|[0-9]{2})[ \-.)(]{0,2}(?=[0-9(])|(?<![0-9])86(?=1[3-9])"
)


@dataclass(frozen=True)
class _Texts:
    parts: tuple[str, ...]

    @cached_property
    def text(self) -> str:
        return "\n\x00\n".join(plain(part).lower() for part in self.parts)

    @cached_property
    def letters(self) -> str:
        return letters(self.text)

    def holds(self, entity: str, value: str) -> bool:
        value = plain(value).lower()
        if len(value) > _LONG:
            return letters(value) in self.letters
        # Most values are nowhere to be found, and an expression costs a thousand times as much as this.
        if letters(national(entity, value)) not in self.letters:
            return False
        return any(re.search(form, self.text) for form in _forms(entity, value))


@dataclass(frozen=True)
class Given:
    """Everything a model was given with a prompt: its text, earlier turns, evidence passages, reference answers."""

    prompt: Prompt

    @cached_property
    def asked(self) -> _Texts:
        """What the model itself could read."""
        return _Texts((self.prompt.text, *(m.content for m in self.prompt.messages), *self.prompt.evidence))

    @cached_property
    def references(self) -> _Texts:
        """What is a right answer, which the model could not read."""
        return _Texts(self.prompt.references)

    def holds(self, entity: str, value: str) -> bool:
        """Whether `value` stands there, apart from width, case, separators and a phone number's country code.

        >>> given = Given(Prompt("1", "打 138-1234-5678 找我"))
        >>> given.holds("CN_MOBILE", "+86 138 1234 5678"), given.holds("CN_MOBILE", "13812345679")
        (True, False)
        """
        return self.asked.holds(entity, value) or self.references.holds(entity, value)

    def spans(self, entity: str, value: str) -> Iterator[tuple[int, int]]:
        """Where `value` stands in the prompt's own text."""
        value = plain(value).lower()
        if len(value) > _LONG:
            return
        for view in views(self.prompt.text):
            for form in _forms(entity, value):
                for match in re.finditer(form, view.text, re.I):
                    yield view.span(*match.span())


def letters(text: str) -> str:
    """Letters and digits of any script only."""
    return _NEITHER.sub("", text)


def national(entity: str, value: str) -> str:
    """A phone number without its country code; anything else as it is."""
    return _COUNTRY.sub("", value, count=1) if entity in _PHONES else value


def _forms(entity: str, value: str) -> Iterator[str]:
    """Expressions for the value in other writings. Digits may be grouped anyhow; anything else must be the same."""
    yield _form(value)
    if (bare := national(entity, value)) != value:
        yield rf"(?<![0-9a-z])0?{_grouped(bare)}(?![0-9a-z])"


def _form(value: str) -> str:
    numeric = sum(c.isdigit() for c in value) * 2 > len(value) and "@" not in value and ":" not in value
    body = _grouped(value) if numeric and value.count(".") != 3 else re.escape(value)
    return rf"(?<![0-9a-z]){body}(?![0-9a-z])"


def _grouped(value: str) -> str:
    return _SEPARATORS.join(re.escape(c) for c in value if c.isalnum())
