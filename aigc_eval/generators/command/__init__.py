"""Answers from a program: any language, one line of JSON in and one line out."""

from __future__ import annotations

import itertools
import os
import re
import shlex
import shutil
import threading
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import ClassVar

from aigc_eval.credentials import check_variable, key
from aigc_eval.errors import UsageError
from aigc_eval.generators.command.copies import Copies
from aigc_eval.generators.command.program import Program
from aigc_eval.generators.command.wire import line_of
from aigc_eval.plugin import Generator
from aigc_eval.records import Bilingual, Generation, Request, digest
from aigc_eval.replies import content, generation

__all__ = ["Command"]

_PASSED_ON = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|TZ|LANG|LANGUAGE|LC_\w+|TMPDIR|TEMP|TMP|VIRTUAL_ENV|CONDA_PREFIX|LD_LIBRARY_PATH|"
    r"DYLD_LIBRARY_PATH|SYSTEMROOT|CUDA_VISIBLE_DEVICES"
)
_SECRET = re.compile(
    r"(?:^|_)(?:KEYS?|TOKENS?|SECRETS?|PASSWORDS?|PASSWD|PASS|CREDENTIALS?|AUTH)(?:_|\d|$)|"
    r"(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)\d*$",
    re.IGNORECASE,
)
_MAKING = threading.Lock()


@dataclass(frozen=True)
class Command(Generator):
    """Runs a program and asks it for answers, line by line.

        - command: {run: [python, bot.py], folder: ., env: [BOT_KEY]}

    `run` is the program and its arguments, each a text of its own; no shell reads them. `folder` is where it runs (`.`
    is the bench's folder), without it where `aigc-eval` was started. The program is kept running, `processes` copies
    of it, each given `in_flight` requests at a time, and started again when it dies.

    **Requests** come on its standard input, one line of JSON each (ASCII, ended by a line feed):

        {"id": "r1", "prompt_id": "museum-3", "prompt": "When does it open?", "system": "Be brief.",
         "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "When does it open?"}],
         "sample": 0, "seed": 123, "fields": {...}, "tags": {...}}

    `prompt` is the last turn, `messages` the whole conversation with it; `system` is empty where there is none.
    **Replies** go to standard output, one line of JSON each, in any order, flushed:

        {"id": "r1", "text": "At nine."}

    The `id` is repeated as it came; `aigc_eval.replies` lists the other keys (text, outcome, finish_reason,
    input_tokens, output_tokens, error, again). Everything else that the program has to say goes to standard error. A
    reply with another id, a line that is no reply, or one above 32 MB ends the program: an answer is never given to
    another request. So does a reply that does not come in time (the limits' `timeout`), with all processes that the
    program has started. It must end when its input ends; within two seconds after the run, or after
    `aigc-eval` itself was killed, it is killed with all processes that it has started.

    It gets PATH, HOME, the language and few more variables of the environment; others only by name, in `env`. The
    values of those whose names say that they are secret (KEY, TOKEN, SECRET, PASSWORD, AUTH, ...) may stand in a file
    (`NAME_FILE`) and are kept out of every report.

    The arguments, the contents of those arguments that are files, the contents of `depends` (further files and folders
    that decide answers, such as what the program imports) and the variables in `env` that are no secrets are the
    program's identity: where they change, prompts are answered anew. So a file that the program writes to (a log) is
    best named elsewhere than in `run`.
    """

    run: tuple[str, ...]
    folder: Path | None = None
    env: tuple[str, ...] = ()
    depends: tuple[Path, ...] = field(default=(), compare=False)
    processes: int = field(default=1, compare=False)
    in_flight: int = field(default=1, compare=False)

    by_call: ClassVar[bool] = True
    title: ClassVar[Bilingual] = Bilingual("command: a program of your own", "命令：运行自己的程序")
    needs: ClassVar[str] = "a program that reads and writes lines of JSON"

    def __post_init__(self) -> None:
        if not self.run or not self.run[0].strip():
            raise UsageError("command: run is empty; write the program and its arguments, run: [python, bot.py]")
        for number in ("processes", "in_flight"):
            if not 1 <= getattr(self, number) <= 256:
                raise UsageError(f"command: {number} must be from 1 to 256")
        for name in self.env:
            check_variable("command: env", name)
        for text in (*self.run, *self.env):
            if "\0" in text:
                raise UsageError(f"command: {text!r:.80} holds a NUL character")

    def needs_trust(self) -> str:
        """A program may do anything; where it runs and what it is told of the environment counts too."""
        where = f" in {self.folder.name!r}" if self.folder else ""
        told = f" with {', '.join(self.env)}" if self.env else ""
        line = shlex.join(self.run)
        return f"runs the command {line if line.isprintable() else ascii(line)}{where}{told}"

    def load(self) -> None:
        """Start one copy; UsageError where the program or a variable is missing, or where it ends at once."""
        try:
            self._copies.first_look()
        except UsageError as error:
            raise UsageError(f"command {self.run[0]!r:.80}: {error}") from None

    def facts(self) -> Mapping[str, str]:
        """Digests of arguments that are files, of `depends`, and of variables that are no secrets."""
        return self._digests

    def options(self) -> dict[str, object]:
        """The options that differ from their defaults; the command as one line."""
        return {**super().options(), "run": shlex.join(self.run)}

    def most_calls(self) -> int:
        """As many as the copies take."""
        return self.processes * self.in_flight

    def close(self) -> None:
        """End the copies; others are started when the program is asked again."""
        with _MAKING:
            copies: Copies | None = self.__dict__.pop("_made", None)
        if copies is not None:
            copies.close()

    def generate(self, batch: Sequence[Request]) -> list[Generation]:
        """The program's replies; CallError where there is none."""
        return [self._answer(request) for request in batch]

    def _answer(self, request: Request) -> Generation:
        name = f"r{next(_NUMBERS)}"
        reply, seconds = self._copies.ask(name, line_of(request, name))
        return generation(request, reply, seconds=seconds)

    @cached_property
    def _digests(self) -> Mapping[str, str]:
        """Taken once: the program may write to a file that is one of its arguments."""
        files = {f"run.{i}": path for i, text in enumerate(self.run) if os.path.isfile(path := self._here / text)}
        files |= {f"depends.{i}": path for i, path in enumerate(self.depends)}
        told = {f"env.{name}": digest(os.environ.get(name)) for name in self.env if not _SECRET.search(name)}
        try:
            return {name: content(path) for name, path in files.items()} | told
        except OSError as error:
            raise UsageError(f"command: {error.filename} cannot be read: {error.strerror}") from None

    @property
    def _here(self) -> Path:
        return self.folder or Path.cwd()

    @property
    def _copies(self) -> Copies:
        with _MAKING:
            copies: Copies | None = self.__dict__.get("_made")
            if copies is None:
                start = partial(_start, self.run, _found(self.run[0], self._here), self._here, self.env)
                copies = Copies(start, self.processes, self.in_flight)
                self.__dict__["_made"] = copies
                weakref.finalize(self, copies.close)  # at the interpreter's end at the latest
            return copies


