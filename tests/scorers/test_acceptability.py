"""acceptability: sentence by sentence from a real (tiny) sequence classifier, against the model's own probabilities."""

from __future__ import annotations

import math
import pickle
import time
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc_eval.errors import UsageError
from aigc_eval.models.classifier import Classifier
from aigc_eval.plugin import ModelRef
from aigc_eval.records import Generation, Prompt, Request, Score
from aigc_eval.scorers.acceptability import Acceptability, _sentences
from aigc_eval.text import sentences
from tests import tiny

LABELS = ("unacceptable", "acceptable")
ENGLISH = "The cat sat on the mat. Mat the on sat cat the! What is the capital of Italy?"
CHINESE = "今天天气很好。公园去我们一起散步；北京是中国的首都！"
SENTENCES = [ENGLISH[a:b] for a, b in sentences(ENGLISH)] + [CHINESE[a:b] for a, b in sentences(CHINESE)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelRef:
    return ModelRef(str(tiny.classifier(tmp_path_factory.mktemp("cola") / "m", labels=LABELS, positions=32)))


def answers(*texts: str) -> list[Generation]:
    return [Request(Prompt(str(i), "q")).answer(text) for i, text in enumerate(texts)]


def scores(scorer: Acceptability, *texts: str) -> list[Score]:
    return scorer.score(answers(*texts))


@pytest.mark.parametrize("text", [ENGLISH, CHINESE])
def test_the_value_is_the_mean_of_the_models_own_probabilities(model: ModelRef, text: str) -> None:
    alone = [text[a:b] for a, b in sentences(text)]
    assert len(alone) == 3
    plain = Classifier(model).probabilities(alone)[:, 1]
    threshold = float(sorted(plain)[1])  # one sentence is below the middle one
    [score] = scores(Acceptability(model, ("acceptable",), threshold=threshold), text)
    assert score.value == pytest.approx(plain.mean(), abs=1e-6)
    below = [sentence for sentence, p in zip(alone, plain, strict=True) if p < threshold - 1e-6]
    assert [text[s.start : s.end] for s in score.spans if s.label == "unacceptable"] == below
    assert score.parts == {"sentences": 3.0, "unacceptable": float(len(below))}


def test_labels_that_do_not_exclude_each_other_give_the_largest(tmp_path: Path) -> None:
    labels = ("bad", "odd", "fine")
    folder = ModelRef(str(tiny.classifier(tmp_path / "m", family="roberta", labels=labels, multi_label=True)))
    plain = Classifier(folder).probabilities(SENTENCES)
    found = scores(Acceptability(folder, ("Fine", "odd")), *SENTENCES)
    assert [s.value for s in found] == pytest.approx(plain[:, 1:].max(axis=1), abs=1e-6)
    summed = scores(Acceptability(folder, ("fine", "odd"), activation="softmax"), *SENTENCES)
    plain = Classifier(folder, activation="softmax").probabilities(SENTENCES)
    assert [s.value for s in summed] == pytest.approx(plain[:, 1] + plain[:, 2], abs=1e-6)


def test_a_long_sentence_is_read_in_windows_and_their_mean_counts(model: ModelRef) -> None:
    long = "the cat sat on the mat and 今天天气很好 " * 8
    [windows] = Classifier(model).windowed([long.strip()])
    assert len(windows) > 3
    [score] = scores(Acceptability(model, ("acceptable",)), long)
    assert score.value == pytest.approx(windows[:, 1].mean(), abs=1e-6)
    assert score.parts["sentences"] == 1.0


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("- One thing.\n* Another thing.\n## 标题\n> 引文。", ["One thing.", "Another thing.", "标题", "引文。"]),
        ("1. Plan ahead.\n2. Rest.", ["Plan ahead.", "Rest."]),
        ("Run this:\n```python\nfor x in y: print(x)\n```\nIt works.", ["Run this:", "It works."]),
        ("好的：\n```\nopen code", ["好的："]),
        ("---\n42\n🙂 (!!)", []),
        ("", []),
    ],
)
def test_markers_code_and_pieces_without_letters_are_not_read(text: str, read: list[str]) -> None:
    assert [text[a:b] for a, b in _sentences(text)] == read


@given(st.text(alphabet="a今。.`- \n#1", max_size=60))
def test_sentences_lie_in_the_text_in_order(text: str) -> None:
    places = list(_sentences(text))
    flat = [x for place in places for x in place]
    assert flat == sorted(flat)
    assert all(text[a:b].strip() == text[a:b] != "" for a, b in places)


def test_nothing_to_judge_does_not_apply(model: ModelRef) -> None:
    for score in scores(Acceptability(model, ("acceptable",)), "", " \u200b", "42", "🙂", "```\ncode\n```"):
        assert score.value is None
        assert score.note
        assert not score.error


