"""All estimates at once equal each of them by itself, from plain frames."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from aigc_eval.estimates import LEVEL, estimate, slices_of, view, where
from aigc_eval.intervals import Floats
from aigc_eval.metrics import AnyPerPrompt, Mean, Metric, Rate, Ratio, WorstPerPrompt, clusters, numbers_of
from aigc_eval.records import Estimate

SLICES = [{}, {"lang": "en"}, {"lang": "zh", "topic": "a"}, {"topic": "b"}, {"topic": "nowhere"}, {"unknown": "x"}]


def frame(seed: int, prompts: int, samples: int, lost: float) -> pd.DataFrame:
    """Rows of three candidates in any order: failed and not applicable ones, missing parts, prompts of any size."""
    draw = np.random.default_rng(seed)
    rows = pd.DataFrame(
        [(f"model {c}", f"p{p}", s) for c in range(3) for p in range(prompts) for s in range(samples)],
        columns=["candidate", "prompt", "sample"],
    )
    rows = rows[draw.random(len(rows)) < 0.9].sample(frac=1.0, random_state=seed).reset_index(drop=True)
    number = rows["prompt"].str[1:].astype(int).to_numpy()
    rows["text"] = pd.Series([f"text {i % 7}" for i in range(len(rows))], dtype=object)
    rows["lang"] = pd.Series(np.array(["en", "zh"], dtype=object)[draw.integers(2, size=prompts)[number]])
    rows["tag.topic"] = pd.Series(np.array(["a", "b", ""], dtype=object)[draw.integers(3, size=prompts)[number]])
    chance = [1 - lost, lost / 2, lost / 2]
    status = draw.choice(np.array(["scored", "failed", "na"], dtype=object), len(rows), p=chance)
    rows["s:status"] = pd.Series(status, dtype=object)
    level = draw.random(prompts)[number]
    for name in ("s", "s.part", "s.units", "s.hits"):
        rows[name] = np.where(status == "scored", np.clip(level + draw.normal(0, 0.2, len(rows)), 0, 1), np.nan)
    rows.loc[draw.random(len(rows)) < 0.1, "s.part"] = np.nan
    rows["s.units"] = np.round(10 * rows["s.units"])
    rows["s.hits"] = np.round(rows["s.hits"] * rows["s.units"])
    return rows


@dataclass(frozen=True)
class Longest(WorstPerPrompt):
    """A metric of somebody else's, which reads texts as well."""

    def column(self, rows: pd.DataFrame) -> Floats:
        return np.minimum(super().column(rows) + rows["text"].str.len().to_numpy(), self.bounds[1])


METRICS: list[Metric] = [
    Mean("mean"),
    Mean("part", of="part", better="higher"),
    Mean("none", of="nothing"),
    Rate("rate"),
    Rate("exact", of="part", exact=True, better=None),
    Ratio("share", over="hits", under="units", unit="share", bounds=(0, 1)),
    Ratio("exp", over="value", under="units", exp=True),
    Ratio("nothing", over="nothing", under="units"),
    WorstPerPrompt("worst"),
    WorstPerPrompt("worst2", of="part", k=2),
    AnyPerPrompt("any", at_least=0.7),
    AnyPerPrompt("any2", k=2),
    Longest("longest", bounds=(0, 99)),
]


def one_by_one(
    rows: pd.DataFrame, metrics: Sequence[Metric], slices: Sequence[Mapping[str, str]]
) -> list[dict[str, object]]:
    """Every metric over the whole frame of every slice of every candidate."""
    found = []
    for metric in metrics:
        for tags in slices:
            for name, group in view(rows, "s").groupby("candidate", sort=False):
                part = where(group, tags)
                scored = metric.present(part[part["status"] == "scored"])
                failed = int((part["status"] == "failed").sum())
                value, low, high, method = both(metric, scored)
                filled = metric.filled(part) if failed and metric.better else None
                adverse = (value, low, high) if not failed else (None,) * 3
                if filled is not None and len(filled):
                    adverse = both(metric, filled)[:3]
                numbers = (*(value, low, high), *adverse)
                counts = len(part), len(scored), failed, len(part) - len(scored) - failed, scored["prompt"].nunique()
                found.append({"of": (str(name), metric.name, method), "numbers": numbers, "counts": counts})
    return found


def both(metric: Metric, rows: pd.DataFrame) -> tuple[float | None, float | None, float | None, str]:
    value = metric(rows) if len(rows) else None
    interval = metric.interval(rows, LEVEL) if value is not None else None
    return (value, *interval) if interval else (value, None, None, "")


def as_dict(e: Estimate) -> dict[str, object]:
    numbers = (e.value, e.low, e.high, e.adverse, e.adverse_low, e.adverse_high)
    counts = e.planned, e.scored, e.failed, e.not_applicable, e.prompts
    return {"of": (e.candidate, e.metric, e.method), "numbers": numbers, "counts": counts}


