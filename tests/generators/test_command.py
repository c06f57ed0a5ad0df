"""Programs that answer, and programs that die, hang, lie, flood and linger: what a run may expect of each."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc_eval import config, credentials, runner
from aigc_eval.calls import Limits, call_all
from aigc_eval.deadline import deadline
from aigc_eval.errors import CallError, ConfigError, UsageError
from aigc_eval.generators.command import Command
from aigc_eval.generators.command.wire import line_of, reply_of
from aigc_eval.records import OUTCOMES, Generation, Message, Prompt, Request
from aigc_eval.replies import content, generation, shown

HEAD = """\
import json, os, signal, subprocess, sys, threading, time
def say(r, **reply):
    print(json.dumps({"id": r["id"], **reply}), flush=True)
"""
LOOP = """
for n, line in enumerate(sys.stdin):
    r = json.loads(line)
"""
ANY_TEXT = st.text(st.characters(exclude_categories=()))


def written(folder: Path, body: str, *, loop: bool = True, before: str = "", name: str = "bot.py") -> tuple[str, ...]:
    """Command line of a small program: `body` answers one request `r`, the `n`th."""
    lines = "".join(f"    {line}\n" for line in body.splitlines()) if loop else body
    (folder / name).write_text(HEAD + before + (LOOP if loop else "") + lines, "utf-8")
    return (sys.executable, "-I", "-S", str(folder / name))


def asked(text: str = "Why?", **more: object) -> Request:
    return Request(Prompt("p1", text, **more), 0, 7)  # type: ignore[arg-type]


def say(command: Command, text: str = "Why?", seconds: float = 20.0) -> str:
    with deadline(seconds):
        return command.generate([asked(text)])[0].text


def failure(command: Command, text: str = "Why?", seconds: float = 20.0) -> CallError:
    with deadline(seconds), pytest.raises(CallError) as caught:
        command.generate([asked(text)])
    return caught.value


def alive(pid: int) -> bool:
    """Whether a process runs; one that is dead and not yet waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone(pid: int, seconds: float = 3.0) -> bool:
    until = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.01)
    return not alive(pid)


# Answers


def test_a_request_and_its_reply(tmp_path: Path) -> None:
    """Every key of the protocol, there and back."""
    body = "say(r, text=json.dumps(r), outcome='truncated', input_tokens=3, output_tokens=4)"
    command = Command(written(tmp_path, body))
    command.load()
    turns = (Message("system", "Be brief."), Message("user", "Hi"), Message("assistant", "Yo"))
    request = Request(Prompt("p·1", "几点？\u2028", messages=turns, tags={"lang": "zh"}, fields={"name": "馆"}), 2, 99)
    [answer] = command.generate([request])
    told = json.loads(answer.text)
    assert told.pop("id")
    assert told == {
        "prompt_id": "p·1", "prompt": "几点？\u2028", "system": "Be brief.", "sample": 2, "seed": 99,
        "tags": {"lang": "zh"}, "fields": {"name": "馆"},
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"},
                     {"role": "assistant", "content": "Yo"}, {"role": "user", "content": "几点？\u2028"}],
    }  # fmt: skip
    assert (answer.request, answer.outcome, answer.usage) == (
        request,
        "truncated",
        {"input_tokens": 3, "output_tokens": 4},
    )
    assert answer.seconds is not None
    assert 0 < answer.seconds < 20


def test_the_program_is_kept_running(tmp_path: Path) -> None:
    command = Command(written(tmp_path, "say(r, text=f'{n} {os.getpid()}')"))
    first, second = say(command).split(), say(command).split()
    assert (first[0], second[0]) == ("0", "1")
    assert first[1] == second[1]


def test_a_program_that_forgets_to_flush_answers_all_the_same(tmp_path: Path) -> None:
    """Without -I, which ignores the environment as the other tests want it."""
    _, _, _, path = written(tmp_path, "print(json.dumps({'id': r['id'], 'text': 'unflushed'}))")
    assert say(Command((sys.executable, path))) == "unflushed"


