"""Seen elsewhere: scores of the wrong answer, scores that nobody gave, and texts that were not read to their end."""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from aigc_eval import runner
from aigc_eval.calls import Budget, Limits
from aigc_eval.config import Named
from aigc_eval.errors import CallError, PluginError, UsageError
from aigc_eval.metrics import Mean, Metric
from aigc_eval.models.chat.endpoint import EndpointChat
from aigc_eval.plugin import Generator, ModelRef, Scorer
from aigc_eval.records import Generation, Prompt, Request, Score
from aigc_eval.scorers.pii import Pii
from aigc_eval.scorers.toxicity import Toxicity
from aigc_eval.scorers.toxicity_classifier import ToxicityClassifier
from aigc_eval.scorers.toxicity_judge import ToxicityJudge
from tests.faults.server import closed_port
from tests.models.serving import serving
from tests.seen_elsewhere.small import Marked, Says, Stuck, bench, prompts


def of(*texts: str) -> list[Generation]:
    return [Request(Prompt(f"p{i}", "What is a cat?")).answer(text) for i, text in enumerate(texts)]


# -- whose score is it ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [lambda b: b[1:], lambda b: b[:-1], lambda b: [*b, b[-1]], lambda b: []])
def test_a_scorer_that_skips_an_answer_does_not_shift_the_others(tmp_path: Path, kept: Callable[[Any], Any]) -> None:
    """garak PR 1883: outputs were skipped, and every later score went to the wrong answer."""

    class Skips(Marked):
        def score(self, batch: Sequence[Generation]) -> list[Score]:
            return super().score(kept(batch))

    with pytest.raises(PluginError, match="returned"):
        runner.run(bench(Says(), scorers=[Skips()]), tmp_path)
    assert not (tmp_path / "verdict.json").exists()


@dataclass(frozen=True)
class Echoes(Generator):
    """The prompt's number in letters, of another length each time."""

    def generate(self, batch: Sequence[Request]) -> list[Generation]:
        return [r.answer("x" * int(r.prompt.id[1:]) + "!") for r in batch]


@dataclass(frozen=True)
class Long(Scorer):
    """How long an answer is; some are not for it, some break it."""

    size: int = 7
    by_length: ClassVar[bool] = True
    batch_size: ClassVar[int] = 7

    def not_applicable(self, prompt: Prompt) -> str:
        return "not for this scorer" if int(prompt.id[1:]) % 5 == 0 else ""

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        if any(len(g.text) % 11 == 0 for g in batch):
            raise ValueError("not such a length")
        return [Score(float(len(g.text))) for g in batch]

    def metrics(self) -> tuple[Metric, ...]:
        return (Mean("length", better=None, bounds=(0.0, math.inf)),)


def test_every_score_stands_beside_its_own_answer(tmp_path: Path) -> None:
    """The same, where batches are sorted by length, halved around a culprit and thinned by what does not apply."""
    order = [*prompts(60)]
    random.Random(3).shuffle(order)
    done = runner.run(bench(Echoes(), scorers=[Long()], given=order), tmp_path)
    found = zip(done.rows["prompt"], done.rows["s0:status"], done.rows["s0"], strict=True)
    for prompt, status, value in found:
        number = int(prompt[1:])
        assert status == ("na" if number % 5 == 0 else "failed" if (number + 1) % 11 == 0 else "scored")
        assert value == number + 1 or status != "scored"


# -- judges -----------------------------------------------------------------------------------------------------------

REPLIES: dict[str, Any] = {
    "prose": "I would say that this is not toxic.",
    "number": '{"verdict": 1}',
    "two": '{"reason": "", "verdict": "toxic"} {"reason": "", "verdict": "not toxic"}',
    "fenced": '```json\n{"reason": "", "verdict": "not toxic"}\n```',
    "unknown word": '{"reason": "", "verdict": "NOT TOXIC."}',
    "nan": '{"reason": "", "verdict": NaN}',
    "empty": "",
    "no content": {"choices": [{"message": {"role": "assistant", "content": None}, "finish_reason": "stop"}]},
    "refusal": "I'm sorry, but I cannot help with that.",
    "error in 200": {"error": {"message": "overloaded"}},
    "page": (200, {"Content-Type": "text/html"}, b"<html>502 Bad Gateway: not toxic</html>"),
    "status": (400, {}, b'{"error": "no"}'),
}


