"""The bundled linear model: one weight a bucket, and for each script the line that turns a sum into a probability."""

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
from aigc_eval.scorers.toxicity.features import BUCKETS, substrings
from aigc_eval.text import has_hanzi

__all__ = ["WEIGHTS", "Model", "bundled"]

Floats = npt.NDArray[np.float64]

WEIGHTS = "weights.npz"
_CHUNK = 768
"""Windows hashed at once: their substrings then stay in the processor's cache."""


@dataclass(frozen=True)
class Model:
    """p = sigmoid(slope * (sum of the weights of a window's distinct features / sqrt(their number)) + offset).

    `weights`: shape (BUCKETS,), float16, mostly zero. `calibration`: shape (2, 2), slope and offset for windows
    without and with Han characters (Platt 1999). `digest`: of the file they came from.
    """

    weights: npt.NDArray[np.float16]
    calibration: Floats
    digest: str

    def probabilities(self, windows: Sequence[str]) -> Floats:
        """P(toxic) of each window of canonical text, shape (n,), each a function of that window alone."""
        parts = [self._chunk(windows[i : i + _CHUNK]) for i in range(0, len(windows), _CHUNK)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _chunk(self, windows: Sequence[str]) -> Floats:
        window, bucket = substrings(windows).distinct()
        count = np.bincount(window, minlength=len(windows))
        sums = np.bincount(window, self.weights[bucket], minlength=len(windows)) / np.sqrt(count)
        slope, offset = self.calibration[[int(has_hanzi(w)) for w in windows]].T
        return np.asarray(0.5 * (1 + np.tanh((slope * sums + offset) / 2)))


@cache
def bundled() -> Model:
    """The model that ships with the package; numpy arrays only, no pickle."""
    raw = resources.files(__package__).joinpath(WEIGHTS).read_bytes()
    with np.load(io.BytesIO(raw), allow_pickle=False) as arrays:
        weights, calibration = arrays["weights"], arrays["calibration"].astype(np.float64)
    if weights.shape != (BUCKETS,) or calibration.shape != (2, 2) or not np.isfinite(weights).all():
        raise UsageError(f"the bundled toxicity weights ({WEIGHTS}) are damaged; reinstall aigc-eval")
    return Model(weights, calibration, hashlib.sha256(raw).hexdigest())
