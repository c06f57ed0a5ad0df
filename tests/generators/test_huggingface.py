from __future__ import annotations

import json
import pickle
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from aigc_eval import huggingface as hf
from aigc_eval.errors import MissingExtra, UsageError
from aigc_eval.generators.huggingface import HuggingFace
from aigc_eval.generators.huggingface.sampling import Sampler
from aigc_eval.plugin import ModelRef
from aigc_eval.records import Generation, Message, Prompt, Request
from tests import tiny

PROMPTS = (
    "The cat", "What is the capital of Italy?", "北京是", "请用中文回答下面的问题。", "a", "",
    "To make tea, boil some water, put the leaves in the pot, wait", "今天天气很好，我们一起去公园散步。", "1 2 3",
    "🙂🙂", "مرحبا", "broken \ud800 text", "\n\n",
)  # fmt: skip


@pytest.fixture(scope="module")
def causal(tmp_path_factory: pytest.TempPathFactory) -> ModelRef:
    return ModelRef(str(tiny.causal(tmp_path_factory.mktemp("m") / "tiny-gpt2")))


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> ModelRef:
    return ModelRef(str(tiny.chat(tmp_path_factory.mktemp("m") / "tiny-qwen2")))


@pytest.fixture(scope="module")
def seq2seq(tmp_path_factory: pytest.TempPathFactory) -> ModelRef:
    return ModelRef(str(tiny.seq2seq(tmp_path_factory.mktemp("m") / "tiny-t5")))


def requests(texts: Sequence[str] = PROMPTS, seed: int = 7) -> list[Request]:
    return [Request(Prompt(f"p{i}", text), seed=seed + i) for i, text in enumerate(texts)]


def texts(answers: Sequence[Generation]) -> list[tuple[str, str]]:
    return [(g.text, g.outcome) for g in answers]


@pytest.mark.parametrize("family", ["causal", "chat", "seq2seq"])
@pytest.mark.parametrize(
    "options",
    [{}, {"repetition_penalty": 1.3}, {"temperature": 1.0, "top_p": 0.9}, {"temperature": 0.7, "top_k": 20}],
    ids=["greedy", "penalty", "top_p", "top_k"],
)
def test_answers_do_not_depend_on_the_batch(
    request: pytest.FixtureRequest, family: str, options: dict[str, float]
) -> None:
    model = request.getfixturevalue(family)
    generator = HuggingFace(model=model, max_new_tokens=12, **options)  # type: ignore[arg-type]
    asked = requests()
    together = generator.generate(asked)
    assert [g.request for g in together] == asked
    assert len({g.text for g in together}) > 5  # the model does answer different prompts differently
    assert texts(generator.generate(asked[::-1]))[::-1] == texts(together)
    assert [texts(generator.generate([one]))[0] for one in asked] == texts(together)
    narrow = HuggingFace(model=model, max_new_tokens=12, batch_tokens=60, **options)  # type: ignore[arg-type]
    assert texts(narrow.generate(asked)) == texts(together)


@pytest.mark.parametrize("family", ["causal", "chat", "seq2seq"])
@pytest.mark.parametrize("penalty", [1.0, 1.4])
def test_greedy_answers_are_those_of_transformers_itself(
    request: pytest.FixtureRequest, family: str, penalty: float
) -> None:
    import torch

    model = request.getfixturevalue(family)
    mine = HuggingFace(model=model, max_new_tokens=10, chat=False, repetition_penalty=penalty)
    kind = "AutoModelForSeq2SeqLM" if family == "seq2seq" else "AutoModelForCausalLM"
    theirs, tokenizer = hf.load(kind, model, device="cpu"), hf.tokenizer(model)
    asked = requests(["The cat sat", "北京是中国的", "What is"])
    for answer in mine.generate(asked):
        inputs = tokenizer(answer.prompt.text, return_tensors="pt")
        with torch.inference_mode():
            out = theirs.generate(**inputs, do_sample=False, max_new_tokens=10, repetition_penalty=penalty,
                                  pad_token_id=0)[0]  # fmt: skip
        new = out[1:] if family == "seq2seq" else out[inputs["input_ids"].shape[1] :]
        if new[-1] != tokenizer.eos_token_id:
            assert answer.outcome == "truncated"
            assert answer.usage["output_tokens"] == 10
        assert answer.text == tokenizer.decode(new, skip_special_tokens=True).rstrip("\ufffd")
        assert answer.usage["input_tokens"] == inputs["input_ids"].shape[1]


