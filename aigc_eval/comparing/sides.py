"""The two sides of a comparison, as a command line names them, and why they cannot be compared."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from aigc_eval.baselines import Side, incomparable, open_side
from aigc_eval.errors import AigcEvalError, JournalError, UsageError
from aigc_eval.plugin import Scorer
from aigc_eval.registry import suggest
from aigc_eval.report.mask import withheld
from aigc_eval.verify.rebuild import rebuild

__all__ = ["Differences", "Incomparable", "differences", "open_sides", "scorers_of"]


class Incomparable(UsageError):
    """Numbers of the two sides mean different things; `differences` says why, a line each."""

    def __init__(self, a: str, b: str, differences: Sequence[str]) -> None:
        self.differences = tuple(differences)
        super().__init__("\n  ".join([f"{a} and {b} cannot be compared:", *differences]))


class Differences(NamedTuple):
    """Why two sides differ, a line each: what makes numbers incomparable, and how answers were sampled."""

    fatal: tuple[str, ...]
    sampling: tuple[str, ...]


def open_sides(a: str, b: str) -> tuple[Side, Side]:
    """Both sides, each `RUN` or `RUN:CANDIDATE`; B may be `:CANDIDATE`, another one of A's run.

    Outputs that could not be checked for personal data are withheld, as in reports.
    """
    one = _open(*_named(a))
    folder, candidate = _named(b)
    other = _of_the_same(one, candidate) if folder is None or _same(folder, one.folder) else _open(folder, candidate)
    if _same(one.folder, other.folder) and one.candidate == other.candidate:
        raise UsageError(f"A and B are both {one.name}; name another candidate, such as :NAME, or another run")
    return one, other


def _named(text: str) -> tuple[Path | None, str]:
    """Folder and candidate, which may be "": a folder may have a colon in its name."""
    if Path(text).is_dir() or ":" not in text:
        return Path(text), ""
    folder, _, candidate = text.rpartition(":")
    return (Path(folder) if folder else None), candidate


def _same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()


def _open(folder: Path | None, candidate: str) -> Side:
    if folder is None:
        raise UsageError(f"A is :{candidate}; write RUN:{candidate}")
    try:
        side = open_side(folder, candidate)
    except AigcEvalError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, StopIteration) as error:
        what = f"{folder} holds a run that this version cannot read; carry it out again"
        raise JournalError(what) from error
    return replace(side, run=withheld(side.run))


def _of_the_same(one: Side, candidate: str) -> Side:
    names = [c.name for c in one.run.candidates]
    if not candidate and len(names) == 2:
        candidate = next(name for name in names if name != one.candidate)
    if candidate not in names:
        remedy = suggest(candidate, names) if candidate else f"name one: {', '.join(names)}"
        raise UsageError(f"{one.folder} has no candidate {candidate!r:.80}; {remedy}")
    return replace(one, candidate=candidate)


def differences(a: Side, b: Side) -> Differences:
    """Why the sides differ."""
    fatal = incomparable(a.head, a.terms, b.head, b.terms)
    every = incomparable(a.head, a.terms, b.head, b.terms, (a.candidate, b.candidate))
    return Differences(tuple(fatal), tuple(line for line in every if line not in fatal))


def scorers_of(a: Side, b: Side, *, only: Collection[str] = (), trust: bool = False) -> Mapping[str, Scorer]:
    """The scorers that both runs have, by name, in B's order, enough of each for its metrics; `only` these if any.

    `trust` lets a bench's own Python classes be imported. Raises `UsageError` where `only` names one that is not there,
    or where one cannot be built: what is not compared could hide a regression.
    """
    both = [name for name in b.terms["scorers"] if name in a.terms["scorers"]]
    for name in sorted(only):
        if name not in both:
            raise UsageError(f"there is no scorer {name!r:.80} to compare; {suggest(name, both)}")
    shared = [name for name in both if not only or name in only]
    found, lost = rebuild(b.terms, trust=trust)
    if missing := [f"{name}: {lost[name]}" for name in shared if name in lost]:
        lines = "\n  ".join(missing)
        raise UsageError(
            f"the metrics of some scorers cannot be computed here:\n  {lines}\nor name others with --metric"
        )
    return {name: found[name] for name in shared}
