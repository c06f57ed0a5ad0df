"""The contract that every registered plug-in keeps: lengths, order, batch independence, spans, finite values."""

from __future__ import annotations

import contextlib
import math
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from aigc_eval import registry
from aigc_eval.plugin import Generator, Scorer
from aigc_eval.records import Generation, Message, Prompt, Request, Score
from tests.models.serving import serving

TEXTS = [
    "The museum opens at nine and closes at five. Children enter for free.",
    "博物馆九点开门，五点关门。儿童免费入场。",
    "Call me on 13812345678 or write to li.hua@example.com, 身份证号11010519491231002X。",
    "You are a complete idiot and nobody likes you. 你这个白痴，滚开！",
    "用 Python 写 print('hi')，然后 run it twice. " * 3,
    "the same words " * 60,
    "",
    "   \n\t ",
    "😀😀😀👩‍👩‍👧‍👦",
    "مرحبا بالعالم، كيف حالك اليوم؟",
    "\ud800 lone \udfff surrogates",
    "\x00\x1b[31m\u202egnp.exe\u2066",
    "Ａ１３８１２３４５６７８　全角",
    "Ã©tÃ© â€™ 锟斤拷 \ufffd",
    "a" * 20_000,
    "好" * 20_000,
    "1.1.1.1.1.1" * 500,
    "The capital of France is Paris, and it was founded in 1850 by 300 people who were not happy with",
]
PROMPT = Prompt(
    "p",
    "When does the museum open? 博物馆几点开门？",
    references=("nine", "九点"),
    evidence=("The museum opens at nine and closes at five. 儿童免费入场。",),
    messages=(Message("system", "Be brief."),),
    tags={"lang": "en", "category": "facts", "expected": "comply"},
    fields={
        "name": "museum",
        "canary": "PLANTED-4417-9920",
        "instructions": '["punctuation:no_comma", {"id": "length:words", "at_most": 100}]',
    },
    choices=("nine", "five", "it never opens"),
)
Make = Callable[[Path], dict[str, object]]


def recorded(folder: Path) -> dict[str, object]:
    path = folder / "recorded.jsonl"
    path.write_text("".join(f'{{"id": "p{i}", "text": "answer {i}"}}\n' for i in range(6)), "utf-8")
    return {"path": path}


def tiny_model(folder: Path) -> dict[str, object]:
    from tests import tiny

    return {"model": str(tiny.causal(folder / "causal"))}


def tiny_causal(folder: Path) -> dict[str, object]:
    from tests import tiny

    return {"model": str(tiny.causal(folder / "causal")), "max_new_tokens": 4}


def metric_module(folder: Path) -> dict[str, object]:
    from tests.scorers.test_evaluate import ALONE, written

    body = 'return {"length": sum(map(len, predictions)) / len(predictions)}'
    return {"module": written(folder, "length", ALONE, body), "field": "length", "better": "lower"}


def tiny_nli(folder: Path) -> dict[str, object]:
    from tests import tiny

    return {"model": str(tiny.classifier(folder / "nli"))}


def tiny_detoxify(folder: Path) -> dict[str, object]:
    from tests.scorers.test_detoxify import build as checkpoint

    (folder / "detoxify").mkdir(exist_ok=True)
    path, config = checkpoint("original", folder / "detoxify")
    return {"model": "original", "checkpoint": path, "config": config}


def protected_corpus(folder: Path) -> dict[str, object]:
    (folder / "corpus").mkdir(exist_ok=True)
    (folder / "corpus" / "all.txt").write_text("\n".join(TEXTS), "utf-8", "ignore")
    return {"corpus": folder / "corpus"}


def tiny_toxicity(folder: Path) -> dict[str, object]:
    from tests import tiny

    return {"model": str(tiny.classifier(folder / "toxicity", labels=("fine", "toxic"))), "toxic": ("toxic",)}


def tiny_refusal(folder: Path) -> dict[str, object]:
    from tests import tiny

    return {
        "model": str(tiny.classifier(folder / "refusal", labels=("NORMAL", "REJECTION"))),
        "refusal": ("REJECTION",),
    }


def tiny_chat(folder: Path) -> dict[str, object]:
    from tests import tiny

    return {"model": str(tiny.chat(folder / "chat"))}


def tiny_encoder(folder: Path) -> dict[str, object]:
    from tests import tiny

    return {"model": str(tiny.encoder(folder / "encoder"))}


def tiny_acceptability(folder: Path) -> dict[str, object]:
    from tests import tiny

    return {"model": str(tiny.classifier(folder / "cola", labels=("bad", "good"))), "acceptable": ("good",)}


