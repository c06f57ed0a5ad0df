"""Differences between candidates as every report tells them: who does better, by how much, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from aigc_eval.records import Bilingual, Difference, MetricFacts, Run
from aigc_eval.report.numbers import difference_of, figure, interval
from aigc_eval.report.words import say

__all__ = ["Apart", "Verdict", "apart", "leader"]

Verdict = Literal["better", "worse", "alike", "untested_better", "untested_worse", "unknown"]
"""Of the candidate against the other one. "alike": no clear difference. "untested_...": the intervals say so, and there
is no quick test. "unknown": there is no interval."""


@dataclass(frozen=True)
class Apart:
    """A difference, printed: its value with a sign, its interval, and the verdict."""

    value: str
    interval: str
    verdict: Verdict
    difference: Difference

    @property
    def clear(self) -> bool:
        """Whether the difference is clear after the correction."""
        return self.verdict in ("better", "worse")

    def words(self) -> Bilingual:
        """The verdict as a sentence that names who does better."""
        best, other = self._order()
        return say(f"apart.{_WORDS[self.verdict]}", best=best, other=other)

    def ranked(self) -> Bilingual:
        """The same of a clear difference, where there are more than two who could be meant: it names both."""
        best, other = self._order()
        return say("apart.clear.than", best=best, other=other)

    def _order(self) -> tuple[str, str]:
        """Who does better, and who does worse."""
        found, ahead = self.difference, self.verdict.endswith("better")
        return (found.candidate, found.against) if ahead else (found.against, found.candidate)


_WORDS = {
    "better": "clear",
    "worse": "clear",
    "alike": "alike",
    "untested_better": "untested",
    "untested_worse": "untested",
    "unknown": "unknown",
}


def apart(run: Run) -> dict[tuple[str, str, str], Apart]:
    """(candidate, scorer, metric) -> how far the candidate is from the one that it is compared with."""
    metrics = {(s.name, m.name): m for s in run.scorers for m in s.metrics}
    found = {}
    for each in run.differences:
        facts = metrics.get((each.scorer, each.metric))
        if facts is not None and each.value is not None:
            found[each.candidate, each.scorer, each.metric] = _apart(each, facts)
    return found


def _apart(found: Difference, facts: MetricFacts) -> Apart:
    unit, value = difference_of(facts.unit), found.value or 0.0
    sign = "+" if value > 0 else ""
    return Apart(sign + figure(value, unit), interval(found.low, found.high, unit), _verdict(found, facts), found)


def _verdict(found: Difference, facts: MetricFacts) -> Verdict:
    if found.low is None or found.high is None or facts.better is None:
        return "unknown"
    better = ((found.value or 0.0) < 0) == (facts.better == "lower")
    if found.clear:
        return "better" if better else "worse"
    if found.p is None and (found.low > 0 or found.high < 0):
        return "untested_better" if better else "untested_worse"
    return "alike"


def leader(found: Apart) -> str:
    """Who does clearly better; "" where nobody does."""
    if not found.clear:
        return ""
    return found.difference.candidate if found.verdict == "better" else found.difference.against
