"""policy.yaml: every mistake with its place, and what the rest means."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc_eval.config.reading import load_policy
from aigc_eval.errors import ConfigError
from aigc_eval.gates import Baseline, Policy, SliceNeeded, Validation, ValidationNeeded, parse
from aigc_eval.gates.grades import scale_of
from aigc_eval.metrics import Mean, Metric, Rate
from aigc_eval.plugin import Scorer
from aigc_eval.records import Prompt, Waiver
from tests.seen_elsewhere.small import Marked

SET = [Prompt(f"p{i}", "Q?", tags={"lang": "zh" if i % 2 else "en", "topic": "ab"[i % 2]}) for i in range(40)]


@dataclass(frozen=True)
class Other(Scorer):
    """Metrics of every range and direction."""

    def score(self, batch: Any) -> Any:
        return []

    def metrics(self) -> tuple[Metric, ...]:
        return (
            Mean("length", bounds=(0.0, float("inf"))),
            Mean("score", better="higher", bounds=(0.0, 100.0)),
            Mean("free", better=None),
            Mean("signed", bounds=(-1.0, 1.0)),
            Rate("rate"),
        )


def read(folder: Path, text: str, baseline: Baseline | None = None) -> Policy:
    path = folder / "policy.yaml"
    path.write_text(text, "utf-8")
    scorers = {"s": Marked(), "o": Other()}
    return load_policy(path, ["a", "b", "m[t=0]", "m[t=1]"], scorers, SET, baseline=baseline)


GATE = "gates: [s.rate <= 1 %]\n"
RIGHT = "owner: o, reason: r, expires: 2027-02-28"
WRONG = {
    "gates: []": (1, "gates", "must not be empty"),
    "{}": (1, "", "'gates' is missing"),
    "[s.rate <= 1 %]": (1, "", "should be a mapping with `gates`, `name`"),
    "gates: s.rate <= 1 %": (1, "gates", "should be a list"),
    "gates: [1]": (1, "gates.0", "should be a mapping with `gate`"),
    GATE + GATE: (2, "gates", "is written twice, first in line 1"),
    GATE + "budget: {}": (2, "budget", "there is no option 'budget'; did you mean 'budgets'?"),
    GATE + "name: 3": (2, "name", "should be a text, not 3"),
    GATE + "confidence: 1": (2, "confidence", "should be less than 1, not 1"),
    GATE + "confidence: 0.5": (2, "confidence", "should be greater than 0.5, not 0.5"),
    GATE + "coverage: 1.1": (2, "coverage", "should be less than or equal to 1, not 1.1"),
    GATE + "coverage: -0.1": (2, "coverage", "should be greater than or equal to 0"),
    GATE + "min_prompts: 9": (2, "min_prompts", "should be greater than or equal to 10, not 9"),
    GATE + "min_prompts: 10.5": (2, "min_prompts", "should be a whole number, not 10.5"),
    GATE + "stop: now": (2, "stop", "should be 'when_decided', not 'now'"),
    GATE + "budgets: {error: 2}": (2, "budgets.error", "should be less than or equal to 1, not 2"),
    GATE + "budgets: {slow: 1}": (2, "budgets.slow", "there is no option 'slow'"),
    GATE + "budgets: {empty: .nan}": (2, "budgets.empty", "there is no use for '.nan'"),
    GATE + "baseline: c": (2, "baseline", "unknown candidate 'c'; known: a, b"),
    GATE + "baseline: m": (2, "baseline", "'m' stands for 2 candidates; name one of them"),
    GATE + "baseline: {candidate: a}": (2, "baseline", "'run' is missing"),
    GATE + "baseline: {run: nowhere}": (2, "baseline.run", "there is no 'nowhere'"),
    GATE + "baseline: {run: ../..}": (2, "baseline.run", "leads out of the bench's folder"),
    "gates: [s.rate not worse than baseline by 1 point]": (1, "gates.0", "there is no baseline; name one"),
    "gates: [s.rate not worse than c by 1 point]": (1, "gates.0", "unknown candidate 'c'"),
    "gates: [s.rate not worse than b by 1 %]": (1, "gates.0", "could be of it or points of it; write `by 2 points`"),
    "gates: [o.signed not worse than b by 1 %]": (1, "gates.0", "may lie below 0, where a percentage of it says noth"),
    "gates: [{gate: s.rate better than b, candidate: [a, b]}]": (1, "gates.0.gate", "compares 'b' with itself"),
    "gates: [{gate: s.rate better than baseline, candidate: b}]\nbaseline: b": (1, "gates.0.gate", "'b' with itself"),
    "gates: [o.score >= 30 %]": (1, "gates.0", "o.score is no share, so % and points say nothing of it; write a plain"),
    "gates: [o.length <= 5 %]": (1, "gates.0", "o.length is no share"),
    "gates: [o.score not worse than b by 2 points]": (1, "gates.0", "o.score is no share"),
    "gates: [o.score parity lang within 2 points]": (1, "gates.0", "o.score is no share"),
    "gates: [s.rate <= 200 %]": (1, "gates.0", "s.rate lies in 0..1; the limit 2 is outside"),
    "gates: [o.signed <= -1.1]": (1, "gates.0", "o.signed lies in -1..1; the limit -1.1 is outside"),
    "gates: [s.rate >= 1 %]": (1, "gates.0", "for s.rate, lower is better; write <="),
    "gates: [o.score <= 1]": (1, "gates.0", "for o.score, higher is better; write >="),
    "gates: [o.free <= 1]": (1, "gates.0", "o.free has no better direction, so it cannot be gated"),
    "gates: [o.free better than b]": (1, "gates.0", "o.free has no better direction, so it cannot be gated"),
    "gates: [s.rate not worse than b by 1]": (1, "gates.0", "so a margin of 1 allows anything"),
    "gates: [s.rate parity lang within 1]": (1, "gates.0", "so a margin of 1 allows anything"),
    "gates: [o.signed equal to b within 2]": (1, "gates.0", "so a margin of 2 allows anything"),
    "gates: [x.rate <= 1 %]": (1, "gates.0", "unknown scorer 'x'"),
    "gates: [s.rte <= 1 %]": (1, "gates.0", "'s' has no metric 'rte'; did you mean 'rate'?"),
    "gates: [s.rate < 1]": (1, "gates.0", "cannot read the gate 's.rate < 1'; write it as:"),
    "gates:\n- s.rate <= 1\n- s.rate <= 1 % for each kind": (3, "gates.1", "no prompt has a tag 'kind'"),
    "gates: [s.rate parity kind within 0.1]": (1, "gates.0", "no prompt has a tag 'kind'"),
    "gates: [s.rate parity lang within 0.1 matched by kind]": (1, "gates.0", "no prompt has a tag 'kind'"),
    "gates: [s.rate parity lang within 0.1 for each lang]": (1, "gates.0", "compares every lang, and is for one lang"),
    "gates: [{gate: s.rate parity lang within 0.1, where: {lang: zh}}]": (1, "gates.0.gate", "compares every lang"),
    "gates: [{gate: s.rate <= 1 % for each lang, where: {lang: zh}}]": (1, "gates.0.gate", "for one lang only; remove"),
    "gates: [{gate: s.rate <= 1, where: {lang: fr}}]": (1, "gates.0.where.lang", "no prompt has lang='fr'"),
    "gates: [{gate: s.rate <= 1, candidate: c}]": (1, "gates.0.candidate", "unknown candidate 'c'"),
    "gates: [{limit: 1}]": (1, "gates.0.limit", "there is no option 'limit'"),
    "gates: [s.rate <= 1 %, s.rate  <= 1 %]": (1, "gates.1", "'s.rate <= 1 %' is listed twice; remove one of the two"),
    "gates: [s.rate grade >= Good on g]": (1, "gates.0", "there is no scale 'g'"),
    "gates: [s.rate grade >= Best on g]\ngrades: {g: {steps: [A <= 1, B]}}": (1, "gates.0", "g has no grade 'Best'"),
    "gates: [s.rate grade >= B on g]\ngrades: {g: {steps: [A <= 1, B]}}": (1, "gates.0", "'B' is the worst grade"),
    "gates: [o.score grade >= A on g]\ngrades: {g: {steps: [A <= 1, B]}}": (1, "gates.0", "of which less is better"),
    GATE + "grades: {g: {steps: [A <= 1 x, B]}}": (2, "grades.g", "limits in x need a `reference` above 0"),
    GATE + "grades: {g: {steps: [A <= 1, B], reference: 0}}": (2, "grades.g.reference", "should be greater than 0"),
    GATE + "grades: {g: {step: [A]}}": (2, "grades.g.step", "there is no option 'step'; did you mean 'steps'?"),
    GATE + "grades: {g: {steps: [A >= 1, B]}}": (2, "grades.g", "cannot read the grade 'A >= 1'"),
    GATE + "required_slices: [{where: {lang: fr}}]": (2, "required_slices.0.where.lang", "no prompt has lang='fr'"),
    GATE + "required_slices: [{where: {}}]": (2, "required_slices.0.where", "must not be empty"),
    GATE + "required_slices: [{min_prompts: 3}]": (2, "required_slices.0", "'where' is missing"),
    GATE + "required_slices: [{where: {lang: zh}, min_prompts: 0}]": (2, "required_slices.0.min_prompts", "equal to 1"),
    GATE + "required_validation: [{scorer: x}]": (2, "required_validation.0.scorer", "unknown scorer 'x'"),
    GATE + "required_validation: [{lang: zh}]": (2, "required_validation.0", "'scorer' is missing"),
    GATE + "required_validation: [{scorer: s, sensitivity: 2}]": (2, "required_validation.0.sensitivity", "equal to 1"),
    GATE + "required_validation: [{scorer: s, min_items: 0}]": (2, "required_validation.0.min_items", "equal to 1"),
    GATE + "validations: [{scorer: s}]": (2, "validations.0", "'signature', 'data', 'positives'"),
    GATE + "validations: [{scorer: s, signature: x, data: d, positives: 3, found: 4, negatives: 3, false_alarms: 3}]": (
        2, "validations.0.found", "`found` is more than `positives`"),
    GATE + "validations: [{scorer: s, signature: x, data: d, positives: 3, found: 3, negatives: 3, false_alarms: 4}]": (
        2, "validations.0.false_alarms", "`false_alarms` is more than `negatives`"),
    GATE + f"waivers: [{{gate: s.rate <= 2 %, {RIGHT}}}]": (
        2, "waivers.0.gate", "no gate is written 's.rate <= 2 %'; did you mean 's.rate <= 1 %'?"),
    GATE + "waivers: [{gate: s.rate, owner: o, reason: r, expires: 2027-02-30}]": (2, "waivers.0.expires", "is no day"),
    GATE + "waivers: [{gate: s.rate, owner: o, reason: r, expires: soon}]": (2, "waivers.0.expires", "should match"),
    GATE + "waivers: [{gate: s.rate, owner: o, expires: 2027-02-28}]": (2, "waivers.0", "'reason' is missing"),
    GATE + "waivers: [{gate: s.rate, owner: '', reason: r, expires: 2027-02-28}]": (2, "waivers.0.owner", "at least 1"),
    GATE + f"waivers: [{{gate: s.rate, {RIGHT}, covers: [pass]}}]": (2, "waivers.0.covers.0", "'fail' or 'undet"),
    GATE + f"waivers: [{{gate: s.rate, {RIGHT}, covers: []}}]": (2, "waivers.0.covers", "must not be empty"),
    GATE + f"waivers: [{{gate: s.rate, {RIGHT}, candidate: c}}]": (2, "waivers.0.candidate", "unknown candidate 'c'"),
    GATE + f"waivers: [{{gate: s.rate, {RIGHT}}}, {{gate: s.rate, {RIGHT}}}]": (2, "waivers.1", "'s.rate' is listed"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "wrong"), WRONG.items())
def test_every_mistake_has_its_line_and_key(tmp_path: Path, text: str, wrong: tuple[int, str, str]) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    found = [(p.line, p.key, f"{p.what}; {p.remedy}") for p in caught.value.problems]
    assert any(place == wrong[:2] and wrong[2] in told for *at, told in found for place in [tuple(at)]), found
    assert str(caught.value.problems[0].file).endswith("policy.yaml")


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, "gates: [s.rate < 1, x.rate <= 1]\nconfidence: 2\ncoverage: x\nwaivers: [{}]\n")
    assert [p.line for p in caught.value.problems] == [1, 1, 2, 3, 4]


EVERYTHING = """
name: release
confidence: 0.9
coverage: 0.95
min_prompts: 20
budgets: {error: 0.1, refused: 0.2}
baseline: b
gates:
  - s.rate <= 1 % at 99 %
  - {gate: s.rate not worse than baseline by 2 points for each lang, where: {topic: a}, candidate: [a, m]}
  - s.rate grade >= A on g
