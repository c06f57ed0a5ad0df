"""Every combination of what a gate may look at, against the rule book in plain words; and all verdicts of a run."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import pytest

from aigc_eval.gates import Finding, Policy, decide, judge, overall, parse
from aigc_eval.gates.grades import parse_scale
from aigc_eval.records import Better, Estimate, Reason, Status, Verdict, Waiver, Zone

NAN, INF = math.nan, math.inf
SCALE = parse_scale(["Good <= 5 %", "Fair <= 10 %", "Poor"])

CLAIMS: list[tuple[str, Better | None, Zone]] = [
    ("s.m <= 5 %", "lower", (None, 0.05)),
    ("s.m >= 95 %", "higher", (0.95, None)),
    ("s.m not worse than b by 2 points", "lower", (None, 0.02)),
    ("s.m not worse than b by 2 points", "higher", (-0.02, None)),
    ("s.m better than b", "lower", (None, 0.0)),
    ("s.m better than b by 2 points", "higher", (0.02, None)),
    ("s.m equal to b within 2 points", "lower", (-0.02, 0.02)),
    ("s.m parity lang within 2 points", None, (-0.02, 0.02)),
]


@pytest.mark.parametrize(("text", "better", "zone"), CLAIMS)
def test_where_a_number_must_lie(text: str, better: Better | None, zone: Zone) -> None:
    claim = parse(text).claim
    found = claim.zone(better)  # type: ignore[union-attr]
    assert found == zone
    assert [str(end) for end in found] == [str(end) for end in zone]  # no -0.0


def test_where_a_graded_number_must_lie() -> None:
    assert [SCALE.limit(name) for name in ("Good", "Fair", "Poor", "Unheard")] == [0.05, 0.1, None, None]


class Case(NamedTuple):
    """What a gate looks at; `adverse` are the bounds with everything unscored at its worst."""

    zone: Zone
    value: float | None
    low: float | None
    high: float | None
    adverse: tuple[float | None, float | None]
    counts: tuple[int, int, int]
    prompts: int
    budget: bool
    alarm: tuple[float, float] | None

    def finding(self) -> Finding:
        planned, not_applicable, scored = self.counts
        return Finding(
            Estimate(
                "c", "s", "m", "", self.value, self.low, self.high, self.value, *self.adverse, planned=planned,
                scored=scored, failed=planned - not_applicable - scored, not_applicable=not_applicable,
                prompts=self.prompts,
            ),
            self.zone,
            self.alarm,
        )  # fmt: skip


def rule_book(case: Case) -> Status:
    """Undetermined unless enough was measured; then fail, where all that is plausible is wrong, or pass, where all is
    right, also with the unscored at its worst."""

    def number(x: float | None) -> bool:
        return x is not None and x == x and x not in (INF, -INF)

    def exact(x: float | None) -> Fraction:
        assert x is not None
        return Fraction(x)

    floor, ceiling = case.zone
    planned, not_applicable, scored = case.counts
    due = planned - not_applicable
    if planned == 0 or due == 0 or case.budget or case.prompts < 10 or Fraction(scored, due) < Fraction(99, 100):
        return "undetermined"
    if not (number(case.value) and number(case.low) and number(case.high)) or exact(case.low) > exact(case.high):
        return "undetermined"
    if floor is None and ceiling is None:
        return "undetermined"
    low, high = case.alarm or (case.low, case.high)
    if number(low) and number(high) and exact(low) <= exact(high):
        if ceiling is not None and exact(low) > exact(ceiling):
            return "fail"
        if floor is not None and exact(high) < exact(floor):
            return "fail"
    worst_low, worst_high = case.adverse
    for limit, must_not_cross, sign in (
        (ceiling, (case.value, case.high, worst_high), 1),
        (floor, (case.value, case.low, worst_low), -1),
    ):
        for x in must_not_cross if limit is not None else ():
            if not number(x) or sign * exact(x) > sign * exact(limit):
                return "undetermined"
    return "pass"


def places(zone: Zone) -> Iterator[tuple[float, float]]:
    """Intervals inside the zone, on its limit to the last bit, across it, and beyond it; for each of its ends."""
    up, down = INF, -INF
    floor, ceiling = zone
    if ceiling is not None:
        c, after = ceiling, math.nextafter(ceiling, up)
        yield from ((c - 0.02, c - 0.01), (c - 0.02, c), (c - 0.02, after), (c - 0.01, c + 0.01))
        yield from ((c, c + 0.01), (after, c + 0.01), (c + 0.01, c + 0.02), (c, c))
    if floor is not None:
        f, before = floor, math.nextafter(floor, down)
        yield from ((f + 0.01, f + 0.02), (f, f + 0.02), (before, f + 0.02), (f - 0.01, f + 0.01))
        yield from ((f - 0.01, f), (f - 0.01, before), (f - 0.02, f - 0.01), (f, f))
    yield -1.0, 1.0


COUNTS = [
    (1000, 0, 1000), (1000, 0, 990), (1000, 0, 989), (1100, 100, 990), (1100, 100, 989), (1000, 1000, 0), (0, 0, 0),
]  # fmt: skip
ENDS: list[tuple[float | None, float | None]] = [
    (None, None), (0.0, None), (None, 0.0), (NAN, NAN), (NAN, 0.0), (0.0, NAN), (-INF, INF), (-INF, 0.0), (0.0, INF),
    (0.01, -0.01),
]  # fmt: skip
ODD: list[float | None] = [None, NAN, INF, -INF]


def well_formed() -> Iterator[Case]:
    """Numbers of all kinds, in all places, with all that may be missing."""
    zones: list[Zone] = [*dict.fromkeys(zone for *_, zone in CLAIMS), (None, None)]
    for zone in zones:
        for low, high in places(zone):
            middle = low + (high - low) / 2
            spoilt: list[tuple[float | None, float | None]] = [(low, high), (None, None), (NAN, NAN), (-9.0, 9.0)]
            past = [None if end is None else math.nextafter(end, side) for end, side in zip(zone, (-9, 9), strict=True)]
            spoilt += [(low, past[1]), (past[0], high), zone]
            alarms = [None, (low, high), (low - 0.005, high + 0.005), (-INF, INF), (NAN, NAN), (high + 9, low - 9)]
            known = itertools.product(spoilt, COUNTS, (9, 10), (False, True), alarms)
            yield from (Case(zone, middle, low, high, *rest) for rest in known)


def ill_formed() -> Iterator[Case]:
    """What is no number, no interval, or does not hold its own number."""
    for zone, counts in itertools.product(dict.fromkeys(zone for *_, zone in CLAIMS), COUNTS[:2]):
        for value, (low, high) in itertools.product([*ODD, 0.0, 0.96, -9.0, 9.0], [*ENDS, *places(zone)]):
            yield Case(zone, value, low, high, (low, high), counts, 10, False, None)
            yield Case(zone, value, low, high, (low, high), counts, 10, False, (0.5, 0.6))


def test_the_truth_table() -> None:
    """Tens of thousands of cases, none of them open where the rule book says shut, or anything else."""
    seen: dict[Status, int] = {"pass": 0, "fail": 0, "undetermined": 0}
    policy, over = Policy(), [Reason("error_rate")]
    for case in itertools.chain(well_formed(), ill_formed()):
        status, reasons = decide(case.finding(), policy, over if case.budget else ())
        assert status == rule_book(case), case
        assert reasons, case
        seen[status] += 1
    assert min(seen.values()) > 500, seen
    assert sum(seen.values()) > 5000, seen


@pytest.mark.parametrize(("coverage", "prompts"), [(1.0, 10), (0.5, 50), (0.0, 10)])
def test_what_a_policy_asks_for(coverage: float, prompts: int) -> None:
    policy = Policy(coverage=coverage, min_prompts=prompts)
    for scored, have in itertools.product((0, 499, 500, 999, 1000), (prompts - 1, prompts)):
        case = Case((None, 0.05), 0.01, 0.0, 0.02, (0.0, 0.02), (1000, 0, scored), have, False, None)
        enough = scored / 1000 >= coverage and have >= prompts
        assert (decide(case.finding(), policy)[0] == "pass") == enough


@pytest.mark.parametrize("coverage", [0.9, 0.95, 0.99, 0.07])
def test_coverage_is_inclusive_for_any_number_of_outputs(coverage: float) -> None:
    """0.07 * 100 is 7.000000000000001 in binary."""
    for due in range(10, 700):
        needed = math.ceil(Fraction(str(coverage)) * due)
        found = [
            decide(Case((None, 1.0), 0.0, 0.0, 0.1, (0.0, 0.1), (due, 0, n), 10, False, None).finding(), Policy(
                coverage=coverage))[0]
            for n in (needed - 1, needed)
        ]  # fmt: skip
        assert found == ["undetermined", "pass"], due


GOOD = Case((None, 0.05), 0.02, 0.01, 0.03, (0.01, 0.03), (100, 0, 100), 10, False, None)
OPEN, BAD = GOOD._replace(high=0.06), GOOD._replace(value=0.07, low=0.06, high=0.08)
BY: dict[Status, Case] = {"pass": GOOD, "undetermined": OPEN, "fail": BAD}


def test_several_numbers_of_a_gate_must_all_pass() -> None:
    rank = ["pass", "undetermined", "fail"]
    for size in (1, 2, 3):
        for statuses in itertools.product(BY, repeat=size):
            found = judge(parse("s.m <= 5 %"), "c", [BY[s].finding() for s in statuses], Policy())
            assert found.status == max(statuses, key=rank.index)
            assert found.estimate == BY[found.status].finding().estimate
    assert judge(parse("s.m <= 5 %"), "c", [], Policy()).status == "undetermined"


def test_the_number_nearest_to_its_limit_is_told() -> None:
    near, far = GOOD._replace(high=0.049, adverse=(0.01, 0.049)), GOOD
    for order in itertools.permutations([near, far, far]):
        found = judge(parse("s.m <= 5 %"), "c", [case.finding() for case in order], Policy())
        assert found.estimate == near.finding().estimate


WAIVER = Waiver("g", "Li Na", "known", "2030-01-01", covers=("fail", "undetermined"))
KINDS: list[tuple[Status, bool]] = [(s, w) for s in ("pass", "fail", "undetermined") for w in (False, True)]


def test_exit_codes_of_all_verdicts_with_and_without_waivers() -> None:
    """Undetermined before fail before pass; what is waived counts as a pass, and is told."""
    for size in (1, 2, 3):
        for kinds in itertools.product(KINDS, repeat=size):
            verdicts = [Verdict("g", "c", s, (), waiver=WAIVER if waived else None) for s, waived in kinds]
            counted = ["pass" if waived else s for s, waived in kinds]
            worst = "undetermined" if "undetermined" in counted else "fail" if "fail" in counted else "pass"
            status, code, reasons = overall(verdicts)
            told: dict[str, Any] = {r.code: r.figures["n"] for r in reasons}
            assert (status, code) == (worst, {"pass": 0, "fail": 1, "undetermined": 3}[worst])
            assert told.get("gate_fails", 0) == counted.count("fail")
            assert told.get("gates_open", 0) == counted.count("undetermined")
            assert told.get("gates_waived", 0) == sum(waived for _, waived in kinds)
            if worst == "pass":
                assert told["gates_pass"] == sum(not waived for _, waived in kinds)
    assert overall([])[:2] == ("not_gated", 0)
