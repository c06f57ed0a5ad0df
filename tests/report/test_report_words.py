"""Every phrase exists in both languages, and no English is left on a Chinese page."""

from __future__ import annotations

import re
from dataclasses import replace
from string import Formatter

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_run import limited, sample_run

from aigc_eval.records import Reason, Run
from aigc_eval.report import html
from aigc_eval.report.mask import Masker
from aigc_eval.report.numbers import figure, interval, limit
from aigc_eval.report.vocabulary import VOCABULARY
from aigc_eval.report.words import sentence, verdict_line

HANZI = re.compile("[\u4e00-\u9fff]")
# Names, not words: they are the same in both languages.
NAMES = {"distinct-2", "rep-4", "Wilson"}
CODES = {
    "meets": ({"bound": 0.0072, "limit": 0.01}, "upper bound 0.720 % is within the limit 1 %"),
    "beyond": ({"bound": 0.03, "limit": 0.01}, "even the lower bound 3.00 % is over the limit 1 %"),
    "straddles": ({"low": 0.005, "high": 0.02, "limit": 0.01, "more": 1420}, "about 1,500 more prompts would decide"),
    "adverse": ({"adverse": 0.04, "failed": 3, "limit": 0.01}, "3 unscored outputs"),
    "no_value": ({}, "nothing was scored"),
    "few_prompts": ({"prompts": 4, "needed": 10}, "only 4 prompts were scored; 10 are needed"),
    "not_applicable": ({"n": 40, "planned": 100, "needed": 0.3}, "does not apply to 40 of 100 outputs (at most 30 %)"),
    "no_interval": ({}, "no confidence interval"),
    "coverage": ({"scored": 80, "planned": 100, "needed": 0.99}, "only 80 of 100 outputs were scored; 99 % are needed"),
    "error_rate": ({"rate": 0.1, "limit": 0.01}, "10.0 % of the outputs are errors (at most 1 %)"),
    "empty_rate": ({"rate": 0.1, "limit": 0.02}, "10.0 % of the outputs are empty"),
    "truncated_rate": ({"rate": 0.1, "limit": 0.05}, "10.0 % of the outputs were cut off"),
    "slice_empty": ({}, "no outputs in this slice"),
    "gates_pass": ({"n": 3}, "All 3 gates pass."),
    "gates_pass.others": ({"n": 1}, "1 gate passes."),
    "gate_fails": ({"n": 1}, "1 gate fails."),
    "gates_open": ({"n": 2}, "2 gates are undetermined."),
    "limited": ({"limit": 10}, "Only the first 10 prompts were run"),
    "not_gated": ({}, "No gate was set"),
    "report_failed": ({"format": "junit"}, "A report could not be written: junit."),
}


