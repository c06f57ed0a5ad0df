"""Plug-ins by name: an entry point or `module:Class` becomes a class.

Built-in plug-ins come through the same entry-point groups as everybody's. A name that two packages claim is an error,
and so is a plug-in that cannot be imported: nothing is ever replaced or left out in silence.
"""

from __future__ import annotations

import difflib
import importlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, reduce
from importlib import metadata
from typing import Any, Literal

from aigc_eval.errors import UsageError
from aigc_eval.plugin import Generator, Plugin, Scorer

__all__ = ["GROUPS", "Entry", "Kind", "entries", "find", "suggest"]

Kind = Literal["generator", "scorer"]
GROUPS: Mapping[Kind, str] = {"generator": "aigc_eval.generators", "scorer": "aigc_eval.scorers"}
_BASES: Mapping[Kind, type[Plugin]] = {"generator": Generator, "scorer": Scorer}
_OURS = "aigc-eval"
_TARGET = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")


@dataclass(frozen=True)
class Entry:
    """A named plug-in: its short name, its `module:Class` and the package that brings it."""

    kind: Kind
    name: str
    target: str
    package: str
    version: str

    @property
    def builtin(self) -> bool:
        """Whether it comes with aigc-eval itself."""
        return self.package == _OURS

    def load(self) -> type[Plugin]:
        """Import the class; raises `UsageError`."""
        return _import(self.kind, self.target, f"{self.kind} {self.name!r} of package {self.package!r}")


def suggest(word: str, known: Iterable[str]) -> str:
    """A remedy for an unknown word.

    >>> suggest("toxicty", ["toxicity", "pii"]), suggest("xyz", ["toxicity", "pii"])
    ("did you mean 'toxicity'?", 'known: pii, toxicity')
    """
    known = sorted(set(known))
    near = difflib.get_close_matches(word[:100], known, 1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"known: {', '.join(known[:20])}{', ...' if len(known) > 20 else ''}" if known else "there is none"


@cache
def entries(kind: Kind) -> Mapping[str, Entry]:
    """All installed plug-ins of a kind by short name; raises `UsageError` where two packages claim one name."""
    found: dict[str, Entry] = {}
    for point in sorted(metadata.entry_points(group=GROUPS[kind]), key=lambda p: (not _is_ours(p), p.name)):
        package = point.dist.name if point.dist else "unknown"
        entry = Entry(kind, point.name, point.value, package, point.dist.version if point.dist else "")
        other = found.setdefault(point.name, entry)
        if other != entry:
            both = f"the packages {other.package!r} and {package!r} both bring a {kind} {point.name!r}"
            raise UsageError(f"{both}; uninstall one of them")
    return found


def _is_ours(point: metadata.EntryPoint) -> bool:
    return point.dist is not None and point.dist.name == _OURS


def find(kind: Kind, name: str) -> type[Plugin]:
    """The class behind a short name or `module:Class`; raises `UsageError` with what to write instead.

    >>> find("generator", "echo").__name__
    'Echo'
    >>> find("generator", "ecko")
    Traceback (most recent call last):
    ...
    aigc_eval.errors.UsageError: unknown generator 'ecko'; did you mean 'echo'?
    """
    if ":" in name:
        if not _TARGET.fullmatch(name):
            raise UsageError(f"{name!r:.120} is no plug-in; write module:Class")
        return _import(kind, name, f"{kind} {name!r}")
    if name not in entries(kind):
        raise UsageError(f"unknown {kind} {name!r:.120}; {suggest(name, entries(kind))}")
    return entries(kind)[name].load()


def _import(kind: Kind, target: str, label: str) -> type[Plugin]:
    module, _, qualname = target.partition(":")
    try:
        found: Any = reduce(getattr, qualname.split("."), importlib.import_module(module))
    except (Exception, SystemExit) as error:
        raise UsageError(f"{label} cannot be imported: {type(error).__name__}: {error}") from error
    base = _BASES[kind]
    if not (isinstance(found, type) and issubclass(found, base)):
        raise UsageError(f"{label} is not a {base.__name__}; derive it from aigc_eval.plugin.{base.__name__}")
    if missing := sorted(getattr(found, "__abstractmethods__", ())):
        raise UsageError(f"{label} does not define {', '.join(missing)}")
    if "__dataclass_fields__" not in vars(found):
        raise UsageError(f"{label} is not a dataclass; decorate it with @dataclass(frozen=True)")
    return found