def test_files_are_named_relative_to_the_folder(tmp_path: Path) -> None:
    written(tmp_path, "say(r, text=os.getcwd())")
    script = tmp_path / "run.sh"
    script.write_text(f"#!/bin/sh\nexec {sys.executable} bot.py\n")
    script.chmod(0o755)
    assert say(Command(("./run.sh",), tmp_path)) == str(tmp_path.resolve())
    assert say(Command((sys.executable, "bot.py"), tmp_path)) == str(tmp_path.resolve())


def test_answers_out_of_order_reach_who_asked(tmp_path: Path) -> None:
    """The program waits for eight requests and answers the last first."""
    body = """\
kept.append(r)
if len(kept) == 8:
    for r in reversed(kept):
        say(r, text='to ' + r['prompt'])
    kept.clear()"""
    command = Command(written(tmp_path, body, before="kept = []\n"), in_flight=8)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda i: say(command, f"q{i}"), range(80))) == [f"to q{i}" for i in range(80)]


def test_several_copies_work_at_once(tmp_path: Path) -> None:
    """Each answers only when all four have been asked."""
    body = f"open({str(tmp_path / 'asked')!r} + str(os.getpid()), 'w').close()\n"
    body += f"while sum(n.startswith('asked') for n in os.listdir({str(tmp_path)!r})) < 4: time.sleep(0.01)\n"
    command = Command(written(tmp_path, f"{body}say(r, text=str(os.getpid()))"), processes=4)
    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(lambda i: say(command), range(4)))
    assert len(found) == 4


def test_a_flood_of_errors_before_the_answer_blocks_nothing(tmp_path: Path) -> None:
    body = "sys.stderr.write('x' * 1_000_000 + '\\n')\nsys.stderr.flush()\nsay(r, text='dry')"
    assert say(Command(written(tmp_path, body))) == "dry"


def test_a_large_prompt_and_a_large_answer(tmp_path: Path) -> None:
    """Far more than a pipe holds, both ways."""
    text = "长" * 1_000_000
    assert say(Command(written(tmp_path, "say(r, text=r['prompt'])")), text) == text


# Deaths


def test_a_program_that_dies_is_started_again(tmp_path: Path) -> None:
    body = "if n == 2:\n    sys.stderr.write('boom: \\x1b[31m no more\\n')\n    sys.exit(3)\nsay(r, text=str(n))"
    command = Command(written(tmp_path, body))
    assert [say(command), say(command)] == ["0", "1"]
    error = failure(command)
    assert (error.kind, error.again) == ("crashed", True)
    assert str(error) == "the program ended with status 3: boom: [31m no more"
    assert say(command) == "0"


def test_a_program_killed_from_outside_is_started_again(tmp_path: Path) -> None:
    command = Command(
        written(tmp_path, "if r['prompt'] == 'die': os.kill(os.getpid(), 9)\nsay(r, text=str(os.getpid()))")
    )
    first = say(command)
    assert str(failure(command, "die")) == "the program was ended by SIGKILL"
    second = say(command)
    assert second != first
    os.kill(int(second), 9)
    assert gone(int(second))  # while nobody was waiting: nothing to complain of
    time.sleep(0.05)
    assert say(command) != second


def test_a_half_line_is_no_answer(tmp_path: Path) -> None:
    body = "sys.stdout.write(json.dumps({'id': r['id'], 'text': 'whole'}))\nsys.stdout.flush()\nos._exit(0)"
    assert failure(Command(written(tmp_path, body))).kind == "crashed"


def test_closed_output_is_a_death(tmp_path: Path) -> None:
    error = failure(Command(written(tmp_path, "os.close(1)\ntime.sleep(60)")))
    assert (error.kind, str(error)) == ("crashed", "the program closed its standard output")


