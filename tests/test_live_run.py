"""A live run: a causal and a seq2seq checkpoint answer the prompts, a causal model scores them, through one bench."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from aigc_eval import config, runner
from tests import tiny

BENCH = """
name: live
prompts: [prompts.jsonl]
candidates:
  - {name: causal, generator: {huggingface: {model: causal, max_new_tokens: 12, temperature: 0.8, device: cpu}}}
  - {name: seq2seq, generator: {huggingface: {model: seq2seq, max_new_tokens: 12, device: cpu}}}
samples: 2
seed: 3
scorers:
  - {fluency: {model: causal, device: cpu}}
  - diversity
  - toxicity
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("live")
    tiny.causal(home / "causal")
    tiny.seq2seq(home / "seq2seq")
    prompts = [("en", f"Tell me about the number {i}.") for i in range(6)] + [
        ("zh", f"请介绍数字{i}。") for i in range(6)
    ]
    lines = [json.dumps({"id": f"p{i}", "prompt": text, "lang": lang}) for i, (lang, text) in enumerate(prompts)]
    (home / "prompts.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    (home / "bench.yaml").write_text(BENCH, "utf-8")
    return home


def test_two_live_models_are_compared(folder: Path) -> None:
    done = runner.run(config.load(folder / "bench.yaml"), folder / "out")
    assert len(done.rows) == 2 * 12 * 2
    assert set(done.rows["outcome"]) <= {"ok", "truncated", "empty"}
    assert (done.rows["text"].str.len() > 0).mean() > 0.5
    sampled = done.rows[done.rows["candidate"] == "causal"].groupby("prompt")["text"].nunique()
    assert (sampled > 1).mean() > 0.9, "two samples at temperature 0.8 are two draws"
    value = {(e.candidate, e.name): e.value for e in done.estimates if not e.slice}
    for candidate in ("causal", "seq2seq"):
        perplexity = value[candidate, "fluency.perplexity"]
        assert perplexity is not None
        assert math.isfinite(perplexity)
        assert value[candidate, "diversity.prompt_distinct_2"] is not None


def test_perplexity_is_transformers_own_loss(folder: Path) -> None:
    """Corpus perplexity in the report against exp of transformers' summed loss over the same answers."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    done = runner.run(config.load(folder / "bench.yaml"), folder / "out")
    tokenizer = AutoTokenizer.from_pretrained(folder / "causal")
    model = AutoModelForCausalLM.from_pretrained(folder / "causal").eval()
    own = done.rows[(done.rows["candidate"] == "seq2seq") & done.rows["fluency.nll"].notna()]
    total, tokens = 0.0, 0
    for text in own["text"]:
        ids = torch.tensor([[tokenizer.bos_token_id, *tokenizer(text, add_special_tokens=False)["input_ids"]]])
        with torch.inference_mode():
            total += float(model(input_ids=ids, labels=ids).loss) * (ids.shape[1] - 1)
        tokens += ids.shape[1] - 1
    found = next(e.value for e in done.estimates if (e.candidate, e.metric, e.slice) == ("seq2seq", "perplexity", ""))
    assert tokens == own["fluency.tokens"].sum()
    assert found == pytest.approx(math.exp(total / tokens), rel=1e-4)


def test_a_second_run_loads_no_model(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runner.run(config.load(folder / "bench.yaml"), folder / "out")
    loaded = config.load(folder / "bench.yaml")
    for named in (*loaded.candidates, *loaded.scorers):
        monkeypatch.setattr(type(named.plugin), "load", lambda self: pytest.fail("a plug-in was loaded"))
    assert len(runner.run(loaded, folder / "out").rows) == 48
