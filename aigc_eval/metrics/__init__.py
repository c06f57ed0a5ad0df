"""Metrics: rows of scores in, one number and its interval out.

*Every* reported number is a function of a set of rows; a mean is merely a simple one. Rows are a pandas frame, one row
a scored output of one candidate, with at least these columns:

    prompt   str      id of the prompt; rows of one prompt are one cluster
    sample   int      which draw of that prompt
    text     str      the output
    value    float64  the score's value; NaN stands for "no such number" and never leaves a metric
    <part>   float64  one column for each named part of the scores
    status   str      "scored", "failed" (should have been scored, was not) or "na" (does not apply)

and beside them `candidate`, `outcome`, `seconds`, `usage.<name>` (tokens of the call), `lang`, `tag.<name>`,
`variant_of` and, where the scores have one, `vector` (a tuple). A metric that `reads` other scorers finds their values
in the columns `read:<scorer>` or `read:<scorer>.<part>`; a row counts as scored where all of them have scored it.

A metric gets the scored rows only. Slices, adverse bounds and baselines are the same metric over other rows.
"""

from __future__ import annotations

from collections.abc import Mapping

from aigc_eval.metrics.base import Metric, clusters
from aigc_eval.metrics.outputs import Mean, Rate, Ratio
from aigc_eval.metrics.prompts import AnyPerPrompt, WorstPerPrompt

__all__ = ["AnyPerPrompt", "Mean", "Metric", "Rate", "Ratio", "WorstPerPrompt", "clusters", "numbers_of"]

_NUMBERS: Mapping[type[Metric], tuple[str, ...]] = {
    Mean: ("of",),
    Rate: ("of",),
    Ratio: ("over", "under"),
    WorstPerPrompt: ("of",),
    AnyPerPrompt: ("of",),
}
"""Fields that name the columns of numbers which are all that a metric reads, beside prompt and status."""


def numbers_of(metric: Metric) -> tuple[str, ...] | None:
    """The columns of numbers that a metric of this module reads; None where it may read any: a subclass may read more.

    >>> numbers_of(Ratio("perplexity", over="nll", under="tokens"))
    ('nll', 'tokens')
    """
    fields = _NUMBERS.get(type(metric))
    return None if fields is None else tuple(getattr(metric, name) for name in fields)
