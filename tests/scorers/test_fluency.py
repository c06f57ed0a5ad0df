from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aigc_eval.errors import UsageError
from aigc_eval.metrics import Metric
from aigc_eval.records import Generation, Outcome, Prompt, Request, Score
from aigc_eval.scorers.fluency import Fluency
from aigc_eval.scorers.fluency.ending import cut_ending
from aigc_eval.scorers.fluency.faults import FAULTS
from aigc_eval.scorers.fluency.rambling import ramble
from aigc_eval.scorers.fluency.repetition import longest_repeat, rep_n
from aigc_eval.scorers.fluency.script import expected_language, foreign, mojibake
from aigc_eval.text import tokens

OUTPUTS = Path(__file__).parents[2] / "../shared/data/outputs"
needs_outputs = pytest.mark.skipif(not OUTPUTS.exists(), reason="recorded outputs (shared/data/outputs) are absent")

WHOLE = "Tea is made in three steps. Boil the water, add the leaves and wait. 泡茶分三步：烧水、放茶叶、等待。"
HOSTILE = (
    "", " \n\t", "\u200b\u200d", "。", "🙂🙂🙂", "a" * 5000, "مرحبا بالعالم، كيف حالك اليوم؟",
    "\ud800 lone \udfff", "\x00\x07",
    "今天 weather 很好，我们 go 吧。", "```", "**", "- ", "1.", "(((((" * 50, "“" * 500, "\ufffd", "Q:" * 300,
    "\u202eabc",
    "x" + "\u0301" * 300, "ﷺ" * 100, "锟斤拷", "#" * 400, " \n" * 400 + "a", "﷽", "\r\n\r\n", "'", "：",
    "\u2003", "a\u2003\u200b", "\x1c\x85",
)  # fmt: skip


def answer(
    text: str, prompt: str = "Tell me.", outcome: Outcome = "ok", tags: Mapping[str, str] | None = None
) -> Generation:
    return Generation(Request(Prompt("p", prompt, tags=dict(tags or {}))), text, outcome)


def one(text: str, prompt: str = "Tell me.", outcome: Outcome = "ok", tags: Mapping[str, str] | None = None) -> Score:
    return Fluency().score([answer(text, prompt, outcome, tags)])[0]


def evidence(text: str, score: Score, label: str) -> list[str]:
    return [text[s.start : s.end] for s in score.spans if s.label == label]


def frame(scores: Sequence[Score]) -> pd.DataFrame:
    rows = [
        {"prompt": str(i), "sample": 0, "value": s.value, "status": "scored", **s.parts} for i, s in enumerate(scores)
    ]
    return pd.DataFrame(rows)


def metric(scorer: Fluency, name: str) -> Metric:
    return next(m for m in scorer.metrics() if m.name == name)


# ---- repetition


def test_rep_n_of_worked_examples() -> None:
    assert rep_n(list("abcdabcd")) == pytest.approx(1 - 4 / 5)
    assert rep_n(list("abcde")) == 0.0
    assert rep_n(list("abc")) is None
    assert rep_n(tokens("今天很好今天很好")) == pytest.approx(1 - 4 / 5)


@given(st.text(alphabet="ab中", max_size=40))
def test_the_longest_repeat_is_that_of_the_slow_way(text: str) -> None:
    best = 0
    for i in range(len(text)):
        for j in range(i + 1, len(text)):
            k = 0
            while j + k < len(text) and text[i + k] == text[j + k]:
                k += 1
            best = max(best, k)
    found = longest_repeat(text)
    assert (found.length if found else 0) == best
    if found:
        assert found.first < found.second
        assert text[found.first :][: found.length] == text[found.second :][: found.length]


@pytest.mark.parametrize(
    "loop", ["The company has been in business for over 20 years. ", "这家公司已经经营了二十多年。", "-en, ", "哈"]
)
def test_a_loop_is_repetition_with_the_repeated_passage_as_evidence(loop: str) -> None:
    text = "First, an answer. 先回答一下。" + loop * 250
    score = one(text)
    assert score.value == score.parts["repetition"] == 1.0
    assert score.parts["longest_repeat"] > 0.9
    assert loop.strip() in evidence(text, score, "repetition")[0]


