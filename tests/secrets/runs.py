"""Real runs in processes of their own, at debug level, and every byte that they leave behind."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.secrets.bots import BOT, FUNCTION, PLUGINS
from tests.secrets.echoing import mark

__all__ = ["Workplace", "candidate", "judges"]

ROOT = Path(__file__).parents[2]
ENTRY = [sys.executable, "-m", "aigc_eval"]
LIMITS = {"attempts": 1, "backoff": 0.01, "longest_wait": 0.1, "outage": 3000, "timeout": 20, "concurrency": 4}
_LOUD = """
import logging, sys
logging.basicConfig(level=logging.DEBUG, stream=sys.__stderr__, format="%(name)s %(message)s %(pathname)s")
"""
_DROPPED = ("LC_", "LANG", "OPENAI", "ANTHROPIC", "CI")


def candidate(kind: str, url: str, variable: str) -> dict[str, Any]:
    """A candidate of each kind that sends the key in `variable`, and differs from the others in what it sends too."""
    options: dict[str, dict[str, Any]] = {
        "openai_compatible": {"base_url": f"{url}/v1", "model": "m", "api_key_env": variable, "stop": [variable]},
        "anthropic": {"base_url": url, "model": "m", "api_key_env": variable, "stop": [variable]},
        "http": {
            "url": f"{url}/v1/chat/completions",
            "body": {"messages": "{messages}", "stop": variable},
            "text": "choices.0.message.content",
            "finish_reason": "choices.0.finish_reason",
            "input_tokens": "usage.prompt_tokens",
            "api_key_env": variable,
        },
    }
    name = f"{kind}-{variable.rpartition('_')[2]}"
    return {"name": name, "generator": {kind: options[kind]}, "limits": LIMITS}


def judges(url: str, variables: Sequence[str]) -> list[dict[str, Any]]:
    """Scorers that ask an endpoint with the keys in `variables`."""
    made = []
    for i, variable in enumerate(variables):
        kind = ("toxicity_judge", "refusal_judge", "claims", "guard")[i % 4]
        options = {"endpoint": f"{url}/v1", "endpoint_model": variable, "api_key_env": variable}
        options |= {"format": "qwen3guard"} if kind == "guard" else {}
        made.append({"name": f"{kind}_{variable.rpartition('_')[2]}", "scorer": {kind: options}})
    return made


@dataclass
class Workplace:
    """A folder with a bench, and everything that commands said and wrote there."""

    folder: Path
    keys: Mapping[str, str]
    said: dict[str, bytes] = field(default_factory=dict)
    lines: set[bytes] = field(default_factory=set)

    def write(
        self,
        candidates: Sequence[object],
        ways: Sequence[tuple[str, str]],
        scorers: Sequence[object] = (),
        reports: Mapping[str, object] | None = None,
    ) -> None:
        """A bench whose prompts ask for each of the ways to say a key."""
        texts = [f"When does the museum open? 何时开门？ {mark(*way)}" for way in ways]
        rows = [{"id": f"p{i}", "prompt": text, "evidence": ["It opens at nine."]} for i, text in enumerate(texts)]
        self._file("prompts.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
        self._file("bot.py", BOT)
        self._file("function.py", FUNCTION)
        self._file("plugins.py", PLUGINS)
        self._file("loud/sitecustomize.py", _LOUD)
        document = {
            "name": "secrets",
            "prompts": ["prompts.jsonl"],
            "candidates": [*candidates],
            "scorers": ["fluency", "pii", *scorers],
            "slices": [],
            "gates": ["pii.leak_rate <= 0.5"],
            "report": reports or {"formats": ["html", "csv", "json", "junit", "markdown"], "languages": ["en", "zh"]},
        }
        self._file("bench.yaml", json.dumps(document))

    def program(self, variables: Sequence[str]) -> dict[str, Any]:
        options = {"run": [sys.executable, "bot.py"], "folder": ".", "env": [*variables, "TESTS"]}
        return {"name": "program", "generator": {"command": options}, "limits": LIMITS | {"concurrency": 1}}

    def function(self) -> dict[str, Any]:
        return {"name": "function", "generator": {"python": "function:answer"}, "limits": LIMITS}

    def call(self, *args: str, **env: str) -> int:
        """A command; its streams and the command lines of all processes are kept."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_DROPPED)}
        loud = {"OPENAI_LOG": "debug", "ANTHROPIC_LOG": "debug", "PYTHONASYNCIODEBUG": "1", "PYTHONFAULTHANDLER": "1"}
        given = kept | loud | {"LANG": "C.UTF-8", "TESTS": str(ROOT), "TMPDIR": str(self._folder("tmp"))}
        given |= {"PYTHONPATH": f"{self.folder / 'loud'}{os.pathsep}{ROOT}", "PYTHONWARNINGS": "always"}
        given |= {**self.keys, **env}
        number = len(self.said) // 2
        with self._watched():
            done = subprocess.run(
                [*ENTRY, *args], cwd=self.folder, env=given, capture_output=True, check=False, timeout=300
            )
        for stream, content in (("stdout", done.stdout), ("stderr", done.stderr)):
            self.said[f"{number} {args[0]} {stream}"] = content
            (self._folder("said") / f"{number} {args[0]} {stream}").write_bytes(content)
        return done.returncode

    def places(self) -> dict[str, bytes]:
        """Everything: files, streams, command lines."""
        files = {str(p.relative_to(self.folder)): p.read_bytes() for p in self.folder.rglob("*") if p.is_file()}
        return files | {"command lines": b"\n".join(sorted(self.lines))}

    @contextlib.contextmanager
    def _watched(self) -> Iterator[None]:
        """Meanwhile the command line of every process of this machine is read, again and again."""
        stop = threading.Event()

        def watch() -> None:
            while not stop.is_set():
                for entry in os.scandir("/proc"):
                    if entry.name.isdigit():
                        with contextlib.suppress(OSError):
                            self.lines.add(Path(entry.path, "cmdline").read_bytes())
                time.sleep(0.05)

        thread = threading.Thread(target=watch, daemon=True)
        if sys.platform == "linux":
            thread.start()
        try:
            yield
        finally:
            stop.set()
            if thread.ident is not None:
                thread.join()

    def _folder(self, name: str) -> Path:
        path = self.folder / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def _file(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
