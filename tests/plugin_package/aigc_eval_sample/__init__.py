"""One generator and one scorer, as a third-party package brings them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from aigc_eval.metrics import Mean, Metric
from aigc_eval.plugin import Generator, Scorer
from aigc_eval.records import Bilingual, Generation, Request, Score

__all__ = ["Capitals", "Shout"]


@dataclass(frozen=True)
class Shout(Generator):
    """Answers with the prompt in capitals."""

    times: int = 1
    title: ClassVar[Bilingual] = Bilingual("shout: the prompt in capitals", "大写：返回大写的提示词")

    def generate(self, batch: Sequence[Request]) -> list[Generation]:
        """The prompt's text in capitals, `times` times."""
        return [request.answer(request.prompt.text.upper() * self.times) for request in batch]


@dataclass(frozen=True)
class Capitals(Scorer):
    """Share of capitals among the cased letters, 0..1; does not apply where there are none."""

    title: ClassVar[Bilingual] = Bilingual("share of capitals", "大写字母占比")

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        """One share a text."""
        return [self._one(generation.text) for generation in batch]

    def metrics(self) -> tuple[Metric, ...]:
        """The mean share."""
        about = Bilingual("Mean over outputs of the share of capitals.", "各输出中大写字母占比的平均值。")
        return (Mean("mean", better="lower", title=Bilingual("Mean share of capitals", "平均大写占比"), about=about),)

    @staticmethod
    def _one(text: str) -> Score:
        cased = [c for c in text if c.isupper() or c.islower()]
        if not cased:
            return Score(note="no cased letters")
        return Score(sum(c.isupper() for c in cased) / len(cased))
