"""What is asked and what comes back: Prompt -> Request -> Generation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from aigc_eval.records.base import Record

__all__ = ["ERROR_KINDS", "OUTCOMES", "UNASKED", "ErrorKind", "Generation", "Message", "Outcome", "Prompt", "Request"]

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
UNASKED: tuple[ErrorKind, ...] = ("gave_up", "over_budget")
"""Kinds of error of outputs that were not asked for: there was no sense or no money in going on."""


@dataclass(frozen=True, slots=True)
class Message(Record):
    """One earlier turn of a conversation; role is system, user or assistant."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Prompt(Record):
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
class Request(Record):
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
class Generation(Record):
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