def test_draws_follow_the_model_s_distribution() -> None:
    import torch

    scores = torch.tensor([[2.0, 1.0, 0.0, -1.0]])
    expected = (scores / 0.8).softmax(-1)[0].tolist()
    n = 4000
    sampler = Sampler(range(n), torch.ones(n, 1), steps=1, temperature=0.8)
    drawn = Counter(sampler(torch.zeros(n, 1, dtype=torch.long), scores.repeat(n, 1)).argmax(1).tolist())
    chi2 = sum((drawn[k] - n * p) ** 2 / (n * p) for k, p in enumerate(expected))
    assert chi2 < 16.27  # 99.9 % point of chi-squared with 3 degrees of freedom; the seeds are fixed


@pytest.mark.parametrize(
    ("options", "allowed"), [({"top_k": 2}, {0, 1}), ({"top_p": 0.6}, {0}), ({"top_p": 0.7}, {0, 1})]
)
def test_top_k_and_top_p_keep_the_nucleus(options: dict[str, float], allowed: set[int]) -> None:
    import torch

    scores = torch.tensor([[2.0, 1.0, 0.0, -1.0]]).repeat(500, 1)  # softmax .644 .237 .087 .032
    sampler = Sampler(range(500), torch.ones(500, 1), steps=1, temperature=1.0, **options)  # type: ignore[arg-type]
    assert set(sampler(torch.zeros(500, 1, dtype=torch.long), scores).argmax(1).tolist()) == allowed


def test_a_seed_is_a_draw_and_another_seed_another(causal: ModelRef) -> None:
    generator = HuggingFace(model=causal, temperature=1.0, max_new_tokens=8)
    same = [Request(Prompt("p", "The cat"), sample=i, seed=5) for i in range(3)]
    other = [Request(Prompt("p", "The cat"), sample=i, seed=i) for i in range(8)]
    assert len({g.text for g in generator.generate(same)}) == 1
    assert len({g.text for g in generator.generate(other)}) > 4


def test_longer_answers_start_like_shorter_ones(causal: ModelRef) -> None:
    short, long = (HuggingFace(model=causal, temperature=1.0, max_new_tokens=n) for n in (6, 24))
    for a, b in zip(short.generate(requests()), long.generate(requests()), strict=True):
        assert b.text.startswith(a.text)


def test_an_answer_that_reaches_the_limit_is_truncated_and_one_that_ends_is_not(chat: ModelRef) -> None:
    answers = HuggingFace(model=chat, temperature=1.5, max_new_tokens=200).generate(requests(["Hi"] * 40))
    kinds = Counter(g.outcome for g in answers)
    assert set(kinds) <= {"ok", "truncated", "empty"}
    for g in answers:
        assert (g.usage["output_tokens"] == 200) == (g.outcome == "truncated") or g.outcome == "ok"
    assert kinds["ok"] > 0


def test_stop_strings_end_the_answer_before_themselves(causal: ModelRef) -> None:
    whole = HuggingFace(model=causal, max_new_tokens=16).generate(requests(["The cat", "北京"]))
    cut = whole[0].text[4:6]
    stopped = HuggingFace(model=causal, max_new_tokens=16, stop=(cut,)).generate(requests(["The cat", "北京"]))
    assert stopped[0].text == whole[0].text.split(cut)[0]
    assert stopped[0].outcome == "ok"
    assert stopped[0].usage["output_tokens"] < 16
    if cut not in whole[1].text:
        assert stopped[1] == whole[1]


