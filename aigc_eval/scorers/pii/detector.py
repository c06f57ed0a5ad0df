"""All recognisers on all forms of a text, and one list of findings without overlaps."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from aigc_eval.errors import UsageError
from aigc_eval.scorers.pii.chinese import CHINESE_RULES
from aigc_eval.scorers.pii.contact import CONTACT_RULES
from aigc_eval.scorers.pii.findings import Finding, resolve
from aigc_eval.scorers.pii.ner import NER_ENTITIES, Names, open_model
from aigc_eval.scorers.pii.secrets import SECRET_RULES
from aigc_eval.scorers.pii.spelled import SPELLED_RULES
from aigc_eval.scorers.pii.view import View, views
from aigc_eval.scorers.pii.western import WESTERN_ENTITIES, western

__all__ = ["DEFAULT_ENTITIES", "Detector", "RecognizerError", "detector"]

_RULES = (*SECRET_RULES, *CHINESE_RULES, *SPELLED_RULES, *CONTACT_RULES)
_OWN = tuple(dict.fromkeys(rule.entity for rule in _RULES))
DEFAULT_ENTITIES = (*_OWN, *WESTERN_ENTITIES)
"""What is looked for unless `entities` says otherwise; with a model for names, PERSON as well."""


_DIGIT = re.compile("[0-9]")
_REACH, _SHORT = 40, 400


class Recognizer(Protocol):
    """Finds spans of one entity type in one form of a text."""

    @property
    def entity(self) -> str:
        """What it finds."""

    @property
    def digits(self) -> bool:
        """Whether nothing without an ASCII digit can match."""

    def find(self, text: str) -> Iterable[Finding]:
        """Findings in any order."""


class RecognizerError(Exception):
    """A recogniser failed; the message names it and the kind of failure, never the text."""


@dataclass(frozen=True)
class Detector:
    """Finds entities in a text."""

    recognizers: tuple[Recognizer, ...]
    threshold: float
    names: Names | None = None

    def answer(self, text: str, question: str) -> list[Finding]:
        """Findings in an answer, where the end of the question is context too ("his passport number?" "E12345678").

        Only the end that context windows can reach is shown, without its full stop, which would end the context.
        """
        if len(text) > _SHORT:
            return self.find(text)
        before = question.rstrip()[-_REACH:].rstrip("。！？!?.：: \n") + "\n" if question else ""
        return [f.shifted(-len(before)) for f in self.find(before + text) if f.start >= len(before)]

    def find(self, text: str) -> list[Finding]:
        """Findings at or above the threshold, without overlaps, with offsets in `text` itself."""
        found = [f for view in views(text) for f in self._in_view(view)]
        if self.names is not None:
            found += self._run(self.names, text)
        return resolve(f for f in found if f.score >= self.threshold)

    def _in_view(self, view: View) -> Iterator[Finding]:
        digits = _DIGIT.search(view.text) is not None
        for recognizer in self.recognizers:
            if recognizer.digits and not digits:
                continue
            for f in self._run(recognizer, view.text):
                start, end = view.span(f.start, f.end)
                yield Finding(f.entity, start, end, f.score, f.placeholder)

    def _run(self, recognizer: Recognizer, text: str) -> list[Finding]:
        try:
            return list(recognizer.find(text))
        except Exception as error:
            raise RecognizerError(f"the {recognizer.entity} recogniser failed: {type(error).__name__}") from error


def _unknown(entities: Sequence[str], known: Iterable[str]) -> UsageError:
    known = sorted(known)
    lines = []
    for entity in entities:
        close = difflib.get_close_matches(entity.upper(), known, n=1)
        lines.append(f"pii: unknown entity {entity!r}" + (f"; did you mean {close[0]!r}?" if close else ""))
    return UsageError("\n".join([*lines, f"known by default: {', '.join(DEFAULT_ENTITIES)}"]))


@lru_cache(maxsize=16)
def detector(entities: tuple[str, ...], threshold: float, ner: str) -> Detector:
    """The detector for these options; `entities` empty means the default set. Raises UsageError, MissingExtra."""
    if not 0.0 < threshold <= 1.0:
        raise UsageError(f"pii: threshold must be above 0 and at most 1, not {threshold}")
    names = open_model(ner, frozenset(entities) & NER_ENTITIES or frozenset({"PERSON"})) if ner else None
    wanted = entities or DEFAULT_ENTITIES
    by_name = frozenset(wanted) - frozenset(_OWN) - NER_ENTITIES
    presidio = western(by_name)
    unknown = [e for e in wanted if e in by_name - presidio.keys()]
    if unknown:
        raise _unknown(unknown, [*DEFAULT_ENTITIES, *NER_ENTITIES])
    nameless = [e for e in wanted if e in NER_ENTITIES] if not ner else []
    if nameless:
        raise UsageError(
            f"pii: {', '.join(nameless)} needs a model for names: set `ner` to a spaCy or transformers model"
        )
    own = [rule for rule in _RULES if rule.entity in wanted]
    return Detector((*own, *presidio.values()), threshold, names)
