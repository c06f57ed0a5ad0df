"""Two candidates on the same prompts, a baseline A and a new one B: and where B is worse.

sides         which runs and candidates, and whether they can be compared at all
judging       every shared metric, regressions among them, slices
changed       the outputs that changed most, masked
telling       all of that for a terminal, a Markdown file and JSON
"""

from aigc_eval.comparing.changed import Change, changes
from aigc_eval.comparing.judging import ALPHA, Compared, Comparison, Wanted, compare
from aigc_eval.comparing.sides import Incomparable, differences, open_sides, scorers_of

__all__ = [
    "ALPHA",
    "Change",
    "Compared",
    "Comparison",
    "Incomparable",
    "Wanted",
    "changes",
    "compare",
    "differences",
    "open_sides",
    "scorers_of",
]
