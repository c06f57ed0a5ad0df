"""Diversity: golden values of the papers, nltk as the second program, the jackknife's shortcut against the long way."""

from __future__ import annotations

import dataclasses
import gzip
import math
import subprocess
import time
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aigc_eval.intervals import blocks_of
from aigc_eval.metrics import clusters
from aigc_eval.records import Generation, Prompt, Request
from aigc_eval.scorers.diversity import (
    CompressionRatio,
    Distinct,
    Diversity,
    ExpectationAdjustedDistinct,
    Homogenization,
    Mattr,
    Mtld,
    SelfBleu,
    SelfRepetition,
    SetMetric,
    VendiNgrams,
)
from aigc_eval.scorers.diversity.corpus import corpus, cut, token_counts
from aigc_eval.scorers.diversity.repeats import repeats
from aigc_eval.text import fold, tokens

SET_LEVEL = [
    *(Distinct(f"distinct_{n}", n=n, better="higher") for n in range(1, 5)),
    SelfBleu("self_bleu"),
    CompressionRatio("compression_ratio"),
    SelfRepetition("self_repetition"),
    ExpectationAdjustedDistinct("ead", vocabulary=1000, better="higher"),
    Homogenization("homogenization"),
    Mattr("mattr", window=3, better="higher"),
    Mtld("mtld", shortest=4, better="higher"),
    Mattr("set_mattr", window=3, joined=True, better="higher"),
    Mtld("set_mtld", shortest=4, joined=True, better="higher"),
    VendiNgrams("vendi_ngrams", better="higher"),
]
BY_PROMPT = [
    Distinct("distinct", by_prompt=True),
    SelfBleu("bleu", by_prompt=True),
    CompressionRatio("ratio", by_prompt=True),
    SelfRepetition("repetition", by_prompt=True),
    ExpectationAdjustedDistinct("ead", by_prompt=True),
    Homogenization("homogenization", by_prompt=True),
    Mattr("mattr", window=4, by_prompt=True, joined=True),
    Mtld("mtld", shortest=5, by_prompt=True),
    VendiNgrams("vendi", by_prompt=True),
]
words = st.sampled_from(["a", "b", "c", "the", "好", "的", ",", "。"])
sentence = st.lists(words, max_size=9).map(" ".join)


def frame(texts: list[str], samples: int = 1) -> pd.DataFrame:
    n, column = range(len(texts)), pd.Series(texts, dtype=object)  # Arrow's strings have no lone surrogates
    return pd.DataFrame({"prompt": [f"p{i // samples}" for i in n], "sample": [i % samples for i in n], "text": column})


def score(*texts: str):
    return Diversity().score([Generation(Request(Prompt("p", "?")), text) for text in texts])


