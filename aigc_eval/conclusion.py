"""From rows to a finished Run: estimates, verdicts and the facts about everything that took part."""

from __future__ import annotations

import json
import math
import platform
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import metadata
from typing import TYPE_CHECKING, Any

from aigc_eval import __version__, standards
from aigc_eval.config import Bench
from aigc_eval.differences import corrected, differences, reference_of
from aigc_eval.estimates import estimate, slices_of, where
from aigc_eval.evidence import Reference, expanded, findings
from aigc_eval.gates import (
    BASELINE,
    EXIT_CODES,
    Against,
    Gate,
    Policy,
    budget_reasons,
    judge,
    overall,
    requirements,
    slice_name,
    tags_of,
    waive,
)
from aigc_eval.metrics import Metric
from aigc_eval.plugin import MadeOf, Plugin, Scorer, identity_of
from aigc_eval.records import (
    OUTCOMES,
    Adopted,
    Coverage,
    Difference,
    Estimate,
    MetricFacts,
    Outcome,
    PluginFacts,
    Prompt,
    Reason,
    Run,
    Verdict,
    digest,
)
from aigc_eval.reviews import standing
from aigc_eval.stopping import Drawn, looks_early
from aigc_eval.text import language

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "UNASKED",
    "Measured",
    "Terms",
    "conclude",
    "decided",
    "hindered",
    "judged_by",
    "looks_of",
    "measure",
    "metric_facts",
    "scored_outcomes",
    "terms",
    "values_of",
    "versions",
]

_PACKAGES = ("torch", "transformers", "sacrebleu", "detoxify", "presidio-analyzer", "evaluate", "pandas", "numpy")


UNASKED = ("gave_up", "over_budget")
"""Errors of outputs that were not asked for, since there was no sense or no money in going on."""
Terms = Mapping[str, Any]
"""All that a conclusion depends on beside answers, scores and metrics, as a record of the journal (see `terms`)."""


@dataclass(frozen=True)
class Measured:
    """What one scorer adds to a run: the facts about it, its numbers, and the verdicts of gates, by their place.

    `differences` between candidates have no corrected p-values yet: those depend on all scorers. `covered` is
    what its numbers say about the rules of standards.
    """

    facts: PluginFacts
    estimates: tuple[Estimate, ...]
    verdicts: Mapping[int, tuple[Verdict, ...]]
    differences: tuple[Difference, ...] = ()
    covered: standards.Found = field(default_factory=standards.Found)


def terms(  # noqa: PLR0917
    bench: Bench,
    prompts: Sequence[Prompt],
    limit: int | None,
    before: Terms | None,
    answers: int,
    looks: Mapping[str, Any],
) -> dict[str, Any]:
    """What a bench says about scoring and judging, in plain values that the journal keeps.

    With them, a run can be concluded again from its journal alone (`aigc-eval verify`). `before` are the last terms of
    the run, and `answers` is how many answers there are already: a policy is fixed before the first one, or the report
    tells. `looks`: how the run looks while it goes on (`looks_of`); `prompts` are those that it has planned.
    """
    candidates = [_candidate(c.name, c.plugin, bench.made_of["candidates"][c.name]) for c in bench.candidates]
    scorers = {
        s.name: {"signature": s.plugin.signature(), "sees": s.plugin.sees, "made_of": bench.scored_with[s.name]}
        for s in bench.scorers
    }
    known = {
        "kind": "terms",
        "name": bench.name,
        "bench": bench.source,
        "versions": versions(),
        "candidates": [facts.to_json() for facts in candidates],
        "scorers": scorers,
        "release": bench.release,
        "slices": bench.slices,
        "standards": [one.to_json() for one in bench.standards],
        **judged_by(bench.policy, before, answers),
        "looks": looks,
        "each": values_of(bench.policy, prompts) if "every" in looks else {},
        "places": bench.places,
        "samples": bench.samples,
        "limit": limit,
        "left_out": sum(len(s.left_out) for s in bench.prompt_sets),
        "digests": {"bench": bench.digest, **{s.path.name: s.sha256 for s in bench.prompt_sets}},
    }
    plain: dict[str, Any] = json.loads(json.dumps(known))
    return plain


def judged_by(policy: Policy, before: Terms | None, answers: int) -> dict[str, Any]:
    """The part of the terms that says how to judge; the date counts for waivers only."""
    plain = json.loads(json.dumps(policy.to_json()))
    same = before is not None and before["policy"] == plain
    since = before["policy_since"] if same and before is not None else answers
    return {"policy": plain, "policy_since": since, "today": today() if policy.waivers else ""}


