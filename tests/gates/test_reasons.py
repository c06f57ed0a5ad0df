"""What a verdict says of itself: its reasons and their figures, its number, its zone, and whose it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aigc_eval.gates import Finding, Policy, budget_reasons, judge, overall, parse, slice_name, tags_of
from aigc_eval.gates.grades import Scale, Step, parse_scale
from aigc_eval.records import Estimate, Reason, Verdict, Zone

UP, DOWN, BOTH = (None, 0.05), (0.95, None), (-0.1, 0.2)
HALF, LEAST = (None, 0.5), (0.5, None)


def finding(value: float | None, low: float | None, high: float | None, zone: Zone, **changes: Any) -> Finding:
    """Of 100 prompts with one output each, all scored; `alarm` and `notes` are the finding's own."""
    own = {name: changes.pop(name) for name in ("alarm", "notes") if name in changes}
    known: dict[str, Any] = {"adverse_low": low, "adverse_high": high, "planned": 100, "scored": 100, "prompts": 100}
    return Finding(Estimate("c", "s", "m", "", value, low, high, value, **(known | changes)), zone, **own)


def told(found: Finding, budget: list[Reason] | None = None) -> list[tuple[str, dict[str, Any]]]:
    verdict = judge(parse("s.m <= 5 %", {"lang": "zh"}), "c", [found], Policy(), budget or [])
    assert (verdict.gate, verdict.candidate) == ("s.m <= 5 % [lang=zh]", "c")
    assert (verdict.zone, verdict.estimate) == (found.zone, found.estimate)
    return [(r.code, dict(r.figures)) for r in verdict.reasons]


