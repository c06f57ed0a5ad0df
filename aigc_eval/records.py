"""The values that travel through a run: frozen, comparable, and the same again after JSON.

    Prompt -> Request -> Generation -> Score          (one item each)
    rows of scores -> Estimate -> Verdict             (one number each)

A `Score` has a finite value or says why not. Nothing here is ever NaN.
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ERROR_KINDS",
    "OUTCOMES",
    "POLICY",
    "Bilingual",
    "ErrorKind",
    "Estimate",
    "Generation",
    "Message",
    "MetricFacts",
    "Outcome",
    "PluginFacts",
    "Prompt",
    "Reason",
    "Request",
    "Run",
    "Score",
    "Sees",
    "Span",
    "Verdict",
    "Waiver",
    "Zone",
    "canonical",
    "digest",
]

Outcome = Literal["ok", "truncated", "empty", "refused", "filtered", "error"]
OUTCOMES: tuple[Outcome, ...] = ("ok", "truncated", "empty", "refused", "filtered", "error")
ErrorKind = Literal[
    "rate_limited",
    "server",
    "connection",
    "timeout",
    "bad_response",
    "too_large",
    "wrong_model",
    "rejected",
    "unauthorised",
    "redirected",
    "crashed",
    "raised",
    "missing",
    "gave_up",
    "over_budget",
]
"""Why there is no answer:

rate_limited    the server asked to slow down (429)
server          the server failed (5xx)
connection      no connection, or one that broke
timeout         no whole answer in time
bad_response    an answer came that is none: no JSON, no choices, an error in a success
too_large       an answer larger than is read
wrong_model     another model answered than was asked
rejected        the server refuses this request (400, 404, 422, ...)
unauthorised    the server refuses the key (401, 403)
redirected      the server sends us elsewhere, which is not followed
crashed         the candidate's own process died
raised          the plug-in raised an exception
missing         nothing was recorded for this prompt
gave_up         not asked: too many calls before it had failed
over_budget     not asked: the run's cap of tokens or cost was reached
"""
ERROR_KINDS: tuple[ErrorKind, ...] = get_args(ErrorKind)
Better = Literal["lower", "higher"]
Sees = Literal["answer", "siblings", "call"]
_SCALARS = frozenset({str, int, float, bool, type(None)})
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
Status = Literal["pass", "fail", "undetermined"]
RunStatus = Literal["pass", "fail", "undetermined", "not_gated"]
POLICY = "(policy)"
"""Stands for the candidate in verdicts about the policy itself; no candidate can be called so."""
Zone = tuple[float | None, float | None]
"""Where a number must lie, both ends included; None for an end without limit."""


@cache
def _spec(kind: type) -> tuple[tuple[str, Any, bool], ...]:
    """Name, default and part in identity of each field of a record class; computed once a class."""
    return tuple(
        (f.name, f.default_factory() if f.default_factory is not MISSING else f.default, f.compare)
        for f in fields(kind)
    )


def _plain(value: Any, identity: bool = False) -> Any:
    """JSON-ready form of a record without default-valued fields; `identity` leaves out facts that do not compare."""
    kind = type(value)
    if kind in _SCALARS:
        return value
    if kind is tuple or kind is list:
        return [_plain(v, identity) for v in value]
    if is_dataclass(kind):
        found = {}
        for name, default, compares in _spec(kind):
            own = getattr(value, name)
            if (compares or not identity) and not (type(own) is type(default) and own == default):
                found[name] = _plain(own, identity)
        return found
    if isinstance(value, Mapping):
        return {str(k): _plain(v, identity) for k, v in value.items()}
    return value


def canonical(value: Any) -> str:
    """One JSON text for one value: sorted keys, no spaces, ASCII only, no NaN.

    >>> canonical({"b": 1, "a": "中"})
    '{"a":"\\\\u4e2d","b":1}'
    """
    return _CANONICAL.encode(_plain(value, True))


def digest(*values: Any) -> str:
    """A 128-bit BLAKE2b fingerprint of values, in hex; equal values have equal digests.

    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    True
    """
    text = "\x1f".join(canonical(v) for v in values)
    return hashlib.blake2b(text.encode("ascii"), digest_size=16).hexdigest()


class _Record:
    """JSON round trip for the frozen dataclasses below."""

    def to_json(self) -> dict[str, Any]:
        """Plain dict without default-valued fields; `from_json` is its inverse."""
        plain: dict[str, Any] = _plain(self)
        return plain

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild the record; unknown keys are an error."""
        return cls(**data)


