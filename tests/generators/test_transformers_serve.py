"""A whole bench against a real server from PyPI, `transformers serve`, whose answers are those of the model itself."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from aigc_eval import config, runner
from aigc_eval.errors import CallError
from aigc_eval.generators.huggingface import HuggingFace
from aigc_eval.generators.openai_compatible import OpenAICompatible
from aigc_eval.plugin import ModelRef
from aigc_eval.records import Message, Prompt, Request
from tests import tiny

pytestmark = pytest.mark.slow

PROMPTS = ("What is the capital of Italy?", "北京是哪个国家的首都？", "🙂", "The cat sat on the", "x" * 300)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.chat(tmp_path_factory.mktemp("served") / "tiny", positions=1024)


@pytest.fixture(scope="module")
def server(model: Path) -> Iterator[str]:
    """The address of a server of that model, started offline on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    offline = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(model.parent), "OMP_NUM_THREADS": "1"}
    program = [
        sys.executable,
        "-c",
        "from transformers.cli.transformers import main; main()",
        "serve",
        f"./{model.name}",
    ]
    settings = ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu", "--dtype", "float32"]
    log = model.parent / "server.log"
    with log.open("w") as output:
        process = subprocess.Popen([*program, *settings], env=offline, stdout=output, stderr=output, cwd=model.parent)
    try:
        until = time.monotonic() + 90
        while not _healthy(port):
            assert process.poll() is None, log.read_text("utf-8")[-2000:]
            assert time.monotonic() < until, log.read_text("utf-8")[-2000:]
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(20)


def _healthy(port: int) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2) as found:
        return bool(found.status == 200)
    return False


BENCH = """
name: served
prompts: [prompts.jsonl]
candidates:
  - {{name: chat, generator: {{openai_compatible: {{base_url: {url}, model: ./tiny, max_tokens: 12}}}}}}
  - name: text
    generator: {{openai_compatible: {{base_url: {url}, model: ./tiny, max_tokens: 12, api: completions}}}}
    limits: {{concurrency: 3}}
  - {{name: local-chat, generator: {{huggingface: {{model: ./tiny, max_new_tokens: 12, device: cpu}}}}}}
  - {{name: local-text, generator: {{huggingface: {{model: ./tiny, max_new_tokens: 12, device: cpu, chat: false}}}}}}
scorers: [diversity]
"""


def test_a_bench_gets_the_answers_of_the_model_itself(server: str, model: Path) -> None:
    """Both decode greedily: the server samples only where a checkpoint says so, and this one does not."""
    home = model.parent
    lines = [json.dumps({"id": str(i), "prompt": text}) for i, text in enumerate(PROMPTS)]
    (home / "prompts.jsonl").write_text("\n".join(lines), "utf-8")
    (home / "bench.yaml").write_text(BENCH.format(url=server), "utf-8")
    rows = runner.run(config.load(home / "bench.yaml"), home / "out").rows
    answers = {name: list(own["text"].str.rstrip("\ufffd")) for name, own in rows.groupby("candidate")}
    assert answers["chat"] == answers["local-chat"]
    assert answers["text"] == answers["local-text"]
    assert answers["chat"] != answers["text"]
    assert set(rows["outcome"]) == {"truncated"}
    called = rows[rows["candidate"].isin(["chat", "text"])]
    assert (called["usage.output_tokens"] == 12).all()
    assert (called["usage.input_tokens"] > 0).all()
    assert (called["seconds"] > 0).all()


def test_what_it_refuses_is_said_in_its_own_words(server: str) -> None:
    for options, words in (
        ({"model": "other/name"}, "Server is pinned to './tiny'; requested 'other/name'."),
        ({"model": "./tiny", "extra": {"bogus": 1}}, "Unexpected fields in the request: {'bogus'}"),
    ):
        with pytest.raises(CallError, match=re.escape(words)) as caught:
            OpenAICompatible(server, **options).generate([Request(Prompt("p", "?"))])
        assert (caught.value.kind, caught.value.again) == ("rejected", False)


def test_a_conversation_with_a_system_prompt_is_one(server: str, model: Path) -> None:
    talk = (Message("system", "请用中文回答。"), Message("user", "a"), Message("assistant", "b"))
    asked = Request(Prompt("p", "北京\ud800", messages=talk))
    [far] = OpenAICompatible(server, "./tiny", max_tokens=6).generate([asked])
    [near] = HuggingFace(ModelRef(str(model)), max_new_tokens=6, device="cpu").generate([asked])
    assert far.text.rstrip("\ufffd") == near.text
    assert far.usage["output_tokens"] == 6