def values_of(policy: Policy, prompts: Sequence[Prompt]) -> dict[str, list[str]]:
    """The values of the tags that gates name with `for each`, by gate: a run that stops early may not ask them all."""
    known = [{**p.tags, "lang": p.tags.get("lang") or language(p.text)} for p in prompts if policy.gates]
    return {
        gate.name: sorted({tags.get(gate.each, "") for tags in known if gate.where.items() <= tags.items()})
        for gate in policy.gates
        if gate.each
    }


def today() -> str:
    """The date (UTC), ISO 8601. No SOURCE_DATE_EPOCH: what sets the environment must not revive a waiver."""
    return time.strftime("%Y-%m-%d", time.gmtime())


def looks_of(bench: Bench, drawn: Mapping[str, Any] | None, planned: int, *, looked: bool) -> dict[str, Any]:
    """How a run looks while it goes on: after `every` so many of the `planned` prompts, and whether it `stops` then.

    Nothing if it does not look; what it is `hindered_by` where its policy asks for it in vain: a gate, or "" for an
    order of prompts that is not random (not `drawn`). One that has `looked` before is judged accordingly, whatever its
    policy says now.
    """
    gate = hindered(bench) if bench.policy.stop else ""
    stops = bool(bench.policy.stop) and not gate and drawn is not None
    if drawn is not None and (stops or looked):
        return {"every": drawn["every"], "planned": planned, "stops": stops}
    return {"hindered_by": gate} if bench.policy.stop else {}


def hindered(bench: Bench) -> str:
    """The first gate that can only be decided by the last prompt; "(no gate)" where there is none at all."""
    metrics = {s.name: {m.name: m for m in s.plugin.metrics()} for s in bench.scorers}
    if not bench.gates:
        return "(no gate)"
    return next((g.name for g in bench.gates if not looks_early(g, metrics[g.scorer][g.metric], bench.policy)), "")


def decided(terms: Terms, rows: pd.DataFrame, scorers: Mapping[str, Scorer]) -> bool:
    """Whether every gate has passed or failed, and every slice is as large as it must be."""
    judging = _Judging(terms, rows, None)
    for gate in judging.policy.gates:
        metric = next(m for m in scorers[gate.scorer].metrics() if m.name == gate.metric)
        if any(verdict.status == "undetermined" for verdict in judging.verdicts(gate, metric)):
            return False
    return all(_prompts(rows, needed.where) >= needed.min_prompts for needed in judging.policy.slices)


def _prompts(rows: pd.DataFrame, tags: Mapping[str, str]) -> int:
    return int(where(rows, tags)["prompt"].nunique())


def measure(
    terms: Terms, rows: pd.DataFrame, name: str, scorer: Scorer, reference: Reference | None = None
) -> Measured:
    """Every number of one scorer, and the verdicts of its gates; `reference` is the baseline of another run."""
    own = terms["scorers"][name]
    metrics = scorer.metrics()
    described = tuple(metric_facts(metric, scorer.source) for metric in metrics)
    facts = _facts(name, scorer, own["made_of"], own["signature"], described)
    facts = replace(facts, masks=scorer.masks, sees=scorer.sees, dimensions=scorer.dimensions)
    facts = replace(facts, outcomes=scored_outcomes(scorer))
    known = {metric.name: metric for metric in metrics}
    judging = _Judging(terms, rows, reference)
    verdicts = {
        place: judging.verdicts(gate, known[gate.metric])
        for place, gate in enumerate(judging.policy.gates)
        if gate.scorer == name
    }
    found = tuple(estimate(rows, name, metrics, _slices(terms, rows)))
    against = _reference(terms, judging.policy)
    apart = differences(rows, name, metrics, against, found) if against else []
    return Measured(facts, found, verdicts, tuple(apart), judging.covered(name, metrics))


def _reference(terms: Terms, policy: Policy) -> str:
    """The candidate that the others are compared with in the report."""
    baseline = policy.baseline
    named = baseline.candidate if baseline is not None and not baseline.run else ""
    return reference_of([c["name"] for c in terms["candidates"]], terms["release"] or (), named)


