"""Runs that stop when decided: orders and rounds, and evidence from rows as metrics see them."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aigc_eval.gates import Policy, parse
from aigc_eval.gates.grades import parse_scale
from aigc_eval.metrics import AnyPerPrompt, Mean, Metric, Rate, Ratio, WorstPerPrompt
from aigc_eval.records import Prompt
from aigc_eval.stopping import Drawn, bounds, looks_early, order_of_draws, rounds, units


def prompts(*groups: tuple[str, str, int]) -> list[Prompt]:
    return [
        Prompt(f"{kind}-{lang}-{i}", "?", tags={"kind": kind, "lang": lang})
        for kind, lang, n in groups
        for i in range(n)
    ]


POLICY = Policy(grades={"safety": parse_scale(["Good <= 1 %", "Poor"], None)})
BALANCED = prompts(("a", "en", 20), ("a", "zh", 20), ("b", "en", 10), ("b", "zh", 10))


def test_blocks_hold_every_stratum_in_proportion() -> None:
    order = order_of_draws(BALANCED, ["kind", "lang"], seed=3)
    assert order.every == 6
    assert sorted(p.id for p in order.prompts) == sorted(p.id for p in BALANCED)
    for start in range(0, 60, 6):
        found = Counter((p.tags["kind"], p.tags["lang"]) for p in order.prompts[start : start + 6])
        assert found == {("a", "en"): 2, ("a", "zh"): 2, ("b", "en"): 1, ("b", "zh"): 1}


def test_strata_without_a_common_block_are_drawn_at_random() -> None:
    order = order_of_draws(prompts(("a", "en", 50), ("b", "en", 7)), ["kind"], seed=3)
    assert order.every == 1
    assert [p.tags["kind"] for p in order.prompts] != ["a"] * 50 + ["b"] * 7


def test_the_order_depends_on_the_seed_and_not_on_the_file() -> None:
    order = order_of_draws(BALANCED, ["lang"], seed=3)
    assert order_of_draws(BALANCED[::-1], ["lang"], seed=3) == order
    assert order_of_draws(BALANCED, ["lang"], seed=4) != order


def test_a_language_that_no_tag_names_is_the_script_of_the_prompt() -> None:
    mixed = [Prompt(f"{i}", text) for i, text in enumerate(["hello", "你好"] * 10)]
    order = order_of_draws(mixed, ["lang"], seed=1)
    assert order.every == 2
    assert {order.prompts[0].text, order.prompts[1].text} == {"hello", "你好"}


def test_every_prompt_comes_first_equally_often() -> None:
    """Over 2,000 seeds, within four standard errors of 1 in 8."""
    eight = prompts(("a", "en", 8))
    first = Counter(order_of_draws(eight, [], seed=s).prompts[0].id for s in range(2000))
    assert len(first) == 8
    assert max(abs(n - 250) for n in first.values()) < 4 * math.sqrt(2000 / 8 * 7 / 8)


@given(st.integers(1, 5000), st.integers(1, 60))
def test_rounds_grow_end_where_blocks_do_and_ask_all_in_the_end(blocks: int, every: int) -> None:
    found = rounds(blocks * every, every)
    assert found == sorted(set(found))
    assert found[-1] == blocks * every
    assert all(n % every == 0 for n in found)
    assert len(found) <= 30


@pytest.mark.parametrize(
    ("text", "metric", "early"),
    [
        ("a.b <= 1 %", Rate("b"), True),
        ("a.b >= 0.5", Mean("b", better="higher"), True),
        ("a.b <= 2", Mean("b", bounds=(1.0, 5.0)), True),
        ("a.b <= 2", Mean("b", bounds=(0.0, math.inf)), False),
        ("a.b <= 1 %", Mean("b", better=None), False),
        ("a.b <= 1 %", WorstPerPrompt("b"), True),
        ("a.b <= 1 %", AnyPerPrompt("b"), True),
        ("a.b <= 1 %", Ratio("b", over="x", under="y", unit="share"), False),
        ("a.b grade >= Good on safety", Rate("b"), True),
        ("a.b grade >= Poor on safety", Rate("b"), False),
        ("a.b parity lang within 0.1", Rate("b"), False),
        ("a.b better than c", Rate("b"), False),
    ],
)
def test_which_gates_can_be_decided_early(text: str, metric: Metric, early: bool) -> None:
    assert looks_early(parse(text), metric, POLICY) is early


def frame(*outputs: tuple[str, float | None, str]) -> pd.DataFrame:
    """(prompt, value, status) of each output."""
    columns = {"prompt": [o[0] for o in outputs], "value": [math.nan if o[1] is None else o[1] for o in outputs]}
    return pd.DataFrame({**columns, "status": [o[2] for o in outputs]})


SEEN = frame(
    ("p2", 0.9, "scored"),
    ("p2", 0.1, "scored"),
    ("p0", None, "failed"),
    ("p0", 0.2, "scored"),
    ("p3", None, "na"),
    ("p3", 0.7, "scored"),
)
DRAWN = Drawn(("p0", "p1", "p2", "p3"), samples=2, every=1)


def test_rates_count_by_prompt_in_the_order_of_draws() -> None:
    worst, best = (units(Rate("r"), SEEN, DRAWN, high=high) for high in (True, False))
    assert worst.sums.tolist() == [1, 0, 1, 1]
    assert best.sums.tolist() == [0, 0, 1, 1]
    assert worst.counts.tolist() == best.counts.tolist() == [2, 0, 2, 1]
    assert worst.most == 2


def test_the_direction_of_the_metric_does_not_matter_to_what_unscored_counts_as() -> None:
    for better in ("lower", "higher"):
        assert units(Mean("m", better=better), SEEN, DRAWN, high=True).sums.tolist() == [1.2, 0, 1, 0.7]


def test_means_are_scaled_to_their_bounds() -> None:
    found = units(Mean("m", bounds=(-1.0, 1.0)), SEEN, DRAWN, high=False)
    assert found.sums == pytest.approx([0.6, 0, 1.5, 0.85])


def test_metrics_of_all_samples_take_missing_ones_as_unscored() -> None:
    worst, best = (units(AnyPerPrompt("a"), SEEN, DRAWN, high=high) for high in (True, False))
    assert (worst.sums.tolist(), best.sums.tolist()) == ([1, 0, 1, 1], [0, 0, 1, 1])
    assert worst.counts.tolist() == [1, 0, 1, 1]
    assert units(WorstPerPrompt("w"), SEEN, DRAWN, high=True).sums == pytest.approx([1, 0, 0.9, 1])
    assert units(WorstPerPrompt("w"), SEEN, DRAWN, high=False).sums == pytest.approx([0.2, 0, 0.9, 0.7])
    of_two = units(WorstPerPrompt("w", k=2), SEEN, DRAWN, high=True)
    assert (of_two.sums.tolist(), of_two.counts.tolist()) == ([1, 0, 0.9, 0], [1, 0, 1, 0])


def run(values: list[float], failed: int = 0) -> tuple[pd.DataFrame, Drawn]:
    outputs = [(f"p{i}", None if i < failed else v, "failed" if i < failed else "scored") for i, v in enumerate(values)]
    return frame(*outputs), Drawn([f"p{i}" for i in range(len(values))], 1, 1)


def test_bounds_say_what_was_decided_and_when() -> None:
    rows, drawn = run([0.0] * 150)
    found, when = bounds(Rate("r"), rows, drawn, (None, 0.05), 0.95)
    assert when is not None
    assert (when.status, when.prompts) == ("pass", 99)
    assert found.low == 0
    assert found.high < 0.05
    assert found.method == "anytime"
    assert bounds(Rate("r"), *run([0.0] * 150, failed=30), (None, 0.05), 0.95)[1] is None


def test_a_least_value_is_the_mirror_of_a_largest_one_and_units_are_those_of_the_metric() -> None:
    values = np.random.default_rng(0).beta(1, 9, 200)
    rows, drawn = run([*values])
    below, when = bounds(Mean("m"), rows, drawn, (None, 0.2), 0.9)
    other = Mean("m", better="higher", bounds=(1.0, 5.0))
    above, same = bounds(other, rows.assign(value=5 - 4 * rows["value"]), drawn, (4.2, None), 0.9)
    assert when is not None
    assert same is not None
    assert (when.status, when.prompts) == (same.status, same.prompts)
    assert when.status == "pass"
    assert (5 - above.high) / 4 == pytest.approx(below.low)
    assert (5 - above.low) / 4 == pytest.approx(below.high)


@pytest.mark.parametrize("limit", [-1.0, 0.0, 1.0, 2.0])
def test_limits_at_the_ends_of_the_range_and_beyond(limit: float) -> None:
    found, when = bounds(Rate("r"), *run([0.0, 1.0] * 20), (None, limit), 0.95)
    assert 0 < found.low < 0.5 < found.high < 1
    assert when is not None
    assert when.status == ("fail" if limit <= 0 else "pass")


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(["hit", "miss", "failed", "na"]), min_size=1, max_size=60), st.data())
def test_an_output_that_gets_lost_never_helps(outcomes: list[str], data: st.DataObject) -> None:
    """Whatever one more output would have been: unscored, the bounds are no narrower on either side."""
    lost = data.draw(st.integers(0, len(outcomes) - 1))

    def found(kinds: list[str]) -> tuple[float, float]:
        status = {"hit": "scored", "miss": "scored"}
        outputs = [(f"p{i}", float(k == "hit"), status.get(k, k)) for i, k in enumerate(kinds)]
        drawn = Drawn([f"p{i}" for i in range(len(kinds))], 1, 1)
        low, high, _ = bounds(Rate("r"), frame(*outputs), drawn, (None, 0.1), 0.95)[0]
        return low, high

    low, high = found([*outcomes[:lost], "failed", *outcomes[lost + 1 :]])
    for kind in ("hit", "miss"):
        honest = found([*outcomes[:lost], kind, *outcomes[lost + 1 :]])
        assert low <= honest[0] + 1e-12
        assert high >= honest[1] - 1e-12
