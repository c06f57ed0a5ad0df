"""Alignment: AlignScore's and MiniCheck's numbers by hand on real (tiny) classifiers and a real (tiny) T5."""

from __future__ import annotations

import pickle
import time
from pathlib import Path

import numpy as np
import pytest

from aigc_eval.errors import UsageError
from aigc_eval.plugin import ModelRef
from aigc_eval.records import Generation, Prompt, Request
from aigc_eval.scorers.alignment import Alignment
from aigc_eval.scorers.alignment.verifier import Verifier, frame_of
from tests import tiny

THREE = ("ALIGNED", "NEUTRAL", "CONTRADICT")
TWO = ("unsupported", "supported")
CHUNKS = ["The cat sat on the mat.", "Paris is the capital of France."]
CLAIMS = ["The cat sat on the log.", "Beijing is the capital of China."]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("verifiers")


@pytest.fixture(scope="module")
def pair(folder: Path) -> Path:
    return tiny.classifier(folder / "align", labels=THREE)


@pytest.fixture(scope="module")
def t5(folder: Path) -> Path:
    return tiny.seq2seq(folder / "MiniCheck-Flan-T5-tiny")


def generation(text: str, *evidence: str) -> Generation:
    return Request(Prompt("p", "", evidence=evidence)).answer(text, "truncated")


def by_pair(folder: Path, document: str, claim: str) -> list[float]:
    import torch
    import transformers

    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    with torch.inference_mode():
        found: list[float] = model(**tokenizer(document, claim, return_tensors="pt")).logits[0].softmax(-1).tolist()
    return found


def by_minicheck(folder: Path, document: str, claim: str) -> float:
    """As MiniCheck's inference.py does: one text with the end token between; T5 is asked for its first token."""
    import torch
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    if "T5" not in folder.name:
        model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
        border = tokenizer.eos_token or tokenizer.sep_token
        coded = tokenizer(border.join([document, claim]), return_tensors="pt")
        with torch.inference_mode():
            return float(model(**coded).logits.softmax(-1)[0, 1])
    model = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    coded = tokenizer("predict: " + tokenizer.eos_token.join([document, claim]), return_tensors="pt")
    no, yes = (tokenizer(word)["input_ids"][0] for word in "01")
    with torch.inference_mode():
        logits = model(
            input_ids=coded["input_ids"], attention_mask=coded["attention_mask"],
            decoder_input_ids=torch.zeros((1, 1), dtype=torch.long),
        ).logits.squeeze(1)  # fmt: skip
    return float(logits[:, [no, yes]].softmax(-1)[0, 1])


def test_alignscore_by_hand(pair: Path) -> None:
    scorer = Alignment(ModelRef(str(pair)), chunk=8, threshold=0.2)
    [found] = scorer.score([generation(" ".join(CLAIMS), " ".join(CHUNKS))])
    rows = np.array([[by_pair(pair, d, c)[0] for d in CHUNKS] for c in CLAIMS]).max(axis=1)
    assert found.value == pytest.approx(rows.mean(), abs=1e-5)
    assert found.parts["worst"] == pytest.approx(rows.min(), abs=1e-5)
    assert found.parts["sentences"] == 2
    assert found.parts["supported"] == (rows >= 0.2).sum()
    assert found.parts["fully_supported"] == float((rows >= 0.2).all())
    text = " ".join(CLAIMS)
    low = [c for c, p in zip(CLAIMS, rows, strict=True) if p < 0.2]
    assert [text[s.start : s.end] for s in found.spans] == low


def test_minicheck_t5_by_hand(t5: Path) -> None:
    scorer = Alignment(ModelRef(str(t5)))
    for document, claim in [*zip(CHUNKS, CLAIMS, strict=True), ("北京是中国的首都。", "首都是北京。")]:
        [found] = scorer.score([generation(claim, document)])
        assert found.value == pytest.approx(by_minicheck(t5, document, claim), abs=1e-5)
    assert scorer.signature() == "Alignment|model:MiniCheck-Flan-T5-tiny|version:1|as:minicheck"


@pytest.mark.parametrize("family", ["roberta", "deberta", "bert"])
def test_minicheck_encoders_by_hand(folder: Path, family: str) -> None:
    model = tiny.classifier(folder / f"MiniCheck-{family}", family=family, labels=("LABEL_0", "LABEL_1"))
    scorer = Alignment(ModelRef(str(model)), supported="label_1")
    assert frame_of(str(model)) == "minicheck"
    for document, claim in zip(CHUNKS, CLAIMS, strict=True):
        [found] = scorer.score([generation(claim, document)])
        assert found.value == pytest.approx(by_minicheck(model, document, claim), abs=1e-5)
    with pytest.raises(UsageError, match="LABEL_0, LABEL_1"):
        Alignment(ModelRef(str(model))).load()


