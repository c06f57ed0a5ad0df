"""The bundled language model: its files, its tokenizer, what it finds likely, and what it writes."""

from __future__ import annotations

import json
import math
import re
import shutil
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aigc_eval import config, runner
from aigc_eval import huggingface as hf
from aigc_eval.errors import UsageError
from aigc_eval.generators.huggingface import HuggingFace
from aigc_eval.generators.likelihood import Likelihood
from aigc_eval.models.language_model import LanguageModel
from aigc_eval.plugin import ModelRef
from aigc_eval.records import Prompt, Request
from aigc_eval.scorers.fluency import Fluency, typicality
from tests.scorers.test_fluency import HOSTILE, answer

BUNDLED = ModelRef(hf.BUNDLED)
FOLDER = hf.locate(hf.BUNDLED)
CARD = (FOLDER / "MODEL_CARD.md").read_text("utf-8")
HUMAN = (
    "The museum opens at nine in the morning and closes at six. Visitors can buy tickets online or at the door, and "
    "children under twelve do not have to pay. On Mondays the building is closed for repairs.",
    "Water boils when its vapour pressure equals the pressure of the air around it. In the mountains the air is "
    "thinner, so water boils at a lower temperature and food takes longer to cook.",
    "这家图书馆每天早上九点开门，晚上八点关门。读者可以在网上预约座位，也可以直接到服务台办理借书证。",
    "我们先把鸡蛋打散，加入少许盐，再把西红柿切成小块。锅里放油，烧热以后倒入鸡蛋，炒到凝固就可以盛出来。",
)
DEGENERATE = (
    "The the of museum closes and visitors nine to not six online buy can morning at children door in the or pay under",
    "around vapour so the boils cook pressure equals thinner when air temperature longer its at a lower water food in",
    "asdkjh qweoiu zxmcn asdlkj qpwoei zmxnc laksjd poqiwe mnzxbc alskdj qwpeoi zxcmnb laksdj",
    "The museum is open. The museum is open. The museum is open. The museum is open. The museum is open. The museum is",
    "门开以的在图点馆早书每天九上晚这关可家也八座读预者约网上位点直接到务台借服书办证理",
    "先我鸡们把蛋打西散少加入许再红盐切柿成块小放油里锅烧以热倒后蛋入炒鸡凝固盛就到可出来以",
    "好的好的好的好的好的好的好的好的好的好的好的好的好的好的好的好的好的好的好的好的好的好的",
    "峚怼罹囗黻跫衽嶝镡舁缇粢圊侉恧荽踽铑醭耵隰鞫瘼魃",
)


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    return LanguageModel(BUNDLED, device="cpu")


@pytest.fixture(scope="module")
def scorer() -> Fluency:
    return Fluency(model=BUNDLED, device="cpu")


def test_the_card_tells_the_size_of_every_file() -> None:
    told = {name: int(size.replace(",", "")) for name, size in re.findall(r"^\| `(\S+)` \| ([\d,]+) \|$", CARD, re.M)}
    assert told == {p.name: p.stat().st_size for p in FOLDER.iterdir() if p.name != "MODEL_CARD.md"}
    assert sum(told.values()) < 16 * 2**20


def test_the_card_tells_parameters_and_tokens(model: LanguageModel) -> None:
    assert f"| {model.model.num_parameters():,}, stored as float16" in CARD
    assert f"| {model.model.config.trained_tokens:,} tokens" in CARD
    assert "$" not in CARD


def test_every_file_is_package_data() -> None:
    root = Path(hf.__file__).parent
    patterns = tomllib.loads((root.parent / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["package-data"]
    packed = {path for pattern in patterns["aigc_eval"] for path in root.glob(pattern)}
    assert set(FOLDER.iterdir()) <= packed


def test_it_computes_in_float32_on_a_cpu(model: LanguageModel) -> None:
    import torch

    assert json.loads((FOLDER / "config.json").read_text("utf-8"))["dtype"] == "float16"
    assert {p.dtype for p in model.model.parameters()} == {torch.float32}
    assert (model.bos, model.window, model.stride) == ("bos", 256, 128)


def test_its_identity_is_its_files_wherever_they_are(tmp_path: Path) -> None:
    copy = tmp_path / "moved"
    shutil.copytree(FOLDER, copy)
    (copy / "MODEL_CARD.md").unlink()
    digest = hf.fingerprint(hf.BUNDLED)
    assert hf.fingerprint(str(copy)) == digest
    assert Fluency(model=BUNDLED).facts()["model"] == HuggingFace(model=BUNDLED).facts()["model"] == digest
    assert Fluency(model=BUNDLED).signature() == "Fluency|model:bundled|bos:bos|version:3"
    (copy / typicality.NORMS).write_text("{}", "utf-8")
    assert hf.fingerprint(str(copy)) != digest


BENCH = """\
name: offline
prompts: [prompts.jsonl]
candidates:
  - name: live
    generator: {huggingface: {model: bundled, max_new_tokens: 4, device: cpu}}
scorers: [fluency: {model: bundled, device: cpu}]
report: {formats: [json], languages: [en]}
"""


def test_a_bench_names_it_and_a_folder_of_that_name_beside_the_bench_comes_first(tmp_path: Path) -> None:
    (tmp_path / "prompts.jsonl").write_text('{"id": "a", "prompt": "Hello."}\n', "utf-8")
    (tmp_path / "bench.yaml").write_text(BENCH, "utf-8")
    done = runner.run(config.load(tmp_path / "bench.yaml"), tmp_path / "out")
    assert done.exit_code == 0
    (tmp_path / "bundled").mkdir()
    loaded = config.load(tmp_path / "bench.yaml")
    assert [c.plugin.model for c in loaded.candidates] == [str(tmp_path / "bundled")]  # type: ignore[attr-defined]


@cache
def opened_tokenizer() -> Any:
    return hf.tokenizer(BUNDLED)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=80))