def random_texts(count: int, length: int, vocabulary: int = 400, seed: int = 0) -> list[str]:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(max(1, length // 2), length * 3 // 2 + 1, count)
    weights = 1 / np.arange(1, vocabulary + 1)
    return [" ".join(f"w{w}" for w in rng.choice(vocabulary, n, p=weights / weights.sum())) for n in sizes]


# Golden values


def test_distinct_is_unique_over_all_ngrams_within_texts():
    # metrics of the field's own example (Li et al. 2016, with n-grams below the line): d1 .5, d2 .8
    assert Distinct("d", n=1)(frame(["a b a c a b"])) == 0.5
    assert Distinct("d", n=2)(frame(["a b a c a b"])) == 0.8
    # no n-gram crosses from one text into the next: ab, ba, ab -> 2 / 3
    assert Distinct("d", n=2)(frame(["a b a", "a b"])) == pytest.approx(2 / 3)
    assert Distinct("d", n=2)(frame(["a", "b"])) is None


def test_self_repetition_golden():
    # Salkar et al. 2022: two texts share one 4-gram of two, the third none: 2 ln 2 / 3
    rows = frame(["a b c d e", "a b c d f", "x y z w v"])
    assert SelfRepetition("s")(rows) == pytest.approx(0.462098, abs=5e-7)


def test_compression_ratio_is_that_of_the_gzip_program():
    texts = ["The same answer, again and again. " * 9, "另一个回答。" * 5]
    data = "\n".join(texts).encode()
    packed = subprocess.run(["gzip", "-9", "-n", "-c"], input=data, capture_output=True, check=True).stdout
    assert CompressionRatio("c")(frame(texts)) == pytest.approx(len(data) / len(packed), rel=0.02)
    assert CompressionRatio("c")(frame(texts)) == len(data) / len(gzip.compress(data, 9, mtime=0))


def test_no_repetition_is_made_of_two_texts() -> None:
    # joined, the `diversity` package by Shaib et al. would see "b c d e" once within a text and once across a border
    assert SelfRepetition("s")(frame(["a b c", "d e f", "x b c d e"])) == 0.0


def test_identical_and_disjoint_sets():
    same, apart = frame(["one two three four five"] * 3), frame(["a b c d", "e f g h", "i j k l"])
    assert [SelfBleu("b")(rows) for rows in (same, apart)] == [1.0, 0.0]
    assert [SelfRepetition("s")(rows) for rows in (same, apart)] == [pytest.approx(math.log(5)), 0.0]
    assert [Distinct("d", n=1)(rows) for rows in (same, apart)] == [pytest.approx(1 / 3), 1.0]


def test_chinese_is_measured_by_characters_and_scripts_fold():
    assert Distinct("d", n=2)(frame(["今天天气好", "今天天气坏"])) == pytest.approx(5 / 8)
    assert Distinct("d", n=1)(frame(["Hello 繁體", "ＨＥＬＬＯ 繁\u200b体"])) == 0.5


# nltk as the second program


def nltk_self_bleu(texts: list[str]) -> list[float]:
    from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

    smooth = SmoothingFunction().method1
    lists = [[fold(t) for t in tokens(text)] for text in texts]
    return [
        sentence_bleu(lists[:i] + lists[i + 1 :], hypothesis, smoothing_function=smooth)
        for i, hypothesis in enumerate(lists)
    ]


def agrees_with_nltk(texts: list[str]) -> None:
    found = corpus(texts)
    ours = SelfBleu("b").scores(found, np.ones(len(texts), dtype=bool))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # nltk on n-grams without overlap
        np.testing.assert_allclose(ours, nltk_self_bleu(texts), atol=1e-9)


@given(st.lists(sentence.filter(str.strip), min_size=2, max_size=8))
@settings(max_examples=50, deadline=None)
def test_self_bleu_is_nltks_on_short_texts(texts):
    agrees_with_nltk(texts)


def test_self_bleu_is_nltks_on_long_texts():
    agrees_with_nltk(random_texts(40, 60))


def test_distinct_is_nltks():
    from nltk.util import ngrams

    texts = random_texts(50, 30)
    for n in range(1, 5):
        grams = [g for text in texts for g in ngrams(text.split(), n)]
        assert Distinct("d", n=n)(frame(texts)) == len(set(grams)) / len(grams)


# By prompt, leaving blocks out, equal budgets


@pytest.mark.parametrize("metric", BY_PROMPT, ids=lambda m: m.name)
def test_by_prompt_is_the_mean_over_prompts(metric):
    texts = [*random_texts(12, 10), "", "lonely text of its own"]
    rows = frame(texts, samples=3)
    alone = dataclasses.replace(metric, by_prompt=False)
    expected = np.mean([alone(rows[rows["prompt"] == f"p{i}"]) for i in range(4)])
    assert metric(rows) == pytest.approx(expected)
    assert metric(rows[rows["sample"] == 0]) is None
    blocks = blocks_of(clusters(rows))
    left = [metric(rows[blocks != j]) for j in range(5)]
    np.testing.assert_allclose(metric.without(rows, blocks), left)


@given(
    texts=st.lists(sentence, min_size=4, max_size=16),
    budgets=st.none() | st.lists(st.integers(0, 6), min_size=16, max_size=16),
    most=st.integers(2, 5),
)
@settings(max_examples=40, deadline=None)
def test_leaving_a_block_out_is_the_metric_over_the_rest(texts, budgets, most):
    rows = frame(texts, samples=2)
    rows = rows if budgets is None else rows.assign(budget=budgets[: len(rows)])
    blocks = blocks_of(clusters(rows), most)
    for metric in SET_LEVEL + BY_PROMPT:
        rest = [metric(rows[blocks != j]) for j in range(int(blocks.max()) + 1)]
        expected = [math.nan if value is None else value for value in rest]
        np.testing.assert_allclose(metric.without(rows, blocks), expected, atol=1e-12, err_msg=metric.name)


def test_candidates_are_measured_at_an_equal_budget():
    texts = random_texts(30, 40)
    whole, halved = frame(texts), frame([" ".join(t.split()[: 5 + i % 7]) for i, t in enumerate(texts)])
    aligned = SET_LEVEL[0].align([whole, halved])
    assert [r["budget"].tolist() for r in aligned] == [token_counts(halved).tolist()] * 2
    for metric in SET_LEVEL:
        assert metric(aligned[0]) == metric(aligned[1]) == metric(halved) != metric(whole)


def test_budget_where_candidates_lack_rows():
    one = frame(["a b c", "d e f", "g h"])
    two = frame(["a b", "u v w x", "x y z"]).iloc[::-1].iloc[:2]
    silent = frame(["", " ", ""])
    partial = frame(["", "k l", ""])
    aligned = SET_LEVEL[0].align([one, two, silent, partial])
    assert [r["budget"].tolist() for r in aligned] == [[0, 3, 2], [2, 3], [0, 0, 0], [0, 0, 0]]
    assert [Distinct("d", n=1)(r) for r in aligned] == [1.0, 1.0, None, None]
    assert SET_LEVEL[0].align([]) == []
    assert [r["budget"].tolist() for r in SET_LEVEL[0].align([silent])] == [[0, 0, 0]]


def test_a_single_candidate_keeps_its_numbers():
    rows = frame(random_texts(20, 30))
    for metric in SET_LEVEL:
        (aligned,) = metric.align([rows])
        assert metric(aligned) == metric(rows)


def test_cut():
    text = "Hi\u200b, 世界 !  "
    assert [cut(text, n) for n in range(6)] == [
        "",
        "Hi",
        "Hi\u200b,",
        "Hi\u200b, 世",
        "Hi\u200b, 世界",
        "Hi\u200b, 世界 !",
    ]


# Intervals


def test_intervals_cover_the_mean_over_samples_of_the_population():
    pool = random_texts(3000, 25, vocabulary=100)
    rng = np.random.default_rng(7)
    for metric in (SET_LEVEL[1], SET_LEVEL[4], SET_LEVEL[6]):
        draws = [frame(list(rng.choice(pool, 100, replace=False))) for _ in range(40)]
        truth = np.mean([metric(rows) for rows in draws])
        intervals = [metric.interval(rows) for rows in draws]
        covered = np.mean([i is not None and i.low <= truth <= i.high for i in intervals])
        assert 0.85 <= covered <= 1, metric.name
        assert intervals[0].method == "jackknife(50)"


def test_no_interval_under_ten_prompts_and_bounds_are_kept():
    for metric in SET_LEVEL:
        assert metric.interval(frame(random_texts(9, 20))) is None
        found = metric.interval(frame(["a b c d e"] * 12))
        assert found is None or metric.bounds[0] <= found.low <= found.high <= metric.bounds[1]


# Single answers


def test_repeats_are_marked_and_weighed():
    text = "Ask me at any time. Please ask me at any time, and ask Li."
    (found,) = score(text)
    (span,) = found.spans
    assert text[span.start : span.end] == "ask me at any time"
    assert found.parts == {"tokens": 17.0, "repeated": 5.0}
    assert found.value == pytest.approx(1 - 5 / 17)
    # set phrases of four characters are no repeat, whole clauses are
    assert score("人工智能改变世界，人工智能也改变我们。")[0].value == 1.0
    clause = "人工智能正在改变世界。"
    (twice,) = score(f"{clause}\n{clause}")
    assert [(s.start, s.end) for s in twice.spans] == [(12, 23)]
    assert score("a b c d e f g h")[0].value == 1.0
    assert score("la " * 100)[0].value == pytest.approx(0.01)


@given(st.lists(st.text(max_size=30) | st.text("ab 好，\n", max_size=60), max_size=6))
@settings(deadline=None)
def test_any_texts_score_alone_as_in_a_batch(texts):
    together = score(*texts)
    assert together == [score(text)[0] for text in texts]
    for text, found in zip(texts, together, strict=True):
        assert all(0 <= s.start < s.end <= len(text) for s in found.spans)
        assert (found.value is None) == (found.note == "no words")
        assert found.value is None or 0 < found.value <= 1


ODD = [
    "",
    " \n",
    "\u200b",
    "😀😀😀",
    "\ud800x \udfff",
    "مرحبا بالعالم",
    "a" * 100_000,
    "好" * 100_000,
    "\x00\x1b",
    "1.1." * 999,
]


def test_odd_texts_are_defined_everywhere():
    notes = [s.note for s in score(*ODD)]
    assert notes == ["no words"] * 3 + [""] * 7
    rows = frame(ODD * 3, samples=3)
    for metric in SET_LEVEL + BY_PROMPT:
        assert math.isfinite(metric(rows))
        assert metric(frame(["", "\u200b"])) is None
        assert metric(frame([])) is None
        assert metric.interval(frame([])) is None


def test_the_scorers_metrics():
    metrics = Diversity().metrics()
    assert [m.name for m in metrics] == [
        "distinct_2",
        "distinct_1",
        "distinct_3",
        "distinct_4",
        "ead",
        "self_bleu",
        "homogenization",
        "compression_ratio",
        "self_repetition",
        "mattr",
        "mtld",
        "set_mattr",
        "set_mtld",
        "vendi_ngrams",
        "prompt_distinct_2",
        "prompt_distinct_1",
        "prompt_distinct_3",
        "prompt_distinct_4",
        "prompt_ead",
        "prompt_self_bleu",
        "prompt_homogenization",
        "prompt_compression_ratio",
        "prompt_self_repetition",
        "prompt_mattr",
        "prompt_mtld",
        "prompt_vendi_ngrams",
    ]
    for metric in metrics:
        assert isinstance(metric, SetMetric)
        assert metric.set_level
        alike = ("self_bleu", "homogenization", "compression_ratio", "self_repetition")
        assert metric.better == ("lower" if metric.name.endswith(alike) else "higher")
        assert metric.title.zh
        assert metric.about.zh
        assert metric.filled(frame(["a"])) is None
    assert Diversity().score([]) == []
    assert repeats([]) == []


@pytest.mark.slow
def test_ten_thousand_answers_in_under_a_minute():
    rows = frame(random_texts(10_000, 100, vocabulary=20_000), samples=5)
    start = time.process_time()
    for metric in Diversity().metrics():
        assert metric.interval(rows) is not None
    assert time.process_time() - start < 60


def test_the_cost_is_linear():
    def seconds(count: int) -> float:
        rows = frame(random_texts(count, 60, vocabulary=5000, seed=count))
        start = time.process_time()
        for metric in (SET_LEVEL[3], SET_LEVEL[4], SET_LEVEL[6]):
            metric(rows)
        return time.process_time() - start

    seconds(300)
    assert seconds(2400) < 16 * max(seconds(600), 0.02)
