"""LanguageModel against transformers' own loss, and choices against lm-evaluation-harness' way of tokenising them."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc_eval import huggingface as hf
from aigc_eval.models.language_model import LanguageModel
from tests import tiny

TEXTS = [
    "The cat sat.",
    "北京是中国的首都。",
    "a",
    "🙂",
    "",
    "broken \ud800 text",
    "<|endoftext|> out",
    "the dog " * 40,
]
QUESTIONS = ["What is the capital of France?\nAnswer:", "北京是中国的首都。", "", "The cat sat on the "]
CHOICES = [
    [" Paris", " Beijing is the capital", " A"],
    ["上海", "今天天气", ""],
    ["The cat sat.", "cat The sat."],
    ["mat", "log"],
]


@pytest.fixture(scope="module", params=["causal", "chat"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> LanguageModel:
    build: Callable[[Path], Path] = getattr(tiny, request.param)
    return LanguageModel(str(build(tmp_path_factory.mktemp("m") / request.param)), device="cpu")


def reference(model: LanguageModel, before: list[int], ids: list[int]) -> list[float]:
    """-ln p of each id after those before it, by transformers one token at a time."""
    import torch

    found, row = [], [*before]
    for i in ids:
        with torch.inference_mode():
            logits = model.model(input_ids=torch.tensor([row])).logits[0, -1].double()
        found.append(float(-logits.log_softmax(-1)[i]))
        row.append(i)
    return found


def test_each_token_has_the_loss_of_transformers(model: LanguageModel) -> None:
    for text, found in zip(TEXTS[:6], model.tokens(TEXTS)[:6], strict=True):
        legal = hf.encodable(text)
        ids = model.tokenizer(legal, add_special_tokens=False)["input_ids"]
        assert list(found.ids) == ids
        assert found.nll == pytest.approx(reference(model, model.prefix, ids), abs=2e-5)
        assert found.bytes == len(legal.encode())
        assert all(0 <= a <= b <= len(legal) for a, b in found.places)


def test_the_sum_is_the_score_and_neither_depends_on_the_batch(model: LanguageModel) -> None:
    contexts = [None, "Say:", *[None] * 6]
    together = model.tokens(TEXTS, contexts)
    for text, context, one, total in zip(TEXTS, contexts, together, model.score(TEXTS, contexts), strict=True):
        [alone] = model.tokens([text], [context])
        assert one.nll == pytest.approx(alone.nll, abs=1e-5)
        assert total == (math.fsum(one.nll), len(one.ids), one.bytes)
    assert [list(t.ids) for t in model.tokens(TEXTS)] == model.token_ids(TEXTS)
    assert model.tokens([]) == []
    assert model.score([], []) == []


def test_special_tokens_are_context_in_a_context_and_text_in_a_text(model: LanguageModel) -> None:
    special = model.tokenizer.eos_token
    assert len(model.tokens([special])[0].ids) > 1
    [plain], [after] = model.tokens(["a"]), model.tokens(["a"], [special])
    assert after.nll == pytest.approx(
        reference(model, [*model.prefix, model.tokenizer.eos_token_id], [plain.ids[0]]), abs=2e-5
    )
    [[choice]] = model.choice_likelihoods(["The cat"], [[special]])
    split = model.tokenizer(special, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    assert choice < 0
    assert len(split) > 1


def harness(model: LanguageModel, context: str, choice: str) -> tuple[list[int], list[int]]:
    """lm-evaluation-harness 0.4 `TemplateLM._encode_pair`, without special tokens."""
    spaces = len(context) - len(context.rstrip())
    if spaces:
        context, choice = context[:-spaces], context[-spaces:] + choice
    whole = model._ids(context + choice)
    return whole[: len(model._ids(context))], whole[len(model._ids(context)) :]


def test_choices_are_scored_as_lm_evaluation_harness_does(model: LanguageModel) -> None:
    found = model.choice_likelihoods(QUESTIONS, CHOICES)
    for context, row, values in zip(QUESTIONS, CHOICES, found, strict=True):
        for choice, value in zip(row, values, strict=True):
            if not choice:
                assert value == 0.0
                continue
            before, ids = harness(model, context, choice)
            assert value == pytest.approx(-sum(reference(model, [*model.prefix, *before], ids)), abs=1e-4)
    alone = [model.choice_likelihoods([c], [row])[0] for c, row in zip(QUESTIONS, CHOICES, strict=True)]
    for a, b in zip(found, alone, strict=True):
        assert a == pytest.approx(b, abs=1e-4)
    assert model.choice_likelihoods([], []) == []
    assert model.choice_likelihoods(["x"], [[]]) == [()]


def test_a_token_across_the_seam_counts_in_full(model: LanguageModel) -> None:
    """Where a merge crosses the seam, lm-evaluation-harness scores nothing of the choice; here the token is scored."""
    merged = next(
        t for i in range(260, 480) if len(t := model.tokenizer.decode([i]).strip()) == 3 and len(model._ids(t)) == 1
        and t.isascii() and t.isalpha()
    )  # fmt: skip
    context, choice = merged[:2], merged[2:]
    before, ids = harness(model, context, choice)
    [[value]] = model.choice_likelihoods([context], [[choice]])
    assert value == pytest.approx(-reference(model, model.prefix, model._ids(merged))[0], abs=1e-4)
    assert len(ids) == 0
    assert len(before) == 1
    context, choice = "北京是中国的", "首都。"  # the tiny vocabulary has a token of 的 and the first byte of 首
    [[value]] = model.choice_likelihoods([context], [[choice]])
    before, ids = model._seam(context, choice)
    assert value == pytest.approx(-sum(reference(model, [*model.prefix, *before], ids)), abs=1e-4)
    assert [*before, *ids] == model._ids(context + choice)
    assert len(ids) == len(harness(model, context, choice)[1]) + 1


def test_choices_of_one_token_after_one_prompt_are_read_once(model: LanguageModel) -> None:
    calls: list[tuple[int, ...]] = []
    handle = model.model.register_forward_pre_hook(
        lambda _m, _a, kwargs: calls.append(tuple(kwargs["input_ids"].shape)), with_kwargs=True
    )
    try:
        [values] = model.choice_likelihoods(["The cat sat on the"], [list("ABCD")])
    finally:
        handle.remove()
    assert sum(rows for rows, _ in calls) == 1
    separate = [model.choice_likelihoods(["The cat sat on the"], [[c]])[0][0] for c in "ABCD"]
    assert values == pytest.approx(separate, abs=1e-5)


def test_only_the_logits_that_are_needed_are_computed(model: LanguageModel) -> None:
    shapes: list[tuple[int, ...]] = []
    handle = model.model.register_forward_hook(lambda _m, _a, out: shapes.append(tuple(out.logits.shape)))
    try:
        [[two, one]] = model.choice_likelihoods(["The cat sat on the mat. " * 3], [[" The cat", "A"]])
    finally:
        handle.remove()
    assert max(positions for _, positions, _ in shapes) <= 3
    [long] = model.tokens([TEXTS[-1]])  # all of them, where all are scored
    assert long.nll == pytest.approx(reference(model, model.prefix, list(long.ids)), abs=2e-5)
    assert two < 0 > one


def test_a_long_context_is_cut_on_its_left_only(model: LanguageModel) -> None:
    short = LanguageModel.__new__(LanguageModel)
    short.__dict__ |= model.__dict__ | {"window": 16, "stride": 8}
    context = "the dog sat on the log. " * 30
    [[value]] = short.choice_likelihoods([context], [[" The cat"]])
    ids, scored = short._seam(context, " The cat")
    row = [*ids, *scored][-16:]
    assert value == pytest.approx(-sum(reference(short, row[: -len(scored)], scored)), abs=1e-4)
    [[long]] = short.choice_likelihoods(["Say:"], [[context]])
    assert np.isfinite(long)
    assert long < value


@given(st.text(max_size=20), st.text(min_size=1, max_size=12))
def test_the_seam_loses_no_token(context: str, choice: str) -> None:
    model = _shared()
    before, scored = model._seam(hf.encodable(context), hf.encodable(choice))
    assert scored
    assert model.tokenizer.decode([*before, *scored]) == hf.encodable(context) + hf.encodable(choice)


_KEPT: dict[str, Any] = {}


def _shared() -> LanguageModel:
    import tempfile

    if not _KEPT:
        with tempfile.TemporaryDirectory() as folder:
            _KEPT["model"] = LanguageModel(str(tiny.causal(Path(folder) / "m")), device="cpu")
    return _KEPT["model"]  # type: ignore[no-any-return]
