"""Many calls at a time, to something that throttles, stalls, lies and dies.

Limits        what the bench says: how many at once, how fast, how long, how much
Budget        what a scorer in its own process may take
Price         what a million tokens cost
call_all      results as they come, each call asked again while that may help
"""

from aigc_eval.calls.limits import Budget, Limits, Price
from aigc_eval.calls.scheduler import Spent, call_all

__all__ = ["Budget", "Limits", "Price", "Spent", "call_all"]
