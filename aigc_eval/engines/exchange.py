"""What a run and the process of a scorer say to each other: JSON texts, which can be no more than data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NoReturn

from aigc_eval import errors
from aigc_eval.credentials import redact
from aigc_eval.errors import AigcEvalError, ConfigError, DataError, PluginError, Problem
from aigc_eval.records import Generation, Prompt, Request, Score

__all__ = ["decode", "encode", "explained", "generations", "plain", "raised", "reraise", "score", "shown"]

_NO_SCORE = "the scorer gave what is no score"


def encode(message: Mapping[str, Any]) -> bytes:
    """A message; ASCII only, so that lone surrogates travel as they are."""
    return json.dumps(message).encode("ascii")


def decode(message: bytes) -> dict[str, Any]:
    """What `encode` was given; ValueError for anything else."""
    try:
        found = json.loads(message)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found


def plain(batch: Sequence[Generation]) -> list[dict[str, Any]]:
    """Generations for `encode`. The other answers to a prompt leave the prompt out."""
    return [
        replace(answer, siblings=()).to_json() | {"siblings": [_sibling(answer, other) for other in answer.siblings]}
        if answer.siblings
        else answer.to_json()
        for answer in batch
    ]


def _sibling(answer: Generation, other: Generation) -> dict[str, Any]:
    found = replace(other, siblings=()).to_json()
    if other.prompt is answer.prompt or other.prompt == answer.prompt:
        del found["request"]["prompt"]
    return found


def generations(batch: Sequence[Mapping[str, Any]]) -> list[Generation]:
    """The generations that `plain` was given."""
    return [_generation(data) for data in batch]


def _generation(data: Mapping[str, Any], prompt: Prompt | None = None) -> Generation:
    known = dict(data)
    asked = dict(known.pop("request"))
    own = Prompt.from_json(asked.pop("prompt")) if "prompt" in asked else None
    request = Request(own or prompt, **asked)  # type: ignore[arg-type]  # one of them is there
    known["likelihoods"] = tuple(known.get("likelihoods", ()))
    known["siblings"] = tuple(_generation(s, request.prompt) for s in known.get("siblings", ()))
    return Generation(request, **known)


def shown(given: object) -> dict[str, Any]:
    """What a scorer gave for one output, for `encode`; an error where it is no score that can be written down."""
    if not isinstance(given, Score):
        return {"error": f"{_NO_SCORE}: {type(given).__name__:.80}"}
    try:
        found: dict[str, Any] = _without_keys(given.to_json())
        json.dumps(found, allow_nan=False)
    except Exception as error:
        return {"error": f"{_NO_SCORE}: {explained(error)}"}
    return found


def _without_keys(value: Any) -> Any:
    """A JSON value whose texts hold no key: what a scorer says may quote what a server said."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {
            _without_keys(name): value if name == "vector" else _without_keys(value) for name, value in value.items()
        }
    return [*map(_without_keys, value)] if isinstance(value, list) else value


def score(data: object) -> Score:
    """The score that came back, or an error: another process sent it, so nothing about it is taken for granted."""
    try:
        found = Score.from_json(data)  # type: ignore[arg-type]
        if _typed(found):
            return found
    except Exception:  # a JSON value of any shape was read as a score
        return Score(error=_NO_SCORE)
    return Score(error=_NO_SCORE)


def _typed(found: Score) -> bool:
    return (
        isinstance(found.note, str)
        and isinstance(found.error, str)
        and isinstance(found.parts, dict)
        and all(
            type(s.start) is int
            and type(s.end) is int
            and isinstance(s.label, str)
            and isinstance(s.sensitive, bool)
            and isinstance(s.supports, bool)
            and s.target in ("output", "prompt")
            for s in found.spans
        )
    )


def explained(error: BaseException) -> str:
    """Kind and first line of an exception, without keys; the text that provoked it may be quoted, so not too much."""
    try:
        lines = redact(str(error)).splitlines() or [""]
    except Exception:
        lines = ["it cannot be shown"]
    return f"{type(error).__name__:.80}: {lines[0][:160]}"


def raised(error: Exception) -> dict[str, Any]:
    """An exception for `encode`: one of ours as it is, any other in a line."""
    if not isinstance(error, AigcEvalError):
        return {"kind": "", "what": explained(error)}
    kind = next(c.__name__ for c in type(error).__mro__ if getattr(errors, c.__name__, None) is c)
    found: dict[str, Any] = {"kind": kind, "what": redact(str(error))}
    if isinstance(error, ConfigError | DataError):
        found["problems"] = [vars(problem) for problem in error.problems]
    return found


def reraise(found: Any, name: str) -> NoReturn:
    """Raise here what `raised` told; what is none of ours is the fault of the plug-in called `name`."""
    kind, what = (found.get("kind"), str(found.get("what"))) if isinstance(found, dict) else (None, "no reason given")
    if kind in ("DataError", "ConfigError") and (problems := _problems(found.get("problems"))):
        raise DataError(problems) if kind == "DataError" else ConfigError(problems)
    if kind in ("UsageError", "MissingExtra", "JournalError", "NothingToEvaluate", "PluginError"):
        known: type[AigcEvalError] = getattr(errors, kind)
        raise known(what)
    raise PluginError(f"{name}: {what}")


def _problems(found: Any) -> list[Problem]:
    try:
        return [Problem(**problem) for problem in found]
    except TypeError:
        return []
