"""The bundled model: boosted trees over a sentence's measures, and for each script the line to a probability."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt

from aigc_eval.errors import UsageError
from aigc_eval.scorers.groundedness.measures import MEASURES

__all__ = ["WEIGHTS", "Model", "Trees", "bundled"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

WEIGHTS = "weights.npz"
_ROWS = 1024
"""Sentences that go down the trees at once."""
_HANZI = [name for name, _ in MEASURES].index("hanzi")


@dataclass(frozen=True)
class Trees:
    """Binary trees in one row of nodes each array; a leaf is its own child and its threshold is never asked.

    `roots`: the first node of each tree. A row goes left where its measure `feature` is at most `threshold`.
    """

    roots: Ints
    feature: Ints
    threshold: Floats
    left: Ints
    right: Ints
    value: Floats

    def sums(self, rows: Floats) -> Floats:
        """Sum over the trees of the value of each row's leaf, shape (n,), each a function of its row only."""
        parts = [self._part(rows[i : i + _ROWS]) for i in range(0, len(rows), _ROWS)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _part(self, rows: Floats) -> Floats:
        at = np.repeat(self.roots[None, :], len(rows), axis=0)
        line = np.arange(len(rows))[:, None]
        while True:
            lower = rows[line, self.feature[at]] <= self.threshold[at]
            down = np.where(lower, self.left[at], self.right[at])
            if np.array_equal(down, at):
                return np.asarray(self.value[at].sum(axis=1))
            at = down


@dataclass(frozen=True)
class Model:
    """P(supported) = sigmoid(slope * sum of the trees + offset).

    `calibration`: shape (2, 2), slope and offset for sentences without and with Han characters (Platt 1999).
    `digest`: of the file they came from.
    """

    trees: Trees
    calibration: Floats
    digest: str

    def probabilities(self, rows: Sequence[Sequence[float]]) -> Floats:
        """P(supported) of each row of MEASURES, shape (n,)."""
        table = np.array(rows, dtype=np.float64).reshape(len(rows), len(MEASURES))
        slope, offset = self.calibration[table[:, _HANZI].astype(np.int64)].T
        return np.asarray(0.5 * (1 + np.tanh((slope * self.trees.sums(table) + offset) / 2)))


@cache
def bundled() -> Model:
    """The model that ships with the package; numpy arrays only, no pickle."""
    raw = resources.files(__package__).joinpath(WEIGHTS).read_bytes()
    with np.load(io.BytesIO(raw), allow_pickle=False) as arrays:
        measures = arrays["measures"].tolist()
        whole = {name: arrays[name].astype(np.int64) for name in ("roots", "feature", "left", "right")}
        real = {name: arrays[name].astype(np.float64) for name in ("threshold", "value", "calibration")}
    calibration = real.pop("calibration")
    if measures != [name for name, _ in MEASURES] or not all(
        np.isfinite(a).all() for a in (*real.values(), calibration)
    ):
        raise UsageError(f"the bundled groundedness weights ({WEIGHTS}) are damaged; reinstall aigc-eval")
    return Model(Trees(**whole, **real), calibration, hashlib.sha256(raw).hexdigest())
