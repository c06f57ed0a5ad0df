"""The command line as people and CI use it: a real process, its exit code, its two streams."""

from __future__ import annotations

import html
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from aigc_eval import __version__
from aigc_eval.cli import OFFLINE, main
from aigc_eval.cli.outcome import MEANINGS, guarded
from aigc_eval.errors import AigcEvalError, NothingToEvaluate
from aigc_eval.report.words import source_words

HEAVY = {"torch", "pandas", "transformers", "pydantic", "scipy", "numpy", "presidio_analyzer", "rich", "yaml"}
ENTRY = [sys.executable, "-c", "from aigc_eval.cli import main; raise SystemExit(main())"]

PROBE = '''
import os, signal, time
from dataclasses import dataclass
from typing import ClassVar
from aigc_eval.metrics import Mean, Rate
from aigc_eval.plugin import Generator, Scorer
from aigc_eval.records import Score

@dataclass(frozen=True)
class Slow(Generator):
    """One answer every fifth of a second."""
    batch_size: ClassVar[int] = 1
    def generate(self, batch):
        time.sleep(0.2)
        return [r.answer("slow " + r.prompt.text) for r in batch]

@dataclass(frozen=True)
class Buggy(Generator):
    def generate(self, batch):
        return [r.answer("x") for r in batch]
    def facts(self):
        raise KeyError("CANARY of the bug")

@dataclass(frozen=True)
class Full(Generator):
    def load(self):
        raise OSError(28, "No space left on device", "/somewhere/journal.jsonl")
    def generate(self, batch):
        return [r.answer("x") for r in batch]

@dataclass(frozen=True)
class Marked(Scorer):
    """1 for texts with the word bad."""
    def score(self, batch):
        return [Score(float("bad" in g.text)) for g in batch]
    def metrics(self):
        return (Rate("rate"), Mean("mean", better="higher"))
'''