def test_closed_input_is_a_timeout_at_worst(tmp_path: Path) -> None:
    command = Command(written(tmp_path, "time.sleep(60)", loop=False, before="os.close(0)\n"))
    started = time.monotonic()
    assert failure(command, "长" * 100_000, seconds=0.4).kind == "timeout"
    assert time.monotonic() - started < 60


def test_last_words_hold_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "_read", {})
    monkeypatch.setenv("BOT_API_KEY", "sk-canary-17")
    command = Command(written(tmp_path, "sys.exit('refused: ' + os.environ['BOT_API_KEY'])"), env=("BOT_API_KEY",))
    assert str(failure(command)) == "the program ended with status 1: refused: [key: BOT_API_KEY]"


# Hangs


def test_a_program_that_hangs_is_killed_with_what_it_started(tmp_path: Path) -> None:
    body = """\
if r['prompt'] == 'hang':
    child = subprocess.Popen(['sleep', '60'])
    open(sys.argv[1], 'w').write(f'{os.getpid()} {child.pid}')
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(60)
say(r, text=str(os.getpid()))"""
    command = Command((*written(tmp_path, body), str(tmp_path / "pids")))
    before = say(command)
    started = time.monotonic()
    error = failure(command, "hang", seconds=0.4)
    assert (error.kind, error.again) == ("timeout", True)
    assert 0.35 < time.monotonic() - started < 60
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert str(pids[0]) == before
    assert all(map(gone, pids))
    assert say(command) != before


def test_a_program_that_reads_nothing_is_killed(tmp_path: Path) -> None:
    """The request is larger than a pipe holds, so that writing it would block for ever."""
    command = Command(written(tmp_path, "time.sleep(60)", loop=False))
    started = time.monotonic()
    assert failure(command, "长" * 1_000_000, seconds=0.4).kind == "timeout"
    assert time.monotonic() - started < 60


def test_others_in_a_program_that_hangs_may_ask_again(tmp_path: Path) -> None:
    command = Command(written(tmp_path, "time.sleep(60)"), in_flight=2)
    with ThreadPoolExecutor(2) as pool:
        late = pool.submit(failure, command, "first", 0.4)
        other = pool.submit(failure, command, "second", 5.0)
        assert late.result().kind == "timeout"
        assert (other.result().kind, other.result().again) == ("crashed", True)


def test_no_program_is_killed_for_the_time_spent_in_a_queue(tmp_path: Path) -> None:
    """One copy, answers of 0.25 s, calls of 0.8 s: who waits too long gives up without a word to the program."""
    command = Command(written(tmp_path, "time.sleep(0.25)\nsay(r, text=str(os.getpid()))"))
    command.load()

    def ask(i: int) -> str:
        try:
            return say(command, seconds=0.8)
        except CallError as error:
            return f"{error.kind}: {error}"

    with ThreadPoolExecutor(8) as pool:
        found = Counter(pool.map(ask, range(8)))
    pids = [word for word in found if word.isdigit()]
    assert len(pids) == 1
    assert found[pids[0]] >= 2
    [error] = found.keys() - pids
    assert error.startswith("timeout: no copy of the program was free")


# Lies


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("print('loading the model', flush=True)", "printed 'loading the model', which is no JSON object"),
        ("print('[1]', flush=True)", "printed '[1]', which is no JSON object"),
        ("sys.stdout.buffer.write(b'\\xff\\xfe\\n'); sys.stdout.flush()", "which is no JSON object"),
        ("print('{\"text\": \"x\"}', flush=True)", "without the id"),
        ("say({'id': 'r0'}, text='x')", "answered the request 'r0', which is not open"),
        ("say({'id': 1}, text='x')", "without the id"),
        ("print('[' * 100_000, flush=True)", "which is no JSON object"),
        ("print(json.dumps({'id': r['id']})[:-1] + ', \"id\": \"r0\"}', flush=True)", "which is no JSON object"),
    ],
    ids=["print", "list", "bytes", "no-id", "other-id", "number", "deep", "twice"],
)  # fmt: skip
def test_a_line_that_is_no_reply_ends_the_program(tmp_path: Path, body: str, what: str) -> None:
    command = Command(written(tmp_path, f"if r['prompt'] == 'lie':\n    {body}\nsay(r, text=str(n))"))
    assert say(command) == "0"
    error = failure(command, "lie")
    assert (error.kind, error.again) == ("bad_response", True)
    assert what in str(error)
    assert "; print one line" in str(error) or "; repeat each request's id" in str(error)
    assert len(str(error)) < 300
    assert say(command) == "0"


