"""EAD, homogenisation and the compression ratio's replicates: papers' formulas, rouge-score as the second program."""

from __future__ import annotations

import gzip
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aigc_eval.intervals import blocks_of, jackknife
from aigc_eval.metrics import clusters
from aigc_eval.scorers.diversity import (
    CompressionRatio,
    Distinct,
    ExpectationAdjustedDistinct,
    Homogenization,
    compression,
    homogenization,
)
from aigc_eval.scorers.diversity.corpus import corpus
from aigc_eval.scorers.diversity.homogenization import pairs
from aigc_eval.scorers.diversity.lcs import Patterns, lcs_lengths
from aigc_eval.text import fold, tokens
from tests.scorers.test_diversity import frame, random_texts

words = st.lists(st.integers(0, 5), min_size=1, max_size=40)


# Expectation-adjusted distinct


@pytest.mark.parametrize(("vocabulary", "expected"), [(10, 0.640261), (50_257, 0.500025)])
def test_ead_golden(vocabulary, expected):
    # N / (V (1 - ((V - 1) / V)^C)) of Liu et al. 2022 with N = 3, C = 6
    metric = ExpectationAdjustedDistinct("ead", vocabulary=vocabulary)
    assert metric(frame(["a b a", "c a b"])) == pytest.approx(expected, abs=5e-7)


def test_ead_does_not_fall_by_length_where_distinct_does():
    # uniform draws from a vocabulary of 500: the paper's own argument for the correction
    rng = np.random.default_rng(1)
    drawn = [frame([" ".join(f"w{w}" for w in rng.integers(0, 500, n))]) for n in (200, 2000)]
    ead = [ExpectationAdjustedDistinct("ead", vocabulary=500)(rows) for rows in drawn]
    distinct = [Distinct("d", n=1)(rows) for rows in drawn]
    assert ead == pytest.approx([1, 1], abs=0.05)
    assert distinct[1] < 0.4 * distinct[0]


# Longest common subsequences and ROUGE-L


def by_table(a: list[int], b: list[int]) -> int:
    row = [0] * (len(b) + 1)
    for x in a:
        diagonal = 0
        for j, y in enumerate(b):
            diagonal, row[j + 1] = row[j + 1], diagonal + 1 if x == y else max(row[j + 1], row[j])
    return row[-1]


@given(st.lists(words, max_size=7))
@settings(deadline=None)
def test_lcs_is_that_of_the_table(texts):
    found = lcs_lengths(texts)
    assert [f.tolist() for f in found] == [[by_table(texts[j], texts[i]) for j in range(i)] for i in range(len(texts))]


def test_lcs_across_several_integers(monkeypatch):
    rng = np.random.default_rng(3)
    texts = [rng.integers(0, 9, rng.integers(1, 70)).tolist() for _ in range(40)]
    whole = lcs_lengths(texts)
    monkeypatch.setattr("aigc_eval.scorers.diversity.lcs.FULL", 200)
    for a, b in zip(whole, lcs_lengths(texts), strict=True):
        assert a.tolist() == b.tolist()
    assert whole[39].tolist() == [by_table(text, texts[39]) for text in texts[:39]]


@pytest.mark.parametrize("length", [7, 8, 29, 30, 31, 63, 64, 65])
def test_a_carry_never_reaches_the_next_text(length):
    # equal texts carry out of the top at every token
    patterns = Patterns()
    for _ in range(3):
        patterns.add([1] * length)
    assert patterns.lengths([1] * (length + 5)).tolist() == [length] * 3


def rouge_l(texts: list[str]) -> np.ndarray:
    from rouge_score.rouge_scorer import RougeScorer

    class Tokens:
        def tokenize(self, text: str) -> list[str]:
            return [fold(word) for word in tokens(text)]

    scorer = RougeScorer(["rougeL"], tokenizer=Tokens())
    return np.array([[scorer.score(a, b)["rougeL"].fmeasure for b in texts] for a in texts])


TEXTS = [
    "The cat sat on the mat, and the dog sat on the log.",
    "On the mat sat a cat; the dog lay under the log.",
    "今天天气很好，我们去公园散步。",
    "明天天气好的话，我们再去公园。",
    "GPT 模型 writes 很好 text.",
]


def test_homogenization_is_rouge_scores_mean_over_pairs():
    texts = [*TEXTS, *random_texts(12, 40)]
    expected = rouge_l(texts)
    found = pairs(corpus(texts))
    assert len(found.f) == 17 * 16 / 2
    np.testing.assert_allclose(found.f, expected[found.first, found.second], atol=1e-12)
    mean = (expected.sum() - 17) / (17 * 16)
    assert Homogenization("h")(frame(texts)) == pytest.approx(mean)
    assert expected[2, 3] > 0.4  # Chinese by characters; rouge-score's own tokenizer keeps a-z and 0-9 only


