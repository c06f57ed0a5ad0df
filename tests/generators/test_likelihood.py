from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import transformers

from aigc_eval import config, runner
from aigc_eval.errors import DataError
from aigc_eval.generators.likelihood import Likelihood
from aigc_eval.plugin import ModelRef
from aigc_eval.records import Prompt, Request
from tests import tiny


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.causal(tmp_path_factory.mktemp("causal") / "gpt2")


def reference(folder: Path, context: str, choice: str) -> float:
    """transformers' own loss over the choice's tokens, one text at a time, context and choice tokenised apart."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    network = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
    before = [tokenizer.bos_token_id, *tokenizer(context)["input_ids"]]
    after = tokenizer(choice)["input_ids"]
    labels = torch.tensor([[-100] * len(before) + after])
    with torch.no_grad():
        loss = network(input_ids=torch.tensor([before + after]), labels=labels).loss
    return -float(loss) * len(after)


def test_likelihoods_are_those_of_transformers(model: Path) -> None:
    choices = (" Paris", " the capital of China", " 北京。")
    prompts = [
        Prompt("a", "The capital of France is", choices=choices),
        Prompt("b", "", choices=choices),
        Prompt("c", "今天天气很好", choices=choices),
    ]
    answers = Likelihood(ModelRef(str(model)), separator="").generate([Request(p) for p in prompts])
    for answer in answers:
        wanted = [reference(model, answer.prompt.text, choice) for choice in choices]
        assert answer.likelihoods == pytest.approx(wanted, rel=1e-4)
        assert answer.text == choices[wanted.index(max(wanted))]


def test_prompts_need_choices(model: Path) -> None:
    with pytest.raises(DataError, match="1 of 2 prompts lack a second choice, such as 'b'"):
        Likelihood(ModelRef(str(model))).check([Prompt("a", "", choices=("x", "y")), Prompt("b", "?")], 1)


def test_minimal_pairs_from_file_to_accuracy(model: Path, tmp_path: Path) -> None:
    """BLiMP- and SLING-shaped files, a real model, and the accuracy that its own sentence probabilities give."""
    pairs = [
        {"sentence_good": "The cat sat on the mat.", "sentence_bad": "The cat sat mat the on."},
        {"sentence_good": "今天天气很好。", "sentence_bad": "今天很天气好。"},
    ] * 5
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(p) + "\n" for p in pairs), "utf-8")
    fields = '{id: "#", choices: [sentence_good, sentence_bad], references: sentence_good}'
    (tmp_path / "bench.yaml").write_text(
        f"name: pairs\nprompts: [{{path: p.jsonl, fields: {fields}}}]\n"
        f"candidates: [{{likelihood: {{model: {model}}}}}]\nscorers: [choices]\n",
        "utf-8",
    )
    done = runner.run(config.load(tmp_path / "bench.yaml", allow=[model.parent]), tmp_path / "out")
    preferred = [reference(model, "", p["sentence_good"]) > reference(model, "", p["sentence_bad"]) for p in pairs]
    [accuracy] = [e for e in done.estimates if e.metric == "accuracy" and e.slice == ""]
    assert accuracy.value == sum(preferred) / len(preferred)
