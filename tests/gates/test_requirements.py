"""What a policy needs beside gates: slices, validated scorers; and leave for a gate not to pass."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest

from aigc_eval.gates import Policy, SliceNeeded, Validation, ValidationNeeded, overall, requirements, waive
from aigc_eval.records import POLICY, Estimate, Status, Verdict, Waiver


def shown(scorer: str = "s", signature: str = "x", lang: str = "zh", **counts: int) -> Validation:
    known = {"positives": 100, "found": 95, "negatives": 100, "false_alarms": 5} | counts
    return Validation(scorer, signature, "d", lang=lang, **known)


NEEDED = ValidationNeeded("s", "zh", 0.8, 0.8, 100)


@pytest.mark.parametrize(
    ("validations", "status", "codes"),
    [
        ([], "undetermined", ["not_validated"]),
        ([shown()], "pass", ["validated"]),
        ([shown(signature="y")], "undetermined", ["validated_other"]),
        ([shown("t")], "undetermined", ["not_validated"]),
        ([shown(lang="en")], "undetermined", ["not_validated"]),
        ([shown(lang="")], "undetermined", ["not_validated"]),
        ([shown(found=80)], "undetermined", ["low_sensitivity"]),
        ([shown(false_alarms=20)], "undetermined", ["low_specificity"]),
        ([shown(found=80, false_alarms=20)], "undetermined", ["low_sensitivity", "low_specificity"]),
        ([shown(positives=49, found=49, negatives=50, false_alarms=0)], "undetermined", ["few_items"]),
        ([shown(positives=50, found=50, negatives=50, false_alarms=0)], "pass", ["validated"]),
        ([shown(positives=0, found=0)], "undetermined", ["low_sensitivity"]),
        ([shown(positives=200, found=200, negatives=0, false_alarms=0)], "undetermined", ["low_specificity"]),
        ([shown(found=80, false_alarms=20), shown(found=80)], "undetermined", ["low_sensitivity"]),
        ([shown(found=80), shown()], "pass", ["validated"]),
    ],
)
def test_needed_validations(validations: list[Validation], status: str, codes: list[str]) -> None:
    policy = Policy(needed=(NEEDED,), validations=tuple(validations))
    (found,) = requirements(policy, lambda _: 0, {"s": "x"})
    assert (found.gate, found.candidate, found.status) == ("validated: s [lang=zh]", POLICY, status)
    assert [r.code for r in found.reasons] == codes


def test_a_validation_that_falls_short_in_less_is_told() -> None:
    few, both = shown(positives=9, found=9, negatives=90, false_alarms=0), shown(found=80, false_alarms=20)
    needed = ValidationNeeded("s", "zh", 0.8, 0.8, 101)
    for order in ([few, both], [both, few]):
        (found,) = requirements(Policy(needed=(needed,), validations=tuple(order)), len, {"s": "x"})
        assert len(found.reasons) == 2
    (found,) = requirements(Policy(needed=(replace(needed, sensitivity=0.5),), validations=(few,)), len, {"s": "x"})
    assert [(r.code, r.figures) for r in found.reasons] == [("few_items", {"n": 99, "needed": 101})]


def test_validations_without_examples_or_limits() -> None:
    """One example shows a little, none shows nothing; a limit is inclusive."""
    one = shown(positives=1, found=1, negatives=1, false_alarms=0)
    for least, status in ((0.0, "pass"), (0.049, "pass"), (0.051, "undetermined")):
        policy = Policy(needed=(ValidationNeeded("s", "zh", least),), validations=(one,))
        assert requirements(policy, len, {"s": "x"})[0].status == status
    nothing = shown(positives=9, found=0, negatives=0, false_alarms=0)
    policy = Policy(needed=(ValidationNeeded("s", "zh"),), validations=(nothing,))
    assert requirements(policy, len, {"s": "x"})[0].status == "pass"


def test_a_validation_is_held_against_its_lower_bound() -> None:
    """95 of 100: one-sided 95 % Clopper-Pearson is .897747 (scipy.stats.binomtest, alternative "greater")."""
    for least, status in ((0.8977, "pass"), (0.8978, "undetermined")):
        policy = Policy(needed=(ValidationNeeded("s", "zh", least),), validations=(shown(),))
        (found,) = requirements(policy, lambda _: 0, {"s": "x"})
        assert found.status == status
    assert [(r.figures["limit"], round(float(r.figures["bound"]), 6)) for r in found.reasons] == [(0.8978, 0.897747)]
    (told,) = requirements(Policy(needed=(ValidationNeeded("s"),), validations=(shown(lang=""),)), len, {"s": "x"})
    assert (told.gate, told.reasons[0].figures) == ("validated: s", {"data": "d", "n": 200})


@pytest.mark.parametrize(("prompts", "status", "code"), [
    (9, "undetermined", "slice_too_small"), (10, "pass", "slice_large_enough"), (11, "pass", "slice_large_enough")
])  # fmt: skip
def test_needed_slices(prompts: int, status: str, code: str) -> None:
    policy = Policy(slices=(SliceNeeded({"lang": "zh"}, 10),))
    (found,) = requirements(policy, lambda where: prompts if where == {"lang": "zh"} else 0, {})
    assert (found.gate, found.candidate, found.status) == ("at least 10 prompts [lang=zh]", POLICY, status)
    assert [(r.code, r.figures) for r in found.reasons] == [(code, {"prompts": prompts, "needed": 10})]
    assert found.zone == (10.0, None)


def verdict(gate: str = "s.m <= 1", candidate: str = "a", status: Status = "fail") -> Verdict:
    return Verdict(gate, candidate, status, (), estimate=Estimate(candidate, "s", "m"))


def waiver(gate: str = "s.m <= 1", candidate: str = "", expires: str = "2027-02-28", **more: Any) -> Waiver:
    return Waiver(gate, "Li Na", "known", expires, candidate, **more)


TODAY = "2027-01-01"


@pytest.mark.parametrize(
    ("given", "on", "covered"),
    [
        (waiver(), verdict(), True),
        (waiver("s.m"), verdict(), True),
        (waiver("s.n"), verdict(), False),
        (waiver("s.m <= 2"), verdict(), False),
        (waiver(candidate="a"), verdict(), True),
        (waiver(candidate="b"), verdict(), False),
        (waiver(), verdict(status="undetermined"), False),
        (waiver(covers=("undetermined",)), verdict(status="undetermined"), True),
        (waiver(covers=("undetermined",)), verdict(), False),
        (waiver(covers=("fail", "undetermined")), verdict(status="undetermined"), True),
        (waiver(), verdict(status="pass"), False),
        (waiver(), verdict("s.m <= 1 [lang=zh]"), False),
        (waiver("s.m <= 1 [lang=zh]"), verdict("s.m <= 1 [lang=zh]"), True),
        (waiver("s.m"), replace(verdict(), estimate=None), False),
        (waiver(expires=TODAY), verdict(), True),
        (waiver(expires="2026-12-31"), verdict(), False),
    ],
)
def test_what_a_waiver_covers(given: Waiver, on: Verdict, covered: bool) -> None:
    """And no more: one that covers nothing, or is out of date, fails the run."""
    first, *others = waive([on], [given], TODAY)
    assert replace(first, waiver=None) == on
    assert (first.waiver is not None) == covered
    assert (first.counts_as == "pass") == (covered or on.status == "pass")
    assert len(others) == (0 if covered else 1)
    assert all(v.status == "fail" and v.candidate == POLICY and v.waiver is None for v in others)
    assert overall([first, *others])[1] == (0 if covered else 3 if on.status == "undetermined" else 1)


def test_waivers_out_of_order_say_whose_they_are() -> None:
    old, idle = waiver(expires="2026-12-31", candidate="a"), waiver("s.n")
    *_, expired, unused = waive([verdict()], [old, idle], TODAY)
    assert (expired.gate, unused.gate) == ("waiver: s.m <= 1 (a)", "waiver: s.n")
    assert [(r.code, r.figures) for v in (expired, unused) for r in v.reasons] == [
        ("waiver_expired", {"owner": "Li Na", "expires": "2026-12-31"}),
        ("waiver_unused", {"owner": "Li Na", "expires": "2027-02-28"}),
    ]


def test_one_waiver_covers_all_its_gates_and_the_first_of_two_does() -> None:
    verdicts = [verdict(candidate=c) for c in "abc"] + [verdict("s.m >= 0", status="pass")]
    marked = waive(verdicts, [waiver("s.m")], TODAY)
    assert [v.waiver is not None for v in marked] == [True, True, True, False]
    wide, narrow = waiver("s.m"), waiver(candidate="b")
    marked = waive(verdicts, [narrow, wide], TODAY)
    assert [v.waiver for v in marked] == [wide, narrow, wide, None]
    *_, unused = waive(verdicts, [wide, replace(narrow, expires=TODAY)], TODAY)
    assert [r.code for r in unused.reasons] == ["waiver_unused"]


def test_the_order_of_verdicts_changes_nothing() -> None:
    verdicts = [verdict(), verdict(candidate="b", status="undetermined"), verdict("s.n >= 1"), verdict(status="pass")]
    waivers = [waiver(candidate="a"), waiver("s.m", covers=("undetermined",))]
    found = set()
    for order in itertools.permutations(verdicts):
        marked = waive(order, waivers, TODAY)
        found.add((overall(marked)[:2], frozenset((v.gate, v.candidate, v.counts_as) for v in marked)))
    assert len(found) == 1


def test_no_verdict_on_the_policy_is_lost_among_the_gates() -> None:
    """A slice that is too small leaves the run undetermined although every gate passes."""
    policy = Policy(slices=(SliceNeeded({"lang": "zh"}, 10),))
    assert overall([verdict(status="pass"), *requirements(policy, lambda _: 9, {})])[:2] == ("undetermined", 3)
