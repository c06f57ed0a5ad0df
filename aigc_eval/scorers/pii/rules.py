"""What a rule of ours is: an expression that proposes, a judge that decides.

Every expression is bounded (no nested or open repetition over overlapping classes), starts at a character that cannot
have the one before it in the match, and uses ASCII classes and explicit borders instead of `\\b` and `\\w`, which see
no border between a Hanzi and a digit. A judge returns the score, 0.0 for "not one".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from aigc_eval.scorers.pii.clock import UNLIMITED, Clock
from aigc_eval.scorers.pii.findings import Finding

__all__ = [
    "CERTAIN",
    "LIKELY",
    "NO",
    "NO_DIGIT_LEFT",
    "NO_DIGIT_RIGHT",
    "STRONG",
    "UNSURE",
    "Rule",
    "bare",
    "in_path",
    "named",
]

NO, UNSURE, LIKELY, STRONG, CERTAIN = 0.0, 0.4, 0.6, 0.8, 1.0
"""UNSURE is below the usual threshold: well formed, perhaps with the right check digit, and nothing says what it is."""

NO_DIGIT_LEFT = r"(?<![0-9])(?<![0-9][._\-])(?<!(?<![0-9]{6})[0-9]/)"
NO_DIGIT_RIGHT = r"(?![0-9])(?![._\-][0-9])(?!/[0-9](?![0-9]{6}))"
"""A comma is no part of a long number: thousands come in threes, and cells of a table are parted by one. A slash parts
two long numbers, but joins what is shorter."""

_INSIDE = re.compile(r"[A-Za-z][._/\-]$|://[^\s\"'<>]*$|[?&][A-Za-z_]{1,16}=$")


def bare(value: str) -> str:
    """ASCII letters and digits only.

    >>> bare("138-0013 8000")
    '13800138000'
    """
    return re.sub(r"[^0-9A-Za-z]", "", value)


def named(nearness: float) -> float:
    """The score of a number that only its label makes one: of two that claim it, the one with the nearer label wins.

    >>> named(0.0), named(1.0)
    (0.0, 1.0)
    """
    return STRONG * (nearness > 0) + (CERTAIN - STRONG) * nearness


def in_path(match: re.Match[str]) -> bool:
    """Whether the match stands within a path, an address of a page or an identifier."""
    return _INSIDE.search(match.string[max(0, match.start() - 80) : match.start()]) is not None


@dataclass(frozen=True)
class Rule:
    """Finds one entity type. The group `value` of the expression, where there is one, is the span.

    `needs` is an exact, cheaper condition: a text without it cannot match. It is quickest where it begins with a set of
    characters. `digits` is how many ASCII digits in a row a match has at least; most texts have few.
    """

    entity: str
    pattern: re.Pattern[str]
    judge: Callable[[re.Match[str]], float]
    needs: re.Pattern[str]
    placeholder: Callable[[str], bool] = lambda _value: False
    digits: int = 1

    def find(self, text: str, clock: Clock = UNLIMITED) -> Iterator[Finding]:
        """Every accepted match, left to right. Raises OutOfTime."""
        if not self.needs.search(text):
            return
        group: str | int = "value" if "value" in self.pattern.groupindex else 0
        for match in self.pattern.finditer(text):
            clock.check()
            score = self.judge(match)
            if score > NO:
                start, end = match.span(group)
                yield Finding(self.entity, start, end, score, self.placeholder(text[start:end]))
