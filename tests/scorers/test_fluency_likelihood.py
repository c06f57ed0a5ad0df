"""What a language model says of answers, against transformers itself on tiny real checkpoints."""

from __future__ import annotations

import json
import math
import pickle
import random
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc_eval import huggingface as hf
from aigc_eval.errors import UsageError
from aigc_eval.models.language_model import windows
from aigc_eval.plugin import ModelRef
from aigc_eval.scorers.fluency import Fluency
from aigc_eval.scorers.fluency.unigrams import packaged, slor, words
from tests import tiny
from tests.scorers.test_fluency import HOSTILE, answer, frame, metric


@pytest.fixture(scope="module")
def causal(tmp_path_factory: pytest.TempPathFactory) -> ModelRef:
    return ModelRef(str(tiny.causal(tmp_path_factory.mktemp("m") / "tiny-gpt2", positions=64)))


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> ModelRef:
    return ModelRef(str(tiny.chat(tmp_path_factory.mktemp("m") / "tiny-qwen2")))


LONG = "The cat sat on the mat. 今天天气很好，我们一起去公园散步。 " * 12
SOME = ("The cat sat.", "北京是中国的首都。", "a", "Paris is the capital of France, and Beijing is that of China.",
        "🙂", "broken \ud800 text", LONG, "今天", "<|endoftext|> written out", "مرحبا")  # fmt: skip


def loss_of_transformers(model: str, ids: Sequence[int], prefix: Sequence[int]) -> float:
    """Mean negative log-likelihood as transformers itself computes it from labels."""
    import torch

    loaded = hf.load("AutoModelForCausalLM", model, device="cpu")
    whole = torch.tensor([[*prefix, *ids]])
    labels = whole.clone()
    labels[:, : len(prefix)] = -100
    with torch.inference_mode():
        return float(loaded(input_ids=whole, labels=labels).loss)


@pytest.mark.parametrize("family", ["causal", "chat"])
@pytest.mark.parametrize("text", ["The cat sat on the mat.", "北京是中国的首都。", "a"])
def test_the_likelihood_is_the_loss_of_transformers(request: pytest.FixtureRequest, family: str, text: str) -> None:
    model = request.getfixturevalue(family)
    tokenizer = hf.tokenizer(model)
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    prefix = [0] if family == "causal" else [2]  # <|endoftext|> is GPT-2's BOS; Qwen2 has none, its EOS is <|im_end|>
    [score] = Fluency(model=model).score([answer(text)])
    assert score.parts["tokens"] == len(ids)
    assert score.parts["bytes"] == len(text.encode())
    assert score.parts["nll"] / len(ids) == pytest.approx(loss_of_transformers(model, ids, prefix), rel=1e-4)


@pytest.mark.parametrize("family", ["causal", "chat"])
def test_scores_do_not_depend_on_the_batch(request: pytest.FixtureRequest, family: str) -> None:
    scorer = Fluency(model=request.getfixturevalue(family), window=48, stride=24)
    answers = [answer(t) for t in SOME]
    together = scorer.score(answers)
    alone = [scorer.score([a])[0] for a in answers]
    reordered = scorer.score(answers[::-1])[::-1]
    wide = Fluency(model=scorer.model, window=48, stride=24, batch_tokens=10**6).score(answers)
    for scores in (alone, reordered, wide):
        for x, y in zip(together, scores, strict=True):
            assert x.parts["nll"] == pytest.approx(y.parts["nll"], rel=1e-5)
            assert x.parts.get("slor", 0.0) == pytest.approx(y.parts.get("slor", 0.0), abs=1e-5)
            assert {**x.parts, "nll": 0, "slor": 0} == {**y.parts, "nll": 0, "slor": 0}


@given(st.integers(0, 200), st.integers(0, 30), st.integers(2, 50), st.integers(1, 49))
def test_windows_score_every_token_once_with_context(length: int, first: int, window: int, stride: int) -> None:
    stride = min(stride, window - 1)
    seen: list[int] = []
    for start, end, scored in windows(length, first, window, stride):
        assert 0 <= start < end <= length
        assert end - start <= window
        assert 1 <= scored < end - start + (start > 0)
        assert end - scored > start  # something stands before the first scored token
        seen += range(end - scored, end)
    assert seen == list(range(max(first, 1), length))


