"""A small convolutional encoder: reads a window's units in their order, as a sum of features cannot. numpy only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aigc_eval.scorers.toxicity.units import ROWS, units

__all__ = ["DILATIONS", "Encoder"]

Floats = npt.NDArray[np.float64]

DILATIONS = (1, 2, 4)
"""Of the three convolutions over three units each: the last sees seven units to either side."""
_GAP = max(DILATIONS)
_DECIMALS = 6
"""Of a logit. How products are summed depends on their number, so last digits depend on the other windows; in double
precision, rounded, nothing of that is left."""


@dataclass(frozen=True)
class Encoder:
    """Embedding of each unit (mean over its features) -> three convolutions, the later two added to what they read ->
    largest and mean activation, and the largest of the first convolution -> one hidden layer -> logit.

    `table`: shape (ROWS, d). `kernels`, `biases`: of each convolution, shapes (3, in, h) and (h,). `hidden`: (3 h, h)
    and (h,). `last`: (h,), and its bias.
    """

    table: Floats
    kernels: tuple[Floats, ...]
    biases: tuple[Floats, ...]
    hidden: tuple[Floats, Floats]
    last: tuple[Floats, float]

    @classmethod
    def of(cls, arrays: Mapping[str, npt.NDArray[np.generic]]) -> Encoder:
        """From the arrays of the weights file: `table` in 8 bits with a scale a column, the others in 16."""
        plain = {name: np.asarray(arrays[name], dtype=np.float64) for name in arrays if name.startswith("encoder_")}
        table = plain["encoder_table"] * plain["encoder_scale"]
        if table.shape[0] != ROWS:
            raise ValueError(f"a table of {table.shape[0]} rows, not {ROWS}")
        layers = range(len(DILATIONS))
        return cls(
            table,
            tuple(plain[f"encoder_kernel{i}"] for i in layers),
            tuple(plain[f"encoder_bias{i}"] for i in layers),
            (plain["encoder_hidden"], plain["encoder_hidden_bias"]),
            (plain["encoder_last"], float(plain["encoder_last_bias"])),
        )

    def logits(self, windows: Sequence[str]) -> npt.NDArray[np.float64]:
        """Logit of each window, shape (n,)."""
        found = units(windows)
        pooled = np.zeros((len(windows), len(self.hidden[0])), dtype=np.float64)
        if len(found.window):
            first = np.flatnonzero(np.diff(found.window, prepend=-1))
            pooled[found.window[first]] = self._pooled(found.feature, found.start, found.window, first)
        inner = np.maximum(pooled @ self.hidden[0] + self.hidden[1], 0)
        return np.asarray(np.round(inner @ self.last[0] + self.last[1], _DECIMALS))

    def _pooled(
        self,
        feature: npt.NDArray[np.int64],
        start: npt.NDArray[np.int64],
        window: npt.NDArray[np.int64],
        first: npt.NDArray[np.int64],
    ) -> Floats:
        counts = np.diff(start, append=len(feature))
        sums = np.add.reduceat(self.table[feature], start, axis=0)
        place = np.arange(len(start)) + _GAP * (window + 1)
        rows = int(place[-1]) + 1 + _GAP
        x = np.zeros((rows, sums.shape[1]), dtype=np.float64)
        x[place] = sums / counts[:, None].astype(np.float64)
        mask = np.zeros((rows, 1), dtype=np.float64)
        mask[place] = 1
        x = low = self._convolved(x, 0) * mask
        for layer in (1, 2):
            x = (x + self._convolved(x, layer)) * mask
        top, low = x[place], low[place]
        lengths = np.diff(first, append=len(start))[:, None].astype(np.float64)
        return np.concatenate(
            [np.maximum.reduceat(top, first), np.add.reduceat(top, first) / lengths, np.maximum.reduceat(low, first)], 1
        )

    def _convolved(self, x: Floats, layer: int) -> Floats:
        step, kernel = DILATIONS[layer], self.kernels[layer]
        out = np.zeros((len(x), kernel.shape[2]), dtype=np.float64)
        inner = len(x) - 2 * step
        out[step:-step] = sum(x[i * step : i * step + inner] @ kernel[i] for i in range(3)) + self.biases[layer]
        return np.maximum(out, 0, out=out)
