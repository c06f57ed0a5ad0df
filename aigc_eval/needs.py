"""Whether the gates of a bench can be decided with its prompts, and how many would be needed: before anything is sent.

A prompt counts once, however many samples it has: that is what gates count while no sample has shown how prompts vary.
Truths are assumed, and told: for a limit, half way from it to the best end of the metric's range (a toxic share of
0.5 % under a limit of 1 %); for a comparison, no difference.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

from aigc_eval.config import Bench
from aigc_eval.detectable import POWER
from aigc_eval.errors import UsageError
from aigc_eval.gates import Against, Gate, Grade, Limit, Parity, slice_name
from aigc_eval.metrics import Metric
from aigc_eval.power import (
    MOST,
    bounded_chance,
    bounded_prompts,
    chance_to_pass,
    prompts_needed,
    size_at_rate,
    smallest_n_without_hits,
)
from aigc_eval.records import Prompt
from aigc_eval.spread import Spread, Spreads, counts_unseen, is_share
from aigc_eval.stopping import zone_of
from aigc_eval.text import language

__all__ = ["MARGIN", "Need", "State", "needs"]

MARGIN = 0.02
"""Half the width of an interval that is planned for, in points of the metric's range."""

State = Literal["empty", "never", "unknown", "few", "enough"]


@dataclass(frozen=True)
class Need:
    """What one gate needs in one slice.

    `prompts` are there (of the group, for parity), `samples` of each. `least`: with fewer, not even a perfect result
    passes; None where none does at any number. `needed`: pass with the wanted power, if what is assumed is true.
    `margin`: give an interval of the wanted half-width. `chance`: of passing with the prompts that are there. None is
    unknown. `assumed`: the truth (`rate`, `value` or `difference`), the standard `deviation` from prompt to prompt and
    the `correlation` of what is compared; `measured` where an earlier run has shown the spread.
    """

    gate: str
    slice: str
    prompts: int
    samples: int
    least: int | None
    needed: int | None = None
    margin: int | None = None
    chance: float | None = None
    assumed: Mapping[str, float] = field(default_factory=dict)
    measured: bool = False

    @property
    def state(self) -> State:
        """Whether the prompts that are there are enough."""
        if not self.prompts:
            return "empty"
        if self.least is None or self.prompts < self.least:
            return "never"
        if self.needed is None:
            return "unknown"
        return "few" if self.prompts < self.needed else "enough"

    def to_json(self) -> dict[str, Any]:
        """Plain dict."""
        return {**asdict(self), "state": self.state}


def needs(
    bench: Bench,
    limit: int | None = None,
    *,
    margin: float = MARGIN,
    power: float = POWER,
    earlier: Path | None = None,
) -> list[Need]:
    """One line a gate and slice, or group, then the slices that the policy requires.

    `margin` is in points of the metric's range, of the measured number where the range has no end. `earlier` is the
    folder of a completed run of this bench, or of a part of its prompts.
    """
    if not (0 < margin < 1 and 0 < power < 1):
        raise UsageError("--margin and --power lie between 0 and 1")
    prompts = [p for s in bench.prompt_sets for p in s.prompts][:limit]
    wanted = _Wanted(bench, margin, power, Spreads(bench, earlier))
    lines = [line for gate in bench.gates for line in _of(wanted, gate, prompts)]
    for one in bench.policy.slices:
        there = sum(_inside(p, one.where) for p in prompts)
        text = f"at least {one.min_prompts} prompts"
        lines.append(Need(text, slice_name(one.where), there, bench.samples, one.min_prompts, one.min_prompts))
    return lines


def _inside(prompt: Prompt, where: Mapping[str, str]) -> bool:
    return all(_tag(prompt, tag) == value for tag, value in where.items())


def _tag(prompt: Prompt, tag: str) -> str:
    found = prompt.tags.get(tag, "")
    return found or (language(prompt.text) if tag == "lang" else "")


class _Wanted(NamedTuple):
    """What all lines of a plan are made of."""

    bench: Bench
    margin: float
    power: float
    spreads: Spreads