BENCH = """\
name: tiny
prompts: [prompts.jsonl]
candidates: [{candidate}]
scorers: [{{name: marked, scorer: probe:Marked}}]
gates: ["marked.{gate}"]
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with 40 prompts, every second one with the word bad, and a module of plug-ins."""
    (tmp_path / "probe.py").write_text(PROBE, "utf-8")
    rows = [{"id": f"p{i}", "prompt": f"CANARY {'bad' if i % 2 else 'good'} {i}"} for i in range(40)]
    (tmp_path / "prompts.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), "utf-8")
    write(tmp_path)
    return tmp_path


def write(home: Path, candidate: str = "echo", gate: str = "rate <= 90 %") -> None:
    (home / "bench.yaml").write_text(BENCH.format(candidate=candidate, gate=gate), "utf-8")


def without_a_page(home: Path) -> None:
    """Leave the pictures of report.html, which cost more than all the rest, to tests that look at them."""
    with (home / "bench.yaml").open("a", encoding="utf-8") as bench:
        bench.write("report: {formats: [json]}\n")


def shorten(home: Path) -> None:
    """Leave 12 prompts, enough for an interval."""
    lines = (home / "prompts.jsonl").read_text("utf-8").splitlines(keepends=True)
    (home / "prompts.jsonl").write_text("".join(lines[:12]), "utf-8")


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


Command = Callable[..., Done]


@pytest.fixture
def aigc_eval(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command in a folder, in this process to save time; LANG is English unless told."""

    def run(home: Path, *args: str, **env: str) -> Done:
        monkeypatch.chdir(home)
        for name, value in {**OFFLINE, "LC_ALL": "", "LC_MESSAGES": "", "LANG": "C.UTF-8", **env}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "path", [p for p in sys.path if "pytest-of" not in p])
        monkeypatch.delitem(sys.modules, "probe", raising=False)
        capsys.readouterr()
        code = main(args)
        return Done(code, *capsys.readouterr())

    return run


def in_a_process(home: Path, *args: str, **env: str) -> Done:
    """The same in a process of its own."""
    given = (
        {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG", "HF_"))} | {"LANG": "C.UTF-8"} | env
    )
    done = subprocess.run([*ENTRY, *args], cwd=home, env=given, capture_output=True, text=True, check=False)
    return Done(done.returncode, done.stdout, done.stderr)


RUN = ("run", "bench.yaml", "--trust-bench")


# --- start-up -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["import aigc_eval.cli", "from aigc_eval.cli import main; main(['--help'])"])
def test_nothing_heavy_is_imported(code: str) -> None:
    told = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(); print(*sys.modules)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert set(told.stdout.splitlines()[-1].split()) & HEAVY == set()


def test_help_is_quick() -> None:
    """Processor time rather than wall time, so that a busy machine does not matter."""
    code = "import resource, sys, os\npid = os.spawnv(os.P_WAIT, sys.executable, sys.argv[1:])\n"
    code += "used = resource.getrusage(resource.RUSAGE_CHILDREN)\nprint(used.ru_utime + used.ru_stime)"
    command = [sys.executable, "-c", code, *ENTRY, "--help"]
    seconds = min(
        float(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1]) for _ in range(3)
    )
    assert seconds < 0.5


def test_help_says_which_edition_a_report_again_is(capsys: pytest.CaptureFixture[str]) -> None:
    for command, default in (("run", "the bench's"), ("report", "as the run's reports are now")):
        main([command, "--help"])
        assert f"Default: {default}" in " ".join(capsys.readouterr().out.split())


def test_help_names_every_command_and_exit_code(aigc_eval: Command, tmp_path: Path) -> None:
    done = aigc_eval(tmp_path, "--help")
    assert done.returncode == 0
    for word in ("run", "report", "list", "init", "schema", "Exit codes", "HF_HUB_OFFLINE"):
        assert word in done.stdout


def test_nothing_goes_out_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OFFLINE:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    assert main(["--version"]) == 0
    assert {name: os.environ[name] for name in OFFLINE} == {**OFFLINE, "HF_HUB_OFFLINE": "0"}


# --- exit codes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("candidate", "gate", "options", "code", "words"),
    [
        ("echo", "rate <= 90 %", "", 0, "exit code 0: every gate passed"),
        ("echo", "rate <= 1 %", "", 1, "exit code 1: a gate failed on valid data"),
        ("echo", "rate <= 1 %", "--exit-zero", 0, "exit code 1: a gate failed on valid data (--exit-zero)"),
        ("echo", "rate <= 50 %", "", 3, "exit code 3"),
        ("echo", "rate <= 50 %", "--exit-zero", 3, "exit code 3"),
        ("echo", "rate <= 90 %", "--limit 5", 3, "exit code 3"),
        ("ecko", "rate <= 90 %", "", 2, "bench.yaml:3: candidates.0: unknown generator 'ecko'; did you mean 'echo'?"),
        ("ecko", "rate <= 90 %", "--exit-zero", 2, "nothing was generated"),
        ("probe:Buggy", "rate <= 90 %", "", 4, "KeyError at probe.py:"),
        ("probe:Buggy", "rate <= 90 %", "--exit-zero", 4, "exit code 4: internal error"),
        ("probe:Full", "rate <= 90 %", "", 3, "No space left on device: /somewhere/journal.jsonl"),
    ],
)
def test_exit_codes(
    aigc_eval: Command, home: Path, candidate: str, gate: str, options: str, code: int, words: str
) -> None:
    write(home, candidate, gate)
    done = aigc_eval(home, *RUN, *options.split())
    told = done.stdout if "exit code" in done.stdout else done.stderr
    assert done.returncode == code, done.stderr
    assert words in told
    assert f"exit code {code if code or '--exit-zero' not in options else 1}" in told
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "args",
    [
        ["rnu"], ["run"], ["run", "none.yaml"], ["run", "."], ["run", "bench.yaml"],
        ["run", "bench.yaml", "--limit", "0"],
        ["run", "bench.yaml", "--limit", "x"], ["run", "bench.yaml", "--speed"],
        ["run", "bench.yaml", "--allow-path", "none"],
        [*RUN, "--out", "prompts.jsonl"], [*RUN, "--out", "prompts.jsonl/deep"], ["report", "none"], ["report", "."],
        ["list", "people"], ["init", "bench.yaml"], ["report", ".", "--format", "pdf"], [],
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_exit_2(aigc_eval: Command, home: Path, args: list[str]) -> None:
    done = aigc_eval(home, *args)
    assert done.returncode == 2, done.stderr
    assert done.stderr or done.stdout.startswith("Usage")
    assert "Traceback" not in done.stderr
    assert not (home / "reports").exists()


def test_every_error_has_a_meaning() -> None:
    def every(cls: type[AigcEvalError]) -> list[type[AigcEvalError]]:
        return [cls, *(below for child in cls.__subclasses__() for below in every(child))]

    for cls in every(AigcEvalError):
        assert cls.exit_code in MEANINGS
    assert all(words.zh for words in MEANINGS.values())


def test_nothing_to_evaluate_is_exit_5(capsys: pytest.CaptureFixture[str]) -> None:
    import typer

    @guarded
    def command() -> int:
        raise NothingToEvaluate("no prompt is selected")

    with pytest.raises(typer.Exit) as caught:
        command()
    assert caught.value.exit_code == 5
    assert capsys.readouterr().err.splitlines()[0] == "no prompt is selected"


def test_the_message_of_a_bug_stays_private(home: Path) -> None:
    """An exception's text may quote a model; it goes to a file that only its owner can read."""
    write(home, "probe:Buggy")
    done = in_a_process(home, *RUN, TMPDIR=str(home))
    assert "CANARY" not in done.stdout + done.stderr
    [log] = home.glob("aigc-eval-*.log")
    assert "CANARY" in log.read_text("utf-8")
    assert log.stat().st_mode & 0o077 == 0
    assert "Traceback" in in_a_process(home, *RUN, "--debug").stderr


# --- streams --------------------------------------------------------------------------------------------------------


def test_results_go_to_stdout_and_texts_do_not(home: Path) -> None:
    done = in_a_process(home, *RUN)
    lines = done.stdout.splitlines()
    assert any("echo" in line for line in lines)
    assert re.fullmatch(r"reports/tiny-[0-9a-f]{8}/report\.html", lines[-1])
    assert (home / lines[-1]).is_file()
    assert "CANARY" not in done.stdout + done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_json_is_one_object_and_nothing_else(aigc_eval: Command, home: Path) -> None:
    done = aigc_eval(home, *RUN, "--json")
    told = json.loads(done.stdout)
    assert (told["status"], told["exit_code"], told["name"]) == ("pass", 0, "tiny")
    assert told["estimates"][0]["scorer"] == "marked"
    assert told["gates"][0]["gate"] == "marked.rate <= 90 %"
    assert {Path(file).name for file in told["files"]} >= {"report.html", "verdict.json", "junit.xml"}
    assert all((home / file).is_file() for file in told["files"])


def test_json_tells_errors_too(aigc_eval: Command, home: Path) -> None:
    write(home, "ecko", "rate <= 2")
    done = aigc_eval(home, *RUN, "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["exit_code"], told["status"]) == (2, 2, "error")
    assert [(p["line"], p["key"]) for p in told["problems"]] == [(3, "candidates.0"), (5, "gates.0")]


def test_json_of_a_bug_does_not_quote_it(aigc_eval: Command, home: Path) -> None:
    write(home, "probe:Buggy")
    done = aigc_eval(home, *RUN, "--json")
    assert json.loads(done.stdout) == {"status": "error", "exit_code": 4, "message": "KeyError", "problems": []}


@pytest.mark.parametrize("args", [RUN, (*RUN, "--json"), ("list", "generators"), ("--help",)])
def test_a_closed_pipe_changes_nothing(home: Path, args: tuple[str, ...]) -> None:
    """`aigc-eval run ... | head -0`: the same exit code, and no traceback."""
    write(home, gate="rate <= 1 %")
    without_a_page(home)
    child = subprocess.Popen([*ENTRY, *args], cwd=home, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.close()
    told = child.stderr.read()
    child.stderr.close()
    assert child.wait(60) == (1 if args[0] == "run" else 0)
    assert "Broken" not in told
    assert "Traceback" not in told


def test_streams_that_the_shell_closed(home: Path) -> None:
    without_a_page(home)
    done = subprocess.run(["sh", "-c", '"$@" >&- 2>&-', "sh", *ENTRY, *RUN], cwd=home, check=False)
    assert done.returncode == 0


def test_an_ascii_terminal_gets_escapes(home: Path) -> None:
    without_a_page(home)
    done = in_a_process(home, *RUN, PYTHONIOENCODING="ascii", LANG="zh_CN.UTF-8")
    assert done.returncode == 0
    assert "\\u" in done.stdout


def test_chinese_terminals_get_chinese(aigc_eval: Command, home: Path) -> None:
    assert "退出码 0" in aigc_eval(home, *RUN, LANG="zh_CN.UTF-8").stdout
    assert "生成任何内容" in aigc_eval(home, "run", "none.yaml", LANG="zh_CN.UTF-8").stderr


def test_hostile_bench_text_does_not_reach_the_terminal(aigc_eval: Command, home: Path) -> None:
    text = BENCH.format(candidate='"\\e]52;c;eA==\\a\\e[2J"', gate="rate <= 1").replace(
        "name: tiny", 'name: "\\u202e::error::"'
    )
    (home / "bench.yaml").write_text(text, "utf-8")
    done = aigc_eval(home, *RUN)
    assert done.returncode == 2
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", done.stdout + done.stderr)
    assert not re.search(r"^::", done.stderr, re.MULTILINE)


def on_a_terminal(home: Path, *args: str, **env: str) -> tuple[int, str]:
    """Run with stderr and stdout on a pseudo-terminal; returns the exit code and all that was written."""
    controller, terminal = pty.openpty()
    given = (
        {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM")}
        | {"TERM": "xterm", "LANG": "C.UTF-8"}
        | env
    )
    child = subprocess.Popen([*ENTRY, *args], cwd=home, env=given, stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    written = b""
    while True:
        try:
            piece = os.read(controller, 65536)
        except OSError:
            break
        if not piece:
            break
        written += piece
    os.close(controller)
    return child.wait(60), written.decode("utf-8", "replace")


@pytest.mark.slow
def test_a_terminal_gets_live_progress(home: Path) -> None:
    write(home, "{name: dawdle, generator: probe:Slow}")
    shorten(home)
    code, written = on_a_terminal(home, *RUN)
    assert code == 0
    assert "generate dawdle" in written
    assert re.search(r"\d+/12", written)
    assert "/s" in written
    assert "\x1b[" in written


def test_no_color_means_no_escapes(home: Path) -> None:
    without_a_page(home)
    code, written = on_a_terminal(home, *RUN, NO_COLOR="1")
    assert code == 0
    assert "\x1b" not in written


# --- interruption ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_keep_what_is_finished(aigc_eval: Command, home: Path, number: signal.Signals, code: int) -> None:
    write(home, "{name: dawdle, generator: probe:Slow}")
    shorten(home)
    command = [*ENTRY, *RUN, "--out", "out"]
    child = subprocess.Popen(command, cwd=home, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    journal = home / "out" / "journal.jsonl"
    deadline = time.monotonic() + 60
    while not (journal.exists() and '"generation"' in journal.read_text("utf-8")) and time.monotonic() < deadline:
        time.sleep(0.05)
    child.send_signal(number)
    out, err = child.communicate(timeout=30)
    assert child.returncode == code
    assert "--resume" in err
    assert "Traceback" not in err
    assert "CANARY" not in out + err
    finished = journal.read_text("utf-8").count('"generation"')
    assert 0 < finished < 12
    assert not (home / "out" / "verdict.json").exists()
    assert aigc_eval(home, *RUN, "--out", "out").returncode == 2
    assert aigc_eval(home, *RUN, "--out", "out", "--resume").returncode == 0
    assert journal.read_text("utf-8").count('"generation"') == 12


# --- the other commands ---------------------------------------------------------------------------------------------


def test_version(aigc_eval: Command, tmp_path: Path) -> None:
    assert aigc_eval(tmp_path, "--version").stdout == f"aigc-eval {__version__}\n"


def test_report_repeats_only_the_last_arrow(aigc_eval: Command, home: Path) -> None:
    write(home, gate="rate <= 1 %")
    assert aigc_eval(home, *RUN, "--out", "out").returncode == 1
    before = {f.name: f.read_bytes() for f in (home / "out").iterdir()}
    for name in ("report.html", "junit.xml"):
        (home / "out" / name).unlink()
    for file in ("bench.yaml", "prompts.jsonl", "probe.py"):
        (home / file).unlink()
    done = aigc_eval(home, "report", "out")
    assert done.returncode == 1, done.stderr
    assert {f.name: f.read_bytes() for f in (home / "out").iterdir()} == before
    assert aigc_eval(home, "report", "out", "--exit-zero").returncode == 0


def test_report_in_one_format_and_language(aigc_eval: Command, home: Path) -> None:
    assert aigc_eval(home, *RUN, "--out", "out").returncode == 0
    (home / "out" / "summary.md").unlink()
    (home / "out" / "summary.csv").unlink()
    assert aigc_eval(home, "report", "out", "--format", "markdown", "--language", "zh").returncode == 0
    assert "通过" in (home / "out" / "summary.md").read_text("utf-8")
    assert not (home / "out" / "summary.csv").exists()


def test_list_generators(aigc_eval: Command, tmp_path: Path) -> None:
    done = aigc_eval(tmp_path, "list", "generators")
    assert done.returncode == 0
    assert re.search(
        rf"^echo +echo: repeats the prompt +any +nothing +- +aigc-eval {__version__}$", done.stdout, re.MULTILINE
    )
    assert "回声" in aigc_eval(tmp_path, "list", "generators", LANG="zh_CN.UTF-8").stdout


def test_list_metrics_in_full_is_the_methods_section(aigc_eval: Command, home: Path) -> None:
    """Formula, range, direction, languages and source of each metric, word for word as the report prints them."""
    bench = {"name": "x", "prompts": ["p.jsonl"], "candidates": ["echo"], "scorers": ["pii", "diversity", "cost"]}
    (home / "full.yaml").write_text(json.dumps(bench), "utf-8")
    (home / "p.jsonl").write_text('{"id": "a", "prompt": "Good day. 你好。"}\n', "utf-8")
    for lang, code in (("en", "C.UTF-8"), ("zh", "zh_CN.UTF-8")):
        told = aigc_eval(home, "list", "metrics", "--long", LANG=code, LC_ALL=code).stdout
        aigc_eval(home, "run", "full.yaml", "--out", "out")
        page = re.sub("</?bdi[^>]*>", "", (home / "out" / "report.html").read_text("utf-8"))  # around citations
        report = html.unescape(page).replace("\u00a0", " ")
        facts = json.loads((home / "out" / "run.json").read_text("utf-8"))
        metrics = [(s["name"], m) for s in facts["scorers"] for m in s["metrics"]]
        assert metrics
        for scorer, metric in metrics:
            assert f"{scorer}.{metric['name']}  {metric['title'][lang]}\n" in told
            for text in (metric["about"][lang], source_words(metric["source"]).in_(lang)):
                assert text in told
                assert text in report


@pytest.mark.parametrize("what", ["generators", "scorers", "metrics"])
def test_list_as_json(aigc_eval: Command, tmp_path: Path, what: str) -> None:
    rows = json.loads(aigc_eval(tmp_path, "list", what, "--json").stdout)
    assert len({row["name"] for row in rows}) == len(rows) > 3
    assert all(row["title"] and row["package"].startswith("aigc-eval") for row in rows)


def test_init_writes_a_bench_that_runs(aigc_eval: Command, tmp_path: Path) -> None:
    done = aigc_eval(tmp_path, "init", "My bench.yaml")
    assert done.stdout == "My bench.yaml\nprompts/my-bench.jsonl\nbench.schema.json\n"
    assert aigc_eval(tmp_path, "run", "My bench.yaml").returncode == 0
    again = aigc_eval(tmp_path, "init", "My bench.yaml")
    assert again.returncode == 2
    assert "exists already" in again.stderr


def test_init_never_follows_a_link(aigc_eval: Command, tmp_path: Path) -> None:
    (tmp_path / "bench.yaml").symlink_to(tmp_path / "target.yaml")
    assert aigc_eval(tmp_path, "init").returncode == 2
    assert not (tmp_path / "target.yaml").exists()


def test_schema_to_a_file_and_to_stdout(aigc_eval: Command, tmp_path: Path) -> None:
    done = aigc_eval(tmp_path, "schema", "--out", "bench.schema.json")
    assert done.returncode == 0
    assert done.stdout == ""
    written = json.loads((tmp_path / "bench.schema.json").read_text("utf-8"))
    assert written == json.loads(aigc_eval(tmp_path, "schema").stdout)
    assert "echo" in json.dumps(written["$defs"]["generator"])


def test_the_default_folder_follows_what_is_measured(aigc_eval: Command, home: Path) -> None:
    def folder() -> str:
        return Path(json.loads(aigc_eval(home, *RUN, "--json").stdout)["folder"]).name

    first = folder()
    write(home, gate="rate <= 80 %")
    assert folder() == first
    write(home, candidate="{name: other, generator: echo}")
    assert folder() != first
