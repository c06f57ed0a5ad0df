"""Control beyond the reference: declarations, Chinese twins, our own instructions, spans, metrics, hostile text."""

from __future__ import annotations

import csv
import importlib.util
import json
import time
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc_eval import prompts
from aigc_eval.errors import DataError
from aigc_eval.estimates import estimate
from aigc_eval.frames import build
from aigc_eval.metrics import Metric
from aigc_eval.records import Prompt, Request, Score
from aigc_eval.scorers.control import Control
from aigc_eval.scorers.control.rules import CHINESE, FAMILIES, RULES, family
from aigc_eval.scorers.control.sentences import characters, chinese_sentences, units

OUTPUTS = Path(__file__).parents[2] / "../shared/data/outputs"
LANGDETECT = importlib.util.find_spec("langdetect") is not None
NEEDS_LANGDETECT = pytest.mark.skipif(not LANGDETECT, reason="langdetect is not installed (extra control)")


def ask(instructions: object, lang: str = "en", text: str = "Write.") -> Prompt:
    return Prompt("p1", text, tags={"lang": lang}, fields={"instructions": json.dumps(instructions)})


def score(instructions: object, answer: str, lang: str = "en") -> Score:
    return Control().score([Request(ask(instructions, lang)).answer(answer)])[0]


def follows(instruction: object, answer: str, lang: str = "en") -> bool:
    found = score([instruction], answer, lang)
    assert found.error == ""
    assert found.value is not None
    return found.value == 1.0