def holes(text: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_phrase_is_in_both_languages() -> None:
    for key, (en, zh) in VOCABULARY.items():
        assert holes(en) == holes(zh), key
        assert HANZI.search(zh) or not re.search("[A-Za-z]", re.sub(r"\{\w+\}", "", en)), key
        assert not HANZI.search(en), key


@pytest.mark.parametrize("code", CODES)
def test_every_reason_has_its_sentence(code: str) -> None:
    figures, words = CODES[code]
    reason = Reason(code, figures)  # type: ignore[arg-type]
    assert words in sentence(reason, "en", unit="share")
    assert HANZI.search(sentence(reason, "zh", unit="share"))
    assert code not in sentence(reason, "zh")


def test_direction_and_missing_figures_change_the_sentence() -> None:
    meets = Reason("meets", {"bound": 0.92, "limit": 0.9})
    assert sentence(meets, "en", "share").startswith("lower bound 92.0 %")
    assert sentence(Reason("meets", {"bound": 5, "limit": 5}), "en", "", "higher").startswith("lower bound 5")
    assert sentence(Reason("straddles", {"low": 1, "high": 3, "limit": 2}), "en").endswith("more prompts are needed")
    assert "no worst value" in sentence(Reason("adverse", {"failed": 2, "limit": 1}), "en")


@given(st.text(), st.dictionaries(st.text(), st.integers() | st.floats() | st.text(), max_size=3))
def test_no_reason_is_too_odd_to_print(code: str, figures: dict[str, float | int | str]) -> None:
    for known in (code, "meets", "straddles", "coverage", "limited"):
        assert isinstance(sentence(Reason(known, figures), "zh", "share"), str)


def test_a_figure_never_looks_like_the_limit_that_it_missed() -> None:
    text = sentence(Reason("beyond", {"bound": 0.0100001, "limit": 0.01}), "en", "share")
    assert text == "even the lower bound 1.00001 % is over the limit 1 %"


@given(st.floats(-1e12, 1e12), st.floats(-1e12, 1e12))
def test_different_numbers_print_differently_when_asked(a: float, b: float) -> None:
    def number(text: str) -> float:
        return float(text.replace("−", "-").replace(",", ""))

    printed = figure(a, apart=b)
    if a != b and f"{a:.14e}" != f"{b:.14e}":
        assert number(printed) != number(figure(b, apart=a)) or abs(a - b) < 1e-12 * max(abs(a), abs(b))


def test_figures() -> None:
    assert [figure(v) for v in (0, 1, 0.5, 12.345, 99.95, 999.6, 12345, 1e-7, -2)] == [
        "0",
        "1.00",
        "0.500",
        "12.3",
        "100",
        "1,000",
        "12,345",
        "1.00e−07".replace("−", "-"),
        "−2.00",
    ]
    assert [limit(v, "share") for v in (0.01, 0.005, 1, 0.333)] == ["1 %", "0.5 %", "100 %", "33.3 %"]
    assert interval(-0.5, 0.5) == "−0.500 – 0.500"


def page(run: Run, *languages: str) -> str:
    return html.html(run, Masker.of_run(run.rows, run.key), languages)


def pairs(text: str) -> list[tuple[str, str]]:
    """The English and Chinese text of every bilingual place of a page."""
    tree = html5lib.parse(text, namespaceHTMLElements=False)
    spans = [e for e in tree.iter("span") if e.get("lang")]
    said = ["".join(e.itertext()) for e in spans]
    assert [e.get("lang") for e in spans] == ["en", "zh"] * (len(spans) // 2)
    return list(zip(said[::2], said[1::2], strict=True))


@pytest.mark.parametrize("gates", [(), None])
def test_nothing_on_the_chinese_page_is_left_in_english(gates: tuple[str, ...] | None) -> None:
    run = sample_run() if gates is None else sample_run(gates)
    names = {c.name for c in run.candidates} | {v.gate for v in run.verdicts} | set(run.slices) | NAMES
    found = pairs(page(run, "en", "zh"))
    assert len(found) > 150
    for en, zh in found:
        assert not HANZI.search(en), en
        rest = zh
        for name in sorted(names, key=len, reverse=True):
            rest = rest.replace(name, "")
        category = rest in ("facts", "service", "advice", "stories")
        assert HANZI.search(zh) or category or not re.search("[A-Za-z]", rest), (en, zh)


def test_a_page_in_one_language_has_only_that() -> None:
    run = sample_run()
    assert not re.search('lang="en"|id="to-', page(run, "zh"))
    assert 'lang="zh"' not in page(run, "en")


def test_the_verdict_in_one_line() -> None:
    run = sample_run(("pii.leak_rate <= 2 %",))
    line = verdict_line(run, "en")
    assert line.startswith("? Undetermined: 1 gate fails. 1 gate is undetermined. candidate-v2, outputs that leak")
    assert verdict_line(run, "zh").startswith("? 未定：1 项门限不通过。")
    told = replace(run, reasons=limited(run.reasons, 10), release=False)
    assert "[Not for release]" in verdict_line(told, "en")
    assert verdict_line(sample_run(()), "en").startswith("– NOT GATED [Not for release]")


TERMS = {
    "prompts?": "题",
    "gates?": "门限|NOT GATED",
    "policy": "策略",
    "undetermined": "未定",
    "waived|waivers?": "豁免",
    "reviewers?": "审核",
    "masked|masks": "遮蔽",
    "secrets": "密钥",
    "slices?": "切片",
    "baseline": "基线",
    "intervals?": "区间",
    "scorers?": "评分器",
    "seeds?": "种子",
    "jackknife": "刀切",
    "points": "百分点",
}
"""One word for one thing: what a Chinese phrase must say where the English one has the term."""
OTHERWISE = {
    "samples.flagged.any", "gates.note", "standards.note", "comparison.is.regression", "comparison.sides",
    "not_applicable", "gates.none", "glance.metric",
    "comparison.is.no_regression",
}  # fmt: skip
"""Phrases that say it without the word."""
NEVER = {
    "评审|审阅": "审核", "机密": "密钥", "提示(?!词)": "题目", "置信度区间": "置信区间", "阀值": "阈值",
    "脱敏": "遮蔽", "闸门|关卡": "门限", "需修改": "需整改", "令牌数": "词元数",
}  # fmt: skip
"""Words for which another one is used everywhere."""


def test_one_thing_has_one_name_in_chinese() -> None:
    for key, phrase in VOCABULARY.items():
        en, zh = (re.sub(r"\{\w+\}", "", words) for words in phrase)
        missing = [t for t, word in TERMS.items() if re.search(rf"\b(?:{t})\b", en, re.I) and not re.search(word, zh)]
        assert key in OTHERWISE or not missing, f"{key}: {zh}"
        assert [better for word, better in NEVER.items() if re.search(word, zh)] == [], f"{key}: {zh}"


def test_chinese_has_chinese_punctuation() -> None:
    for key, (_, zh) in VOCABULARY.items():
        assert not re.search(r"[\u4e00-\u9fff][,;:!?()]|[,;:!?()][\u4e00-\u9fff]", zh), key
        assert not re.search(r"\d%", zh), f"{key}: a space before the sign, as in the numbers"
