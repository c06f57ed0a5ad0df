"""From bench.yaml to a `Bench`, or to all its problems at once, each with its line and key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aigc_eval import prompts, yaml_file
from aigc_eval.config.bench import Bench
from aigc_eval.config.checks import Checks
from aigc_eval.config.keys import masked, pasted_keys
from aigc_eval.config.paths import Roots
from aigc_eval.config.plugins import Loader
from aigc_eval.config.problems import Problems
from aigc_eval.config.shape import FORMATS, LANGUAGES, BenchShape, PromptsShape, ReportShape
from aigc_eval.config.trust import Trust
from aigc_eval.errors import ConfigError, DataError, UsageError
from aigc_eval.prompts import PromptSet
from aigc_eval.registry import GROUPS, entries
from aigc_eval.yaml_file import Node

__all__ = ["load"]


def load(path: Path, *, allow: Sequence[Path] = (), trust: Trust | bool = False, allow_bad: int = 0) -> Bench:
    """Read a bench and build its plug-ins; raises `ConfigError` with every problem of the file.

    Files must lie in the bench's folder or in one of `allow`. `trust` says which code it may run (Python classes by
    `module:Class`, also from its own folder, and commands) and which hosts it may send to; True allows everything.
    Up to `allow_bad` records of each prompt file that cannot be prompts are left out.
    """
    trust = trust if isinstance(trust, Trust) else Trust(everything=trust)
    for kind in GROUPS:
        entries(kind)  # a name that two packages claim is nobody's fault here, and no bench can be trusted with it
    document = yaml_file.load(path)
    if keys := pasted_keys(document):  # alone: what else there is to say may quote them
        raise ConfigError(keys)
    problems = Problems(document)
    roots = Roots.of(path, allow)
    sets = _PromptSets(problems, roots, allow_bad)
    bench = _bench(document.root, problems, sets, Loader(problems, roots, trust))
    if problems.found:
        found = dict.fromkeys(map(masked, problems.found))
        raise ConfigError(sorted(found, key=lambda p: (p.file != str(path), p.line or 0)))
    return Bench(path=path, source=document.root.plain(), digest=document.sha256, **bench)


def _bench(root: Node, problems: Problems, prompt_sets: _PromptSets, loader: Loader) -> dict[str, Any]:
    values = problems.shape(root, BenchShape)
    parts: Mapping[str, Node] = root.value if isinstance(root.value, Mapping) else {}
    sets = prompt_sets.all(parts.get("prompts"))
    candidates = loader.all(parts.get("candidates"), "generator")
    scorers = loader.all(parts.get("scorers"), "scorer")
    checks = Checks(problems, candidates, scorers, sets)
    checks.reads(parts.get("scorers"))
    slices = values.get("slices", ("lang",))
    checks.slices(root.at(("slices",)), slices)
    release = checks.names(root.at(("release",)), values.get("release"))
    return {
        "name": values.get("name"),
        "prompt_sets": tuple(sets or ()),
        "candidates": tuple(candidates.values()),
        "scorers": tuple(scorers.values()),
        "release": release or tuple(candidates),
        "samples": values.get("samples", 1),
        "seed": values.get("seed", 0),
        "slices": slices,
        "gates": checks.gates(parts.get("gates")),
        **_report(parts.get("report"), problems),
    }


def _report(node: Node | None, problems: Problems) -> dict[str, Any]:
    values = problems.shape(node, ReportShape) if node is not None and node.value is not None else {}
    for name, listed in values.items():
        problems.twice(node.at((name,)), listed)  # type: ignore[union-attr]
    return {"formats": values.get("formats", FORMATS), "languages": values.get("languages", LANGUAGES)}


class _PromptSets:
    """Reads the prompt sets that a bench names."""

    def __init__(self, problems: Problems, roots: Roots, allow_bad: int) -> None:
        self.problems, self.roots, self.allow_bad = problems, roots, allow_bad

    def all(self, node: Node | None) -> list[PromptSet] | None:
        """The prompt sets, or None where one of them could not be read."""
        items = list(self.problems.items(node))
        read = [self._one(item) for item in items]
        found = [s for s in read if s is not None]
        if not found or len(found) < len(read):
            return None
        places: dict[str, PromptSet] = {}
        for item, prompt_set in zip(items, found, strict=True):
            taken = next((p.id for p in prompt_set.prompts if p.id in places), None)
            if taken is not None:
                what = f"the prompt id {taken!r:.80} is also in {places[taken].path.name}"
                self.problems.add(item, what, "give every prompt its own id")
            places.update((p.id, prompt_set) for p in prompt_set.prompts)
        return found

    def _one(self, item: Node) -> PromptSet | None:
        if isinstance(item.value, str):
            values: dict[str, Any] = {"path": item.value}
        else:
            values = self.problems.shape(item, PromptsShape)
            if "path" not in values or not item.value.keys() <= values.keys():  # type: ignore[union-attr]
                return None
        try:
            path = self.roots.file(values["path"])
        except ValueError as error:
            self.problems.add(item.at(("path",)), str(error))
            return None
        try:
            found = prompts.load(path, values.get("fields"), values.get("tags"), self.allow_bad)
            if odd := sorted({tag for p in found.prompts for tag in p.tags if not tag.isprintable()}):
                what = f"the tag {odd[0]!r:.80} has invisible characters in its name"
                self.problems.add(item, what, "rename the tag")
            return found
        except DataError as error:
            self.problems.found += error.problems
        except UsageError as error:
            self.problems.add(item.at(("fields",)), str(error))
        return None