def test_a_second_reply_to_one_request_is_nobodys(tmp_path: Path) -> None:
    command = Command(written(tmp_path, "say(r, text='first')\nsay(r, text='second')"))
    said: Counter[str] = Counter()
    for i in range(20):
        try:
            said[say(command, f"q{i}")] += 1
        except CallError as error:
            said[error.kind] += 1
    assert set(said) <= {"first", "bad_response"}
    assert said["first"] >= 9


def test_words_before_the_first_request_are_found_out(tmp_path: Path) -> None:
    run = written(tmp_path, "say(r, text='x')", before="print('ready', flush=True)\n")
    with pytest.raises(UsageError, match="before it was asked anything, the program printed 'ready'"):
        Command(run).load()
    slow = Command(written(tmp_path, "say(r, text='x')", before="time.sleep(0.4)\nprint('ready', flush=True)\n"))
    slow.load()
    time.sleep(0.4)
    assert failure(slow).kind == "bad_response"


@pytest.mark.parametrize(
    ("reply", "what"),
    [
        ("{}", "no text"),
        ("{'text': 1}", "of type int"),
        ("{'txt': 'x', 'text': 'x'}", "'txt'"),
        ("{'text': 'x', 'outcome': 'fine'}", "'fine'"),
        ("{'text': 'x', 'outcome': 'error'}", "'error'"),
        ("{'text': 'x', 'input_tokens': -1}", "input_tokens"),
        ("{'text': 'x', 'output_tokens': True}", "output_tokens"),
        ("{'text': 'x', 'error': 'y'}", "a text and an error"),
    ],
    ids=["empty", "number", "unknown", "outcome", "error", "negative", "boolean", "both"],
)
def test_a_reply_that_means_nothing_is_an_error_and_the_program_lives(tmp_path: Path, reply: str, what: str) -> None:
    command = Command(written(tmp_path, f"say(r, **({reply} if r['prompt'] == 'lie' else {{'text': str(n)}}))"))
    error = failure(command, "lie")
    assert (error.kind, error.again) == ("bad_response", False)
    assert what in str(error)
    assert say(command) == "1"


def test_a_program_says_why_it_has_no_answer(tmp_path: Path) -> None:
    command = Command(written(tmp_path, "say(r, text=None, error='the tool\\nis down', again=n == 0)"))
    first, second = failure(command), failure(command)
    assert [(e.kind, str(e), e.again) for e in (first, second)] == [
        ("raised", "the tool is down", True), ("raised", "the tool is down", False)]  # fmt: skip


def test_a_line_without_end_is_cut(tmp_path: Path) -> None:
    body = "try:\n    while True: sys.stdout.write('x' * 1_000_000)\nexcept OSError:\n    os._exit(1)"
    error = failure(Command(written(tmp_path, body)), seconds=60)
    assert (error.kind, error.again, str(error)) == ("too_large", False, "an answer is larger than 32 MB")


# What a program gets, and what it leaves