@dataclass(frozen=True, slots=True)
class Bilingual(_Record):
    """The same words in English and Chinese; without Chinese, English stands in.

    >>> Bilingual("pass", "通过").in_("zh")
    '通过'
    """

    en: str
    zh: str = ""

    def in_(self, lang: str) -> str:
        """The words in `lang` ("en" or "zh")."""
        return (self.zh or self.en) if lang == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Message(_Record):
    """One earlier turn of a conversation; role is system, user or assistant."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Prompt(_Record):
    """One question to put to a candidate.

    `text` is the last user turn, `messages` what came before it (a system prompt, earlier turns). `references` are
    right answers, `evidence` the passages that an answer must be supported by. `choices` are the answers to choose
    among, the right ones repeated in `references`. `tags` (lang, category, ...) are what reports and gates slice by;
    `fields` fill templates and tell scorers what they need (lists and objects as JSON texts). Prompts that differ in
    one tag only, written from one template, name it in `variant_of`.
    """

    id: str
    text: str
    references: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    messages: tuple[Message, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    choices: tuple[str, ...] = ()
    variant_of: str = ""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Prompt:
        """Rebuild a prompt from `to_json`."""
        known = dict(data)
        for texts in ("references", "evidence", "choices"):
            known[texts] = tuple(known.get(texts, ()))
        known["messages"] = tuple(Message(**m) for m in known.get("messages", ()))
        return cls(**known)


@dataclass(frozen=True, slots=True)
class Request(_Record):
    """One draw to make: a prompt, which sample of it, and the seed of that draw.

    The seed depends on the bench's seed, the prompt's id and the sample only, so it is the same for every candidate
    and does not depend on which other prompts are in the set.
    """

    prompt: Prompt
    sample: int = 0
    seed: int = 0

    def answer(
        self,
        text: str,
        outcome: Outcome = "ok",
        *,
        seconds: float | None = None,
        detail: str = "",
        usage: Mapping[str, int] | None = None,
        likelihoods: Sequence[float] = (),
        logprob: float | None = None,
        error: ErrorKind | Literal[""] = "",
    ) -> Generation:
        """The generation that answers this request; an "ok" without any text becomes "empty".

        `error` is the kind of failure, for the outcome "error" only.
        """
        if outcome == "ok" and not text.strip():
            outcome = "empty"
        kind = (error or "raised") if outcome == "error" else ""
        return Generation(
            self, text, outcome, seconds, detail, dict(usage or {}), tuple(likelihoods), logprob, error=kind
        )


@dataclass(frozen=True, slots=True)
class Generation(_Record):
    """What a candidate answered to one request.

    `likelihoods` are natural log-likelihoods of the prompt's choices, one each, and `logprob` that of the whole
    answer, where the generator knows them. `seconds` and `usage` (input_tokens, output_tokens) are facts about the
    call, as are `attempts` (how often it was asked) and, where the outcome is "error", the kind of `error`. None of
    these takes part in equality: an answer is its text and how it ended. `siblings` are the candidate's other answers
    to the same prompt, in order of their samples; they are there for a scorer that `sees` them.
    """

    request: Request
    text: str
    outcome: Outcome = "ok"
    seconds: float | None = field(default=None, compare=False)
    detail: str = field(default="", compare=False)
    usage: Mapping[str, int] = field(default_factory=dict, compare=False)
    likelihoods: tuple[float, ...] = field(default=(), compare=False)
    logprob: float | None = field(default=None, compare=False)
    siblings: tuple[Generation, ...] = field(default=(), compare=False, repr=False)
    error: ErrorKind | Literal[""] = field(default="", compare=False)
    attempts: int = field(default=1, compare=False)

    @property
    def prompt(self) -> Prompt:
        """The prompt that was answered."""
        return self.request.prompt


@dataclass(frozen=True, slots=True)
class Span(_Record):
    """Evidence: characters `start` to `end` (half-open) of the output, or of the prompt, and what they are.

    `sensitive` spans (personal data, secrets) are masked in every report; their raw text stays in the journal.
    A span marks a fault unless it `supports` the answer (a reference that it contains).
    """

    start: int
    end: int
    label: str
    sensitive: bool = False
    target: Literal["output", "prompt"] = "output"
    supports: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise ValueError(f"span {self.label!r} has no characters: start {self.start}, end {self.end}")


@dataclass(frozen=True, slots=True)
class Score(_Record):
    """One scorer's view of one generation.

    `value` is a finite float, or None. None with `error` set: it should have been scored and was not, and counts as
    the worst. None without `error`: it does not apply, and `note` says why. `parts` are named finite floats:
    sub-labels and sufficient statistics (a negative log-likelihood, a token count) that metrics add up. `vector` is an
    embedding, for metrics over sets; it is kept in single precision.

    >>> Score(float("nan"))
    Traceback (most recent call last):
    ...
    ValueError: a score must be a finite number, not nan
    """

    value: float | None = None
    parts: Mapping[str, float] = field(default_factory=dict)
    spans: tuple[Span, ...] = ()
    note: str = ""
    error: str = ""
    vector: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        numbers = [*self.parts.values(), *self.vector, *([] if self.value is None else [self.value])]
        for number in numbers:
            if not isinstance(number, int | float) or not math.isfinite(number):
                raise ValueError(f"a score must be a finite number, not {number!r}")
        if self.value is None and not (self.error or self.note):
            raise ValueError("a score without a value must say why: set error or note")
        if self.value is not None and self.error:
            raise ValueError("a score has a value or an error, not both")

    def to_json(self) -> dict[str, Any]:
        """Plain dict; the vector as Base64 of little-endian single-precision numbers, a tenth of its digits."""
        plain: dict[str, Any] = _plain(replace(self, vector=()))
        if self.vector:
            plain["vector"] = b64encode(struct.pack(f"<{len(self.vector)}f", *self.vector)).decode("ascii")
        return plain

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Score:
        """Rebuild a score from `to_json`."""
        known = dict(data)
        known["spans"] = tuple(Span(**s) for s in known.get("spans", ()))
        packed = b64decode(known.get("vector", ""))
        known["vector"] = struct.unpack(f"<{len(packed) // 4}f", packed)
        return cls(**known)


@dataclass(frozen=True, slots=True)
class Estimate(_Record):
    """One reported number: a metric of one candidate over one slice.

    `value` is None where nothing was scored. `low` and `high` bound it at `level`; both are None where there are
    too few prompts for an interval. `adverse` is the same metric with every unscored output counted as the worst; None
    where the metric has no worst. Counts are outputs, `prompts` the independent clusters among the scored ones.
    """

    candidate: str
    scorer: str
    metric: str
    slice: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    adverse: float | None = None
    adverse_low: float | None = None
    adverse_high: float | None = None
    planned: int = 0
    scored: int = 0
    failed: int = 0
    not_applicable: int = 0
    prompts: int = 0
    level: float = 0.95
    method: str = ""
    against: str = ""
    relative: bool = False

    @property
    def name(self) -> str:
        """The name that gates use, such as `toxicity.toxic_fraction`."""
        return f"{self.scorer}.{self.metric}"


@dataclass(frozen=True, slots=True)
class Reason(_Record):
    """Why a verdict is what it is: a code that the reports put into words, and the figures for it."""

    code: str
    figures: Mapping[str, float | int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Waiver(_Record):
    """Leave for a gate not to pass: whose, why and until which day (ISO 8601, that day included).

    `gate` is a gate as written, or the metric's name (`toxicity.toxic_fraction`) for all gates on it; `candidate` names
    one, or "" means any. It covers verdicts of the statuses in `covers`. It never alters what was measured.
    """

    gate: str
    owner: str
    reason: str
    expires: str
    candidate: str = ""
    covers: tuple[Status, ...] = ("fail",)


@dataclass(frozen=True, slots=True)
class Verdict(_Record):
    """A gate's answer for one candidate: pass, fail or undetermined, with its reasons.

    `zone` is where the number must lie, None for an end without limit. A `waiver` says that the run may pass although
    this gate does not; `status` stays what was measured.
    """

    gate: str
    candidate: str
    status: Status
    reasons: tuple[Reason, ...]
    zone: Zone = (None, None)
    estimate: Estimate | None = None
    waiver: Waiver | None = None

    @property
    def counts_as(self) -> Status:
        """The status that decides about the run."""
        return "pass" if self.waiver is not None else self.status

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Verdict:
        """Rebuild a verdict from `to_json`."""
        known = dict(data)
        known["reasons"] = tuple(Reason(**r) for r in known["reasons"])
        known["zone"] = tuple(known.get("zone", (None, None)))
        known["estimate"] = Estimate(**known["estimate"]) if known.get("estimate") else None
        if waiver := known.get("waiver"):
            covers = {"covers": tuple(waiver["covers"])} if "covers" in waiver else {}
            known["waiver"] = Waiver(**{**waiver, **covers})
        return cls(**known)


@dataclass(frozen=True, slots=True)
class MetricFacts(_Record):
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
class PluginFacts(_Record):
    """A candidate's generator or a scorer, as the run used it; `metrics` is empty for candidates.

    `masks`: the scorer marks personal data, which reports then mask. `sees`: what its scores depend on. `languages`
    are those it is for ("any" or language tags), `outcomes` those of the outputs that it scores.
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

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> PluginFacts:
        """Rebuild from `to_json`."""
        known = dict(data)
        known["title"] = Bilingual(**known.get("title", {"en": ""}))
        known["languages"] = tuple(known.get("languages", ()))
        known["outcomes"] = tuple(known.get("outcomes", ()))
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

    `places` says where the gates stand, each as written, and under "" the bench: `benchmarks/bench.yaml:9`.
    `key` is the run's own key for keyed hashes of masked values. `release` is False for a partial run (a limit, say),
    whose verdict must not be used for a release. `policy` is what judged it: its `name`, `sha256`, `confidence`,
    `source` (as written) and, where it was changed after the first answer, `changed` (how many answers there were).
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

    def facts(self) -> dict[str, Any]:
        """Everything but the rows and the key, ready for JSON (run.json)."""
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self) if f.name not in ("rows", "key")}

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any], rows: pd.DataFrame, key: bytes) -> Run:
        """Rebuild a run from run.json's content, its rows and its key."""
        known = dict(facts)
        known["candidates"] = tuple(map(PluginFacts.from_json, known["candidates"]))
        known["scorers"] = tuple(map(PluginFacts.from_json, known["scorers"]))
        known["slices"] = tuple(known["slices"])
        known["estimates"] = tuple(Estimate(**e) for e in known["estimates"])
        known["verdicts"] = tuple(map(Verdict.from_json, known["verdicts"]))
        known["reasons"] = tuple(Reason(**r) for r in known["reasons"])
        return cls(rows=rows, key=key, **known)