grades: {g: {reference: 0.1, steps: [A <= 0.5 x, B]}}
required_slices: [{where: {lang: zh}, min_prompts: 15}]
required_validation: [{scorer: s, lang: zh, sensitivity: 0.7, specificity: 0.9, min_items: 50}]
validations: [{scorer: s, lang: zh, signature: x, data: d, positives: 40, found: 39, negatives: 60, false_alarms: 1}]
waivers:
  - {gate: "s.rate  <= 1 % at 99 %", owner: o, reason: r, expires: 2027-02-28, candidate: a, covers: [undetermined]}
stop: when_decided
"""


def test_what_a_policy_says(tmp_path: Path) -> None:
    found = read(tmp_path, EVERYTHING)
    assert found == Policy(
        gates=(
            parse("s.rate <= 1 % at 99 %"),
            parse("s.rate not worse than baseline by 2 points for each lang", {"topic": "a"},
                  ("a", "m[t=0]", "m[t=1]"), confidence=0.9),
            parse("s.rate grade >= A on g", confidence=0.9),
        ),
        name="release", digest=found.digest, confidence=0.9, coverage=0.95, min_prompts=20,
        budgets={"error": 0.1, "empty": 0.02, "truncated": 0.05, "refused": 0.2, "filtered": 1.0},
        slices=(SliceNeeded({"lang": "zh"}, 15),), needed=(ValidationNeeded("s", "zh", 0.7, 0.9, 50),),
        validations=(Validation("s", "x", "d", 40, 39, 60, 1, "zh"),),
        waivers=(Waiver("s.rate <= 1 % at 99 %", "o", "r", "2027-02-28", "a", ("undetermined",)),),
        grades={"g": scale_of({"steps": ["A <= 0.5 x", "B"], "reference": 0.1})}, baseline=Baseline("b"),
        stop="when_decided", source=found.source,
    )  # fmt: skip
    assert Policy.from_json(json.loads(json.dumps(found.to_json()))) == found
    assert len(found.digest) == 64
    assert (read(tmp_path, GATE).name, read(tmp_path, GATE).stop) == ("policy", "")
    assert read(tmp_path, GATE, Baseline("a")).baseline == Baseline("a")


TEXT = st.text(min_size=1, max_size=5)
SHARE = st.floats(0, 1)
GATES = st.builds(
    parse,
    st.sampled_from(["s.m <= 1 %", "s.m >= 3 at 99 %", "s.m better than b for each lang", "s.m parity t within 0.1",
                     "s.m equal to baseline within 5 %"]),
    st.dictionaries(TEXT, TEXT, max_size=2),
    st.lists(TEXT, max_size=2),
    confidence=st.floats(0.51, 0.999),
)  # fmt: skip
POLICIES = st.builds(
    Policy,
    gates=st.lists(GATES, max_size=3).map(tuple),
    name=TEXT,
    confidence=st.floats(0.51, 0.999),
    coverage=SHARE,
    budgets=st.dictionaries(st.sampled_from(["error", "empty"]), SHARE),
    slices=st.lists(st.builds(SliceNeeded, st.dictionaries(TEXT, TEXT), st.integers(1, 9)), max_size=2).map(tuple),
    needed=st.lists(st.builds(ValidationNeeded, TEXT, TEXT, SHARE, SHARE), max_size=2).map(tuple),
    validations=st.lists(st.builds(Validation, TEXT, TEXT, TEXT, *[st.integers(0, 9)] * 4, TEXT), max_size=2).map(
        tuple
    ),
    waivers=st.lists(st.builds(Waiver, TEXT, TEXT, TEXT, TEXT), max_size=2).map(tuple),
    baseline=st.one_of(st.none(), st.builds(Baseline, TEXT, TEXT)),
    stop=st.sampled_from(["", "when_decided"]),
)


@given(POLICIES)
def test_a_policy_comes_back_from_the_journal(policy: Policy) -> None:
    assert Policy.from_json(json.loads(json.dumps(policy.to_json()))) == policy
