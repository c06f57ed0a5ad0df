"""The metrics of refusal: XSTest's published counts, slices, unscored rows, intervals, all by hand or by simulation."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from aigc_eval.estimates import estimate
from aigc_eval.frames import build
from aigc_eval.intervals import blocks_of, wilson
from aigc_eval.metrics import clusters
from aigc_eval.records import Estimate, Generation, Prompt, Request, Score
from aigc_eval.refusal_metrics import COMPLIANCE, FULL, PARTIAL, BalancedError, expected, refusal_metrics, refusal_score

Row = tuple[str, float | None]
"""What the prompt expects ("" for nothing), and the severity (None: should have been scored, was not)."""


def estimates(rows: Sequence[Row], where: dict[str, str] | None = None) -> dict[str, Estimate]:
    prompts = [Prompt(f"p{i}", "?", tags={"expected": wanted} if wanted else {}) for i, (wanted, _) in enumerate(rows)]
    answers: list[Generation] = [Request(prompt).answer("x") for prompt in prompts]
    scores = [
        Score(error="not scored") if severity is None else refusal_score(severity, prompt)
        for prompt, (_, severity) in zip(prompts, rows, strict=True)
    ]
    found = estimate(build({"c": answers}, {"refusal": scores}), "refusal", refusal_metrics(), [where or {}])
    return {e.metric: e for e in found}


def repeat(wanted: str, compliances: int, partials: int, fulls: int) -> list[Row]:
    return (
        [(wanted, COMPLIANCE)] * compliances + [(wanted, PARTIAL)] * partials + [(wanted, FULL)] * fulls
    )  # fmt: skip


# XSTest v2, GPT-4: people's final labels of 250 safe prompts (229 / 5 / 16) and 200 unsafe ones (1 / 4 / 195).
GPT4 = repeat("comply", 229, 5, 16) + repeat("refuse", 1, 4, 195)


def test_xstest_gpt4() -> None:
    found = estimates(GPT4)
    value = {name: e.value for name, e in found.items()}
    assert value == pytest.approx(
        {
            "refusal_rate": 220 / 450,
            "partial_refusal_rate": 9 / 450,
            "missed_refusal_rate": 1 / 200,
            "over_refusal_rate": 21 / 250,
            "full_over_refusal_rate": 16 / 250,
            "balanced_error": (1 / 200 + 21 / 250) / 2,
        }
    )
    assert found["missed_refusal_rate"].prompts == 200
    assert found["over_refusal_rate"].prompts == 250
    assert found["balanced_error"].prompts == 450


def test_prompts_without_an_expectation_count_for_the_refusal_rate_only() -> None:
    found = estimates(repeat("", 6, 1, 5))
    assert found["refusal_rate"].value == 0.5
    for name in ("missed_refusal_rate", "over_refusal_rate", "full_over_refusal_rate", "balanced_error"):
        assert found[name].value is None
        assert found[name].adverse is None


def test_balanced_error_needs_both_kinds() -> None:
    found = estimates(repeat("refuse", 3, 0, 17))
    assert found["missed_refusal_rate"].value == pytest.approx(3 / 20)
    assert found["over_refusal_rate"].value is None
    assert found["balanced_error"].value is None
    assert found["balanced_error"].low is None


def test_a_slice_is_the_same_metric_over_its_rows() -> None:
    found = estimates(GPT4, {"expected": "refuse"})
    assert found["refusal_rate"].value == pytest.approx(199 / 200)
    assert found["partial_refusal_rate"].value == pytest.approx(4 / 200)


def test_unscored_rows_count_against_the_rate_that_they_could_have_worsened() -> None:
    found = estimates([*repeat("refuse", 0, 0, 19), ("refuse", None), *repeat("comply", 20, 0, 0)])
    assert found["missed_refusal_rate"].value == 0.0
    assert found["missed_refusal_rate"].adverse == pytest.approx(1 / 20)
    assert found["over_refusal_rate"].adverse == 0.0
    assert found["balanced_error"].adverse == pytest.approx((1 / 20 + 0) / 2)


def test_unscored_rows_of_unknown_kind_count_against_both() -> None:
    rows = pd.DataFrame(
        {"prompt": list("abc"), "status": ["scored", "scored", "failed"], "missed": [0.0, math.nan, math.nan],
         "over": [math.nan, 0.0, math.nan]}
    )  # fmt: skip
    filled = BalancedError("balanced_error").filled(rows)
    assert filled is not None
    assert BalancedError("balanced_error")(filled) == pytest.approx((1 / 2 + 1 / 2) / 2)


def test_the_interval_of_the_balanced_error_follows_from_those_of_both_rates() -> None:
    """MOVER, Zou & Donner 2008, equation for a sum of two independent parameters, halved."""
    found = estimates(GPT4)["balanced_error"]
    missed, over = wilson(1, 200), wilson(21, 250)
    middle = (1 / 200 + 21 / 250) / 2
    assert found.low == pytest.approx(middle - math.hypot(1 / 200 - missed.low, 21 / 250 - over.low) / 2)
    assert found.high == pytest.approx(middle + math.hypot(missed.high - 1 / 200, over.high - 21 / 250) / 2)
    none = estimates(repeat("comply", 100, 0, 0) + repeat("refuse", 0, 0, 100))["balanced_error"]
    assert none.value == none.low == 0.0
    assert none.high is not None
    assert 0.01 < none.high < 0.05


def test_the_interval_covers_the_truth() -> None:
    rng, metric, hits = np.random.default_rng(7), BalancedError("balanced_error"), 0
    for _ in range(300):
        missed, over = rng.random(80) < 0.04, rng.random(120) < 0.12
        rows = pd.DataFrame(
            {
                "prompt": [f"p{i}" for i in range(200)],
                "missed": [*missed.astype(float), *[math.nan] * 120],
                "over": [*[math.nan] * 80, *over.astype(float)],
            }
        )
        interval = metric.interval(rows)
        assert interval is not None
        hits += interval.low <= 0.08 <= interval.high
    assert 0.92 <= hits / 300 <= 0.99


def test_leaving_blocks_out_by_sums_is_leaving_them_out() -> None:
    rng = np.random.default_rng(3)
    kind = rng.random(60) < 0.5
    draw = (rng.random(60) < 0.3).astype(float)
    rows = pd.DataFrame(
        {"prompt": [f"p{i % 20}" for i in range(60)], "missed": np.where(kind, draw, np.nan),
         "over": np.where(kind, np.nan, draw)}
    )  # fmt: skip
    metric, blocks = BalancedError("balanced_error"), blocks_of(clusters(rows))
    slow = [metric(rows[blocks != j]) for j in range(int(blocks.max()) + 1)]
    np.testing.assert_allclose(metric.without(rows, blocks), np.array(slow, dtype=float), rtol=1e-12)


def test_words_for_what_is_expected() -> None:
    for word, meaning in {"refuse": "refuse", " Comply ": "comply", "应拒答": "refuse", "不应拒答": "comply"}.items():
        assert expected(Prompt("p", "?", tags={"expected": word})) == meaning
    assert expected(Prompt("p", "?")) is None
    with pytest.raises(ValueError, match="safe"):
        expected(Prompt("p", "?", tags={"expected": "safe"}))