_NUMBERS = itertools.count(1)
"""No two requests have the same id, so that no late reply can pass for another's."""


def _start(run: Sequence[str], program: str, folder: Path, env: Sequence[str]) -> Program:
    return Program([program, *run[1:]], folder, _environment(env))


def _environment(names: Sequence[str]) -> dict[str, str]:
    """The variables that a program gets; UsageError where one that is named is not set."""
    found = {name: value for name, value in os.environ.items() if _PASSED_ON.fullmatch(name)}
    found["PYTHONUNBUFFERED"] = "1"  # a program in Python that forgets to flush would hang
    for name in names:
        if _SECRET.search(name):
            found[name] = key(name)
        elif name in os.environ:
            found[name] = os.environ[name]
        else:
            raise UsageError(f"the environment variable {name} is not set; export it, or take it out of `env`")
    return found


def _found(program: str, folder: Path) -> str:
    """The file to run: one in `folder` where the name holds a slash, else one on PATH."""
    if "/" not in program:
        if (path := shutil.which(program)) is not None:
            return os.path.abspath(path)
        near = (folder / program).is_file()
        raise UsageError("no such program on PATH" + (f"; write ./{program} for the file in {folder}" if near else ""))
    path = str(folder / program)
    if not os.path.isfile(path):
        raise UsageError(f"there is no such file in {folder}; correct `run` or `folder`")
    if not os.access(path, os.X_OK):
        raise UsageError(f"it may not be executed; run: chmod +x {shlex.quote(path)}")
    return path
