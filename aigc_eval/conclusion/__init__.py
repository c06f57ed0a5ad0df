"""From rows to a finished Run: estimates, verdicts and the facts about everything that took part.

terms       what the bench says about scoring and judging, kept in the journal
measuring   the numbers of one scorer, and the verdicts of its gates (judging)
concluding  the run as a whole
"""

from aigc_eval.conclusion.concluding import as_concluded, conclude
from aigc_eval.conclusion.facts import metric_facts, scored_outcomes, versions
from aigc_eval.conclusion.judging import decided
from aigc_eval.conclusion.measuring import Measured, measure
from aigc_eval.conclusion.terms import Terms, adopted, hindered, judged_by, looks_of, terms, values_of

__all__ = [
    "Measured",
    "Terms",
    "adopted",
    "as_concluded",
    "conclude",
    "decided",
    "hindered",
    "judged_by",
    "looks_of",
    "measure",
    "metric_facts",
    "scored_outcomes",
    "terms",
    "values_of",
    "versions",
]
