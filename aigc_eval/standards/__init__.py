"""What a run shows about the clauses of standards: evidence, no certificate, and nothing of it alters the verdict.

    counting   prompts of a run by class of risk, against the least numbers that rules ask for
    judging    numbers that rules limit, judged as gates are: one-sided bounds, what is unscored at its worst
    covering   every clause of every standard: its checks, or what is missing

The data files in `data/` are paraphrases with their sources; a clause whose wording nobody compared with the text says
so. Rules of a standard are exact where they count and three-valued where they measure; fewer prompts than a rule asks
for are never enough to conform.
"""

from aigc_eval.standards.counting import Shortfall, counts, needed_by_class, selected, shortfalls, tags_of_rows
from aigc_eval.standards.covering import cover
from aigc_eval.standards.judging import Found, measured, names_of, recorded

__all__ = [
    "Found",
    "Shortfall",
    "counts",
    "cover",
    "measured",
    "names_of",
    "needed_by_class",
    "recorded",
    "selected",
    "shortfalls",
    "tags_of_rows",
]
