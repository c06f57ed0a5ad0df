"""Classifier and Nli against transformers itself, one input at a time, on real architectures and tokenizers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from aigc_eval import huggingface as hf
from aigc_eval.errors import UsageError
from aigc_eval.models.classifier import Classifier
from aigc_eval.models.nli import Nli
from aigc_eval.models.packing import Packer
from tests import tiny

LABELS = ("entailment", "neutral", "contradiction")
TEXTS = [
    "The cat sat on the mat.",
    "北京是中国的首都，上海是中国最大的城市。",
    "用 Python 写 a function?",
    "",
    "   \n",
    "😀👩‍👩‍👧",
    "مرحبا بالعالم",
    "the dog sat " * 12,
    "a",
]
PAIRS = ["A cat.", "北京。", "", "x y z", "今天天气很好", "the", "Paris is the capital.", "no", "a"]
Folder = Callable[[str], Path]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    made: dict[str, Path] = {}

    def get(family: str) -> Path:
        if family not in made:
            made[family] = tiny.classifier(tmp_path_factory.mktemp("models") / family, family=family, labels=LABELS)
        return made[family]

    return get


def plain(folder: Path, text: str, pair: str | None = None) -> list[float]:
    """What transformers itself says about one input, without batch or padding."""
    import torch
    import transformers

    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    # lists: given alone, an empty pair counts as none
    coded = tokenizer([text], return_tensors="pt") if pair is None else tokenizer([text], [pair], return_tensors="pt")
    with torch.inference_mode():
        return [float(p) for p in model(**coded).logits[0].double().softmax(-1)]


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_probabilities_are_those_of_transformers_one_by_one(folder: Folder, family: str) -> None:
    classifier = Classifier(str(folder(family)), device="cpu")
    together = classifier.probabilities(TEXTS)
    assert together.shape == (len(TEXTS), 3)
    assert together.dtype == np.float64
    assert together.sum(axis=1) == pytest.approx(1.0)
    assert np.ptp(together, axis=0).max() > 0.05  # the texts are told apart
    for row, text in zip(together, TEXTS, strict=True):
        assert row == pytest.approx(plain(folder(family), text), abs=1e-5)


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_pairs_are_those_of_transformers_one_by_one(folder: Folder, family: str) -> None:
    classifier = Classifier(str(folder(family)), device="cpu", batch_tokens=64)
    for row, text, pair in zip(classifier.probabilities(TEXTS, PAIRS), TEXTS, PAIRS, strict=True):
        assert row == pytest.approx(plain(folder(family), text, pair), abs=1e-5)
    windows = classifier.windowed_pairs(TEXTS, PAIRS)
    assert [w.shape for w in windows] == [(1, 1, 3)] * len(TEXTS)
    assert np.stack([w[0, 0] for w in windows]) == pytest.approx(classifier.probabilities(TEXTS, PAIRS), abs=1e-5)


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_special_tokens_in_a_text_are_plain_text(folder: Folder, family: str) -> None:
    """Unigram vocabularies hold "</s>" as a piece: `split_special_tokens` alone lets a text close its own segment."""
    name = str(folder(family))
    packer = Packer.of(name, hf.load("AutoModelForSequenceClassification", name, device="cpu"))
    tokenizer = packer.tokenizer
    special = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
    frame = len(tokenizer("a")["input_ids"]) - len(packer.ids(["a"])[0])
    for token in tokenizer.all_special_tokens:
        for text in (token, f"good {token} bad", f"好{token}坏", f" {token}", token.replace("<", "＜")):
            [ids] = packer.ids([text])
            assert not special & set(ids), text
            assert len(packer.row(ids).ids) == len(ids) + frame
            assert len(packer.offsets(text)) == len(ids)


def test_a_text_that_does_not_fit_is_refused_or_read_in_windows(folder: Folder) -> None:
    for family in tiny.FAMILIES:
        classifier = Classifier(str(folder(family)), device="cpu")
        long = "The cat sat on the mat. " * 60 + "北京是中国的首都。"
        with pytest.raises(ValueError, match=r"text 1 has \d+ tokens"):
            classifier.probabilities(["short", long])
        short, windows = classifier.windowed(["short", long])
        assert short == pytest.approx(classifier.probabilities(["short"]), abs=1e-5)
        [count] = classifier.tokens([long])
        step = classifier.room() - classifier.room() // 4
        assert len(windows) == 1 + -(-(count - classifier.room()) // step)
        last = packer_of(classifier).ids([long])[0][-classifier.room() :]
        decoded = packer_of(classifier).tokenizer.decode(last)
        if family == "roberta":  # byte-level: decoding and encoding again gives the same tokens
            assert windows[-1] == pytest.approx(classifier.probabilities([decoded])[0], abs=1e-5)


def packer_of(classifier: Classifier) -> Packer:
    return classifier._packer


def test_the_context_is_full_to_its_last_position(folder: Folder) -> None:
    """RoBERTa numbers positions from its padding index on: 130 positions are 128 tokens, and all 128 are usable."""
    for family in tiny.FAMILIES:
        classifier = Classifier(str(folder(family)), device="cpu")
        assert classifier.limit == 128
        text = "a" + " a" * (classifier.room() - 1)
        while classifier.tokens([text])[0] > classifier.room():
            text = text[:-2]
        assert np.isfinite(classifier.probabilities([text])).all()


def test_without_a_stated_length_positions_decide(tmp_path: Path) -> None:
    folder = tiny.classifier(tmp_path / "m", family="xlmr")
    path = folder / "tokenizer_config.json"
    settings = json.loads(path.read_text("utf-8"))
    del settings["model_max_length"]
    path.write_text(json.dumps(settings), "utf-8")
    assert Classifier(str(folder), device="cpu").limit == 128
    assert Classifier(str(folder), device="cpu", most_tokens=20).limit == 20
    with pytest.raises(UsageError, match="no room"):
        Classifier(str(folder), device="cpu", most_tokens=5)


@pytest.mark.parametrize("keep", ["first", "second"])
def test_long_pairs_keep_one_side_whole_and_read_all_of_the_other(folder: Folder, keep: str) -> None:
    classifier = Classifier(str(folder("roberta")), device="cpu")
    room = classifier.room(pairs=True)
    short, long = "Is it red?", "the dog sat on the log. " * 60
    first, second = (short, long) if keep == "first" else (long, short)
    [grid] = classifier.windowed_pairs([first], [second], keep=keep)  # type: ignore[arg-type]
    [kept], [rest] = classifier.tokens([short]), classifier.tokens([long])
    size = room - kept
    count = 1 + -(-(rest - size) // (size - size // 4))
    assert grid.shape == ((1, count, 3) if keep == "first" else (count, 1, 3))
    [both] = classifier.windowed_pairs([long], [long], keep=keep)  # type: ignore[arg-type]
    assert min(both.shape[:2]) > 5
    alone = classifier.windowed_pairs(["a", first, "北京"], ["b", second, long], keep=keep)[1]  # type: ignore[arg-type]
    assert alone == pytest.approx(grid, abs=1e-5)


def test_a_kept_text_that_leaves_room_stays_whole(folder: Folder) -> None:
    classifier = Classifier(str(folder("bert")), device="cpu")
    room = classifier.room(pairs=True)
    most = " ".join(["cat"] * (room - 3))
    [grid] = classifier.windowed_pairs([most], ["a b c"])
    assert grid.shape == (1, 1, 3)
    assert grid[0] == pytest.approx(classifier.probabilities([most], ["a b c"]), abs=1e-5)


def test_multi_label_is_sigmoid(tmp_path: Path) -> None:
    folder = tiny.classifier(tmp_path / "many", labels=("Toxic", "Insult"), multi_label=True)
    many = Classifier(str(folder), device="cpu")
    forced = Classifier(str(folder), device="cpu", activation="softmax")
    single = Classifier(str(tiny.classifier(tmp_path / "one", labels=("toxic",))), device="cpu")
    assert (many.multi_label, forced.multi_label, single.multi_label) == (True, False, True)
    a, b = many.probabilities(TEXTS), forced.probabilities(TEXTS)
    logits = np.log(a / (1 - a))
    assert b == pytest.approx(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), abs=1e-6)
    assert (np.abs(a.sum(axis=1) - 1) > 1e-3).any()
    assert np.ptp(single.probabilities(TEXTS)) > 0.01


def test_labels_are_found_whatever_their_case(tmp_path: Path) -> None:
    found = Classifier(str(tiny.classifier(tmp_path / "m", labels=("SAFE", "Hate_Speech"))), device="cpu")
    assert found.labels == ("SAFE", "Hate_Speech")
    assert found.label_index(["hate_speech", "safe"]) == [1, 0]
    with pytest.raises(UsageError, match=r"no label 'hatespeech'; did you mean 'Hate_Speech'\? \(its labels: SAFE"):
        found.label_index(["hatespeech"])


@pytest.mark.parametrize("pad", [None, 0])
def test_a_decoder_with_a_classification_head(tmp_path: Path, pad: int | None) -> None:
    """Such a model reads its verdict off the last token that is no padding; without a pad id it reads one by one."""
    import torch
    import transformers

    folder = tiny.chat(tmp_path / "m") if pad == 0 else tiny.causal(tmp_path / "m")
    settings = hf.config(str(folder))
    settings.id2label, settings.label2id, settings.pad_token_id = {0: "no", 1: "yes"}, {"no": 0, "yes": 1}, pad
    settings.architectures = None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        transformers.AutoModelForSequenceClassification.from_config(settings).save_pretrained(folder)
    found = Classifier(str(folder), device="cpu").windowed([*TEXTS, "the dog " * 400])
    for text, windows in list(zip(TEXTS, found, strict=False)):
        if text:  # without special tokens an empty text has no token at all: transformers refuses it
            assert windows[0] == pytest.approx(plain(folder, text), abs=1e-5)
    assert all(np.isfinite(windows).all() for windows in found)
    assert len(found[-1]) > 1


def test_outputs_that_are_not_finite_are_an_error(tmp_path: Path) -> None:
    import torch

    broken = Classifier(str(tiny.classifier(tmp_path / "m")), device="cpu")
    with torch.no_grad():
        broken._model.classifier.weight.fill_(float("nan"))
    with pytest.raises(ValueError, match="not finite"):
        broken.probabilities(["a"])


def test_hostile_texts_have_probabilities(folder: Folder) -> None:
    hostile = ["\ud800 lone \udfff", "\x00\x1b[31m", "\u202eegnp", "好" * 3000, "a" * 3000, "[SEP] [CLS] </s>"]
    for family in tiny.FAMILIES:
        classifier = Classifier(str(folder(family)), device="cpu")
        together = classifier.windowed(hostile)
        for text, windows in zip(hostile, together, strict=True):
            assert np.isfinite(windows).all()
            assert classifier.windowed([text])[0] == pytest.approx(windows, abs=1e-5)
    assert classifier.windowed([]) == []
    assert classifier.windowed_pairs([], []) == []
    assert classifier.probabilities([]).shape == (0, 3)


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_nli_gives_the_models_own_classes(folder: Folder, family: str) -> None:
    nli = Nli(str(folder(family)), device="cpu")
    pairs = list(zip(TEXTS, PAIRS, strict=True))
    for (premise, hypothesis), judged in zip(pairs, nli.judge(pairs), strict=True):
        entailment, neutral, contradiction = plain(folder(family), premise, hypothesis)
        assert judged == pytest.approx((entailment, neutral, contradiction), abs=1e-5)


def test_nli_classes_are_named_not_counted(tmp_path: Path) -> None:
    turned = Nli(str(tiny.classifier(tmp_path / "t", labels=("矛盾", "中立", "蕴含"))), device="cpu")
    straight = Nli(str(tiny.classifier(tmp_path / "s", labels=LABELS)), device="cpu")
    [a], [b] = turned.judge([("x", "y")]), straight.judge([("x", "y")])
    assert (a.entailment, a.contradiction) == (b.contradiction, b.entailment)
    assert a.entailment != pytest.approx(a.contradiction)
    two = Nli(str(tiny.classifier(tmp_path / "two", labels=("entailment", "not_entailment"))), device="cpu")
    assert (two.three_way, straight.three_way) == (False, True)
    [c] = two.judge([("x", "y")])
    assert c.contradiction == 0.0
    assert sum(c) == pytest.approx(1.0)
    for number, odd in enumerate((("LABEL_0", "LABEL_1"), ("entailment", "entails"), ("support", "refute", "refuted"))):
        with pytest.raises(UsageError, match="set id2label"):
            Nli(str(tiny.classifier(tmp_path / f"odd{number}", labels=odd)), device="cpu")


def test_nli_reads_long_pairs_to_their_end(folder: Folder) -> None:
    nli = Nli(str(folder("bert")), device="cpu")
    long = "The cat sat on the mat. " * 80
    [judged] = nli.judge([(long + "北京", "A cat.")])
    [grid] = nli._classifier.windowed_pairs([long + "北京"], ["A cat."], keep="second")
    assert judged.contradiction == pytest.approx(grid[:, 0, 2].max())
    assert judged.entailment == pytest.approx(min(grid[:, 0, 0].max(), 1 - judged.contradiction))
    for pair in ((long, long), ("", long), ("", "")):
        [judged] = nli.judge([pair])
        assert sum(judged) == pytest.approx(1.0)
        assert min(judged) >= 0.0
    assert nli.judge([]) == []


def test_chunks_cover_a_passage_in_whole_sentences(folder: Folder) -> None:
    nli = Nli(str(folder("deberta")), device="cpu")
    passage = "The cat sat. 北京是中国的首都。Paris is the capital of France! " + "word" * 100
    chunks = nli.chunks(passage, 30)
    assert "".join("".join(chunks).split()) == "".join(passage.split())
    assert max(nli._classifier.tokens(chunks)) <= 31  # cut in a word, a part may begin with one more piece
    assert nli.chunks(" \n ", 30) == []
