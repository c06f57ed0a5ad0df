"""SIGINT and SIGTERM at any moment: the run stops within seconds with 130 or 143, and can be resumed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from aigc_eval.cli import signals
from aigc_eval.journal import NAME
from tests.durability.harness import (
    ROOT,
    THOROUGH,
    Bench,
    Ended,
    Process,
    artefacts,
    phase,
    records,
    start,
    temporary_bench,
)

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with temporary_bench(prompts=12) as made:
        yield made


@pytest.fixture(scope="module")
def deaf() -> Iterator[Bench]:
    """A bench whose generator swallows interrupts."""
    with temporary_bench(prompts=12, generator="Deaf") as made:
        yield made


def interrupted(bench: Bench, rng: random.Random, number: int) -> tuple[Ended, float]:
    """A run that is sent a signal at a random moment, and how many seconds it went on."""
    journal = bench.home / "out" / NAME
    whole = len(bench.expected[NAME])
    place = rng.choice((-1, 0, rng.randrange(whole), rng.randrange(whole), whole))
    process = start(bench.job(PACE="0.0005"))
    wait_for(process, journal, place)
    time.sleep(rng.uniform(0, 0.12 if place == whole else 0.01))
    sent = time.monotonic()
    process.signal(number)
    return process.wait(), time.monotonic() - sent


def wait_for(process: Process, journal: os.PathLike[str], size: int) -> None:
    """Wait until the journal is that large."""
    until = time.monotonic() + 30
    while time.monotonic() < until and size >= 0:
        if os.path.exists(journal) and os.stat(journal).st_size >= size:
            return
        time.sleep(0.001)


def interrupt_and_resume(bench: Bench, times: int, seed: int) -> Counter[str]:
    rng = random.Random(seed)
    phases: Counter[str] = Counter()
    for _ in range(times):
        bench.clear()
        number = rng.choice((signal.SIGINT, signal.SIGINT, signal.SIGTERM))
        ended, seconds = interrupted(bench, rng, number)
        where = phase(bench.home / "out")
        phases[where] += 1
        assert seconds < 50
        if where == "starting" and ended.code == -number:  # before the first line of ours
            assert not (bench.home / "out" / NAME).exists()
            continue
        assert "Traceback" not in ended.stderr, ended.stderr
        assert "Exception ignored" not in ended.stderr, ended.stderr
        if ended.code == bench.whole.code:  # it had come to its verdict
            bench.check(ended)
            continue
        assert ended.code == CODES[number], ended
        if where in ("generating", "scoring", "reporting"):
            assert "--resume" in ended.stderr, ended
        bench.check(bench.resume())
    return phases


def test_interrupted_at_some_random_moments(bench: Bench) -> None:
    assert len(interrupt_and_resume(bench, 8, seed=1)) > 1


@pytest.mark.slow
def test_interrupted_at_many_random_moments(bench: Bench) -> None:
    times = 200 if THOROUGH else 50
    phases = interrupt_and_resume(bench, times, seed=2)
    assert min(phases[name] for name in ("generating", "scoring", "reporting")) > times / 40, phases


def test_interrupted_while_it_starts(bench: Bench) -> None:
    """A process of its own: until Python has come to the first line of ours, it ends in its own way."""
    command = [sys.executable, "-m", "aigc_eval", "run", "bench.yaml", "--trust-bench", "--out", "new"]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "LEDGER": str(bench.home / "ledger"), "GATE": "never"}
    wait, code = 0.03, 0
    while code != 130 and wait < 10:
        child = subprocess.Popen(command, cwd=bench.home, env=env, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
        time.sleep(wait)
        child.send_signal(signal.SIGINT)
        said, code = child.communicate(timeout=10)[1], child.returncode
        assert code in (130, -signal.SIGINT) or (code == 1 and b"Fatal Python error: init_" in said), (code, said)
        wait *= 1.7
    assert code == 130
    assert not (bench.home / "new" / "verdict.json").exists()


def waiting(bench: Bench, **environment: str) -> Process:
    """A run that is in its first call and stays there."""
    bench.clear()
    process = start(bench.job(GATE=str(bench.home / "never"), **environment))
    until_called(bench)
    return process


def until_called(bench: Bench) -> None:
    """Wait until the latest process is in its first call."""
    until = time.monotonic() + 30
    while not bench.calls():
        assert time.monotonic() < until
        time.sleep(0.002)
    time.sleep(0.05)


def test_an_interrupt_that_is_swallowed_ends_the_run_at_the_next_batch(deaf: Bench) -> None:
    process = waiting(deaf)
    process.signal(signal.SIGINT)
    ended = process.wait(10)
    assert ended.code == 130
    assert "--resume" in ended.stderr
    assert len(deaf.calls()) == 1
    assert not (deaf.home / "out" / "verdict.json").exists()


def test_a_second_signal_ends_it_at_once(deaf: Bench) -> None:
    """What does not listen the first time; a signal that comes twice in a moment is one (`timeout` sends it so)."""
    process = waiting(deaf, SULK="60")
    process.signal(signal.SIGINT)
    time.sleep(0.1)
    process.signal(signal.SIGINT)
    time.sleep(signals.TWICE + 0.1)
    os.kill(process.pid, 0)  # still there
    sent = time.monotonic()
    process.signal(signal.SIGINT)
    ended = process.wait(10)
    assert time.monotonic() - sent < signals.PATIENCE - 1
    assert ended.code == 130
    assert "--resume" in ended.stderr


@pytest.mark.slow
@pytest.mark.parametrize("number", CODES)
def test_what_does_not_listen_is_ended_after_a_while(deaf: Bench, number: signal.Signals) -> None:
    process = waiting(deaf, SULK="60")
    process.signal(number)
    sent = time.monotonic()
    ended = process.wait(20)
    assert signals.PATIENCE - 1 < time.monotonic() - sent < 20
    assert ended.code == CODES[number]
    assert "--resume" in ended.stderr
    assert records(artefacts(deaf.home / "out")[NAME])[-1]["kind"] != "generation"


@pytest.mark.slow
def test_code_in_c_that_does_not_return_is_ended_too(tmp_path: object) -> None:
    with temporary_bench(prompts=12) as made:
        plugins = made.home / "plugins.py"
        stuck = "\n\n@dataclass(frozen=True)\nclass Stuck(Answers):\n    def generate(self, batch):\n"
        stuck += "        super().generate(batch)\n        import hashlib\n"
        stuck += "        hashlib.pbkdf2_hmac('sha256', b'a', b'b', 500_000_000)\n"
        plugins.write_text(plugins.read_text("utf-8") + stuck, "utf-8")
        bench = made.home / "bench.yaml"
        bench.write_text(bench.read_text("utf-8").replace("plugins:Answers", "plugins:Stuck"), "utf-8")
        process = start(made.job())
        until_called(made)
        process.signal(signal.SIGINT)
        sent = time.monotonic()
        assert process.wait(30).code == 130
        assert time.monotonic() - sent < 10


def test_a_signal_after_the_verdict_changes_nothing(bench: Bench) -> None:
    """Signals from the verdict on until the process is gone."""
    for delay in (0.0, 0.02, 0.03, 0.04):
        bench.clear()
        process = start(bench.job())
        until = time.monotonic() + 30
        while not (bench.home / "out" / "verdict.json").exists():
            assert time.monotonic() < until
            time.sleep(0.0005)
        time.sleep(delay)
        process.signal(signal.SIGINT)
        ended = process.wait()
        assert ended.code in (bench.whole.code, 130), ended
        assert (ended.code == 130) == ("exit code 130" in ended.stderr)
        assert f"exit code {ended.code}" in ended.stdout + ended.stderr


def gone(pid: int, seconds: float) -> bool:
    """Whether the process ends within so many seconds."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize(
    "number", [signal.SIGKILL, *(pytest.param(number, marks=pytest.mark.slow) for number in CODES)]
)
def test_no_process_outlives_a_run(bench: Bench, number: signal.Signals) -> None:
    """A real one, whose scorers have processes of their own, and those one that they were forked from."""
    bench.clear()
    pids = bench.home / "pids"
    pids.unlink(missing_ok=True)
    job = bench.job("out", PIDS=str(pids), HOLD="60")
    env = {**os.environ, **job.environment, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "aigc_eval", *job.arguments]
    run = subprocess.Popen(command, cwd=bench.home, env=env)
    while not (pids.exists() and len(pids.read_text("ascii").split()) == 2):
        assert run.poll() is None
        time.sleep(0.02)
    own = {int(pid) for pid in pids.read_text("ascii").split()} - {run.pid}
    assert own
    run.send_signal(number)
    assert run.wait(10) == CODES.get(number, -number)
    assert all(gone(pid, 5) for pid in own)
    assert bench.resume().code == bench.whole.code


