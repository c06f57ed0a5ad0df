"""Real runs of `aigc-eval`, each a fork of one warm process, and what must hold of the folders that they leave."""

from __future__ import annotations

import atexit
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from aigc_eval.journal import NAME
from tests.durability.operations import Trouble

__all__ = [
    "Bench",
    "Ended",
    "Job",
    "Process",
    "answers",
    "artefacts",
    "make_bench",
    "phase",
    "records",
    "start",
    "temporary_bench",
    "whole_lines",
]

ROOT = Path(__file__).parents[2]
THOROUGH = bool(os.environ.get("THOROUGH"))
"""Whether everything is to be tried (an hour), or enough of it for every change."""
BENCH = """\
name: durable
prompts: [prompts.jsonl]
candidates: [{{name: boxes, generator: "plugins:{generator}"}}]
samples: {samples}
scorers: [{{name: marks, scorer: "plugins:Marks"}}, {{name: even, scorer: "plugins:Even"}}]
slices: [lang]
gates: [even.rate <= 95 %]
report: {{formats: [html, csv, json, junit, markdown], languages: [en]}}
"""


def make_bench(home: Path, *, prompts: int = 25, samples: int = 2, generator: str = "Answers") -> Path:
    """A folder with a bench of cheap, exact plug-ins over all five reports."""
    home.mkdir(exist_ok=True)
    (home / "bench.yaml").write_text(BENCH.format(samples=samples, generator=generator), "utf-8")
    rows = [{"id": f"p{i}", "prompt": f"Describe box {i}.", "lang": ("en", "zh")[i % 2]} for i in range(prompts)]
    (home / "prompts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    shutil.copy(Path(__file__).with_name("plugins.py"), home / "plugins.py")
    return home


@dataclass(frozen=True)
class Job:
    """One process to be: `aigc-eval` with these arguments in this folder."""

    arguments: tuple[str, ...]
    folder: str
    environment: Mapping[str, str]
    stdout: str
    stderr: str
    log: str
    trouble: Trouble | None = None
    file_size: int = 0
    user: int = 0
    no_locks: bool = False
    own_nursery: bool = False


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit code, negative for a signal, None where it had to be killed; and what it said."""

    code: int | None
    stdout: str
    stderr: str
    log: tuple[str, ...]


class _Zygote:
    """The warm process, one for all tests of a session."""

    def __init__(self) -> None:
        env = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG", "HF_", "CI"))}
        env |= {"LANG": "C.UTF-8", "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "SOURCE_DATE_EPOCH": "1790000000"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.durability.zygote"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env, cwd=ROOT,
        )  # fmt: skip
        atexit.register(self.close)

    def ask(self, what: Mapping[str, Any]) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def close(self) -> None:
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()
        self.process.wait(30)


@functools.cache
def _zygote() -> _Zygote:
    return _Zygote()


@dataclass(frozen=True)
class Process:
    """A process under way."""

    pid: int
    job: Job

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def wait(self, seconds: float = 60.0) -> Ended:
        code = _zygote().ask({"wait": self.pid, "seconds": seconds})["status"]
        log = Path(self.job.log)
        streams = (Path(self.job.stdout), Path(self.job.stderr))
        said = [path.read_text("utf-8", "replace") if path.is_file() else "" for path in streams]
        return Ended(code, said[0], said[1], tuple(log.read_text("utf-8").split("\n")) if log.exists() else ())


def start(job: Job) -> Process:
    """Fork a process for a job."""
    return Process(_zygote().ask(asdict(job))["pid"], job)


class Bench:
    """A bench in a folder, and runs of it. Every run of a folder adds its calls to a ledger of its own."""

    def __init__(self, home: Path, **options: Any) -> None:
        self.home = make_bench(home, **options)
        self.number = 0

    @functools.cached_property
    def whole(self) -> Ended:
        """A run that nothing happened to, in the folder `whole`, with its operations."""
        ended = self.troubled("whole")
        assert ended.code == 0, ended.stderr
        assert len(self.calls()) == len(set(self.calls())) == len(answers(self.expected[NAME]))
        return ended

    @functools.cached_property
    def expected(self) -> dict[str, bytes]:
        """What every run must leave in the end, the journal byte by byte too: one candidate answers in order."""
        return artefacts(self.home / "whole")

    def check(self, ended: Ended, out: str = "out") -> None:
        """The run has come to the same end as one that nothing happened to."""
        assert ended.code == self.whole.code, ended.stderr
        assert ended.stdout.replace(f"{out}/", "whole/") == self.whole.stdout
        found = artefacts(self.home / out)
        assert found.keys() == self.expected.keys()
        assert [name for name in found if found[name] != self.expected[name]] == []

    def job(self, out: str = "out", *more: str, **environment: str) -> Job:
        self.number += 1
        beside = Path(tempfile.mkdtemp(prefix="job", dir=self.home))
        given = {"LEDGER": str(self.ledger), "GATE": "", "PACE": "0"} | environment
        said = {name: str(beside / name) for name in ("stdout", "stderr", "log")}
        return Job(("run", "bench.yaml", "--trust-bench", "--out", out, *more), str(self.home), given, **said)

    @property
    def ledger(self) -> Path:
        """Where the latest process tells which calls it makes."""
        return self.home / f"ledger{self.number}"

    def calls(self) -> list[str]:
        """The calls of the latest process, as "p3 1"."""
        return self.ledger.read_text("ascii").splitlines() if self.ledger.exists() else []

    def run(self, out: str = "out", *more: str, **changes: Any) -> Ended:
        """One run from start to end."""
        return start(replace(self.job(out, *more), **changes)).wait()

    def troubled(self, out: str, *more: str, **trouble: Any) -> Ended:
        """A run in which something goes wrong at one of its operations."""
        return self.run(out, *more, trouble=self.trouble(out, **trouble))

    def trouble(self, out: str, **trouble: Any) -> Trouble:
        """What is to go wrong in the folder of a run."""
        return Trouble(str(self.home / out), **trouble)

    def resume(self, out: str = "out", before: bytes | None = None) -> Ended:
        """Go on with a run; whatever the journal holds now (or held `before`) must stay and is not asked for again."""
        path = self.home / out / NAME
        kept = whole_lines(path.read_bytes() if path.exists() else b"") if before is None else before
        ended = self.run(out, "--resume")
        if any(r["kind"] == "ready" for r in records(kept)):
            assert path.read_bytes().startswith(kept), "something that was acknowledged is lost"
        again = set(self.calls()) & {f"{r['data']['prompt']} {r['data']['sample']}" for r in answers(kept)}
        assert not again, f"asked for again: {again}"
        assert len(self.calls()) == len(set(self.calls()))
        return ended

    def clear(self, out: str = "out") -> None:
        """Make room: the folder of a run, and what was said about it."""
        shutil.rmtree(self.home / out, ignore_errors=True)
        for path in (*self.home.glob("job*"), *self.home.glob("ledger*")):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


@contextmanager
def temporary_bench(**options: Any) -> Iterator[Bench]:
    """A bench in memory where that is possible: what is tested is what a killed process leaves, not the disk."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        bench = Bench(Path(folder), **options)
        assert bench.whole
        yield bench


def artefacts(folder: Path) -> dict[str, bytes]:
    """Every file of a run's folder, the journal and anything left behind too."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())} if folder.exists() else {}


def whole_lines(journal: bytes) -> bytes:
    """The journal without a line that was cut short."""
    return journal[: journal.rfind(b"\n") + 1]


def records(journal: bytes) -> list[dict[str, Any]]:
    """What the whole lines say."""
    return [json.loads(line[33:]) for line in whole_lines(journal).splitlines()]


def answers(journal: bytes) -> list[dict[str, Any]]:
    """The answers among them."""
    return [record for record in records(journal) if record["kind"] == "generation"]


def phase(folder: Path) -> str:
    """How far a run had come: "starting", "generating", "scoring", "reporting" or "done"."""
    kinds = [r["kind"] for r in records(artefacts(folder).get(NAME, b""))]
    if "generation" not in kinds:
        return "starting"
    if "end" in kinds:
        return "done" if (folder / "verdict.json").exists() else "reporting"
    return "scoring" if "score" in kinds else "generating"
