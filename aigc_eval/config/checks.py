"""What the parts of a bench say about each other: releases, slices and gates must name what exists."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from aigc_eval import gates
from aigc_eval.config.bench import Named
from aigc_eval.config.gate_checks import Known, gate_fault
from aigc_eval.config.options import Fault
from aigc_eval.config.paths import in_checkout
from aigc_eval.config.problems import Problems
from aigc_eval.config.shape import GateShape
from aigc_eval.gates import CONFIDENCE, Baseline, Gate, Scale
from aigc_eval.metrics import Metric
from aigc_eval.records import Prompt
from aigc_eval.registry import suggest
from aigc_eval.text import language
from aigc_eval.yaml_file import Node

__all__ = ["Checks", "tags_of_prompts"]


class Checks:
    """Cross-checks against the names that a bench defines; `tags` is None where prompts could not be read.

    `places` takes where each gate stands: as written -> file:line.
    """

    def __init__(
        self,
        problems: Problems,
        candidates: Mapping[str, Named[Any] | None],
        scorers: Mapping[str, Named[Any] | None],
        tags: Mapping[str, Collection[str]] | None,
        places: dict[str, str] | None = None,
    ) -> None:
        self.problems, self.candidates, self.scorers, self.tags = problems, candidates, scorers, tags
        self.places = {} if places is None else places

    def of(self, problems: Problems) -> Checks:
        """The same checks for another document."""
        return Checks(problems, self.candidates, self.scorers, self.tags, self.places)

    def names(self, node: Node, names: str | Sequence[str] | None) -> tuple[str, ...]:
        """Names of candidates, one or a list, each of them known; that of a matrix means all that it became."""
        listed = (names,) if isinstance(names, str) else tuple(names or ())
        meant = [self._meant(name) for name in listed]
        for index, (name, found) in enumerate(zip(listed, meant, strict=True)):
            if not found and not _misspelt(name, self.candidates):
                key = () if isinstance(names, str) else (index,)
                self.problems.fault(node, Fault(key, f"unknown candidate {name!r}", suggest(name, self.candidates)))
        self.problems.twice(node, listed)
        return tuple(dict.fromkeys(name for found in meant for name in found))

    def _meant(self, name: str) -> list[str]:
        """The candidate of this name, or those that its matrix became."""
        return [name] if name in self.candidates else [c for c in self.candidates if c.startswith(f"{name}[")]

    def slices(self, node: Node, tags: Sequence[str]) -> None:
        """Tags to report by, each of them on some prompt."""
        for index, tag in enumerate(tags):
            if self.tags is not None and tag not in self.tags:
                self.problems.fault(node, Fault((index,), f"no prompt has a tag {tag!r:.80}", suggest(tag, self.tags)))
        self.problems.twice(node, tags)

    def metrics(self) -> dict[str, list[str]]:
        """The names of each scorer's metrics, by the scorer's name; none where they cannot be listed."""
        found = {name: [m.name for m in _metrics(scorer)] for name, scorer in self.scorers.items()}
        return {name: own for name, own in found.items() if own}

    def reads(self, node: Node | None) -> None:
        """The scorers that metrics of other scorers read, each of them known."""
        if node is None:
            return
        for name, scorer in self.scorers.items():
            for read in dict.fromkeys(r for metric in _metrics(scorer) for r in metric.reads):
                if read not in self.scorers and read.rpartition(".")[0] not in self.scorers:
                    self.problems.add(node, f"{name!r} reads the scorer {read!r:.80}", suggest(read, self.scorers))

    def gates(
        self,
        node: Node | None,
        *,
        grades: Mapping[str, Scale] | None = None,
        baseline: Baseline | None = None,
        confidence: float = CONFIDENCE,
        require_validated: bool = False,
    ) -> tuple[Gate, ...]:
        """The gates that can be read; the others are reported. What a gate does not say for itself is given here."""
        known = Known(self.candidates, self.tags, grades or {}, baseline)
        said = (known, confidence, require_validated)
        read = [gate for item in self.problems.items(node) if (gate := self._gate(item, *said))]
        if node is not None and isinstance(node.value, tuple) and len(read) == len(node.value):
            self.problems.twice(node, [" ".join((gate.name, *gate.candidates)) for gate in read])
        return tuple(read)

    def _gate(self, item: Node, known: Known, confidence: float, validated: bool) -> Gate | None:
        if isinstance(item.value, str):
            values: dict[str, Any] = {"gate": item.value}
        else:
            values = self.problems.shape(item, GateShape)
            if "gate" not in values:
                return None
        place = item.at(("gate",))
        where = values.get("where", {})
        self.where(item.at(("where",)), where)
        candidates = self.names(item.at(("candidate",)), values.get("candidate"))
        try:
            own = values.get("require_validated")
            validated = validated if own is None else own
            gate = gates.parse(values["gate"], where, candidates, confidence=confidence, require_validated=validated)
        except ValueError as error:
            self.problems.add(place, str(error))
            return None
        if what := self._metric_fault(gate, known):
            self.problems.add(place, *what)
            return None
        for name in (gate.text, gate.name):
            self.places.setdefault(name, f"{in_checkout(Path(self.problems.file))}:{item.line}")
        return gate

    def where(self, node: Node, where: Mapping[str, str]) -> None:
        """Tags with values that name a slice, each of them on some prompt."""
        for tag, value in where.items() if self.tags is not None else ():
            if self.tags is None or tag not in self.tags:
                self.problems.fault(
                    node, Fault((tag,), f"no prompt has a tag {tag!r:.80}", suggest(tag, self.tags or ()))
                )
            elif value not in self.tags[tag]:
                what = f"no prompt has {tag}={value!r:.80}"
                self.problems.fault(node, Fault((tag,), what, suggest(value, self.tags[tag])))

    def _metric_fault(self, gate: Gate, known: Known) -> tuple[str, str] | None:
        if gate.scorer not in self.scorers:
            if _misspelt(gate.scorer, self.scorers):
                return None
            return f"unknown scorer {gate.scorer!r:.80}", suggest(gate.scorer, self.scorers)
        if (scorer := self.scorers[gate.scorer]) is None:
            return None
        try:
            listed: Sequence[Metric] = scorer.plugin.metrics()
            metrics = {m.name: m for m in listed}
        except Exception as error:  # whatever a plug-in may raise
            return f"the metrics of {gate.scorer!r} cannot be listed: {type(error).__name__}: {error}", ""
        if gate.metric not in metrics:
            return f"{gate.scorer!r} has no metric {gate.metric!r:.80}", suggest(gate.metric, metrics)
        twice = [m.name for m in listed].count(gate.metric) > 1
        what = f"{gate.scorer!r} has two metrics called {gate.metric!r:.80}"
        return (what, "gate another metric") if twice else gate_fault(gate, metrics[gate.metric], known)


def tags_of_prompts(prompts: Iterable[Prompt]) -> dict[str, set[str]]:
    """Every tag of the prompts with its values; `lang` falls back to the prompt's script."""
    found: dict[str, set[str]] = {}
    for prompt in prompts:
        for tag, value in {"lang": language(prompt.text), **prompt.tags}.items():
            found.setdefault(tag, set()).add(value)
    return found


def _metrics(scorer: Named[Any] | None) -> Sequence[Metric]:
    """The metrics of a scorer, none where they cannot be listed (which its gates report)."""
    try:
        return () if scorer is None else tuple(scorer.plugin.metrics())
    except Exception:
        return ()


def _misspelt(name: str, named: Mapping[str, Named[Any] | None]) -> bool:
    """Whether the plug-in's own line has been reported, and probably means this name."""
    return suggest(name, [known for known, plugin in named.items() if plugin is None]).startswith("did")
