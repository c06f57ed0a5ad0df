"""What a report is told of plug-ins, metrics and versions."""

from __future__ import annotations

import math
import platform
from collections.abc import Sequence
from dataclasses import replace
from importlib import metadata

from aigc_eval import __version__
from aigc_eval.metrics import Metric
from aigc_eval.plugin import MadeOf, Plugin, Scorer, identity_of
from aigc_eval.records import (
    OUTCOMES,
    MetricFacts,
    Outcome,
    PluginFacts,
)

__all__ = ["candidate_facts", "metric_facts", "plugin_facts", "scored_outcomes", "versions"]

_PACKAGES = ("torch", "transformers", "sacrebleu", "detoxify", "presidio-analyzer", "evaluate", "pandas", "numpy")


def plugin_facts(
    name: str, plugin: Plugin, made: MadeOf, signature: str | None = None, metrics: Sequence[MetricFacts] = ()
) -> PluginFacts:
    """What readers are told of a plug-in; `signature` and `metrics` where they are known already."""
    told = plugin.signature() if signature is None else signature
    return PluginFacts(name, told, identity_of(made), plugin.title, tuple(metrics), languages=plugin.languages)


def candidate_facts(name: str, plugin: Plugin, made: MadeOf) -> PluginFacts:
    """What readers are told of a candidate: its options that stand at their defaults, too."""
    return replace(plugin_facts(name, plugin, made), defaults=made["defaults"], facts=made["facts"])


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