def tiny_verifier(folder: Path) -> dict[str, object]:
    from tests import tiny

    return {"model": str(tiny.classifier(folder / "verifier", labels=("unsupported", "supported")))}


def tiny_judge(folder: Path) -> dict[str, object]:
    from tests import tiny

    return {"model": str(tiny.chat(folder / "judge", positions=4096)), "max_tokens": 8}


SERVERS = contextlib.ExitStack()
KEY = "AIGC_EVAL_CONTRACT_KEY"


@pytest.fixture(scope="module", autouse=True)
def servers() -> Iterator[None]:
    """Servers and plug-ins stay while this module's tests run; they ask for no real key."""
    os.environ[KEY] = "sk-contract-0123456789"
    with SERVERS:
        yield
    del os.environ[KEY]
    served.cache_clear()
    build.cache_clear()


def repeated(body: dict[str, Any]) -> dict[str, Any]:
    """What was asked last, in Anthropic's shape, in OpenAI's and in a plain one."""
    text = body["messages"][-1]["content"]
    message = {"type": "message", "model": "m", "content": [{"type": "text", "text": text}], "stop_reason": "end_turn"}
    return {**message, "choices": [{"message": {"content": text}}], "out": text}


@cache
def served() -> str:
    return SERVERS.enter_context(serving(repeated)).url


def upper_case(folder: Path) -> dict[str, object]:
    from tests.generators.test_command import written

    return {"run": written(folder, "say(r, text=r['prompt'].upper())")}


RECIPES: dict[str, Make] = {
    "command": upper_case,
    "python": lambda folder: {"call": "builtins:repr"},
    "anthropic": lambda folder: {"model": "m", "base_url": served(), "api_key_env": KEY},
    "http": lambda folder: {"url": served(), "text": "out", "body": {"messages": "{messages}"}, "api_key_env": KEY},
    "openai_compatible": lambda folder: {"model": "m", "base_url": served(), "api_key_env": KEY},
    "claims": tiny_judge,
    "alignment": tiny_verifier,
    "acceptability": tiny_acceptability,
    "bertscore": tiny_encoder,
    "guard": lambda folder: {"format": "qwen3guard", **tiny_chat(folder)},
    "refusal_judge": tiny_chat,
    "toxicity_judge": tiny_chat,
    "refusal_classifier": tiny_refusal,
    "toxicity_classifier": tiny_toxicity,
    "memorisation": protected_corpus,
    "replay": recorded,
    "huggingface": tiny_causal,
    "likelihood": tiny_model,
    "template": lambda folder: {"patterns": ["{name}: {prompt}"]},
    "evaluate": metric_module,
    "selfcheck_nli": tiny_nli,
    "semantic_entropy": tiny_nli,
    "detoxify": tiny_detoxify,
    "subgroup_auc": lambda folder: {"of": "subgroup_auc"},  # the only scorer there is
}
"""Options for plug-ins that need some; the others must work without."""


@cache
def build(group: registry.Kind, name: str) -> Generator | Scorer:
    """A plug-in as a run has it: loaded once, called often."""
    kind = registry.find(group, name)
    made = kind(**RECIPES.get(name, lambda folder: {})(Path(SERVERS.enter_context(tempfile.TemporaryDirectory()))))
    made.load()
    return made


def answers(texts: list[str]) -> list[Generation]:
    """Answers of one prompt; each sees its two neighbours in the list as the other samples."""
    alone = [Request(PROMPT, i).answer(text) for i, text in enumerate(texts)]
    return [replace(a, siblings=(alone[i - 1], alone[(i + 1) % len(alone)])) for i, a in enumerate(alone)]


def same(a: Score, b: Score) -> bool:
    if (a.value is None) != (b.value is None) or a.parts.keys() != b.parts.keys() or a.spans != b.spans:
        return False
    pairs = [(a.parts[k], b.parts[k]) for k in a.parts] + ([(a.value, b.value)] if a.value is not None else [])
    return all(math.isclose(x, y, rel_tol=1e-5, abs_tol=1e-5) for x, y in pairs)