def test_the_environment_is_told_by_name_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "_read", {})
    key_file = tmp_path / "key"
    key_file.write_text("sk-from-file\n")
    monkeypatch.setenv("SECRET_CANARY", "canary-1")
    monkeypatch.setenv("OPENAI_API_KEY", "canary-2")
    monkeypatch.setenv("BOT_MODE", "fast")
    monkeypatch.setenv("BOT_TOKEN_FILE", str(key_file))
    command = Command(written(tmp_path, "say(r, text=json.dumps(dict(os.environ)))"), env=("BOT_MODE", "BOT_TOKEN"))
    told = json.loads(say(command))
    assert (told["BOT_MODE"], told["BOT_TOKEN"], told["PATH"]) == ("fast", "sk-from-file", os.environ["PATH"])
    assert not {"SECRET_CANARY", "OPENAI_API_KEY", "BOT_TOKEN_FILE"} & told.keys()
    assert "canary" not in json.dumps(told)
    assert "sk-from-file" not in repr(command) + command.signature() + str(command.facts()) + str(vars(command))


@pytest.mark.parametrize("name", ["BOT_MODE", "BOT_TOKEN"])
def test_a_variable_that_is_not_set_is_missed_before_any_request(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=f"{name} is not set"):
        Command(written(tmp_path, "say(r, text='x')"), env=(name,)).load()


@pytest.mark.parametrize(
    ("run", "what"),
    [
        (("no-such-program-17",), "no such program on PATH"),
        (("./missing",), "there is no such file"),
        (("./plain",), "may not be executed"),
        (("./broken",), "cannot be started"),
        (("plain",), "write ./plain"),
        ((sys.executable, "-I", "missing.py"), "ended with status 2: .*No such file"),
        ((sys.executable, "-I", "-c", "pass"), "before it was asked anything, the program ended with status 0"),
        ((sys.executable, "-I", "-c", "import no_such_17"), "ended with status 1: ModuleNotFoundError"),
    ],
    ids=["path", "missing", "plain", "broken", "near", "script", "quits", "import"],
)
def test_what_cannot_run_is_found_before_any_request(tmp_path: Path, run: tuple[str, ...], what: str) -> None:
    (tmp_path / "plain").write_text("x")
    (tmp_path / "broken").write_text("#!/no/such/interpreter\n")
    (tmp_path / "broken").chmod(0o755)
    with pytest.raises(UsageError, match=what) as caught:
        Command(run, tmp_path).load()
    assert str(caught.value).startswith("command ")


@pytest.mark.parametrize(
    "options",
    [{"run": ()}, {"run": ("",)}, {"run": ("\0",)}, {"run": ("a",), "processes": 0}, {"run": ("a",), "in_flight": 257}],
    ids=["empty", "blank", "nul", "none", "many"],
)  # fmt: skip
def test_options_that_cannot_be(options: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="command: "):
        Command(**options)  # type: ignore[arg-type]


PARENT = """\
import os, signal, sys, time
from aigc_eval.generators.command import Command
from aigc_eval.records import Prompt, Request
command = Command(tuple(sys.argv[2:]), processes=2)
print(command.generate([Request(Prompt("p", "q"))])[0].text, flush=True)
{ends}
"""
LINGERS = """
child = subprocess.Popen(['sleep', '60'])
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for line in sys.stdin:
    say(json.loads(line), text=f'{os.getpid()} {child.pid}')
time.sleep(60)
"""


