"""Detoxify's own `predict` is the reference: tiny real models of its architectures, in its checkpoint layout."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aigc_eval.errors import MissingExtra, UsageError
from aigc_eval.records import Prompt, Request
from aigc_eval.scorers.detoxify import Detoxify
from aigc_eval.scorers.detoxify import checkpoint as checkpoints

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

FAMILIES = {
    "original": "Bert",
    "unbiased": "Roberta",
    "multilingual": "XLMRoberta",
    "original-small": "Albert",
    "unbiased-small": "Albert",
}
WORDS = "you are very kind stupid hello world idiot a the is this not toxic text of , . !".split()  # noqa: SIM905
ORIGINAL = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]
UNBIASED = ["toxicity", "severe_toxicity", "obscene", "identity_attack", "insult", "threat", "sexual_explicit"]
TEXTS = [
    "You are very kind.",
    "stupid idiot!",
    "hello world, this is a text of the world . " * 6,
    "not",
    "🙂",
    "THIS is NOT kind",
]


def tokenizer(family: str, folder: Path) -> None:
    """A small real vocabulary in the family's own format."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    if family == "Bert":
        vocab = [
            "[PAD]",
            "[UNK]",
            "[CLS]",
            "[SEP]",
            "[MASK]",
            *WORDS,
            *"abcdefghijklmnopqrstuvwxyz",
            *(f"##{c}" for c in "abcdefghijklmnopqrstuvwxyz"),
        ]
        (folder / "vocab.txt").write_text("\n".join(dict.fromkeys(vocab)), "utf-8")
        made = transformers.BertTokenizer.from_pretrained(str(folder), model_max_length=512)
    elif family == "Roberta":
        bpe = Tokenizer(models.BPE())
        bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
        trainer = trainers.BpeTrainer(
            vocab_size=400,
            special_tokens=special,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        bpe.train_from_iterator([" ".join(WORDS)] * 5, trainer)
        bpe.model.save(str(folder))
        made = transformers.RobertaTokenizer.from_pretrained(str(folder), model_max_length=512)
    else:
        pieces = [(f"▁{w}", -2.0) for w in WORDS] + [
            (c, -5.0) for c in "▁abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ,.!"
        ]
        special = (
            ["<s>", "<pad>", "</s>", "<unk>"]
            if family == "XLMRoberta"
            else ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"]
        )
        vocab = [(s, 0.0) for s in special] + pieces + ([("<mask>", 0.0)] if family == "XLMRoberta" else [])
        made = getattr(transformers, f"{family}Tokenizer")(vocab=vocab, model_max_length=512)
    made.save_pretrained(str(folder))


def build(name: str, folder: Path, outputs: int | None = None) -> tuple[Path, Path]:
    """A seeded model in Detoxify's layout: the checkpoint, and the folder of its config and tokenizer."""
    family = FAMILIES[name]
    classes = ORIGINAL if name.startswith("original") else UNBIASED
    outputs = outputs or (6 if classes is ORIGINAL else 16)
    tokenizer(family, folder)
    made = getattr(transformers, f"{family}Tokenizer").from_pretrained(str(folder))
    torch.manual_seed(7)
    config = getattr(transformers, f"{family}Config")(
        vocab_size=len(made),
        hidden_size=32,
        embedding_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=514 if "oberta" in family else 512,
        num_labels=outputs,
        initializer_range=0.3,
        pad_token_id=made.pad_token_id,
        bos_token_id=made.cls_token_id,
        eos_token_id=made.sep_token_id,
    )
    model = getattr(transformers, f"{family}ForSequenceClassification")(config)
    config.save_pretrained(str(folder))
    arch = {
        "num_classes": outputs,
        "model_type": str(folder),
        "model_name": f"{family}ForSequenceClassification",
        "tokenizer_name": f"{family}Tokenizer",
    }
    content = {
        "state_dict": model.state_dict(),
        "config": {"arch": {"args": arch}, "dataset": {"args": {"classes": list(classes)}}},
    }
    torch.save(content, folder / "model.ckpt")
    return folder / "model.ckpt", folder


@pytest.fixture(scope="module", params=list(FAMILIES))
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, Path]:
    return (request.param, *build(request.param, tmp_path_factory.mktemp(request.param)))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return build("original", tmp_path_factory.mktemp("small"))


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    checkpoints.load.cache_clear()