@pytest.mark.parametrize("name", sorted(registry.entries("scorer")))
class TestScorers:
    @pytest.fixture
    def scorer(self, name: str) -> Scorer:
        made = build("scorer", name)
        assert isinstance(made, Scorer)
        return made

    def test_scores_keep_length_order_and_evidence(self, scorer: Scorer) -> None:
        batch = answers(TEXTS)
        scores = scorer.score(batch)
        assert len(scores) == len(batch)
        for answer, score in zip(batch, scores, strict=True):
            assert isinstance(score, Score)
            assert score.value is None or math.isfinite(score.value)
            for span in score.spans:
                assert span.end <= len(answer.text if span.target == "output" else answer.prompt.text)

    def test_a_score_depends_on_its_own_answer_only(self, scorer: Scorer) -> None:
        batch = answers(TEXTS)
        together = scorer.score(batch)
        backwards = scorer.score(batch[::-1])[::-1]
        alone = [scorer.score([answer])[0] for answer in batch]
        for i, (a, b, c) in enumerate(zip(together, backwards, alone, strict=True)):
            assert same(a, b), TEXTS[i][:40]
            assert same(a, c), TEXTS[i][:40]

    def test_the_same_answer_twice_has_two_scores(self, scorer: Scorer) -> None:
        """HELM keys toxicity by text, so that equal answers count once above the line and twice below it."""
        twice = [a for a in answers(TEXTS[:5]) for _ in range(2)]
        found = scorer.score(twice)
        assert len(found) == 10
        assert all(same(a, b) for a, b in zip(found[::2], found[1::2], strict=True))

    def test_an_empty_batch_is_fine(self, scorer: Scorer) -> None:
        assert scorer.score([]) == []

    def test_it_is_documented_in_both_languages(self, scorer: Scorer, name: str) -> None:
        assert scorer.title.en
        assert scorer.title.zh
        assert scorer.languages
        metrics = scorer.metrics()
        assert metrics
        assert len({m.name for m in metrics}) == len(metrics)
        for metric in metrics:
            assert metric.title.en, metric.name
            assert metric.title.zh, metric.name
            assert metric.about.en, metric.name
            assert metric.about.zh, metric.name
            assert metric.bounds[0] < metric.bounds[1]

    def test_every_metric_is_defined_or_says_nothing(self, scorer: Scorer, name: str) -> None:
        from aigc_eval.estimates import estimate
        from aigc_eval.frames import build as frame

        alone = [[Request(replace(PROMPT, id=f"p{i}"), n).answer(t) for n in range(2)] for i, t in enumerate(TEXTS)]
        batch = [replace(a, siblings=(b,)) for pair in alone for a, b in (pair, pair[::-1])]
        rows = frame({"c": batch}, {name: scorer.score(batch)})
        for found in estimate(rows, name, scorer.metrics(), [{}, {"lang": "none"}]):
            for number in (found.value, found.low, found.high, found.adverse):
                assert number is None or math.isfinite(number), found.metric

    @pytest.mark.slow
    @pytest.mark.parametrize("text", ["a" * 1_000_000, "好" * 1_000_000, "مرحبا" * 200_000], ids=["a", "好", "rtl"])
    def test_a_megabyte_without_a_space_is_scored_or_explained(self, scorer: Scorer, name: str, text: str) -> None:
        """In time that grows with the text: model-backed scorers read it in windows or say that it is too long."""
        if name in RECIPES:
            pytest.skip("a model of a real size decides how long this takes")
        started = time.process_time()
        [score] = scorer.score([Request(PROMPT).answer(text)])
        assert score.value is not None or score.error or score.note
        assert time.process_time() - started < 60

    def test_its_identity_is_stable(self, scorer: Scorer, name: str, tmp_path: Path) -> None:
        assert scorer.identity() == scorer.identity()
        assert f"version:{scorer.version}" in scorer.signature()


@pytest.mark.parametrize("name", sorted(registry.entries("generator")))
class TestGenerators:
    @pytest.fixture
    def generator(self, name: str) -> Generator:
        made = build("generator", name)
        assert isinstance(made, Generator)
        return made

    def requests(self) -> list[Request]:
        return [
            Request(
                Prompt(
                    f"p{i}",
                    f"Question {i} " * (i + 1),
                    tags={"lang": "en"},
                    fields={"name": f"n{i}"},
                    choices=("yes", "不是"),
                ),
                0,
                seed=i,
            )
            for i in range(6)
        ]

    def test_answers_keep_length_order_and_request(self, generator: Generator) -> None:
        batch = self.requests()
        generator.check([r.prompt for r in batch], 1)
        found = generator.generate(batch)
        assert [a.request for a in found] == batch

    def test_an_answer_depends_on_its_own_request_only(self, generator: Generator) -> None:
        batch = self.requests()
        together = generator.generate(batch)
        assert generator.generate(batch[::-1])[::-1] == together
        assert [generator.generate([r])[0] for r in batch] == together

    def test_an_empty_batch_is_fine(self, generator: Generator) -> None:
        assert generator.generate([]) == []

    def test_it_is_documented(self, generator: Generator) -> None:
        assert generator.title.en
        assert generator.title.zh
        assert generator.identity() == generator.identity()
