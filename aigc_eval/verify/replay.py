"""The journal read again, record by record: each must be one that a run writes at that place."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from aigc_eval.answering import answering_keys, draws, recorded
from aigc_eval.config.origin import digests_of
from aigc_eval.gates import Policy
from aigc_eval.journal import NAME, Damaged, Line, encode, read_lines
from aigc_eval.labels import LABEL, SHEET, Key
from aigc_eval.plugin import identity_of
from aigc_eval.records import ERROR_KINDS, OUTCOMES, Generation, PluginFacts, Prompt, Score, ScorerCard, digest
from aigc_eval.reviews import KIND as REVIEW
from aigc_eval.reviews import basis
from aigc_eval.scoring import scoring_keys, seen
from aigc_eval.stopping import order_of_draws
from aigc_eval.verify.finding import Unfit
from aigc_eval.verify.finding import demand as _demand
from aigc_eval.verify.people import People

__all__ = ["Replay", "replay"]

_HEADER = {"kind", "created", "mask_key", "identity", "made_of"}


class Replay:
    """What a journal holds, after every record was found to belong where it stands.

    `answers` and `scores` are those that count, by the names of candidates and scorers, in the run's order; `head` is
    the first record, `terms` the last record of that kind, `reused` what was taken over, `checksum` the last line's;
    `people` is what they said.
    """

    def __init__(self) -> None:
        self.head: dict[str, Any] = {}
        self.terms: dict[str, Any] = {}
        self.prompts: list[Prompt] = []
        self.reused: list[dict[str, Any]] = []
        self.people = People()
        self.checksum = ""
        self.ended = False
        self._concluded = False
        self._ready = False
        self._generations: dict[str, Generation] = {}
        self._scores: dict[str, Score] = {}
        self._places: dict[str, tuple[set[str], int]] = {}
        self._score_keys: dict[str, list[str]] | None = None
        self._asked: set[str] = set()
        self._due = self._rounds = 0

    # What is known in the end

    @property
    def identities(self) -> Mapping[str, str]:
        """Candidates and their identities."""
        found: dict[str, str] = self.head["identity"]["candidates"]
        return found

    @property
    def planned(self) -> int:
        """How many answers the run asked for."""
        return self._due * len(self.identities)

    @property
    def answers(self) -> dict[str, list[Generation]]:
        """Every candidate's answers in order; complete once the run has ended."""
        asked = self._digests[: self._due]
        keys = {name: answering_keys(identity, asked) for name, identity in self.identities.items()}
        return {name: [self._generations[key] for key in own] for name, own in keys.items()}

    @property
    def scores(self) -> dict[str, list[Score]]:
        """Every scorer's scores of all answers, candidate by candidate."""
        return {name: [self._scores[key] for key in keys] for name, keys in self._keys_of_scores().items()}

    # Records, in the order in which a run writes them

    def take(self, record: Mapping[str, Any]) -> None:
        """Check one record against all before it and keep it; raises ValueError with what is wrong."""
        kind = record.get("kind")
        takers: Mapping[object, Callable[[Any], None]] = {
            "run": self._begin,
            "prompt": self._prompt,
            "ready": self._set_out,
            "terms": self._agree,
            "reuse": self._reuse,
            "round": self._round,
            "generation": self._answer,
            "score": self._score,
            "end": self._end,
            REVIEW: self._said,
            SHEET: self._said,
            LABEL: self._said,
        }
        _demand(kind in takers, f"a record of an unknown kind {kind!r:.80}")
        if kind not in ("run", "prompt", "ready"):
            _demand(self._ready, f"a record of the kind {kind} before the run began")
            _demand(kind == "terms" or self.terms, f"a record of the kind {kind} before the bench's terms")
        self.ended = False
        self._concluded = self._concluded and kind in (REVIEW, SHEET, LABEL)
        takers[kind](record)

    def _begin(self, record: Mapping[str, Any]) -> None:
        _demand(not self.head, "a second header")
        _demand(record.keys() - {"drawn"} == _HEADER, "a header without its parts, or with others")
        bytes.fromhex(record["mask_key"])
        own = {**digests_of(record["made_of"]), "limit": record["identity"]["limit"]}
        _demand(own == record["identity"], "the header's identity is not that of what the answers are made of")
        self.head = dict(record)

    def _prompt(self, record: Mapping[str, Any]) -> None:
        _demand(self.head and not self._ready, "a prompt out of its place")
        prompt = Prompt.from_json(record["data"])
        _demand(record == {"kind": "prompt", "data": prompt.to_json()}, "a prompt that is not written as prompts are")
        self.prompts.append(prompt)

    def _set_out(self, record: Mapping[str, Any]) -> None:
        _demand(self.head and not self._ready and self.prompts and len(record) == 1, "a beginning out of its place")
        twice = [i for i, n in Counter(p.id for p in self.prompts).items() if n > 1]
        _demand(not twice, f"the prompt {twice[:1]!r:.80} stands there twice")
        asked = self.head["identity"]
        if drawn := self.head.get("drawn"):
            order = order_of_draws(self.prompts, drawn["tags"], asked["seed"])
            _demand(drawn == {"tags": drawn["tags"], "every": order.every}, "an order that is drawn in another way")
            _demand([*order.prompts] == self.prompts, "prompts in another order than they were drawn in")
        self._ready = True
        self._requests, self._digests = draws(self.prompts, asked["samples"], asked["seed"])
        self._due = len(self._digests)
        self._prompt_at = {prompt.id: place for place, prompt in enumerate(self.prompts)}
        for name, identity in self.identities.items():
            for index, key in enumerate(answering_keys(identity, self._digests)):
                self._places.setdefault(key, (set(), index))[0].add(name)

    def _agree(self, record: Mapping[str, Any]) -> None:
        candidates = [PluginFacts.from_json(facts) for facts in record["candidates"]]
        found = {c.name: c.identity for c in candidates}
        _demand(found == self.identities and len(candidates) == len(found), "terms about other candidates")
        asked = self.head["identity"]
        _demand((record["samples"], record["limit"]) == (asked["samples"], asked["limit"]), "terms of another size")
        files = {read["sha256"] for read in self.head["made_of"]["prompts"]}
        _demand(files >= set(record["digests"].values()) - {record["digests"]["bench"]}, "terms about other prompts")
        policy = Policy.from_json(record["policy"])
        _demand(
            json.loads(json.dumps(policy.to_json())) == record["policy"], "a policy that is not written as ours are"
        )
        judging = ("policy", "baseline")
        same = bool(self.terms) and all(self.terms.get(part) == record.get(part) for part in judging)
        since = self.terms["policy_since"] if same else len(self._generations)
        _demand(record["policy_since"] == since, "a policy that was fixed at another time than it says")
        self._agree_on_cards(record)
        self.terms, self._score_keys = dict(record), None

    def _agree_on_cards(self, record: Mapping[str, Any]) -> None:
        cards, before = record.get("cards", []), self.terms.get("cards", [])
        plain = [ScorerCard.from_json(card).to_json() for card in cards]
        _demand(json.loads(json.dumps(plain)) == cards, "a scorer card that is not written as ours are")
        since = self.terms.get("cards_since", 0) if self.terms and cards == before else len(self._generations)
        _demand(
            record.get("cards_since", 0) == (since if cards else 0), "cards that came at another time than they say"
        )

    def _reuse(self, record: Mapping[str, Any]) -> None:
        _demand(record.keys() == {"kind", "from", "of", "results"}, "a note of reuse without its parts")
        _demand(record["of"] in ("generation", "score") and record["results"] > 0, "a note of reuse that cannot be")
        self.reused.append(dict(record))

    def _round(self, record: Mapping[str, Any]) -> None:
        asked, planned = record["prompts"], len(self.prompts)
        _demand(record.keys() == {"kind", "prompts"} and "drawn" in self.head, "a round in a run that has none")
        _demand(isinstance(asked, int) and 0 < asked <= planned, "a round of more prompts than there are")
        _demand(asked == planned or asked % self.head["drawn"]["every"] == 0, "a round that ends inside a block")
        _demand(self._rounds < asked, "a round that asks nothing new")
        _demand(self._rounds or not self._generations, "a first round after answers")
        self._rounds, self._due, self._score_keys = asked, asked * self.head["identity"]["samples"], None

    def _answer(self, record: Mapping[str, Any]) -> None:
        key, data = record["key"], record["data"]
        _demand(record.keys() == {"kind", "key", "data"} and key in self._places, "an answer that nobody asked for")
        names, index = self._places[key]
        _demand(index < self._due, "an answer to a prompt that was not asked yet")
        request = self._requests[index]
        answer = recorded(request, data)
        where = {"candidate": data["candidate"], "prompt": request.prompt.id, "sample": request.sample}
        _demand(data["candidate"] in names, "an answer of another candidate than its key says")
        own = answer.to_json()
        del own["request"]
        _demand(
            {**where, **own} == data, "an answer to another prompt than its key says, or not written as answers are"
        )
        _demand(_typed(answer), "an answer that holds other kinds of values than answers do")
        _demand(answer.outcome in OUTCOMES, f"an unknown outcome {answer.outcome!r:.80}")
        _demand((answer.outcome == "error") == (answer.error in ERROR_KINDS), "an error without its kind")
        before = self._generations.get(key)
        _demand(before is None or before.outcome == "error", "a second answer to one request")
        self._generations[key], self._score_keys = answer, None

    def _score(self, record: Mapping[str, Any]) -> None:
        key = record["key"]
        self._keys_of_scores()
        _demand(record.keys() == {"kind", "key", "data"} and key in self._asked, "a score of no answer that is there")
        score = Score.from_json(record["data"])
        _demand(score.to_json() == record["data"], "a score that is not written as scores are")
        before = self._scores.get(key)
        _demand(before is None or before.error, "a second score of one answer")
        self._scores[key] = score

    def _end(self, record: Mapping[str, Any]) -> None:
        _demand(len(record) == 1, "an end with more than its kind")
        for name, keys in self._keys_of_scores().items():
            missing = sum(key not in self._scores for key in keys)
            _demand(not missing, f"the run ends, and {missing:,} scores of {name} are missing")
        outcomes = Counter(a.outcome for given in self.answers.values() for a in given)
        _demand(
            outcomes.total() == self.planned, f"{self.planned:,} answers were planned, {outcomes.total():,} are there"
        )
        self.ended = self._concluded = True

    def _said(self, record: Mapping[str, Any]) -> None:
        kind = record["kind"]
        _demand(self._concluded, f"a record of the kind {kind} in a run that has not ended")
        if kind == REVIEW:
            self.people.review(record, self._basis_of)
        elif kind == SHEET:
            self.people.sheet(record, self._basis_of, digest(self.head))
        else:
            self.people.label(record, self._basis_of)

    @property
    def reviews(self) -> list[dict[str, Any]]:
        """The records of decisions, in order."""
        return self.people.reviews

    @property
    def labelling(self) -> list[dict[str, Any]]:
        """The records of sheets and labels, in order."""
        return self.people.labelling

    def _basis_of(self, key: Key, scorer: str) -> str:
        """The basis of an output as the records so far give it; "" where there is no such output or scorer."""
        candidate, prompt, sample = key
        names, samples = [*self.identities], self.head["identity"]["samples"]
        at = self._prompt_at.get(prompt, len(self.prompts)) * samples + sample
        known = candidate in names and scorer in self.terms["scorers"]
        if not known or not 0 <= sample < samples or at >= self._due:
            return ""
        answer = self._generations[answering_keys(self.identities[candidate], self._digests[at : at + 1])[0]]
        place = self._keys_of_scores()[scorer][names.index(candidate) * self._due + at]
        return basis(answer.text, answer.outcome, self._scores[place])

    def _keys_of_scores(self) -> dict[str, list[str]]:
        """The key of every score that the answers and the terms so far ask for."""
        if self._score_keys is None:
            due = sum(index < self._due for _, index in self._places.values())
            missing = due - len(self._generations)
            _demand(not missing, f"scores or an end before {missing:,} answers")
            answers = list(self.answers.values())
            every = self._digests[: self._due] * len(answers)
            self._score_keys = {
                name: scoring_keys(identity_of(s["made_of"]), s["sees"], seen(s["sees"], answers), every)
                for name, s in self.terms["scorers"].items()
            }
            self._asked = {key for keys in self._score_keys.values() for key in keys}
        return self._score_keys