class TestDeclarations:
    def test_ifevals_file_is_read_as_it_stands(self, tmp_path: Path) -> None:
        record = {
            "key": 1000,
            "prompt": "Write a rap about a cat without commas, in three bullet points.",
            "instruction_id_list": ["punctuation:no_comma", "detectable_format:number_bullet_lists"],
            "kwargs": [{"num_bullets": None, "relation": None}, {"num_bullets": 3, "relation": None}],
        }
        path = tmp_path / "ifeval.jsonl"
        path.write_text(json.dumps(record) + "\n", "utf-8")
        fields = {
            "id": "key",
            "prompt": "prompt",
            "fields": {"instruction_id_list": "instruction_id_list", "kwargs": "kwargs"},
        }
        (prompt,) = prompts.load(path, fields).prompts
        found = Control().score([Request(prompt).answer(t) for t in ("* a\n* b\n* c", "* a, b\n* c\n* d", "a, b")])
        assert [(s.value, s.parts["followed_strict"]) for s in found] == [(1.0, 2.0), (0.0, 1.0), (0.0, 0.0)]

    def test_our_own_form_is_a_list_in_the_prompt(self, tmp_path: Path) -> None:
        path = tmp_path / "prompts.jsonl"
        instructions = ["punctuation:no_comma", {"id": "length:words", "at_most": 3}]
        record = {"id": "a", "prompt": "Answer.", "fields": {"instructions": instructions}}
        path.write_text(json.dumps(record) + "\n", "utf-8")
        (prompt,) = prompts.load(path).prompts
        found = Control().score([Request(prompt).answer(t) for t in ("one two", "one, two three four")])
        assert [s.value for s in found] == [1.0, 0.0]
        assert found[1].note == "not followed: punctuation:no_comma, length:words"

    @pytest.mark.parametrize("given", [{}, {"instructions": "[]"}, {"instruction_id_list": "[]", "kwargs": "[]"}])
    def test_a_prompt_without_instructions_does_not_apply(self, given: dict[str, str]) -> None:
        prompt = Prompt("p", "Hello", fields=given)
        assert Control().not_applicable(prompt) == "no instructions"
        (found,) = Control().score([Request(prompt).answer("x")])
        assert (found.value, found.error, found.note) == (None, "", "no instructions")

    @pytest.mark.parametrize(
        ("instructions", "message"),
        [
            (["punctuation:no_coma"], "unknown id 'punctuation:no_coma'; did you mean 'punctuation:no_comma'?"),
            (["no_comma"], "did you mean 'punctuation:no_comma'?"),
            (["zh:punctuation:nocomma"], "did you mean 'zh:punctuation:no_comma'?"),
            (["nothing like it"], "unknown id 'nothing like it'"),
            ([{"at_least": 3}], "instruction 1: has no id"),
            (["punctuation:no_comma", 3], "instruction 2: has no id"),
            ([{"id": "length:words"}], "needs `at_least`, `at_most` or both"),
            ([{"id": "length:words", "at_leest": 3}], "unknown option 'at_leest'; did you mean 'at_least'?"),
            ([{"id": "length:words", "at_least": 9, "at_most": 3}], "at_least 9 is more than at_most 3"),
            ([{"id": "length:words", "at_least": -1}], "at_least: -1 is not a whole number of at least 0"),
            ([{"id": "length:words", "at_least": True}], "at_least: True is not a whole number"),
            ([{"id": "length:words", "at_least": 2.5}], "at_least: 2.5 is not a whole number"),
            ([{"id": "keywords:existence"}], "keywords is missing"),
            ([{"id": "keywords:existence", "keywords": []}], "keywords: is an empty list"),
            ([{"id": "keywords:existence", "keywords": [" "]}], "keywords: ' ' is not a text"),
            ([{"id": "keywords:letter_frequency", "letter": "ab", "let_frequency": 1, "let_relation": "at least"}],
             "letter: 'ab' is not one character"),
            ([{"id": "length_constraints:number_words", "num_words": 3, "relation": "around"}],
             "relation: 'around' is none of 'less than', 'at least'"),
            ([{"id": "length_constraints:number_words", "num_words": 3, "relation": []}], "relation: [] is none of"),
            ([{"id": "length_constraints:nth_paragraph_first_word", "num_paragraphs": 2, "nth_paragraph": 3,
               "first_word": "So"}], "there is no paragraph 3 among 2"),
            ([{"id": "length_constraints:nth_paragraph_first_word", "num_paragraphs": 2, "nth_paragraph": 0,
               "first_word": "So"}], "nth_paragraph: must be at least 1"),
            ([{"id": "language:response_language", "language": "xx"}], "'xx' is no language that can be told"),
            ([{"id": "format:regex", "pattern": "("}], "pattern: is not a regular expression"),
            ([{"id": "format:regex", "pattern": "a", "whole": 1}], "whole: 1 is neither true nor false"),
            ([{"id": "format:json_schema", "schema": {"type": "thing"}}], "schema: is not a JSON Schema"),
            ([{"id": "format:json_schema", "schema": 3}], "schema: is not a JSON Schema"),
            ([{"id": "punctuation:no_comma", "num": 3}], "unknown option 'num'; known: none"),
            ({"id": "punctuation:no_comma"}, "fields.instructions is not a list"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_used_is_an_error_that_names_prompt_and_instruction(
        self, instructions: object, message: str
    ) -> None:
        assert Control().not_applicable(ask(instructions)) == ""
        found = score(instructions, "An answer.")
        assert found.value is None
        assert message in found.error
        assert "prompt 'p1'" in found.error

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"instructions": "[", "kwargs": ""}, "fields.instructions is not JSON"),
            (
                {"instruction_id_list": '["punctuation:no_comma"]', "kwargs": "[{}, {}]"},
                "has 1 entries, fields.kwargs 2",
            ),
            ({"instruction_id_list": '["punctuation:no_comma"]', "kwargs": "[3]"}, "options are not an object"),
            ({"instruction_id_list": '["punctuation:no_comma"]', "instructions": '["length:words"]'}, "keep one"),
        ],
    )
    def test_fields_that_do_not_fit_are_errors(self, given: dict[str, str], message: str) -> None:
        (found,) = Control().score([Request(Prompt("p1", "Write.", fields=given)).answer("x")])
        assert message in found.error

    def test_whole_numbers_may_come_as_floats(self) -> None:
        assert follows({"id": "length:words", "at_least": 2.0}, "two words")

    def test_the_prompts_language_chooses_the_twin_and_a_prefix_overrides_it(self) -> None:
        text = "今天，明天"
        assert not follows("punctuation:no_comma", text, "zh-CN")
        assert follows("punctuation:no_comma", text, "en")
        assert follows("en:punctuation:no_comma", text, "zh")
        assert not follows("zh:punctuation:no_comma", text, "en")
        fields = {"instructions": '["punctuation:no_comma"]'}
        untagged = [Prompt("a", "请写一首诗，不要用逗号。", fields=fields), Prompt("b", "Write.", fields=fields)]
        assert [s.value for s in Control().score([Request(p).answer(text) for p in untagged])] == [0.0, 1.0]


