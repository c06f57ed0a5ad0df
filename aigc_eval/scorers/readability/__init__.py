"""Readability: sentence length in any script, the classic English formulas, sentence and clause length in Chinese."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from aigc_eval.metrics import Metric
from aigc_eval.plugin import Scorer
from aigc_eval.records import Bilingual, Generation, Prompt, Score
from aigc_eval.scorers.readability import reference
from aigc_eval.scorers.readability.counts import characters, chinese, english
from aigc_eval.scorers.readability.formulas import flesch_kincaid_grade, flesch_reading_ease
from aigc_eval.scorers.readability.measures import EASE, METRICS
from aigc_eval.scorers.readability.prose import sentences

__all__ = ["Readability"]


@dataclass(frozen=True)
class Readability(Scorer):
    """How demanding an answer is to read; value: letters and digits a sentence, which every script has.

    Sentences in Latin script get the formulas for English, sentences in Han script the lengths of Chinese, each over
    its own sentences; compare values within a language only. An answer to a prompt whose `lang` tag names another
    language (fr, say) gets no formula, since they were fitted to English. Code, tables and addresses are not prose.

    Parts are sums that metrics add up before they apply a formula: `characters`, `all_sentences`; for English
    `sentences`, `words`, `syllables`, `polysyllables`, `letters` and the text's own `flesch_reading_ease` and
    `flesch_kincaid_grade`; for Chinese `zh_sentences`, `zh_clauses`, `zh_characters`, `hanzi`, `longest_clause`.

    `counter`: who counts English. "rules" is our own counter, which needs nothing; its syllables put reading ease
    within 0.7 points of what CMUdict gives for the same words. "textstat" is textstat with CMUdict (extra
    `readability`, and nltk's data on this machine): about 4 points easier where there are many numbers and rare words,
    in which it finds fewer syllables.
    Hard is not bad: no metric has a direction, and none can be gated, unless `easier_is_better` says that the
    answers are for everybody.
    """

    title: ClassVar[Bilingual] = Bilingual("Readability", "易读性")
    languages: ClassVar[tuple[str, ...]] = ("any", "en", "zh")
    source: ClassVar[str] = "Flesch 1948; Kincaid et al. 1975; McLaughlin 1969; Coleman & Liau 1975"

    counter: Literal["rules", "textstat"] = "rules"
    easier_is_better: bool = False

    def load(self) -> None:
        """Find textstat and its dictionary, if they count."""
        if self.counter == "textstat":
            reference.load()

    def facts(self) -> Mapping[str, str]:
        """Versions of textstat and its dictionary, if they count."""
        return reference.facts() if self.counter == "textstat" else {}

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        """One score a generation."""
        return [self._score(generation.text, generation.prompt) for generation in batch]

    def metrics(self) -> tuple[Metric, ...]:
        """Characters a sentence first."""
        if not self.easier_is_better:
            return METRICS
        return tuple(replace(m, better="higher" if m.name in EASE else "lower") for m in METRICS)

    def _score(self, text: str, prompt: Prompt) -> Score:
        found = sentences(text)
        if not found:
            return Score(note="no sentence")
        parts = characters(found)
        if not _foreign(prompt):
            parts |= self._english([s.text for s in found if s.script == "en"])
        han = [s.text for s in found if s.script == "zh"]
        parts |= chinese(han) if han else {}
        return Score(parts["characters"] / parts["all_sentences"], parts)

    def _english(self, latin: Sequence[str]) -> dict[str, float]:
        """The sums of the Latin sentences and the two formulas that are defined for any length; none without words."""
        if not latin:
            return {}
        sums = reference.counts(latin) if self.counter == "textstat" else english(latin)
        if min(sums["words"], sums["sentences"], sums["syllables"]) <= 0:
            return {}
        three = sums["words"], sums["sentences"], sums["syllables"]
        return {
            **sums,
            "flesch_reading_ease": flesch_reading_ease(*three),
            "flesch_kincaid_grade": flesch_kincaid_grade(*three),
        }


def _foreign(prompt: Prompt) -> bool:
    """Whether the prompt says that its language is one without formulas here."""
    tag = prompt.tags.get("lang", "").lower().replace("_", "-").partition("-")[0]
    return tag not in ("", "en", "zh", "mul", "mixed")