@pytest.mark.parametrize(
    "text", [WHOLE, "Ha ha ha ha!", "No. No. No.", "好的，好的，好的。", "42", "1, 2, 3, 4, 5, 6, 7, 8."]
)
def test_what_is_short_or_varied_is_no_repetition(text: str) -> None:
    assert one(text).parts["repetition"] == 0.0


# ---- truncation

CUT = (
    "Tea needs time. Prioritize tasks: make a to",
    "茶要慢慢泡。首先你需要准备一些",
    "北京是首都。希望这些建议能帮助你写一篇交响乐音乐会评",
    "They left. We then went to the",
    "Here are some tips:\n1. Plan ahead, every day.\n2. Take breaks, often.\n3. Prioritize tasks: Make a list of",
    "以下是几点建议：\n1. 提前做好计划。\n2. 多休息，多喝水。\n3. 社会效益：公共交通系统的设计需要考虑到",
    "以下是几点建议：\n1. 提前做好计划。\n2.",
    "社会效益也很重要。还有社会效\ufffd",
    "Use this:\n```python\nprint(1)",
    "It costs little. In the end, the costs are,",
    "好处很多，包括",
    "There are two ways. **Second w",
    "I think that you are the",
)
UNCUT = (
    "Paris", "北京", "42", "3.14", "Wilhelm Conrad Röntgen", "是的", "O型血", "Portugal. The Man", "9:15 am",
    "J.R.R. Tolkien",
    "The capital is Paris.", "首都是北京。", "Really?!", "他说：“走吧！”", "Well...", "好吧……", "See you soon 🙂",
    "Three colours:\n- red\n- green\n- blue", "三种颜色：\n1. 红色\n2. 绿色\n3. 蓝色",
    "| a | b |\n|---|---|\n| 1 | 2 |", "Run it.\n```python\nprint(1)\n```", "Read the page. It is at https://example.org/a",
    "Write to us. Our address is me@example.org", "Thank you.\n\nSincerely,\nJane Doe", "谢谢。\n\n此致\n敬礼\n\n张三",
    "祝您一切顺利，\n\n[您的公司名称]团队", "What a day. #sunny",
    "It was said. \"The best way is to create it.\" - Abraham Lincoln",
    "The answer is clear. It is **42**", "Use it well. The command is `ls`",
    "Roses are red\nViolets are blue\nSugar is sweet",
    "Set it. background-color: #FFC0CB;", "Solve it. We get $x = 2$", "Dr. Smith met Mr. Jones", "x = 2 ** 3",
    "", "   ", "。", "🙂",
    "见附件，祝周末愉快！\n\n小陈", "王姐：\n\n多亏你帮忙。\n\n祝周末愉快！\n小陈",
    "The key follows.\n-----END PRIVATE KEY-----",
)  # fmt: skip


@pytest.mark.parametrize("text", CUT)
def test_a_cut_text_is_truncated_from_its_last_piece_on(text: str) -> None:
    score = one(text, "写几点建议" if "。" in text else "Give advice.")
    assert score.value == score.parts["truncation"] == 1.0
    [passage] = evidence(text, score, "truncation")
    assert text.endswith(passage)
    assert len(passage) < 60


@pytest.mark.parametrize("text", UNCUT)
def test_a_whole_text_is_not_truncated(text: str) -> None:
    assert cut_ending(text) is None


def test_the_outcome_truncated_counts_whatever_the_text_looks_like() -> None:
    score = one("Everything is said.", outcome="truncated")
    assert score.parts["truncation"] == score.value == 1.0
    assert evidence("Everything is said.", score, "truncation")


# ---- rambling


