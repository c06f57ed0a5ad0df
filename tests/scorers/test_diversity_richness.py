"""MTLD and MATTR: McCarthy & Jarvis's and Covington & McFall's definitions, lexicalrichness as the second program."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aigc_eval.intervals import blocks_of
from aigc_eval.metrics import clusters
from aigc_eval.scorers.diversity import Mattr, Mtld
from aigc_eval.scorers.diversity.factors import FACTOR_SIZE, Sequences, earlier, factors_without
from tests.scorers.test_diversity import frame, random_texts

GOLDEN = "the cat sat on the mat and the dog sat on the log"
ENGLISH = (
    "Four score and seven years ago our fathers brought forth on this continent, a new nation, conceived in Liberty, "
    "and dedicated to the proposition that all men are created equal. Now we are engaged in a great civil war, testing "
    "whether that nation, or any nation so conceived and so dedicated, can long endure. We are met on a great "
    "battle-field of that war. We have come to dedicate a portion of that field, as a final resting place for those "
    "who here gave their lives that that nation might live. It is altogether fitting and proper that we should do this."
)
CHINESE = (
    "四周的山上，层层的稻田，一片接着一片。山上的稻子黄了，风吹过来，稻田像海一样起伏。农民在田里割稻，孩子在田边捉虫。"
    "天上的云一片接着一片，慢慢地从山的这边走到山的那边。太阳落山的时候，农民背着稻子回家，孩子唱着歌走在前面。"
    "风还在吹，稻田还在起伏，山还是那座山。"
)


def token_by_token(words):
    """McCarthy & Jarvis's factors as they read."""
    full, length, kinds = 0, 0, set()
    for word in words:
        length += 1
        kinds.add(word)
        if len(kinds) <= FACTOR_SIZE * length:
            full, length = full + 1, 0
            kinds.clear()
    return full + (1 - len(kinds) / length) / (1 - FACTOR_SIZE) if length else float(full)


def factors(*sequences):
    """Those of each sequence, counted side by side."""
    names: dict[object, int] = {}
    words = np.array([names.setdefault(word, len(names)) for own in sequences for word in own], dtype=np.int32)
    lengths = np.array([len(own) for own in sequences])
    return Sequences(earlier(words, lengths), np.arange(len(words), dtype=np.int32), lengths).factors().tolist()


def test_golden():
    # computed by hand: one factor of ten tokens from either side, what is left repeats nothing; 8 types of 13 tokens
    assert Mtld("m", shortest=13)(frame([GOLDEN])) == 13.0
    assert factors(GOLDEN.split(), GOLDEN.split()[::-1]) == [1.0, 1.0]
    assert Mattr("m", window=5)(frame([GOLDEN])) == pytest.approx(0.911111, abs=5e-7)
    assert Mattr("m", window=13)(frame([GOLDEN])) == pytest.approx(8 / 13)  # a single window: the type-token ratio


@pytest.mark.parametrize(
    ("text", "mtld", "mattr"),
    # lexicalrichness 0.5.1 with these tokens: 116 tokens of 74 types, and 129 of 59 (Chinese by characters)
    [(ENGLISH, 70.8870623119522, 0.7391044776119398), (CHINESE, 33.70164233576642, 0.6932500000000003)],
)
def test_lexicalrichness(text, mtld, mattr):
    assert Mtld("m")(frame([text])) == pytest.approx(mtld, abs=1e-9)
    assert Mattr("m")(frame([text])) == pytest.approx(mattr, abs=1e-9)


def test_a_factor_closes_at_the_threshold_itself():
    # 18 types of 25 tokens are exactly .72
    assert factors([*range(18), *range(7)]) == [1.0]
    assert factors([*range(19), *range(6)]) == pytest.approx([(1 - 19 / 25) / 0.28])
    assert factors(range(200), "aabbab") == [1.0, 2.0]  # no repeat: one factor, as lexicalrichness has it


@given(
    st.lists(st.integers(1, 400), min_size=1, max_size=4),
    st.integers(2, 60),
    st.integers(3, 50),
    st.sampled_from([1, 4, 128]),
    st.randoms(use_true_random=False),
)
@settings(deadline=None)
def test_factors_are_those_counted_token_by_token(lengths, kinds, stretch, width, draw):
    sequences = [[draw.randrange(kinds) for _ in range(n)] for n in lengths]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("aigc_eval.scorers.diversity.factors.STRETCH", stretch)
        patch.setattr("aigc_eval.scorers.diversity.factors.WIDTH", width)
        assert factors(*sequences) == [token_by_token(own) or 1.0 for own in sequences]


