"""BERTScore: equal to the package bert-score on real (tiny) encoders of five architectures; windows, layers, idf."""

from __future__ import annotations

import json
import math
import pickle
import warnings
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc_eval.errors import UsageError
from aigc_eval.plugin import ModelRef
from aigc_eval.records import Prompt, Request, Score
from aigc_eval.scorers.bertscore import BertScore
from aigc_eval.scorers.bertscore.encoder import TokenEncoder, _windows
from aigc_eval.scorers.bertscore.layers import _LAYERS, recommended
from aigc_eval.scorers.bertscore.match import Embedded, match
from tests import tiny

PAIRS = [
    ("The cat sat on the mat.", "A dog sat on the log."),
    ("今天天气很好", "今天天气不错，我们去公园。"),
    ("Paris is the capital of Italy", "Beijing is the capital of China. What is it?"),
    ("x", "The cat [SEP] </s>"),
    ("语言模型 GPT 生成 text", "语言模型生成的文本 😀"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("encoders")


@pytest.fixture(scope="module")
def bert(folder: Path) -> str:
    return str(tiny.encoder(folder / "bert", positions=64))


def scores(scorer: BertScore, pairs: Sequence[tuple[str, Sequence[str]]]) -> list[Score]:
    return scorer.score([Request(Prompt("p", "", tuple(refs))).answer(text, "truncated") for text, refs in pairs])


def numbers(score: Score) -> list[float]:
    assert score.value is not None
    return [score.parts["precision"], score.parts["recall"], score.value]


def reference(model: str, layer: int, pairs: Sequence[tuple[str, str]], idf: Any = None) -> list[list[float]]:
    """What the package bert-score computes, one pair at a time: in a batch, its padding counts as a similarity of 0."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its progress bars and its dependencies' deprecations
        import transformers
        from bert_score.utils import bert_cos_score_idf, get_idf_dict, get_model

        tokenizer = transformers.AutoTokenizer.from_pretrained(model)
        weights: Any = defaultdict(lambda: 1.0) | {tokenizer.sep_token_id: 0, tokenizer.cls_token_id: 0}
        if idf:
            weights = get_idf_dict(idf, tokenizer, nthreads=0)
        rows = bert_cos_score_idf(
            get_model(model, layer), [r for _, r in pairs], [a for a, _ in pairs], tokenizer, weights,
            device="cpu", batch_size=1,
        )  # fmt: skip
    found: list[list[float]] = rows.tolist()
    return found


@pytest.mark.parametrize("family", tiny.FAMILIES)
@pytest.mark.parametrize("layer", [1, 2])
def test_equals_the_package_bert_score(folder: Path, family: str, layer: int) -> None:
    model = str(tiny.encoder(folder / f"{family}{layer}", family=family))
    pairs = [(a, r) for a, r in PAIRS if "[SEP]" not in r]  # it reads special tokens that a text spells out
    mine = scores(BertScore(ModelRef(model), layer=layer), [(a, [r]) for a, r in pairs])
    assert np.array([numbers(s) for s in mine]) == pytest.approx(np.array(reference(model, layer, pairs)), abs=1e-5)


def test_the_first_word_of_a_roberta_has_its_space(folder: Path) -> None:
    # bert-score asks for add_prefix_space, which slow tokenizers obeyed; transformers 5 wants it said beforehand
    model, theirs = (tiny.encoder(folder / name, family="roberta") for name in ("plain", "spaced"))
    for path, spaced in ((model, False), (theirs, True)):
        settings = json.loads((path / "tokenizer_config.json").read_text("utf-8"))
        named = {**settings, "tokenizer_class": "RobertaTokenizer", "add_prefix_space": spaced}
        (path / "tokenizer_config.json").write_text(json.dumps(named), "utf-8")
    pairs = [("cat sat on the mat", "dog sat on the log"), ("今天天气很好", "今天天气")]
    mine = [numbers(s) for s in scores(BertScore(ModelRef(str(model))), [(a, [r]) for a, r in pairs])]
    assert np.array(mine) == pytest.approx(np.array(reference(str(theirs), 2, pairs)), abs=1e-5)
    assert np.array(mine) != pytest.approx(np.array(reference(str(model), 2, pairs)), abs=1e-5)


def test_idf_equals_the_package(bert: str, tmp_path: Path) -> None:
    texts = ["The cat sat on the mat.", "A dog sat on the log.", "今天天气不错，我们去公园。", "the the"]
    (tmp_path / "idf.txt").write_text("\n".join(texts) + "\n\n", "utf-8")
    scorer = BertScore(ModelRef(bert), idf=tmp_path / "idf.txt")
    pairs = [(a, r) for a, r in PAIRS[:3]]
    mine = [numbers(s) for s in scores(scorer, [(a, [r]) for a, r in pairs])]
    assert np.array(mine) == pytest.approx(np.array(reference(bert, 2, pairs, texts)), abs=1e-5)
    assert scorer.identity() != BertScore(ModelRef(bert)).identity()
    with pytest.raises(UsageError, match="idf file"):
        BertScore(ModelRef(bert), idf=tmp_path / "none.txt").load()


def test_each_number_is_the_best_over_the_references(bert: str) -> None:
    scorer = BertScore(ModelRef(bert))
    refs = ["A dog sat on the log.", "cat mat", "北京是中国的首都"]
    [together] = scores(scorer, [("The cat sat.", refs)])
    alone = np.array([numbers(s) for s in scores(scorer, [("The cat sat.", [r]) for r in refs])])
    assert numbers(together) == pytest.approx(alone.max(axis=0).tolist(), abs=1e-6)


def test_same_text_is_one_and_nothing_is_zero(bert: str) -> None:
    scorer = BertScore(ModelRef(bert))
    same, blank, none, empty_reference = scores(
        scorer, [("今天 the cat", ["今天 the cat"]), ("  \n", ["the cat"]), ("the cat", []), ("x", [" "])]
    )
    assert numbers(same) == pytest.approx([1.0, 1.0, 1.0], abs=1e-6)
    assert numbers(blank) == [0.0, 0.0, 0.0]  # as the package: "Empty candidate sentence"
    assert none.note == empty_reference.note == "no reference"
    assert scorer.score([]) == []


def test_a_long_text_is_read_to_its_end(bert: str) -> None:
    import torch
    import transformers

    text = "the dog sat on the log. " * 30 + "今天天气很好"
    encoder = TokenEncoder(bert, 2)
    [ids], [embedded] = encoder.ids([text]), encoder.embed([text], lambda _: 1.0)
    assert int(embedded.weights.sum()) == len(ids) > 3 * 62
    assert (embedded.weights == 0).sum() == 2 * len(_windows(len(ids), 62))  # [CLS] and [SEP] of each window
    tokenizer = transformers.AutoTokenizer.from_pretrained(bert)
    last = torch.tensor([[tokenizer.cls_token_id, *ids[-62:], tokenizer.sep_token_id]])
    with torch.inference_mode():
        wanted = transformers.AutoModel.from_pretrained(bert)(last).last_hidden_state[0, 62]
    mine = embedded.vectors[embedded.weights > 0][-1]
    assert mine == pytest.approx((wanted / wanted.norm()).numpy(), abs=1e-5)
    ended, cut = scores(BertScore(ModelRef(bert)), [(text, ["今天天气很好"]), (text[:-6], ["今天天气很好"])])
    assert ended.parts["recall"] > cut.parts["recall"]


@given(st.integers(0, 500), st.integers(1, 60))
def test_windows_keep_every_token_once(length: int, room: int) -> None:
    kept = [i for _, _, first, last in _windows(length, room) for i in range(first, last)]
    assert kept == list(range(length))
    assert all(a <= first < last <= b <= a + room for a, b, first, last in _windows(length, room))


def test_a_text_that_fits_is_read_once(bert: str) -> None:
    encoder = TokenEncoder(bert, 2)
    [short] = encoder.embed(["the cat"], lambda _: 1.0)
    assert len(short.vectors) == len(encoder.ids(["the cat"])[0]) + 2


def test_batches_do_not_matter(bert: str) -> None:
    scorer = BertScore(ModelRef(bert))
    items = [(a, [r, "the cat"]) for a, r in PAIRS] + [("long " * 300, ["short"])]
    together = [numbers(s) for s in scores(scorer, items)]
    backwards = [numbers(s) for s in scores(scorer, items[::-1])][::-1]
    alone = [numbers(scores(scorer, [item])[0]) for item in items]
    assert np.array(together) == pytest.approx(np.array(alone), abs=1e-5)
    assert np.array(together) == pytest.approx(np.array(backwards), abs=1e-5)


@pytest.mark.parametrize("text", ["a" * 1_000_000, "好" * 20_000])
def test_a_text_above_the_limit_is_an_error(bert: str, text: str) -> None:
    [answer, ref] = scores(BertScore(ModelRef(bert)), [(text, ["x"]), ("x", [text])])
    assert "max_characters" in answer.error
    assert "max_characters" in ref.error


@pytest.mark.parametrize("text", ["😀😀", "مرحبا بالعالم", "\ud800 lone", "\x00\u202e", "a" * 9_000, "好" * 9_000])
def test_odd_texts(bert: str, text: str) -> None:
    [found] = scores(BertScore(ModelRef(bert)), [(text, ["the cat 今天"])])
    assert all(-1.0 <= x <= 1.0 for x in numbers(found))


def test_the_layer_is_the_authors_choice_where_the_model_is_known() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from bert_score.utils import model2layers

    theirs = {name.rpartition("/")[2].lower(): layer for name, layer in model2layers.items()}
    assert all(theirs[name] == layer for name, layer in _LAYERS.items())
    assert recommended("bert-base-chinese", 12) == 8
    assert recommended("/srv/models/roberta-large", 24) == 17
    assert recommended("roberta-large", 2) == 2
    assert recommended("someone/else", 6) == 6


def test_layers_and_signature(bert: str) -> None:
    assert BertScore(ModelRef(bert)).signature() == "BertScore|model:bert|version:1|L2_no-idf|rescaled:no"
    first, last = (BertScore(ModelRef(bert), layer=n) for n in (1, 2))
    assert scores(first, [("a cat", ["the cat"])]) != scores(last, [("a cat", ["the cat"])])
    assert pickle.loads(pickle.dumps(first)) == first
    with pytest.raises(UsageError, match="2 layers"):
        BertScore(ModelRef(bert), layer=3).load()
    with pytest.raises(UsageError, match="1 or more"):
        BertScore(ModelRef(bert), layer=0)


def test_the_encoder_of_a_t5_will_do(folder: Path) -> None:
    model = str(tiny.seq2seq(folder / "t5"))
    for layer in (1, 2):
        [found] = scores(BertScore(ModelRef(model), layer=layer), [("The cat sat.", ["A dog sat."])])
        assert -1.0 <= numbers(found)[2] < 1.0


vectors = st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=1, max_size=6)


@given(vectors, vectors)
def test_greedy_matching_of_any_vectors(one: list[tuple[float, float]], other: list[tuple[float, float]]) -> None:
    def unit(rows: list[tuple[float, float]]) -> Embedded:
        table = np.array([(x + 2, y) for x, y in rows])  # no zero vector
        return Embedded(
            (table / np.linalg.norm(table, axis=1, keepdims=True)).astype(np.float32), np.ones(len(rows), np.float32)
        )

    a, b = unit(one), unit(other)
    best = [[float(x @ y) for y in b.vectors] for x in a.vectors]
    found, turned = match(a, b), match(b, a)
    assert found.precision == pytest.approx(sum(map(max, best)) / len(best), abs=1e-5)
    assert (found.precision, found.recall) == pytest.approx((turned.recall, turned.precision))
    assert math.isfinite(found.f1)


def test_opposite_vectors_have_no_f1() -> None:
    x = Embedded(np.array([[1.0, 0.0]], np.float32), np.ones(1, np.float32))
    assert match(x, Embedded(-x.vectors, x.weights)) == (-1.0, -1.0, 0.0)
    assert match(x, Embedded(x.vectors, np.zeros(1, np.float32))) == (0.0, 0.0, 0.0)
