"""All recognisers on all forms of a text, and one list of findings without overlaps."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

from aigc_eval.errors import UsageError
from aigc_eval.scorers.pii.accounts import ACCOUNT_RULES
from aigc_eval.scorers.pii.address import Address
from aigc_eval.scorers.pii.chinese import CHINESE_RULES
from aigc_eval.scorers.pii.clock import UNLIMITED, Clock, OutOfTime, remaining, windows
from aigc_eval.scorers.pii.contact import CONTACT_RULES
from aigc_eval.scorers.pii.documents import DOCUMENT_RULES
from aigc_eval.scorers.pii.findings import Finding, resolve
from aigc_eval.scorers.pii.ner import NER_ENTITIES, Finder, open_model
from aigc_eval.scorers.pii.presidio import known
from aigc_eval.scorers.pii.regions import REGION_RULES
from aigc_eval.scorers.pii.secrets import SECRET_RULES
from aigc_eval.scorers.pii.spelled import SPELLED_RULES
from aigc_eval.scorers.pii.view import View, views
from aigc_eval.scorers.pii.western import WESTERN_ENTITIES, western

__all__ = ["DEFAULT_ENTITIES", "Detector", "RecognizerError", "detector", "known_entities"]

_RULES = (
    *SECRET_RULES,
    *CHINESE_RULES,
    *DOCUMENT_RULES,
    *REGION_RULES,
    *ACCOUNT_RULES,
    *SPELLED_RULES,
    *CONTACT_RULES,
    Address(),
)
_OWN = tuple(dict.fromkeys(rule.entity for rule in _RULES))
_ONLY_IF_NAMED = frozenset({"CN_POSTAL_CODE"})
DEFAULT_ENTITIES = (*(e for e in _OWN if e not in _ONLY_IF_NAMED), *WESTERN_ENTITIES)
"""What is looked for unless `entities` says otherwise; with a model for names, PERSON as well."""

_DIGITS = re.compile("[0-9]+")
_REACH, _SHORT = 40, 400


class Recognizer(Protocol):
    """Finds spans of one entity type in one form of a text."""

    @property
    def entity(self) -> str:
        """What it finds."""

    @property
    def digits(self) -> int:
        """How many ASCII digits in a row a match has at least."""

    def find(self, text: str, clock: Clock) -> Iterable[Finding]:
        """Findings in any order; looks at the clock now and then."""


class RecognizerError(Exception):
    """A recogniser failed; the message names it and the kind of failure, never the text."""


@dataclass(frozen=True, eq=False)
class Detector:
    """Finds entities in a text. A finding counts from its entity's threshold on, by default `threshold`."""

    recognizers: tuple[Recognizer, ...]
    threshold: float
    names: Finder | None = None
    thresholds: Mapping[str, float] = field(default_factory=dict)

    def answer(self, text: str, question: str, clock: Clock = UNLIMITED) -> list[Finding]:
        """Findings in an answer, where the end of the question is context too ("his passport number?" "E12345678").

        Only the end that context windows can reach is shown, without its full stop, which would end the context.
        """
        if len(text) > _SHORT:
            return self.find(text, clock)
        before = question.rstrip()[-_REACH:].rstrip("。！？!?.：: \n") + "\n" if question else ""
        return [f.shifted(-len(before)) for f in self.find(before + text, clock) if f.start >= len(before)]

    def find(self, text: str, clock: Clock = UNLIMITED) -> list[Finding]:
        """Findings at or above their threshold, without overlaps, with offsets in `text` itself."""
        token = remaining.set(clock)
        try:
            found = [f for view in views(text) for f in self._in_view(view, clock)]
            if self.names is not None:
                found += self._run(self.names, text, clock)
        finally:
            remaining.reset(token)
        return resolve(f for f in found if f.score >= self.thresholds.get(f.entity, self.threshold))

    def _in_view(self, view: View, clock: Clock) -> Iterator[Finding]:
        for window in windows(len(view.text)):
            text = view.text[window.start : window.end]
            most = max(map(len, _DIGITS.findall(text)), default=0)
            for recognizer in self.recognizers:
                if recognizer.digits > most:
                    continue
                for f in self._run(recognizer, text, clock):
                    if window.first <= f.start + window.start < window.last:
                        start, end = view.span(f.start + window.start, f.end + window.start)
                        yield Finding(f.entity, start, end, f.score, f.placeholder)

    def _run(self, recognizer: Recognizer, text: str, clock: Clock) -> list[Finding]:
        try:
            clock.check()
            return list(recognizer.find(text, clock))
        except OutOfTime as error:
            why = f"{clock.seconds:g} s were not enough for {len(text):,} characters or those before them"
            raise RecognizerError(f"the {recognizer.entity} recogniser ran out of time: {why}") from error
        except Exception as error:
            raise RecognizerError(f"the {recognizer.entity} recogniser failed: {type(error).__name__}") from error


def known_entities() -> tuple[str, ...]:
    """Every entity type that may be named: ours, presidio's, and those that need a model."""
    return tuple(sorted({*_OWN, *known(), *NER_ENTITIES}))


def _unknown(entities: Sequence[str]) -> UsageError:
    names, lines = known_entities(), []
    for entity in entities:
        close = difflib.get_close_matches(entity.upper(), names, n=1)
        lines.append(f"pii: unknown entity {entity!r}" + (f"; did you mean {close[0]!r}?" if close else ""))
    return UsageError("\n".join([*lines, f"known by default: {', '.join(DEFAULT_ENTITIES)}"]))


def _check(wanted: Sequence[str], ner: str, threshold: float, thresholds: Mapping[str, float]) -> None:
    for name, number in (("threshold", threshold), *((f"thresholds.{e}", t) for e, t in thresholds.items())):
        if not 0.0 < number <= 1.0:
            raise UsageError(f"pii: {name} must be above 0 and at most 1, not {number}")
    cheap = {*DEFAULT_ENTITIES, *_OWN, *NER_ENTITIES}
    named = [e for e in dict.fromkeys((*wanted, *thresholds)) if e not in cheap]
    if named and (unknown := [e for e in named if e not in known()]):
        raise _unknown(unknown)
    nameless = [e for e in wanted if e in NER_ENTITIES] if not ner else []
    if nameless:
        raise UsageError(
            f"pii: {', '.join(nameless)} needs a model for names: set `ner` to bundled, a spaCy or a transformers model"
        )
    idle = [e for e in thresholds if e not in wanted and not (ner and e in NER_ENTITIES)]
    if idle:
        raise UsageError(f"pii: thresholds names {', '.join(idle)}, which is not looked for: add it to `entities`")


@lru_cache(maxsize=16)
def detector(
    entities: tuple[str, ...], threshold: float, ner: str, thresholds: tuple[tuple[str, float], ...] = ()
) -> Detector:
    """The detector for these options; `entities` empty means the default set. Raises UsageError, MissingExtra."""
    wanted = entities or DEFAULT_ENTITIES
    _check(wanted, ner, threshold, dict(thresholds))
    names = open_model(ner, frozenset(entities) & NER_ENTITIES or frozenset({"PERSON"})) if ner else None
    own = [rule for rule in _RULES if rule.entity in wanted]
    presidio = western(frozenset(wanted) - frozenset(_OWN) - NER_ENTITIES)
    return Detector((*own, *presidio.values()), threshold, names, dict(thresholds))
