"""Toxicity by a sequence classifier, against the model itself on tiny real checkpoints."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from aigc_eval.errors import UsageError
from aigc_eval.models.classifier import Classifier
from aigc_eval.plugin import ModelRef
from aigc_eval.records import Generation, Prompt, Request
from aigc_eval.scorers.toxicity_classifier import ToxicityClassifier
from tests import tiny

LABELS = ("calm", "insult", "threat")
TEXTS = ["The cat sat on the mat.", "今天天气很好。", "用 Python 写 a function?", "a", "😀"]


@pytest.fixture(scope="module")
def softmax(tmp_path_factory: pytest.TempPathFactory) -> ModelRef:
    return ModelRef(str(tiny.classifier(tmp_path_factory.mktemp("softmax") / "m", labels=LABELS, positions=32)))


@pytest.fixture(scope="module")
def sigmoid(tmp_path_factory: pytest.TempPathFactory) -> ModelRef:
    folder = tmp_path_factory.mktemp("sigmoid") / "m"
    return ModelRef(str(tiny.classifier(folder, family="roberta", labels=LABELS, multi_label=True)))


def answers(*texts: str) -> list[Generation]:
    return [Request(Prompt(str(i), "q")).answer(text) for i, text in enumerate(texts)]


def test_softmax_labels_are_summed(softmax: ModelRef) -> None:
    plain = Classifier(softmax).probabilities(TEXTS)
    scores = ToxicityClassifier(softmax, ("insult", "threat"), parts={"danger": "threat"}).score(answers(*TEXTS))
    assert [s.value for s in scores] == pytest.approx(plain[:, 1] + plain[:, 2], abs=1e-6)
    assert [s.parts["danger"] for s in scores] == pytest.approx(plain[:, 2], abs=1e-6)


def test_sigmoid_labels_give_the_largest(sigmoid: ModelRef) -> None:
    plain = Classifier(sigmoid).probabilities(TEXTS)
    scores = ToxicityClassifier(sigmoid, ("Insult", "threat")).score(answers(*TEXTS))
    assert [s.value for s in scores] == pytest.approx(plain[:, 1:].max(axis=1), abs=1e-6)


def test_the_activation_can_be_said_where_the_configuration_does_not(softmax: ModelRef) -> None:
    plain = Classifier(softmax, activation="sigmoid").probabilities(TEXTS)
    scores = ToxicityClassifier(softmax, ("insult", "threat"), activation="sigmoid").score(answers(*TEXTS))
    assert [s.value for s in scores] == pytest.approx(plain[:, 1:].max(axis=1), abs=1e-6)


def test_the_worst_window_of_a_long_text_counts(softmax: ModelRef) -> None:
    long = "今天天气很好。我们一起去公园散步。The cat sat on the mat. " * 8  # no character that normalising changes
    [windows] = Classifier(softmax).windowed([long])
    assert len(windows) > 3
    [score] = ToxicityClassifier(softmax, ("insult",), parts={"calm": "calm"}).score(answers(long))
    assert score.value == pytest.approx(windows[:, 1].max(), abs=1e-6)
    assert score.parts["calm"] == pytest.approx(windows[:, 0].max(), abs=1e-6)


@pytest.mark.parametrize(
    ("hidden", "plain"), [("ｔｈｅ ｃａｔ", "the cat"), ("th\u200be c\u200bat", "the cat"), ("繁體漢字", "繁体汉字")]
)
def test_hidden_spellings_cannot_lower_a_score(softmax: ModelRef, hidden: str, plain: str) -> None:
    for label in ("insult", "calm"):
        scored = ToxicityClassifier(softmax, (label,)).score(answers(hidden, plain))
        assert (scored[0].value or 0.0) >= (scored[1].value or 0.0) - 1e-6


def test_each_answer_alone_scores_the_same(softmax: ModelRef) -> None:
    scorer = ToxicityClassifier(softmax, ("insult",))
    together = [s.value for s in scorer.score(answers(*TEXTS))]
    assert together == pytest.approx([scorer.score(answers(text))[0].value for text in TEXTS], abs=1e-5)
    assert scorer.score([]) == []


def test_a_script_the_model_does_not_know_is_an_error_or_left_out(softmax: ModelRef) -> None:
    chinese = ToxicityClassifier(softmax, ("insult",), knows=("zh",))
    known, unknown, blank, digits = chinese.score(answers(TEXTS[1], TEXTS[0], " \u200b", "42"))
    assert known.value is not None
    assert "script" in unknown.error
    assert blank.note
    assert digits.value is not None
    [left_out] = ToxicityClassifier(softmax, ("insult",), knows=("zh",), uncovered="skip").score(answers(TEXTS[0]))
    assert left_out.note
    assert not left_out.error


def test_labels_are_checked_when_the_model_is_loaded(softmax: ModelRef) -> None:
    with pytest.raises(UsageError, match=r"no label 'insolt'; did you mean 'insult'"):
        ToxicityClassifier(softmax, ("insolt",)).load()
    with pytest.raises(UsageError, match="LABEL_9"):
        ToxicityClassifier(softmax, ("insult",), parts={"x": "LABEL_9"}).load()
    with pytest.raises(UsageError, match="every text would be"):
        ToxicityClassifier(softmax, LABELS).load()
    with pytest.raises(UsageError, match="labels of the model that mean toxic"):
        ToxicityClassifier(softmax, ())
    with pytest.raises(UsageError, match="part's name"):
        ToxicityClassifier(softmax, ("insult",), parts={"Bad name": "threat"})
    with pytest.raises(UsageError, match="threshold"):
        ToxicityClassifier(softmax, ("insult",), threshold=0)


def test_a_label_named_twice_counts_once(softmax: ModelRef) -> None:
    once, twice = (
        ToxicityClassifier(softmax, toxic).score(answers(*TEXTS)) for toxic in (("insult",), ("insult", "INSULT"))
    )
    assert once == twice


def test_metrics_options_and_identity(softmax: ModelRef, tmp_path: Path) -> None:
    scorer = ToxicityClassifier(softmax, ("insult",), parts={"danger": "threat"}, k=3)
    names = [m.name for m in scorer.metrics()]
    assert names[0] == "toxic_fraction"
    assert names[-1] == "danger_fraction"
    assert str(softmax) not in scorer.signature()
    moved = tiny.classifier(tmp_path / "m", labels=LABELS, positions=32)
    assert ToxicityClassifier(ModelRef(str(moved)), ("insult",), parts={"danger": "threat"}, k=3) != scorer
    assert ToxicityClassifier(ModelRef(str(moved)), ("insult",), parts={"danger": "threat"}, k=3).facts() == (
        scorer.facts()
    )
    assert scorer.needs_trust() == ""


def test_it_travels_to_another_process_without_its_model(softmax: ModelRef) -> None:
    scorer = ToxicityClassifier(softmax, ("insult",))
    scorer.load()
    again = pickle.loads(pickle.dumps(scorer))
    assert again == scorer
    assert again.score(answers("a")) == scorer.score(answers("a"))