def test_nothing_in_common_is_0_and_copies_are_1():
    # the `diversity` package by Shaib et al. answers 1.0 where nothing overlaps
    assert Homogenization("h")(frame(["a b c", "d e f", "你好"])) == 0.0
    assert Homogenization("h")(frame(["the same words"] * 4)) == 1.0
    assert Homogenization("h")(frame(["alone"])) is None


@given(st.lists(st.lists(st.sampled_from("abcd好"), min_size=1, max_size=9).map(" ".join), min_size=2, max_size=9))
@settings(max_examples=60, deadline=None)
def test_order_does_not_matter_copies_add_and_ranges_hold(texts):
    metric = Homogenization("h")
    value = metric(frame(texts))
    assert 0 <= value <= 1
    assert metric(frame(texts[::-1])) == pytest.approx(value)
    assert metric(frame(texts * 2)) >= value - 1e-12
    ead = ExpectationAdjustedDistinct("ead", vocabulary=50)
    assert ead(frame(texts[::-1])) == pytest.approx(ead(frame(texts)))
    assert ead(frame(texts * 2)) < ead(frame(texts))


def test_of_long_texts_the_beginning_counts(monkeypatch):
    monkeypatch.setattr(homogenization, "LONGEST", 3)
    assert Homogenization("h")(frame(["a b c d e", "a b x d e", "a b c u v"])) == pytest.approx((2 / 3 + 1 + 2 / 3) / 3)


# Beyond what all pairs may cost


def test_a_large_set_is_sampled_evenly_and_without_bias(monkeypatch):
    texts = random_texts(240, 20, vocabulary=60)
    rows, exact = frame(texts), Homogenization("h")(frame(texts))
    spread = pairs(corpus(texts)).f.std()
    monkeypatch.setattr(homogenization, "TOKENS", 1500)
    drawn = []
    for seed in range(8):
        monkeypatch.setattr(homogenization, "SEED", seed)
        pairs.cache_clear()
        found = pairs(corpus(texts))
        assert 3 * len(found.f) < 240 * 239 / 2
        partners = np.bincount(np.r_[found.first, found.second], minlength=240)
        assert partners.max() - partners.min() <= 1
        assert partners.min() > 10
        drawn.append(found.f.mean())
    assert np.mean(drawn) == pytest.approx(exact, abs=4 * spread / math.sqrt(8 * len(found.f)))
    assert len(set(drawn)) == 8
    blocks = blocks_of(clusters(rows))
    found = pairs(corpus(texts))
    one, two = blocks[found.first], blocks[found.second]
    left = [found.f[(one != j) & (two != j)].mean() for j in range(50)]
    np.testing.assert_allclose(Homogenization("h").without(rows, blocks), left)
    pairs.cache_clear()


def test_the_interval_covers_with_sampled_pairs(monkeypatch):
    monkeypatch.setattr(homogenization, "TOKENS", 800)
    pool = random_texts(2000, 20, vocabulary=80)
    rng = np.random.default_rng(5)
    metric = Homogenization("h")
    truth = metric(frame(pool))
    intervals = [metric.interval(frame(list(rng.choice(pool, 120, replace=False)))) for _ in range(60)]
    assert np.mean([i.low <= truth <= i.high for i in intervals]) >= 0.85


# Compression


def test_gzip_is_applied_once():
    # the `diversity` package by Shaib et al. compresses twice
    texts = ["some words that come again and again"] * 20
    data = "\n".join(texts).encode()
    once = gzip.compress(data, 9, mtime=0)
    assert CompressionRatio("c")(frame(texts)) == len(data) / len(once)
    assert len(gzip.compress(once, 9, mtime=0)) != len(once)


def test_the_faster_replicates_of_a_large_set_give_nearly_the_same_interval(monkeypatch):
    rows = frame(random_texts(400, 60, vocabulary=3000))
    blocks = blocks_of(clusters(rows), 10)
    metric = CompressionRatio("c")
    exact = jackknife(metric(rows), metric.without(rows, blocks))
    monkeypatch.setattr(compression, "LARGE", 1)
    quick = jackknife(metric(rows), metric.without(rows, blocks))
    assert quick != exact
    # Ten blocks: their skewness is mostly chance.
    assert quick.high - quick.low == pytest.approx(exact.high - exact.low, rel=0.3)