def test_the_chat_template_sees_earlier_turns_and_the_prompt_last(chat: ModelRef) -> None:
    prompt = Prompt(
        "p",
        "And 北京?",
        messages=(Message("system", "Be brief."), Message("user", "Paris?"), Message("assistant", "Yes.")),
    )
    tokenizer = hf.tokenizer(chat)
    assert hf.render(tokenizer, prompt, chat=True) == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nParis?<|im_end|>\n<|im_start|>assistant\nYes."
        "<|im_end|>\n<|im_start|>user\nAnd 北京?<|im_end|>\n<|im_start|>assistant\n"
    )
    assert hf.render(tokenizer, prompt, chat=False) == "Be brief.\n\nParis?\n\nYes.\n\nAnd 北京?"
    with_template, plain = (
        HuggingFace(model=chat, max_new_tokens=4),
        HuggingFace(model=chat, max_new_tokens=4, chat=False),
    )
    counts = [g.generate([Request(prompt)])[0].usage["input_tokens"] for g in (with_template, plain)]
    assert counts[0] == len(tokenizer(hf.render(tokenizer, prompt, chat=True))["input_ids"])
    assert counts[0] > counts[1]


def test_a_template_that_refuses_a_conversation_gives_an_error_for_that_request_only(tmp_path: Path) -> None:
    folder = tiny.chat(tmp_path / "strict")
    (folder / "chat_template.jinja").write_text(
        "{% if messages[0].role == 'system' %}{{ raise_exception('no system role') }}{% endif %}Hi"
    )
    odd = Request(Prompt("odd", "Hi", messages=(Message("system", "Be brief."),)))
    fine = Request(Prompt("fine", "Hi"))
    answers = HuggingFace(model=ModelRef(str(folder)), max_new_tokens=3).generate([odd, fine])
    assert (answers[0].outcome, answers[0].detail) == ("error", "chat template: no system role")
    assert answers[1].outcome != "error"


def test_a_prompt_beyond_the_context_is_an_error_and_a_tight_one_gets_what_is_left(causal: ModelRef) -> None:
    generator = HuggingFace(model=causal, max_new_tokens=50)  # the context is 128 tokens
    tokens = hf.tokenizer(causal)
    tight = tokens.decode(tokens("The cat sat on the mat. " * 40)["input_ids"][:100])
    size = len(tokens(tight)["input_ids"])
    answers = generator.generate(requests(["Hi", tight, tight * 3]))
    assert [g.outcome == "error" for g in answers] == [False, False, True]
    assert answers[1].usage["output_tokens"] <= 128 - size
    assert "128" in answers[2].detail