TWINS: list[tuple[str, dict[str, Any], list[str], list[str]]] = [
    ("keywords:existence", {"keywords": ["漢字", "ＡＩ"]}, ["汉字与ai", "漢字ＡＩ"], ["汉字", "AI"]),
    ("keywords:frequency", {"keyword": "春天", "frequency": 2, "relation": "at least"}, ["春天，春天"], ["春天"]),
    ("keywords:forbidden_words", {"forbidden_words": ["苹果", "AI"]}, ["香蕉很甜", "MAIL"], ["我爱吃苹果派", "用ai写"]),
    ("keywords:letter_frequency", {"letter": "的", "let_frequency": 2, "let_relation": "less than"},
     ["我的书"], ["我的好的书"]),
    ("length_constraints:number_sentences", {"num_sentences": 3, "relation": "at least"},
     ["好。真的吗？走！", "“好！”他说。走吧"], ["今天好，明天好；后天好。再见。", "一\n二\n三"]),
    ("length_constraints:number_words", {"num_words": 6, "relation": "at least"},
     ["今天天气很好", "用GPT-4写一篇文"], ["今天天气好", "，，，，，，"]),
    ("length_constraints:nth_paragraph_first_word", {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "首先"},
     ["引言。\n\n首先，说明。", "引言。\n\n“首先”说明。"], ["首先。\n\n其次。", "首先。", "一\n\n首先\n\n三"]),
    ("detectable_content:number_placeholders", {"num_placeholders": 2},
     ["【姓名】住在[地址]", "［姓名］［地址］"], ["【姓名】", "姓名、地址"]),
    ("detectable_content:postscript", {},
     ["正文。\n附言：再见", "正文\n**又及**：好", "正文\nP.S. 好", "正文\nＰＳ：好"],
     ["正文。附言在此", "psychology", "正文"]),
    ("detectable_content:postscript", {"postscript_marker": "附言"}, ["正文\n附言：好"], ["正文\n又及：好", "P.S. 好"]),
    ("detectable_content:postscript", {"postscript_marker": "P.P.S"}, ["正文\nP.P.S. 好"], ["正文\nP.S. 好"]),
    ("detectable_format:number_bullet_lists", {"num_bullets": 2},
     ["• 一\n• 二", "－ 一\n· 二", "* **一**\n* 二", "- 一\n---\n- 二"], ["一、甲\n二、乙", "——对白\n- 一"]),
    ("detectable_format:constrained_response", {"options": ["我的答案是是。", "我的答案是否。"]},
     ["我的答案是否。", "好的，我的答案是是。"], ["是。", "我的答案"]),
    ("detectable_format:multiple_sections", {"section_spliter": "节", "num_sections": 2},
     ["第一节\n甲\n第二节\n乙", "## 第1节 甲\n## 第2节 乙", "节 1\n节 2"], ["第一节\n甲", "本文共有第一节和第二节"]),
    ("detectable_format:title", {}, ["《春》\n正文", "# 《春》\n正文", "标题：《春》\n文", "<<春>>\n正文"],
     ["我读了《红楼梦》这本书", "《 》\n正文", "春"]),
    ("startend:end_checker", {"end_phrase": "还有其他问题吗？"},
     ["好。还有其他问题吗?", "“還有其他問題嗎？”"], ["还有其他问题吗？谢谢"]),
    ("startend:quotation", {}, ["“全部”", "「全部」", "『全部』", '"全部"'], ["“全部", "《全部》", "‘全部’", "“"]),
    ("change_case:capital_word_frequency", {"capital_frequency": 2, "capital_relation": "at least"},
     ["用GPT写AI文章", "A和B"], ["用Gpt写AI文章", "没有字母"]),
    ("change_case:english_capital", {}, ["用GPT写"], ["用Gpt写"]),
    ("change_case:english_lowercase", {}, ["用gpt写"], ["用Gpt写"]),
    ("punctuation:no_comma", {}, ["今天。明天", "1.5"], ["今天，明天", "今天、明天", "today, 明天", "今天､明天"]),
    ("length:sentences", {"at_most": 2}, ["好。好。"], ["好。好。好。"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "options", "good", "bad"), TWINS)
def test_a_chinese_twin_means_what_the_instruction_says(
    name: str, options: dict[str, Any], good: list[str], bad: list[str]
) -> None:
    for text in good:
        assert follows({"id": name, **options}, text, "zh"), text
        assert follows({"id": f"zh:{name}", **options}, text, "en"), text
    for text in bad:
        assert not follows({"id": name, **options}, text, "zh"), text


def test_every_twin_is_tested_and_registered_under_an_id_of_the_table() -> None:
    assert {name for name, *_ in TWINS} == set(CHINESE)
    assert set(CHINESE) <= set(RULES)
    assert {name.partition(":")[0] for name in RULES} == set(FAMILIES)


def test_a_chinese_list_of_options_must_be_given() -> None:
    assert "options is missing" in score(["detectable_format:constrained_response"], "是。", "zh").error


def test_case_is_void_where_there_are_no_english_letters() -> None:
    alone = score(["change_case:english_capital"], "今天天气很好", "zh")
    assert (alone.value, alone.error, alone.note) == (None, "", "no instruction applies to this answer")
    beside = score(["change_case:english_lowercase", "punctuation:no_comma"], "今天天气很好", "zh")
    assert (beside.value, beside.parts["instructions"]) == (1.0, 1.0)


def test_chinese_counts() -> None:
    assert (units("今天，用GPT-4写了3.5页。"), characters("今天，用 GPT-4。")) == (8, 10)
    assert chinese_sentences("他说：“你好。”我说：“再见！”然后走了……\n真的？") == 4


class TestOwnInstructions:
    @pytest.mark.parametrize(
        ("instruction", "good", "bad"),
        [
            ({"id": "keywords:required", "words": ["cat", "猫"]}, "A cat is 一只貓.", "category 猫"),
            ({"id": "keywords:forbidden", "words": ["cat", "猫"]}, "category", "A CAT."),
            ({"id": "length:characters", "at_most": 5}, "今 天 好。", "今天很好啊。"),
            ({"id": "length:characters", "at_least": 5}, "abcde", "a b c"),
            ({"id": "length:words", "at_least": 3, "at_most": 4}, "今天 is", "今天"),
            ({"id": "length:tokens", "at_most": 3}, "a, b", "a, b."),
            ({"id": "length:sentences", "at_most": 1}, "One.", "One. Two."),
            ({"id": "length:paragraphs", "at_least": 2}, "a\n \nb", "a\nb"),
            ({"id": "length:lines", "at_most": 2}, "a\n\nb", "a\nb\nc"),
            ({"id": "length_constraints:number_characters", "num_characters": 3, "relation": "exactly"},
             "三个字", "四个字。"),
            ({"id": "length_constraints:number_words", "num_words": 2, "relation": "at most"}, "a b", "a b c"),
            ({"id": "length_constraints:number_words", "num_words": 2, "relation": "more than"}, "a b c", "a b"),
            ({"id": "format:regex", "pattern": r"\d{4}-\d\d"}, "on 2024-05.", "in May"),
            ({"id": "format:regex", "pattern": r"\d+", "whole": True}, " 42\n", "42 of them"),
            ({"id": "format:regex", "pattern": "https?://", "forbidden": True}, "none", "see http://x"),
        ],
    )  # fmt: skip
    def test_each_tells_good_from_bad(self, instruction: object, good: str, bad: str) -> None:
        assert follows(instruction, good)
        assert not follows(instruction, bad)

    SCHEMA: ClassVar[dict[str, Any]] = {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": "string", "pattern": "^[a-z]+$"}, "age": {"$ref": "#/$defs/age"}},
        "$defs": {"age": {"type": "integer", "minimum": 0}},
    }

    @pytest.mark.parametrize(
        ("answer", "valid"),
        [
            ('{"name": "li"}', True),
            ('```json\n{"name": "li", "age": 3}\n```', True),
            ('{"name": "li", "age": -3}', False),
            ('{"name": "LI"}', False),
            ('{"age": 3}', False),
            ('{"name": "li", "name": "wang"}', False),
            ('{"name": "li", "age": NaN}', False),
            ("Here: {}", False),
            ("[" * 100_000, False),
        ],
    )
    def test_json_schema(self, answer: str, valid: bool) -> None:
        assert follows({"id": "format:json_schema", "schema": self.SCHEMA}, answer) is valid

    def test_a_schema_stays_within_itself(self) -> None:
        elsewhere = {"id": "format:json_schema", "schema": {"$ref": "http://127.0.0.1:9/schema.json"}}
        assert "refers to what is not in it" in score([elsewhere], "{}").error

    def test_a_schema_without_end_is_an_error(self) -> None:
        endless = {"id": "format:json_schema", "schema": {"$ref": "#"}}
        assert "nested too deeply" in score([endless], "{}").error

    @pytest.mark.parametrize(
        "instruction",
        [
            {"id": "format:regex", "pattern": "(?:a|b|ab)*c(?!c)"},
            {"id": "format:json_schema", "schema": {"pattern": "(?:a|b|ab)*c(?!c)"}},
        ],
    )
    def test_a_pattern_that_explodes_is_an_error_within_seconds(self, instruction: dict[str, Any]) -> None:
        answer = json.dumps("ab" * 60 + "cc")
        start = time.monotonic()
        found = score([instruction], answer)
        assert time.monotonic() - start < 30
        assert "took longer than 1 s" in found.error

    @pytest.mark.parametrize(
        ("code", "good", "bad"),
        [
            ("zh", "博物馆用 Python 写的程序开门。", "博物館 の入り口はどこですか、教えてください。"),
            ("zh", "繁體漢字也是中文", "This is English 中文"),
            ("zh-hans", "国家的发展与进步", "國家的發展與進步"),
            ("zh-hant", "國家的發展與進步", "国家的发展与进步"),
            ("ja", "博物館の入り口はどこですか。", "博物馆九点开门。"),
            ("ko", "박물관은 아홉 시에 문을 엽니다.", "The 박물관 is open all day"),
            ("th", "พิพิธภัณฑ์เปิดเก้าโมง", "The museum opens."),
            ("he", "המוזיאון נפתח בתשע", "متى يفتح المتحف"),
            ("el", "Το μουσείο ανοίγει στις εννέα", "Музей открывается"),
        ],
    )
    def test_scripts_tell_languages(self, code: str, good: str, bad: str) -> None:
        assert follows({"id": "language:response_language", "language": code}, good)
        assert not follows({"id": "language:response_language", "language": code}, bad)

    def test_what_both_chinese_scripts_share_is_both(self) -> None:
        for code in ("zh-cn", "zh-tw"):
            assert follows({"id": "language:response_language", "language": code}, "你好，天上人山大川")

    @NEEDS_LANGDETECT
    def test_languages_of_one_script_are_told_apart_and_always_alike(self) -> None:
        wanted = {"id": "language:response_language", "language": "uk"}
        answers = ["Музей відкривається о дев'ятій годині ранку.", "Музей открывается в девять часов утра."]
        for _ in range(5):
            assert [follows(wanted, answer) for answer in answers] == [True, False]

    def test_no_letters_are_no_language(self) -> None:
        assert "no letters" in score([{"id": "language:response_language", "language": "zh"}], "42 %").error


class TestScores:
    def test_parts_count_instructions_and_families(self) -> None:
        found = score(["punctuation:no_comma", {"id": "length:words", "at_most": 1}, "startend:quotation"], "a, b")
        assert found.value == 0.0
        assert found.parts == {
            "instructions": 3.0, "followed_strict": 0.0, "followed_loose": 0.0, "prompt_loose": 0.0,
            "punctuation_instructions": 1.0, "punctuation_followed": 0.0,
            "length_instructions": 1.0, "length_followed": 0.0,
            "startend_instructions": 1.0, "startend_followed": 0.0,
        }  # fmt: skip

    def test_loose_takes_the_best_of_eight_variants_for_each_instruction(self) -> None:
        found = score(["punctuation:no_comma", "startend:quotation"], 'Sure, here:\n"it is"\nBye')
        assert (found.parts["followed_strict"], found.parts["followed_loose"]) == (0.0, 2.0)
        assert (found.value, found.parts["prompt_loose"]) == (0.0, 1.0)

    @pytest.mark.parametrize(
        ("instruction", "text", "evidence"),
        [
            ("punctuation:no_comma", "a, b, c", [",", ","]),
            ("zh:punctuation:no_comma", "甲，乙、丙", ["，", "、"]),
            ({"id": "keywords:forbidden_words", "forbidden_words": ["dog"]}, "A Dog, a dogma", ["Dog"]),
            ({"id": "keywords:forbidden", "words": ["苹果"]}, "𠮷ＡＩ蘋果", ["蘋果"]),
            ({"id": "keywords:frequency", "keyword": "a", "frequency": 1, "relation": "less than"}, "b A", ["A"]),
            ({"id": "format:regex", "pattern": "x+", "forbidden": True}, "axx", ["xx"]),
            ("zh:change_case:english_lowercase", "用Gpt", ["G"]),
            (
                {"id": "change_case:capital_word_frequency", "capital_frequency": 1, "capital_relation": "less than"},
                "see NASA",
                ["NASA"],
            ),
        ],
    )
    def test_spans_show_what_breaks_the_instruction(self, instruction: object, text: str, evidence: list[str]) -> None:
        found = score([instruction], text)
        assert [text[span.start : span.end] for span in found.spans] == evidence
        wanted = instruction if isinstance(instruction, str) else dict(instruction)["id"]  # type: ignore[call-overload]
        assert {span.label for span in found.spans} == {wanted}
        assert found.note == f"not followed: {wanted}"

    def test_an_empty_answer_follows_nothing(self) -> None:
        empty = Request(ask(["punctuation:no_comma"])).answer("")
        assert empty.outcome in Control().outcomes
        assert [s.value for s in Control().score([empty])] == [0.0]

    def test_facts_name_what_decides_languages(self) -> None:
        assert set(Control().facts()) == {"langdetect", "jsonschema", "regex"}


def named(name: str) -> Metric:
    return next(metric for metric in Control().metrics() if metric.name == name)


class TestMetrics:
    def rows(self) -> pd.DataFrame:
        """Ten prompts, two samples each: the first sample follows both instructions, the second one of them."""
        wanted = ["punctuation:no_comma", {"id": "length:words", "at_most": 2}]
        batch = [
            Request(Prompt(f"p{i}", "Write.", fields={"instructions": json.dumps(wanted)}), sample).answer(text)
            for i in range(10)
            for sample, text in enumerate(("two words", "more than two words" if i else "two words"))
        ]
        return build({"c": batch}, {"control": Control().score(batch)})

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("prompt_strict", 11 / 20),
            ("prompt_loose", 11 / 20),
            ("instruction_strict", 31 / 40),
            ("instruction_loose", 31 / 40),
            ("punctuation_strict", 1.0),
            ("length_strict", 11 / 20),
            ("keywords_strict", None),
            ("steadiness", 0.1),
        ],
    )
    def test_rates(self, name: str, value: float | None) -> None:
        found = {e.metric: e for e in estimate(self.rows(), "control", Control().metrics(), [{}])}[name]
        assert found.value == (None if value is None else pytest.approx(value))
        if value is not None:
            assert found.low is not None
            assert found.low <= value <= (found.high or 0.0)

    def test_the_main_metric_is_strict_by_prompt_and_every_family_has_a_rate(self) -> None:
        names = [metric.name for metric in Control().metrics()]
        assert names[0] == "prompt_strict"
        assert {f"{family(name)}_strict" for name in RULES} <= set(names)

    def test_steadiness_needs_two_samples(self) -> None:
        assert named("steadiness")(pd.DataFrame({"prompt": ["a", "b"], "value": [1.0, 0.0]})) is None