def _typed(answer: Generation) -> bool:
    texts = (answer.text, answer.detail, answer.error, *answer.usage)
    numbers = (answer.attempts, answer.seconds or 0, answer.logprob or 0, *answer.usage.values(), *answer.likelihoods)
    return all(isinstance(t, str) for t in texts) and all(isinstance(n, int | float) for n in numbers)


def replay(folder: Path) -> Replay:
    """Read the journal of a completed run; raises `Unfit` at the first byte that does not fit."""
    path = folder / NAME
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError as error:
        raise Unfit(NAME, None, f"cannot be opened: {error.strerror}; is this the folder of a run?") from error
    try:
        end = _chain(path, file)
        if os.fstat(file).st_size > end:
            raise Unfit(NAME, end, "the journal ends in a record that was cut short")
        return _replay(read_lines(path, file), end)
    finally:
        os.close(file)


def _chain(path: Path, file: int) -> int:
    """Check every line against the one before it; returns where the last one ends."""
    end = 0
    try:
        for line in read_lines(path, file):
            end = line.start + len(line.checksum) + len(line.body) + 2
    except Damaged as damage:
        raise Unfit(NAME, damage.byte, "this line does not continue the chain of checksums") from damage
    return end


def _replay(lines: Iterator[Line], end: int) -> Replay:
    found = Replay()
    for line in lines:
        try:
            record = json.loads(line.body)
            _demand(
                isinstance(record, dict) and encode(record) == line.body, "a record that is not written as ours are"
            )
            found.take(record)
        except ValueError as error:
            raise Unfit(NAME, line.start, str(error)) from error
        except (LookupError, TypeError, AttributeError, RecursionError) as error:
            raise Unfit(NAME, line.start, f"a record that cannot be read: {error!r:.120}") from error
        found.checksum = line.checksum.decode("ascii")
    if not found.ended:
        raise Unfit(NAME, end, "the run has not ended; carry it out to its end first")
    return found