@pytest.mark.parametrize(
    ("seed", "prompts", "samples", "lost"),
    [(1, 60, 3, 0.1), (2, 60, 1, 0.0), (3, 25, 6, 0.3), (4, 8, 2, 0.1), (6, 12, 4, 0.9)],
)
def test_all_at_once_are_those_one_by_one(seed: int, prompts: int, samples: int, lost: float) -> None:
    rows = frame(seed, prompts, samples, lost)
    found, expected = estimate(rows, "s", METRICS, SLICES), one_by_one(rows, METRICS, SLICES)
    assert len(found) == len(METRICS) * len(SLICES) * 3
    for mine, other in zip(map(as_dict, found), expected, strict=True):
        assert (mine["of"], mine["counts"]) == (other["of"], other["counts"])
        assert mine["numbers"] == pytest.approx(other["numbers"], abs=1e-12), mine["of"]


@pytest.mark.parametrize(
    "metric", [WorstPerPrompt("w"), WorstPerPrompt("w", k=2), AnyPerPrompt("a"), AnyPerPrompt("a", k=3)]
)
def test_prompts_of_any_size_have_the_numbers_of_each_by_itself(metric: WorstPerPrompt | AnyPerPrompt) -> None:
    rows = view(frame(7, 40, 5, 0.0), "s")
    values = [np.sort(own["value"]) for _, own in rows.groupby("prompt", sort=False)]
    k = metric.k or min(map(len, values))
    expected = [by_hand(metric, own, k) if len(own) >= k else math.nan for own in values]
    np.testing.assert_allclose(metric.per_prompt(rows), expected, atol=1e-12)


def by_hand(metric: WorstPerPrompt | AnyPerPrompt, ordered: Floats, k: int) -> float:
    n = len(ordered)
    if isinstance(metric, WorstPerPrompt):
        return float(sum(math.comb(i, k - 1) * ordered[i] for i in range(k - 1, n)) / math.comb(n, k))
    return 1 - math.comb(int((ordered < metric.at_least).sum()), k) / math.comb(n, k)


def test_a_metric_of_somebody_elses_sees_whole_rows() -> None:
    seen: list[pd.DataFrame] = []

    @dataclass(frozen=True)
    class Nosy(Mean):
        def __call__(self, rows: pd.DataFrame) -> float | None:
            seen.append(rows)
            return super().__call__(rows)

    estimate(frame(8, 30, 2, 0.0), "s", [Mean("mean"), Nosy("nosy")], [{}, {"lang": "en"}])
    assert {"prompt", "sample", "text", "value", "part", "status", "candidate", "lang", "tag.topic"} <= set(seen[0])
    assert set(map(type, seen[-1]["prompt"])) == {str}


def test_only_the_very_classes_read_numbers_alone() -> None:
    assert numbers_of(Rate("rate", of="part")) == ("part",)
    assert numbers_of(Longest("longest")) is None


def test_rows_are_aligned_once_a_slice() -> None:
    calls: list[int] = []

    @dataclass(frozen=True)
    class Aligned(Mean):
        def align(self, groups: Sequence[pd.DataFrame]) -> Sequence[pd.DataFrame]:
            calls.append(len(groups))
            return [group.assign(value=1.0) for group in groups]

    found = estimate(frame(9, 30, 2, 0.0), "s", [Aligned("a"), Aligned("b"), Mean("mean")], [{}, {"lang": "en"}])
    assert calls == [3, 3]
    assert {e.value for e in found if e.metric != "mean"} == {1.0}
    assert all(e.value != 1.0 for e in found if e.metric == "mean")


def test_the_order_is_metric_slice_candidate() -> None:
    rows = frame(10, 30, 2, 0.0)
    found = estimate(rows, "s", [Mean("b"), Longest("c"), Rate("a")], slices_of(rows, ["lang"], []))
    names = list(dict.fromkeys(rows["candidate"]))
    expected = [(m, s, c) for m in "bca" for s in ("", "lang=en", "lang=zh") for c in names]
    assert [(e.metric, e.slice, e.candidate) for e in found] == expected


def test_no_rows_give_no_values() -> None:
    rows = frame(11, 10, 1, 0.0).iloc[:0]
    assert estimate(rows, "s", METRICS, [{}]) == []
    one = frame(11, 10, 1, 0.0).iloc[:1]
    (found,) = estimate(one, "s", [Rate("rate")], [{"lang": "nowhere"}])
    assert dataclasses.replace(found, candidate="") == Estimate("", "s", "rate", "lang=nowhere", level=LEVEL)


def test_prompts_are_numbered_by_first_appearance() -> None:
    assert clusters(pd.DataFrame({"prompt": ["b", "a", "b", "c"]})).tolist() == [0, 1, 0, 2]
