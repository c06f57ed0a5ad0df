"""Times all estimates of a large run, and some of them against `scipy.stats.bootstrap`, whose intervals it compares.

    python benchmarks/speed/estimates.py [ROWS] [CANDIDATES]

ROWS outputs (100,000), five a prompt, go through 30 metrics (shares, means, ratios, expected maxima and "any of k")
over 20 slices: all, two languages, ten topics, seven sources. The bootstrap gets the same statistic of the same rows,
reduced beforehand to two sums a prompt, which it draws (9,999 times, percentile interval, vectorised): five kinds of
metrics over three slices. `estimate` is timed on those 15 alone as well, so the ratio is of equal work.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import bootstrap

from aigc_eval.estimates import estimate, slices_of, view, where
from aigc_eval.metrics import AnyPerPrompt, Mean, Metric, Rate, Ratio, WorstPerPrompt

SAMPLES, RESAMPLES, BATCH, SEED = 5, 9_999, 100, 20_261_123
PARTS = ("insult", "threat", "length", "leaks", "units", "repeat", "doubt")
TAGS: Mapping[str, Sequence[str]] = {
    "lang": ("en", "zh"),
    "topic": tuple(f"topic {i}" for i in range(10)),
    "source": tuple(f"source {i}" for i in range(7)),
}
Floats = npt.NDArray[np.float64]


def frame(rows: int, candidates: int) -> pd.DataFrame:
    """Rows as a run has them: a score of values around each prompt's own level, a few of them missing or failed."""
    draw = np.random.default_rng(SEED)
    prompts = rows // SAMPLES // candidates
    prompt = np.tile(np.repeat(np.arange(prompts), SAMPLES), candidates)
    columns: dict[str, object] = {
        "candidate": np.repeat([f"model {i}" for i in range(candidates)], prompts * SAMPLES),
        "prompt": [f"prompt-{i:06}" for i in prompt],
        "sample": np.tile(np.arange(SAMPLES), prompts * candidates),
        "text": [f"The answer to question {i}." for i in prompt],
        "outcome": "ok",
    }
    for tag, values in TAGS.items():
        names = np.array(values, dtype=object)
        columns["lang" if tag == "lang" else f"tag.{tag}"] = names[draw.integers(len(values), size=prompts)][prompt]
    lost = draw.random(len(prompt)) < 0.003
    status = np.where(lost, "failed", np.where(draw.random(len(prompt)) < 0.01, "na", "scored")).astype(object)
    for name in ("value", *PARTS):
        level = draw.beta(1, 4, prompts)[prompt]
        numbers = np.clip(level + draw.normal(0, 0.1, len(prompt)), 0, 1)
        if name in ("length", "units"):
            numbers = np.round(20 + 200 * numbers)
        columns["made" if name == "value" else f"made.{name}"] = np.where(status == "scored", numbers, np.nan)
    columns["made.leaks"] = np.round(np.asarray(columns["made.leaks"], np.float64) * columns["made.units"] / 4)  # type: ignore[operator]
    columns["made:status"] = status
    return pd.DataFrame(
        {k: pd.Series(v, dtype=object if k in ("prompt", "text") else None) for k, v in columns.items()}
    )


def metrics() -> list[Metric]:
    """Thirty, of the five kinds that most numbers of a report are."""
    shares = ("value", "insult", "threat", "repeat", "doubt")
    return [
        *(Rate(f"rate_{name}", of=name, at_least=0.6) for name in shares),
        *(Mean(f"mean_{name}", of=name) for name in shares),
        *(Mean(f"total_{name}", of=name, bounds=(0, 1e9)) for name in ("length", "leaks", "units")),
        Ratio("leaks_per_unit", over="leaks", under="units", unit="share", bounds=(0, 1)),
        *(Ratio(f"{name}_per_unit", over=name, under="units", scale=1000) for name in (*shares, "length")),
        *(WorstPerPrompt(f"worst_{name}", of=name, k=k) for k in (None, 3) for name in shares[:3]),
        *(AnyPerPrompt(f"any_{name}", of=name, at_least=0.6) for name in shares[:3]),
        AnyPerPrompt("any_of_3", k=3, at_least=0.6),
    ]


def two_sums(metric: Metric, rows: pd.DataFrame) -> tuple[Floats, Floats]:
    """The metric's numerator and denominator by prompt: their sums' ratio is the metric."""
    rows = metric.present(rows[rows["status"] == "scored"])
    by = rows.groupby("prompt", sort=False)
    if isinstance(metric, WorstPerPrompt | AnyPerPrompt):
        values = metric.per_prompt(rows)
        return values, np.ones(len(values))
    if isinstance(metric, Ratio):
        return metric.scale * by[metric.over].sum().to_numpy(), by[metric.under].sum().to_numpy()
    if isinstance(metric, Rate):
        rows = rows.assign(**{metric.of: (rows[metric.of] >= metric.at_least).astype(float)})
        by = rows.groupby("prompt", sort=False)
    assert isinstance(metric, Mean | Rate)
    return by[metric.of].sum().to_numpy(), by[metric.of].count().to_numpy().astype(float)


def ratio(over: Floats, under: Floats, axis: int = -1) -> Floats:
    """The statistic that is bootstrapped."""
    return np.asarray(over.sum(axis=axis) / under.sum(axis=axis))


def against_scipy(rows: pd.DataFrame, chosen: Sequence[Metric], slices: Sequence[Mapping[str, str]]) -> None:
    """The same intervals both ways: seconds of each, and how far their ends are apart."""
    start = time.perf_counter()
    ours = [e for e in estimate(rows, "made", chosen, slices) if e.candidate == "model 0"]
    us = time.perf_counter() - start
    one = rows[rows["candidate"] == "model 0"]
    seen = view(one, "made")
    parts = [(metric, where(seen, tags)) for metric in chosen for tags in slices]
    scipy, apart = 0.0, []
    for estimated, (metric, part) in zip(ours, parts, strict=True):
        sums = two_sums(metric, part)
        start = time.perf_counter()
        found = bootstrap(
            sums, ratio, n_resamples=RESAMPLES, batch=BATCH, paired=True, vectorized=True, method="percentile", rng=SEED
        ).confidence_interval
        scipy += time.perf_counter() - start
        assert estimated.value is not None and abs(estimated.value - ratio(*sums)) < 1e-9  # noqa: PT018
        assert estimated.low is not None and estimated.high is not None  # noqa: PT018
        width = found.high - found.low
        apart.append(max(abs(estimated.low - found.low), abs(estimated.high - found.high)) / width)
    print(f"{len(parts)} intervals: ours {us:.2f} s, scipy {scipy:.1f} s, ratio {scipy / us:.0f}")
    print(f"ends apart, in widths of the interval: median {np.median(apart):.3f}, most {max(apart):.3f}")


def main() -> None:
    """Print the seconds of all estimates, then the comparison."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    candidates = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    rows, every = frame(size, candidates), metrics()
    slices = slices_of(rows, list(TAGS), [])
    estimate(frame(200, 1), "made", every, slices)  # imports
    start = time.perf_counter()
    found = estimate(rows, "made", every, slices)
    seconds = time.perf_counter() - start
    shape = f"{len(rows):,} rows x {len(every)} metrics x {len(slices)} slices"
    print(f"{shape}: {len(found):,} estimates in {seconds:.2f} s")
    kinds = {type(metric): metric for metric in reversed(every)}
    against_scipy(rows, list(kinds.values()), [{}, {"lang": "en"}, {"topic": "topic 0"}])


if __name__ == "__main__":
    main()