def _of(wanted: _Wanted, gate: Gate, prompts: Sequence[Prompt]) -> Iterator[Need]:
    """The lines of one gate."""
    scorer = next(s.plugin for s in wanted.bench.scorers if s.name == gate.scorer)
    metric = next(m for m in scorer.metrics() if m.name == gate.metric)
    inside = [p for p in prompts if _inside(p, gate.where)]
    wheres = [gate.where]
    if gate.each:  # prompts without the tag are a class of their own, where any prompt has it
        tagged = any(_tag(p, gate.each) for p in prompts)
        wheres = [{**gate.where, gate.each: v} for v in sorted({_tag(p, gate.each) for p in inside if tagged})]
    if not wheres:
        yield Need(gate.text, slice_name(gate.where), 0, wanted.bench.samples, None)
    for where in wheres:
        due = [p for p in inside if _inside(p, where) and not scorer.not_applicable(p)]
        one = _One(wanted, replace(gate, where=where, each=""), metric)
        if isinstance(gate.claim, Parity):
            yield from one.parity(gate.claim, due)
        else:
            count = len(due)
            yield one.against(gate.claim, count) if isinstance(gate.claim, Against) else one.limit(gate.claim, count)


@dataclass(frozen=True)
class _One:
    """One gate in one slice."""

    wanted: _Wanted
    gate: Gate
    metric: Metric

    def limit(self, claim: Limit | Grade, prompts: int) -> Need:
        """A limit, or a grade, which is one."""
        floor, ceiling = zone_of(claim, self.metric, self.wanted.bench.policy)
        end = ceiling if ceiling is not None else floor
        if end is None or self.gate.rate != "raw":  # that depends on cards and labels more than on prompts
            return self._line(prompts)
        if is_share(self.metric):
            return self._share(prompts, end, "<=" if ceiling is not None else ">=")
        spread = self.wanted.spreads.of_number(self.gate, self.metric)
        if spread is None:
            return self._line(prompts)
        best = self.metric.bounds[0 if ceiling is not None else 1]
        value = (end + best) / 2 if spread.value is None else spread.value
        distance = end - value if ceiling is not None else value - end
        line = self._line(prompts, self._unseen(abs(end - best)))
        worst = self.metric.bounds[1 if ceiling is not None else 0]
        reach = abs(worst - value) if counts_unseen(self.metric) else 0.0
        return self._planned(line, distance, spread, {"value": value}, reach=reach)

    def _share(self, prompts: int, end: float, op: Literal["<=", ">="]) -> Need:
        """By the exact bounds that the gate will judge."""
        room, confidence, margin = end if op == "<=" else 1 - end, self.gate.confidence, self.wanted.margin
        if not 0 < room < 1:  # nothing shows that a share is 0; every share is at most 1
            return replace(self._line(prompts), least=None) if room <= 0 else self._line(prompts)
        line = self._line(prompts, smallest_n_without_hits(room, confidence))
        rate = end / 2 if op == "<=" else (1 + end) / 2
        return replace(
            line,
            needed=self._at_least(prompts_needed(rate, end, self.wanted.power, confidence)),
            margin=self._at_least(size_at_rate(rate, rate + (margin if op == "<=" else -margin), confidence)),
            chance=chance_to_pass(rate, prompts, end, op, confidence) if line.state != "never" else 0.0,
            assumed={"rate": rate},
        )

    def against(self, claim: Against, prompts: int) -> Need:
        """A comparison with a baseline on the same prompts; what is to be better is assumed to be so by the margin."""
        line, spread = self._line(prompts), self.wanted.spreads.of_difference(self.gate, self.metric)
        unit = 1.0 if claim.relative else self._unit()
        if spread is None or unit is None:
            return line
        reach = 0.0 if claim.relative else self._reach()
        if claim.relation == "better than":
            by = self.wanted.margin * unit
            return self._planned(line, by, spread, {"difference": claim.margin + by}, reach=reach)
        both = claim.relation == "equal to"
        if both and not claim.relative:
            line = self._line(prompts, self._unseen(claim.margin))
        return self._planned(line, claim.margin, spread, {"difference": 0.0}, reach=reach, both=both)

    def parity(self, claim: Parity, due: Sequence[Prompt]) -> Iterator[Need]:
        """Each group of a tag, of which every two must be alike."""
        groups = sorted({_tag(p, claim.tag) for p in due} - {""})
        if len(groups) < 2:  # nothing to compare
            yield self._line(0)
            return
        spread = self._between(claim, groups)
        for group in groups:
            there = [p for p in due if _tag(p, claim.tag) == group]
            count = len({_tag(p, claim.matched) for p in there} - {""}) if claim.matched else len(there)
            line = self._line(count, self._unseen(claim.margin), {claim.tag: group})
            truth = {"difference": 0.0}
            yield (
                line
                if spread is None
                else self._planned(line, claim.margin, spread, truth, reach=self._reach(), both=True)
            )

    def _between(self, claim: Parity, groups: Sequence[str]) -> Spread | None:
        """How much the difference of two groups varies."""
        if claim.matched:
            return self.wanted.spreads.of_difference(self.gate, self.metric)
        every = (self.wanted.spreads.of_number(self.gate, self.metric, {claim.tag: group}) for group in groups)
        most = max((s for s in every if s is not None), key=lambda s: s.variance, default=None)
        return None if most is None else most._replace(variance=2 * most.variance)

    def _unseen(self, room: float) -> int:
        """The fewest prompts with which a perfect result leaves no more than `room` open."""
        room = room / (self.metric.bounds[1] - self.metric.bounds[0]) if counts_unseen(self.metric) else 1.0
        return smallest_n_without_hits(room, self.gate.confidence) if 0 < room < 1 else 1

    def _unit(self) -> float | None:
        """What the wanted margin is a share of; None where nothing is known."""
        width = self.metric.bounds[1] - self.metric.bounds[0]
        if math.isfinite(width):
            return width
        seen = self.wanted.spreads.of_number(self.gate, self.metric)
        return abs(seen.value) if seen is not None and seen.value else None

    def _line(self, prompts: int, least: int = 1, where: Mapping[str, str] | None = None) -> Need:
        """What is there, and the least that can pass."""
        told = slice_name({**self.gate.where, **(where or {})})
        return Need(self.gate.text, told, prompts, self.wanted.bench.samples, self._at_least(least))

    def _at_least(self, prompts: int | None) -> int | None:
        """No fewer than the policy asks for; None where no number is enough."""
        return None if prompts is None or prompts > MOST else max(prompts, self.wanted.bench.policy.min_prompts)

    def _planned(
        self,
        line: Need,
        distance: float,
        spread: Spread,
        truth: Mapping[str, float],
        *,
        reach: float,
        both: bool = False,
    ) -> Need:
        """The line with its numbers; with `both` bounds to be met, each takes half of what may go wrong.

        `distance`: from the truth to the limit, `reach`: on to the end of the range, as far as bounds count it.
        """
        from scipy.special import ndtri

        power, confidence = (1 + self.wanted.power) / 2 if both else self.wanted.power, self.gate.confidence
        deviation, claim = math.sqrt(spread.variance), self.gate.claim
        relative = isinstance(claim, Against) and claim.relative
        needed = bounded_prompts(distance, deviation, reach, power=power, confidence=confidence)
        if needed is not None:
            needed = max(needed, line.least or 1, 1 if relative else self._unseen(distance))
        chance = bounded_chance(max(1, line.prompts), distance, deviation, reach, confidence)
        unit = 1.0 if relative else self._unit()
        half = float(ndtri(confidence)) * deviation
        return replace(
            line,
            needed=self._at_least(needed),
            margin=self._at_least(math.ceil((half / self.wanted.margin / unit) ** 2)) if unit else None,
            chance=0.0 if line.state in ("empty", "never") else max(0.0, 2 * chance - 1) if both else chance,
            assumed={**truth, "deviation": deviation, **spread.assumed},
            measured=spread.measured,
        )

    def _reach(self) -> float:
        """How far bounds reach of a difference; 0 where they count nothing that was not seen."""
        return self.metric.bounds[1] - self.metric.bounds[0] if counts_unseen(self.metric) else 0.0
