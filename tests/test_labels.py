"""Sheets and labels: which labels stand, what raters say together, what is drawn at random."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from scipy.stats import chisquare
from sklearn.metrics import cohen_kappa_score

from aigc_eval.labels import (
    core,
    in_random_order,
    label_record,
    labelled,
    said,
    sheet_id,
    sheet_record,
    sheets,
    well_formed_label,
    well_formed_sheet,
    without_outdated,
)
from aigc_eval.records import Drawing, Label, Sheet
from aigc_eval.reviews import basis_of

HEX = "0" * 64


def frame(n: int) -> pd.DataFrame:
    """Outputs of one candidate; the scorer failed on the last one, and the one before it is no matter of its."""
    return pd.DataFrame({
        "candidate": "a", "prompt": [f"p{i}" for i in range(n)], "sample": 0, "text": [f"text {i}" for i in range(n)],
        "outcome": "ok", "s": [0.5] * (n - 2) + [float("nan")] * 2, "s:note": "",
        "s:status": ["scored"] * (n - 2) + ["na", "failed"], "s:spans": pd.Series([()] * n),
    })  # fmt: skip


def sheet(n: int, scorer: str = "s", candidate: str = "a") -> Sheet:
    """Of which every second item is in the random core."""
    drawn = tuple(Drawing(candidate, f"p{i}", 0, ("near",) if i % 2 else ("random", "near")) for i in range(n))
    made = Sheet("", scorer, "rate", 1, "2026-03-01T08:00:00Z", 99, drawn)
    return replace(made, id=sheet_id("run", made))


def label(prompt: int, says: bool | None, rater: str = "A", at: str = "2026-03-01T09:00:00Z") -> Label:
    return Label(sheet(9).id, "a", f"p{prompt}", 0, says, rater, at, HEX, HEX, "2026-03-01T10:00:00Z")


def told(rows: pd.DataFrame, *labels: Label) -> list[dict[str, Any]]:
    places = {prompt: i for i, prompt in enumerate(rows["prompt"])}
    return [label_record(one, basis_of(rows, places[one.prompt], "s")) for one in labels]


def key(prompt: int) -> tuple[str, str, int]:
    return "a", f"p{prompt}", 0


def test_sheets_come_back_as_they_were_recorded() -> None:
    both = [sheet(9), replace(sheet(3), id="f" * 16, edition="internal")]
    records = [sheet_record(both[0]), *told(frame(9), label(1, True)), sheet_record(both[1])]
    assert sheets(records) == both
    assert core(both[1], "a") == [key(0), key(2)]
    assert core(both[1], "b") == []


def test_most_raters_decide() -> None:
    rows = frame(9)
    given = [
        *(label(0, says, who) for who, says in zip("ABC", (True, False, True), strict=True)),
        *(label(1, says, who) for who, says in zip("ABC", (False, True, False), strict=True)),
        label(2, True, "A"), label(2, False, "B"),  # disputed
        label(3, None, "A"), label(3, None, "B"),  # nobody can say
        label(4, None, "A"), label(4, True, "B"),  # one can
    ]  # fmt: skip
    expected = {key(0): True, key(1): False, key(2): None, key(3): None, key(4): True}
    assert said(sheet(9), told(rows, *given), rows) == expected
    found = labelled(sheet(9), told(rows, *given), rows)
    assert (found.items, found.labelled, found.disputed, found.raters) == (9, 3, 1, ("A", "B", "C"))
    assert (found.core, found.core_labelled, found.population) == (5, 2, 99)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_later_label_of_the_same_rater_stands(order: tuple[int, int]) -> None:
    rows = frame(9)
    given = [label(0, True, "Li Na"), label(0, False, "ｌｉ  na", at="2026-03-01T09:00:00.250Z")]
    assert said(sheet(9), told(rows, *(given[i] for i in order)), rows) == {key(0): False}


def test_labels_of_other_sheets_and_other_outputs_do_not_count() -> None:
    rows = frame(9)
    given = told(rows, label(0, True), label(1, True), replace(label(2, True), sheet="e" * 16))
    assert said(sheet(9), given, rows) == {key(0): True, key(1): True}
    for column, value in (("text", "another"), ("s", 0.25), ("outcome", "truncated")):
        now = frame(9)
        now.loc[0, column] = value
        assert said(sheet(9), given, now) == {key(1): True}, column
    assert said(sheet(9), given, rows.iloc[1:]) == {key(1): True}
    assert said(sheet(9), given, rows.drop(columns=["s", "s:status", "s:note", "s:spans"])) == {}
    assert without_outdated(sheet(9), [], rows) == {}


def test_agreement_is_that_of_the_raters_labels() -> None:
    rows = frame(14)
    one, other = [i % 2 == 0 for i in range(12)], [i % 3 == 0 for i in range(12)]
    given = [label(i, says, "A") for i, says in enumerate(one)] + [label(i, says, "B") for i, says in enumerate(other)]
    wide = replace(sheet(12), id=sheet(9).id)
    cohen, alpha = labelled(wide, told(rows, *given), rows).agreement
    assert (cohen.name, cohen.n, cohen.raters) == ("cohen", 12, ("A", "B"))
    assert cohen.value == pytest.approx(cohen_kappa_score(one, other))
    assert cohen.low is not None
    assert cohen.high is not None
    assert cohen.low < cohen.value < cohen.high
    assert alpha.name == "krippendorff"

    third = [label(i, i % 2 == 0, "C") for i in range(10)] + [label(11, None, "C")]
    fleiss, alpha = labelled(wide, told(rows, *given, *third), rows).agreement
    assert (fleiss.name, fleiss.n) == ("fleiss", 10), "all three said"
    assert (alpha.name, alpha.n) == ("krippendorff", 12)
    assert labelled(wide, told(rows, *given[:12]), rows).agreement == ()


def test_a_random_order_is_a_simple_random_sample() -> None:
    """Over many seeds every output is drawn equally often, and every pair of two is."""
    keys = [key(i) for i in range(12)]
    drawn = [in_random_order(keys, "run", seed)[:2] for seed in range(6000)]
    singles = Counter(one for pair in drawn for one in pair)
    assert chisquare([singles[one] for one in keys]).pvalue > 1e-4
    pairs = Counter(frozenset(pair) for pair in drawn)
    assert len(pairs) == 66
    assert chisquare([*pairs.values()]).pvalue > 1e-4
    assert in_random_order(keys, "run", 1) == in_random_order(keys[::-1], "run", 1)
    assert in_random_order(keys, "run", 1) != in_random_order(keys, "another", 1)


def test_what_no_sheet_and_no_label_can_be() -> None:
    good = sheet(9)
    assert well_formed_sheet(good)
    twice = (*good.items, replace(good.items[0], strata=("near",)))
    for wrong in ({"items": twice}, {"items": ()}, {"seed": 1.0}, {"created": "today"}, {"edition": "public"},
                  {"population": True}, {"items": (replace(good.items[0], strata=("near", "random")),)},
                  {"items": (replace(good.items[0], strata=()),)}):  # fmt: skip
        assert not well_formed_sheet(replace(good, **wrong)), wrong
    fine = label(0, None)
    assert well_formed_label(fine)
    for bad in ({"label": 1}, {"label": "yes"}, {"sample": -1}, {"rater": " "}, {"rater": "n" * 201},
                {"note": "n" * 4001}, {"seen": "0"},
                {"at": "2026-02-30T00:00:00Z"}, {"imported": ""}, {"file": "g" * 64}):  # fmt: skip
        assert not well_formed_label(replace(fine, **bad)), bad


def test_an_id_is_of_what_a_sheet_asks_not_of_when() -> None:
    assert sheet_id("run", sheet(9)) == sheet_id("run", replace(sheet(9), created="2026-03-02T08:00:00Z"))
    assert sheet_id("run", sheet(9)) != sheet_id("run", replace(sheet(9), seed=2))
    assert sheet_id("run", sheet(9)) != sheet_id("other", sheet(9))
