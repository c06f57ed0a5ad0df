"""From rows to a finished Run: estimates, verdicts and the facts about everything that took part."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from typing import TYPE_CHECKING, Any

from aigc_eval import __version__
from aigc_eval.config import Bench
from aigc_eval.estimates import estimate, slices_of, where
from aigc_eval.gates import EXIT_CODES, Gate, budget_reasons, judge, overall, parse, slice_name
from aigc_eval.metrics import Metric
from aigc_eval.plugin import MadeOf, Plugin, Scorer, identity_of
from aigc_eval.records import OUTCOMES, Estimate, MetricFacts, Outcome, PluginFacts, Reason, Run, Verdict

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Measured", "Terms", "conclude", "measure", "metric_facts", "scored_outcomes", "terms", "versions"]

_PACKAGES = ("torch", "transformers", "sacrebleu", "detoxify", "presidio-analyzer", "evaluate", "pandas", "numpy")


Terms = Mapping[str, Any]
"""All that a conclusion depends on beside answers, scores and metrics, as a record of the journal (see `terms`)."""


@dataclass(frozen=True)
class Measured:
    """What one scorer adds to a run: the facts about it and the numbers that it gives."""

    facts: PluginFacts
    estimates: tuple[Estimate, ...]


def terms(bench: Bench, limit: int | None) -> dict[str, Any]:
    """What a bench says about scoring and judging, in plain values that the journal keeps.

    With them, a run can be concluded again from its journal alone (`aigc-eval verify`).
    """
    candidates = [_facts(c.name, c.plugin, bench.made_of["candidates"][c.name]).to_json() for c in bench.candidates]
    scorers = {
        s.name: {"signature": s.plugin.signature(), "sees": s.plugin.sees, "made_of": bench.scored_with[s.name]}
        for s in bench.scorers
    }
    known = {
        "kind": "terms",
        "name": bench.name,
        "bench": bench.source,
        "versions": versions(),
        "candidates": candidates,
        "scorers": scorers,
        "release": bench.release,
        "slices": bench.slices,
        "gates": [{"text": g.text, "where": g.where, "candidates": g.candidates} for g in bench.gates],
        "samples": bench.samples,
        "limit": limit,
        "left_out": sum(len(s.left_out) for s in bench.prompt_sets),
        "digests": {"bench": bench.digest, **{s.path.name: s.sha256 for s in bench.prompt_sets}},
    }
    plain: dict[str, Any] = json.loads(json.dumps(known))
    return plain


def measure(terms: Terms, rows: pd.DataFrame, name: str, scorer: Scorer) -> Measured:
    """Every number of one scorer; its identity and signature are those of the terms."""
    own = terms["scorers"][name]
    described = tuple(metric_facts(metric, scorer.source) for metric in scorer.metrics())
    facts = _facts(name, scorer, own["made_of"], own["signature"], described)
    facts = replace(facts, masks=scorer.masks, sees=scorer.sees, outcomes=scored_outcomes(scorer))
    return Measured(facts, tuple(estimate(rows, name, scorer.metrics(), _slices(terms, rows))))


def conclude(
    terms: Terms,
    head: Mapping[str, Any],
    rows: pd.DataFrame,
    measured: Sequence[Measured],
    reused: Mapping[str, str],
) -> Run:
    """Judge every gate, and put the run together. `head` is the journal's first record.

    `reused` names the runs whose answers or scores were taken over, by the checksums of their journals.
    """
    estimates = tuple(e for m in measured for e in m.estimates)
    verdicts = _verdicts(terms, rows, estimates)
    status, exit_code, reasons = overall(verdicts)
    lost = _lost(rows)
    partial = _partial(terms) + lost
    # Part of the outputs cannot open a gate (a failure on them is one all the same), and no answers are no success.
    if (partial and status == "pass") or (lost and status == "not_gated"):
        status, exit_code = "undetermined", EXIT_CODES["undetermined"]
    reasons += partial
    return Run(
        name=terms["name"],
        created=head["created"],
        bench=terms["bench"],
        versions=terms["versions"],
        candidates=tuple(map(PluginFacts.from_json, terms["candidates"])),
        scorers=tuple(m.facts for m in measured),
        slices=tuple(slice_name(s) for s in _slices(terms, rows)),
        rows=rows,
        estimates=estimates,
        verdicts=tuple(verdicts),
        status=status,
        exit_code=exit_code,
        reasons=tuple(reasons),
        release=not partial and status != "not_gated",
        prompts=int(rows["prompt"].nunique()),
        samples=terms["samples"],
        digests={**terms["digests"], **reused},
        key=bytes.fromhex(head["mask_key"]),
    )


def _gates(terms: Terms) -> list[Gate]:
    return [parse(g["text"], g["where"], g["candidates"]) for g in terms["gates"]]


def _slices(terms: Terms, rows: pd.DataFrame) -> list[Mapping[str, str]]:
    return slices_of(rows, terms["slices"], (g.where for g in _gates(terms)))


def _partial(terms: Terms) -> list[Reason]:
    """Why fewer outputs were asked for than the bench describes."""
    reasons = [Reason("limited", {"limit": terms["limit"]})] if terms["limit"] is not None else []
    reasons += [Reason("bad_rows", {"n": terms["left_out"]})] if terms["left_out"] else []
    return reasons


def _lost(rows: pd.DataFrame) -> list[Reason]:
    """Which outputs were never asked for, and which candidates gave none at all."""
    reasons = []
    for kind in ("gave_up", "over_budget"):
        if lost := int((rows["error"] == kind).sum()):
            reasons.append(Reason(kind, {"n": lost, "planned": len(rows)}))
    for name, outcomes in rows.groupby("candidate", sort=False)["outcome"]:
        if (outcomes == "error").all():
            reasons.append(Reason("unanswered", {"candidate": str(name)}))
    return reasons


def _verdicts(terms: Terms, rows: pd.DataFrame, estimates: Sequence[Estimate]) -> list[Verdict]:
    found = {(e.candidate, e.scorer, e.metric, e.slice): e for e in estimates}
    groups = {str(name): group for name, group in rows.groupby("candidate", sort=False)}
    whole = {name: _budget(group) for name, group in groups.items()}
    everyone = terms["release"] or [c["name"] for c in terms["candidates"]]
    return [
        judge(
            gate,
            name,
            found.get((name, gate.scorer, gate.metric, slice_name(gate.where))),
            # What a small slice loses must not drown in the rest.
            whole[name] or _budget(where(groups[name], gate.where)),
        )
        for gate in _gates(terms)
        for name in gate.candidates or everyone
    ]


def _budget(rows: pd.DataFrame) -> list[Reason]:
    return budget_reasons({str(k): int(n) for k, n in rows["outcome"].value_counts().items()})


def _facts(
    name: str, plugin: Plugin, made: MadeOf, signature: str | None = None, metrics: Sequence[MetricFacts] = ()
) -> PluginFacts:
    told = plugin.signature() if signature is None else signature
    return PluginFacts(name, told, identity_of(made), plugin.title, tuple(metrics), languages=plugin.languages)


def scored_outcomes(scorer: Scorer | type[Scorer]) -> tuple[Outcome, ...]:
    """The outcomes that a scorer scores, in their usual order."""
    return tuple(outcome for outcome in OUTCOMES if outcome in scorer.outcomes)


def metric_facts(metric: Metric, source: str) -> MetricFacts:
    """What readers are told of a metric; `source` stands in where it names none of its own."""
    low, high = (b if math.isfinite(b) else None for b in metric.bounds)
    return MetricFacts(
        metric.name,
        metric.better,
        (low, high),
        metric.unit,
        metric.title,
        metric.about,
        metric.source or source,
        metric.ranks,
    )


def versions() -> dict[str, str]:
    """Versions of what computed the numbers, without importing any of it."""
    known = {"aigc-eval": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            known[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return known
