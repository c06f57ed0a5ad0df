"""From a standard's file to a `Standard`, and from a bench's list to the standards that it adopts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from aigc_eval import yaml_file
from aigc_eval.config.options import Fault
from aigc_eval.config.paths import Roots
from aigc_eval.config.problems import Problems
from aigc_eval.config.standard_shape import (
    AdoptedShape,
    BilingualShape,
    ClassShape,
    ClauseShape,
    RuleShape,
    StandardShape,
)
from aigc_eval.errors import ConfigError, Problem
from aigc_eval.records import Adopted, Bilingual, Clause, RiskClass, Rule, Standard
from aigc_eval.registry import suggest
from aigc_eval.yaml_file import Document, Node

__all__ = ["Adopter", "read_standard", "shipped"]


@cache
def shipped() -> Mapping[str, Path]:
    """The standards that come with the tool: their names and files."""
    folder = Path(str(files("aigc_eval"))) / "standards" / "data"
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def read_standard(path: Path, constants: Mapping[str, float] | None = None) -> tuple[Standard, str]:
    """A standard from its file, and the file's SHA-256; raises `ConfigError` with every problem.

    `constants` stand in for those of the file.
    """
    document = yaml_file.load(path)
    reader = _Reader(document, constants or {})
    standard = reader.standard()
    if reader.problems.found or standard is None:
        raise ConfigError(sorted(dict.fromkeys(reader.problems.found), key=lambda p: p.line or 0))
    return standard, document.sha256


class _Reader:
    """Reads one file; whatever is wrong goes to `problems`, each with its line."""

    def __init__(self, document: Document, constants: Mapping[str, float]) -> None:
        self.root, self.problems, self.given = document.root, Problems(document), constants
        self.constants: dict[str, float] = {}
        self.classes: tuple[RiskClass, ...] = ()

    def standard(self) -> Standard | None:
        """The standard, None where something is wrong."""
        values = self.problems.shape(self.root, StandardShape)
        own = values.get("constants", {})
        self.constants = {**own, **self.given}
        for name in self.given:
            if name not in values.get("constants", {}):
                self.problems.add(
                    self.root, f"has no constant {name!r:.80}", suggest(name, values.get("constants", {}))
                )
        self.classes = tuple(self._each(self.root.at(("classes",)), values.get("classes"), self._class))
        self._check_tree()
        known = {
            "id": values.get("id"),
            "edition": values.get("edition"),
            "url": values.get("url"),
            **{name: self._words(self.root, name) for name in ("title", "issuer", "in_force", "licence")},
            "note": self._words(self.root, "note") if values.get("note") is not None else Bilingual(""),
            "tag": values.get("tag") or "",
            "harm": values.get("harm", ()),
            "classes": self.classes,
            "clauses": tuple(self._each(self.root.at(("clauses",)), values.get("clauses"), self._clause)),
            "constants": self.constants,
        }
        if self.classes and not known["tag"]:
            self.problems.add(self.root, "has classes and no `tag`", "name the tag in which prompts carry their ids")
        self._twice(self.root.at(("clauses",)), "clause")
        return None if self.problems.found else Standard(**known)

    def _each(self, node: Node, listed: object, read: Any) -> Iterator[Any]:
        if listed:
            yield from (found for item in self.problems.items(node) if (found := read(item)) is not None)

    def _words(self, node: Node, name: str) -> Bilingual:
        """Words in both languages; empty where they are missing, which has been reported."""
        place = node.at((name,))
        if place is node:
            return Bilingual("")
        values = self.problems.shape(place, BilingualShape)
        return Bilingual(values.get("en", ""), values.get("zh", ""))

    def _class(self, item: Node) -> RiskClass | None:
        values = self.problems.shape(item, ClassShape)
        title = self._words(item, "title")
        return RiskClass(values["id"], title, values.get("parent") or "") if "id" in values else None

    def _check_tree(self) -> None:
        """Every class once, below one that is there, and never below itself."""
        node = self.root.at(("classes",))
        self._twice(node, "class")
        ids = {c.id for c in self.classes}
        no = Bilingual("")
        tree = Standard("", no, no, "", no, "", no, classes=self.classes)
        for item in self.problems.items(node):
            parent = item.at(("parent",))
            if not isinstance(item.value, Mapping) or "parent" not in item.value or not isinstance(parent.value, str):
                continue
            own = item.at(("id",)).value
            if parent.value not in ids:
                self.problems.add(parent, f"there is no class {parent.value!r:.80}", suggest(parent.value, ids))
            elif isinstance(own, str) and own in tree.above(parent.value):
                self.problems.add(parent, f"the class {own!r:.80} lies below itself", "name another parent")

    def _twice(self, node: Node, what: str) -> None:
        seen: set[object] = set()
        for item in self.problems.items(node):
            place = item.at(("id",))
            if isinstance(place.value, str):
                if place.value in seen:
                    self.problems.add(place, f"the {what} {place.value!r:.80} is there twice", "give each its own id")
                seen.add(place.value)

    def _clause(self, item: Node) -> Clause | None:
        before = len(self.problems.found)
        values = self.problems.shape(item, ClauseShape)
        words = {name: self._words(item, name) for name in ("title", "requirement", "source", "basis")}
        self._known_classes(item, "classes", values)
        rules = tuple(self._each(item.at(("rules",)), values.get("rules"), self._rule))
        evidence = tuple(self._each(item.at(("evidence",)), values.get("evidence"), self._evidence))
        if len(self.problems.found) > before:
            return None
        return Clause(**{**values, **words, "rules": rules, "evidence": evidence})

    def _known_classes(self, item: Node, key: str, values: Mapping[str, Any]) -> None:
        ids = [c.id for c in self.classes]
        for name in (n for n in values.get(key, ()) if n not in ids):
            self.problems.add(item.at((key,)), f"there is no class {name!r:.80}", suggest(name, ids))

    def _evidence(self, item: Node) -> Bilingual:
        values = self.problems.shape(item, BilingualShape)
        return Bilingual(values.get("en", ""), values.get("zh", ""))

    def _rule(self, item: Node) -> Rule | None:
        before = len(self.problems.found)
        values = self.problems.shape(item, RuleShape)
        title = self._words(item, "title")
        self._known_classes(item, "each", values)
        self._known_classes(item, "classes", values)
        each = {name: self._count(item.at(("each", name)), number) for name, number in values.get("each", {}).items()}
        prompts = self._count(item.at(("prompts",)), values.get("prompts", 0))
        op, limit = self._limit(item, values)
        if limit is None and (values.get("measures") or values.get("complement")):
            self.problems.add(item, "measures something and has no limit", "add at_least or at_most")
        elif limit is None and not prompts and not each:
            self.problems.add(item, "asks for nothing", "add prompts, each, or measures and a limit")
        elif limit is not None and (not values.get("measures") or each):
            what = "has a limit and `each`" if each else "has a limit and no `measures`"
            self.problems.add(item, what, "write two rules" if each else "name the metrics that can show it")
        if any("*" in name for name in values.get("measures", ())):
            self.problems.add(item.at(("measures",)), "a rule is judged by metrics with full names", "write no *")
        if len(self.problems.found) > before:
            return None
        known = {name: values[name] for name in ("classes", "where", "measures", "complement") if name in values}
        return Rule(title, prompts, each, op=op, limit=limit, **known)

    def _limit(self, item: Node, values: Mapping[str, Any]) -> tuple[Any, float | None]:
        given = [(op, key) for op, key in ((">=", "at_least"), ("<=", "at_most")) if values.get(key) is not None]
        if len(given) > 1:
            self.problems.add(item, "has both at_least and at_most", "write two rules")
        if not given:
            return "", None
        op, key = given[0]
        return op, self._number(item.at((key,)), values[key])

    def _count(self, node: Node, written: float | str) -> int:
        number = self._number(node, written)
        if number != int(number) or not 0 <= number <= 10**9:
            self.problems.add(node, f"{number:g} is no number of prompts", "write a whole number")
            return 0
        return int(number)

    def _number(self, node: Node, written: float | str) -> float:
        if not isinstance(written, str):
            return float(written)
        if written[1:] not in self.constants:
            self.problems.add(node, f"there is no constant {written!r:.80}", suggest(written[1:], self.constants))
            return 0.0
        return float(self.constants[written[1:]])


class Adopter:
    """Reads the standards that a bench adopts.

    `tags` are those of its prompts with their values, None where they could not be read; `metrics` the names of the
    metrics of each scorer, by each of its names.
    """

    def __init__(
        self,
        problems: Problems,
        roots: Roots,
        tags: Mapping[str, Any] | None,
        metrics: Mapping[str, Sequence[str]],
    ) -> None:
        self.problems, self.roots, self.tags, self.metrics = problems, roots, tags, metrics
        self.elsewhere: list[Problem] = []

    def all(self, node: Node | None) -> tuple[Adopted, ...]:
        """Those that can be read; the others are reported."""
        found: list[Adopted] = []
        for item in self.problems.items(node):
            adopted = self._one(item)
            if adopted is not None:
                if adopted.standard.id in {a.standard.id for a in found}:
                    self.problems.add(item, f"{adopted.standard.id!r} is listed twice", "remove one of the two")
                found.append(adopted)
        return tuple(found)

    def _one(self, item: Node) -> Adopted | None:
        if isinstance(item.value, str):
            values: dict[str, Any] = {"standard": item.value}
        else:
            values = self.problems.shape(item, AdoptedShape)
        if "standard" not in values:
            return None
        own = values["standard"] in shipped()
        path = shipped()[values["standard"]] if own else self._file(item, values["standard"])
        if path is None:
            return None
        try:
            standard, sha256 = read_standard(path, values.get("constants"))
        except ConfigError as error:
            self._pass_on(item, own, error)
            return None
        tag = values.get("tag") or standard.tag
        mapped = {
            name: {value: (ids,) if isinstance(ids, str) else tuple(ids) for value, ids in meant.items()}
            for name, meant in values.get("classes", {}).items()
        }
        reasons = values.get("not_applicable", {})
        found = Adopted(standard, sha256, own, tag, mapped, reasons, values.get("constants", {}))
        self._check(item, found)
        return found

    def _file(self, item: Node, text: str) -> Path | None:
        place = item.at(("standard",))
        if "/" not in text and not text.endswith((".yaml", ".yml")):
            remedy = f"{suggest(text, shipped())}; a file of yours is written ./{text}.yaml"
            self.problems.add(place, f"there is no standard {text!r:.80}", remedy)
            return None
        try:
            return self.roots.file(text)
        except ValueError as error:
            self.problems.add(place, str(error))
            return None

    def _pass_on(self, item: Node, own: bool, error: ConfigError) -> None:
        """Problems of a user's file stand there; those of one of ours can only come from what the bench says."""
        if not own:
            self.elsewhere += error.problems
        for problem in error.problems if own else ():
            self.problems.add(item.at(("constants",)), problem.what, problem.remedy)

    def _check(self, item: Node, adopted: Adopted) -> None:
        """What a bench says about a standard must be about something that is there."""
        standard = adopted.standard
        clauses, classes = [c.id for c in standard.clauses], [c.id for c in standard.classes]
        for name in adopted.not_applicable:
            if name not in clauses:
                what, remedy = f"{standard.id} has no clause {name!r:.80}", suggest(name, clauses)
                self.problems.fault(item, Fault(("not_applicable", name), what, remedy))
        for tag, values in adopted.mapped.items():
            for value, ids in values.items():
                for found in (i for i in ids if i not in classes):
                    what, remedy = f"{standard.id} has no class {found!r:.80}", suggest(found, classes)
                    self.problems.fault(item, Fault(("classes", tag, value), what, remedy))
        if self.tags is not None:
            self._check_tags(item, adopted, self.tags, classes)
        for rule in (r for c in standard.clauses for r in c.rules):
            for name in rule.measures:
                scorer, _, metric = name.partition(".")
                if scorer in self.metrics and metric not in self.metrics[scorer]:
                    what, remedy = f"{scorer!r} has no metric {metric!r:.80}", suggest(metric, self.metrics[scorer])
                    self.problems.add(item, f"{standard.id}: {what}", remedy)

    def _check_tags(self, item: Node, adopted: Adopted, tags: Mapping[str, Any], classes: Sequence[str]) -> None:
        """Every class that a prompt names is there, and every tag and value that the bench maps is on some prompt."""
        for value in sorted(tags.get(adopted.tag, ())):
            if unknown := next((i for i in value.split() if i not in classes), None):
                what = (
                    f"a prompt has {adopted.tag}={value!r:.80}, and {adopted.standard.id} has no class {unknown!r:.80}"
                )
                self.problems.add(item, what, suggest(unknown, classes))
        for tag, values in adopted.mapped.items():
            if tag not in tags:
                self.problems.fault(
                    item, Fault(("classes", tag), f"no prompt has a tag {tag!r:.80}", suggest(tag, tags))
                )
                continue
            for value in values:
                if value not in tags[tag]:
                    what, remedy = f"no prompt has {tag}={value!r:.80}", suggest(value, tags[tag])
                    self.problems.fault(item, Fault(("classes", tag, value), what, remedy))
