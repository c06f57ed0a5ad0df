"""What reports say of a policy: its terms, what it asks for beside gates, waived gates, and differences in points."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console
from sample_run import build_run, sample_rows

from aigc_eval.records import POLICY, Reason, Run, Verdict, Waiver
from aigc_eval.report import html, terminal_table
from aigc_eval.report.findings import findings
from aigc_eval.report.markdown import markdown
from aigc_eval.report.mask import Masker
from aigc_eval.report.words import gate_reason, gate_title, gate_unit, why

WAIVER = Waiver("toxicity.toxic_fraction", "Li Na", "fixed in 4.2", "2027-02-28")
SMALL = Verdict("at least 500 prompts [lang=zh]", POLICY, "undetermined",
                (Reason("slice_too_small", {"prompts": 60, "needed": 500}),), (500.0, None))  # fmt: skip


@pytest.fixture(scope="module")
def run() -> Run:
    return build_run(sample_rows())


def page(run: Run) -> str:
    return html.html(run, Masker.of_run(run.rows, run.key), ["en", "zh"])


def waived(run: Run, passes: int) -> Run:
    """One gate waived, so many beside it that pass."""
    one, *_ = run.verdicts
    failed = replace(one, status="fail", reasons=(Reason("beyond", {"bound": 0.2, "limit": 0.1}),), waiver=WAIVER)
    passed = replace(one, status="pass", reasons=(Reason("meets", {"bound": 0.02, "limit": 0.1}),))
    reasons = (Reason("gates_pass", {"n": passes}), Reason("gates_waived", {"n": 1}))
    return replace(run, status="pass", reasons=reasons, verdicts=(failed, *[passed] * passes))


@pytest.mark.parametrize(("passes", "en", "zh"), [
    (0, "1 gate that does not pass is waived.", "1 项未通过的门限已获豁免。"),
    (1, "1 gate passes. 1 gate that does not pass is waived.", "1 项门限通过。1 项未通过的门限已获豁免。"),
    (2, "2 gates pass. 1 gate that does not pass is waived.", "2 项门限通过。1 项未通过的门限已获豁免。"),
])  # fmt: skip
def test_gates_beside_a_waived_one_are_not_all(run: Run, passes: int, en: str, zh: str) -> None:
    told = waived(run, passes)
    assert (why(told, "en"), why(told, "zh")) == (en, zh)


def test_all_gates_are_all_where_none_is_waived(run: Run) -> None:
    one, *_ = run.verdicts
    told = replace(
        run, status="pass", reasons=(Reason("gates_pass", {"n": 2}),), verdicts=(replace(one, status="pass"),) * 2
    )
    assert why(told, "en").startswith("All 2 gates pass. Every bound meets its limit")


@pytest.mark.parametrize(("gate", "zh"), [
    ("at least 500 prompts [lang=zh]", "至少 500 题［语言：中文］"),
    ("validated: toxicity [lang=zh]", "已验证：toxicity [lang=zh]"),
    ("waiver: toxicity.toxic_fraction (v2)", "豁免：toxicity.toxic_fraction (v2)"),
    ("something\nelse", "something\nelse"),
])  # fmt: skip
def test_what_a_policy_asks_for_is_told_in_both_languages(run: Run, gate: str, zh: str) -> None:
    title = gate_title(run, Verdict(gate, POLICY, "fail", ()))
    assert (title.en, title.zh or title.en) == (gate, zh)


def test_the_policy_itself_is_named_in_words(run: Run) -> None:
    told = replace(run, verdicts=(*run.verdicts, SMALL))
    screen = io.StringIO()
    Console(file=screen, width=10_000).print(terminal_table(told, "zh"))
    for text in (screen.getvalue(), markdown(told, ["zh"]), findings(told, "zh")[-1].message):
        assert POLICY not in text
        assert "策略本身" in text
        assert "至少 500 题" in text


def test_the_terms_of_the_policy_are_in_the_facts(run: Run) -> None:
    source = {
        "name": "strict",
        "gates": ["a.b <= 1"],
        "coverage": 0.9,
        "waivers": [{"owner": "李娜"}],
        "stop": "when_decided",
    }
    policy = {"name": "strict", "sha256": "5f", "since": 1, "source": source}
    text = page(replace(run, policy=policy, verdicts=(SMALL,)))
    facts = text[text.index('id="run"') :]
    for line in ("coverage: 0.9", "李娜", "stop: when_decided", "changed when 1 answer was already there"):
        assert line in facts
    assert "a.b" not in facts
    assert "the gates of the bench" in page(replace(run, policy={"name": "", "sha256": "", "since": 0, "source": {}}))


def test_a_difference_of_shares_is_in_points_and_a_change_in_per_cent(run: Run) -> None:
    one = next(v for v in run.verdicts if v.estimate and v.estimate.metric == "toxic_fraction")
    assert one.estimate is not None
    reason = Reason("beyond", {"bound": 0.0342, "limit": 0.02})
    said = []
    for changed in ({}, {"against": "v1"}, {"against": "v1", "relative": True}):
        verdict = replace(one, estimate=replace(one.estimate, **changed))
        said.append((gate_unit(run, verdict), gate_reason(run, verdict, reason, "en")))
    assert said == [
        ("share", "even the lower bound 3.42 % is over the limit 2 %"),
        ("points", "even the lower bound 3.42 pp is over the limit 2 pp"),
        ("share", "even the lower bound 3.42 % is over the limit 2 %"),
    ]


def test_groups_that_are_held_against_each_other_are_named_in_the_readers_language(run: Run) -> None:
    verdict = next(v for v in run.verdicts if v.estimate and v.estimate.metric == "leak_rate")
    parity = replace(verdict, estimate=replace(verdict.estimate, against="lang=en - lang=zh"))  # type: ignore[type-var]
    title = gate_title(run, parity)
    assert title.en.endswith(", lang=en − lang=zh")
    assert title.zh.endswith("，语言：英文 − 语言：中文")
