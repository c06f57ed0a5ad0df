"""All that a conclusion depends on beside answers, scores and metrics, as a record of the journal."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aigc_eval.cards import bundled
from aigc_eval.conclusion.facts import candidate_facts, versions
from aigc_eval.config import Bench
from aigc_eval.estimates import slices_of
from aigc_eval.gates import Policy, tags_of
from aigc_eval.plugin import MadeOf, Scorer, identity_of
from aigc_eval.records import Adopted, Prompt
from aigc_eval.stopping import looks_early
from aigc_eval.text import language

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Terms", "adopted", "hindered", "judged_by", "looks_of", "slices", "terms", "values_of"]

Terms = Mapping[str, Any]
"""All that a conclusion depends on beside answers, scores and metrics, as a record of the journal (see `terms`)."""


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
    candidates = [candidate_facts(c.name, c.plugin, bench.made_of["candidates"][c.name]) for c in bench.candidates]
    known = {
        "kind": "terms",
        "name": bench.name,
        "bench": bench.source,
        "versions": versions(),
        "candidates": [facts.to_json() for facts in candidates],
        "scorers": {s.name: _scored_by(s.plugin, bench.scored_with[s.name]) for s in bench.scorers},
        "release": bench.release,
        "slices": bench.slices,
        "standards": [one.to_json() for one in bench.standards],
        **_validated_by(bench, before, answers),
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


def _scored_by(scorer: Scorer, made: MadeOf) -> dict[str, Any]:
    """What the terms say of a scorer; `reads`, where there are any, are the scorers that its metrics read."""
    known = {"signature": scorer.signature(), "sees": scorer.sees, "made_of": made}
    reads = {metric.name: [*metric.reads] for metric in scorer.metrics() if metric.reads}
    return {**known, "reads": reads} if reads else known


def _validated_by(bench: Bench, before: Terms | None, answers: int) -> dict[str, Any]:
    """The cards that the bench names, then the bundled ones of its scorers, whole; and since how many answers."""
    known = {identity_of(made) for made in bench.scored_with.values()}
    cards = [*bench.cards, *(card for card in bundled() if card.identity in known)]
    plain = json.loads(json.dumps([card.to_json() for card in cards]))
    same = before is not None and before.get("cards", []) == plain
    since = before.get("cards_since", 0) if same and before is not None else answers
    return {"cards": plain, "cards_since": since if plain else 0}


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


def adopted(terms: Terms) -> list[Adopted]:
    """The standards of a run; none in one of an older version."""
    return [Adopted.from_json(one) for one in terms.get("standards", ())]


def slices(terms: Terms, rows: pd.DataFrame) -> list[Mapping[str, str]]:
    """The slices that numbers are reported for: by the bench's tags, and those of gates."""
    gates = Policy.from_json(terms["policy"]).gates
    tags = dict.fromkeys([*terms["slices"], *tags_of(gates)])
    return slices_of(rows, [*tags], (g.where for g in gates))
