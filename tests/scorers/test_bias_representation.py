from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc_eval.errors import UsageError
from aigc_eval.estimates import estimate
from aigc_eval.frames import build
from aigc_eval.records import Prompt, Request
from aigc_eval.scorers.bias import Representation
from aigc_eval.scorers.bias.association import cooccurrence, uneven
from aigc_eval.scorers.bias.words import Words, gendered, load, matcher_of, words_of
from aigc_eval.text import has_hanzi

TEXTS = [
    "she is a nurse and he is a doctor",
    "he was the doctor who met her nurse",
    "the nurse said she and her friend saw him",
    "his teacher and her teacher",
    "the doctor knows she likes the kind nurse",
]
LISTS = {
    "groups": {"female": ["she", "her", "hers"], "male": ["he", "him", "his", "himself"]},
    "targets": {"words": ["nurse", "doctor", "teacher", "kind"]},
}


def values(scorer: Representation, texts: list[str]) -> dict[str, float | None]:
    answers = [Request(Prompt(f"p{i}", "?")).answer(text) for i, text in enumerate(texts)]
    rows = build({"c": answers}, {"r": scorer.score(answers)})
    return {e.metric: e.value for e in estimate(rows, "r", scorer.metrics(), [{}])}


@pytest.fixture
def scorer(tmp_path: Path) -> Representation:
    (tmp_path / "words.json").write_text(json.dumps(LISTS), "utf-8")
    return Representation(tmp_path / "words.json", fewest=1)


def test_the_numbers_are_helms_and_langfairs(scorer: Representation) -> None:
    found = values(scorer, TEXTS)
    # The steps of HELM's bias_metrics.py on these texts and lists, split at spaces: 1/6; mean of .189655, .166667,
    # .071429 and .5.
    assert found["representation"] == pytest.approx(1 / 6)
    assert found["association_words"] == pytest.approx(0.23193760262725782)
    # langfair 0.8.0, CooccurrenceBiasMetric without stop words, split at spaces: nurse .113437, doctor .239038,
    # teacher .368108; "kind" stands with one group only.
    assert found["log_ratio_words"] == pytest.approx(0.24019437562947785)


def test_target_words_seen_too_rarely_are_left_out(scorer: Representation) -> None:
    found = values(Representation(scorer.words, fewest=2), TEXTS)
    assert found["association_words"] == pytest.approx((0.1896551724137931 + 1 / 6 + 0.07142857142857145) / 3)
    assert values(Representation(scorer.words, fewest=99), TEXTS)["association_words"] is None


def test_chinese_is_counted_in_the_same_way(tmp_path: Path) -> None:
    chinese = {
        "groups": {"女": ["她", "女士"], "男": ["他", "先生"]},
        "targets": {"职业": ["医生", "护士"]},
        "neutral": ["其他", "他们"],
    }
    (tmp_path / "w.yaml").write_text(json.dumps(chinese, ensure_ascii=False), "utf-8")
    found = values(
        Representation(tmp_path / "w.yaml", fewest=1), ["她是護士，他是醫生。", "其他人说他们的医生是女士。"]
    )
    assert found["representation"] == pytest.approx(abs(2 / 3 - 1 / 2))  # 她 女士 : 他
    # 护士 1:1, 医生 2:1 by pairs in one text
    assert found["association_职业"] == pytest.approx((0 + (2 / 3 - 1 / 2)) / 2)


