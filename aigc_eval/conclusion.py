"""From rows to a finished Run: estimates, verdicts and the facts about everything that took part."""

from __future__ import annotations

import math
import platform
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import metadata
from typing import TYPE_CHECKING, Any

from aigc_eval import __version__
from aigc_eval.config import Bench
from aigc_eval.estimates import estimate, slices_of, where
from aigc_eval.gates import EXIT_CODES, Gate, budget_reasons, judge, overall, slice_name
from aigc_eval.metrics import Metric
from aigc_eval.plugin import Plugin, Scorer
from aigc_eval.records import OUTCOMES, Estimate, MetricFacts, Outcome, PluginFacts, Reason, Run, Verdict

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["conclude", "metric_facts", "scored_outcomes"]

_PACKAGES = ("torch", "transformers", "sacrebleu", "detoxify", "presidio-analyzer", "evaluate", "pandas", "numpy")


def conclude(bench: Bench, head: Mapping[str, Any], rows: pd.DataFrame, prompts: int, limit: int | None) -> Run:
    """Estimate every metric, judge every gate, and put the run together. `head` is the journal's first record."""
    slices = slices_of(rows, bench.slices, (g.where for g in bench.gates))
    estimates = [e for s in bench.scorers for e in estimate(rows, s.name, s.plugin.metrics(), slices)]
    verdicts = _verdicts(bench, rows, estimates)
    status, exit_code, reasons = overall(verdicts)
    partial = _partial(rows, limit)
    if partial and status == "pass":  # part of the outputs cannot open a gate; a failure on them is one all the same
        status, exit_code = "undetermined", EXIT_CODES["undetermined"]
    reasons += partial
    return Run(
        name=bench.name,
        created=head["created"],
        bench=bench.source,
        versions=_versions(),
        candidates=tuple(_facts(c.name, c.plugin) for c in bench.candidates),
        scorers=tuple(_facts(s.name, s.plugin, s.plugin.metrics()) for s in bench.scorers),
        slices=tuple(slice_name(s) for s in slices),
        rows=rows,
        estimates=tuple(estimates),
        verdicts=tuple(verdicts),
        status=status,
        exit_code=exit_code,
        reasons=tuple(reasons),
        release=not partial and status != "not_gated",
        prompts=prompts,
        samples=bench.samples,
        digests={"bench": bench.digest, **{s.path.name: s.sha256 for s in bench.prompt_sets}},
        key=bytes.fromhex(head["mask_key"]),
    )


def _partial(rows: pd.DataFrame, limit: int | None) -> list[Reason]:
    """Why these are not all the outputs that the bench asks for."""
    reasons = [Reason("limited", {"limit": limit})] if limit is not None else []
    for kind in ("gave_up", "over_budget"):
        if lost := int((rows["error"] == kind).sum()):
            reasons.append(Reason(kind, {"n": lost, "planned": len(rows)}))
    return reasons


def _verdicts(bench: Bench, rows: pd.DataFrame, estimates: Sequence[Estimate]) -> list[Verdict]:
    found = {(e.candidate, e.scorer, e.metric, e.slice): e for e in estimates}
    groups = {str(name): group for name, group in rows.groupby("candidate", sort=False)}
    whole = {name: _budget(group) for name, group in groups.items()}
    return [
        judge(
            gate,
            name,
            found.get((name, gate.scorer, gate.metric, slice_name(gate.where))),
            # What a small slice loses must not drown in the rest.
            whole[name] or _budget(where(groups[name], gate.where)),
        )
        for gate in bench.gates
        for name in _judged(gate, bench)
    ]


def _budget(rows: pd.DataFrame) -> list[Reason]:
    return budget_reasons({str(k): int(n) for k, n in rows["outcome"].value_counts().items()})


def _judged(gate: Gate, bench: Bench) -> Sequence[str]:
    return gate.candidates or bench.release or tuple(c.name for c in bench.candidates)


def _facts(name: str, plugin: Plugin, metrics: Sequence[Metric] = ()) -> PluginFacts:
    described = tuple(metric_facts(metric, plugin.source) for metric in metrics)
    facts = PluginFacts(
        name, plugin.signature(), plugin.identity(), plugin.title, described, languages=plugin.languages
    )
    if not isinstance(plugin, Scorer):
        return facts
    return replace(facts, masks=plugin.masks, sees=plugin.sees, outcomes=scored_outcomes(plugin))


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


def _versions() -> dict[str, str]:
    """Versions of what computed the numbers, without importing any of it."""
    known = {"aigc-eval": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            known[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return known