@pytest.mark.parametrize(
    ("found", "reasons"),
    [
        (finding(0.02, 0.01, 0.03, UP), [("meets", {"bound": 0.03, "limit": 0.05})]),
        (finding(0.98, 0.97, 0.99, DOWN), [("meets", {"bound": 0.97, "limit": 0.95})]),
        (finding(0.1, 0.0, 0.19, BOTH), [("meets", {"bound": 0.19, "limit": 0.2})]),
        (finding(0.0, -0.09, 0.1, BOTH), [("meets", {"bound": -0.09, "limit": -0.1})]),
        (finding(0.02, 0.01, 0.03, UP, adverse_high=0.04, failed=1), [("meets", {"bound": 0.04, "limit": 0.05})]),
        (finding(0.07, 0.06, 0.08, UP), [("beyond", {"bound": 0.06, "limit": 0.05})]),
        (finding(0.93, 0.92, 0.94, DOWN), [("beyond", {"bound": 0.94, "limit": 0.95})]),
        (finding(0.4, 0.3, 0.5, BOTH), [("beyond", {"bound": 0.3, "limit": 0.2})]),
        (finding(-0.4, -0.5, -0.3, BOTH), [("beyond", {"bound": -0.3, "limit": -0.1})]),
        (finding(0.4, 0.3, 0.5, BOTH, alarm=(0.25, 0.55)), [("beyond", {"bound": 0.25, "limit": 0.2})]),
        (finding(0.07, 0.06, 0.08, UP, alarm=(0.06, 0.06)), [("beyond", {"bound": 0.06, "limit": 0.05})]),
        (
            finding(0.4, 0.3, 0.5, BOTH, alarm=(0.1, 0.7)),
            [("straddles", {"low": 0.3, "high": 0.5, "limit": 0.2, "more": 1})],
        ),
        (finding(0.375, 0.0, 0.625, HALF), [("straddles", {"low": 0.0, "high": 0.625, "limit": 0.5, "more": 300})]),
        (finding(0.625, 0.375, 1.0, HALF), [("straddles", {"low": 0.375, "high": 1.0, "limit": 0.5, "more": 300})]),
        (finding(0.625, 0.375, 1.0, LEAST), [("straddles", {"low": 0.375, "high": 1.0, "limit": 0.5, "more": 300})]),
        (finding(0.375, 0.0, 0.625, LEAST), [("straddles", {"low": 0.0, "high": 0.625, "limit": 0.5, "more": 300})]),
        (finding(0.05, 0.04, 0.06, UP), [("straddles", {"low": 0.04, "high": 0.06, "limit": 0.05})]),
        (
            finding(0.0, 0.0, 0.1, (None, 0.01), prompts=50, method="clopper-pearson(n=100)", level=0.9),
            [("straddles", {"low": 0.0, "high": 0.1, "limit": 0.01, "more": 100})],  # 299 of 100 a 50
        ),
        (
            finding(0.0, 0.0, 0.1, (None, 0.01), method="clopper-pearson(n=100)", level=0.98),
            [("straddles", {"low": 0.0, "high": 0.1, "limit": 0.01, "more": 359})],  # 459, since .99^459 < .01
        ),
        (
            finding(0.02, 0.01, 0.03, UP, adverse_high=0.06, failed=2),
            [("adverse", {"failed": 2, "limit": 0.05, "adverse": 0.06})],
        ),
        (
            finding(0.98, 0.97, 0.99, DOWN, adverse_low=0.94, failed=2),
            [("adverse", {"failed": 2, "limit": 0.95, "adverse": 0.94})],
        ),
        (
            finding(0.0, -0.05, 0.05, BOTH, adverse_low=-0.2, adverse_high=0.3, failed=3),
            [("adverse", {"failed": 3, "limit": -0.1, "adverse": -0.2})],
        ),
        (
            finding(0.0, -0.05, 0.05, BOTH, adverse_high=0.3, failed=3),
            [("adverse", {"failed": 3, "limit": 0.2, "adverse": 0.3})],
        ),
        (finding(0.02, 0.01, 0.03, UP, adverse_high=None, failed=2), [("adverse", {"failed": 2, "limit": 0.05})]),
        (finding(0.02, 0.01, 0.03, (None, None)), [("no_interval", {})]),
        (finding(0.06, 0.01, 0.03, UP), [("no_interval", {})]),
        (finding(0.02, None, 0.03, UP), [("no_interval", {})]),
        (finding(None, None, None, UP), [("no_value", {})]),
        (finding(0.02, 0.01, 0.03, UP, not_applicable=100), [("no_value", {})]),
        (finding(0.02, 0.01, 0.03, UP, planned=0), [("slice_empty", {})]),
        (
            finding(0.02, 0.01, 0.03, UP, planned=110, not_applicable=5, prompts=9),
            [
                ("coverage", {"scored": 100, "planned": 105, "needed": 0.99}),
                ("few_prompts", {"prompts": 9, "needed": 10}),
            ],
        ),
        (
            finding(0.02, 0.01, 0.03, UP, notes=(Reason("graded", {"grade": "A"}),)),
            [("meets", {"bound": 0.03, "limit": 0.05}), ("graded", {"grade": "A"})],
        ),
    ],
)
def test_reasons_and_their_figures(found: Finding, reasons: list[tuple[str, dict[str, Any]]]) -> None:
    rounded = [
        (code, {k: round(v, 9) if isinstance(v, float) else v for k, v in own.items()}) for code, own in told(found)
    ]
    assert rounded == reasons


def test_budgets_come_first() -> None:
    over = [Reason("error_rate", {"rate": 0.5, "limit": 0.01})]
    assert told(finding(0.02, 0.01, 0.03, UP), over) == [("error_rate", {"rate": 0.5, "limit": 0.01})]
    assert [code for code, _ in told(finding(None, None, None, UP), over)] == ["error_rate", "no_value"]


def test_outcomes_over_their_budgets() -> None:
    budgets = {"error": 0.01, "empty": 0.02, "refused": 1.0}
    found = budget_reasons({"ok": 7, "error": 2, "empty": 1}, budgets)
    assert [(r.code, dict(r.figures)) for r in found] == [
        ("error_rate", {"rate": 0.2, "limit": 0.01}), ("empty_rate", {"rate": 0.1, "limit": 0.02})]  # fmt: skip
    assert budget_reasons({"ok": 3, "refused": 7}, budgets) == []
    assert budget_reasons({"ok": 1}, budgets) == []
    assert budget_reasons({}, {"error": 0.0}) == []