def ended(tmp_path: Path, ends: str, run: tuple[str, ...]) -> tuple[list[int], float]:
    """The processes that a parent's program told of, and how long the parent took after it was asked to end."""
    (tmp_path / "parent.py").write_text(PARENT.format(ends=ends))
    with subprocess.Popen([sys.executable, str(tmp_path / "parent.py"), "--", *run], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        started = time.monotonic()
        if "sleep" in ends:
            parent.send_signal(signal.SIGINT)
        parent.wait(50)
    return pids, time.monotonic() - started


@pytest.mark.parametrize("ends", ["", "time.sleep(60)"], ids=["end", "interrupt"])
def test_nothing_is_left_when_the_run_ends(tmp_path: Path, ends: str) -> None:
    """A program that ignores the end of its input and SIGTERM, with a child of its own."""
    pids, seconds = ended(tmp_path, ends, written(tmp_path, LINGERS, loop=False))
    assert len(pids) == 2
    assert seconds < 50  # two for the program, which would go on for sixty
    assert all(gone(pid, 0.2) for pid in pids)


def test_a_program_is_asked_politely_first(tmp_path: Path) -> None:
    body = "say(r, text=str(os.getpid()))"
    run = written(tmp_path, body)
    with open(run[-1], "a") as file:
        file.write(f"open({str(tmp_path / 'farewell')!r}, 'w').write('bye')\n")
    _, seconds = ended(tmp_path, "", run)
    assert (tmp_path / "farewell").read_text() == "bye"
    assert seconds < 2, "it was killed"


def test_a_killed_parent_leaves_nothing_behind(tmp_path: Path) -> None:
    """Not even programs that ignore the end of their input."""
    pids, _ = ended(tmp_path, "os.kill(os.getpid(), signal.SIGKILL)", written(tmp_path, LINGERS, loop=False))
    assert len(pids) == 2
    assert all(map(alive, pids))
    assert all(map(gone, pids))


def test_the_program_has_a_session_of_its_own(tmp_path: Path) -> None:
    """So Ctrl-C reaches us, not it."""
    assert say(Command(written(tmp_path, "say(r, text=str(os.getsid(0)))"))) != str(os.getsid(0))


def test_no_process_thread_or_pipe_is_left_behind(tmp_path: Path) -> None:
    body = (
        "if r['prompt'] == 'die': os._exit(1)\nif r['prompt'] == 'hang': time.sleep(60)\nsay(r, text=str(os.getpid()))"
    )
    command = Command(written(tmp_path, body))
    say(command)
    threads, files = threading.active_count(), len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        failure(command, "die")
        failure(command, "hang", seconds=0.1)
    pid = int(say(command))
    time.sleep(0.05)
    assert threading.active_count() <= threads
    assert len(os.listdir("/proc/self/fd")) <= files
    del command
    gc.collect()  # exceptions refer to their frames
    assert gone(pid, 0.5)


# Identity and trust


def test_identity_is_the_command_and_what_its_files_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, "say(r, text='x')")
    (tmp_path / "lib" / "__pycache__").mkdir(parents=True)
    (tmp_path / "lib" / "part.py").write_text("a = 1")
    monkeypatch.setenv("BOT_MODE", "fast")
    monkeypatch.setenv("BOT_TOKEN", "token-17")

    def made(**changes: object) -> Command:
        options = {"run": (sys.executable, "bot.py"), "folder": tmp_path, "depends": (tmp_path / "lib",)}
        return Command(**{**options, "env": ("BOT_MODE", "BOT_TOKEN"), **changes})  # type: ignore[arg-type]

    known = made().identity()
    assert made(processes=3, in_flight=9).identity() == known
    assert made(processes=3, in_flight=9).signature() == made().signature()
    (tmp_path / "lib" / "__pycache__" / "part.pyc").write_text("x")
    monkeypatch.setenv("BOT_TOKEN", "token-18")
    assert made().identity() == known
    assert made(run=(sys.executable, "bot.py", "-v")).identity() != known
    monkeypatch.setenv("BOT_MODE", "slow")
    assert made().identity() != known
    monkeypatch.setenv("BOT_MODE", "fast")
    (tmp_path / "lib" / "part.py").write_text("a = 2")
    assert made().identity() != known
    (tmp_path / "lib" / "part.py").write_text("a = 1")
    assert made().identity() == known
    (tmp_path / "bot.py").write_text("pass")
    assert made().identity() != known


def test_identity_does_not_change_while_the_program_runs(tmp_path: Path) -> None:
    """It may write to a file that is one of its arguments."""
    (tmp_path / "log").write_text("")
    command = Command(
        (*written(tmp_path, "open(sys.argv[1], 'a').write('x')\nsay(r, text='x')"), str(tmp_path / "log"))
    )
    known = command.identity()
    say(command)
    assert command.identity() == known


