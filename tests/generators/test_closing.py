"""A called generator lets its connections and programs go when its stage is over, and opens them again when asked."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aigc_eval.generators.command import Command
from aigc_eval.generators.http import Http
from aigc_eval.generators.openai_compatible import OpenAICompatible
from aigc_eval.plugin import Generator
from aigc_eval.records import Prompt, Request
from tests.faults.plan import Plan
from tests.faults.server import faulty

MADE: dict[str, Callable[[str], Generator]] = {
    "openai_compatible": lambda url: OpenAICompatible(base_url=url, model="m", api_key_env=""),
    "http": lambda url: Http(
        url=f"{url}/chat/completions",
        body={"model": "m", "messages": "{messages}"},
        text="choices.0.message.content",
    ),
}


def sockets() -> int:
    found = 0
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            found += "socket:" in os.readlink(f"/proc/self/fd/{name}")
    return found


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts open sockets in /proc")
@pytest.mark.parametrize("name", MADE)
def test_connections_are_let_go(name: str, tmp_path: Path) -> None:
    with faulty(Plan(), tmp_path) as server:
        generator = MADE[name](server.url)
        generator.load()
        [first] = generator.generate([Request(Prompt("a", "How?"))])
        before = sockets()
        generator.close()
        gc.collect()
        until = time.monotonic() + 5
        while sockets() >= before and time.monotonic() < until:
            time.sleep(0.02)
        assert sockets() < before
        [again] = generator.generate([Request(Prompt("a", "How?"))])
        assert first.text == again.text != ""
        generator.close()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts open sockets in /proc")
@pytest.mark.parametrize("name", MADE)
def test_connections_of_forgotten_generators_are_let_go(name: str, tmp_path: Path) -> None:
    with faulty(Plan(), tmp_path) as server:
        before = sockets()
        for number in range(10):
            generator = MADE[name](server.url)
            generator.load()
            generator.generate([Request(Prompt(f"{number}", "How?"))])
        del generator
        gc.collect()
        until = time.monotonic() + 5
        while sockets() > before + 5 and time.monotonic() < until:
            time.sleep(0.02)
        assert sockets() <= before + 5  # the loop has two of its own


def test_programs_are_ended(tmp_path: Path) -> None:
    program = tmp_path / "bot.py"
    program.write_text(
        "import json, os, sys\nfor line in sys.stdin:\n"
        "    print(json.dumps({'id': json.loads(line)['id'], 'text': str(os.getpid())}), flush=True)\n",
        "utf-8",
    )
    generator = Command(run=(sys.executable, str(program)))
    generator.load()
    [first] = generator.generate([Request(Prompt("a", "Who?"))])
    generator.close()
    with pytest.raises(ProcessLookupError):
        os.kill(int(first.text), 0)
    [again] = generator.generate([Request(Prompt("a", "Who?"))])
    assert again.text not in ("", first.text)
    generator.close()
