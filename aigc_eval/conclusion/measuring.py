"""What one scorer adds to a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from aigc_eval import standards
from aigc_eval.conclusion.facts import metric_facts, plugin_facts, scored_outcomes
from aigc_eval.conclusion.judging import Judging
from aigc_eval.conclusion.terms import Terms, slices
from aigc_eval.differences import differences, reference_of
from aigc_eval.estimates import estimate
from aigc_eval.evidence import Reference
from aigc_eval.gates import Policy
from aigc_eval.plugin import Scorer
from aigc_eval.records import Correction, Difference, Estimate, PluginFacts, Verdict

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Measured", "measure"]


@dataclass(frozen=True)
class Measured:
    """What one scorer adds to a run: the facts about it, its numbers, and the verdicts of gates, by their place.

    `differences` between candidates have no corrected p-values yet: those depend on all scorers. `covered` is
    what its numbers say about the rules of standards, `corrections` what its rates become with its card or labels.
    """

    facts: PluginFacts
    estimates: tuple[Estimate, ...]
    verdicts: Mapping[int, tuple[Verdict, ...]]
    differences: tuple[Difference, ...] = ()
    covered: standards.Found = field(default_factory=standards.Found)
    corrections: tuple[Correction, ...] = ()


def measure(  # noqa: PLR0917
    terms: Terms,
    rows: pd.DataFrame,
    name: str,
    scorer: Scorer,
    reference: Reference | None = None,
    labelling: Sequence[Mapping[str, Any]] = (),
) -> Measured:
    """Every number of one scorer, and the verdicts of its gates.

    `reference` is the baseline of another run, `labelling` are the journal's records of sheets and labels.
    """
    own = terms["scorers"][name]
    metrics = scorer.metrics()
    described = tuple(metric_facts(metric, scorer.source) for metric in metrics)
    facts = plugin_facts(name, scorer, own["made_of"], own["signature"], described)
    facts = replace(facts, masks=scorer.masks, sees=scorer.sees, dimensions=scorer.dimensions)
    facts = replace(facts, outcomes=scored_outcomes(scorer))
    known = {metric.name: metric for metric in metrics}
    judging = Judging(terms, rows, reference, labelling)
    verdicts = {
        place: judging.verdicts(gate, known[gate.metric])
        for place, gate in enumerate(judging.policy.gates)
        if gate.scorer == name
    }
    parts = slices(terms, rows)
    found = tuple(estimate(rows, name, metrics, parts))
    against = _reference(terms, judging.policy)
    apart = differences(rows, name, metrics, against, found) if against else []
    corrected = tuple(judging.accuracies.corrections(name, metrics, parts))
    return Measured(facts, found, verdicts, tuple(apart), judging.covered(name, metrics), corrected)


def _reference(terms: Terms, policy: Policy) -> str:
    """The candidate that the others are compared with in the report."""
    baseline = policy.baseline
    named = baseline.candidate if baseline is not None and not baseline.run else ""
    return reference_of([c["name"] for c in terms["candidates"]], terms["release"] or (), named)