def test_long_texts_are_scored_in_windows_like_a_loop_over_transformers(causal: ModelRef) -> None:
    import torch

    tokenizer, model = hf.tokenizer(causal), hf.load("AutoModelForCausalLM", causal, device="cpu")
    ids = [0, *tokenizer(LONG, add_special_tokens=False)["input_ids"]]
    total, done, count = 0.0, 1, 0
    for begin in range(0, len(ids), 32):  # the loop of Hugging Face's "Perplexity of fixed-length models"
        end = min(begin + 64, len(ids))
        part = torch.tensor([ids[begin:end]])
        labels = part.clone()
        labels[:, : done - begin] = -100
        with torch.inference_mode():
            total += float(model(input_ids=part, labels=labels).loss) * (end - done)
        count, done = count + end - done, end
        if end == len(ids):
            break
    # that loop's last window starts at a multiple of the stride; ours always holds as much context as fits
    [score] = Fluency(model=causal, window=64, stride=32).score([answer(LONG)])
    assert score.parts["tokens"] == count == len(ids) - 1
    assert score.parts["nll"] == pytest.approx(total, rel=0.02)
    spans = list(windows(len(ids), 1, 64, 32))
    exact = 0.0
    for a, b, n in spans:
        part = torch.tensor([ids[a:b]])
        labels = part.clone()
        labels[:, :-n] = -100
        with torch.inference_mode():
            exact += float(model(input_ids=part, labels=labels).loss) * n
    assert score.parts["nll"] == pytest.approx(exact, rel=1e-5)


def test_the_prompt_is_masked_when_the_answer_is_conditioned_on_it(causal: ModelRef, chat: ModelRef) -> None:
    asked = answer("Paris.", "What is the capital of France?")
    tokenizer = hf.tokenizer(causal)
    ids = tokenizer("Paris.", add_special_tokens=False)["input_ids"]
    before = tokenizer("What is the capital of France?\n", add_special_tokens=False)["input_ids"]
    [score] = Fluency(model=causal, condition_on_prompt=True).score([asked])
    assert score.parts["tokens"] == len(ids)
    assert score.parts["nll"] / len(ids) == pytest.approx(loss_of_transformers(causal, ids, [0, *before]), rel=1e-4)
    templated = hf.tokenizer(chat)
    text = hf.render(templated, asked.prompt, chat=True)
    ids = templated("Paris.", add_special_tokens=False)["input_ids"]
    before = templated(text, add_special_tokens=False)["input_ids"]
    [score] = Fluency(model=chat, condition_on_prompt=True).score([asked])
    assert score.parts["nll"] / len(ids) == pytest.approx(loss_of_transformers(chat, ids, [2, *before]), rel=1e-4)