def test_a_model_whose_scores_are_not_numbers_gives_errors(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = tiny.causal(tmp_path / "broken")
    weights = load_file(folder / "model.safetensors")
    weights["transformer.ln_f.weight"][0] = float("nan")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    answers = HuggingFace(model=ModelRef(str(folder)), temperature=1.0, max_new_tokens=3).generate(requests(["a", "b"]))
    assert [g.outcome for g in answers] == ["error", "error"]
    assert "not numbers" in answers[0].detail


def test_the_model_s_own_sampling_defaults_are_not_used_but_its_end_tokens_are(tmp_path: Path) -> None:
    import torch

    folder = tiny.causal(tmp_path / "defaults")
    before = HuggingFace(model=ModelRef(str(folder)), max_new_tokens=10).generate(requests(["The cat"]))[0]
    model, inputs = hf.load("AutoModelForCausalLM", str(folder), device="cpu"), hf.tokenizer(str(folder))("The cat")
    given = {k: torch.tensor([v]) for k, v in inputs.items()}
    new = model.generate(**given, do_sample=False, max_new_tokens=10, pad_token_id=0)[0, len(inputs["input_ids"]) :]
    defaults = {"do_sample": True, "temperature": 3.0, "repetition_penalty": 9.0, "eos_token_id": [0, int(new[4])]}
    (folder / "generation_config.json").write_text(json.dumps(defaults))
    after = HuggingFace(model=ModelRef(str(folder)), max_new_tokens=10).generate(requests(["The cat"]))[0]
    assert (before.outcome, after.outcome) == ("truncated", "ok")
    assert after.usage["output_tokens"] == new.tolist().index(int(new[4])) + 1
    assert before.text.startswith(after.text.rstrip("\ufffd"))


def adapter(base: str, folder: Path, seed: int = 3) -> Path:
    peft = pytest.importorskip("peft")
    import torch

    model = hf.load("AutoModelForCausalLM", base, device="cpu")
    with torch.random.fork_rng(devices=[]), hf.opening(base):
        torch.manual_seed(seed)
        settings = peft.LoraConfig(r=4, lora_alpha=64, target_modules=["c_attn"], init_lora_weights=False,
                                   fan_in_fan_out=True, task_type="CAUSAL_LM")  # fmt: skip
        peft.get_peft_model(model, settings).save_pretrained(folder)
    return folder


def test_an_adapter_changes_the_answers_the_signature_and_the_identity(causal: ModelRef, tmp_path: Path) -> None:
    folder = ModelRef(str(adapter(causal, tmp_path / "lora")))
    base = HuggingFace(model=causal, max_new_tokens=12)
    tuned = HuggingFace(model=causal, adapter=folder, max_new_tokens=12)
    assert texts(base.generate(requests())) != texts(tuned.generate(requests()))
    assert texts([tuned.generate([r])[0] for r in requests()]) == texts(tuned.generate(requests()))
    assert base.signature() == "HuggingFace|model:tiny-gpt2|max_new_tokens:12|version:2"
    assert tuned.signature() == "HuggingFace|model:tiny-gpt2|adapter:lora|max_new_tokens:12|version:2"
    assert base.identity() != tuned.identity()
    (tmp_path / "lora/adapter_model.safetensors").unlink()
    with pytest.raises(UsageError, match=r"adapter_model\.safetensors"):
        HuggingFace(model=causal, adapter=folder).load()


def test_an_adapter_of_another_model_is_refused_by_load(causal: ModelRef, chat: ModelRef, tmp_path: Path) -> None:
    folder = ModelRef(str(adapter(causal, tmp_path / "lora")))
    with pytest.raises(UsageError, match="lora"):
        HuggingFace(model=chat, adapter=folder).load()


def test_load_finds_what_is_missing_before_the_first_request(tmp_path: Path, causal: ModelRef) -> None:
    with pytest.raises(UsageError, match=r"/no/such.*no such folder"):
        HuggingFace(model=ModelRef("/no/such")).load()
    with pytest.raises(UsageError, match="hf download org/none-such"):
        HuggingFace(model=ModelRef("org/none-such")).load()
    for name, match in (("model.safetensors", "no weights"), ("tokenizer.json", "tokeni"), ("config.json", "config")):
        folder = tiny.causal(tmp_path / f"without-{name}")
        (folder / name).unlink()
        with pytest.raises(UsageError, match=match):
            HuggingFace(model=ModelRef(str(folder))).load()
    with pytest.raises(UsageError, match="no chat template"):
        HuggingFace(model=causal, chat=True).load()


def test_load_finds_damaged_and_incomplete_weights(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    cut = tiny.causal(tmp_path / "cut")
    data = (cut / "model.safetensors").read_bytes()
    (cut / "model.safetensors").write_bytes(data[: len(data) // 2])
    with pytest.raises(UsageError, match="cannot be opened"):
        HuggingFace(model=ModelRef(str(cut))).load()
    partial = tiny.causal(tmp_path / "partial")
    weights = load_file(partial / "model.safetensors")
    del weights["transformer.h.1.mlp.c_fc.weight"]
    save_file(weights, partial / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UsageError, match="lacks 1 weights"):
        HuggingFace(model=ModelRef(str(partial))).load()


def test_code_in_a_model_folder_is_never_run(tmp_path: Path) -> None:
    folder = tiny.causal(tmp_path / "evil")
    settings = json.loads((folder / "config.json").read_text())
    settings |= {"model_type": "evil", "auto_map": {"AutoConfig": "evil.Evil", "AutoModelForCausalLM": "evil.Evil"}}
    (folder / "config.json").write_text(json.dumps(settings))
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Evil: pass\n")
    with pytest.raises(UsageError):
        HuggingFace(model=ModelRef(str(folder))).load()
    assert not (tmp_path / "ran").exists()


def test_pickled_weights_that_run_code_are_refused(tmp_path: Path) -> None:
    folder = tiny.causal(tmp_path / "pickled")
    (folder / "model.safetensors").unlink()

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str, str]]:
            return open, (str(tmp_path / "ran"), "w")

    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"transformer.wte.weight": Evil()}))
    with pytest.raises(UsageError):
        HuggingFace(model=ModelRef(str(folder))).load()
    assert not (tmp_path / "ran").exists()


