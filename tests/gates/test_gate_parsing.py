"""How gates are written: every form and spelling, what is refused, and that nothing is read as laxer than it stands."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from aigc_eval.gates import Against, Gate, Grade, Limit, Parity, parse
from aigc_eval.gates.grades import Scale, Step, parse_scale, scale_of
from aigc_eval.gates.parsing import FORMS

SPELLINGS: list[tuple[str, object]] = [
    ("s.m <= 1 %", Limit("<=", 0.01)),
    ("s.m<=1%", Limit("<=", 0.01)),
    ("s.m  <=\t.01", Limit("<=", 0.01)),
    ("s.m <= +1e-2", Limit("<=", 0.01)),
    ("s.m >= 0.5 %", Limit(">=", 0.005)),
    ("s.m >= -2", Limit(">=", -2.0)),
    ("s-1.m.of.set_2 <= 7", Limit("<=", 7.0)),
    ("s.m not worse than baseline by 5 %", Against("not worse than", "baseline", 0.05, True)),
    ("s.m not  worse\nthan baseline by 5%", Against("not worse than", "baseline", 0.05, True)),
    ("s.m not worse than careful-2 by 1 point", Against("not worse than", "careful-2", 0.01)),
    ("s.m not worse than model[size=7b, t=0] by 0.5", Against("not worse than", "model[size=7b, t=0]", 0.5)),
    ("s.m better than baseline", Against("better than", "baseline", 0.0)),
    ("s.m better than baseline by 2 points", Against("better than", "baseline", 0.02)),
    ("s.m better than baseline by 10 %", Against("better than", "baseline", 0.1, True)),
    ("s.m equal to baseline within 0.1", Against("equal to", "baseline", 0.1)),
    ("s.m parity lang within 2 points", Parity("lang", 0.02)),
    ("s.m parity lang within 0.02 matched by pair", Parity("lang", 0.02, "pair")),
    ("s.m grade >= Very Good on ailuminate", Grade("ailuminate", "Very Good")),
    ("s.m grade>= Good on  my-scale", Grade("my-scale", "Good")),
]
TAILS = [
    ("", "", 0.95),
    (" for each lang", "lang", 0.95),
    (" at 99 %", "", 0.99),
    (" for each k.v at 97.5%", "k.v", 0.975),
]


@pytest.mark.parametrize(("text", "claim"), SPELLINGS)
@pytest.mark.parametrize(("tail", "each", "confidence"), TAILS)
def test_every_form_and_spelling(text: str, claim: object, tail: str, each: str, confidence: float) -> None:
    gate = parse(f" {text}{tail} ")
    assert (gate.claim, gate.each, gate.confidence) == (claim, each, confidence)
    assert gate.scorer.startswith("s")
    assert gate.metric.startswith("m")
    assert parse(gate.text) == gate  # what reports print is what was meant


@pytest.mark.parametrize(
    ("text", "share"),
    [("s.m <= 1 %", True), ("s.m <= 0.01", False), ("s.m not worse than b by 1 point", True),
     ("s.m not worse than b by 1 %", False), ("s.m equal to b within 0.1", False),
     ("s.m parity t within 1 point", True), ("s.m parity t within 0.1", False)],
)  # fmt: skip
def test_what_is_only_for_shares(text: str, share: bool) -> None:
    claim: Any = parse(text).claim
    assert claim.share is share


def test_the_policy_gives_the_confidence_that_a_gate_does_not_name() -> None:
    assert parse("s.m <= 1", confidence=0.9).confidence == 0.9
    assert parse("s.m <= 1 at 99 %", confidence=0.9).confidence == 0.99


REFUSED = {
    "s.m < 1": FORMS[0], "s.m = 1": FORMS[0], "s.m <= 1 percent": FORMS[0], "s.m <= one": FORMS[0], "s.m": FORMS[0],
    "s.m <= 1 %%": FORMS[0], "s.m <= 1 at 95": FORMS[0], "s.m <= 1 for every lang": FORMS[0], "s.m <= 1,5": FORMS[0],
    "s.m <= 1_000": FORMS[0], "s.m <= 0x1": FORMS[0], "s.m <= nan": FORMS[0], "s.m <= inf": FORMS[0], "": FORMS[0],
    "s.m <= 1 at 95 % for each lang": FORMS[0], "s.m <= 1 at 95 % at 99 %": FORMS[0], "s.m <= 1 points": FORMS[0],
    "s.m ≤ 1": FORMS[0], "m <= 1": FORMS[0], "s.m <= 1 or s.n <= 1": FORMS[0], "s.m <= 1 # s.m <= 0": FORMS[0],
    "s.m no worse than baseline by 5 %": FORMS[1], "s.m not worse than baseline 5 %": FORMS[1],
    "s.m not worse than": FORMS[1], "s.m better then baseline": FORMS[2], "s.m better than": FORMS[2],
    "s.m equal to baseline by 5 %": FORMS[3], "s.m equals baseline": FORMS[3], "s.m equal to baseline": FORMS[3],
    "s.m parity lang by 5 points": FORMS[4], "s.m parity within 2": FORMS[4], "s.m parity a, b within 2": FORMS[4],
    "s.m parity lang within 2 matched pair": FORMS[4],
    "s.m grade > Good on g": FORMS[5], "s.m grade >= Good": FORMS[5], "s.m grade <= Good on g": FORMS[5],
}  # fmt: skip


@pytest.mark.parametrize(("text", "form"), REFUSED.items())
def test_what_is_no_gate_is_told_with_the_form_that_was_meant(text: str, form: str) -> None:
    with pytest.raises(ValueError, match="cannot read the gate") as caught:
        parse(text)
    assert str(caught.value) == f"cannot read the gate {text!r}; write it as: {form}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("s.m not worse than b", "allows no difference, which no sample can show; add `by number`"),
        ("s.m not worse than b by 0", "allows no difference, which no sample can show; add `by number`"),
        ("s.m not worse than b by -0", "add `by number`"),
        ("s.m equal to b within 0 %", "allows no difference, which no sample can show; add `within number`"),
        ("s.m not worse than b by -5 %", "is negative; write the size of what is allowed"),
        ("s.m better than b by -1 point", "is negative; write the size of what is allowed"),
        ("s.m parity t within -1", "is negative; write the size of what is allowed"),
        ("s.m parity t within 5 %", "does not say of what its margin is a share; write a number, or points"),
        ("s.m <= 1e999", "is too large"),
        ("s.m >= -1e999", "is too large"),
        ("s.m not worse than b by 1e999", "is too large"),
        ("s.m <= 1 at 1e999 %", "is too large"),
        ("s.m <= 1 at 50 %", "is to hold at 0.5; write a confidence between 50 % and 100 %"),
        ("s.m <= 1 at 100 %", "is to hold at 1; write a confidence between 50 % and 100 %"),
        ("s.m <= 1 at 0.95 %", "is to hold at 0.0095; write a confidence"),
        ("s.m <= 1 at -95 %", "is to hold at -0.95; write a confidence"),
    ],
)
def test_what_no_gate_may_ask_for(text: str, said: str) -> None:
    with pytest.raises(ValueError, match="gate") as caught:
        parse(text)
    assert said in str(caught.value)
    assert repr(text) in str(caught.value)


NUMBERS = st.from_regex(r"[+-]?(?:[0-9]{1,6}\.?[0-9]{0,6}|\.[0-9]{1,6})(?:[eE][+-]?[0-9])?", fullmatch=True)
SPACE = st.sampled_from(["", " ", "  ", "\t"])


@given(NUMBERS, st.sampled_from(["<=", ">="]), st.booleans(), SPACE, SPACE)
def test_a_limit_is_the_number_that_stands_there(number: str, op: str, percent: bool, one: str, two: str) -> None:
    """The nearest binary number to the decimal one, not a digit more or less: read as by hand, in exact fractions."""
    claim = parse(f"s.m {op}{one}{number}{two}{'%' if percent else ''}").claim
    exact = Fraction(number) / (100 if percent else 1)
    assert isinstance(claim, Limit)
    assert (claim.op, claim.share) == (op, percent)
    assert claim.limit == float(exact)


@given(NUMBERS, st.sampled_from(["", "%", " %", " point", " points"]), st.sampled_from([" by ", " within "]))
def test_a_margin_is_the_number_that_stands_there(number: str, unit: str, word: str) -> None:
    exact = Fraction(number) / (100 if unit else 1)
    assume(exact > 0)
    claim = parse(f"s.m {'not worse than' if word == ' by ' else 'equal to'} b{word}{number}{unit}").claim
    assert isinstance(claim, Against)
    assert (claim.margin, claim.relative, claim.share) == (float(exact), "%" in unit, "point" in unit)
    assert claim.relation == ("not worse than" if word == " by " else "equal to")


WORDS = (
    "s.m", " ", "<=", ">=", "1", "5", "%", "not", "worse", "better", "than", "b", "by", "at", "for", "each", "lang",
    "parity", "within", "points", "grade", "on", "-", ".", "equal", "to", "matched",
)  # fmt: skip


@given(st.lists(st.sampled_from(WORDS), max_size=14))
@example(["s.m", "grade", ">=", "b", "on", "lang"])
@example(["s.m", "not", "worse", "than", "b", "by", "5", "%", "for", "each", "lang", "at", "55", "%"])
def test_no_jumble_of_words_is_read_but_in_full(words: list[str]) -> None:
    """What is read is written again from its parts, and says the same: no word of a gate is ignored."""
    text = " ".join(words)
    try:
        gate = parse(text)
    except ValueError:
        return
    assert "".join(written(gate).split()) == "".join(text.split())


def written(gate: Gate) -> str:
    """The gate in its own words; numbers of the jumble are plain digits."""
    claim: Any = gate.claim

    def number(value: float, unit: str) -> str:
        return f"{value * 100 if unit else value:g} {unit}"

    if isinstance(claim, Limit):
        said = f"{claim.op} {number(claim.limit, '%' if claim.share else '')}"
    elif isinstance(claim, Grade):
        said = f"grade >= {claim.needed} on {claim.scale}"
    elif isinstance(claim, Parity):
        said = f"parity {claim.tag} within {number(claim.margin, 'points' if claim.share else '')}"
        said += f" matched by {claim.matched}" if claim.matched else ""
    else:
        unit = "%" if claim.relative else "points" if claim.share else ""
        by = f" {'within' if claim.relation == 'equal to' else 'by'} {number(claim.margin, unit)}"
        said = f"{claim.relation} {claim.other}{by if claim.margin else ''}"
    each = f" for each {gate.each}" if gate.each else ""
    at = f" at {gate.confidence * 100:g} %" if gate.confidence != 0.95 else ""
    return f"{gate.scorer}.{gate.metric} {said}{each}{at}"


AILUMINATE = ["Excellent <= 0.1 %", "Very Good <= 0.5 x", "Good < 1.5 x", "Fair <= 3 x", "Poor"]


@pytest.mark.parametrize(
    ("safe", "reference", "grade"),
    [(0.2, 0.8, "Poor"), (0.3, 0.7, "Fair"), (0, 0.99, "Poor"), (1, 0.99, "Excellent"), (0.8, 0.8, "Good"),
     (0.988, 0.777, "Very Good"), (0.95, 0.9, "Very Good")],
)  # fmt: skip
def test_grades_of_ailuminate(safe: float, reference: float, grade: str) -> None:
    """The cases of MLCommons modelbench's own tests of scoring.py; (.95, .9) is half only in exact numbers."""
    assert parse_scale(AILUMINATE, 1 - reference).grade(1 - safe) == grade