@pytest.mark.parametrize(("text", "zone"), [("s.m <= 5 %", (None, 0.05)), ("s.m >= 2", (2.0, None)),
                                            ("s.m better than b", (None, None))])  # fmt: skip
def test_a_gate_with_nothing_to_look_at(text: str, zone: Zone) -> None:
    found = judge(parse(text, {"lang": "zh"}), "c", [], Policy(), [Reason("no_baseline")])
    reasons = (Reason("no_baseline"), Reason("slice_empty"))
    assert found == Verdict(f"{text} [lang=zh]", "c", "undetermined", reasons, zone)


def test_of_several_numbers_the_one_nearest_to_its_limit_is_told() -> None:
    """Whichever end of the zone it is near to; one without bounds before all others."""
    low, high = finding(0.0, -0.09, 0.0, BOTH), finding(0.1, 0.1, 0.17, BOTH)
    no_bounds, across = finding(0.1, None, None, BOTH), finding(0.1, 0.0, 0.3, BOTH)
    gate = parse("s.m parity lang within 0.1")
    for order in ([low, high], [high, low]):
        assert judge(gate, "c", order, Policy()).estimate == low.estimate
    for order in ([no_bounds, across], [across, no_bounds]):
        assert judge(gate, "c", order, Policy()).estimate == no_bounds.estimate
    apart = [replace(f, zone=(0.0, None)) for f in (finding(0.5, 0.4, 9.0, UP), finding(0.5, 0.3, 8.0, UP))]
    assert judge(gate, "c", apart, Policy()).estimate == apart[1].estimate


def test_a_run_says_only_what_there_is_to_say() -> None:
    passed, failed = (Verdict("g", "c", status, ()) for status in ("pass", "fail"))
    assert overall([]) == ("not_gated", 0, [Reason("not_gated")])
    assert overall([passed, passed]) == ("pass", 0, [Reason("gates_pass", {"n": 2})])
    assert overall([passed, failed]) == ("fail", 1, [Reason("gate_fails", {"n": 1})])


def test_tags_that_gates_are_for_each_of() -> None:
    gates = map(parse, ["s.m <= 1 for each b", "s.m <= 2", "s.m <= 3 for each a", "s.m <= 4 for each b"])
    assert tags_of([*gates]) == ("b", "a")
    assert tags_of([]) == ()


@pytest.mark.parametrize(
    ("where", "name"),
    [({}, ""), ({"lang": "zh", "category": "事实"}, "category=事实, lang=zh"), ({"a": "b, c=d"}, 'a="b, c=d"'),
     ({"a=b": "语, 言"}, '"a=b"="语, 言"'), ({"a": 'b"'}, 'a=b"'), ({"a": '"b"'}, 'a="\\"b\\""'),
     ({"a": "b=c"}, "a=b=c"), ({"a, b": "c"}, '"a, b"=c'), ({"a": "b,c"}, "a=b,c")],
)  # fmt: skip
def test_names_of_slices(where: dict[str, str], name: str) -> None:
    assert slice_name(where) == name


def test_scales_in_multiples_and_in_plain_numbers_at_once() -> None:
    """Each kind must grow; one kind may pass the other."""
    assert parse_scale(["A <= 10 %", "B <= 0.5 x", "C <= 20 %", "D"], 0.1).limit("C") == 0.2
    with pytest.raises(ValueError, match=r"^the limits of a scale must grow from grade to grade$"):
        parse_scale(["A <= 1 x", "B <= 10 %", "C <= 1 x", "D"], 0.1)
    with pytest.raises(ValueError, match=r"^a scale has at least two grades, each but the last with a limit$"):
        parse_scale(["A <= 1", "B", "C"])
    with pytest.raises(ValueError, match=r"^two grades of a scale have the same name$"):
        parse_scale(["A <= 1", "B <= 2", "A"])
    with pytest.raises(ValueError, match=r"^limits in x need a `reference` above 0$"):
        parse_scale(["A <= 1 x", "B"], -1.0)
    with pytest.raises(AssertionError, match=r"^the last grade takes every number$"):
        Scale((Step("A", 1.0),)).grade(2.0)
