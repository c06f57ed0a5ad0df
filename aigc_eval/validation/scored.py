"""A scorer over examples, by the machinery of runs but without a journal; and its numbers beside the labels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import closing

import numpy as np

from aigc_eval.config import Named
from aigc_eval.errors import UsageError
from aigc_eval.intervals import Floats
from aigc_eval.metrics import Rate
from aigc_eval.plugin import Scorer
from aigc_eval.records import Score, digest
from aigc_eval.registry import suggest
from aigc_eval.scoring import Scorers, seen
from aigc_eval.stages import Progress
from aigc_eval.validation.examples import Examples
from aigc_eval.validation.measures import Bools

__all__ = ["is_probability", "numbers", "rate_of", "scores_of"]


def rate_of(scorer: Named[Scorer], name: str = "") -> Rate:
    """The scorer's rate of this name, its first one by default; UsageError where it has none such."""
    rates = {metric.name: metric for metric in scorer.plugin.metrics() if isinstance(metric, Rate)}
    if not rates:
        raise UsageError(f"{scorer.name} has no rate: nothing of it is right or wrong, so labels say nothing about it")
    if name and name not in rates:
        raise UsageError(f"{scorer.name} has no rate {name!r:.80}; {suggest(name, rates)}")
    return rates[name] if name else next(iter(rates.values()))


def is_probability(scorer: Scorer, rate: Rate) -> bool:
    """Whether the scorer declares that the rate's numbers lie in 0..1."""
    ranges = (found for metric in scorer.metrics() for found in metric.ranges())
    return any(of == rate.of and low >= 0 and high <= 1 for of, low, high in ranges)


def scores_of(scorer: Named[Scorer], examples: Examples, progress: Progress, *, isolated: bool = True) -> list[Score]:
    """One score an example. What is missing is raised before anything is scored."""
    with Scorers([scorer], [a.prompt for a in examples.answers], isolated=isolated) as scorers:
        scorers.load()
        answers = seen(scorer.plugin.sees, [examples.answers])
        digests = [digest(a.request) for a in answers]
        stage = scorers.scoring(scorer.name, scorer.plugin.identity(), answers, digests)
        waiting, errors = stage.pending, 0
        done = len(answers) - len(waiting)
        progress(stage.name, done, len(answers), errors)
        found: dict[str, Score] = {}
        with closing(stage.engine(stage, waiting)) as groups:
            for group in groups:
                found.update((stage.keys[i], score) for i, score in group)
                done, errors = done + len(group), errors + sum(bool(score.error) for _, score in group)
                progress(stage.name, done, len(answers), errors)
    return [r if r is not None else found[key] for key, r in zip(stage.keys, stage.results, strict=True)]


def numbers(rate: Rate, scores: Sequence[Score]) -> tuple[Floats, Bools]:
    """The rate's number of each example, NaN where there is none, and which of them should have had one.

    An example whose score is an error has failed; one without the number, and without an error, is not applicable.
    """
    found = [s.parts.get(rate.of) if rate.of != "value" and s.value is not None else s.value for s in scores]
    failed = np.array([bool(score.error) for score in scores], np.bool_)
    return np.array([math.nan if n is None else float(n) for n in found]), failed