class _Judging:
    """Verdicts of gates over a run's rows."""

    def __init__(self, terms: Terms, rows: pd.DataFrame, reference: Reference | None) -> None:
        self.terms, self.policy = terms, Policy.from_json(terms["policy"])
        self.rows, self.reference = rows, reference
        self.groups = {str(name): group for name, group in rows.groupby("candidate", sort=False)}
        self.release = tuple(terms["release"] or [c["name"] for c in terms["candidates"]])
        self.planned: Mapping[str, Sequence[str]] = terms.get("each", {})
        looks, order = terms["looks"], tuple(dict.fromkeys(map(str, rows["prompt"])))
        self.drawn = Drawn(order, terms["samples"], looks["every"]) if "every" in looks else None
        self.stopped = self.drawn is not None and len(order) < looks["planned"]

    def verdicts(self, gate: Gate, metric: Metric) -> tuple[Verdict, ...]:
        """One a candidate and, for `for each`, a value of the tag."""
        every = expanded(gate, self.rows, self.planned.get(gate.name, ()))
        names = gate.candidates or self._others(gate)
        if not every:  # no prompt has the tag
            return tuple(judge(gate, name, (), self.policy) for name in names)
        return tuple(self._one(each, metric, name) for each in every for name in names)

    def covered(self, name: str, metrics: Sequence[Metric]) -> standards.Found:
        """What a scorer's numbers say about the rules of standards."""
        names = standards.names_of(self.terms["bench"])
        judged = (_adopted(self.terms), self.rows, name, names, metrics, self.release, self.policy)
        return standards.measured(*judged, self._one)

    def _others(self, gate: Gate) -> tuple[str, ...]:
        """Those up for release; without the one that a gate compares with, unless there is no other."""
        other = gate.claim.other if isinstance(gate.claim, Against) else ""
        baseline = self.policy.baseline
        if other == BASELINE and baseline is not None:
            other = "" if baseline.run else baseline.candidate
        return tuple(name for name in self.release if name != other) or self.release

    def _one(self, gate: Gate, metric: Metric, name: str, rows: pd.DataFrame | None = None) -> Verdict:
        rows = self.rows if rows is None else rows
        early = looks_early(gate, metric, self.policy)
        drawn = self.drawn if early else None
        found = findings(gate, metric, name, rows, self.policy, reference=self.reference, drawn=drawn)
        # What a small slice loses must not drown in the rest.
        budget = self._budget(self.groups[name]) or self._budget(where(rows[rows["candidate"] == name], gate.where))
        # A sample that ended when others were decided says nothing certain about a gate that could not look.
        chosen = [Reason("stopped_for_others")] if self.stopped and not early else []
        return judge(gate, name, found, self.policy, [*budget, *chosen, *self._baseline(gate, metric)])

    def _budget(self, rows: pd.DataFrame) -> list[Reason]:
        outcomes = {str(k): int(n) for k, n in rows["outcome"].value_counts().items()}
        return budget_reasons(outcomes, self.policy.budgets)

    def _baseline(self, gate: Gate, metric: Metric) -> list[Reason]:
        """Why a gate cannot be compared with the baseline that it names."""
        if not isinstance(gate.claim, Against) or gate.claim.other != BASELINE:
            return []
        baseline = self.policy.baseline
        if baseline is None or (baseline.run and self.reference is None):
            return [Reason("no_baseline")]
        apart = self.reference.apart(gate.scorer, metric.reads) if baseline.run and self.reference is not None else []
        return [Reason("incomparable", {"differences": "; ".join(apart)})] if apart else []


def conclude(  # noqa: PLR0917
    terms: Terms,
    head: Mapping[str, Any],
    rows: pd.DataFrame,
    measured: Sequence[Measured],
    reused: Mapping[str, str],
    reviews: Iterable[Mapping[str, Any]] = (),
) -> Run:
    """Judge every gate, and put the run together. `head` is the journal's first record.

    `reused` names the runs whose answers or scores were taken over, by the checksums of their journals. `reviews` are
    the journal's records of decisions, which nothing else depends on.
    """
    estimates = tuple(e for m in measured for e in m.estimates)
    policy = Policy.from_json(terms["policy"])
    verdicts = _verdicts(terms, policy, rows, measured)
    status, exit_code, reasons = overall(verdicts)
    lost = _lost(rows)
    partial = _partial(terms) + lost + _unjudged(terms, policy, verdicts)
    # Part of the outputs cannot open a gate (a failure on them is one all the same), and no answers are no success.
    if (partial and status == "pass") or (lost and status == "not_gated"):
        status, exit_code = "undetermined", EXIT_CODES["undetermined"]
    reasons += partial + _changed(terms) + ([] if lost else _looked(terms, rows))
    decided_on, reviewed = standing(reviews, rows, [*terms["scorers"]])
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
        policy=_told(terms, policy),
        places=terms["places"],
        id=digest(head),
        differences=corrected((d for m in measured for d in m.differences), _main(measured, policy)),
        standards=_covered(terms, rows, measured, verdicts),
        reviews=decided_on,
        reviewed=reviewed,
    )


def _adopted(terms: Terms) -> list[Adopted]:
    """The standards of a run; none in one of an older version."""
    return [Adopted.from_json(one) for one in terms.get("standards", ())]


def _covered(
    terms: Terms,
    rows: pd.DataFrame,
    measured: Sequence[Measured],
    verdicts: Sequence[Verdict],
) -> tuple[Coverage, ...]:
    """What the run shows about each standard; nothing else depends on it."""
    if not (adopted := _adopted(terms)):
        return ()
    release = terms["release"] or [c["name"] for c in terms["candidates"]]
    asked, found = list(standards.tags_of_rows(rows).values()), [m.covered for m in measured]
    estimates = [e for m in measured for e in m.estimates]
    return standards.cover(adopted, asked, found, estimates, verdicts, release, standards.names_of(terms["bench"]))


