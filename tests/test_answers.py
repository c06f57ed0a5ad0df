from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc_eval.answers import named_choice

CITIES = ["Paris", "Rome", "New York", "York"]


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("B", 1), ("b.", 1), ("(B)", 1), ("**B**", 1), ("B. Rome", 1), ("B) it is Rome", 1), ("Answer: B", 1),
        ("The correct answer is B.", 1), ("I would choose option C because of Rome.", 2), ("rome", 1), ("Rome!", 1),
        ("It is Rome, of course.", 1), ("New York", 2), ("It lies in New York.", 2), ("It lies in York.", 3),
        ("New York, not York", 2), ("Paris or Rome", None), ("The answer is A or B: answer A, answer B", None),
        ("A man lives here", None), ("E", None), ("", None), ("😀", None), ("Romeo", None), ("I choose a city", None),
        ("答案是B", 1), ("答案：B。罗马", 1), ("选C", 2), ("我认为应该选择 D。", 3), ("正確的是Ａ", 0), ("Ｂ", 1),
    ],
)  # fmt: skip
def test_which_choice_an_answer_names(text: str, index: int | None) -> None:
    assert named_choice(text, CITIES) == index


@pytest.mark.parametrize(
    "text",
    [
        "不选B", "我不选B。", "不应该选B", "别选 B", "选项B不对", "选项B是错的", "排除选项B", "B、C都错", "不是Rome",
        "I would not choose B", "I'd never pick B.", "I wouldn't pick B", "Option B is wrong.", "(B) is wrong",
        "Option B isn't right.", "It is not Rome", "It isn't Rome.", "It is anything rather than Rome",
    ],
)  # fmt: skip
def test_a_choice_that_is_denied_is_not_named(text: str) -> None:
    """An answer that only rules the right choice out must not count as right."""
    assert named_choice(text, CITIES) is None


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("不选A，选B", 1), ("选项A不对，选项B正确", 1), ("Option A is wrong; the answer is B.", 1),
        ("答案是B，不是A", 1),
        ("It is not Paris but Rome.", 1), ("我毫不犹豫选B", 1), ("I am not certain, but I choose B", 1),
        ("Not sure. Rome", 1), ("B, not A", 1),
    ],
)  # fmt: skip
def test_a_denial_of_another_choice_leaves_the_named_one(text: str, index: int) -> None:
    assert named_choice(text, CITIES) == index


def test_chinese_choices_by_their_words() -> None:
    cities = ["巴黎", "罗马"]
    assert [named_choice(t, cities) for t in ("不是巴黎，是罗马", "不是罗马", "并非罗马")] == [1, None, None]
    assert named_choice("不可以", ["可以", "不知道"]) is None
    choices = ["可以", "不可以", "不知道"]
    assert [named_choice(t, choices) for t in ("不可以。", "我觉得可以", "這個不可以吧", "可以，也不可以")] == [
        1,
        0,
        1,
        None,
    ]


@given(st.text(), st.lists(st.text(), min_size=2, max_size=5))
def test_any_text_names_one_of_the_choices_or_none(text: str, choices: list[str]) -> None:
    assert named_choice(text, choices) in {None, *range(len(choices))}
