"""Likelihood under tiny models trained on the spot: what windows, word order and rare words do to the numbers."""

from __future__ import annotations

import lzma
import math
import random
from collections.abc import Sequence
from pathlib import Path
from statistics import correlation
from typing import Any

import pytest

from aigc_eval import huggingface as hf
from aigc_eval.plugin import ModelRef
from aigc_eval.records import Score
from aigc_eval.scorers.fluency import Fluency
from aigc_eval.scorers.fluency.unigrams import packaged
from aigc_eval.text import tokens
from tests import tiny
from tests.scorers.test_fluency import answer

CORPORA = Path(__file__).parents[2] / "../shared/data/corpora"


def train(model: Any, ids: Sequence[int], *, length: int, steps: int, rate: float) -> None:
    """Adam on random pieces of a stream of tokens; the same on every run of one machine."""
    import torch

    data = torch.tensor(ids)
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    generator = torch.Generator().manual_seed(0)
    for step in range(steps):
        starts = torch.randint(0, len(data) - length, (16,), generator=generator).tolist()
        batch = torch.stack([data[a : a + length] for a in starts])
        optimizer.zero_grad()
        model(input_ids=batch, labels=batch).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.param_groups[0]["lr"] = rate * (1 - step / steps)
        optimizer.step()


def perplexity(score: Score) -> float:
    return math.exp(score.parts["nll"] / score.parts["tokens"])


@pytest.mark.slow
def test_windows_without_overlap_overstate_perplexity(tmp_path: Path) -> None:
    folder = str(tiny.causal(tmp_path / "m", scale=1.0))
    text = "xaxbxcxdxexfxgxh" * 8  # what follows an x is known to whoever saw the letter before it
    ids = hf.tokenizer(folder)(text, add_special_tokens=False)["input_ids"]
    model = hf.load("AutoModelForCausalLM", folder, device="cpu")
    train(model, ids, length=8, steps=450, rate=6e-3)
    model.save_pretrained(folder)
    found = {}
    for stride in (7, 4):  # nothing but the last token of the window before is seen again, or half of it
        [score] = Fluency(model=ModelRef(folder), window=8, stride=stride).score([answer(text)])
        assert score.parts["tokens"] == len(ids)  # each token once, whatever the stride
        found[stride] = perplexity(score)
    assert found[7] > 1.05 * found[4]


def sentences(name: str) -> list[str]:
    with lzma.open(CORPORA / f"{name}.txt.xz", "rt", encoding="utf-8-sig") as file:
        lines = [line.strip() for line in file if len(line.strip()) > 10]
    return random.Random(0).sample(lines, 8000)


def language_model(texts: Sequence[str], folder: Path) -> ModelRef:
    """A GPT-2 of 2 layers over 2,000 byte-level pieces."""
    import torch
    import transformers
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    end = "<|endoftext|>"
    built = Tokenizer(models.BPE())
    built.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    built.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    built.train_from_iterator(
        texts,
        trainers.BpeTrainer(vocab_size=2000, special_tokens=[end], initial_alphabet=alphabet, show_progress=False),
    )
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=built, bos_token=end, eos_token=end)
    config = transformers.GPT2Config(
        vocab_size=2000, n_positions=128, n_embd=96, n_layer=2, n_head=4, bos_token_id=0, eos_token_id=0,
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = transformers.GPT2LMHeadModel(config)
    train(model, [i for text in texts for i in (0, *built.encode(text).ids)], length=48, steps=350, rate=3e-3)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return ModelRef(str(folder))


@pytest.mark.slow
@pytest.mark.skipif(not CORPORA.exists(), reason="text corpora (shared/data/corpora) are absent")
def test_scrambled_sentences_are_less_likely_and_slor_does_not_count_rare_words(tmp_path: Path) -> None:
    english = [" ".join(tokens(text)) for text in sentences("en-commonvoice")]
    chinese = sentences("zh-commonvoice")
    learned = [*english[200:], *chinese[200:]]
    random.Random(1).shuffle(learned)
    scorer = Fluency(model=language_model(learned, tmp_path / "lm"))
    for held_out, space in ((english[:200], " "), (chinese[:200], "")):
        shuffled = [space.join(random.Random(2).sample(tokens(t), len(tokens(t)))) for t in held_out]
        plain, mixed = (scorer.score([answer(t) for t in texts]) for texts in (held_out, shuffled))
        pairs = [(x.parts, y.parts) for x, y in zip(plain, mixed, strict=True)]
        assert sum(x["nll"] < y["nll"] for x, y in pairs) > 0.9 * len(pairs)
        assert sum(x["slor"] > y["slor"] for x, y in pairs) > 0.9 * len(pairs)
        unigram = [total / n for total, n in map(packaged().log_probability, held_out)]
        by_unit = [-x["nll"] / len(tokens(t)) for (x, _), t in zip(pairs, held_out, strict=True)]
        common_words_help = correlation(by_unit, unigram)
        assert common_words_help > 0.3
        assert abs(correlation([x["slor"] for x, _ in pairs], unigram)) < common_words_help - 0.1