def test_what_would_take_minutes_is_an_error_with_its_reason(model: ModelRef) -> None:
    scorer = Acceptability(model, ("acceptable",))
    different = "".join(f"Sentence {i} is here. " for i in range(4000))
    started = time.process_time()
    long, many, same = scores(scorer, "好" * 20_000, different, "A b. " * 200_000)
    assert time.process_time() - started < 20
    assert "20,000 characters, over max_sentence 2,000" in long.error
    assert "over max_characters 50,000" in many.error
    assert same.parts["sentences"] == 200_000  # equal sentences are read once
    assert scores(Acceptability(model, ("acceptable",), max_sentence=7), "Be kind.")[0].error
    assert scores(Acceptability(model, ("acceptable",), max_sentence=8), "Be kind.")[0].value is not None


def test_a_sentence_in_a_script_the_model_does_not_know_is_an_error_or_left_out(model: ModelRef) -> None:
    mixed = "The cat sat on the mat. 今天天气很好。"
    known, unknown, both = scores(Acceptability(model, ("acceptable",), knows=("zh",)), CHINESE, ENGLISH, mixed)
    assert known.value is not None
    assert "script" in unknown.error
    assert "script" in both.error
    skipping = Acceptability(model, ("acceptable",), knows=("zh",), uncovered="skip")
    left_out, partly = scores(skipping, ENGLISH, mixed)
    assert left_out.note
    assert partly.parts["sentences"] == 1.0
    assert partly.value == pytest.approx(scores(skipping, "今天天气很好。")[0].value)


def test_only_the_worst_sentences_are_kept_as_evidence(model: ModelRef) -> None:
    text = " ".join(f"The cat number {i} sat." for i in range(120))
    [score] = scores(Acceptability(model, ("acceptable",), threshold=1.0), text)
    assert score.parts["unacceptable"] == 120.0
    assert len(score.spans) == 50
    assert [s.start for s in score.spans] == sorted(s.start for s in score.spans)


def test_each_answer_alone_scores_the_same(model: ModelRef) -> None:
    scorer = Acceptability(model, ("acceptable",))
    texts = (ENGLISH, CHINESE, "a", "", ENGLISH + CHINESE, "\ud800 lone")
    together = scores(scorer, *texts)
    for text, score in zip(texts, together, strict=True):
        [alone] = scores(scorer, text)
        assert (score.value or 0.0) == pytest.approx(alone.value or 0.0, abs=1e-5)
        assert score.parts == alone.parts
    assert scorer.score([]) == []


def test_metrics_are_a_mean_over_answers_and_a_share_of_sentences(model: ModelRef) -> None:
    mean, share = Acceptability(model, ("acceptable",), threshold=0.25).metrics()
    rows = pd.DataFrame([
        {"prompt": "a", "value": 0.9, "sentences": 1.0, "unacceptable": 0.0, "status": "scored"},
        {"prompt": "b", "value": 0.3, "sentences": 9.0, "unacceptable": 4.0, "status": "scored"},
    ])  # fmt: skip
    assert mean(rows) == pytest.approx(0.6)
    assert share(rows) == pytest.approx(0.4)
    assert (mean.better, share.better) == ("higher", "lower")
    assert "0.25" in share.about.en
    assert "0.25" in share.about.zh
    assert [m.name for m in Acceptability.all_metrics()] == [mean.name, share.name]
    failed = pd.concat([rows, pd.DataFrame([{"prompt": "c", "status": "failed", "value": math.nan}])])
    filled = share.filled(failed)
    assert filled is not None
    assert share(filled) == pytest.approx((4 + 9) / (10 + 9))  # as long as the longest, and wholly bad


def test_options_and_labels_are_checked(model: ModelRef) -> None:
    with pytest.raises(UsageError, match="labels of the model that mean acceptable"):
        Acceptability(model, ())
    with pytest.raises(UsageError, match="threshold"):
        Acceptability(model, ("acceptable",), threshold=0)
    with pytest.raises(UsageError, match="max_sentence"):
        Acceptability(model, ("acceptable",), max_sentence=0)
    with pytest.raises(UsageError, match=r"did you mean 'acceptable'"):
        Acceptability(model, ("aceptable",)).load()
    with pytest.raises(UsageError, match="every text would be"):
        Acceptability(model, LABELS).load()


def test_it_travels_to_another_process_without_its_model(model: ModelRef) -> None:
    scorer = Acceptability(model, ("acceptable",))
    scorer.load()
    again = pickle.loads(pickle.dumps(scorer))
    assert len(pickle.dumps(scorer)) < 2000
    assert again == scorer
    assert scores(again, ENGLISH) == scores(scorer, ENGLISH)
    assert str(model) not in scorer.signature()
