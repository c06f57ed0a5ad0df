"""Money: prices of tokens by candidate, rules for accepted outputs, and the metrics made of both."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aigc_eval.errors import UsageError
from aigc_eval.intervals import Floats, Interval, Ints
from aigc_eval.metrics import Ratio

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Price", "PricePerAccepted", "Rule", "TotalPrice"]

_RULE = re.compile(r"\s*(?P<of>[^\s<>=]+)\s*(?P<op><=|>=|<|>)\s*(?P<limit>-?[0-9.]+(?:e-?[0-9]+)?)\s*")
_OPS = {"<": lt, "<=": le, ">": gt, ">=": ge}


class Price(NamedTuple):
    """Money for a million tokens."""

    input: float
    output: float

    @classmethod
    def of(cls, candidate: str, given: Mapping[str, float]) -> Price:
        """A price from bench.yaml; raises UsageError.

        >>> Price.of("m", {"input": 0.15, "output": 0.6})
        Price(input=0.15, output=0.6)
        """
        unknown = sorted(given.keys() - {"input", "output"})
        if unknown or not given or not all(0 <= p < math.inf for p in given.values()):
            what = f"cost: prices: {candidate}: {dict(given)} are no prices"
            raise UsageError(f"{what}; write {{input: 0.15, output: 0.6}}, money for a million tokens")
        return cls(given.get("input", 0.0), given.get("output", 0.0))


class Rule(NamedTuple):
    """What a scorer's value must be for an output to be accepted."""

    of: str
    op: str
    limit: float

    @classmethod
    def of_text(cls, text: str) -> Rule:
        """Read a rule; raises UsageError.

        >>> Rule.of_text("toxicity < 0.5")
        Rule(of='toxicity', op='<', limit=0.5)
        """
        found = _RULE.fullmatch(text)
        try:
            return cls(found["of"], found["op"], float(found["limit"]))  # type: ignore[index]
        except (TypeError, ValueError):
            what = f"cost: accept: {text!r:.80} is no rule; write one like 'toxicity < 0.5'"
            raise UsageError(what) from None

    def holds(self, rows: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Whether the rule holds, row by row; a missing number breaks it."""
        return np.asarray(_OPS[self.op](np.asarray(rows[f"read:{self.of}"], np.float64), self.limit))


@dataclass(frozen=True)
class _Money(Ratio):
    """Sum of the rows' prices over a sum: rows without token counts have no price, and the metric then no value."""

    prices: Mapping[str, Price] = field(default_factory=dict)

    def paid(self, rows: pd.DataFrame) -> Floats:
        """Price of each row, shape (n,); NaN where tokens or prices are unknown; uncounted failed calls are free."""
        default = self.prices.get("*")
        prices = [self.prices.get(str(name), default) for name in rows["candidate"]]
        total = np.zeros(len(rows))
        for kind in ("input", "output"):
            known = rows.get(f"usage.{kind}_tokens", math.nan)
            tokens = np.broadcast_to(np.asarray(known, np.float64), (len(rows),))
            tokens = np.where(np.isnan(tokens) & (rows["outcome"] == "error").to_numpy(), 0.0, tokens)
            each = np.array([math.nan if p is None else getattr(p, kind) for p in prices])
            total = total + np.where(each == 0, 0.0, tokens * each) / 1e6
        return total

    def __call__(self, rows: pd.DataFrame) -> float | None:
        """None where any price is unknown: a sum that leaves rows out would be too small."""
        return None if np.isnan(self.paid(rows)).any() else super().__call__(rows)

    def filled(self, rows: pd.DataFrame) -> pd.DataFrame | None:
        """All rows that should have been scored: those that failed are paid all the same, and not accepted."""
        return rows[rows["status"] != "na"]


@dataclass(frozen=True)
class PricePerAccepted(_Money):
    """Sum of prices / number of accepted outputs, from 0, lower is better; None where none is accepted.

    >>> import pandas as pd
    >>> rows = pd.DataFrame({"prompt": ["a", "b"], "candidate": ["m", "m"], "outcome": ["ok", "truncated"],
    ...     "usage.input_tokens": [1e6, 0.0], "usage.output_tokens": [0.0, 2e6], "status": ["scored", "scored"]})
    >>> PricePerAccepted("c", prices={"m": Price(0.5, 1.0)})(rows)
    2.5
    """

    rules: tuple[Rule, ...] = ()

    @property
    def reads(self) -> tuple[str, ...]:  # type: ignore[override]
        """The scorers in the rules."""
        return tuple(dict.fromkeys(rule.of for rule in self.rules))

    def _columns(self, rows: pd.DataFrame) -> tuple[Floats, Floats]:
        accepted = ((rows["outcome"] == "ok") & (rows["status"] == "scored")).to_numpy()
        for rule in self.rules:
            accepted = accepted & rule.holds(rows)
        return self.paid(rows), accepted.astype(np.float64)


@dataclass(frozen=True)
class TotalPrice(_Money):
    """Sum of prices, from 0, lower is better. What was paid is known, so both ends of its interval are the sum."""

    def __call__(self, rows: pd.DataFrame) -> float | None:
        """The sum; None where any price is unknown."""
        paid = self.paid(rows)
        return None if np.isnan(paid).any() or not len(paid) else float(paid.sum())

    def without(self, rows: pd.DataFrame, blocks: Ints) -> Floats:
        """The sum of the others, as if there were as many: what a difference of two sums varies by."""
        sums, left = np.bincount(blocks, self.paid(rows)), len(rows) - np.bincount(blocks)
        with np.errstate(invalid="ignore", divide="ignore"):
            found: Floats = (sums.sum() - sums) * len(rows) / left
        return found

    def interval(self, rows: pd.DataFrame, level: float = 0.95) -> Interval | None:
        """The sum itself."""
        total = self(rows)
        return None if total is None else Interval(total, total, "known")
