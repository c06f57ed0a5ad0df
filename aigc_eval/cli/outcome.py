"""How a command ends: every way out is an exit code and a sentence."""

from __future__ import annotations

import functools
import json
import os
import tempfile
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ParamSpec

import typer

from aigc_eval.cli.annotations import annotate_error
from aigc_eval.cli.signals import Terminated, decided, last_words, stopped
from aigc_eval.cli.stdio import language, say, tell
from aigc_eval.credentials import redact
from aigc_eval.errors import AigcEvalError, ConfigError, DataError
from aigc_eval.records import Bilingual

__all__ = ["guarded", "meaning"]

Given = ParamSpec("Given")

MEANINGS: Mapping[int, Bilingual] = {
    0: Bilingual("every gate passed or is waived, or none was set", "所有门限均通过或已豁免，或未设门限"),
    1: Bilingual("a gate failed on valid data", "数据有效，但有门限不通过"),
    2: Bilingual(
        "the command, the bench or its data cannot be used; nothing was generated",
        "命令、评测文件或数据不可用；没有生成任何内容",
    ),
    3: Bilingual("undetermined: too little could be measured to decide", "无法判定：有效测量不足"),
    4: Bilingual("internal error", "内部错误"),
    5: Bilingual("nothing to evaluate", "没有可评测的内容"),
    130: Bilingual("interrupted", "已中断"),
    143: Bilingual("terminated", "已终止"),
}
_RESUME = Bilingual(
    "what is finished is kept: run the same command again with --resume",
    "已完成的部分已保存：在同一命令后加 --resume 即可继续",
)


def meaning(code: int, lang: str) -> str:
    """An exit code in words.

    >>> meaning(3, "en")
    'exit code 3: undetermined: too little could be measured to decide'
    """
    label = {"zh": "退出码 {}：{}"}.get(lang, "exit code {}: {}")
    return label.format(code, MEANINGS[code].in_(lang))


def guarded(command: Callable[Given, int]) -> Callable[Given, None]:
    """A command whose exceptions become exit codes; its `debug`, `as_json` and `resume` options say how."""

    @functools.wraps(command)
    def call(*args: Given.args, **kwargs: Given.kwargs) -> None:
        if "resume" in kwargs:
            last_words(_RESUME.in_(language()))
        try:
            code = command(*args, **kwargs)
            decided(code)
        except (Exception, KeyboardInterrupt, SystemExit, Terminated) as raised:  # a plug-in must not choose the code
            error = stopped() or raised  # an interrupted import may say that a package is missing
            code = _code(error)
            decided(code)
            _explain(error, code, debug=bool(kwargs.get("debug")))
            if code in (3, 130, 143) and "resume" in kwargs:
                tell(_RESUME.in_(language()))
            if kwargs.get("as_json"):
                say(json.dumps(_failure(error, code), allow_nan=False))
            else:
                annotate_error(error, str(error) if isinstance(error, AigcEvalError) else meaning(code, language()))
        raise typer.Exit(code)

    return call


def _code(error: BaseException) -> int:
    if isinstance(error, AigcEvalError):
        return error.exit_code
    if isinstance(error, KeyboardInterrupt | Terminated):
        return 130 if isinstance(error, KeyboardInterrupt) else 143
    # A full disk or a lost drive is neither a bug nor a verdict.
    return 3 if isinstance(error, OSError) else 4


def _explain(error: BaseException, code: int, debug: bool) -> None:
    lang = language()
    if debug and not isinstance(error, KeyboardInterrupt | Terminated):
        tell("".join(traceback.format_exception(error)))
    if isinstance(error, AigcEvalError):
        tell(str(error))
    elif isinstance(error, OSError):
        tell(": ".join(str(part) for part in (error.strerror or type(error).__name__, error.filename) if part))
    elif code == 4 and not debug:
        tell(_bug(error))
    tell(meaning(code, lang))


def _bug(error: BaseException) -> str:
    """Where an unexpected exception came from. Its message may quote a model's text, so that goes to a private file."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    handle, path = tempfile.mkstemp(prefix="aigc-eval-", suffix=".log")
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as log:
        log.write(redact("".join(traceback.format_exception(error))))
    return f"{type(error).__name__} at {Path(where.filename).name}:{where.lineno}; details in {path}, or use --debug"


def _failure(error: BaseException, code: int) -> dict[str, object]:
    problems = error.problems if isinstance(error, ConfigError | DataError) else ()
    known = [{"file": p.file, "line": p.line, "key": p.key, "what": p.what, "remedy": p.remedy} for p in problems]
    said = redact(str(error)) if isinstance(error, AigcEvalError) else type(error).__name__
    return {"status": "error", "exit_code": code, "message": said, "problems": known}
