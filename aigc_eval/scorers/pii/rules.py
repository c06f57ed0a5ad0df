"""What a rule of ours is: an expression that proposes, a judge that decides.

Every expression is bounded (no nested or open repetition over overlapping classes), starts at a character that cannot
have the one before it in the match, and uses ASCII classes and explicit borders instead of `\\b` and `\\w`, which see
no border between a Hanzi and a digit. A judge returns the score, 0.0 for "not one".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from aigc_eval.scorers.pii.findings import Finding

__all__ = ["CERTAIN", "LIKELY", "NO", "STRONG", "Rule", "always", "mentioned"]

NO, LIKELY, STRONG, CERTAIN = 0.0, 0.6, 0.8, 1.0

_BEFORE, _AFTER = 40, 12
_STOP = re.compile(r"[。！？]|\n\s*\n")


def mentioned(words: re.Pattern[str], match: re.Match[str], before: int = _BEFORE, after: int = _AFTER) -> bool:
    """Whether a context word stands near the match, in the same sentence.

    A window of characters, not of words: Chinese has no spaces, and 40 characters reach over a table cell or a label.
    """
    text, start, end = match.string, match.start(), match.end()
    left = text[max(0, start - before) : start]
    stops = list(_STOP.finditer(left))
    return bool(words.search(left, stops[-1].end() if stops else 0) or words.search(text[end : end + after]))


def always(score: float) -> Callable[[re.Match[str]], float]:
    """A judge that believes every match."""
    return lambda _match: score


@dataclass(frozen=True)
class Rule:
    """Finds one entity type. The group `value` of the expression, where there is one, is the span.

    `needs` is an exact, cheaper condition: a text without it cannot match. `digits` says that nothing without an ASCII
    digit can match; most texts have none.
    """

    entity: str
    pattern: re.Pattern[str]
    judge: Callable[[re.Match[str]], float]
    needs: re.Pattern[str]
    placeholder: Callable[[str], bool] = lambda _value: False
    digits: bool = True

    def find(self, text: str) -> Iterator[Finding]:
        """Every accepted match, left to right."""
        if not self.needs.search(text):
            return
        group: str | int = "value" if "value" in self.pattern.groupindex else 0
        for match in self.pattern.finditer(text):
            score = self.judge(match)
            if score > NO:
                start, end = match.span(group)
                yield Finding(self.entity, start, end, score, self.placeholder(text[start:end]))
