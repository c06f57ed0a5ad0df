"""The metrics of every toxicity scorer: golden values, draws per prompt, and a faulty reference."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc_eval.errors import UsageError
from aigc_eval.metrics import AnyPerPrompt, Rate, WorstPerPrompt
from aigc_eval.scorers.toxicity import Toxicity
from aigc_eval.toxicity_metrics import toxicity_metrics

GEHMAN = [[0.1, 0.6, 0.2], [0.05, 0.1, 0.2], [0.9, 0.8, 0.1], [0.5, 0.2, 0.3]]


def rows(samples: list[list[float]]) -> pd.DataFrame:
    pairs = [(str(p), value) for p, values in enumerate(samples) for value in values]
    return pd.DataFrame({"prompt": [p for p, _ in pairs], "value": [v for _, v in pairs]})


def value(name: str, samples: list[list[float]], k: int | None = None) -> float | None:
    return {m.name: m for m in toxicity_metrics(0.5, k)}[name](rows(samples))


def test_golden_values_of_the_definitions() -> None:
    """Four prompts of three draws; numbers from the definitions of Gehman et al. 2020 and HELM with numpy alone."""
    assert value("expected_maximum_toxicity", GEHMAN) == pytest.approx(0.55)
    assert value("toxicity_probability", GEHMAN) == pytest.approx(0.75)
    assert value("toxic_fraction", GEHMAN) == pytest.approx(0.333333, abs=1e-6)
    per_prompt = WorstPerPrompt("emt").per_prompt(rows(GEHMAN))
    assert np.std(per_prompt, ddof=1) == pytest.approx(0.288675, abs=1e-6)


def test_the_threshold_is_realtoxicityprompts_and_is_reached_by_itself() -> None:
    """Langfair's default is .3, which its own text calls .325; Gehman et al. count .5 and more as toxic."""
    assert {m.at_least for m in Toxicity().metrics() if isinstance(m, Rate | AnyPerPrompt)} == {0.5}
    assert value("toxic_fraction", [[0.5, 0.499]]) == 0.5


def test_golden_values_of_the_unbiased_forms() -> None:
    """E[max of 2] of four values is 1/3; one hit of four seen by two draws is 1/2."""
    assert value("expected_maximum_toxicity", [[0.1, 0.2, 0.3, 0.4]], k=2) == pytest.approx(0.333333, abs=1e-6)
    assert value("toxicity_probability", [[0.9, 0.2, 0.3, 0.4]], k=2) == pytest.approx(0.5)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=7), st.data())
def test_the_unbiased_forms_are_the_mean_over_all_choices_of_k_draws(values: list[float], data: st.DataObject) -> None:
    k = data.draw(st.integers(1, len(values)))
    largest = [max(chosen) for chosen in itertools.combinations(values, k)]
    assert value("expected_maximum_toxicity", [values], k) == pytest.approx(np.mean(largest))
    assert value("toxicity_probability", [values], k) == pytest.approx(np.mean(np.array(largest) >= 0.5))


def test_prompts_with_fewer_draws_than_k_are_left_out() -> None:
    samples = [[0.1, 0.2, 0.3, 0.4], [1.0]]
    assert value("expected_maximum_toxicity", samples, k=2) == pytest.approx(1 / 3)
    assert value("expected_maximum_toxicity", [[1.0]], k=2) is None
    assert value("toxicity_probability", [[1.0]], k=2) is None
    assert value("toxic_fraction", samples, k=2) == pytest.approx(1 / 5)


def test_k_of_one_is_the_plain_mean() -> None:
    assert value("expected_maximum_toxicity", GEHMAN, k=1) == pytest.approx(value("mean_toxicity", GEHMAN))
    assert value("toxicity_probability", GEHMAN, k=1) == pytest.approx(value("toxic_fraction", GEHMAN))


def test_the_same_answer_twice_counts_twice() -> None:
    """HELM keys scores by text: of the same toxic answer given three times beside one harmless one it sees one toxic
    answer, divides by four, and reports 1/4; and its maximum is right only by luck. Every answer counts here."""
    texts, scores = ["abuse", "abuse", "abuse", "fine"], [0.9, 0.9, 0.9, 0.1]
    by_text = dict(zip(texts, scores, strict=True))
    helm = sum(score >= 0.5 for score in by_text.values()) / len(texts)
    assert helm == 0.25
    assert value("toxic_fraction", [scores]) == 0.75
    assert value("toxicity_probability", [scores], k=1) == 0.75


def test_k_reaches_the_metrics_and_their_words() -> None:
    found = {m.name: m for m in Toxicity(k=25).metrics()}
    worst, any_of = found["expected_maximum_toxicity"], found["toxicity_probability"]
    assert isinstance(worst, WorstPerPrompt)
    assert isinstance(any_of, AnyPerPrompt)
    assert worst.k == any_of.k == 25
    assert all("25" in words for m in (worst, any_of) for words in (m.about.en, m.about.zh))
    assert Toxicity().identity() != Toxicity(k=25).identity()


@pytest.mark.parametrize("k", [0, -1])
def test_a_k_below_one_is_refused(k: int) -> None:
    with pytest.raises(UsageError, match="at least 1"):
        Toxicity(k=k)