@pytest.mark.parametrize(
    ("text", "prompt", "start"),
    [
        (" Bonsoir.\n\nInput: Good night?\nOutput: Bonne nuit.", "In French:\nInput: Good evening?\nOutput:",
         "Input: Good n"),
        (" 晚上好。\n\n问：早上呢？\n答：早上好。", "翻译。\n问：Good evening?\n答：", "问：早上呢"),
        ("Positive\n\nInput: bad\nOutput: Negative\n\nInput: good\nOutput: Positive", "Classify: fine", "Input: bad"),
        ("Paris.\nUser: And Rome?\nAssistant: Italy.", "Where is the Louvre?", "User:"),
        ("是北京。\n用户：那上海呢？", "首都是哪里？", "用户："),
        ("Yes.\n\n### Instruction:\nWrite a poem.", "Is it so?", "### Instruction"),
        ("Tea.\n\nName one drink that people have in the morning.\nCoffee.",
         "Name one drink that people have in the morning.", "Name one"),
        ("茶。\n请说出一种早上喝的饮料的名字。\n咖啡。", "请说出一种早上喝的饮料的名字。", "请说出"),
    ],
)  # fmt: skip
def test_a_text_that_goes_on_with_a_new_prompt_rambles(text: str, prompt: str, start: str) -> None:
    score = one(text, prompt)
    assert score.parts["rambling"] == score.value == 1.0
    [passage] = evidence(text, score, "rambling")
    assert passage.startswith(start)
    assert text.endswith(passage)


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("Output: Bonsoir.", "In French:\nInput: Good evening?\nOutput:"),
        ("Input: two numbers.\nOutput: their sum.", "Describe a function."),
        ("Q: Is it safe?\nA: Yes.\n\nQ: Is it cheap?\nA: No.", "Write an FAQ."),
        ("```\nUser: alice\nInput: 1\nOutput: 2\n```", "Show a log."),
        ("Host: Welcome!\nGuest: Thank you.\nHost: Let us start.", "Write a podcast script."),
        ("User: Hi\nBot: Hello!\nUser: Bye", "Write a dialogue of a user and a bot.\nUser: Hi"),
        ("How do I make tea in a very small pot?\nBoil water.", "How do I make tea in a very small pot?"),
        ("", "Input: a\nOutput:"),
    ],
)
def test_answers_with_labels_of_their_own_do_not_ramble(text: str, prompt: str) -> None:
    assert ramble(text, prompt) is None


# ---- language


@pytest.mark.parametrize(
    ("prompt", "tags", "expected"),
    [
        ("How are you?", {}, "en"),
        ("你好吗？", {}, "zh"),
        ("How are you?", {"lang": "zh"}, "zh"),
        ("How are you?", {"lang": "en-GB", "answer_lang": "zh-Hans"}, "zh"),
        ("Translate to Chinese: cat", {"lang": "en"}, ""),
        ("Translate to Chinese: cat", {"lang": "en", "answer_lang": "zh"}, "zh"),
        ("用英文写一首诗", {}, ""),
        ("42", {}, ""),
        ("こんにちは", {"lang": "ja"}, ""),
    ],
)
def test_the_expected_language(prompt: str, tags: dict[str, str], expected: str) -> None:
    assert expected_language(prompt, tags) == expected


def test_an_answer_in_another_language_is_a_fault_with_the_passage_as_evidence() -> None:
    text = "可以。This is an answer in English that nobody asked for."
    score = one(text, "你能回答吗？")
    assert score.parts["wrong_language"] == score.value == 1.0
    assert evidence(text, score, "wrong_language") == ["This is an answer in English that nobody asked for"]
    assert one("这是一个没有人要求的中文回答。", "Can you answer?").parts["wrong_language"] == 1.0
    assert (
        one("Это ответ на русском языке, о котором никто не просил.", "Can you answer?").parts["wrong_language"] == 1.0
    )


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("用 Python 和 JavaScript 都可以写。", "用什么写？"),
        ("C语言。", "哪种语言最好？"),
        ("LGD。", "冠军是谁？"),
        ("莎士比亚写道：“Shall I compare thee to a summer's day? Thou art more lovely”。", "背一句诗。"),
        ("运行：\n```\nfor each item in the list do print the item\n```", "怎么写循环？"),
        ("The word for this is 你好.", "How are you greeted there?"),
        ("请看 https://example.org/this/is/a/long/path/of/words 。", "在哪里看？"),
        ("42", "多少？"),
        ("🙂", "How are you?"),
        ("Elon Musk", "谁创办了这家公司？"),
    ],
)
def test_names_quotations_and_code_in_another_script_are_no_fault(text: str, prompt: str) -> None:
    assert one(text, prompt).parts["wrong_language"] == 0.0