def answers(*texts: str) -> list[Any]:
    return [Request(Prompt(str(i), "q")).answer(text) for i, text in enumerate(texts)]


def test_scores_equal_detoxify_itself(model: tuple[str, Path, Path]) -> None:
    detoxify = pytest.importorskip("detoxify")
    name, checkpoint, config = model
    reference = detoxify.Detoxify(checkpoint=str(checkpoint), huggingface_config_path=str(config))
    ours = Detoxify(name, checkpoint, config).score(answers(*TEXTS))
    for text, score in zip(TEXTS, ours, strict=True):
        expected = reference.predict(text)
        assert dict(score.parts) == pytest.approx(expected, abs=1e-5)
        assert score.value == pytest.approx(expected["toxicity"], abs=1e-5)
    values = [score.value for score in ours]
    assert max(values) - min(values) > 0.01, "the reference model tells these texts apart, or the test proves nothing"


def test_batch_equals_one_by_one(model: tuple[str, Path, Path]) -> None:
    name, checkpoint, config = model
    scorer = Detoxify(name, checkpoint, config)
    texts = [*TEXTS, "stupid " * 700, "kind"]
    together = scorer.score(answers(*texts))
    for text, score in zip(texts, together, strict=True):
        [alone] = scorer.score(answers(text))
        assert dict(score.parts) == pytest.approx(dict(alone.parts), abs=1e-5)
    assert scorer.score([]) == []


def test_nothing_is_truncated(small: tuple[Path, Path]) -> None:
    """The maximum over 512-token windows, computed here with transformers alone."""
    checkpoint, config = small
    scorer = Detoxify("original", checkpoint, config)
    loaded = checkpoints.load("original", checkpoint, config, "cpu")
    text = "kind world " * 600 + "stupid idiot ! " * 3 + "hello the " * 500
    ids = loaded.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
    assert len(ids) > 2000
    best = torch.zeros(6)
    starts = [*range(0, len(ids) - 510, 383), len(ids) - 510]
    for start in starts:
        window = torch.tensor([[loaded.first, *ids[start : start + 510], loaded.last]])
        with torch.inference_mode():
            best = torch.maximum(best, torch.sigmoid(loaded.model(window).logits)[0])
    [score] = scorer.score(answers(text))
    assert list(score.parts.values()) == pytest.approx(best.tolist(), abs=1e-5)


def test_a_hidden_word_is_read_normalised_too(small: tuple[Path, Path]) -> None:
    scorer = Detoxify("original", *small)
    plain, wide, split = scorer.score(answers("stupid idiot", "ｓｔｕｐｉｄ ｉｄｉｏｔ", "stu\u200bpid id\u200biot"))
    assert wide.value >= plain.value - 1e-6
    assert split.value >= plain.value - 1e-6


def test_a_pickle_that_runs_code_is_refused_untouched(small: tuple[Path, Path], tmp_path: Path) -> None:
    sentinel = tmp_path / "touched"

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return (os.system, (f"touch {sentinel}",))

    content = torch.load(small[0], weights_only=True)
    content["config"]["evil"] = Evil()
    evil = tmp_path / "evil.ckpt"
    torch.save(content, evil)
    with pytest.raises(UsageError, match="would run code"):
        Detoxify("original", evil, small[1]).load()
    assert not sentinel.exists()
    torch.load(evil, weights_only=False)
    assert sentinel.exists(), "the checkpoint is live: a careless loader does touch the file"


def test_tensors_must_fit(small: tuple[Path, Path], tmp_path: Path) -> None:
    content = torch.load(small[0], weights_only=True)
    state = content["state_dict"]
    bias = state.pop("classifier.bias")
    torch.save(content, tmp_path / "missing.ckpt")
    state.update({"classifier.bias": bias, "extra.weight": bias})
    torch.save(content, tmp_path / "extra.ckpt")
    del state["extra.weight"]
    state["classifier.bias"] = bias[:2]
    torch.save(content, tmp_path / "shape.ckpt")
    state["classifier.bias"] = bias * math.nan
    torch.save(content, tmp_path / "nan.ckpt")
    state["classifier.bias"] = bias
    state["bert.embeddings.position_ids"] = torch.arange(512)[None]
    torch.save(content, tmp_path / "old.ckpt")
    for name, told in {
        "missing": "missing classifier.bias",
        "extra": "unexpected extra.weight",
        "shape": "classifier.bias",
        "nan": "finite",
    }.items():
        with pytest.raises(UsageError, match=told):
            Detoxify("original", tmp_path / f"{name}.ckpt", small[1]).load()
    Detoxify("original", tmp_path / "old.ckpt", small[1]).load()


