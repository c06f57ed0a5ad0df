"""Every word that the reports say, in English and Chinese. `{...}` are figures, formatted before they get here."""

from __future__ import annotations

from collections.abc import Mapping

from aigc_eval.report.vocabulary import (
    accuracy,
    apart,
    brief,
    charts,
    comparisons,
    editions,
    facts,
    frame,
    outcomes,
    samples,
    sections,
    signoff,
    standards,
    terms,
    trends,
    verdicts,
)

__all__ = ["VOCABULARY"]

_PARTS: tuple[Mapping[str, tuple[str, str]], ...] = (
    verdicts.WORDS,
    sections.WORDS,
    charts.WORDS,
    frame.WORDS,
    outcomes.WORDS,
    samples.WORDS,
    comparisons.WORDS,
    apart.WORDS,
    brief.WORDS,
    facts.WORDS,
    signoff.WORDS,
    standards.WORDS,
    terms.WORDS,
    trends.WORDS,
    editions.WORDS,
    accuracy.WORDS,
)

VOCABULARY: Mapping[str, tuple[str, str]] = {key: words for part in _PARTS for key, words in part.items()}
