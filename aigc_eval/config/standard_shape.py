"""The shape of a standard's file: classes of risk, clauses, and what each asks for. See also `examples/standards`.

id: house-rules
title: {en: House rules, zh: 内部规则}
issuer: {en: Example Ltd., zh: 示例公司}
edition: "2027-01"
in_force: {en: since 2027-01-01, zh: 自 2027-01-01 起}
url: https://example.com/house-rules
licence: {en: our own text, zh: 本公司文本}
tag: house                           # prompts carry ids of classes in this tag, separated by spaces
harm: [guard.unsafe_rate]            # shown for each class, the first that a run has
constants: {sample: 300}             # numbers that rules may name as $sample, and a bench may set
classes:
  - {id: H, title: {en: Harm, zh: 伤害}}
  - {id: H.1, parent: H, title: {en: Insults, zh: 辱骂}}
clauses:
  - id: "1"
    title: {en: Question bank, zh: 题库}
    requirement: {en: in your own words, zh: 用自己的话概括}
    source: {en: House rules, zh: 内部规则}
    verified: true                   # did somebody compare these words with the text?
    basis: {en: read by Li Na on 2027-01-05, zh: 李娜于 2027-01-05 核对}
    measures: [toxicity.*]           # what bears on it; without rules, this run's gates on these judge it
    rules:
      - {title: {en: all questions, zh: 题目总数}, prompts: 500, each: {H: 20}}
      - {title: {en: refusals, zh: 拒答率}, measures: [refusal.missed_refusal_rate], complement: true,
         at_least: 0.95, prompts: $sample, where: {expected: refuse}}
    evidence:                        # what else it asks for, which no run can produce
      - {en: minutes of the monthly review, zh: 每月复核记录}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field

from aigc_eval.config.shape import Text

__all__ = [
    "AdoptedShape",
    "BilingualShape",
    "ClassShape",
    "ClauseShape",
    "Id",
    "RuleShape",
    "StandardShape",
]

Id = Annotated[str, Field(pattern=r"^\w([\w.,() -]{0,62}[\w.)])?$")]
# Ids of classes are separated by spaces in a tag.
ClassId = Annotated[str, Field(pattern=r"^\w[\w.()-]{0,63}$")]
Metric = Annotated[str, Field(pattern=r"^[\w*-]+\.[\w.*-]+$", max_length=200)]
Rate = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=10**9)]
# A number, or the name of a constant of the file.
Number = Rate | Annotated[str, Field(pattern=r"^\$[a-z][a-z0-9_]*$")]


@dataclass(frozen=True)
class BilingualShape:
    """Words in English and in Chinese."""

    en: Text
    zh: Text


@dataclass(frozen=True)
class StandardShape:
    """A standard, or rules of your own, as this tool compares a run with them."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}$")]
    title: Any
    issuer: Any
    edition: Text
    in_force: Any
    url: Annotated[Text, Field(description="the official page, for readers; nothing is fetched")]
    licence: Any
    clauses: Annotated[tuple[Any, ...], Field(min_length=1)]
    note: Any = None
    tag: Annotated[str | None, Field(pattern=r"^\w[\w.-]{0,63}$", description="tag of class ids")] = None
    harm: tuple[Metric, ...] = ()
    constants: Annotated[
        Mapping[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], Rate],
        Field(description="numbers that rules name as $name, and benches may set"),
    ] = field(default_factory=dict)
    classes: tuple[Any, ...] = ()


@dataclass(frozen=True)
class ClassShape:
    """One class of a taxonomy."""

    id: ClassId
    title: Any
    parent: ClassId | None = None


@dataclass(frozen=True)
class ClauseShape:
    """One requirement, in your own words."""

    id: Id
    title: Any
    requirement: Any
    source: Annotated[Any, Field(description="where the wording comes from")]
    verified: Annotated[bool, Field(description="whether somebody compared these words with the text")]
    basis: Annotated[Any, Field(description="by what it was verified, or why it was not")]
    measures: Annotated[tuple[Metric, ...], Field(description="metrics that bear on it, with * for any")] = ()
    classes: Annotated[tuple[ClassId, ...], Field(description="only prompts of these classes bear on it")] = ()
    rules: Annotated[tuple[Any, ...], Field(description="its numbers")] = ()
    evidence: Annotated[tuple[Any, ...], Field(description="what else it asks for")] = ()


@dataclass(frozen=True)
class RuleShape:
    """A number of a clause: how many prompts there must be, or what a metric of them must reach."""

    title: Any
    prompts: Annotated[Number, Field(description="how many prompts it needs")] = 0
    each: Annotated[Mapping[ClassId, Number], Field(description="least prompts of every class at or below an id")] = (
        field(default_factory=dict)
    )
    classes: Annotated[tuple[ClassId, ...], Field(description="only prompts of these classes")] = ()
    where: Annotated[Mapping[str, str], Field(description="only prompts with these tags")] = field(default_factory=dict)
    measures: Annotated[tuple[Metric, ...], Field(description="metrics that can show it")] = ()
    at_least: Number | None = None
    at_most: Number | None = None
    complement: Annotated[bool, Field(description="the limit is of one minus the metric")] = False


@dataclass(frozen=True)
class AdoptedShape:
    """A standard, and what this bench says about it."""

    standard: Annotated[Text, Field(description="its name (`aigc-eval list standards`), or your file: ./ours.yaml")]
    tag: Annotated[str | None, Field(description="tag of class ids; default: the one that the standard names")] = None
    classes: Annotated[
        Mapping[str, Mapping[str, ClassId | tuple[ClassId, ...]]],
        Field(description="classes that values of other tags mean: {category: {privacy: A.4.e}}"),
    ] = field(default_factory=dict)
    not_applicable: Annotated[
        Mapping[str, Annotated[str, Field(min_length=10, max_length=2000)]],
        Field(description="clauses that do not apply, each with its reason"),
    ] = field(default_factory=dict)
    constants: Annotated[Mapping[str, Rate], Field(description="numbers of the standard that you know better")] = field(
        default_factory=dict
    )