def test_where_no_language_is_asked_for_none_is_judged() -> None:
    assert "wrong_language" not in one("El gato", "Translate into Spanish: the cat").parts
    share, passage = foreign("你好世界朋友", "en")
    assert (share, passage) == (1.0, (0, 6))


# ---- mojibake


@pytest.mark.parametrize("table", ["latin-1", "cp1252", "gbk"])
@pytest.mark.parametrize("text", ["编码错误的文本出现了乱码", "今天天气很好"])
def test_utf_8_read_with_another_table_is_found(text: str, table: str) -> None:
    wrong = text.encode().decode(table, "replace")
    found = mojibake(f"好的：{wrong} 是这样。")
    assert sum(b - a for a, b in found) > 0.6 * len(wrong)


@pytest.mark.parametrize(
    "text", ["cafÃ©", "donâ€™t", "Â£45", "锟斤拷", "烫烫烫", "a\ufffdb", "\ue000", "a\x08b", "\ud800"]
)
def test_garbled_characters_are_found(text: str) -> None:
    score = one(f"It says {text} here.")
    assert score.parts["mojibake"] == score.value == 1.0


@pytest.mark.parametrize(
    "text",
    [
        "Café naïve «É» ROMÂNIA São Paulo",
        "NÃO",
        "价格£45，约€50。",
        "a\tb\r\nc",
        "联通、广东省、水浒传、雁荡山、华为小米",
        "😀 ✓ → ≤",
        "don’t “quote”",
    ],
)
def test_accents_symbols_and_hanzi_are_not_garbled(text: str) -> None:
    assert mojibake(text) == []


def test_what_the_prompt_holds_itself_and_half_a_last_character_are_no_mojibake() -> None:
    assert one("“锟斤拷” comes from U+FFFD.", "What does 锟斤拷 mean?").parts["mojibake"] == 0.0
    assert mojibake("社会效益\ufffd\ufffd") == []


# ---- the scorer


@pytest.mark.parametrize("text", ["", " \n", "\u200b\ufeff"])
def test_an_empty_answer_is_a_fault_and_nothing_else(text: str) -> None:
    score = one(text, outcome="empty")
    assert (score.value, score.parts["empty"], score.spans) == (1.0, 1.0, ())
    assert sum(score.parts.values()) == 1.0


def test_faultless_answers_score_zero() -> None:
    texts = ["Paris", "北京。", "The capital of France is Paris.", "法国的首都是巴黎。"]
    assert [one(t, "法国首都？" if i % 2 else "Capital?").value for i, t in enumerate(texts)] == [0.0] * 4


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_get_finite_scores_and_spans_inside_the_text(text: str) -> None:
    for prompt, tags in (("Say it.", {"lang": "en"}), ("请说。", {"lang": "zh"}), (text, {})):
        score = one(text, prompt, tags=tags)
        assert score.value in (0.0, 1.0)
        assert all(0 <= s.start < s.end <= len(text) for s in score.spans)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200), st.text(max_size=50))
