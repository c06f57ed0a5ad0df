"""Answers with the prompt itself: the smallest generator, for tests and dry runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from aigc_eval.plugin import Generator
from aigc_eval.records import Bilingual, Generation, Request

__all__ = ["Echo"]


@dataclass(frozen=True)
class Echo(Generator):
    """Answers with the prompt's own text."""

    title: ClassVar[Bilingual] = Bilingual("echo: repeats the prompt", "回声：原样返回提示词")

    def generate(self, batch: Sequence[Request]) -> list[Generation]:
        """The prompt's text, as it stands."""
        return [request.answer(request.prompt.text) for request in batch]
