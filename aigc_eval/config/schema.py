"""JSON Schema of bench.yaml and policy.yaml for editors, from the same definitions that `load` checks against."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from aigc_eval.calls import Budget, Limits, Price
from aigc_eval.config.options import first, schemas
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
from aigc_eval.config.shape import (
    BenchShape,
    CandidateShape,
    CsvShape,
    GateShape,
    PromptsShape,
    ReportShape,
    ScorerShape,
)
from aigc_eval.config.standard_shape import (
    AdoptedShape,
    BilingualShape,
    ClassShape,
    ClauseShape,
    RuleShape,
    StandardShape,
)
from aigc_eval.registry import GROUPS, Entry, Kind, entries

__all__ = ["json_schema", "policy_schema", "standard_schema"]

Schema = dict[str, Any]


def json_schema() -> Schema:
    """The schema, with the options of every installed plug-in; draft 2020-12."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "aigc-eval bench",
        **_object(
            BenchShape,
            prompts=_list({"anyOf": [{"type": "string"}, _object(PromptsShape)]}),
            candidates=_list({"anyOf": [_use("generator"), _candidate()]}),
            scorers=_list(
                {"anyOf": [_use("scorer"), _object(ScorerShape, scorer=_use("scorer"), limits=_maybe(Budget))]}
            ),
            gates=_gates(),
            standards=_list({"anyOf": [{"type": "string"}, _object(AdoptedShape)]}),
            report={"anyOf": [_object(ReportShape, csv=_maybe(CsvShape)), {"type": "null"}]},
        ),
        "$defs": {kind: _plugins(kind) for kind in GROUPS},
    }


def policy_schema() -> Schema:
    """The schema of a policy file; draft 2020-12."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "aigc-eval policy",
        **_object(
            PolicyShape,
            gates=_gates(),
            budgets=_maybe(BudgetsShape),
            baseline={"anyOf": [{"type": ["string", "null"]}, _object(BaselineShape)]},
            grades={"additionalProperties": _object(ScaleShape)},
            required_slices=_list(_object(SliceNeededShape)),
            required_validation=_list(_object(ValidationNeededShape)),
            validations=_list(_object(ValidationShape)),
            waivers=_list(_object(WaiverShape)),
        ),
    }


def standard_schema() -> Schema:
    """The schema of a standard's file; draft 2020-12."""
    words = _object(BilingualShape)
    clause = _object(
        ClauseShape,
        **dict.fromkeys(("title", "requirement", "source", "basis"), words),
        rules=_list(_object(RuleShape, title=words)),
        evidence=_list(words),
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "aigc-eval standard",
        **_object(
            StandardShape,
            **dict.fromkeys(("title", "issuer", "in_force", "licence"), words),
            note={"anyOf": [words, {"type": "null"}]},
            classes=_list(_object(ClassShape, title=words)),
            clauses=_list(clause),
        ),
    }


def _gates() -> Schema:
    words = "[<>]=|not +worse +than|better +than|equal +to|parity"
    return _list({"anyOf": [{"type": "string", "pattern": words}, _object(GateShape)]})


def _object(cls: type[Any], **instead: Schema) -> Schema:
    """The schema of a shape or of a plug-in's options; `instead` refines what its types leave open."""
    found, required = schemas(cls)
    properties = {name: {**schema, **instead.get(name, {})} for name, schema in found.items()}
    about = (inspect.getdoc(cls) or "").partition("\n")[0]
    return {
        "type": "object",
        "description": about,
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _candidate() -> Schema:
    return _object(CandidateShape, generator=_use("generator"), limits=_maybe(Limits), price=_maybe(Price))


def _maybe(cls: type[Any]) -> Schema:
    return {"anyOf": [_object(cls), {"type": "null"}]}


def _list(items: Schema) -> Schema:
    return {"items": items}


def _use(kind: Kind) -> Schema:
    return {"$ref": f"#/$defs/{kind}"}


def _plugins(kind: Kind) -> Schema:
    """A plug-in's name, or one name with options; `module:Class` is anybody's and takes any options."""
    known = entries(kind)
    by_class = r"^[\w.]+:[\w.]+$"
    return {
        "anyOf": [
            {"enum": sorted(known)},
            {"type": "string", "pattern": by_class},
            {
                "type": "object",
                "properties": {name: _options(entry) for name, entry in sorted(known.items())},
                "patternProperties": {by_class: True},
                "additionalProperties": False,
                "minProperties": 1,
                "maxProperties": 1,
            },
        ]
    }


def _options(entry: Entry) -> Schema:
    cls = entry.load()
    options = _object(cls)
    main = first(cls)
    if main is None:
        return options
    shorts: Mapping[str, Any] = options["properties"][main]
    short = {key: value for key, value in shorts.items() if key != "default"}
    return {"anyOf": [options, short]}