def test_what_is_ignored_from_the_start_stays_so() -> None:
    """A shell starts background jobs with SIGINT ignored: an interrupt at the terminal is not for them."""
    code = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); from aigc_eval.cli import main, signals\n"
    code += "with signals.listening(to_the_end=False): print(signal.getsignal(signal.SIGINT) == signal.SIG_IGN)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


# --- in this process ------------------------------------------------------------------------------------------------


def test_signals_and_hooks_are_given_back() -> None:
    before = [signal.getsignal(n) for n in CODES], sys.unraisablehook
    with signals.listening(to_the_end=False):
        assert signals.stopped() is None
        with pytest.raises(signals.Terminated):
            signal.raise_signal(signal.SIGTERM)
        assert isinstance(signals.stopped(), signals.Terminated)
        with pytest.raises(signals.Terminated):
            signals.check()
        with pytest.raises(signals.Terminated):
            signals.decided(0)
        assert signals.settled(0) == 143
    assert ([signal.getsignal(n) for n in CODES], sys.unraisablehook) == before
    assert signal.set_wakeup_fd(-1) == -1


def test_a_decided_exit_code_stays() -> None:
    with signals.listening(to_the_end=False):
        signals.decided(1)
        signal.raise_signal(signal.SIGINT)
        assert signals.stopped() is None
        assert signals.settled(1) == 1


def test_a_signal_in_a_destructor_is_remembered(capfd: pytest.CaptureFixture[str]) -> None:
    class Late:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)

    with signals.listening(to_the_end=False):
        late = Late()
        del late
        with pytest.raises(KeyboardInterrupt):
            signals.check()
    assert "ignored" not in capfd.readouterr().err


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_has_its_own_signals() -> None:
    with signals.listening(to_the_end=False):
        child = os.fork()
        if not child:
            os._exit(0 if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
