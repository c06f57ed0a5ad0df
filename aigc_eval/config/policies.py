"""From policy.yaml to a `Policy`, or to all its problems at once, each with its line and key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from aigc_eval.config.checks import Checks
from aigc_eval.config.paths import Roots
from aigc_eval.config.policy_shape import (
    BaselineShape,
    BudgetsShape,
    PolicyShape,
    ScaleShape,
    SliceNeededShape,
    ValidationNeededShape,
    ValidationShape,
    WaiverShape,
)
from aigc_eval.gates import BUDGETS, Baseline, Gate, Policy, Scale, SliceNeeded, Validation, ValidationNeeded
from aigc_eval.gates.grades import parse_scale
from aigc_eval.records import Waiver
from aigc_eval.registry import suggest
from aigc_eval.yaml_file import Document, Node

__all__ = ["read_policy"]

T = TypeVar("T")


def read_policy(document: Document, checks: Checks, roots: Roots, baseline: Baseline | None = None) -> Policy:
    """The policy of a document; what is wrong with it goes to the problems of `checks`.

    `baseline`, from the command line, stands in for the policy's own.
    """
    return _Reader(document, checks, roots).policy(baseline)


class _Reader:
    """Reads one policy."""

    def __init__(self, document: Document, checks: Checks, roots: Roots) -> None:
        self.document, self.checks, self.roots = document, checks, roots
        self.problems = checks.problems

    def policy(self, baseline: Baseline | None) -> Policy:
        root = self.document.root
        values = self.problems.shape(root, PolicyShape)
        parts: Mapping[str, Node] = root.value if isinstance(root.value, Mapping) else {}
        grades = self._grades(parts.get("grades"))
        baseline = baseline or self._baseline(parts.get("baseline"))
        confidence = values.get("confidence", Policy().confidence)
        gates = self.checks.gates(
            parts.get("gates"),
            grades=grades,
            baseline=baseline,
            confidence=confidence,
            require_validated=values.get("require_validated", False),
        )
        return Policy(
            gates=gates,
            name=values.get("name", "") or Path(self.document.file).stem,
            digest=self.document.sha256,
            confidence=confidence,
            coverage=values.get("coverage", Policy().coverage),
            min_prompts=values.get("min_prompts", Policy().min_prompts),
            not_applicable=values.get("not_applicable", Policy().not_applicable),
            budgets=self._budgets(parts.get("budgets")),
            slices=tuple(self._slices(parts.get("required_slices"))),
            needed=tuple(self._needed(parts.get("required_validation"))),
            validations=tuple(self._validations(parts.get("validations"))),
            waivers=tuple(self._waivers(parts.get("waivers"), gates)),
            grades=grades,
            baseline=baseline,
            stop=values.get("stop") or "",
            source=root.plain(),
        )

    def _budgets(self, node: Node | None) -> dict[str, float]:
        values = self.problems.shape(node, BudgetsShape) if node is not None and node.value is not None else {}
        return {**BUDGETS, **values}

    def _baseline(self, node: Node | None) -> Baseline | None:
        if node is None or node.value is None:
            return None
        if isinstance(node.value, str):
            names = self.checks.names(node, node.value)
            if len(names) > 1:
                self.problems.add(node, f"{node.value!r} stands for {len(names)} candidates", "name one of them")
            return Baseline(names[0]) if names else None
        values = self.problems.shape(node, BaselineShape)
        if "run" not in values:
            return None
        try:
            folder = self.roots.path(values["run"])
        except ValueError as error:
            self.problems.add(node.at(("run",)), str(error), "carry that run out first, or give --baseline RUN")
            return None
        return Baseline(values.get("candidate") or "", str(folder))

    def _grades(self, node: Node | None) -> dict[str, Scale]:
        found = {}
        for name, scale in (node.value if node is not None and isinstance(node.value, Mapping) else {}).items():
            values = self.problems.shape(scale, ScaleShape)
            if "steps" not in values:
                continue
            try:
                found[name] = parse_scale(values["steps"], values.get("reference"))
            except ValueError as error:
                self.problems.add(scale, str(error))
        return found

    def _slices(self, node: Node | None) -> list[SliceNeeded]:
        found = []
        for item in self.problems.items(node):
            values = self._whole(item, SliceNeededShape)
            if values is not None:
                self.checks.where(item.at(("where",)), values.where)
                found.append(SliceNeeded(values.where, values.min_prompts))
        return found

    def _needed(self, node: Node | None) -> list[ValidationNeeded]:
        found = [(item, self._whole(item, ValidationNeededShape)) for item in self.problems.items(node)]
        for item, values in found:
            if values is not None and values.scorer not in self.checks.scorers:
                remedy = suggest(values.scorer, self.checks.scorers)
                self.problems.add(item.at(("scorer",)), f"unknown scorer {values.scorer!r:.80}", remedy)
        return [ValidationNeeded(**asdict(values)) for _, values in found if values is not None]

    def _validations(self, node: Node | None) -> list[Validation]:
        found = []
        for item in self.problems.items(node):
            values = self._whole(item, ValidationShape)
            if values is None:
                continue
            for part, whole in (("found", "positives"), ("false_alarms", "negatives")):
                if getattr(values, part) > getattr(values, whole):
                    self.problems.add(item.at((part,)), f"`{part}` is more than `{whole}`", "correct the counts")
            found.append(Validation(**asdict(values)))
        return found

    def _waivers(self, node: Node | None, gates: tuple[Gate, ...]) -> list[Waiver]:
        found = []
        for item in self.problems.items(node):
            values = self._whole(item, WaiverShape)
            if values is None:
                continue
            plain = " ".join(values.gate.split())
            if gates and (remedy := _unknown(plain, gates)) is not None:
                self.problems.add(item.at(("gate",)), f"no gate is written {plain!r:.120}", remedy)
            if not _is_day(values.expires):
                self.problems.add(item.at(("expires",)), f"{values.expires!r} is no day", "write it as 2027-02-28")
            if values.candidate:
                self.checks.names(item.at(("candidate",)), values.candidate)
            waiver = replace(Waiver(**asdict(values)), gate=plain)
            if waiver in found:
                self.problems.add(item, f"{plain!r:.80} is listed twice", "remove one of the two")
            found.append(waiver)
        return found

    def _whole(self, item: Node, cls: type[T]) -> T | None:
        """The shape's value; None where something in it is wrong, which has been reported."""
        before = len(self.problems.found)
        values: dict[str, Any] = self.problems.shape(item, cls)
        return cls(**values) if len(self.problems.found) == before else None


def _unknown(waived: str, gates: Sequence[Gate]) -> str | None:
    """What to write instead, where no verdict on these gates has the name that is waived; None where one may."""
    names = {gate.name for gate in gates if not gate.each} | {f"{gate.scorer}.{gate.metric}" for gate in gates}
    sliced = {f"{gate.text} [{gate.each}=...]" for gate in gates if gate.each}
    if waived in names or any(waived.startswith(name.partition(" [")[0] + " [") for name in sliced):
        return None
    meant = [name for name in sorted(names | sliced) if name.startswith(f"{waived} [")]
    return f"name the slice: {meant[0]}" if meant else suggest(waived, names | sliced)


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
