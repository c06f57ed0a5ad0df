from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc_eval.windows import sentence_windows, strides


@given(st.integers(0, 500), st.integers(1, 60), st.data())
def test_strides_cover_everything_and_overlap(length: int, size: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, size - 1))
    found = strides(length, size, overlap)
    assert {i for a, b in found for i in range(a, b)} == set(range(length))
    assert all(b - a == min(size, length) for a, b in found)
    assert all(b - c >= overlap for (_, b), (c, _) in itertools.pairwise(found))


def test_strides_refuse_an_overlap_that_never_moves_on() -> None:
    with pytest.raises(ValueError, match="overlap"):
        strides(10, 4, 4)


@given(st.text(alphabet="ab 。.!\n你好\u200b", max_size=300), st.integers(2, 40))
def test_sentence_windows_cover_every_visible_character(text: str, size: int) -> None:
    found = sentence_windows(text, size)
    covered = {i for a, b in found for i in range(a, b)}
    assert {i for i, c in enumerate(text) if not c.isspace()} <= covered
    assert all(0 < b - a <= size for a, b in found)
    assert found == sorted(found)


def test_a_huge_token_is_cut_not_dropped() -> None:
    assert sentence_windows("a" * 1000, 100)[-1] == (900, 1000)