def test_no_group_word_has_no_value(scorer: Representation) -> None:
    found = values(scorer, ["the doctor is kind", ""])
    assert set(found.values()) == {None}
    assert math.isnan(uneven(np.zeros(2), np.ones(2)))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("她说", ["female"]), ("他說", ["male"]), ("她们来了", ["female"]), ("他们来了", []), ("其他人弹吉他", []),
        ("女医生和男护士", ["female", "male"]), ("男女平等，子女双全", []), ("女孩子们", ["female"]),
        ("女婿", ["male"]),
        ("妈妈和爸爸", ["female", "male"]), ("She's here", ["female"]), ("SHE", ["female"]),
        ("the man’s hat", ["male"]),
        ("human, hero, other", []), ("Ladies and gentlemen", []), ("gentlemen", ["male"]), ("Ｓｈｅ", ["female"]),
    ],
)  # fmt: skip
def test_who_is_named(text: str, named: list[str]) -> None:
    lists = gendered()
    assert [lists.names[h.number] for h in matcher_of(lists).find(words_of(text)) if h.kind == "group"] == named


def test_the_shipped_lists_are_fair() -> None:
    lists = gendered()
    assert lists.names == ("female", "male")
    sizes = [[sum(map(has_hanzi, listed)), len(listed)] for _, listed in lists.groups]
    assert sizes[0] == sizes[1]  # alike in each language, or a text in one of them would look biased
    every = [word for _, listed in (*lists.groups, *lists.targets) for word in listed]
    assert len(set(every)) == len(every)
    for _, listed in lists.targets:
        assert abs(sum(map(has_hanzi, listed)) * 2 - len(listed)) <= 2
    found = values(Representation(fewest=1), ["The nurse said she was tired.", "护士说她累了。他是工程师。"])
    assert found["association_professions"] is not None
    assert found["representation"] == pytest.approx(2 / 3 - 1 / 2)


@given(st.lists(st.sampled_from(["she", "he", "nurse", "doctor", "x", "her"]), max_size=25))
def test_counts_are_those_of_all_pairs(words: list[str]) -> None:
    lists = Words((("f", ("she", "her")), ("m", ("he",))), (("t", ("nurse", "doctor")),))
    found = cooccurrence(words, lists)
    places = {w: [i for i, x in enumerate(words) if x in w] for w in (("she", "her"), ("he",), ("nurse",), ("doctor",))}
    groups, targets = [("she", "her"), ("he",)], [("nurse",), ("doctor",)]
    rest = [i for i, x in enumerate(words) if x not in ("she", "her", "he")]
    wanted = [float(len(places[t]) * len(places[g])) for t in targets for g in groups]
    wanted += [sum(0.95 ** abs(a - b) for a in places[t] for b in places[g]) for t in targets for g in groups]
    wanted += [float(len(places[g])) for g in groups]
    wanted += [sum(0.95 ** abs(a - b) for a in rest for b in places[g]) for g in groups]
    assert found.tolist() == pytest.approx(wanted)


@pytest.mark.parametrize(
    "content",
    [
        "[]", "{}",
        '{"groups": {"a": ["x"]}}', '{"groups": {"a": ["x"], "b": "y"}}', '{"groups": {"a": ["x"], "b": []}}',
        '{"groups": {"a": ["x"], "b": [1]}}', '{"groups": {"a": ["x"], "b": ["X"]}}', '{"groups": [1, 2]}', "a: [",
        '{"groups": {"a": ["x"], "b": ["y"]}, "targets": {"t": "z"}}',
        '{"groups": {"a": ["x"], "b": ["y"]}, "neutral": "z"}',
    ],
)  # fmt: skip
def test_lists_that_are_none_are_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "w.json").write_text(content, "utf-8")
    with pytest.raises(UsageError):
        load(tmp_path / "w.json")
    with pytest.raises(UsageError):
        Representation(tmp_path / "w.json").metrics()


def test_a_count_below_one_is_refused() -> None:
    with pytest.raises(UsageError):
        Representation(fewest=0)


def test_a_very_long_answer_is_counted(scorer: Representation) -> None:
    score = scorer.score([Request(Prompt("p", "?")).answer("she " * 20_000 + "x " * 20_000 + "nurse " * 20_000)])[0]
    assert score.value == 20_000
    assert score.vector[0] == 4e8
    assert all(map(math.isfinite, score.vector))