LIMITS = Limits(attempts=2, backoff=0.001, longest_wait=0.01, outage=0.3)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judges ask again at once instead of after a while."""
    monkeypatch.setattr(EndpointChat, "_limits", property(lambda _: LIMITS))


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("reply", REPLIES)
def test_a_verdict_out_of_form_is_no_verdict(tmp_path: Path, reply: str) -> None:
    """garak 2136: unparseable was a hit; inspect_ai: it was INCORRECT; garak PR 2105: a judge that was down said
    "attack failed", which is safe."""
    with serving(lambda _: REPLIES[reply]) as server:
        judge = ToxicityJudge(endpoint=server.url, endpoint_model="judge", swap=False)
        done = runner.run(
            bench(Says(), scorers=[judge], limits=["s0.toxic_fraction <= 0.9"], given=prompts(12)), tmp_path
        )
    fenced = reply == "fenced" and done.rows["s0:status"][0] == "scored"
    assert fenced or set(done.rows["s0:status"]) == {"failed"}
    assert fenced or done.exit_code == 3
    assert fenced or {e.adverse for e in done.estimates if e.metric == "toxic_fraction"} == {1.0}


@pytest.mark.usefixtures("patient")
def test_a_judge_that_is_not_there_makes_nothing_safe(tmp_path: Path) -> None:
    """garak PR 2105: an outage of the judge was scored as "attack failed"."""
    judge = ToxicityJudge(endpoint=f"http://127.0.0.1:{closed_port()}/v1", endpoint_model="judge", swap=False)
    given = bench(Says(), scorers=[judge], limits=["s0.toxic_fraction <= 0.9"], given=prompts(1))
    done = runner.run(given, tmp_path)
    assert done.exit_code == 3
    assert done.rows["s0:status"].tolist() == ["failed"]


def test_what_a_model_wrote_is_no_template_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """promptfoo GHSA-vxgq-r84v-2r45 (PR 8258): `{{env.KEY}}` in a model's answer ran in the judge's prompt."""
    monkeypatch.setenv("SEEN_CANARY", "canary-4417-9920")
    ways = ("{{ env.X }}", "{{env.X}}", "{X}", "${X}", "$X", "%X%", "{0}", "{__class__}", "{answer}", "%s", "{{7*7}}")
    attack = " ".join(way.replace("X", "SEEN_CANARY") for way in ways)
    with serving(lambda _: '{"reason": "", "verdict": "not toxic"}') as server:
        judge = ToxicityJudge(endpoint=server.url, endpoint_model="judge", swap=False)
        given = [Prompt(f"p{i}", f"{attack} {i}", references=(attack,)) for i in range(12)]
        runner.run(bench(Says(otherwise=attack), scorers=[judge], given=given), tmp_path)
    asked = json.dumps(server.bodies)
    assert "canary-4417" not in asked
    shown = [body["messages"][-1]["content"] for body in server.bodies]
    material = [json.loads(next(line for line in text.split("\n") if line.startswith('{"question"'))) for text in shown]
    assert [m["answer"] for m in material] == [attack] * 12
    for path in (p for p in tmp_path.iterdir() if p.suffix != ".parquet"):
        text = path.read_text("utf-8")
        assert "canary-4417" not in text
        assert "SEEN_CANARY" in text or path.name in (
            "verdict.json",
            "annotations.txt",
            "gl-code-quality.json",
            "report.sarif",
            "run.json",
            "junit.xml",
            "summary.md",
            "summary.csv",
        )


# -- texts that are not read to their end -----------------------------------------------------------------------------


@pytest.mark.parametrize("at", [0.0, 0.5, 0.999])
@pytest.mark.parametrize(
    ("scorer", "planted"),
    [
        (Toxicity(), " You are a complete idiot and I hope you die, you stupid bitch. "),
        (Pii(), " my number is 13812345678 "),
    ],
    ids=["toxicity", "pii"],
)
def test_what_stands_at_the_end_of_a_long_text_is_found(scorer: Scorer, planted: str, at: float) -> None:
    """detoxify.py has `truncation=True`: toxic text past 512 tokens is never scored."""
    filler = "The museum opens at nine and closes at five, and children enter for free. " * 3_000
    cut = filler.find(" ", int(len(filler) * at))
    clean, dirty = scorer.score(of(filler, filler[:cut] + planted + filler[cut:]))
    assert clean.value is not None
    assert dirty.value is not None
    assert clean.value < 0.5 <= dirty.value


def test_a_text_longer_than_a_parser_allows_is_read_or_refused() -> None:
    """presidio 957: spaCy raises E088 above a million characters; presidio's pattern_recognizer.py warns on a timeout
    and skips the pattern."""
    text = "好 a1. " * 220_000 + " 13812345678"
    assert len(text) > 1_000_000
    (score,) = Pii().score(of(text))
    assert score.error or score.value == 1.0


@pytest.mark.parametrize("soup", ["1.", ".", "1-", "a.a@", "(1", "１．", "http://a.", "0x", "AKIA", "6222 "])
def test_repetitions_cost_linear_time(soup: str) -> None:
    """presidio 2063: an URL pattern quadratic in dots; agent-governance-toolkit 3566: 48 kB took three seconds."""
    scorer = Pii()
    scorer.score(of("warm"))
    seconds = []
    for size in (24_000, 96_000):
        begun = []
        for _ in range(2):  # the collector may strike during one
            started = time.process_time()
            scorer.score(of((soup * size)[:size]))
            begun.append(time.process_time() - started)
        seconds.append(min(begun))
    assert seconds[1] < 4 * 3 * max(seconds[0], 0.02), seconds


# -- scores that nobody gave ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_no_number_is_lost_and_stays_lost(tmp_path: Path, number: float) -> None:
    """inspect_ai: NaN scores became null or 0.0 on retry."""

    class Broken(Marked):
        def score(self, batch: Sequence[Generation]) -> list[Score]:
            return [Score(number) if g.prompt.id == "p0" else Score(0.0) for g in batch]

    given = bench(Says(), scorers=[Broken()], limits=["s0.rate <= 0.5"])
    for resume in (False, True, True):
        done = runner.run(given, tmp_path, resume=resume)
        assert done.rows["s0:status"].tolist().count("failed") == 1
        assert math.isnan(done.rows["s0"][0])
        assert {e.adverse for e in done.estimates if e.metric == "rate"} == {1 / 40}
    assert math.isnan(runner.load(tmp_path).rows["s0"][0])


@pytest.mark.parametrize("fault", ["regex", pytest.param("hang", marks=pytest.mark.slow), "segfault"])
def test_a_scorer_out_of_time_gives_no_score_and_no_pass(tmp_path: Path, fault: str) -> None:
    """presidio skips a pattern that takes too long; NeMo-Guardrails PR 2271 proposed to fail closed."""

    listed = (Named("s0", Stuck(fault=fault), budget=Budget(seconds=0.5)),)
    given = bench(Says({"p1": "bad"}), given=prompts(12), formats=["json"], limits=["s0.length <= 9"])
    done = runner.run(replace(given, scorers=listed), tmp_path, isolated=True)
    assert done.rows["s0:status"].tolist() == ["failed" if i == 1 else "scored" for i in range(12)]
    assert done.rows["s0:note"][1]
    assert done.exit_code == 3


def test_a_checkpoint_without_its_head_is_refused(tmp_path: Path) -> None:
    """transformers 11334: missing weights were "newly initialized", so the classifier's scores were random."""
    from safetensors.torch import load_file, save_file

    from tests import tiny

    folder = tiny.classifier(tmp_path / "m", labels=("fine", "toxic"))
    scorer = ToxicityClassifier(ModelRef(str(folder)), ("toxic",))
    assert scorer.score(of("x"))[0].value is not None
    tensors = load_file(folder / "model.safetensors")
    kept = {name: tensor for name, tensor in tensors.items() if not name.startswith("classifier")}
    assert len(kept) < len(tensors)
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UsageError):
        ToxicityClassifier(ModelRef(str(folder)), ("toxic",)).load()


@pytest.mark.parametrize("model", ["nobody/no-such-model", "./none"])
def test_a_model_that_is_not_here_is_an_error_and_not_another_model(
    tmp_path: Path, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stanza fell back to an unsafe loader; fastembed 615: the offline flag led to another host."""
    import socket

    def refuse(*_: Any) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError):
        ToxicityClassifier(ModelRef(model), ("toxic",)).load()


class OneLate(Says):
    """One call is not answered in time."""

    by_call: ClassVar[bool] = True

    def generate(self, batch: Sequence[Request]) -> list[Generation]:
        if batch[0].prompt.id == "p7":
            raise CallError("timeout", "no answer in time", again=True)
        return super().generate(batch)


def test_one_timeout_costs_one_answer(tmp_path: Path) -> None:
    """tt-inference-server 2214: a whole task was lost on one timeout."""
    given = replace(bench(OneLate(), limits=["s0.rate <= 0.5"]), candidates=(Named("c0", OneLate(), limits=LIMITS),))
    done = runner.run(given, tmp_path)
    assert done.rows["outcome"].tolist() == ["error" if i == 7 else "ok" for i in range(40)]
    assert done.exit_code == 3  # one in forty is more than one in a hundred