def _main(measured: Sequence[Measured], policy: Policy) -> set[tuple[str, str]]:
    """The main metrics: the first of each scorer that has a good direction, and those that gates name."""
    ranked = ([(m.facts.name, f.name) for f in m.facts.metrics if f.better is not None] for m in measured)
    return {own[0] for own in ranked if own} | {(gate.scorer, gate.metric) for gate in policy.gates}


def _slices(terms: Terms, rows: pd.DataFrame) -> list[Mapping[str, str]]:
    gates = Policy.from_json(terms["policy"]).gates
    tags = dict.fromkeys([*terms["slices"], *tags_of(gates)])
    return slices_of(rows, [*tags], (g.where for g in gates))


def _told(terms: Terms, policy: Policy) -> dict[str, Any]:
    """What readers are told of the policy; nothing where nothing was to be judged."""
    if not (policy.gates or policy.digest):
        return {}
    told: dict[str, Any] = {"name": policy.name, "sha256": policy.digest, "confidence": policy.confidence}
    return {**told, "since": terms["policy_since"], "source": policy.source}


def _changed(terms: Terms) -> list[Reason]:
    """That the policy was not there before the first answer, or was another one."""
    since = terms["policy_since"]
    return [Reason("policy_changed", {"n": since})] if since and terms["policy"]["gates"] else []


def _looked(terms: Terms, rows: pd.DataFrame) -> list[Reason]:
    """That the run stopped before its last prompt, or why it could not."""
    looks, asked = terms["looks"], int(rows["prompt"].nunique())
    if "hindered_by" in looks:
        by = looks["hindered_by"]
        return [Reason("no_early_stop", {"gate": by}) if by else Reason("no_early_order")]
    if not looks or asked == looks["planned"]:
        return []
    saved = 1 - asked / looks["planned"]
    return [Reason("stopped_early", {"prompts": asked, "planned": looks["planned"], "saved": saved})]


def _partial(terms: Terms) -> list[Reason]:
    """Why fewer outputs were asked for than the bench describes."""
    reasons = [Reason("limited", {"limit": terms["limit"]})] if terms["limit"] is not None else []
    reasons += [Reason("bad_rows", {"n": terms["left_out"]})] if terms["left_out"] else []
    return reasons


def _lost(rows: pd.DataFrame) -> list[Reason]:
    """Which outputs were never asked for, and which candidates gave none at all."""
    reasons = []
    for kind in UNASKED:
        if lost := int((rows["error"] == kind).sum()):
            reasons.append(Reason(kind, {"n": lost, "planned": len(rows)}))
    for name, outcomes in rows.groupby("candidate", sort=False)["outcome"]:
        if (outcomes == "error").all():
            reasons.append(Reason("unanswered", {"candidate": str(name)}))
    return reasons


def _unjudged(terms: Terms, policy: Policy, verdicts: Sequence[Verdict]) -> list[Reason]:
    """Which candidates the bench puts up for release, and no gate looks at.

    One that another of them is compared with needs none.
    """
    release = terms["release"] if policy.gates else []
    seen = {verdict.candidate for verdict in verdicts}
    others = {gate.claim.other for gate in policy.gates if isinstance(gate.claim, Against)}
    if BASELINE in others and policy.baseline is not None and not policy.baseline.run:
        others.add(policy.baseline.candidate)
    open_ = [name for name in release if name not in seen and not (name in others and seen & {*release})]
    return [Reason("unjudged", {"candidate": name}) for name in open_]


def _verdicts(terms: Terms, policy: Policy, rows: pd.DataFrame, measured: Sequence[Measured]) -> list[Verdict]:
    """In the policy's order: its gates, what else it needs, its waivers."""
    by_place = {place: found for m in measured for place, found in m.verdicts.items()}
    gates = [verdict for place in sorted(by_place) for verdict in by_place[place]]
    signatures = {name: own["signature"] for name, own in terms["scorers"].items()}
    needed = requirements(policy, lambda tags: _prompts(rows, tags), signatures)
    return waive([*gates, *needed], policy.waivers, terms["today"])


def _facts(
    name: str, plugin: Plugin, made: MadeOf, signature: str | None = None, metrics: Sequence[MetricFacts] = ()
) -> PluginFacts:
    told = plugin.signature() if signature is None else signature
    return PluginFacts(name, told, identity_of(made), plugin.title, tuple(metrics), languages=plugin.languages)


def _candidate(name: str, plugin: Plugin, made: MadeOf) -> PluginFacts:
    return replace(_facts(name, plugin, made), defaults=made["defaults"], facts=made["facts"])


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