@given(st.lists(st.integers(0, 4), min_size=2, max_size=300), st.integers(2, 40), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_factors_without_a_block_are_those_of_the_rest(blocks, kinds, draw):
    words, blocks = np.array([draw.randrange(kinds) for _ in blocks], dtype=np.int32), np.array(blocks)
    some = np.array([block for block in range(5) if (blocks != block).any()])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("aigc_eval.scorers.diversity.factors.STRETCH", 20)
        patch.setattr("aigc_eval.scorers.diversity.factors.MOST", draw.choice([1, 700, 1 << 22]))
        found = factors_without(earlier(words, np.array([len(words)])), blocks, some)
    assert found.tolist() == [token_by_token(words[blocks != block]) or 1.0 for block in some]


@given(st.lists(st.lists(st.sampled_from("abcdefg"), max_size=30), min_size=1, max_size=5), st.integers(2, 9))
@settings(deadline=None)
def test_mattr_is_the_mean_over_windows(texts, window):
    rows = frame([" ".join(t) for t in texts])
    each = [
        np.mean([len(set(t[i : i + window])) / window for i in range(len(t) - window + 1)])
        for t in texts
        if len(t) >= window
    ]
    metric = Mattr("m", window=window)
    assert metric(rows) == (pytest.approx(np.mean(each)) if each else None)
    together = [word for t in texts for word in t]
    joined = [len(set(together[i : i + window])) / window for i in range(len(together) - window + 1)]
    found = Mattr("m", window=window, joined=True)(rows)
    assert found == (pytest.approx(np.mean(joined)) if joined else None)
    if each:
        assert 1 / window <= metric(rows) <= 1


def test_short_texts_have_no_value_and_do_not_count():
    long, short = " ".join(GOLDEN.split() * 8), " ".join(GOLDEN.split() * 7)  # 104 and 91 tokens
    rows = frame([long, short, "a b"])
    for metric, kept in ((Mtld("m"), 1), (Mattr("m"), 2)):
        assert len(metric.present(rows)) == kept
        assert metric(rows) == pytest.approx(metric(rows[:kept]))
        assert metric(frame(["too short", "一句话。"])) is None
    assert Mtld("m", joined=True)(frame([short])) is None
    assert Mtld("m", joined=True)(frame([short, short])) is not None
    assert len(Mtld("m", joined=True).present(rows)) == 3
    budget = rows.assign(budget=[99, 91, 2])
    assert Mtld("m")(budget) is None
    assert len(Mtld("m").present(budget)) == 0


def test_joined_texts_follow_each_other_in_the_order_of_the_rows():
    rows = frame(["a b c d", "a b c d", "e f g h"])
    swapped = rows.iloc[[0, 2, 1]]
    metric = Mattr("m", window=6, joined=True)
    assert metric(rows) == pytest.approx(np.mean([4, 4, 4, 5, 6, 6, 6]) / 6, abs=0.05)
    assert metric(swapped) > metric(rows)


def test_copies_lower_the_measures_of_the_set_and_order_does_not_touch_those_of_texts():
    texts = random_texts(6, 120)
    for metric in (Mattr("m"), Mtld("m")):
        assert metric(frame(texts[::-1])) == pytest.approx(metric(frame(texts)))
    # joined, copies show where they are near enough: within a window, within a factor
    short = random_texts(20, 16, vocabulary=4000)
    for joined in (Mattr("m", joined=True), Mtld("m", joined=True)):
        assert joined(frame([t for t in short for _ in range(2)])) < 0.9 * joined(frame(short))


def test_replicates_of_texts_and_of_the_set_are_the_metric_over_the_rest():
    rows = frame([*random_texts(20, 130), "short", ""])
    blocks = blocks_of(clusters(rows), 7)
    for metric in (Mattr("m"), Mtld("m"), Mattr("m", joined=True), Mtld("m", joined=True)):
        rest = [metric(rows[blocks != j]) for j in range(7)]
        np.testing.assert_allclose(metric.without(rows, blocks), rest)
    assert Mtld("m").interval(rows).method == "jackknife(22)"
    assert Mtld("m", joined=True).interval(rows).method == "jackknife(10)"


def test_no_rows():
    for joined in (False, True):
        for metric in (Mattr("m", joined=joined), Mtld("m", joined=joined)):
            assert metric(frame([])) is None
            assert metric.interval(pd.DataFrame({"prompt": [], "sample": [], "text": []})) is None


@pytest.mark.parametrize("kind", [Mattr, Mtld])
def test_per_prompt_is_that_of_its_samples_one_after_another(kind: type[Mattr] | type[Mtld]) -> None:
    """Beside the measure of one text that holds them all; a prompt with one sample has none."""
    draws = {
        "a": ["red green blue one two three " * 8, "red blue " * 30],
        "b": ["一二三四五六七八九十" * 6, "一二三" * 20],
    }
    rows = pd.DataFrame([(p, t) for p, texts in draws.items() for t in texts], columns=["prompt", "text"])
    whole = [kind("m")(pd.DataFrame({"prompt": ["p"], "text": [" ".join(texts)]})) for texts in draws.values()]
    assert None not in whole
    metric = kind("m", joined=True, by_prompt=True)
    assert metric(rows) == pytest.approx(sum(v for v in whole if v is not None) / 2)
    assert metric(rows[:1]) is None
