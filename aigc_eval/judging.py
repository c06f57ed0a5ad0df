"""What every scorer by a judge model shares: where the judge is, its rubric, and verdicts that are read strictly.

A judge scorer is a subclass with `name`, `rubrics`, `verdicts`, `scored` and `metrics`: see `scorers/refusal_judge.py`.
"""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Literal

from aigc_eval.errors import UsageError
from aigc_eval.models.chat.source import ChatSource
from aigc_eval.models.judge import FRAME, Judge, Ruling, Unparsed
from aigc_eval.plugin import ModelRef, Scorer
from aigc_eval.records import Generation, Score
from aigc_eval.text import blank

__all__ = ["JudgeScorer", "note_of"]

_NOTE = 200


def note_of(ruling: Ruling) -> str:
    """The judge's reason as a note, cut to 200 characters: it is a model's text, not evidence."""
    return " ".join(ruling.reason.split())[:_NOTE]


@dataclass(frozen=True)
class JudgeScorer(Scorer):
    """A chat model as judge, given a rubric in plain words.

    The judge is a local model (`model`: a folder, or an id in the local cache) or one behind an OpenAI-compatible
    endpoint (`endpoint`, `endpoint_model`, `api_key_env`). `rubric` is a UTF-8 text file with the criteria; without one
    the bundled rubric in `lang` counts. The question is shown as context unless `context` is false.

    The material goes to the judge as one escaped line of JSON, so that no answer can forge the frame, and the verdict
    must be one exact JSON object; everything else is an error, which counts as the worst. With `swap` the judge is
    asked twice, with the verdicts in either order, and two that differ are an error too. The judge's reason becomes
    the score's note.

    A judge errs, prefers its own kin and can be talked round: measure it against people on your own data first.
    """

    model: ModelRef | None = None
    endpoint: str = ""
    endpoint_model: str = ""
    api_key_env: str = field(default="", compare=False)
    rubric: Path | None = None
    lang: Literal["en", "zh"] = "en"
    context: bool = True
    swap: bool = True
    device: str = "auto"

    name: ClassVar[str] = ""
    rubrics: ClassVar[Mapping[str, str]] = {}
    """The default rubrics by language; the digest of the one used is part of the scorer's identity."""
    verdicts: ClassVar[tuple[str, ...]] = ()
    batch_size: ClassVar[int] = 32
    by_length: ClassVar[bool] = True
    needs: ClassVar[str] = "a chat model on disk, or an endpoint that serves one"
    source: ClassVar[str] = "LLM as a judge (Zheng et al. 2023), verdicts in both orders"

    def __post_init__(self) -> None:
        """UsageError where it is not clear who judges."""
        self._source  # noqa: B018

    def load(self) -> None:
        """Read the rubric; open the model, or check that the endpoint's key is there."""
        self._judge  # noqa: B018

    def facts(self) -> Mapping[str, str]:
        """Digests of the rubric, the wording around it and a local model, and the device in use."""
        rubric = hashlib.sha256(self._rubric.encode()).hexdigest()
        return {**super().facts(), "rubric": rubric, "frame": FRAME}

    def hosts(self) -> tuple[str, ...]:
        """An endpoint sees every prompt and answer."""
        return self._source.hosts()

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        """The judge's verdict on each answer."""
        found = [Score(note="no visible characters")] * len(batch)
        due = [i for i, g in enumerate(batch) if not blank(g.text)]
        rulings = self._judge.rule([self._item(batch[i]) for i in due])
        for i, ruling in zip(due, rulings, strict=True):
            if isinstance(ruling, Unparsed):
                found[i] = Score(error=f"unparsed: {ruling.why}")
            else:
                found[i] = self.scored(ruling, batch[i])
        return found

    @abstractmethod
    def scored(self, ruling: Ruling, generation: Generation) -> Score:
        """The score that a verdict stands for."""

    def _item(self, generation: Generation) -> dict[str, str]:
        question = {"question": generation.prompt.text} if self.context else {}
        return {**question, "answer": generation.text}

    @property
    def _source(self) -> ChatSource:
        return ChatSource(self.name, self.model, self.endpoint, self.endpoint_model, self.api_key_env, self.device)

    @cached_property
    def _rubric(self) -> str:
        if self.rubric is None:
            return self.rubrics[self.lang]
        try:
            return self.rubric.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{self.name}: cannot read the rubric {self.rubric.name}: {error}") from error

    @cached_property
    def _judge(self) -> Judge:
        return Judge(self._source.chat(), self._rubric, self.verdicts, swap=self.swap, lang=self.lang)
