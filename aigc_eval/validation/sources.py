"""Which scorer is validated: by name, with options, or as a bench uses it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from aigc_eval import yaml_file
from aigc_eval.config import Bench, Named, Trust
from aigc_eval.config.paths import Roots
from aigc_eval.config.plugins import Loader
from aigc_eval.config.problems import Problems
from aigc_eval.errors import ConfigError, UsageError
from aigc_eval.plugin import Scorer
from aigc_eval.registry import suggest
from aigc_eval.yaml_file import Node

__all__ = ["from_bench", "from_words", "mapping_of"]


def from_words(word: str, options: str = "", *, allow: Sequence[Path] = (), trust: Trust) -> Named[Scorer]:
    """The scorer of a command line: as a bench spells it (`toxicity`, `toxicity: {threshold: 0.4}`), or by its name and
    `options`, a mapping in YAML or JSON.

    Paths in options lead from the working directory. Raises `ConfigError` with every problem.
    """
    document = yaml_file.parse(word, "SCORER")
    root = document.root
    problems = Problems(document)
    if options:
        given = yaml_file.parse(options, "--options")
        if not isinstance(root.value, str):
            raise UsageError("--options go with a scorer's name alone; here it has options of its own")
        problems.found += given.problems
        root = Node((), 1, {root.value: replace(given.root, key=(root.value,))})
    home = Roots(Path.cwd().resolve(), tuple(folder.resolve() for folder in allow))
    found = Loader(problems, home, trust).all(Node((), 1, (root,)), "scorer")
    named: list[Named[Any]] = [one for one in found.values() if one is not None]
    if problems.found or not named:
        raise ConfigError(problems.found)
    return named[0]


def from_bench(bench: Bench, name: str) -> Named[Scorer]:
    """The scorer of this name in a bench, or its only one where no name is given."""
    known = {scorer.name: scorer for scorer in bench.scorers}
    if not name and len(known) > 1:
        raise UsageError(f"{bench.path} has several scorers; name one of {', '.join(known)} with --scorer")
    if name and name not in known:
        raise UsageError(f"{bench.path} has no scorer {name!r:.80}; {suggest(name, known)}")
    return known[name] if name else next(iter(known.values()))


def mapping_of(option: str, text: str) -> dict[str, object]:
    """A mapping that a command line gives in YAML or JSON; UsageError where it is none."""
    document = yaml_file.parse(text, option)
    if document.problems:
        raise ConfigError(document.problems)
    found = document.root.plain()
    if not isinstance(found, dict):
        raise UsageError(f"{option} {text!r:.80} is no mapping; write '{{text: answer, label: toxic}}'")
    return found
