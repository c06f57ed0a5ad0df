"""Benches against the fault server, and what ledger, journal and report say of them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aigc_eval import config, runner
from aigc_eval.errors import AigcEvalError
from aigc_eval.journal import Journal
from aigc_eval.records import Run
from tests.faults.server import ROOT, Entry, Server, marks

__all__ = ["Done", "agree", "carry_out", "errors", "every_generator", "journaled", "measured", "write"]

QUICK = {"timeout": 0.4, "deadline": 20, "attempts": 3, "backoff": 0.01, "longest_wait": 0.1, "outage": 0.8}
"""Limits with which nothing takes long."""
GENERATORS: Mapping[str, Callable[[str], dict[str, Any]]] = {
    "http": lambda url: {
        "url": f"{url}/chat/completions",
        "body": {"model": "m", "messages": "{messages}", "seed": "{seed}"},
        "text": "choices.0.message.content",
        "finish_reason": "choices.0.finish_reason",
        "input_tokens": "usage.prompt_tokens",
        "output_tokens": "usage.completion_tokens",
    },
    "openai_compatible": lambda url: {"base_url": url, "model": "m", "max_tokens": 16},
}

every_generator = pytest.mark.parametrize("generator", sorted(GENERATORS))


def write(
    folder: Path,
    url: str,
    count: int,
    *,
    generator: str = "openai_compatible",
    options: dict[str, Any] | None = None,
    limits: dict[str, Any] | None = None,
    samples: int = 1,
    **more: Any,
) -> Path:
    """A bench of `count` prompts, in Chinese and English, with one candidate and one gate."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = [f"Describe item {i}." if i % 2 else f"请介绍第{i}件物品。" for i in range(count)]
    lines = [json.dumps({"id": f"p{i}", "prompt": text}, ensure_ascii=False) for i, text in enumerate(texts)]
    (folder / "prompts.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    candidate = {
        "name": "model",
        "generator": {generator: GENERATORS[generator](url) | (options or {})},
        "limits": QUICK | (limits or {}),
        **more,
    }
    document = {
        "name": "faults",
        "prompts": ["prompts.jsonl"],
        "candidates": [candidate],
        "samples": samples,
        "seed": 7,
        "scorers": ["fluency"],
        "slices": [],
        "gates": ["fluency.repetition_rate <= 0.5"],
        "report": {"formats": ["json"], "languages": ["en"]},
    }
    path = folder / "bench.yaml"
    path.write_text(json.dumps(document), "utf-8")  # JSON is YAML
    return path


@dataclass(frozen=True)
class Done:
    """How a run ended; `run` is None where there is no report."""

    code: int
    run: Run | None
    error: str = ""


def carry_out(bench: Path, out: Path, **how: Any) -> Done:
    """The bench in this process, and the exit code it would end with."""
    try:
        done = runner.run(config.load(bench), out, **how)
    except AigcEvalError as error:
        return Done(error.exit_code, None, str(error))
    return Done(done.exit_code, done)


def journaled(out: Path) -> list[dict[str, Any]]:
    """Every generation that the journal's lines hold, in order: each attempt of a run, not only the last."""
    with Journal(out, write=False):  # whole, and by its checksums what was written
        lines = (out / "journal.jsonl").read_text("utf-8").split("\n")[:-1]
    return [r["data"] for r in (json.loads(line[33:]) for line in lines) if r["kind"] == "generation"]


def agree(
    ledger: Sequence[Entry], out: Path, done: Run, count: int, samples: int = 1, *, late: int = 0
) -> Counter[str]:
    """Outcomes of a first run, after a proof that ledger, journal and report tell the same story.

    Each planned sample is journaled once and reported once; each answer is one that the server gave to this very prompt
    and seed; what was answered is not asked again, unless the answer came too `late`, as some may on a busy machine; no
    more requests arrived than the journal counts attempts.
    """
    records = journaled(out)
    planned = {(f"p{i}", s) for i in range(count) for s in range(samples)}
    places = [(r["prompt"], r.get("sample", 0)) for r in records]
    assert len(places) == len(set(places)), "duplicated"
    assert set(places) == planned, "lost"
    rows = done.rows
    assert len(rows) == len(planned)
    assert set(zip(rows["prompt"], rows["sample"], strict=True)) == planned
    texts = {f"p{i}": text for i, text in enumerate(prompts(out))}
    written = dict(zip(places, records, strict=True))
    for prompt, sample, outcome, text in rows[["prompt", "sample", "outcome", "text"]].itertuples(index=False):
        record = written[prompt, sample]
        assert (record.get("outcome", "ok"), record["text"]) == (outcome, text)
        if outcome in ("ok", "truncated"):
            digest, seed, _ = text.split(" ", 2)
            assert f"{digest} {seed}" == marks(texts[prompt], int(seed)), "mis-paired"
    answered = [text.split(" ", 2)[:2] for text in rows["text"][rows["outcome"].isin(["ok", "truncated"])]]
    assert len({tuple(mark) for mark in answered}) == len(answered), "two samples share one draw"
    given = Counter(e.key for e in ledger if e.behaviour in ("ok", "length"))
    assert len(given) >= len(answered)
    assert given.total() - len(given) <= late, "asked again after an answer"
    assert sum(r.get("attempts", 1) for r in records) >= len(ledger), "a request that nobody counted"
    return Counter(rows["outcome"])


def prompts(out: Path) -> list[str]:
    """The prompts' texts, in order, as the journal has them."""
    with Journal(out, write=False) as journal:
        return [r["data"]["text"] for r in journal.each("prompt")]


def errors(done: Done) -> Counter[str]:
    """Rows without an answer, by kind of failure."""
    assert done.run is not None
    return Counter(done.run.rows["error"][done.run.rows["outcome"] == "error"])


MEASURED = """
import json, re, resource, sys, time
from pathlib import Path
from tests.faults.benches import carry_out
def rss():  # resource's ru_maxrss would begin with that of the process that started this one
    return int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024
warm, bench, out = map(Path, sys.argv[1:4])
carry_out(warm, warm.parent / "out")
if files := int(sys.argv[4]):
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
before, start = rss(), time.monotonic()
done = carry_out(bench, out)
print(json.dumps({"code": done.code, "before": before, "after": rss(), "seconds": time.monotonic() - start}))
"""


def measured(folder: Path, well: Server, bench: Path, *, files: int = 0) -> dict[str, float]:
    """A bench carried out in a process of its own: exit code, seconds, and peak resident MiB before and after.

    Before it a small bench is carried out against the server that is `well`, so that all is loaded. `files` is the
    most files that may be open.
    """
    warm = write(folder / "warm", well.url, 12, limits={"timeout": 2})
    command = [sys.executable, "-c", MEASURED, str(warm), str(bench), str(folder / "out"), str(files)]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, timeout=3000)
    assert ended.returncode == 0, ended.stderr
    found: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    return found