@example("<|endoftext|> 今天\r\n\t 🙂 e\u0301 \u3000 ﷺ 𠮷 12.5%  don't 'll")
def test_the_tokenizer_reads_back_any_text(text: str) -> None:
    tokenizer, given_text = opened_tokenizer(), hf.encodable(text)
    ids = tokenizer(given_text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    assert tokenizer.decode(ids) == given_text
    assert 0 not in ids
    assert tokenizer(given_text, split_special_tokens=True)["input_ids"] == [0, *ids]


def test_any_text_has_a_finite_likelihood_whatever_shares_its_batch(scorer: Fluency) -> None:
    answers = [answer(text) for text in (*HOSTILE, *HUMAN, *DEGENERATE, HUMAN[0] * 12)]
    together = scorer.score(answers)
    for one, shared in zip(answers, together, strict=True):
        [alone] = scorer.score([one])
        assert all(math.isfinite(value) for value in shared.parts.values())
        assert alone.parts == pytest.approx(shared.parts, rel=1e-5, abs=1e-5)
        assert shared.parts.get("atypicality", 0.0) >= 0.0


def test_human_text_is_typical_and_degenerate_text_is_not(scorer: Fluency) -> None:
    human, degenerate = (
        [score.parts["atypicality"] for score in scorer.score([answer(text) for text in texts])]
        for texts in (HUMAN, DEGENERATE)
    )
    assert max(human) < 1 <= max(degenerate)
    assert max(human) < min(degenerate)
    [other] = scorer.score([answer("Сегодня хорошая погода, и мы идём гулять в парк.")])
    assert not {"atypicality", "atypical"} & set(other.parts)


def test_a_broken_rule_of_grammar_costs_likelihood() -> None:
    pairs = (
        ("They were walking home.", "They was walking home."),
        ("He has an apple.", "He has a apple."),
        ("This is a good idea.", "This is good a idea."),
        ("我买了一本书。", "我买了一匹书。"),
        ("他没有去过北京。", "他去过没有北京。"),
        ("这是我的书。", "这是的我书。"),
    )
    requests = [Request(Prompt(str(i), "", choices=pair)) for i, pair in enumerate(pairs)]
    chosen = [g.text for g in Likelihood(model=BUNDLED, device="cpu").generate(requests)]
    assert sum(text == good for text, (good, _) in zip(chosen, pairs, strict=True)) >= 5


@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_the_generator_goes_on_from_any_prompt_and_repeats_itself_for_a_seed(temperature: float) -> None:
    def write(requests: list[Request]) -> list[str]:
        fresh = HuggingFace(model=BUNDLED, temperature=temperature, max_new_tokens=16, device="cpu")
        answers = fresh.generate(requests)
        assert {a.outcome for a in answers} <= {"ok", "truncated"}
        return [a.text for a in answers]

    asked = ["Who wrote the play?", "写一封请假邮件。", "Photosynthesis is"]
    requests = [Request(Prompt(str(i), text), seed=i) for i, text in enumerate(asked)]
    found = write(requests)
    assert all(text.strip() for text in found)
    assert found == write(requests) == [text for request in requests for text in write([request])]
    reseeded = write([Request(request.prompt, seed=99) for request in requests])
    assert (reseeded == found) is (temperature == 0.0)


def test_damaged_norms_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(typicality, "NORMS", "damaged.json")
    typicality.norms.cache_clear()
    try:
        with pytest.raises(UsageError, match=r"norms \(damaged.json\) are damaged"):
            typicality.norms()
    finally:
        monkeypatch.undo()
        typicality.norms.cache_clear()
