"""A finished run, and the facts about what took part in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, get_args

from aigc_eval.records.answers import Outcome
from aigc_eval.records.base import Bilingual, Record, plain
from aigc_eval.records.cards import Correction, ScorerCard
from aigc_eval.records.differences import Difference
from aigc_eval.records.labels import Labelled
from aigc_eval.records.reviews import Review, Reviewed
from aigc_eval.records.standards import Coverage
from aigc_eval.records.verdicts import Estimate, Reason, RunStatus, Verdict

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DIMENSIONS", "SAFETY", "Better", "Dimension", "MetricFacts", "PluginFacts", "Run", "Sees"]

Better = Literal["lower", "higher"]
Sees = Literal["answer", "siblings", "call"]
Dimension = Literal[
    "fluency", "diversity", "toxicity", "pii", "factuality", "bias", "refusal", "memorisation", "control", "cost"
]
"""What a scorer can be about: what a release is expected to look at."""
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
SAFETY: frozenset[Dimension] = frozenset({"toxicity", "pii", "bias", "refusal", "memorisation"})
"""The dimensions in which an output can harm."""


@dataclass(frozen=True, slots=True)
class MetricFacts(Record):
    """What a report needs to know of a metric: see `metrics.Metric` for the fields."""

    name: str
    better: Better | None
    bounds: tuple[float | None, float | None]
    unit: str
    title: Bilingual
    about: Bilingual
    source: str
    ranks: bool = True


@dataclass(frozen=True, slots=True)
class PluginFacts(Record):
    """A candidate's generator or a scorer, as the run used it; `metrics` is empty for candidates.

    `masks`: the scorer marks personal data, which reports then mask. `sees`: what its scores depend on. `languages`
    are those it is for ("any" or language tags), `outcomes` those of the outputs that it scores. `dimensions`: what it
    is about. Of a candidate: `defaults` are the options that were left alone, `facts` what the others lead to (digests
    of files and models, the device).
    """

    name: str
    signature: str
    identity: str
    title: Bilingual = Bilingual("")
    metrics: tuple[MetricFacts, ...] = ()
    masks: bool = False
    sees: Sees = "answer"
    languages: tuple[str, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    dimensions: tuple[Dimension, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> PluginFacts:
        """Rebuild from `to_json`."""
        known = dict(data)
        known["title"] = Bilingual(**known.get("title", {"en": ""}))
        known["languages"] = tuple(known.get("languages", ()))
        known["outcomes"] = tuple(known.get("outcomes", ()))
        known["dimensions"] = tuple(known.get("dimensions", ()))
        known["metrics"] = tuple(
            MetricFacts(
                **{
                    **m,
                    "bounds": tuple(m["bounds"]),
                    "title": Bilingual(**m["title"]),
                    "about": Bilingual(**m["about"]),
                }
            )
            for m in known.get("metrics", ())
        )
        return cls(**known)


@dataclass(frozen=True)
class Run:
    """A finished run: all that a report may read.

    `rows` is a pandas frame, one row a generation, in the order candidate, prompt, sample:

        candidate, prompt, sample      str, str, int: the row's identity
        prompt_text, text, outcome     what was asked, what came back, and how it ended
        detail, seconds                remarks of the generator, seconds of the call (NaN if unknown)
        error, attempts                kind of error ("" if none), how often the candidate was asked
        lang, tag.<name>               the prompt's tags; lang falls back to the prompt's script
        references, evidence           tuples of right answers and of passages
        usage.<name>, likelihoods      tokens of the call; log-likelihoods of the choices (tuple)
        variant_of                     template that counterfactual prompts share ("" if none)
        <scorer>                       the score's value (NaN if none)
        <scorer>:status                "scored", "failed" or "na"
        <scorer>:note                  why there is no value, or a remark
        <scorer>:spans                 tuple of Span
        <scorer>:vector                embedding (tuple), where the scorer gives any
        <scorer>.<part>                the score's named parts

    `id` tells the run from every other one, and stays when it is concluded again.
    `places` says where the gates stand, each as written, and under "" the bench: `benchmarks/bench.yaml:9`.
    `key` is the run's own key for keyed hashes of masked values. `release` is False for a partial run (a limit, say),
    whose verdict must not be used for a release. `policy` is what judged it: its `name`, `sha256`, `confidence`,
    `source` (as written) and `since` (how many answers there were when it came; 0 where it was there before them).
    `standards` is what it shows about the clauses of standards, on which no verdict depends.
    `reviews` are the decisions of people about flags, in the order in which they were recorded, and `reviewed` what
    follows from them; no other field depends on them.
    `cards` say how good its scorers are, `labelled` how much of what was drawn for people they have labelled, and
    `corrections` what rates become with either.
    """

    name: str
    created: str
    bench: Mapping[str, Any]
    versions: Mapping[str, str]
    candidates: tuple[PluginFacts, ...]
    scorers: tuple[PluginFacts, ...]
    slices: tuple[str, ...]
    rows: pd.DataFrame
    estimates: tuple[Estimate, ...]
    verdicts: tuple[Verdict, ...]
    status: RunStatus
    exit_code: int
    reasons: tuple[Reason, ...]
    release: bool
    prompts: int
    samples: int
    digests: Mapping[str, str]
    places: Mapping[str, str] = field(default_factory=dict)
    key: bytes = field(repr=False, default=b"")
    policy: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""
    standards: tuple[Coverage, ...] = ()
    differences: tuple[Difference, ...] = ()
    reviews: tuple[Review, ...] = ()
    reviewed: Reviewed = field(default_factory=Reviewed)
    cards: tuple[ScorerCard, ...] = ()
    labelled: tuple[Labelled, ...] = ()
    corrections: tuple[Correction, ...] = ()

    def overall(self) -> dict[tuple[str, str, str], Estimate]:
        """The estimates over all rows, by candidate, scorer and metric."""
        return {(e.candidate, e.scorer, e.metric): e for e in self.estimates if not e.slice}

    def facts(self) -> dict[str, Any]:
        """Everything but the rows and the key, ready for JSON (run.json)."""
        return {f.name: plain(getattr(self, f.name)) for f in fields(self) if f.name not in ("rows", "key")}

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any], rows: pd.DataFrame, key: bytes) -> Run:
        """Rebuild a run from run.json's content, its rows and its key."""
        known = dict(facts)
        known["candidates"] = tuple(map(PluginFacts.from_json, known["candidates"]))
        known["scorers"] = tuple(map(PluginFacts.from_json, known["scorers"]))
        known["slices"] = tuple(known["slices"])
        known["estimates"] = tuple(Estimate(**e) for e in known["estimates"])
        known["verdicts"] = tuple(map(Verdict.from_json, known["verdicts"]))
        known["differences"] = tuple(Difference(**d) for d in known.get("differences", ()))
        known["reasons"] = tuple(Reason(**r) for r in known["reasons"])
        known["standards"] = tuple(map(Coverage.from_json, known.get("standards", ())))
        known["reviews"] = tuple(Review(**r) for r in known.get("reviews", ()))
        known["reviewed"] = Reviewed.from_json(known.get("reviewed", {}))
        known["cards"] = tuple(map(ScorerCard.from_json, known.get("cards", ())))
        known["labelled"] = tuple(map(Labelled.from_json, known.get("labelled", ())))
        known["corrections"] = tuple(map(Correction.from_json, known.get("corrections", ())))
        return cls(rows=rows, key=key, **known)