def test_identity_does_not_change_with_the_place(tmp_path: Path) -> None:
    places = [tmp_path / "a" / "bench", tmp_path / "b" / "bench"]
    for place in places:
        place.mkdir(parents=True)
        written(place, "say(r, text='x')")
    first, second = (Command(("python3", "bot.py"), place) for place in places)
    assert first.identity() == second.identity()


def test_trust_names_the_command_word_for_word(tmp_path: Path) -> None:
    home = tmp_path / "bench"
    assert Command(("bot", "a b")).needs_trust() == "runs the command bot 'a b'"
    assert Command(("bot",), home, ("K",)).needs_trust() == "runs the command bot in 'bench' with K"
    assert Command(("bot", "\u202e"), home).needs_trust().isprintable()


# The protocol


@given(
    st.builds(Prompt, ANY_TEXT, ANY_TEXT, tags=st.dictionaries(ANY_TEXT, ANY_TEXT, max_size=2)), st.integers(0, 2**28)
)
def test_any_request_is_one_line_of_ascii(prompt: Prompt, seed: int) -> None:
    line = line_of(Request(prompt, 0, seed), "r1")
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert line.isascii()
    told = json.loads(line)
    assert told["seed"] == seed
    assert told["prompt"].encode("utf-16-le") == prompt.text.encode("utf-16-le", "surrogatepass").decode(
        "utf-16-le", "replace").encode("utf-16-le")  # fmt: skip


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(["text", "outcome", "finish_reason", "input_tokens", "output_tokens", "error", "again", "id"])
VALUES = JSON | st.sampled_from([*OUTCOMES, "length", "refusal"])


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_line_is_a_reply_or_says_why_not(line: bytes) -> None:
    said = ""
    try:
        name, reply = reply_of(line)
    except ValueError as error:
        said = str(error)
    if said:
        assert said.isprintable()
        assert len(said) < 400
    else:
        assert json.loads(line) == {"id": name, **reply}


@given(st.dictionaries(KEYS | ANY_TEXT, VALUES, max_size=5))
def test_any_reply_is_a_generation_or_a_call_error(reply: dict[str, object]) -> None:
    found: CallError | Generation
    try:
        found = generation(asked(), reply)
    except CallError as error:
        found = error
    if isinstance(found, CallError):
        assert found.kind in ("bad_response", "raised")
        assert str(found).isprintable()
        assert 0 < len(str(found)) <= 200
    else:
        assert found.text == (reply["text"] or "")
        assert found.outcome in OUTCOMES
        assert found.outcome not in ("ok", "truncated") or found.text.strip()


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        ({"text": "x"}, "ok"),
        ({"text": None}, "empty"),
        ({"text": " \u200b"}, "empty"),
        ({"text": None, "outcome": "ok"}, "empty"),
        ({"text": None, "finish_reason": "length"}, "empty"),
        ({"text": "x", "finish_reason": "max_tokens"}, "truncated"),
        ({"text": None, "finish_reason": "content_filter"}, "filtered"),
        ({"text": "No.", "finish_reason": "refusal"}, "refused"),
        ({"text": "x", "finish_reason": "length", "outcome": "ok"}, "ok"),
        ({"text": "x", "finish_reason": "stop", "outcome": None}, "ok"),
    ],
    ids=range(10),
)
def test_how_an_answer_ended(reply: dict[str, object], outcome: str) -> None:
    answer = generation(asked(), reply)
    assert answer.outcome == outcome
    assert answer.text == (reply["text"] or "")


def test_the_content_of_a_folder_is_names_and_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("12")
    first = content(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    assert content(tmp_path) != first
    assert content(tmp_path / "b") == hashlib.sha256(b"12").hexdigest()


def test_what_is_shown_is_cut_after_keys_are_taken_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "_read", {})
    monkeypatch.setenv("CUT_KEY", "sk-" + "a" * 50)
    key = credentials.key("CUT_KEY")
    for at in (0, 150, 195, 3190, 3199):
        assert "sk-a" not in shown("\n" * at + "x" * min(at, 199) + key)