EVERY: list[dict[str, Any]] = [
    {"id": "keywords:existence", "keywords": ["a", "好"]},
    {"id": "keywords:frequency", "keyword": "a", "frequency": 2, "relation": "less than"},
    {"id": "keywords:forbidden_words", "forbidden_words": ["a", "好"]},
    {"id": "keywords:letter_frequency", "letter": "a", "let_frequency": 1, "let_relation": "less than"},
    {"id": "keywords:required", "words": ["a", "好"]},
    {"id": "keywords:forbidden", "words": ["a", "好"]},
    {"id": "length_constraints:number_sentences", "num_sentences": 2, "relation": "at least"},
    {"id": "length_constraints:number_paragraphs", "num_paragraphs": 2},
    {"id": "length_constraints:number_words", "num_words": 9, "relation": "at least"},
    {"id": "length_constraints:number_characters", "num_characters": 9, "relation": "at least"},
    {"id": "length_constraints:nth_paragraph_first_word", "num_paragraphs": 2, "nth_paragraph": 1, "first_word": "a"},
    {"id": "detectable_content:number_placeholders", "num_placeholders": 1},
    {"id": "detectable_content:postscript", "postscript_marker": "P.S."},
    {"id": "detectable_format:number_bullet_lists", "num_bullets": 2},
    {"id": "detectable_format:constrained_response", "options": ["yes"]},
    {"id": "detectable_format:number_highlighted_sections", "num_highlights": 1},
    {"id": "detectable_format:multiple_sections", "section_spliter": "Section", "num_sections": 2},
    {"id": "detectable_format:json_format"},
    {"id": "detectable_format:title"},
    {"id": "combination:two_responses"},
    {"id": "combination:repeat_prompt", "prompt_to_repeat": "Write"},
    {"id": "startend:end_checker", "end_phrase": "end"},
    {"id": "startend:quotation"},
    {"id": "change_case:capital_word_frequency", "capital_frequency": 2, "capital_relation": "at least"},
    {"id": "punctuation:no_comma"},
    {"id": "length:characters", "at_most": 9},
    {"id": "length:words", "at_most": 9},
    {"id": "length:tokens", "at_most": 9},
    {"id": "length:sentences", "at_most": 9},
    {"id": "length:paragraphs", "at_most": 9},
    {"id": "length:lines", "at_most": 9},
    {"id": "format:json_schema", "schema": {"type": "object"}},
    {"id": "format:regex", "pattern": "ab+", "forbidden": True},
]
BOTH = [{**one, "id": prefix + one["id"]} for one in EVERY for prefix in ("en:", "zh:")]
CASE = ["change_case:english_capital", "change_case:english_lowercase"]


