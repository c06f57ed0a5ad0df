from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc_eval.text import fold, language, ngrams, normalize, sentences, simplify, tokens

anything = st.text(st.characters(), max_size=200)


@given(anything)
def test_normal_forms_are_stable(text: str) -> None:
    assert normalize(normalize(text)) == normalize(text)
    assert len(simplify(text)) == len(text)


@given(anything)
def test_tokens_hold_every_visible_character(text: str) -> None:
    assert "".join(tokens(text)) == "".join(c for c in text if "".join(tokens(c)))


@given(anything)
def test_sentences_are_disjoint_and_lose_nothing_but_space(text: str) -> None:
    found = sentences(text)
    assert all(a < b <= c for (a, b), (c, _) in pairwise(found))
    assert "".join("".join(text[a:b] for a, b in found).split()) == "".join(text.split())


def test_full_width_and_traditional_meet_half_width_and_simplified() -> None:
    assert fold("１３８－電話") == "138-电话"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("模型很好", "zh"), ("The model is good", "en"), ("用 GPT-4 模型写代码", "zh"), ("こんにちは世界", "other"),
     ("", ""), ("Привет, мир", "other"), ("😀😀", ""), ("He said 你好 to everyone in the room", "en")],
)  # fmt: skip
def test_language_is_told_by_script(text: str, expected: str) -> None:
    assert language(text) == expected


def test_rare_hanzi_are_tokens() -> None:
    assert tokens("𠮷野家") == ["𠮷", "野", "家"]


def test_ngrams_of_a_short_text() -> None:
    assert ngrams(["a"], 2) == []
