"""From bench.yaml to a `Bench`, or to all its problems at once, each with its line and key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aigc_eval import cards, prompts, yaml_file
from aigc_eval.config.bench import Bench, Named
from aigc_eval.config.checks import Checks, tags_of_prompts
from aigc_eval.config.keys import masked, pasted_keys
from aigc_eval.config.paths import Roots, in_checkout
from aigc_eval.config.plugins import Loader
from aigc_eval.config.policies import read_policy
from aigc_eval.config.problems import Problems
from aigc_eval.config.shape import FORMATS, LANGUAGES, BenchShape, CsvShape, PromptsShape, ReportShape
from aigc_eval.config.standards import Adopter
from aigc_eval.config.trust import Trust
from aigc_eval.errors import ConfigError, DataError, Problem, UsageError
from aigc_eval.gates import Baseline, Policy
from aigc_eval.plugin import Scorer
from aigc_eval.prompts import PromptSet
from aigc_eval.records import Prompt, ScorerCard
from aigc_eval.registry import GROUPS, entries, suggest
from aigc_eval.yaml_file import Node

__all__ = ["load", "load_policy"]


def load(
    path: Path,
    *,
    allow: Sequence[Path] = (),
    trust: Trust | bool = False,
    allow_bad: int = 0,
    policy: Path | None = None,
    baseline: Baseline | None = None,
) -> Bench:
    """Read a bench and build its plug-ins; raises `ConfigError` with every problem of the file.

    Files must lie in the bench's folder or in one of `allow`. `trust` says which code it may run (Python classes by
    `module:Class`, also from its own folder, and commands) and which hosts it may send to; True allows everything.
    Up to `allow_bad` records of each prompt file that cannot be prompts are left out. `policy` and `baseline` stand in
    for the bench's own.
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
    policies = _Policies(roots, allow, policy, baseline)
    bench = _bench(document.root, problems, sets, Loader(problems, roots, trust), policies)
    if problems.found or policies.problems:
        found = dict.fromkeys(map(masked, [*problems.found, *policies.problems]))
        raise ConfigError(sorted(found, key=lambda p: (p.file != str(path), p.file, p.line or 0)))
    return Bench(path=path, source=document.root.plain(), digest=document.sha256, **bench)


def load_policy(
    path: Path,
    candidates: Sequence[str],
    scorers: Mapping[str, Scorer],
    prompts: Sequence[Prompt] | None,
    *,
    allow: Sequence[Path] = (),
    baseline: Baseline | None = None,
) -> Policy:
    """Read a policy for a run that is there: with candidates of these names, these scorers and prompts.

    No `prompts` where not all are known: their tags are not checked then. Raises `ConfigError` with every problem.
    """
    document = yaml_file.load(path)
    named = {name: Named(name, scorer) for name, scorer in scorers.items()}
    tags = None if prompts is None else tags_of_prompts(prompts)
    checks = Checks(Problems(document), {name: Named[Any](name, None) for name in candidates}, named, tags)
    _check_baseline(baseline, checks)
    found = read_policy(document, checks, Roots.of(path, allow), baseline)
    if checks.problems.found:
        raise ConfigError(sorted(dict.fromkeys(map(masked, checks.problems.found)), key=lambda p: p.line or 0))
    return found


def _check_baseline(baseline: Baseline | None, checks: Checks) -> None:
    """A baseline of the command line that is a candidate of this run is one that the run has."""
    if baseline is not None and not baseline.run and baseline.candidate not in checks.candidates:
        remedy = suggest(baseline.candidate, checks.candidates)
        raise UsageError(f"--baseline: unknown candidate {baseline.candidate!r:.80}; {remedy}")


def _bench(
    root: Node, problems: Problems, prompt_sets: _PromptSets, loader: Loader, policies: _Policies
) -> dict[str, Any]:
    values = problems.shape(root, BenchShape)
    parts: Mapping[str, Node] = root.value if isinstance(root.value, Mapping) else {}
    sets = prompt_sets.all(parts.get("prompts"))
    candidates = loader.all(parts.get("candidates"), "generator")
    scorers = loader.all(parts.get("scorers"), "scorer")
    checks = Checks(problems, candidates, scorers, None if sets is None else _tags(sets))
    checks.reads(parts.get("scorers"))
    slices = values.get("slices", ("lang",))
    checks.slices(root.at(("slices",)), slices)
    adopter = Adopter(problems, policies.roots, checks.tags, checks.metrics())
    adopted = adopter.all(parts.get("standards"))
    policies.problems += adopter.elsewhere
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
        "policy": policies.of(parts, checks, require_validated=values.get("require_validated", False)),
        "cards": tuple(_cards(parts.get("cards"), problems, policies.roots)),
        "standards": adopted,
        "places": {"": f"{in_checkout(Path(problems.file))}:1", **checks.places},
        **_report(parts.get("report"), problems),
    }


def _cards(node: Node | None, problems: Problems, roots: Roots) -> list[ScorerCard]:
    """The scorer cards that a bench names."""
    found = []
    for item in problems.items(node):
        if not isinstance(item.value, str):
            continue
        try:
            found.append(cards.read(roots.file(item.value)))
        except ValueError as error:
            problems.add(item, str(error))
        except DataError as error:
            problems.found += error.problems
    if node is not None:
        problems.twice(node, [item.value for item in problems.items(node)])
    return found


def _report(node: Node | None, problems: Problems) -> dict[str, Any]:
    values = problems.shape(node, ReportShape) if node is not None and node.value is not None else {}
    for name in ("formats", "languages"):
        if node is not None and name in values:
            problems.twice(node.at((name,)), values[name])
    if node is not None and values.get("csv") is not None:
        problems.shape(node.at(("csv",)), CsvShape)
    return {
        "formats": values.get("formats", FORMATS),
        "languages": values.get("languages", LANGUAGES),
        "edition": values.get("edition", "reviewer"),
    }


def _tags(sets: Sequence[PromptSet]) -> dict[str, set[str]]:
    return tags_of_prompts(prompt for found in sets for prompt in found.prompts)


class _Policies:
    """Finds the one policy that judges: the command line's, else the file that the bench names, else its gates."""

    def __init__(self, roots: Roots, allow: Sequence[Path], given: Path | None, baseline: Baseline | None) -> None:
        self.roots, self.allow, self.given, self.baseline = roots, allow, given, baseline
        self.problems: list[Problem] = []

    def of(self, parts: Mapping[str, Node], checks: Checks, *, require_validated: bool) -> Policy:
        """The policy of a bench with these parts."""
        _check_baseline(self.baseline, checks)
        gates = checks.gates(parts.get("gates"), baseline=self.baseline, require_validated=require_validated)
        named = parts.get("policy")
        if named is not None and named.value is not None and parts.get("gates") is not None:
            checks.problems.add(named, "the bench has both gates and a policy", "move the gates to the policy")
        if named is not None and named.value is not None and require_validated:
            what = "the bench asks for validated scorers, and its policy judges"
            checks.problems.add(parts["require_validated"], what, "move it to the policy")
        path = self.given or self._named(named, checks.problems)
        if path is None:
            return Policy(gates=gates, baseline=self.baseline)
        document = yaml_file.load(path)
        own = checks.of(Problems(document))
        found = read_policy(document, own, Roots.of(path, self.allow), self.baseline)
        self.problems += own.problems.found
        return found

    def _named(self, node: Node | None, problems: Problems) -> Path | None:
        if node is None or not isinstance(node.value, str):
            return None
        try:
            return self.roots.file(node.value)
        except ValueError as error:
            problems.add(node, str(error))
            return None


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