@given(st.text() | st.text(alphabet='*-•[]【】<>《》"“”「」.。!？…\n #Section第一节1aA好,，\ud800\u200b', max_size=60))
def test_odd_text_gives_a_defined_score(text: str) -> None:
    found = score([*BOTH, *(f"zh:{name}" for name in CASE)], text)
    assert found.error == ""
    assert all(0 <= span.start < span.end <= len(text) for span in found.spans)


HOSTILE = ["a", "A", "好", "[", "【", "<<", "《", "\n", " ", "*", "* ", "*\n", "-", "- \n", ".", ". ", "a. ", "?", "? ",
           "…", "… ", "'", "'a", "''", "{", '"', "P.", "Section ", "第", "第一", "A,", "\ud800", "<<\n", "*a", "第1节",
           ".\n", "\t"]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("piece", HOSTILE, ids=repr)
def test_a_long_text_takes_time_in_proportion(piece: str) -> None:
    """A quadratic search would take minutes over 200,000 characters."""
    text = (piece * 200_000)[:200_000]
    start = time.process_time()
    found = score(BOTH, text)
    assert found.error == ""
    assert time.process_time() - start < 60


@pytest.mark.skipif(not OUTPUTS.is_dir(), reason="recorded outputs (shared/data) are absent")
def test_real_outputs_raise_nothing() -> None:
    with (OUTPUTS / "xstest" / "gpt4.csv").open(encoding="utf-8", newline="") as file:
        english = [row["completion"] for row in csv.DictReader(file)][:150]
    chinese = [row["response"] for row in json.loads((OUTPUTS / "halluqa" / "gpt-4-0613.json").read_text("utf-8"))][
        :150
    ]
    prompts = {"en": ask(EVERY, "en"), "zh": ask(EVERY, "zh")}
    for lang, texts in (("en", english), ("zh", chinese)):
        found = Control().score([Request(prompts[lang]).answer(text) for text in texts])
        assert len(found) == 150
        assert all(one.value is not None and one.error == "" for one in found)


def test_wrong_declarations_are_found_before_the_first_request() -> None:
    good = Prompt("good", "?", fields={"instructions": '["punctuation:no_comma"]'})
    bad = [Prompt(f"bad{i}", "?", fields={"instructions": text}) for i, text in enumerate(('["no_coma"]', "{", "[1]"))]
    Control().check([good, Prompt("none", "?")])
    with pytest.raises(DataError) as raised:
        Control().check([good, *bad])
    assert [problem.key for problem in raised.value.problems] == ["prompt 'bad0'", "prompt 'bad1'", "prompt 'bad2'"]