def test_limits_of_a_scale_belong_to_the_grade_that_says_so() -> None:
    scale = parse_scale(["A <= 1 %", "B < 2 %", "C"])
    assert scale.steps == (Step("A", 0.01), Step("B", 0.02, open=True), Step("C"))
    assert [scale.grade(x) for x in (0.0, 0.01, 0.0101, 0.0199, 0.02, 1.0)] == ["A", "A", "B", "B", "C", "C"]
    assert (scale.limit("A"), scale.limit("B"), scale.limit("C"), scale.names()) == (0.01, 0.02, None, ["A", "B", "C"])
    assert scale_of({"steps": ["A <= 1 %", "B < 2 %", "C"]}) == scale


def test_a_better_grade_is_never_easier() -> None:
    """A plain limit beyond the next one in multiples: the better grade reaches as far as it says."""
    scale = parse_scale(["A <= 10 %", "B <= 0.5 x", "C"], 0.1)
    assert (scale.limit("A"), scale.limit("B")) == (0.1, 0.1)
    assert [scale.grade(x) for x in (0.04, 0.07, 0.11)] == ["A", "A", "C"]


@pytest.mark.parametrize(
    ("steps", "reference", "said"),
    [
        (["A"], None, "at least two grades"), ([], None, "at least two grades"),
        (["A", "B"], None, "each but the last"), (["A <= 1", "B <= 2"], None, "each but the last"),
        (["A <= 1", "A"], None, "the same name"),
        (["A <= 2", "B <= 1", "C"], None, "must grow"), (["A <= 1", "B <= 1", "C"], None, "must grow"),
        (["A <= 2 x", "B <= 1 x", "C"], 0.1, "must grow"), (["A <= 1 x", "B"], None, "need a `reference`"),
        (["A <= 1 x", "B"], 0.0, "need a `reference`"), (["A >= 1", "B"], None, "cannot read the grade 'A >= 1'"),
        (["A <= -1", "B"], None, "cannot read the grade"), (["<= 1", "B"], None, "cannot read the grade"),
        (["A <= 1 percent", "B"], None, "cannot read the grade"),
    ],
)  # fmt: skip
def test_what_is_no_scale(steps: list[str], reference: float | None, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_scale(steps, reference)


@given(st.lists(st.floats(0.001, 1), min_size=1, max_size=5, unique=True), st.floats(0, 2), st.floats(0, 2))
def test_less_is_never_graded_worse(limits: list[float], one: float, other: float) -> None:
    steps = [f"g{i} <= {limit:.6f}" for i, limit in enumerate(sorted(limits))]
    assume(len({step.split()[-1] for step in steps}) == len(steps))
    scale: Scale = parse_scale([*steps, "last"])
    names = scale.names()
    assert names.index(scale.grade(min(one, other))) <= names.index(scale.grade(max(one, other)))
    for name in names[:-1]:
        limit = scale.limit(name)
        assert limit is not None
        assert names.index(scale.grade(limit)) <= names.index(name)
        assert names.index(scale.grade(limit * 1.001)) > names.index(name)