def test_any_text_gets_a_score(text: str, prompt: str) -> None:
    score = one(text, prompt)
    assert all(s.end <= len(text) for s in score.spans)
    assert score.value == max(score.parts.get(fault.part, 0.0) for fault in FAULTS)


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    ["a" * 10**6, "今天天气很好。" * 10**5, "A. " * 300_000, "“" * 10**6, "\ue000a" * 500_000, " " * 10**6 + "x",
     "(" * 10**6,
     "a@" * 500_000, "Input:\n" * 100_000, "#" * 10**6, "Ã" * 10**6, "**a " * 200_000, "\n" * 10**6 + "a"],
    ids=lambda t: repr(t[:6]),
)  # fmt: skip
def test_a_megabyte_is_scored_in_bounded_time(text: str) -> None:
    started = time.perf_counter()
    assert one(text, "Say it.\nInput: a\nOutput:").value is not None
    assert time.perf_counter() - started < 20


def test_rates_count_each_fault_over_its_own_rows() -> None:
    scorer = Fluency()
    rows = frame(scorer.score([
        answer("Fine."), answer("", outcome="empty"), answer("All is well. And then the"),
        answer("El gato.", "In Spanish: the cat"),
    ]))  # fmt: skip
    values = {m.name: m(rows) for m in scorer.metrics()}
    assert next(iter(values)) == "degenerate_rate"
    assert values["degenerate_rate"] == 0.5
    assert values["empty_rate"] == values["truncation_rate"] == 0.25
    assert values["rambling_rate"] == values["mojibake_rate"] == values["repetition_rate"] == 0.0
    assert values["wrong_language_rate"] == 0.0
    assert values["rep_4"] == 0.0
    assert all(m.title.zh and m.about.zh for m in scorer.metrics())


def test_no_answers_no_scores_and_options_that_mean_nothing_are_refused() -> None:
    assert Fluency().score([]) == []
    for options in (
        {"stride": 0},
        {"stride": 1024},
        {"max_repeat": 0.0},
        {"window": 1, "stride": 1},
        {"max_tokens": 0},
    ):
        with pytest.raises(UsageError, match=next(iter(options))):
            Fluency(**options)  # type: ignore[arg-type]
    assert Fluency().signature() == "Fluency|version:3"


# ---- on recorded outputs


def recorded(name: str, ask: str, reply: str) -> list[Generation]:
    lines = (OUTPUTS / name).read_text("utf-8").splitlines()
    return [answer(row[reply], row.get(ask, "")) for row in map(json.loads, lines)]


def rates(answers: Sequence[Generation]) -> dict[str, float]:
    scorer = Fluency()
    rows = frame(scorer.score(answers))
    return {m.name: m(rows) or 0.0 for m in scorer.metrics()}


@needs_outputs
def test_raw_davinci_rambles_and_the_instructed_model_does_not() -> None:
    raw = rates(recorded("self-instruct/davinci_predictions.jsonl", "prompt", "response")[::2])
    instructed = rates(recorded("self-instruct/text-davinci-003_predictions.jsonl", "prompt", "response")[::2])
    assert raw["rambling_rate"] > 0.7
    assert raw["repetition_rate"] > 0.8
    assert raw["degenerate_rate"] > 0.95
    assert instructed["rambling_rate"] <= 0.01
    assert instructed["degenerate_rate"] < 0.1


@needs_outputs
def test_answers_cut_in_mid_word_are_found_and_whole_ones_are_not() -> None:
    cut = rates(recorded("llmzoo/answers/answer_Chimera-chat-7b.jsonl", "", "text"))
    whole = rates(recorded("llmzoo/answers/answer_gpt35.jsonl", "", "text"))
    assert 0.15 < cut["truncation_rate"] < 0.25
    assert whole["truncation_rate"] <= 0.01
    assert whole["degenerate_rate"] <= 0.02


@needs_outputs
def test_short_answers_of_a_question_set_are_not_degenerate() -> None:
    rows = json.loads((OUTPUTS / "evouna/NQ.json").read_text("utf-8"))[:1500]
    found = rates([answer(r["answer_fid"], r["question"]) for r in rows if r["answer_fid"]])
    assert found["degenerate_rate"] < 0.005