# Through the engine

FAULTY = """\
def digest(text): return hashlib.sha256(text.encode()).hexdigest()
with open(sys.argv[1], 'a') as ledger:
    ledger.write(r['prompt'] + '\\n')
with open(sys.argv[1]) as ledger:
    attempt = ledger.read().split('\\n').count(r['prompt'])
draw = int(digest(f"{r['prompt']} {attempt}")[:8], 16) / 16**8
right = {'text': digest(r['prompt'])}
if draw < 0.06: os._exit(1)
elif draw < 0.11: print('Traceback: something', flush=True)
elif draw < 0.15: say({'id': 'r0'}, **right)
elif draw < 0.19: sys.stdout.write('{"id": "' + r['id']); sys.stdout.flush(); os._exit(0)
elif draw < 0.24: say(r, error='busy', again=True)
elif draw < 0.25: time.sleep(60)
elif draw < 0.30: say(r, **right); say(r, text='once more')
else: say(r, **right)
"""
PATIENT = Limits(concurrency=4, timeout=2, attempts=12, backoff=0.01, longest_wait=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("in_flight", [1, 2])
def test_five_hundred_answers_from_a_program_that_fails_at_thirty_per_cent(tmp_path: Path, in_flight: int) -> None:
    """None lost, none twice, none to the wrong request: each answer is the digest of its prompt."""
    run = (*written(tmp_path, FAULTY, before="import hashlib\n"), str(tmp_path / "ledger"))
    command = Command(run, processes=4 // in_flight, in_flight=in_flight)
    command.load()
    requests = [Request(Prompt(f"p{i}", f"question {i}")) for i in range(500)]
    random.Random(7).shuffle(requests)
    limits = replace(PATIENT, attempts=30)
    found = [e for group in call_all(lambda r: command.generate([r])[0], requests, limits) for e in group]
    assert sorted(e.item for e in found) == list(range(500))
    for one in found:
        assert not isinstance(one.result, CallError), one.result
        assert one.result.request == requests[one.item]
        assert one.result.text == hashlib.sha256(requests[one.item].prompt.text.encode()).hexdigest()
    lines = (tmp_path / "ledger").read_text().split("\n")[:-1]
    assert len(lines) > 600  # it did fail


BENCH = """\
name: own-code
prompts: [prompts.jsonl]
candidates:
  - {name: program, generator: {command: {run: [%s, own_bot.py], folder: .}}, limits: {concurrency: 2}}
  - {name: function, generator: {python: {call: "own_bot_for_tests:answer", arguments: {mark: "!"}}}}
samples: 2
scorers: [readability]
"""


def test_a_bench_with_code_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused without trust, answered with it, and never asked twice: the program's ledger says so."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    written(tmp_path, "open('ledger', 'a').write('x')\nsay(r, text=r['prompt'] + '!')", name="own_bot.py")
    (tmp_path / "own_bot_for_tests.py").write_text("def answer(request, mark): return request.prompt.text + mark")
    (tmp_path / "prompts.jsonl").write_text("".join(f'{{"id": "p{i}", "prompt": "Say {i}."}}\n' for i in range(6)))
    bench = tmp_path / "bench.yaml"
    bench.write_text(BENCH % sys.executable)
    with pytest.raises(ConfigError) as caught:
        config.load(bench)
    assert ["' runs " in problem.what for problem in caught.value.problems] == [True, True]
    for folder, earlier in (("first", []), ("again", [tmp_path / "first"])):
        done = runner.run(config.load(bench, trust=True), tmp_path / folder, reuse=earlier)
        assert len(done.rows) == 24
        assert set(done.rows["outcome"]) == {"ok"}
        assert all(done.rows["text"] == done.rows["prompt_text"] + "!")
    assert len((tmp_path / "ledger").read_text()) == 12