def test_layout_and_classes_are_checked(small: tuple[Path, Path], tmp_path: Path) -> None:
    content = torch.load(small[0], weights_only=True)
    content["config"]["arch"]["args"]["model_name"] = "GPT2Model"
    torch.save(content, tmp_path / "class.ckpt")
    torch.save({"weights": torch.zeros(1)}, tmp_path / "layout.ckpt")
    (tmp_path / "noise.ckpt").write_bytes(b"not a checkpoint")
    for name, told in {"class": "GPT2Model", "layout": "layout", "noise": "refused", "absent": "cannot read"}.items():
        with pytest.raises(UsageError, match=told):
            Detoxify("original", tmp_path / f"{name}.ckpt", small[1]).load()


def test_safetensors_give_the_same(small: tuple[Path, Path], tmp_path: Path) -> None:
    from safetensors.torch import save_file

    path = tmp_path / "model.safetensors"
    save_file(torch.load(small[0], weights_only=True)["state_dict"], path)
    one = Detoxify("original", path, small[1]).score(answers(*TEXTS))
    assert one == Detoxify("original", *small).score(answers(*TEXTS))


def test_an_absent_release_says_where_to_put_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(MissingExtra, match=r"multilingual_debiased-0b549669\.ckpt to there"):
        Detoxify("multilingual").load()


def test_a_damaged_release_is_refused(
    small: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    (tmp_path / "hub/checkpoints").mkdir(parents=True)
    (tmp_path / "hub/checkpoints/toxic_original-c1212f89.ckpt").write_bytes(small[0].read_bytes())
    with pytest.raises(UsageError, match="damaged"):
        Detoxify("original").load()


def test_absent_tokenizer_files_are_named(small: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"config\.json"):
        Detoxify("original", small[0], tmp_path).load()
    (tmp_path / "config.json").write_bytes((small[1] / "config.json").read_bytes())
    with pytest.raises(UsageError, match="tokenizer"):
        Detoxify("original", small[0], tmp_path).load()


def test_uncovered_scripts_fail_closed(small: tuple[Path, Path]) -> None:
    chinese, russian, invisible = "你好，今天天气不错。", "Привет, как дела?", "\u200b \u200b"
    for score in Detoxify("original", *small).score(answers(chinese, russian)):
        assert score.value is None
        assert "en" in score.error
    skipped, fine, empty = Detoxify("original", *small, uncovered="skip").score(answers(chinese, "hello", invisible))
    assert skipped.value is None
    assert skipped.note
    assert not skipped.error
    assert fine.value is not None
    assert empty.note
    scored = Detoxify("original", *small, uncovered="score").score(answers(chinese))
    assert scored[0].value is not None


def test_multilingual_reads_russian_but_not_chinese(tmp_path: Path) -> None:
    scorer = Detoxify("multilingual", *build("multilingual", tmp_path))
    russian, chinese = scorer.score(answers("Привет, как дела?", "你好"))
    assert russian.value is not None
    assert "multilingual" in chinese.error
    assert "zh" not in Detoxify.languages


ODD = ["", " ", "\x00", "\ud800", "a" * 20_000, "مرحبا", "hello 你 hello hello", "🙂🙂", "\u202eevil", "?" * 500]


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_odd_text_has_a_defined_score(small: tuple[Path, Path], text: str) -> None:
    [score] = Detoxify("original", *small).score(answers(text))
    assert score.value is not None or score.note or score.error


def test_metrics_name_every_label() -> None:
    names = [metric.name for metric in Detoxify("unbiased").metrics()]
    assert names[:4] == ["toxic_fraction", "expected_maximum_toxicity", "toxicity_probability", "mean_toxicity"]
    assert set(names[4:]) == {f"{label}_fraction" for label in UNBIASED[1:]}
    assert all(metric.title.zh and metric.about.zh for metric in Detoxify("unbiased").metrics())


def test_bad_options_are_refused() -> None:
    with pytest.raises(UsageError, match="no model"):
        Detoxify("orignal")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="threshold"):
        Detoxify(threshold=0.0)
