"""Answers from a Python function: the shortest way from one's own code to a candidate."""

from __future__ import annotations

import difflib
import importlib
import inspect
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from pathlib import Path
from time import perf_counter
from types import ModuleType
from typing import ClassVar, TypeVar

from aigc_eval.errors import AigcEvalError, CallError, UsageError
from aigc_eval.net import loop
from aigc_eval.plugin import Generator
from aigc_eval.records import Bilingual, Generation, Prompt, Request
from aigc_eval.replies import content, generation, shown

__all__ = ["Python"]

T = TypeVar("T")
_TARGET = re.compile(r"([^\W\d]\w*(?:\.[^\W\d]\w*)*):([^\W\d]\w*(?:\.[^\W\d]\w*)*)")


@dataclass(frozen=True)
class Python(Generator):
    """Calls a Python function for each answer.

        - python: bot:answer                                     # answer() in bot.py beside the bench
        - python: {call: my_package.bot:answer, arguments: {temperature: 0.2}}

        def answer(request, temperature=0.0):
            return my_bot(request.prompt.text, temperature, seed=request.seed)

    `call` names a module and a function in it; the module is installed, or lies in the folder of a trusted bench. The
    function gets the `Request` (`aigc_eval.records`: prompt with text, messages, tags and fields; sample; seed) and
    `arguments` by name. It returns

        a text              the answer
        None                no answer: the outcome is `empty`
        a mapping           with text, outcome, finish_reason, ... (`aigc_eval.replies` lists its keys)
        a Generation        made with request.answer(...)

    Whatever it raises is an outcome "error" of that answer; with `CallError(kind, what, again=True)` it is asked again.

    Several threads call it at once, as many as the limits' `concurrency` says; with `limits: {concurrency: 1}` it is
    called by one at a time. An `async` function is cancelled when an answer's time is over; all of them share one event
    loop, so it must await what it waits for. Another function cannot be cancelled: it goes on while its answer counts
    as a timeout, so it should wait for nothing longer than `aigc_eval.deadline.remaining()` says.

    The source of the module, the contents of `depends` (further files and folders that decide answers, such as
    modules that it imports) and `arguments` are its identity: where they change, prompts are answered anew.
    """

    call: str
    arguments: Mapping[str, object] = field(default_factory=dict)
    depends: tuple[Path, ...] = field(default=(), compare=False)

    by_call: ClassVar[bool] = True
    imports: ClassVar[bool] = True
    title: ClassVar[Bilingual] = Bilingual("python: a function of your own", "Python：调用自己的函数")
    needs: ClassVar[str] = "a Python function"

    def needs_trust(self) -> str:
        """A function may do anything; what it is told counts too."""
        told = f" with {json.dumps(self.arguments, sort_keys=True)}" if self.arguments else ""
        return f"runs Python code: {self.call}{told}"

    def load(self) -> None:
        """Import the function; UsageError where it is missing, fails to import or does not take the arguments."""
        try:
            parameters = inspect.signature(self._function)
        except (TypeError, ValueError):  # written in C: nobody knows what it takes
            return
        try:
            parameters.bind(Request(Prompt("", "")), **self.arguments)
        except TypeError as error:
            given = ", ".join(["request", *(f"{name}=..." for name in self.arguments)])
            what = f"python: {self.call!r:.120} cannot be called as {self._target[1]}({given}): {error}"
            raise UsageError(f"{what}; correct `arguments` or the function") from None

    def facts(self) -> Mapping[str, str]:
        """Digests of the module's source, of the function's where that is another file, and of `depends`."""
        files = {"module": getattr(self._module, "__file__", None), "function": _source(self._function)}
        paths = {name: Path(file) for name, file in files.items() if file}
        if paths.get("function") == paths.get("module"):
            paths.pop("function", None)
        paths |= {f"depends.{i}": path for i, path in enumerate(self.depends)}
        return {name: content(path) for name, path in paths.items()}

    def generate(self, batch: Sequence[Request]) -> list[Generation]:
        """What the function returns; CallError where it raises or returns no answer."""
        return [self._answer(request) for request in batch]

    def _answer(self, request: Request) -> Generation:
        started = perf_counter()
        try:
            said = self._function(request, **self.arguments)
            if inspect.isawaitable(said):
                said = loop.run(_result(said))
        except AigcEvalError:
            raise
        except Exception as error:
            # Without its chain: what is in there may hold a key.
            raise CallError("raised", shown(f"{type(error).__name__}: {error}")) from None
        return _generation(request, said, perf_counter() - started)

    @cached_property
    def _module(self) -> ModuleType:
        name = self._target[0]
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{name}.".startswith(f"{error.name}."):
                raise _not_imported(name, error) from error
            remedy = f"put {error.name.replace('.', '/')}.py into the bench's folder, or install it"
            raise UsageError(f"python: there is no module {error.name!r:.120}; {remedy}") from None
        except (Exception, SystemExit) as error:  # whatever a module does when it is imported
            raise _not_imported(name, error) from error

    @cached_property
    def _function(self) -> Callable[..., object]:
        module, name = self._module, self._target[1]
        try:
            found: object = reduce(getattr, name.split("."), module)
        except AttributeError:
            near = difflib.get_close_matches(name, [n for n in vars(module) if callable(getattr(module, n, None))], 1)
            remedy = f"did you mean {near[0]!r}?" if near else "define it, or correct `call`"
            raise UsageError(f"python: there is no {name!r:.80} in {module.__name__!r:.80}; {remedy}") from None
        if not callable(found):
            raise UsageError(f"python: {self.call!r:.120} is {type(found).__name__}, not a function; name a function")
        return found

    @property
    def _target(self) -> tuple[str, str]:
        if (match := _TARGET.fullmatch(self.call)) is None:
            raise UsageError(f"python: {self.call!r:.120} names no function; write module:function")
        return match[1], match[2]


def _generation(request: Request, said: object, seconds: float) -> Generation:
    """What a function returned, as a generation of this request."""
    if isinstance(said, Generation):
        if said.request != request:
            raise CallError("bad_response", "the function returned the generation of another request")
        return said if said.seconds is not None else replace(said, seconds=seconds)
    if said is None or isinstance(said, str):
        return generation(request, {"text": said}, seconds=seconds)
    if isinstance(said, Mapping):
        return generation(request, said, seconds=seconds)
    what = f"the function returned {type(said).__name__}; it must return a text, None, a mapping or a Generation"
    raise CallError("bad_response", what)


async def _result(awaitable: Awaitable[T]) -> T:
    return await awaitable


def _source(function: Callable[..., object]) -> str | None:
    """The file that a function stands in, behind its decorators; None for what has no source of its own."""
    try:
        return inspect.getsourcefile(inspect.unwrap(function))
    except (TypeError, ValueError):
        return None


def _not_imported(name: str, error: BaseException) -> UsageError:
    what = f"python: the module {name!r:.80} cannot be imported"
    return UsageError(f"{what}: {shown(f'{type(error).__name__}: {error}')}; correct it")