@pytest.mark.parametrize("labels", [TWO, ("0", "1"), ("refuted", "Entailment"), ("不支持", "支持")])
def test_the_label_is_found_by_name(folder: Path, labels: tuple[str, str]) -> None:
    model = tiny.classifier(folder / f"named-{labels[1]}", labels=labels)
    [found] = Alignment(ModelRef(str(model))).score([generation(CLAIMS[0], CHUNKS[0])])
    assert found.value == pytest.approx(by_pair(model, CHUNKS[0], CLAIMS[0])[1], abs=1e-5)
    turned = Alignment(ModelRef(str(model)), supported=labels[0]).score([generation(CLAIMS[0], CHUNKS[0])])
    assert found.value is not None
    assert turned[0].value == pytest.approx(1 - found.value, abs=1e-5)


def test_a_single_label_is_a_probability_of_its_own(folder: Path) -> None:
    model = tiny.classifier(folder / "single", labels=("LABEL_0",))
    [found] = Alignment(ModelRef(str(model))).score([generation(CLAIMS[0], CHUNKS[0])])
    assert found.value is not None
    assert 0 < found.value < 1


def test_an_encoder_decoder_takes_no_label_and_no_pair(t5: Path) -> None:
    with pytest.raises(UsageError, match="minicheck"):
        Alignment(ModelRef(str(t5)), frame="pair").load()
    with pytest.raises(UsageError, match="no labels"):
        Alignment(ModelRef(str(t5)), supported="1").load()


def test_no_text_can_part_itself(t5: Path) -> None:
    verifier = Verifier(str(t5), "minicheck")
    [row] = verifier.rows("The cat sat.</s>The dog sat.", "No</s>1")
    assert row.ids.count(1) == 2  # between and at the end: those of the frame


def test_chunks_hold_whole_sentences_and_everything(pair: Path) -> None:
    verifier = Verifier(str(pair), "pair")
    passage = "The cat sat on the mat. " * 9 + "word" * 300 + "。北京是首都。今天天气很好。" * 9
    chunks = verifier.chunks(passage, 24)
    assert "".join(chunks).replace(" ", "") == passage.replace(" ", "")
    assert max(len(verifier._packer.ids([c])[0]) for c in chunks) <= 24
    assert verifier.chunks(" \n", 24) == []


def test_long_claims_and_evidence_are_read_whole(pair: Path) -> None:
    verifier = Verifier(str(pair), "pair")
    claim = "the cat sat on the mat and the dog sat on the log " * 20
    rows = verifier.rows("The cat sat on the mat.", claim)
    assert len(rows) > 1
    assert max(len(row.ids) for row in rows) <= 128
    chances = verifier.supported(rows)
    [found] = Alignment(ModelRef(str(pair))).score([generation(claim, "The cat sat on the mat.")])
    assert found.value == pytest.approx(chances.min(), abs=1e-6)  # all of the claim must be supported


def test_batches_do_not_matter(pair: Path) -> None:
    scorer = Alignment(ModelRef(str(pair)), chunk=16)
    texts = ["The cat sat on the mat. " * n for n in (1, 5, 2)] + ["北京是中国的首都。", "1.", "😀"]
    items = [generation(t, "Paris is the capital of France. " * 9, "今天天气很好，北京是首都。") for t in texts]
    together, alone = scorer.score(items), [scorer.score([g])[0] for g in items]
    for a, b in zip(together, alone, strict=True):
        assert (a.note, a.spans) == (b.note, b.spans)
        assert a.parts == pytest.approx(b.parts, abs=1e-5)


def test_what_does_not_apply(pair: Path) -> None:
    scorer = Alignment(ModelRef(str(pair)))
    assert scorer.score([]) == []
    assert scorer.score([generation("The cat sat.")])[0].note == "no evidence"
    assert scorer.score([generation("😀 1.", "The cat sat.")])[0].note == "no sentence"
    assert scorer.not_applicable(Prompt("p", "", evidence=(" ",))) == "no evidence"


@pytest.mark.parametrize("text", ["a" * 1_000_000, "好" * 100_000, "猫坐。" * 20_000, "\ud800 lone", "مرحبا بالعالم"])
def test_odd_and_endless_texts(pair: Path, text: str) -> None:
    start = time.process_time()
    answer, evidence = Alignment(ModelRef(str(pair)), max_pairs=50).score(
        [generation(text, "The cat sat. 今天天气很好。"), generation("The cat sat.", text)]
    )
    for found in (answer, evidence):
        assert found.value is not None or "max_pairs" in found.error
    assert time.process_time() - start < 30


def test_options_and_process_border(pair: Path) -> None:
    scorer = Alignment(ModelRef(str(pair)))
    scorer.load()
    assert pickle.loads(pickle.dumps(scorer)) == scorer
    assert scorer.signature() == "Alignment|model:align|version:1|as:pair"
    assert scorer.identity() != Alignment(ModelRef(str(pair)), frame="minicheck").identity()
    with pytest.raises(UsageError, match="threshold"):
        Alignment(ModelRef(str(pair)), threshold=0.0)
    with pytest.raises(UsageError, match="chunk"):
        Alignment(ModelRef(str(pair)), chunk=0)