def test_without_bos_and_eos_the_first_token_is_not_scored(tmp_path: Path) -> None:
    folder = tiny.causal(tmp_path / "bare")
    settings_file = folder / "tokenizer_config.json"
    known = json.loads(settings_file.read_text())
    settings_file.write_text(json.dumps({k: v for k, v in known.items() if k not in ("bos_token", "eos_token")}))
    scorer = Fluency(model=ModelRef(str(folder)))
    assert scorer.signature() == "Fluency|model:bare|bos:none|version:3"
    ids = hf.tokenizer(str(folder))("The cat", add_special_tokens=False)["input_ids"]
    first, single = scorer.score([answer("The cat"), answer("a")])
    assert first.parts["tokens"] == len(ids) - 1
    assert 0 < first.parts["bytes"] < len("The cat")
    assert first.parts["characters"] == first.parts["bytes"]
    assert first.parts["words"] == words("The cat"[-int(first.parts["bytes"]) :])
    assert first.parts["nll"] / (len(ids) - 1) == pytest.approx(loss_of_transformers(str(folder), ids, []), rel=1e-4)
    assert "nll" not in single.parts  # nothing of a single token can be scored: no number, where `evaluate` has NaN
    assert single.value == 0.0
    [cut] = Fluency(model=ModelRef(str(folder)), max_tokens=50).score([answer(LONG)])
    coded = hf.tokenizer(str(folder))(LONG, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    kept = LONG[coded[0][1] : coded[49][1]]
    assert [cut.parts[k] for k in ("tokens", "words", "characters")] == [49, words(kept), len(kept)]
    assert cut.parts["bytes"] == len(kept.encode())
    rows = frame([single])
    assert all(m(rows) is None for m in scorer.metrics() if m.name.endswith(("perplexity", "per_byte", "slor")))


def test_the_signature_says_what_stands_before_the_first_token(causal: ModelRef, chat: ModelRef) -> None:
    assert Fluency(model=causal).signature() == "Fluency|model:tiny-gpt2|bos:bos|version:3"
    assert Fluency(model=chat).signature() == "Fluency|model:tiny-qwen2|bos:eos|version:3"
    assert Fluency(model=causal).identity() != Fluency(model=chat).identity() != Fluency().identity()


def test_corpus_perplexity_is_weighted_by_tokens_and_bits_by_bytes(causal: ModelRef) -> None:
    scorer = Fluency(model=causal, window=64, stride=32)
    scores = scorer.score([answer(t) for t in (*SOME, "")])
    rows = frame(scores)
    nll, count, size = (sum(s.parts.get(k, 0.0) for s in scores) for k in ("nll", "tokens", "bytes"))
    assert scorer.metrics()[0].name == "perplexity"
    assert metric(scorer, "perplexity")(rows) == pytest.approx(math.exp(nll / count))
    assert metric(scorer, "bits_per_byte")(rows) == pytest.approx(nll / math.log(2) / size)
    assert metric(scorer, "degenerate_rate")(rows) is not None


def test_golden_perplexity_and_bits_per_byte() -> None:
    # p = 1/2, 1/4, 1/8: token perplexity 4; over two words 8, over 12 bytes half a bit each (by the formulas, by hand)
    rows = pd.DataFrame([
        {"prompt": "a", "nll": math.log(2 * 4 * 8), "tokens": 3.0, "words": 2.0, "characters": 6.0, "bytes": 12.0}
    ])  # fmt: skip
    scorer = Fluency(model=ModelRef("any"))
    assert metric(scorer, "perplexity")(rows) == pytest.approx(4.0)
    assert metric(scorer, "word_perplexity")(rows) == pytest.approx(8.0)
    assert metric(scorer, "character_perplexity")(rows) == pytest.approx(2.0)
    assert metric(scorer, "bits_per_byte")(rows) == pytest.approx(0.5)


def test_pure_hanzi_have_three_times_as_many_bits_a_character_as_a_byte(causal: ModelRef) -> None:
    scorer = Fluency(model=causal)
    rows = frame(scorer.score([answer("今天天气很好"), answer("北京是中国的首都")]))
    by_byte, by_character, by_word = (
        metric(scorer, name)(rows) or 0.0 for name in ("bits_per_byte", "character_perplexity", "word_perplexity")
    )
    assert math.log2(by_character) == pytest.approx(3 * by_byte)
    assert by_word == pytest.approx(by_character)


def test_the_mean_over_texts_is_that_of_a_loop_of_one_text_at_a_time(causal: ModelRef) -> None:
    # `evaluate` 0.4, perplexity: exp(mean cross-entropy) of each text, then numpy.mean; here by transformers' own loss
    texts = ("The cat sat on the mat.", "a", "北京是中国的首都，上海是中国最大的城市。", "mat tea")
    tokenizer = hf.tokenizer(causal)
    coded = [tokenizer(t, add_special_tokens=False)["input_ids"] for t in texts]
    losses = [loss_of_transformers(causal, ids, [0]) for ids in coded]
    scorer = Fluency(model=causal)
    rows = frame(scorer.score([*map(answer, texts), answer("")]))
    each = [math.exp(loss) for loss in losses]
    assert metric(scorer, "macro_perplexity")(rows) == pytest.approx(sum(each) / len(each), rel=1e-3)
    weighted = sum(loss * len(ids) for loss, ids in zip(losses, coded, strict=True)) / sum(map(len, coded))
    assert metric(scorer, "perplexity")(rows) == pytest.approx(math.exp(weighted), rel=1e-3)


def test_padding_on_the_left_as_a_tokenizer_asks_for_it_changes_nothing(causal: ModelRef, tmp_path: Path) -> None:
    folder = tiny.causal(tmp_path / "left", positions=64)  # learned positions: padding before a text would move them
    told = folder / "tokenizer_config.json"
    told.write_text(json.dumps({**json.loads(told.read_text()), "padding_side": "left", "pad_token": "<|endoftext|>"}))
    assert hf.tokenizer(str(folder)).padding_side == "left"
    batch = [answer(t) for t in SOME]
    for x, y in zip(Fluency(model=ModelRef(str(folder))).score(batch), Fluency(model=causal).score(batch), strict=True):
        assert x.parts["nll"] == pytest.approx(y.parts["nll"], rel=1e-5)


def test_a_uniform_model_has_the_perplexity_of_its_vocabulary(tmp_path: Path) -> None:
    folder = tiny.causal(tmp_path / "uniform", scale=0.0)
    scorer = Fluency(model=ModelRef(str(folder)))
    rows = frame(scorer.score([answer("The cat sat on the mat."), answer("今天天气很好。")]))
    assert metric(scorer, "perplexity")(rows) == pytest.approx(len(hf.tokenizer(str(folder))), rel=1e-5)


def test_only_the_first_tokens_of_an_endless_text_are_scored(causal: ModelRef) -> None:
    text = "The cat sat on the mat. " * 50
    [score] = Fluency(model=causal, max_tokens=100).score([answer(text)])
    tokenizer = hf.tokenizer(causal)
    kept = tokenizer.decode(tokenizer(text, add_special_tokens=False)["input_ids"][:100])
    assert (score.parts["tokens"], score.parts["bytes"]) == (100.0, float(len(kept.encode())))
    assert (score.parts["words"], score.parts["characters"]) == (len(kept.split()), len(kept))
    assert score.parts["slor"] == pytest.approx(slor(-score.parts["nll"], *packaged().log_probability(kept)))


def test_a_slow_tokenizer_cannot_say_what_its_first_tokens_cover(tmp_path: Path) -> None:
    import transformers

    tokenizer = transformers.ByT5Tokenizer()
    assert not tokenizer.is_fast
    settings = transformers.GPT2Config(vocab_size=384, n_positions=64, n_embd=8, n_layer=1, n_head=1)
    for part in (tokenizer, transformers.GPT2LMHeadModel(settings)):
        part.save_pretrained(tmp_path / "m")
    model, text = ModelRef(str(tmp_path / "m")), "The cat sat. 今天。"
    [whole] = Fluency(model=model).score([answer(text)])
    assert [whole.parts[unit] for unit in ("tokens", "bytes", "characters", "words")] == [22.0, 22.0, 16.0, 5.0]
    [cut] = Fluency(model=model, max_tokens=10).score([answer(text)])
    assert cut.parts["tokens"] == 10.0
    assert not {"bytes", "characters", "words", "slor"} & cut.parts.keys()


@pytest.mark.parametrize("family", ["causal", "chat"])
def test_hostile_texts_have_finite_likelihoods(request: pytest.FixtureRequest, family: str) -> None:
    scorer = Fluency(model=request.getfixturevalue(family), max_tokens=200)
    for text, score in zip(HOSTILE, scorer.score([answer(t, t) for t in HOSTILE]), strict=True):
        assert ("nll" in score.parts) == bool(text)
        assert score.parts.get("nll", 0.0) >= 0


def test_special_tokens_written_out_are_scored_as_text(causal: ModelRef) -> None:
    [score] = Fluency(model=causal).score([answer("<|endoftext|>")])
    assert score.parts["tokens"] > 1


def test_a_missing_model_is_found_by_load_and_a_loaded_scorer_travels_light(causal: ModelRef) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        Fluency(model=ModelRef("/no/such/model")).load()
    scorer = Fluency(model=causal)
    scorer.load()
    assert len(pickle.dumps(scorer)) < 2000
    there = pickle.loads(pickle.dumps(scorer))
    assert there.score([answer("The cat")]) == scorer.score([answer("The cat")])


def test_order_of_items_and_lengths_at_random(causal: ModelRef) -> None:
    draw = random.Random(3)
    texts = ["".join(draw.choice(tiny.TEXTS)[: draw.randint(1, 60)]) for _ in range(30)]
    scores = Fluency(model=causal).score([answer(t) for t in texts])
    tokenizer = hf.tokenizer(causal)
    assert [int(s.parts["tokens"]) for s in scores] == [
        len(tokenizer(t, add_special_tokens=False)["input_ids"]) for t in texts
    ]
