"""A process that has imported everything a run needs and forks one for each job: 0.1 s instead of 2 s.

It reads jobs from stdin and answers on stdout, one JSON object a line, and has no thread when it forks. The child is
`aigc-eval` itself: its own arguments, folder, environment, streams; it calls the command line's `main` and exits as
the interpreter does.
"""

from __future__ import annotations

import errno
import fcntl
import gc
import hashlib
import json
import os
import resource
import secrets
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO, Any

from aigc_eval.engines import process
from tests.durability.operations import Operations, Trouble

MASK_KEY = "5e"
DRAW = (
    "import json, sys, vl_convert; spec, more = json.load(sys.stdin); print(vl_convert.vegalite_to_svg(spec, **more))"
)


def serve() -> int | None:
    """Answer jobs until stdin ends; in a child, its exit code."""
    jobs = os.fdopen(os.dup(0), "r", encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    drawings = Path(tempfile.mkdtemp())
    _draw_apart(drawings)
    code = _answer(jobs, answers)
    if code is None:
        shutil.rmtree(drawings)
    return code


def _answer(jobs: IO[str], answers: IO[str]) -> int | None:
    _warm_up()
    gc.freeze()  # or every child would copy all pages when it first collects
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until `main` is called: nothing can be raised within a fork
    for line in jobs:
        job = json.loads(line)
        if "wait" in job:
            found: dict[str, Any] = {"status": _wait(job["wait"], job["seconds"])}
        else:
            if threading.active_count() != 1:
                raise RuntimeError(f"threads before a fork: {threading.enumerate()}")
            pid = os.fork()
            if not pid:
                jobs.close()
                answers.close()
                return _run(job)
            found = {"pid": pid}
        answers.write(json.dumps(found) + "\n")
        answers.flush()
    return None


def _draw_apart(drawings: Path) -> None:
    """Pictures are drawn by processes of their own, each once: the engine within vl-convert does not survive a fork."""
    import vl_convert

    drawings.chmod(0o777)

    def drawn(spec: object, **more: object) -> str:
        asked = json.dumps([spec, more], sort_keys=True)
        path = drawings / hashlib.sha256(asked.encode()).hexdigest()
        if not path.exists():
            found = subprocess.run(
                [sys.executable, "-c", DRAW], input=asked, capture_output=True, text=True, check=True
            )
            aside = path.with_suffix(f".{os.getpid()}")
            aside.write_text(found.stdout, "utf-8")
            aside.replace(path)
        return path.read_text("utf-8")

    vl_convert.vegalite_to_svg = drawn


def _warm_up() -> None:
    """One run, so that whatever is imported and compiled on the way is there already."""
    from tests.durability.harness import make_bench

    with tempfile.TemporaryDirectory() as folder:
        home = make_bench(Path(folder), prompts=12)
        os.environ["LEDGER"] = str(home / "ledger")
        null = os.open(os.devnull, os.O_WRONLY)
        before = os.dup(1)
        os.dup2(null, 1)
        from aigc_eval.cli import main

        code = main(["run", str(home / "bench.yaml"), "--trust-bench", "--out", str(home / "out")])
        sys.stdout.flush()
        os.dup2(before, 1)
        os.close(before)
        os.close(null)
        sys.modules.pop("plugins", None)
        sys.path[:] = [p for p in sys.path if not p.startswith(folder)]
    if code not in (0, 1, 3):
        raise RuntimeError(f"the run to warm up ended with {code}")


def _wait(pid: int, seconds: float) -> int | None:
    """The exit status as `subprocess` has it, negative for a signal; None where it goes on and was killed here."""
    descriptor = os.pidfd_open(pid)
    ended, _, _ = select.select([descriptor], [], [], seconds)
    os.close(descriptor)
    if not ended:
        os.kill(pid, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return status if ended else None


def _run(job: dict[str, Any]) -> int:
    """In the child: become the process that the job describes."""
    from aigc_eval.cli import main

    os.chdir(job["folder"])
    os.environ.update(job["environment"])
    for file, path in ((1, job["stdout"]), (2, job["stderr"])):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(opened, file)
        os.close(opened)
    sys.argv = ["aigc-eval", *job["arguments"]]
    secrets.token_hex = lambda nbytes=None: MASK_KEY * (nbytes or 32)
    if not job["own_nursery"]:
        _share_nursery()
    if job["file_size"]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (job["file_size"], job["file_size"]))
    if job["user"]:
        os.setgroups([])
        os.setgid(job["user"])
        os.setuid(job["user"])
    if job["no_locks"]:
        fcntl.flock = _no_locks
    operations = Operations(Trouble(**job["trouble"])) if job["trouble"] else None
    if operations:
        operations.install()
    code = main()
    if operations:
        Path(job["log"]).write_text("\n".join(operations.log), "utf-8")
    return code


def _share_nursery() -> None:
    """Let scorers be forked from the process that served the run to warm up: no child of ours, so no `poll` for us."""
    if process._NURSERY._running is not None:
        process._NURSERY._running[0].poll = lambda: None


def _no_locks(file: int, operation: int) -> None:
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))


if __name__ == "__main__":
    code = serve()
    if code is not None:
        raise SystemExit(code)