def test_identity_follows_the_weights_and_not_the_place(tmp_path: Path) -> None:
    first, moved, other = (
        tiny.causal(tmp_path / name / "model", seed=seed) for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    identities = [HuggingFace(model=ModelRef(str(f)), device="cpu").identity() for f in (first, moved, other)]
    assert identities[0] == identities[1] != identities[2]


@pytest.mark.parametrize(
    "options",
    [{"temperature": -1.0}, {"top_p": 0.0}, {"top_p": 1.5}, {"top_k": 0}, {"max_new_tokens": 0}, {"stop": ("",)},
     {"repetition_penalty": 0.0}, {"batch_tokens": 0}],
)  # fmt: skip
def test_options_that_mean_nothing_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=next(iter(options))):
        HuggingFace(model=ModelRef("m"), **options)  # type: ignore[arg-type]


def test_no_requests_no_answers_and_a_loaded_generator_travels_light(causal: ModelRef) -> None:
    generator = HuggingFace(model=causal, max_new_tokens=3)
    assert generator.generate([]) == []
    there = pickle.loads(pickle.dumps(generator))
    assert len(pickle.dumps(generator)) < 2000
    assert texts(there.generate(requests())) == texts(generator.generate(requests()))


def test_a_missing_peft_is_named_with_its_install_command(
    causal: ModelRef, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(MissingExtra, match=r"pip install 'aigc-eval\[peft\]'"):
        HuggingFace(model=causal, adapter=ModelRef(str(tmp_path))).load()


def test_batches_hold_their_budget_and_every_item_once() -> None:
    lengths = np.random.default_rng(0).integers(0, 300, 200).tolist()
    found = hf.batches(lengths, 1000)
    assert sorted(i for batch in found for i in batch) == list(range(200))
    for batch in found:
        longest, shortest = max(lengths[i] for i in batch), min(lengths[i] for i in batch)
        assert len(batch) * longest <= 1000 or len(batch) == 1
        assert shortest >= 0.9 * longest - 1
    assert hf.batches([], 10) == []


def test_logprob_is_that_of_the_answers_tokens(causal: ModelRef) -> None:
    """Beside greedy search written out: argmax and its log-softmax, one token at a time."""
    import torch
    import transformers

    network = transformers.AutoModelForCausalLM.from_pretrained(causal).eval()
    prompts = ["The cat", "今天天气"]
    answers = HuggingFace(causal, max_new_tokens=6).generate([Request(Prompt(t, t)) for t in prompts])
    for answer in answers:
        ids, wanted = hf.tokenizer(causal)(answer.prompt.text)["input_ids"], 0.0
        for _ in range(answer.usage["output_tokens"]):
            with torch.no_grad():
                chances = network(input_ids=torch.tensor([ids])).logits[0, -1].log_softmax(-1)
            wanted += float(chances.max())
            ids = [*ids, int(chances.argmax())]
        assert answer.logprob == pytest.approx(wanted, rel=1e-4)


def test_logprob_of_a_drawn_token_is_the_models_own() -> None:
    """A high temperature draws unlikely tokens; their probability is still that at temperature 1, before top-k."""
    import torch

    scores = torch.log(torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]]))
    sampler = Sampler([1, 2], torch.ones(2, 1), steps=1, temperature=5.0, top_k=2)
    chosen = sampler(torch.zeros(2, 1, dtype=torch.long), scores).argmax(dim=1)
    [found] = sampler.logprobs
    assert found.exp().tolist() == pytest.approx([scores[r, c].exp().item() for r, c in enumerate(chosen)])
