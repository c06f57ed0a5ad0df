"""Everything that can go wrong, as one tree.

    AigcEvalError
    ├── UsageError            exit 2: the command line, the bench or its data; nothing was generated
    │   ├── ConfigError       one or more problems in a bench file, each with file, line and key
    │   ├── DataError         a prompt set or a recorded file that cannot be used as it stands
    │   └── MissingExtra      an optional package, model or tool is not installed
    ├── NothingToEvaluate     exit 5: no prompt was selected
    ├── CallError             one call to a candidate brought no answer: what kind of failure, and whether to ask again
    ├── PluginError           exit 4: a plug-in broke its contract (wrong length, wrong type)
    └── JournalError          exit 2: the journal is damaged, locked or belongs to another run

Every message says what is wrong, where, and what to do about it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from aigc_eval.records import ErrorKind

__all__ = [
    "AigcEvalError",
    "CallError",
    "ConfigError",
    "DataError",
    "JournalError",
    "MissingExtra",
    "NothingToEvaluate",
    "PluginError",
    "Problem",
    "UsageError",
]


class AigcEvalError(Exception):
    """Base of every error that this package raises on purpose."""

    exit_code: ClassVar[int] = 4


class UsageError(AigcEvalError):
    """The request cannot be carried out as written; nothing was generated."""

    exit_code = 2


@dataclass(frozen=True)
class Problem:
    """One thing wrong in one place.

    >>> print(Problem("bench.yaml", 3, "candidates.0.generator", "unknown generator 'ecko'", "did you mean 'echo'?"))
    bench.yaml:3: candidates.0.generator: unknown generator 'ecko'; did you mean 'echo'?
    """

    file: str
    line: int | None
    key: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        parts = [place, self.key, self.what] if self.key else [place, self.what]
        return ": ".join(parts) + (f"; {self.remedy}" if self.remedy else "")


class ConfigError(UsageError):
    """All problems of a bench file at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class DataError(UsageError):
    """A data file cannot be used; the message lists every bad record with its line."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class MissingExtra(UsageError):
    """Something optional is not installed; the message is the command that installs it."""


class NothingToEvaluate(AigcEvalError):
    """No prompt was selected, so there is nothing to say about any candidate."""

    exit_code = 5


class CallError(AigcEvalError):
    """One call brought no answer. Generators raise it; the message names no secret.

    `again` says whether the same call may succeed later, `after` how many seconds the server asked to wait, `fatal`
    that no call at all can succeed (a wrong key, no such model).

    >>> CallError("rate_limited", "status 429", again=True, after=2.0).kind
    'rate_limited'
    """

    def __init__(
        self, kind: ErrorKind, what: str, *, again: bool = False, after: float | None = None, fatal: bool = False
    ) -> None:
        super().__init__(what)
        self.kind, self.again, self.after, self.fatal = kind, again, after, fatal


class PluginError(AigcEvalError):
    """A plug-in broke its contract; the message names the plug-in and the rule."""


class JournalError(UsageError):
    """The journal is damaged, in use, or was written by another bench."""
