"""Planted records: whether a model gives away what was put into its training data for this purpose.

* `folding`: the form in which texts are compared, with the way back; `search`: exact, near and partial recovery.
* `exposure`: how much likelier a canary is than its like, by rank and by a fitted distribution.
* `reported`: the metrics; `scorer`: `Canary`.
"""

from aigc_eval.scorers.canary.scorer import Canary

__all__ = ["Canary"]
