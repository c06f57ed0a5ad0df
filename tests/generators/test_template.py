"""Template: patterns filled in one pass, checked before the first request."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc_eval.errors import UsageError
from aigc_eval.generators.template import Template
from aigc_eval.records import Prompt, Request

WANG = Prompt("1", "写一封信", tags={"tone": "warm"}, fields={"name": "王", "tone": "{name}"})


def fill(pattern: str, prompt: Prompt = WANG) -> str:
    return Template((pattern,)).generate([Request(prompt)])[0].text


def test_fields_tags_prompt_and_id():
    assert fill("{id}: 亲爱的{name}，{prompt}。") == "1: 亲爱的王，写一封信。"
    assert fill("{tone}", Prompt("2", "x", tags={"tone": "warm"})) == "warm"
    assert fill("{prompt}", Prompt("2", "text", fields={"prompt": "field"})) == "text"


def test_one_pass_and_literal_braces():
    assert fill("{tone}") == "{name}"
    assert fill('{{"a": {{}}}} {{name}}') == '{"a": {}} {name}'
    assert fill("{x.__class__}", Prompt("1", "p", fields={"x.__class__": "a field like any other"})).startswith(
        "a field"
    )


@given(st.text(), st.text())
def test_any_value_arrives_unchanged(value, name):
    prompt = Prompt("1", "p", fields={"v": value, name: "other"} if name != "v" else {"v": value})
    assert fill("<{v}>", prompt) == f"<{value}>"


def test_patterns_by_language():
    template = Template({"en": ("Dear {name}",), "zh": ("亲爱的{name}",)})
    tagged = Prompt("2", "Write a letter", tags={"lang": "zh-CN"}, fields={"name": "Li"})
    english = Prompt("3", "Write a letter", fields={"name": "Li"})
    found = template.generate([Request(p) for p in (WANG, tagged, english)])
    assert [g.text for g in found] == ["亲爱的王", "亲爱的Li", "Dear Li"]
    template.check([WANG, tagged, english], 1)
    with pytest.raises(UsageError, match=r"no patterns for other \(1 prompts\), no language \(1 prompts\)"):
        template.check([WANG, Prompt("4", "привет"), Prompt("5", "123")], 1)
    assert template.generate([Request(Prompt("4", "привет"))])[0].outcome == "error"


def test_the_seed_and_the_sample_choose_and_all_patterns_are_used():
    template = Template(("a", "b", "c"))
    requests = [Request(WANG, sample, seed) for sample in range(10) for seed in range(10)]
    found = [g.text for g in template.generate(requests)]
    assert found == [template.generate([r])[0].text for r in requests]
    assert all(20 <= found.count(x) <= 50 for x in "abc")
    assert len({template.generate([Request(WANG, s)])[0].text for s in range(20)}) == 3


def test_unknown_fields_are_found_in_every_pattern_before_the_first_request():
    template = Template(("{prompt}", "{nmae}, {name}"))
    with pytest.raises(UsageError, match=r"patterns\.1: 2 prompts have no field 'nmae': '1', '2'; add it") as caught:
        template.check([WANG, Prompt("2", "p")], 1)
    assert "patterns.1: 1 prompts have no field 'name': '2'" in str(caught.value)
    (answer,) = Template(("{nmae}",)).generate([Request(WANG)])
    assert (answer.outcome, answer.detail) == ("error", "the prompt has no field 'nmae'")


@pytest.mark.parametrize("pattern", ["{", "}", "{}", "{a!r}", "{a:>10}", "{a", "a}"])
def test_patterns_that_cannot_be_read(pattern):
    with pytest.raises(UsageError, match=r"patterns\.zh\.1: .* cannot be read: .*; write \{\{ and \}\}"):
        Template({"zh": ("{prompt}", pattern)}).load()


def test_no_patterns_is_an_error():
    for patterns in ((), {}, {"en": ()}):
        with pytest.raises(UsageError, match="patterns"):
            Template(patterns).load()
