"""The shape of bench.yaml, once: what is checked, what editors complete and what the documentation says.

name: quickstart                     # names the report's folder
prompts:                             # one or more sets
  - prompts/quickstart.jsonl
  - {path: data.json, fields: {id: question_id, prompt: question}, tags: {lang: zh}}
candidates:                          # name | {name: first option} | {name: {option: value}}
  - echo
  - {name: careful, generator: {replay: {path: recorded/careful.jsonl}}, note: what readers should know}
  - name: cloud                      # called: each answer is a request to a server or a program
    generator: {openai_compatible: {base_url: https://api.example.com/v1, model: m, api_key_env: EXAMPLE_KEY}}
    matrix: {temperature: [0.2, 1.0]}       # becomes cloud[temperature=0.2] and cloud[temperature=1.0]
    limits: {concurrency: 16, requests_per_minute: 600, max_cost: 5}
    price: {input: 0.27, output: 1.10, currency: USD}
release: careful                     # the candidates that gates judge; default: all
samples: 1                           # draws per prompt
seed: 0
scorers:                             # as candidates
  - toxicity
  - {name: nli, scorer: {groundedness: {model: ./models/nli}}, limits: {seconds: 30}}
slices: [lang, category]             # tags to report by
gates:
  - toxicity.toxic_fraction <= 5 %
  - {gate: pii.leak_rate <= 0.05, where: {lang: zh}, candidate: careful}
cards: [cards/toxicity.json]         # how good scorers are on labelled examples: `aigc-eval validate`
require_validated: true              # gates on a scorer without a card for a language are undetermined
standards: [tc260-003, ./ours.yaml]  # what the run is compared with: `aigc-eval list standards`
policy: policy.yaml                  # instead of gates: see `config.policy_shape`
report: {formats: [html, csv, json, junit, markdown], languages: [en, zh]}
# also: edition: public | reviewer | internal (whose reports they are), csv: {bom: false}, formats: [..., parquet]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, get_args

from pydantic import Field

from aigc_eval.records import Edition

__all__ = [
    "EDITIONS",
    "FORMATS",
    "LANGUAGES",
    "AllowListShape",
    "BenchShape",
    "CandidateShape",
    "CsvShape",
    "GateShape",
    "NamedCandidate",
    "PromptsShape",
    "ReportShape",
    "ScorerShape",
    "Text",
]

Format = Literal["html", "csv", "json", "junit", "markdown", "github", "gitlab", "sarif", "parquet"]
Language = Literal["en", "zh"]
FORMATS: tuple[Format, ...] = ("html", "csv", "json", "junit", "markdown")
"""What is written unless the bench says otherwise; the others are asked for by name."""
LANGUAGES: tuple[Language, ...] = get_args(Language)
EDITIONS: tuple[Edition, ...] = get_args(Edition)
"""From the one that tells least to the one that tells all."""

# A leading dot would hide the folder; a leading dash would read as an option.
BenchName = Annotated[str, Field(pattern=r"^[a-z0-9_][a-z0-9_.-]{0,63}$")]
# Names become columns, `scorer.part` and `scorer:status`, and gates: no dots for scorers.
CandidateName = Annotated[str, Field(pattern=r"^\w[\w.-]{0,63}$")]
# A candidate of a matrix is named by its options too: cloud[temperature=0.2]; `cloud` stands for all of them.
NamedCandidate = Annotated[str, Field(pattern=r"^\w[\w.-]{0,63}(\[[^\[\]]{1,400}\])?$")]
ScorerName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$")]
Candidates = NamedCandidate | Annotated[tuple[NamedCandidate, ...], Field(min_length=1)] | None
Text = Annotated[str, Field(min_length=1, max_length=2000)]


@dataclass(frozen=True)
class BenchShape:
    """A bench: prompt sets, candidates that answer them, scorers that score the answers, gates that judge."""

    name: Annotated[BenchName, Field(description="names the report's folder: a-z, 0-9, dash, dot, underscore")]
    prompts: Annotated[tuple[Any, ...], Field(min_length=1, description="prompt sets: files, or how to read them")]
    candidates: Annotated[tuple[Any, ...], Field(min_length=1, description="generators to compare")]
    scorers: Annotated[tuple[Any, ...], Field(min_length=1, description="what every answer is scored for")]
    release: Annotated[
        Candidates,
        Field(description="the candidates that gates judge; default: all"),
    ] = None
    samples: Annotated[int, Field(ge=1, le=10_000, description="draws per prompt")] = 1
    seed: Annotated[int, Field(ge=0, lt=2**63, description="decides the seed of every draw")] = 0
    slices: Annotated[tuple[Text, ...], Field(description="tags of prompts to report by")] = ("lang",)
    gates: Annotated[tuple[Any, ...], Field(description="limits that decide the verdict")] = ()
    policy: Annotated[Text | None, Field(description="a policy file, instead of gates")] = None
    report: Annotated[Any, Field(description="what is written")] = None
    cards: Annotated[
        tuple[Text, ...], Field(description="scorer cards: how good scorers are on labelled examples")
    ] = ()
    require_validated: Annotated[
        bool, Field(description="gates need a scorer with a card for every language; with a policy, set it there")
    ] = False
    standards: Annotated[tuple[Any, ...], Field(description="standards that the report compares the run with")] = ()


@dataclass(frozen=True)
class PromptsShape:
    """A prompt set and how to read it."""

    path: Text
    fields: Annotated[Mapping[str, Any] | None, Field(description="where in a record the id, prompt, ... stand")] = None
    tags: Annotated[Mapping[str, str] | None, Field(description="tags for prompts that have none of the name")] = None


@dataclass(frozen=True)
class CandidateShape:
    """A candidate under a name of its own."""

    generator: Annotated[Any, Field(description="the generator and its options")]
    name: Annotated[CandidateName | None, Field(description="default: the generator's name")] = None
    note: Annotated[str, Field(max_length=2000, description="what readers of the report should know")] = ""
    matrix: Annotated[
        Mapping[str, Annotated[tuple[Any, ...], Field(min_length=1, max_length=100)]] | None,
        Field(min_length=1, description="options with several values each: one candidate a combination"),
    ] = None
    limits: Annotated[Any, Field(description="how calls are made: how many at a time, how fast, how long")] = None
    price: Annotated[Any, Field(description="what a million tokens cost")] = None


@dataclass(frozen=True)
class ScorerShape:
    """A scorer under a name of its own."""

    scorer: Annotated[Any, Field(description="the scorer and its options")]
    name: Annotated[ScorerName | None, Field(description="default: the scorer's name")] = None
    limits: Annotated[Any, Field(description="seconds and memory that one output may take")] = None


@dataclass(frozen=True)
class GateShape:
    """A gate on a slice of the prompts, or on some candidates only."""

    gate: Annotated[Text, Field(description="scorer.metric <= limit, or >=")]
    where: Annotated[Mapping[str, str], Field(description="only prompts with these tags")] = field(default_factory=dict)
    candidate: Annotated[
        Candidates,
        Field(description="which candidates it judges; default: those up for release"),
    ] = None
    require_validated: Annotated[
        bool | None, Field(description="whether its scorer needs a card for every language; default: as for all gates")
    ] = None


@dataclass(frozen=True)
class CsvShape:
    """How tables are written."""

    bom: Annotated[bool, Field(description="begin with a byte order mark, which Excel needs to read Chinese")] = True


@dataclass(frozen=True)
class ReportShape:
    """What is written beside the verdict."""

    formats: Annotated[tuple[Format, ...], Field(min_length=1)] = FORMATS
    languages: Annotated[tuple[Language, ...], Field(min_length=1, description="the first is shown first")] = LANGUAGES
    edition: Annotated[
        Edition,
        Field(description="for whom: public (counts only), reviewer (texts, masked) or internal (texts as they are)"),
    ] = "reviewer"
    csv: Annotated[Any, Field(description="how tables are written")] = None


@dataclass(frozen=True)
class AllowListShape:
    """What `--allow-list FILE` may hold: what benches may run, and where they may send prompts and answers."""

    code: Annotated[tuple[Text, ...], Field(description="module:Class, or what an error asks to put here")] = ()
    hosts: Annotated[tuple[Text, ...], Field(description="names of hosts, with or without a port")] = ()
