"""The candidates of one run against each other: every metric with a good direction, paired by prompt.

One candidate is the reference, and each other one is compared with it (two candidates: the second with the first). The
tests are those of `compare` (`significance`), two-sided. Holm's correction is over the main metrics of a run together
(the first of each scorer, and those that a gate names) and over all others together: in a run whose candidates are
alike, the chance that any main metric is called better or worse is at most 5 %, however many there are, and so is that
of any other. What was not scored counts against the side that leads.

Metrics of sets of texts, of templates, and quantiles, have no test that is quick enough for every report: their
difference has the interval of two independent numbers (MOVER; Donner & Zou 2012), no p-value, and is never clear.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from aigc_eval.contrasts import contrast
from aigc_eval.estimates import seen_by
from aigc_eval.gates import MIN_COVERAGE
from aigc_eval.intervals import mover
from aigc_eval.metrics import Metric, numbers_of
from aigc_eval.paired import holm
from aigc_eval.records import Difference, Estimate
from aigc_eval.significance import Pair, matched

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["corrected", "differences", "reference_of"]

_TWO_SIDED = 0.975
"""Confidence of each end of a two-sided 95 % interval."""


def reference_of(names: Sequence[str], release: Sequence[str] = (), baseline: str = "") -> str:
    """The candidate that the others are compared with; "" where there is none to compare.

    The policy's baseline where it is one of three or more; else the first that is not up for release, else the first.
    Of two it is the first, so that a difference is the second minus the first.

    >>> reference_of(["a", "b"], ["a"]), reference_of(["a", "b", "c"], ["a"]), reference_of(["a", "b", "c"], [], "c")
    ('a', 'b', 'c')
    """
    if len(names) < 3:
        return names[0] if len(names) == 2 else ""
    return baseline if baseline in names else next((name for name in names if name not in release), names[0])


def differences(
    rows: pd.DataFrame, scorer: str, metrics: Sequence[Metric], against: str, estimates: Sequence[Estimate]
) -> list[Difference]:
    """Of one scorer's metrics, in their order, each candidate minus `against`; p-values not corrected yet.

    `rows` is the frame of a run, `estimates` are the scorer's own.
    """
    import pandas as pd

    codes, names = pd.factorize(rows["candidate"])
    places = [np.flatnonzero(codes == code) for code in range(len(names))]
    ranked = [metric for metric in metrics if metric.better is not None]
    whole = {(e.metric, e.candidate): e for e in estimates if not e.slice}
    kinds = {(metric.reads, numbers_of(metric), type(metric).align): metric for metric in ranked if _paired(metric)}
    aligned = {
        kind: dict(zip(map(str, names), metric.align([frame.take(taken) for taken in places]), strict=True))
        for (kind, metric), frame in zip(kinds.items(), seen_by(rows, scorer, [*kinds.values()]), strict=True)
    }
    found = []
    for metric in ranked:
        for name in (str(name) for name in names if name != against):
            known = Difference(name, against, scorer, metric.name)
            if _paired(metric):
                sides = aligned[metric.reads, numbers_of(metric), type(metric).align]
                found.append(_difference(metric, sides[name], sides[against], known))
            else:
                found.append(_unpaired(known, whole[metric.name, name], whole[metric.name, against]))
    return found


def _paired(metric: Metric) -> bool:
    """Whether there is a test by prompt that is quick."""
    return metric.smooth and not metric.set_level


def _unpaired(known: Difference, ours: Estimate, theirs: Estimate) -> Difference:
    """From both sides' own intervals."""
    known = replace(known, prompts=min(ours.prompts, theirs.prompts), failed=ours.failed + theirs.failed)
    if ours.value is None or theirs.value is None:
        return known
    known = replace(known, value=ours.value - theirs.value)
    if ours.low is None or ours.high is None or theirs.low is None or theirs.high is None:
        return known
    low, high = mover(ours.value, (ours.low, ours.high), theirs.value, (theirs.low, theirs.high))
    return replace(known, low=low, high=high, method=f"mover({ours.method}, {theirs.method})")


def corrected(found: Iterable[Difference], main: Collection[tuple[str, str]]) -> tuple[Difference, ...]:
    """The differences of a whole run with Holm's adjusted p-values; `main` are the main (scorer, metric) pairs."""
    known = [replace(d, main=(d.scorer, d.metric) in main, adjusted=None, family=0) for d in found]
    for family in (True, False):
        places = [i for i, d in enumerate(known) if d.main == family and d.p is not None]
        adjusted = holm([p for i in places if (p := known[i].p) is not None])
        for i, p in zip(places, adjusted, strict=True):
            known[i] = replace(known[i], adjusted=p, family=len(places))
    return tuple(known)


def _difference(metric: Metric, ours: pd.DataFrame, theirs: pd.DataFrame, known: Difference) -> Difference:
    failed = sum(int(np.count_nonzero(rows["status"] == "failed")) for rows in (ours, theirs))
    pair = Pair(metric, *matched(metric, *(rows[rows["status"] == "scored"] for rows in (theirs, ours))))
    known = replace(known, prompts=pair.prompts, failed=failed)
    found = contrast(metric, pair.b, pair.a, _TWO_SIDED) if pair.prompts else None
    if found is None or found.value is None:
        return known
    p = pair.apart()
    if failed and p is not None:
        p = max(p, _with_failed(metric, ours, theirs, found.value))
    low, high, method = found.bounds or (None, None, "")
    return replace(known, value=found.value, low=low, high=high, method=method, p=p)


def _with_failed(metric: Metric, ours: pd.DataFrame, theirs: pd.DataFrame, value: float) -> float:
    """The p-value with what failed counted against the side that leads; 1 where it leads no more.

    Where there is no worst to count it as, few such outputs (as few as gates allow) are left out.
    """
    turned = replace(metric, better="higher" if metric.better == "lower" else "lower")
    we_lead = (value < 0) == (metric.better == "lower")
    one, other = (metric, turned) if we_lead else (turned, metric)
    filled = [each.filled(rows) for each, rows in ((one, ours), (other, theirs))]
    if filled[0] is None or filled[1] is None:
        return float(not all(_covered(rows) for rows in (ours, theirs)))
    pair = Pair(metric, *matched(metric, filled[1], filled[0]))
    a, b = (metric(rows) if len(rows) else None for rows in (pair.a, pair.b))
    if a is None or b is None or (b - a) * value <= 0:
        return 1.0
    p = pair.apart()
    return 1.0 if p is None else p


def _covered(rows: pd.DataFrame) -> bool:
    scored, failed = (int(np.count_nonzero(rows["status"] == word)) for word in ("scored", "failed"))
    return scored >= MIN_COVERAGE * (scored + failed)
