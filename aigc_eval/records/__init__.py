"""The values that travel through a run: frozen, comparable, and the same again after JSON.

    Prompt -> Request -> Generation -> Score          (one item each)
    rows of scores -> Estimate -> Verdict             (one number each)

A `Score` has a finite value or says why not. Nothing here is ever NaN.
"""

from aigc_eval.records.answers import (
    ERROR_KINDS,
    OUTCOMES,
    UNASKED,
    ErrorKind,
    Generation,
    Message,
    Outcome,
    Prompt,
    Request,
)
from aigc_eval.records.base import Bilingual, Record, canonical, digest
from aigc_eval.records.cards import (
    NO_LANGUAGE,
    RATE_KINDS,
    Accuracy,
    Correction,
    Figure,
    RateKind,
    ReliabilityBin,
    ScorerCard,
    uncovered,
)
from aigc_eval.records.differences import SURE, Difference
from aigc_eval.records.labels import STRATA, Drawing, Label, Labelled, RaterAgreement, Sheet, Stratum
from aigc_eval.records.reviews import DECISIONS, Concordance, Decision, Precision, Review, Reviewed
from aigc_eval.records.run import DIMENSIONS, SAFETY, Better, Dimension, MetricFacts, PluginFacts, Run, Sees
from aigc_eval.records.scores import Score, Span
from aigc_eval.records.standards import (
    CLAUSE_STATUSES,
    Adopted,
    ClassFound,
    Clause,
    ClauseCheck,
    ClauseFound,
    ClauseStatus,
    Coverage,
    RiskClass,
    Rule,
    Standard,
)
from aigc_eval.records.verdicts import POLICY, Edition, Estimate, Reason, RunStatus, Status, Verdict, Waiver, Zone

__all__ = [
    "CLAUSE_STATUSES",
    "DECISIONS",
    "DIMENSIONS",
    "ERROR_KINDS",
    "NO_LANGUAGE",
    "OUTCOMES",
    "POLICY",
    "RATE_KINDS",
    "SAFETY",
    "STRATA",
    "SURE",
    "UNASKED",
    "Accuracy",
    "Adopted",
    "Better",
    "Bilingual",
    "ClassFound",
    "Clause",
    "ClauseCheck",
    "ClauseFound",
    "ClauseStatus",
    "Concordance",
    "Correction",
    "Coverage",
    "Decision",
    "Difference",
    "Dimension",
    "Drawing",
    "Edition",
    "ErrorKind",
    "Estimate",
    "Figure",
    "Generation",
    "Label",
    "Labelled",
    "Message",
    "MetricFacts",
    "Outcome",
    "PluginFacts",
    "Precision",
    "Prompt",
    "RateKind",
    "RaterAgreement",
    "Reason",
    "Record",
    "ReliabilityBin",
    "Request",
    "Review",
    "Reviewed",
    "RiskClass",
    "Rule",
    "Run",
    "RunStatus",
    "Score",
    "ScorerCard",
    "Sees",
    "Sheet",
    "Span",
    "Standard",
    "Status",
    "Stratum",
    "Verdict",
    "Waiver",
    "Zone",
    "canonical",
    "digest",
    "uncovered",
]
