"""Gates: "toxicity.toxic_fraction <= 1 %" -> pass, fail or undetermined.

claims        what a gate says of a number
parsing       how it is written
grades        scales that gates may speak of
policy        gates and what else must hold, as one value
judging       findings -> verdict, verdicts -> exit code
requirements  slices, validations, waivers
"""

from aigc_eval.gates.claims import BASELINE, CONFIDENCE, Against, Gate, Grade, Limit, Parity, slice_name
from aigc_eval.gates.grades import Scale
from aigc_eval.gates.judging import EXIT_CODES, Finding, budget_reasons, decide, judge, more_prompts, overall, within
from aigc_eval.gates.parsing import parse
from aigc_eval.gates.policy import (
    BUDGETS,
    MIN_COVERAGE,
    Baseline,
    Policy,
    SliceNeeded,
    Validation,
    ValidationNeeded,
    tags_of,
)
from aigc_eval.gates.requirements import requirements, waive

__all__ = [
    "BASELINE",
    "BUDGETS",
    "CONFIDENCE",
    "EXIT_CODES",
    "MIN_COVERAGE",
    "Against",
    "Baseline",
    "Finding",
    "Gate",
    "Grade",
    "Limit",
    "Parity",
    "Policy",
    "Scale",
    "SliceNeeded",
    "Validation",
    "ValidationNeeded",
    "budget_reasons",
    "decide",
    "judge",
    "more_prompts",
    "overall",
    "parse",
    "requirements",
    "slice_name",
    "tags_of",
    "waive",
    "within",
]
